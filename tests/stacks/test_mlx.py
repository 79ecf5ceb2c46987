"""MLX: what is written for it, computed by the formulas of mlx-lm's ``rope_utils.py``."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

import ropecalc
from ropecalc.models.huggingface import parse_config
from ropecalc.results import StackRun
from ropecalc.stacks.mlx import override
from ropecalc.stacks.registry import stack_named
from ropecalc.stacks.running import run
from ropecalc.stacks.start import Start
from ropecalc.stacks.writing import emit


def started(model: str, changes: dict[str, Any]) -> StackRun:
    found = override(ropecalc.find_model(model), json.dumps(changes))
    return run(stack_named("mlx"), found, found.model.rope)


def yarn_rope(base: float, dims: int, factor: float, original: int) -> list[float]:
    """YarnRoPE: harmonic means of periods, where others mix frequencies."""

    def correction(turns: float) -> float:
        return dims * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = max(math.floor(correction(32)), 0), min(math.ceil(correction(1)), dims - 1)
    found = []
    for i in range(dims // 2):
        extra = base ** (2 * i / dims)
        inter = factor * extra
        mask = 1.0 - min(1.0, max(0.0, (i - low) / (high - low)))
        found.append((inter * mask + extra * (1 - mask)) / (inter * extra))
    return found


def test_yarn_is_that_of_mlx() -> None:
    model = ropecalc.find_model("Qwen3-8B")
    setting = ropecalc.make_setting(
        model, model.rope, rope_type="yarn", factor=4.0, original_context=32768
    )
    written = emit(setting, "mlx")
    assert written.exact
    assert written.verified
    found = started("Qwen3-8B", json.loads(written.text))
    assert found.spectrum is not None
    expected = yarn_rope(1e6, 128, 4.0, 32768)
    assert found.spectrum.angular_frequencies.tolist() == pytest.approx(expected, rel=1e-12)
    assert found.spectrum.attention_factor == pytest.approx(1 + 0.1 * math.log(4))


def test_classes_that_leave_rope_scaling_alone() -> None:
    """qwen3_moe.py, glm4_moe.py and ernie4_5.py: a rope of the base, and nothing more."""
    for name in ("Qwen3-30B-A3B", "GLM-4.5", "Ernie-4.5-0.3B"):
        model = ropecalc.find_model(name)
        setting = ropecalc.make_setting(model, model.rope, rope_type="linear", factor=4.0)
        written = emit(setting, "mlx")
        assert not written.exact
        assert "does not read rope_scaling" in written.notes[0]
        base = ropecalc.make_setting(model, model.rope, rope_type="default", base=3e6)
        assert emit(base, "mlx").exact


HEADS = {"hidden_size": 256, "num_attention_heads": 2, "max_position_embeddings": 8192}


def of_class(kind: str, rope: dict[str, Any] | None, **keys: Any) -> StackRun:
    document = {**HEADS, "model_type": kind, "rope_theta": 1e4, "rope_scaling": rope, **keys}
    model = parse_config(document, "config.json")
    return run(stack_named("mlx"), Start(model), model.rope)


def test_glm_turns_whole_heads() -> None:
    """glm.py: nn.RoPE of head_dim; ran: 64 pairs of base 10,000."""
    found = of_class("glm", None, partial_rotary_factor=0.5)
    assert found.spectrum is not None
    assert found.spectrum.rotary_dim == 128


def test_phimoe_has_its_long_list_and_mscale_at_any_length() -> None:
    lists = {"short_factor": [1.0] * 64, "long_factor": [2.0] * 64}
    mscales = {"short_mscale": 1.1, "long_mscale": 1.3, "original_max_position_embeddings": 4096}
    found = of_class("phimoe", {"rope_type": "longrope", **lists, **mscales})
    assert found.spectrum is not None
    assert found.spectrum.angular_frequencies[0] == 0.5
    assert found.spectrum.attention_factor == 1.3


def test_the_attention_factor_is_made_of_mscales_alone() -> None:
    rope = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    keys = {**rope, "attention_factor": 2.0, "mscale": 0.5}
    found = started("Qwen3-8B", {"rope_scaling": keys})
    assert found.spectrum is not None
    assert found.spectrum.attention_factor == pytest.approx(1 + 0.05 * math.log(4))
    assert "attention_factor" in found.rules[-1].text


def test_longrope_has_one_list_for_all_lengths() -> None:
    rope = {"rope_type": "longrope", "original_max_position_embeddings": 4096}
    lists = {"short_factor": [1.0] * 64, "long_factor": [2.0] * 64}
    changes = {"rope_scaling": {**rope, **lists}, "max_position_embeddings": 131072}
    found = override(ropecalc.find_model("Qwen3-8B"), json.dumps(changes))
    one = run(stack_named("mlx"), found, found.model.rope)
    assert one.spectrum is not None
    assert one.spectrum.angular_frequencies[0] == 0.5
    factor = math.sqrt(1 + math.log(32) / math.log(4096))
    assert one.spectrum.attention_factor == pytest.approx(factor)


def test_an_unknown_type_stops_it() -> None:
    found = started("Qwen3-8B", {"rope_scaling": {"rope_type": "ntk", "factor": 4.0}})
    assert found.refusal is not None
    assert "ValueError" in found.refusal.text


def test_a_class_that_was_not_read_is_not_called_known() -> None:
    model = ropecalc.find_model("Qwen-7B")
    written = emit(ropecalc.make_setting(model, model.rope, rope_type="linear", factor=2.0), "mlx")
    assert not written.exact
    assert not written.verified
    assert "is not known here" in written.notes[0]
