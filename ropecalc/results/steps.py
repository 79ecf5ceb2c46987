"""The steps of a staircase: what a look-up needs, and no more."""

from __future__ import annotations

from typing import Literal, NamedTuple

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
