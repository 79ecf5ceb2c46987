"""KoboldCpp: ``--ropeconfig``, and the base that it takes by itself."""

from __future__ import annotations

import math
from typing import Any

import pytest

import ropecalc
from ropecalc.results import Emission
from ropecalc.stacks.koboldcpp import automatic_base
from ropecalc.stacks.writing import emit


def written(name: str, context: int, **options: Any) -> Emission:
    model = ropecalc.find_model(name)
    setting = ropecalc.make_setting(model, model.rope, context=context, **options)
    return emit(setting, "koboldcpp")


def test_the_automatic_base_is_that_of_its_source() -> None:
    """powf(base, log10f(n / 6.28318) / log10f(L / 6.28318)), for two bases alone."""
    expected = 10_000 ** (math.log10(8192 / 6.28318) / math.log10(4096 / 6.28318))
    assert automatic_base(1e4, 4096, 8192) == pytest.approx(expected, rel=1e-12)
    assert automatic_base(1e4, 4096, 4096) == 1e4
    assert automatic_base(1e4, 1024, 2048) == 1e4
    assert automatic_base(1e6, 32768, 131072) == 1e6


def test_a_base_and_a_scale() -> None:
    base = written("Llama-2-7B", 8192, rope_type="default", base=34_999.42)
    assert base.text.endswith("--contextsize 8192 --ropeconfig 1.0 34999.42")
    assert base.exact
    assert base.verified
    assert "takes the base 26,784 at this context" in base.notes[0]
    linear = written("Llama-2-7B", 16384, rope_type="linear", factor=4.0)
    assert linear.text.endswith("--ropeconfig 0.25 10000")
    assert linear.exact
    assert linear.verified


def test_what_it_does_by_itself_is_not_the_models_own_rope() -> None:
    """A longer context changes the base of Llama 3, unless --ropeconfig says the file's own."""
    longer = written("Llama-3-8B", 32768)
    assert "--ropeconfig 1.0 500000" in longer.text
    assert longer.exact
    own = written("Llama-3-8B", 8192)
    assert "--ropeconfig" not in own.text
    assert own.exact


def test_yarn_has_no_option() -> None:
    found = written("Qwen3-8B", 131072, rope_type="yarn", factor=4.0, original_context=32768)
    assert (found.text, found.exact) == ("", False)
    assert "convert the model again" in found.notes[0]


def test_a_scale_does_nothing_where_the_file_has_no_scaling_by_type() -> None:
    """Command-R's converter writes the type none."""
    found = written("Command-R-v01", 131072, rope_type="linear", factor=4.0)
    assert not found.exact
    assert "stays, which is none" in found.notes[0]
