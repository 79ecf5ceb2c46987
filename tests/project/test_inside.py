"""A command run within the tests' process ends as one in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tools.inside import run_inside

if TYPE_CHECKING:
    from tests.conftest import RunCli

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "max_position_embeddings": 4096,
}
LINES = {
    "": "",
    "--version": "",
    "check --base 1e4 --ctx 4k": "",  # exit code 1, and rows for a pipe
    "explain bound": "",
    "lint - --ignore base-below-bound": json.dumps(LLAMA),
    "max-ctx --base 1e4 -q": "",
    "freqs --base é": "",
    "chekc": "",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_it_ends_as_in_a_process_of_its_own(run_process: RunCli, line: str) -> None:
    inside = run_inside(line.split(), LINES[line])
    alone = run_process(*line.split(), stdin=LINES[line])
    assert inside.returncode == alone.returncode
    assert (inside.stdout, inside.stderr) == (alone.stdout, alone.stderr)


def test_nothing_of_it_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ROPECALC_DEBUG", "0")
    before = (sys.argv, sys.stdin, sys.stdout, sys.stderr, dict(os.environ), os.getcwd())  # noqa: PTH109
    pipe = getattr(signal, "SIGPIPE", signal.SIGINT)
    handler = signal.getsignal(pipe)
    assert run_inside(["check", "--base", "1e6", "--ctx", "64", "-q"]).returncode == 0
    after = (sys.argv, sys.stdin, sys.stdout, sys.stderr, dict(os.environ), os.getcwd())  # noqa: PTH109
    assert after == before
    assert signal.getsignal(pipe) is handler


def test_what_nobody_catches_is_a_traceback_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> int:
        raise RuntimeError("broken")

    monkeypatch.setattr("ropecalc.cli.entry.main", broken)
    done = run_inside(["--version"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Traceback ")
    assert done.stderr.endswith("RuntimeError: broken\n")
