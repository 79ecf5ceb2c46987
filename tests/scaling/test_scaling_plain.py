"""A plain spectrum and what the scaling methods make of it: all that was asked for is in it."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from ropecalc import scaling
from ropecalc.results import Rope
from ropecalc.scaling import interpolation
from ropecalc.spectrum import FREQUENCY_DIGITS


def test_a_plain_spectrum_is_what_was_asked_for() -> None:
    found = scaling.default(
        3, 8, rotary_dim=4, weights=[2, 0.5], count_unrotated=False, label="three"
    )
    assert (found.head_dim, found.rotary_dim, found.base) == (8, 4, Decimal(3))
    assert (found.weights, found.count_unrotated, found.label) == ((2.0, 0.5), False, "three")
    with localcontext(prec=400):
        for digits in (FREQUENCY_DIGITS, 300):
            first, second = found.frequencies_to(digits)  # 3^0 and 3^(-1/2)
            assert first == 1
            assert abs(3 * second**2 - 1) < Decimal(10) ** -(digits + 4)


def test_frequencies_that_are_held_are_not_made_again() -> None:
    spectrum = scaling.default(3, 4)
    assert spectrum.frequencies_to(FREQUENCY_DIGITS) is spectrum.exact_frequencies


def test_a_name_is_loaded_on_first_use_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(scaling), "linear", raising=False)
    assert scaling.linear is interpolation.linear
    assert vars(scaling)["linear"] is interpolation.linear


def test_a_models_rope_takes_weights_and_the_count() -> None:
    rope = Rope("all", "linear", 1e4, 8, 4, {"factor": 2})
    found = scaling.from_rope(rope, weights=[2, 0.5], count_unrotated=False, label="mine")
    assert (found.pair_weights, found.total, found.label) == ((2.0, 0.5), 2.5, "mine")
    assert found.angular_frequencies.tolist() == [0.5, 0.005]


def test_divisors_alone_leave_cos_and_sin_as_they_are() -> None:
    assert scaling.divided(1e4, 4, divisors=[1, 8]).attention_factor == 1


def test_a_context_that_is_not_extended_has_no_attention_factor() -> None:
    assert scaling.longrope_attention_factor(1, 1) == 1  # ln L = 0, and not divided by
    assert scaling.longrope_attention_factor(0.5, 4096) == 1
    assert scaling.mscale(1) == scaling.mscale(0.5, 2.0) == scaling.yarn_attention_factor(1) == 1


def test_a_factor_of_1_is_the_least_that_a_larger_base_takes() -> None:
    assert scaling.ntk_aware_base(1e4, 128, 1) == 1e4
    assert scaling.ntk_aware_base(1e300, 4, 1) == 1e300
