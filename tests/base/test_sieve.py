"""The sieve and the walk against every distance looked at in double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ropecalc
from ropecalc.base.family import X_MAX, Family, family_of
from ropecalc.base.sieve import Sieve
from ropecalc.base.sweep import RESOLUTION
from ropecalc.base.window import (
    DOWN,
    MAX_STEPS,
    UP,
    Walk,
    _bounds,
    holds_ever_after,
    surely_holds_from,
    window_end,
)
from ropecalc.base.zeros import Zero

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
        w * math.exp(-2.0 * i / 4) * (2.0 * i / 4 + 6) for i, w in enumerate((0.5, 2, 0, 1.25))
    )
    expected = (
        3.75 * (math.sqrt(8) * table + 12 * UNIT32)
        + stop * UNIT * math.fsum(phases)
        + 2 * UNIT32 * (3 - 0.125 * 6.75)
    )
    assert Sieve(FAMILY, 2.0, span).error(stop) == pytest.approx(expected, rel=1e-12, abs=0)


# --- one step of a walk --------------------------------------------------------------------------


def certain(family: Family, distance: int, x: float, far: float, direction: int) -> float:
    """How far g of a distance is certainly not negative: the root of the bound on it."""
    at, ahead = family.taylor(distance, x), family.taylor(distance, far)
    height = max(at.value - at.value_error, 0.0)
    slope = direction * at.slope - at.slope_error
    bend = ahead.max_curvature
    root = (slope + math.sqrt(slope**2 + 2 * bend * height)) / bend
    return float(root)


@pytest.mark.parametrize("direction", [UP, DOWN])
@pytest.mark.parametrize("x", [0.25, 9.5, 12.0])
def test_a_step_is_the_shortest_of_all_distances(direction: int, x: float) -> None:
    """By bounds from the far end of the trial length on; that length where nothing limits it."""
    family, limited = family_of(32), []
    context = 2 if x < 1 else 500
    for trial in (0.5, 1e-2, 1e-6):
        walk = Walk(family, x, direction)
        walk._trial = trial
        step, closest, *_ = walk._longest_step(context)
        far = x if direction == UP else max(0.0, x - trial)
        reaches = [certain(family, m, x, far, direction) for m in range(1, context)]
        limited.append(min(reaches) < trial)
        if limited[-1]:
            assert step == pytest.approx(min(reaches), rel=1e-6, abs=0)
            assert step < min(reaches)
            assert closest == 1 + int(np.argmin(reaches))
        else:
            assert (step, closest) == (trial, None)
    assert limited[0] or x < 1
    assert not limited[-1]


@pytest.mark.parametrize("x", [0.5, 8.0])
def test_the_bounds_of_a_walk_are_the_sums_of_their_terms(x: float) -> None:
    """Of |g'| the factor of m, of |g''| those of m and of m^2, each a hair above."""
    weights = (0.5, 2.0, 0.0, 1.25)
    first, (second, squares) = _bounds(FAMILY, x)
    for found, k, j in ((first, 1, 1), (second, 2, 1), (squares, 2, 2)):
        exact = math.fsum(
            w * (i / 4) ** k * math.exp(-x * j * i / 4) for i, w in enumerate(weights)
        )
        assert exact < found < exact * (1 + 3e-12)


def test_a_step_looks_at_every_strip() -> None:
    """A context of two strips: the distance that stops the walk lies in the lower one."""
    family = family_of(64)
    walk = Walk(family, math.log(5.7e5), UP)
    walk._trial = 1e-2
    step, closest, count, blurred = walk._longest_step(10_000)
    assert not blurred
    assert closest is not None
    assert count >= 1
    assert Walk(family, walk.x, UP)._longest_step(10_000)[0] <= RESOLUTION * 2**20
    assert step <= certain(family, closest, walk.x, walk.x, UP)


def test_reaches_are_the_roots_of_the_parabola_below_g() -> None:
    family, x = family_of(32), 12.0
    distances = np.array([0, 3, 77, 400])
    walk = Walk(family, x, UP)
    found = walk._reaches(distances, (2.0, 3.0))
    assert found[0] == math.inf or found[0] > 1e300  # g of distance 0 never moves
    for m, reach in zip(distances.tolist()[1:], found.tolist()[1:], strict=True):
        at = family.taylor(m, x)
        height, slope, bend = at.value - at.value_error, at.slope - at.slope_error, 2 * m + 3 * m**2
        roots = np.roots([-bend / 2, slope, max(height, 0.0)])
        assert reach == pytest.approx(max(roots), rel=1e-8, abs=0)
        assert reach < max(roots)


class Stub(Walk):
    """A walk whose steps are given."""

    given: tuple[float, int | None, int, bool] = (0.5, 7, 0, False)

    def _longest_step(self, _: int) -> tuple[float, int | None, int, bool]:
        return self.given

    def _precise_step(self, _: int) -> Zero | None:
        return Zero(self.x, self.x, 7)


def after(count: int, context: int = 2048 * 36, *, blurred: bool = False) -> float:
    """The factor by which the trial length changes."""
    walk = Stub(FAMILY, 2.0, UP)
    walk.given = (0.5, 7, count, blurred)
    trial = walk._trial
    assert walk.step(context) is None
    return walk._trial / trial


def test_steps_get_shorter_where_many_distances_are_looked_at_and_longer_where_few() -> None:
    """Many is 64 and one in 2,048 of the context: here 100."""
    assert [after(count) for count in (0, 24, 25, 100, 101)] == [1.5, 1.5, 1.0, 1.0, 0.5]


def test_steps_get_longer_where_single_precision_lets_many_through_however_short_they_are() -> None:
    assert [after(count, blurred=True) for count in (0, 100, 101, 10**6)] == [1.5] * 4


def test_a_step_without_a_limit_is_made_however_short_it_is() -> None:
    walk = Stub(FAMILY, 2.0, UP)
    walk.given = (1e-20, None, 0, False)
    assert (walk.step(9), walk.x) == (None, 2.0)
    walk.given = (1e-20, 7, 0, False)
    assert walk.step(9) == Zero(2.0, 2.0, 7)


@pytest.mark.parametrize("trial", [1e-12, 1e-1])
def test_a_step_is_blurred_where_it_changes_g_by_less_than_single_precision_tells(
    trial: float,
) -> None:
    """Of two pairs at base e^30 the slow one turns by 3e-7 a token: g is 1 + cos m + ..."""
    family = family_of(4)
    walk = Walk(family, 30.0, UP)
    walk._trial = trial
    change = 1_000 * 0.5 * math.exp(-15) * trial  # m e theta h, at most
    blurred = walk._longest_step(1_000)[3]
    assert blurred == (change < Sieve(family, 30.0, 1_000).error(1_000))
    assert blurred == (trial < 1e-6)


def test_a_walk_goes_on_by_its_step_and_ends_at_base_1() -> None:
    up, down = Stub(FAMILY, 2.0, UP), Stub(FAMILY, 0.75, DOWN)
    rounding = 8 * 2.0**-53  # of x + step, on the side that the walk comes from
    assert (up.step(9), up.x) == (None, 2.5 - rounding)
    assert (down.step(9), down.x) == (None, 0.25 + rounding / 2)
    assert (down.step(9), down.x) == (None, 0.0)


@pytest.mark.parametrize(("x", "scale"), [(0.5, 1), (8.0, 8)])
def test_a_step_within_the_resolution_of_x_is_no_step(x: float, scale: int) -> None:
    walk = Stub(FAMILY, x, UP)
    walk.given = (RESOLUTION * scale, 7, 0, False)
    assert (walk.step(9), walk.x) == (Zero(x, x, 7), x)
    walk.given = (RESOLUTION * scale * 1.01, 7, 0, False)
    assert walk.step(9) is None
    assert walk.x > x


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
