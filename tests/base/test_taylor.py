"""g and its bounds term by term, and the reach of one distance on functions that are known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from ropecalc.base.family import Family, Taylor, family_of, first_crossing
from ropecalc.scaling import default

UNIT = 2.0**-53
WEIGHTS = (0.5, 2.0, 0.0, 1.25)
FAMILY = family_of(14, 8, WEIGHTS, margin=0.125)
X, DISTANCES = 2.75, (1, 37, 4001)


def moments(distance: int, k: int, j: int) -> float:
    """sum_i w_i e_i^k phi_i^j."""
    return math.fsum(
        w * (i / 4) ** k * (distance * math.exp(-X * i / 4)) ** j for i, w in enumerate(WEIGHTS)
    )


@pytest.mark.parametrize("m", DISTANCES)
def test_the_bounds_on_derivatives_are_the_sums_of_their_terms(m: int) -> None:
    at = FAMILY.taylor(m, X)
    second = moments(m, 2, 1) + moments(m, 2, 2)
    third = moments(m, 3, 1) + 3 * moments(m, 3, 2) + moments(m, 3, 3)
    for bound, exact in ((at.max_curvature, second), (at.max_third, third)):
        assert exact <= bound <= exact * (1 + 2e-12)


@pytest.mark.parametrize("m", DISTANCES)
def test_errors_are_those_of_the_angles_and_of_the_sum(m: int) -> None:
    """An angle is off by phi (2 x e + 6) units; a sum of n terms by n + 6 units of their sizes."""
    at = FAMILY.taylor(m, X)
    size = 3.75 + abs(3 - 0.125 * 6.75)
    value = 2 * X * moments(m, 1, 1) + 6 * moments(m, 0, 1) + 10 * size
    slope = (2 * X + 6) * (moments(m, 1, 1) + moments(m, 1, 2)) + 10 * moments(m, 1, 1)
    bent = moments(m, 2, 1) + 3 * moments(m, 2, 2) + moments(m, 2, 3)
    curvature = (2 * X + 6) * bent + 10 * (moments(m, 2, 1) + moments(m, 2, 2))
    found = (at.value_error, at.slope_error, at.curvature_error)
    assert found == pytest.approx([UNIT * value, UNIT * slope, UNIT * curvature], rel=1e-9, abs=0)


def test_slopes_are_the_first_terms_of_taylor() -> None:
    for x in (0.0, X, 30.0):
        at = FAMILY.taylor(np.array(DISTANCES), x)
        expected = (at.value, at.slope, at.value_error, at.slope_error)
        given = np.array(DISTANCES), np.full(len(DISTANCES), x)
        for found, term in zip(FAMILY.slopes(*given), expected, strict=True):
            np.testing.assert_allclose(found, term, rtol=1e-12)


def test_one_distance_gives_plain_floats() -> None:
    assert {type(term) for term in FAMILY.taylor(37, X)} == {float}


def test_the_constant_is_what_unrotated_pairs_add_and_the_margin_takes() -> None:
    assert (FAMILY.n_pairs, FAMILY.unrotated_pairs, FAMILY.weight) == (4, 3, 3.75)
    assert FAMILY.constant == 3 - 0.125 * (3 + 3.75)
    assert family_of(14, 8, count_unrotated=False, margin=0.5).constant == -2.0
    assert family_of(14, 8).pair_weights.tolist() == [1.0] * 4


def test_a_member_is_the_plain_spectrum_of_its_base() -> None:
    family = family_of(14, 8, WEIGHTS, count_unrotated=False)
    expected = default(5e5, 14, rotary_dim=8, weights=WEIGHTS, count_unrotated=False)
    assert family.spectrum(5e5) == expected


def test_a_family_has_plain_numbers_whatever_it_is_given() -> None:
    made = family_of(np.int64(14), np.int64(8), [1, 2, 3, 4], True, np.float64(0.25))  # type: ignore[arg-type]
    assert made == Family(14, 8, (1.0, 2.0, 3.0, 4.0), True, 0.25)
    assert made.weights is not None
    kinds = [type(part) for part in (made.head_dim, made.rotary_dim, *made.weights, made.margin)]
    assert kinds == [int, int, float, float, float, float, float]
    assert family_of(14) == Family(14, 14, None, True, 0.0)


def test_what_always_holds_is_decided_without_rounding() -> None:
    tenths = (0.1,) * 10  # a little more than 1, though their float64 sum is a little less
    assert not family_of(22, 20, tenths).always_holds
    assert family_of(22, 20, (0.1,) * 9 + (0.09,)).always_holds
    assert family_of(8, 2, margin=0.5).always_holds  # 3 (1 - 1/2) = 1 (1 + 1/2)
    assert not family_of(8, 2, margin=math.nextafter(0.5, 1.0)).always_holds


# --- the reach, on a g that is given -------------------------------------------------------------


@dataclass(frozen=True)
class Given(Family):
    """A family whose g is a given one."""

    at: Taylor | None = None

    def taylor(self, *_: object) -> Taylor:
        assert self.at is not None
        return self.at


def cubic(value: float, slope: float, curvature: float, third: float, most: float) -> Taylor:
    """-value + slope h + curvature h^2/2 + third h^3/6, |g''| at most ``most``."""
    return Taylor(value, slope, curvature, most, third, 0.0, 0.0, 0.0)


def reach(at: Taylor, x: float = 1.0) -> float:
    return Given(4, 4, at=at).reach(1, x)


def test_a_cubic_is_followed_nearly_to_its_zero() -> None:
    """The second-order step is 1 and the zero lies at so many times that."""
    for times, share in ((3.0, 1 - 2e-9), (1.5, 0.97), (1.2, 0.97)):
        depth = (times**2 + times**3 / 3) / 2
        found = reach(cubic(-depth, 0.0, 1.0, 1.0, 2 * depth))
        assert share * times <= found < times


@pytest.mark.parametrize("slope", [-2.0, 0.0, 1.0])
@pytest.mark.parametrize("curvature", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("third", [0.0, 0.5, 20.0])
def test_the_reach_is_never_beyond_the_zero_nor_short_of_the_second_order_step(
    slope: float, curvature: float, third: float
) -> None:
    for depth in (0.01, 1.0, 50.0):
        most = abs(curvature) + 10 * third + 1.0
        found = reach(cubic(-depth, slope, curvature, third, most))
        assert first_crossing(depth, slope, most) * (1 - 3e-9) <= found
        up_to = np.linspace(0, found, 200)
        g = -depth + up_to * (slope + up_to * (curvature / 2 + up_to * third / 6))
        assert np.all(g <= 0)


def test_every_error_is_taken_at_its_worst_end() -> None:
    exact = cubic(-1.0, 0.25, 0.5, 1.0, 8.0)
    for errors, worst in (
        ({"value_error": 0.25}, {"value": -0.75}),
        ({"slope_error": 0.25}, {"slope": 0.5}),
        ({"curvature_error": 0.25}, {"curvature": 0.75}),
    ):
        assert reach(exact._replace(**errors)) == reach(exact._replace(**worst)) < reach(exact)


def test_there_is_no_reach_where_g_may_be_zero() -> None:
    falling = cubic(0.0, -1.0, 0.0, 0.0, 1.0)
    assert reach(falling) == 0.0
    assert reach(falling._replace(value=-0.5, value_error=0.5)) == 0.0
    assert reach(falling._replace(value=0.1)) == 0.0
    assert reach(cubic(-1e-17, 1.0, 0.0, 0.0, 0.0)) == 0.0


def test_the_reach_leaves_room_for_the_rounding_of_x() -> None:
    short = cubic(-1e-13, 1.0, 0.0, 0.0, 0.0)
    assert reach(short, 0.5) == pytest.approx(1e-13 * (1 - 1e-9) - 4 * UNIT, rel=1e-12, abs=0)
    assert reach(short, 100.0) == pytest.approx(1e-13 * (1 - 1e-9) - 400 * UNIT, rel=1e-12, abs=0)
    assert reach(short._replace(slope=0.0)) == math.inf


def test_first_crossings_that_are_known() -> None:
    assert first_crossing(3.0, 2.0, 2.0) == pytest.approx(1.0)
    assert first_crossing(3.0, -2.0, 2.0) == pytest.approx(3.0)
    assert first_crossing(1.0, 2.0, -2.0) == pytest.approx(1.0)
    assert first_crossing(1.0, 2.0, 0.0) == 0.5
    assert first_crossing(1e-3, -1.0, 1e-20) == pytest.approx(2e20)
    assert first_crossing(1e-13, -10.0, 1000.0) == pytest.approx(0.02 + 1e-14, rel=1e-15)
    assert first_crossing(2.0, 0.0, 1.0) == 2.0
    for slope, curvature in ((0.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (1.0, -1.0), (-9.0, -1.0)):
        assert math.isinf(first_crossing(1.0, slope, curvature))
    assert first_crossing(1e-9, 1e-320, 1.0) == pytest.approx(math.sqrt(2e-9), abs=0)
    assert first_crossing(1.0, 1e-99, 0.0) == pytest.approx(1e99)
    assert math.isinf(first_crossing(1.0, 9e-101, 0.0))
