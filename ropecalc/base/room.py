"""How far a base may be moved before the bound breaks, and bases with room around them.

Every base in between is covered by steps that cannot miss a violation (``window``).
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from ropecalc.base.rounding import first_of, round_up, violation_at
from ropecalc.base.window import DOWN, MAX_STEPS, UP, Walk
from ropecalc.scaling import MAX_BASE

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.progress import Progress

ROOM = 0.01  # to either side: a base next to the end of a window meets the bound by a hair only
DIGITS = 2
PROBES = tuple(1 + part * ROOM for part in (0, 1, -1, 0.5, -0.5))
PARTS = 125  # of the progress that is shown: a candidate each, as far as they go


class Room(NamedTuple):
    """How far a base may be moved, relative to it, with the bound holding all the way.

    None where that was not followed to an end.
    """

    below: float | None
    above: float | None


def room_around(family: Family, context: int, base: float, limit: float = ROOM) -> Room:
    """The room around a base that meets the bound: ``limit`` where there is more.

    Never more than there is, and no more than 1e-12 less where g crosses zero at the end; where
    it only just touches zero, by as much less as float64 cannot tell it from there.

    Below 1 there is no base, and above 1e300 none that is looked at.
    """
    x = math.log(base)
    lowest, highest = x + math.log1p(-limit), x + math.log1p(limit)
    down = followed(family, context, x, max(0.0, lowest), MAX_STEPS)
    up = followed(family, context, x, highest, MAX_STEPS)
    below = None if down is None else limit if down == lowest else -math.expm1(down - x)
    above = None if up is None else limit if up == highest else math.expm1(up - x)
    return Room(below, above)


def followed(
    family: Family, context: int, x: float, goal: float, most: float = math.inf
) -> float | None:
    """How far the bound goes on holding from x, where it holds, towards ``goal``: to it at most.

    None where that takes more than so many steps.
    """
    walk, steps = Walk(family, x, UP if goal > x else DOWN), 0
    while (goal - walk.x) * walk.direction > 0:
        if steps >= most:
            return None
        if walk.step(context) is not None:
            return walk.x
        steps += 1
    return goal


def wide_base(
    family: Family, context: int, start: float, progress: Progress | None = None
) -> float | None:
    """The first two-digit base >= ``start`` that meets the bound with all within 1 % of it.

    ``start`` should be no smaller than the minimum base; None where there is none up to 1e300.
    """
    tried = itertools.count()

    def suits(base: float) -> bool:
        """Whether all within 1 % of the base are bases, and meet the bound."""
        failed = next(tried)
        if failed and progress is not None:
            progress(min(failed, PARTS), PARTS)
        inside = base * (1 - ROOM) > 1 and base * (1 + ROOM) <= MAX_BASE
        return inside and has_room(family, context, base)

    return first_of(family, context, start, lambda base: round_up(base, DIGITS), suits)


def has_room(family: Family, context: int, base: float) -> bool:
    """Whether the bound holds at every base within 1 % of ``base``."""
    if any(violation_at(family, context, base * probe) is not None for probe in PROBES):
        return False
    return room_around(family, context, base) == (ROOM, ROOM)
