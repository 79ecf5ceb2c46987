"""Laws of the similarity and of the curves made from it, for spectra of all kinds."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc.scaling import explicit
from ropecalc.similarity import error_bound, similarity_at, similarity_blocks, upper_bound_at
from ropecalc.spectrum import PI, Spectrum
from tests.curve.test_laws_bound import FREQUENCIES, plain, spectra
from tests.tools.laws import CLEAR, laws

DISTANCES = st.lists(st.integers(0, 2**34), min_size=1, max_size=6)


@laws(max_examples=60)
@given(spectra(), DISTANCES)
@pytest.mark.slow
def test_similarity_stays_within_its_error_bound_up_to_2_to_the_34(
    spectrum: Spectrum, distances: list[int]
) -> None:
    found, bound = similarity_at(spectrum, distances), error_bound(spectrum)
    with mpmath.workdps(40):
        for m, value in zip(distances, found.tolist(), strict=True):
            terms = (
                w * mpmath.cos(m * mpmath.mpf(str(theta)))
                for w, theta in zip(spectrum.pair_weights, spectrum.exact_frequencies, strict=True)
            )
            assert abs(value - spectrum.unrotated_pairs - mpmath.fsum(terms)) <= bound
            assert abs(value) <= spectrum.total + bound
    assert similarity_at(spectrum, [-m for m in distances]).tolist() == found.tolist()
    blocks = [next(similarity_blocks(spectrum, m, m + 1))[1][0] for m in distances]
    assert found == pytest.approx(np.array(blocks), abs=2 * bound)
    assert bound < 1e-12 * spectrum.total


@laws(max_examples=30)
@given(FREQUENCIES, DISTANCES, st.integers(1, 20))
def test_whole_turns_a_token_and_the_sense_of_rotation_do_not_show(
    thetas: list[float], distances: list[int], turns: int
) -> None:
    whole = [Decimal(theta) for theta in thetas]
    circle = 2 * turns * PI  # to 28 digits, of which a distance uses up eleven
    around = explicit([circle + theta for theta in whole])
    backwards = explicit([circle - theta for theta in whole])
    expected = similarity_at(explicit(whole), distances)
    for other in (around, backwards):
        assert similarity_at(other, distances) == pytest.approx(
            expected, abs=2 * error_bound(other)
        )


@laws(max_examples=40)
@given(spectra(), st.lists(st.floats(0, 5000), min_size=1, max_size=5))
def test_the_upper_bound_is_the_mean_of_the_partial_sums(
    spectrum: Spectrum, positions: list[float]
) -> None:
    pairs = list(zip(spectrum.pair_weights, spectrum.exact_frequencies, strict=True))
    for m, value in zip(positions, upper_bound_at(spectrum, positions), strict=True):
        terms = [w * np.exp(1j * m * float(theta)) for w, theta in pairs]
        sums = [abs(sum(terms[:j])) for j in range(1, len(terms) + 1)]
        assert value == pytest.approx(np.mean(sums), abs=1e-10)
    for kind in ("similarity", "upper-bound"):
        raw, share = (
            ropecalc.curve(spectrum, [0.0, *positions], kind=kind, normalised=normalised)
            for normalised in (False, True)
        )
        assert share.values == pytest.approx(raw.values / raw.values[0], abs=1e-12)
        assert share.error_bound == pytest.approx(raw.error_bound / raw.values[0], rel=1e-9, abs=0)
        assert (np.abs(raw.values) <= raw.values[0] + 1e-12).all()


@laws(max_examples=30)
@given(spectra(), st.sets(st.integers(0, 4000), min_size=2, max_size=9))
def test_an_envelope_has_the_extremes_of_a_weighted_curve(
    spectrum: Spectrum, edges: set[int]
) -> None:
    ends = sorted(edges)
    found = ropecalc.envelope(spectrum, ends, normalised=False)
    for k, (low, high) in enumerate(pairwise(ends)):
        values = plain(spectrum, np.arange(low, high))
        assert found.minimum[k] == pytest.approx(values.min(), abs=CLEAR)
        assert found.maximum[k] == pytest.approx(values.max(), abs=CLEAR)
