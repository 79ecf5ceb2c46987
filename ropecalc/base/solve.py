"""The minimum base where no table has it: the sweep, the root and the window, put together."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NamedTuple

from ropecalc.base.answer import Answer
from ropecalc.base.family import X_MAX, Family
from ropecalc.base.openings import Opening, next_opening
from ropecalc.base.precise import Precise
from ropecalc.base.roots import enclosing_base, rounded_up
from ropecalc.base.rounding import opening_floats, place, round_up, violation_at
from ropecalc.base.sweep import Jump, Sweep
from ropecalc.base.window import window_end
from ropecalc.base.zeros import FIRST_DIGITS
from ropecalc.errors import UndecidedError
from ropecalc.exact import context_with
from ropecalc.progress import Progress
from ropecalc.results import Status, WindowStatus
from ropecalc.scaling import MAX_BASE

METHOD = "first-violation sweep from base 1, root in multiple precision, full evaluation"
FLOAT_DIGITS = 17


class Infimum(NamedTuple):
    """Where the bound is first met, to the digits that were asked for."""

    base: Any
    """The infimum, rounded up at the last digit: an mpmath number."""
    enclosure: tuple[float, float]
    critical_distance: int | None
    digits: Decimal | None
    """As rounded up to digits, where that was asked for."""


def swept(
    family: Family,
    context: int,
    digits: int | None,
    progress: Progress | None,
    jump: Jump | None = None,
) -> Answer:
    """The minimum base, or factor, by a sweep."""
    sweep = Sweep(family, context, jump=jump)
    precise = Precise(family, FIRST_DIGITS + (digits or 0))
    opening = first_opening(sweep, precise, progress)
    status, steps = _status(family, context, opening), len(sweep.links)
    if opening is None or opening.x == 0:
        base = None if opening is None else 1.0
        return Answer(status, base, None, None, None, "sweep", steps, METHOD)
    found = infimum(family, context, precise, opening, digits)
    return Answer(
        status,
        found.enclosure[1],
        found.enclosure,
        found.critical_distance,
        found.digits,
        "sweep",
        steps,
        METHOD,
    )


def first_opening(
    sweep: Sweep, precise: Precise, progress: Progress | None = None
) -> Opening | None:
    """The first opening of a window; x = 0 where the bound holds at base 1."""
    if sweep.family.always_holds:
        return Opening(0.0, None)
    return next_opening(sweep, precise, progress=progress)


def _status(family: Family, context: int, opening: Opening | None) -> Status:
    if opening is None:
        return Status.NO_BASE
    if opening.x == 0 and window_end(family, context, 0.0).endless:
        return Status.EVERY_BASE
    return Status.FOUND


def infimum(
    family: Family, context: int, precise: Precise, opening: Opening, digits: int | None
) -> Infimum:
    """The infimum at an opening above base 1, its upper end verified by a full evaluation."""
    low, high = opening_floats(precise, opening)
    if violation_at(family, context, high) is not None:
        raise UndecidedError(
            f"the window at base {high!r} holds no float64: change the margin a little"
        )
    base = family.member(opening.x, context_with(precise.digits + 10))
    critical = None if opening.zero is None else opening.zero.distance
    found = Infimum(base, (low, high), critical, None)
    if digits is None:
        return found
    return found._replace(digits=_to_digits(family, context, found, digits))


def _to_digits(family: Family, context: int, found: Infimum, digits: int) -> Decimal:
    """The infimum rounded up to ``digits`` digits or, where that leaves the window, a few more.

    Up to 17 digits it is the float64 nearest to the number that is checked, since that is what
    any program reads; beyond, the number itself.
    """
    while True:
        if digits <= FLOAT_DIGITS:
            number = round_up(found.enclosure[1], digits)
            broken = violation_at(family, context, float(number))
        else:
            number = rounded_up(found.base, digits)
            broken = violation_at(family, context, number)
        if broken is None:
            return number
        digits += 1


def base_at_least(family: Family, x: float) -> float:
    """A float64 base certainly no larger than the one at x, at most 1e300."""
    return MAX_BASE if x >= X_MAX else float(family.member(x * (1 - 2.0**-50), math))


def first_window(family: Family, context: int, start: float) -> tuple[WindowStatus, float | None]:
    """How the window from ``start`` ends, and the largest float64 base known to lie in it."""
    end = window_end(family, context, place(family, start))
    if end.endless:
        return WindowStatus.ENDLESS, None
    if end.zero is None:
        return WindowStatus.AT_LEAST, base_at_least(family, end.x)
    return WindowStatus.ENDS, enclosing_base(Precise(family), end.zero)[0]
