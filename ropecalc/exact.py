"""S(m) in arbitrary precision, and its sign where double precision cannot tell it.

The second opinion behind every three-valued verdict: it shares no arithmetic with ``similarity``.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from ropecalc.errors import UndecidedError
from ropecalc.fixed import sign
from ropecalc.spectrum import Spectrum

Real = Any  # mpmath's own number types carry no annotations
FIRST_DIGITS, LAST_DIGITS = 40, 5_120  # doubled from one to the other


@lru_cache(maxsize=64)  # making one takes 5 ms
def context_with(digits: int) -> Any:
    """An mpmath context of its own, so that the caller's global precision is left alone.

    It is shared by all who need as many digits: use it as it is.
    """
    from mpmath.ctx_mp import MPContext  # loaded late: most answers do without

    context = MPContext()
    context.dps = digits
    return context


def excess(spectrum: Spectrum, distance: int, margin: Decimal, digits: int) -> tuple[Real, Real]:
    """S(m) - margin * S(0), and a bound on its error, at ``digits`` working digits."""
    mp = context_with(digits + len(str(distance)) + 5)
    thetas, weights = _numbers(spectrum, mp.dps)
    exact_margin = mp.mpf(str(margin))
    value = spectrum.unrotated_pairs * (1 - exact_margin)
    for theta, weight in zip(thetas, weights, strict=True):
        value += weight * (mp.cos(distance * theta) - exact_margin)
    # Five digits more than the distance eats: each cosine is good to 10^-digits.
    return value, mp.mpf(10) ** -digits * (1 + spectrum.total)


@lru_cache(maxsize=8)
def _numbers(spectrum: Spectrum, digits: int) -> tuple[list[Real], list[Real]]:
    mp = context_with(digits)
    thetas = [mp.mpf(str(theta)) for theta in spectrum.frequencies_to(digits + 5)]
    return thetas, [mp.mpf(weight) for weight in spectrum.pair_weights]


def meets_bound(spectrum: Spectrum, distance: int, margin: Decimal = Decimal(0)) -> bool:
    """Whether S(m) >= margin * S(0) at one distance, decided with as many digits as it takes.

    For m >= 1 and a base that is rational, S(m) - margin * S(0) is a rational combination of
    exponentials of distinct algebraic numbers, so by the theorem of Lindemann and Weierstrass it
    is not zero [Baker1975, theorem 1.4] and some precision shows its sign.

    Raises
    ------
    UndecidedError
        The sign is still unknown at 5,120 digits.

    >>> from ropecalc import scaling
    >>> spectrum = scaling.default(1_000_000, 128)
    >>> meets_bound(spectrum, 27_114), meets_bound(spectrum, 27_115)
    (True, False)
    """
    if distance == 0 or _stands_still(spectrum):
        return margin <= 1  # S(m) = S(0) >= margin * S(0), and S(0) > 0
    quick = sign(spectrum, distance, margin)
    if quick is not None:
        return quick > 0
    digits = FIRST_DIGITS
    while digits <= LAST_DIGITS:
        value, error = excess(spectrum, distance, margin, digits)
        if abs(value) > error:
            return bool(value > 0)
        digits *= 2
    raise UndecidedError(
        f"the sign of S({distance:,}) is unknown at {LAST_DIGITS:,} digits: change the base"
    )


def _stands_still(spectrum: Spectrum) -> bool:
    """Whether no pair that counts turns at all."""
    pairs = zip(spectrum.exact_frequencies, spectrum.pair_weights, strict=True)
    return not any(theta and weight for theta, weight in pairs)
