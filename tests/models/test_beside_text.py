"""Where users put keys about the rope and no class looks for them; and objects with nothing in."""

from __future__ import annotations

from typing import Any

import pytest

import ropecalc
from ropecalc.lint import findings
from ropecalc.models.huggingface import parse_config

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32_768}
LINEAR = {"rope_type": "linear", "factor": 4.0}
COMPOSITES = {"gemma3": "gemma3_text", "qwen3_vl": "qwen3_vl_text", "llava": "llama"}


def document(name: str = "gemma3", inner: dict[str, Any] | None = None, **beside: Any) -> Any:
    text = {"model_type": COMPOSITES[name], "max_position_embeddings": 131_072, "rope_theta": 1e6}
    return {"model_type": name, **beside, "text_config": {**text, **(inner or {})}}


def codes(file: Any) -> set[str]:
    return {one.code for one in findings(parse_config(file, "config.json"))}


@pytest.mark.parametrize("name", COMPOSITES)
@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_yarn_beside_the_text_part_stops_the_class(name: str, key: str) -> None:
    """Ran: transformers 5.23 in 106 composites, 5.20 and 5.19 in those tried: AttributeError."""
    file = document(name, **{key: YARN})
    assert "beside text_config" in (parse_config(file, "config.json").stops or "")
    assert {"class-stops", "key-not-read"} <= codes(file)
    result = ropecalc.compare(parse_config(file, "config.json"), 4_096, ["vllm", "sglang"])
    assert all(run.refusal is not None for layer in result.layers for run in layer.runs)


@pytest.mark.parametrize(
    "beside",
    [{"rope_scaling": LINEAR}, {"rope_scaling": YARN, "max_position_embeddings": 1}],
    ids=["linear", "with a length"],
)
def test_what_loads_is_read_by_no_class(beside: dict[str, Any]) -> None:
    """Ran: the rope is that of the text part."""
    model = parse_config(document(**beside), "config.json")
    assert model.stops is None
    assert model.rope.rope_type == "default"
    assert any("rope_scaling beside text_config is not read" in one for one in model.assumptions)
    assert "key-not-read" in codes(document(**beside))


@pytest.mark.parametrize(
    ("inner", "beside"),
    [
        ({"rope_scaling": LINEAR}, {"rope_scaling": LINEAR}),
        ({}, {"rope_theta": 1e6}),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 2e6}}, {"rope_theta": 2e6}),
        ({}, {"rope_scaling": None}),
    ],
)
def test_what_both_say_is_no_fault(inner: dict[str, Any], beside: dict[str, Any]) -> None:
    assert "key-not-read" not in codes(document("llava", inner, **beside))


def test_the_text_part_of_a_flat_file_is_the_file() -> None:
    flat = {"model_type": "qwen2_5_vl", "hidden_size": 3584, "num_attention_heads": 28}
    flat |= {"max_position_embeddings": 128_000, "rope_theta": 1e6, "rope_scaling": YARN}
    model = parse_config(flat, "config.json")
    assert model.stops is None
    assert model.rope.rope_type == "yarn"


def test_null_layer_types_stop_classes_that_have_none() -> None:
    """Ran: transformers 5.23 looks them up as it makes the mask."""
    inner = {"layer_types": None}
    assert "layer_types" in (parse_config(document("qwen3_vl", inner), "c").stops or "")
    assert parse_config(document("llava", inner), "c").stops is None


@pytest.mark.parametrize("name", ["gpt_oss", "cwm", "apertus"])
def test_an_empty_object_takes_the_scaling_of_a_class_away(name: str) -> None:
    """Ran: all 168 classes with ``rope_parameters: {}``, which is how one tries to be rid of it."""
    assert parse_config({"model_type": name}, "c").rope.rope_type in ("yarn", "llama3")
    for beside, base in (({}, None), ({"rope_theta": 54_321.0}, 54_321.0)):
        model = parse_config({"model_type": name, "rope_parameters": {}, **beside}, "c")
        assert model.stops is None
        assert model.rope.rope_type == "default"
        assert base in (None, model.rope.base)


@pytest.mark.parametrize("name", ["gemma4_text", "lfm3", "laguna"])
def test_an_empty_object_has_none_of_the_kinds_that_a_class_looks_up(name: str) -> None:
    assert "KeyError" in (
        parse_config({"model_type": name, "rope_parameters": {}}, "config.json").stops or ""
    )


def small(name: str, **keys: Any) -> Any:
    sizes = {"hidden_size": 4096, "num_attention_heads": 32, "max_position_embeddings": 32_768}
    return parse_config({"model_type": name, **sizes, "head_dim": 128, **keys}, "config.json")


@pytest.mark.parametrize("name", ["glm", "glm4", "glm4_moe", "qwen3_next", "qwen3_5_text"])
def test_a_part_of_null_turns_all_of_the_head(name: str) -> None:
    """Ran: transformers 5.23 fills in no part where the file has a null for it."""
    assert small(name).rope.rotary_dim < 128
    assert small(name, partial_rotary_factor=None).rope.rotary_dim == 128


@pytest.mark.parametrize("name", ["phi", "phi3", "nemotron", "persimmon", "stablelm"])
def test_a_part_of_null_stops_classes_that_look_it_up(name: str) -> None:
    keys = {"hidden_size": 4096, "num_attention_heads": 32, "partial_rotary_factor": None}
    found = parse_config({"model_type": name, **keys}, "config.json")
    assert "partial_rotary_factor is null" in (found.stops or "")


@pytest.mark.parametrize("name", ["llama", "qwen3", "glm4", "gpt_oss"])
def test_an_original_length_of_null_goes_before_the_objects_own(name: str) -> None:
    """Ran: TypeError as the frequencies are computed; classes by kind do not look there."""
    null = {"original_max_position_embeddings": None, "rope_theta": 1e6}
    assert "is null beside" in (small(name, rope_scaling=YARN, **null).stops or "")
    assert small("olmo3", rope_scaling=YARN, **null).stops is None
    assert "which phi3 does not take" in (small("phi3", **null).stops or "")
    assert small("phi4_multimodal", **null).stops is None
    if name != "gpt_oss":  # whose class scales
        assert small(name, rope_scaling=LINEAR, **null).stops is None
