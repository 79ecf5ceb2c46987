"""ExLlamaV2 with TabbyAPI, and ExLlamaV3."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc.errors import InvalidValueError
from ropecalc.results import Emission
from ropecalc.stacks.exllamav2 import alpha_of_base, base_of_alpha
from ropecalc.stacks.writing import emit


def keys_of(emission: Emission) -> dict[str, float]:
    """The numbers under ``model``."""
    head, *lines = emission.text.splitlines()
    assert head == "model:"
    pairs = (line.strip().split(": ") for line in lines)
    return {key: float(value) for key, value in pairs}


def test_alpha_is_a_base_by_another_name() -> None:
    """base *= scale_alpha_value ** (head_dim / (head_dim - 2)), of exllamav2/rope.py."""
    assert base_of_alpha(3.4321, 1e4, 128) == pytest.approx(34_999.42, abs=0.005)
    assert base_of_alpha(1.0, 5e5, 128) == 5e5
    assert alpha_of_base(34_999.42, 1e4, 128) == pytest.approx(3.4321, abs=5e-5)


@given(st.floats(1.0, 1e4), st.floats(1e3, 1e8), st.sampled_from([16, 64, 80, 128, 256]))
def test_there_and_back(alpha: float, base: float, dim: int) -> None:
    assert alpha_of_base(base_of_alpha(alpha, base, dim), base, dim) == pytest.approx(alpha, 1e-12)


def test_a_base_and_a_scale_of_a_model() -> None:
    model = ropecalc.find_model("Llama-3-8B")
    base = emit(
        ropecalc.make_setting(model, model.rope, rope_type="default", base=2e6), "exllamav2"
    )
    found = keys_of(base)
    assert 5e5 * math.pow(found["rope_alpha"], 128 / 126) == pytest.approx(2e6, rel=1e-12)
    assert found["rope_scale"] == 1
    assert base.exact
    assert base.verified
    scaled = ropecalc.make_setting(model, model.rope, rope_type="linear", factor=4.0)
    keys = keys_of(emit(scaled, "exllamav2"))
    assert (keys["rope_scale"], keys["rope_alpha"]) == (4, 1)


def test_ntk_aware_scaling_is_its_alpha() -> None:
    model = ropecalc.find_model("Llama-2-7B")
    setting = ropecalc.make_setting(model, model.rope, rope_type="ntk-aware", factor=3.4321)
    keys = keys_of(emit(setting, "exllamav2"))
    assert keys["rope_alpha"] == pytest.approx(3.4321, rel=1e-12)


def test_what_neither_says() -> None:
    model = ropecalc.find_model("Llama-3.1-8B")
    over = emit(
        ropecalc.make_setting(model, model.rope, rope_type="default", base=2e6), "exllamav2"
    )
    assert not over.exact  # llama3 of its config.json stays
    assert "come on top of it" in over.notes[0]
    qwen = ropecalc.find_model("Qwen3-8B")
    yarn = ropecalc.make_setting(qwen, qwen.rope, rope_type="yarn", factor=4.0)
    assert emit(yarn, "exllamav2").text == ""
    third = emit(yarn, "exllamav3")
    assert third.exact
    assert '"rope_scaling": {"rope_type": "yarn"' in third.text
    growing = ropecalc.make_setting(qwen, qwen.rope, rope_type="dynamic", factor=4.0)
    assert not emit(growing, "exllamav3").exact


@pytest.mark.parametrize("name", ["DeepSeek-V3", "OLMo-2-7B"])
def test_a_class_that_is_loaded_as_a_llama_is_refused(name: str) -> None:
    model = ropecalc.find_model(name)
    found = emit(ropecalc.make_setting(model, model.rope), "exllamav2")
    assert (found.exact, found.verified, found.text) == (False, True, "")
    assert "loads it as a Llama" in found.notes[0]


def test_the_scale_of_a_file_is_written_again() -> None:
    """TabbyAPI's rope_scale is 1 unless it is given, and takes the place of the file's factor."""
    model = ropecalc.find_model("Gemma-3-4B")
    found = emit(ropecalc.make_setting(model, model.rope), "exllamav2")
    assert keys_of(found)["rope_scale"] == 8
    assert found.exact


def test_what_is_not_read_is_not_called_exact() -> None:
    """Frequencies of Qwen 2.5 VL are rounded to float16; gpt-oss has no code in ExLlamaV2."""
    for name, why in [("Qwen2.5-VL-7B", "rounded to float16"), ("gpt-oss-20b", "no code")]:
        model = ropecalc.find_model(name)
        found = emit(ropecalc.make_setting(model, model.rope, rope_type="default"), "exllamav2")
        assert not found.exact
        assert why in "; ".join(found.notes)


@pytest.mark.parametrize(
    "asked", [(-1, 1e4, 16), (1e300, 1e4, 16), (2, 0, 16), (2, 1e4, 0), ("x", 1e4, 16)]
)
def test_an_alpha_that_gives_no_base_is_refused(asked: tuple[Any, Any, int]) -> None:
    for function in (ropecalc.base_of_alpha, ropecalc.alpha_of_base):
        with pytest.raises(InvalidValueError):
            function(*asked)
