"""The soak of random command lines: it covers every command and option, and each check can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import HANGS, RunBatch, RunCli
from tests.tools.places import ROOT
from tests.tools.soak import MAY_GROW, Tally, faults
from tests.tools.soak_lines import Line, made, parameters, unknown_metavars
from tests.tools.soak_process import Done
from tests.tools.soak_values import good

SEED, LINES = 7, 10_000  # the soak that runs unless another is asked for
LINE = Line(1, ("check", "--json", "--base", "1e4"))
NOTE = "x: rope_theta is absent\n"
REFUSED = "print('Error: no', file=sys.stderr); return 2"
QUIET = f"open('here', 'w').close(); {REFUSED}"
PROGRAMS = {  # what a program does -> lines to run it on, and words of what the soak then says
    "1 / 0": (1, "ZeroDivisionError('division by zero') escaped"),
    "sys.exit(1)": (1, "SystemExit(1) escaped"),
    "time.sleep(9)": (1, "still running after 0.1 s"),
    "open('../../stray', 'a')": (1, "touched open ../../stray"),
    "socket.create_connection(('127.0.0.1', 9))": (1, "touched socket."),
    "os.write(2, b'Traceback'); return 0": (1, "'Traceback' on stderr"),
    QUIET: (20, "20 refused (2);"),
    # as much in 40 lines as 10 kB a line is in 10,000
    f"kept.append(bytearray(os.urandom(2_500_000))); {REFUSED}": (40, "memory grew by "),
}
ALONE = "print(7); return 0"
MAKE = """
import json, os, socket, sys, tempfile, time
from pathlib import Path
from tests.tools import soak_process
from tests.tools.soak import Soak
from tests.tools.soak_folder import Folder

kept = []

def run(body, count, alone):
    soak_process.LIMIT = 0.1 if "sleep" in body else 60  # a busy machine may take long over others
    space = {**globals()}
    exec("def act():\\n " + body, space)

    def main():
        Path("proof.json").exists() or Path("proof.json").touch()
        return space["act"]()

    with tempfile.TemporaryDirectory() as root:
        deeper = Path(root, "a", "b")
        deeper.mkdir(parents=True)
        tally = Soak(Folder(deeper), main, seed=1, alone=alone).run(1, count)
        os.chdir("/")
    return [*tally.failures, str(tally)]

soak_process.settle(Path(tempfile.gettempdir()))
json.dump([run(*job) for job in json.load(sys.stdin)], sys.stdout)
"""
linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to ask")


@pytest.fixture(scope="module")
def soaked(run_python: RunCli) -> dict[str, list[str]]:
    """What a soak of each program says, all in one process."""
    jobs = [(body, count, 0) for body, (count, _) in PROGRAMS.items()] + [(ALONE, 1, 1)]
    done = run_python("-c", MAKE, stdin=json.dumps(jobs))
    assert done.returncode == 0, done.stderr
    return dict(zip([*PROGRAMS, ALONE], json.loads(done.stdout), strict=True))


def test_every_metavar_of_the_help_has_values() -> None:
    assert unknown_metavars() == set()


def test_a_metavar_without_values_is_an_error() -> None:
    from random import Random

    with pytest.raises(KeyError, match="no values for the metavar NEW of check --new"):
        good("check", "--new", "NEW", Random(1))


def test_every_command_and_every_spelling_of_every_option_is_used() -> None:
    used: dict[str, Counter[str]] = {name: Counter() for name in parameters()}
    for number in range(1, LINES + 1):
        first, *rest = made(SEED, number).words or ("",)
        if first in used:
            used[first].update(["", *(word.partition("=")[0] for word in rest)])
    assert all(counts[""] > LINES / 50 for counts in used.values())
    missing = [
        f"{name} {one.name}"
        for name, those in parameters().items()
        for one in those
        if one.is_option and not used[name][one.name]
    ]
    assert missing == []


def test_a_line_depends_on_the_seed_and_its_number_alone() -> None:
    assert made(5, 17) == made(5, 17)
    assert len({made(5, number).words for number in range(200)}) > 190
    assert made(6, 17) != made(5, 17)


def test_a_line_is_shown_as_a_shell_takes_it() -> None:
    line = Line(7, ("models", "a b", "\x1b"), "closed")
    assert str(line) == r"line 7: ropecalc models 'a b' '\x1b' <&-"


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Done(3, "", ""), "exit code 3"),
        (Done(-1, "", ""), "exit code -1"),
        (Done(1, "{}", "Traceback (most recent call last):\n"), "'Traceback' on stderr"),
        (Done(2, "", "Error: unexpected X; this is a fault of ropecalc\n"), "'this is a fault of'"),
        (Done(2, "", "Error: not enough memory\n"), "not enough memory"),
        (Done(2, "half", "Error: no\n"), "on stdout"),
        (Done(2, "", "no\n"), "other than one line"),
        (Done(2, "", ""), "other than one line"),
        (Done(2, "", "Error: a\nError: b\n"), "refused 2 times"),
        (Done(2, "", NOTE * 4 + "Error: no\n"), "other than one line"),
        (Done(0, "", ""), "no JSON: ''"),
        (Done(0, '{"base": NaN}', ""), "no JSON"),
        (Done(1, "{} {}", ""), "no JSON"),
        (Done(0, "{}", "", ("open /x",)), "touched open /x"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(done: Done, words: str) -> None:
    assert words in "; ".join(faults(LINE, done))


@pytest.mark.parametrize(
    ("line", "done"),
    [
        (LINE, Done(1, json.dumps({"holds": False}), "")),
        (LINE, Done(2, "", "Error: no\n")),
        (LINE, Done(2, "", NOTE + "Error: no\n")),
        (Line(1, ()), Done(2, "the overview", "")),
        (Line(1, ("lint", "a", "b")), Done(2, "rows", "Error: a\nError: b\n")),
        (Line(1, ("check", "a", "b", "--ctx", "4k")), Done(2, "rows", "Error: a\nb: a note\n")),
        (Line(1, ("check", "--json", "-h")), Done(0, "Usage: ", "")),
    ],
)
def test_nothing_is_wrong_with_a_good_line(line: Line, done: Done) -> None:
    assert faults(line, done) == []


@pytest.mark.parametrize(
    "words",
    [("check", "a", "--ctx", "4k"), ("Check", "--ctx=4k", "a"), ("staircase", "--dim", "8", "64")],
)
def test_a_line_with_one_model_is_refused_in_one_line(words: tuple[str, ...]) -> None:
    assert "on stdout" in "; ".join(faults(Line(1, words), Done(2, "half", "Error: no\n")))


@pytest.mark.slow
@linux
@pytest.mark.parametrize("body", PROGRAMS)
def test_a_program_that_does_so_fails(soaked: dict[str, list[str]], body: str) -> None:
    *failures, tally = soaked[body]
    assert PROGRAMS[body][1] in (tally if body == QUIET else "".join(failures))
    assert tally.endswith(f" {0 if body == QUIET else 1} failures")


@pytest.mark.slow
@linux
def test_a_program_that_says_otherwise_alone_fails(soaked: dict[str, list[str]]) -> None:
    assert "alone exit code " in "".join(soaked[ALONE])


def test_growth_is_taken_between_medians_of_the_ends() -> None:
    tally = Tally(1, memory=[100.0] * 9 + [500.0] + [101.0] * 90)
    assert tally.ends == (100.0, 101.0)
    assert 3 * MAY_GROW < 10_000 * 0.9 * 0.9 * 10e-3  # what a leak of 10 kB a line makes of it


@linux
@pytest.mark.heavy  # .ci/run has one of 300 lines
def test_a_short_soak_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.soak", "25", "--seed", "2"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("soak: 25 lines, seed 2: ")


def test_lines_that_a_soak_found_at_fault(run_batch: RunBatch) -> None:
    """A width too narrow for any word, and frequencies divided by an empty ramp."""
    lines = (
        "windows --dim 256 --ctx 7 --width 1",
        "inspect Llama-4-Scout --ctx 15 --dtype bfloat16 --no-bases",
    )
    for done in run_batch([line.split() for line in lines]):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout
