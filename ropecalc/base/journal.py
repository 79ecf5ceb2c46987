"""What is done of a long piece of work, kept beside the file that it will become.

A journal is a text file that only grows: one line of JSON an entry, after a checksum. The first
line says what the work is. A line that was cut short by a kill, a full disk or a power failure, and
whatever should follow it, is dropped when the work is taken up again.
"""

from __future__ import annotations

import contextlib
import json
import os
from hashlib import sha256
from typing import Any

from ropecalc.errors import TableError
from ropecalc.tables import cannot

SUFFIX = ".part"
CHECKSUM = 16  # hexadecimal digits


class Journal:
    """The journal of the work that makes ``path``; use it as a context manager.

    Parameters
    ----------
    path : the file that the work makes; the journal is beside it, with ".part" added
    work : what the work is, in values that JSON has; a journal of other work is refused

    Raises
    ------
    TableError
        It cannot be read or written, belongs to other work, or another process is at it.
    """

    def __init__(self, path: str, work: dict[str, Any]) -> None:
        self.path = path + SUFFIX
        self.entries: list[Any] = []
        """The entries of an earlier run."""
        head = _line(work)
        try:
            self._file = open(self.path, "a+b", buffering=0)  # noqa: PTH123, SIM115
        except (OSError, ValueError) as error:
            raise cannot("written", self.path, error) from None
        try:
            self._lock()
            self._take_up(head)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, entry: Any) -> None:
        """Write an entry down."""
        self._write(_line(entry))

    def remove(self) -> None:
        """Do away with the journal: the work is done."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)  # noqa: PTH108

    def _take_up(self, head: bytes) -> None:
        """Read what is there, cut off what is not whole, and go on at its end."""
        self._file.seek(0)
        content = self._file.read()
        if head.startswith(content):  # new, or killed at its first line
            self._file.truncate(0)
            self._write(head)
        elif content.startswith(head):
            self.entries, whole = _read(content[len(head) :])
            self._file.truncate(len(head) + whole)
        else:
            raise TableError(
                f"{self.path!r} belongs to other work: finish that, or remove it to start afresh"
            )

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise cannot("written", self.path, error) from None

    def _lock(self) -> None:
        """Keep other processes out, where the system can; the lock ends with this process.

        It is worth nothing where its last owner has done away with the file meanwhile.
        """
        try:
            from fcntl import LOCK_EX, LOCK_NB, flock

            flock(self._file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            ours = False
        except (ImportError, OSError):
            return  # a system or a file system without locks
        else:
            ours = self._has_its_name()
        if not ours:
            raise TableError(
                f"{self.path!r} is being written by another process: wait until it is done"
            )

    def _has_its_name(self) -> bool:
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(self._file.fileno()), os.stat(self.path))  # noqa: PTH116
        return False


def _line(entry: Any) -> bytes:
    text = json.dumps(entry, separators=(",", ":")).encode()
    return _checksum(text) + b" " + text + b"\n"


def _checksum(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:CHECKSUM].encode()


def _read(content: bytes) -> tuple[list[Any], int]:
    """The entries up to the first line that is not whole, and how many bytes they take."""
    entries, size = [], 0
    for line in content.splitlines(keepends=True):
        checksum, _, text = line.partition(b" ")
        if not line.endswith(b"\n") or checksum != _checksum(text[:-1]):
            break
        entries.append(json.loads(text))
        size += len(line)
    return entries, size
