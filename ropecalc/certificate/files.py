"""Certificates on disk."""

from __future__ import annotations

import os

from ropecalc.errors import CertificateError
from ropecalc.files import printable, read_bytes, replace_file

MAX_BYTES = 32 * 2**20  # a million links
WANTED = "a file that ropecalc wrote"


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
    name, data = read_bytes(source, MAX_BYTES, CertificateError, WANTED)
    try:
        return name, data.decode("utf-8")
    except UnicodeDecodeError:
        raise CertificateError(f"{name}: is not text in UTF-8; pass {WANTED}") from None


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
