"""Bases of every context at once."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

from ropecalc.errors import InvalidValueError
from ropecalc.notebook import Drawn, Shown
from ropecalc.results.steps import Kind, Step


@dataclass(frozen=True, repr=False)
class Staircase(Shown, Drawn):
    """One kind of base for every context from 1 to ``end``, for one rotary dimension."""

    kind: Kind
    rotary_dim: int
    end: int
    steps: tuple[Step, ...]
    """Ascending by context and by base; the last step's context is ``end``."""
    source: Literal["table", "sweep"] = field(default="sweep", compare=False)
    """Where it comes from: "table" is one shipped with the program."""

    def at(self, context: int) -> Step:
        """The step that answers a context.

        Raises InvalidValueError unless 1 <= context <= end.
        """
        if not 1 <= context <= self.end:
            raise InvalidValueError(
                "context", f"context must be from 1 to {self.end:,}, got {context}"
            )
        return self.steps[bisect_left(self.steps, context, key=lambda step: step.context)]
