"""One base: the bound holds at every distance of a context.

With m = aK + j,  cos(m t) = cos(aK t) cos(j t) - sin(aK t) sin(j t):  a matrix product over tables
of O(sqrt L) cosines and sines. What the product cannot tell from zero is examined again, with as
many bits as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ropecalc.certificate.arithmetic import Real
from ropecalc.certificate.backends import arithmetic_of
from ropecalc.certificate.format import Claim
from ropecalc.certificate.head import Head

STRIP = 32  # rows of a product
MOST_ENTRIES = 2**20  # of a table: 100 MB
MOST_BITS = 8_192

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A distance at which the bound is not shown to hold."""

    distance: int
    reason: str


def shortfall(claim: Claim, head: Head, base: Decimal, tick: Tick) -> Shortfall | None:
    """The first distance below the context at which ``base`` is not shown to meet the bound.

    Distance 0 is left out: S(0) >= tau S(0), since tau <= 1. ``tick`` is called with the number of
    distances done.
    """
    for distance in _doubtful(claim, head, base, tick):
        if distance > 0:
            found = _decide(claim, head, base, distance)
            if found is not None:
                return found
    return None


def _doubtful(claim: Claim, head: Head, base: Decimal, tick: Tick) -> Iterator[int]:
    """Distances whose g is not certainly >= 0, ascending."""
    thetas = thetas_of(head, base)
    most = max(1, MOST_ENTRIES // claim.rotary_dim)  # rows that fit
    columns, strip = min(most, 1 << (claim.context.bit_length() // 2)), min(most, STRIP)
    right = head.arithmetic.matrix([turned(head, thetas, j) for j in range(columns)])
    n_rows = -(-claim.context // columns)
    for first in range(0, n_rows, strip):
        rows = range(first, min(n_rows, first + strip))
        left = head.arithmetic.matrix([_weighted(head, thetas, a * columns) for a in rows])
        for row, column in head.arithmetic.doubtful(left, right, head.constant):
            distance = (first + row) * columns + column
            if distance < claim.context:
                yield distance
        tick(min(claim.context, (first + len(rows)) * columns))


def thetas_of(head: Head, base: Decimal) -> list[Real]:
    """The angular frequencies of a base or a factor."""
    return head.thetas(head.place(base))


def turned(head: Head, thetas: Sequence[Real], distance: int) -> list[Real]:
    """cos(m theta_i) of every pair, then sin(m theta_i) of every pair."""
    both = [head.arithmetic.cos_sin(theta * distance) for theta in thetas]
    return [cosine for cosine, _ in both] + [sine for _, sine in both]


def _weighted(head: Head, thetas: Sequence[Real], distance: int) -> list[Real]:
    """w_i cos(m theta_i), then -w_i sin(m theta_i)."""
    both, n = turned(head, thetas, distance), head.n_pairs
    signed = both[:n] + [-sine for sine in both[n:]]
    return [weight * x for weight, x in zip(2 * head.weights, signed, strict=True)]


def _decide(claim: Claim, head: Head, base: Decimal, distance: int) -> Shortfall | None:
    sign, value = sign_of(claim, head, base, distance)
    if sign > 0:
        return None
    if sign < 0:
        return Shortfall(distance, f"S({distance}) is below it by {-value:.3g}")
    return Shortfall(distance, f"the sign of S({distance}) is unknown at {MOST_BITS} bits")


def sign_of(claim: Claim, head: Head, base: Decimal, distance: int) -> tuple[int, float]:
    """The sign of g at one distance, 0 where it stays unknown, and about its value.

    With more and more bits until it is certain.
    """
    bits = 2 * head.arithmetic.bits
    while bits <= MOST_BITS:
        arithmetic = arithmetic_of(head.arithmetic.name, bits)
        with arithmetic.working():
            precise = Head(claim, arithmetic)
            value = precise.value(distance, thetas_of(precise, base))
            for sign in (-1, 1):
                if arithmetic.is_negative(value * -sign):
                    return sign, arithmetic.middle(value)
        bits *= 2
    return 0, 0.0
