"""What the scaling methods refuse: by name, in one line, and nothing in any other way."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from ropecalc import InvalidValueError, Spectrum, scaling
from tests.scaling.test_scaling_laws import DYNAMIC, ONES, VALID, made
from tests.tools.speeds import first_quick

# name of the function, what is changed, the parameter that is named, the domain that is said
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("linear", {"factor": 0}, "factor", "from 0.0001 to 1e300"),
    ("linear", {"factor": -8}, "factor", "from 0.0001"),
    ("linear", {"factor": 1e-5}, "factor", "from 0.0001"),
    ("linear", {"factor": "8"}, "factor", "a number"),
    ("linear", {"base": 1}, "base", "greater than 1 and at most 1e300"),
    ("linear", {"head_dim": 127}, "head_dim", "an even integer of at least 2"),
    ("linear", {"rotary_dim": 130}, "rotary_dim", "at most head_dim, which is 128"),
    ("linear", {"weights": [1.0] * 63}, "weights", "one value a rotated pair, 64"),
    ("linear", {"weights": "1" * 64}, "weights", "a list of numbers"),
    ("linear", {"weights": [None] * 64}, "weights", "finite and not negative"),
    ("ntk_aware", {"factor": 0.5}, "factor", "from 1 to 1e300"),
    ("ntk_aware", {"head_dim": 2}, "rotary_dim", "at least 4 for NTK"),
    ("ntk_aware", {"rotary_dim": 0}, "rotary_dim", "an even integer"),
    ("ntk_fixed", {"factor": 0.99}, "factor", "from 1"),
    ("ntk_mixed", {"factor": float("nan")}, "factor", "from 1"),
    ("ntk_mixed", {"power": -1}, "power", "from 0 to 1e300"),
    ("dynamic", {"factor": 0.5}, "factor", "from 1"),
    ("dynamic", {"original_context": 0}, "original_context", "greater than 0"),
    ("dynamic", {"length": 0}, "length", "greater than 0"),
    ("dynamic", {"head_dim": 2}, "rotary_dim", "at least 4"),
    ("ntk_by_parts", {"factor": 0}, "factor", "from 1"),
    ("ntk_by_parts", {"original_context": -1}, "original_context", "greater than 0"),
    ("ntk_by_parts", {"alpha": 0}, "alpha", "greater than 0"),
    ("ntk_by_parts", {"beta": None}, "beta", "greater than 0"),
    ("yarn_paper", {"beta": 1}, "beta", "greater than alpha"),
    ("yarn_paper", {"factor": float("inf")}, "factor", "from 1 to 1e300"),
    ("yarn", {"factor": 10**400}, "factor", "from 1 to 1e300"),
    ("yarn", {"original_context": None}, "original_context", "greater than 0"),
    ("yarn", {"beta_fast": 0}, "beta_fast", "greater than 0"),
    ("yarn", {"beta_slow": "1"}, "beta_slow", "greater than 0"),
    ("yarn", {"truncate": "no"}, "truncate", "True or False"),
    ("yarn", {"attention_factor": 0}, "attention_factor", "greater than 0"),
    ("yarn", {"mscale": -1}, "mscale", "from 0 to 1e300"),
    ("yarn", {"mscale_all_dim": float("nan")}, "mscale_all_dim", "from 0 to 1e300"),
    ("llama3", {"factor": 0}, "factor", "from 0.0001"),
    ("llama3", {"original_context": 0}, "original_context", "greater than 0"),
    ("llama3", {"low_freq_factor": 0}, "low_freq_factor", "greater than 0"),
    ("llama3", {"high_freq_factor": 0}, "high_freq_factor", "greater than 0"),
    ("llama3", {"high_freq_factor": 0.5}, "high_freq_factor", "at least low_freq_factor, 1"),
    ("longrope", {"short_factor": ONES[1:]}, "short_factor", "a rotated pair, 64, got 63"),
    ("longrope", {"long_factor": ONES * 1000}, "long_factor", "a rotated pair, 64, got 64,000"),
    ("longrope", {"long_factor": 2.0}, "long_factor", "a list of numbers"),
    ("longrope", {"short_factor": [0.0] * 64}, "short_factor", "from 0.0001"),
    ("longrope", {"original_context": 1}, "original_context", "from 2 to"),
    ("longrope", {"length": None}, "length", "greater than 0"),
    ("longrope", {"factor": None}, "factor", "is needed where attention_factor is not given"),
    ("longrope", {"factor": -1}, "factor", "greater than 0"),
    ("longrope", {"factor": None, "attention_factor": -1.0}, "attention_factor", "greater than 0"),
    ("longrope", {"long_mscale": "x"}, "long_mscale", "greater than 0"),
    ("longrope", {"length": 1, "short_mscale": -1}, "short_mscale", "greater than 0"),
    ("divided", {"divisors": {}}, "divisors", "a list of numbers"),
    ("divided", {"divisors": [float("inf")] * 64}, "divisors", "from 0.0001"),
    ("divided", {"factor": 0}, "factor", "from 0.0001"),
    ("divided", {"attention_factor": "x"}, "attention_factor", "greater than 0"),
    ("proportional", {"factor": 0}, "factor", "from 0.0001"),
    ("proportional", {"rotary_dim": 3}, "rotary_dim", "an even integer"),
    ("proportional", {"over": 3}, "over", "an even integer"),
    ("proportional", {"over": 130}, "over", "an even integer"),
    ("proportional", {"over": 32, "rotary_dim": 64}, "over", "an even integer"),
    ("mrrope_uni", {"factor": 0.5}, "factor", "from 1 to 1e300"),
    ("mrrope_uni", {"original_context": None}, "original_context", "greater than 0"),
    ("mrrope_uni", {"beta_fast": 0}, "beta_fast", "greater than 0"),
    ("mrrope_uni", {"beta_slow": "1"}, "beta_slow", "greater than 0"),
    ("mrrope_pro", {"factor": 0.5}, "factor", "from 1 to 1e300"),
    ("mrrope_pro", {"original_context": 0}, "original_context", "greater than 0"),
    ("mrrope_pro", {"beta_fast": 0}, "beta_fast", "greater than 0"),
    ("mrrope_pro", {"beta_slow": -1}, "beta_slow", "greater than 0"),
    ("ntk_rcd", {"factor": 0.5}, "factor", "from 1 to 1e300"),
    ("ntk_rcd", {"critical_pair": 64}, "critical_pair", "from 1 to 63"),
    ("ntk_rcd", {"critical_pair": None, "original_context": 0}, "original_context", "greater than"),
    ("cope", {"clipped": 1}, "clipped", "from 2"),
    ("rope_ratio", {"ratio": 1e-4}, "ratio", "greater than 1e-4 and at most 1e296"),
    ("rope_ratio", {"ratio": 1e297}, "ratio", "at most 1e296"),
    ("rope_ratio", {"ratio": None}, "ratio", "greater than 0"),
    ("explicit", {"angular_frequencies": []}, "angular_frequencies", "from 1 to 32,768 values"),
    ("explicit", {"angular_frequencies": ["1"]}, "angular_frequencies", "from 0 to 10,000"),
    ("explicit", {"angular_frequencies": [-1.0]}, "angular_frequencies", "from 0 to 10,000"),
    ("explicit", {"angular_frequencies": [1e5]}, "angular_frequencies", "from 0 to 10,000"),
    ("explicit", {"angular_frequencies": None}, "angular_frequencies", "a list of numbers"),
    ("explicit", {"head_dim": 2}, "rotary_dim", "at most head_dim"),
]


@pytest.mark.parametrize(("name", "changed", "parameter", "cure"), REFUSED)
def test_a_value_outside_its_domain_is_named(
    name: str, changed: dict[str, Any], parameter: str, cure: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        made(name, **changed)
    assert caught.value.parameter == parameter
    assert parameter in str(caught.value)
    assert cure in str(caught.value)


def test_every_parameter_is_in_the_table_of_refusals() -> None:
    common = {"head_dim", "rotary_dim", "weights", "base", "count_unrotated", "label", "common"}
    for name in VALID:
        own = set(inspect.signature(getattr(scaling, name)).parameters) - common
        rows = {"yarn_paper", "ntk_by_parts"} if name == "yarn_paper" else {name}
        assert own <= {parameter for row, _, parameter, _ in REFUSED if row in rows}, name


ENTRIES: list[Any] = [None, "1", float("nan"), 0.0, 1e308, 10**400, [1], {}, -1.0]
HOSTILE: list[Any] = [
    *(None, True, "x", "8", "", b"8", "a\nb", object(), 1j, [], {}, set(), ONES[:3], (1, 2)),
    *(float("nan"), float("inf"), -float("inf"), 5e-324, -1, 0, 1e300, 1.7e308),
    *(10**400, -(10**400), 10**5000, 2**63),
    *map(Decimal, ("NaN", "sNaN", "-Infinity", "1e9999", "1e-9999", "1e300", "0.0001")),
    *([entry] * 64 for entry in ENTRIES),
    "1" * 64,
    range(64),
    [1.0] * 10**6,
    np.ones(64),
]


def offences(function: Callable[..., Any], valid: dict[str, Any], names: list[str]) -> list[str]:
    """What a function answers to hostile values but one line of InvalidValueError."""
    found = []
    for name in names:
        for value in HOSTILE:
            try:
                result = function(**{**valid, name: value})
            except InvalidValueError as error:
                if "\n" in str(error) or len(str(error)) > 160:
                    found.append(f"{name}: {str(error)[:200]}")
            except Exception as error:  # noqa: BLE001 - what must not be
                found.append(f"{name}, {type(value)}: {error!r:.80}")
            else:
                if isinstance(result, Spectrum):
                    assert np.isfinite(result.angular_frequencies).all()
                    assert type(result.attention_factor) is float
    return found


@pytest.mark.parametrize("name", first_quick(5, VALID))
def test_hostile_values_raise_one_error_and_no_other(name: str) -> None:
    function = getattr(scaling, name)
    names = [*inspect.signature(function).parameters, "rotary_dim", "weights"]
    skipped = {"common", "label", "count_unrotated"} | (
        {"rotary_dim"} if name == "explicit" else set()
    )
    assert offences(function, VALID[name], [n for n in names if n not in skipped]) == []


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("ntk_aware_base", {"base": 1e4, "rotary_dim": 128, "factor": 8}),
        ("dynamic_base", {"base": 1e4, "rotary_dim": 128, **DYNAMIC}),
        ("correction_range", {"base": 1e4, "rotary_dim": 128, "original_context": 4096}),
        ("yarn_attention_factor", {"factor": 8, "mscale": 1.0, "mscale_all_dim": 1.0}),
        ("mscale", {"factor": 8, "weight": 1.0}),
        ("longrope_attention_factor", {"factor": 8, "original_context": 4096}),
    ],
)
def test_hostile_values_for_the_numbers_alone(name: str, valid: dict[str, Any]) -> None:
    function = getattr(scaling, name)
    assert offences(function, valid, list(inspect.signature(function).parameters)) == []


def test_a_base_beyond_float64_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"factor must be smaller: .* 1\.00e\+600"):
        scaling.ntk_aware_base(1e200, 4, 1e200)
