"""The fault table: whatever happens while ropecalc writes a file, the old one or the new is there.

A row is a way of writing a file (``tests.tools.faults.WRITERS``), a column is a fault below.
The number of cases and kills is printed at the end of the run.
"""

from __future__ import annotations

import inspect
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ropecalc.cli.commands import COMMANDS
from tests.cli.test_cli_environments import LINES, NO_ROWS, rows_of
from tests.conftest import HANGS
from tests.tools.faults import (
    EMIT,
    QUICKEST,
    WRITERS,
    Done,
    Files,
    Host,
    Job,
    Writer,
    checkpoint,
    small_disk,
)
from tests.tools.places import ROOT
from tests.tools.speeds import first_quick
from tests.tools.stage import CONFIGS, FILES, PREPARATION

pytest.importorskip("fcntl", reason="needs fork, signals and limits")

SEEN: set[object] = set()  # what faults have left behind
MOST = 200  # steps of a run, or of what a fault grows by
HELP = ("", "--help", "--version")
has_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
NEW = [name for name, writer in WRITERS.items() if "--in-place" not in writer.line]
LIGHT = [name for name, writer in WRITERS.items() if not writer.heavy]
SOON = [*LIGHT[::3], QUICKEST]  # in the quick suite; the other light ones are slow


def writers(names: Iterable[str]) -> pytest.MarkDecorator:
    """A case of each, with the mark of its suite."""
    marks = {name: pytest.mark.slow if name in LIGHT else pytest.mark.heavy for name in WRITERS}
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=() if name in SOON else marks[name]) for name in names]
    )


light, quick, every = map(writers, (LIGHT, [*LIGHT, QUICKEST], WRITERS))


class Table:
    """Plays cases in a host, and counts them and the kills."""

    def __init__(self, host: Host, whole: dict[str, Files]) -> None:
        self.host = host
        self.count = [0, 0]
        self._whole, self._seen = whole, SEEN

    def play(self, job: Job) -> Done:
        done = self.host.play(job)
        self.count[0] += 1
        self.count[1] += done.killed
        return done

    def once(self, name: str, files: Files, check: Callable[[Table, str, Files], None]) -> None:
        """Check what is left behind, unless the same was left by another case."""
        temporary = f".{WRITERS[name].makes}."
        left = sorted(
            (temporary if file.startswith(temporary) else file, data)
            for file, data in files.items()
        )
        if (name, *left) not in self._seen:
            check(self, name, files)
            self._seen.add((name, *left))

    def new(self, name: str) -> bytes:
        """What a writer makes when nothing goes wrong."""
        writer = WRITERS[name]
        if name not in self._whole:
            done = self.host.play(Job((writer.line,), writer.before))
            assert done.codes == (0,), done.err
            self._whole[name] = done.files
        return self._whole[name][writer.makes]


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    found = Host()
    yield found
    found.close()


@pytest.fixture(scope="session")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    found = small_disk(tmp_path_factory.mktemp("disk"))
    if found is None:
        pytest.skip("nobody lets us mount a small disk: the cases of a file's limit stand for it")
    yield found
    found.close()


@pytest.fixture(scope="session")
def whole() -> dict[str, Files]:
    return {}


@pytest.fixture
def table(host: Host, whole: dict[str, Files], record_property: Callable[..., None]) -> Table:
    found = Table(host, whole)
    record_property("faults", found.count)
    return found


# --- what holds after every fault -----------------------------------------------------------------


def nothing_lost(table: Table, name: str, before: Files, done: Done) -> None:
    """Each file is as it was or as it should be, and a second run ends as if nothing had been."""
    writer, files = WRITERS[name], done.files
    now = files.get(writer.makes)
    assert now in (before.get(writer.makes), table.new(name))
    for file, data in besides(writer, files).items():
        assert data == (writer.old if file.startswith(f"{writer.makes}.bak") else before[file])
    if writer.backs_up and now != writer.old:
        assert files[f"{writer.makes}.bak"] == writer.old
    table.once(name, files, second_run)


def second_run(table: Table, name: str, files: Files) -> None:
    writer = WRITERS[name]
    again = table.host.play(Job((writer.line,), files))
    assert again.codes == (0,), again.err
    assert again.files[writer.makes] == table.new(name)
    assert f"{writer.makes}.part" not in again.files
    # a temporary file that a kill left behind stays, and is in nobody's way
    assert temporary(writer, again.files) == temporary(writer, files)


def temporary(writer: Writer, files: Files) -> Files:
    return {file: data for file, data in files.items() if file.startswith(f".{writer.makes}.")}


def besides(writer: Writer, files: Files) -> Files:
    """All but the file itself, its journal, and temporary files."""
    known = {writer.makes, f"{writer.makes}.part", *temporary(writer, files)}
    return {file: data for file, data in files.items() if file not in known}


def refused(name: str, before: Files, done: Done) -> None:
    """One line that says why and what to do, exit 2, and every file as it was."""
    writer = WRITERS[name]
    one_line(done)
    assert "cannot be written" in done.err or "no permission to read" in done.err
    assert not temporary(writer, done.files)
    # a backup that was made before the disk was full is one more copy
    kept = {file for file in done.files if file.startswith(f"{writer.makes}.bak")}
    assert all(done.files[file] == writer.old for file in kept)
    left = {file: data for file, data in done.files.items() if file not in kept}
    left.pop(f"{writer.makes}.part", None)
    assert left == before


def one_line(done: Done) -> None:
    assert set(done.codes) == {2}, (done.codes, done.err)
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert "fault of ropecalc" not in done.err


# --- the table is whole ---------------------------------------------------------------------------


def test_every_option_that_names_a_file_to_write_is_in_the_table() -> None:
    writing = {"output", "save", "certificate", "safe_certificate", "in_place"}
    for command, module in COMMANDS.items():
        for parameter in writing & set(inspect.signature(module.command).parameters):
            option = " -o " if parameter == "output" else f" --{parameter.replace('_', '-')} "
            lines = [writer.line for writer in WRITERS.values()]
            assert any(line.startswith(f"{command} ") and option in line for line in lines)


def test_nothing_else_writes() -> None:
    """Who opens a file for writing, and who has one written: all of them are in the table."""
    mark = r'open\(.*, "[wax]|(write_output|replace_file|mkstemp|write_text|write_bytes)\('
    found = {
        str(path.relative_to(ROOT / "ropecalc"))
        for path in (ROOT / "ropecalc").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(mark, line) and ">>> " not in line
    }
    assert found == {
        "base/journal.py",  # the staircases
        "certificate/files.py",
        "cli/entry.py",  # os.devnull
        "cli/weights.py",
        "files.py",
        "render/figures.py",
        "stacks/transformers/patch.py",  # emit and plan
        "tables.py",
    }


# --- kills ----------------------------------------------------------------------------------------


def killed_at_every_step(table: Table, name: str, before: Files) -> None:
    writer = WRITERS[name]
    for step in range(MOST):
        done = table.play(Job((writer.line,), before, kill_at=step))
        if not done.killed:
            break
        nothing_lost(table, name, before, done)
    assert step >= 5
    assert done.files[writer.makes] == table.new(name)


@pytest.mark.slow
@every
def test_a_kill_before_any_step_in_the_folder(table: Table, name: str) -> None:
    killed_at_every_step(table, name, WRITERS[name].before)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LIGHT if name in NEW])
def test_a_kill_before_any_step_where_no_file_was(table: Table, name: str) -> None:
    killed_at_every_step(table, name, WRITERS[name].needs)


def in_strides(table: Table, name: str, stop: str) -> list[Done]:
    """Runs that this field of a job stops, further on each time, until one gets through."""
    writer, stopped = WRITERS[name], []
    stride = stride_of(table, name)
    for times in range(MOST):
        at: dict[str, Any] = {stop: times * stride}
        done = table.play(Job((writer.line,), writer.before, **at))
        if done.codes == (0,):
            break
        nothing_lost(table, name, writer.before, done)
        stopped.append(done)
    assert len(stopped) >= 3
    assert done.files[writer.makes] == table.new(name)
    return stopped


def stride_of(table: Table, name: str) -> int:
    """Some places in all that a writer writes: a journal is longer than what becomes of it."""
    return 307 if "--save" in WRITERS[name].line else len(table.new(name)) // 3


@pytest.mark.slow
@light
def test_a_kill_in_the_middle_of_a_write(table: Table, name: str) -> None:
    assert all(done.killed for done in in_strides(table, name, "cut_at"))


def killed_at_random(table: Table, name: str, kills: int) -> None:
    writer, moments = WRITERS[name], random.Random(name)
    table.new(name)
    longest = table.host.play(Job((writer.line,), writer.before)).seconds
    while kills:
        moment = moments.uniform(0, longest)
        done = table.play(Job((writer.line,), writer.before, kill_after=moment))
        assert done.killed or done.codes == (0,)
        nothing_lost(table, name, writer.before, done)
        if done.killed:
            kills -= 1
        else:
            longest = moment  # the machine was slower before


@pytest.mark.slow
@light
def test_a_kill_at_a_random_moment(table: Table, name: str) -> None:
    killed_at_random(table, name, 2)


@pytest.mark.heavy
@pytest.mark.parametrize("name", list(WRITERS))
def test_many_kills_at_random_moments(table: Table, name: str) -> None:
    killed_at_random(table, name, 1 if WRITERS[name].heavy else 10)


@pytest.mark.slow
def test_a_kill_of_a_process_that_has_just_started(tmp_path: Path, table: Table) -> None:
    name, moments = "certificate", random.Random(1)
    writer = WRITERS[name]
    path = tmp_path / writer.makes
    command = [sys.executable, "-m", "ropecalc", *writer.line.split()]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    started, ended = time.monotonic(), []
    subprocess.run(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, check=True)
    longest = time.monotonic() - started
    for _ in range(12):
        path.write_bytes(writer.old)
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(0, longest))
        process.kill()
        ended.append(process.wait())
        table.count[0] += 1
        table.count[1] += ended[-1] == -signal.SIGKILL
        assert path.read_bytes() in (writer.old, table.new(name))
    assert -signal.SIGKILL in ended


# --- a full disk ----------------------------------------------------------------------------------


@pytest.mark.slow
@light
def test_a_disk_that_is_full_in_the_middle_of_a_write(table: Table, name: str) -> None:
    for done in in_strides(table, name, "largest"):
        refused(name, WRITERS[name].before, done)


@pytest.mark.slow
@light
def test_a_disk_with_no_page_left(table: Table, full_disk: Host, name: str) -> None:
    writer = WRITERS[name]
    expected = table.new(name)
    on_disk = Table(full_disk, {name: {writer.makes: expected}})
    for pages in range(0, MOST, 1 + len(expected) // 12_000):
        done = on_disk.play(Job((writer.line,), writer.before, pages=pages))
        table.count[0] += 1
        if done.codes == (0,):
            break
        assert "No space left on device" in done.err
        refused(name, writer.before, done)
    assert pages > 0
    assert done.files[writer.makes] == expected


# --- permissions ----------------------------------------------------------------------------------


@pytest.mark.slow
@quick
@pytest.mark.parametrize("mode", ["read-only folder", "read-only file", "unreadable file"])
def test_what_may_not_be_changed_is_not(table: Table, name: str, mode: str) -> None:
    writer = WRITERS[name]
    which = {"read-only folder": {".": 0o555}, "read-only file": {writer.makes: 0o444}}
    modes = which.get(mode, {writer.makes: 0})
    done = table.play(Job((writer.line,), writer.before, modes=modes))
    refused(name, writer.before, done)
    assert done.files == writer.before
    assert "ermission" in done.err


# --- a working directory that is gone -------------------------------------------------------------


@quick
def test_nothing_is_written_into_a_folder_that_is_gone(table: Table, name: str) -> None:
    writer = WRITERS[name]
    done = table.play(Job((writer.line,), writer.before, vanished=True))
    one_line(done)
    assert done.files == writer.before


@pytest.mark.parametrize("name", first_quick(3, LINES))
def test_a_folder_that_is_gone_is_as_an_empty_one(table: Table, name: str) -> None:
    line, code = LINES[name]
    empty = table.host.play(Job((line,)))
    gone = table.play(Job((line,), vanished=True))
    assert (gone.codes, gone.err) == (empty.codes, empty.err)
    if gone.codes == (code,):
        assert said(name, gone.out) == said(name, empty.out)
    else:  # a line a file
        assert gone.codes == (2,)
        assert all(text.startswith("Error: ") for text in gone.err.splitlines())
        assert any(file in line for file in (*FILES, "proof.json", "model"))


def said(name: str, out: str) -> object:
    if name in NO_ROWS:
        return out
    return [{**row, "seconds": None} for row in rows_of(out)]


# --- several at once ------------------------------------------------------------------------------


@pytest.mark.slow
@light
def test_several_at_once_leave_a_whole_file(table: Table, name: str) -> None:
    writer = WRITERS[name]
    for there in (writer.before, writer.needs if name in NEW else writer.before):
        done = table.play(Job((writer.line,) * 4, there))
        assert 0 in done.codes
        assert done.files[writer.makes] == table.new(name)
        assert not temporary(writer, done.files)
        if "--save" in writer.line:  # the others are told to wait
            assert set(done.codes) <= {0, 2}
            assert done.err.count("is being written by another process") == done.codes.count(2)
        else:
            assert set(done.codes) == {0}, done.err
        nothing_lost(table, name, there, done)


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_quick(1, range(4)))
def test_settings_put_into_one_config_at_once_do_not_mix(table: Table, seed: int) -> None:
    writer = WRITERS["emit"]
    lines = [EMIT.replace("5e5", base) for base in ("2e4", "3e4", "4e4", "6e4")]
    possible = [table.host.play(Job((line,), writer.before)).files[writer.makes] for line in lines]
    random.Random(seed).shuffle(lines)
    done = table.play(Job(tuple(lines), writer.before))
    assert set(done.codes) == {0}, done.err
    assert done.files.pop(writer.makes) in possible
    assert writer.old in done.files.values()
    assert all(data in (writer.old, *possible) for data in done.files.values())
    assert all(file.startswith(f"{writer.makes}.bak") for file in done.files)


def test_a_reader_beside_writers_sees_a_whole_proof(table: Table) -> None:
    writer = WRITERS["certificate"]
    proof = {writer.makes: table.new("certificate")}
    lines = (writer.line, f"verify {writer.makes} -q") * 4
    done = table.play(Job(lines, proof))
    assert set(done.codes) == {0}, done.err
    assert done.files == proof


@pytest.mark.slow
def test_a_kill_beside_other_writers(table: Table) -> None:
    writer, moments = WRITERS["minimum staircase"], random.Random(2)
    for _ in range(3):
        moment = moments.uniform(0, 0.1)
        done = table.play(Job((writer.line,) * 3, writer.before, kill_after=moment))
        nothing_lost(table, "minimum staircase", writer.before, done)


# --- streams --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def all_files(host: Host) -> Files:
    """What the commands read."""
    proof = host.play(Job((PREPARATION,))).files
    return {
        **proof,
        **checkpoint(),
        **{name: (CONFIGS / source).read_bytes() for name, source in FILES.items()},
    }


ALL_LINES = [*HELP, *(line for line, _ in LINES.values())]


@pytest.mark.slow
@pytest.mark.parametrize("out", ["closed", pytest.param("full", marks=has_full)])
def test_an_answer_that_cannot_be_written_is_one_line(
    table: Table, all_files: Files, out: str
) -> None:
    for line in ALL_LINES:
        done = table.play(Job((line,), all_files, out=out))
        *notes, error = done.err.splitlines(keepends=True)
        assert done.codes == (2,)
        assert re.fullmatch(
            r"Error: the answer cannot be written \(.*\): write it elsewhere\n", error
        )
        assert not any(note.startswith("Error: ") for note in notes), line
        assert not notes or line.startswith("emit "), line  # it says what a setting does not do
        assert done.files == all_files


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_a_command_quietly(table: Table, all_files: Files) -> None:
    for line in ALL_LINES:
        done = table.play(Job((line,), all_files, out="nobody"))
        assert done.codes == (-signal.SIGPIPE,), line
        assert done.err == "" or line.startswith("emit "), line
        assert "Error" not in done.err, line
        assert done.files == all_files


@light
@pytest.mark.parametrize("out", ["closed", pytest.param("full", marks=has_full), "nobody"])
def test_a_file_is_whole_though_the_answer_is_lost(table: Table, name: str, out: str) -> None:
    writer = WRITERS[name]
    done = table.play(Job((writer.line,), writer.before, out=out))
    assert done.codes in ((2,), (-signal.SIGPIPE,))
    assert "Traceback" not in done.err
    assert done.files[writer.makes] == table.new(name)
    nothing_lost(table, name, writer.before, done)


@pytest.mark.slow
@pytest.mark.parametrize("err", ["closed", pytest.param("full", marks=has_full)])
def test_a_message_that_cannot_be_written_leaves_the_exit_code(table: Table, err: str) -> None:
    for name in COMMANDS:
        done = table.play(Job((f"{name} --no-such-option",), err=err))
        assert (done.codes, done.out) == ((2,), ""), name


@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    first_quick(
        3,
        [
            ("--version >&-", 2, "", "answer cannot be written"),
            ("min-base --dim 64 --ctx 64 -q >&-", 2, "", "answer cannot be written"),
            ("check --base 1e4 --ctx 2k -q <&- >&- 2>&-", 1, "", ""),  # nothing to write
            ("check --base 1e4 --ctx 2k --no-such-option 2>&-", 2, "", ""),
            ("check --base 1e4 --ctx 2k --no-such-option 2>/dev/full", 2, "", ""),
            ("check --base 1e4 --ctx 2k -q <&-", 1, "", ""),
            ("verify - <&-", 2, "", "is empty"),
        ],
    ),
)
def test_streams_that_a_shell_closed(
    table: Table, line: str, code: int, out: str, err: str
) -> None:
    in_a_shell(table, f"'{sys.executable}' -m ropecalc {line}", code, out, err)


@pytest.mark.slow
def test_a_shell_in_a_folder_that_is_gone(table: Table) -> None:
    line = f"cd $(mktemp -d) && rmdir $PWD && '{sys.executable}' -m ropecalc"
    in_a_shell(table, f"{line} min-base --dim 64 --ctx 64 -q", 0, "155.7873195231508\n", "")
    in_a_shell(table, f"{line} inspect config.json", 2, "", "no such file; check the path")


def in_a_shell(table: Table, line: str, code: int, out: str, err: str) -> None:
    """A process of its own, from its start to what the interpreter does at its end."""
    table.count[0] += 1
    done = subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=HANGS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, out), done.stderr
    assert err in done.stderr
    assert done.stderr.count("\n") == bool(err)
    assert "fault of ropecalc" not in done.stderr


# --- what is no regular file ----------------------------------------------------------------------


def test_a_device_or_a_pipe_is_written_and_not_replaced(tmp_path: Path, table: Table) -> None:
    from ropecalc.files import replace_file

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    table.count[0] += 2
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as cat:
        replace_file(str(pipe), b"all of it")
        assert cat.communicate()[0] == b"all of it"
    assert pipe.is_fifo()
    link = tmp_path / "nothing"
    link.symlink_to(os.devnull)
    replace_file(str(link), b"all of it")
    assert link.is_char_device()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nothing", "pipe"]


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001d4d0"], ids=["ascii", "two", "four"])
def test_a_name_as_long_as_the_system_lets_it_be(tmp_path: Path, table: Table, letter: str) -> None:
    from ropecalc.files import replace_file

    longest = os.pathconf(tmp_path, "PC_NAME_MAX") // len(letter.encode()) * letter
    path = tmp_path / longest
    for content in (b"new", b"newer"):
        table.count[0] += 1
        replace_file(str(path), content)
        assert path.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [longest]


def test_a_link_leads_to_the_new_content_and_a_mode_stays(tmp_path: Path, table: Table) -> None:
    from ropecalc.files import replace_file

    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "proof", tmp_path / "proof"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    table.count[0] += 1
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in target.parent.iterdir()] == ["proof"]
