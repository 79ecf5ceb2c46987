"""Laws of the minimum factor over random settings, each against Arb and the methods' formulas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import assume, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import FactorStatus, Rope
from ropecalc.certificate.format import PARAMETERS, Claim, Scaling
from ropecalc.scaling import correction_range
from tests.certificate.test_certificate_factor import exact_thetas
from tests.tools.laws import laws

LARGEST = 300.0  # factor, where none is enough


class Problem(NamedTuple):
    """What is asked."""

    rope: Rope
    context: int
    weights: tuple[float, ...]
    margin: float


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    method, n = draw(st.sampled_from(sorted(PARAMETERS))), draw(st.integers(2, 10))
    original = draw(st.integers(7, 300))
    fast, slow = draw(st.floats(2.5, 40)), draw(st.floats(0.1, 2))
    possible = {
        "original_context": original,
        "beta_fast": fast,
        "beta_slow": slow,
        "truncate": draw(st.booleans()),
        "critical_pair": draw(st.integers(1, max(n - 1, 1))),
        "low_freq_factor": slow,
        "high_freq_factor": fast,
    }
    parameters = {name: possible[name] for name in PARAMETERS[method].split()}
    rope = Rope("all", method, draw(st.floats(2, 1e6)), 2 * n, 2 * n, parameters, context=original)
    if method.startswith("mrrope"):  # refused where the ramp would run back
        low, high = correction_range(rope.base, 2 * n, original, fast, slow)
        assume(low <= high or low >= n)
    weights = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.25]), min_size=n, max_size=n))
    assume(any(weights))
    margin = draw(st.sampled_from([0.0, 0.0, 0.01]))
    return Problem(rope, draw(st.integers(2, 600)), tuple(weights), margin)


def frequencies(problem: Problem, factor: float) -> list[Any]:
    """From the formulas, by mpmath: nothing of the package."""
    rope = problem.rope
    given = ((k, v if isinstance(v, bool) else Decimal(v)) for k, v in rope.parameters.items())
    scaling = Scaling(rope.rope_type, Decimal(rope.base), tuple(given))
    ends, n = (Decimal(1), Decimal(2)), problem.context
    claim = Claim("minimum-factor", rope.rotary_dim, 0, None, Decimal(0), n, *ends, scaling=scaling)
    with mpmath.workdps(60):
        return exact_thetas(claim, factor)


def excess(problem: Problem, factor: float, distance: int) -> arb:
    """S(m) - tau S(0) in balls."""
    with mpmath.workdps(60):
        thetas = [arb(mpmath.nstr(theta, 55)) for theta in frequencies(problem, factor)]
    pairs = list(zip(problem.weights, thetas, strict=True))
    total = sum((arb(w) * ((distance * theta).cos() - arb(problem.margin)) for w, theta in pairs))
    return arb(total)


def lowest(problem: Problem, factor: float) -> float:
    """The least S(m) - tau S(0) of the context, by NumPy."""
    thetas = np.array([float(theta) for theta in frequencies(problem, factor)])
    weights = np.array(problem.weights)
    curve = np.cos(np.multiply.outer(np.arange(problem.context), thetas)) @ weights
    return float(curve.min() - problem.margin * weights.sum())


def holds(problem: Problem, factor: float) -> bool:
    """Whether Arb shows the bound at every distance."""
    thetas = [arb(mpmath.nstr(theta, 55)) for theta in frequencies(problem, factor)]
    pairs = list(zip(problem.weights, thetas, strict=True))
    tau = arb(problem.margin)
    return all(
        sum((arb(w) * ((m * theta).cos() - tau) for w, theta in pairs), arb(0)) >= 0
        for m in range(1, problem.context)
    )


def check(problem: Problem) -> None:
    found = ropecalc.min_factor(
        problem.rope,
        problem.context,
        weights=problem.weights,
        margin=problem.margin,
        window=False,
        recommended=False,
    )
    top = LARGEST
    if found.minimum_factor is not None:
        assert holds(problem, found.minimum_factor)
        top = found.minimum_factor * (1 - 1e-9)
    if found.enclosure is not None and found.critical_distance is not None:
        assert excess(problem, found.enclosure[0], found.critical_distance) < 0
        assert excess(problem, found.enclosure[1], found.critical_distance) > 0
    assert (found.status is FactorStatus.ONE_IS_ENOUGH) == (found.minimum_factor == 1)
    if found.status is not FactorStatus.ONE_IS_ENOUGH:
        for factor in np.geomspace(1, top, 60).tolist():
            assert lowest(problem, factor) < 1e-9, factor


@pytest.fixture(autouse=True)
def bits() -> Any:
    previous, ctx.prec = ctx.prec, 160
    yield
    ctx.prec = previous


@laws(max_examples=5)
@given(problems())
def test_the_minimum_factor_of_random_settings(problem: Problem) -> None:
    check(problem)


@pytest.mark.slow
@laws(max_examples=60)
@given(problems())
def test_the_minimum_factor_of_many_random_settings(problem: Problem) -> None:
    check(problem)
