"""S(m) - margin * S(0) in fixed point, with Python's own integers: the quick way to most signs.

Good to 2^-152 a pair, which decides nearly every sign that double precision leaves in doubt and
takes a millisecond; loading mpmath alone takes fifty. It shares no arithmetic with ``similarity``.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache

from ropecalc.spectrum import FREQUENCY_DIGITS, PI, Spectrum

BITS = 192
ONE = 1 << BITS
UNITS = 1 << 1074
HALVINGS = 8  # of an angle before its Taylor series; each costs two bits
# A pair's cosine is off by less than 2^37 units of 2^-192: the angle by m < 2^36 for cutting off
# its frequency, 2^29 for the 60 digits that a frequency has and 2^35 for cutting off the turns;
# the series by 2^6, which the doublings make 2^22.
CERTAIN = 1 << (BITS - 152)


def sign(spectrum: Spectrum, distance: int, margin: Decimal) -> int | None:
    """The sign of S(m) - margin * S(0), 1 or -1; None where fixed point cannot tell it.

    Meant for angular frequencies of at most 1 rad/token, as those of a base are, and m < 2^36.
    """
    if distance >= 2**36 or max(spectrum.exact_frequencies) > 1:
        return None
    weights = _in_units(spectrum.pair_weights)
    total = spectrum.unrotated_pairs * UNITS + sum(weights)
    over, under = margin.as_integer_ratio()
    value = (spectrum.unrotated_pairs * UNITS * under - over * total) * ONE
    for theta, weight in zip(_turning(spectrum.exact_frequencies), weights, strict=True):
        value += weight * under * _cosine(distance * theta)
    if abs(value) <= CERTAIN * under * max(total, 1):
        return None
    return 1 if value > 0 else -1


def _in_units(weights: tuple[float, ...]) -> tuple[int, ...]:
    """Weights as whole numbers of the least positive float64, hence exactly."""
    return tuple(over * (UNITS // under) for over, under in (w.as_integer_ratio() for w in weights))


def _fixed(value: Decimal) -> int:
    return int(Context(prec=FREQUENCY_DIGITS + 60).multiply(value, ONE))


TURN = 2 * _fixed(PI)


@lru_cache(maxsize=8)
def _turning(frequencies: tuple[Decimal, ...]) -> tuple[int, ...]:
    return tuple(map(_fixed, frequencies))


def _cosine(angle: int) -> int:
    """cos of a fixed-point angle: 1 - cos by its Taylor series at angle / 2^8, then doubled.

    With v = 1 - cos x, 1 - cos 2x = 2 v (2 - v): nothing cancels.
    """
    reduced = angle % TURN
    reduced = min(reduced, TURN - reduced) >> HALVINGS
    square = reduced * reduced >> BITS
    term = total = square // 2
    k = 3
    while term:
        term = -(term * square >> BITS) // (k * (k + 1))
        total += term
        k += 2
    for _ in range(HALVINGS):
        total = 2 * total * (2 * ONE - total) >> BITS
    return ONE - total
