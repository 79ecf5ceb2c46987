"""Trainers that set keys on a config of transformers: LLaMA-Factory, axolotl and verl."""

from __future__ import annotations

from typing import Any

import pytest

import ropecalc
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Emission
from ropecalc.stacks.writing import emit

YARN = {"rope_type": "yarn", "factor": 4.0}


def written(stack: str, name: str, **options: Any) -> Emission:
    model = ropecalc.find_model(name)
    return emit(ropecalc.make_setting(model, model.rope, **options), stack)


@pytest.mark.parametrize(
    "name", ["Mistral-7B-v0.2", "Mixtral-8x7B", "Gemma-2B", "Gemma-2-2B", "GLM-4-9B-0414"]
)
def test_llama_factory_trains_without_a_scaling_where_the_class_has_no_attribute(name: str) -> None:
    """configure_rope of 0.9.5 begins with hasattr(config, "rope_scaling"); ran on 4.57.6."""
    found = written("llama-factory", name, **YARN)
    assert not found.exact
    assert found.verified
    assert "Current model does not support RoPE scaling" in found.notes[0]
    assert written("llama-factory", "Llama-2-7B", **YARN).exact


def test_llama_factory_scales_no_class_that_transformers_4_has_not() -> None:
    """Ran on 4.57.6, which its rope_scaling needs: "does not recognize this architecture"."""
    found = written("llama-factory", "GLM-4.7-Flash", rope_type="linear", factor=2.0)
    assert (found.exact, found.text) == (False, "")
    assert "has no class for glm4_moe_lite" in found.notes[0]


def test_a_file_that_has_the_key_gives_the_config_the_attribute() -> None:
    document = {
        "model_type": "mistral",
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "max_position_embeddings": 32768,
        "rope_theta": 1e6,
        "rope_scaling": None,
    }
    model = parse_config(document, "config.json")
    setting = ropecalc.make_setting(model, model.rope, rope_type="yarn", factor=4.0)
    assert emit(setting, "llama-factory").exact
    del document["rope_scaling"]
    model = parse_config(document, "config.json")
    setting = ropecalc.make_setting(model, model.rope, rope_type="yarn", factor=4.0)
    assert not emit(setting, "llama-factory").exact


def test_llama_factory_counts_from_max_position_embeddings() -> None:
    """Command-R: 8,192, beside a model_max_length of 131,072."""
    found = written("llama-factory", "Command-R-v01", rope_type="linear", factor=4.0)
    assert not found.exact
    assert "from 8,192 tokens" in found.notes[0]


def test_axolotl_sets_keys_on_the_outer_config() -> None:
    assert written("axolotl", "Qwen3-8B", **YARN).exact
    assert written("axolotl", "Qwen3-8B", **YARN).verified
    flat = {
        "model_type": "qwen2_5_vl",
        "hidden_size": 3584,
        "num_attention_heads": 28,
        "max_position_embeddings": 128000,
        "rope_theta": 1e6,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    }
    model = parse_config(flat, "config.json")
    setting = ropecalc.make_setting(model, model.rope, rope_type="yarn", factor=4.0)
    found = emit(setting, "axolotl")
    assert not found.exact
    assert found.verified


def test_the_parts_that_turn_are_written_for_axolotl() -> None:
    """A replaced object without partial_rotary_factor would turn whole heads."""
    found = written("axolotl", "Qwen3-Next-80B-A3B", **YARN)
    assert found.exact
    assert "partial_rotary_factor: 0.25" in found.text


def test_megatron_bridge_says_what_its_providers_have_by_default() -> None:
    plain = written("megatron-bridge", "gpt-oss-20b", rope_type="default", base=1e6)
    assert 'provider.position_embedding_type = "rope"' in plain.text
    latent = written("megatron-bridge", "DeepSeek-V3", rope_type="llama3", factor=8.0)
    assert not latent.exact
    assert "does not read llama3" in latent.notes[0]
