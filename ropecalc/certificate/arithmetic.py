"""What the verifier needs of numbers that carry their own error.

A ``Real`` stands for a set of real numbers that is certain to contain the exact one; sums, products
and functions of Reals contain those of the exact numbers. Two libraries supply them: intervals
(mpmath) and balls (Arb). Integers and Reals mix in sums and products.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

Real = Any  # neither library is typed
Matrix = Any
Exact = Fraction | Decimal | float  # what has an exact value


class Arithmetic(Protocol):
    """Numbers of one library at one precision."""

    name: str
    bits: int

    def working(self) -> AbstractContextManager[object]:
        """Keeps the precision while it is entered; only Arb's is global."""

    def number(self, value: Exact) -> Real:
        """A Real that contains an exact value."""

    def exp(self, x: Real) -> Real:
        """e^x."""

    def log(self, x: Real) -> Real:
        """ln x."""

    def pi(self) -> Real:
        """Half a turn."""

    def cos_sin(self, angle: Real) -> tuple[Real, Real]:
        """Cosine and sine."""

    def is_negative(self, x: Real) -> bool:
        """Whether the number is certainly below 0."""

    def middle(self, x: Real) -> float:
        """About where the number lies."""

    def units(self, x: Real, bits: int) -> tuple[int, int]:
        """Integers at most and at least x 2^bits, close to it."""

    def matrix(self, rows: Sequence[Sequence[Real]]) -> Matrix:
        """Rows of one length, for ``doubtful``."""

    def products(self, left: Matrix, right: Matrix) -> list[list[Real]]:
        """left_i . right_j  for every row i of one matrix and j of the other."""

    def doubtful(self, left: Matrix, right: Matrix, constant: Real) -> list[tuple[int, int]]:
        """Every (i, j) where  left_i . right_j + constant  is not certainly >= 0."""
