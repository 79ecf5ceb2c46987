"""Results as values: short to look at, kept by pickles, and found by names and paths."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import ropecalc
from ropecalc.comparison import compare_models
from ropecalc.lint import findings
from tests.tools.speeds import first_quick

MAKERS: dict[str, Callable[[], object]] = {
    "min-base": lambda: ropecalc.min_base(64, 512),
    "check": lambda: ropecalc.check(1e4, 2048),
    "max-ctx": lambda: ropecalc.max_context(1e4),
    "plan": lambda: ropecalc.plan_model("Qwen3-8B", 65_536, methods=["yarn", "liu"]),
    "inspect": lambda: ropecalc.inspect("Llama-3.1-8B", 4096, bases=False),
    "windows": lambda: ropecalc.windows(16, 200),
    "compare": lambda: compare_models(["Llama-3-8B", "Llama-3.1-8B"], 1024),
    "staircase": lambda: ropecalc.build_staircase("recommended", 16, 60, jobs=1),
    "spectrum": lambda: ropecalc.scaling.default(1e4),
    "emit": lambda: ropecalc.emit(ropecalc.make_setting("Qwen3-8B", base=5e6), "vllm"),
    "min-factor": lambda: ropecalc.min_factor(ropecalc.find_model("Llama-3.1-8B").rope, 16_384),
    "certificate": lambda: ropecalc.certify(16, 64),
    "evidence": ropecalc.evidence.summary,
    "expectation": lambda: ropecalc.evidence.around(ropecalc.scaling.default(1e4)),
    "criteria": lambda: ropecalc.evidence.criteria(ropecalc.scaling.default(1e4), 4096),
}


def test_a_check_is_true_where_the_bound_holds() -> None:
    broken, held, free = (
        ropecalc.check(1e4, 2048),
        ropecalc.check(1e6, 2048),
        ropecalc.check(1e4, 2048, rotary_dim=64),
    )
    assert [bool(one) for one in (broken, held, free)] == [False, True, True]
    assert [one.holds for one in (broken, held, free)] == [False, True, True]
    with pytest.raises(ropecalc.InvalidValueError, match="got '64k': pass 65536"):
        ropecalc.check(1e4, "64k")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", first_quick(11, MAKERS))
def test_a_result_is_short_and_a_pickle_keeps_it(name: str) -> None:
    result = MAKERS[name]()
    assert len(repr(result)) < 24 * 80
    assert pickle.loads(pickle.dumps(result)) == result


def test_a_pickle_keeps_frequencies_to_hundreds_of_digits() -> None:
    spectrum = ropecalc.scaling.yarn(1e6, 128, factor=4, original_context=32_768)
    kept = pickle.loads(pickle.dumps(spectrum))
    assert kept == spectrum
    assert kept.frequencies_to(250)[40] == spectrum.frequencies_to(300)[40]


def test_a_model_may_be_a_name_or_a_path(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(dict(ropecalc.find_model("Qwen3-8B").document)))
    for model in ("Qwen3-8B", str(path), path, tmp_path):
        assert ropecalc.inspect(model, 1024, bases=False).layers[0].rope.base == 1e6
        assert ropecalc.compare(model, 1024, ["vllm"]).context == 1024
        assert isinstance(findings(model), tuple)


@pytest.mark.parametrize("wrong", ["no-such-model", "no/such/file.json", 8, None])
def test_what_is_no_model_is_an_error_of_ropecalc(wrong: object) -> None:
    with pytest.raises(ropecalc.RopecalcError):
        ropecalc.plan_model(wrong, 131_072)  # type: ignore[arg-type]


def test_a_notebook_shows_bases_that_meet_the_bound() -> None:
    found = ropecalc.min_base(128, 4096)
    rows = re.findall(r"(minimum|safe|recommended) base +([\d,.]*\d)", found._repr_html_() or "")
    shown = {name: float(text.replace(",", "")) for name, text in rows}
    assert len(shown) == 3
    assert shown["minimum"] >= (found.minimum_base or 0.0) > 1
    assert shown["safe"] >= (found.safe_base or 0.0) > 1
    assert all(ropecalc.check(base, 4096).holds for base in shown.values())
