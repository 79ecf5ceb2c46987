"""What a caller sets for other code of its thread changes no answer: NumPy, decimal, mpmath."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc import scaling

QUESTIONS: dict[str, Callable[[], Any]] = {
    "min_base": lambda: ropecalc.min_base(16, 64, use_table=False, digits=20),
    "check": lambda: ropecalc.check(1e300, 512, head_dim=128),
    "max_context": lambda: ropecalc.max_context(1e4, head_dim=16),
    "windows": lambda: ropecalc.windows(8, 16),
    "curve": ropecalc.curve(1e300, [0, 1, 100], head_dim=16).values.tolist,
    "min_factor": lambda: ropecalc.min_factor(
        scaling_rope(), 256, original_context=64, window=False, recommended=False
    ),
    "inspect": lambda: ropecalc.inspect("Llama-3.1-8B", 1024, bases=False).layers[0].check,
    "plan": lambda: ropecalc.plan(1e4, 16, trained_context=16, context=32),
    "certify": lambda: ropecalc.certify(8, 16),
    "check_in_dtype": lambda: ropecalc.check_in_dtype(
        scaling.default(1e4, 16), 64, dtype="float16", recipe="naive"
    ),
    "critical_base": lambda: ropecalc.critical_base(1e4, 512, 2048),
    "temperature": lambda: ropecalc.temperature(131_072, trained_context=8192),
    "yarn": lambda: scaling.yarn(1e4, 64, factor=4.0, original_context=512).exact_frequencies,
    "linear": lambda: scaling.linear(1e4, 64, factor=3.0).exact_frequencies,
    "ntk_aware": lambda: scaling.ntk_aware(1e4, 64, factor=3.0).exact_frequencies,
    "longrope": lambda: long().exact_frequencies,
}


def scaling_rope() -> Any:
    setting = ropecalc.make_setting(
        None, bare(), context=256, rope_type="yarn", original_context=64
    )
    return setting.rope


def long() -> Any:
    return scaling.from_rope(ropecalc.find_model("Phi-3-mini-128k").rope, 8192)


def bare() -> Any:
    from ropecalc.results.configs import Rope

    return Rope("all", "default", 1e4, 16, 16)


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_answer_depends_on_the_state_of_the_caller(name: str) -> None:
    question = QUESTIONS[name]
    before = repr(question())
    strict = decimal.Context(3, decimal.ROUND_UP, traps=[decimal.Inexact, decimal.Rounded])
    with np.errstate(all="raise"), decimal.localcontext(strict), mpmath.workdps(3):
        assert repr(question()) == before


def test_the_state_of_the_caller_is_kept() -> None:
    strict = decimal.Context(3, decimal.ROUND_UP)
    with np.errstate(all="raise"), decimal.localcontext(strict):
        ropecalc.check(1e300, 512, head_dim=128)
        assert set(np.geterr().values()) == {"raise"}
        assert decimal.getcontext().prec == 3
