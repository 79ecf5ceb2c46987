"""The first wide window step by step: what is asked, what decides and what is told."""

from __future__ import annotations

import math
from typing import Any

import pytest

import ropecalc
from ropecalc.base import wide, window
from ropecalc.base.family import family_of
from ropecalc.base.room import followed
from ropecalc.base.wide import HAIR, WideWindow, checked_width
from ropecalc.base.window import Walk
from ropecalc.base.zeros import Zero
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.results import WindowStatus

FAMILY = family_of(64)
WINDOWS = ropecalc.windows(64, 300).windows
WIDTH = 0.1
X, GOAL = math.log(100.0), math.log1p(WIDTH)


def test_the_width_has_a_domain_and_a_name() -> None:
    for width in (1e-9, 1.0):
        checked_width(width)
    with pytest.raises(InvalidValueError) as caught:
        checked_width(1.001)
    assert caught.value.parameter == "min_window"


def test_the_windows_so_wide_are_the_first_of_all() -> None:
    widths = [w.relative_width for w in WINDOWS if w.relative_width is not None]
    assert widths
    for width in (min(widths) * 0.9, max(widths) * 1.1):
        first = next(w for w in WINDOWS if w.relative_width is None or w.relative_width >= width)
        found = wide.first_wide_window(FAMILY, 300, WINDOWS[0].start, width)
        assert found is not None
        assert (found.start, found.opened_by) == (first.start, first.opened_by)
        assert wide.in_wide_window(FAMILY, 300, first.start, width)
        assert not wide.in_wide_window(FAMILY, 300, WINDOWS[0].start * 0.999, width)


def test_written_bases_are_the_first_in_a_window_so_wide() -> None:
    start, width = WINDOWS[0].start, (WINDOWS[0].relative_width or 0) * 0.9
    assert wide.first_wide_integer_base(FAMILY, 300, start, width) == math.ceil(start)
    rounded = wide.first_wide_round_base(FAMILY, 300, start, 5, width)
    assert rounded is not None
    assert start <= rounded <= start * (1 + 1e-4)
    last = WINDOWS[-1].start
    assert wide.first_wide_integer_base(FAMILY, 300, last - 3, 1.0) == math.ceil(last)


def test_the_first_integer_base_is_2() -> None:
    every = family_of(8, 4)
    assert wide.first_wide_integer_base(every, 64, 1.0, 1e-3) == 2
    assert wide.first_wide_integer_base(every, 64, 2.5, 1e-3) == 3
    assert wide.first_wide_integer_base(family_of(2), 5, 1e299, 1e-3) is None


def test_progress_is_the_part_of_the_way_to_where_every_base_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jumps = iter([100.0, 1e3, 1e4, 1e5, None])
    monkeypatch.setattr(wide, "surely_holds_from", lambda *_: math.log(1e4))
    monkeypatch.setattr(wide, "violation_at", lambda *_: 7)
    monkeypatch.setattr(wide, "_jump", lambda *_: next(jumps))
    calls: list[tuple[int, int]] = []
    found = wide.first_wide_window(FAMILY, 300, 10.0, WIDTH, lambda *call: calls.append(call))
    assert found is None
    assert [total for _, total in calls] == [1000] * 4
    assert [done for done, _ in calls] == pytest.approx([333, 666, 1000, 1000], abs=1)
    assert calls[-1] == (1000, 1000)


def measured(
    monkeypatch: pytest.MonkeyPatch, low: float, high: float, window: WideWindow | None = None
) -> WideWindow | float:
    """What is made of a window that is followed from ``low`` to ``high``, relative to ln 100."""

    def stub(_: object, context: int, x: float, goal: float) -> float:
        assert (context, float(x)) == (300, X)
        assert goal in (X - GOAL - HAIR, X + GOAL + HAIR)
        return X + (low if goal < x else high)

    def settled(_: object, context: int, base: float, goal: float) -> WideWindow:
        assert (context, base, goal) == (300, 100.0, X + GOAL)
        assert window is not None
        return window

    monkeypatch.setattr(wide, "followed", stub)
    monkeypatch.setattr(wide, "_settled", settled)
    return wide._measured(FAMILY, 300, 100.0, WIDTH)


def test_a_window_that_is_surely_too_narrow_is_left_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert measured(monkeypatch, -0.04, 0.05) == math.exp(X + 0.05)


def test_the_ends_decide_where_it_is_close(monkeypatch: pytest.MonkeyPatch) -> None:
    for start, end, enough in ((100.0, 112.5, True), (80.0, 88.5, True), (100.0, 109.9, False)):
        window = WideWindow(start, 3, WindowStatus.ENDS, end)
        assert measured(monkeypatch, -0.1, 0.1, window) == (window if enough else end)
    endless = WideWindow(100.0, 3, WindowStatus.ENDLESS, None)
    assert measured(monkeypatch, -0.1, 0.1, endless) == endless


def test_following_a_window_stops_at_base_1() -> None:
    assert followed(family_of(8, 4), 64, 0.05, 0.0) == 0.0
    found = wide._measured(family_of(8, 4), 64, 1.05, WIDTH)
    assert found == WideWindow(1.0, None, WindowStatus.ENDLESS, None)


@pytest.mark.parametrize(("start", "end"), [(1.5, 1.9), (1.0, 1.5), (1.5, None)])
def test_ends_that_break_the_bound_are_undecided(
    start: float, end: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wide, "_start", lambda *_: (start, 3))
    monkeypatch.setattr(wide, "_end", lambda *_: (WindowStatus.ENDS, end))
    monkeypatch.setattr(wide, "violation_at", lambda *_: 7)
    with pytest.raises(UndecidedError, match="is no end of a window: please report it"):
        wide._settled(FAMILY, 300, 1.7, 1.0)


def test_a_window_may_begin_below_base_e(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Walk, "step", lambda walk, _: Zero(walk.x, walk.x, 7))
    monkeypatch.setattr(wide, "enclosing_base", lambda _, zero: (zero.before - 1, zero.before + 1))
    assert wide._start(FAMILY, 300, math.exp(0.5)) == (1.5, 7)
    assert wide._start(FAMILY, 300, 1.0) == (1.0, None)


def ended(monkeypatch: pytest.MonkeyPatch, *steps: float | Zero | None) -> tuple[WindowStatus, Any]:
    """How a window ends that is followed from 10 to 11 at least, one step counting as many.

    A step leads to an x or to a zero; None: every base beyond meets the bound.
    """
    left = iter(steps)

    def step(walk: Walk, _: int) -> Zero | None:
        there = next(left)
        if isinstance(there, float):
            walk.x = there
        return there if isinstance(there, Zero) else None

    monkeypatch.setattr(window, "MAX_STEPS", 1)
    monkeypatch.setattr(Walk, "step", step)
    monkeypatch.setattr(
        window, "holds_ever_after", lambda _, __, x: x == steps[-2] and steps[-1] is None
    )
    monkeypatch.setattr(wide, "enclosing_base", lambda _, zero: (zero.before - 1, zero.before + 1))
    return wide._end(FAMILY, 300, math.exp(10.0), 11.0)


def test_an_end_is_followed_to_the_goal_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Zero(13.0, 13.0, 5)
    assert ended(monkeypatch, 10.5, 11.0, closed) == (WindowStatus.ENDS, 12.0)
    assert ended(monkeypatch, 10.5, 11.0, None) == (WindowStatus.ENDLESS, None)
    status, end = ended(monkeypatch, 10.5, 11.0, 12.0, closed)
    assert status is WindowStatus.AT_LEAST
    assert math.exp(12.0) * (1 - 2e-14) < end < math.exp(12.0)
