"""Cosines and sines of many multiples of the angular frequencies, in integers alone.

All that is asked of an Arithmetic is one number, q = exp(-2x/r), as an integer that is off by at
most 2 units of 2^-FINE. From it integers of any size, in NumPy's arrays of objects, make

    theta_i = q^i,     z_i = exp(i theta_i / 2^HALVINGS) by its series,     z_i^2, z_i^4, z_i^8 ...

and integers of 64 bits make the powers in between. Only shifts and divisions of integers round, so
that all machines get the same. How far a number is off at most, for r <= 1,024 and distances up to
2^20, a complex one as a modulus, in units of 2^-FINE:

theta_i   3i - 1 < 2^11. A product of two numbers up to 1 that are off by e and f is off by less
          than e + f + 1, its shift included; q by 2; and 3a - 1 + 3b - 1 + 1 <= 3(a + b) - 1.
z_i       2^6. With y = theta_i / 2^HALVINGS <= 2^-8, off by 2^3, the terms y^k / k! are off by 10
          for k = 1 and by 3 for each other k; those after the last come to less than 1.
squares   (2^6 + 2) 2^28 < 2^35, which is 2^-75: each squaring makes e less than 2e + 2, its two
          shifts included, and there are 8 + 20 of them at most.

and from there on in units of 2^-TURN:

rounding  0.71: a half in each part, and a hair.
tables    2 for each doubling: a product with such a power adds 0.71 for the power, 0.71 for its own
          rounding, and a hair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Objects = NDArray[np.object_]  # integers of any size
Turns = tuple[Integers, Integers]  # cosines and sines in units of 2^-TURN, of one shape
FINE, TURN, HALVINGS, TERMS = 110, 30, 8, 10


def frequencies(ratio: int, n_pairs: int) -> Objects:
    """theta_i in units of 2^-FINE, from q in the same units."""
    thetas, power = np.array([1 << FINE], dtype=object), ratio
    while thetas.size < n_pairs:
        thetas = np.concatenate([thetas, (thetas * power) >> FINE])
        power = (power * power) >> FINE
    return thetas[:n_pairs]


def binary_powers(thetas: Objects, count: int) -> list[Turns]:
    """exp(i 2^k theta) for k = 0 .. count - 1, shape (n_pairs,) each."""
    cosine, sine = _series(thetas)
    for _ in range(HALVINGS):
        cosine, sine = _square(cosine, sine)
    powers = []
    for _ in range(count):
        powers.append((_coarse(cosine), _coarse(sine)))
        cosine, sine = _square(cosine, sine)
    return powers


def table(first: Turns, powers: Sequence[Turns]) -> Turns:
    """first * exp(i j s theta) for j = 0 .. 2^len(powers) - 1, by the powers s, 2s, 4s, ...

    Shape (2^len(powers), n_pairs).
    """
    cosines, sines = first[0][None, :], first[1][None, :]
    for power in powers:
        more = product((cosines, sines), power)
        cosines, sines = np.concatenate([cosines, more[0]]), np.concatenate([sines, more[1]])
    return cosines, sines


def product(left: Turns, right: Turns) -> Turns:
    """The complex product, each part rounded to the nearest unit."""
    (a, b), (c, d) = left, right
    return shifted(a * c - b * d, TURN), shifted(a * d + b * c, TURN)


def shifted(values: Integers, bits: int) -> Integers:
    """Values / 2^bits, rounded to the nearest."""
    rounded: Integers = (values + (1 << (bits - 1))) >> bits
    return rounded


def _series(thetas: Objects) -> tuple[Objects, Objects]:
    """Cosine and sine of theta / 2^HALVINGS, term by term."""
    term = np.full(thetas.shape, 1 << FINE, dtype=object)
    parts = [term, 0 * term]
    for k in range(1, TERMS + 1):
        term = ((term * thetas) >> (FINE + HALVINGS)) // k
        parts[k % 2] = parts[k % 2] + (term if k % 4 < 2 else -term)
    return parts[0], parts[1]


def _square(cosine: Objects, sine: Objects) -> tuple[Objects, Objects]:
    return ((cosine - sine) * (cosine + sine)) >> FINE, (cosine * sine) >> (FINE - 1)


def _coarse(part: Objects) -> Integers:
    """From units of 2^-FINE to those of 2^-TURN, rounded to the nearest."""
    down = FINE - TURN
    coarse: Integers = ((part + (1 << (down - 1))) >> down).astype(np.int64)
    return coarse
