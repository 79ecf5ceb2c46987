"""A rotary setting that is to be written down, and how a stack writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.results.configs import ModelConfig, Rope


@dataclass(frozen=True, slots=True)
class Setting:
    """One rope for one context, and the model that it is for."""

    rope: Rope
    """What to set: method, base, parameters; its ``context`` is the one to reach."""
    context: int
    """The context to reach, tokens."""
    trained_context: int | None
    """The context that the model was trained for, tokens."""
    model: ModelConfig | None = None
    """The file that the setting is for, where there is one."""
    model_name: str = "MODEL"
    """What the stack's own command calls the model."""


@dataclass(frozen=True, slots=True)
class Emission:
    """A setting in the words of one stack; see ``ropecalc.emit``."""

    stack: str
    """One of ``ropecalc.stacks.emit.STACKS``."""
    versions: str
    """The versions of the stack whose rules were followed."""
    kind: str
    """What the text is: json, yaml, shell, or python."""
    text: str
    """What to paste; empty where the stack has no words for the setting."""
    exact: bool
    """Whether the stack will compute exactly the setting; else ``notes`` say what it does."""
    notes: tuple[str, ...] = ()
    """What to know beside it, a sentence each; a trap that the text avoids, with its source."""
