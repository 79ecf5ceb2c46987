"""The integers of a safe base's proof: exact where they say so, off by no more where they do not.

The oracle is Arb at 300 bits, from the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import numpy as np
import pytest

from ropecalc.certificate import beyond, octave, turns
from ropecalc.certificate.balls import Balls
from ropecalc.certificate.format import Claim
from ropecalc.certificate.head import Head
from ropecalc.certificate.intervals import Intervals
from ropecalc.certificate.octave import COARSE, PLACE, WEIGHT, WIDEST, Around, Octave, Weights
from ropecalc.certificate.turns import FINE, TURN
from tests.tools.speeds import first_quick

PLAIN = Claim("safe-base", 16, 0, None, Decimal(0), 500, Decimal(100), Decimal(101))
UNEVEN = replace(
    PLAIN, unrotated_pairs=3, weights=tuple(map(Decimal, "0.3 1 2 0 1 1.7 1 3".split()))
)
CLAIMS = {
    "plain": PLAIN,
    "uneven": UNEVEN,
    "one pair": replace(PLAIN, rotary_dim=2),
    "two pairs": replace(PLAIN, rotary_dim=4, unrotated_pairs=65_536),
    "128": replace(PLAIN, rotary_dim=128),
    "tiny": replace(PLAIN, rotary_dim=6, weights=tuple(map(Decimal, ("1e-290", "2e-300", "0")))),
    "huge": replace(PLAIN, rotary_dim=6, weights=tuple(map(Decimal, ("3e299", "1e299", "7")))),
    "1024": replace(PLAIN, rotary_dim=1_024),
}
every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
XS = (0.0, 3.25, 14.5, 640.0)


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with flint.ctx.workprec(1_300):  # beside e^-640, and weights of 1e299 beside 1e-300
        yield


def exact(value: Fraction | Decimal | float) -> Any:
    fraction = Fraction(value)
    return flint.arb(fraction.numerator) / fraction.denominator


def ratio_of(x: Any, n: int) -> int:
    """exp(-2x/r) in units of 2^-FINE."""
    return int(((-exact(x) / n).exp() * flint.arb(2) ** FINE).floor().unique_fmpz())


def theta(x: Any, i: int, n: int) -> Any:
    return (-exact(x) * i / n).exp()


def g(claim: Claim, m: int, x: Any, k: int = 0) -> Any:
    """g at one distance, or its first derivative."""
    n, total = claim.n_pairs, flint.arb(0)
    weights = [exact(w) for w in claim.weights or [Decimal(1)] * n]
    for i, weight in enumerate(weights):
        phi = m * theta(x, i, n)
        total += weight * (phi.cos() if k == 0 else phi * i / n * phi.sin())
    u = claim.unrotated_pairs
    return total + (u - exact(claim.margin) * (u + sum(weights, flint.arb(0))) if k == 0 else 0)


def scale(claim: Claim) -> Fraction:
    """The power of two that makes weights integers."""
    n, power = claim.n_pairs, Fraction(2) ** 1_100
    total = sum(map(Fraction, claim.weights or [1] * n))
    while power * total + n > 2**WEIGHT:
        power /= 2
    return power


def octave_at(claim: Claim, distances: range, x: Any, off: int = 0) -> Around:
    return Octave(Weights(claim), distances).around(ratio_of(x, claim.n_pairs) + off)


@pytest.mark.parametrize("off", [-1, 0, 2])
@pytest.mark.parametrize("n", [1, 2, 5, 64, 512])
@pytest.mark.parametrize("x", XS)
def test_frequencies_are_off_by_less_than_they_say(x: float, n: int, off: int) -> None:
    found = turns.frequencies(ratio_of(x, n) + off, n)
    assert found.shape == (n,)
    for i, value in enumerate(found.tolist()):
        assert abs(value - theta(x, i, n) * flint.arb(2) ** FINE) <= max(0, 3 * i - 1)


@pytest.mark.parametrize("off", [-1, 2])
@pytest.mark.parametrize("n", [1, 5, 512])
@pytest.mark.parametrize("x", XS)
def test_turns_are_off_by_less_than_they_say(x: float, n: int, off: int) -> None:
    """Up to 2^20 tokens, and in a table with the doublings of its longest octave."""
    powers = turns.binary_powers(turns.frequencies(ratio_of(x, n) + off, n), 21)
    cosines, sines = turns.table(powers[19], powers[:10])
    assert cosines.shape == sines.shape == (2**10, n)
    for i in {0, 1, n // 2, n - 1} & set(range(n)):
        for k, (cosine, sine) in enumerate(powers):
            assert square_of_error(cosine[i], sine[i], 2**k * theta(x, i, n)) < 0.71**2
        for j in (0, 1, 2, 511, 1_022, 1_023):
            angle = (2**19 + j) * theta(x, i, n)
            assert square_of_error(cosines[j, i], sines[j, i], angle) < (0.71 + 2 * 10) ** 2


def square_of_error(cosine: Any, sine: Any, angle: Any) -> Any:
    """Of a turn, in units of 2^-TURN."""
    unit = flint.arb(2) ** TURN
    off = angle.cos() * unit - int(cosine), angle.sin() * unit - int(sine)
    return off[0] * off[0] + off[1] * off[1]


def test_a_table_has_all_multiples_in_their_order() -> None:
    """The errors of a table are far below the turns between its rows."""
    powers = turns.binary_powers(turns.frequencies(ratio_of(2.0, 3), 3), 6)
    cosines, sines = turns.table(powers[5], powers[1:4])
    for j in range(8):
        for i in range(3):
            angle = (32 + 2 * j) * theta(2.0, i, 3)
            assert square_of_error(cosines[j, i], sines[j, i], angle) < 7**2


@pytest.mark.parametrize("value", [-(2**40), -3, -2, -1, 0, 1, 2, 3, 5, 2**40 + 1])
def test_shifts_round_to_the_nearest(value: int) -> None:
    for bits in (1, 2, 7):
        found = turns.shifted(np.array([value]), bits)[0]
        assert abs(Fraction(value, 2**bits) - int(found)) <= Fraction(1, 2)


@every_claim
def test_weights_are_integers_of_one_scale(claim: Claim) -> None:
    weights, s = Weights(claim), scale(claim)
    n, exponents = claim.n_pairs, [Fraction(i, claim.n_pairs) for i in range(claim.n_pairs)]
    each = [s * Fraction(w) for w in claim.weights or [1] * n]
    assert 2 ** (WEIGHT - 2) < sum(weights.values) <= 2**WEIGHT
    for found, power, least in ((weights.values, 0, Fraction(-1, 2)), (weights.rates, 1, 0)):
        for value, w, e in zip(found.tolist(), each, exponents, strict=True):
            assert least <= value - w * e**power <= least + 1
    for value, w, e in zip(weights.bends.tolist(), each, exponents, strict=True):
        assert 0 <= value - w * e * e < 1
    for bits in (COARSE, TURN):
        total = sum(each)
        known = s * claim.unrotated_pairs * (1 - Fraction(claim.margin)) - total * Fraction(
            claim.margin
        )
        assert 0 <= known * 2**bits - weights.constant(bits) < 1


RANGES = (range(1, 2), range(1, 64), range(64, 100), range(1_024, 2_000))


@every_claim
@pytest.mark.parametrize("distances", RANGES, ids=str)
@pytest.mark.parametrize("x", first_quick(1, [4.5, 0.0, 25.0]))
def test_products_are_off_by_less_than_they_say(claim: Claim, distances: range, x: float) -> None:
    around = octave_at(replace(claim, margin=Decimal(0)), distances, x, 2)
    found = around._products().ravel()
    assert found.size >= len(distances)
    unit, u = exact(scale(claim)) * 2**COARSE, claim.unrotated_pairs
    for index in {*range(0, len(distances), len(distances) // 5 + 1), len(distances) - 1}:
        value = (g(replace(claim, margin=Decimal(0)), distances[index], x) - u) * unit
        assert abs(int(found[index]) - value) < around.octave.product_error


@pytest.mark.slow
@every_claim
@pytest.mark.parametrize("distances", RANGES, ids=str)
@pytest.mark.parametrize("x", [0.0, 4.5, 25.0])
def test_values_and_slopes_are_off_by_less_than_they_say(
    claim: Claim, distances: range, x: float
) -> None:
    around = octave_at(replace(claim, margin=Decimal(0)), distances, x, -1)
    unit, u = exact(scale(claim)) * 2**TURN, claim.unrotated_pairs
    E, steepness, n = around.octave.error, around._steepness, claim.n_pairs
    assert around.octave.value_error == E * 2**WEIGHT + n * 2**TURN
    assert around.slope_error == E * steepness + 3 * n * 2**TURN
    chosen = [*distances[:: len(distances) // 5 + 1], distances[-1]]
    found = around._expanded(np.array(chosen))
    for m, value, slope in zip(chosen, *(part.tolist() for part in found), strict=True):
        expected = (g(replace(claim, margin=Decimal(0)), m, x) - u) * unit
        assert abs(value - expected) < around.octave.value_error
        assert abs(slope - g(claim, m, x, 1) / m * unit) < around.slope_error


@every_claim
@pytest.mark.parametrize("x", [0.0, 12.0])
def test_products_are_those_of_integers(claim: Claim, x: float) -> None:
    """And the sizes of all parts of a sum come to less than 2^53: no order of them rounds."""
    around = octave_at(claim, range(2_048, 4_096), x)
    left, right = (
        np.concatenate(parts, axis=1)
        for parts in (
            [
                turns.shifted(around.octave.weights.values * around._left[0], TURN),
                -turns.shifted(around.octave.weights.values * around._left[1], TURN),
            ],
            [turns.shifted(part, TURN - COARSE) for part in around._right],
        )
    )
    assert (around._products() == np.rint(left @ right.T)).all()  # integers, so nothing is rounded
    assert (np.abs(left).sum(axis=1) * np.abs(right).max()).max() < 2**53


@every_claim
@pytest.mark.parametrize("distances", RANGES, ids=str)
def test_the_error_of_a_product_is_that_of_its_rows_and_of_its_columns(
    claim: Claim, distances: range
) -> None:
    n, levels = claim.n_pairs, (len(distances) - 1).bit_length()
    found, E = Octave(Weights(claim), distances), 2 * levels + 2
    assert found.error == E
    assert found.row_levels + found.column_levels == levels
    rows = 2 * (n + Fraction(E, 4)) * (2**COARSE + 1)
    columns = 2 * (Fraction(1, 2) + Fraction(E, 2**7)) * 2**WEIGHT
    assert 0 <= found.product_error - (rows + columns) < 2


def test_the_largest_sums_are_below_2_to_the_53() -> None:
    for n in (1, 2, 3, 511, 512):
        for levels in (0, 20):
            E = 2 * levels + 2
            assert 2 * (2**WEIGHT + n + E) * (2**COARSE + 1) < 2**53


def losses(claim: Claim, m: int, x: Fraction, t: Fraction) -> tuple[Any, Any]:
    """What the two tests take off g, from their definitions."""
    n, T = claim.n_pairs, exact(t)
    weights = [exact(w) for w in claim.weights or [Decimal(1)] * n]
    rates = [
        sum(
            (w * (exact(Fraction(i, n)) ** k) * theta(x, i, n) ** j for i, w in enumerate(weights)),
            flint.arb(0),
        )
        for k, j in ((1, 1), (2, 1), (2, 2))
    ]
    stretch = 1 + 2 * T
    first = m * rates[0] * T * stretch
    second = abs(g(claim, m, x, 1)) * T
    return first, second + (m * rates[1] + m * m * rates[2]) * stretch * stretch * T * T / 2


def with_value(claim: Claim, m: int, x: Fraction, value: Any) -> Claim:
    """The claim with the margin at which g is a value, or rather a hair more."""
    free = replace(claim, margin=Decimal(0))
    total = claim.unrotated_pairs + sum(map(exact, claim.weights or [1] * claim.n_pairs))
    margin = (g(free, m, x) - value) / total
    digits = margin.mid().str(40, radius=False, condense=0)
    return replace(claim, margin=Decimal(digits))


HALVES = (WIDEST, 1 << 36, 1 << 32, 1 << 28, 1 << 24)


@pytest.mark.parametrize("claim", [PLAIN, UNEVEN], ids=["plain", "uneven"])
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(("m", "x"), [(1, 0.5), (2, 3.0), (40, 4.0), (103, 2.5), (1_503, 9.0)])
def test_a_distance_is_shown_where_g_outweighs_the_lesser_loss(
    claim: Claim, half: int, m: int, x: float
) -> None:
    """The distances are the last of their rows, which the first test takes for all of a row."""
    at, t = Fraction(x), Fraction(half, 2**PLACE)
    start = 1 << (m.bit_length() - 1) if m >= 64 else 1
    distances = range(start, max(64, 2 * start))
    loss = min(map(float, losses(claim, m, at, t)))
    for share, hair, shown in ((0.98, 0.0, False), (1.03, 4e-6, True)):
        tuned = with_value(claim, m, at, exact(loss * share + hair))
        doubtful = octave_at(tuned, distances, at).doubtful(half, 10**6)
        assert doubtful is not None
        assert doubtful == sorted(doubtful)
        assert (m not in doubtful) == shown


@pytest.mark.parametrize("claim", [PLAIN, UNEVEN, CLAIMS["128"]], ids=["plain", "uneven", "128"])
@pytest.mark.parametrize("m", [5, 90, 1_500])
def test_errors_count_where_a_cell_has_no_width(claim: Claim, m: int) -> None:
    """Of the second test: 2^WEIGHT E + n 2^TURN units of 2^-TURN/scale."""
    x = Fraction(9)
    distances = range(1 << (m.bit_length() - 1), 1 << m.bit_length()) if m >= 64 else range(1, 64)
    E = 2 * (len(distances) - 1).bit_length() + 2
    units = Fraction((E << WEIGHT) + (claim.n_pairs << TURN), 1 << TURN) / scale(claim)
    for share, shown in ((0.85, False), (1.15, True)):
        tuned = with_value(claim, m, x, exact(units * Fraction(share)))
        doubtful = octave_at(tuned, distances, x).doubtful(1, 10**6)
        assert doubtful is not None
        assert (m not in doubtful) == shown


@pytest.mark.parametrize("claim", [PLAIN, UNEVEN], ids=["plain", "uneven"])
@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("side", [-1, 1])
def test_what_breaks_the_bound_at_the_border_of_a_cell_is_doubtful(
    claim: Claim, half: int, side: int
) -> None:
    """By as little as 1e-30, at any distance of an octave."""
    x, t = Fraction(6), Fraction(half, 2**PLACE)
    for m in (*range(64, 80), 100, 127):
        tuned = with_value(claim, m, x + side * t, exact(-1e-30))
        assert g(tuned, m, x + side * t) < 0
        doubtful = octave_at(tuned, range(64, 128), x, 2).doubtful(half, 10**6)
        assert doubtful is not None
        assert m in doubtful


@pytest.mark.parametrize("claim", [PLAIN, UNEVEN], ids=["plain", "uneven"])
@pytest.mark.parametrize("half", HALVES[1:])
def test_what_is_shown_keeps_the_bound_all_over_the_cell(claim: Claim, half: int) -> None:
    doubts, sure = 0, 0
    for x, margin in ((3.0, "0"), (5.0, "0.1"), (9.0, "0.3")):
        tuned = replace(claim, margin=Decimal(margin))
        doubtful = octave_at(tuned, range(64, 128), x).doubtful(half, 10**6)
        assert doubtful is not None
        shown = sorted(set(range(64, 128)) - set(doubtful))
        for m in shown[:: max(1, len(shown) // 8)]:
            for part in range(-4, 5):
                assert g(tuned, m, Fraction(x) + Fraction(part * half, 4 << PLACE)) > 0
        doubts, sure = doubts + len(doubtful), sure + len(shown)
    assert doubts > 0 < sure


def test_a_constant_beyond_all_products_decides_alone() -> None:
    """65,536 unrotated pairs beside two, and a margin of 1 beside none."""
    safe = octave_at(CLAIMS["two pairs"], range(64, 128), 5.0)
    assert safe.doubtful(WIDEST, 0) == []
    lost = octave_at(replace(CLAIMS["two pairs"], margin=Decimal(1)), range(64, 128), 5.0)
    assert lost.doubtful(1, 64) == [*range(64, 128)]
    light = replace(CLAIMS["tiny"], unrotated_pairs=1)  # 1e290 times what they weigh
    assert octave_at(light, range(64, 128), 5.0).doubtful(WIDEST, 0) == []


def test_losses_beyond_all_products_leave_every_distance() -> None:
    at_one = octave_at(PLAIN, range(4_096, 5_000), 0.0)
    assert at_one._loss(WIDEST) * 4_096 > octave.FAR
    assert at_one.doubtful(WIDEST, 904) == [*range(4_096, 5_000)]


def test_more_than_the_most_are_not_looked_at() -> None:
    around = octave_at(PLAIN, range(64, 128), 3.0)
    left = around._first(1 << 33)
    assert 3 < left.size < 64
    assert around.doubtful(1 << 33, left.size) is not None
    assert around.doubtful(1 << 33, left.size - 1) is None


def test_chunks_of_distances_are_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    around = octave_at(replace(PLAIN, margin=Decimal("0.3")), range(64, 128), 5.0)
    whole = around.doubtful(1 << 34, 64)
    assert whole is not None
    assert len(whole) > 7
    monkeypatch.setattr(octave, "CHUNK", 3)
    assert around.doubtful(1 << 34, 64) == whole


@pytest.mark.parametrize("half", [-1, 0, WIDEST + 1])
def test_a_half_width_that_no_bound_covers_is_refused(half: int) -> None:
    with pytest.raises(ValueError, match="half must be from 1 to"):
        octave_at(PLAIN, range(64, 128), 3.0).doubtful(half, 64)


def test_below_the_narrowest_cell_errors_weigh_more_than_its_width() -> None:
    around = octave_at(PLAIN, range(64, 128), 3.0)
    half = around.narrowest()
    assert 0 < half < WIDEST
    limit = around.octave.product_error
    assert 127 * around._loss(half) < 1.1 * limit < 1.3 * 127 * around._loss(half)
    assert octave_at(CLAIMS["one pair"], range(64, 128), 3.0).narrowest() == WIDEST


ARITHMETICS = pytest.mark.parametrize("kind", [Intervals, Balls], ids=lambda kind: kind.name)


@ARITHMETICS
@pytest.mark.parametrize(
    ("claim", "base", "distances"),
    [(PLAIN, 37_182, range(128, 200)), (UNEVEN, 406, range(64, 128))],
    ids=["plain", "uneven"],
)
def test_cells_lie_side_by_side_from_the_base_to_the_top(
    claim: Claim, base: int, distances: range, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells: list[tuple[int, int]] = []
    doubtful = beyond._Climb._doubtful

    def kept(climb: Any, middle: int, half: int) -> list[int] | None:
        found = doubtful(climb, middle, half)
        if found is not None:
            cells.append((middle - half, middle + half))
        return found

    monkeypatch.setattr(beyond._Climb, "_doubtful", kept)
    arithmetic = kind(120)
    with arithmetic.working():
        head, start = Head(claim, arithmetic), arithmetic.log(arithmetic.number(Decimal(base)))
        climb = beyond._Climb(head, start, Octave(Weights(claim), distances))
        assert climb.run(lambda _: None) is None
        assert not arithmetic.is_negative(start - climb._x(climb.first))
        assert climb._is_slow(cells[-1][1])
    assert len(cells) > 5
    assert cells[0][0] == climb.first
    assert all(a[1] == b[0] for a, b in pairwise(cells))


def test_a_cell_that_leaves_many_is_narrowed_and_none_of_them_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 8 pairs 16 distances are worth following; of a cell too narrow to help all there are."""
    arithmetic, left = Balls(120), list[int]()
    monkeypatch.setattr(Around, "doubtful", lambda *_: left)
    with arithmetic.working():
        head, start = Head(PLAIN, arithmetic), arithmetic.number(5)
        climb = beyond._Climb(head, start, Octave(Weights(PLAIN), range(64, 128)))
        for count, wide in ((0, True), (16, True), (17, False), (60, False)):
            left[:] = range(64, 64 + count)
            assert climb._doubtful(5 << PLACE, 1 << 36) == (left if wide else None)
            assert climb._doubtful(5 << PLACE, 1) == left


def test_what_was_followed_beyond_a_cell_is_not_doubtful_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arithmetic = Balls(120)
    monkeypatch.setattr(Around, "doubtful", lambda *_: [64, 65, 66])
    with arithmetic.working():
        head, start = Head(PLAIN, arithmetic), arithmetic.number(5)
        climb = beyond._Climb(head, start, Octave(Weights(PLAIN), range(64, 128)))
        right = (5 << PLACE) + 9
        climb.followed |= {64: right - 1, 65: right, 66: right + 1}
        assert climb._doubtful(5 << PLACE, 9) == [64]


@every_claim
@pytest.mark.parametrize(
    "distances", [range(1, 2), range(1, 23), range(64, 128), range(256, 400), range(2**16, 2**17)]
)
def test_the_lowest_cosines_of_an_octave_are_told(claim: Claim, distances: range) -> None:
    """Those of the first pair, to what the integers are off; not many others."""
    found = Octave(Weights(claim), distances).lowest()
    cosines = {m: math.cos(m) for m in distances}
    assert min(cosines, key=cosines.__getitem__) in found
    assert all(cosines[m] < min(cosines.values()) + 2e-7 for m in found)


def test_a_cell_is_never_wider_than_its_bounds_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """S = cos m + 2 cos(m b^(-1/32)) changes slowly, and cells would grow beyond t = 1/2."""
    weights = tuple(map(Decimal, [1, 2] + 30 * [0]))
    claim = replace(PLAIN, rotary_dim=64, weights=weights, context=5)
    halves: list[int] = []
    doubtful = Around.doubtful

    def kept(around: Around, half: int, most: int) -> list[int] | None:
        halves.append(half)
        return doubtful(around, half, most)

    monkeypatch.setattr(Around, "doubtful", kept)
    arithmetic = Balls(120)
    with arithmetic.working():
        head = Head(claim, arithmetic)
        for x, kept_up in (("37.6", True), ("37.5", False)):
            base = Decimal(x).exp()
            found = beyond.shortfall_beyond(claim, head, base, lambda _: None)
            assert (found is None) == kept_up
    assert max(halves) == WIDEST


@ARITHMETICS
def test_a_cell_is_followed_from_where_it_begins(kind: Any, monkeypatch: Any) -> None:
    """The first from the base itself, which lies within it, and others from their left ends.

    A distance that was followed farther than its cell goes on from there, if it has to.
    """
    arithmetic, starts = kind(120), []

    def held(_: Any, values: Any, __: Any) -> float:
        return 1.0 if values else 0.0

    monkeypatch.setattr(beyond, "_step", held)
    with arithmetic.working():
        head, start = Head(PLAIN, arithmetic), arithmetic.log(arithmetic.number(Decimal(10**6)))
        climb = beyond._Climb(head, start, Octave(Weights(PLAIN), range(64, 128)))
        thetas = Head.thetas

        def seen(self: Head, x: Any) -> Any:
            starts.append(x)
            return thetas(self, x)

        monkeypatch.setattr(Head, "thetas", seen)
        assert climb._follow(64, climb.first, climb.first + 9) is None
        assert climb._follow(65, climb.first + 5, climb.first + 9) is None
        one = 1 << PLACE
        assert climb._follow(64, climb.first + 5, climb.first + one + 9) is None
        assert starts[0] is start
        lefts = [arithmetic.units(x, PLACE)[0] - climb.first for x in starts[1:]]
        assert lefts in ([5, one], [4, one])  # units rounds downwards
        assert climb.followed[64] == climb.first + 2 * one


@ARITHMETICS
def test_too_few_bits_are_no_proof(kind: Any) -> None:
    arithmetic = kind(80)
    with arithmetic.working(), pytest.raises(ArithmeticError, match="80 bits are too few"):
        beyond.shortfall_beyond(PLAIN, Head(PLAIN, arithmetic), Decimal(400), lambda _: None)


def test_cells_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    arithmetic, claim = Balls(120), replace(PLAIN, context=100)
    with arithmetic.working():
        head = Head(claim, arithmetic)
        assert beyond.shortfall_beyond(claim, head, Decimal(11_953), lambda _: None) is None
        monkeypatch.setattr(beyond, "MAX_CELLS", 3)
        found = beyond.shortfall_beyond(claim, head, Decimal(11_953), lambda _: None)
    assert found is not None
    assert found.distance == 99
    assert found.reason.endswith("in 3 cells")


def deepest(claim: Claim, start: float) -> tuple[int, float]:
    """The distance and the x >= start of the least g: by a scan, then by ever closer ones."""
    n, distances = claim.n_pairs, np.arange(1, claim.context)
    weights = np.array([float(w) for w in claim.weights or [1] * n])

    def least(ms: Any, xs: Any) -> tuple[int, float]:
        values = [(np.cos(np.outer(ms, np.exp(-x * np.arange(n) / n))) @ weights) for x in xs]
        at, m = np.unravel_index(np.argmin(values), (len(xs), len(ms)))
        return int(ms[m]), float(xs[at])

    width = 0.2 / claim.context
    m, x = least(distances, np.arange(start, start + 12, width))
    for _ in range(12):
        x = least(np.array([m]), np.maximum(start, x + width * np.linspace(-1, 1, 41)))[1]
        width /= 10
    return m, x


TAILS = {
    "mid-way": (replace(PLAIN, context=100), 4.0),
    "farther": (replace(PLAIN, context=100), 7.3),
    "uneven": (replace(UNEVEN, context=90), 3.5),
    "two pairs": (replace(PLAIN, rotary_dim=4, context=64, unrotated_pairs=1), 2.0),
    "two pairs alone": (replace(PLAIN, rotary_dim=4, context=64), 15.7),
    "three pairs alone": (replace(PLAIN, rotary_dim=6, context=120), 12.0),
    "narrow": (replace(PLAIN, rotary_dim=6, context=130), 5.0),
    "wide": (replace(PLAIN, rotary_dim=64, context=128), 6.0),
}


@pytest.mark.slow
@ARITHMETICS
@pytest.mark.parametrize("tail", TAILS)
def test_a_tail_is_proved_up_to_its_deepest_point_and_not_beyond(tail: str, kind: Any) -> None:
    """At a margin 1e-12 below the least S(m)/S(0) of all larger bases, and 1e-12 above it."""
    claim, start = TAILS[tail]
    m, x = deepest(claim, start)
    arithmetic, base = kind(120), Decimal(start).exp()
    for value, kept in ((1e-12, True), (-1e-12, False)):
        tuned = with_value(claim, m, Fraction(x), exact(value))
        with arithmetic.working():
            head = Head(tuned, arithmetic)
            found = beyond.shortfall_beyond(tuned, head, base, lambda _: None)
        assert (found is None) == kept, (m, x, found)
        if found is not None:
            assert found.distance == m
