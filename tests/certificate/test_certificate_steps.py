"""The steps of a proof, one by one: each is taken where it is true, and refused where it is not.

Of a head of two pairs all windows are known: S(m) = cos m + cos phi with phi = m exp(-x/2) is above
zero just where phi lies nearer than arccos(-cos m) to a multiple of 2 pi.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import flint
import mpmath
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import Certificate, VerificationStatus
from ropecalc.certificate import beyond, chain, everywhere
from ropecalc.certificate.arithmetic import Arithmetic, Real
from ropecalc.certificate.balls import Balls
from ropecalc.certificate.everywhere import shortfall, sign_of
from ropecalc.certificate.format import Claim
from ropecalc.certificate.head import Expansion, Head
from ropecalc.certificate.intervals import Intervals
from ropecalc.certificate.octave import Octave, Weights
from tests.tools.laws import laws
from tests.tools.speeds import first_quick

BITS = 120
TWO_PAIRS = Claim("minimum-base", 4, 0, None, Decimal(0), 500, Decimal(100), Decimal(101))
PLAIN = replace(TWO_PAIRS, rotary_dim=16)
WEIGHTS = tuple(map(Decimal, "0.3 1 2 0 1 1.7 1 3".split()))
UNEVEN = replace(PLAIN, unrotated_pairs=3, weights=WEIGHTS, margin=Decimal("0.05"))
CLAIMS = {"plain": PLAIN, "uneven": UNEVEN}
every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)

few = laws(  # an arithmetic keeps nothing from one example to the next
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Ends = tuple[float, float]


@pytest.fixture(params=first_quick(1, [Intervals, Balls]), ids=lambda kind: kind.name)
def arithmetic(request: pytest.FixtureRequest) -> Iterator[Arithmetic]:
    made: Arithmetic = request.param(BITS)
    with made.working():
        yield made


def ends(real: Real) -> tuple[Fraction, Fraction]:
    """Both ends of an interval or a ball, exactly."""
    if isinstance(real, flint.arb):
        middle, radius = (
            Fraction(int(man)) * Fraction(2) ** int(exp)
            for man, exp in (part.man_exp() for part in (real.mid(), real.rad()))
        )
        return middle - radius, middle + radius
    low, high = (Fraction(*mpmath.libmp.to_rational(end)) for end in real._mpi_)
    return low, high


def between(arithmetic: Arithmetic, low: Fraction, high: Fraction) -> Real:
    """A Real that contains both numbers, and little else."""
    low, high = sorted((low, high))
    if isinstance(arithmetic, Balls):
        around = arithmetic.number((high - low) / 2) * flint.arb(0, 1)
        return arithmetic.number((low + high) / 2) + around
    outer = [arithmetic.number(low)._mpi_[0], arithmetic.number(high)._mpi_[1]]
    return arithmetic._context.make_mpf(tuple(outer))  # type: ignore[attr-defined]


def assert_is(real: Real, value: Any, doubt: float = 1e-25) -> None:
    """The set contains a 50-digit number and reaches no further from it than the doubt."""
    low, high = ends(real)
    exact = Fraction(*mpmath.libmp.to_rational(mpmath.mpf(value)._mpf_))
    hair = Fraction(1, 10**40) * (1 + abs(exact))  # of the 50-digit number itself
    assert low <= exact + hair
    assert high >= exact - hair
    assert high - low <= Fraction(doubt) * (1 + abs(exact))


def curve(claim: Claim, distance: int) -> Callable[[Any], Any]:
    """g as a function of x = ln(base), in the digits of mpmath, from the definition."""
    r, u = claim.rotary_dim, claim.unrotated_pairs
    weights = [mpmath.mpf(str(w)) for w in claim.weights or [1] * (r // 2)]
    at_zero = u + sum(weights)

    def g(x: Any) -> Any:
        angles = [distance * mpmath.exp(-x * mpmath.mpf(2 * i) / r) for i in range(r // 2)]
        turned = sum(w * mpmath.cos(angle) for w, angle in zip(weights, angles, strict=True))
        return u + turned - mpmath.mpf(str(claim.margin)) * at_zero

    return g


def derivatives(claim: Claim, distance: int, x: float) -> list[Any]:
    """g, g' and g'' at x, by mpmath's numerical differentiation."""
    return [mpmath.diff(curve(claim, distance), mpmath.mpf(x), k) for k in range(3)]


def majorant(claim: Claim, distance: int, x: float, k: int) -> Any:
    """sum_i w_i e_i^k T_k(phi_i), which bounds the k-th derivative of g, by Dobinski's formula.

    In t = -e x the k-th derivative of cos(phi e^t) has the terms of that of exp(phi e^t), which is
    T_k(phi) exp(phi), each with a sine or a cosine; and T_k(phi) = exp(-phi) sum_j j^k phi^j / j!.
    """
    r, total = claim.rotary_dim, mpmath.mpf(0)
    for i, weight in enumerate(claim.weights or [Decimal(1)] * (r // 2)):
        e = mpmath.mpf(2 * i) / r
        phi = distance * mpmath.exp(-x * e)
        term, series = mpmath.exp(-phi), mpmath.mpf(0)
        for j in range(1, 100 + 6 * distance):
            term *= phi / j
            series += term * j**k
        total += mpmath.mpf(str(weight)) * e**k * series
    return total


@pytest.fixture(autouse=True)
def digits() -> Iterator[None]:
    with mpmath.workdps(50):
        yield


@every_claim
@pytest.mark.parametrize(("x", "distance"), [(0.0, 1), (0.0, 3), (2.0, 25), (5.5, 90)])
def test_bounds_are_the_majorants_of_the_derivatives(
    arithmetic: Arithmetic, claim: Claim, x: float, distance: int
) -> None:
    head = Head(claim, arithmetic)
    second, third = head.bounds(distance, head.thetas_at(x))
    assert_is(second, majorant(claim, distance, x, 2), 1e-25)
    assert_is(third, majorant(claim, distance, x, 3), 1e-25)


@every_claim
@pytest.mark.parametrize(("x", "distance"), [(0.0, 1), (2.0, 25), (9.25, 4012)])
def test_expansions_are_the_derivatives(
    arithmetic: Arithmetic, claim: Claim, x: float, distance: int
) -> None:
    head = Head(claim, arithmetic)
    thetas = head.thetas_at(x)
    at = head.expand(distance, thetas)
    for real, expected in zip(at, derivatives(claim, distance, x), strict=True):
        assert_is(real, expected)
    assert_is(head.value(distance, thetas), curve(claim, distance)(mpmath.mpf(x)))


def windows(distance: int, weight: int = 1) -> list[Ends]:
    """Where S(m) > 0, as intervals of x from the left; the last has no end.

    The weight is that of the second pair: phi lies nearer than arccos(-cos m / w) to 2 pi k.
    """
    m, c = mpmath.mpf(distance), mpmath.acos(-mpmath.cos(distance) / weight)
    found = [(max(2 * mpmath.log(m / c), mpmath.mpf(0)), mpmath.inf)]
    k = 1
    while 2 * mpmath.pi * k - c < m:
        low, high = (2 * mpmath.log(m / (2 * mpmath.pi * k + sign * c)) for sign in (1, -1))
        found.append((max(low, mpmath.mpf(0)), high))
        k += 1
    return found[::-1]


def gaps(distance: int) -> list[Ends]:
    """What lies between the windows, where S(m) < 0."""
    around = [(mpmath.mpf(0), mpmath.mpf(0)), *windows(distance)]
    return [(a[1], b[0]) for a, b in pairwise(around) if a[1] < b[0]]


HAIR = 1e-9
# With 22 tokens, near 7 pi, the windows are hairs: 4e-5 high and 0.006 wide at the last.
DISTANCES = (9, 20, 22, 25, 31)


def test_the_windows_of_two_pairs_are_where_the_curve_is_above_zero() -> None:
    for distance in DISTANCES:
        g = curve(TWO_PAIRS, distance)
        for low, high in windows(distance):
            assert low == 0 or abs(g(low)) < 1e-40
            assert g(low + HAIR) > 0
            assert g(min(low + 1, (low + high) / 2)) > 0
        for low, high in gaps(distance):
            assert g(low + HAIR) < 0
            assert g((low + high) / 2) < 0
            assert g(high - HAIR) < 0


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_link_is_proved_from_one_window_to_the_next(
    arithmetic: Arithmetic, distance: int
) -> None:
    head = Head(TWO_PAIRS, arithmetic)
    for low, high in gaps(distance):
        start, end = float(low + HAIR * (low > 0)), float(high - HAIR)
        check = chain.check_link(head, distance, start, end)
        assert check.reason == ""
        assert check.expansions < 300
        assert math.isclose(check.depth, -curve(TWO_PAIRS, distance)(end), rel_tol=1e-9)
        assert chain.check_link(head, distance, start, float(high + HAIR)).reason
        if low > 0:
            assert chain.check_link(head, distance, float(low - HAIR), end).reason


def across(distance: int) -> Iterator[Ends]:
    """Intervals with S(m) < 0 at both ends and a whole window in between."""
    for (before, low), (high, after) in pairwise(gaps(distance)):
        for share in (1e-6, 0.1, 0.5, 0.9):
            left, right = low - (low - before) * share, high + (after - high) * share
            yield float(left), float(high + (after - high) * 1e-6)
            yield float(low - (low - before) * 1e-6), float(right)
            yield float(left), float(right)


@pytest.mark.parametrize("distance", first_quick(2, DISTANCES))
def test_no_step_and_no_link_goes_across_a_window(arithmetic: Arithmetic, distance: int) -> None:
    head, g = Head(TWO_PAIRS, arithmetic), curve(TWO_PAIRS, distance)
    for left, right in across(distance):
        assert g(left) < 0
        assert g(right) < 0
        at = head.expand(distance, head.thetas_at(right))
        bounds = head.bounds(distance, head.thetas_at(left))
        assert not chain._is_covered(head, at, bounds, left, right)
        assert chain.check_link(head, distance, left, right).reason


def test_an_interval_with_a_window_in_it_is_refused(arithmetic: Arithmetic) -> None:
    """Of S(20): without the third derivative in the bound it would be covered in one step."""
    left, right = 1.7402668445630418, 4.241761174116077
    head, g = Head(TWO_PAIRS, arithmetic), curve(TWO_PAIRS, 20)
    at = head.expand(20, head.thetas_at(right))
    assert g(left) < 0 < g(2.2)
    assert g(right) < 0
    bounds = head.bounds(20, head.thetas_at(left))
    assert not chain._is_covered(head, at, bounds, left, right)


def assert_covered_where_below_zero(
    arithmetic: Arithmetic, at: Sequence[Fraction], bounds: Sequence[Fraction], length: float
) -> None:
    """p(T) = g - g' T + K T^2/2 with K = max(0, min(B, g'' + C T/3)), in fractions."""
    right, (value, slope, curvature), (second, third) = 8.0, at, bounds
    left = right - length
    T = Fraction(right) - Fraction(left)
    K = max(Fraction(0), min(second, curvature + third * T / 3))
    p = value - slope * T + K * T * T / 2
    if abs(p) > Fraction(1, 10**30):
        head = Head(TWO_PAIRS, arithmetic)
        expansion = Expansion(*map(arithmetic.number, at))
        known = arithmetic.number(second), arithmetic.number(third)
        assert chain._is_covered(head, expansion, known, left, right) == (p < 0)


@pytest.mark.parametrize("length", [0.5, 1.0, 1.25, 1.3, 2.0])
@pytest.mark.parametrize(
    ("at", "bounds"),
    [
        ((-1, 0, 4), (1, 1)),  # K is B, which is least
        ((-1, 0, 4), (4, 1)),
        ((-1, 0, 0), (4, 3)),  # K is C T/3, and p(T) = 0 at 1.26
        ((-1, -2, -4), (4, 0)),  # a K < 0 would do, and p would not be convex
        ((-1, Fraction(-1, 2), -4), (4, 0)),  # K is 0, and p a line
    ],
)
def test_every_term_of_the_parabola_counts(
    arithmetic: Arithmetic, at: tuple[int, ...], bounds: tuple[int, ...], length: float
) -> None:
    fractions = tuple(map(Fraction, at)), tuple(map(Fraction, bounds))
    assert_covered_where_below_zero(arithmetic, *fractions, length)


numbers = st.fractions(-4, 4, max_denominator=10**6)
sizes = st.fractions(0, 4, max_denominator=10**6)


@pytest.mark.slow
@few
@given(st.tuples(numbers, numbers, numbers), st.tuples(sizes, sizes), st.floats(0, 4))
def test_a_step_is_covered_just_where_its_parabola_is_below_zero(
    arithmetic: Arithmetic,
    at: tuple[Fraction, ...],
    bounds: tuple[Fraction, ...],
    length: float,
) -> None:
    assert_covered_where_below_zero(arithmetic, at, bounds, length)


@pytest.mark.parametrize("change", ["1e-50", "-1e-50"])
def test_what_the_bits_cannot_tell_from_zero_is_not_below_it(
    arithmetic: Arithmetic, change: str
) -> None:
    """At a margin that is S(m)/S(0) to 60 digits the set around g has numbers of both signs."""
    centres = set()
    for n in range(16):
        x = 3.75 + n / 32  # phi from 3.07 down: S(20) rises with x
        with mpmath.workdps(90):
            share = curve(TWO_PAIRS, 20)(mpmath.mpf(x)) / 2 + mpmath.mpf(change)
            margin = Decimal(mpmath.nstr(share, 80))
        head = Head(replace(TWO_PAIRS, margin=margin), arithmetic)
        at = head.expand(20, head.thetas_at(x))
        low, high = ends(at.value)
        assert low < 0 < high
        assert ends(at.slope)[0] > 0
        centres.add(low + high < 0)
        check = chain.check_link(head, 20, x - 2**-10, x)
        assert "S is not below it" in check.reason
    assert centres == {False, True}


def by_hand(context: int) -> Certificate:
    """The certificate of two pairs from the closed form: gap after gap, each the longest there is.

    Distances whose sum is below zero at the end of a gap go on, until none is.
    """
    x, links = mpmath.mpf(0), []
    while True:
        end, distance = max(
            (max((high for low, high in gaps(m) if low <= x < high), default=x), m)
            for m in range(1, context)
        )
        if end == x:
            break
        x = end
        links.append((float(x) - 2e-15 * max(1.0, float(x)), distance))
    low, high = (Decimal(mpmath.nstr(mpmath.exp(x) * (1 + e), 30)) for e in (-4e-13, 4e-13))
    claim = replace(TWO_PAIRS, context=context, low=low, high=high)
    return Certificate(claim, tuple(links), None, "ropecalc 0")


@pytest.mark.parametrize("backend", ["mpmath", "arb"])
@pytest.mark.parametrize("context", [5, 20, 23, 40])
def test_chains_made_by_hand_are_proved(context: int, backend: str) -> None:
    proof = by_hand(context)
    found = ropecalc.verify(proof, backend=backend)
    assert found.proved, found
    assert found.links_proved == len(proof.chain)


@pytest.mark.parametrize("backend", ["mpmath", "arb"])
def test_a_chain_across_windows_proves_nothing_though_its_claim_is_true(backend: str) -> None:
    proof = by_hand(23)
    assert [distance for _, distance in proof.chain] == [3, 22]
    found = ropecalc.verify(replace(proof, chain=proof.chain[1:]), backend=backend)
    assert found.status is VerificationStatus.LINK_FAILS
    assert (found.failed_link, found.failed_distance) == (1, 22)


@pytest.mark.parametrize("context", [3, 5, 20, 150])
def test_all_larger_bases_keep_the_bound_from_the_last_zero_on(
    arithmetic: Arithmetic, context: int
) -> None:
    """With a second pair of weight 2 each S(m) > 0 from where its last window begins."""
    zero, distance = max((windows(m, 2)[-1][0], m) for m in range(1, context))
    claim = replace(TWO_PAIRS, context=context, weights=(Decimal(1), Decimal(2)))
    head = Head(claim, arithmetic)
    for change, expected in ((1e-12, None), (-1e-12, distance)):
        seen: list[int] = []
        base = Decimal(mpmath.nstr(mpmath.exp(zero + change), 40))
        found = beyond.shortfall_beyond(claim, head, base, seen.append)
        assert (None if found is None else found.distance) == expected
        tops = [top for top in (64, 128) if top < context] + [context]
        done = [top for top in tops if expected is None or top <= distance]
        assert seen == sorted(seen)
        assert [top for top in tops if top in seen] == done
        assert all(top in tops or top % 64 == 0 for top in seen)


def test_a_window_that_ends_is_not_all_larger_bases(arithmetic: Arithmetic) -> None:
    """The second frequency at 0.3 keeps the bound at every distance, and at 0.2 breaks it."""
    weights = Decimal(1), Decimal("0.05")
    claim = replace(TWO_PAIRS, context=23, unrotated_pairs=1, weights=weights)
    claim = replace(claim, margin=Decimal("0.017"))
    within, later, last = (-2 * mpmath.log(mpmath.mpf(theta)) for theta in ("0.3", "0.2", "0.03"))
    assert min(curve(claim, m)(within) for m in range(23)) > 0.001
    assert curve(claim, 16)(later) < -0.01
    for x, expected in ((within, 16), (later, 16), (last, None)):
        base = Decimal(mpmath.nstr(mpmath.exp(x), 30))
        found = beyond.shortfall_beyond(claim, Head(claim, arithmetic), base, lambda _: None)
        assert (None if found is None else found.distance) == expected


def test_angles_beyond_pi_are_not_those_of_slow_pairs(arithmetic: Arithmetic) -> None:
    """At 384 tokens an angle is 3.4, whose cosine is above that of pi, which it has at 355."""
    claim = replace(TWO_PAIRS, unrotated_pairs=2, margin=Decimal("0.005"))
    head, x = Head(claim, arithmetic), 2 * math.log(355 / math.pi)
    thetas = head.thetas_at(x)
    assert math.isclose(float(ends(thetas[1])[0]) * 384, 3.398, rel_tol=1e-3)
    assert curve(claim, 384)(x) > 0 > curve(claim, 355)(x)
    assert 2 - 0.02 - 1 + math.cos(3.398) > 0
    still = [arithmetic.number(-1)]
    assert not beyond._slow_pairs_are_enough(head, thetas, 384, still)
    octave = Octave(Weights(claim), range(256, 385))
    found = beyond._Climb(head, arithmetic.number(x), octave).run(lambda _: None)
    assert found is not None
    assert found.distance == next(m for m in range(256, 385) if curve(claim, m)(x) <= 0)


@every_claim
def test_slow_pairs_are_enough_just_where_their_cosines_outweigh_the_others(
    arithmetic: Arithmetic, claim: Claim
) -> None:
    head, verdicts = Head(claim, arithmetic), set()
    weights = [float(w) for w in claim.weights or [1] * 8]
    constant = claim.unrotated_pairs - float(claim.margin) * (claim.unrotated_pairs + sum(weights))
    for x, farthest in product((0.0, 1.5, 4.0, 6.5, 9.0), (1, 3, 4, 20, 63)):
        angles = [farthest * math.exp(-x * i / 8) for i in range(8)]
        cosines = [math.cos(phi) if phi < 3.14 else -1 for phi in angles]
        first = [math.cos(m) for m in range(1, farthest + 1)]
        total = constant + sum(w * c for w, c in zip(weights[1:], cosines[1:], strict=True))
        still = [head.weights[0] * arithmetic.number(cosine) for cosine in first]
        enough = beyond._slow_pairs_are_enough(head, head.thetas_at(x), farthest, still)
        assert enough == (total + weights[0] * min(first) > 0)
        verdicts.add(enough)
        if enough:
            distances = range(1, farthest + 1)
            assert min(curve(claim, m)(x + t) for m in distances for t in (0, 0.5)) > 0
    assert verdicts == {False, True}


@few
@given(st.integers(1, 5_000))
def test_octaves_are_all_distances_and_none_doubles_twice(context: int) -> None:
    parts = list(beyond.octaves(context))
    assert [m for part in parts for m in part] == list(range(1, context))
    assert all(part[-1] < max(64, 2 * part[0]) for part in parts)
    assert all(part.start & (part.start - 1) == 0 for part in parts)


positive = st.fractions(Fraction(1, 100), 4, max_denominator=1_000)
widths = st.fractions(0, Fraction(1, 2), max_denominator=1_000)


@few
@given(
    st.lists(st.tuples(positive, numbers), min_size=1, max_size=4),
    positive,
    widths,
    st.sampled_from([0.5, 1.0, 3.0]),
)
@example([(Fraction(1), Fraction(0))], Fraction(2), Fraction(3, 10), 1.0)
def test_a_step_keeps_every_distance_above_zero_whatever_was_guessed(
    arithmetic: Arithmetic,
    lines: list[tuple[Fraction, Fraction]],
    bend: Fraction,
    width: Fraction,
    factor: float,
) -> None:
    """Of numbers known to a width the worst count, and a guess too long is cut."""
    reach = beyond._reach
    values = [
        (
            1,
            between(arithmetic, value * (1 - width), value * (1 + width)),
            between(arithmetic, slope - width, slope + width),
        )
        for value, slope in lines
    ]
    bends = between(arithmetic, bend * (1 - width), bend * (1 + width))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beyond, "_reach", lambda *known: factor * reach(*known))
        length = beyond._step(Head(TWO_PAIRS, arithmetic), values, bends)
    assert length > 0
    T = Fraction(length)
    for value, slope in lines:
        lost = bend * (1 + width) * T * T / 2
        assert value * (1 - width) + (slope - width) * T > lost


@few
@given(st.lists(st.tuples(positive, numbers), min_size=1, max_size=4), positive)
@example([(Fraction(1), Fraction(-3, 2))], Fraction(1, 2)).via("a curve that falls")
@example([(Fraction(1), Fraction(3, 2))], Fraction(1, 2)).via("a curve that rises")
@example([(Fraction(1, 4), Fraction(0))], Fraction(3)).via("a curve that does neither")
def test_a_step_goes_about_as_far_as_its_parabolas_allow(
    arithmetic: Arithmetic, lines: list[tuple[Fraction, Fraction]], bend: Fraction
) -> None:
    zeros = []
    for value, slope in lines:
        zeros.append((slope + math.sqrt(slope * slope + 2 * bend * value)) / bend)
    number = arithmetic.number
    values = [(1, number(value), number(slope)) for value, slope in lines]
    length = beyond._step(Head(TWO_PAIRS, arithmetic), values, number(bend))
    assert min(zeros) * 0.999 < length < min(zeros)


def test_a_curve_that_does_not_depend_on_the_base_takes_steps(arithmetic: Arithmetic) -> None:
    """Of a head of one pair, whose angle is the distance, slope and bend are 0."""
    head, number = Head(replace(TWO_PAIRS, rotary_dim=2), arithmetic), arithmetic.number
    thetas = head.thetas_at(1.0)
    value, slope, _ = head.expand(1, thetas)
    assert_is(value, mpmath.cos(1))
    assert beyond._step(head, [(1, value, slope)], head.bounds(1, thetas)[0]) > 0
    assert beyond._step(head, [(1, number(0.25), number(0))], number(0)) > 0


def test_a_step_from_below_zero_is_none(arithmetic: Arithmetic) -> None:
    head, number = Head(TWO_PAIRS, arithmetic), arithmetic.number
    lines = [(1, number(1.0), number(0.5)), (2, number(-0.5), number(0.25))]
    assert beyond._step(head, lines, number(1.0)) == 0


@few
@given(numbers, st.integers(0, 60), st.sampled_from([10, 53, 120]))
@example(Fraction(1, 3), 40, 53)
@example(Fraction(-1, 3), 40, 53)
@example(Fraction(-3), 0, 53)
def test_units_lie_around_an_interval(value: Fraction, halvings: int, bits: int) -> None:
    arithmetic, exact = Intervals(bits), value / 2**halvings
    low, high = arithmetic.units(arithmetic.number(exact), bits)
    assert low <= exact * 2**bits <= high
    assert high - low <= 4
    if (exact * 2**bits).denominator == 1 and exact.numerator.bit_length() <= bits:
        assert low == high


def matrix_of(arithmetic: Arithmetic, *rows: Sequence[tuple[Fraction, Fraction]]) -> Any:
    return arithmetic.matrix([[between(arithmetic, *ends) for ends in row] for row in rows])


parts = st.fractions(-3, 3, max_denominator=10**6)
wide = st.tuples(parts, parts)
narrow = parts.map(lambda value: (value, value))
ONE, UP_TO_ONE = (Fraction(1), Fraction(1)), (Fraction(0), Fraction(1))
THREE, MINUS_THREE = (Fraction(3), Fraction(3)), (Fraction(-3), Fraction(-3))


@few
@given(st.lists(st.tuples(wide | narrow, wide | narrow), min_size=1, max_size=3))
@example([(THREE, UP_TO_ONE)]).via("|l| f")
@example([(UP_TO_ONE, THREE)]).via("|r| e")
@example([(UP_TO_ONE, UP_TO_ONE)]).via("e f")
@example([(UP_TO_ONE, UP_TO_ONE)] * 3).via("all of a row")
@example([(MINUS_THREE, UP_TO_ONE)]).via("the size counts")
def test_products_of_wide_numbers_contain_every_product(
    arithmetic: Arithmetic,
    pairs: list[tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]],
) -> None:
    corners = [
        sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))
        for left in product(*(one for one, _ in pairs))
        for right in product(*(other for _, other in pairs))
    ]
    tiny = Fraction(1, 2**60)
    left = matrix_of(arithmetic, [one for one, _ in pairs])
    right = matrix_of(arithmetic, [other for _, other in pairs])
    low, high = ends(arithmetic.products(left, right)[0][0])
    assert low <= min(corners)
    assert high >= max(corners)
    may_be_below = arithmetic.number(-min(corners) - tiny)
    assert arithmetic.doubtful(left, right, may_be_below) == [(0, 0)]
    if all(len({*one}) == len({*other}) == 1 for one, other in pairs):
        assert high - low < tiny
        assert arithmetic.doubtful(left, right, arithmetic.number(-low + tiny)) == []


def test_the_widest_row_of_a_matrix_counts(arithmetic: Arithmetic) -> None:
    left = matrix_of(arithmetic, [UP_TO_ONE, ONE], [THREE, THREE])
    right = matrix_of(arithmetic, [THREE, THREE], [ONE, ONE])
    least, most = [[3, 1], [18, 6]], [[6, 2], [18, 6]]
    for i, row in enumerate(arithmetic.products(left, right)):
        for j, real in enumerate(row):
            low, high = ends(real)
            assert low <= least[i][j] <= most[i][j] <= high
    assert (0, 1) in arithmetic.doubtful(left, right, arithmetic.number(Fraction(-3, 2)))


def test_numbers_that_are_zero_are_not_below_it(arithmetic: Arithmetic) -> None:
    number = arithmetic.number
    assert not arithmetic.is_negative(number(0))
    assert not arithmetic.is_negative(number(5e-324))
    assert arithmetic.is_negative(number(-5e-324))
    assert not arithmetic.is_negative(between(arithmetic, Fraction(-1), Fraction(0)))


def test_sums_that_are_exactly_zero_are_not_doubtful(arithmetic: Arithmetic) -> None:
    """3 - 3 = 0 and 1 - 3 < 0; and a constant that may be lower makes both doubtful."""
    left, right = matrix_of(arithmetic, [THREE], [ONE]), matrix_of(arithmetic, [ONE])
    doubtful = arithmetic.doubtful
    assert doubtful(left, right, arithmetic.number(-3)) == [(1, 0)]
    assert doubtful(left, right, arithmetic.number(-1)) == []
    assert doubtful(left, right, arithmetic.number(1)) == []
    lower = between(arithmetic, Fraction(-4), Fraction(-1))
    assert doubtful(left, right, lower) == [(0, 0), (1, 0)]


@pytest.mark.parametrize("context", [5, 16, 50])
def test_few_distances_that_break_the_bound_are_found(arithmetic: Arithmetic, context: int) -> None:
    """Just below the minimum base that of the last link does; with 3 also 9 and 15."""
    proof = by_hand(context)
    claim, distance = proof.claim, proof.chain[-1][1]
    head, seen = Head(claim, arithmetic), list[int]()
    broken = [m for m in range(1, context) if curve(claim, m)(mpmath.log(str(claim.low))) < 0]
    assert len(broken) <= 3
    assert distance in broken
    found = shortfall(claim, head, claim.low, lambda _: None)
    assert found is not None
    assert found.distance == broken[0]
    assert "is below it by" in found.reason
    assert shortfall(claim, head, claim.high, seen.append) is None
    assert seen == sorted(seen)
    assert seen[-1] == context


def test_distances_from_the_context_on_do_not_count(arithmetic: Arithmetic) -> None:
    claim = replace(TWO_PAIRS, context=3)
    assert curve(claim, 3)(mpmath.log(100)) < 0
    assert shortfall(claim, Head(claim, arithmetic), Decimal(100), lambda _: None) is None


def test_distance_zero_keeps_every_bound_and_distance_one_need_not(arithmetic: Arithmetic) -> None:
    """At the margin 1 only S(0) = S(0) is left."""
    for context, expected in ((1, None), (2, 1), (64, 1)):
        claim = replace(TWO_PAIRS, margin=Decimal(1), context=context)
        found = shortfall(claim, Head(claim, arithmetic), Decimal(100), lambda _: None)
        assert (None if found is None else found.distance) == expected


def test_a_sign_that_stays_unknown_shows_nothing(
    arithmetic: Arithmetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A margin that is S(20)/S(0) to 80 digits takes more than 240 bits; 480 tell."""
    x = mpmath.mpf(4)
    base = Decimal(mpmath.nstr(mpmath.exp(x), 30))
    with mpmath.workdps(120):
        exact, tiny = curve(TWO_PAIRS, 20)(mpmath.log(str(base))) / 2, mpmath.mpf("1e-80")
        above, below = (Decimal(mpmath.nstr(exact + e, 100)) for e in (tiny, -tiny))
    for margin, sign in ((above, -1), (below, 1)):
        claim = replace(TWO_PAIRS, margin=margin, context=21)
        head = Head(claim, arithmetic)
        found, value = sign_of(claim, head, base, 20)
        assert found == sign
        assert math.isclose(value, sign * 2e-80, rel_tol=1e-3)
        with monkeypatch.context() as patch:
            patch.setattr(everywhere, "MOST_BITS", 300)
            assert sign_of(claim, head, base, 20) == (0, 0.0)
            unknown = everywhere._decide(claim, head, base, 20)
        assert unknown is not None
        assert unknown.distance == 20
        assert "unknown" in unknown.reason


def test_a_base_whose_sign_is_unknown_is_not_shown_to_break_the_bound(
    arithmetic: Arithmetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = ropecalc.certify(8, 20, kind="safe-base")
    monkeypatch.setattr(everywhere, "MOST_BITS", 100)
    found = ropecalc.verify(proof, backend=arithmetic.name)
    assert found.status is VerificationStatus.LOW_END_FAILS
    assert math.isnan(found.least_depth)


def test_what_a_guess_says_is_no_proof(
    arithmetic: Arithmetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "_is_covered", lambda *_: False)
    check = chain.check_link(Head(TWO_PAIRS, arithmetic), 3, 1.0, 2.0)
    assert "just below x = 2.0" in check.reason


def test_a_link_takes_as_many_expansions_as_it_says(
    arithmetic: Arithmetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = Head(TWO_PAIRS, arithmetic)
    assert chain.check_link(head, 3, 1.0, 1.5).expansions == 1
    needed = chain.check_link(head, 22, 1.2, 2.48).expansions
    assert 3 < needed < 100
    monkeypatch.setattr(chain, "MAX_EXPANSIONS", needed)
    assert not chain.check_link(head, 22, 1.2, 2.48).reason
    monkeypatch.setattr(chain, "MAX_EXPANSIONS", needed - 1)
    cut = chain.check_link(head, 22, 1.2, 2.48)
    assert "steps do not reach its start" in cut.reason
    assert cut.expansions == needed - 1


def test_two_equal_pairs_are_proved_by_the_lowest_cosine_of_the_first(
    arithmetic: Arithmetic,
) -> None:
    """They keep the bound from some base on, which slow pairs alone never show."""
    claim = replace(TWO_PAIRS, context=5)
    head = Head(claim, arithmetic)
    assert beyond.shortfall_beyond(claim, head, Decimal(500), lambda _: None) is None
    assert beyond.shortfall_beyond(claim, head, Decimal(2), lambda _: None) is not None


def test_one_distance_is_followed_in_steps_and_not_without_end(
    arithmetic: Arithmetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S(22) is above zero all through its last window but one, 0.006 wide, and not beyond."""
    head, steps = Head(TWO_PAIRS, arithmetic), list[float]()
    low, high = (float(end) for end in windows(22)[-2])
    octave = Octave(Weights(TWO_PAIRS), range(16, 32))
    climb = beyond._Climb(head, arithmetic.number(low + HAIR), octave)
    right = math.floor((high - HAIR) * 2**40)
    step = beyond._step

    def kept(*known: Any) -> float:
        steps.append(step(*known))
        return steps[-1]

    def follow(end: int) -> everywhere.Shortfall | None:
        """From the left end, whatever was followed before."""
        climb.followed.clear()
        return climb._follow(22, climb.first, end)

    def kept_still(*_: object) -> float:
        steps.append(0.0)
        return 0.0

    monkeypatch.setattr(beyond, "_step", kept)
    assert follow(right) is None
    needed = len(steps)
    assert needed > 2
    assert all(length > 0 for length in steps)
    assert low + HAIR + sum(steps) > right / 2**40
    monkeypatch.setattr(beyond, "MAX_STEPS", needed)
    assert follow(right) is None
    monkeypatch.setattr(beyond, "MAX_STEPS", needed - 1)
    cut = follow(right)
    assert cut is not None
    assert cut.reason.startswith("no proof up to x = ln(base) = ")
    assert low < float(cut.reason.rpartition(" ")[2]) < high
    monkeypatch.setattr(beyond, "MAX_STEPS", 1_000)
    for end in (math.ceil((high + HAIR) * 2**40), right + (1 << 40)):
        assert follow(end) is not None
    steps.clear()
    monkeypatch.setattr(beyond, "_step", kept_still)
    assert follow(right) is not None
    assert len(steps) == 1


@pytest.mark.parametrize("backend", ["mpmath", "arb"])
def test_a_chain_that_does_not_begin_at_base_1_proves_nothing(backend: str) -> None:
    """S(9) is above zero only at x from 0.59 to 0.86, and below it on all the rest."""
    whole = by_hand(10)
    low, high = windows(9)[0]
    assert 0 < low < high < 1
    proof = replace(whole, chain=((whole.chain[-1][0], 9),))
    found = ropecalc.verify(proof, backend=backend)
    assert found.status is VerificationStatus.LINK_FAILS
    assert found.failed_interval == (0.0, whole.chain[-1][0])


def test_a_link_that_goes_no_further_is_refused() -> None:
    proof = by_hand(23)
    first, second = proof.chain
    for links in ((first, first, second), (first, (first[0], 22), second)):
        found = ropecalc.verify(replace(proof, chain=links))
        assert found.status is VerificationStatus.LINK_FAILS
        assert (found.failed_link, found.reason) == (
            (2, "it does not end beyond the link before it")
        )


# Where mpmath's own interval of exp(-x) lies beside the exact value, by 1e-40 of it and less.
MISSED = [4.702229304386493e-21, 5.190643520349298e-09, 236.71879517519233]


@pytest.mark.parametrize("x", [*MISSED, 1e-300, 0.5, 3.0, 12.375, 690.0])
def test_functions_contain_the_exact_values(arithmetic: Arithmetic, x: float) -> None:
    with mpmath.workdps(700):  # more than e^-690 and 1e-300 beside 1 take
        exact = mpmath.mpf(x)
        cosine, sine = arithmetic.cos_sin(arithmetic.number(x))
        pairs = [
            (arithmetic.exp(arithmetic.number(-x)), mpmath.exp(-exact)),
            (arithmetic.exp(arithmetic.number(x)), mpmath.exp(exact)),
            (arithmetic.log(arithmetic.number(x)), mpmath.log(exact)),
            (cosine, mpmath.cos(exact)),
            (sine, mpmath.sin(exact)),
        ]
        for real, value in pairs:
            low, high = ends(real)
            inside = Fraction(*mpmath.libmp.to_rational(value._mpf_))
            assert low < inside < high
            assert high - low < Fraction(1, 2**110) * (1 + abs(inside))
