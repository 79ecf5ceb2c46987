"""Building a staircase through interruptions: the same file in the end, and nothing lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ropecalc import Staircase, TableError, build_staircase, tables
from ropecalc.base import build
from ropecalc.base.journal import Journal
from ropecalc.results import Kind
from tests.conftest import HANGS, RunCli, heeds_interrupts
from tests.tools.places import ROOT

SHORT, LONG = 400, 16_384  # tokens: a second, and much longer than any test waits
posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")


def start(kind: str, path: Path, context: int = SHORT, **settings: object) -> subprocess.Popen[str]:
    asked = [
        "staircase",
        "--tsv",
        "--dim",
        "32",
        "--ctx",
        str(context),
        "--kind",
        kind,
        "--jobs",
        "2",
    ]
    process: subprocess.Popen[str] = subprocess.Popen(
        [sys.executable, "-m", "ropecalc", *asked, "--save", path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"preexec_fn": heeds_interrupts, **settings},  # type: ignore[call-overload]
    )
    return process


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return list(map(int, found.read_text().split())) if found.exists() else []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@posix
@pytest.mark.parametrize("kind", ["minimum", "safe"])
def test_a_build_that_is_killed_again_and_again_ends_with_the_same_file(
    tmp_path: Path, kind: Kind
) -> None:
    whole = tables.encode(build_staircase(kind, 32, 400, jobs=1))
    path, moments = tmp_path / "s", random.Random(kind)
    codes: set[int] = set()
    progress = [0]
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process = start(kind, path)
        while process.poll() is None and journal_size(path) <= progress[-1]:
            time.sleep(0.01)  # begin where the last one ended: it gets on at every start
        if codes:  # the first goes at once: a quick machine could be done
            time.sleep(moments.uniform(0, 0.3))
        workers = children(process.pid)
        process.send_signal(number)
        out, err = process.communicate(timeout=HANGS)
        codes.add(process.returncode)
        # Killed, the program cannot speak for a worker that it is just starting: Python does.
        assert number != signal.SIGINT or "Traceback" not in err
        assert process.returncode in (0, -number, 130), err
        assert not out or path.read_bytes() == whole  # the signal came too late
        progress.append(journal_size(path))
        wait_for_the_end_of(workers)
    assert codes & {130, -9, -15}
    done = start(kind, path)
    out, err = done.communicate(timeout=HANGS)
    assert done.returncode == 0, err
    assert path.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == ["s"]
    assert len(out.splitlines()) == len(tables.decode(whole, "x").bases) + 1


def journal_size(path: Path) -> int:
    journal = path.with_name("s.part")
    return journal.stat().st_size if journal.exists() else 0


def wait_for_the_end_of(pids: list[int]) -> None:
    """No worker outlives the process that started it."""
    end = time.monotonic() + 60
    while any(map(is_running, pids)):
        assert time.monotonic() < end, pids
        time.sleep(0.02)


@pytest.mark.slow
@posix
def test_an_interruption_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    process = start("minimum", path, LONG)
    while process.poll() is None and journal_size(path) < 1000:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANGS)
    assert (process.returncode, out) == (130, "")
    assert err == f"Interrupted: rerun the command to resume from {path}.part\n"


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, bytes, Staircase]:
    """A journal with all the work, as it is just before the file is written, and the file."""
    path = tmp_path / "s"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(build, "write_table", stop)
        with pytest.raises(KeyboardInterrupt):
            build_staircase("minimum", 8, 40, jobs=1, save=str(path))
    return path, path.with_name("s.part").read_bytes(), build_staircase("minimum", 8, 40, jobs=1)


@pytest.mark.slow
def test_a_journal_cut_anywhere_is_taken_up(finished: tuple[Path, bytes, Staircase]) -> None:
    path, journal, whole = finished
    ends = [at + 1 for at, byte in enumerate(journal) if byte == ord("\n")]
    cuts = {0, 1, 50, *ends[::9], *(end - 7 for end in ends[::7]), len(journal)}
    for cut in sorted(cuts):
        path.with_name("s.part").write_bytes(journal[:cut])
        assert build_staircase("minimum", 8, 40, jobs=1, save=str(path)) == whole
        assert path.read_bytes() == tables.encode(whole)
        assert [file.name for file in path.parent.iterdir()] == ["s"]
        path.unlink()


def test_a_damaged_line_is_done_again(finished: tuple[Path, bytes, Staircase]) -> None:
    path, journal, whole = finished
    for at in (len(journal) // 3, len(journal) // 2, len(journal) - 30):
        damaged = bytearray(journal)
        damaged[at] ^= 1
        path.with_name("s.part").write_bytes(damaged)
        assert build_staircase("minimum", 8, 40, jobs=1, save=str(path)) == whole


@pytest.mark.parametrize("other", [("safe", 8, 40), ("minimum", 10, 40), ("minimum", 8, 41)])
def test_the_journal_of_another_staircase_is_refused_and_left_alone(
    finished: tuple[Path, bytes, Staircase], other: tuple[Kind, int, int]
) -> None:
    path, journal, _ = finished
    with pytest.raises(TableError, match="belongs to other work: finish that, or remove it"):
        build_staircase(*other, jobs=1, save=str(path))
    assert path.with_name("s.part").read_bytes() == journal


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s.part").write_text("a note of someone else's\n")
    with pytest.raises(TableError, match="belongs to other work"):
        build_staircase("minimum", 8, 40, jobs=1, save=str(tmp_path / "s"))
    assert (tmp_path / "s.part").read_text() == "a note of someone else's\n"


@posix
def test_two_builds_of_one_file_do_not_mix(tmp_path: Path) -> None:
    with (
        Journal(str(tmp_path / "s"), {"a": 1}),
        pytest.raises(TableError, match="is being written by another process"),
    ):
        Journal(str(tmp_path / "s"), {"a": 1})


@pytest.mark.slow
@posix
@pytest.mark.parametrize("limit", [300, 2000, 20000])
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path, limit: int) -> None:
    import resource

    path = tmp_path / "s"
    path.write_bytes(b"before")

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = start(
        "minimum", path, preexec_fn=small, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    out, err = process.communicate(timeout=HANGS)
    if process.returncode == 0:  # the limit was none
        assert limit == 20000
        return
    assert (process.returncode, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: ")
    assert "cannot be written" in err
    assert err.count("\n") == 1
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize("place", ["missing/s", "file/s", "."])
def test_an_impossible_place_is_told_at_once(tmp_path: Path, run_cli: RunCli, place: str) -> None:
    (tmp_path / "file").write_text("")
    done = run_cli("staircase", "--dim", "128", "--ctx", "1M", "--save", f"{tmp_path}/{place}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
