"""Similarity at points and over ranges, against 50-digit mpmath."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc import InvalidValueError, similarity
from ropecalc.scaling import default, explicit
from ropecalc.similarity import (
    MAX_POSITIONS,
    STRIP,
    Array,
    BlockProduct,
    Kind,
    curve_scale,
    error_bound,
    similarity_at,
    similarity_blocks,
    stream,
    turns_of,
    upper_bound_at,
)
from ropecalc.spectrum import Spectrum
from tests.tools.laws import laws
from tests.tools.oracle import similarity_50


@pytest.mark.parametrize("head_dim", [64, 128, 256])
@pytest.mark.parametrize("base", [1e4, 629978.262855044, 5e8])
def test_blocks_agree_with_50_digits_near_2_to_the_30(base: float, head_dim: int) -> None:
    spectrum = default(base, head_dim)
    rng = random.Random(f"{base} {head_dim}")
    for _ in range(3):
        start = rng.randrange(MAX_POSITIONS - 2**21, MAX_POSITIONS - 2**16)
        for at, values in similarity_blocks(spectrum, start, start + 2**16):
            k = rng.randrange(values.size)
            exact = similarity_50(base, head_dim, at + k)
            assert abs(float(values[k] - exact)) < error_bound(spectrum) < 1e-11


def test_error_bound_does_not_grow_with_the_distance() -> None:
    spectrum = default(1e6)
    worst = 0.0
    for m in random.Random(1).sample(range(MAX_POSITIONS), 60):
        worst = max(worst, abs(float(similarity_at(spectrum, m) - similarity_50(1e6, 128, m))))
    assert worst < 1e-13 < error_bound(spectrum)


@laws(max_examples=40)
@given(
    position=st.floats(0, 2**30 - 1),
    base=st.floats(1.001, 1e12),
    half=st.integers(1, 40),
    unrotated=st.integers(0, 8),
)
def test_fractional_positions_agree_with_50_digits(
    position: float, base: float, half: int, unrotated: int
) -> None:
    spectrum = default(base, 2 * (half + unrotated), rotary_dim=2 * half)
    exact = similarity_50(base, 2 * (half + unrotated), position, 2 * half)
    got = similarity_at(spectrum, [position, -position])
    assert abs(float(got[0] - exact)) <= error_bound(spectrum)
    assert got[0] == got[1]


def test_weights_weigh_the_pairs() -> None:
    weights = [2.0, 0.0, 0.5]
    spectrum = default(100.0, 6, weights=weights)
    theta = spectrum.angular_frequencies
    expected = sum(w * np.cos(7 * t) for w, t in zip(weights, theta, strict=True))
    assert similarity_at(spectrum, 7) == pytest.approx(expected, abs=1e-13)
    assert spectrum.total == 2.5


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, 65), (17, 5000), (1000, 300_000)])
def test_blocks_cover_the_range_once_in_order(start: int, stop: int) -> None:
    spectrum = default(1e5, 32)
    blocks = list(similarity_blocks(spectrum, start, stop))
    assert [at for at, _ in blocks] == list(
        np.cumsum([start, *[values.size for _, values in blocks[:-1]]])
    )
    values = np.concatenate([values for _, values in blocks])
    np.testing.assert_allclose(
        values, similarity_at(spectrum, np.arange(start, stop)), atol=2 * error_bound(spectrum)
    )


def test_the_upper_bound_is_roformers_formula() -> None:
    weights, theta = np.array([1, 0.25, 3, 2]), 1e4 ** (-2 * np.arange(4) / 8)
    spectrum = default(1e4, 8, weights=weights.tolist())
    m = np.array([3.5, 0, 70])
    terms = weights * np.exp(1j * np.outer(m, theta))
    partial = [np.abs(terms[:, : j + 1].sum(axis=1)) for j in range(4)]
    assert upper_bound_at(spectrum, m) == pytest.approx(np.mean(partial, axis=0), rel=1e-14)
    assert curve_scale(spectrum, "upper-bound") == np.mean([1, 1.25, 4.25, 6.25])


def test_blocks_count_the_unrotated_pairs() -> None:
    ((at, values),) = similarity_blocks(default(1e4, 8, rotary_dim=4), 0, 1)
    assert (at, values.tolist()) == (0, [4])


def test_tables_are_the_root_of_a_range_wherever_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    columns: list[int] = []

    def noted(spectrum: Spectrum, wide: int) -> BlockProduct:
        columns.append(wide)
        return BlockProduct(spectrum, wide)

    monkeypatch.setattr(similarity, "block_product", noted)
    for start, length in ((0, 2**20), (2**33, 2**20), (2**33, 1), (0, 2**34)):
        next(similarity_blocks(default(1e4, 8), start, start + length))
    assert columns == [2**10, 2**10, 64, 8192], "from 64 to 8192"


def test_blocks_begin_small_and_double_up_to_a_strip() -> None:
    sizes = [values.size for _, values in similarity_blocks(default(1e4, 4), 5, 2**20 + 5)]
    assert sizes == [2**14, 2**15, *[STRIP] * 15, 2**14]
    assert STRIP == 2**16


def test_many_positions_are_taken_a_strip_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def noted(spectrum: Spectrum, angles: Array) -> Array:
        sizes.append(len(angles))
        return np.cos(angles) @ np.ones(spectrum.n_pairs)

    monkeypatch.setattr(similarity, "_similarity_of_angles", noted)
    assert similarity_at(default(1e4, 4), np.zeros((5, 8000))).tolist() == [[2.0] * 8000] * 5
    assert sizes == [2**14, 2**14, 40_000 - 2**15]


def test_frequencies_in_turns_are_cut_to_92_bits() -> None:
    thetas = [Decimal("9999.987654321"), Decimal(1), Decimal("1e-20"), Decimal(0)]
    turns = turns_of(explicit(thetas))
    with mpmath.workdps(80):
        exact = [int(mpmath.mpf(str(theta)) / (2 * mpmath.pi) * 2**92) for theta in thetas]
    found = zip(turns.high.tolist(), turns.low.tolist(), strict=True)
    assert [high * 2**28 + low for high, low in found] == [value % 2**92 for value in exact]


@pytest.mark.parametrize(("kind", "scale"), [("similarity", 4), ("upper-bound", 2.5)])
def test_curves_of_every_form_are_normalised_or_not(kind: Kind, scale: float) -> None:
    spectrum, whole = default(1e4, 8), error_bound(default(1e4, 8))
    for normalised, most in ((True, 1), (False, scale)):
        asked: Any = {"kind": kind, "normalised": normalised}
        assert next(stream(spectrum, 0, 1, **asked))[1].tolist() == [most]
        curve = ropecalc.curve(spectrum, [0], **asked)
        envelope = ropecalc.envelope(spectrum, [0, 1], **asked)
        assert curve.values.tolist() == envelope.maximum.tolist() == [most]
        assert curve.error_bound == envelope.error_bound == whole * most / scale


def test_the_upper_bound_streams_as_it_evaluates() -> None:
    spectrum = default(1e4, 16)
    parts = list(stream(spectrum, 5, 40_000, kind="upper-bound", normalised=False))
    np.testing.assert_array_equal(
        np.concatenate([values for _, values in parts]), upper_bound_at(spectrum, range(5, 40_000))
    )


@pytest.mark.parametrize("kind", ["similarity", "upper-bound"])
def test_an_envelope_is_the_minimum_and_maximum_of_every_distance(kind: str) -> None:
    edges = [0, 1, 3, 4, 700, 701, 30_000, 100_000]
    found = ropecalc.envelope(1e5, edges, head_dim=32, kind=kind)  # type: ignore[arg-type]
    spectrum = default(1e5, 32)
    values = np.concatenate([v for _, v in stream(spectrum, 0, 100_000, kind=kind)])  # type: ignore[arg-type]
    assert found.minimum.shape == found.maximum.shape == (7,)
    for k, (a, b) in enumerate(pairwise(edges)):
        assert found.minimum[k] == values[a:b].min()
        assert found.maximum[k] == values[a:b].max()


def test_an_envelope_sees_a_single_violation_among_a_million() -> None:
    # 6.4e7 breaks the bound at 2^19 at one distance only (published as meeting it).
    found = ropecalc.envelope(6.4e7, np.linspace(0, 2**19, 100).astype(int))
    assert (found.minimum < 0).sum() == 1


def test_curves_are_normalised_by_their_value_at_zero() -> None:
    assert ropecalc.curve(1e6, [0]).values[0] == 1
    assert ropecalc.curve(1e6, [0], normalised=False).values[0] == 64
    assert ropecalc.curve(1e6, [0], kind="upper-bound").values[0] == 1


def test_frequencies_have_wavelengths_and_turns() -> None:
    found = ropecalc.frequencies(explicit([2 * np.pi, np.pi / 8, 0.0]), context=64)
    assert found.context == 64
    assert found.wavelengths.tolist() == [1, 16, np.inf]
    assert found.turns is not None
    assert found.turns.tolist() == [64, 4, 0]
    assert ropecalc.frequencies(1e4).turns is None


def test_wavelengths_without_end_are_no_floating_point_errors() -> None:
    with np.errstate(divide="raise", over="raise"):
        found = ropecalc.frequencies(explicit([1.0, 1e-310, 0.0]))
    assert found.wavelengths.tolist() == [2 * np.pi, np.inf, np.inf]


def test_positions_go_to_2_to_the_34_either_way() -> None:
    assert similarity_at(explicit([0.0]), [2**34, -(2**34)]).tolist() == [1, 1]


LEAST = np.array([-(2**63)])  # whose absolute value is itself


@pytest.mark.parametrize("positions", [float("nan"), [1, 2**34 + 1], float("-inf"), LEAST])
def test_positions_outside_the_domain_are_refused(positions: object) -> None:
    with pytest.raises(InvalidValueError, match="positions"):
        similarity_at(default(1e4), positions)  # type: ignore[arg-type]


UNSIGNED = np.array([3, 2], dtype=np.uint64)  # whose difference is 2^64 - 1


@pytest.mark.parametrize(
    "edges",
    [[], [0], [5, 5], [0, 5, 5, 9], [0, 9, 3, 10], [[0, 1]], UNSIGNED, [0, 2.5], [0, 1e3], "ab"],
)
def test_edges_that_are_not_increasing_are_refused(edges: list[int]) -> None:
    with pytest.raises(InvalidValueError, match="edges must be two or more increasing integers"):
        ropecalc.envelope(1e4, edges)


@pytest.mark.parametrize("edges", [[-1, 4], [0, 2**34 + 1], [0, 1, 2**34 + 1]])
def test_edges_beyond_the_domain_are_refused(edges: list[int]) -> None:
    with pytest.raises(InvalidValueError, match="edges must be from 0 to 17,179,869,184"):
        ropecalc.envelope(1e4, edges)


def test_distances_are_float64_and_edges_int64_whatever_they_come_in() -> None:
    assert ropecalc.curve(1e4, [0, 1]).distances.dtype == np.float64
    assert ropecalc.envelope(1e4, np.array([0, 5], dtype=np.int16)).edges.dtype == np.int64


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="kind must be"):
        ropecalc.curve(1e4, [1], kind="nonsense")  # type: ignore[arg-type]


def test_progress_reaches_the_end() -> None:
    calls: list[tuple[int, int]] = []
    ropecalc.envelope(1e4, [10, 500_010], progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (500_000, 500_000)
    assert calls == sorted(calls)
