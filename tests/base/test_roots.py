"""Roots, digits and the bases that people write down: the edges of each."""

from __future__ import annotations

import math
from decimal import Decimal

import mpmath
import pytest

import ropecalc
from ropecalc.base.family import family_of
from ropecalc.base.lookup import _rooted
from ropecalc.base.precise import Precise
from ropecalc.base.roots import enclosing_floats, rounded_up, zero_beside
from ropecalc.base.rounding import (
    first_integer_base,
    first_of,
    first_round_base,
    next_feasible,
    round_up,
)
from ropecalc.base.safe import _is_settled, computed_safe_base
from ropecalc.base.solve import Infimum, _to_digits, first_opening, infimum
from ropecalc.base.sweep import Sweep
from ropecalc.base.window import Walk, surely_holds_from
from ropecalc.errors import UndecidedError
from ropecalc.results import SafeStatus, Step

SMALL = family_of(64)
WINDOWS = ropecalc.windows(64, 300).windows
FIRST = WINDOWS[0]


# --- digits --------------------------------------------------------------------------------------


def test_zeros_at_the_end_are_digits_too() -> None:
    assert str(rounded_up(mpmath.mpf(1.5), 4)) == "1.500"
    assert str(rounded_up(mpmath.mpf(2), 3)) == "2.00"


def test_a_hair_above_is_rounded_up() -> None:
    with mpmath.workdps(60):
        assert rounded_up(mpmath.mpf(3) + mpmath.mpf(10) ** -15, 3) == Decimal("3.01")


def test_neighbouring_floats_enclose_a_number_that_may_be_the_upper() -> None:
    with mpmath.workdps(40):
        above = mpmath.mpf(3) + mpmath.mpf(10) ** -30
        assert enclosing_floats(above) == (3.0, math.nextafter(3.0, 4))
        assert enclosing_floats(mpmath.mpf(3)) == (math.nextafter(3.0, 0), 3.0)


@pytest.mark.parametrize("context", [40, 55, 70, 85, 99])
def test_seventeen_digits_read_as_float64_meet_the_bound(context: int) -> None:
    family = family_of(16)
    precise = Precise(family, 57)
    opening = first_opening(Sweep(family, context), precise)
    assert opening is not None
    found = infimum(family, context, precise, opening, 17)
    assert found.digits is not None
    assert float(found.digits) >= found.enclosure[1]


def test_digits_that_leave_the_window_become_one_more() -> None:
    """From 4,293.4 to 4,330.3: one digit, 5,000, lies beyond it, two do not."""
    found = ropecalc.min_base(
        128, 1024, digits=1, integer=False, round_digits=None, window=False, recommended=False
    )
    assert str(found.minimum_base_digits) == "4.3E+3"


def test_many_digits_that_leave_the_window_become_more() -> None:
    assert FIRST.end is not None
    assert FIRST.closed_by is not None
    zero = zero_beside(Precise(SMALL), FIRST.closed_by, math.log(FIRST.end), opens=False)
    with mpmath.workdps(60):
        end = mpmath.exp(zero.before)
        near = Infimum(end * (1 - mpmath.mpf(10) ** -25), (FIRST.end, FIRST.end), 1, None)
        found = _to_digits(SMALL, 300, near, 18)
        assert near.base <= mpmath.mpf(str(found)) < end
    assert 24 <= len(found.as_tuple().digits) <= 27


# --- from a base that breaks the bound on ------------------------------------------------------


def test_the_largest_base_may_meet_the_bound() -> None:
    assert next_feasible(SMALL, 300, 1e300) == 1e300
    assert next_feasible(SMALL, 300, math.nextafter(1e300, math.inf)) is None
    assert first_of(SMALL, 300, 1e300, lambda at: at) == 1e300


def test_from_a_gap_on_the_next_base_is_the_start_of_the_next_window() -> None:
    assert FIRST.end is not None
    for base in (1.5, FIRST.start * 0.9, math.nextafter(FIRST.start, 0.0)):
        assert next_feasible(SMALL, 300, base) == FIRST.start
    assert next_feasible(SMALL, 300, math.nextafter(FIRST.end, math.inf)) == WINDOWS[1].start
    assert next_feasible(SMALL, 300, FIRST.end) == FIRST.end


def test_integer_and_round_bases_start_where_they_are_told_to() -> None:
    every = family_of(8, 4)
    assert first_integer_base(every, 64, 1.0) == 2
    assert first_integer_base(every, 64, 2.5) == 3
    assert first_round_base(every, 64, 1.0, 2) == 1.1
    assert round_up(1.01, 2) == Decimal("1.1")
    for digits in (2, 17):
        for start in (3.0, 1.3, 1e100):  # the float64 of 1.3 and 1e100 lies above the decimal
            assert first_round_base(every, 64, start, digits) == start
    for digits in (0, 18):
        with pytest.raises(ropecalc.InvalidValueError, match="round_digits must be") as caught:
            ropecalc.min_base(8, 64, rotary_dim=4, round_digits=digits)
        assert caught.value.parameter == "round_digits"


def test_no_candidate_up_to_the_largest_base_is_none() -> None:
    assert first_integer_base(family_of(2), 5, 1e299) is None
    assert first_round_base(family_of(2), 5, 1e299, 2) is None


# --- tables that are wrong, and the safe base ----------------------------------------------------


def test_a_step_whose_distance_crosses_the_other_way_is_not_settled() -> None:
    assert FIRST.opened_by is not None
    assert FIRST.closed_by is not None
    assert FIRST.end is not None
    assert _is_settled(SMALL, Step(300, FIRST.start, FIRST.opened_by))
    assert not _is_settled(SMALL, Step(300, FIRST.end, FIRST.closed_by))
    assert _rooted(SMALL, 300, Step(300, FIRST.start, FIRST.opened_by), None) == (True, None)
    assert _rooted(SMALL, 300, Step(300, FIRST.end, FIRST.closed_by), None) == (False, None)


def test_the_safe_base_is_the_start_of_the_last_window() -> None:
    found = computed_safe_base(SMALL, 300)
    assert found == (SafeStatus.COMPUTED, WINDOWS[-1].start, WINDOWS[-1].opened_by)
    assert computed_safe_base(family_of(4, margin=1.0), 300) == (SafeStatus.UNKNOWN, None, None)


@pytest.mark.parametrize("least", [1.0, 4.0])
def test_progress_is_the_part_of_the_way_down(
    least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To base 1 unless it is known not to go so far."""
    way_down = [0.75, 0.5, 0.25]
    top = surely_holds_from(SMALL, 300)

    def step(walk: Walk, _: int) -> None:
        walk.x = top * way_down.pop(0) if way_down else 0.0

    monkeypatch.setattr(Walk, "step", step)
    calls: list[tuple[int, int]] = []
    asked = {} if least == 1.0 else {"least": least}
    found = computed_safe_base(SMALL, 300, progress=lambda *call: calls.append(call), **asked)
    assert found == (SafeStatus.COMPUTED, 1.0, None)
    way = top - math.log(least)
    parts = [min(1000, int(1000 * top * share / way)) for share in (0.25, 0.5, 0.75, 1)]
    assert [done for done, _ in calls] == pytest.approx(parts, abs=1)
    assert {total for _, total in calls} == {1000}


def test_an_undecided_safe_base_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ropecalc.base.safe.violation_at", lambda *_: 7)
    with pytest.raises(UndecidedError, match="is the start of no window: please report it"):
        computed_safe_base(SMALL, 300)


def test_an_end_is_a_zero_that_is_positive_inside_and_negative_beyond() -> None:
    assert FIRST.closed_by is not None
    assert FIRST.end is not None
    zero = zero_beside(Precise(SMALL), FIRST.closed_by, math.log(FIRST.end), opens=False)
    low, high = sorted((zero.before, zero.after))
    assert high - low <= mpmath.mpf(10) ** -40
    with mpmath.workdps(70):
        inside, beyond = (
            mpmath.fsum(mpmath.cos(FIRST.closed_by * mpmath.exp(-x * i / 32)) for i in range(32))
            for x in (low, high)
        )
    assert beyond < 0 < inside
