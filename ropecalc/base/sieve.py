"""Which distances may break the bound at one x: all of them examined in float32, few let through.

The product of ``similarity`` in single precision, at twice the speed: a filter only. Its caller
adds what single precision may be off by (``Sieve.error``) to the threshold and decides on the few
distances that come through in double precision or better, so that nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ropecalc.base.family import Array, Family
from ropecalc.similarity import UNIT, Distances

Complex = NDArray[np.complex64]
UNIT32 = 2.0**-24
# Distances a strip holds: of a search that ends at the first strip with something in it, and of
# one that looks at them all. The tables of the one are cheap to make, those of the other to use.
SPAN, WIDE_SPAN = 2**14, 2**16


class Sieve:
    """The similarity of a family at one x, by strips of up to ``span`` distances (at most 2^16).

    Of every distance, or of every ``stride``-th; of all pairs, or of some, for ``below`` alone.
    What ``nearing`` works in is taken over from ``before``, which is not used again: such memory
    takes longer to come by than the products that fill it.
    """

    def __init__(
        self,
        family: Family,
        x: float,
        span: int,
        before: Sieve | None = None,
        *,
        stride: int = 1,
        pairs: NDArray[np.bool_] | None = None,
    ) -> None:
        self.x = x
        self._family, self._stride = family, stride
        self._pairs = np.ones(family.n_pairs, dtype=np.bool_) if pairs is None else pairs
        self._thetas = family.thetas(x)[self._pairs]
        bits = math.ceil(math.log2(max(64, min(span, WIDE_SPAN))))
        column_bits = bits // 2
        self._columns = 2**column_bits
        self.span = whole = 2**bits
        step = np.exp(1j * stride * self._thetas)  # (n,)
        columns, step = _powers(step, column_bits)  # (K, n)
        self._rows, _ = _powers(step, bits - column_bits)  # (span / K, n)
        self._right = np.concatenate([columns.real, columns.imag], axis=1).T  # (2n, K)
        self._taken: tuple[Array, Array] | None = None
        if before is not None and before.span == whole:
            self._taken = before._taken  # noqa: SLF001

    def _scratch(self, rows: int) -> tuple[Array, Array]:
        """The two sides of a product, to be written: (rows, 2n) and (rows, K)."""
        if self._taken is None:
            most, (size, columns) = 2 * self.span // self._columns, self._right.shape
            self._taken = (
                np.empty((most, size), np.float32),
                np.empty((most, columns), np.float32),
            )
        left, product = self._taken
        return left[:rows], product[:rows]

    def error(self, stop: float) -> float:
        """A bound on |float32 value - exact value| of g at any distance below ``stop``.

        Single precision: the tables come by doubling, each entry from at most log2(span)
        products; the sum of 2n terms adds 2n units. Double precision: the angle at the strip's
        start, and 2^16 squarings' worth of error in the tables.
        """
        fixed, growing = self._blur
        return fixed + stop * growing

    @cached_property
    def _blur(self) -> tuple[float, float]:
        """The error at no distance, and by what it grows with each."""
        family = self._family
        fixed, growing = self._blur_of(family.pair_weights)
        return fixed + 2 * UNIT32 * abs(family.constant), growing

    def _blur_of(self, weights: Array) -> tuple[float, float]:
        """The same for a sum of cosines or sines with other weights."""
        table = 3 * (math.log2(self.span) + 3) * UNIT32 + self._stride * 2**18 * UNIT
        per_pair = 2 * math.sqrt(2) * table + (2 * weights.size + 4) * UNIT32
        units = self._family.theta_units(self.x) + 6
        phase = UNIT * float(self._family.thetas(self.x) @ (weights * units))
        return float(weights.sum()) * per_pair, phase

    def below(self, start: float, stop: float, threshold: float) -> tuple[Any, Array]:
        """Distances start <= m < stop (at most ``span``) whose g may be below ``threshold``.

        Returns them ascending, with their float32 values of g.
        """
        table = self._table(start, stop, self._family.pair_weights[self._pairs])
        left = np.concatenate([table.real, -table.imag], axis=1)  # (rows, 2n)
        values = (left @ self._right).ravel()[: math.ceil((stop - start) / self._stride)]
        found = np.flatnonzero(values < self._cut(stop, threshold))
        return found * self._stride + start, values[found] + self._family.constant

    def _cut(self, stop: float, threshold: float) -> np.float32:
        """What a float32 sum of cosines is below, where g may be below the threshold."""
        cut = threshold + self.error(stop) - self._family.constant
        with np.errstate(over="ignore"):  # infinite: all of them may be below it
            highest: np.float32 = np.nextafter(np.float32(cut), np.float32(np.inf))
        return highest

    def nearing(self, start: int, stop: int, half: float, bends: tuple[float, float]) -> Distances:
        """Distances start <= m < stop whose g may be zero or less within ``half`` of x, either way.

        All others stay above g(x) - |g'(x)| h - m (bends[0] + m bends[1]) h^2/2 > 0 at h = half:
        ``bends`` are of max |g''| the factors of m and m^2. Ascending.
        """
        family, n = self._family, self._family.n_pairs
        speeds = self._thetas * family.speed_weights(self.x)
        sums, waves = (self._table(start, stop, w) for w in (family.pair_weights, speeds))
        rows = len(sums)
        left, product = self._scratch(2 * rows)
        left[:rows, :n], left[rows:, n:] = sums.real, waves.real
        left[rows:, :n] = waves.imag
        np.negative(sums.imag, out=left[:rows, n:])
        np.matmul(left, self._right, out=product)
        values, slopes = product[:rows], product[rows:]  # of g, and of g' / m: (rows, K)
        last = start + self._columns * np.arange(1.0, rows + 1)  # above all m of each row
        turn = half * last
        fixed, growing = self._blur_of(speeds)
        cut = self.error(stop) + turn * (fixed + stop * growing) - family.constant
        cut += last * (bends[0] + last * bends[1]) * half * half / 2
        cut += 4 * UNIT32 * (family.weight + abs(family.constant) + turn * speeds.sum())
        with np.errstate(over="ignore"):  # infinite: all of them may be zero
            highest = np.nextafter(cut.astype(np.float32), np.float32(np.inf))
            np.abs(slopes, out=slopes)
            slopes *= turn.astype(np.float32)[:, None]
            values -= slopes
        found = np.flatnonzero(values < highest[:, None])
        return found[: np.searchsorted(found, stop - start)] + start

    def _table(self, start: float, stop: float, weights: Array) -> Complex:
        """weights_i exp(i m theta_i) at the first distance m of each row: (rows, n)."""
        rows = math.ceil((stop - start) / (self._stride * self._columns))
        first = weights * np.exp(1j * (start * self._thetas))
        table: Complex = self._rows[:rows] * first.astype(np.complex64)
        return table

    def strips_down(self, stop: int) -> Iterator[tuple[int, int]]:
        """[0, stop) in strips from the top, where violations are likeliest, to the bottom."""
        for top in range(stop, 0, -self.span):
            yield max(0, top - self.span), top

    def strips_up(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """[start, stop) in ascending strips."""
        for bottom in range(start, stop, self.span):
            yield bottom, min(stop, bottom + self.span)


def _powers(step: NDArray[np.complex128], bits: int) -> tuple[Complex, NDArray[np.complex128]]:
    """step^k for 0 <= k < 2^bits by doubling, shape (2^bits, n), and step^(2^bits)."""
    table = np.empty((2**bits, step.size), dtype=np.complex64)
    table[0] = 1
    for bit in range(bits):
        size = 2**bit
        np.multiply(table[:size], step.astype(np.complex64), out=table[size : 2 * size])
        step = step * step
    return table, step
