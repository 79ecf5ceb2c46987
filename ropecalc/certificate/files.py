"""Certificates on disk: reading what may be hostile, writing whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from typing import BinaryIO

from ropecalc.errors import CertificateError
from ropecalc.files import replace_file
from ropecalc.stacks.jsonfile import printable

MAX_BYTES = 32 * 2**20  # a million links


def read_text(source: str | os.PathLike[str]) -> tuple[str, str]:
    """(name for messages, text) of a file of at most 32 MiB of UTF-8, or of standard input.

    Raises
    ------
    CertificateError
        The file cannot be read, is too large, or is not text.

    >>> read_text("no-such-proof.json")
    Traceback (most recent call last):
    ropecalc.errors.CertificateError: no-such-proof.json: no such file; check the path
    """
    path = os.fspath(source)
    name = "standard input" if path == "-" else printable(path)
    data = _read_stdin() if path == "-" else _read_file(name, path)
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    try:
        return name, data.decode("utf-8")
    except UnicodeDecodeError:
        raise CertificateError(
            f"{name}: is not text in UTF-8; pass a file that ropecalc wrote"
        ) from None


def _read_stdin() -> bytes:
    binary: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if binary is not None:
        return binary.read(MAX_BYTES + 1)
    return sys.stdin.read(MAX_BYTES + 1).encode() if sys.stdin else b""


def _read_file(name: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  Path("") would be the current folder
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > MAX_BYTES:
                raise _too_large(name)
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CertificateError(f"{name}: no such file; check the path") from None
    except IsADirectoryError:
        raise CertificateError(f"{name}: is a directory; pass a certificate in it") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise CertificateError(f"{name}: cannot be read ({reason}); check the path") from None


def _too_large(name: str) -> CertificateError:
    return CertificateError(
        f"{name}: larger than {MAX_BYTES // 2**20} MiB; pass a file that ropecalc wrote"
    )


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write a file by way of a temporary one beside it: what was there stays, or all is new."""
    target = os.fspath(path)
    try:
        replace_file(target, text.encode("utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CertificateError(
            f"{printable(target)}: cannot be written ({reason}); write it elsewhere"
        ) from None
