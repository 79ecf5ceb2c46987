"""Commands for vLLM and SGLang, and what the servers make of overrides: facts of their code.

Numbers are worked out here by hand, or are those of the real servers (see ``test_real_cases``).
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

import ropecalc
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Emission, ModelConfig, StackRun
from ropecalc.stacks.registry import Stack
from ropecalc.stacks.running import run, started
from ropecalc.stacks.writing import emit

L = 32_768
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": L}
HEAD = {"head_dim": 128, "hidden_size": 4096, "num_attention_heads": 32, "num_hidden_layers": 6}
FLAT_VL = {
    "model_type": "qwen2_5_vl",
    **HEAD,
    "rope_theta": 1e6,
    "max_position_embeddings": 128_000,
    "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
}


def config(model_type: str, **keys: Any) -> ModelConfig:
    plain = {"model_type": model_type, **HEAD, "rope_theta": 1e6, "max_position_embeddings": L}
    return parse_config({**plain, **keys}, "config.json")


def overridden(
    model: ModelConfig, stack: str, keys: dict[str, Any], context: int | None = None
) -> StackRun:
    start = started(Stack(stack), model, keys, context)
    return run(Stack(stack), start, start.model.rope)


def written(model: ModelConfig, stack: str, **parts: Any) -> Emission:
    return emit(ropecalc.make_setting(model, model.rope, **parts), stack)


def keys_of(text: str) -> dict[str, Any]:
    words = shlex.split(text)
    options = ("--hf-overrides", "--json-model-override-args")
    at = next(words.index(option) for option in options if option in words)
    found: dict[str, Any] = json.loads(words[at + 1])
    return found


# --- what a replaced or merged object loses -------------------------------------------------------


@pytest.mark.parametrize(
    ("model_type", "vllm", "sglang"),
    [("stablelm", 128, 32), ("glm4", 64, 64), ("glm4_moe", 64, 64), ("qwen3_next", 128, 32)],
)
def test_a_replaced_object_loses_the_part_that_is_rotated(
    model_type: str, vllm: int, sglang: int
) -> None:
    """GLM-4's own code takes half where the object says nothing; SGLang merges."""
    keys = {"rope_parameters": {**YARN, "rope_theta": 1e6}}
    model = config(model_type)
    for stack, dims in (("vllm", vllm), ("sglang", sglang)):
        found = overridden(model, stack, keys)
        assert found.spectrum is not None
        assert found.spectrum.rotary_dim == dims


@pytest.mark.parametrize(
    ("model_type", "base"), [("llama", 1e4), ("qwen2", 1e6), ("exaone4", 1e6), ("mixtral", 1e4)]
)
@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_an_object_without_a_base_has_that_of_vllms_code(
    model_type: str, base: float, key: str
) -> None:
    found = overridden(config(model_type, rope_theta=5e6), "vllm", {key: YARN})
    assert found.rope is not None
    assert found.rope.base == base
    merged = overridden(config("llama", rope_theta=5e6), "sglang", {key: YARN})
    assert merged.rope is not None
    assert merged.rope.base == 5e6


@pytest.mark.parametrize("model_type", ["granite", "gpt_oss"])
def test_code_that_looks_the_base_up_stops_without_one(model_type: str) -> None:
    rope = {**YARN, "beta_fast": 32.0, "beta_slow": 1.0}
    found = overridden(config(model_type), "vllm", {"rope_parameters": rope})
    assert found.refusal is not None
    assert "rope_theta: KeyError" in found.refusal.text


def test_a_flat_object_for_a_class_with_kinds_of_layers() -> None:
    """vLLM looks for the kind; SGLang merges beside the kinds, and keeps the file's."""
    model = ropecalc.find_model("Gemma-3-1B")
    keys = {"rope_parameters": {**YARN, "rope_theta": 7e6}}
    found = overridden(model, "vllm", keys)
    assert found.refusal is not None
    assert "full_attention in the rope object: KeyError" in found.refusal.text
    kept = overridden(model, "sglang", keys)
    assert kept.rope is not None
    assert (kept.rope.rope_type, kept.rope.base) == ("default", 1e6)


def test_keys_by_kind_for_a_class_with_one_kind() -> None:
    """get_rope finds neither a type nor a base."""
    keys = {"rope_parameters": {"full_attention": {**YARN, "rope_theta": 7e6}}}
    found = overridden(config("llama"), "vllm", keys)
    assert found.rope is not None
    assert (found.rope.rope_type, found.rope.base) == ("default", 1e4)


# --- parts of a config ----------------------------------------------------------------------------


@pytest.mark.parametrize("stack", ["vllm", "sglang"])
def test_a_flat_file_of_a_class_with_a_text_part(stack: str) -> None:
    """transformers makes a text part of the file, which keys beside it do not reach."""
    model = parse_config(FLAT_VL, "config.json")
    plain = overridden(
        model, stack, {"rope_parameters": {"rope_type": "default", "rope_theta": 5e6}}
    )
    assert plain.rope is not None
    assert plain.rope.base == 1e6
    assert "do not reach it" in plain.rules[0].text
    emission = written(model, stack, base=5e6, context=L)
    assert emission.exact
    rope = keys_of(emission.text)["text_config"]["rope_parameters"]
    assert rope == {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [16, 24, 24]}


def test_yarn_beside_sections_has_four_times_the_length_in_vllm() -> None:
    """mrope.py: cache_max_position_num is what the ends of the ramp are computed from."""
    rope = {**YARN, "mrope_section": [16, 24, 24]}
    model = parse_config({**FLAT_VL, "rope_scaling": rope}, "config.json")
    found = overridden(model, "vllm", {})
    assert found.rope is not None
    assert found.rope.original_context == 4 * L
    vl3 = {**HEAD, "model_type": "qwen3_vl_text", "rope_parameters": {**rope, "rope_theta": 1e6}}
    vl3 |= {"max_position_embeddings": 4 * L}
    one = overridden(parse_config(vl3, "config.json"), "vllm", {})
    assert one.rope is not None
    assert one.rope.original_context == L


def test_yarn_beside_sections_is_written_with_a_quarter_of_the_length() -> None:
    model = parse_config(FLAT_VL, "config.json")
    parts = {"rope_type": "yarn", "factor": 4.0, "original_context": L}
    emission = written(model, "vllm", **parts)
    rope = keys_of(emission.text)["text_config"]["rope_parameters"]
    assert rope["original_max_position_embeddings"] == L // 4
    assert emission.exact
    in_sglang = keys_of(written(model, "sglang", **parts).text)["text_config"]["rope_parameters"]
    assert in_sglang["original_max_position_embeddings"] == L


def test_a_key_beside_the_object_is_passed_on_for_nomic_bert() -> None:
    """config.py NomicBertModelConfig; growth is 2 M / L - 1 with M the length that is served."""
    model = config("nomic_bert", max_position_embeddings=2048, max_trained_positions=2048)
    keys = {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1000.0, "factor": 2.0}}
    found = overridden(model, "vllm", keys, 4096)
    assert found.rope is not None
    assert (found.rope.rope_type, found.rope.factor) == ("ntk_aware", 3.0)


# --- lengths --------------------------------------------------------------------------------------


def test_the_table_of_ntk_ends_at_the_length_of_the_file() -> None:
    model = ropecalc.find_model("Llama-3-8B")
    keys = {"rope_parameters": {"rope_type": "ntk", "rope_theta": 5e5, "factor": 4.0}}
    found = overridden(model, "vllm", keys, L)
    assert found.short is not None
    assert "ends at 8,192 tokens" in found.short.text
    emission = written(model, "vllm", rope_type="ntk_fixed", factor=4.0, context=L)
    assert emission.exact
    assert keys_of(emission.text)["max_position_embeddings"] == L


@pytest.mark.parametrize("stack", ["vllm", "sglang"])
def test_linear_scaling_of_gemma_3_is_started_with_a_longer_context(stack: str) -> None:
    """Neither multiplies the length of this class by the factor."""
    model = ropecalc.find_model("Gemma-3-1B")
    emission = written(model, stack, rope_type="linear", factor=4.0)
    assert emission.exact
    assert keys_of(emission.text)["max_position_embeddings"] == 4 * L


def test_every_key_of_a_length_is_raised() -> None:
    """Command-R has model_max_length, which counts before any; GLM-4 has seq_length."""
    for name in ("Command-R-v01", "GLM-4-9B-chat"):
        model = ropecalc.find_model(name)
        for stack in ("vllm", "sglang"):
            assert written(model, stack, base=5e6, context=1_048_576).exact, (name, stack)


# --- latent attention -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["linear", "llama3", "ntk_fixed"])
def test_latent_attention_knows_yarn_alone(method: str) -> None:
    """vLLM stops or computes YaRN, SGLang computes YaRN: neither is the setting."""
    model = ropecalc.find_model("DeepSeek-V3")
    parts: dict[str, Any] = {"rope_type": method, "factor": 4.0, "original_context": 4096}
    for stack in ("vllm", "sglang"):
        emission = written(model, stack, **parts)
        assert not emission.exact
        assert emission.verified
        assert emission.notes


def test_what_does_not_start_is_not_printed() -> None:
    emission = written(ropecalc.find_model("DeepSeek-V3"), "vllm", rope_type="linear", factor=4.0)
    assert not emission.text
    assert "original_max_position_embeddings: KeyError" in emission.notes[0]


def test_yarn_of_latent_attention_has_no_null_in_sglang() -> None:
    """DeepseekScalingRotaryEmbedding takes float(mscale), also of what is merged."""
    model = ropecalc.find_model("DeepSeek-V3")
    emission = written(model, "sglang", rope_type="yarn", factor=4.0, original_context=4096)
    assert emission.exact
    assert None not in keys_of(emission.text)["rope_parameters"].values()


# --- classes that no server has ------------------------------------------------------------------


@pytest.mark.parametrize(("model", "stack"), [("Falcon-7B", "sglang"), ("Qwen-7B", "vllm")])
def test_a_class_without_code_is_refused(model: str, stack: str) -> None:
    emission = written(ropecalc.find_model(model), stack, base=5e6, context=8192)
    assert not emission.exact
    assert not emission.text
    assert "no code of this class" in emission.notes[0]
