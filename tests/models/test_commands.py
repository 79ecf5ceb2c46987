"""The command that finds a factor: run as it stands, it looks for that of the same rope."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ropecalc
from ropecalc.base.scaled import FAMILIES
from ropecalc.models.commands import factor_command
from ropecalc.models.setting import FACTORS

if TYPE_CHECKING:
    from tests.conftest import RunCli

MODELS = ("Qwen3-8B", "Llama-3.1-8B", "gpt-oss-20b", "OLMo-3-7B", "DeepSeek-V3", "Hunyuan-7B")
SETTINGS: list[dict[str, Any]] = [
    {"rope_type": "yarn", "factor": 4.0},
    {"rope_type": "yarn", "factor": 4.0, "original_context": 12_345, "base": 5e5},
    {"rope_type": "llama3", "factor": 4.0, "original_context": 4_096},
    {"rope_type": "linear", "factor": 4.0, "base": 123_456.75},
    {"rope_type": "ntk-aware", "factor": 4.0},
    {"base": 2e6, "context": 200_000},
]


def shape(rope: ropecalc.Rope) -> tuple[Any, ...]:
    """All that decides its factor."""
    given = {name: value for name, value in rope.parameters.items() if name != "factor"}
    return rope.layer_type, rope.rope_type, rope.base, rope.head_dim, rope.rotary_dim, given


@pytest.mark.parametrize("name", MODELS)
def test_the_command_looks_for_the_factor_of_the_same_rope(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked: list[tuple[ropecalc.Rope, int]] = []

    def solved(rope: ropecalc.Rope, context: int, **_: Any) -> None:
        asked.append((rope, context))
        raise ropecalc.InvalidValueError("rope", "not looked for")

    monkeypatch.setattr(ropecalc, "min_factor", solved, raising=False)
    model = ropecalc.find_model(name)
    for parts in SETTINGS:
        rope = ropecalc.make_setting(model, model.rope, **parts).rope
        line = factor_command(model, rope, 150_000)
        if rope.rope_type not in FACTORS:
            assert line is None
            continue
        assert line is not None
        run_cli(*shlex.split(line)[1:])
        found, context = asked.pop()
        assert context == 150_000
        assert shape(found) == shape(rope), line


def test_what_no_option_says_has_no_command() -> None:
    model = ropecalc.find_model("Qwen3-8B")
    rope = ropecalc.make_setting(model, model.rope, rope_type="yarn-rcd:30", factor=4.0).rope
    assert factor_command(model, rope, 131_072) is None
    longrope = ropecalc.find_model("Phi-3-mini-128k")
    assert factor_command(longrope, longrope.rope, 131_072) is None


def test_every_family_is_a_method_of_the_command() -> None:
    assert {*FACTORS} == {*FAMILIES, "yarn_rcd"}


def test_a_path_is_one_word_and_standard_input_a_dash(run_cli: RunCli, tmp_path: Path) -> None:
    keys = {"model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32}
    keys |= {"max_position_embeddings": 8192, "rope_theta": 10_000.0}
    path = tmp_path / "my model.json"
    path.write_text(json.dumps(keys), encoding="utf-8")
    model = ropecalc.read_config(path)
    yarn = ropecalc.make_setting(model, model.rope, rope_type="yarn", factor=4.0).rope
    assert shlex.split(factor_command(model, yarn, 32_768) or "")[2] == str(path)
    for source, word in ((str(path), shlex.quote(str(path))), ("-", "-")):
        done = run_cli("plan", source, "--to", "32k", stdin=json.dumps(keys))
        told = " ".join(done.stdout.split())
        assert f"ropecalc emit {word} --rope-type" in told.replace(" \\ ", " ")
        assert f"'ropecalc min-factor {word} --ctx 32768 --rope-type yarn' looks" in told


def test_several_kinds_of_layers_name_theirs() -> None:
    model = ropecalc.find_model("Gemma-3-27B")
    first, second = model.ropes
    assert "--layer" not in (factor_command(model, replace(first, rope_type="linear"), 1) or "")
    scaled = replace(second, rope_type="linear", parameters={"factor": 2.0})
    assert f"--layer {second.layer_type}" in (factor_command(model, scaled, 1) or "")
