"""S at one distance as a function of x = ln(base), with rigorous bounds.

With e_i = 2i/r every angular frequency is theta_i = exp(-x e_i), so for one distance m

    g(x)    =  sum_i w_i cos(phi_i) + u - margin S(0),               phi_i = m theta_i
    g'(x)   =  sum_i w_i e_i phi_i sin(phi_i)
    g''(x)  = -sum_i w_i e_i^2 (phi_i sin(phi_i) + phi_i^2 cos(phi_i))
    |g''|  <=  sum_i w_i e_i^2 (phi_i + phi_i^2)
    |g'''| <=  sum_i w_i e_i^3 (phi_i + 3 phi_i^2 + phi_i^3)

and the two bounds fall as x grows, since the phi_i do: what they are at x they are beyond it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ropecalc.bound import checked_margin
from ropecalc.scaling import MAX_BASE, Base, default
from ropecalc.similarity import UNIT, Distances
from ropecalc.spectrum import Spectrum, check_dims, check_weights

if TYPE_CHECKING:
    from fractions import Fraction

Array = NDArray[np.float64]
X_MAX = math.log(MAX_BASE)
NOTHING = 1e-100  # slopes and curvatures that X_MAX could not make felt; squares stay normal


Reals = Any  # a float, or for several distances a float64 array, one value each


class Taylor(NamedTuple):
    """g and its derivatives at one x: values, and bounds on their errors and remainders."""

    value: Reals
    slope: Reals
    curvature: Reals
    max_curvature: Reals
    """|g''| is at most this from x on."""
    max_third: Reals
    """|g'''| is at most this from x on."""
    value_error: Reals
    slope_error: Reals
    curvature_error: Reals


class Moments(NamedTuple):
    """Sums over the pairs, weighted: psi is -phi', and l psi is its own -psi'.

    Each a float, or an array with one value a distance.
    """

    phi: Reals
    psi: Reals
    l_psi: Reals
    ll_psi: Reals
    phi_psi: Reals
    l_phi_psi: Reals
    psi_psi: Reals
    l_psi_psi: Reals
    phi_psi_psi: Reals
    psi_psi_psi: Reals


def split(moments: Array) -> Any:
    """Moments of one distance as floats, of several as an array each.

    Arithmetic on NumPy's scalars is ten times slower than on floats.
    """
    return moments.tolist() if moments.ndim == 2 else moments.transpose(0, 2, 1)


@dataclass(frozen=True)
class Family:
    """The spectra of one head over all bases, and the margin that is asked of them."""

    head_dim: int
    rotary_dim: int
    weights: tuple[float, ...] | None = None
    count_unrotated: bool = True
    margin: float = 0.0

    def __post_init__(self) -> None:
        check_dims(self.head_dim, self.rotary_dim)
        check_weights(self.weights, self.n_pairs)
        checked_margin(self.margin)

    @property
    def n_pairs(self) -> int:
        """Number of rotated pairs, n."""
        return self.rotary_dim // 2

    @cached_property
    def exponents(self) -> Array:
        """e_i = 2i/r, shape (n_pairs,)."""
        return np.arange(self.n_pairs) * 2 / self.rotary_dim

    @cached_property
    def pair_weights(self) -> Array:
        """w_i, shape (n_pairs,)."""
        return np.array(self.weights if self.weights is not None else [1.0] * self.n_pairs)

    @cached_property
    def unrotated_pairs(self) -> int:
        """Unrotated pairs that count, u."""
        return (self.head_dim - self.rotary_dim) // 2 if self.count_unrotated else 0

    @cached_property
    def weight(self) -> float:
        """sum_i w_i."""
        return float(self.pair_weights.sum())

    @cached_property
    def constant(self) -> float:
        """u - margin S(0), rounded once: what is added to the sum of cosines to make g."""
        if not self.margin:
            return float(self.unrotated_pairs)
        from fractions import Fraction  # loaded late: a look-up does without

        total, margin = self._exact_weight + self.unrotated_pairs, Fraction(self.margin)
        return float(self.unrotated_pairs - margin * total)  # the two may nearly cancel

    @cached_property
    def weight_powers(self) -> Array:
        """w_i e_i^k for k = 0 .. 3, shape (n_pairs, 4)."""
        return self.pair_weights[:, None] * self.exponents[:, None] ** np.arange(4)

    @cached_property
    def _weight_columns(self) -> tuple[Array, Array, Array]:
        return tuple(np.ascontiguousarray(self.weight_powers[:, k]) for k in range(3))  # type: ignore[return-value]

    def thetas(self, x: float) -> Array:
        """theta_i at x, shape (n_pairs,); off by at most (2 x e_i + 2) units, relative."""
        return np.exp(-x * self.exponents)

    @property
    def still(self) -> int:
        """How many of the first pairs turn alike at every x: the first, by 1 rad/token."""
        return 1

    def holds_from(self, context: int) -> float:
        """An x above which the bound is known to hold by other means than ``window``'s."""
        del context
        return math.inf

    @cached_property
    def always_holds(self) -> bool:
        """Whether no base can break the bound, since even all cosines at -1 would not."""
        from fractions import Fraction

        margin = Fraction(self.margin)
        return self.unrotated_pairs * (1 - margin) >= self._exact_weight * (1 + margin)

    @cached_property
    def _exact_weight(self) -> Fraction:
        """sum_i w_i, without rounding."""
        from fractions import Fraction

        return sum(map(Fraction, self.pair_weights.tolist()), Fraction(0))

    def spectrum(self, base: Base) -> Spectrum:
        """The member of the family with this base."""
        return default(
            base,
            self.head_dim,
            rotary_dim=self.rotary_dim,
            weights=self.weights,
            count_unrotated=self.count_unrotated,
        )

    def theta_units(self, x: float) -> Array:
        """How far each of ``thetas`` may be off at x, in units and relative to it, less 2.

        e_i is rounded, and x e_i once more.
        """
        return 2 * x * self.exponents

    def speed_weights(self, x: float) -> Array:
        """w_i |theta_i'| / theta_i at x, shape (n_pairs,)."""
        del x
        return self._weight_columns[1]

    def bend_weights(self, x: float) -> tuple[Array, Array]:
        """w_i |theta_i''| / theta_i and w_i (theta_i' / theta_i)^2 at x, each (n_pairs,)."""
        del x
        return self._weight_columns[2], self._weight_columns[2]

    def curvature(self, sine: Array, cosine: Array, squares: Array, x: float) -> Array:
        """g'' at x, given phi_i sin(phi_i), cos(phi_i) and phi_i^2."""
        del x
        return -((sine + squares * cosine) @ self._weight_columns[2])

    def moments(self, phi: Array, squares: Array, x: float) -> Moments:
        """The sums that bound errors and remainders at x, given the angles and their squares."""
        del x
        # Sums over i of w_i e_i^k phi_i^j, j = 1 .. 3 and k = 0 .. 3: p12 has j = 1, k = 2.
        moments = np.array([phi, squares, squares * phi]) @ self.weight_powers  # (3, ..., 4)
        (p10, p11, p12, p13), (_, p21, p22, p23), (_, _, p32, p33) = split(moments)
        return Moments(p10, p11, p12, p13, p21, p22, p22, p23, p32, p33)

    def taylor(self, distances: int | Distances, x: float) -> Taylor:
        """g, its derivatives, their errors and bounds, at one distance or several."""
        phi = np.multiply.outer(distances, self.thetas(x))  # (..., n_pairs)
        sine, cosine, squares = phi * np.sin(phi), np.cos(phi), phi * phi
        p10, p11, p12, p13, p21, bent, p22, p23, p32, p33 = self.moments(phi, squares, x)
        value_error, slope_error = self._errors(p10, p11, p21, x)
        angle, rounding = (2 * x + 6) * UNIT, (self.n_pairs + 6) * UNIT
        max_curvature = p12 + p22
        return Taylor(
            value=_plain(cosine @ self._weight_columns[0]) + self.constant,
            slope=_plain(sine @ self.speed_weights(x)),
            curvature=_plain(self.curvature(sine, cosine, squares, x)),
            max_curvature=max_curvature * (1 + 1e-12),
            max_third=(p13 + 3 * p23 + p33) * (1 + 1e-12),
            value_error=value_error,
            slope_error=slope_error,
            curvature_error=angle * (p12 + (2 * p22 + bent) + p32) + rounding * max_curvature,
        )

    def slopes(self, distances: Distances, xs: Array) -> tuple[Array, Array, Array, Array]:
        """g and g' at several distances, each at its own x, and bounds on their errors."""
        column: Any = xs[:, None]
        phi = distances[:, None] * self.thetas(column)  # (n_distances, n_pairs)
        w0, w1 = self._weight_columns[0], self.speed_weights(column)
        p10, moved = phi @ w0, phi * w1
        p11, p21 = moved.sum(axis=1), (moved * phi).sum(axis=1)
        return (
            np.cos(phi) @ w0 + self.constant,
            (moved * np.sin(phi)).sum(axis=1),
            *self._errors(p10, p11, p21, xs),
        )

    def _errors(self, p10: Reals, p11: Reals, p21: Reals, x: Reals) -> tuple[Any, Any]:
        """How far g and g' may be off in double precision, by the moments.

        An angle is off by phi (2 x e + 3) units, in a scaled family by phi (2 x e + 6); summing n
        terms adds n units of their sizes.
        """
        rounding = (self.n_pairs + 6) * UNIT
        return (
            UNIT * (2 * x * p11 + 6 * p10) + rounding * (self.weight + abs(self.constant)),
            (2 * x + 6) * UNIT * (p11 + p21) + rounding * p11,
        )

    def rates(self, x: Any, mp: Any) -> tuple[int, list[tuple[int, int, int]]]:
        """theta_i, theta_i' and theta_i'' at x in fixed point, and its bits after the point.

        The powers of one ratio: off by (x e_i + 4 i + 4) units of ``mp`` relative to theta_i.
        """
        from mpmath.libmp import to_fixed  # loaded late: most answers do without

        bits = mp.prec + math.ceil(float(x) / math.log(2)) + 2 * self.rotary_dim.bit_length()
        ratio, theta = to_fixed(mp.exp(-2 * x / self.rotary_dim)._mpf_, bits), 1 << bits
        rates = []
        for i in range(self.n_pairs):
            rate = -2 * i * theta // self.rotary_dim
            rates.append((theta, rate, -2 * i * rate // self.rotary_dim))
            theta = theta * ratio >> bits
        return bits, rates

    def speeds(self, low: float, high: float) -> Array:
        """Bounds on |theta_i| and its first three derivatives from ``low`` to ``high``.

        e_i^k theta_i, which falls with x: shape (4, n_pairs).
        """
        del high
        return self.thetas(low) * (1 + 1e-9) * self.exponents ** np.arange(4)[:, None]

    def member(self, x: Any, mp: Any) -> Any:
        """The base at x, a number of a context."""
        return mp.exp(x)

    def place(self, base: Any, mp: Any) -> Any:
        """x of a base, both numbers of a context."""
        return mp.log(base)

    def near(self, base: Base) -> float:
        """x of a base, or a little below: by far less than what counts as progress."""
        x = float(self.place(float(base), math))
        return max(0.0, x - 16 * UNIT * max(1.0, x))

    def freedom(self, x: float) -> float:
        """About how much of a small relative change of exp(x) one of the base at x is."""
        del x
        return 1.0

    def described(self, x: Any) -> str:
        """The base at x, for a message."""
        return f"base {math.exp(min(float(x), X_MAX)):.15g}"

    def reach(self, distance: int, x: float) -> float:
        """How far from x to the right g is certainly negative: 0 where g(x) is not certainly so.

        The larger of a second-order step, g + g'h + max|g''| h^2/2 <= 0, and a third-order one,
        each with g and its derivatives at the worst end of their errors. Neither can overshoot.
        """
        at = self.taylor(distance, x)
        depth = -at.value - at.value_error
        if depth <= 0:
            return 0.0
        slope = at.slope + at.slope_error
        step = first_crossing(depth, slope, at.max_curvature)
        if math.isinf(step):
            return step
        # Up to a trial length H, g'' <= curvature + max_third t, whose moments up to t = H are
        # those of the constant curvature + max_third H/3 or less.
        curvature = at.curvature + at.curvature_error
        for stretch in (3.0, 1.5, 1.2):
            trial = stretch * step
            bent = curvature + at.max_third * trial / 3
            step = max(step, min(trial, first_crossing(depth, slope, bent)))
        # Room for the rounding of the step itself and of x + step.
        return max(0.0, step * (1 - 1e-9) - 4 * UNIT * max(x, 1.0))


def _plain(value: Reals) -> Reals:
    """A float of a NumPy scalar, an array as it is."""
    return value if value.ndim else float(value)


def first_crossing(depth: float, slope: float, curvature: float) -> float:
    """Smallest h > 0 with -depth + slope h + curvature h^2/2 = 0; infinite where there is none.

    One that lies so far that its terms vanish in double precision counts as none.
    """
    slope, curvature = (0.0 if abs(term) < NOTHING else term for term in (slope, curvature))
    discriminant = slope * slope + 2 * curvature * depth
    if discriminant < 0 or (curvature <= 0 and slope <= 0):
        return math.inf
    root = math.sqrt(discriminant)
    return 2 * depth / (slope + root) if slope > 0 else (root - slope) / curvature


def family_of(
    head_dim: int,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
) -> Family:
    """A Family; ``rotary_dim`` is ``head_dim`` unless given."""
    rotary_dim = head_dim if rotary_dim is None else rotary_dim
    check_dims(head_dim, rotary_dim)
    if weights is not None:
        from ropecalc.scaling.domains import checked_weights

        weights = checked_weights(weights)
    return Family(
        int(head_dim),
        int(rotary_dim),
        weights,
        count_unrotated,
        checked_margin(margin),
    )
