"""Laws that the scaling methods keep, and the names they go by."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc import InvalidValueError, Spectrum, scaling
from ropecalc.exact import meets_bound
from ropecalc.results import Rope
from ropecalc.scaling.methods import METHODS
from tests.tools.laws import laws

ONES = [1.0] * 64
TENTH = 0.1
ROUNDING = Fraction(1, 10**60)
LONGROPE: dict[str, Any] = {
    "short_factor": ONES,
    "long_factor": [2.0] * 64,
    "original_context": 4096,
    "length": 8192,
    "factor": 2,
}
YARN: dict[str, Any] = {"factor": 8, "original_context": 4096}
DYNAMIC: dict[str, Any] = {"factor": 8, "original_context": 4096, "length": 8192}
VALID: dict[str, dict[str, Any]] = {
    "default": {"base": 1e4},
    "linear": {"base": 1e4, "factor": 8},
    "ntk_aware": {"base": 1e4, "factor": 8},
    "ntk_fixed": {"base": 1e4, "factor": 8},
    "ntk_mixed": {"base": 1e4, "factor": 8, "power": 0.625},
    "dynamic": {"base": 1e4, **DYNAMIC},
    "ntk_by_parts": {"base": 1e4, **YARN, "alpha": 1, "beta": 32},
    "yarn_paper": {"base": 1e4, **YARN, "alpha": 1, "beta": 32},
    "yarn": {"base": 1e4, **YARN, "mscale": 1.0, "mscale_all_dim": 0.5},
    "llama3": {"base": 1e4, **YARN, "low_freq_factor": 1, "high_freq_factor": 4},
    "longrope": {"base": 1e4, **LONGROPE},
    "divided": {"base": 1e4, "divisors": ONES},
    "proportional": {"base": 1e4, "factor": 1},
    "mrrope_uni": {"base": 1e4, **YARN},
    "mrrope_pro": {"base": 1e4, **YARN},
    "ntk_rcd": {"base": 1e4, **YARN, "critical_pair": 31},
    "cope": {"base": 1e4, "clipped": 20},
    "rope_ratio": {"ratio": 500},
    "explicit": {"angular_frequencies": ONES},
}
SCALED = [name for name in VALID if name not in ("default", "rope_ratio", "explicit", "cope")]


def made(name: str, **changed: Any) -> Spectrum:
    spectrum = getattr(scaling, name)(**(VALID[name] | changed))
    assert isinstance(spectrum, Spectrum)
    return spectrum


def close(found: Spectrum, expected: Spectrum) -> bool:
    """Whether two spectra agree to 65 digits."""
    return all(
        abs(a - b) <= b * Decimal("1e-65")
        for a, b in zip(found.exact_frequencies, expected.exact_frequencies, strict=True)
    )


@pytest.mark.parametrize(
    "name", [name for name in SCALED if name not in ("dynamic", "longrope", "divided")]
)
def test_a_factor_of_1_changes_nothing(name: str) -> None:
    """Dynamic NTK is not among them: at factor 1 its base still grows, by n / L."""
    found = made(name, factor=1, **({"mscale": None} if name == "yarn" else {}))
    assert close(found, scaling.default(1e4))
    assert found.attention_factor == 1.0


def test_lists_of_ones_change_nothing() -> None:
    assert close(made("divided"), scaling.default(1e4))
    assert close(made("longrope", long_factor=ONES), scaling.default(1e4))
    assert close(made("divided", factor=8), made("linear"))
    short = made("longrope", length=4096)
    assert close(short, scaling.default(1e4))
    assert close(made("longrope", length=4097), scaling.linear(1e4, factor=2))
    assert short.attention_factor == made("longrope").attention_factor > 1
    mscales = {"short_mscale": 1.25, "long_mscale": 1.5}
    factors = [made("longrope", length=n, **mscales).attention_factor for n in (4096, 4097)]
    assert factors == [1.25, 1.5]


def test_interpolation_is_a_change_of_unit() -> None:
    """S of linear(s) at m is S of default at m / s, between positions as well."""
    m = np.array([1, 2, 3, 1707, 13_649, 99_999, 2**30])
    found = ropecalc.similarity_at(scaling.linear(1e4, factor=8), m)
    expected = ropecalc.similarity_at(scaling.default(1e4), m / 8)
    assert np.abs(found - expected).max() < 2e-12
    assert np.abs(expected - ropecalc.similarity_at(scaling.default(1e4), m)).max() > 1


def test_dynamic_begins_at_the_trained_context() -> None:
    for length in (1, 4095, 4096):
        assert close(made("dynamic", length=length), scaling.default(1e4))
    assert (
        made("dynamic", length=4097).exact_frequencies[1]
        < scaling.default(1e4).exact_frequencies[1]
    )
    # at n = s L the growth is s^2 - s + 1
    assert close(made("dynamic", length=8 * 4096), scaling.ntk_aware(1e4, factor=57))
    assert scaling.dynamic_base(1e4, 128, 8, 4096, 100) == 1e4
    huge = {"factor": 1e100, "original_context": 1e100}  # nothing cancels
    assert close(made("dynamic", **huge), scaling.default(1e4))
    assert close(
        made("dynamic", factor=2.0**99, length=4097),
        scaling.ntk_aware(1e4, factor=Decimal(1 + 2**87)),
    )


@laws(max_examples=25)
@given(
    base=st.floats(100, 1e8),
    factor=st.floats(1, 1000),
    context=st.integers(256, 2**20),
    truncate=st.booleans(),
)
def test_blends_lie_between_kept_and_divided(
    base: float, factor: float, context: int, truncate: bool
) -> None:
    kept = scaling.default(base, 64).exact_frequencies
    length = {"factor": factor, "original_context": context}
    for spectrum in (
        scaling.yarn(base, 64, truncate=truncate, **length),  # type: ignore[arg-type]
        scaling.ntk_by_parts(base, 64, **length),  # type: ignore[arg-type]
        scaling.llama3(base, 64, **length),  # type: ignore[arg-type]
    ):
        found = spectrum.exact_frequencies
        assert all(a > b for a, b in pairwise(found))
        for theta, plain in zip(found, kept, strict=True):
            share = Fraction(theta) / Fraction(plain)
            assert 1 / Fraction(factor) * (1 - ROUNDING) <= share <= 1 + ROUNDING


def test_ntk_keeps_the_first_pair_and_divides_the_last() -> None:
    plain, found = scaling.default(1e4), made("ntk_aware")
    ratio = [a / b for a, b in zip(plain.exact_frequencies, found.exact_frequencies, strict=True)]
    assert ratio[0] == 1
    assert abs(ratio[-1] - 8) < Decimal("1e-26")  # the division's digits
    base = scaling.ntk_aware_base(1e4, 128, 8)
    expected = scaling.default(base).angular_frequencies
    assert found.angular_frequencies == pytest.approx(expected, rel=1e-14, abs=0)


def test_sus_family_runs_from_interpolation_to_ntk_fixed() -> None:
    assert close(made("ntk_mixed", power=1), made("ntk_fixed"))
    assert close(made("ntk_mixed", power=0), made("linear"))
    assert made("ntk_mixed") == scaling.ntk_mixed(1e4, factor=8)
    last = made("ntk_mixed").exact_frequencies[-1]
    assert abs(last / made("linear").exact_frequencies[-1] - 1) < Decimal("1e-26")


def test_proportional_leaves_out_what_default_spreads() -> None:
    part = scaling.proportional(1e6, 512, rotary_dim=128)
    whole = scaling.default(1e6, 512).exact_frequencies
    assert part.exact_frequencies == whole[:64]
    assert (part.unrotated_pairs, part.total) == (192, 256)
    assert (
        part.exact_frequencies[1:]
        != scaling.default(1e6, 512, rotary_dim=128).exact_frequencies[1:]
    )
    assert close(scaling.proportional(1e6, 512), scaling.default(1e6, 512))


def test_rope_ratio_is_a_base() -> None:
    assert scaling.rope_ratio(500, 128, rotary_dim=64) == scaling.default(5e6, 128, rotary_dim=64)
    assert scaling.rope_ratio(500).is_plain
    assert scaling.rope_ratio(0.7).base == Decimal(10_000 * 0.7)  # a float64, as in the model
    exact = Decimal("1.23456789012345678901234567890123456789")
    assert scaling.rope_ratio(exact).base == Decimal(str(exact).replace("1.2345", "12345."))


def test_explicit_frequencies_are_taken_as_they_are() -> None:
    thetas = [Decimal("0.1"), 0.1, 1, np.float32(0.5)]
    spectrum = scaling.explicit(thetas, 10)  # type: ignore[arg-type]
    exact = (Decimal("0.1"), Decimal(TENTH), Decimal(1), Decimal("0.5"))
    assert spectrum.exact_frequencies == exact
    assert spectrum.frequencies_to(500) == spectrum.exact_frequencies
    assert spectrum.unrotated_pairs == 1


def test_llama3_without_a_ramp_is_a_step() -> None:
    """low = high divides nothing by zero: pairs below so many turns are divided."""
    step = made("llama3", low_freq_factor=4, high_freq_factor=4).angular_frequencies
    plain = scaling.default(1e4).angular_frequencies
    turns = 4096 * plain / (2 * np.pi)
    assert (plain / step == np.where(turns > 4, 1, 8)).all()


def test_ends_of_the_ramp_where_it_has_no_room() -> None:
    """A trained context of fewer than beta_slow turns keeps every pair, as transformers does."""
    assert scaling.correction_range(1e4, 128, 4) == (0, -3)
    assert close(made("yarn", original_context=4), scaling.default(1e4))
    # the upper end is r - 1, not r / 2 - 1
    assert scaling.correction_range(1e4, 8, 2**28) == (6, 7)
    # so long a context turns the ramp around: every pair is divided, as in transformers
    assert scaling.correction_range(1e4, 8, 2**40) == (9, 7)
    turned = scaling.yarn(1e4, 8, factor=8, original_context=2**40)
    assert close(turned, scaling.linear(1e4, 8, factor=8))
    equal = scaling.correction_range(1e4, 128, 4096, 8, 8, truncate=False)
    assert equal[1] - equal[0] == pytest.approx(0.001, rel=1e-9)


@pytest.mark.parametrize("name", VALID)
def test_what_a_spectrum_says_of_itself(name: str) -> None:
    plain = name in ("default", "rope_ratio")
    spectrum = made(name, label="mine", count_unrotated=False, weights=[2.0] * 64)
    assert spectrum.rope_type == ("default" if plain else name)
    assert spectrum.is_plain == plain
    assert (spectrum.label, spectrum.count_unrotated, spectrum.total) == ("mine", False, 128)
    if name != "explicit":
        base = 5_000_000 if name == "rope_ratio" else 10_000
        assert spectrum.base == base
        assert made(name, head_dim=192, rotary_dim=128).unrotated_pairs == 32
    assert ropecalc.check(made(name, weights=None), 4).label == ""


@pytest.mark.parametrize("name", METHODS)
def test_from_rope_is_the_function_of_that_name(name: str) -> None:
    given_ = {key: value for key, value in VALID[name].items() if key != "base"}
    length = given_.pop("length", None)
    rope = Rope("all", name, 1e4, 192, 128, given_, context=length)
    expected = made(name, head_dim=192, rotary_dim=128, label="x")
    assert scaling.from_rope(rope, label="x") == expected
    if name in scaling.LENGTH_DEPENDENT:
        assert scaling.from_rope(rope, 100) == made(name, head_dim=192, rotary_dim=128, length=100)
        with pytest.raises(InvalidValueError, match="context is needed"):
            scaling.from_rope(Rope("all", name, 1e4, 128, 128, given_))


def test_a_rope_of_no_known_type_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="rope_type 'spiral' is not known"):
        scaling.from_rope(Rope("all", "spiral", 1e4, 128, 128))


def test_the_fastest_frequencies_keep_their_digits() -> None:
    """10,000 rad/token at distance 2^30: mpmath decides on a margin 1e-30 beside the similarity."""
    import mpmath

    spectrum = scaling.explicit([10_000, 1])
    with mpmath.workdps(80):
        share = abs(mpmath.cos(2**30 * mpmath.mpf(10_000)) + mpmath.cos(2**30)) / 2
        sign = mpmath.cos(2**30 * mpmath.mpf(10_000)) + mpmath.cos(2**30) > 0
        below, above = (Decimal(mpmath.nstr(share + x, 60)) for x in (-1e-37, 1e-37))
    assert meets_bound(spectrum, 2**30, below) == sign
    assert not meets_bound(spectrum, 2**30, above)


NAMES = (
    "Base Common LENGTH_DEPENDENT MAX_BASE MIN_BASE as_spectrum cope correction_range default "
    "divided dynamic dynamic_base exact_base explicit from_rope linear llama3 longrope "
    "longrope_attention_factor mrrope_pro mrrope_uni mscale ntk_aware ntk_aware_base ntk_by_parts "
    "ntk_fixed ntk_mixed ntk_rcd proportional rope_ratio yarn yarn_attention_factor yarn_paper "
    "yarn_rcd"
).split()
SUBMODULES = sorted(module.name for module in pkgutil.iter_modules(scaling.__path__))


def test_public_names_are_these_and_no_others() -> None:
    assert dir(scaling) == NAMES
    assert not set(NAMES) & set(SUBMODULES), "importing the module would hide the function"
    with pytest.raises(AttributeError, match=r"'ropecalc\.scaling' has no attribute 'spiral'"):
        scaling.spiral  # noqa: B018


def test_names_are_the_functions_once_all_modules_are_loaded() -> None:
    modules = [importlib.import_module(f"ropecalc.scaling.{name}") for name in SUBMODULES]
    for name in NAMES:
        value = getattr(scaling, name)
        assert any(vars(module).get(name) is value for module in modules)
        if inspect.isfunction(value):
            assert value.__name__ == name
            assert value.__doc__


@pytest.mark.parametrize("name", SUBMODULES)
def test_examples_of_the_docstrings(name: str) -> None:
    module = importlib.import_module(f"ropecalc.scaling.{name}")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(module, optionflags=flags)
    assert found.failed == 0
    assert found.attempted > 0 or name == "methods"
