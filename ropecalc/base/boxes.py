"""The sieve by boxes: neighbouring distances on short stretches of x, cleared together.

In a box of W distances around c, on a stretch of x up to h to either side of its middle, the angle
of pair i is off that at c and in the middle by no more than

    t_i  =  theta_i (W - 1) / 2  +  m |theta_i'| h,

m being the last distance. So its cosine is at least cos(t_i) cos(angle) - sin(t_i), -1 at the most,
for every t_i up to pi/2, and what that adds up to over the pairs is a product over a W-th of the
distances. Where it does not clear a box, each of its distances is judged by itself: for |x'| <= h

    g(x + x')  >=  g(x) - |g'(x)| h - max|g''| h^2/2.

All stretches of a walk's stride are examined at once: single products are so small that calling
for them would take most of the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ropecalc.base.family import Array, Family
from ropecalc.base.sieve import UNIT32, WIDE_SPAN, Complex, float32_above, powers
from ropecalc.similarity import MAX_POSITIONS, UNIT, Distances

WIDTH = 16  # distances in a box, of a walk
# In a box of one evaluation, up to which distance: a wrong base breaks the bound early.
WIDTHS = ((1, 2**15), (4, 2**21), (WIDTH, MAX_POSITIONS))
OPENED = 2**14  # boxes at once: 8 MB an array


class Bounds(NamedTuple):
    """What a walk knows of all distances on a stretch of x."""

    steepness: float
    """Of |g'| the factor of m."""
    bend: float
    """Of |g''| the factor of m."""
    square: float
    """Of |g''| the factor of m^2."""


class Near(NamedTuple):
    """Distances that may be zero or less somewhere on a stretch, each with the stretch's number."""

    stretches: Distances
    distances: Distances


def joined(parts: Iterable[Near]) -> Near:
    """All of several."""
    nothing = np.empty(0, np.int64)
    stretches, distances = zip(*parts, (nothing, nothing), strict=True)
    return Near(np.concatenate(stretches), np.concatenate(distances))


class Boxes:
    """All distances below a context, on ``count`` stretches of x from ``low`` on."""

    def __init__(
        self,
        family: Family,
        low: float,
        length: float,
        context: int,
        *,
        count: int = 1,
        width: int = WIDTH,
    ) -> None:
        high = low + length
        self._family, self._width, self._high = family, width, high
        self._half = length / count / 2 + 4 * UNIT * max(1.0, high)
        self._fastest, self._speeds = family.speeds(low, high)[:2]  # (n,)
        middles = (low + (np.arange(count) + 0.5) * (length / count)).tolist()
        self._thetas = np.array([family.thetas(x) for x in middles])  # (P, n)
        speeds = np.array([family.speed_weights(x) for x in middles]) * self._thetas
        bits = math.ceil(math.log2(max(64, min(-(-context // width), WIDE_SPAN))))
        self._bits, self._columns = bits, 2 ** (bits // 2)
        self.span = width * 2**bits
        step = np.exp(1j * width * self._thetas)
        self._across, step = powers(step, bits // 2)  # (P, K, n)
        self._down, _ = powers(step, bits - bits // 2)  # (P, R, n)
        self._right = _real_parts_with(self._across)  # (P, 2n, K)
        off = np.arange(width) - (width - 1) / 2
        beside = np.exp(1j * off[:, None] * self._thetas[:, None])  # (P, W, n)
        weighted = [family.pair_weights * beside, -1j * speeds[:, None] * beside]
        self._beside = _real_parts_with(np.concatenate(weighted, axis=1))  # (P, 2n, 2W)
        self.bounds = bounds_from(family, low)

    def near(self, context: int) -> Near:
        """The distances 0 < m < context that may be zero or less on one of the stretches."""
        return joined(self.strip(*strip) for strip in self.strips(0, context))

    def strips(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """[start, stop) in ascending strips."""
        for bottom in range(start, stop, self.span):
            yield bottom, min(stop, bottom + self.span)

    def strip(self, start: int, stop: int) -> Near:
        """Those with start <= m < stop, at most ``span``; ascending on each stretch."""
        middle = start + (self._width - 1) / 2
        rows = math.ceil((stop - start) / (self._width * self._columns))
        first = np.exp(1j * (middle * self._thetas)).astype(np.complex64)
        table = self._down[:, :rows] * first[:, None]
        turns = self._fastest * ((self._width - 1) / 2) + stop * self._half * self._speeds
        turns = np.minimum(turns * (1 + 1e-12), math.pi / 2)
        weights = self._family.pair_weights
        damped, lost = weights * np.cos(turns), float(weights @ np.sin(turns))
        values = (table * damped.astype(np.float32)).view(np.float32) @ self._right  # (P, R, K)
        cut = lost + self._error(stop, damped) - self._family.constant
        stretch, row, column = np.nonzero(values < float32_above(cut))
        firsts = start + (row * self._columns + column) * self._width
        parts = []
        for at in range(0, firsts.size, OPENED):
            some = slice(at, at + OPENED)
            angles = table[stretch[some], row[some]]
            angles *= self._across[stretch[some], column[some]]  # (k, n)
            parts.append(self._opened(angles, stretch[some], firsts[some], stop))
        return joined(parts)

    def _opened(self, angles: Complex, stretch: Distances, firsts: Distances, stop: int) -> Near:
        """The distances of boxes, one by one."""
        family, half = self._family, self._half
        sums = np.empty((firsts.size, 2 * self._width), np.float32)
        ends = np.searchsorted(stretch, np.arange(len(self._thetas) + 1)).tolist()
        for part, beside in enumerate(self._beside):
            some = slice(ends[part], ends[part + 1])
            np.matmul(angles[some].view(np.float32), beside, out=sums[some])
        values, waves = sums[:, : self._width], sums[:, self._width :]  # of g, and of g' / m
        last = firsts + float(self._width)
        turn = half * last
        speeds = family.pair_weights * self._speeds
        _, bend, square = self.bounds
        cut = turn * self._error(stop, speeds) + last * (bend + last * square) * half * half / 2
        cut += self._error(stop, family.pair_weights) - family.constant
        cut += 4 * UNIT32 * (family.weight + abs(family.constant) + turn * speeds.sum())
        np.abs(waves, out=waves)
        waves *= turn.astype(np.float32)[:, None]
        values -= waves
        box, beside = np.nonzero(values < float32_above(cut)[:, None])
        distances = firsts[box] + beside
        inside = (distances > 0) & (distances < stop)
        return Near(stretch[box][inside], distances[inside])

    def error(self, stop: int) -> float:
        """A bound on what g is off by at a distance below ``stop``."""
        return self._error(stop, self._family.pair_weights)

    def _error(self, stop: int, weights: Array) -> float:
        """A bound on what a sum with these weights is off by: as that of ``Sieve``.

        Of the single numbers of a box, three products more.
        """
        table = 3 * (self._bits + 6) * UNIT32 + self._width * 2**18 * UNIT
        units = self._family.theta_units(self._high) + 6
        phase = stop * UNIT * float(self._fastest @ (weights * units))
        per_pair = 2 * math.sqrt(2) * table + (2 * weights.size + 6) * UNIT32
        constant = 2 * UNIT32 * abs(self._family.constant)
        return float(weights.sum()) * per_pair + phase + constant


def bounds_from(family: Family, x: float) -> Bounds:
    """The bounds from x on to the right."""
    thetas = family.thetas(x) * (1 + 1e-12)
    bends, squares = family.bend_weights(x)
    return Bounds(
        float(thetas @ family.speed_weights(x)),
        float(thetas @ bends),
        float((thetas * thetas) @ squares),
    )


def _real_parts_with(numbers: NDArray[np.complexfloating[Any, Any]]) -> Array:
    """What the parts of e^(i a), in turn, give the real parts of e^(i a) z with: (P, 2n, K)."""
    parts: Array = np.conj(numbers).astype(np.complex64).view(np.float32)  # (P, K, 2n)
    return parts.transpose(0, 2, 1)
