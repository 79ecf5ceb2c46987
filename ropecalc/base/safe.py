"""The safe base of one context: the supremum of the bases that break the bound.

Walked down to from a base beyond which none can, by steps that cannot miss a violation.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ropecalc.base.family import X_MAX, Family
from ropecalc.base.lookup import disown, enclosure, shipped_step
from ropecalc.base.precise import Precise
from ropecalc.base.roots import enclosing_base, zero_beside
from ropecalc.base.rounding import violation_at
from ropecalc.base.window import DOWN, Walk, holds_ever_after, surely_holds_from
from ropecalc.errors import UndecidedError
from ropecalc.progress import Progress
from ropecalc.results import SafeStatus, Step

FINE = 1_000  # parts of the way that progress tells apart


class SafeBase(NamedTuple):
    """The safe base, as far as it is known."""

    status: SafeStatus
    base: float | None = None
    """The smallest float64 above which, itself included, every base meets the bound."""
    distance: int | None = None
    """The distance that breaks the bound just below; None where none does."""


def shipped_safe_base(family: Family, context: int, *, verify: bool = False) -> SafeBase | None:
    """The safe base from the shipped table, where it reaches.

    ``verify`` proves again that the distance of the table breaks the bound just below.
    """
    step = shipped_step("safe", family, context, evaluate=verify)
    if step is None:
        return None
    if verify and step.distance and not _is_settled(family, step):
        disown("safe", family, context)
        return None
    return SafeBase(SafeStatus.TABLE, step.base, step.distance or None)


def computed_safe_base(
    family: Family, context: int, least: float = 1.0, progress: Progress | None = None
) -> SafeBase:
    """The safe base, by a walk from above; ``least``, a base known to be no larger, ends progress.

    Raises UndecidedError where a similarity touches zero to hundreds of digits, or the walk takes
    too many steps.
    """
    top = _top(family, context)
    if top is None:
        return SafeBase(SafeStatus.UNKNOWN)
    walk, way = Walk(family, top, DOWN), top - math.log(least)
    while walk.x > 0:
        zero = walk.step(context)
        if zero is not None:
            base = enclosing_base(walk.precise, zero)[1]
            if violation_at(family, context, base) is not None:
                raise UndecidedError(f"base {base!r} is the start of no window: please report it")
            return SafeBase(SafeStatus.COMPUTED, base, zero.distance)
        if progress is not None:
            progress(min(FINE, int(FINE * (top - walk.x) / way)), FINE)
    return SafeBase(SafeStatus.COMPUTED, 1.0)


def _top(family: Family, context: int) -> float | None:
    """An x above which the bound surely holds, near the least that is so easily found."""
    high, halvings = 1.0, 6  # to 1/64
    while not holds_ever_after(family, context, high):
        high, halvings = 2 * high, halvings + 1
        if high > 2 * X_MAX:
            return None
    return surely_holds_from(family, context, high, halvings)


def _is_settled(family: Family, step: Step) -> bool:
    """Whether the distance of a table's step does begin to keep the bound just below its base."""
    precise = Precise(family)
    try:
        zero = zero_beside(precise, step.distance, math.log(step.base), opens=True)
        return enclosing_base(precise, zero) == enclosure(step)
    except UndecidedError:
        return False
