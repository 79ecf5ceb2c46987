"""Files of known models with a key away, null or a text: a setting for each stack, or one line."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

import ropecalc
from ropecalc.models.huggingface import parse_config
from ropecalc.stacks.registry import STACKS
from ropecalc.stacks.writing import emit
from tests.stacks.test_run_what_was_written import check

MODELS = ("Moonlight-16B", "GLM-5", "Qwen3-8B", "Phi-3-mini-128k")
SETTINGS: tuple[dict[str, Any], ...] = (
    {"context": 65_536},
    {"rope_type": "yarn", "factor": 4.0, "original_context": 8_192, "base": 5e5},
)
AWAY = object()
Document = dict[str, Any]


def amiss(document: Document) -> list[Document]:
    """The file with each key of it, and of its rope object, away, null, or a text."""
    found = []
    objects = [(), *((key,) for key, value in document.items() if isinstance(value, dict))]
    for path in objects:
        for key in document[path[0]] if path else document:
            for value in (AWAY, None, "text"):
                copy = json.loads(json.dumps(document))
                place = copy[path[0]] if path else copy
                old = place.pop(key)
                if value is not AWAY:
                    place[key] = str(old) if value == "text" else value
                found.append(copy)
    return found


@pytest.mark.parametrize(
    ("name", "stacks"),
    [
        ("Moonlight-16B", ("vllm", "sglang", "lmdeploy")),
        *[pytest.param(name, tuple(STACKS), marks=pytest.mark.slow) for name in MODELS],
    ],
)
def test_a_key_amiss_ends_in_a_setting_or_in_one_line(name: str, stacks: tuple[str, ...]) -> None:
    """And what is called exact is the setting when it is run."""
    known = ropecalc.find_model(name)
    for document in amiss(dict(known.document)):
        with suppress(ropecalc.RopecalcError):
            model = parse_config(document, "config.json")
            for parts in SETTINGS:
                setting = ropecalc.make_setting(model, model.rope, **parts)
                for stack in stacks:
                    with suppress(ropecalc.RopecalcError):
                        if model.context is not None:
                            check(setting, stack)
                        else:
                            emit(setting, stack)


@pytest.mark.parametrize("method", ["default", "linear", "yarn", "ntk_aware"])
def test_what_a_class_looks_up_whatever_its_method_is_stays_in_the_object(method: str) -> None:
    """Ran: transformers 5.23 scales the queries of Ministral 3 by its original length: TypeError
    in the forward pass without it."""
    model = ropecalc.find_model("Ministral-3-14B")
    parts: dict[str, Any] = {"factor": 4.0, "original_context": 8_192}
    parts = {"base": 5e6} if method == "default" else parts
    setting = ropecalc.make_setting(model, rope_type=method, context=32_768, **parts)
    for stack in ("transformers", "vllm", "sglang"):
        found = emit(setting, stack)
        own = 8_192 if method == "yarn" else 16_384
        assert f'"original_max_position_embeddings": {own}' in found.text
        assert '"llama_4_scaling_beta": 0.1' in found.text
        assert check(setting, stack)


@pytest.mark.parametrize("method", ["linear", "yarn", "llama3", "dynamic"])
def test_gemma_4_turns_part_of_a_head_by_its_own_method_alone(method: str) -> None:
    """Ran: transformers 5.23 makes 64 frequencies of 256, and stops as they meet the queries."""
    model = ropecalc.find_model("Gemma-4-26B")
    setting = ropecalc.make_setting(
        model, rope_type=method, factor=4.0, original_context=8_192, context=32_768
    )
    assert not emit(setting, "transformers").exact
    rope = {"rope_type": method, "rope_theta": 1e6, "factor": 4.0}
    rope |= {"original_max_position_embeddings": 8_192} if method in ("yarn", "llama3") else {}
    rope |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0} if method == "llama3" else {}
    plain = {"rope_type": "default", "rope_theta": 1e4}
    for part, stops in ((0.25, True), (None, False)):
        own = rope if part is None else {**rope, "partial_rotary_factor": part}
        document = {
            "model_type": "gemma4_text",
            "rope_parameters": {"full_attention": own, "sliding_attention": plain},
        }
        assert (parse_config(document, "config.json").stops is not None) is stops


@pytest.mark.parametrize("name", ["beam", "lfm3", "mellum", "embedding_gemma2_text"])
def test_other_classes_by_kind_that_stop_at_a_part_with_a_scaling(name: str) -> None:
    """Ran, each of them."""
    own = {"rope_type": "linear", "rope_theta": 1e6, "factor": 4.0, "partial_rotary_factor": 0.5}
    kinds = {"full_attention": own, "sliding_attention": own}
    found = parse_config({"model_type": name, "rope_parameters": kinds}, "config.json")
    assert "turns all of it" in (found.stops or "")
