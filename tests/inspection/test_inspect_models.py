"""What inspect says of models that people use: figures from their cards and their stacks' code.

S is evaluated once more in the tests, as a plain sum of cosines over frequencies from the formulas
of each method.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ropecalc
from tests.conftest import RunBatch, RunCli
from tests.tools.places import DATA
from tests.tools.speeds import first_quick

gguf = pytest.importorskip("gguf")
Array = np.ndarray[Any, np.dtype[np.float64]]
REAL = DATA / "configs"
ABSENT = 10**9


def plain(base: float, rotary_dim: int) -> Array:
    return np.asarray(base ** (-np.arange(0, rotary_dim, 2) / rotary_dim))


def yarn(
    base: float, rotary_dim: int, factor: float, length: int, *, truncate: bool = True
) -> Array:
    """The ramp from 32 turns to 1 within the length, linear in the index."""
    ends = [
        rotary_dim * math.log(length / (turns * 2 * math.pi)) / (2 * math.log(base))
        for turns in (32, 1)
    ]
    low, high = (math.floor(ends[0]), math.ceil(ends[1])) if truncate else ends
    share = np.clip((np.arange(rotary_dim // 2) - low) / (high - low), 0, 1)
    return np.asarray(plain(base, rotary_dim) * (1 - share + share / factor))


def llama3(base: float, factor: float) -> Array:
    """Pairs that turn more than 4 times in 8,192 tokens stay, below once they are divided."""
    theta = plain(base, 128)
    share = np.clip((8192 * theta / (2 * np.pi) - 1) / 3, 0, 1)
    return theta * (share + (1 - share) / factor)


def qwen3_with_yarn(folder: Path) -> str:
    """Qwen3-8B's own file with what its model card says to add."""
    document = json.loads((REAL / "Qwen--Qwen3-8B--copy.json").read_text())
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    path = folder / "qwen3-yarn.json"
    path.write_text(
        json.dumps(document | {"rope_scaling": scaling, "max_position_embeddings": 131072})
    )
    return str(path)


def llama31_gguf(folder: Path) -> str:
    """Llama 3.1 as llama.cpp's converter writes it: the scaling is a tensor of divisors."""
    path = folder / "llama-3.1.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(131072)
    writer.add_embedding_length(4096)
    writer.add_block_count(32)
    writer.add_head_count(32)
    writer.add_rope_dimension_count(128)
    writer.add_rope_freq_base(500000.0)
    divisors = plain(5e5, 128) / llama3(5e5, 8)
    writer.add_tensor("rope_freqs.weight", divisors.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(path)


YARN4 = 1 + 0.1 * math.log(4)
LONGROPE = math.sqrt(1 + math.log(32) / math.log(4096))
# name -> (layer, rope_type, head_dim, rotary_dim, base, trained, range, attention, softmax)
SAYS: dict[str, tuple[Any, ...]] = {
    "Llama-3.1-8B": ("all", "llama3", 128, 128, 5e5, 131072, 131072, 1.0, 1.0),
    "Qwen3-8B": ("all", "default", 128, 128, 1e6, 32768, 40960, 1.0, 1.0),
    "Qwen3-8B with YaRN": ("all", "yarn", 128, 128, 1e6, 32768, 131072, YARN4, 1.0),
    "gpt-oss-20b": (
        *("full_attention", "yarn", 64, 64, 1.5e5, None, 131072, 1 + 0.1 * math.log(32), 1.0),
    ),
    "Gemma-3-27B": ("full_attention", "linear", 128, 128, 1e6, 32768, 131072, 1.0, 1.0),
    "Phi-3-mini-128k": ("all", "longrope", 96, 96, 1e4, None, 4096, LONGROPE, 1.0),
    "DeepSeek-V3": (
        *("all", "yarn", 192, 64, 1e4, 131072, 163840, 1.0, (1 + 0.1 * math.log(40)) ** 2),
    ),
    "GLM-4-9B-chat": ("all", "default", 128, 64, 5e6, None, 131072, 1.0, 1.0),
    "Mistral-Nemo": ("all", "default", 128, 128, 1e6, None, 131072, 1.0, 1.0),
    "a GGUF of Llama 3.1": ("all", "divided", 128, 128, 5e5, 131072, 131072, 1.0, 1.0),
}
THETAS = {
    "Llama-3.1-8B": llama3(5e5, 8),
    "Qwen3-8B": plain(1e6, 128),
    "Qwen3-8B with YaRN": yarn(1e6, 128, 4, 32768),
    "gpt-oss-20b": yarn(1.5e5, 64, 32, 4096, truncate=False),
    "Gemma-3-27B": plain(1e6, 128) / 8,
    "DeepSeek-V3": yarn(1e4, 64, 40, 4096),
    "GLM-4-9B-chat": plain(5e6, 64),
    "Mistral-Nemo": plain(1e6, 128),
    "a GGUF of Llama 3.1": llama3(5e5, 8),
}  # of Phi-3 the long list alone has 48 numbers


@pytest.fixture(name="inspected", scope="module")
def _inspected(
    run_batch: RunBatch, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("models")
    targets = {name: name for name in SAYS}
    targets["Qwen3-8B with YaRN"] = qwen3_with_yarn(folder)
    targets["a GGUF of Llama 3.1"] = llama31_gguf(folder)
    done = run_batch([["inspect", target, "--json"] for target in targets.values()])
    assert all(one.returncode == 0 for one in done), [one.stderr for one in done]
    return {name: json.loads(one.stdout) for name, one in zip(targets, done, strict=True)}


def similarity(theta: Array, unrotated: int, stop: int) -> Array:
    """S(m), 0 <= m < stop, a plain sum."""
    total = np.full(stop, float(unrotated))
    positions = np.arange(stop, dtype=np.float64)
    for frequency in theta:
        total += np.cos(positions * frequency)
    return total


@pytest.mark.parametrize("name", first_quick(2, SAYS))
def test_what_it_says(name: str, inspected: dict[str, dict[str, Any]]) -> None:
    layer_type, rope_type, head_dim, rotary_dim, base, trained, reach, *factors = SAYS[name]
    document = inspected[name]
    found = document["results"][0]
    keys = ("layer_type", "rope_type", "head_dim", "rotary_dim", "base", "trained_context")
    expected = [layer_type, rope_type, head_dim, rotary_dim, base, trained]
    assert [found[key] for key in keys] == expected
    assert found["attention_factor"] == pytest.approx(factors[0], rel=1e-12)
    assert found["softmax_factor"] == pytest.approx(factors[1], rel=1e-12)
    ours = np.array(found["angular_frequencies"])
    assert ours.shape == (rotary_dim // 2,)
    if name in THETAS:  # the tensor of a GGUF file is float32
        tolerance = 1e-7 if rope_type == "divided" else 1e-12
        assert np.allclose(ours, THETAS[name], rtol=tolerance, atol=0)
    curve = similarity(ours, (head_dim - rotary_dim) // 2, reach)
    broken = np.flatnonzero(curve < 0)
    assert np.abs(curve[1:]).min() > 1e-8  # so that no rounding turns a sign
    assert found["violations"] == broken.size
    assert (found["first_violation"] or ABSENT) == (broken[0] if broken.size else ABSENT)
    assert found["worst_distance"] == int(curve.argmin())


FINDINGS = {
    "Llama-3.1-8B": {"base-below-bound"},
    "Qwen3-8B": {"base-below-bound"},
    "Qwen3-8B with YaRN": {"base-below-bound", "litgpt-ramp"},
    "gpt-oss-20b": {"rounded-ramp", "litgpt-ramp", "base-below-bound"},
    "Gemma-3-27B": set(),
    "DeepSeek-V3": {"legacy-type", "litgpt-ramp"},
    "GLM-4-9B-chat": set(),
    "Mistral-Nemo": {"base-below-bound"},
    "a GGUF of Llama 3.1": {"base-below-bound"},
}


@pytest.mark.parametrize("name", FINDINGS)
def test_what_it_finds(name: str, inspected: dict[str, dict[str, Any]]) -> None:
    assert set(inspected[name]["results"][0]["finding_codes"]) == FINDINGS[name]


def test_second_rows(inspected: dict[str, dict[str, Any]]) -> None:
    gemma = inspected["Gemma-3-27B"]["results"][1]
    said = [gemma[key] for key in ("layer_type", "rope_type", "base", "window", "violations")]
    assert said == ["sliding_attention", "default", 1e4, 1024, 0]
    oss = inspected["gpt-oss-20b"]["results"][1]
    assert [oss["layer_type"], oss["window"], oss["violations"]] == ["sliding_attention", 128, 0]
    phi = inspected["Phi-3-mini-128k"]["results"]
    assert [one["length"] for one in phi] == [4096, 131072]
    ratio = np.array(phi[0]["angular_frequencies"]) / np.array(phi[1]["angular_frequencies"])
    assert ratio[-1] > 20  # the long list divides the slow pairs much more


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("Llama-3.1-8B", {}),  # scaled
        ("gpt-oss-20b", {"layer": "sliding_attention"}),  # a window
        ("GLM-4-9B-chat", {"context": 8192}),  # free
        ("gemma-3-4b", {"context": 8192, "layer": "full_attention", "margin": 0.01}),
    ],
)
def test_check_model_is_what_the_command_says(
    run_cli: RunCli, model: str, more: dict[str, Any]
) -> None:
    found = ropecalc.check_model(model, **more)
    options = {"context": "--ctx"}
    given = [str(x) for k, v in more.items() for x in (options.get(k, f"--{k}"), v)]
    [said] = json.loads(run_cli("check", model, *given, "--json").stdout)["results"]
    assert said["context"] == found.context
    assert said["first_violation"] == found.first_violation
    assert said["worst_similarity"] == found.worst_similarity
    assert said["minimum_factor"] == found.minimum_factor


PLAIN = ropecalc.Rope("all", "default", 1e4, 128, 128)


def test_check_model_takes_a_path_and_needs_a_context(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_type": "llama", "head_dim": 128, "rope_theta": 10000.0}')
    assert ropecalc.check_model(path, 4096).first_violation == 1707
    with pytest.raises(ropecalc.InvalidValueError, match="is not known: give it"):
        ropecalc.check_model(ropecalc.ModelConfig("bare", "params", None, (PLAIN,), None))
