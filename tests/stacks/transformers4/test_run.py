"""What transformers 4 makes of what is written for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ropecalc
from ropecalc.results import Emission
from ropecalc.stacks.writing import emit


def written(name: str, **options: Any) -> Emission:
    model = ropecalc.find_model(name)
    return emit(ropecalc.make_setting(model, model.rope, **options), "transformers4")


def test_lists_have_their_length_and_their_factor_outside() -> None:
    """_compute_longrope_parameters has M / L for the factor, and no L within rope_scaling."""
    found = written("Qwen3-8B", rope_type="ntk_fixed", factor=4.0)
    keys = json.loads(found.text)
    assert (found.exact, found.verified) == (True, True)
    assert keys["original_max_position_embeddings"] == 32_768
    assert keys["rope_scaling"]["attention_factor"] == 1.0


def test_configs_of_two_fields_get_two() -> None:
    linear = written("OLMo-2-7B", rope_type="linear", factor=4.0)
    assert json.loads(linear.text)["rope_scaling"] == {"type": "linear", "factor": 4.0}
    assert linear.exact
    yarn = written("OLMo-2-7B", rope_type="yarn", factor=4.0)
    assert not yarn.exact
    assert "factor and type, and nothing else" in yarn.notes[0]


@pytest.mark.parametrize("name", ["GLM-4.7-Flash", "MiniMax-M2"])
def test_classes_of_version_5_are_not_there(name: str) -> None:
    found = written(name, rope_type="default", base=5e6)
    assert not found.exact
    assert "no class for" in found.notes[0]


def test_one_rope_for_all_layers() -> None:
    assert written("Gemma-3-4B", rope_type="yarn", factor=4.0).exact
    assert not written("OLMo-3-7B-pretrained", rope_type="default", base=1e6).exact
