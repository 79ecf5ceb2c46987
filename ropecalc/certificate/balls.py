"""Balls of Arb, through python-flint."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from fractions import Fraction

import flint

from ropecalc.certificate.arithmetic import Exact, Matrix, Real


class Balls:
    """Arithmetic with Arb's balls at ``bits`` bits; use it inside ``working``."""

    name = "arb"

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def working(self) -> AbstractContextManager[object]:
        """Sets python-flint's precision, which is global, and puts it back."""
        working: AbstractContextManager[object] = flint.ctx.workprec(self.bits)
        return working

    def number(self, value: Exact) -> Real:
        """A ball around an exact value."""
        exact = Fraction(value)
        return flint.arb(exact.numerator) / flint.arb(exact.denominator)

    def exp(self, x: Real) -> Real:
        """e^x."""
        return x.exp()

    def log(self, x: Real) -> Real:
        """ln x."""
        return x.log()

    def pi(self) -> Real:
        """Half a turn."""
        return flint.arb.pi()

    def cos_sin(self, angle: Real) -> tuple[Real, Real]:
        """Cosine and sine."""
        sine, cosine = angle.sin_cos()
        return cosine, sine

    def is_negative(self, x: Real) -> bool:
        """Whether the whole ball lies below 0."""
        return bool(x < 0)

    def middle(self, x: Real) -> float:
        """The middle of the ball."""
        return float(x.mid())

    def units(self, x: Real, bits: int) -> tuple[int, int]:
        """Both ends in units of 2^-bits, rounded outwards."""
        units = x * flint.arb(2) ** bits
        return int(units.lower().floor().unique_fmpz()), int(units.upper().ceil().unique_fmpz())

    def matrix(self, rows: Sequence[Sequence[Real]]) -> Matrix:
        """An Arb matrix."""
        return flint.arb_mat([list(row) for row in rows])

    def products(self, left: Matrix, right: Matrix) -> list[list[Real]]:
        """The matrix product with the transpose."""
        products: list[list[Real]] = (left * right.transpose()).tolist()
        return products

    def doubtful(self, left: Matrix, right: Matrix, constant: Real) -> list[tuple[int, int]]:
        """Where an entry of the product, as a ball, reaches below ``-constant``."""
        threshold = -constant
        return [
            (i, j)
            for i, row in enumerate(self.products(left, right))
            for j, value in enumerate(row)
            if not value >= threshold
        ]
