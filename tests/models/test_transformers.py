"""Ropes as the real transformers computes them: every type, both generations of keys, real models.

The golden file was made by ``tests/tools/transformers_rope.py``, which asks the model classes of
transformers themselves. Where transformers is installed, the slow tests here ask it again.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

import ropecalc.scaling
from ropecalc.errors import ConfigError
from ropecalc.models.huggingface import parse_config
from ropecalc.models.known import find_model
from ropecalc.results.configs import ModelConfig, Rope
from tests.tools import rope_cases
from tests.tools import transformers_rope as oracle
from tests.tools.rope_models import known_cases
from tests.tools.speeds import every_quick

# What "float32 rounding" comes to, relative: transformers computes 1 / base ** (2i/r) in float32,
# so the rounding of the exponent 2i/r is multiplied by ln base. Against 50 digits its error is
# below 1.05 * 2^-24 * (1 + (2i/r) ln base) over all plain cases here, at most 6.3e-7; with a
# scaling on top 8.7e-7 was the largest, steep blends aside (see steepness).
FLOAT32 = 1e-6
# The same code run in float64 leaves only formulas to differ in; twelve digits are written down.
WRITTEN = 6e-12
FLOAT64 = 1e-12
PYTHON_FLOAT = 1e-14  # attention factors never were float32

GOLDEN: dict[str, Any] = json.loads(oracle.GOLDEN.read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in GOLDEN["cases"]}


def relative_errors(found: Any, expected: Any) -> np.ndarray:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    errors: np.ndarray = np.abs(found - expected) / expected
    return errors


def rotated(inv_freq: list[float]) -> np.ndarray:
    """Without the zeros by which transformers pads a proportional rope to the whole head."""
    return np.trim_zeros(np.asarray(inv_freq), "b")


def steepness(rope: Rope) -> float:
    """By how much a blend can multiply a rounding error, counted in FLOAT32.

    The blend of llama3 goes from 1/s to 1 while L/wavelength goes from l to h, so near its slow
    end one part in L/wavelength is (s - 1) l / (h - l) parts of the result. That of YaRN is a
    float32 between 0 and 1, so near its slow end its 2^-24 is up to s 2^-24 of the result.
    """
    p = rope.parameters
    if rope.rope_type == "yarn":
        return 1 + float(p["factor"]) * 2**-24 / FLOAT32
    if rope.rope_type != "llama3" or p["high_freq_factor"] <= p["low_freq_factor"]:
        return 1.0
    band = p["high_freq_factor"] - p["low_freq_factor"]
    return float(1 + (p["factor"] - 1) * p["low_freq_factor"] / band)


def ropes_for(model: ModelConfig, layer_type: str) -> list[Rope]:
    """The rope of that layer type, else that of all layers, else all if all is what is asked."""
    named = [rope for rope in model.ropes if rope.layer_type == layer_type]
    shared = [rope for rope in model.ropes if rope.layer_type == "all"]
    return named or shared or (list(model.ropes) if layer_type == "all" else [])


def compare(case: Mapping[str, Any], exact: float, single: float = FLOAT32) -> None:
    """Every number of a case against ropecalc; ``exact`` is for the float64 run of transformers."""
    model = parse_config(case["config"], case["name"])
    for layer_type, layer in case["layers"].items():
        ropes = ropes_for(model, layer_type)
        # the module of DeepSeek-V4 has a table "main" that no layer takes where all compress
        assert ropes or layer_type == "main", f"no rope for {layer_type}"
        for rope in ropes:
            compare_layer(rope, layer, case, exact, single)


def compare_layer(
    rope: Rope, layer: Mapping[str, Any], case: Mapping[str, Any], exact: float, single: float
) -> None:
    # Before any forward pass transformers is as it is at a single token.
    spectrum = ropecalc.scaling.from_rope(rope, length=case["length"] or 1)
    theta = spectrum.angular_frequencies
    doubles, singles = rotated(layer["double"]), rotated(layer["inv_freq"])
    assert rope.rotary_dim == spectrum.rotary_dim == 2 * len(singles)
    assert rope.head_dim >= 2 * len(layer["inv_freq"])  # the padding fits
    assert relative_errors(theta, doubles).max() < exact
    assert relative_errors(theta, singles).max() < single * steepness(rope)
    assert spectrum.attention_factor == pytest.approx(
        layer["attention_factor"], rel=PYTHON_FLOAT, abs=0
    )
    # Only latent attention scales its softmax, whatever the dict says to the others.
    assert spectrum.softmax_factor == pytest.approx(case.get("softmax_factor", 1.0), rel=1e-12)


@pytest.mark.parametrize("name", every_quick(4, CASES))
def test_equals_transformers(name: str) -> None:
    compare(CASES[name], WRITTEN)


def test_every_known_model_with_a_scaling_was_asked_about() -> None:
    asked = {name: document for name, document, _ in known_cases()}
    assert len(asked) > 50
    assert {name for name in CASES if name.startswith("known: ")} == asked.keys()
    for name, document in asked.items():
        ours = find_model(name.removeprefix("known: "))
        stand_in = parse_config(document, name)
        # a stand-in counts its own layers where the file does not say how many there are
        assert [replace(rope, latent=False, layers=None) for rope in stand_in.ropes] == [
            replace(rope, latent=False, layers=None) for rope in ours.ropes
        ]


# The golden file itself


def described(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(rope type, generation of keys) of every rope in a config."""
    config = config.get("text_config", config)
    for key, generation in (("rope_scaling", "v4"), ("rope_parameters", "v5")):
        section = config.get(key) or {}
        nested = [value for value in section.values() if isinstance(value, dict)]
        for rope in nested or [section]:
            if key in config:
                yield rope.get("rope_type") or rope.get("type") or "default", generation


def test_golden_file_is_broad() -> None:
    assert GOLDEN["transformers"] == "5.23.0"
    assert GOLDEN["command"] == oracle.COMMAND
    assert len(CASES) == len(GOLDEN["cases"]) > 260
    count = Counter(pair for case in CASES.values() for pair in described(case["config"]))
    types = "default linear dynamic yarn llama3 longrope proportional".split()
    assert {pair for pair, times in count.items() if times >= 5} == {
        (kind, generation) for kind in types for generation in ("v4", "v5")
    }
    assert sum("softmax_factor" in case for case in CASES.values()) >= 7
    assert len({layer for case in CASES.values() for layer in case["layers"]}) == 5


def ramp(low: float | str, high: float | str, factor: int) -> Callable[[int], Any]:
    """YaRN between two pair indices: the share that is left of theta."""

    def share(i: int) -> Any:
        start, end = mpmath.mpf(low), mpmath.mpf(high)
        scaled = min(max((i - start) / (end - start), 0), 1)
        return scaled / factor + 1 - scaled

    return share


def llama3_share(i: int) -> Any:
    """Llama 3.1: 8 times slower from a quarter of 8,192 tokens to a whole wave in them."""
    turns = 8192 * power(500_000, 128)(i) / (2 * mpmath.pi)
    sigma = min(max((turns - 1) / 3, 0), 1)
    return (1 - sigma) / 8 + sigma


def power(base: float | str, dims: int) -> Callable[[int], Any]:
    return lambda i: mpmath.mpf(base) ** (-mpmath.mpf(2 * i) / dims)


def product(*factors: Callable[[int], Any]) -> Callable[[int], Any]:
    return lambda i: mpmath.fprod(factor(i) for factor in factors)


def constant(value: Any) -> Callable[[int], Any]:
    return lambda _: mpmath.mpf(value)


def gpt_oss_corner(turns: int) -> str:
    """The pair that makes so many turns in 4,096 tokens: 64 ln(L/(2 pi turns)) / (2 ln b)."""
    return str(32 * mpmath.log(4096 / (2 * mpmath.pi * turns)) / mpmath.log(150_000))


def divisors(name: str, key: str) -> Callable[[int], Any]:
    return lambda i: 1 / mpmath.mpf(CASES[name]["config"]["rope_scaling"][key][i])


PHI = "phi-3.5-mini"
FORMULAS: dict[tuple[str, str], tuple[int, Callable[[int], Any]]] = {  # -> pairs, theta_i
    ("llama-2-7b", "all"): (64, power(10_000, 128)),
    ("llama-2-7b-32k", "all"): (64, product(power(10_000, 128), constant("0.125"))),
    ("starcoder2-3b", "all"): (64, power("999999.4420358813", 128)),
    ("gpt-neox-20b", "all"): (12, power(10_000, 24)),
    ("gemma-3-27b", "full_attention"): (64, product(power(1e6, 128), constant("0.125"))),
    ("gemma-3-27b", "sliding_attention"): (64, power(10_000, 128)),
    ("gemma-4-31b", "full_attention"): (64, power(1e6, 512)),
    ("llama-3.1-8b", "all"): (64, product(power(500_000, 128), llama3_share)),
    ("yarn-llama-2-13b-64k", "all"): (64, product(power(10_000, 128), ramp(20, 46, 16))),
    ("qwen3-8b, yarn 4", "all"): (64, product(power(1e6, 128), ramp(23, 40, 4))),
    ("deepseek-v3", "all"): (32, product(power(10_000, 64), ramp(10, 23, 40))),
    ("kimi-k2", "all"): (32, product(power(50_000, 64), ramp(19, 20, 32))),
    ("gpt-oss-20b", "all"): (
        32,
        product(power(150_000, 64), ramp(gpt_oss_corner(32), gpt_oss_corner(1), 32)),
    ),
    (f"{PHI} at 4096", "all"): (48, product(power(10_000, 96), divisors(PHI, "short_factor"))),
    (f"{PHI} at 4097", "all"): (48, product(power(10_000, 96), divisors(PHI, "long_factor"))),
    # base * (2 * 131072 / 32768 - 1)^(128/126)
    ("internlm2_5-7b-chat, llamafied at 131072", "all"): (
        64,
        product(power(1e6, 128), lambda i: mpmath.mpf(7) ** (-mpmath.mpf(2 * i) / 126)),
    ),
}


@pytest.mark.parametrize(("name", "layer_type"), FORMULAS)
def test_golden_numbers_follow_the_formulas(name: str, layer_type: str) -> None:
    layer = CASES[name]["layers"][layer_type]
    pairs, theta = FORMULAS[name, layer_type]
    with mpmath.workdps(50):
        expected = [float(theta(i)) for i in range(pairs)]
    assert relative_errors(rotated(layer["double"]), expected).max() < WRITTEN
    assert relative_errors(rotated(layer["inv_freq"]), expected).max() < FLOAT32


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("qwen3-8b, yarn 4", 0.1 * math.log(4) + 1),
        ("gpt-oss-20b", 1.3465735902799727),
        ("deepseek-v3", 1.0),
        (PHI, math.sqrt(1 + math.log(32) / math.log(4096))),  # 1.190238
        ("llama-3.1-8b", 1.0),
    ],
)
def test_golden_attention_factors(name: str, factor: float) -> None:
    assert CASES[name]["layers"]["all"]["attention_factor"] == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "mscale", "factor"),
    [("deepseek-v3", 1.0, 40), ("deepseek-v2-lite", 0.707, 40), ("kimi-k2", 1.0, 32)],
)
def test_golden_softmax_factors(name: str, mscale: float, factor: float) -> None:
    expected = (0.1 * mscale * math.log(factor) + 1) ** 2
    assert CASES[name]["softmax_factor"] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("yarn-mistral-7b-128k", "= 16.0) does not match the ratio"),
        ("deepseek-r1-0528-qwen3-8b", "{'attn_factor'}"),
        ("llama-4-scout-17b-16e", "high_freq_factor field must be greater than low_freq_factor"),
        ("llama-3.1-8b", ""),
    ],
)
def test_golden_warnings(name: str, words: str) -> None:
    warnings = CASES[name].get("warnings", [])
    assert len(warnings) == bool(words)
    assert words in "".join(warnings)


# The real transformers, where it is installed

live = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # torch and transformers deprecate as they please
]


def ask_transformers() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")


# Models of transformers 5.23 whose defaults, as it saves them, ropecalc reads otherwise.
DIFFERENT_CLASSES = set(
    # Full attention has heads of its own size, said in per_layer_config.
    "gemma4 gemma4_text gemma4_unified gemma4_unified_assistant gemma4_unified_text "
    "diffusion_gemma diffusion_gemma_text embedding_gemma2 embedding_gemma2_text "
    # The same frequencies in an order of their own.
    "ernie4_5_vl_moe ernie4_5_vl_moe_text "
    # rotary_dim 64 is saved, but the rotary embedding turns all of a head.
    "minimax_m3_vl minimax_m3_vl_text "
    # Ropes that it calls main and compress, read here by kind of layer; a class that was loaded for
    # the table and not run.
    "deepseek_v4 jetmoe "
    # Twice hidden_size / num_attention_heads; a model for images.
    "zamba2 eomt_dinov3 "
    # Sections of axes that add up to half a head: its layers stop, its rotary embedding does not.
    "glm4v glm4v_text glm46v glmga glm_image glm_image_text".split()
)


def fresh_case(name: str, document: oracle.Document, length: int | None = None) -> dict[str, Any]:
    """A case as the golden file has it, unrounded."""
    single = oracle.compute(document, length)
    double = oracle.compute(document, length, double=True)
    layers = {
        layer_type: {
            "inv_freq": layer.inv_freq,
            "double": double.layers[layer_type].inv_freq,
            "attention_factor": layer.attention_factor,
        }
        for layer_type, layer in single.layers.items()
    }
    case: dict[str, Any] = {"name": name, "config": document, "length": length, "layers": layers}
    return case | (
        {} if single.softmax_factor is None else {"softmax_factor": single.softmax_factor}
    )


class TestLive:
    pytestmark = live

    def test_golden_file_is_what_transformers_says(self) -> None:
        ask_transformers()
        cases = list(CASES.values())[:: len(CASES) // 24]
        assert len(cases) >= 20
        for case in cases:
            fresh = oracle.golden_case(case["name"], case["config"], case["length"])
            assert fresh["layers"].keys() == case["layers"].keys()
            assert fresh.get("softmax_factor") == pytest.approx(case.get("softmax_factor"))
            for layer_type, layer in case["layers"].items():
                for key, tolerance in (("inv_freq", FLOAT32), ("double", WRITTEN)):
                    again = fresh["layers"][layer_type][key]
                    assert again == pytest.approx(layer[key], rel=tolerance, abs=0)

    def test_fresh_random_cases(self) -> None:
        ask_transformers()
        seed = time.time_ns() % 2**32
        for name, document, length in rope_cases.random_cases(seed, 60):
            print(name, json.dumps(document), length)  # the last one printed is the one that failed
            # Twice the tolerance: any seed may meet a worse rounding.
            compare(fresh_case(name, document, length), FLOAT64, single=2 * FLOAT32)

    def test_every_class(self) -> None:
        """The config.json of every model class's defaults: equal, or refused, or known."""
        ask_transformers()
        outcome: dict[str, list[str]] = {"equal": [], "refused": [], "different": []}
        for model_type, document in oracle.class_defaults():
            try:
                compare(fresh_case(model_type, document), FLOAT64, single=2 * FLOAT32)
            except ConfigError:
                outcome["refused"].append(model_type)
            except AssertionError:
                outcome["different"].append(model_type)
            else:
                outcome["equal"].append(model_type)
        print(outcome)
        assert len(outcome["equal"]) >= 240
        if oracle.versions()["transformers"] == GOLDEN["transformers"]:
            assert set(outcome["different"]) <= DIFFERENT_CLASSES

    def test_complaints_are_heard(self) -> None:
        ask_transformers()
        config = dict(CASES["qwen3-8b, yarn 4"]["config"])
        assert oracle.complaints(config) == []
        short = config | {"max_position_embeddings": 40960}
        assert "implicit factor" in "".join(oracle.complaints(short))
        su = {"type": "su", "short_factor": [1.0], "long_factor": [1.0]}
        refused = {"model_type": "phi3", "rope_scaling": su}
        assert oracle.complaints(refused)[-1].startswith("KeyError: ")
