"""The smallest scaling factor: published needs, both sides of each end by Arb, and laws."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Context, Decimal
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, reject
from hypothesis import strategies as st

import ropecalc
from ropecalc import FactorStatus, InvalidValueError, Rope
from ropecalc.base.scaled import FAMILIES
from ropecalc.results import WindowStatus
from ropecalc.scaling import from_rope, ntk_aware_base
from tests.tools import scaling_oracle
from tests.tools.laws import laws

LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}


def rope(method: str, base: float, original: int, dim: int = 128, **more: Any) -> Rope:
    with_original = method not in ("linear", "ntk_aware")
    given: dict[str, Any] = {"original_context": original} if with_original else {}
    given |= LLAMA3 if method == "llama3" else {}
    return Rope("all", method, base, dim, dim, {**given, **more}, context=original)


def similarity(one: Rope, factor: float, distance: int) -> arb:
    """S(m) in ball arithmetic: frequencies from their decimals, cosines from Arb."""
    spectrum = from_rope(replace(one, parameters={**one.parameters, "factor": factor}), distance)
    thetas = [arb(str(theta)) for theta in spectrum.frequencies_to(60)]
    return sum(((distance * theta).cos() for theta in thetas), arb(0))


def least(
    one: Rope,
    factor: float,
    context: int,
    weights: list[float] | None = None,
    margin: float = 0.0,
) -> float:
    """The least S(m) - tau S(0) over S(0) by plain NumPy."""
    spectrum = from_rope(replace(one, parameters={**one.parameters, "factor": factor}), context)
    w = np.array(weights or [1.0] * (one.rotary_dim // 2))
    cosines = np.cos(np.outer(np.arange(context), spectrum.angular_frequencies))
    return float((cosines @ w / w.sum()).min()) - margin


def breaks(*asked: Any) -> bool:
    """Whether plain NumPy finds a distance clearly below zero; asked as in ``least``."""
    return least(*asked) < -1e-9


def holds(*asked: Any) -> bool:
    """Whether plain NumPy finds every distance clearly above zero; asked as in ``least``."""
    return least(*asked) > 1e-9


KNOWN = [
    (rope("yarn", 1e6, 32_768), 131_072, 6.340289566, 128_312),
    (rope("yarn", 1e6, 32_768), 65_536, 2.519351420, 52_573),
    (rope("yarn", 5e5, 8_192), 131_072, 10.025541581, 59_562),
    (rope("llama3", 5e5, 8_192), 131_072, 9.302450486, 130_562),
    (rope("linear", 1e4, 4_096), 16_384, 9.602839789, 16_383),
]


@pytest.mark.parametrize(("one", "context", "factor", "distance"), KNOWN)
def test_needs_of_known_settings(one: Rope, context: int, factor: float, distance: int) -> None:
    found = ropecalc.min_factor(one, context, window=False, recommended=False)
    assert found.minimum_factor == pytest.approx(factor, rel=1e-9)
    assert found.critical_distance == distance
    low, high = found.enclosure or (0.0, 0.0)
    assert math.nextafter(low, math.inf) == high == found.minimum_factor
    previous, ctx.prec = ctx.prec, 200
    try:
        assert similarity(one, low, distance) < 0 < similarity(one, high, distance)
    finally:
        ctx.prec = previous


@pytest.mark.slow
def test_every_smaller_factor_of_a_dense_set_breaks_the_bound() -> None:
    one, context, factor, _ = KNOWN[1]
    assert all(breaks(one, s, context) for s in np.linspace(1, factor - 1e-6, 40).tolist())
    assert not breaks(one, factor + 1e-8, context)


def test_no_factor_is_large_enough() -> None:
    found = ropecalc.min_factor(rope("yarn", 1e4, 4_096), 131_072)
    assert found.status is FactorStatus.NO_FACTOR
    assert found.minimum_factor is found.recommended_factor is found.critical_distance is None
    assert (found.ratio, found.ratio_violation) == (32.0, 25_500)


def test_one_is_enough() -> None:
    found = ropecalc.min_factor(rope("yarn", 1e6, 32_768), 8_192)
    assert (found.status, found.minimum_factor) == (FactorStatus.ONE_IS_ENOUGH, 1.0)
    assert found.recommended_factor is None


def test_the_recommended_factor_has_room_and_is_the_first() -> None:
    one = rope("llama3", 5e5, 8_192, 64)
    found = ropecalc.min_factor(one, 16_384)
    assert found.minimum_factor is not None
    assert found.recommended_factor is not None
    assert found.minimum_factor < found.recommended_factor
    for share in np.linspace(-0.01, 0.01, 21).tolist():
        assert not breaks(one, found.recommended_factor * (1 + share), 16_384)


def test_ntk_aware_is_the_minimum_base_in_other_words() -> None:
    found = ropecalc.min_factor(rope("ntk_aware", 1e4, 1, 64), 4_096, recommended=False)
    assert found.minimum_factor is not None
    base = ropecalc.min_base(64, 4_096).minimum_base
    assert ntk_aware_base(1e4, 64, found.minimum_factor) == pytest.approx(base, rel=1e-12)


DYNAMIC = [(1_024, 4_096), (4_000, 4_096), (2_047, 4_096), (3_500, 8_191)]


@pytest.mark.parametrize(("original", "context"), DYNAMIC)
def test_dynamic_is_ntk_aware_at_its_length(original: int, context: int) -> None:
    """NTK-aware scaling by 1 + s (L'/L - 1): the smallest float64 s from 1 on that is enough."""
    one = rope("dynamic", 1e4, original, 64)
    found = ropecalc.min_factor(one, context, recommended=False, digits=25)
    assert found.minimum_factor is not None
    assert found.minimum_factor_digits is not None
    assert found.minimum_factor > 1
    before = Decimal(math.nextafter(found.minimum_factor, 0))
    assert before < found.minimum_factor_digits <= Decimal(found.minimum_factor)
    for s in np.linspace(1, found.minimum_factor - 1e-6, 40).tolist():
        assert breaks(one, s, context)
    low, high = found.enclosure or (0.0, 0.0)
    assert math.nextafter(low, math.inf) == high == found.minimum_factor
    previous, ctx.prec = ctx.prec, 200
    try:
        distance = found.critical_distance or 0
        assert dynamic_similarity(one, low, distance, context) < 0
        assert dynamic_similarity(one, high, distance, context) > 0
    finally:
        ctx.prec = previous


def dynamic_similarity(one: Rope, factor: float, distance: int, length: int) -> arb:
    """S(m) by Arb alone, from the formula of emozilla's dynamic scaling."""
    s, n = arb(factor), one.rotary_dim // 2
    growth = s * length / arb(one.parameters["original_context"]) - (s - 1)
    base = arb(one.base) * growth ** (arb(n) / (n - 1))
    return sum(((distance * base ** (-arb(i) / n)).cos() for i in range(n)), arb(0))


def test_a_factor_of_one_is_enough_for_dynamic_scaling_where_its_own_growth_is() -> None:
    """The sweep begins at 1: smaller factors are none, though some would meet the bound."""
    one = rope("dynamic", 2e5, 4_096)
    found = ropecalc.min_factor(one, 32_768)
    assert (found.status, found.minimum_factor) == (FactorStatus.ONE_IS_ENOUGH, 1.0)
    assert holds(one, 1.0, 32_768)


def test_linear_holds_without_end_once_the_last_distance_is_before_the_first_zero() -> None:
    found = ropecalc.min_factor(rope("linear", 1e4, 1_024, 64), 2_048, recommended=False)
    assert found.window_status is WindowStatus.ENDLESS
    assert found.critical_distance == 2_047


@pytest.mark.parametrize("method", list(FAMILIES))
def test_a_family_is_the_spectra_of_its_method(method: str) -> None:
    one = rope(method, 1e4, 512, 32)
    family = FAMILIES[method](head_dim=32, rotary_dim=32, rope=one, length=2_048)
    for factor in (1.0, 1.5, 3.0, 40.0):
        expected = family.spectrum(factor).angular_frequencies
        x = float(family.place(factor, mpmath.mp))
        assert family.thetas(x) == pytest.approx(expected, rel=1e-13)
        assert family.member(x, math) == pytest.approx(factor, rel=1e-14)


@pytest.mark.slow
@laws(max_examples=60)
@given(
    method=st.sampled_from(list(FAMILIES)),
    base=st.floats(2.0, 1e6),
    weights=st.lists(st.floats(0.01, 100.0), min_size=2, max_size=12),
    weighted=st.booleans(),
    original=st.integers(7, 300),
    context=st.integers(2, 600),
    beta_slow=st.floats(0.05, 4.0),
    ramp=st.floats(1.0, 64.0),
    margin=st.sampled_from([0.0, 0.01]),
)
def test_the_minimum_of_random_heads(
    method: str,
    base: float,
    weights: list[float],
    weighted: bool,
    original: int,
    context: int,
    beta_slow: float,
    ramp: float,
    margin: float,
) -> None:
    betas = {"beta_fast": beta_slow * ramp, "beta_slow": beta_slow}
    one = rope(method, base, original, 2 * len(weights), **(betas if method in RAMPED else {}))
    given = weights if weighted else None
    try:
        least(one, 1.0, context, given, margin)
    except InvalidValueError:
        reject()  # a ramp that runs backwards
    found = ropecalc.min_factor(
        one, context, weights=given, margin=margin, window=False, recommended=False
    )
    top = found.minimum_factor or 200.0
    for s in np.geomspace(1, top, 30)[:-1].tolist():
        if top - s > 1e-6 * top:
            assert not holds(one, s, context, given, margin)
    if found.minimum_factor is not None:
        assert not breaks(one, found.minimum_factor, context, given, margin)


RAMPED = ("yarn", "mrrope_uni", "mrrope_pro")


def test_a_method_without_a_growing_factor_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="rope_type must be one of linear, yarn"):
        ropecalc.min_factor(Rope("all", "default", 1e4, 64, 64, {}), 4_096)


@pytest.mark.parametrize("one", [rope("ntk_aware", 1e4, 1, 64), rope("dynamic", 1e4, 3_000, 64)])
def test_a_table_answers_for_larger_bases_as_the_sweep_does(monkeypatch: Any, one: Rope) -> None:
    short = ropecalc.min_factor(one, 4_096, window=False, recommended=False)
    monkeypatch.setattr("ropecalc.base.factor.known_start", lambda *_: None)
    swept = ropecalc.min_factor(one, 4_096, window=False, recommended=False)
    assert short.enclosure == swept.enclosure
    assert short.critical_distance == swept.critical_distance
    assert short.steps < swept.steps


def test_the_recommended_factor_of_dynamic_scaling_has_two_digits() -> None:
    one = rope("dynamic", 1e4, 1_024, 64)
    found = ropecalc.min_factor(one, 4_096, window=False, round_digits=3)
    assert found.recommended_factor is not None
    assert found.round_factor is not None
    assert found.minimum_factor is not None
    assert float(f"{found.recommended_factor:.2g}") == found.recommended_factor
    assert float(f"{found.round_factor:.3g}") == found.round_factor
    assert found.minimum_factor <= found.round_factor <= found.recommended_factor
    for share in (-0.01, 0.0, 0.01):
        growth = found.recommended_factor * 3 + 1  # L'/L - 1 = 3
        base = ntk_aware_base(1e4, 64, growth * (1 + share))
        assert ropecalc.check(base, 4_096, head_dim=64, next_base=False, room=False).holds


def test_a_check_of_a_scaling_that_breaks_names_the_smallest_factor() -> None:
    one = rope("yarn", 1e4, 256, 32, factor=1.5)
    broken = ropecalc.check(from_rope(one), 1_024)
    least = ropecalc.min_factor(one, 1_024, window=False, recommended=False).minimum_factor
    assert not broken.holds
    assert broken.minimum_factor == least
    more = replace(one, parameters={**one.parameters, "factor": least})
    assert ropecalc.check(from_rope(more), 1_024).minimum_factor is None
    weighted = from_rope(one, weights=[1, 2] * 8, count_unrotated=False)
    found = ropecalc.check(weighted, 1_200, margin=0.01)
    assert found.minimum_factor == (
        ropecalc.min_factor(
            one, 1_200, weights=[1, 2] * 8, count_unrotated=False, margin=0.01, window=False
        ).minimum_factor
    )
    assert ropecalc.check(1e4, 1_024, head_dim=32).minimum_factor is None


def test_a_plan_names_the_factor_with_room_beside_target_over_original() -> None:
    found = ropecalc.plan(
        1e4, 32, trained_context=256, context=1_024, methods=["yarn", "ntk-aware"]
    )
    yarn = found.candidate("yarn")
    assert yarn is not None
    assert yarn.rope.factor == 4
    least = ropecalc.min_factor(rope("yarn", 1e4, 256, 32), 1_024, window=False)
    assert yarn.factor_with_room == least.recommended_factor
    ntk = found.candidate("ntk-aware")
    assert ntk is not None
    assert ntk.factor_with_room is None


def test_an_inspection_names_the_minimum_factor_of_a_scaling() -> None:
    found = ropecalc.inspect(ropecalc.find_model("gpt-oss-20b"))
    full, windowed = found.layers
    assert full.minimum_factor == pytest.approx(70.24540243, rel=1e-9)
    assert windowed.minimum_factor == 1
    assert ropecalc.inspect(ropecalc.find_model("Llama-2-7B")).layers[0].minimum_factor is None


def test_dynamic_scaling_changes_nothing_up_to_its_original_context() -> None:
    one = rope("dynamic", 1e4, 4_096)
    kept, broken = (ropecalc.min_factor(one, context) for context in (1_024, 2_048))
    assert (kept.status, kept.minimum_factor) == (FactorStatus.ONE_IS_ENOUGH, 1.0)
    assert kept.window_status is WindowStatus.ENDLESS
    assert broken.status is FactorStatus.NO_FACTOR
    assert broken.minimum_factor is broken.recommended_factor is broken.window_end is None


def test_one_pair_of_linear_interpolation_is_a_cosine() -> None:
    found = ropecalc.min_factor(rope("linear", 1e4, 1, 2), 100, recommended=False)
    assert found.minimum_factor == pytest.approx(99 / (math.pi / 2), rel=1e-15)


@pytest.mark.parametrize(
    "one",
    [
        rope("yarn", 9871.3, 1_024, 64),
        rope("llama3", 9871.3, 1_024, 64),
        rope("linear", 9871.3, 1_024, 64),
        rope("ntk_aware", 9871.3, 1_024, 64),
        rope("dynamic", 9871.3, 1_024, 64),
    ],
    ids=lambda one: one.rope_type,
)
def test_more_digits_than_decimal_begins_with(one: Rope) -> None:
    """45 of them, the last rounded up: S changes its sign between it and the number before."""
    found = ropecalc.min_factor(one, 2_000, window=False, recommended=False, digits=45)
    number, distance = found.minimum_factor_digits, found.critical_distance
    assert number is not None
    assert distance is not None
    assert len(number.as_tuple().digits) == 45
    assert 1 < number < 10
    before = Context(prec=50).subtract(number, Decimal("1e-44"))
    previous, ctx.prec = ctx.prec, 400
    try:
        assert exact_similarity(one, number, distance, 2_000) > 0
        assert exact_similarity(one, before, distance, 2_000) < 0
    finally:
        ctx.prec = previous


def exact_similarity(one: Rope, factor: Decimal, distance: int, length: int) -> arb:
    """S(m) by Arb, its frequencies by the formulas of the tests' own oracle to 80 digits."""
    with mpmath.workdps(80):
        formula = getattr(scaling_oracle, one.rope_type)
        more = {"length": length} if one.rope_type == "dynamic" else {}
        given = {"factor": mpmath.mpf(str(factor)), **one.parameters, **more}
        thetas = formula(mpmath.mpf(one.base), one.rotary_dim, **given)
        decimals = [mpmath.nstr(theta, 75) for theta in thetas]
    return sum(((distance * arb(theta)).cos() for theta in decimals), arb(0))
