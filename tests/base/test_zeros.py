"""Zeros between two certain signs: on functions that are known, and on g against Arb."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from ropecalc.base.curve import Array, DistanceCurve, fixed
from ropecalc.base.family import Family, family_of
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.roots import enclosing_base, landing_zero, zero_beside
from ropecalc.base.sweep import Landing
from ropecalc.base.zeros import (
    MOST_DIGITS,
    Effort,
    Jet,
    Zero,
    first_fall,
    next_zero,
    sign_at,
)
from ropecalc.errors import UndecidedError
from ropecalc.exact import context_with


@dataclass
class Polynomial:
    """A polynomial with exact coefficients, the constant first."""

    coefficients: list[Fraction]
    distance: int = 7
    points: list[float] = field(default_factory=list)

    def described(self, x: Any) -> str:
        """The point."""
        return f"x = {float(x):.6g}"

    def at(self, x: Any, order: int, mp: Any) -> Any:
        """A derivative."""
        terms = list(self.coefficients)
        for _ in range(order):
            terms = [k * c for k, c in enumerate(terms)][1:]
        return sum((mp.mpf(c.numerator) / c.denominator * x**k for k, c in enumerate(terms)), 0 * x)

    def jet(self, x: Any, digits: int) -> Jet:
        """Value and derivatives; each said to be off by 10^-digits."""
        mp = context_with(digits + 20)
        x = mp.convert(x)
        self.points.append(float(x))
        return Jet(*(self.at(x, k, mp) for k in range(3)), *[mp.mpf(10) ** -digits] * 3)

    def bends(self, low: float, high: float) -> tuple[float, float]:
        """Bounds by the sizes of the terms."""
        size = max(abs(low), abs(high))
        terms = [abs(float(c)) for c in self.coefficients]
        second = sum(k * (k - 1) * c * size ** (k - 2) for k, c in enumerate(terms) if k > 1)
        third = sum(
            k * (k - 1) * (k - 2) * c * size ** (k - 3) for k, c in enumerate(terms) if k > 2
        )
        return second * 1.001, third * 1.001


def around(centre: Fraction, height: Fraction, cubic: int = 1) -> Polynomial:
    """(x - centre)^2 + height + cubic (x - centre)^3, multiplied out."""
    c = centre
    return Polynomial([height + c * c - cubic * c**3, -2 * c + 3 * cubic * c * c, 1 - 3 * cubic * c,
                       Fraction(cubic)])  # fmt: skip


def zero_of(curve: Polynomial, start: float, goal: float, digits: int = 40) -> Zero | None:
    effort = Effort(2_000)
    return next_zero(curve, sign_at(curve, start, effort), start, goal, effort, digits)


THIRD = Fraction(1, 3)


@pytest.mark.parametrize("digits", [5, 40, 200])
@pytest.mark.parametrize(("start", "goal"), [(0.0, 9.0), (0.3, 0.34), (2.5, -3.0), (0.34, 0.0)])
def test_a_simple_zero_is_enclosed_from_either_side(start: float, goal: float, digits: int) -> None:
    found = zero_of(Polynomial([-THIRD, Fraction(1)]), start, goal, digits)
    assert found is not None
    assert found.distance == 7
    ahead = 1 if goal > start else -1
    with mpmath.workdps(300):
        third = mpmath.mpf(1) / 3
        assert ahead * found.before < ahead * third < ahead * found.after
        assert abs(found.after - found.before) <= mpmath.mpf(10) ** -digits


@pytest.mark.parametrize("exponent", [3, 10, 18, 25, 60, 100])
@pytest.mark.parametrize(("start", "goal"), [(0.0, 0.9), (0.9, 0.0)])
def test_an_extremum_that_does_not_reach_zero_is_passed(
    start: float, goal: float, exponent: int
) -> None:
    assert zero_of(around(THIRD, Fraction(1, 10**exponent)), start, goal) is None


@pytest.mark.parametrize("exponent", [3, 10, 18, 25, 60, 100])
@pytest.mark.parametrize(("start", "goal"), [(0.0, 0.9), (0.9, 0.0)])
def test_one_that_dips_below_zero_is_two_zeros(start: float, goal: float, exponent: int) -> None:
    curve, ahead = around(THIRD, -Fraction(1, 10**exponent)), 1 if goal > start else -1
    first = zero_of(curve, start, goal)
    assert first is not None
    effort = Effort(1_000)
    second = next_zero(curve, -1, first.after, goal, effort)
    assert second is not None
    with mpmath.workdps(300):
        half = mpmath.mpf(10) ** (-mpmath.mpf(exponent) / 2)
        for zero, side in ((first, -ahead), (second, ahead)):
            width = abs(zero.after - zero.before)
            exact = mpmath.mpf(1) / 3 + side * half
            assert abs(zero.before - exact) < half**1.9 + width
            assert 0 < width < half
    assert zero_of(curve, float(THIRD) + ahead * 0.1, goal) is None


def test_a_touch_is_undecided_and_says_where() -> None:
    with pytest.raises(
        UndecidedError, match=rf"S\(7\) touches zero at x = 0.333333, .* {MOST_DIGITS}"
    ):
        zero_of(around(THIRD, Fraction(0)), 0.0, 0.9)


def test_a_sign_that_no_digits_show_is_undecided() -> None:
    with pytest.raises(UndecidedError, match=r"S\(7\) touches zero at x = 0"):
        sign_at(Polynomial([Fraction(0), Fraction(1)]), 0.0, Effort(100))


def test_effort_is_limited_and_says_where_it_stopped() -> None:
    curve = around(THIRD, Fraction(1, 10**30))
    with pytest.raises(UndecidedError, match=r"S\(7\) .* from x = .*: stopped after 3 evaluations"):
        next_zero(curve, 1, 0.0, 0.9, Effort(3))
    effort = Effort(3)
    for _ in range(9):
        effort.spend(curve, 0.0)
        effort.forgive()


def test_an_effort_is_so_many_evaluations() -> None:
    curve, effort = around(THIRD, Fraction(1)), Effort(3)
    for _ in range(2):
        for count in (1, 2, 3):
            effort.spend(curve, 0.0)
            assert effort.spent == count
        with pytest.raises(UndecidedError):
            effort.spend(curve, 0.25)
        effort.forgive()
        assert effort.spent == 0


@dataclass
class Erring(Polynomial):
    """A polynomial whose jets are off by all that they say, each to its own side."""

    errors: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def jet(self, x: Any, digits: int) -> Jet:
        """The derivatives and what was added to them."""
        exact = super().jet(x, digits)[:3]
        return Jet(*(value + e for value, e in zip(exact, self.errors, strict=True)),
                   *map(abs, self.errors))  # fmt: skip


LINE, FALLING = [Fraction(1), Fraction(-1)], [Fraction(1), Fraction(0), Fraction(-1, 2)]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("coefficients", "zero", "errors"),
    [
        (LINE, 1.0, (0.0, 0.25, 0.0)),
        (LINE, 1.0, (0.0, -0.25, 0.0)),
        (FALLING, 2**0.5, (0.0, 0.0, 0.5)),
        (FALLING, 2**0.5, (0.0, 0.25, 0.25)),
        (FALLING, 2**0.5, (1e-30, 0.0, 0.0)),
        (FALLING, 2**0.5, (-1e-30, 0.0, 0.0)),
    ],
)
def test_no_step_goes_past_a_zero_at_the_worst_of_its_errors(
    sign: int, coefficients: list[Fraction], zero: float, errors: tuple[float, ...]
) -> None:
    signed = [sign * c for c in coefficients]
    off = tuple(sign * e for e in errors)
    for bend in (1.0, 50.0):  # a bound on |g''| that is sharp, and one that is far from it
        curve = Erring(signed, errors=off)  # type: ignore[arg-type]
        curve.bends = lambda *_, b=bend: (b, 0.0)  # type: ignore[method-assign]
        found = next_zero(curve, sign, 0.0, 4.0, Effort(400), 12)
        assert found is not None
        assert found.before <= zero + 1e-15
        assert max(p for p in curve.points[:-1]) <= zero + 2e-12
        assert found.after >= zero - 1e-15


def test_a_value_that_is_just_as_far_off_has_no_sign() -> None:
    """A value of 1/4, off by 1/4 at most, may be zero."""
    curve = Erring([Fraction(0)], errors=(0.25, 0.0, 0.0))
    with pytest.raises(UndecidedError):
        sign_at(curve, 0.5, Effort(100))
    assert sign_at(Erring([Fraction(1, 2**40)], errors=(0.25, 0.0, 0.0)), 0.5, Effort(100)) == 1
    assert sign_at(Polynomial([Fraction(-1, 2**40)]), 0.5, Effort(100)) == -1


@pytest.mark.parametrize("digits", [40, 200])
def test_a_sign_is_looked_for_to_four_times_its_digits_or_to_the_most(digits: int) -> None:
    asked: list[int] = []

    class Lost(Polynomial):
        def jet(self, x: Any, digits: int) -> Jet:
            asked.append(digits)
            return super().jet(x, digits)

    with pytest.raises(UndecidedError):
        sign_at(Lost([Fraction(0)]), 0.5, Effort(100), digits)
    assert asked == {40: [40, 80, 160, 320], 200: [200, 400, 800]}[digits]


def test_a_fall_is_the_first_root_of_its_parabola() -> None:
    """Height h and slope s, bend b: what is returned is a root, and the first above 0."""
    halves = [Fraction(k, 2) for k in (-4, -3, -2, -1, 0, 1, 2, 3, 4)]
    for height, slope, bend in product((Fraction(1, 4), Fraction(1), Fraction(3)), halves, halves):

        def value(t: float, at: tuple[Fraction, ...] = (height, slope, bend)) -> float:
            return float(at[0] + at[1] * Fraction(t) - at[2] * Fraction(t) ** 2 / 2)

        fall = first_fall(*map(float, (height, slope, bend)))
        last = min(fall, 1e6)
        assert all(value(last * k / 64) > -1e-9 for k in range(64))
        if math.isinf(fall):
            assert value(1e6) > -1e-9
        else:
            assert value(fall) == pytest.approx(0, abs=1e-9)


def test_a_goal_before_the_zero_is_reached_and_not_passed() -> None:
    curve = Polynomial([-THIRD, Fraction(1)])
    assert zero_of(curve, 0.0, 0.3333) is None
    assert zero_of(curve, 0.0, 0.0) is None
    assert max(curve.points) < 0.3334
    constant = Polynomial([Fraction(2)])
    assert zero_of(constant, 0.0, 1e9) is None
    assert len(constant.points) < 60


# --- g of a distance -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Linear:
    """A second family: theta_i = a_i + c_i u, as linear scaling by 1/u has them."""

    a: tuple[float, ...]
    c: tuple[float, ...]
    margin: float = 0.1
    unrotated_pairs: int = 1

    @property
    def pair_weights(self) -> Array:
        """Ones."""
        return np.ones(len(self.a))

    def rates(self, x: Any, mp: Any) -> tuple[int, list[tuple[int, int, int]]]:
        """A straight line each."""
        pairs = zip(self.a, self.c, strict=True)
        return fixed([(a + c * x, mp.mpf(c), mp.mpf(0)) for a, c in pairs], mp)

    def speeds(self, low: float, high: float) -> Array:
        """The first derivatives are constant."""
        most = np.abs(self.a) + np.abs(self.c) * max(abs(low), abs(high))
        zero = np.zeros(len(self.a))
        return np.array([most, np.abs(self.c), zero, zero])

    def member(self, x: Any, mp: Any) -> Any:
        """The factor."""
        return 1 / mp.mpf(x)

    def described(self, x: Any) -> str:
        """The factor."""
        return f"factor {1 / float(x):.6g}"


LINEAR = Linear((0.0, 0.01, 0.002), (1.0, 0.25, 0.004))
EIGHT = family_of(8, margin=0.1, weights=[0.5, 2.0, 1e-9, 3.0])
FAMILIES = [(EIGHT, 3.5), (EIGHT, 60.0), (family_of(24, 16), 9.25), (LINEAR, 0.37)]
SLOW = [(family_of(4), 300.0), (Linear((0.5,), (1e-40,)), 0.37)]  # they hardly turn, or move


def exact_jet(family: Any, distance: int, x: float) -> list[flint.arb]:
    """g, g' and g'' by power series of Arb: no formula of the program's."""
    with flint.ctx.workprec(900):
        flint.ctx.cap = 4
        t = flint.arb_series([flint.arb(x), 1])
        total = flint.arb_series([0])
        weights = family.pair_weights.tolist()
        if isinstance(family, Family):
            n = len(weights)
            thetas = [(t * flint.arb(-i) / n).exp() for i in range(n)]
        else:
            thetas = [t * c + a for a, c in zip(family.a, family.c, strict=True)]
        for weight, theta in zip(weights, thetas, strict=True):
            total += (theta * distance).cos() * flint.arb(weight)
        constant = family.unrotated_pairs * (1 - Fraction(family.margin))
        constant -= Fraction(family.margin) * sum(map(Fraction, weights))
        total += flint.arb(constant.numerator) / flint.arb(constant.denominator)
        return [total[k] * math.factorial(k) for k in range(3)]


@pytest.mark.parametrize("digits", [20, 40, 200])
@pytest.mark.parametrize("distance", [1, 30, 379_267, 2**30])
@pytest.mark.parametrize(("family", "x"), FAMILIES + SLOW)
def test_a_jet_is_as_exact_as_it_says(family: Any, x: float, distance: int, digits: int) -> None:
    jet = DistanceCurve(family, distance).jet(x, digits)
    with flint.ctx.workprec(900), mpmath.workdps(250):
        for k, true in enumerate(exact_jet(family, distance, x)):
            found, error = jet[k], jet[k + 3]
            off = abs(mpmath.mpf(true.str(240, radius=False)) - found)
            assert off <= error
            assert error <= mpmath.mpf(10) ** -digits * 100 * float(distance) ** k


@pytest.mark.slow
@pytest.mark.parametrize(("family", "x"), FAMILIES)
@pytest.mark.parametrize("distance", [1, 30, 5_000])
def test_bends_are_bounds_and_not_far_from_what_is_reached(
    family: Any, x: float, distance: int
) -> None:
    second, third = DistanceCurve(family, distance).bends(x, x + 0.5)
    curve = DistanceCurve(family, distance)
    jets = [curve.jet(x + 0.5 * k / 400, 20) for k in range(401)]
    curvatures = [float(jet.curvature) for jet in jets]
    thirds = np.abs(np.diff(curvatures)) / (0.5 / 400)
    assert max(map(abs, curvatures)) <= second
    assert thirds.max() <= third * (1 + 1e-6) + 1e-12


def test_zeros_of_another_family_are_found_by_the_same_code() -> None:
    precise = Precise(LINEAR)
    first = precise.zero(9, precise.keeps(9, 1.0), 1.0, 0.0)
    assert first is not None
    with mpmath.workdps(60):

        def g(u: Any) -> Any:
            pairs = zip(LINEAR.a, LINEAR.c, strict=True)
            cosines = (mpmath.cos(9 * (mpmath.mpf(a) + mpmath.mpf(c) * u)) for a, c in pairs)
            return sum(cosines, 1 - mpmath.mpf(LINEAR.margin) * 4)

        assert g(first.before) * g(first.after) < 0
        assert mpmath.almosteq(mpmath.findroot(g, float(first.before)), first.before, 1e-30)


# --- several distances ---------------------------------------------------------------------------

SMALL = family_of(64)


def test_a_zero_beside_is_found_from_either_side_of_it_and_only_of_its_kind() -> None:
    start, end = 4293.437569262579, 4330.323314737846
    precise = Precise(family_of(128))
    opened, closed = 1009, next_closing()
    for x in (math.log(start) - 1e-9, math.log(start) + 1e-9):
        zero = zero_beside(precise, opened, x, opens=True)
        assert enclosing_base(precise, zero)[1] == start
        with pytest.raises(UndecidedError, match=r"S\(1,009\) has no such zero near base 4293.43"):
            zero_beside(precise, opened, x, opens=False)
    for x in (math.log(end) - 1e-9, math.log(end) + 1e-9):
        zero = zero_beside(precise, closed, x, opens=False)
        assert enclosing_base(precise, zero)[0] == end


def next_closing() -> int:
    """The distance that closes the first window of (128, 1024)."""
    import ropecalc

    closed = ropecalc.windows(128, 1024, at_most=5000).windows[0].closed_by
    assert closed is not None
    return closed


def test_the_last_of_the_zeros_that_rise_is_the_infimum() -> None:
    family = family_of(128)
    landing = Landing(math.log(4293.4376), (0, 1009))
    assert landing_zero(family, landing).distance == 1009


@pytest.mark.slow
def test_rising_goes_on_until_every_distance_keeps_the_bound() -> None:
    """S(9) of one pair and a constant opens first, then S(30): the later zero is the opening."""
    family = family_of(8, margin=0.1)
    precise = Precise(family)
    x = 1.0
    both = [m for m in range(1, 60) if not precise.keeps(m, x)]
    found = precise.rise(both, x, 60.0)
    assert found.held
    assert found.zero is not None
    assert found.zero.distance == found.passed[-1][1]
    ends = [float(end) for end, _ in found.passed]
    assert ends == sorted(ends)
    assert all(precise.keeps(m, found.x) for m in both)
    assert not precise.keeps(found.zero.distance, found.zero.before)
    short = precise.rise(both, x, float(found.x) - 0.01)
    assert not short.held
    assert float(short.x) == float(found.x) - 0.01
    assert short.zero is None


def test_a_fall_is_the_nearest_of_several_and_one_that_fell_already_is_told() -> None:
    family = family_of(8, margin=0.1)
    precise = Precise(family)
    kept = [m for m in range(60) if precise.keeps(m, 4.0)]
    zeros = [precise.fall([m], 4.0, 0.0) for m in kept]
    nearest = max((z for z in zeros if z), key=lambda zero: zero.before)
    for order in (kept, reversed(kept)):
        found = precise.fall(order, 4.0, 0.0)
        assert found is not None
        assert found.distance == nearest.distance
        assert abs(found.before - nearest.before) < 1e-39
    broken = next(m for m in range(60) if not precise.keeps(m, 4.0))
    assert precise.fall([broken], 4.0, 0.0) == Zero(4.0, 4.0, broken)


def test_a_float_at_most_is_the_largest() -> None:
    third = context_with(40).mpf(1) / 3
    assert float_at_most(third) <= third < math.nextafter(float_at_most(third), 1.0)
    assert float_at_most(-third) <= -third < math.nextafter(float_at_most(-third), 1.0)
    assert float_at_most(0.5) == 0.5
