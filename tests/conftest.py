"""What all tests share: an environment that no shell changes, and the CLI as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol

import pytest
from hypothesis import settings

from tests.tools.inside import run_inside
from tests.tools.places import ROOT

AMBIENT = (
    "FORCE_COLOR GITHUB_ACTIONS PY_COLORS TTY_COMPATIBLE TTY_INTERACTIVE ROPECALC_DEBUG TERM "
    "TYPER_USE_RICH TYPER_STANDARD_TRACEBACK _ROPECALC_COMPLETE"
).split()
PINNED = {
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "LINES": "40",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "error::RuntimeWarning",
    "OPENBLAS_NUM_THREADS": "1",  # tests run side by side
}
os.environ["OPENBLAS_NUM_THREADS"] = PINNED["OPENBLAS_NUM_THREADS"]  # before NumPy is loaded
BATCH = """
import contextlib, io, json, sys
from ropecalc.cli.app import main

done = []
for args in json.load(sys.stdin):
    sys.argv = ["ropecalc", *args]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        with contextlib.redirect_stderr(io.StringIO()) as err:
            code = main()
    done.append((args, code, out.getvalue(), err.getvalue()))
json.dump(done, sys.stdout)
"""
collect_ignore_glob = ["tools/real/*.py"]  # loaded beside the real stacks, which are not here
HANGS = 900  # seconds of a process that takes a few, on a machine that is busy
Done = subprocess.CompletedProcess[str]
RunBatch = Callable[[Sequence[Sequence[str]]], list[Done]]

# A shared machine has no even pace; and a suite that is green here is green elsewhere.
settings.register_profile("ropecalc", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, derandomize=False, max_examples=1000)
settings.load_profile("ropecalc")


class RunCli(Protocol):
    """Runs ``python -m ropecalc``; ``env`` is added to the pinned environment."""

    def __call__(
        self, *args: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Done: ...


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about the faults that were tried, where they were."""
    from tests.tools.faults import told

    line = told(chain.from_iterable(terminalreporter.stats.values()))
    if line:
        terminalreporter.write_line(line)


def heeds_interrupts() -> None:
    """What a shell starts in the background ignores them, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def _pinned_environment() -> Iterator[None]:
    """The same colours, widths and encodings wherever the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in AMBIENT:
            patch.delenv(name, raising=False)
        for name, value in PINNED.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _closed_pipes_raise() -> Iterator[None]:
    """A command that a test runs in this process lets a closed pipe end it; give that back."""
    if not hasattr(signal, "SIGPIPE"):
        yield
        return
    before = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, before)


@pytest.fixture(scope="session")
def run_python() -> RunCli:
    """``python`` with any arguments, as a process in the checkout."""

    def run(*args: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Done:
        return subprocess.run(
            [sys.executable, *args],
            input=stdin or "",
            env={**os.environ, **(env or {})},
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            timeout=HANGS,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def run_process(run_python: RunCli) -> RunCli:
    """``python -m ropecalc`` as a process of its own: for streams, signals and the environment."""

    def run(*args: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Done:
        return run_python("-m", "ropecalc", *args, stdin=stdin, env=env)

    return run


@pytest.fixture(scope="session")
def run_cli(run_process: RunCli) -> RunCli:
    """``run_cli("max-ctx", "--base", "1e6")`` in this process; in its own if ``env`` is given."""

    def run(*args: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Done:
        if env is not None:
            return run_process(*args, stdin=stdin, env=env)
        return run_inside(args, stdin or "")

    return run


@pytest.fixture(scope="session")
def run_batch() -> RunBatch:
    """Many command lines, one after another."""
    return lambda lines: [run_inside(line) for line in lines]
