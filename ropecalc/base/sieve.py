"""Which distances may break the bound at one x: all of them examined in float32, few let through.

The product of ``similarity`` in single precision, at twice the speed: a filter only. Its caller
adds what single precision may be off by (``Sieve.error``) to the threshold and decides on the few
distances that come through in double precision or better, so that nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

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
    """The similarity of a family at one x, by strips of up to ``span`` distances (at most 2^16)."""

    def __init__(self, family: Family, x: float, span: int) -> None:
        self.x = x
        self._family = family
        self._thetas = family.thetas(x)
        bits = math.ceil(math.log2(max(64, min(span, WIDE_SPAN))))
        column_bits = bits // 2
        self._columns = 2**column_bits
        self.span = 2**bits
        step = np.exp(1j * self._thetas)  # (n,)
        columns, step = _powers(step, column_bits)  # (K, n)
        self._rows, _ = _powers(step, bits - column_bits)  # (span / K, n)
        self._right = np.concatenate([columns.real, columns.imag], axis=1).T  # (2n, K)

    def error(self, stop: int) -> float:
        """A bound on |float32 value - exact value| of g at any distance below ``stop``.

        Single precision: the tables come by doubling, each entry from at most log2(span)
        products; the sum of 2n terms adds 2n units. Double precision: the angle at the strip's
        start, and 2^16 squarings' worth of error in the tables.
        """
        n, family = self._family.n_pairs, self._family
        table = 3 * (math.log2(self.span) + 3) * UNIT32 + 2**18 * UNIT
        phase = (
            stop
            * UNIT
            * float(self._thetas @ (family.pair_weights * (family.theta_units(self.x) + 6)))
        )
        per_pair = 2 * math.sqrt(2) * table + (2 * n + 4) * UNIT32
        return family.weight * per_pair + phase + 2 * UNIT32 * abs(family.constant)

    def below(self, start: int, stop: int, threshold: float) -> tuple[Distances, Array]:
        """Distances start <= m < stop (at most ``span``) whose g may be below ``threshold``.

        Returns them ascending, with their float32 values of g.
        """
        rows = -(-(stop - start) // self._columns)
        weights = self._family.pair_weights * np.exp(1j * (start * self._thetas))
        table = self._rows[:rows] * weights.astype(np.complex64)  # (rows, n)
        left = np.concatenate([table.real, -table.imag], axis=1)  # (rows, 2n)
        values = (left @ self._right).ravel()[: stop - start]
        cut = threshold + self.error(stop) - self._family.constant
        with np.errstate(over="ignore"):  # infinite: all of them may be below it
            highest = np.nextafter(np.float32(cut), np.float32(np.inf))
        found = np.flatnonzero(values < highest)
        return found + start, values[found] + self._family.constant

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
