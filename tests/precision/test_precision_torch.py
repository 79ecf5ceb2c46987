"""Curves in float32, bfloat16 and float16 against PyTorch's own operations, bit for bit.

The golden file was made by ``tests/tools/torch_precision.py`` with the versions that it names.
Where PyTorch and transformers are installed, the slow tests ask them again, and ask as well how
far PyTorch's own float32 power, cos and sin lead from the same functions rounded once.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ropecalc.models.known import find_model
from ropecalc.precision.frequencies import frequencies_of
from ropecalc.precision.products import Scores
from ropecalc.precision.recipes import Recipe, make_recipe
from ropecalc.scaling import from_rope
from tests.tools import torch_precision as oracle

GOLDEN: dict[str, Any] = json.loads(oracle.GOLDEN.read_text(encoding="utf-8"))
CASES = [(n, d, p) for n in oracle.MODELS for d in oracle.DTYPES for p in oracle.PAIRS]


def scores_of(name: str, dtype: Any, pair: Any, frequencies: Any = None) -> Scores:
    """Of a known model, as its config says, at the positions of the oracle."""
    rope, context = find_model(name).ropes[0], oracle.MODELS[name][2]
    spectrum = from_rope(rope, context, count_unrotated=False)
    recipe = make_recipe(spectrum, dtype=dtype, rope=rope, length=context)
    if frequencies is not None:
        recipe = replace(recipe, frequencies=frequencies[:, None])
    return Scores(spectrum, recipe, max(oracle.distances(context)) + 1, pair)


def curve_of(name: str, dtype: Any, pair: Any, frequencies: Any = None) -> np.ndarray:
    distances = np.array(oracle.distances(oracle.MODELS[name][2]))
    return scores_of(name, dtype, pair, frequencies).raw(distances)


def test_every_curve_has_ten_thousand_distances() -> None:
    counts = [len(set(oracle.distances(model[2]))) for model in oracle.MODELS.values()]
    assert len(counts) >= 6
    assert min(counts) >= 10_000


@pytest.mark.parametrize("name", oracle.MODELS)
def test_frequencies_are_those_of_the_golden_file(name: str) -> None:
    rope, context = find_model(name).ropes[0], oracle.MODELS[name][2]
    found = frequencies_of(from_rope(rope, context), rope, context)
    assert oracle.digest(found) == GOLDEN["frequencies"][name]


@pytest.mark.parametrize(("name", "dtype", "pair"), CASES)
def test_curves_are_those_of_the_golden_file(name: str, dtype: str, pair: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    expected = GOLDEN["curves"][f"{name} {dtype} {pair}"]
    assert oracle.digest(curve_of(name, dtype, pair)) == expected


def test_a_golden_curve_notices_one_unit_in_the_last_place() -> None:
    name = "Qwen3-8B"
    frequencies = scores_of(name, "float32", "first").recipe.frequencies[:, 0].copy()
    frequencies[40] = np.nextafter(frequencies[40], np.float32(1))
    moved = oracle.digest(curve_of(name, "float32", "first", frequencies))
    assert moved != GOLDEN["curves"][f"{name} float32 first"]


@pytest.mark.slow
@pytest.mark.parametrize("name", oracle.MODELS)
def test_curves_are_bit_for_bit_those_of_pytorch(name: str) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("torch")
    pytest.importorskip("ml_dtypes")
    given = oracle.inverse_frequencies(name)
    for dtype in oracle.DTYPES:
        for pair in oracle.PAIRS:
            expected = oracle.curve(name, dtype, pair, frequencies=given).numpy()
            found = curve_of(name, dtype, pair)
            assert found.dtype == expected.dtype == np.float32
            assert np.array_equal(found.view(np.uint32), expected.view(np.uint32)), (dtype, pair)


def units_apart(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """By how many float32 numbers two arrays differ, where the signs agree."""
    left, right = (values.view(np.int32).astype(np.int64) for values in (found, expected))
    assert np.all((left < 0) == (right < 0))
    return np.asarray(np.abs(left - right))


@pytest.mark.slow
@pytest.mark.parametrize("name", oracle.MODELS)
def test_own_float32_functions_of_pytorch_are_one_unit_away_at_most(name: str) -> None:
    pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    exact = scores_of(name, "float32", "first").recipe.frequencies[:, 0]
    own, factor = oracle.inverse_frequencies(name, own_power=True)
    frequencies = own.numpy()
    assert np.abs(frequencies / exact - 1).max() < 2.0**-22  # a unit of the power, and what follows
    # From the same frequencies, angles agree to the bit, cos and sin to one unit.
    positions = np.array(oracle.distances(oracle.MODELS[name][2]))
    recipe = Recipe("float32", frequencies[:, None], np.float32(1))
    phases = recipe.phases(positions)
    theirs = (torch.tensor(positions).float()[None, :] * own[:, None]).numpy()
    assert np.array_equal(phases, theirs)
    for ours, function in ((recipe.cosines, torch.cos), (recipe.sines, torch.sin)):
        apart = units_apart(ours(phases), function(torch.from_numpy(phases)).numpy())
        assert apart.max() <= 1
        print(f"{name} {function.__name__}: {np.mean(apart > 0):.2%} of {apart.size:,} differ")
    # A score is a sum of up to 64 such numbers: few of the coarser types change at all.
    for dtype, size in (("float32", 2.0**-16), ("bfloat16", 2.0**-7), ("float16", 2.0**-9)):
        given = {"frequencies": (own, factor), "functions": (torch.cos, torch.sin)}
        expected = oracle.curve(name, dtype, "first", **given).numpy()
        apart = np.abs(curve_of(name, dtype, "first", frequencies) - expected)
        differ = int(np.count_nonzero(apart))
        print(f"{name} {dtype}: {differ} of {apart.size:,} scores differ, by {apart.max():.2g}")
        assert apart.max() <= size
        assert dtype == "float32" or differ <= 20
