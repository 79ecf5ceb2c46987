"""Files: reading what may be hostile, writing whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from typing import BinaryIO

from ropecalc.errors import InvalidValueError, RopecalcError

STDIN = "standard input"  # in messages
PREFIX = 32  # characters of a name that its temporary file has, too


def read_bytes(
    source: str | os.PathLike[str],
    limit: int,
    error: type[RopecalcError],
    wanted: str,
    *,
    may_be_empty: bool = False,
) -> tuple[str, bytes]:
    """The name to call a source by in messages, and its at most ``limit`` bytes.

    ``source`` is a path, or "-" for standard input. What goes wrong is raised as ``error``, in one
    line that ends with the cure; ``wanted`` says what should have been passed.
    """
    path = os.fspath(source)
    name = STDIN if path == "-" else printable(path)
    with readable(name, error, wanted):
        data = _read_stdin(limit + 1) if path == "-" else _read_file(path, limit + 1)
    if not data and not may_be_empty:
        read = ", or was read already" if path == "-" else ""
        raise error(f"{name}: is empty{read}; pass {wanted}")
    if len(data) > limit:
        raise error(f"{name}: larger than {limit // 2**20} MiB; pass {wanted}")
    return name, data


@contextlib.contextmanager
def readable(name: str, error: type[RopecalcError], wanted: str) -> Iterator[None]:
    """Raise as ``error`` what goes wrong with a file that is read meanwhile; see ``read_bytes``."""
    try:
        yield
    except FileNotFoundError:
        raise error(f"{name}: no such file; check the path") from None
    except IsADirectoryError:
        raise error(f"{name}: is a directory; pass {wanted} in it") from None
    except PermissionError:
        raise error(f"{name}: no permission to read it; check its access rights") from None
    except (OSError, ValueError) as problem:  # ValueError: a null byte in the path
        reason = getattr(problem, "strerror", None) or problem
        raise error(f"{name}: cannot be read ({reason}); check the path") from None


def _read_stdin(most: int) -> bytes:
    binary: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if binary is not None:
        return binary.read(most)
    return sys.stdin.read(most).encode() if sys.stdin else b""


def _read_file(path: str, most: int) -> bytes:
    """At most so many bytes; of a regular file that has more, only that they are too many."""
    with open(path, "rb") as file:  # noqa: PTH123  Path("") would be the current folder
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size >= most:
            return bytes(most)
        return file.read(most)


def printable(text: str) -> str:
    r"""The text itself, or quoted with escapes where it is empty or would break a line.

    >>> printable("config.json"), printable("a" + chr(10) + "b")
    ('config.json', "'a\\nb'")
    """
    return text if text and text.isprintable() else repr(text)


def replace_file(path: str, data: bytes) -> None:
    """Write a file by way of a temporary one beside it: what was there stays, or all is new.

    Its permissions stay, and a symbolic link goes on leading to it. What is no regular file, such
    as a pipe or /dev/null, has nothing to keep: that is written as it is.

    Raises OSError where that cannot be done; then nothing is left behind.
    """
    check_named(path)
    mode = _mode_of(path)
    if mode is None:
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(data)
    else:
        _replace(os.path.realpath(path) if os.path.islink(path) else path, data, mode)  # noqa: PTH114


def write_output(path: str, data: bytes) -> None:
    """Write what ``-o`` asked for: the file is replaced whole, or left as it was.

    Raises InvalidValueError where it cannot be written.
    """
    try:
        replace_file(path, data)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise unwritable(path, getattr(error, "strerror", None) or str(error)) from None


def unwritable(path: str, reason: str) -> InvalidValueError:
    """The refusal of a place for ``-o``."""
    return InvalidValueError(
        "output", f"{printable(path)} cannot be written ({reason}): choose another place"
    )


def check_named(path: str) -> None:
    """Raise OSError for "-", which elsewhere means a stream: no file of that name is meant."""
    if path == "-":
        raise OSError(errno.EINVAL, "this goes into a file, and not to standard output")


def check_writable(path: str) -> None:
    """Raise PermissionError where what is there may not be changed."""
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to change it")


def _mode_of(path: str) -> int | None:
    """The permissions that a file has or will have; None where it is no regular file.

    Raises PermissionError where it may not be changed: a rename would not ask.
    """
    try:
        status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return 0o666 & ~_umask()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return None
    check_writable(path)
    return stat.S_IMODE(status.st_mode)


def _replace(path: str, data: bytes, mode: int) -> None:
    with temporary_beside(path, data, mode) as temporary:
        os.replace(temporary, path)  # noqa: PTH105


@contextlib.contextmanager
def temporary_beside(path: str, data: bytes, mode: int) -> Iterator[str]:
    """A file in the folder of another one, whole on the disk, and gone afterwards if still there.

    Yields its path. Raises OSError where it cannot be written.
    """
    import tempfile

    folder, name = os.path.split(path)
    # The whole name and a few letters more may be longer than the system lets a name be.
    handle, temporary = tempfile.mkstemp(prefix=f".{name[:PREFIX]}.", dir=folder or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)  # noqa: PTH101  mkstemp made it private
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
