"""Where the bound begins to hold: the sweep, and signs in multiple precision where it lands.

The sweep lands where double precision no longer tells that a distance breaks the bound. There the
distances in doubt, and no others, decide: while one of them breaks it, go on to the zero at which
it stops. Once all of them keep it, still close to the landing, this is the opening of a window. A
distance that comes near zero from below and turns back is no opening: the sweep goes on beyond.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ropecalc.base.family import X_MAX
from ropecalc.base.precise import Precise, Rise, float_at_most
from ropecalc.base.sweep import RESOLUTION, Sweep
from ropecalc.base.zeros import Zero
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real
from ropecalc.progress import Progress

MOST_LANDINGS = 10_000  # that are no opening: each costs a look at every distance
NEAR = 2  # resolutions from a landing: all distances that matter up to there are in doubt (4)


class Opening(NamedTuple):
    """An x at which the bound holds, and below which it does not."""

    x: Real
    zero: Zero | None
    """The zero that opens it; None at x = 0, and where the bound holds at the start already."""


def next_opening(
    sweep: Sweep,
    precise: Precise,
    start: Real | None = None,
    progress: Progress | None = None,
    *,
    limit: float = X_MAX,
) -> Opening | None:
    """The first x from ``start`` on at which the bound holds; None where there is none.

    Raises UndecidedError where too many landings in a row are none, or the sweep takes too long.

    ``start`` is no less than the x of the sweep, and that x unless given; no opening beyond about
    ``limit`` need be found.
    """
    x, zero, ahead = sweep.x if start is None else start, None, NEAR
    for _ in range(MOST_LANDINGS):
        left = sweep.x
        landing = sweep.run(progress)
        if landing is None or landing.x > limit:
            return None
        if landing.x > left:
            precise.effort.forgive()
            ahead = NEAR
        x, near = max(x, landing.x), RESOLUTION * max(1.0, landing.x)
        found = precise.rise(landing.in_doubt, x, max(x, landing.x + ahead * near))
        x, zero = found.x, found.zero or zero
        if found.held and x <= landing.x + NEAR * near:
            return Opening(x, zero if zero and zero.after == x else None)
        skip(sweep, found)
        ahead *= 2
    raise UndecidedError(
        f"no window begins up to {sweep.family.described(sweep.x)}: stopped where "
        f"{MOST_LANDINGS:,} distances came near zero and turned back"
    )


def skip(sweep: Sweep, found: Rise) -> None:
    """Take what was passed into the chain of the sweep, and go on from there."""
    for end, distance in found.passed:
        sweep.skip(math.nextafter(float_at_most(end), 0.0), distance)
    sweep.x = max(sweep.x, float_at_most(found.x))
