"""A base of few digits around which the bound holds as well."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from ropecalc.base.rounding import TRIES, next_feasible, round_up, violation_at
from ropecalc.base.window import DOWN, MAX_STEPS, UP, Walk
from ropecalc.scaling import MAX_BASE

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.similarity import Progress

ROOM = 0.01  # to either side: a base next to the end of a window meets the bound by a hair only
DIGITS = 2
PROBES = tuple(1 + part * ROOM for part in (0, 1, -1, 0.5, -0.5))
PARTS = 1_000


def wide_base(
    family: Family, context: int, start: float, progress: Progress | None = None
) -> float | None:
    """The first two-digit base >= ``start`` that meets the bound with all within 1 % of it.

    Each base near it is covered by steps that cannot miss a violation. ``start`` should be no
    smaller than the minimum base; None where there is none up to 1e300.
    """
    at = Decimal(start)
    tried = 0
    while (base := float(round_up(at, DIGITS))) * (1 + ROOM) <= MAX_BASE:
        if base * (1 - ROOM) > 1 and has_room(family, context, base):
            return base
        at = Decimal(base).next_plus()
        tried += 1
        if tried % TRIES == 0:
            window = next_feasible(family, context, base)
            if window is None:
                return None
            at = max(at, Decimal(window))
        if progress is not None:
            progress(min(tried * 8, PARTS), PARTS)
    return None


def has_room(family: Family, context: int, base: float) -> bool:
    """Whether the bound holds at every base within 1 % of ``base``."""
    if any(violation_at(family, context, base * probe) is not None for probe in PROBES):
        return False
    return all(_goes_on(family, context, base, direction) for direction in (UP, DOWN))


def _goes_on(family: Family, context: int, base: float, direction: int) -> bool:
    """Whether the window goes on for 1 % to one side."""
    walk = Walk(family, math.log(base), direction)
    goal = math.log(base) + math.log1p(direction * ROOM)
    for _ in range(MAX_STEPS):
        if (goal - walk.x) * direction <= 0:
            return True
        if walk.step(context) is not None:
            return False
    return False  # not shown, within seconds
