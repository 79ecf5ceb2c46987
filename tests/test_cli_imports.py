"""Start-up: what only talks about ropecalc loads nothing that is slow to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc.cli.app import Commands

if TYPE_CHECKING:
    from tests.conftest import RunCli

SLOW = ("numpy", "mpmath", "rich")
CODE = """
import atexit, sys
slow, sys.argv = sys.argv[1].split(","), ["ropecalc", *sys.argv[2:]]
atexit.register(lambda: print("LOADED", *{*slow} & {*sys.modules}, file=sys.stderr))
from ropecalc.cli.app import main
sys.exit(main())
"""


def loaded(run_python: RunCli, *args: str, **env: str) -> set[str]:
    """Which slow modules a run of the program has loaded when it ends."""
    done = run_python("-c", CODE, ",".join(SLOW), *args, env=env)
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1].split()
    assert last[0] == "LOADED"
    return set(last[1:])


@pytest.mark.parametrize(
    "line",
    ["--version", "--help", "", "check --base 1e6", "chekc", "explain -q", "explain bound"],
)
def test_words_about_the_program_load_nothing_slow(run_python: RunCli, line: str) -> None:
    assert loaded(run_python, *line.split()) == set()


@pytest.mark.parametrize("name", Commands.NAMES)
def test_no_help_page_loads_anything_slow(run_python: RunCli, name: str) -> None:
    assert loaded(run_python, name, "-h") == set()


def test_the_version_loads_no_part_of_the_program(run_python: RunCli) -> None:
    code = (
        "import sys; sys.argv = ['ropecalc', '--version']; from ropecalc.cli.entry import main; "
        "main(); print('typer' in sys.modules, file=sys.stderr)"
    )
    done = run_python("-c", code)
    assert (done.stdout, done.stderr) == (f"ropecalc {ropecalc.__version__}\n", "False\n")


def test_completion_loads_nothing_slow(run_python: RunCli) -> None:
    request = {
        "_ROPECALC_COMPLETE": "complete_bash",
        "COMP_WORDS": "ropecalc min-base --ma",
        "COMP_CWORD": "2",
    }
    assert loaded(run_python, **request) == set()


def test_completion_completes(run_cli: RunCli) -> None:
    done = run_cli(
        env={
            "_ROPECALC_COMPLETE": "complete_bash",
            "COMP_WORDS": "ropecalc ma",
            "COMP_CWORD": "1",
        }
    )
    assert done.stdout.split() == ["max-ctx"]


def test_importing_the_package_loads_nothing_slow(run_python: RunCli) -> None:
    code = f"import sys, ropecalc; print(*set({SLOW}) & set(sys.modules))"
    assert run_python("-c", code).stdout == "\n"


def test_rows_for_a_pipe_do_not_load_rich(run_python: RunCli) -> None:
    assert "rich" not in loaded(run_python, "freqs", "--base", "1e6", "--json")


def test_the_check_can_fail(run_python: RunCli) -> None:
    assert "numpy" in loaded(run_python, "freqs", "--base", "1e6", "-q")
