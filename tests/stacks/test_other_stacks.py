"""Ollama, LMDeploy, TensorRT-LLM, ms-swift, verl and Unsloth: what each can say, and what not."""

from __future__ import annotations

import ast
import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

import ropecalc
from ropecalc.results import Emission
from ropecalc.stacks.registry import STACKS, Stack
from ropecalc.stacks.writing import emit

YARN: dict[str, Any] = {"rope_type": "yarn", "factor": 4.0, "original_context": 32768}


def written(stack: str, name: str = "Qwen3-8B", **options: Any) -> Emission:
    model = ropecalc.find_model(name)
    return emit(ropecalc.make_setting(model, model.rope, **options), stack)


def option(text: str, name: str) -> str:
    words = shlex.split(text)
    return words[words.index(name) + 1]


def test_a_modelfile_has_a_length_and_no_rope() -> None:
    own = written("ollama")
    assert own.exact
    assert own.text == "FROM ./MODEL.gguf\nPARAMETER num_ctx 40960"
    scaled = written("ollama", **YARN)
    assert not scaled.exact
    assert "num_ctx 131072" in scaled.text
    assert "convert it again" in scaled.notes[0]


def test_lmdeploy_merges_what_overrides() -> None:
    plain = written("lmdeploy", **YARN)
    keys = json.loads(option(plain.text, "--hf-overrides"))
    assert keys["rope_parameters"]["factor"] == 4.0
    assert option(plain.text, "--session-len") == "131072"
    assert plain.exact
    lists = written("lmdeploy", rope_type="ntk_fixed", factor=4.0)  # as longrope: run, 1.0646 for 1
    assert not lists.exact
    assert lists.notes[0] == "longrope has an attention factor by the two lengths alone"
    assert written("lmdeploy", "Phi-3-mini-128k").exact
    assert written("lmdeploy", "gpt-oss-20b", rope_type="linear", factor=2.0).exact
    yarn = {"rope_type": "yarn", "factor": 16.0, "original_context": 4096}
    left = written("lmdeploy", "gpt-oss-20b", **yarn)  # truncate false of the file
    assert not left.exact
    assert "stays" in left.notes[0]


def test_tensorrt_llm_reads_the_keys_of_version_4() -> None:
    found = written("tensorrt-llm", **YARN)
    assert json.loads(found.text)["rope_theta"] == 1e6
    assert found.exact
    assert "--max_seq_len 131072" in found.notes[-1]
    model = ropecalc.find_model("Qwen3-8B")
    setting = ropecalc.make_setting(model, model.rope, **YARN)
    own = {**setting.rope.parameters, "attention_factor": 1.0}
    other = emit(replace(setting, rope=replace(setting.rope, parameters=own)), "tensorrt-llm")
    assert not other.exact
    assert other.notes[0] == "YaRN does not read attention_factor"
    unknown = written("tensorrt-llm", rope_type="dynamic", factor=4.0)
    assert (unknown.exact, unknown.verified) == (False, False)
    assert "not known here" in unknown.notes[0]
    assert written("tensorrt-llm", "Llama-3.1-8B").verified


def test_ms_swift_takes_an_object() -> None:
    found = written("ms-swift", **YARN)
    scaling = json.loads(option(found.text, "--rope_scaling"))
    assert (scaling["rope_type"], scaling["factor"], scaling["rope_theta"]) == ("yarn", 4.0, 1e6)
    base = written("ms-swift", rope_type="default", base=5e6)
    assert "--max_model_len" not in base.text  # which would bring a factor by the ratio of lengths
    assert json.loads(option(base.text, "--rope_scaling"))["rope_theta"] == 5e6


def test_ms_swift_is_run_but_for_ropes_by_kind_of_layer() -> None:
    assert written("ms-swift", **YARN).verified
    growing = written("ms-swift", rope_type="dynamic", factor=4.0)  # which it begins later
    assert growing.verified
    assert not growing.exact
    apart = written("ms-swift", "Gemma-3-4B", rope_type="yarn", factor=4.0)
    assert not apart.exact
    assert "one rope for all layers" in apart.notes[0]
    assert written("ms-swift", "Qwen2.5-VL-7B", rope_type="yarn", factor=4.0).exact


def test_verl_has_config_json_alone() -> None:
    found = written("verl", **YARN)
    assert json.loads(found.text)["rope_parameters"]["rope_type"] == "yarn"
    assert found.exact
    assert "override_config takes no object" in found.notes[-1]


def test_unsloth_takes_three_methods_and_no_base() -> None:
    found = written("unsloth", **YARN)
    call = ast.parse(found.text).body[0]
    assert isinstance(call, ast.Assign)
    assert isinstance(call.value, ast.Call)
    given = {one.arg: ast.literal_eval(one.value) for one in call.value.keywords}
    assert given["max_seq_length"] == 131072
    assert given["rope_scaling"]["rope_theta"] == 1e6
    assert found.verified
    assert found.exact
    assert written("unsloth", rope_type="default", base=5e6).text == ""
    assert written("unsloth", "GLM-4-9B-0414", rope_type="default", base=5e6).exact
    assert written("unsloth", "Gemma-3-4B", rope_type="yarn", factor=4.0).exact
    assert written("unsloth", "gpt-oss-20b", rope_type="default", base=1e6).exact
    longer = written("unsloth", context=81920)
    assert not longer.exact
    assert "divides positions by 2" in longer.notes[0]


@pytest.mark.parametrize("stack", STACKS)
def test_each_room_has_a_label_and_one_form_of_version(stack: str) -> None:
    room = Stack(stack)
    assert room.label
    assert " " not in room.version
    assert room.part("write") is not None
