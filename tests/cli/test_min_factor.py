"""``ropecalc min-factor`` as a command: rows, rounding, statuses, proofs and plots."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc import Rope
from ropecalc.base.factor import violations_of
from ropecalc.base.scaled import FAMILIES

if TYPE_CHECKING:
    from tests.conftest import RunCli

HEAD = ["--base", "1e4", "--dim", "32", "--original-ctx", "256"]
YARN = Rope("all", "yarn", 1e4, 32, 32, {"original_context": 256})


def test_several_methods_and_contexts_are_rows(run_cli: RunCli) -> None:
    methods = ["--rope-type", "yarn,llama3", "--rope-type", "linear"]
    done = run_cli("min-factor", *HEAD, *methods, "--ctx", "1k,1500", "--csv")
    rows = [line.split(",") for line in done.stdout.splitlines()]
    at = {name: rows[0].index(name) for name in ("rope_type", "context", "ratio")}
    found = [(row[at["rope_type"]], row[at["context"]], row[at["ratio"]]) for row in rows[1:]]
    assert found == [
        (method, context, ratio)
        for method in ("yarn", "llama3", "linear")
        for context, ratio in (("1024", "4"), ("1500", "5.859375"))
    ]
    assert done.returncode == 0


def test_a_factor_that_nobody_gave_is_not_told(run_cli: RunCli) -> None:
    done = run_cli("min-factor", *HEAD, "--ctx", "1k", "--json")
    answer = json.loads(done.stdout)
    assert answer["inputs"]["rope_type"] == ["yarn"]
    assert answer["results"][0]["given_factor"] is None
    own = run_cli("min-factor", "Llama-3.2-1B", "--ctx", "16k", "--json")
    assert json.loads(own.stdout)["results"][0]["given_factor"] == 32.0


@pytest.mark.parametrize("digits", [1, 3])
def test_round_gives_the_first_factor_of_so_many_digits(run_cli: RunCli, digits: int) -> None:
    done = run_cli("min-factor", *HEAD, "--ctx", "1k", "--round", str(digits), "-q")
    units, most = 10 ** (digits - 1), round(float(done.stdout) * 10 ** (digits - 1))
    assert float(done.stdout) == most / units
    all_of_them = [k / units for k in range(units, most + 1)]
    *smaller, last = violations_of(YARN, 1024, all_of_them)
    assert None not in smaller
    assert last is None


def test_round_and_digits_are_two_answers(run_cli: RunCli) -> None:
    done = run_cli("min-factor", *HEAD, "--ctx", "1k", "--round", "2", "--digits", "5", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--round and --digits exclude each other" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ctx", "64"], "A factor of 1 is enough"),
        (["--ctx", "1k", "--margin", "1"], "No factor meets the bound, however large."),
    ],
)
def test_no_answer_prints_nothing_and_exits_1(run_cli: RunCli, words: list[str], told: str) -> None:
    done = run_cli("min-factor", *HEAD, *words, "-q")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ""
    loud = run_cli("min-factor", *HEAD, *words, "--get", "minimum_factor")
    assert loud.returncode == 1
    assert told in loud.stderr


def test_a_proof_is_written_and_verified(run_cli: RunCli, tmp_path: Path) -> None:
    path = str(tmp_path / "proof.json")
    done = run_cli("min-factor", *HEAD, "--ctx", "1k", "--certificate", path, "-q")
    assert done.returncode == 0
    assert run_cli("verify", path, "-q").returncode == 0
    claim = json.loads(Path(path).read_text(encoding="ascii"))["claim"]
    assert float(claim["high"]) == float(done.stdout)
    assert claim["parameters"]["original_context"] == "256"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ctx", "1k,2k"], "a certificate proves one factor"),
        (["--ctx", "64"], "a factor of 1 meets the bound"),
        (["--ctx", "200", "--rope-type", "dynamic"], "dynamic scaling changes nothing"),
    ],
)
def test_what_cannot_be_proved_is_refused(
    run_cli: RunCli, tmp_path: Path, words: list[str], told: str
) -> None:
    path = tmp_path / "proof.json"
    done = run_cli("min-factor", *HEAD, *words, "--certificate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert not path.exists()


def test_a_plot_marks_the_factors(run_cli: RunCli) -> None:
    done = run_cli("min-factor", *HEAD, "--ctx", "1k", "--width", "60", "--height", "8")
    drawn = done.stdout[done.stdout.index("First violation over the factor") :]
    for text in ("2.32746117", "4: target / original", "recommended"):
        assert text in drawn
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_a_plot_without_a_factor_to_mark_is_drawn(run_cli: RunCli) -> None:
    done = run_cli("min-factor", *HEAD, "--ctx", "64", "--plot", "--width", "60")
    assert "First violation over the factor" in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_a_folder_is_a_model(run_cli: RunCli, tmp_path: Path) -> None:
    config = {
        "model_type": "llama",
        "head_dim": 32,
        "rope_theta": 1e4,
        "max_position_embeddings": 256,
        "hidden_size": 64,
        "num_attention_heads": 2,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for target in (str(tmp_path), str(tmp_path / "config.json")):
        done = run_cli("min-factor", target, "--ctx", "1k", "--rope-type", "yarn", "-q")
        assert float(done.stdout) == ropecalc.min_factor(YARN, 1024).minimum_factor


@pytest.mark.parametrize("name", ["foo", "longrope", "default", "ntk-fixed", "cope", "", "yarn,,"])
def test_a_method_without_a_factor_that_grows_is_refused_by_those_that_have_one(
    run_cli: RunCli, name: str
) -> None:
    done = run_cli("min-factor", *HEAD, "--rope-type", name, "--ctx", "1k", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    listed = done.stderr.partition("must be one of ")[2].partition(", got")[0].split(", ")
    assert {one.replace("-", "_") for one in listed} == {*FAMILIES, "yarn_rcd"}


def test_another_base_keeps_what_a_models_own_scaling_says(run_cli: RunCli) -> None:
    """gpt-oss does not round the ends of its ramp, whatever its base is."""
    model = ropecalc.find_model("gpt-oss-20b")
    rope = replace(model.rope, base=1e6)
    assert rope.parameters["truncate"] is False
    done = run_cli("min-factor", "gpt-oss-20b", "--base", "1e6", "--ctx", "200k", "-q")
    found = ropecalc.min_factor(rope, 204_800, window=False, recommended=False)
    assert float(done.stdout) == found.minimum_factor
