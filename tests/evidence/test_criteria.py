"""Rival criteria: each paper's own numbers, and the bound beside them."""

from __future__ import annotations

import mpmath
import pytest

from ropecalc import evidence, scaling
from ropecalc.errors import InvalidValueError
from ropecalc.evidence.rivals import PEAK, band, epsilon_base, extrapolation
from ropecalc.extension.criteria import critical_dimension
from ropecalc.results import Criteria, Criterion
from tests.conftest import RunCli


def of(found: Criteria) -> dict[str, Criterion]:
    return {one.name: one for one in found.criteria}


@pytest.mark.parametrize(
    ("base", "rotary_dim", "trained", "published"),
    [
        (1e4, 256, 8192, 107.21),  # Gemma
        (1e6, 128, 40_960, 43.19),  # Qwen3
        (1e4, 128, 4096, 48.79),  # Llama 2
        (5e5, 128, 8192, 37.62),  # Llama 3
        (512, 128, 512, 50.70),
        (1e4, 128, 512, 34.34),
        (5e5, 128, 512, 24.10),
        (1e6, 128, 512, 22.89),
    ],
)
def test_the_band_of_fmrope_is_the_published_one(
    base: float, rotary_dim: int, trained: int, published: float
) -> None:
    assert band(base, rotary_dim, trained) == pytest.approx(published, abs=0.005)


def test_the_peak_of_fmrope_is_where_the_variance_is_greatest() -> None:
    def slope(x: mpmath.mpf) -> mpmath.mpf:
        return mpmath.diff(lambda t: mpmath.sin(2 * t) / (4 * t) - (mpmath.sin(t) / t) ** 2, x)

    assert float(mpmath.findroot(slope, 3.6)) == pytest.approx(PEAK, abs=1e-6)


@pytest.mark.parametrize(
    ("context", "published", "of_32_layers"),
    [
        (4096, 9_082, 50_503),
        (32_768, 72_652, 404_026),
        (131_072, 290_608, 1.616e6),
        (1_048_576, 2.325e6, 1.293e7),
    ],
)
def test_the_bases_of_2602_10959_are_the_published_ones(
    context: int, published: float, of_32_layers: float
) -> None:
    assert epsilon_base(context) == pytest.approx(published, rel=5e-4)
    assert epsilon_base(context, 32) == pytest.approx(of_32_layers, rel=5e-4)
    exact = context / mpmath.acos(mpmath.mpf(0.9) ** (mpmath.mpf(1) / 32))
    assert epsilon_base(context, 32) == pytest.approx(float(exact), rel=1e-12)


def test_the_ceiling_of_2602_10959_is_that_of_float32() -> None:
    one = of(evidence.criteria(scaling.default(1e7), 32_768))["precision"]
    assert (one.greatest_base, one.met) == (8_388_608, False)
    assert of(evidence.criteria(scaling.default(8e6), 32_768))["precision"].met


def test_aliasing_is_two_pi_times_the_base() -> None:
    one = of(evidence.criteria(scaling.default(1e4), 32_768))["aliasing"]
    assert one.longest_context == pytest.approx(62_831.853, abs=1e-3)
    assert one.met
    assert not of(evidence.criteria(scaling.default(1e4), 62_832))["aliasing"].met


def test_the_critical_dimension_and_limit_of_liu_are_the_published_ones() -> None:
    assert critical_dimension(1e4, 128, 4096) == 92  # Llama 2
    # the theoretical critical pairs of LongRoPE2: Llama-3-8B and Phi-3-mini
    assert (critical_dimension(5e5, 128, 8192), critical_dimension(1e4, 96, 2048)) == (70, 62)
    exact = 2 * mpmath.pi * mpmath.mpf(10) ** (mpmath.mpf(6 * 92) / 128)
    assert extrapolation(1e6, 1e4, 128, 4096) == pytest.approx(float(exact), rel=1e-12)


def test_the_bound_is_that_of_men() -> None:
    """Llama 2 breaks it at 1,707 tokens; Llama 3 meets it in its 8,192."""
    llama2 = of(evidence.criteria(scaling.default(1e4), 4096))["bound"]
    assert (llama2.met, llama2.longest_context) == (False, 1707)
    assert of(evidence.criteria(scaling.default(5e5), 8192))["bound"].met
    free = of(evidence.criteria(scaling.default(1e4, 128, rotary_dim=64), 4096))["bound"]
    assert (free.met, free.longest_context) == (None, None)


@pytest.mark.parametrize(
    ("context", "published", "met"),
    [
        (1024, 4.3e3, True),
        (2048, 1.6e4, True),
        (4096, 2.7e4, False),
        (8192, 8.4e4, True),
        (16_384, 3.1e5, False),
        (32_768, 6.4e5, False),
        (65_536, 2.1e6, True),
        (131_072, 7.8e6, False),
    ],
)
def test_of_the_bases_that_men_published_some_meet_the_bound(
    context: int, published: float, met: bool
) -> None:
    """Their Table 2 comes from a grid: what breaks it as printed lies near one that meets it."""
    one = of(evidence.criteria(scaling.default(published), context))["bound"]
    theta = [mpmath.mpf(published) ** (-mpmath.mpf(i) / 64) for i in range(64)]
    assert one.met is met
    if not met:
        assert one.longest_context is not None
        assert one.longest_context < context
        at = int(one.longest_context)
        assert mpmath.fsum(mpmath.cos(at * t) for t in theta) < 0


@pytest.mark.parametrize(("base", "published"), [(500, 128), (652, 128), (1e4, 92)])
def test_below_a_base_of_652_llama_2_saw_whole_turns_of_all_pairs(
    base: float, published: int
) -> None:
    """Liu's smallest knee is T / (2 pi) = 652 at 4,096 tokens, and 92 the critical dimension."""
    assert critical_dimension(base, 128, 4096) == published


def test_without_a_trained_context_angles_are_not_judged() -> None:
    without = of(evidence.criteria(scaling.default(1e6), 131_072))
    assert {without[name].met for name in ("critical base", "unseen angles")} == {None}
    known = of(evidence.criteria(scaling.default(1e6), 131_072, trained_context=32_768))
    assert {known[name].met for name in ("critical base", "unseen angles")} == {False}
    assert known["critical base"].least_base == pytest.approx(9_370_821, rel=1e-6)
    same = of(evidence.criteria(scaling.default(1e6), 32_768, trained_context=32_768))
    assert {same[name].met for name in ("critical base", "unseen angles")} == {True}


@pytest.mark.slow
def test_the_evidence_of_each_is_counted_from_the_table() -> None:
    said = of(evidence.criteria(scaling.default(1e6), 32_768))
    settings = [one for one in evidence.summary().settings if one.comparable and one.sourced]
    above = [one for one in settings if one.base >= 2**23]
    kept = [one for one in above if (one.length_at_85 or one.longest or 0) >= 65_536]
    assert said["precision"].evidence.startswith(f"{len(kept)} of {len(above)} settings")
    plain = [one for one in settings if one.rope_type == "default" and one.longest == 131_072]
    for name in ("bound", "aliasing", "epsilon", "depth"):
        assert said[name].evidence.endswith(f"of {len(plain)} plain bases")


def test_a_spectrum_without_a_base_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="about a base"):
        evidence.criteria(scaling.explicit([1.0, 0.1]), 64)
    with pytest.raises(InvalidValueError, match="layers must be at least 1"):
        evidence.criteria(scaling.default(1e4), 64, layers=0)


def test_the_command_names_what_is_broken(run_cli: RunCli) -> None:
    done = run_cli("criteria", "Qwen3-8B", "--ctx", "128k", "-q")
    assert (done.returncode, done.stdout.split("\n")) == (
        0,
        ["bound", "depth", "critical base", "unseen angles", ""],
    )
    assert "give" in run_cli("criteria", "--base", "1e6").stderr
    assert run_cli("criteria", "--base", "1e6").returncode == 2
