"""What is wrong with a model's settings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How bad a finding is; the values are sentences."""

    ERROR = "a stack refuses the file, or computes something other than it says"
    WARNING = "works as written, but probably not as meant, or only in some stacks"
    NOTE = "worth knowing; nothing to fix"


@dataclass(frozen=True, slots=True)
class Finding:
    """An error, a warning or a note about a model file."""

    code: str
    """Stable name, such as ``missing-theta``."""
    severity: Severity
    message: str
    """What is so, one sentence with the file's own numbers."""
    cure: str
    """What to write instead, one sentence."""
    where: str
    """The affected stacks, with versions: "transformers 5.0 and later"."""
    layer_type: str | None = None
    """The kind of layer it is about, None where it is about the file."""
