"""The exact base at which one distance's similarity is zero, in multiple precision."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal
from math import inf, nextafter
from typing import Any

from ropecalc.base.family import Family
from ropecalc.base.sweep import Landing
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real, context_with

ROOT_DIGITS = 40
NEWTON_STEPS = 200


def landing_root(family: Family, landing: Landing, digits: int = ROOT_DIGITS) -> tuple[Real, int]:
    """The x at which the last of the distances in doubt turns positive, and that distance.

    Every distance in doubt must be rising through zero: then all of them are below zero until
    their own roots and above from there on, so that the largest root is the infimum.

    Raises
    ------
    UndecidedError
        A distance in doubt falls through zero, or touches it: two ends of windows closer together
        than double precision tells.
    """
    roots = [(rising_root(family, m, landing.x, digits), m) for m in landing.in_doubt]
    return max(roots)


def rising_root(family: Family, distance: int, start: float, digits: int) -> Real:
    """The zero near ``start`` of g for one distance, to ``digits`` digits, certified by signs.

    Raises UndecidedError where g does not rise through zero there.
    """
    mp = context_with(digits + 15)
    x, slope = _newton(family, distance, mp.mpf(start), mp)
    step = abs(x) * mp.mpf(10) ** -digits + mp.mpf(10) ** -(digits + 5)
    below, _ = _value_and_slope(family, distance, x - step, mp)
    above, _ = _value_and_slope(family, distance, x + step, mp)
    if not (below < 0 < above and slope > 0):
        raise UndecidedError(
            f"S({distance:,}) touches zero at x = {float(x)!r}: change the margin a little"
        )
    return x + step


def falling_root(family: Family, distance: int, start: float, direction: int = 1) -> Real:
    """The zero near ``start`` of g for a distance that falls through it in a direction, +1 or -1.

    On the side from which g falls, less than 1e-40 from the zero itself.
    """
    mp = context_with(ROOT_DIGITS + 15)
    x, slope = _newton(family, distance, mp.mpf(start), mp)
    if not direction * slope < 0:
        raise UndecidedError(f"S({distance:,}) touches zero at x = {float(x)!r}")
    return x - direction * mp.mpf(10) ** -ROOT_DIGITS


def _newton(family: Family, distance: int, x: Real, mp: Any) -> tuple[Real, Real]:
    """A zero of g near x, and the slope there."""
    slope = mp.mpf(0)
    for _ in range(NEWTON_STEPS):
        value, slope = _value_and_slope(family, distance, x, mp)
        if slope == 0:
            break
        change = value / slope
        x -= change
        if abs(change) <= abs(x) * mp.mpf(10) ** -(mp.dps - 10):
            break
    return x, slope


def _value_and_slope(family: Family, distance: int, x: Real, mp: Any) -> tuple[Real, Real]:
    """g and g' at x, by the formulas of ``family``."""
    margin = mp.mpf(family.margin)
    value, slope = family.unrotated_pairs * (1 - margin), mp.mpf(0)
    ratio, theta = mp.exp(-2 * x / family.rotary_dim), mp.mpf(1)
    for i, weight in enumerate(family.pair_weights.tolist()):
        phi = distance * theta
        cosine, sine = mp.cos_sin(phi)
        value += weight * (cosine - margin)
        slope += weight * phi * sine * 2 * i / family.rotary_dim
        theta *= ratio
    return value, slope


def enclosing_floats(base: Real) -> tuple[float, float]:
    """The neighbouring float64 values low < base <= high."""
    high = float(base)
    if high < base:
        high = nextafter(high, inf)
    return nextafter(high, 0.0), high


def enclosing_base(x: Real) -> tuple[float, float]:
    """The neighbouring float64 values low < exp(x) <= high."""
    return enclosing_floats(context_with(ROOT_DIGITS + 20).exp(x))


def rounded_up(base: Real, digits: int) -> Decimal:
    """A multiple-precision number rounded up to ``digits`` significant digits.

    >>> import mpmath
    >>> rounded_up(mpmath.mpf(2) ** 0.5, 4)
    Decimal('1.415')
    """
    from mpmath import nstr

    exact = Decimal(nstr(base, digits + 20, strip_zeros=False))
    return Context(prec=digits, rounding=ROUND_CEILING).plus(exact)
