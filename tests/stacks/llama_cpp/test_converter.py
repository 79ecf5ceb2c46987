"""The keys and tensors of a GGUF, against what llama.cpp's own converter wrote of 884 configs.

Made by ``tests/tools/llama_cpp_converter.py`` at commit 0c1e57098, with transformers 4.57.6.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest

from ropecalc.models.huggingface import parse_config
from ropecalc.results import Rope
from ropecalc.scaling import from_rope
from ropecalc.stacks.asked import Asked, asked_of
from ropecalc.stacks.llama_cpp.convert import Converted, Refused, convert
from ropecalc.stacks.start import Start
from tests.tools.llama_cpp_converter import CLASSES
from tests.tools.places import DATA

with gzip.open(DATA / "llama-cpp-kv.json.gz", "rt", encoding="utf-8") as file:
    CASES: list[dict[str, Any]] = json.load(file)["cases"]
# Keys that llama.cpp writes and reads for no architecture here, or that follow from others.
LEFT_OUT = (
    "rope.scaling.yarn_attn_factor",
    "rope.scaling.finetuned",
    "rope.dimension_sections",
    "attention.key_length_mla",
)


@pytest.mark.parametrize("model_type", CLASSES)
def test_the_converter_of_a_class(model_type: str) -> None:
    cases = [case for case in CASES if case["config"]["model_type"] == model_type]
    assert len(cases) == 17
    for case in cases:
        _check(case)


def _check(case: dict[str, Any]) -> None:
    name = case["id"]
    if name.startswith("phi3, ") and "'yarn'" in str(case["config"]):
        return  # the reader refuses it, as transformers does
    model = parse_config(case["config"], name)
    asked = asked_of(Start(model), model.rope)
    if "error" in case:
        with pytest.raises(Refused) as caught:
            convert(asked)
        assert case["error"] in str(caught.value), name
        return
    made = convert(asked)
    assert made.architecture == case["architecture"], name
    prefix = made.architecture + "."
    keys = {k.removeprefix(prefix): v for k, v in made.container.metadata.items()}
    real = {key: value for key, value in case["keys"].items() if key not in LEFT_OUT}
    whole = asked.rope.head_dim
    found = {key: value for key, value in keys.items() if key.startswith(("rope", "context"))}
    for one in (real, found):  # llama.cpp takes the whole head where the key is absent
        text = case["config"]  # a head_dim that is absent is no class's here, but the quotient
        quotient = text.get("hidden_size", 0) // text.get("num_attention_heads", 1)
        heads = (whole, text.get("head_dim") or quotient)
        if one.get("rope.dimension_count", whole) in heads:
            one.pop("rope.dimension_count", None)
        one.setdefault("rope.freq_base", 10_000.0)
        if made.architecture == "gemma3":
            one.setdefault("rope.freq_base_swa", 10_000.0)
    assert found == pytest.approx(real), name
    _check_tensors(case, asked, made)


def _check_tensors(case: dict[str, Any], asked: Asked, made: Converted) -> None:
    tensors = dict(made.container.factors)
    if made.llama3 is not None:
        assert list(case["tensors"]) == ["rope_freqs.weight"], case["id"]
        named = {key.partition(".")[2]: value for key, value in made.container.metadata.items()}
        base, dim = named.get("rope.freq_base", asked.rope.base), asked.rope.head_dim
        plain = from_rope(Rope("all", "default", base, dim, dim))
        scaled = from_rope(Rope("all", "llama3", base, dim, dim, made.llama3))
        ratios = plain.angular_frequencies / scaled.angular_frequencies
        assert np.allclose(ratios, case["tensors"]["rope_freqs.weight"], rtol=1e-5), case["id"]
        return
    assert tensors.keys() == case["tensors"].keys(), case["id"]
    for key, values in tensors.items():
        assert list(values) == case["tensors"][key]
