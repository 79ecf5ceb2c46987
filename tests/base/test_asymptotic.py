"""The estimates, beside the exact values that they estimate."""

from __future__ import annotations

import math

import mpmath
import pytest

import ropecalc
from ropecalc.base.asymptotic import (
    FIRST_ZERO,
    Z_HIGH,
    Z_LOW,
    Z_MIDDLE,
    continuum_estimate,
    refined_estimate,
    with_estimates,
)
from tests.base.test_min_base import EXACT


def test_the_constant_is_the_first_zero_of_the_cosine_integral() -> None:
    with mpmath.workdps(30):
        assert float(mpmath.findroot(mpmath.ci, 0.6)) == FIRST_ZERO


@pytest.mark.parametrize(("context", "base", "_critical"), EXACT)
def test_the_exact_minimum_lies_in_the_spread(context: int, base: str, _critical: int) -> None:
    found = refined_estimate(context, 128)
    assert found.low < float(base) < found.high
    assert found.low < found.value < found.high
    assert 2.5 < float(base) / continuum_estimate(context) < 70


@pytest.mark.parametrize("rotary_dim", [32, 64, 96, 256, 512])
@pytest.mark.parametrize("context", [2**10, 2**13])
def test_other_dims_lie_in_the_spread_too(rotary_dim: int, context: int) -> None:
    exact = ropecalc.min_base(
        rotary_dim, context, round_digits=None, integer=False, window=False, recommended=False
    ).minimum_base
    assert exact is not None
    found = refined_estimate(context, rotary_dim)
    assert found.low < exact < found.high


def surplus_30(base: float, context: int, n_pairs: int, z: float) -> mpmath.mpf:
    """What the formula of ``refined_estimate`` makes zero, to 30 digits."""
    with mpmath.workdps(30):
        log = mpmath.log(base)
        aliases = max(mpmath.mpf(1), context * log / (2 * mpmath.pi * n_pairs))
        sigma = mpmath.sqrt(n_pairs / (2 * log) * (mpmath.log(aliases) + mpmath.euler))
        return -n_pairs * mpmath.ci(context / mpmath.mpf(base)) / log - z * sigma


@pytest.mark.parametrize(
    ("context", "rotary_dim", "aliases"),
    [(1024, 64, 49), (32_768, 128, 1000), (4096, 8192, 1.4), (2048, 8192, 0.6)],
)
def test_the_estimates_solve_their_formula(context: int, rotary_dim: int, aliases: float) -> None:
    found = refined_estimate(context, rotary_dim)
    known = context * math.log(found.value) / (math.pi * rotary_dim)
    assert known == pytest.approx(aliases, rel=0.2)
    for base, z in ((found.low, Z_LOW), (found.value, Z_MIDDLE), (found.high, Z_HIGH)):
        below, above = (
            surplus_30(base * k, context, rotary_dim // 2, z) for k in (0.99999, 1.00001)
        )
        assert below < 0 < above


def test_more_pairs_come_closer_to_the_limit() -> None:
    ratios = [
        refined_estimate(2**15, d).value / continuum_estimate(2**15) for d in (64, 512, 65536)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] < 2


def test_estimates_are_given_only_where_their_assumptions_hold() -> None:
    plain = with_estimates(ropecalc.min_base(64, 1024, window=False, recommended=False))
    assert plain.refined_estimate is not None
    assert plain.continuum_estimate == continuum_estimate(1024)
    with_margin = with_estimates(
        ropecalc.min_base(64, 1024, margin=0.01, window=False, recommended=False)
    )
    assert with_margin.refined_estimate is None
    assert with_margin.continuum_estimate is None
    short = with_estimates(ropecalc.min_base(64, 512, window=False, recommended=False))
    assert short.refined_estimate is None
