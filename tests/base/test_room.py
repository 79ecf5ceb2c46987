"""Room around a base, against the windows of the sweep; bases with room, at their limits."""

from __future__ import annotations

import math

import pytest

import ropecalc
from ropecalc.base.family import family_of
from ropecalc.base.room import Room, followed, has_room, room_around, wide_base

FAMILY, CONTEXT = family_of(32), 300


def test_room_reaches_to_the_ends_of_the_window() -> None:
    windows = ropecalc.windows(32, CONTEXT).windows[:3]
    assert len(windows) == 3
    for window in windows:
        assert window.end is not None
        base = math.sqrt(window.start * window.end)
        below, above = room_around(FAMILY, CONTEXT, base, limit=0.99)
        assert below == pytest.approx(1 - window.start / base, rel=1e-9)
        assert above == pytest.approx(window.end / base - 1, rel=1e-9)
        assert below is not None
        assert above is not None
        limit = min(below, above) / 2
        assert room_around(FAMILY, CONTEXT, base, limit) == Room(limit, limit)
        assert has_room(FAMILY, CONTEXT, base) == (2 * limit > 0.01)
        goals = math.log(window.start), math.log(window.end)
        for goal in goals:
            x = math.log(base)
            assert followed(FAMILY, CONTEXT, x, x, 0) == x
            assert followed(FAMILY, CONTEXT, x, goal, 1) is None
            near = x + (goal - x) * 1e-9
            assert followed(FAMILY, CONTEXT, x, near, 1) == near
            far = followed(FAMILY, CONTEXT, x, x + 2 * (goal - x))
            assert far == pytest.approx(goal, abs=1e-9)


def test_room_that_would_take_too_many_steps_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ropecalc.base.room.MAX_STEPS", 1)
    assert room_around(FAMILY, CONTEXT, 1e30, limit=1e-15) == Room(1e-15, 1e-15)
    window = ropecalc.windows(32, CONTEXT).windows[0]
    assert window.end is not None
    base = math.sqrt(window.start * window.end)
    assert room_around(FAMILY, CONTEXT, base, limit=0.99) == Room(None, None)
    assert not has_room(FAMILY, CONTEXT, base)


def test_the_least_base_with_room_is_the_first_of_two_digits_whose_whole_room_is_above_1() -> None:
    assert wide_base(family_of(64), 2, 1.0) == 1.1


def test_no_base_with_room_reaches_beyond_1e300() -> None:
    assert wide_base(family_of(64), 2, 9.85e299) == 9.9e299
    assert wide_base(family_of(64), 2, 9.95e299) is None


def test_where_one_distance_breaks_every_base_no_other_is_tried() -> None:
    told: list[tuple[int, int]] = []
    assert wide_base(family_of(2), 10, 5.0, lambda *parts: told.append(parts)) is None
    assert not told
