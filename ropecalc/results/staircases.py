"""Bases of every context at once."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ropecalc.errors import InvalidValueError
from ropecalc.notebook import Drawn, Shown

Kind = Literal["minimum", "safe", "recommended"]


class Step(NamedTuple):
    """One base for the contexts up to ``context``, down to where the step before ends."""

    context: int
    base: float
    """Minimum: the smallest float64 that meets the bound. Safe: the smallest with which, and
    above which, all meet it. Recommended: the first two-digit base that meets it with its room."""
    distance: int
    """The distance whose similarity is zero at the infimum or supremum; 0 where there is none.
    Recommended: the distance that breaks the bound within 1 % of the base."""

    @property
    def critical_distance(self) -> int | None:
        """The distance whose similarity is zero there; None where there is none."""
        return self.distance or None


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
