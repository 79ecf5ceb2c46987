"""g of one distance in multiple precision, for any family of spectra with one parameter x.

With the angles phi_i = m theta_i(x) and their derivatives phi_i', phi_i'',

    g   =  sum_i w_i cos(phi_i) + u - margin S(0)
    g'  = -sum_i w_i phi_i' sin(phi_i)
    g'' = -sum_i w_i (phi_i'' sin(phi_i) + phi_i'^2 cos(phi_i))
    |g''|  <=  sum_i w_i (|phi_i''| + phi_i'^2)
    |g'''| <=  sum_i w_i (|phi_i'''| + 3 |phi_i' phi_i''| + |phi_i'|^3)
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ropecalc.base.zeros import Jet
from ropecalc.exact import Real, context_with

Array = NDArray[np.float64]
ROUND_UP = 1 + 1e-9  # of sums of bounds in float64
SPARE_DIGITS = 12  # beyond those of the distance: what ``rates`` and the sums below may lose


class Members(Protocol):
    """What a family tells of its members."""

    @property
    def margin(self) -> float:
        """The share of S(0) that is subtracted."""

    @property
    def pair_weights(self) -> Array:
        """w_i, shape (n_pairs,)."""

    @property
    def unrotated_pairs(self) -> int:
        """Unrotated pairs that count, u."""

    def rates(self, x: Real, mp: Any) -> tuple[int, Iterable[tuple[int, int, int]]]:
        """theta_i, theta_i' and theta_i'' at x in fixed point, and its bits after the point.

        Off by at most 10^6 units of a number of ``mp``, relative to the smallest of them.
        """

    def speeds(self, low: float, high: float) -> Array:
        """Bounds on |theta_i| and its first three derivatives, shape (4, n_pairs)."""

    def member(self, x: Real, mp: Any) -> Real:
        """The base, or factor, at x."""

    def described(self, x: Real) -> str:
        """The member at x, for a message."""


class DistanceCurve:
    """One distance of a family: a ``zeros.Curve``."""

    def __init__(self, family: Members, distance: int) -> None:
        self.family = family
        self.distance = distance
        self._last: tuple[Real, int, Jet] | None = None

    def described(self, x: Real) -> str:
        """The point in the words of the family."""
        return self.family.described(x)

    def jet(self, x: Real, digits: int) -> Jet:
        """g and its derivatives at x, with errors.

        An angle is off by less than 10^-digits: its frequency by 10^6 units of the last place,
        times a distance whose digits are there beside ``SPARE_DIGITS`` others. Sines and cosines
        are off by no more than their angle, and the products below by the sums in ``_sizes``.
        """
        if self._last is None or self._last[:2] != (x, digits):
            self._last = x, digits, self._jet(x, digits)
        return self._last[2]

    def _jet(self, x: Real, digits: int) -> Jet:
        """The sums are those of integers, several times as fast as mpmath's numbers."""
        from mpmath.libmp.libelefun import cos_sin_fixed  # loaded late: most answers do without

        mp = context_with(digits + len(str(self.distance)) + SPARE_DIGITS)
        bits, rates = self.family.rates(mp.convert(x), mp)
        weights, weight_bits = self._weights
        value = slope = bend_part = square_part = 0
        for weight, (theta, rate, bend) in zip(weights, rates, strict=True):
            if weight:
                cosine, sine = cos_sin_fixed(self.distance * theta, bits)
                value += weight * cosine
                slope -= weight * (rate * sine)
                bend_part -= weight * (bend * sine)
                square_part -= weight * (rate * rate * cosine)
        one, two, three = (-k * bits - weight_bits for k in (1, 2, 3))
        margin, total = mp.mpf(self.family.margin), mp.ldexp(sum(weights), -weight_bits)
        unrotated = self.family.unrotated_pairs * (1 - margin)
        unit = mp.mpf(10) ** -digits
        return Jet(
            unrotated + mp.ldexp(value, one) - margin * total,
            self.distance * mp.ldexp(slope, two),
            self.distance
            * (mp.ldexp(bend_part, two) + self.distance * mp.ldexp(square_part, three)),
            *(unit * size for size in self._sizes(float(x))),
        )

    @cached_property
    def _weights(self) -> tuple[list[int], int]:
        """The weights as integers, exactly, and how many bits of them lie below 1."""
        ratios = [weight.as_integer_ratio() for weight in self.family.pair_weights.tolist()]
        least = max(under for _, under in ratios)  # powers of two
        return [over * (least // under) for over, under in ratios], least.bit_length() - 1

    def _sizes(self, x: float) -> tuple[float, float, float]:
        """What the errors of the angles and of the terms add up to, in units of one angle's."""
        _, rate, bend, _ = self.distance * self.family.speeds(x, x)
        weights = self.family.pair_weights
        constant = float(weights.sum()) + self.family.unrotated_pairs
        slope = float(weights @ (2 * rate))
        return 2 * constant, slope, float(weights @ (2 * bend + 3 * rate * rate))

    def bends(self, low: float, high: float) -> tuple[float, float]:
        """Bounds on |g''| and |g'''| from ``low`` to ``high``."""
        _, rate, bend, third = self.distance * self.family.speeds(low, high) * ROUND_UP
        weights = self.family.pair_weights * ROUND_UP
        return (
            float(weights @ (bend + rate * rate)),
            float(weights @ (third + 3 * rate * bend + rate**3)),
        )


def fixed(rates: Iterable[tuple[Real, Real, Real]], mp: Any) -> tuple[int, list[Any]]:
    """Numbers of mpmath in fixed point, the smallest of them to as many digits as it has."""
    from mpmath.libmp import to_fixed

    kept = [[part._mpf_ for part in turn] for turn in rates]
    small = (-exponent - size for turn in kept for _, digits, exponent, size in turn if digits)
    bits = mp.prec + max(small, default=0)
    return bits, [tuple(to_fixed(part, bits) for part in turn) for turn in kept]
