"""Integers from Python: NumPy's are as good as Python's own; what is none is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ropecalc
from ropecalc import InvalidValueError
from ropecalc.certificate.schema import parse
from ropecalc.render.records import record
from ropecalc.render.rows import windows_record

N: Any = np.int64  # as a caller without types has it
Ask = Callable[[Any], Any]

CONTEXTS: dict[str, Ask] = {
    "min_base": lambda n: ropecalc.min_base(34, n),
    "min_base, by table": lambda n: ropecalc.min_base(128, n),
    "check": lambda n: ropecalc.check(1e4, n, head_dim=34),
    "windows": lambda n: ropecalc.windows(34, n),
    "certify": lambda n: ropecalc.certify(34, n),
    "frequencies": lambda n: ropecalc.frequencies(1e4, context=n),
    "build_staircase": lambda n: ropecalc.build_staircase("minimum", 34, n, jobs=1),
    "plan": lambda n: ropecalc.plan(1e4, 34, trained_context=16, context=n, methods=["yarn"]),
    "temperature": ropecalc.temperature,
    "compare": lambda n: ropecalc.compare(ropecalc.find_model("Qwen3-8B"), n),
    "inspect": lambda n: ropecalc.inspect(ropecalc.find_model("Qwen3-8B"), n, bases=False),
    "check_in_dtype": lambda n: ropecalc.check_in_dtype(1e4, n, head_dim=34),
    "min_base_in_dtype": lambda n: ropecalc.min_base_in_dtype(34, n),
    "continuum_estimate": ropecalc.continuum_estimate,
    "refined_estimate": lambda n: ropecalc.refined_estimate(n, 128),
}
OTHERS: dict[str, tuple[str, Ask, int]] = {
    "limit": ("limit", lambda n: ropecalc.max_context(1e4, head_dim=34, limit=n), 64),
    "digits": ("digits", lambda n: ropecalc.min_base(34, 64, digits=n), 20),
    "round_digits": ("round_digits", lambda n: ropecalc.min_base(34, 64, round_digits=n), 3),
    "trained": (
        "trained_context",
        lambda n: ropecalc.plan(1e4, 34, trained_context=n, context=64, methods=["yarn"]),
        16,
    ),
    "head_dim": ("head_dim", lambda n: ropecalc.min_base(n, 64), 34),
    "rotary_dim": ("rotary_dim", lambda n: ropecalc.check(1e4, 64, head_dim=64, rotary_dim=n), 34),
    "head of an estimate": ("head_dim", lambda n: ropecalc.refined_estimate(64, n), 34),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_of_numpy_gives_what_an_int_gives(name: str) -> None:
    assert repr(CONTEXTS[name](N(64))) == repr(CONTEXTS[name](64))  # repr tells int64 from int


@pytest.mark.parametrize("name", OTHERS)
def test_other_integers_of_numpy_too(name: str) -> None:
    _, ask, value = OTHERS[name]
    assert ask(N(value)) == ask(value)


@pytest.mark.parametrize("value", [64.0, 64.5, "64", None, float("nan")], ids=repr)
@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_that_is_no_integer_is_refused_by_name(name: str, value: object) -> None:
    if value is None and name in ("frequencies", "compare", "inspect"):
        return  # there it is left out
    with pytest.raises(InvalidValueError, match="must be an integer from"):
        CONTEXTS[name](value)


@pytest.mark.parametrize("value", [2.5, 20.0, "2"], ids=repr)
@pytest.mark.parametrize("name", OTHERS)
def test_other_values_that_are_no_integers_are_refused_by_name(name: str, value: object) -> None:
    parameter, ask, _ = OTHERS[name]
    with pytest.raises(InvalidValueError, match="integer") as caught:
        ask(value)
    assert caught.value.parameter == parameter


def test_answers_about_integers_of_numpy_are_json() -> None:
    records = [
        record(ropecalc.min_base(N(34), N(64))),
        record(ropecalc.check(1e4, N(64), head_dim=N(34))),
        windows_record(ropecalc.windows(N(34), N(64))),
        record(ropecalc.plan(1e4, N(34), trained_context=N(16), context=N(64))),
        record(ropecalc.temperature(N(64))),
    ]
    assert json.loads(json.dumps(records, default=str))[0]["context"] == 64
    proof = ropecalc.certify(N(34), N(64))
    assert ropecalc.verify(parse(proof.to_json())).proved
    assert ropecalc.verify(proof).proved


@pytest.mark.parametrize("width", [5.0, 0.0, float("nan")])
@pytest.mark.parametrize("base", [1e4, 1e8], ids=["broken", "holds"])
def test_a_width_outside_its_domain_is_refused_whether_or_not_the_bound_holds(
    base: float, width: float
) -> None:
    with pytest.raises(InvalidValueError, match="min_window must be from"):
        ropecalc.check(base, 4096, min_window=width)


MARGINS: dict[str, Ask] = {
    "check": lambda tau: ropecalc.check(1e4, 256, margin=tau).slack,
    "min_base": lambda tau: ropecalc.min_base(34, 64, margin=tau).minimum_base,
    "windows": lambda tau: ropecalc.windows(34, 64, margin=tau).minimum_base,
}


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", MARGINS)
def test_a_margin_of_numpy_is_a_number(name: str, kind: Any) -> None:
    ask = MARGINS[name]
    assert ask(kind(0.25)) == ask(0.25)  # the same number in all of them


@pytest.mark.parametrize("value", [None, "much", 1.5, float("nan")], ids=repr)
@pytest.mark.parametrize("name", MARGINS)
def test_a_margin_outside_its_domain_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidValueError, match="margin must be from 0 to 1"):
        MARGINS[name](value)


def test_a_bool_is_no_integer() -> None:
    with pytest.raises(InvalidValueError, match="context must be an integer"):
        ropecalc.min_base(34, True)
    with pytest.raises(InvalidValueError, match="head_dim must be"):
        ropecalc.min_base(True, 64)
