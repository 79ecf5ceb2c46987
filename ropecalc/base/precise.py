"""What several distances do near one x, where double precision cannot tell: signs and zeros."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ropecalc.base.curve import DistanceCurve, Members
from ropecalc.base.zeros import FIRST_DIGITS, GUARD_DIGITS, Effort, Zero, next_zero, sign_at
from ropecalc.exact import Real

# Cosines in a row without progress in double precision: seconds.
PATIENCE = 200_000
KEPT = 64  # curves


class Rise(NamedTuple):
    """How far distances break the bound from an x on."""

    x: Real
    """All of them keep it here; or the goal, where one of them goes on breaking it."""
    held: bool
    """Whether they all keep it at x."""
    passed: list[tuple[Real, int]]
    """Ends of the intervals passed, ascending, each with the distance that breaks the bound."""
    zero: Zero | None
    """The last zero on the way to x."""


class Precise:
    """Signs and zeros of the distances of a family, to as many digits as they take."""

    def __init__(self, family: Members, digits: int = FIRST_DIGITS) -> None:
        self.family = family
        self.digits = digits
        self._curves: dict[int, DistanceCurve] = {}
        self.effort = Effort(max(1_000, PATIENCE // len(family.pair_weights)))

    def curve(self, distance: int) -> DistanceCurve:
        """g of a distance; the last few are kept, with what they were asked last."""
        if distance not in self._curves:
            if len(self._curves) >= KEPT:
                self._curves.clear()
            self._curves[distance] = DistanceCurve(self.family, distance)
        return self._curves[distance]

    def keeps(self, distance: int, x: Real) -> bool:
        """Whether one distance keeps the bound at x; distance 0 always does."""
        return distance == 0 or (
            sign_at(self.curve(distance), x, self.effort, self.digits + GUARD_DIGITS) > 0
        )

    def zero(self, distance: int, keeps: bool, start: Real, goal: Real) -> Zero | None:
        """The first zero of a distance from ``start``, where it keeps the bound or not."""
        sign = 1 if keeps else -1
        return next_zero(self.curve(distance), sign, start, goal, self.effort, self.digits)

    def rise(self, distances: Iterable[int], x: Real, goal: Real) -> Rise:
        """The first point from x up to ``goal`` at which all the distances keep the bound."""
        passed: list[tuple[Real, int]] = []
        zero, left = None, list(distances)
        while (broken := self._broken(left, x, zero)) is not None:
            zero = self.zero(broken, False, x, goal)
            passed.append((goal if zero is None else zero.before, broken))
            if zero is None:
                return Rise(goal, False, passed, None)
            x = zero.after
        return Rise(x, True, passed, zero)

    def _broken(self, distances: list[int], x: Real, zero: Zero | None) -> int | None:
        """A distance that breaks the bound at x, where ``zero`` ends."""
        known = None if zero is None else zero.distance
        return next((m for m in distances if m != known and not self.keeps(m, x)), None)

    def fall(self, distances: Iterable[int], x: Real, goal: Real) -> Zero | None:
        """The first zero from x to ``goal`` of distances that keep the bound at x."""
        nearest = None
        for distance in filter(None, distances):
            if not self.keeps(distance, x):
                return Zero(x, x, distance)
            zero = self.zero(distance, True, x, goal)
            if zero is not None:
                nearest, goal = zero, zero.before
        return nearest

    def beside(self, distance: int, x: float, width: float, opens: bool) -> Zero | None:
        """The zero next to x at which the distance begins to keep the bound, or ends keeping it.

        As seen on the way up; within ``width`` of x.
        """
        keeps = self.keeps(distance, x)
        goal = x + width if keeps != opens else max(0.0, x - width)
        return self.zero(distance, keeps, x, goal)


def float_at_most(x: Real) -> float:
    """The largest float64 that is certainly no more than x."""
    near = float(x)
    return near if near <= x else math.nextafter(near, -math.inf)
