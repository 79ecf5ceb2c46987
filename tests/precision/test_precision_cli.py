"""--dtype and --recipe: answers in a stack's arithmetic, in words and as records."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

import ropecalc
from ropecalc import scaling
from ropecalc.precision.effects import check_in_dtype, curve_in_dtype
from ropecalc.precision.minimum import min_base_in_dtype
from ropecalc.render.precision import show_precision_bases, show_precisions
from tests.conftest import RunBatch

NAIVE = "--dtype float16 --recipe naive"
CHECK = f"check --base 1e4 --ctx 1706 {NAIVE}"  # holds exactly, and not in float16


def result_of(done: object) -> dict[str, object]:
    record: dict[str, object] = json.loads(done.stdout)["results"][0]  # type: ignore[attr-defined]
    return record


def test_check_answers_for_the_arithmetic(run_batch: RunBatch) -> None:
    lines = [f"{CHECK} -q", "check --base 1e4 --ctx 1706 -q", f"{CHECK} --json"]
    lines.append(f"{CHECK} --csv --all-fields")
    bare, exact, as_json, as_csv = run_batch([line.split() for line in lines])
    assert (bare.returncode, bare.stdout) == (1, "")
    assert (exact.returncode, exact.stdout) == (0, "")
    record = result_of(as_json)
    found = check_in_dtype(1e4, 1706, dtype="float16", recipe="naive")
    assert record["holds"] is True
    precision = record["precision"]
    assert isinstance(precision, dict)
    assert precision["holds"] is False
    assert precision["changes_verdict"] is True
    for name, value in precision.items():
        assert value == (found.status.name.lower() if name == "status" else getattr(found, name))
    assert json.loads(as_json.stdout)["inputs"]["recipe"] == "naive"
    header, row = (line.split(",") for line in as_csv.stdout.splitlines())
    assert dict(zip(header, row, strict=True))["precision_made"] == str(found.made)


def test_without_dtype_precision_is_null(run_batch: RunBatch) -> None:
    lines = [
        "check --base 1e4 --ctx 64 --json",
        "curve --base 1e4 --ctx 64 --points 2 --json",
        "inspect Qwen3-8B --ctx 64 --json",
        "min-base --dim 16 --ctx 64 --json",
    ]
    for done in run_batch([line.split() for line in lines]):
        assert result_of(done)["precision"] is None
        assert json.loads(done.stdout)["inputs"]["dtype"] is None


def test_min_base_prints_the_base_of_the_arithmetic(run_batch: RunBatch) -> None:
    lines = ["min-base --dim 128 --ctx 32k -q", "min-base --dim 128 --ctx 32k --dtype float32 -q"]
    exact, rounded = run_batch([line.split() for line in lines])
    assert float(exact.stdout) == 629978.2628550441
    assert float(rounded.stdout) == min_base_in_dtype(128, 32_768).base == 629978.5


def test_min_base_where_any_base_will_do(run_batch: RunBatch) -> None:
    line = "min-base --dim 64 --rotary-dim 32 --ctx 64 --dtype float32"
    (bare,) = run_batch([f"{line} -q".split()])
    assert (bare.returncode, bare.stdout) == (1, "")  # every base meets the bound


def test_curve_prints_the_values_of_the_arithmetic(run_batch: RunBatch) -> None:
    line = "curve --base 1e6 --ctx 1000 --every 100 --raw --dtype float16 --recipe llama.cpp"
    done, short = run_batch([f"{line} --json".split(), f"{line} -q".split()])
    record = result_of(done)
    expected = curve_in_dtype(
        1e6, np.arange(0, 1000, 100), 1000, dtype="float16", recipe="llama.cpp"
    )
    assert record["values"] == expected.tolist()
    assert record["label"] == "base 1,000,000 in float16 as llama.cpp computes it"
    assert [float(value) for value in short.stdout.split()] == expected.tolist()


def test_curve_draws_what_it_prints(run_batch: RunBatch) -> None:
    line = f"curve --base 1e4 --ctx 1706 --width 80 {NAIVE}"
    (done,) = run_batch([line.split()])
    first = check_in_dtype(1e4, 1706, dtype="float16", recipe="naive").first_violation
    assert f"first violation at {first:,}" in done.stdout
    assert "the bound is broken, by rounding alone" in done.stdout


def test_inspect_looks_at_every_layer(run_batch: RunBatch) -> None:
    (done,) = run_batch(["inspect gemma-3-27b --ctx 2k --dtype float16 --no-bases --json".split()])
    layers = json.loads(done.stdout)["results"]
    assert len(layers) > 1
    for layer in layers:
        assert layer["precision"]["dtype"] == "float16"
        assert layer["precision"]["exact_violations"] == layer["violations"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("check --base 1e4 --ctx 64 --dtype float8", "one of float32, bfloat16, float16"),
        ("check --base 1e4 --ctx 64 --dtype float32 --recipe jax", "transformers, llama.cpp"),
        ("check --base 1e4 --ctx 64 --recipe naive", "--recipe needs --dtype"),
        ("min-base --dim 16 --ctx 64 --dtype float32 --integer -q", "--dtype"),
        ("curve --base 1e4 --ctx 64 --dtype float32 --upper-bound", "for the similarity"),
        ("check --base 1e4 --ctx 128k --dtype float16 --recipe naive", "at most 65,505"),
    ],
)
def test_what_makes_no_sense_is_refused(run_batch: RunBatch, line: str, word: str) -> None:
    (done,) = run_batch([line.split()])
    assert done.returncode == 2
    assert word in done.stderr
    assert not done.stdout


def test_words_for_people() -> None:
    file = io.StringIO()
    found = check_in_dtype(1e4, 4096, dtype="float16", recipe="naive")
    show_precisions([found, check_in_dtype(1e6, 64)], file)
    text = file.getvalue()
    assert "In float16 throughout the bound is broken" in text
    assert "In float32 as transformers computes it the bound holds" in text
    assert f"{found.colliding_positions:,}, " in text
    assert f"{found.violations} of 4,096, exactly {found.exact_violations}" in text


def test_words_for_bases() -> None:
    file = io.StringIO()
    bases = [
        min_base_in_dtype(128, 32_768),
        min_base_in_dtype(128, 512),
        min_base_in_dtype(64, 64, rotary_dim=32),
    ]
    show_precision_bases(bases, file)
    text = file.getvalue()
    assert "Base 629,978.5 in float32 as transformers computes it" in text
    assert "1 distance breaks the bound, first 30,704 tokens" in text
    assert "every base meets the bound" in text


def test_scores_of_a_model_take_its_scaling(run_batch: RunBatch) -> None:
    line = "check --model Phi-3-mini-128k --ctx 8k --dtype float32 --json"
    (done,) = run_batch([line.split()])
    rope = ropecalc.find_model("Phi-3-mini-128k").ropes[0]
    found = check_in_dtype(scaling.from_rope(rope, 8192), 8192, rope=rope)
    precision = result_of(done)["precision"]
    assert isinstance(precision, dict)
    assert precision["largest_difference"] == found.largest_difference
