"""Laws of the windows of bases that meet the bound, and of what is found in them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import SafeStatus, Status, Windows, WindowStatus
from ropecalc.checking import ROOM_LIMIT
from tests.base.test_laws_base import LONGER, all_windows, least
from tests.tools.laws import Head, heads, laws


def gaps(found: Windows) -> Iterator[tuple[float, float]]:
    """The intervals of bases below and between the windows."""
    low = math.nextafter(1.0, 2.0)
    for window in found.windows:
        if window.start > low:
            yield low, math.nextafter(window.start, 0.0)
        low = math.nextafter(window.end, math.inf) if window.end else math.inf


@pytest.mark.slow
@laws(max_examples=30)
@given(heads(), LONGER)
def test_bases_within_windows_hold_and_bases_between_them_do_not(head: Head, context: int) -> None:
    found = all_windows(head, context)
    for window in found.windows:
        inner = np.geomspace(window.start, window.end or 50 * window.start, 9)[1:-1]
        assert (head.least(inner, context) > -1e-9).all()
        ends = (window.start, window.end) if window.end else (window.start,)
        assert all(head.holds(base, context) for base in ends if base > 1)
        if window.opened_by is not None:
            assert head.surely(math.nextafter(window.start, 0.0), window.opened_by) < 0
        if window.end is not None:
            assert window.closed_by is not None
            assert head.surely(math.nextafter(window.end, math.inf), window.closed_by) < 0
    for low, high in gaps(found):
        assert (head.least(np.geomspace(low, high, 9)[1:-1], context) < 1e-9).all()


@laws(max_examples=15)
@given(heads(), LONGER)
def test_minimum_and_safe_base_are_the_first_and_the_last_start(head: Head, context: int) -> None:
    every = all_windows(head, context)
    found = least(head, context, window=True, safe=True)
    assert found.minimum_base == every.minimum_base
    assert found.safe_base == every.safe_base
    if found.safe_base is None:
        assert found.safe_status is SafeStatus.UNKNOWN
        return
    first, last = every.windows[0], every.windows[-1]
    assert (found.safe_distance is None) == (last.opened_by is None)
    if found.safe_distance is not None:  # or another distance with the same root, as 3 and 9 have
        assert head.surely(math.nextafter(found.safe_base, 0.0), found.safe_distance) < 0
    assert (head.least(found.safe_base * np.geomspace(1, 1e9, 60), context) > -1e-9).all()
    if first.end is None:
        assert found.window_status is WindowStatus.ENDLESS
    else:
        assert (found.window_status, found.window_end) == (WindowStatus.ENDS, first.end)


@pytest.mark.slow
@laws(max_examples=10)
@given(heads(), LONGER, st.integers(1, 30))
def test_windows_of_a_longer_context_lie_within_those_of_a_shorter(
    head: Head, context: int, more: int
) -> None:
    outer, inner = (all_windows(head, length) for length in (context, context + more))
    for window in inner.windows:
        around = [
            one
            for one in outer.windows
            if one.start <= window.start and (one.end or math.inf) >= (window.end or math.inf)
        ]
        assert len(around) == 1


@pytest.mark.slow
@laws(max_examples=12)
@given(heads(), LONGER, st.floats(1e-6, 0.5))
def test_a_wide_window_is_the_first_of_all_that_are_so_wide(
    head: Head, context: int, width: float
) -> None:
    every = all_windows(head, context)
    assume(every.status is Status.ALL_WINDOWS)
    found = least(head, context, min_window=width)
    wide = every.at_least(width)
    assert found.wide_start == (wide[0].start if wide else None)
    if wide and wide[0].end is not None:
        assert (found.wide_end, found.wide_distance) == (wide[0].end, wide[0].opened_by)


@pytest.mark.slow
@laws(max_examples=15)
@given(heads(), LONGER, st.integers(1, 4))
def test_round_and_integer_bases_are_the_first_that_lie_in_a_window(
    head: Head, context: int, digits: int
) -> None:
    every = all_windows(head, context)
    assume(every.minimum_base is not None)
    found = least(head, context, round_digits=digits, integer=True)
    assert found.round_base == next(in_windows(every, lambda low: rounded_up(low, digits)))
    assert found.integer_base == next(in_windows(every, lambda low: float(math.ceil(low))))


def in_windows(every: Windows, candidate: Any) -> Iterator[float]:
    """The smallest candidate of each window that has one; base 1 is none."""
    for window in every.windows:
        first = candidate(max(window.start, math.nextafter(1.0, 2.0)))
        if first <= (window.end or math.inf):
            yield first


def rounded_up(low: float, digits: int) -> float:
    """The smallest number of so many digits from ``low`` up, in exact decimals."""
    step = Decimal(10) ** (Decimal(low).adjusted() - digits + 1)
    return float((Decimal(low) / step).to_integral_value(ROUND_CEILING) * step)


@pytest.mark.slow
@laws(max_examples=8)
@given(heads(), LONGER, st.floats(1.5, 1e6))
def test_the_nearest_base_above_is_a_base_itself_or_the_start_of_a_window(
    head: Head, context: int, base: float
) -> None:
    every = all_windows(head, context)
    found = ropecalc.check(base, context, next_base=True, **head.asked)
    starts = [window.start for window in every.windows]
    inside = [w for w in every.windows if w.start <= base <= (w.end or math.inf)]
    assert found.holds == bool(inside)
    if inside:
        assert found.next_base is None
        if found.status is Status.FREE:
            assert (found.room_below, found.room_above, every.windows[0].end) == (None, None, None)
            return
        (window,) = inside
        below, above = 1 - max(1.0, window.start) / base, (window.end or math.inf) / base - 1
        assert found.room_below == pytest.approx(min(below, ROOM_LIMIT), abs=1e-11)
        assert found.room_above == pytest.approx(min(above, ROOM_LIMIT), abs=1e-11)
    else:
        at = bisect_left(starts, base)
        assert found.next_base == (starts[at] if at < len(starts) else None)
        assert found.room_below is None


@pytest.mark.slow
@laws(max_examples=10)
@given(heads(), LONGER, st.floats(0, 1))
def test_a_limit_leaves_the_windows_below_it_as_they_are(
    head: Head, context: int, part: float
) -> None:
    every = all_windows(head, context)
    assume(every.safe_base is not None)
    low, high = math.log(every.windows[0].start), math.log(every.windows[-1].start)
    at_most = math.exp(low + part * (high - low)) * (1 + 1e-9)
    found = all_windows(head, context, at_most=max(at_most, 1.001))
    kept = bisect_right([window.start for window in every.windows], at_most)
    assert found.windows == every.windows[:kept]
