"""One JSON object from a file or from standard input, or one line that says why not."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from ropecalc.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 64 * 2**20  # a config.json has kilobytes: what is larger is something else


def read_object(source: str | os.PathLike[str]) -> tuple[str, Mapping[str, Any]]:
    """The JSON object in ``source`` and the name to call it by in messages.

    ``source`` is a path, or ``"-"`` for standard input. At most 64 MiB are read, as UTF-8, with or
    without a byte order mark.

    Raises
    ------
    ConfigError
        The file cannot be read, is too large, is not text, is not JSON, or is not an object.

    >>> read_object("no-such-file.json")
    Traceback (most recent call last):
    ropecalc.errors.ConfigError: no-such-file.json: no such file; check the path
    """
    path = os.fspath(source)
    name = "standard input" if path == "-" else printable(path)
    data = _read_stdin() if path == "-" else _read_file(name, path)
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    document = _parse(name, data)
    if not isinstance(document, dict):
        raise ConfigError(f"{name}: holds JSON, but not an object; pass a model's config.json")
    return name, document


def printable(text: str) -> str:
    r"""The text itself, or quoted with escapes where it is empty or would break a line.

    >>> printable("config.json"), printable("a" + chr(10) + "b")
    ('config.json', "'a\\nb'")
    """
    return text if text and text.isprintable() else repr(text)


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
        raise ConfigError(f"{name}: no such file; check the path") from None
    except IsADirectoryError:
        raise ConfigError(f"{name}: is a directory; pass the config.json in it") from None
    except PermissionError:
        raise ConfigError(f"{name}: no permission to read it; check its access rights") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{name}: cannot be read ({reason}); check the path") from None


def _too_large(name: str) -> ConfigError:
    limit = MAX_BYTES // 2**20
    return ConfigError(f"{name}: larger than {limit} MiB; pass a model's config.json")


def _parse(name: str, data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: is not text in UTF-8; pass a model's config.json") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{name}: is not valid JSON at {where}; correct it there") from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply; pass a model's config.json") from None
    except ValueError:  # an integer of more digits than Python converts
        raise ConfigError(
            f"{name}: holds a number too long to read; pass a model's config.json"
        ) from None
