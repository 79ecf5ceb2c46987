"""Spectrum and scaling: what they hold, and what they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc import InvalidValueError, Spectrum
from ropecalc.scaling import as_spectrum, default, explicit
from ropecalc.spectrum import PI, pi, powers_of_base, shown


def test_pi_is_pi_to_all_its_digits() -> None:
    with mpmath.workdps(110):
        assert abs(mpmath.mpf(str(PI)) - mpmath.pi) < mpmath.mpf(10) ** -98


@pytest.mark.parametrize("digits", [20, 101, 102, 300])
def test_pi_has_at_least_as_many_digits_as_are_asked_for(digits: int) -> None:
    with flint.ctx.workprec(2000):
        assert abs(flint.arb(str(pi(digits))) / flint.arb.pi() - 1) < flint.arb(10) ** -digits


@pytest.mark.parametrize("base", [1.5, 1e4, 629978.262855044, 1e6, 1e300])
@pytest.mark.parametrize("digits", [60, 200])
def test_powers_of_base_agree_with_mpmath(base: float, digits: int) -> None:
    thetas = powers_of_base(Decimal(base), 128, digits)
    with mpmath.workdps(digits + 20):
        for i, theta in enumerate(thetas):
            expected = mpmath.mpf(base) ** (-mpmath.mpf(2 * i) / 128)
            assert abs(mpmath.mpf(str(theta)) / expected - 1) < mpmath.mpf(10) ** -(digits + 4)


def test_a_base_is_taken_as_its_float64_and_a_decimal_as_exact() -> None:
    assert default(0.1 + 2).base == Decimal(0.1 + 2)
    assert default(Decimal("2.1")).base == Decimal("2.1")
    assert default(Decimal("2.1")).label == ""


def test_partial_rotation_counts_unrotated_pairs_unless_told_not_to() -> None:
    counted = default(1e4, 128, rotary_dim=96)
    ignored = default(1e4, 128, rotary_dim=96, count_unrotated=False)
    assert (counted.n_pairs, counted.unrotated_pairs, counted.total) == (48, 16, 64)
    assert (ignored.unrotated_pairs, ignored.total) == (0, 48)
    # theta_i = b^(-2i/r), with the rotary dimension and not the head's
    assert counted.angular_frequencies[1] == pytest.approx(1e4 ** (-2 / 96), rel=1e-15)


def test_a_spectrum_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        default(1e4).head_dim = 64  # type: ignore[misc]


def test_frequencies_to_more_digits_are_refined() -> None:
    spectrum = default(3.0, 4)
    few, many = spectrum.exact_frequencies[1], spectrum.frequencies_to(300)[1]
    with mpmath.workdps(320):
        exact = mpmath.mpf(3) ** (-mpmath.mpf(1) / 2)
        assert abs(mpmath.mpf(str(many)) - exact) < mpmath.mpf(10) ** -300
        assert abs(mpmath.mpf(str(few)) - exact) > mpmath.mpf(10) ** -300


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"head_dim": 127}, "head_dim"),
        ({"head_dim": 0}, "head_dim"),
        ({"head_dim": 128.0}, "head_dim"),
        ({"head_dim": 10**9}, "head_dim"),
        ({"rotary_dim": 130}, "rotary_dim"),
        ({"rotary_dim": 63}, "rotary_dim"),
        ({"base": 1.0}, "base"),
        ({"base": -5}, "base"),
        ({"base": float("nan")}, "base"),
        ({"base": float("inf")}, "base"),
        ({"base": 1e301}, "base"),
        ({"base": "1e6x"}, "base"),
        ({"weights": [1.0] * 63}, "weights"),
        ({"weights": [-1.0] + [1.0] * 63}, "weights"),
        ({"weights": [float("nan")] * 64}, "weights"),
        ({"weights": [0.0] * 64}, "weights"),
    ],
)
def test_values_outside_the_domain_are_refused_by_name(
    arguments: dict[str, Any], parameter: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        default(**{"base": 1e6, "head_dim": 128, **arguments})
    assert caught.value.parameter == parameter
    assert parameter in str(caught.value)


def test_explicit_frequencies_are_checked() -> None:
    assert explicit([1.0, 0.5], 8).unrotated_pairs == 2
    with pytest.raises(InvalidValueError, match="from 0 to 10,000"):
        explicit([1.0, float("inf")])
    with pytest.raises(InvalidValueError, match="one value a rotated pair") as caught:
        Spectrum(4, 4, (Decimal(1),))
    assert caught.value.parameter == "angular_frequencies"
    with pytest.raises(InvalidValueError, match="from 0 to 10,000") as caught:
        Spectrum(2, 2, (Decimal(10_001),))
    assert caught.value.parameter == "angular_frequencies"
    with pytest.raises(InvalidValueError, match="attention_factor"):
        Spectrum(2, 2, (Decimal(1),), attention_factor=0.0)


@pytest.mark.parametrize("name", ["attention_factor", "softmax_factor"])
@pytest.mark.parametrize("factor", [0.0, -1.0, float("inf"), float("nan"), "1"])
def test_factors_are_positive_numbers(name: str, factor: Any) -> None:
    with pytest.raises(InvalidValueError, match=f"{name} must be a positive number") as caught:
        Spectrum(2, 2, (Decimal(1),), **{name: factor})
    assert caught.value.parameter == name


@pytest.mark.parametrize("weight", [1e-30, 1.5e-30, 1e30])
def test_the_largest_weight_may_be_so_small_and_so_large(weight: float) -> None:
    assert explicit([1.0, 0.5], weights=[0.0, weight]).weights == (0.0, weight)


@pytest.mark.parametrize("weight", [0.99e-30, 1.01e30])
def test_the_largest_weight_is_not_beyond_its_domain(weight: float) -> None:
    with pytest.raises(InvalidValueError, match=r"largest from 1e-30 to 1e\+30") as caught:
        explicit([1.0, 0.5], weights=[0.0, weight])
    assert caught.value.parameter == "weights"


def test_dims_belong_to_a_base_not_to_a_spectrum() -> None:
    spectrum = default(1e4)
    assert as_spectrum(spectrum) is spectrum
    with pytest.raises(InvalidValueError, match="head_dim belongs to the spectrum"):
        ropecalc.check(spectrum, 100, head_dim=64)


def test_numpy_integers_are_integers() -> None:
    assert default(1e4, int(np.int64(64))).n_pairs == default(1e4, np.int64(64)).n_pairs  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", [["heavy"], [[1.0]], 5])
def test_weights_that_are_no_numbers_are_refused_by_name(weights: Any) -> None:
    with pytest.raises(InvalidValueError) as caught:
        ropecalc.min_base(2, 2, weights=weights)
    assert caught.value.parameter == "weights"
    assert str(caught.value).startswith("weights ")


def test_an_infinite_weight_is_called_that() -> None:
    with pytest.raises(InvalidValueError, match="weights must be finite"):
        explicit([1.0, 0.5], weights=[float("inf"), 1.0])


def test_a_value_in_a_message_is_on_one_line() -> None:
    class Long:
        def __str__(self) -> str:
            return "two\n  lines"

    assert shown(Long()) == "two lines"
