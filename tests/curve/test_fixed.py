"""Signs in fixed point: the same as those of fifty digits, or none."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import fixed, scaling
from ropecalc.exact import excess
from tests.tools.oracle import excess_ball


@pytest.mark.slow
@given(
    st.floats(1.0001, 1e12),
    st.integers(1, 48),
    st.integers(1, 2**30),
    st.floats(0, 1),
    st.integers(0, 3),
)
def test_a_sign_is_that_of_multiple_precision(
    base: float, half: int, distance: int, margin: float, unrotated: int
) -> None:
    spectrum = scaling.default(base, 2 * half + 2 * unrotated, rotary_dim=2 * half)
    sign = fixed.sign(spectrum, distance, Decimal(margin))
    value, error = excess(spectrum, distance, Decimal(margin), 60)
    assert sign == (1 if value > 0 else -1)
    assert abs(value) > error


@given(
    st.lists(st.floats(0, 1e6), min_size=6, max_size=6).filter(lambda some: max(some) >= 1e-30),
    st.integers(1, 10**6),
)
def test_weights_are_taken_exactly(weights: list[float], distance: int) -> None:
    spectrum = scaling.default(1e4, 12, weights=weights)
    sign = fixed.sign(spectrum, distance, Decimal(0))
    ball = excess_ball(1e4, 12, distance, weights=weights, bits=300)
    assert sign is None or (ball > 0 if sign == 1 else ball < 0)


def test_neighbours_of_a_root_are_told_apart() -> None:
    """At 65,374,955.144... S(935,093) is zero for 128 dimensions."""
    above = 65374955.144081
    signs = [
        fixed.sign(scaling.default(base, 128), 935_093, Decimal(0))
        for base in (math.nextafter(above, 0), above)
    ]
    assert signs == [-1, 1]


def test_a_sign_that_it_cannot_tell_is_none() -> None:
    spectrum = scaling.default(1e4, 2)
    assert fixed.sign(spectrum, 0, Decimal(1)) is None


@pytest.mark.parametrize("distance", [2**36, 2**40])
def test_beyond_its_reach_it_says_nothing(distance: int) -> None:
    assert fixed.sign(scaling.default(1e4, 8), distance, Decimal(0)) is None
