"""The smallest base that meets the bound: the public functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ropecalc.base.family import Family, family_of
from ropecalc.base.roots import (
    ROOT_DIGITS,
    enclosing_floats,
    falling_root,
    landing_root,
    rounded_up,
)
from ropecalc.base.rounding import (
    first_integer_base,
    first_round_base,
    next_feasible,
    round_up,
    violation_at,
)
from ropecalc.base.sweep import Landing, Sweep
from ropecalc.base.window import window_end
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.exact import context_with
from ropecalc.results import MinimumBase, Status, WindowStatus
from ropecalc.similarity import Progress, check_range
from ropecalc.spectrum import Spectrum

METHOD = "first-violation sweep from base 1, root in multiple precision, full evaluation"
MAX_DIGITS = 1_000
FLOAT_DIGITS = 17


class Infimum(NamedTuple):
    """Where the bound is first met, to the digits that were asked for."""

    base: Any
    """The infimum, rounded up at the last digit: an mpmath number."""
    enclosure: tuple[float, float]
    critical_distance: int


def min_base(
    head_dim: int,
    context: int,
    *,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    round_digits: int | None = 2,
    integer: bool = True,
    window: bool = True,
    digits: int | None = None,
    progress: Progress | None = None,
) -> MinimumBase:
    """The smallest base with S(m) >= margin * S(0) at every distance 0 <= m < context.

        b_min(L) = inf { b >= 1 : S(m) >= margin S(0) for all integers 0 <= m < L }

    Found by a sweep over all smaller bases, each of which is shown to break the bound at some
    distance; there is no grid. ``minimum_base`` is the smallest float64 that meets the bound, and
    was evaluated in full; the float64 below it breaks the bound. Guaranteed up to the rounding of
    the platform's sine and cosine (assumed good to 4 units in the last place); a larger base need
    not meet the bound (``window_end``).

    Parameters
    ----------
    head_dim : int, even, >= 2
    context : int, 1 .. 2^30, tokens
    rotary_dim : int, even, 2 .. head_dim; head_dim unless given
    weights : rotary_dim / 2 floats >= 0, a weight a rotated pair; 1 each unless given
    count_unrotated : whether the (head_dim - rotary_dim) / 2 unrotated pairs count in S
    margin : float, 0 .. 1
    round_digits : int, 1 .. 17; find the first base of so many significant digits (None: do not)
    integer : find the first integer base
    window : find the end of the first window
    digits : int, 1 .. 1000; give the infimum rounded up to so many significant digits
        (None: do not)
    progress : called with (contexts answered so far, context)

    Returns
    -------
    MinimumBase, with status FOUND; EVERY_BASE where nothing breaks the bound (minimum_base 1);
    NO_BASE where no base up to 1e300 meets it.

    Raises
    ------
    InvalidValueError
        A parameter outside its domain.
    UndecidedError
        Two ends of windows lie closer together than double precision can tell.

    References
    ----------
    [Men2024] eq. 11; [Su2024].

    >>> found = min_base(128, 4096)
    >>> round(found.minimum_base, 4), found.critical_distance, found.round_base
    (26952.3392, 4012, 29000.0)
    >>> min_base(128, 0)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: context must be an integer from 1 to 1,073,741,824 ...
    """
    family = family_of(head_dim, rotary_dim, weights, count_unrotated, margin)
    check_range(0, context)
    _check_digits(digits)
    sweep = Sweep(family, context)
    landing = Landing(0.0, ()) if family.always_holds else sweep.run(progress)
    found = None
    if landing is not None and landing.x > 0:
        found = _infimum(family, context, landing, digits)
    start = found.enclosure[1] if found else 1.0
    status = _status(family, context, landing)
    exists = status is not Status.NO_BASE
    window_status, end = WindowStatus.NOT_SOUGHT, None
    if window and exists:
        window_status, end = _window(family, context, start)
    return MinimumBase(
        head_dim=family.head_dim,
        rotary_dim=family.rotary_dim,
        count_unrotated=count_unrotated,
        weighted=weights is not None,
        context=context,
        margin=margin,
        status=status,
        minimum_base=start if exists else None,
        enclosure=found.enclosure if found else None,
        minimum_base_digits=_to_digits(family, context, found, digits)
        if found and digits
        else None,
        critical_distance=found.critical_distance if found else None,
        window_status=window_status,
        window_end=end,
        round_digits=round_digits,
        round_base=(
            first_round_base(family, context, start, round_digits)
            if exists and round_digits is not None
            else None
        ),
        integer_base=first_integer_base(family, context, start) if exists and integer else None,
        steps=len(sweep.links),
        method=METHOD,
    )


def _status(family: Family, context: int, landing: Landing | None) -> Status:
    if landing is None:
        return Status.NO_BASE
    if landing.x == 0 and window_end(family, context, 0.0).endless:
        return Status.EVERY_BASE
    return Status.FOUND


def _check_digits(digits: int | None) -> None:
    if digits is not None and not 1 <= digits <= MAX_DIGITS:
        raise InvalidValueError("digits", f"digits must be from 1 to {MAX_DIGITS}, got {digits}")


def _infimum(family: Family, context: int, landing: Landing, digits: int | None) -> Infimum:
    """The infimum at which a sweep landed, its upper end verified by a full evaluation."""
    precision = ROOT_DIGITS + (digits or 0)
    root, critical = landing_root(family, landing, precision)
    base = context_with(precision + 10).exp(root)
    low, high = enclosing_floats(base)
    if violation_at(family, context, high) is not None:
        raise UndecidedError(
            f"the window at base {high!r} is too narrow for float64: change the margin a little"
        )
    return Infimum(base, (low, high), critical)


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


def _window(family: Family, context: int, start: float) -> tuple[WindowStatus, float | None]:
    """How the window from ``start`` ends, and the largest float64 base known to lie in it."""
    end = window_end(family, context, math.log(start))
    if end.endless:
        return WindowStatus.ENDLESS, None
    if end.distance is None:
        return WindowStatus.AT_LEAST, math.exp(end.x * (1 - 2.0**-50))
    root = falling_root(family, end.distance, end.x)
    return WindowStatus.ENDS, enclosing_floats(context_with(60).exp(root))[0]


def next_base(spectrum: Spectrum, context: int, margin: float) -> float | None:
    """The smallest float64 base above a spectrum's own that meets the bound, if there is one."""
    family = Family(
        spectrum.head_dim,
        spectrum.rotary_dim,
        spectrum.weights,
        spectrum.count_unrotated,
        margin,
    )
    return next_feasible(family, context, float(spectrum.base or Decimal(1)))
