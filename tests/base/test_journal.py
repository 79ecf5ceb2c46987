"""The journal of a long piece of work: what is in it, and what is made of one that was damaged."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ropecalc import TableError
from ropecalc.base.journal import Journal

WORK = {"kind": "a test", "end": 7}
ENTRIES: list[Any] = [["stretch", 0, [1.5, "two words"]], ["steps", 8, []]]
posix = pytest.mark.skipif(os.name != "posix", reason="needs the locks and limits of POSIX")


def line(entry: Any) -> bytes:
    """A line as the module's first paragraph describes it."""
    text = json.dumps(entry, separators=(",", ":"))
    return f"{sha256(text.encode()).hexdigest()[:16]} {text}\n".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal of the file "s" beside it is."""
    return tmp_path / "s.part"


def journal(path: Path, work: dict[str, Any] | None = None) -> Journal:
    return Journal(str(path.with_suffix("")), work or WORK)


def taken_up(path: Path) -> list[Any]:
    with journal(path) as found:
        return found.entries


def test_it_begins_with_the_work_and_has_a_line_of_json_an_entry(path: Path) -> None:
    with journal(path) as fresh:
        assert fresh.entries == []
        assert path.read_bytes() == line(WORK)
        for entry in ENTRIES:
            fresh.add(entry)
        whole = b"".join(map(line, [WORK, *ENTRIES]))
        assert path.read_bytes() == whole  # at once: a kill may come before the end
    assert taken_up(path) == ENTRIES
    assert path.read_bytes() == whole


@pytest.mark.parametrize("cut", range(len(line(WORK))))
def test_one_cut_short_in_its_first_line_begins_afresh(path: Path, cut: int) -> None:
    path.write_bytes(line(WORK)[:cut])
    assert taken_up(path) == []
    assert path.read_bytes() == line(WORK)


@pytest.mark.parametrize(
    "end",
    [
        line(["last"])[:-1],
        line(["last"])[:9],
        line(["last"]).replace(b"l", b"L"),
        line(["last"])[1:] + line(["after"]),
        b"\n",
        b" \n" * 3,
        b"\0" * 100,
        "é \r\n".encode("latin-1"),
    ],
)
def test_what_follows_the_last_whole_line_is_dropped_and_the_work_goes_on(
    path: Path, end: bytes
) -> None:
    whole = b"".join(map(line, [WORK, *ENTRIES]))
    path.write_bytes(whole + end)
    with journal(path) as found:
        assert found.entries == ENTRIES
        assert path.read_bytes() == whole
        found.add(["more"])
    assert taken_up(path) == [*ENTRIES, ["more"]]


@pytest.mark.parametrize(
    "content", [line({**WORK, "end": 8}), line(WORK)[1:], line(ENTRIES[0]), b"a note\n"]
)
def test_what_is_not_the_journal_of_this_work_is_refused_and_left_alone(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    for _ in range(2):  # and let go again
        with pytest.raises(TableError) as refused:
            journal(path)
        assert str(refused.value) == (
            f"{str(path)!r} belongs to other work: finish that, or remove it to start afresh"
        )
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told(path: Path) -> None:
    for place in (path.parent / "none" / "s", path.parent / "a\0b"):
        with pytest.raises(TableError) as refused:
            Journal(str(place), WORK)
        reason = "embedded null byte" if "\0" in str(place) else os.strerror(errno.ENOENT)
        assert str(refused.value) == (
            f"{f'{place}.part'!r} cannot be written ({reason}): choose another place"
        )


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk: a write that does not fit is done in part, the next one fails."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@posix
def test_a_write_that_stops_half_way_is_told_and_loses_no_more_than_its_line(path: Path) -> None:
    with journal(path) as started:
        started.add(ENTRIES[0])
        with largest_file(path.stat().st_size + 10), pytest.raises(TableError) as refused:
            started.add(ENTRIES[1])
    assert str(refused.value) == (
        f"{str(path)!r} cannot be written ({os.strerror(errno.EFBIG)}): choose another place"
    )
    assert path.read_bytes() == line(WORK) + line(ENTRIES[0]) + line(ENTRIES[1])[:10]
    assert taken_up(path) == ENTRIES[:1]


def busy(path: Path) -> str:
    return f"{str(path)!r} is being written by another process: wait until it is done"


@posix
def test_one_that_another_descriptor_has_locked_is_refused_until_it_lets_go(path: Path) -> None:
    from fcntl import LOCK_SH, flock

    with path.open("a+b") as other:
        flock(other, LOCK_SH)
        with pytest.raises(TableError) as refused:
            journal(path)
    assert str(refused.value) == busy(path)
    assert path.read_bytes() == b""
    with journal(path), pytest.raises(TableError, match="another process"):
        journal(path)
    assert taken_up(path) == []


@posix
@pytest.mark.parametrize("successor", [False, True])
def test_a_lock_on_a_file_whose_name_is_gone_is_none(
    path: Path, monkeypatch: pytest.MonkeyPatch, successor: bool
) -> None:
    """As where its owner ends the work just before: the file is removed, and may be made anew."""
    import fcntl

    lock = fcntl.flock

    def too_late(file: Any, how: int) -> None:
        path.unlink()
        if successor:
            path.touch()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", too_late)
    with pytest.raises(TableError) as refused:
        journal(path)
    assert str(refused.value) == busy(path)


@posix
def test_no_locks_are_no_obstacle(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", unsupported)
        with journal(path), journal(path) as second:
            second.add(ENTRIES[0])
    monkeypatch.setitem(sys.modules, "fcntl", None)  # as on Windows
    assert taken_up(path) == ENTRIES[:1]


def test_removed_it_is_gone_and_removing_it_again_does_no_harm(path: Path) -> None:
    with journal(path) as done:
        done.remove()
        assert list(path.parent.iterdir()) == []
        done.remove()
