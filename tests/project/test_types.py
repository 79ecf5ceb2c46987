"""Arguments of another type: an error of ropecalc's own that names the parameter, or an answer."""

from __future__ import annotations

import inspect
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import ropecalc
from ropecalc import scaling

YARN = ropecalc.Rope("all", "yarn", 1e4, 16, 16, {"original_context": 16, "factor": 4.0})
PLAIN = scaling.default(1e4, 16)
GIVEN: dict[str, dict[str, Any]] = {
    "make_setting": {"model": "Qwen3-8B", "rope_type": "yarn", "context": 131_072},
    "emit": {"setting": ropecalc.make_setting("Qwen3-8B", context=4_000), "stack": "vllm"},
    "check": {"spectrum": PLAIN, "context": 50},
    "compare": {"model": "Qwen3-8B", "context": 300},
    "compare_models": {"models": ["Qwen3-8B", "Qwen3-4B"], "context": 300},
    "check_model": {"model": "Qwen3-8B", "context": 300},
    "inspect": {"model": "Qwen3-8B", "context": 300},
    "plan_model": {"model": "Qwen3-8B", "context": 41_000},
    "min_base": {"head_dim": 16, "context": 50},
    "min_factor": {"rope": YARN, "context": 50},
    "windows": {"head_dim": 8, "context": 20},
    "certify": {"head_dim": 16, "context": 50},
    "temperature": {"context": 300},
}
QUICK = ("make_setting", "emit", "check")
WRONG: tuple[Any, ...] = (
    *("x", "", b"x", [1], [], {}, object(), float("nan"), -1, True, 2**70, 1 + 2j),
    *(Decimal("NaN"), Fraction(1, 3), np.array([1, 2]), np.array(3), np.float64("nan")),
)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in GIVEN],
)
def test_a_wrong_type_raises_no_bare_error_of_python(name: str) -> None:
    function = getattr(ropecalc, name)
    for parameter in inspect.signature(function).parameters:
        if parameter in ("progress", "dtype"):
            continue
        for value in WRONG:
            with suppress(ropecalc.RopecalcError):
                function(**{**GIVEN[name], parameter: value})


def test_an_integer_is_as_good_as_a_float() -> None:
    """Of Python 3.11, whose integers have no is_integer."""
    whole = ropecalc.make_setting("Qwen3-8B", base=5_000_000, factor=None, context=65_536)
    same = ropecalc.make_setting("Qwen3-8B", base=5e6, context=65_536)
    assert repr(whole.rope.base) == "5000000.0"
    for stack in ("megatron-bridge", "litgpt", "torchtune", "vllm"):
        assert ropecalc.emit(whole, stack).text == ropecalc.emit(same, stack).text


@pytest.mark.parametrize("value", [1, None, "yes", np.array([True, False])])
def test_a_flag_is_true_or_false(value: Any) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="count_unrotated must be True or False"):
        ropecalc.check_model("Qwen3-8B", 300, count_unrotated=value)
    ropecalc.check_model("Qwen3-8B", 300, count_unrotated=np.True_)  # type: ignore[arg-type]
