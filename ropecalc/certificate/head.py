"""S at one distance as a function of x, from the definition, in any Arithmetic.

With the frequencies theta_i(x) = a_i + c_i exp(-l_i x) of ``spectra`` (l_i = 2i/r, a_i = 0 and
c_i = 1 for bases), phi_i = m theta_i, and psi_i = -phi_i' = m l_i c_i exp(-l_i x), so that
psi_i' = -l_i psi_i,

    g(x)   =  u + sum_i w_i cos(phi_i) - tau (u + sum_i w_i)
    g'(x)  =  sum_i w_i psi_i sin(phi_i)
    g''(x) = -sum_i w_i (l_i psi_i sin(phi_i) + psi_i^2 cos(phi_i))

    |g''|  <= sum_i w_i (l_i psi_i + psi_i^2)
    |g'''| <= sum_i w_i (l_i^2 psi_i + 3 l_i psi_i^2 + psi_i^3)

and the two bounds fall as x grows, since every psi_i does or stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ropecalc.certificate.arithmetic import Arithmetic, Real
from ropecalc.certificate.format import Claim
from ropecalc.certificate.spectra import spectra_of


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
        self._spectra = spectra_of(claim, arithmetic)
        self._decays = [number(step * self._spectra.unit) for step in self._spectra.steps]
        self.weights = [number(weight) for weight in weights]
        self.constant = number(unrotated - margin * (unrotated + sum(weights)))

    def ratio(self, x: Real) -> Real:
        """exp(-2x/r) of a base, which the angular frequencies are the powers of."""
        return self._spectra.ratio(x)

    def place(self, value: Decimal) -> Real:
        """x of a base or a factor."""
        return self._spectra.place(value)

    def thetas(self, x: Real) -> list[Real]:
        """theta_i at x."""
        return self._spectra.thetas(x)

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
        for weight, decay, phi, psi in self._turns(distance, thetas):
            cosine, sine = self.arithmetic.cos_sin(phi)
            turned = psi * sine
            value = value + weight * cosine
            slope = slope + weight * turned
            curvature = curvature - weight * (decay * turned + psi * psi * cosine)
        return Expansion(value, slope, curvature)

    def bounds(self, distance: int, thetas: Sequence[Real]) -> tuple[Real, Real]:
        """Bounds on |g''| and |g'''| at x and everywhere to its right."""
        second, third = self.arithmetic.number(0), self.arithmetic.number(0)
        for weight, decay, _, psi in self._turns(distance, thetas):
            bent, square = decay * psi, psi * psi
            second = second + weight * (bent + square)
            third = third + weight * (decay * (bent + 3 * square) + psi * square)
        return second, third

    def _turns(self, distance: int, thetas: Sequence[Real]) -> Iterator[tuple[Real, ...]]:
        """w_i, l_i, phi_i and psi_i of every pair."""
        pairs = zip(self.weights, self._decays, thetas, self._spectra.kept, strict=True)
        for weight, decay, theta, kept in pairs:
            phi = theta * distance
            yield weight, decay, phi, decay * (phi - kept * distance)
