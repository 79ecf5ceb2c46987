"""What llama.cpp's flags change of a model: ``override`` and ``run`` together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ropecalc
from ropecalc.models.huggingface import parse_config
from ropecalc.results import StackRun
from ropecalc.scaling import from_rope
from ropecalc.stacks.llama_cpp.override import override, start
from ropecalc.stacks.registry import stack_named
from ropecalc.stacks.running import run

HEAD = {"hidden_size": 4096, "num_attention_heads": 32, "head_dim": 128}
LLAMA = {"model_type": "llama", **HEAD, "max_position_embeddings": 32768, "rope_theta": 1e6}
GEMMA = {"model_type": "gemma3_text", **HEAD, "max_position_embeddings": 32768, "rope_theta": 1e6}
GEMMA |= {"rope_local_base_freq": 1e4, "sliding_window": 512, "num_hidden_layers": 6}
LLAMA3: dict[str, Any] = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3 |= {"rope_type": "llama3", "original_max_position_embeddings": 8192}


def started(document: Mapping[str, Any], flags: str) -> list[StackRun]:
    found = override(parse_config(document, "config.json"), f"llama-server -m M.gguf {flags}")
    return [run(stack_named("llama.cpp"), found, rope) for rope in found.model.ropes]


def frequencies(one: StackRun) -> NDArray[np.float64]:
    assert one.spectrum is not None
    return one.spectrum.angular_frequencies


def plain(base: float, dim: int = 128) -> NDArray[np.float64]:
    return np.array([math.pow(base, -2 * i / dim) for i in range(dim // 2)])


def yarn(base: float, factor: float, original: int) -> NDArray[np.float64]:
    """ggml_rope_yarn_corr_dims and rope_yarn of ggml, in doubles."""
    ends = [
        128 * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))
        for turns in (32.0, 1.0)
    ]
    low, high = max(0, math.floor(ends[0])), min(127, math.ceil(ends[1]))
    found = []
    for i, theta in enumerate(plain(base)):
        mix = 1 - min(1.0, max(0.0, (i - low) / max(0.001, high - low)))
        found.append(theta / factor * (1 - mix) + theta * mix)
    return np.array(found)


def test_each_flag_replaces_one_value_alone() -> None:
    scaled = {**LLAMA, "rope_scaling": {"rope_type": "linear", "factor": 4.0}}
    assert np.allclose(frequencies(started(scaled, "-c 4096")[0]), plain(1e6) / 4, 1e-12)
    base = started(scaled, "--rope-freq-base 2000000")[0]
    assert np.allclose(frequencies(base), plain(2e6) / 4, 1e-12)
    none = started(scaled, "--rope-scaling none")[0]
    assert np.allclose(frequencies(none), plain(1e6), 1e-12)
    factor = started(LLAMA, "--rope-scale 2")[0]  # the type of a file without one is linear
    assert np.allclose(frequencies(factor), plain(1e6) / 2, 1e-12)


def test_yarn_by_flags_lifts_the_cap_only_by_another_factor() -> None:
    flags = "-c 131072 --rope-scaling yarn --rope-scale 4 --yarn-orig-ctx 32768"
    one = started(LLAMA, flags)[0]
    assert np.allclose(frequencies(one), yarn(1e6, 4.0, 32768), 1e-12)
    assert one.usable_length == 131072
    assert one.short is None
    rope = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    same = started({**LLAMA, "rope_scaling": rope}, flags)[0]
    assert same.usable_length == 32768
    assert same.short is not None
    lifted = started({**LLAMA, "rope_scaling": rope}, f"{flags} --override-kv {CONTEXT}")[0]
    assert lifted.short is None


CONTEXT = "llama.context_length=int:131072"


def test_flags_do_not_reach_layers_with_a_window() -> None:
    flags = "-c 131072 --rope-scaling yarn --rope-scale 4 --yarn-orig-ctx 32768"
    full, sliding = started(GEMMA, f"{flags} --rope-freq-base 3000000")
    assert np.allclose(frequencies(full), yarn(3e6, 4.0, 32768), 1e-12)
    assert np.allclose(frequencies(sliding), plain(1e4), 1e-12)
    assert sliding.short is None  # n_ctx_train is that of the model
    assert "sliding window" in sliding.rules[0].text


def test_a_tensor_divides_whatever_base_a_flag_gives() -> None:
    document = {**LLAMA, "rope_theta": 5e5, "rope_scaling": LLAMA3}
    own = ropecalc.find_model("Llama-3.1-8B").rope
    ratios = plain(5e5) / from_rope(own, 8192).angular_frequencies
    one = started(document, "--rope-freq-base 8000000")[0]
    assert np.allclose(frequencies(one), plain(8e6) / ratios, 1e-12)
    kept = started(document, "--rope-freq-base 500000")[0]
    assert kept.rope is not None
    assert kept.rope.rope_type == "llama3"


def test_linear_scaling_scales_the_softmax_of_latent_attention() -> None:
    """deepseek2.cpp: kq_scale has the square of 1 + 0.1 ln s, whatever the type (ran)."""
    latent = {"model_type": "deepseek_v3", "hidden_size": 7168, "num_attention_heads": 128}
    latent |= {"qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "max_position_embeddings": 4096}
    one = started({**latent, "rope_theta": 1e4}, "--rope-scaling linear --rope-scale 4")[0]
    assert one.spectrum is not None
    assert one.spectrum.softmax_factor == pytest.approx((1 + 0.1 * math.log(4)) ** 2)
    assert one.spectrum.attention_factor == 1


def test_a_method_without_a_flag_does_not_start() -> None:
    found = start(parse_config(LLAMA, "x"), {"rope_scaling": LLAMA3}, None)
    assert found.refusal is not None
    assert "it knows none, linear and yarn" in found.refusal.text
