"""``compare``: one config as transformers, vLLM, SGLang and llama.cpp run it.

The numbers are against the stacks' formulas, written out here anew in double precision.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ropecalc
from ropecalc.errors import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.models.huggingface import parse_config
from ropecalc.render.human import show_comparison
from ropecalc.results import Comparison, FrequencyGroup, LayerComparison, StackRun
from ropecalc.stacks.registry import COMPARED as STACKS
from tests.tools.render_samples import Stream

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.conftest import RunBatch, RunCli

HEAD = {"model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32}
M, L = 131_072, 32_768
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": L}
ORIGINAL = {"original_max_position_embeddings": 4096}
G4 = 1 + 0.1 * math.log(4)
LISTS = {
    "short_factor": [1.0 + i / 64 for i in range(64)],
    "long_factor": [1.0 + i for i in range(64)],
}
LONGROPE = {"rope_type": "longrope", "original_max_position_embeddings": 4096, **LISTS}
MLA = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "max_position_embeddings": 163_840,
    "rope_theta": 1e4,
}
MLA_YARN = {"type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096}


def config(rope: Mapping[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    """A config.json with d = 128, b = 1e6 and M = 131,072 unless said otherwise."""
    document = {**HEAD, "max_position_embeddings": M, "rope_theta": 1e6, **keys}
    return document if rope is None else {**document, "rope_scaling": dict(rope)}


def compared(document: Mapping[str, Any], *args: Any, **options: Any) -> Comparison:
    return ropecalc.compare(parse_config(document, "config.json"), *args, **options)


def runs(result: Comparison, layer: int = 0) -> dict[str, StackRun]:
    return {run.stack: run for run in result.layers[layer].runs}


def attention(result: Comparison) -> dict[str, float]:
    return {
        stack: run.spectrum.attention_factor for stack, run in runs(result).items() if run.spectrum
    }


def softmax(result: Comparison) -> dict[str, float]:
    return {
        stack: run.spectrum.softmax_factor for stack, run in runs(result).items() if run.spectrum
    }


def frequencies(result: Comparison, stack: str, layer: int = 0) -> NDArray[np.float64]:
    spectrum = runs(result, layer)[stack].spectrum
    assert spectrum is not None
    return spectrum.angular_frequencies


def lengths(result: Comparison) -> list[int | None]:
    return [run.usable_length for run in result.layers[0].runs]


def said(result: Comparison, stack: str) -> str:
    run = runs(result)[stack]
    rules = [rule.text for rule in run.rules]
    return "; ".join(rules if run.refusal is None else [run.refusal.text, *rules])


def plain(base: float, dim: int = 128) -> NDArray[np.float64]:
    result: NDArray[np.float64] = base ** (-np.arange(0, dim, 2) / dim)
    return result


def yarn(
    base: float, dim: int, s: float, length: int, betas: tuple[float, float], *, whole: bool
) -> NDArray[np.float64]:
    """_compute_yarn_parameters of transformers."""
    low, high = (dim * math.log(length / (2 * math.pi * b)) / (2 * math.log(base)) for b in betas)
    if whole:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    ramp = np.clip((np.arange(dim // 2) - low) / max(high - low, 0.001), 0, 1)
    result: NDArray[np.float64] = plain(base, dim) * (1 - ramp + ramp / s)
    return result


def close(one: object, other: object) -> bool:
    return bool(np.allclose(one, other, rtol=1e-12, atol=0))  # type: ignore[arg-type]


# --- where all agree ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Llama-3.1-8B", "Qwen3-8B", "DeepSeek-V3", "Ministral-3-8B"])
def test_models_that_are_the_same_everywhere(name: str) -> None:
    result = ropecalc.compare(ropecalc.find_model(name), 2048)
    assert result.agree
    assert [group.stacks for layer in result.layers for group in layer.groups] == [STACKS]


def test_a_plain_base_is_plain_everywhere() -> None:
    result = compared(config(), 4096)
    for stack in STACKS:
        assert close(frequencies(result, stack), plain(1e6))
    assert lengths(result) == [M] * 4
    assert all(not run.rules for run in result.layers[0].runs)


@pytest.mark.slow
def test_the_known_models_all_compare() -> None:
    """Every one of them runs in every stack that has code of its class."""
    from ropecalc.stacks.llama_cpp.classes import REFUSED
    from ropecalc.stacks.running import as_run
    from ropecalc.stacks.sglang.classes import NO_CODE as NOT_IN_SGLANG
    from ropecalc.stacks.vllm.classes import NO_CODE as NOT_IN_VLLM

    without = {"vllm": NOT_IN_VLLM, "sglang": NOT_IN_SGLANG, "llama.cpp": REFUSED}
    for known in ropecalc.known_models():
        model = known.config()
        for rope, stack in itertools.product(model.ropes, STACKS):
            run = as_run(model, rope, stack)
            runs = run.spectrum is not None and bool(run.usable_length)
            assert runs is (model.model_type not in without.get(stack, ())), (known.name, stack)


# --- the known differences ----------------------------------------------------------------------


def test_attention_factor_of_yarn() -> None:
    """SGLang and llama.cpp compute theirs."""
    result = compared(config({**YARN, "attention_factor": 1.5}), 4096)
    assert not result.agree
    expected = {"transformers": 1.5, "vllm": 1.5, "sglang": G4, "llama.cpp": G4}
    assert attention(result) == pytest.approx(expected, rel=1e-14)
    assert len(result.layers[0].groups) == 1  # frequencies do not differ
    assert "attention_factor is not read" in said(result, "sglang")
    assert "not used" in said(result, "llama.cpp")
    same = compared(config({**YARN, "attention_factor": G4}), 4096)
    assert same.agree


def test_attn_factor_of_r1_0528_qwen3_8b() -> None:
    """SGLang multiplies by it: 0.8782 g(4) is 1; all others leave it out."""
    given = {**YARN, "attn_factor": 0.8782488562869419}
    result = compared(config(given, model_type="qwen3", head_dim=128), 4096)
    expected = {"transformers": G4, "vllm": G4, "sglang": 1.0, "llama.cpp": G4}
    assert attention(result) == pytest.approx(expected, rel=1e-12)
    assert not result.agree
    assert "left out" in said(result, "transformers")
    assert "left out" in said(result, "vllm")


def test_truncate_of_gpt_oss() -> None:
    """llama.cpp rounds the ends of the ramp, as YaRN with truncate true does."""
    result = ropecalc.compare(ropecalc.find_model("gpt-oss-20b"), 131_072)
    exact = yarn(1.5e5, 64, 32, 4096, (32, 1), whole=False)
    whole = yarn(1.5e5, 64, 32, 4096, (32, 1), whole=True)
    assert close(exact[16], 4.564839e-4) or abs(exact[16] / 4.564839e-4 - 1) < 1e-6  # published
    for stack in ("transformers", "vllm", "sglang"):
        assert close(frequencies(result, stack), exact)
    assert close(frequencies(result, "llama.cpp"), whole)
    full = result.layers[0]
    assert [group.stacks for group in full.groups] == [STACKS[:3], STACKS[3:]]
    other = full.groups[1]
    relative = np.abs(whole / exact - 1)
    assert other.largest_pair == relative.argmax() == 17
    assert other.largest_difference == pytest.approx(relative.max(), rel=1e-9)
    assert other.differing_pairs == tuple(range(9, 18))
    assert "truncate is not read" in said(result, "llama.cpp")


def test_nested_truncate_is_lost_on_transformers() -> None:
    rope = {**YARN, "rope_theta": 1e6, "truncate": False}
    kinds = {"full_attention": rope, "sliding_attention": rope}
    document = config(rope_parameters=kinds, model_type="gemma3_text", head_dim=128)
    result = compared(document, 4096)
    exact, whole = (yarn(1e6, 128, 4, L, (32, 1), whole=flag) for flag in (False, True))
    for stack in STACKS:
        honoured = stack in ("vllm", "sglang")
        assert close(frequencies(result, stack), exact if honoured else whole), stack


def test_dynamic() -> None:
    """At the length at hand, never, always at s M, never."""
    document = config({"rope_type": "dynamic", "factor": 2.0}, max_position_embeddings=4096)
    result = compared(document, 16_384)
    d, s, n = 128, 2, 16_384
    grown = 1e6 * (s * n / 4096 - (s - 1)) ** (d / (d - 2))
    always = 1e6 * (s * s - (s - 1)) ** (d / (d - 2))
    assert close(frequencies(result, "transformers"), plain(grown))
    assert close(frequencies(result, "vllm"), plain(1e6))
    assert close(frequencies(result, "sglang"), plain(always))
    assert close(frequencies(result, "llama.cpp"), plain(1e6))
    groups = result.layers[0].groups
    assert [group.stacks for group in groups] == [
        ("transformers",),
        ("vllm", "llama.cpp"),
        ("sglang",),
    ]
    assert lengths(result) == [4096, 8192, 8192, 4096]
    assert "not supported" in said(result, "llama.cpp")


def test_dynamic_in_vllm_with_max_trained_positions() -> None:
    rope = {"rope_type": "dynamic", "factor": 2.0, "max_trained_positions": 2048}
    result = compared(config(rope, max_position_embeddings=8192), 8192)
    grown = 1e6 * (2 * 8192 / 2048 - 1) ** (128 / 126)
    assert close(frequencies(result, "vllm"), plain(grown))


@pytest.mark.parametrize(
    ("context", "long"),
    [
        (None, {"transformers", "sglang", "llama.cpp"}),
        (4096, set()),
        (4097, set(STACKS)),
    ],
)
def test_longrope_switches(context: int | None, long: set[str]) -> None:
    """By prompt, by server, by prompt, by allocated context: they agree on any one length."""
    document = config(LONGROPE, model_type="phi3", original_max_position_embeddings=4096)
    result = compared(document, context, layer="all")
    for stack in STACKS:
        by = LISTS["long_factor" if stack in long else "short_factor"]
        assert close(frequencies(result, stack), plain(1e6) / np.array(by)), stack
    assert result.agree == (context is not None)
    assert "a server has one list" in said(result, "vllm")
    assert lengths(result) == [M, 4096, M, M]


def test_attention_factor_of_longrope() -> None:
    """From the two lengths alone, but in transformers."""
    result = compared(config({**LONGROPE, "factor": 8.0}, model_type="phi3"), 4096)
    theirs = math.sqrt(1 + math.log(M / 4096) / math.log(4096))
    mine = math.sqrt(1 + math.log(8) / math.log(4096))
    assert attention(result) == pytest.approx(
        dict.fromkeys(STACKS, theirs) | {"transformers": mine}
    )
    with_mscale = compared(config({**LONGROPE, "short_mscale": 1.25, "long_mscale": 1.5}), 4096)
    assert attention(with_mscale)["vllm"] == 1.25
    assert attention(with_mscale)["sglang"] == 1.25


PARTIAL = {
    "rope_parameters": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": L}
}


def test_a_partial_override() -> None:
    """Replaced: the base is gone. Merged, or by flag: it stays."""
    result = compared(config(model_type="mistral"), override=PARTIAL)
    stays = yarn(1e6, 128, 4, L, (32, 1), whole=True)
    gone = yarn(1e4, 128, 4, L, (32, 1), whole=True)
    assert "has no rope_theta: TypeError" in said(result, "transformers")
    assert runs(result)["transformers"].spectrum is None
    assert close(frequencies(result, "vllm"), gone)
    assert "the base is 10,000" in said(result, "vllm")
    for stack in ("sglang", "llama.cpp"):
        assert close(frequencies(result, stack), stays)
    assert not result.agree


def test_yarn_by_flags_of_llama_cpp() -> None:
    """They lift the cap of the server, and the turns at the ends of the ramp are read from them."""
    rope = {**PARTIAL["rope_parameters"], "beta_fast": 16}
    document = config(max_position_embeddings=L)
    result = compared(document, M, ["sglang", "llama.cpp"], override={"rope_parameters": rope})
    expected = yarn(1e6, 128, 4, L, (16, 1), whole=True)
    assert all(close(frequencies(result, stack), expected) for stack in result.stacks)
    assert lengths(result) == [L, M]
    assert "is refused without" in said(result, "sglang")
    assert "caps every slot" not in said(result, "llama.cpp")


@pytest.mark.parametrize(("factor", "usable"), [(4.0, 40_960), (2.0, 2 * L), (3.5, 114_687)])
def test_llama_cpp_lifts_its_cap_only_for_another_factor_than_the_files(
    factor: float, usable: int
) -> None:
    """llama_init_from_model compares the two scales, and divides by that of the flag in float32."""
    document = config(YARN, max_position_embeddings=40_960)
    rope = {**YARN, "factor": factor}
    result = compared(document, 40_000, ["llama.cpp"], override={"rope_parameters": rope})
    assert lengths(result) == [usable]
    lifted = "makes the trained context" in said(result, "llama.cpp")
    assert lifted is (factor != 4.0)


def test_a_length_beyond_what_is_allowed() -> None:
    result = compared(config(max_position_embeddings=L), M)
    assert result.agree
    assert "VLLM_ALLOW_LONG_MAX_MODEL_LEN" in said(result, "vllm")
    assert "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN" in said(result, "sglang")
    assert "caps every slot at the trained 32,768" in said(result, "llama.cpp")
    document = config(LONGROPE, original_max_position_embeddings=4096)
    assert "VLLM_ALLOW" not in said(compared(document, 8192), "vllm")


def test_a_full_override_is_the_same_everywhere() -> None:
    rope = {**PARTIAL["rope_parameters"], "rope_theta": 1e6}
    override = {"max_position_embeddings": 262_144, "rope_parameters": rope}
    result = compared(config(), override=override)
    assert result.agree
    assert result.context == 262_144
    assert lengths(result) == [*[262_144] * 3, M]  # llama.cpp: four times 32,768


def test_an_override_without_its_type() -> None:
    result = compared(config(), override={"rope_parameters": {"rope_theta": 5e6}})
    for stack in ("transformers", "vllm"):
        assert "has no rope_type: KeyError" in said(result, stack)
    for stack in ("sglang", "llama.cpp"):
        assert close(frequencies(result, stack), plain(5e6))


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_a_null_leaves_servers_without_the_base_of_the_file(key: str) -> None:
    """Ran: both then have 10,000, or a rope_theta beside it; transformers builds no model."""
    for beside, base in (({}, 1e4), ({"rope_theta": 4e6}, 4e6)):
        result = compared(config(YARN), 4096, override={key: None, **beside})
        for stack in ("vllm", "sglang"):
            assert close(frequencies(result, stack), plain(base))
        assert "TypeError" in said(result, "transformers")


def test_a_list_for_a_rope_object_is_refused_in_the_text_part_too(run_cli: RunCli) -> None:
    override = '{"text_config": {"rope_parameters": [1]}}'
    done = run_cli("compare", "Qwen2.5-VL-7B", "--override", override)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'--override': override must be a JSON object" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "null",
        "[1]",
        '{"rope_parameters": "yarn"}',
        '{"rope_scaling": []}',
        '{"rope_parameters": {"full_attention": 3}}',
        '{"rope_scaling": {"rope_type": ["yarn"]}}',
    ],
)
def test_an_override_that_is_no_object_is_refused_in_python_and_by_the_command(
    run_cli: RunCli, text: str
) -> None:
    done = run_cli("compare", "Qwen3-8B", "--override", text)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'--override': override must be a JSON object" in done.stderr
    override: Any = "x" if text in ("x", "null") else json.loads(text)
    with pytest.raises(InvalidValueError, match="override must be a JSON object"):
        ropecalc.compare("Qwen3-8B", override=override)


def test_a_text_part_that_a_file_has_not_reaches_nothing() -> None:
    result = compared(config(), 4096, ["transformers", "vllm"], override={"text_config": ORIGINAL})
    assert result.agree


def test_an_overridden_size_of_heads_is_that_of_a_flat_file_with_a_text_part() -> None:
    document = config(model_type="qwen2_5_vl")
    result = compared(document, 4096, ["vllm"], override={"text_config": {"head_dim": 64}})
    assert close(frequencies(result, "vllm"), plain(1e6, 64))


def test_keys_beside_a_rope_object_that_are_filled_into_it() -> None:
    """vLLM sets them before the class fills its objects once more; transformers has no such key."""
    result = compared(config(YARN), 4096, override=ORIGINAL)
    found = {stack: run.rope and run.rope.original_context for stack, run in runs(result).items()}
    assert (found["vllm"], found["sglang"], found["transformers"]) == (4096, 4096, L)


def test_an_override_that_llama_cpp_has_no_flag_for() -> None:
    rope = {"rope_type": "dynamic", "rope_theta": 1e6, "factor": 2.0}
    assert "--rope-scaling has no dynamic" in said(
        compared(config(), override={"rope_parameters": rope}), "llama.cpp"
    )


# --- others -------------------------------------------------------------------------------------


def g(s: float, m: float) -> float:
    return 0.1 * m * math.log(s) + 1


@pytest.mark.parametrize(
    ("mscale", "all_dim", "expected", "squared"),
    [
        (1.0, 1.0, dict.fromkeys(STACKS, 1.0), dict.fromkeys(STACKS, g(40, 1) ** 2)),
        (0.707, 0.707, dict.fromkeys(STACKS, 1.0), dict.fromkeys(STACKS, g(40, 0.707) ** 2)),
        (  # neither: g(s) everywhere, and llama.cpp squares it into the softmax
            None,
            None,
            dict.fromkeys(STACKS, g(40, 1)),
            dict.fromkeys(STACKS, 1.0) | {"llama.cpp": g(40, 1) ** 2},
        ),
        (  # transformers drops a lone mscale
            0.5,
            None,
            dict.fromkeys(STACKS, g(40, 1)) | dict.fromkeys(["vllm", "sglang"], g(40, 0.5)),
            dict.fromkeys(STACKS, 1.0) | {"llama.cpp": g(40, 1) ** 2},
        ),
    ],
)
def test_latent_attention(
    mscale: float | None,
    all_dim: float | None,
    expected: dict[str, float],
    squared: dict[str, float],
) -> None:
    given = {"mscale": mscale, "mscale_all_dim": all_dim}
    rope = {**MLA_YARN, **{key: value for key, value in given.items() if value is not None}}
    result = compared({**MLA, "rope_scaling": rope}, 4096)
    assert attention(result) == pytest.approx(expected, rel=1e-14)
    assert softmax(result) == pytest.approx(squared, rel=1e-14)


@pytest.mark.parametrize("key", ["mscale", "mscale_all_dim"])
def test_latent_attention_stops_at_a_null(key: str) -> None:
    """DeepseekScalingRotaryEmbedding of vLLM and SGLang takes float(mscale)."""
    result = compared({**MLA, "rope_scaling": {**MLA_YARN, key: None}}, 4096)
    for stack in ("vllm", "sglang"):
        assert "null is refused: TypeError" in said(result, stack)


def test_latent_attention_reads_neither_truncate_nor_attention_factor() -> None:
    rope = {**MLA_YARN, "truncate": False, "attention_factor": 1.25}
    result = compared({**MLA, "rope_scaling": rope}, 4096)
    exact, whole = (yarn(1e4, 64, 40, 4096, (32, 1), whole=flag) for flag in (False, True))
    assert close(frequencies(result, "transformers"), exact)
    for stack in STACKS[1:]:
        assert close(frequencies(result, stack), whole)
        assert attention(result)[stack] == pytest.approx(g(40, 1), rel=1e-14)
    assert attention(result)["transformers"] == 1.25


def test_mscale_of_zero() -> None:
    """SGLang counts a zero, transformers and vLLM do not, llama.cpp reads neither."""
    result = compared(config({**YARN, "mscale": 1.0, "mscale_all_dim": 0}), 4096)
    assert result.agree  # g(s, 1) / g(s, 0) is g(s)
    result = compared(config({**YARN, "mscale": 0, "mscale_all_dim": 1.0}), 4096)
    assert attention(result) == pytest.approx(dict.fromkeys(STACKS, G4) | {"sglang": 1 / G4})


def test_the_turns_of_kimi_k2_are_not_read_by_llama_cpp() -> None:
    result = ropecalc.compare(ropecalc.find_model("Kimi-K2"), 4096)
    assert close(frequencies(result, "llama.cpp"), yarn(5e4, 64, 32, 4096, (32, 1), whole=True))
    assert close(frequencies(result, "vllm"), yarn(5e4, 64, 32, 4096, (1, 1), whole=True))
    assert "beta_fast 1 is not read" in said(result, "llama.cpp")


def test_a_factor_of_proportional_rotation_is_left_out_by_vllm() -> None:
    rope = {"rope_type": "proportional", "factor": 8.0, "partial_rotary_factor": 0.25}
    result = compared(config(rope), 4096)
    assert close(frequencies(result, "transformers") * 8, frequencies(result, "vllm"))
    assert close(frequencies(result, "vllm"), plain(1e6)[:16])
    assert close(frequencies(result, "llama.cpp"), plain(1e6))  # it does not know the method
    assert not result.agree


def test_ntk_is_known_to_vllm_alone() -> None:
    result = compared(config({"rope_type": "ntk", "factor": 4.0}), 4096)
    fixed = plain(1e6) * 4.0 ** (-2 * (np.arange(64) + 1) / 128)
    assert close(frequencies(result, "vllm"), fixed)
    assert close(frequencies(result, "llama.cpp"), plain(1e6))
    for stack in ("transformers", "sglang"):
        assert "does not know the rope_type ntk" in said(result, stack)
    groups = result.layers[0].groups
    assert [group.stacks for group in groups] == [("vllm",), ("llama.cpp",)]


def test_su() -> None:
    """Phi-3's class looks within rope_scaling for a length that stands beside it.

    vLLM and SGLang load the file by that class too.
    """
    rope = {**LISTS, "type": "su"}
    document = config(rope, model_type="phi3", original_max_position_embeddings=4096)
    result = compared(document, 4096)
    assert all("KeyError" in said(result, stack) for stack in STACKS[:3])
    assert [group.stacks for group in result.layers[0].groups] == [STACKS[3:]]
    within = compared({**document, "rope_scaling": {**rope, **ORIGINAL}}, 4096)
    assert all(run.refusal is None for run in within.layers[0].runs)


@pytest.mark.parametrize("kind", ["phi3", "phi4_multimodal"])
@pytest.mark.parametrize(
    "rope", [{"rope_type": "linear", "factor": 4.0}, {"rope_type": "dynamic", "factor": 4.0}]
)
def test_phi_3_is_not_loaded_with_another_scaling_than_longrope(
    kind: str, rope: dict[str, Any]
) -> None:
    result = compared(config(rope, model_type=kind), 4096)
    assert all("ValueError" in said(result, stack) for stack in STACKS[:3])
    assert compared(config(model_type=kind), 4096).agree


@pytest.mark.parametrize("rope", [YARN, {"rope_type": "linear", "factor": 4.0}, LONGROPE])
def test_phimoe_is_not_loaded_without_its_mscales(rope: dict[str, Any]) -> None:
    """llama.cpp's converter needs the original length of Phi-3, with any scaling or none."""
    beside: dict[str, Any] = {"model_type": "phimoe", "original_max_position_embeddings": 4096}
    result = compared(config(rope, **beside), 4096)
    assert all("TypeError" in said(result, stack) for stack in STACKS[:3])
    mscales = {"short_mscale": 1.1, "long_mscale": 1.2}
    loaded = compared(config({**rope, **mscales}, **beside), 4096)
    assert all(run.refusal is None for run in loaded.layers[0].runs)


def test_a_head_dim_that_is_null_by_its_class_stops_transformers_where_scaling_multiplies_it() -> (
    None
):
    """The rotary embedding of transformers has that, so that only longrope, which the class checks
    as it loads, stops the others.
    """
    for rope, refusing in ((YARN, STACKS[:1]), (LONGROPE, STACKS[:3])):
        result = compared(config(rope, model_type="mixtral"), 4096)
        runs_ = result.layers[0].runs
        assert tuple(run.stack for run in runs_ if run.refusal is not None) == refusing
        written = compared(config(rope, model_type="mixtral", head_dim=128), 4096)
        assert all(run.refusal is None for run in written.layers[0].runs)
    llama3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    plain_ = compared(config({**YARN, **llama3, "rope_type": "llama3"}, model_type="mixtral"), 4096)
    by_stack = runs(plain_)
    assert all(run.refusal is None for run in by_stack.values())
    scaled_ = [stack for stack, run in by_stack.items() if run.rope and run.rope.factor]
    assert scaled_ == ["transformers", "vllm", "llama.cpp"]  # SGLang's Mixtral has no scaling


def test_a_null_for_an_integer_is_refused_by_all_that_load_the_file_by_its_class() -> None:
    result = compared(config(model_type="qwen3", head_dim=None), 4096)
    assert all("TypeError" in said(result, stack) for stack in STACKS[:3])
    assert compared(config(model_type="llama", head_dim=None), 4096).agree


def test_a_missing_base_is_that_of_the_class_everywhere() -> None:
    """vLLM and SGLang load the file through transformers; 10,000 is for overrides alone."""
    document = config(model_type="mixtral")
    del document["rope_theta"]
    result = compared(document, 4096)
    assert all(close(frequencies(result, stack), plain(1e6)) for stack in STACKS)


def test_a_missing_factor() -> None:
    """transformers' class stops, and so do vLLM and SGLang, which load it; llama.cpp has no YaRN.

    Of a null transformers takes M / L; the others calculate with it: a TypeError.
    """
    rope = {"rope_type": "yarn", "original_max_position_embeddings": L}
    result = compared(config(rope), 4096)
    for stack in STACKS[:3]:
        assert "KeyError" in said(result, stack)
    assert [group.stacks for group in result.layers[0].groups] == [("llama.cpp",)]
    assert close(frequencies(result, "llama.cpp"), plain(1e6))
    assert attention(result)["llama.cpp"] == 1
    null = compared(config({**rope, "factor": None}), 4096)
    ratio = yarn(1e6, 128, 4, L, (32, 1), whole=True)
    assert close(frequencies(null, "transformers"), ratio)
    for stack in ("vllm", "sglang"):
        assert "TypeError" in said(null, stack)


def test_a_missing_factor_on_the_command_line_of_sglang_is_1() -> None:
    """What is merged into the config after it was loaded is not checked by transformers' class."""
    rope = {"rope_type": "yarn", "original_max_position_embeddings": L}
    result = compared(config(), 4096, override={"rope_scaling": rope})
    assert close(frequencies(result, "sglang"), plain(1e6))
    assert attention(result)["sglang"] == 1
    assert "taken for 1" in said(result, "sglang")


def test_an_override_of_the_text_part_is_one_of_its_keys() -> None:
    """As vLLM and SGLang take it for models with several parts."""
    yarn_4 = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": L}
    rope = {"rope_parameters": {**yarn_4, "rope_theta": 1e6}}
    whole = {"model_type": "llava", "text_config": config()}
    result = compared(whole, 4096, override={"text_config": rope})
    plain_one = compared(config(), 4096, override=rope)
    for stack in STACKS:
        assert close(frequencies(result, stack), frequencies(plain_one, stack))
    assert close(frequencies(result, "vllm"), yarn(1e6, 128, 4, L, (32, 1), whole=True))


def test_a_missing_original_length_is_the_context() -> None:
    """Of transformers' class, which vLLM and SGLang load; llama.cpp's converter stops."""
    result = compared(config({"rope_type": "yarn", "factor": 4.0}), 4096)
    assert close(frequencies(result, "vllm"), yarn(1e6, 128, 4, M, (32, 1), whole=True))
    assert [group.stacks for group in result.layers[0].groups] == [STACKS[:3]]
    assert lengths(result) == [M, M, M, None]
    assert "KeyError" in said(result, "llama.cpp")
    assert "is absent" in said(result, "transformers")


def test_both_generations_of_keys() -> None:
    document = config(
        {"rope_type": "linear", "factor": 2.0}, rope_parameters={"rope_type": "default"}
    )
    result = compared(document, 4096)
    assert all(close(frequencies(result, stack), plain(1e6) / 2) for stack in STACKS[:3])
    assert close(frequencies(result, "llama.cpp"), plain(1e6))  # which takes rope_parameters
    assert "rope_scaling goes before rope_parameters" in said(result, "transformers")


def test_an_integer_factor_of_linear_scaling_stops_vllm() -> None:
    result = compared(config({"rope_type": "linear", "factor": 2}), 4096)
    assert "TypeError" in said(result, "vllm")
    assert compared(config({"rope_type": "linear", "factor": 2.0}), 4096).agree


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (config({"rope_type": "linear", "factor": 4.0}), [M, 4 * M, 4 * M, M]),
        (config(YARN), [M] * 4),
        (config(model_type="cohere", model_max_length=2 * M), [2 * M] * 4),
        (config(YARN, max_position_embeddings=L, max_sequence_length=M), [L, L, M, L]),
    ],
)
def test_usable_lengths(document: dict[str, Any], expected: list[int]) -> None:
    result = compared(document, 4096)
    assert lengths(result) == expected
    assert result.agree  # the length alone is no difference


def test_gemma_3_has_one_length_in_vllm_and_scaling_in_some_layers() -> None:
    result = ropecalc.compare(ropecalc.find_model("Gemma-3-12B"), 4096)
    assert result.agree
    assert lengths(result) == [M] * 4
    assert close(frequencies(result, "llama.cpp", 1), plain(1e4, 256))
    assert result.layers[1].reach == 1024


def test_the_first_violation_is_that_of_check() -> None:
    document = config({"rope_type": "dynamic", "factor": 2.0}, max_position_embeddings=32_768)
    layer = compared(document).layers[0]
    for group in layer.groups:
        check = ropecalc.check(group.spectrum, 32_768, next_base=False, room=False)
        assert group.first_violation == check.first_violation
    assert layer.groups[0].first_violation == 27_115


@pytest.mark.parametrize("override", [None, PARTIAL])
def test_weights_are_those_of_every_group_and_no_difference(
    override: dict[str, Any] | None,
) -> None:
    weights = tuple(1.0 + i % 4 for i in range(64))
    document = config({"rope_type": "dynamic", "factor": 2.0}, max_position_embeddings=32_768)
    even, odd = (
        compared(document, 65_536, override=override, weights=w).layers[0] for w in (None, weights)
    )
    assert len(odd.groups) > 1
    assert [group.stacks for group in odd.groups] == [group.stacks for group in even.groups]
    for group, other in zip(odd.groups, even.groups, strict=True):
        assert group.spectrum == replace(other.spectrum, weights=weights)
        distances = np.arange(odd.reach or 0)
        sums = sum(
            w * np.cos(distances * theta)
            for w, theta in zip(weights, other.spectrum.angular_frequencies, strict=True)
        )
        first = np.flatnonzero(sums < 0)
        assert group.first_violation == (int(first[0]) if first.size else None)


def test_weights_that_do_not_fit_are_refused_as_such() -> None:
    with pytest.raises(InvalidValueError, match="one value a rotated pair, 64, got 8") as caught:
        compared(config(YARN), 4096, weights=[1.0] * 8)
    assert caught.value.parameter == "weights"


# --- what is refused ----------------------------------------------------------------------------


def test_other_forms_and_names_are_refused() -> None:
    model = ropecalc.find_model("Qwen3-8B")
    with pytest.raises(InvalidValueError, match=r"stack must be one of transformers.*'mlx'"):
        ropecalc.compare(model, 4096, ["mlx"])
    with pytest.raises(InvalidValueError, match="layer must be one of"):
        ropecalc.compare(model, 4096, layer="other")
    with pytest.raises(InvalidValueError, match="context"):
        ropecalc.compare(model, 0)
    with pytest.raises(ConfigError, match="factor must be"):
        compared(config({**YARN, "factor": 0.5}), 4096)
    with pytest.raises(ConfigError, match="beyond the 17,179,869,184"):
        compared(config(max_position_embeddings=2**35))
    meta = ropecalc.ModelConfig("params.json", "params", None, model.ropes, None)
    with pytest.raises(UnsupportedError, match="only one stack"):
        ropecalc.compare(meta, 4096)
    nested = {"full_attention": {**YARN, "rope_theta": 1e6}}
    flat = compared(config(rope_parameters=nested), 4096, override=PARTIAL)
    assert "full_attention: KeyError" in said(flat, "transformers")


# --- the command --------------------------------------------------------------------------------


def test_exit_codes_and_quiet(run_batch: RunBatch, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config({**YARN, "attn_factor": 0.5})), encoding="utf-8")
    expected = {
        "Llama-3.1-8B --ctx 4k": (0, ""),
        "Qwen3-8B --ctx 4k": (0, ""),
        "gpt-oss-20b --ctx 4k": (1, ""),
        "gpt-oss-20b --ctx 4k --stack vllm --stack SGLang": (0, ""),
        f"{path} --ctx 4k": (1, ""),
    }
    lines = [["compare", *line.split(), "-q"] for line in expected]
    for done, (code, out) in zip(run_batch(lines), expected.values(), strict=True):
        assert (done.returncode, done.stdout, done.stderr) == (code, out, "")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "no model was named"),
        (["Qwen3-8B", "--stack", "mlx"], "--stack"),
        (["Qwen3-8B", "--layer", "x"], "--layer"),
        (["Qwen3-8B", "--override", "[1]"], "--override"),
        (["Qwen3-8B", "--override", '{"rope_scaling": 1}'], "--override"),
        (["Qwen3-8B", "--json", "-q"], "exclude"),
    ],
)
def test_bad_usage(run_batch: RunBatch, args: list[str], words: str) -> None:
    (done,) = run_batch([["compare", *args]])
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_weights_from_a_file(run_cli: RunCli, tmp_path: Path) -> None:
    weights = [1.0 + i % 2 for i in range(64)]
    (tmp_path / "w.json").write_text(json.dumps(weights), encoding="utf-8")
    line = f"compare Qwen3-8B --ctx 8k --json --weights {tmp_path}/w.json"
    answer = json.loads(run_cli(*line.split()).stdout)
    assert answer["inputs"]["weights"] == weights
    sums = np.cos(np.outer(range(8192), plain(1e6))) @ weights
    first = np.flatnonzero(sums < 0)
    for record in answer["results"]:
        assert record["first_violation"] == (int(first[0]) if first.size else None)


def test_json(run_cli: RunCli) -> None:
    done = run_cli("compare", "gpt-oss-20b", "--ctx", "128k", "--layer", "full_attention", "--json")
    document = json.loads(done.stdout)
    assert document["inputs"]["agree"] is False
    records = {record["stack"]: record for record in document["results"]}
    assert [record["group"] for record in records.values()] == ["A", "A", "A", "B"]
    assert records["llama.cpp"]["first_violation"] == 65_713
    assert records["vllm"]["first_violation"] == 64_255
    assert len(records["vllm"]["angular_frequencies"]) == 32
    assert records["llama.cpp"]["rules"][0]["source"].startswith("ggml/")


# --- for people ---------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def run(result: Comparison, width: int, encoding: str = "utf-8", **options: Any) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        stream = Stream(encoding)
        show_comparison(result, stream, **options)
        return stream.text()

    return run


TWO = ropecalc.compare(ropecalc.find_model("gpt-oss-20b"), 8192)
REFUSED = compared(config({"rope_type": "ntk", "factor": 4.0}), 2048)


def test_whole_output(shown: Callable[..., str]) -> None:
    result = compared(config({**YARN, "truncate": False, "attention_factor": 1.5}), 4096)
    assert shown(result, 80) == GOLDEN.lstrip("\n")


GOLDEN = """
✗ config.json is not the same in transformers, vLLM, SGLang and llama.cpp

                                                              usable      first
                                        attention  softmax    length  violation
  stack         version    frequencies     factor   factor  [tokens]   [tokens]
  ─────────────────────────────────────────────────────────────────────────────
  transformers  5.23.0               A    1.5            1   131,072       none
  vLLM          0.33.0               A    1.5            1   131,072       none
  SGLang        0.5.23               A    1.13863        1   131,072       none
  llama.cpp     0c1e57098            B    1.13863        1   131,072       none

Frequencies B differ from A in 16 of 64 pairs, from 24 to 39, at most by 4.89%
(pair 39).

  SGLang 0.5.23        attention_factor is not read: it is computed from the
                       factor
                       (python/sglang/srt/layers/rotary_embedding/factory.py)
  llama.cpp 0c1e57098  truncate is not read: the ends of the ramp are rounded to
                       whole pairs (ggml/src/ggml.c ggml_rope_yarn_corr_dims)
  llama.cpp 0c1e57098  attention_factor is written to the GGUF and not used: it
                       is computed from the factor (src/llama-context.cpp)

The same letter: the same frequencies. The attention factor multiplies cos and
sin, the softmax factor the scale of the softmax. The usable length is a
default, and does not count as a difference. The bound was checked below 4,096
tokens.
"""


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("result", [TWO, REFUSED], ids=["two", "refused"])
def test_it_fits_and_says_everything(
    shown: Callable[..., str], result: Comparison, width: int
) -> None:
    text = shown(result, width, "ascii", plot=True)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= width
    for layer in result.layers:
        assert all(group.name in text for group in layer.groups)
    words = " ".join(text.split())
    for run in (run for layer in result.layers for run in layer.runs):
        for rule in (*run.rules, *([run.refusal] if run.refusal else [])):
            assert rule.text in words


def test_the_plot_has_a_curve_a_group(shown: Callable[..., str]) -> None:
    text = shown(REFUSED, 100, plot=True)
    assert "A  vLLM" in text
    assert "B  llama.cpp" in text


def test_weighted_pairs_are_said_and_their_curve_is_drawn(shown: Callable[..., str]) -> None:
    document = config(YARN)
    even, odd = (compared(document, 4096, weights=w) for w in (None, [1.0] + [0.0] * 63))
    texts = [shown(result, 100, plot=True) for result in (even, odd)]
    said_so = "The bound of weighted pairs was checked below 4,096 tokens."
    assert [said_so in " ".join(text.split()) for text in texts] == [False, True]
    # one pair of frequency 1, which falls below 0 at 2 tokens, and to -1
    (group,) = odd.layers[0].groups
    assert group.first_violation == 2
    assert [re.search(r"(?m)^ *-1\b", text) is not None for text in texts] == [False, True]


def test_groups_are_found_by_stack() -> None:
    layer: LayerComparison = TWO.layers[0]
    found = layer.group_of("llama.cpp")
    assert isinstance(found, FrequencyGroup)
    assert found.name == "B"
    assert REFUSED.layers[0].group_of("sglang") is None


@pytest.mark.parametrize(("kind", "pairs"), [("glm4", 64), ("qwen3_next", 64), ("phi3", 32)])
def test_an_object_in_the_place_of_the_files_loses_the_part_that_turns(
    kind: str, pairs: int
) -> None:
    """Ran with transformers 5.23.0; Phi-3's class puts it into any object."""
    document = config(model_type=kind, partial_rotary_factor=0.5, head_dim=128)
    override = {"rope_parameters": {**YARN, "rope_theta": 1e6}}
    result = compared(document, 4096, ["transformers"], override=override)
    assert len(frequencies(result, "transformers")) == pairs
    kept = {"rope_parameters": {**YARN, "rope_theta": 1e6, "partial_rotary_factor": 0.5}}
    result = compared(document, 4096, ["transformers"], override=kept)
    assert len(frequencies(result, "transformers")) == 32


@pytest.mark.parametrize("kind", ["phi", "stablelm", "nemotron"])
def test_classes_that_do_not_run_without_the_part(kind: str) -> None:
    override = {"rope_parameters": {**YARN, "rope_theta": 1e6}}
    result = compared(config(model_type=kind), 4096, ["transformers"], override=override)
    assert "partial_rotary_factor: KeyError" in said(result, "transformers")


def test_a_base_beside_a_loaded_object_is_passed_over() -> None:
    result = compared(config(), 4096, ["transformers"], override={"rope_theta": 7e6})
    assert close(frequencies(result, "transformers"), plain(1e6))


def test_a_file_that_transformers_refuses_runs_in_llama_cpp_alone(
    run_cli: RunCli, tmp_path: Path
) -> None:
    """Phi-3 with YaRN: its class takes that for longrope without lists (ran, in all four)."""
    document = config(YARN, model_type="phi3", original_max_position_embeddings=4096)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document))
    done = run_cli("compare", str(path), "--json")
    assert done.returncode == 1
    results = json.loads(done.stdout)["results"]
    refused = {one["stack"]: one["refusal"] for one in results}
    assert refused.pop("llama.cpp") is None
    assert all("refuses the rope object" in text for text in refused.values())
    path.write_text(json.dumps({**document, "hidden_size": "x"}))
    done = run_cli("compare", str(path))
    assert (done.returncode, done.stdout) == (2, "")


# --- models side by side --------------------------------------------------------------------------


def test_models_side_by_side(run_batch: RunBatch, tmp_path: Path) -> None:
    longer = tmp_path / "longer.json"
    document = dict(ropecalc.find_model("Qwen3-8B").document)
    longer.write_text(json.dumps({**document, "max_position_embeddings": 65_536}))
    lines = {
        "Qwen3-8B Qwen3-4B": (0, None),
        "Llama-3-8B Llama-3.1-8B": (1, "frequencies: pair 29"),
        f"Qwen3-8B {longer}": (1, "configured context"),
        "Gemma-3-27B Gemma-3-4B": (1, "head_dim or rotary_dim"),
        "Qwen3-8B gpt-oss-20b": (1, "kinds of layers"),
    }
    done = run_batch([["compare", *line.split(), "--ctx", "4k"] for line in lines])
    for one, (code, first) in zip(done, lines.values(), strict=True):
        assert one.returncode == code, one
        assert (
            "are the same" in one.stdout
            if first is None
            else f"first in {first}" in (" ".join(one.stdout.split()))
        )
    refused = run_batch([["compare", "Qwen3-8B", "Qwen3-4B", "--stack", "vllm"]])[0]
    assert refused.returncode == 2
    assert "several models and --stack exclude each other" in refused.stderr


def test_any_form_of_file_is_compared(run_cli: RunCli, tmp_path: Path) -> None:
    params = {"dim": 4096, "n_layers": 32, "n_heads": 32, "rope_theta": 500_000.0}
    (tmp_path / "params.json").write_text(json.dumps(params))
    done = run_cli("compare", "Llama-3-8B", str(tmp_path / "params.json"), "--ctx", "4k", "--json")
    results = json.loads(done.stdout)["results"]
    assert [one["base"] for one in results] == [5e5, 5e5]
    assert {one["group"] for one in results} == {"A"}
    assert done.returncode == 0  # params.json has no context: nothing to differ
    assert all(one["layer_agrees"] for one in results)


NULLS = {
    "max_position_embeddings": "max_position_embeddings is null, and {} declares its type",
    "rope_theta": "a rope_theta of null is refused",
}
CLASSES = ("llama", "qwen3", "mistral", "gemma2", "glm4_moe", "olmo3", "phi3", "starcoder2")


@pytest.mark.parametrize("key", NULLS)
@pytest.mark.parametrize("name", CLASSES)
def test_servers_load_by_classes_that_declare_numbers(name: str, key: str) -> None:
    """Ran: vLLM 0.33 and SGLang 0.5.23 stop at it in each of 43 classes."""
    document = {**config(), "model_type": name, key: None}
    result = compared(document, 4096, ["vllm", "sglang"])
    for stack in ("vllm", "sglang"):
        assert NULLS[key].format(name) in said(result, stack)


@pytest.mark.parametrize("changed", [{}, {"max_position_embeddings": None}])
def test_a_null_is_none_the_better_for_being_overridden(changed: Mapping[str, Any]) -> None:
    """Ran: the file is loaded before an override is merged, and that is checked too."""
    file = {**config(), "max_position_embeddings": None if not changed else 4096}
    override = changed or {"max_position_embeddings": 65_536}
    result = compared(file, 4096, ["vllm"], override=override)
    assert "max_position_embeddings is null" in said(result, "vllm")


def test_a_base_of_null_over_the_files_own_changes_nothing() -> None:
    """Ran: the object has the file's base by the time that the null is set."""
    result = compared(config(), 4096, ["vllm", "sglang"], override={"rope_theta": None})
    for stack in ("vllm", "sglang"):
        assert close(frequencies(result, stack), frequencies(compared(config(), 4096), stack))


@pytest.mark.parametrize("value", ["4096", '"LLLG"'])
def test_a_text_where_a_class_declares_a_number_stops_transformers_too(value: str) -> None:
    document = {**config(), "model_type": "qwen2", "sliding_window": value}
    for stack in ("transformers", "vllm", "sglang"):
        assert "sliding_window is" in said(compared(document, 4096, [stack]), stack)


@pytest.mark.parametrize(
    ("stack", "name"),
    [("vllm", "cohere2"), ("sglang", "gemma2"), ("sglang", "gemma3_text"), ("sglang", "olmo3")],
)
def test_a_window_of_null_that_code_calculates_with(stack: str, name: str) -> None:
    """Ran: TypeError as the layers are built."""
    document = {**config(), "model_type": name, "sliding_window": None}
    assert "calculates with sliding_window" in said(compared(document, 4096, [stack]), stack)


@pytest.mark.parametrize("name", ["qwen2", "qwen2_moe", "granitemoe"])
def test_vllm_has_classes_whose_heads_are_no_head_dim(name: str) -> None:
    """Ran: 64 pairs for a head_dim of 64, where transformers has 32."""
    sizes = {"hidden_size": 256, "num_attention_heads": 2, "head_dim": 64}
    result = compared({**config(), "model_type": name, **sizes}, 4096, ["transformers", "vllm"])
    assert [len(frequencies(result, stack)) for stack in ("transformers", "vllm")] == [32, 64]
    assert "heads of 128, whatever head_dim is" in said(result, "vllm")
