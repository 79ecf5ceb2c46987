"""The command ``staircase``: its forms, its words, its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ropecalc import Staircase, build_staircase, tables
from ropecalc.base.lookup import shipped_staircase
from ropecalc.render.human import show_staircase
from tests.conftest import RunBatch, RunCli
from tests.tools.render_samples import Stream

LINE = ("staircase", "--dim", "16", "--ctx", "40", "--jobs", "1")


@pytest.fixture(scope="module")
def staircase() -> Staircase:
    return build_staircase("minimum", 16, 40, jobs=1)


@pytest.mark.slow
def test_every_form_has_the_same_steps(run_batch: RunBatch, staircase: Staircase) -> None:
    tsv, csv, as_json, bare = run_batch(
        [(*LINE, form) for form in ("--tsv", "--csv", "--json", "-q")]
    )
    assert csv.stdout == tsv.stdout.replace("\t", ",")
    head, *rows = csv.stdout.splitlines()
    assert head == "context,base,critical_distance"
    expected = [f"{c},{repr(b).removesuffix('.0')},{m or ''}" for c, b, m in staircase.steps]
    assert rows == expected
    result = json.loads(as_json.stdout)["results"][0]
    assert result["contexts"] == [step.context for step in staircase.steps]
    assert result["bases"] == [step.base for step in staircase.steps]
    assert result["critical_distances"] == [step.distance or None for step in staircase.steps]
    assert (result["kind"], result["rotary_dim"], result["end"]) == ("minimum", 16, 40)
    assert list(map(float, bare.stdout.split())) == result["bases"]
    assert {done.stderr for done in (tsv, csv, as_json, bare)} == {""}


@pytest.mark.slow
def test_a_shipped_table_answers_with_the_steps_that_are_built(run_batch: RunBatch) -> None:
    line = ("staircase", "--dim", "128", "--ctx", "60", "--json")
    looked_up, swept = (
        json.loads(done.stdout)["results"][0]
        for done in run_batch([line, (*line, "--no-table", "--jobs", "1")])
    )
    assert (looked_up.pop("source"), swept.pop("source")) == ("table", "sweep")
    assert looked_up == swept


def test_what_is_saved_is_built_anew(run_cli: RunCli, tmp_path: Path) -> None:
    line = ("staircase", "--dim", "128", "--ctx", "9", "--json", "--jobs", "1")
    done = run_cli(*line, "--save", str(tmp_path / "s"))
    assert json.loads(done.stdout)["results"][0]["source"] == "sweep"


def test_on_a_screen_it_says_where_the_steps_come_from() -> None:
    stream = Stream()
    found = shipped_staircase("safe", 128, 20)
    assert found is not None
    show_staircase(found, stream)
    assert "from the shipped table of safe bases; --no-table computes it." in " ".join(
        stream.text().split()
    )


def test_it_saves_what_it_prints(run_cli: RunCli, tmp_path: Path, staircase: Staircase) -> None:
    path = tmp_path / "s"
    done = run_cli(*LINE, "--save", str(path))
    assert (done.returncode, done.stderr) == (0, f"The table is in {path}\n")
    assert tables.read_table(str(path)).staircase() == staircase


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (("--dim", "16"), "--ctx is missing"),
        (("--dim", "15", "--ctx", "40"), "--dim"),
        (("--dim", "2", "--ctx", "40"), "--dim"),
        (("--dim", "16", "--ctx", "40", "--kind", "least"), "--kind"),
        (("--dim", "16", "--ctx", "40", "--jobs", "0"), "--jobs"),
        (("--dim", "16", "--ctx", "2G"), "--ctx"),
    ],
)
def test_bad_input_is_one_line_that_names_the_option(
    run_batch: RunBatch, line: tuple[str, ...], option: str
) -> None:
    done = run_batch([("staircase", *line)])[0]
    assert (done.returncode, done.stdout) == (2, "")
    assert option in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("width", [40, 60, 100])
def test_on_a_screen_every_step_is_a_line_that_fits(staircase: Staircase, width: int) -> None:
    stream = Stream()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        show_staircase(staircase, stream)
    text = stream.text()
    assert max(map(len, text.splitlines()[:-1])) <= width
    for step in staircase.steps:
        assert any(line.split()[:1] == [str(step.context)] for line in text.splitlines())


def test_the_words_for_both_kinds(staircase: Staircase) -> None:
    stream = Stream()
    show_staircase(staircase, stream)
    assert stream.text().startswith("Minimum bases up to 40 tokens, head_dim 16: ")
    safe = Staircase("safe", 16, 40, staircase.steps)
    show_staircase(safe, stream)
    assert "From the base in a row on, every base keeps" in " ".join(stream.text().split())
