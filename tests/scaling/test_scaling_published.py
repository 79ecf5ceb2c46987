"""Scaling methods: figures that papers, stacks and their users have published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ropecalc
from ropecalc import Spectrum, scaling
from ropecalc.results import Rope
from ropecalc.scaling.methods import softmax_factor

FLOAT32 = 1e-6  # what transformers computes in, after a power
LLAMA_2: dict[str, Any] = {"factor": 8, "original_context": 4096}
GPT_OSS: dict[str, Any] = {"factor": 32, "original_context": 4096, "truncate": False}
DEEPSEEK_V3: dict[str, Any] = {
    "factor": 40,
    "original_context": 4096,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
}


@pytest.mark.parametrize(
    ("base", "context", "low", "high"),
    [(1e4, 4096, 20, 46), (1e6, 32_768, 23, 40), (5e5, 8192, 18, 35)],
)
def test_correction_ranges_of_yarn(base: float, context: int, low: int, high: int) -> None:
    assert scaling.correction_range(base, 128, context) == (low, high)
    inner = scaling.correction_range(base, 128, context, truncate=False)
    assert low < inner[0] < low + 1
    assert high - 1 < inner[1] < high
    # and these are the first divided pair and the first that is divided by the whole factor
    scaled = scaling.yarn(base, factor=8, original_context=context).angular_frequencies
    ratio = scaling.default(base).angular_frequencies / scaled
    assert np.flatnonzero(ratio > 1)[0] == low + 1
    assert np.flatnonzero(ratio > 7.999999)[0] == high


@pytest.mark.parametrize(
    ("factor", "published"), [(8, 1.2079), (4, 1.138629), (16, 1.277259), (32, 1.346574)]
)
def test_attention_factor_of_yarn(factor: float, published: float) -> None:
    digits = len(str(published)) - 2
    assert round(scaling.mscale(factor), digits) == published
    assert scaling.yarn_attention_factor(factor) == scaling.mscale(factor)
    assert scaling.yarn(1e4, factor=factor, original_context=4096).attention_factor == (
        scaling.yarn_paper(1e4, factor=factor, original_context=4096).attention_factor
    )


def test_attention_factor_of_deepseek() -> None:
    assert round(scaling.mscale(40), 6) == 1.368888
    assert scaling.yarn(1e4, 64, **DEEPSEEK_V3).attention_factor == 1.0
    assert scaling.yarn_attention_factor(40, 0.707, 1.0) == (
        scaling.mscale(40, 0.707) / scaling.mscale(40, 1.0)
    )
    # one of the two alone is overlooked, and so is a zero [transformers]
    assert scaling.yarn_attention_factor(40, mscale_all_dim=1.0) == scaling.mscale(40)
    assert scaling.yarn_attention_factor(40, 0.0, 1.0) == scaling.mscale(40)


def test_pairs_of_llama_3_1() -> None:
    """0-28 untouched, 29-34 blended, 35 and up divided by 8."""
    scaled = scaling.llama3(5e5, 128, factor=8, original_context=8192)
    ratio = scaling.default(5e5, 128).angular_frequencies / scaled.angular_frequencies
    assert (ratio[:29] == 1).all()
    assert ((ratio[29:35] > 1.001) & (ratio[29:35] < 7.999)).all()
    assert (ratio[35:] == 8).all()
    assert scaled.attention_factor == 1
    assert scaled.angular_frequencies[[32, 63]] == pytest.approx(
        [5.248460e-4, 3.068926e-7], FLOAT32
    )


def test_bases_of_ntk() -> None:
    bases = [scaling.ntk_aware_base(1e4, 128, factor) for factor in (2, 4, 8)]
    assert np.round(bases, 2).tolist() == [20221.26, 40889.94, 82684.62]
    assert round(scaling.dynamic_base(1e4, 128, 2, 2048, 4096), 2) == 30527.74


@pytest.mark.parametrize(
    ("spectrum", "pair", "published", "attention"),
    [
        (scaling.yarn(1e6, factor=4, original_context=32_768), 32, 6.029411e-4, 1.1386294),
        (scaling.yarn(1e6, factor=4, original_context=32_768), 63, 3.102344e-7, 1.1386294),
        (scaling.yarn(1.5e5, 64, **GPT_OSS), 16, 4.564839e-4, 1.3465736),
        (scaling.yarn(1e4, 64, **DEEPSEEK_V3), 16, 5.5e-3, 1.0),
        (
            scaling.dynamic(1e4, factor=2, original_context=4096, length=16_384),
            32,
            3.721721e-3,
            1.0,
        ),
    ],
    ids=["Qwen3, YaRN 4", "its last pair", "gpt-oss", "DeepSeek-V3", "dynamic"],
)
def test_values_of_transformers(
    spectrum: Spectrum, pair: int, published: float, attention: float
) -> None:
    assert spectrum.angular_frequencies[pair] == pytest.approx(published, rel=FLOAT32, abs=0)
    assert spectrum.attention_factor == pytest.approx(attention, abs=5e-8)


def test_gpt_oss_with_whole_ends_is_another_rope() -> None:
    whole = scaling.yarn(1.5e5, 64, **(GPT_OSS | {"truncate": True}))
    assert whole.angular_frequencies[16] == pytest.approx(5.81e-4, abs=5e-7)


def test_attention_factor_of_longrope() -> None:
    found = scaling.longrope_attention_factor(131_072 / 4096, 4096)
    assert found == pytest.approx(1.1902381, abs=5e-8)
    spectrum = scaling.longrope(
        *(1e4, 96),
        short_factor=[1.0] * 48,
        long_factor=[2.0] * 48,
        original_context=4096,
        length=4096,
        factor=32.0,
    )
    assert spectrum.attention_factor == found


def test_kimi_k2_steps_between_neighbouring_pairs() -> None:
    """beta_fast = beta_slow = 1 leaves nothing to blend: c(1) = 19.17."""
    scaled = scaling.yarn(5e4, 64, factor=32, original_context=4096, beta_fast=1, beta_slow=1)
    ratio = scaling.default(5e4, 64).angular_frequencies / scaled.angular_frequencies
    assert scaling.correction_range(5e4, 64, 4096, 1, 1) == (19, 20)
    assert ratio.tolist() == [1] * 20 + [32] * 12


FIRST_VIOLATIONS = {
    "Llama 2": (scaling.default(1e4), 1707),
    "NTK-aware": (scaling.ntk_aware(1e4, factor=8), 5732),
    "YaRN": (scaling.yarn(1e4, **LLAMA_2), 8886),
    "YaRN, the paper's ramp": (scaling.yarn_paper(1e4, **LLAMA_2), 9767),
    "linear": (scaling.linear(1e4, factor=8), 13_649),
}


@pytest.mark.parametrize("name", FIRST_VIOLATIONS)
def test_first_violations(name: str) -> None:
    spectrum, published = FIRST_VIOLATIONS[name]
    assert ropecalc.max_context(spectrum).max_context == published


def test_the_two_ramps_of_yarn_differ_up_to_2_3_times() -> None:
    paper = scaling.yarn_paper(1e4, **LLAMA_2).angular_frequencies
    ratio = paper / scaling.yarn(1e4, **LLAMA_2).angular_frequencies
    assert round(ratio.min(), 3) == 0.434
    assert round(1 / ratio.min(), 1) == 2.3


@pytest.mark.parametrize(("weight", "published"), [(1.0, 1.8738542), (0.707, 1.5896262)])
def test_softmax_factor_of_latent_attention(weight: float, published: float) -> None:
    """DeepSeek-V3 and V2: (0.1 weight ln 40 + 1)^2, beside 1 / sqrt(head_dim)."""
    parameters = DEEPSEEK_V3 | {"mscale": weight, "mscale_all_dim": weight}
    rope = Rope("all", "yarn", 1e4, 64, 64, parameters, latent=True)
    spectrum = scaling.from_rope(rope)
    assert spectrum.softmax_factor == pytest.approx(published, abs=5e-8)
    assert spectrum.attention_factor == 1.0
    assert softmax_factor(Rope("all", "yarn", 1e4, 64, 64, parameters, latent=False)) == 1.0
    plain = {key: value for key, value in parameters.items() if key != "mscale_all_dim"}
    assert softmax_factor(Rope("all", "yarn", 1e4, 64, 64, plain, latent=True)) == 1.0
