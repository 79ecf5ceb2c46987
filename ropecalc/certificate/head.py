"""S at one distance as a function of x = ln(base), from the definition, in any Arithmetic.

With e_i = 2i/r and phi_i = m theta_i = m exp(-x e_i), so that d phi_i / dx = -e_i phi_i,

    g(x)   =  u + sum_i w_i cos(phi_i) - tau (u + sum_i w_i)
    g'(x)  =  sum_i w_i e_i phi_i sin(phi_i)
    g''(x) = -sum_i w_i e_i^2 (phi_i sin(phi_i) + phi_i^2 cos(phi_i))

    |g''|  <= sum_i w_i e_i^2 (phi_i + phi_i^2)
    |g'''| <= sum_i w_i e_i^3 (phi_i + 3 phi_i^2 + phi_i^3)

and the two bounds fall as x grows, since every phi_i does or stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ropecalc.certificate.arithmetic import Arithmetic, Real
from ropecalc.certificate.format import Claim


class Expansion(NamedTuple):
    """g and its first two derivatives at one x."""

    value: Real
    slope: Real
    curvature: Real


class Head:
    """The numbers of a claim in one arithmetic."""

    def __init__(self, claim: Claim, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        self.n_pairs = claim.n_pairs
        weights = list(map(Fraction, claim.weights or [1] * claim.n_pairs))
        unrotated, margin = claim.unrotated_pairs, Fraction(claim.margin)
        number = arithmetic.number
        self.third = number(Fraction(1, 3))
        self._unit = number(Fraction(2, claim.rotary_dim))  # e_i = i * unit
        self.weights = [number(weight) for weight in weights]
        self.constant = number(unrotated - margin * (unrotated + sum(weights)))
        self._powers = [
            [number(weight * i**k) for i, weight in enumerate(weights)] for k in range(4)
        ]  # w_i i^k
        self.rates = [power * self._unit for power in self._powers[1]]  # w_i e_i

    def ratio(self, x: Real) -> Real:
        """exp(-2x/r), which the angular frequencies are the powers of."""
        return self.arithmetic.exp(-x * self._unit)

    def thetas(self, x: Real) -> list[Real]:
        """theta_i = exp(-2x/r)^i at x = ln(base)."""
        ratio = self.ratio(x)
        thetas = [self.arithmetic.number(1)]
        for _ in range(self.n_pairs - 1):
            thetas.append(thetas[-1] * ratio)
        return thetas

    def value(self, distance: int, thetas: Sequence[Real]) -> Real:
        """g alone."""
        total = self.constant
        for weight, theta in zip(self.weights, thetas, strict=True):
            total = total + weight * self.arithmetic.cos_sin(theta * distance)[0]
        return total

    def thetas_at(self, x: float) -> list[Real]:
        """theta_i at a float64 x."""
        return self.thetas(self.arithmetic.number(x))

    def expand(self, distance: int, thetas: Sequence[Real]) -> Expansion:
        """g, g' and g'' at one distance, by the thetas of an x."""
        value, slope, curvature = self.constant, 0, 0
        for theta, w0, w1, w2 in zip(thetas, *self._powers[:3], strict=True):
            phi = theta * distance
            cosine, sine = self.arithmetic.cos_sin(phi)
            turned = phi * sine
            value = value + w0 * cosine
            slope = slope + w1 * turned
            curvature = curvature - w2 * (turned + phi * phi * cosine)
        return Expansion(value, slope * self._unit, curvature * (self._unit * self._unit))

    def bounds(self, distance: int, thetas: Sequence[Real]) -> tuple[Real, Real]:
        """Bounds on |g''| and |g'''| at x and everywhere to its right."""
        second, third = self.arithmetic.number(0), self.arithmetic.number(0)
        for theta, w2, w3 in zip(thetas, *self._powers[2:], strict=True):
            phi = theta * distance
            square = phi * phi
            second = second + w2 * (phi + square)
            third = third + w3 * (phi + 3 * square + phi * square)
        unit = self._unit
        return second * (unit * unit), third * (unit * unit * unit)
