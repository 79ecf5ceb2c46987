"""What a user gets: extras that are named when they are missing, types, and the same numbers."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

import ropecalc
from tests.conftest import RunCli
from tests.project.test_package import PROJECT
from tests.tools import extras, same_numbers, stage, typed_user
from tests.tools.places import ROOT

NOT_FOR_USERS = {"test", "transformers", "quality", "dev"}
WITHOUT = """
import contextlib, io, json, os, shlex, sys
folder, missing, lines = json.load(sys.stdin)
os.chdir(folder)
sys.modules.update(dict.fromkeys(missing))
from ropecalc.cli.app import main
done = []
for line in lines:
    sys.argv = ["ropecalc", *shlex.split(line)]
    with contextlib.redirect_stdout(io.StringIO()):
        with contextlib.redirect_stderr(io.StringIO()) as err:
            done.append((main(), err.getvalue()))
json.dump(done, sys.stdout)
"""


# --- extras -------------------------------------------------------------------------------------


def test_every_extra_is_tried() -> None:
    assert set(PROJECT["project"]["optional-dependencies"]) - NOT_FOR_USERS == set(extras.EXTRAS)


@pytest.mark.slow
def test_without_its_extra_a_command_says_in_one_line_which(
    run_python: RunCli, tmp_path: Path
) -> None:
    env = extras.prepare(tmp_path)
    lines = [stage.PREPARATION, *(extra.line for extra in extras.EXTRAS.values())]
    done = run_python(
        "-c", WITHOUT, stdin=json.dumps([str(tmp_path), extras.MODULES, lines]), env=env
    )
    (prepared, _), *ends = json.loads(done.stdout)
    assert prepared == 0
    for name, (code, err) in zip(extras.EXTRAS, ends, strict=True):
        assert extras.refusal(name, code, err), (name, code, err)


@pytest.mark.parametrize(
    ("code", "err"),
    [
        (1, "pip install 'ropecalc[arb]'\n"),
        (2, "pip install 'ropecalc[hub]'\n"),
        (2, "Traceback\npip install 'ropecalc[arb]'\n"),
    ],
)
def test_the_check_of_refusals_can_fail(code: int, err: str) -> None:
    assert extras.refusal("arb", 2, "backend arb: pip install 'ropecalc[arb]'\n")
    assert not extras.refusal("arb", code, err)


# --- types --------------------------------------------------------------------------------------


def test_the_typed_program_uses_every_public_name() -> None:
    tree = ast.parse(Path(typed_user.__file__).read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "rc"
    }
    assert used == set(ropecalc.__all__)


@pytest.mark.slow
def test_the_typed_program_runs(run_python: RunCli) -> None:
    done = run_python(typed_user.__file__)
    assert (done.returncode, done.stderr) == (0, "")


# --- the same numbers -----------------------------------------------------------------------------

HERE = (
    ("exact", "table.minimum_base", (629978.25).hex()),
    ("exact", "table.status", "<Status.FOUND>"),
    ("sum", "curve.values[0]", (0.25).hex()),
    ("sum", "curve.values[1]", (-64.0).hex()),
)


def written(path: Path, *changed: tuple[str, str, str]) -> str:
    """A run that says what ``HERE`` says, with other values for some names."""
    lines = {name: (kind, name, value) for kind, name, value in [*HERE, *changed]}
    path.write_text("".join("\t".join(line) + "\n" for line in lines.values()), encoding="utf-8")
    return str(path)


def test_runs_that_say_the_same_are_counted(tmp_path: Path) -> None:
    near = ("sum", "curve.values[1]", (-64.0 * (1 + 2**-42)).hex())
    runs = [written(tmp_path / "a"), written(tmp_path / "b"), written(tmp_path / "c", near)]
    assert same_numbers.compared(runs) == (
        "same numbers: 3 runs, 4 values, 2 of them exact, 2 sums within 2.3e-13"
    )


@pytest.mark.parametrize(
    "other",
    [
        ("exact", "table.minimum_base", (629978.25 * (1 + 2**-52)).hex()),
        ("exact", "table.status", "<Status.NO_BASE>"),
        ("exact", "table.steps", "7"),
        ("sum", "curve.values[0]", (0.25 + 2e-12).hex()),
        ("sum", "curve.values[1]", (-64.0 * (1 + 2e-12)).hex()),
        ("sum", "curve.values[1]", "nan"),
    ],
)
def test_a_run_that_differs_ends_the_comparison(
    tmp_path: Path, other: tuple[str, str, str]
) -> None:
    same, differs = written(tmp_path / "a"), written(tmp_path / "b", other)
    for runs in ([same, differs], [differs, same], [same, same, differs]):
        with pytest.raises(SystemExit, match=other[1].replace("[", r"\[")):
            same_numbers.compared(runs)


def test_a_run_without_numbers_and_a_run_alone_are_no_comparison(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for runs in ([written(tmp_path / "a")], [written(tmp_path / "a"), str(tmp_path / "empty")]):
        with pytest.raises(SystemExit, match=r"nothing to compare with|no numbers"):
            same_numbers.compared(runs)


def test_a_result_is_told_to_the_last_bit_and_by_kind() -> None:
    check = ropecalc.check(1e4, 64, head_dim=32, next_base=False)
    told = {name: (kind, value) for kind, name, value in same_numbers.told("x", check)}
    assert told["x.base"] == ("exact", (1e4).hex())
    assert told["x.worst_similarity"] == ("sum", check.worst_similarity.hex())
    assert told["x.first_violation"] == ("exact", repr(check.first_violation))


def test_the_numbers_need_nothing_but_the_package() -> None:
    tree = ast.parse((ROOT / "tests" / "tools" / "same_numbers.py").read_text(encoding="utf-8"))
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    outer = {str(name).partition(".")[0] for name in imported}
    assert outer - sys.stdlib_module_names == {"ropecalc"}
