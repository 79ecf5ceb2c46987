"""How far a base may be moved before the bound breaks, and bases with room around them.

Every base in between is covered by steps that cannot miss a violation (``window``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import TYPE_CHECKING, NamedTuple

from ropecalc.base.precise import float_at_most
from ropecalc.base.rounding import first_of, place, round_up, surely_breaks, violation_at
from ropecalc.base.window import (
    DOWN,
    HAIR,
    MAX_STEPS,
    UP,
    Walk,
    holds_ever_after,
    surely_holds_within,
)
from ropecalc.base.zeros import FIRST_DIGITS
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real, context_with
from ropecalc.scaling import MAX_BASE, Base
from ropecalc.similarity import UNIT

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.base.sweep import Jump
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


def room_around(family: Family, context: int, base: Base, limit: float = ROOM) -> Room:
    """The room around a base that meets the bound: ``limit`` where there is more.

    Never more than there is, and no more than 1e-12 less, relative. None where the way to the end
    takes too long, or where the end is in doubt.

    Below 1 there is no base, and above 1e300 none that is examined.
    """
    start = _start(family, context, base)
    if isinstance(start, float):
        goals = _goals(family, start, limit * (1 + HAIR))
        if goals[0] >= 0 and _keeps(family, context, start, goals):
            return Room(limit, limit)
    x = place(family, base)
    free = family.freedom(float(x))
    lowest, highest = _goals(family, float(x), limit)
    ends = [_end(family, context, x, goal) for goal in (max(0.0, lowest), highest)]
    below, above = (None if end is None else _share(end, x) / free for end in ends)
    if ends[0] == lowest:
        below = limit
    return Room(below, limit if ends[1] == highest else above)


def _start(family: Family, context: int, base: Base) -> Real:
    """An x to walk from: in double precision where the bound surely holds there, as most often."""
    x = family.near(base)
    sure = surely_holds_within(family, context, x, 32 * UNIT * max(1.0, x))
    return x if sure else place(family, base)


def _keeps(family: Family, context: int, start: Real, goals: tuple[float, float]) -> bool:
    """Whether the bound goes on holding to two goals."""
    return all(_end(family, context, start, goal) == goal for goal in goals)


def _goals(family: Family, x: float, limit: float) -> tuple[float, float]:
    """Where the bases end whose distance from that at x is a limit, relative to it."""
    free = family.freedom(x)
    return x + math.log1p(-limit * free), x + math.log1p(limit * free)


def _end(family: Family, context: int, x: Real, goal: float) -> Real | None:
    try:
        return followed(family, context, x, goal, MAX_STEPS)
    except UndecidedError:
        return None


def _share(end: Real, x: Real) -> float:
    """How far exp(end) lies from exp(x), relative to it, rounded down."""
    share = abs(context_with(FIRST_DIGITS).expm1(end - x))
    return float_at_most(share)


def followed(
    family: Family, context: int, x: Real, goal: float, most: float = math.inf
) -> Real | None:
    """How far the bound goes on holding from x, where it holds, towards ``goal``: to it at most.

    None where that takes more than so many steps.
    """
    walk, steps = Walk(family, x, UP if goal > x else DOWN), 0
    while (goal - walk.x) * walk.direction > 0:
        if steps >= most:
            return None
        walk.aim(goal)
        zero = walk.step(context)
        if zero is not None:
            beyond = (zero.before - goal) * walk.direction > 0
            return goal if beyond else zero.before
        steps += 1
    return goal


def wide_base(
    family: Family,
    context: int,
    start: float,
    progress: Progress | None = None,
    jump: Jump | None = None,
) -> float | None:
    """The first two-digit base >= ``start`` that meets the bound with all within 1 % of it.

    None where there is none up to 1e300. ``jump`` is known to break it.
    """
    tried = itertools.count()

    def candidate(at: Decimal) -> Decimal:
        """The next one; tells how many there were."""
        failed = next(tried)
        if failed and progress is not None:
            progress(min(failed, PARTS), PARTS)
        return round_up(at, DIGITS)

    def suits(base: float) -> bool:
        """Whether all within 1 % of the base are bases, and meet the bound."""
        inside = base * (1 - ROOM) > 1 and base * (1 + ROOM) <= MAX_BASE
        return inside and has_room(family, context, base)

    return first_of(family, context, start, candidate, suits, sparse=True, jump=jump)


def two_digit_bases(low: float, high: float) -> Iterator[float]:
    """The bases of two significant digits with low <= ln(base) < high, ascending; none is 1.

    >>> list(two_digit_bases(0.0, 0.3)), list(two_digit_bases(2.29, 2.31))
    ([1.1, 1.2, 1.3], [9.9, 10.0])
    """
    digits = Context(prec=DIGITS)
    at = max(round_up(math.exp(low) * (1 - 1e-9), DIGITS), Decimal("1.1"))
    while math.log(at) < high:
        if math.log(at) >= low:
            yield float(at)
        at = at.next_plus(digits)


def roomy_context(family: Family, end: int, base: float, least: int = 0) -> int:
    """The longest context up to ``end`` at which all bases within 1 % of ``base`` meet the bound.

    Where that is no more than ``least``, any number up to ``least``. The first violation of all
    those bases: a walk over them loses a distance, and all greater ones, wherever one falls to
    zero. At least 1.
    """
    if base * (1 - ROOM) <= 1 or base * (1 + ROOM) > MAX_BASE:
        return 0
    context = end
    for probe in PROBES:
        context = violation_at(family, context, base * probe) or context
        if context <= least:
            return context
    x = float(place(family, base))
    low, high = x + math.log1p(-ROOM), x + math.log1p(ROOM)
    walk = Walk(family, context_with(FIRST_DIGITS).mpf(low), UP)
    while walk.x < high and context > max(least, 1):
        walk.aim(high)
        zero = walk.step(context)
        if zero is not None and zero.before >= high:
            break
        context = context if zero is None else zero.distance
    return context


def has_room(family: Family, context: int, base: float) -> bool:
    """Whether the bound holds at every base within 1 % of one that does not surely break it."""
    x = family.near(base)
    goals = _goals(family, x, ROOM)
    length = max(x - goals[0], goals[1] - x) * (1 + HAIR)
    if holds_ever_after(family, context, family.near(base * (1 - ROOM))):
        return True
    if surely_holds_within(family, context, x, length):
        return True
    if any(surely_breaks(family, context, base * probe) for probe in PROBES[1:]):
        return False
    if violation_at(family, context, base) is not None:
        return False
    return _keeps(family, context, _start(family, context, base), goals)
