"""The sieve and the walk against every distance looked at in double precision."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc.base.boxes import Bounds, Boxes, Near, bounds_from
from ropecalc.base.family import X_MAX, Family, family_of
from ropecalc.base.sieve import Sieve
from ropecalc.base.sweep import RESOLUTION
from ropecalc.base.window import (
    AT_ONCE,
    DOWN,
    FEWEST,
    MAX_STEPS,
    MOST_STRETCHES,
    SHARE,
    SLACK,
    UP,
    Ahead,
    Walk,
    holds_ever_after,
    surely_holds_from,
    window_end,
)
from ropecalc.base.zeros import Zero
from tests.tools.speeds import first_quick

FAMILY = family_of(14, 8, (0.5, 2.0, 0.0, 1.25), margin=0.125)
UNIT, UNIT32 = 2.0**-53, 2.0**-24


def g(family: Family, context: int, x: float) -> np.ndarray:
    """Every g below the context, by the definition."""
    angles = np.arange(context)[:, None] * np.exp(-x * np.arange(family.n_pairs) / family.n_pairs)
    values: np.ndarray = np.cos(angles) @ np.array(family.weights or [1.0] * family.n_pairs)
    return values + family.constant


# --- the sieve -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "span"), [(1, 64), (64, 64), (65, 128), (2**16, 2**16), (2**20, 2**16)]
)
def test_a_span_is_the_next_power_of_two_from_64_to_65536(asked: int, span: int) -> None:
    assert Sieve(FAMILY, 2.0, asked).span == span


@pytest.mark.parametrize("span", [64, 128, 2**14])
@pytest.mark.parametrize(("start", "count"), [(0, 64), (0, 1), (12_345, 63), (10**7, 64)])
def test_the_sieve_sees_every_distance_of_its_strip(span: int, start: int, count: int) -> None:
    sieve = Sieve(FAMILY, 2.0, span)
    found, values = sieve.below(start, start + count, 1e3)
    assert found.tolist() == list(range(start, start + count))
    exact = FAMILY.taylor(found, 2.0).value
    np.testing.assert_allclose(values, exact, atol=sieve.error(start + count), rtol=0)
    np.testing.assert_allclose(values, exact, atol=1e-5, rtol=0)


def test_the_sieve_lets_through_what_is_below_the_threshold_by_its_error() -> None:
    sieve = Sieve(FAMILY, 2.0, 4096)
    _, values = sieve.below(0, 4096, 1e3)
    for threshold in (-1.0, 0.0, 0.5):
        found, _ = sieve.below(0, 4096, threshold)
        expected = np.flatnonzero(values < threshold + sieve.error(4096))
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("stop", [64, 10**9])
@pytest.mark.parametrize("span", [64, 2**14])
def test_the_error_of_the_sieve_is_the_sum_of_its_sources(stop: int, span: int) -> None:
    """The tables, the sum of 2n terms and the constant in float32; the angle in float64."""
    table = 3 * (math.log2(span) + 3) * UNIT32 + 2**18 * UNIT
    phases = (
        w * math.exp(-2.0 * i / 4) * (2 * 2.0 * i / 4 + 6) for i, w in enumerate((0.5, 2, 0, 1.25))
    )
    expected = (
        3.75 * (math.sqrt(8) * table + 12 * UNIT32)
        + stop * UNIT * math.fsum(phases)
        + 2 * UNIT32 * (3 - 0.125 * 6.75)
    )
    assert Sieve(FAMILY, 2.0, span).error(stop) == pytest.approx(expected, rel=1e-12, abs=0)


def least_within(family: Family, context: int, x: float, half: float) -> np.ndarray:
    """g - |g'| h - max|g''| h^2/2 at h = half of every distance, by double precision."""
    m = np.arange(context)
    at, before = family.taylor(m, x), family.taylor(m, x - half)
    least: np.ndarray = at.value - np.abs(at.slope) * half - before.max_curvature * half**2 / 2
    return least


@pytest.mark.parametrize("family", [FAMILY, family_of(64), family_of(16, margin=0.2)])
@pytest.mark.parametrize(("context", "half"), [(3_000, 1e-3), (3_000, 1e-5), (300, 0.05)])
@pytest.mark.parametrize("width", [1, 16])
def test_what_may_be_zero_near_an_x_is_let_through_and_little_else(
    family: Family, context: int, half: float, width: int
) -> None:
    x = 9.0
    boxes = Boxes(family, x - half, 2 * half, context, width=width)
    stretches, found = boxes.near(context)
    assert set(stretches.tolist()) <= {0}
    least = least_within(family, context, x, half)
    assert set(np.flatnonzero(least <= 0)) - {0} <= set(found.tolist())
    # a box of distances is judged by its end, which lies up to 16 further on
    m, (_, bend, square) = np.arange(context) + 16, boxes.bounds
    slopes = np.abs(family.taylor(m, x).slope)
    slack = 16 * half * slopes / m + 32 * m * square * half**2 + 16 * bend * half**2 + 1e-3
    assert set(found.tolist()) <= set(np.flatnonzero(least <= slack))


@pytest.mark.parametrize("family", [FAMILY, family_of(64), family_of(16, margin=0.2)])
@pytest.mark.parametrize("length", [1e-2, 0.5])
def test_on_each_stretch_all_that_come_to_zero_are_found(family: Family, length: float) -> None:
    low, context, count = 9.0, 700, 5
    near = Boxes(family, low, length, context, count=count).near(context)
    assert near.stretches.tolist() == sorted(near.stretches.tolist())
    for stretch in range(count):
        xs = low + length / count * (stretch + np.linspace(0, 1, 33))
        lowest = np.min([g(family, context, x) for x in xs], axis=0)
        found = near.distances[near.stretches == stretch]
        assert set(np.flatnonzero(lowest <= 0)) <= set(found.tolist())
        assert found.size < context / 2 or length == 0.5


def test_the_strips_of_a_long_context_miss_none() -> None:
    """Distances up to 70,000 are two strips of boxes of one."""
    family, x, half, context = family_of(8), 20.0, 1e-4, 70_000
    boxes = Boxes(family, x - half, 2 * half, context, width=1)
    assert len(list(boxes.strips(0, context))) == 2
    found = boxes.near(context).distances.tolist()
    assert found == sorted(found)
    assert set(np.flatnonzero(least_within(family, context, x, half) <= 0)) <= set(found)
    assert len(found) < context / 3


# --- one step of a walk --------------------------------------------------------------------------


def lowest_on_the_way(family: Family, context: int, start: float, stop: float) -> float:
    """The least g of all distances at 300 places from one x to another."""
    return min(float(g(family, context, x).min()) for x in np.linspace(start, stop, 300))


@pytest.mark.parametrize("direction", [UP, DOWN])
@pytest.mark.parametrize("stride", first_quick(2, [0.5, 1e-2, 1e-6]))
def test_a_step_ends_before_any_distance_breaks_the_bound(direction: int, stride: float) -> None:
    """All that it passes keeps the bound; where it ends the window, the zero is in the last bit."""
    family, context = family_of(32), 500
    window = ropecalc.windows(32, context).windows[1]
    assert window.end is not None
    x = (math.log(window.start) + math.log(window.end)) / 2
    edge = math.log(window.end if direction == UP else window.start)
    walk, zero, steps = Walk(family, x, direction), None, 0
    walk._stride = stride
    while zero is None and steps < 10:
        before = walk.x
        zero, steps = walk.step(context), steps + 1
        assert lowest_on_the_way(family, context, before, walk.x) > -1e-9
        assert (edge - walk.x) * direction >= -1e-12
    assert zero is not None or stride == 1e-6
    if zero is not None:
        assert float(zero.before) == pytest.approx(edge, abs=1e-13)
        assert zero.distance == (window.closed_by if direction == UP else window.opened_by)


@pytest.mark.parametrize("x", [0.5, 8.0])
def test_the_bounds_of_a_walk_are_the_sums_of_their_terms(x: float) -> None:
    """Of |g'| the factor of m, of |g''| those of m and of m^2, each a hair above."""
    weights = (0.5, 2.0, 0.0, 1.25)
    first, second, squares = bounds_from(FAMILY, x)
    for found, k, j in ((first, 1, 1), (second, 2, 1), (squares, 2, 2)):
        exact = math.fsum(
            w * (i / 4) ** k * math.exp(-x * j * i / 4) for i, w in enumerate(weights)
        )
        assert exact < found < exact * (1 + 3e-12)


def test_reaches_are_the_roots_of_the_parabola_below_g() -> None:
    family, x = family_of(32), 12.0
    distances = np.array([0, 3, 77, 400])
    walk = Walk(family, x, UP)
    known, bounds = np.ones(4, dtype=np.bool_), Bounds(0.0, 2.0, 3.0)
    found = walk._reaches(distances, np.full(4, x), bounds, known)
    assert found[0] == math.inf or found[0] > 1e300  # g of distance 0 never moves
    for m, reach in zip(distances.tolist()[1:], found.tolist()[1:], strict=True):
        at = family.taylor(m, x)
        height, slope, bend = at.value - at.value_error, at.slope - at.slope_error, 2 * m + 3 * m**2
        roots = np.roots([-bend / 2, slope, max(height, 0.0)])
        assert reach == pytest.approx(max(roots), rel=1e-8, abs=1e-14)
        assert reach < max(roots)


class Stub(Walk):
    """A walk whose strides are given, with how far a distance on them keeps the bound."""

    given: tuple[float, float | None] = (0.5, None)

    def _ahead(self, _: int) -> Ahead:
        length, near = self.given[0], np.array([] if self.given[1] is None else [7], np.int64)
        return Ahead(length, length, near * 0, near, Bounds(0.0, 0.0, 0.0))

    def _reaches(self, distances: np.ndarray, *_: object) -> np.ndarray:
        return np.full(distances.shape, self.given[1] or 0.0)

    def _precise_step(self, _: object) -> Zero | None:
        return Zero(self.x, self.x, 7)


def strides(
    counts: list[int], monkeypatch: pytest.MonkeyPatch, stride: float = 1e-3
) -> list[float]:
    """The stride before each look of one step on which so many distances come through."""
    walk, seen, left = Walk(family_of(8), 9.0, UP), [], list(counts)
    walk._stride = stride

    def near(*_: object) -> Near:
        seen.append(walk._stride)
        found = np.arange(left.pop(0))
        return Near(found * 0, found)

    monkeypatch.setattr(Boxes, "near", near)
    walk._ahead(2**15)
    assert not left
    return [*seen, walk._stride]


def test_strides_get_shorter_where_many_distances_come_through_and_longer_where_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """6 of 32,768 are best; up to eight times as many are followed, else it looks again."""
    few = FEWEST + 2**15 * SHARE
    assert (few, SLACK) == (6, 8)
    assert strides([6], monkeypatch) == [1e-3, 1e-3]
    assert strides([0], monkeypatch)[1] == pytest.approx(1e-3 * 60 ** (1 / 12))
    assert strides([48], monkeypatch)[1] == pytest.approx(1e-3 / 8 ** (1 / 12))
    first, second, third = strides([49, 7], monkeypatch)
    assert first > second > third


@pytest.mark.parametrize("stride", [1e-12, 1e-1])
def test_strides_get_longer_where_single_precision_lets_many_through_however_short_they_are(
    stride: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two pairs at base e^30 the slow one turns by 3e-7 a token: g is 1 + cos m + ..."""
    family, looks = family_of(4), []
    walk = Walk(family, 30.0, UP)
    walk._stride = stride
    change = 1_000 * 0.5 * math.exp(-15) * stride  # m e theta h, at most

    def near(*_: object) -> Near:
        looks.append(walk._stride)
        found = np.arange(999 if len(looks) == 1 else 0)
        return Near(found * 0, found)

    monkeypatch.setattr(Boxes, "near", near)
    ahead = walk._ahead(1_000)
    blurred = change < Boxes(family, 30.0, stride, 1_000).error(1_000)
    assert blurred == (stride < 1e-6)
    expected = (stride, 999) if blurred else (looks[-1], 0)
    assert (ahead.length, ahead.distances.size) == expected
    assert (walk._stride == 2 * stride) == blurred


def test_the_stretches_of_a_stride_are_twice_as_many_each_time_until_there_is_a_doubt() -> None:
    """Up to 16, and fewer of a long context; looked at together, they are as sure as alone."""
    walk = Walk(family_of(32), math.log(1e9), UP)
    counts = []
    for _ in range(6):
        counts.append(walk._count)
        assert walk.step(500) is None
    assert counts == [1, 2, 4, 8, 16, MOST_STRETCHES]
    stub = Stub(FAMILY, 2.0, UP)
    stub._count, stub.given = 8, (0.5, RESOLUTION)
    assert stub.step(9) is not None
    assert stub._count == 1
    walk._count = 16
    long = walk._ahead(2**19)
    assert long.part == long.length / (AT_ONCE / 2**19)


def test_a_walk_goes_on_by_its_step_and_ends_at_base_1() -> None:
    up, down = Stub(FAMILY, 2.0, UP), Stub(FAMILY, 0.75, DOWN)
    rounding = 8 * 2.0**-53  # of x + step, on the side that the walk comes from
    assert (up.step(9), up.x) == (None, 2.5 - rounding)
    assert (down.step(9), down.x) == (None, 0.25 + rounding / 2)
    assert (down.step(9), down.x) == (None, 0.0)


def test_a_walk_down_comes_to_base_1() -> None:
    walk = Walk(family_of(8, 4), 0.75, DOWN)
    while walk.x > 0:
        assert walk.step(9) is None
    assert walk.steps < 20


@pytest.mark.parametrize(("x", "scale"), [(0.5, 1), (8.0, 8)])
def test_a_step_within_the_resolution_of_x_is_no_step(x: float, scale: int) -> None:
    walk = Stub(FAMILY, x, UP)
    walk.given = (0.5, RESOLUTION * scale)
    assert (walk.step(9), walk.x) == (Zero(x, x, 7), x)
    walk.given = (0.5, RESOLUTION * scale * 2)
    assert walk.step(9) is not None, "64 such looks in a row"
    assert x + 60 * RESOLUTION * scale < walk.x < x + 0.1
    walk.given = (0.5, 0.2)
    assert walk.step(9) is None


# --- where the bound holds from ------------------------------------------------------------------


def least_after(family: Family, context: int, x: float) -> float:
    """The least g at the last distance once every pair below pi is as it is and others are -1.

    Less the first, which turns by 1 at every base.
    """
    angles = (context - 1) * np.exp(-x * np.arange(family.n_pairs) / family.n_pairs)
    weights = np.array(family.weights or [1.0] * family.n_pairs)
    cosines = np.where(angles < math.pi, np.cos(angles), -1.0)
    cosines[0] = min(math.cos(m) for m in range(1, context))
    return float(weights @ cosines) + family.constant


@pytest.mark.parametrize("family", [FAMILY, family_of(64), family_of(16, margin=0.2)])
def test_holding_ever_after_is_the_last_distance_at_its_worst(family: Family) -> None:
    told = set()
    for x in np.linspace(0.0, 40.0, 161).tolist():
        expected = least_after(family, 1000, x) > 0
        assert holds_ever_after(family, 1000, x) == expected
        told.add(expected)
        if expected:
            assert g(family, 1000, x).min() > 0
    assert told == {True, False}


@pytest.mark.slow
def test_two_pairs_hold_from_where_the_slow_one_makes_up_for_the_least_cosine() -> None:
    """cos 355 is -1 + 4.5e-10, so the limit of many bases, 1 + cos m, is not negative."""
    for context in (300, 356, 104_349):
        x = surely_holds_from(family_of(4), context)
        assert x < X_MAX
        found = ropecalc.min_base(4, context, safe=True, use_table=False)
        assert found.safe_status is ropecalc.SafeStatus.COMPUTED
        assert found.safe_base is not None
        assert found.safe_base <= math.exp(x)
    assert surely_holds_from(family_of(4), 2**22 + 1) == X_MAX


def test_the_least_x_that_surely_holds_is_told_to_a_24th_halving() -> None:
    step = X_MAX / 2**24
    for family in (family_of(64), FAMILY, family_of(16, margin=0.2)):
        x = surely_holds_from(family, 1000)
        assert holds_ever_after(family, 1000, x)
        assert not holds_ever_after(family, 1000, x - 1.001 * step)
    assert surely_holds_from(family_of(8, 4), 1000) == step
    assert surely_holds_from(family_of(4, margin=1.0), 1000) == X_MAX


def test_a_window_is_followed_for_3000_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_STEPS == 3000
    monkeypatch.setattr("ropecalc.base.window.MAX_STEPS", 5)
    seen: list[int] = []
    monkeypatch.setattr(Walk, "step", lambda _, context: seen.append(context))
    assert window_end(family_of(64), 1000, 9.0) == (9.0, None, False)
    assert seen == [1000] * 5
    assert window_end(family_of(64), 1000, 99.0) == (99.0, None, True)
    beyond = math.nextafter(X_MAX, math.inf)
    assert window_end(family_of(4, margin=1.0), 1000, beyond) == (beyond, None, False)
    assert window_end(family_of(4, margin=1.0), 1000, X_MAX) == (X_MAX, None, False)


@pytest.mark.slow
@pytest.mark.parametrize("rotary_dim", [64, 80, 96, 100, 250])
def test_frequencies_are_off_by_no_more_than_their_units(rotary_dim: int) -> None:
    """The exponents of a dimension that is no power of two are rounded themselves."""
    family = family_of(rotary_dim)
    most = 0.0
    with mpmath.workdps(40):
        for x in np.linspace(0.1, 690.0, 60).tolist():
            allowed = (family.theta_units(x) + 2) * UNIT
            for i, theta in enumerate(family.thetas(x).tolist()):
                true = mpmath.exp(-mpmath.mpf(x) * 2 * i / rotary_dim)
                off = abs(mpmath.mpf(theta) - true) / true
                assert off <= allowed[i]
                most = max(most, float(off / (x * 2 * i / rotary_dim * UNIT + 2 * UNIT)))
    assert (most > 1) == (rotary_dim & (rotary_dim - 1) != 0)
