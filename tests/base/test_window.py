"""A walk along a window, on functions that are known, and where a bound holds for ever after."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import ropecalc
from ropecalc import SafeStatus, WindowStatus
from ropecalc.base import boxes
from ropecalc.base.boxes import Bounds
from ropecalc.base.family import Family, family_of
from ropecalc.base.sweep import RESOLUTION
from ropecalc.base.window import DOWN, UP, Ahead, Doubt, Walk, holds_ever_after
from ropecalc.base.zeros import Zero


@dataclass(frozen=True)
class Line(Family):
    """A family whose every g has this value, slope and errors."""

    given: tuple[float, float, float, float] = (1.0, -1.0, 0.0, 0.0)

    def slopes(self, distances: Any, _: Any) -> Any:
        return tuple(np.full(distances.shape, term) for term in self.given)


def reach(
    value: float,
    slope: float,
    bend: float,
    errors: tuple[float, float] = (0.0, 0.0),
    direction: int = UP,
    known: bool = True,
) -> float:
    walk = Walk(Line(4, 4, given=(value, slope, *errors)), 1.0, direction)
    bounds = Bounds(0.0, bend, 0.0)
    return float(walk._reaches(np.array([1]), np.array([1.0]), bounds, np.array([known]))[0])


@pytest.mark.parametrize(
    ("value", "slope", "bend", "zero"),
    [
        (1.0, -1.0, 2.0, (math.sqrt(5) - 1) / 2),
        (1.0, 0.0, 2.0, 1.0),
        (1.0, 0.5, 2.0, (0.5 + math.sqrt(4.25)) / 2),
        (2.0, -4.0, 0.0, 0.5),
        (0.0, 3.0, 2.0, 3.0),
        (0.0, -1.0, 2.0, 0.0),
        (0.0, 0.0, 0.0, math.inf),
    ],
)
def test_a_step_ends_a_hair_before_the_parabola_is_zero(
    value: float, slope: float, bend: float, zero: float
) -> None:
    for found in (reach(value, slope, bend), reach(value, -slope, bend, direction=DOWN)):
        assert found == pytest.approx(zero, rel=3e-9, abs=0)
        assert found < zero or zero in (0, math.inf)


def test_where_nothing_is_known_of_a_distance_it_must_certainly_keep_the_bound_itself() -> None:
    assert reach(0.25, 3.0, 2.0, (0.25, 0.0)) > 2
    assert reach(0.25, 3.0, 2.0, (0.25, 0.0), known=False) == 0
    assert reach(0.3, 3.0, 2.0, (0.25, 0.0), known=False) > 2
    assert reach(-1.0, 3.0, 2.0, known=False) == 0


def test_a_distance_is_known_to_keep_the_bound_where_the_stride_begins_and_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[list[float], list[bool]]] = []

    def reaches(_: Walk, __: object, xs: np.ndarray, ___: object, known: np.ndarray) -> np.ndarray:
        asked.append((xs.tolist(), known.tolist()))
        return np.full(xs.shape, 0.3)

    ahead = Ahead(1.0, 0.5, np.array([0, 1]), np.array([7, 8]), Bounds(0.0, 0.0, 0.0))
    monkeypatch.setattr(Walk, "_ahead", lambda *_: ahead)
    monkeypatch.setattr(Walk, "_reaches", reaches)
    assert Walk(family_of(4), 2.0, UP).step(100) is None
    assert asked == [([2.0, 2.5], [True, False]), ([2.3, 2.8], [True, True])]


def test_multiple_precision_goes_no_further_than_the_stride_was_looked_at() -> None:
    none, walk = np.array([], dtype=np.int64), Walk(family_of(4), 2.0, UP)
    walk._stride = 1.0
    assert walk._precise_step(Doubt(1e-6, none, none.astype(np.float64))) is None
    assert 2.0 < walk.x <= 2.0 + 1e-6


def test_a_distance_bends_with_its_square_too() -> None:
    walk, known = Walk(Line(4, 4), 1.0, UP), np.array([True])
    found = walk._reaches(np.array([3]), np.array([1.0]), Bounds(0.0, 1.0, 0.5), known)
    assert found == pytest.approx((math.sqrt(1 + 2 * 7.5) - 1) / 7.5, rel=3e-9)


@pytest.mark.parametrize("direction", [UP, DOWN])
def test_every_error_is_taken_at_its_worst_end(direction: int) -> None:
    exact = reach(1.0, -direction, 2.0, direction=direction)
    low = reach(1.0, -direction, 2.0, (0.25, 0.0), direction)
    steep = reach(1.0, -direction, 2.0, (0.0, 0.25), direction)
    assert low == reach(0.75, -direction, 2.0, direction=direction) < exact
    assert steep == reach(1.0, -1.25 * direction, 2.0, direction=direction) < exact


@pytest.mark.parametrize("x", [0.0, 5e-5, 2.0])
@pytest.mark.parametrize("direction", [UP, DOWN])
def test_bounds_are_those_of_the_left_end_of_a_step(
    x: float, direction: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fall with x, so what holds at the left end holds up to the right one."""
    asked = []

    def bounds(family: Family, at: float) -> Bounds:
        asked.append(at)
        return kept(family, at)

    kept = boxes.bounds_from
    monkeypatch.setattr(boxes, "bounds_from", bounds)
    walk = Walk(family_of(32), x, direction)
    ahead = walk._ahead(100)
    assert asked[-1] == (x if direction == UP else x - ahead.length)


@pytest.mark.parametrize(("x", "step", "stops"), [(0.5, 0.9, 7), (0.5, 1.5, None), (2.0, 1.5, 7)])
def test_what_is_shorter_than_the_resolution_is_no_step(
    x: float, step: float, stops: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    length, first = 1.0001 * step * RESOLUTION, np.array([0])
    ahead = Ahead(length, length, first, np.array([7]), Bounds(0.0, 0.0, 0.0))
    monkeypatch.setattr(Walk, "_ahead", lambda *_: ahead)
    monkeypatch.setattr(Walk, "_reaches", lambda *_: np.array([step * RESOLUTION]))
    monkeypatch.setattr(Walk, "_precise_step", lambda *_: Zero(x, x, 7))
    walk = Walk(family_of(4), x, UP)
    found = walk.step(100)
    assert (found and found.distance) == stops
    assert (walk.x == x) == bool(stops)
    assert walk.x <= x + 1.0001 * step * RESOLUTION


def test_what_holds_ever_after_is_asked_of_the_last_distance() -> None:
    """One pair turns by m at any base: cos 1 is positive, cos 2 is not."""
    assert holds_ever_after(family_of(2), 2, 1.0)
    assert not holds_ever_after(family_of(2), 3, 1.0)
    assert not holds_ever_after(family_of(2, weights=[5.0]), 7, 1.0), "beyond half a turn, -1"


def test_light_weights_hold_ever_after_from_where_equal_ones_do() -> None:
    """What must be left of the sum is a share of the weights, however little they weigh."""
    for weight in (1e-12, 1.0, 1e12):
        found = ropecalc.min_base(16, 64, weights=[weight] * 8, safe=True, use_table=False)
        assert found.safe_status is SafeStatus.COMPUTED
        assert found.safe_base == pytest.approx(2768.18, abs=0.005)


def test_where_a_window_is_endless_the_minimum_base_is_safe() -> None:
    found = ropecalc.min_base(4, 3, safe=True, use_table=False)
    assert found.window_status is WindowStatus.ENDLESS
    assert found.safe_base == found.minimum_base
    assert found.safe_distance == found.critical_distance == 2
