"""An octave of distances around one x, in integers: those whose g cannot fall below zero there.

With m = s + aK + j the sums over the pairs are a matrix product, as in ``everywhere``, but of
integers: A for the rows, weighted turns, and B for the columns, turns in units of 2^-COARSE. No
partial sum reaches 2^53, so that float64 holds every one exactly: NumPy's product is exact in
whatever order, on how many threads and with whatever instructions it is summed. All the rest is
integers of 64 bits or of any size. So all machines get the same.

Weights are in units of 1/scale, a power of two for which  scale sum_i w_i + n <= 2^WEIGHT.  Let

    E     be 2 levels + 2, which is more than a product of two turns is off (see ``turns``) in units
          of 2^-TURN, where the tables of rows and columns together have as many doublings;
    W_i   scale w_i, rounded to the nearest: at most 2^WEIGHT together;
    R_i   scale w_i e_i theta_i, rounded up by less than 3;
    c, t  be the x examined, and how far to both sides, t <= 1/2. From c - t on theta_i is at most
          exp(t) <= 1 + 2t times what it is at c.

Two tests show  g >= 0  at m for all x from c - t to c + t.

The first takes  |g'| <= m sum_i w_i e_i theta_i.  Its product is off by less than

    2 (n + E/4) (2^COARSE + 1) + (1 + E/2^6) 2^WEIGHT       units of 2^-COARSE/scale:

a cosine and a sine of each pair count; A_i = W_i c_a is off by 1/2 for W_i, by W_i E 2^-TURN and
by 1/2 for its own rounding, times at most 2^COARSE + 1; B_i is off by 1/2 and E/2^7, times at most
scale w_i. And the sizes of all products of a sum together are at most
2 (2^WEIGHT + n + E/4) (2^COARSE + 1) < 2^53.

The second, for the distances that the first leaves, takes g and g' at c and a bound on |g''|:
g - |g'| t - max|g''| t^2/2.  In units of 2^-TURN/scale its g is off by less than
2^WEIGHT E + n 2^TURN,  and its g'/m by less than  E sum_i R_i + 3n 2^TURN.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from ropecalc.certificate.format import Claim
from ropecalc.certificate.turns import (
    FINE,
    TURN,
    Integers,
    Objects,
    Turns,
    binary_powers,
    frequencies,
    product,
    shifted,
    table,
)

COARSE, WEIGHT = 23, 28
PLACE = 40  # bits after the point of an x and of a half-width
WIDEST = 1 << (PLACE - 1)  # half-width: t = 1/2
CHUNK = 4_096  # distances in a second test at a time
STRIP = 16  # rows of a product at a time
SMALL = 2**18  # terms of a product that OpenBLAS leaves on one thread: more only wait here
FAR = 1 << 60  # beyond what any product reaches


class Weights:
    """A claim's weights, and what goes with them, as integers in units of 1/scale."""

    def __init__(self, claim: Claim) -> None:
        self.n_pairs = n = claim.n_pairs
        weights = [Fraction(weight) for weight in claim.weights or [1] * n]
        total, margin = sum(weights, Fraction(0)), Fraction(claim.margin)
        scale = _power_of_two_up_to(((1 << WEIGHT) - n) / total)
        self._constant = scale * (claim.unrotated_pairs * (1 - margin) - margin * total)
        scaled = [scale * weight for weight in weights]
        self.values = np.array([round(weight) for weight in scaled], dtype=np.int64)
        # w_i e_i and w_i e_i^2, rounded up
        self.rates, self.bends = (
            np.array([ceil(w * Fraction(i, n) ** k) for i, w in enumerate(scaled)], dtype=np.int64)
            for k in (1, 2)
        )

    def constant(self, bits: int) -> int:
        """u - tau S(0) in units of 2^-bits/scale, rounded down."""
        return floor(self._constant * (1 << bits))


class Octave:
    """The distances of a range that begins with a power of two."""

    def __init__(self, weights: Weights, distances: range) -> None:
        self.weights, self.distances = weights, distances
        n, levels = weights.n_pairs, (len(distances) - 1).bit_length()
        widest = (SMALL // (STRIP * 2 * n)).bit_length() - 1
        self.column_levels = min(widest, levels - levels // 2)
        self.row_levels = levels - self.column_levels
        self.error = 2 * levels + 2
        rows = ceil((n + Fraction(self.error, 4)) * 2 * ((1 << COARSE) + 1))
        self.product_error = rows + ceil((1 + Fraction(self.error, 2**6)) * 2**WEIGHT)
        self.value_error = (self.error << WEIGHT) + (n << TURN)

    def around(self, ratio: int) -> Around:
        """What the x shows whose q this is, in units of 2^-FINE and off by at most 2."""
        thetas = frequencies(ratio, self.weights.n_pairs)
        return Around(self, thetas, *self._tables(thetas))

    def _tables(self, thetas: Objects) -> tuple[Turns, Turns]:
        """The turns of rows and of columns."""
        first = self.distances.start.bit_length() - 1
        columns, levels = self.column_levels, self.column_levels + self.row_levels
        powers = binary_powers(thetas, 1 + max(first, levels))
        one = np.full(thetas.shape, 1 << TURN, dtype=np.int64)
        left = table(powers[first], powers[columns:levels])
        return left, table((one, 0 * one), powers[:columns])

    def lowest(self) -> list[int]:
        """Every distance at which the first pair's cosine, cos(m), may be the lowest."""
        left, (cosines, sines) = self._tables(frequencies(0, 1))
        found = product(left, (cosines.T, sines.T))[0].ravel()[: len(self.distances)]
        near = np.flatnonzero(found <= found.min() + 2 * self.error)
        return (self.distances.start + near).tolist()


class Around:
    """One x: the turns of all distances of an octave, and bounds that hold from there on."""

    def __init__(self, octave: Octave, thetas: Objects, left: Turns, right: Turns) -> None:
        self.octave, self._left, self._right = octave, left, right
        upper = (thetas >> (FINE - TURN)).astype(np.int64) + 2
        self._rates, bends = (
            _times(w, upper) for w in (octave.weights.rates, octave.weights.bends)
        )
        # |g'| <= m steepness  and  |g''| <= m (bends_1 + m bends_2), in units of 1/scale
        self._steepness = int(self._rates.sum())
        self.slope_error = octave.error * self._steepness + (3 * octave.weights.n_pairs << TURN)
        self._bends = int(bends.sum()), int(_times(bends, upper).sum())

    def narrowest(self) -> int:
        """The half-width below which the first test gains little: its errors weigh as much."""
        loss = self._loss(1) * self.octave.distances[-1]
        return min(WIDEST, self.octave.product_error // loss) if loss else WIDEST

    def doubtful(self, half: int, most: int) -> list[int] | None:
        """Every distance at which g >= 0 from c - t to c + t is not shown, ascending.

        t is half 2^-PLACE, at most 1/2. None where the first test alone leaves more than ``most``.
        """
        if not 0 < half <= WIDEST:
            raise ValueError(f"half must be from 1 to {WIDEST}, got {half}")
        left = self._first(half)
        if left.size > most:
            return None
        chunks = (left[at : at + CHUNK] for at in range(0, left.size, CHUNK))
        return [m for chunk in chunks for m in self._second(chunk, half)]

    def _loss(self, half: int) -> int:
        """Of g for each token, by the bound on its slope, in units of 2^-COARSE/scale."""
        t = Fraction(half, 1 << PLACE)
        return ceil(self._steepness * t * (1 + 2 * t) * (1 << COARSE))

    def _first(self, half: int) -> Integers:
        """The distances that the first test leaves."""
        octave, loss = self.octave, self._loss(half)
        base = octave.product_error - octave.weights.constant(COARSE)
        start, columns = octave.distances.start, 1 << octave.column_levels
        ends = range(start + columns, start + columns * len(self._left[0]) + 1, columns)
        # A limit beyond FAR compares with every product as it should, rounded or not.
        limits = [float(max(-FAR, min(FAR, base + loss * end))) for end in ends]
        below = self._products() < np.array(limits)[:, None]
        return start + np.flatnonzero(below.ravel()[: len(octave.distances)])

    def _products(self) -> NDArray[np.float64]:
        """sum_i w_i cos(m theta_i), in units of 2^-COARSE/scale, shape (n_rows, n_columns)."""
        weights = self.octave.weights.values
        cosines, sines = (shifted(weights * part, TURN) for part in self._left)
        left = np.concatenate([cosines, -sines], axis=1).astype(np.float64)
        parts = [shifted(part, TURN - COARSE) for part in self._right]
        right = np.concatenate(parts, axis=1).astype(np.float64)
        strips = left.reshape(-1, min(STRIP, len(left)), left.shape[1])
        products: NDArray[np.float64] = strips @ right.T
        return products.reshape(len(left), len(right))

    def _second(self, distances: Integers, half: int) -> Iterator[int]:
        """The distances that the second test leaves."""
        base = self.octave.weights.constant(TURN) - self.octave.value_error
        linear, square = self._bend_losses(half)
        values, slopes = self._expanded(distances)
        for m, value, slope in zip(*(a.tolist() for a in (distances, values, slopes)), strict=True):
            steep = ((abs(slope) + self.slope_error) * half) >> PLACE
            if value + base < m * (steep + 1 + linear + m * square):
                yield m

    def _expanded(self, distances: Integers) -> tuple[Integers, Integers]:
        """g less its constant, and g'/m, in units of 2^-TURN/scale."""
        octave = self.octave
        rows, columns = np.divmod(distances - octave.distances.start, 1 << octave.column_levels)
        cosines, sines = product(
            (self._left[0][rows], self._left[1][rows]),
            (self._right[0][columns], self._right[1][columns]),
        )
        return cosines @ octave.weights.values, sines @ self._rates

    def _bend_losses(self, half: int) -> tuple[int, int]:
        """Of g by the bound on |g''|, for each m and each m^2, in units of 2^-TURN/scale."""
        t = Fraction(half, 1 << PLACE)
        linear, square = (ceil(b * ((1 + 2 * t) * t) ** 2 / 2 * 2**TURN) for b in self._bends)
        return linear, square


def _times(weights: Integers, thetas: Integers) -> Integers:
    """Products of weights and of numbers in units of 2^-TURN, rounded up."""
    return -((-weights * thetas) >> TURN)


def _power_of_two_up_to(value: Fraction) -> Fraction:
    """The largest power of two that is at most a positive number."""
    power = Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length())
    return power if power <= value else power / 2
