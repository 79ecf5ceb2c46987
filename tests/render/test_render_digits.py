"""Numbers on screen: rounded to the safe side, and never beyond what is known to hold."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ropecalc.render.digits import (
    exact,
    fixed,
    option,
    power_of_ten,
    round_up,
    similarity,
    window_ends,
)

bases = st.floats(min_value=1.0, max_value=1e300)


def read(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (629978.262855044, 10, "629,978.2629"),
        (629978.262855044, 7, "629,978.3"),
        (629978.262855044, 2, "630,000"),
        (4869104.371, 10, "4,869,104.371"),
        (65374955.14, 4, "65,380,000"),
        (1.0, 10, "1"),
        (math.nextafter(1.0, 2.0), 10, "1.000000001"),
        (629979.0, 10, "629,979"),
        (9.9e14, 1, "1e15"),
        (1.23456e40, 3, "1.24e40"),
    ],
)
def test_round_up(value: float, digits: int, expected: str) -> None:
    assert round_up(value, digits) == expected


@given(bases, st.integers(1, 17))
def test_rounding_up_stays_above_the_value_and_near_it(value: float, digits: int) -> None:
    high = read(round_up(value, digits))
    assert value <= float(high)
    assert high - Decimal(repr(value)) <= Decimal(value) * Decimal(10) ** (1 - digits)


@given(bases, bases)
@example(629978.262855044, 629978.2628550441)
@example(629978.262855044, 629978.262855044)
def test_both_ends_of_a_window_lie_in_it(one: float, other: float) -> None:
    start, end = min(one, other), max(one, other)
    low, high = window_ends(start, end)
    assert high is not None
    assert start <= float(read(low)) <= float(read(high)) <= end


@given(bases, st.integers(0, 40))
def test_both_ends_of_a_sliver_lie_in_it(start: float, steps: int) -> None:
    end = start
    for _ in range(steps):
        end = math.nextafter(end, math.inf)
    low, high = window_ends(start, end)
    assert high is not None
    assert start <= float(read(low)) <= float(read(high)) <= end


@given(bases)
def test_a_minimum_without_a_window_is_shown_to_the_last_bit(start: float) -> None:
    low, high = window_ends(start, None)
    assert (float(read(low)), high) == (start, None)


def test_a_window_is_shown_with_as_many_digits_as_leave_99_percent_of_it() -> None:
    assert window_ends(629978.262855044, 630984.1296) == ("629,980", "630,980")


@given(bases)
@pytest.mark.slow
def test_exact_and_option_read_back_as_the_same_number(value: float) -> None:
    assert float(read(exact(value))) == value
    assert float(option(value)) == value
    assert float(power_of_ten(value)) == value


def test_small_and_large_quantities_keep_their_digits() -> None:
    assert fixed(0.0, 4) == "0.0000"
    assert fixed(1.25e-7, 4) == "1.25e-07"
    assert fixed(1234.5, 2) == "1,234.50"
    assert similarity(-1.23456e-7) == "-1.235e-07"
