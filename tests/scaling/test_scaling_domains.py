"""The ends of the domains of scaling parameters: what is on them is taken, beyond is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from ropecalc import InvalidValueError, scaling
from ropecalc.scaling.domains import (
    MAX_BASE,
    MAX_PAIRS,
    exact_base,
    not_negative,
    numbers,
    positive,
)

BEYOND = float(np.nextafter(1e300, np.inf))


def refused(call: Callable[[], object], parameter: str, text: str) -> None:
    with pytest.raises(InvalidValueError, match=text) as caught:
        call()
    assert caught.value.parameter == parameter


def test_numbers_from_the_least_to_1e300() -> None:
    assert positive("p", 1, least=1) == 1
    assert positive("p", 0.25, least=0.25) == Decimal("0.25")
    assert positive("p", 5e-324) > 0
    assert positive("p", 1e300) == not_negative("p", 1e300) == exact_base(1e300) == MAX_BASE
    assert not_negative("p", 0) == 0
    refused(lambda: positive("p", float(np.nextafter(1, 0)), least=1), "p", "from 1 to 1e300")
    refused(lambda: positive("p", 0), "p", "greater than 0 and at most 1e300")
    refused(lambda: not_negative("p", -5e-324), "p", "from 0 to 1e300")
    for take in (positive, not_negative):
        for value in (BEYOND, "1", b"1", None, 10**400, Decimal("NaN")):
            refused(lambda take=take, value=value: take("p", value), "p", "p must be a number")  # type: ignore[misc]
    refused(lambda: exact_base(BEYOND), "base", "at most 1e300")
    refused(lambda: exact_base(1), "base", "greater than 1")


def test_lists_of_1_to_32768_numbers() -> None:
    assert len(numbers("list", [1] * MAX_PAIRS)) == MAX_PAIRS
    assert numbers("list", [0.5]) == (Decimal("0.5"),)
    for values in ([], [1] * (MAX_PAIRS + 1)):
        refused(lambda values=values: numbers("list", values), "list", "from 1 to 32,768 values")  # type: ignore[misc]


def test_ratios_whose_base_is_a_base() -> None:
    assert scaling.rope_ratio(2**-13, 4).base == Decimal("1.220703125")
    assert scaling.rope_ratio(1e296, 4).base == MAX_BASE
    refused(lambda: scaling.rope_ratio(1e-4, 4), "ratio", "greater than 1e-4")


@pytest.mark.parametrize("factor", [0.5, 0])
def test_a_base_is_not_made_smaller_by_a_factor(factor: float) -> None:
    refused(lambda: scaling.ntk_aware_base(1e4, 128, factor), "factor", "from 1 to 1e300")


def test_attention_factors_are_positive_whatever_the_method() -> None:
    divided = {"divisors": [1, 1], "attention_factor": 0}
    refused(lambda: scaling.divided(1e4, 4, **divided), "attention_factor", "greater than 0")  # type: ignore[arg-type]
