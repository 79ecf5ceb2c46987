"""``inspect``: each number against an evaluation that shares no code with ropecalc."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc import ConfigError, InvalidValueError, ModelConfig, Rope
from ropecalc.results import Known, Trained
from ropecalc.scaling import dynamic_base

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

LLAMA2 = Rope("all", "default", 1e4, 128, 128, context=4096)
LLAMA3_PARAMETERS = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_context": 8192,
}
LLAMA3 = Rope("all", "llama3", 5e5, 128, 128, LLAMA3_PARAMETERS, context=131_072)
LONG = {"short_factor": [1.0] * 48, "long_factor": [1.0 + i for i in range(48)]}
PHI3 = Rope("all", "longrope", 1e4, 96, 96, {**LONG, "original_context": 4096, "factor": 32.0})
CONFIG = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "max_position_embeddings": 131_072,
    "rope_theta": 500_000.0,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
}


def model(*ropes: Rope, context: int | None = 32_768, trained: int | None = 4096) -> ModelConfig:
    fact = None if trained is None else Trained(trained, "a source")
    known = Known(("a model",), matched=True, trained=fact, recipe=None)
    return ModelConfig("a/config.json", "transformers-4", "llama", ropes, context, known=known)


def inspected(rope: Rope, context: int | None = 32_768, **given: Any) -> ropecalc.LayerInspection:
    layers = ropecalc.inspect(model(replace(rope, context=context)), bases=False, **given).layers
    assert len(layers) == 1
    return layers[0]


def first_negative(thetas: Sequence[float], stop: int) -> int | None:
    """The first m < stop with S(m) < 0, cosine by cosine."""
    for start in range(0, stop, 4096):
        m = np.arange(start, min(start + 4096, stop))
        below = np.flatnonzero(np.cos(np.outer(m, thetas)).sum(axis=1) < 0)
        if below.size:
            return int(m[below[0]])
    return None


def llama3_thetas(i: int) -> Any:
    """Llama 3.1's frequencies as its own code has them (models/llama3_1, apply_scaling)."""
    theta = mpmath.mpf(500_000) ** (-mpmath.mpf(2 * i) / 128)
    wavelength = 2 * mpmath.pi / theta
    if wavelength < mpmath.mpf(8192) / 4:
        return theta
    if wavelength > 8192:
        return theta / 8
    smooth = (8192 / wavelength - 1) / 3
    return (1 - smooth) * theta / 8 + smooth * theta


# --- the bound on effective frequencies ---------------------------------------------------------


@pytest.mark.parametrize(
    ("rope_type", "parameters", "first"),
    [
        ("default", {}, 1_707),
        ("ntk_aware", {"factor": 8}, 5_732),
        ("yarn", {"factor": 8.0, "original_context": 4096}, 8_886),
        ("linear", {"factor": 8.0}, 13_649),
    ],
)
def test_first_violations_of_llama_2_extended_eight_times(
    rope_type: str, parameters: dict[str, float], first: int
) -> None:
    found = inspected(replace(LLAMA2, rope_type=rope_type, parameters=parameters))
    assert found.check is not None
    assert found.check.first_violation == first
    assert not found.check.holds


def test_llama_3_first_violation_in_fifty_digits() -> None:
    found = inspected(LLAMA3, 131_072).check
    assert found is not None
    assert found.first_violation is not None
    with mpmath.workdps(60):
        thetas = [llama3_thetas(i) for i in range(64)]
        near = [
            mpmath.fsum(mpmath.cos(m * theta) for theta in thetas)
            for m in (found.first_violation - 1, found.first_violation)
        ]
    assert near[0] > 0 > near[1]
    as_floats = [float(theta) for theta in thetas]
    assert first_negative(as_floats, 131_072) == found.first_violation
    worst = math.fsum(math.cos(found.worst_distance * theta) for theta in as_floats)
    assert found.worst_similarity == pytest.approx(worst, abs=1e-8)


def test_frequencies_wavelengths_and_unfinished_pairs_of_llama_3() -> None:
    found = ropecalc.inspect(model(LLAMA3, trained=8192), bases=False).layers[0]
    waves = [float(2 * mpmath.pi / llama3_thetas(i)) for i in range(64)]
    assert found.spectrum.angular_frequencies == pytest.approx([math.tau / wave for wave in waves])
    assert found.shortest_wavelength == pytest.approx(min(waves))
    assert found.longest_wavelength == pytest.approx(max(waves))
    assert found.unfinished_pairs == sum(wave > 8192 for wave in waves) == 32


def test_a_sliding_window_shortens_the_range() -> None:
    whole, near = (
        replace(LLAMA2, layer_type="full_attention"),
        replace(LLAMA2, layer_type="sliding_attention", window=1_024),
    )
    layers = ropecalc.inspect(model(whole, near), 32_768, bases=False).layers
    checks = [layer.check for layer in layers if layer.check is not None]
    assert [check.context for check in checks] == [32_768, 1_024]
    assert [check.first_violation for check in checks] == [1_707, None]


def test_a_window_is_enough_to_check_without_a_context() -> None:
    found = inspected(replace(LLAMA2, window=2_048), None).check
    assert found is not None
    assert (found.context, found.first_violation) == (2_048, 1_707)


def test_without_a_context_nothing_is_checked() -> None:
    result = ropecalc.inspect(model(replace(LLAMA2, context=None), context=None, trained=None))
    found = result.layers[0]
    assert (result.context, found.check, found.unfinished_pairs) == (None, None, None)
    assert (found.minimum_base, found.safe_base) == (None, None)


# --- methods that depend on the length ----------------------------------------------------------


def test_longrope_is_looked_at_within_the_original_context_and_beyond() -> None:
    layers = ropecalc.inspect(model(PHI3), 131_072, bases=False).layers
    assert [layer.length for layer in layers] == [4_096, 131_072]
    plain = [1e4 ** (-2 * i / 96) for i in range(48)]
    for layer, factors in zip(layers, LONG.values(), strict=True):
        thetas = [theta / factor for theta, factor in zip(plain, factors, strict=True)]
        assert layer.check is not None
        assert layer.check.context == layer.length
        assert layer.check.first_violation == first_negative(thetas, layer.check.context)
        assert round(layer.spectrum.attention_factor, 6) == 1.190238


def test_longrope_within_the_original_context_is_one() -> None:
    layers = ropecalc.inspect(model(PHI3), 4_096, bases=False).layers
    assert [layer.length for layer in layers] == [4_096]


def test_dynamic_scaling_grows_with_the_context() -> None:
    rope = replace(LLAMA2, rope_type="dynamic", parameters={"factor": 2, "original_context": 2048})
    layers = ropecalc.inspect(model(rope, context=2048), 4_096, bases=False).layers
    base = 1e4 * 3 ** (128 / 126)
    assert round(base, 2) == round(dynamic_base(1e4, 128, 2, 2048, 4096), 2) == 30527.74
    firsts = [layer.check.first_violation for layer in layers if layer.check is not None]
    thetas = [[b ** (-2 * i / 128) for i in range(64)] for b in (1e4, base)]
    assert firsts == [first_negative(thetas[0], 2048), first_negative(thetas[1], 4096)]


# --- what a plain base would do -----------------------------------------------------------------


def test_minimum_and_safe_base_are_those_of_the_plain_head() -> None:
    """Published in the table of the README: d = 128 at 8,192 tokens."""
    found = ropecalc.inspect(model(replace(LLAMA3, context=8192))).layers[0]
    assert found.minimum_base == pytest.approx(83_763.8410, abs=1e-3)
    assert found.safe_base == pytest.approx(394_327.9, abs=0.1)
    assert found.minimum_base is not None
    assert ropecalc.check(found.minimum_base, 8192).holds
    assert not ropecalc.check(math.nextafter(found.minimum_base, 0), 8192).holds


@pytest.mark.parametrize("head_dim", [128, 192])
def test_half_a_head_or_less_asks_for_no_base(head_dim: int) -> None:
    rope = replace(LLAMA2, head_dim=head_dim, rotary_dim=64)
    counted = ropecalc.inspect(model(rope), 2**21).layers[0]
    assert (counted.minimum_base, counted.safe_base) == (1, 1)
    alone = ropecalc.inspect(model(rope), 2_048, count_unrotated=False).layers[0]
    assert alone.minimum_base == ropecalc.min_base(64, 2_048).minimum_base


def test_a_base_that_would_take_long_is_left_to_min_base(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a sweep of minutes")

    monkeypatch.setattr("ropecalc.base.minimum.min_base", never)
    for rope, context in [
        (replace(LLAMA2, head_dim=98, rotary_dim=98), 65_536),  # which no table has
        (replace(LLAMA2, head_dim=1024, rotary_dim=1024), 512),
    ]:
        found = ropecalc.inspect(model(rope), context).layers[0]
        assert (found.minimum_base, found.safe_base) == (None, None)


# --- how it goes about it -----------------------------------------------------------------------


def test_equal_layers_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from ropecalc import checking

    contexts, real = [], checking.check

    def counting(spectrum: Any, context: int, **given: Any) -> ropecalc.Check:
        contexts.append(context)
        return real(spectrum, context, **given)

    monkeypatch.setattr(checking, "check", counting)
    ropes = [replace(LLAMA2, layer_type=name) for name in ("a", "b", "c")]
    ropes[2] = replace(ropes[2], window=512)
    layers = ropecalc.inspect(model(*ropes), bases=False).layers
    assert contexts == [4_096, 512]
    assert layers[0].check is layers[1].check


def test_progress_goes_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    ropes = [replace(LLAMA2, layer_type=name, base=base) for name, base in (("a", 1e4), ("b", 1e5))]
    ropecalc.inspect(model(*ropes), bases=False, progress=lambda *done: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_one_kind_of_layer_may_be_asked_for() -> None:
    ropes = [replace(LLAMA2, layer_type=name) for name in ("full_attention", "sliding_attention")]
    result = ropecalc.inspect(model(*ropes), layer="sliding_attention", bases=False)
    assert [layer.rope.layer_type for layer in result.layers] == ["sliding_attention"]
    with pytest.raises(InvalidValueError, match="full_attention, sliding_attention, got sliding"):
        ropecalc.inspect(model(*ropes), layer="sliding")


def test_findings_are_those_of_lint() -> None:
    from ropecalc.lint import findings

    rope = replace(LLAMA2, rope_type="yarn", parameters={"factor": 7.5, "original_context": 4096})
    for config in (model(rope, context=32_768), model(LLAMA2)):
        assert ropecalc.inspect(config, bases=False).findings == findings(config)


def test_a_value_of_the_files_out_of_its_domain_is_the_files_error() -> None:
    short = replace(PHI3, parameters={**PHI3.parameters, "long_factor": [1.0]})
    with pytest.raises(ConfigError, match=r"^a/config\.json: long_factor must have .* 48, got 1$"):
        ropecalc.inspect(model(short))
    with pytest.raises(ConfigError, match=r"^a/config\.json: context must be"):
        ropecalc.inspect(model(replace(LLAMA2, context=2**40), context=2**40))
    with pytest.raises(InvalidValueError, match="context must be"):
        ropecalc.inspect(model(LLAMA2), 0)


# --- the command --------------------------------------------------------------------------------

KEYS = (
    "layer_type rope_type base factor original_context parameters head_dim rotary_dim layers "
    "window length context trained_context turned_context count_unrotated attention_factor "
    "softmax_factor angular_frequencies shortest_wavelength longest_wavelength unfinished_pairs "
    "holds first_violation violations worst_distance worst_similarity slack soft rotated_part "
    "outlook room_below room_above minimum_base safe_base minimum_factor precision findings "
    "finding_codes"
).split()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    return str(path)


def test_the_command_in_all_its_forms(run_batch: RunBatch, config: str) -> None:
    forms = ("--json", "--csv --all-fields", "-q", "--tsv --all-fields")
    done = run_batch([["inspect", config, *form.split()] for form in forms])
    assert all((one.returncode, one.stderr) == (0, "") for one in done), done
    document = json.loads(done[0].stdout)
    record = document["results"][0]
    assert list(record) == KEYS
    assert document["inputs"]["models"][0]["original_context"] == 8192
    assert (record["first_violation"], record["violations"]) == (85_133, 9)
    assert len(record["angular_frequencies"]) == 64
    assert record["finding_codes"] == list(
        dict.fromkeys(finding["code"] for finding in record["findings"])
    )
    row = next(csv.DictReader(StringIO(done[1].stdout)))
    left_out = {"parameters", "angular_frequencies", "findings", "soft"}
    cells = [
        f"{key}_{part}" if part else key
        for key in KEYS
        if key not in left_out
        for part in (record[key] if isinstance(record[key], dict) else [""])
    ]
    assert [*row][1:] == cells
    assert float(row["safe_base"]) == record["safe_base"]
    assert done[2].stdout == "85133\n"
    assert done[3].stdout == done[1].stdout.replace(",", "\t")


def test_a_context_and_a_missing_model(run_batch: RunBatch, config: str) -> None:
    lines = [["inspect", config, "--ctx", "64k", "-q"], ["inspect"], ["inspect", "no.json"]]
    holds, nothing, missing = run_batch(lines)
    assert (holds.returncode, holds.stdout) == (0, "\n")
    for done in (nothing, missing):
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1


def test_standard_input(run_cli: RunCli) -> None:
    done = run_cli("inspect", "-", "-q", stdin=json.dumps(CONFIG))
    assert (done.returncode, done.stdout) == (0, "85133\n")
