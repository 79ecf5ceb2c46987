"""Intervals of mpmath, in a context of their own: the caller's precision is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from operator import mul

from mpmath.ctx_iv import MPIntervalContext
from mpmath.libmp import (
    from_man_exp,
    libmpi,
    mpf_shift,
    mpf_sign,
    round_ceiling,
    round_floor,
    to_int,
)

from ropecalc.certificate.arithmetic import Exact, Matrix, Real


class Intervals:
    """Arithmetic with mpmath's intervals at ``bits`` bits.

    mpmath rounds a function outwards from the value that it has to a few digits more, which may
    lie to the wrong side of the exact one by less than the last of those. So ``exp``, ``log`` and
    ``cos_sin`` are made wider by two of the ``bits``, which is a million times as much.
    """

    name = "mpmath"

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._context = MPIntervalContext()
        self._context.prec = bits
        hair = Fraction(1, 2 ** (bits - 2))
        self._around_0 = self._hull(-hair, hair)
        self._around_1 = self._hull(1 - hair, 1 + hair)

    def working(self) -> AbstractContextManager[object]:
        """Nothing to keep: the context is this object's own."""
        return nullcontext()

    def number(self, value: Exact) -> Real:
        """An interval around an exact value."""
        exact = Fraction(value)
        return self._integer(exact.numerator) / self._integer(exact.denominator)

    def _hull(self, low: Fraction, high: Fraction) -> Real:
        """The interval from one number to another."""
        return self._context.make_mpf((self.number(low)._mpi_[0], self.number(high)._mpi_[1]))

    def _integer(self, value: int) -> Real:
        """The interval that is one integer, unrounded."""
        point = from_man_exp(value, 0)
        return self._context.make_mpf((point, point))

    def exp(self, x: Real) -> Real:
        """e^x."""
        return self._context.exp(x) * self._around_1

    def log(self, x: Real) -> Real:
        """ln x."""
        return self._context.ln(x) * self._around_1

    def pi(self) -> Real:
        """Half a turn."""
        return self._context.mpf(self._context.pi) * self._around_1

    def cos_sin(self, angle: Real) -> tuple[Real, Real]:
        """Cosine and sine, in one call for half the time."""
        make = self._context.make_mpf
        cosine, sine = libmpi.mpi_cos_sin(angle._mpi_, self.bits)
        return make(cosine) + self._around_0, make(sine) + self._around_0

    def is_negative(self, x: Real) -> bool:
        """Whether the upper end lies below 0; mpmath's own ``x < 0`` may raise."""
        return bool(mpf_sign(x._mpi_[1]) < 0)

    def middle(self, x: Real) -> float:
        """The middle of the interval."""
        return float(x.mid.a)

    def matrix(self, rows: Sequence[Sequence[Real]]) -> Matrix:
        """Integers in units of 2^-bits, and by how many units they are off at most.

        Sums of products of integers are exact and ten times faster than those of intervals.
        """
        whole, radius = [], 0
        for row in rows:
            ends = [self.units(x, self.bits) for x in row]
            radius = max(radius, *(high - low for low, high in ends))
            whole.append([low for low, _ in ends])
        return whole, radius

    def units(self, x: Real, bits: int) -> tuple[int, int]:
        """Both ends in units of 2^-bits, rounded outwards."""
        low, high = (mpf_shift(end, bits) for end in x._mpi_)
        return int(to_int(low, round_floor)), int(to_int(high, round_ceiling))

    def products(self, left: Matrix, right: Matrix) -> list[list[Real]]:
        """Intervals around integer products, with all their errors."""
        (rows, _), (columns, _) = left, right
        error, make = self._error(left, right), self._context.make_mpf

        def around(units: int) -> Real:
            """The interval of all that a sum of this many units may be."""
            return make(tuple(from_man_exp(units + e, -2 * self.bits) for e in (-error, error)))

        return [[around(sum(map(mul, row, column))) for column in columns] for row in rows]

    def _error(self, left: Matrix, right: Matrix) -> int:
        """How far integer products are off, in units of 2^-2bits.

        With |l'| <= e and |r'| <= f the errors,  (l + l')(r + r') - l r  is at most
        |l| f + |r| e + e f  in size, summed over the row and bounded by its largest entries.
        """
        (rows, e), (columns, f) = left, right
        most_left, most_right = (max(max(map(abs, row)) for row in m) for m in (rows, columns))
        return len(rows[0]) * int(most_left * f + most_right * e + e * f)

    def doubtful(self, left: Matrix, right: Matrix, constant: Real) -> list[tuple[int, int]]:
        """Where an integer product with all its errors does not exclude a negative number."""
        (rows, _), (columns, _) = left, right
        threshold = self._error(left, right) - (self.units(constant, self.bits)[0] << self.bits)
        return [
            (i, j)
            for i, row in enumerate(rows)
            for j, column in enumerate(columns)
            if sum(map(mul, row, column)) < threshold
        ]
