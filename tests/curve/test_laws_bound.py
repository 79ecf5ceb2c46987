"""Laws of the bound, for spectra of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import Status, soft_contexts
from ropecalc.bound import Scan, scan, scan_with_part
from ropecalc.scaling import default, explicit, linear
from ropecalc.similarity import error_bound, similarity_at
from ropecalc.spectrum import Spectrum
from tests.tools.laws import CLEAR, Head, heads, laws, padded

FREQUENCIES = st.lists(
    st.floats(0, 3.125, width=32) | st.floats(2**-20, 2**-7, width=32), min_size=1, max_size=8
)
WEIGHTS = st.integers(0, 12).map(lambda quarters: quarters / 4)


@st.composite
def spectra(draw: st.DrawFn) -> Spectrum:
    """Any frequencies, with and without weights and unrotated pairs."""
    thetas = draw(FREQUENCIES)
    some = st.lists(WEIGHTS, min_size=len(thetas), max_size=len(thetas)).filter(any)
    dim = 2 * (len(thetas) + draw(st.integers(0, 2)))
    return explicit(
        thetas, dim, weights=draw(st.none() | some), count_unrotated=draw(st.booleans())
    )


def plain(spectrum: Spectrum, distances: Any) -> Any:
    """S in float64 from the definition."""
    angles = np.outer(distances, [float(theta) for theta in spectrum.exact_frequencies])
    unrotated = spectrum.head_dim - spectrum.rotary_dim if spectrum.count_unrotated else 0
    return np.cos(angles) @ np.array(spectrum.weights or [1.0] * angles.shape[1]) + unrotated / 2


MARGINS = st.floats(0, 0.6)
LENGTHS = st.integers(1, 2000) | st.sampled_from([16_384, 16_385, 30_000])  # several blocks


@laws(max_examples=60)
@given(spectra(), st.integers(0, 600), st.integers(1, 3000), MARGINS)
def test_a_scan_finds_what_plain_numpy_finds(
    spectrum: Spectrum, start: int, length: int, margin: float
) -> None:
    values = plain(spectrum, np.arange(start, start + length))
    excess = values - margin * float(plain(spectrum, [0])[0])
    assume((np.abs(excess) > CLEAR)[start == 0 :].all())
    broken = np.flatnonzero(excess < -CLEAR)
    found = scan(spectrum, start, start + length, margin=margin)
    assert found.violations == broken.size
    assert found.first_violation == (start + int(broken[0]) if broken.size else None)
    assert found.worst_similarity == pytest.approx(values.min(), abs=CLEAR)
    assert values[found.worst_distance - start] == pytest.approx(values.min(), abs=CLEAR)
    first = scan(spectrum, start, start + length, margin=margin, first_only=True)
    assert (first.first_violation, first.violations) == (found.first_violation, broken.size > 0)


@laws(max_examples=60)
@given(spectra(), LENGTHS, MARGINS)
def test_one_evaluation_has_the_head_and_its_rotated_part(
    spectrum: Spectrum, context: int, margin: float
) -> None:
    alone = replace(spectrum, count_unrotated=False)
    distances = np.arange(context)
    assume((np.abs(plain(spectrum, distances) - margin * spectrum.total) > CLEAR).all())
    assume((np.abs(plain(alone, distances)) > CLEAR).all())
    found, part = scan_with_part(spectrum, context, margin=margin)
    assert facts(found) == facts(scan(spectrum, 0, context, margin=margin))
    assert (part is None) == (spectrum == alone or spectrum.rotary_dim == spectrum.head_dim)
    for one, of, least in ((found, spectrum, margin), (part, alone, 0.0)):
        if one is not None:
            values = plain(of, distances)
            broken = np.flatnonzero(values < least * of.total)
            assert one.violations == broken.size
            assert one.first_violation == (int(broken[0]) if broken.size else None)
            assert one.worst_similarity == pytest.approx(values.min(), abs=CLEAR)
            few = soft_contexts(of, margin=least, limit=context) if broken.size else ()
            assert one.soft == few


@laws(max_examples=40)
@given(spectra(), st.integers(0, 300), LENGTHS, LENGTHS, MARGINS)
def test_a_range_has_the_violations_of_its_parts(
    spectrum: Spectrum, start: int, one: int, other: int, margin: float
) -> None:
    cut, stop = start + one, start + one + other
    parts = [scan(spectrum, *ends, margin=margin) for ends in ((start, cut), (cut, stop))]
    whole = scan(spectrum, start, stop, margin=margin)
    assert whole.violations == sum(part.violations for part in parts)
    firsts = [part.first_violation for part in parts]
    assert whole.first_violation == (firsts[1] if firsts[0] is None else firsts[0])
    lowest = min(part.worst_similarity for part in parts)
    assert whole.worst_similarity == pytest.approx(lowest, abs=2 * error_bound(spectrum))


@laws(max_examples=40)
@given(spectra(), st.lists(st.integers(1, 2500), min_size=2, max_size=5, unique=True), MARGINS)
def test_a_bound_that_holds_holds_in_every_shorter_context(
    spectrum: Spectrum, contexts: list[int], margin: float
) -> None:
    found = [ropecalc.check(spectrum, length, margin=margin) for length in sorted(contexts)]
    for shorter, longer in pairwise(found):
        assert shorter.holds or not longer.holds
        assert shorter.violations <= longer.violations
        assert longer.slack <= shorter.slack + 2 * error_bound(spectrum)
        if shorter.first_violation is not None:  # where it is does not hang on the context
            assert longer.first_violation == shorter.first_violation
    for one in found:
        assert one.holds == (one.first_violation is None) == (one.violations == 0)
        assert one.slack == pytest.approx(one.worst_similarity / spectrum.total - margin, abs=1e-13)
        assert one.holds == (one.slack > 0) or abs(one.slack) < CLEAR


@laws(max_examples=40)
@given(spectra(), st.integers(1, 2500), st.lists(MARGINS, min_size=2, max_size=4))
def test_a_larger_margin_is_met_nowhere_else(
    spectrum: Spectrum, context: int, margins: list[float]
) -> None:
    found = [scan(spectrum, 0, context, margin=margin) for margin in sorted(margins)]
    for less, more in pairwise(found):
        assert less.violations <= more.violations
        assert less.first_violation is None or more.first_violation is not None
        assert (more.first_violation or 0) <= (less.first_violation or context)


@laws(max_examples=40)
@given(spectra(), st.integers(2, 3000), MARGINS)
@example(explicit([0.0], 4), 2, 0.0)
def test_the_longest_context_holds_and_one_token_more_does_not(
    spectrum: Spectrum, limit: int, margin: float
) -> None:
    found = ropecalc.max_context(spectrum, margin=margin, limit=limit)
    if found.max_context is None:
        free = spectrum.is_free(margin)
        assert found.status is (Status.FREE if free else Status.BEYOND_LIMIT)
        assert ropecalc.check(spectrum, limit, margin=margin).holds
        return
    longest = found.max_context
    assert found.status is Status.VIOLATED
    assert found.first_violation == longest
    assert 0 < longest < limit
    assert ropecalc.check(spectrum, longest, margin=margin).holds
    assert not ropecalc.check(spectrum, longest + 1, margin=margin).holds
    assert found.similarity == pytest.approx(plain(spectrum, [longest])[0], abs=CLEAR)
    shorter = ropecalc.max_context(spectrum, margin=margin, limit=longest)
    assert (shorter.max_context, shorter.limit) == (None, longest)


def facts(found: Scan) -> tuple[int | None, int]:
    return found.first_violation, found.violations


@laws(max_examples=40)
@given(spectra(), st.randoms(use_true_random=False), MARGINS)
def test_pairs_in_another_order_change_nothing(
    spectrum: Spectrum, random: Any, margin: float
) -> None:
    order = list(range(spectrum.n_pairs))
    random.shuffle(order)
    other = with_pairs(spectrum, order)
    assert other.total == spectrum.total
    assert facts(scan(other, 0, 900, margin=margin)) == facts(scan(spectrum, 0, 900, margin=margin))


def with_pairs(spectrum: Spectrum, kept: Sequence[int]) -> Spectrum:
    """Some pairs of a spectrum, in some order."""
    dim = spectrum.head_dim - spectrum.rotary_dim + 2 * len(kept)
    return explicit(
        [spectrum.exact_frequencies[i] for i in kept],
        dim,
        weights=[spectrum.pair_weights[i] for i in kept],
        count_unrotated=spectrum.count_unrotated,
    )


@pytest.mark.slow
@laws(max_examples=40)
@given(spectra().filter(lambda one: 0 in one.pair_weights), MARGINS)
def test_a_pair_of_no_weight_may_as_well_be_left_out(spectrum: Spectrum, margin: float) -> None:
    kept = [i for i, weight in enumerate(spectrum.pair_weights) if weight]
    other = with_pairs(spectrum, kept)
    assert other.total == spectrum.total
    assert facts(scan(other, 0, 900, margin=margin)) == facts(scan(spectrum, 0, 900, margin=margin))


@laws(max_examples=40)
@given(spectra(), st.integers(-96, 96), MARGINS)
def test_weights_of_another_unit_change_no_verdict(
    spectrum: Spectrum, power: int, margin: float
) -> None:
    assume(spectrum.unrotated_pairs == 0)
    many = [weight * 2.0**power for weight in spectrum.pair_weights]
    other = explicit(list(spectrum.exact_frequencies), weights=many)
    found, expected = (scan(one, 0, 900, margin=margin) for one in (other, spectrum))
    assert facts(found) == facts(expected)
    assert found.worst_similarity == expected.worst_similarity * 2.0**power
    assert error_bound(other) == pytest.approx(error_bound(spectrum) * 2.0**power, abs=0)


@laws(max_examples=40)
@given(FREQUENCIES, st.integers(1, 3), MARGINS)
def test_an_unrotated_pair_is_a_pair_that_does_not_turn(
    thetas: list[float], more: int, margin: float
) -> None:
    n = len(thetas)
    still = explicit([*thetas, *[0.0] * more])
    unrotated = explicit(thetas, 2 * (n + more))
    left_out = explicit(thetas, 2 * (n + more), count_unrotated=False)
    assert (still.total, unrotated.total, left_out.total) == (n + more, n + more, n)
    found = [scan(one, 0, 900, margin=margin) for one in (still, unrotated, left_out)]
    assert facts(found[0]) == facts(found[1])
    assert facts(found[2]) == facts(scan(explicit(thetas), 0, 900, margin=margin))
    assert found[1].worst_similarity == pytest.approx(found[2].worst_similarity + more, abs=1e-12)


@pytest.mark.slow
@laws(max_examples=40)
@given(padded(), st.floats(1.1, 1e6), st.integers(2, 2000))
def test_padding_with_unrotated_pairs_changes_nothing_where_the_margin_goes_with_it(
    both: tuple[Head, Head], base: float, context: int
) -> None:
    bare, more = (ropecalc.check(base, context, **one.asked, next_base=False) for one in both)
    assert (more.first_violation, more.violations) == (bare.first_violation, bare.violations)
    assert more.slack * both[1].total == pytest.approx(bare.slack * both[0].total, abs=1e-11)
    asked = {**both[1].asked, "margin": both[0].margin, "count_unrotated": False}
    uncounted = ropecalc.check(base, context, **asked, next_base=False)
    assert (uncounted.violations, uncounted.slack) == (bare.violations, bare.slack)


@laws(max_examples=30)
@given(heads(), st.floats(1.5, 1e5), st.integers(1, 9), st.integers(2, 900))
def test_interpolation_by_a_whole_number_repeats_every_distance(
    head: Head, base: float, factor: int, context: int
) -> None:
    """S at factor * m is what it was at m, so no violation is lost, and none comes earlier."""
    dims = {"rotary_dim": 2 * head.half, "weights": head.weights}
    dim = 2 * (head.half + head.unrotated)
    plain, longer = default(base, dim, **dims), linear(base, dim, factor=factor, **dims)  # type: ignore[arg-type]
    m = np.arange(context)
    expected = similarity_at(plain, m)
    assert similarity_at(longer, factor * m) == pytest.approx(expected, abs=1e-11)
    short = scan(plain, 0, context, margin=head.margin)
    long = scan(longer, 0, factor * (context - 1) + 1, margin=head.margin)
    assert long.violations >= short.violations
    assert long.worst_similarity <= short.worst_similarity + 1e-11
    if short.first_violation is not None:
        assert long.first_violation is not None
        assert long.first_violation <= factor * short.first_violation
