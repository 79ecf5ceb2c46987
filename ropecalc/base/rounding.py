"""Bases that people write down: few digits, or an integer. Each is checked by a full evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal

from ropecalc.base.family import Family
from ropecalc.base.roots import enclosing_base, landing_root
from ropecalc.base.sweep import RESOLUTION, Sweep
from ropecalc.bound import scan
from ropecalc.scaling import MAX_BASE, MIN_BASE, Base

TRIES = 64  # candidates in a row to look at one by one, before the sweep jumps to the next window


def violation_at(family: Family, context: int, base: Base) -> int | None:
    """The first violation of one base below ``context``, by a full evaluation; None: no such."""
    found = scan(family.spectrum(base), 0, context, margin=family.margin, first_only=True)
    return found.first_violation


def next_feasible(family: Family, context: int, base: float) -> float | None:
    """The smallest float64 base >= ``base`` that meets the bound; None where none does to 1e300."""
    while base <= MAX_BASE:
        violation = violation_at(family, context, base)
        if violation is None:
            return base
        landing = Sweep(family, context, x=_still_broken(family, base, violation)).run()
        if landing is None:
            return None
        root = landing.x
        if landing.in_doubt:
            root, _ = landing_root(family, landing)
        # A window narrower than the step of float64 may hold no float64: go on from there.
        base = max(math.nextafter(base, math.inf), enclosing_base(root)[1])
    return None


def _still_broken(family: Family, base: float, violation: int) -> float:
    """An x near ln(base) up to which ``violation`` breaks the bound, from ``base`` on.

    Where its g is falling, it goes on doing so for a little: without that the sweep would begin
    within the rounding of the end of a window, where the signs are in doubt.
    """
    x = math.log(base)
    ahead = 8 * RESOLUTION * max(1.0, x)
    at = family.taylor(violation, x)
    falls = at.slope + at.slope_error + at.max_curvature * ahead < 0
    return x + ahead if falls else x * (1 - 2.0**-51)


def first_round_base(family: Family, context: int, start: float, digits: int) -> float | None:
    """The smallest base >= ``start`` of ``digits`` significant digits that meets the bound."""
    return first_of(family, context, start, lambda base: round_up(base, digits))


def first_integer_base(family: Family, context: int, start: float) -> int | None:
    """The smallest integer base >= ``start`` that meets the bound; at least 2."""
    found = first_of(family, context, max(start, 2.0), lambda base: Decimal(math.ceil(base)))
    return None if found is None else int(found)


def first_of(
    family: Family,
    context: int,
    start: float,
    candidate: Callable[[Decimal], Decimal],
    suits: Callable[[float], bool] | None = None,
) -> float | None:
    """The smallest value of ``candidate`` at or above ``start`` that meets the bound, or suits."""
    at = Decimal(max(start, MIN_BASE))
    tried = 0
    while (base := float(candidate(at))) <= MAX_BASE:
        tried += 1
        if base > 1 and (suits(base) if suits else violation_at(family, context, base) is None):
            return base
        at = Decimal(base).next_plus()
        if tried % TRIES == 0:
            window = next_feasible(family, context, base)
            if window is None:
                return None
            at = max(at, Decimal(window))
    return None


def round_up(value: Decimal | float, digits: int) -> Decimal:
    """A number rounded up to ``digits`` significant digits, as a decimal.

    >>> round_up(629978.2629, 2)
    Decimal('6.3E+5')
    """
    return Context(prec=digits, rounding=ROUND_CEILING).plus(Decimal(value))
