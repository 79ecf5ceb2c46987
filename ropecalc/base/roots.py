"""From zeros to bases: the float64 values beside one, and its digits."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal
from math import inf, nextafter
from typing import TYPE_CHECKING

from ropecalc.base.precise import Precise
from ropecalc.base.zeros import FIRST_DIGITS, MOST_DIGITS, Zero
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real, context_with

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.base.sweep import Landing

NEARBY = 1e-6  # of x: how far from where float64 puts a zero it is looked for


def landing_zero(family: Family, landing: Landing, digits: int = FIRST_DIGITS) -> Zero:
    """The last of the zeros near x at which distances in doubt begin to keep the bound.

    Each of them must rise through zero there: then all are below zero until their own zeros and
    above from there on, so that the last zero is the infimum.

    Raises
    ------
    UndecidedError
        A distance has no such zero nearby.
    """
    precise = Precise(family, digits)
    zeros = [zero_beside(precise, m, landing.x, opens=True) for m in landing.in_doubt if m]
    return max(zeros, key=lambda zero: zero.after)


def zero_beside(precise: Precise, distance: int, x: float, *, opens: bool) -> Zero:
    """The zero beside x at which a distance begins to keep the bound, or stops, on the way up."""
    zero = precise.beside(distance, x, NEARBY * max(1.0, x), opens)
    if zero is None:
        raise UndecidedError(
            f"S({distance:,}) has no such zero near {precise.family.described(x)}: "
            "change the margin a little"
        )
    return zero


def enclosing_floats(base: Real) -> tuple[float, float]:
    """The neighbouring float64 values low < base <= high."""
    high = float(base)
    if high < base:
        high = nextafter(high, inf)
    return nextafter(high, 0.0), high


def enclosing_base(precise: Precise, zero: Zero) -> tuple[float, float]:
    """The neighbouring float64 values low < base <= high around the base of a zero."""
    while True:
        mp = context_with(precise.digits + 20)
        member = precise.family.member
        before, after = (enclosing_floats(member(x, mp)) for x in (zero.before, zero.after))
        if before == after:
            return before
        zero, precise = _closer(precise, zero)


def _closer(precise: Precise, zero: Zero) -> tuple[Zero, Precise]:
    """The same zero to twice as many digits."""
    if 2 * precise.digits > MOST_DIGITS:
        raise UndecidedError(f"{precise.family.described(zero.before)} is a zero to all digits")
    finer = Precise(precise.family, 2 * precise.digits)
    keeps = finer.keeps(zero.distance, zero.before)
    nearer = finer.zero(zero.distance, keeps, zero.before, zero.after)
    assert nearer is not None  # the signs at both ends are certain
    return nearer, finer


def rounded_up(base: Real, digits: int) -> Decimal:
    """A multiple-precision number rounded up to ``digits`` significant digits.

    >>> import mpmath
    >>> rounded_up(mpmath.mpf(2) ** 0.5, 4)
    Decimal('1.415')
    """
    from mpmath import nstr

    exact = Decimal(nstr(base, digits + 20, strip_zeros=False))
    return Context(prec=digits, rounding=ROUND_CEILING).plus(exact)
