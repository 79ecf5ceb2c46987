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
SPAN = 2**14  # distances a strip holds: tables of one as long are cheap to make
WIDE_SPAN = 2**16  # the longest: its tables are cheaper to use


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
        columns, step = powers(step, column_bits)  # (K, n)
        self._rows, _ = powers(step, bits - column_bits)  # (span / K, n)
        self._right = columns.conj().view(np.float32).T  # (2n, K)

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
        table = 3 * (math.log2(self.span) + 3) * UNIT32 + 2**18 * UNIT
        units = family.theta_units(self.x) + 6
        phase = UNIT * float(self._thetas @ (family.pair_weights * units))
        per_pair = 2 * math.sqrt(2) * table + (2 * family.n_pairs + 4) * UNIT32
        return family.weight * per_pair + 2 * UNIT32 * abs(family.constant), phase

    def below(self, start: int, stop: int, threshold: float) -> tuple[Distances, Array]:
        """Distances start <= m < stop (at most ``span``) whose g may be below ``threshold``.

        Returns them ascending, with their float32 values of g.
        """
        rows = math.ceil((stop - start) / self._columns)
        first = self._family.pair_weights * np.exp(1j * (start * self._thetas))
        left = self._rows[:rows] * first.astype(np.complex64)  # (rows, n)
        values = (left.view(np.float32) @ self._right).ravel()[: stop - start]
        cut = threshold + self.error(stop) - self._family.constant
        found = np.flatnonzero(values < float32_above(cut))
        return found + start, values[found] + self._family.constant

    def strips_up(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """[start, stop) in ascending strips."""
        for bottom in range(start, stop, self.span):
            yield bottom, min(stop, bottom + self.span)


def float32_above(cut: Any) -> Any:
    """What is above a number, or numbers, in single precision."""
    with np.errstate(over="ignore"):  # infinite: all of them may be below it
        return np.nextafter(np.asarray(cut, np.float32), np.float32(np.inf))


def powers(step: NDArray[np.complex128], bits: int) -> tuple[Complex, NDArray[np.complex128]]:
    """step^k for 0 <= k < 2^bits by doubling, shape (..., 2^bits, n), and step^(2^bits)."""
    table = np.empty((*step.shape[:-1], 2**bits, step.shape[-1]), dtype=np.complex64)
    table[..., 0, :] = 1
    for bit in range(bits):
        size, factor = 2**bit, step.astype(np.complex64)[..., None, :]
        np.multiply(table[..., :size, :], factor, out=table[..., size : 2 * size, :])
        step = step * step
    return table, step
