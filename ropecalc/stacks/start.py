"""A model as a stack has it once it is started: its file, and what its command line changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ropecalc.results import ModelConfig, StackRule


@dataclass(frozen=True, slots=True)
class Start:
    """What a stack computes from; ``run`` reads nothing else."""

    model: ModelConfig
    """The config as the stack has it; only where ``changed`` says more, as the file has it."""
    context: int | None = None
    """The length that the stack is started for, tokens; None for its default."""
    flags: frozenset[str] = frozenset()
    """The keys of the rope object that come from the command line, not from the file."""
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the config that the stack itself sets once it has read the file."""
    refusal: StackRule | None = None
    """Why the stack does not start."""
    rules: tuple[StackRule, ...] = ()
    """What the stack did with the overrides."""


def of_the_text(override: Mapping[str, Any]) -> dict[str, Any]:
    """An override of a model with several parts: the keys of its text part, where ropes are."""
    inner = override.get("text_config")
    if not isinstance(inner, Mapping):
        return dict(override)
    return {**{k: v for k, v in override.items() if k != "text_config"}, **inner}
