"""Methods of 2025 and 2026: their formulas by mpmath, and what their papers say of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx

import ropecalc
from ropecalc import InvalidValueError, Rope, scaling
from ropecalc.models.setting import make_setting
from ropecalc.scaling import from_rope
from ropecalc.scaling.by_pair import critical_pair_of, ntk_rcd_base
from ropecalc.stacks.exactness import outcome
from ropecalc.stacks.registry import stack_named
from ropecalc.stacks.wanted import wanted
from ropecalc.stacks.writing import emit

LLAMA_3 = {"base": 5e5, "factor": 16, "original_context": 8192}
LLAMA_2 = {"base": 1e4, "factor": 8, "original_context": 4096}
QWEN = {"base": 1e6, "factor": 4, "original_context": 32_768}


def digits(spectrum: ropecalc.Spectrum) -> list[Any]:
    return [mpmath.mpf(str(theta)) for theta in spectrum.frequencies_to(40)]


def plain(base: float, n: int) -> list[Any]:
    return [mpmath.mpf(base) ** (-mpmath.mpf(i) / n) for i in range(n)]


def assert_equal(spectrum: ropecalc.Spectrum, expected: list[Any]) -> None:
    for mine, exact in zip(digits(spectrum), expected, strict=True):
        assert abs(mine - exact) <= mpmath.mpf(10) ** -38 * (exact or 1)


def radices(given: dict[str, Any], n: int, progressive: bool) -> list[Any]:
    """lambda_j of the paper: s^eps_j for low <= j < high, else 1."""
    base, s, length = given["base"], mpmath.mpf(given["factor"]), given["original_context"]
    turns = [n * mpmath.log(length / (2 * mpmath.pi * b)) / mpmath.log(base) for b in (32, 1)]
    low, high = max(int(mpmath.floor(turns[0])), 0), int(mpmath.ceil(turns[1]))
    width = high - low
    found = []
    for j in range(n):
        share = mpmath.mpf(2 * (1 + j - low)) / ((1 + width) * width)
        found.append(s ** (share if progressive else mpmath.mpf(1) / width))
        if not low <= j < high:
            found[-1] = mpmath.mpf(1)
    return found


@pytest.mark.parametrize("given", [LLAMA_3, LLAMA_2, QWEN], ids=["llama 3", "llama 2", "qwen"])
@pytest.mark.parametrize("name", ["mrrope_uni", "mrrope_pro"])
def test_mrrope_divides_by_the_product_of_its_radices(name: str, given: dict[str, Any]) -> None:
    with mpmath.workdps(60):
        products, product = [], mpmath.mpf(1)
        for radix in radices(given, 64, name == "mrrope_pro"):
            products.append(product)
            product *= radix
        spectrum = getattr(scaling, name)(head_dim=128, **given)
        expected = [theta / p for theta, p in zip(plain(given["base"], 64), products, strict=True)]
        assert_equal(spectrum, expected)
        assert abs(product / given["factor"] - 1) < 1e-50
    assert spectrum.attention_factor == 0.1 * math.log(given["factor"]) + 1
    assert spectrum.rope_type == name


def test_yarn_is_regressive_uni_even_and_pro_progressive() -> None:
    """arXiv 2601.22181, section 3: how the radices of the three follow one another.

    Of YaRN that is so as its paper has it, with a ramp over the turns; with that of the stacks,
    over the pairs, its radices rise.
    """
    grown = {}
    for name in ("yarn_paper", "yarn", "mrrope_uni", "mrrope_pro"):
        spectrum = getattr(scaling, name)(head_dim=128, **LLAMA_3)
        divisors = np.array([float(p) for p in plain(5e5, 64)]) / spectrum.angular_frequencies
        grown[name] = np.diff(np.log(divisors[divisors > 1 + 1e-9][:17]))
    assert np.all(np.diff(grown["yarn_paper"][1:-1]) < 0)
    assert np.all(np.diff(grown["yarn"][1:-1]) > 0)
    assert np.abs(np.diff(grown["mrrope_uni"][:-1])).max() < 1e-9
    assert np.all(np.diff(grown["mrrope_pro"][:-1]) > 0)


FIRST = {  # of YaRN, Uni, Pro: computed for the settings of the paper's tables
    "llama 3": (LLAMA_3, (199_047, 223_119, 199_731)),
    "qwen": (QWEN, (66_234, 82_192, 80_321)),
    "llama 2": (LLAMA_2, (8_886, 7_078, 6_664)),
}


@pytest.mark.parametrize("name", FIRST)
def test_first_violations_of_the_settings_of_the_paper(name: str) -> None:
    given, expected = FIRST[name]
    for method, first in zip(("yarn", "mrrope_uni", "mrrope_pro"), expected, strict=True):
        spectrum = getattr(scaling, method)(head_dim=128, **given)
        assert ropecalc.max_context(spectrum, limit=2**18).first_violation == first


def test_pro_lifts_the_bound_of_llama_2_to_about_28_thousand_tokens() -> None:
    """Figure 5 of the paper, by the bound of Men et al.; 32 times is the extension to 128k."""
    spectrum = scaling.mrrope_pro(1e4, 128, factor=32, original_context=4096)
    first = ropecalc.max_context(spectrum, limit=2**16).first_violation
    assert first is not None
    assert abs(first - 28_000) < 1_000


@pytest.mark.parametrize(
    ("base", "dim", "length", "pair"), [(1e4, 96, 2048, 31), (5e5, 128, 8192, 35)]
)
def test_theoretical_critical_pairs_of_longrope2(
    base: float, dim: int, length: int, pair: int
) -> None:
    """arXiv 2502.20082, equation 7 and section 3.2."""
    assert critical_pair_of(base, dim, length) == pair
    assert 2 * pair == ropecalc.critical_dimension(base, dim, length)
    assert (dim, pair) != (96, 31) or math.floor(math.tau * base ** (94 / 96)) == 51_861


def test_ntk_from_the_critical_pair_is_a_larger_base() -> None:
    with mpmath.workdps(60):
        s = mpmath.mpf(16)
        expected = [theta * s ** (-mpmath.mpf(i) / 30) for i, theta in enumerate(plain(5e5, 64))]
        assert_equal(scaling.ntk_rcd(5e5, 128, factor=16, critical_pair=30), expected)
    base = ntk_rcd_base(5e5, 128, 16, 30)
    larger = scaling.default(base, 128).angular_frequencies
    assert larger == pytest.approx([float(theta) for theta in expected], rel=1e-13)


def test_ntk_of_liu_is_that_of_the_critical_pair_that_is_no_whole_number() -> None:
    """The base of section 2.3, b^(log_(L/2pi) (L'/2pi)), divides the critical pair by s."""
    length, target, base = 8192, 131_072, 5e5
    pair = 64 * math.log(length / math.tau) / math.log(base)
    liu = ropecalc.critical_base(base, length, target)
    assert liu == pytest.approx(base * 16 ** (64 / pair), rel=1e-12)
    assert ntk_rcd_base(base, 128, 16, math.ceil(pair)) < liu
    assert ntk_rcd_base(base, 128, 16, math.floor(pair)) > liu


@pytest.mark.parametrize("pair", [19, 25, 30, 35])
def test_yarn_up_to_the_critical_pair_divides_it_by_the_factor(pair: int) -> None:
    spectrum = scaling.yarn_rcd(5e5, 128, factor=16, original_context=8192, critical_pair=pair)
    divisors = np.array([float(p) for p in plain(5e5, 64)]) / spectrum.angular_frequencies
    low, _ = scaling.correction_range(5e5, 128, 8192)
    ramp = np.clip((np.arange(64) - low) / (pair - low), 0, 1)
    assert divisors == pytest.approx(1 / (1 - ramp + ramp / 16), rel=1e-12)
    assert spectrum.attention_factor == scaling.yarn_attention_factor(16)


def test_yarn_up_to_the_theoretical_critical_pair_is_yarn() -> None:
    own = scaling.yarn(5e5, 128, factor=16, original_context=8192)
    found = scaling.yarn_rcd(5e5, 128, factor=16, original_context=8192)
    assert found.angular_frequencies == pytest.approx(own.angular_frequencies, rel=1e-15)


def test_cope_fades_out_the_last_20_pairs() -> None:
    """The authors' code: 0.5 (1 + cos(linspace(0, pi, 20))) over the last 20 of 64 pairs."""
    with mpmath.workdps(60):
        shares = [(1 + mpmath.cos(mpmath.pi * k / 19)) / 2 for k in range(20)]
        faded = [s * theta for s, theta in zip([1] * 44 + shares, plain(1e7, 64), strict=True)]
        assert_equal(scaling.cope(1e7, 128), faded)
    assert scaling.cope(1e7, 128).exact_frequencies[-1] == 0
    assert scaling.cope(1e4, 16).angular_frequencies[0] == 1  # all 8 of 8, from the first
    assert scaling.cope(1e4, 16, clipped=2).angular_frequencies[-2:].tolist()[1] == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: scaling.cope(1e4, 64, clipped=1), "clipped must be an integer from 2"),
        (lambda: scaling.cope(1e4, 64, rotary_dim=2), "cope needs two rotated pairs"),
        (lambda: scaling.mrrope_uni(1e4, 64, factor=0.5, original_context=64), "factor must be"),
        (lambda: scaling.mrrope_pro(1e4, 64, factor=2, original_context=4), "must be longer"),
        (lambda: scaling.ntk_rcd(1e4, 64, factor=2), "critical_pair, or the original context"),
        (lambda: scaling.ntk_rcd(1e4, 64, factor=2, critical_pair=0), "critical_pair must be"),
        (lambda: scaling.ntk_rcd(1e4, 64, factor=2, critical_pair=32), "critical_pair must be"),
        (lambda: ntk_rcd_base(1e200, 128, 1e9, 2), "factor must be smaller"),
    ],
)
def test_what_lies_outside_the_domain_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        make()


# --- by their names -----------------------------------------------------------------------------

NAMED = {
    "mrrope-uni": lambda: scaling.mrrope_uni(5e5, 128, factor=16, original_context=8192),
    "mrrope-pro": lambda: scaling.mrrope_pro(5e5, 128, factor=16, original_context=8192),
    "ntk-rcd:30": lambda: scaling.ntk_rcd(5e5, 128, factor=16, critical_pair=30),
    "ntk-rcd": lambda: scaling.ntk_rcd(5e5, 128, factor=16, original_context=8192),
    "yarn-rcd:30": lambda: scaling.yarn_rcd(
        5e5, 128, factor=16, original_context=8192, critical_pair=30
    ),
    "cope": lambda: scaling.cope(5e5, 128),
    "cope:8": lambda: scaling.cope(5e5, 128, clipped=8),
    "proportional:0.75": lambda: scaling.proportional(5e5, 128, rotary_dim=96),
}


def setting_of(name: str) -> Any:
    model = ropecalc.find_model("Llama-3-8B")
    return make_setting(model, model.rope, rope_type=name, context=131_072)


@pytest.mark.parametrize("name", NAMED)
def test_a_setting_by_its_name_has_the_frequencies_of_the_method(name: str) -> None:
    found, expected = from_rope(setting_of(name).rope, 131_072), NAMED[name]()
    assert found.rotary_dim == expected.rotary_dim
    assert found.exact_frequencies == expected.exact_frequencies
    assert found.attention_factor == expected.attention_factor


@pytest.mark.parametrize("name", [name for name in NAMED if name != "proportional:0.75"])
@pytest.mark.parametrize("stack", ["transformers", "vllm", "sglang"])
def test_stacks_with_longrope_compute_them_exactly(name: str, stack: str) -> None:
    written = emit(setting_of(name), stack)
    assert (written.exact, written.verified) == (True, True), written.notes


def test_what_is_written_has_the_frequencies_of_the_method() -> None:
    """Beside the stack's own run: the lists as they stand in the text."""
    import json

    for name in ("mrrope-pro", "cope"):
        written = json.loads(emit(setting_of(name), "transformers").text)["rope_parameters"]
        lists = np.array(written["long_factor"])
        thetas = np.array([float(p) for p in plain(5e5, 64)]) / lists
        expected = NAMED[name]().angular_frequencies
        assert thetas == pytest.approx(expected, rel=1e-14, abs=1e-30)
        assert written["short_factor"] == written["long_factor"]
        assert written["attention_factor"] == NAMED[name]().attention_factor


def test_a_stack_without_lists_is_not_exact() -> None:
    goal = wanted(setting_of("mrrope-pro"))
    stack = stack_named("litgpt")
    assert not outcome(stack, goal, stack.required("write")(goal)).exact


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cope:x", "takes a number after a colon"),
        ("cope:2.5", "takes a number after a colon"),
        ("yarn:3", "takes a number after a colon"),
        ("ntk-rcd:0", "takes a number after a colon"),
        ("ntk-rcd:64", "critical_pair must be an integer from 1 to 63"),
        ("proportional:1.5", "a part of the head from 0 to 1"),
        ("mrrope", "rope_type must be one of"),
    ],
)
def test_numbers_that_a_method_does_not_take_are_refused(name: str, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        from_rope(setting_of(name).rope, 131_072)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mrrope_uni", "mrrope_pro", "ntk_rcd"])
def test_minimum_factors_are_certified_by_arb(method: str) -> None:
    one = Rope("all", method, 1e4, 32, 32, {"original_context": 256}, context=256)
    found = ropecalc.min_factor(one, 1_024, window=False, recommended=False)
    assert found.critical_distance is not None
    assert found.enclosure is not None
    ends = [similarity(one, factor, found.critical_distance) for factor in found.enclosure]
    assert ends[0] < 0 < ends[1]
    for s in np.geomspace(1, found.enclosure[0] * (1 - 1e-9), 40).tolist():
        spectrum = from_rope(replace(one, parameters={**one.parameters, "factor": s}))
        assert ropecalc.max_context(spectrum, limit=1_024).first_violation is not None


def similarity(one: Rope, factor: float, distance: int) -> arb:
    previous, ctx.prec = ctx.prec, 200
    try:
        spectrum = from_rope(replace(one, parameters={**one.parameters, "factor": factor}))
        thetas = [arb(str(theta)) for theta in spectrum.frequencies_to(60)]
        return sum(((distance * theta).cos() for theta in thetas), arb(0))
    finally:
        ctx.prec = previous


def test_yarn_up_to_a_critical_pair_has_a_minimum_factor_and_a_proof() -> None:
    rope = make_setting(
        None,
        Rope("all", "default", 1e4, 32, 32),
        context=1_024,
        original_context=256,
        rope_type="yarn-rcd:5",
    ).rope
    assert rope.rope_type == "yarn"
    found = ropecalc.min_factor(rope, 1_024, recommended=False)
    proof = ropecalc.certify_factor(rope, 1_024)
    assert float(proof.claim.high) == found.minimum_factor
