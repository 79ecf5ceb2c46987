"""Room around a base, against the windows of the sweep; bases with room, at their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ropecalc
from ropecalc import Rope
from ropecalc.base.factor import family_of as family_of_factors
from ropecalc.base.family import family_of
from ropecalc.base.precise import Precise
from ropecalc.base.room import Room, followed, has_room, room_around, wide_base
from ropecalc.base.scaled import ScaledFamily
from ropecalc.base.solve import first_opening
from ropecalc.base.starts import surely_holds_from
from ropecalc.base.sweep import Sweep
from ropecalc.base.window import surely_holds_within

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
            assert followed(FAMILY, CONTEXT, x, goal, 0) is None
            near = x + (goal - x) * 1e-9
            assert followed(FAMILY, CONTEXT, x, near, 1) == near
            far = followed(FAMILY, CONTEXT, x, x + 2 * (goal - x))
            assert far == pytest.approx(goal, abs=1e-9)


def test_room_that_would_take_too_many_steps_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ropecalc.base.room.MAX_STEPS", 1)
    assert room_around(FAMILY, CONTEXT, 1e30, limit=1e-15) == Room(1e-15, 1e-15)
    monkeypatch.setattr("ropecalc.base.room.MAX_STEPS", 0)
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


def scaled(method: str, base: float, original: int, context: int) -> ScaledFamily:
    """A head of 32 dimensions over the factors of a method."""
    more = {"low_freq_factor": 1.0, "high_freq_factor": 4.0} if method == "llama3" else {}
    given = {"original_context": original, **more} if method != "linear" else {}
    rope = Rope("all", method, base, 32, 32, given, context=original)
    return family_of_factors(rope, context, None, True, 0.0)


def lowest(family: ScaledFamily, context: int, low: float, high: float) -> float:
    """The least S by plain NumPy at any of 15 factors exp(x)."""
    thetas = (family.spectrum(math.exp(x)).angular_frequencies for x in np.linspace(low, high, 15))
    distances = np.arange(context)
    return float(min(np.cos(np.outer(distances, each)).sum(axis=1).min() for each in thetas))


@pytest.mark.parametrize("method", ["yarn", "llama3", "linear"])
def test_one_look_tells_of_no_interval_in_which_the_bound_breaks(method: str) -> None:
    """From below the minimum to far above it."""
    family, told = scaled(method, 2e3, 256, 1000), []
    for x in np.linspace(0.3, 3.0, 12).tolist():
        for length in (0.03, 1e-4):
            told.append(surely_holds_within(family, 1000, x, length))
            assert not told[-1] or lowest(family, 1000, x - length, x + length) > 0
    assert 2 < told.count(True) < 24


def test_one_look_follows_a_distance_near_zero_to_the_end() -> None:
    """To just short of where it breaks the bound, and not across."""
    family = scaled("yarn", 2e3, 256, 1000)
    opens = first_opening(Sweep(family, 1000), Precise(family))
    assert opens is not None
    x = float(opens.x)
    looks = [surely_holds_within(family, 1000, x + 0.01, length) for length in (0.0099, 0.0101)]
    assert looks == [True, False]
    assert not surely_holds_within(family, 1000, x - 0.01, 1e-9), "broken at x itself"


@pytest.mark.parametrize("base", [50.0, 1e4, 3e5])
def test_linear_interpolation_holds_from_where_the_last_distance_comes_to_the_first_zero(
    base: float,
) -> None:
    """Of the plain curve at real positions, on a grid of hundredths."""
    family, first = scaled("linear", base, 512, 6000), 0.0
    thetas, grid = family.spectrum(1).angular_frequencies, np.arange(0, 50, 0.01)
    while (values := np.cos(np.outer(first + grid, thetas)).sum(axis=1)).min() > 0:
        first += 50
    zero = 5999 / math.exp(surely_holds_from(family, 6000))
    assert zero == pytest.approx(first + grid[np.argmax(values <= 0)], abs=0.0101)
