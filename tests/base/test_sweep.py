"""The parts of the sweep: bounds that cannot overshoot, a sieve that loses nothing."""

from __future__ import annotations

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ropecalc import UndecidedError
from ropecalc.base.boxes import Boxes
from ropecalc.base.family import Family, family_of, first_crossing
from ropecalc.base.precise import Precise
from ropecalc.base.roots import enclosing_base, zero_beside
from ropecalc.base.sieve import SPAN, Sieve
from ropecalc.base.sweep import Sweep
from ropecalc.base.window import holds_ever_after, window_end
from tests.tools.laws import laws
from tests.tools.oracle import excess_ball


def g(family: Family, m: int, x: mpmath.mpf) -> mpmath.mpf:
    """g by the definition, in mpmath, at its current precision."""
    n = family.n_pairs
    weights = family.weights or [1.0] * n
    u = (family.head_dim - family.rotary_dim) // 2 if family.count_unrotated else 0
    total = mpmath.fsum(weights) + u
    cosines = (w * mpmath.cos(m * mpmath.exp(-x * 2 * i / (2 * n))) for i, w in enumerate(weights))
    return mpmath.fsum(cosines) + u - mpmath.mpf(family.margin) * total


@pytest.mark.slow
@laws(max_examples=25)
@given(
    half=st.integers(1, 40),
    unrotated=st.integers(0, 4),
    margin=st.floats(0, 0.3),
    m=st.integers(1, 10**6),
    x=st.floats(0, 25),
)
def test_taylor_agrees_with_mpmath_within_its_errors(
    half: int, unrotated: int, margin: float, m: int, x: float
) -> None:
    family = family_of(2 * (half + unrotated), 2 * half, margin=margin)
    at = family.taylor(m, x)
    with mpmath.workdps(60):
        exact = [mpmath.diff(lambda t: g(family, m, t), x, k) for k in range(4)]
        assert abs(at.value - exact[0]) <= at.value_error
        assert abs(at.slope - exact[1]) <= at.slope_error
        assert abs(at.curvature - exact[2]) <= at.curvature_error
        tiny = mpmath.mpf(10) ** -30  # mpmath.diff is numerical
        for ahead in (0.0, 0.1, 2.0):
            later = [mpmath.diff(lambda t: g(family, m, t), x + ahead, k) for k in (2, 3)]
            assert abs(later[0]) <= at.max_curvature + tiny
            assert abs(later[1]) <= at.max_third + tiny


@pytest.mark.slow
@laws(max_examples=100)
@given(half=st.integers(1, 40), m=st.integers(1, 5000), x=st.floats(0, 15), data=st.data())
def test_a_reach_does_not_overshoot(half: int, m: int, x: float, data: st.DataObject) -> None:
    family = family_of(2 * half)
    reach = family.reach(m, x)
    if reach == 0:
        at = family.taylor(m, x)
        assert at.value > -4 * at.value_error - abs(at.slope) * 1e-13 * max(1, x)
        return
    for share in [0.0, 0.5, 0.99, 1.0, *data.draw(st.lists(st.floats(0, 1), max_size=10))]:
        base = mpmath.exp(mpmath.mpf(x) + mpmath.mpf(min(reach, 600 - x)) * share)
        with mpmath.workdps(50):
            assert excess_ball(mpmath.nstr(base, 45), 2 * half, m) < 1e-12
        assert g(family, m, mpmath.mpf(x) + mpmath.mpf(min(reach, 600 - x)) * share) < 0


def test_several_distances_have_the_taylor_terms_of_each() -> None:
    family = family_of(64, margin=0.1)
    together = family.taylor(np.array([3, 500, 7]), 9.0)
    for k, m in enumerate([3, 500, 7]):
        np.testing.assert_allclose([column[k] for column in together], family.taylor(m, 9.0))


@given(
    depth=st.floats(1e-9, 100),
    slope=st.floats(-1e6, 1e6),
    curvature=st.floats(-1e9, 1e12),
)
@example(depth=1e-9, slope=2.2250738585e-313, curvature=0.0)  # its square is 0
@example(depth=1e-9, slope=0.0, curvature=1e-320)
@example(depth=1e-3, slope=-1.0, curvature=1e-20)  # slope + root is 0
@example(depth=1e-13, slope=-10.0, curvature=1000.0)  # ... and cancels: 9e-5 would be lost
def test_first_crossing_is_the_first_zero(depth: float, slope: float, curvature: float) -> None:
    """To the 1e-9 that a reach leaves, unless it is a double zero or nearly so."""
    h = first_crossing(depth, slope, curvature)
    with mpmath.workdps(50):

        def q(t: mpmath.mpf) -> mpmath.mpf:
            return -mpmath.mpf(depth) + mpmath.mpf(slope) * t + mpmath.mpf(curvature) * t * t / 2

        assert h > 0
        assert all(q(mpmath.mpf(10) ** k) < 0 for k in range(-12, 12) if 10.0**k < 0.99 * h)
        if h < 1e30:  # what is dropped as next to nothing is felt beyond it
            double = abs(slope * slope + 2 * curvature * depth) <= 1e-6 * slope * slope
            places = 6 if double else 10
            assert all(q(mpmath.mpf(h) * (1 - mpmath.mpf(10) ** -k)) < 0 for k in range(1, places))
            if not double:
                assert q(mpmath.mpf(h) * (1 + mpmath.mpf("1e-9"))) > 0


@laws(max_examples=25)
@given(
    half=st.integers(1, 64),
    x=st.floats(0, 20),
    start=st.integers(0, 10**6),
    threshold=st.floats(-3, 3),
    margin=st.floats(0, 0.4),
)
def test_the_sieve_loses_nothing(
    half: int, x: float, start: int, threshold: float, margin: float
) -> None:
    family = family_of(2 * half, margin=margin)
    sieve = Sieve(family, x, 4096)
    stop = start + 3000
    found, values = sieve.below(start, stop, threshold)
    exact = family.taylor(np.arange(start, stop), x).value
    assert set(np.flatnonzero(exact < threshold) + start) <= set(found.tolist())
    np.testing.assert_allclose(values, exact[found - start], atol=sieve.error(stop))
    # ... and lets little else through
    assert np.all(exact[found - start] < threshold + 2 * sieve.error(stop) + 1e-6)


@pytest.mark.parametrize("stop", [1, 63, SPAN, SPAN + 1, 3 * SPAN + 5])
def test_strips_cover_their_range_once(stop: int) -> None:
    sieve = Sieve(family_of(4), 1.0, stop)
    boxes = Boxes(family_of(4), 1.0, 0.0, stop, width=2)
    for found in (sieve.strips_up(0, stop), boxes.strips(0, stop)):
        strips = list(found)
        assert strips[0][0] == 0
        assert strips[-1][1] == stop
        assert all(before[1] == after[0] for before, after in pairwise(strips))
    assert all(b - a <= sieve.span for a, b in sieve.strips_up(0, stop))


def test_links_cover_every_base_below_the_minimum() -> None:
    sweep = Sweep(family_of(64), 1024)
    landing = sweep.run()
    assert landing is not None
    ends = [link.x_end for link in sweep.links]
    assert ends == sorted(ends)
    assert ends[-1] == landing.x
    start = 0.0
    for end, witness in sweep.links:
        assert 0 < witness < 1024
        for x in np.linspace(start, end, 7):
            assert g(sweep.family, witness, mpmath.mpf(float(x))) < 1e-10
        start = end


@pytest.mark.parametrize("candidates", [1, 3, 100])
def test_the_answer_does_not_hang_on_what_is_ranked(
    candidates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ropecalc.base.sweep.CANDIDATES", candidates)
    landings = [Sweep(family_of(32), 700).run(), Sweep(family_of(128, 66), 400).run()]
    assert [landing and landing.in_doubt for landing in landings] == [(694,), (3,)]


def test_a_window_is_followed_to_where_a_distance_falls_through_zero() -> None:
    family = family_of(64)
    landing = Sweep(family, 1024).run()
    assert landing is not None
    end = window_end(family, 1024, landing.x + 1e-9)
    assert end.zero is not None
    assert end.x <= end.zero.before < end.zero.after
    with mpmath.workdps(60):
        assert g(family, end.zero.distance, end.zero.before - mpmath.mpf("1e-30")) > 0
        assert g(family, end.zero.distance, end.zero.after) < 0


def test_roots_are_between_neighbouring_floats() -> None:
    precise = Precise(family_of(128))
    zero = zero_beside(precise, 1009, math.log(4293.4376), opens=True)
    low, high = enclosing_base(precise, zero)
    assert (low, high) == (4293.437569262578, 4293.437569262579)
    assert excess_ball(low, 128, 1009) < 0 < excess_ball(high, 128, 1009)


@pytest.mark.parametrize("weight", [1.0, 1e-3])
def test_a_root_that_falls_is_not_taken_for_one_that_rises(weight: float) -> None:
    family = family_of(128, weights=[weight] * 64)  # a slope may be far below 1
    end = window_end(family, 1024, math.log(4294))
    assert end.zero is not None
    for distance, x, opens in (
        (end.zero.distance, float(end.zero.before), True),
        (1009, math.log(4293.4376), False),
    ):
        with pytest.raises(UndecidedError, match="has no such zero near base"):
            zero_beside(Precise(family), distance, x, opens=opens)
        zero_beside(Precise(family), distance, x, opens=not opens)


def test_a_distance_that_comes_within_rounding_of_zero_is_decided() -> None:
    # A margin such that the highest value of g between two of its zeros is zero to 16 digits.
    plain = family_of(8)
    xs = np.linspace(1, 4, 3001)
    values = np.array([plain.taylor(40, float(x)).value for x in xs])
    peaks = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])) + 1
    peak = max(peaks, key=lambda k: values[k])
    with mpmath.workdps(40):
        slope = lambda x: mpmath.diff(lambda t: g(plain, 40, t), x)  # noqa: E731
        top = mpmath.findroot(slope, float(xs[peak]))
        height = g(plain, 40, top)
    assert abs(top - xs[peak]) < 0.001
    assert height > 0
    nearest = float(height / 4)
    for margin in (np.nextafter(nearest, 0.0), nearest, np.nextafter(nearest, 1.0)):
        family = family_of(8, margin=float(margin))
        precise = Precise(family)
        with mpmath.workdps(40):
            left = height - mpmath.mpf(margin) * 4
            width = mpmath.sqrt(2 * abs(left) / abs(mpmath.diff(slope, top)))
        start = float(top) - 1e-3
        zero = precise.zero(40, False, start, float(top) + 1e-3)
        assert (zero is None) == (left < 0)
        assert zero is None or abs(top - width - zero.before) < width / 100


@pytest.mark.parametrize(
    ("family", "context", "x", "expected"),
    [
        (family_of(128, 64), 10**6, 0.0, True),
        (family_of(128, 66), 10**6, 0.0, False),
        (family_of(128), 32_768, math.log(5e6), False),
        (family_of(128), 32_768, math.log(1e11), True),
        (family_of(128, margin=0.5), 32_768, math.log(1e11), False),
    ],
)
def test_what_holds_ever_after(family: Family, context: int, x: float, expected: bool) -> None:
    assert holds_ever_after(family, context, x) is expected
