"""Curves in a stack's arithmetic, against the same recipes in fractions rounded by hand."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc import scaling
from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.precision.effects import check_in_dtype, collisions, curve_in_dtype
from ropecalc.precision.minimum import floats_above, min_base_in_dtype
from ropecalc.precision.products import Scores
from ropecalc.precision.recipes import make_recipe
from ropecalc.precision.storage import cosines, powers, sines, stored
from ropecalc.results import PrecisionStatus, Rope, Status
from tests.tools.speeds import first_quick

BITS = {"float32": 24, "bfloat16": 8, "float16": 11}
LOWEST = {"float32": -149, "bfloat16": -133, "float16": -24}  # exponent of the smallest number
mpmath.mp.dps = 50


def nearest(value: Any, kind: str = "float32") -> Fraction:
    """The number of a type that is nearest to a real one, ties to even; in integers alone."""
    exact = value if isinstance(value, Fraction) else as_fraction(value)
    if not exact:
        return exact
    exponent = int(mpmath.floor(mpmath.log(abs(mpmath.mpf(exact.numerator)), 2)))
    exponent -= int(mpmath.floor(mpmath.log(exact.denominator, 2)))
    while abs(exact) < Fraction(2) ** exponent:
        exponent -= 1
    while abs(exact) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    step = Fraction(2) ** max(exponent - BITS[kind] + 1, LOWEST[kind])
    whole: int = round(exact / step)  # round() takes ties to even
    return whole * step


def as_fraction(value: Any) -> Fraction:
    if isinstance(value, int | float):
        return Fraction(value)
    sign, man, exp, _ = value._mpf_
    return Fraction((-1) ** int(sign) * int(man)) * Fraction(2) ** int(exp)


def real(value: Fraction) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator


def by_hand(recipe: str, kind: str, base: float, r: int) -> Callable[[int], list[Fraction]]:
    """Phases of a position, of the plain powers of a base, an operation at a time."""
    b = nearest(base)
    if recipe == "llama.cpp":
        scale = nearest(mpmath.power(real(b), real(nearest(Fraction(-2, r)))))

        def repeated(position: int) -> list[Fraction]:
            theta, found = nearest(position), []
            for _ in range(r // 2):
                found.append(theta)
                theta = nearest(theta * scale)
            return found

        return repeated
    inverse = [
        nearest(1 / nearest(mpmath.power(real(b), real(nearest(Fraction(2 * i, r))))))
        for i in range(r // 2)
    ]
    if recipe == "transformers":
        return lambda position: [nearest(nearest(position) * theta) for theta in inverse]
    coarse = [nearest(theta, kind) for theta in inverse]
    return lambda p: [nearest(nearest(nearest(p), kind) * theta, kind) for theta in coarse]


@pytest.mark.parametrize("kind", BITS)
def test_rounding_is_to_nearest_with_ties_to_even(kind: Any) -> None:
    if kind == "bfloat16":
        pytest.importorskip("ml_dtypes")
    rng = np.random.default_rng(7)
    values = (rng.standard_normal(300) * 2.0 ** rng.integers(-30, 14, 300)).astype(np.float32)
    ties = np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-11, 1 + 3 * 2.0**-11], np.float32)
    values = np.concatenate([values, ties, -ties])
    expected = [float(nearest(value, kind)) for value in values.tolist()]
    assert stored(values, kind).tolist() == expected


def test_cosines_and_sines_are_the_nearest_numbers() -> None:
    rng = np.random.default_rng(8)
    angles = np.concatenate([rng.random(200) * 3, rng.random(200) * 2.0**19]).astype(np.float32)
    for found, function in ((cosines, mpmath.cos), (sines, mpmath.sin)):
        expected = [float(nearest(function(mpmath.mpf(x)))) for x in angles.tolist()]
        assert found(angles).tolist() == expected


def test_powers_are_the_nearest_numbers() -> None:
    rng = np.random.default_rng(9)
    bases = (10 ** (rng.random(200) * 9 + 1)).astype(np.float32)
    exponents = rng.random(200).astype(np.float32)
    pairs = zip(bases.tolist(), exponents.tolist(), strict=True)
    expected = [float(nearest(mpmath.power(b, e))) for b, e in pairs]
    assert powers(bases, exponents).tolist() == expected


CASES = [
    (recipe, kind)
    for recipe in ("transformers", "llama.cpp", "naive")
    for kind in ("float32", "bfloat16", "float16")
]


@pytest.mark.parametrize(("recipe", "kind"), first_quick(3, CASES[::4] + CASES[1::2] + CASES[2::4]))
def test_phases_and_scores_are_those_worked_by_hand(recipe: Any, kind: Any) -> None:
    if kind == "bfloat16":
        pytest.importorskip("ml_dtypes")
    base, r, context = 59_436_801.5, 24, 60_000
    spectrum = scaling.default(base, 32, rotary_dim=r)
    made = make_recipe(spectrum, dtype=kind, recipe=recipe)
    phases = by_hand(recipe, kind, base, r)
    picked = [1, 2, 100, *random.Random(3).sample(range(context), 5), context - 1]
    for position in picked:
        found = made.phases(np.array([position]))[:, 0].tolist()
        assert found == [float(phase) for phase in phases(position)]

    def kept(function: Any, position: int) -> list[Fraction]:
        return [nearest(nearest(function(real(x))), kind) for x in phases(position)]

    for pair in ("first", "last"):
        scores = Scores(spectrum, made, context, pair)
        for m in picked:
            p, q = (m, 0) if pair == "first" else (context - 1, context - 1 - m)
            total = Fraction(0)
            for function in (mpmath.cos, mpmath.sin):
                for left, right in zip(kept(function, p), kept(function, q), strict=True):
                    total = nearest(total + nearest(left * right))
            for _ in range(4):  # unrotated pairs
                total = nearest(total + 1)
            assert scores.raw(np.array([m])).tolist() == [float(total)], (pair, m)


YARN = Rope("all", "yarn", 1e4, 32, 32, {"factor": 7.0, "original_context": 512}, 4096)
LINEAR = Rope("all", "linear", 1e4, 32, 32, {"factor": 3.0}, 4096)
DIVIDED = Rope("all", "divided", 1e4, 8, 8, {"divisors": [1.0, 1.1, 2.3, 7.7]}, 4096)


@pytest.mark.parametrize("rope", [YARN, LINEAR, DIVIDED], ids=lambda rope: rope.rope_type)
def test_llama_cpp_scales_every_theta(rope: Rope) -> None:
    spectrum = scaling.from_rope(rope)
    made = make_recipe(spectrum, recipe="llama.cpp", rope=rope)
    thetas = by_hand("llama.cpp", "float32", rope.base, rope.rotary_dim)
    low, high = scaling.correction_range(1e4, 32, 512)
    scale = nearest(1 / mpmath.mpf(rope.parameters.get("factor", 1)))
    for position in (1, 77, 4095):
        expected = []
        for i, whole in enumerate(thetas(position)):
            divisor = nearest(rope.parameters.get("divisors", [1] * 99)[i])
            whole = nearest(whole / divisor)  # noqa: PLW2901
            part = nearest(scale * whole)
            if rope.rope_type == "yarn":
                ramp = nearest(nearest(Fraction(i) - nearest(low)) / nearest(high - low))
                mix = nearest(1 - min(max(ramp, Fraction(0)), Fraction(1)))
                parts = nearest(part * nearest(1 - mix)), nearest(whole * mix)
                part = nearest(sum(parts, Fraction(0)))
            expected.append(float(part))
        assert made.phases(np.array([position]))[:, 0].tolist() == expected
    error = np.abs(made.phases(np.array([1]))[:, 0] / spectrum.angular_frequencies - 1).max()
    assert error < 1e-5  # and they are the frequencies of the spectrum


@pytest.mark.parametrize(
    ("rope", "length"),
    [
        (Rope("all", "dynamic", 1e4, 64, 64, {"factor": 4.0, "original_context": 512}), 2048),
        (Rope("all", "dynamic", 1e4, 64, 64, {"factor": 4.0, "original_context": 512}), 512),
        (Rope("all", "linear", 1e4, 64, 64, {"factor": 4.0}), None),
        (Rope("all", "proportional", 1e6, 64, 16, {}), None),
    ],
    ids=lambda value: getattr(value, "rope_type", str(value)),
)
def test_scaled_frequencies_are_near_the_exact_ones(rope: Rope, length: int | None) -> None:
    spectrum = scaling.from_rope(rope, length)
    made = make_recipe(spectrum, rope=rope, length=length)
    exact = spectrum.angular_frequencies
    assert np.abs(made.frequencies[:, 0] / exact - 1).max() < 1e-6


def test_effects_are_those_of_the_two_curves() -> None:
    pytest.importorskip("ml_dtypes")
    base, context = 1e4, 6000
    m = np.arange(context)
    given: dict[str, Any] = {"dtype": "bfloat16", "recipe": "naive", "pair": "last"}
    here = curve_in_dtype(base, m, context, **given)
    exact = ropecalc.similarity_at(scaling.default(base), m)
    found = check_in_dtype(base, context, margin=0.01, **given)
    broken, exactly = here < 0.01 * here[0], exact < 0.64
    assert (found.violations, found.exact_violations) == (broken.sum(), exactly.sum())
    made, hidden = np.flatnonzero(broken & ~exactly), np.flatnonzero(exactly & ~broken)
    assert (found.made, found.hidden) == (made.size, hidden.size)
    assert (found.first_made, found.first_hidden) == (
        made[0] if made.size else None,
        hidden[0] if hidden.size else None,
    )
    assert found.made > 0
    assert found.hidden > 0
    assert found.worst_distance == int(here.argmin())
    assert found.worst_similarity == here.min()
    apart = np.abs(here - exact)
    assert found.difference_distance == apart.argmax()
    assert found.largest_difference == pytest.approx(apart.max(), rel=1e-9, abs=0)


@pytest.mark.parametrize("recipe", ["transformers", "llama.cpp"])
def test_phase_error_is_the_largest_and_true(recipe: Any) -> None:
    found = check_in_dtype(5e5, 20_000, recipe=recipe)
    made = make_recipe(scaling.default(5e5), recipe=recipe)
    phase = made.phases(np.array([found.phase_error_position]))[found.phase_error_pair, 0]
    theta = mpmath.mpf(500_000) ** (-mpmath.mpf(found.phase_error_pair) / 64)
    error = abs(mpmath.mpf(float(phase)) - found.phase_error_position * theta)
    assert found.largest_phase_error == pytest.approx(float(error), rel=1e-6, abs=0)
    others = random.Random(5).sample(range(20_000), 50)
    exact = np.outer(scaling.default(5e5).angular_frequencies, others)
    assert np.abs(made.phases(np.array(others)) - exact).max() <= found.largest_phase_error


def test_bfloat16_positions_collide() -> None:
    pytest.importorskip("ml_dtypes")
    naive = make_recipe(scaling.default(1e6, 32), dtype="bfloat16", recipe="naive")
    # Neighbours of a bfloat16 p are 2^(floor(log2 p) - 7) apart: 8, 128 and 1,024.
    for start, spacing in ((1024, 8), (16_384, 128), (131_072, 1024)):
        assert collisions(naive, start, 2 * start) == start - start // spacing
    fine = make_recipe(scaling.default(1e6), dtype="bfloat16")
    assert collisions(fine, 0, 20_000) == 0


def test_float32_flips_a_sign_that_no_exact_arithmetic_has() -> None:
    """Su's published search, in float64, returns this base for 512k tokens."""
    base, distance, context = 5.94368e7, 483_582, 2**19
    here = curve_in_dtype(base, [distance], context)[0]
    exact = ropecalc.similarity_at(scaling.default(base), distance)
    assert here < -0.02 < 0.009 < exact


@pytest.mark.slow
def test_minimum_base_of_512k_tokens_in_float32_is_another() -> None:
    found = min_base_in_dtype(128, 2**19)
    exact = ropecalc.min_base(128, 2**19, window=False, recommended=False).minimum_base
    assert found.exact_base == exact
    assert found.exact_violations == 1
    assert found.base is not None
    assert exact is not None
    assert exact < found.base < exact * (1 + 1e-5)
    checked = check_in_dtype(found.base, 2**19)
    assert (checked.violations, checked.exact_violations) == (0, 0)
    assert check_in_dtype(5.94368e7, 2**19).changes_verdict


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_no_float32_number_below_the_base_found_will_do(dtype: Any) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    found = min_base_in_dtype(64, 8192, dtype=dtype, margin=0.01)
    exact = ropecalc.min_base(64, 8192, margin=0.01, window=False, recommended=False).minimum_base
    assert found.status is PrecisionStatus.VERIFIED
    assert found.exact_base == exact
    assert found.base is not None
    assert exact is not None
    asked = {"head_dim": 64, "dtype": dtype, "margin": 0.01}
    checked = check_in_dtype(found.base, 8192, **asked)
    assert checked.status is checked.exact_status is Status.HOLDS
    assert checked.worst_distance == found.worst_distance
    below = [exact, *floats_above(exact, 40).tolist()]
    for base in [base for base in below if base < found.base]:
        other = check_in_dtype(base, 8192, **asked)
        assert other.violations + other.exact_violations > 0
    assert len([base for base in below if base < found.base]) < 41


def test_a_window_that_rounding_closes_is_left() -> None:
    """In bfloat16 throughout, no base near the minimum will do: the answer lies far above."""
    pytest.importorskip("ml_dtypes")
    found = min_base_in_dtype(64, 1024, dtype="bfloat16", recipe="naive")
    assert found.exact_base is not None
    assert found.base is not None
    assert found.base > found.exact_base
    checked = check_in_dtype(found.base, 1024, head_dim=64, dtype="bfloat16", recipe="naive")
    assert checked.violations + checked.exact_violations == 0


def test_where_every_base_will_do_there_is_none_to_look_for() -> None:
    found = min_base_in_dtype(128, 4096, rotary_dim=64)
    assert found.status is PrecisionStatus.EVERY_BASE
    assert found.base is None


def test_weights_and_attention_factor_take_part() -> None:
    rope = Rope("all", "yarn", 1e4, 8, 8, {"factor": 8.0, "original_context": 64}, 512)
    weights = (0.5, 2.0, 0.0, 1.5)
    spectrum = scaling.from_rope(rope, weights=weights)
    assert spectrum.attention_factor > 1.2
    m = np.arange(512)
    for pair in ("first", "last"):
        made = make_recipe(spectrum, rope=rope)
        found = Scores(spectrum, made, 512, pair).at(m)
        assert found == pytest.approx(ropecalc.similarity_at(spectrum, m), abs=3e-4)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"dtype": "float8"}, "dtype must be one of float32, bfloat16, float16"),
        ({"recipe": "vllm"}, "recipe must be one of transformers, llama.cpp, naive"),
        ({"pair": "middle"}, "pair must be first or last"),
        ({"margin": 2}, "margin must be from 0 to 1"),
        ({"dtype": "float16", "recipe": "naive", "context": 70_000}, "at most 65,505"),
        ({"context": 0}, "context must be"),
    ],
)
def test_bad_values_are_refused(given: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidValueError, match=word):
        check_in_dtype(1e4, **{"context": 100, **given})


def test_distances_outside_the_context_are_refused() -> None:
    for distances in ([-1], [100], [0.5]):
        with pytest.raises(InvalidValueError, match="distances must be integers"):
            curve_in_dtype(1e4, distances, 100)


def test_llama_cpp_needs_a_base() -> None:
    with pytest.raises(InvalidValueError, match="needs a base"):
        make_recipe(scaling.explicit([1.0, 0.1]), recipe="llama.cpp")


def test_without_ml_dtypes_bfloat16_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ConfigError, match=r"pip install 'ropecalc\[precision\]'"):
        check_in_dtype(1e4, 100, dtype="bfloat16")
    assert check_in_dtype(1e4, 100, dtype="float16").holds
