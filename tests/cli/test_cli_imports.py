"""Start-up: what only talks about ropecalc loads nothing that is slow to import."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc.cli.commands import Commands
from tests.cli.test_cli_environments import LINES
from tests.tools import extras, stage
from tests.tools.speeds import first_quick

if TYPE_CHECKING:
    from tests.conftest import RunCli

SLOW = ("numpy", "mpmath", "rich.console")
CODE = """
import atexit, sys
slow, sys.argv = sys.argv[1].split(","), ["ropecalc", *sys.argv[2:]]
atexit.register(lambda: print("LOADED", *{*slow} & {*sys.modules}, file=sys.stderr))
from ropecalc.cli.app import main
sys.exit(main())
"""
EACH = """
import contextlib, io, json, os, shlex, sys
from ropecalc.cli.app import main
from tests.tools.speeds import first_quick
folder, extras, lines = json.load(sys.stdin)
os.chdir(folder)
ends, before = [], set()
for line in lines:
    sys.argv = ["ropecalc", *shlex.split(line)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main()
    now = {*extras} & {*sys.modules}
    ends.append((code, sorted(now - before)))
    before = now
json.dump(ends, sys.stdout)
"""
ASKING = {  # of a command, how it does without the extra that it takes where that is installed
    "verify": "verify proof.json --backend mpmath",
    "weights": "weights model -h",  # all that it can do without
}


def loaded(run_python: RunCli, *args: str, **env: str) -> set[str]:
    """Which slow modules a run of the program has loaded when it ends."""
    done = run_python("-c", CODE, ",".join(SLOW), *args, env=env)
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1].split()
    assert last[0] == "LOADED"
    return set(last[1:])


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    first_quick(
        3, ["--version", "", "chekc", "--help", "check --base 1e6", "explain -q", "explain bound"]
    ),
)
def test_words_about_the_program_load_nothing_slow(run_python: RunCli, line: str) -> None:
    assert loaded(run_python, *line.split()) == set()


@pytest.mark.slow
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
    assert "rich.console" not in loaded(run_python, "freqs", "--base", "1e6", "--json")


def test_tables_do_without_richs_console_and_a_plan_without_mpmath(run_python: RunCli) -> None:
    line = "plan Llama-3-8B --to 16k --method roomy-base,yarn,linear"
    assert loaded(run_python, *line.split()) == {"numpy"}


def test_the_check_can_fail(run_python: RunCli) -> None:
    assert "numpy" in loaded(run_python, "freqs", "--base", "1e6", "-q")


# --- extras -------------------------------------------------------------------------------------


def brought(run_python: RunCli, folder: Path, lines: list[str]) -> list[tuple[int, set[str]]]:
    """Exit codes of lines that one process runs in turn, and the extras' modules each adds."""
    env = extras.prepare(folder)
    for name, source in stage.FILES.items():
        shutil.copyfile(stage.CONFIGS / source, folder / name)
    # by itself: a proof is checked before it is written, by Arb where that is there
    apart = json.dumps([str(folder), extras.MODULES, [stage.PREPARATION]])
    assert json.loads(run_python("-c", EACH, stdin=apart, env=env).stdout)[0][0] == 0
    asked = json.dumps([str(folder), extras.MODULES, lines])
    done = run_python("-c", EACH, stdin=asked, env=env)
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout)
    return [(code, set(modules)) for code, modules in ends]


@pytest.mark.slow
def test_no_command_loads_an_extra_that_it_was_not_asked_for(
    run_python: RunCli, tmp_path: Path
) -> None:
    plain = [ASKING.get(name, line) for name, (line, _) in LINES.items()]
    codes = [0 if name in ASKING else code for name, (_, code) in LINES.items()]
    lines = [*plain, *(f"{line} --json" for line in plain)]
    ends = brought(run_python, tmp_path, lines)
    for line, code, end in zip(lines, [*codes, *codes], ends, strict=True):
        assert end == (code, set()), line


@pytest.mark.slow
def test_a_command_that_is_asked_for_an_extra_is_seen_to_load_it(
    run_python: RunCli, tmp_path: Path
) -> None:
    # the extra cluster is none of the tests' own
    each = [extra for extra in extras.EXTRAS.values() if find_spec(extra.modules[0])]
    assert each
    ends = brought(run_python, tmp_path, [extra.line for extra in each])
    for extra, (code, modules) in zip(each, ends, strict=True):
        assert code == (2 if extra.cluster else 0), extra.line  # no scheduler is there
        assert extra.modules[0] in modules, extra.line
