"""Every scaling method against its formula in 150-digit mpmath, and its similarity too."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc import Spectrum, scaling
from ropecalc.exact import meets_bound
from ropecalc.scaling import Base
from tests.tools import scaling_oracle as oracle
from tests.tools.laws import laws
from tests.tools.speeds import first_quick

DIGITS = 150  # of the oracles
DISTANCES = [0, 1, 1707, 4095, 131_071, 2**20 - 1, 935_093_123, 2**30]
BETWEEN = [0.5, 1706.25, 131_071.75]

# What the methods take beside base and dims.

FACTORS = st.one_of(st.sampled_from([1, 1.0, 2.0, 8, 32, 40.0]), st.floats(1, 1000))
POSITIVE = st.one_of(st.sampled_from([1, 0.5, 8.0]), st.floats(1e-4, 1000))
LENGTHS = st.sampled_from([64, 2048, 4096, 8192, 32_768, 262_144])
LOW = st.integers(10, 900).map(lambda x: x / 100)  # turns, from a grid: ramps are no steps
HIGH = st.integers(901, 6400).map(lambda x: x / 100)


LIST = st.lists(st.floats(0.5, 100), min_size=32, max_size=32)
PARAMETERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "default": {},
    "linear": {"factor": POSITIVE},
    "ntk_aware": {"factor": FACTORS},
    "ntk_fixed": {"factor": FACTORS},
    "ntk_mixed": {"factor": FACTORS, "power": st.floats(0, 3)},
    "dynamic": {
        "factor": FACTORS,
        "original_context": LENGTHS,
        "length": st.integers(1, 2**30),
    },
    "ntk_by_parts": {
        "factor": FACTORS,
        "original_context": LENGTHS,
        "alpha": LOW,
        "beta": HIGH,
    },
    "yarn": {
        "factor": FACTORS,
        "original_context": LENGTHS,
        "beta_fast": HIGH,
        "beta_slow": LOW,
        "truncate": st.booleans(),
    },
    "llama3": {
        "factor": POSITIVE,
        "original_context": LENGTHS,
        "low_freq_factor": LOW,
        "high_freq_factor": HIGH,
    },
    "longrope": {
        "short_factor": LIST,
        "long_factor": LIST,
        "original_context": LENGTHS,
        "length": st.integers(1, 2**20),
    },
    "divided": {"divisors": LIST, "factor": st.floats(1e-3, 1e4)},
    "proportional": {"factor": POSITIVE},
}
PARAMETERS["yarn_paper"] = PARAMETERS["ntk_by_parts"]


def of(name: str, base: Any, head_dim: int, rotary_dim: int, **parameters: Any) -> Spectrum:
    if name == "longrope":
        parameters["attention_factor"] = 1.0
    spectrum = getattr(scaling, name)(base, head_dim, rotary_dim=rotary_dim, **parameters)
    assert isinstance(spectrum, Spectrum)
    assert spectrum.rope_type == name
    return spectrum


def worst(found: tuple[Decimal, ...], exact: oracle.Numbers) -> Any:
    """The largest relative error."""
    return max(abs(mpmath.mpf(str(f)) / e - 1) for f, e in zip(found, exact, strict=True))


@pytest.mark.parametrize("name", PARAMETERS)
@laws(max_examples=12)
@given(data=st.data())
def test_frequencies_are_those_of_the_formula(name: str, data: st.DataObject) -> None:
    base = data.draw(st.one_of(st.sampled_from([1e4, 5e5, 1e6]), st.floats(2, 1e12)), "base")
    rotary_dim = data.draw(st.sampled_from([4, 6, 32, 64]), "rotary_dim")
    head_dim = rotary_dim + data.draw(st.sampled_from([0, 0, 2, 64]), "beside")
    parameters = data.draw(st.fixed_dictionaries(PARAMETERS[name]), "parameters")
    for key in {"short_factor", "long_factor", "divisors"} & set(parameters):
        parameters[key] = parameters[key][: rotary_dim // 2]
    spectrum = of(name, base, head_dim, rotary_dim, **parameters)
    with mpmath.workdps(DIGITS):
        exact = oracle.frequencies(name, base, head_dim, rotary_dim, **parameters)
        assert worst(spectrum.exact_frequencies, exact) < mpmath.mpf("1e-58")
        assert worst(spectrum.frequencies_to(120), exact) < mpmath.mpf("1e-118")
        for found, theta in zip(spectrum.angular_frequencies, exact, strict=True):
            gap = abs(mpmath.mpf(float(found)) - theta)
            for other in (np.nextafter(found, 0), np.nextafter(found, np.inf)):
                assert gap <= abs(mpmath.mpf(float(other)) - theta)


def test_a_ramp_over_all_pairs_is_exact_as_well() -> None:
    """Both of its ends are the least and the most that they may be."""
    head = {"base": 2.0, "head_dim": 4, "rotary_dim": 4}
    ramp = {"original_context": 64, "beta_fast": 10.19, "beta_slow": 0.1, "truncate": False}
    for factor in (1, 4):
        spectrum = of("yarn", **head, factor=factor, **ramp)  # type: ignore[arg-type]
        with mpmath.workdps(DIGITS):
            exact = oracle.frequencies("yarn", 2.0, 4, 4, factor=factor, **ramp)
            assert worst(spectrum.exact_frequencies, exact) < mpmath.mpf("1e-58")


def test_the_callers_decimal_context_does_not_matter() -> None:
    given_ = {"factor": 3.7, "original_context": 4096}
    with localcontext() as careless:
        careless.prec, careless.Emax, careless.Emin = 5, 9, -9
        found = [scaling.yarn(1e4, **given_), scaling.ntk_by_parts(1e4, **given_)]  # type: ignore[arg-type]
        found += [scaling.proportional(1e4, factor=3.7), scaling.ntk_mixed(1e4, factor=3.7)]
        found += [scaling.rope_ratio(0.7), scaling.rope_ratio(Decimal("0.7000001"))]
        bases = scaling.ntk_aware_base(1e4, 128, 8), scaling.dynamic_base(1e4, 128, 2, 2048, 4096)
        ends = scaling.correction_range(1e4, 128, 4096, truncate=False)
        assert getcontext().prec == 5
    again = [scaling.yarn(1e4, **given_), scaling.ntk_by_parts(1e4, **given_)]  # type: ignore[arg-type]
    again += [scaling.proportional(1e4, factor=3.7), scaling.ntk_mixed(1e4, factor=3.7)]
    again += [scaling.rope_ratio(0.7), scaling.rope_ratio(Decimal("0.7000001"))]
    assert found == again
    assert bases == (
        scaling.ntk_aware_base(1e4, 128, 8),
        scaling.dynamic_base(1e4, 128, 2, 2048, 4096),
    )
    assert ends == scaling.correction_range(1e4, 128, 4096, truncate=False)


TYPICAL: dict[str, dict[str, Any]] = {
    "linear": {"factor": 8},
    "ntk_aware": {"factor": 8},
    "ntk_fixed": {"factor": 8},
    "ntk_mixed": {"factor": 8},
    "dynamic": {"factor": 2, "original_context": 4096, "length": 30_000},
    "ntk_by_parts": {"factor": 8, "original_context": 4096},
    "yarn": {"factor": 8, "original_context": 4096},
    "llama3": {"factor": 8, "original_context": 8192},
    "longrope": {
        "short_factor": [1.0] * 48,
        "long_factor": [1 + i**2 / 40 for i in range(48)],
        "original_context": 4096,
        "length": 131_072,
    },
    "divided": {"divisors": [1 + i / 10 for i in range(48)], "factor": 2},
    "proportional": {"factor": 2},
}


@pytest.mark.parametrize("name", TYPICAL)
def test_similarity_of_scaled_spectra_stays_within_its_error_bound(name: str) -> None:
    spectrum = of(name, 1e4, 128, 96, **TYPICAL[name])
    curve = ropecalc.curve(spectrum, DISTANCES + BETWEEN)
    found = ropecalc.similarity_at(spectrum, DISTANCES + BETWEEN)
    bound = ropecalc.check(spectrum, 4, next_base=False, room=False).error_bound
    assert curve.error_bound == bound / 64 < 1e-12
    with mpmath.workdps(60):
        exact = oracle.frequencies(name, 1e4, 128, 96, **TYPICAL[name])
        for m, value, share in zip(DISTANCES + BETWEEN, found, curve.values, strict=True):
            truth = oracle.similarity(exact, 16, m)
            assert abs(mpmath.mpf(float(value)) - truth) <= bound
            assert abs(mpmath.mpf(float(share)) * 64 - truth) <= bound * (1 + 1e-12) + 1e-14


@pytest.mark.parametrize("name", first_quick(3, TYPICAL))
def test_verdicts_on_scaled_spectra(name: str) -> None:
    """The first violation is one, its neighbour below is none, and the worst is as bad as said."""
    spectrum = of(name, 1e4, 96, 96, **TYPICAL[name])
    first = ropecalc.max_context(spectrum).first_violation
    assert first is not None
    found = ropecalc.check(spectrum, first + 200)
    assert found.first_violation == first
    assert found.next_base is None, "no base above: that would be another method's spectrum"
    assert ropecalc.check(spectrum, first).holds
    with mpmath.workdps(60):
        exact = oracle.frequencies(name, 1e4, 96, 96, **TYPICAL[name])
        assert oracle.similarity(exact, 0, first) < 0 <= oracle.similarity(exact, 0, first - 1)
        truth = oracle.similarity(exact, 0, found.worst_distance)
        assert abs(truth - found.worst_similarity) <= found.error_bound
        near = range(first, first + 200)
        assert found.violations == sum(oracle.similarity(exact, 0, m) < 0 for m in near)


def test_zero_and_tiny_and_fast_frequencies() -> None:
    """0, one that float64 rounds to 0, one that it holds in part, and the fastest allowed."""
    thetas: list[Base] = [10_000, 1.0, 1e-310, Decimal("1e-400"), 0]
    spectrum = scaling.explicit(thetas)
    found = ropecalc.similarity_at(spectrum, DISTANCES)
    bound = ropecalc.check(spectrum, 2).error_bound
    with mpmath.workdps(60):
        exact = [mpmath.mpf(str(theta)) for theta in map(Decimal, thetas)]
        for m, value in zip(DISTANCES, found, strict=True):
            assert abs(mpmath.mpf(float(value)) - oracle.similarity(exact, 0, m)) <= bound
    assert ropecalc.check(spectrum, 10_000).holds
    wavelengths = ropecalc.frequencies(spectrum).wavelengths
    assert np.isinf(wavelengths[2:]).all()
    # a base as large as any with a factor as large: every pair but the first stands still
    still = scaling.linear(1e300, 8, factor=1e300)
    assert ropecalc.similarity_at(still, [2**30]).tolist() == [4.0]
    assert ropecalc.max_context(still, limit=1000).max_context is None


@pytest.mark.parametrize("name", TYPICAL)
def test_signs_in_doubt_are_decided_on_the_scaled_spectrum(name: str) -> None:
    """A margin that S(1000) just meets, and one of 1e-25 more that it does not."""
    spectrum = of(name, 1e4, 96, 96, **TYPICAL[name])
    with mpmath.workdps(80):
        exact = oracle.frequencies(name, 1e4, 96, 96, **TYPICAL[name])
        share = abs(oracle.similarity(exact, 0, 1000)) / 48
        sign = oracle.similarity(exact, 0, 1000) > 0
        for digits in (25, 50):
            below = Decimal(mpmath.nstr(share - mpmath.mpf(10) ** -digits, 70))
            above = Decimal(mpmath.nstr(share + mpmath.mpf(10) ** -digits, 70))
            assert meets_bound(spectrum, 1000, below) == sign
            assert not meets_bound(spectrum, 1000, above)
