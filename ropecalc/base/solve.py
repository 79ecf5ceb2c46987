"""The minimum base where no table has it: the sweep, the root and the window, put together."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NamedTuple

from ropecalc.base.answer import Answer
from ropecalc.base.family import Family
from ropecalc.base.roots import (
    ROOT_DIGITS,
    enclosing_base,
    enclosing_floats,
    falling_root,
    landing_root,
    rounded_up,
)
from ropecalc.base.rounding import round_up, violation_at
from ropecalc.base.sweep import Landing, Sweep
from ropecalc.base.window import window_end
from ropecalc.errors import UndecidedError
from ropecalc.exact import context_with
from ropecalc.progress import Progress
from ropecalc.results import Status, WindowStatus

METHOD = "first-violation sweep from base 1, root in multiple precision, full evaluation"
FLOAT_DIGITS = 17


class Infimum(NamedTuple):
    """Where the bound is first met, to the digits that were asked for."""

    base: Any
    """The infimum, rounded up at the last digit: an mpmath number."""
    enclosure: tuple[float, float]
    critical_distance: int
    digits: Decimal | None
    """As rounded up to digits, where that was asked for."""


def swept(family: Family, context: int, digits: int | None, progress: Progress | None) -> Answer:
    """The minimum base by a sweep."""
    sweep = Sweep(family, context)
    landing = Landing(0.0, ()) if family.always_holds else sweep.run(progress)
    status, steps = _status(family, context, landing), len(sweep.links)
    if landing is None or landing.x == 0:
        base = None if landing is None else 1.0
        return Answer(status, base, None, None, None, "sweep", steps, METHOD)
    found = infimum(family, context, landing, digits)
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


def _status(family: Family, context: int, landing: Landing | None) -> Status:
    if landing is None:
        return Status.NO_BASE
    if landing.x == 0 and window_end(family, context, 0.0).endless:
        return Status.EVERY_BASE
    return Status.FOUND


def infimum(family: Family, context: int, landing: Landing, digits: int | None) -> Infimum:
    """The infimum at which a sweep landed, its upper end verified by a full evaluation."""
    precision = ROOT_DIGITS + (digits or 0)
    root, critical = landing_root(family, landing, precision)
    base = context_with(precision + 10).exp(root)
    low, high = enclosing_floats(base)
    if violation_at(family, context, high) is not None:
        raise UndecidedError(
            f"the window at base {high!r} is too narrow for float64: change the margin a little"
        )
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


def first_window(family: Family, context: int, start: float) -> tuple[WindowStatus, float | None]:
    """How the window from ``start`` ends, and the largest float64 base known to lie in it."""
    end = window_end(family, context, math.log(start))
    if end.endless:
        return WindowStatus.ENDLESS, None
    if end.distance is None:
        return WindowStatus.AT_LEAST, math.exp(end.x * (1 - 2.0**-50))
    root = falling_root(family, end.distance, end.x)
    return WindowStatus.ENDS, enclosing_base(root)[0]
