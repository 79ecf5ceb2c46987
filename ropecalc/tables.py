"""Staircases as files, and those that are shipped: read without numpy, looked up by bisection.

A file is one line of JSON, then a zlib stream. The line names the format and its version, the kind
("minimum" or "safe"), the rotary dimension, the end, the number of steps, the version of the
program that made it, and a digest. The stream holds three columns of one value a step: contexts
(uint32), bases (the bits of float64), distances (uint32). Of each value it has the difference from
the one before, modulo 2^32 or 2^64, and of these first the lowest bytes of all, then the next: two
thirds of what the values themselves would take. The digest is the SHA-256 of the line as it is
without the digest, and of the columns as little-endian arrays. The same staircase gives the same
bytes.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from ropecalc import __version__
from ropecalc.errors import TableError
from ropecalc.files import replace_file
from ropecalc.results.steps import Kind, Step

if TYPE_CHECKING:
    from ropecalc.results import Staircase

FORMAT, VERSION = "ropecalc staircase", 1
LONGEST_LINE = 1_000  # bytes; a header has under 250
COLUMNS = (("I", 4), ("Q", 8), ("I", 4))  # contexts, bits of bases, distances: bytes of each
STEP_SIZE = sum(size for _, size in COLUMNS)
LARGEST = 2**28  # bytes of a file: sixteen million steps
SUFFIX = ".staircase"


class Table(NamedTuple):
    """A staircase as it lies in a file: one array a column."""

    kind: Kind
    rotary_dim: int
    end: int
    program: str
    """The version of the program that made it."""
    contexts: array[int]
    bases: array[float]
    distances: array[int]

    def at(self, context: int) -> Step:
        """The step that answers a context, 1 <= context <= end."""
        index = bisect_left(self.contexts, context)
        return Step(self.contexts[index], self.bases[index], self.distances[index])

    def staircase(self) -> Staircase:
        """The staircase, step by step."""
        from ropecalc.results import Staircase

        steps = map(Step, self.contexts, self.bases, self.distances)
        return Staircase(self.kind, self.rotary_dim, self.end, tuple(steps))

    def cut(self, end: int) -> Staircase:
        """The staircase up to a smaller end, as it would be built."""
        from ropecalc.results import Staircase

        whole = bisect_left(self.contexts, end)
        steps = map(Step, self.contexts[:whole], self.bases[:whole], self.distances[:whole])
        last = self.at(end)
        if self.kind == "recommended" and last.context > end:  # nothing breaks the bound below it
            last = last._replace(distance=0)
        return Staircase(self.kind, self.rotary_dim, end, (*steps, last._replace(context=end)))


def cut(kind: Kind, rotary_dim: int, end: int) -> Staircase | None:
    """The shipped staircase up to a context; None where none reaches it.

    Raises TableError where the shipped file is damaged.
    """
    from dataclasses import replace

    table = shipped(kind, rotary_dim)
    return None if table is None or end > table.end else replace(table.cut(end), source="table")


def look_up(kind: Kind, rotary_dim: int, context: int) -> Step | None:
    """The step of a shipped staircase that answers a context; None where none reaches it.

    Raises TableError where the shipped file is damaged.
    """
    table = shipped(kind, rotary_dim)
    return None if table is None or context > table.end else table.at(context)


@lru_cache(maxsize=8)
def shipped(kind: Kind, rotary_dim: int) -> Table | None:
    """A shipped staircase, if there is one.

    Raises TableError where its file is damaged, or holds another staircase.
    """
    name = file_name(kind, rotary_dim)
    data = shipped_bytes(name)
    if data is None:
        return None
    table = decode(data, name, in_full=False)
    if (table.kind, table.rotary_dim) != (kind, rotary_dim):
        raise _damaged(name)
    return table


def file_name(kind: Kind, rotary_dim: int) -> str:
    """What a shipped staircase is called."""
    return f"{kind}-{rotary_dim}{SUFFIX}"


def shipped_bytes(name: str) -> bytes | None:
    """The content of a shipped file; None where there is no such file.

    The way of PEP 302, which works in an archive too and loads faster than importlib.resources.
    """
    from pkgutil import get_data

    try:
        return get_data("ropecalc", f"data/{name}")
    except OSError:
        return None


def write_table(path: str, staircase: Staircase) -> None:
    """Write a staircase: the file is replaced whole, or left as it was.

    Raises TableError where it cannot be written.
    """
    try:
        replace_file(path, encode(staircase))
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise cannot("written", path, error) from None


def read_table(path: str) -> Table:
    """Read a staircase.

    Raises TableError where the file cannot be read, is none of a staircase, or is damaged.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise cannot("read", path, error) from None
    return decode(data, path)


def cannot(what: str, path: str, error: Exception) -> TableError:
    """The error for a file that the system does not let us have."""
    cure = "check the path" if what == "read" else "choose another place"
    reason = getattr(error, "strerror", None) or error
    return TableError(f"{path!r} cannot be {what} ({reason}): {cure}")


def encode(staircase: Staircase) -> bytes:
    """A staircase as the content of a file."""
    steps = staircase.steps
    columns = _columns(
        array("I", [step.context for step in steps]),
        array("d", [step.base for step in steps]),
        array("I", [step.distance for step in steps]),
    )
    header = {
        "format": FORMAT,
        "version": VERSION,
        "kind": staircase.kind,
        "rotary_dim": staircase.rotary_dim,
        "end": staircase.end,
        "steps": len(steps),
        "program": __version__,
    }
    line = json.dumps(header | {"sha256": _digest(header, columns)})
    return line.encode("ascii") + b"\n" + zlib.compress(_folded(columns), 9)


def decode(data: bytes, name: str, *, in_full: bool = True) -> Table:
    """The content of a file as a staircase; ``name`` is what errors call it.

    Without ``in_full`` only the checksum of the stream is examined, which costs nothing to load:
    enough for a shipped file, whose digest the tests look at.

    Raises TableError where it is no staircase, or a damaged one.
    """
    header, packed = _parted(data, name)
    digest = header.pop("sha256", None)
    if not _is_sound(header) or len(data) > LARGEST:
        raise _damaged(name)
    folded = _unpacked(packed, STEP_SIZE * header["steps"])
    columns = None if folded is None else _unfolded(folded)
    if columns is None or (in_full and _digest(header, columns) != digest):
        raise _damaged(name)
    return _table(header, columns)


def _unpacked(packed: bytes, size: int) -> bytes | None:
    """What a whole zlib stream of just this size holds; None where it is anything else."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, size + 1)
    except zlib.error:
        return None
    return data if len(data) == size and stream.eof and not stream.unused_data else None


def _folded(columns: bytes) -> bytes:
    """The differences in each column, the lowest bytes of all first."""
    planes = []
    for code, size, column in _split(columns):
        numbers = (0, *_swapped(array(code, column)))
        gaps = [(after - before) % 256**size for before, after in pairwise(numbers)]
        content = _swapped(array(code, gaps)).tobytes()
        planes += [content[byte::size] for byte in range(size)]
    return b"".join(planes)


def _unfolded(planes: bytes) -> bytes:
    """The columns of these differences, as little-endian arrays."""
    columns = []
    for code, size, part in _split(planes):
        steps, content = len(part) // size, bytearray(part)
        for byte in range(size):
            content[byte::size] = part[byte * steps : (byte + 1) * steps]
        sums = accumulate(_swapped(array(code, bytes(content))))
        columns.append(_swapped(array(code, [total % 256**size for total in sums])).tobytes())
    return b"".join(columns)


def _split(columns: bytes) -> Iterator[tuple[str, int, bytes]]:
    """The type of each column, and its part of the bytes."""
    steps, at = len(columns) // STEP_SIZE, 0
    for code, size in COLUMNS:
        yield code, size, columns[at : at + size * steps]
        at += size * steps


def _parted(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """The header and the stream of a file that says that it is a staircase."""
    line, _, packed = data[:LONGEST_LINE].partition(b"\n")
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise TableError(f"{name!r} is not a staircase: pass a file that ropecalc staircase wrote")
    if header.get("version") != VERSION:
        raise TableError(
            f"{name!r} is a staircase of format version {header.get('version')}, and this is "
            f"version {VERSION}: use the ropecalc that wrote it, or build it again"
        )
    return header, packed + data[LONGEST_LINE:]


def _is_sound(header: dict[str, Any]) -> bool:
    """Whether the values of a header are of the right types and possible."""
    numbers = [header.get(name) for name in ("rotary_dim", "end", "steps")]
    return (
        header.get("kind") in get_args(Kind)
        and isinstance(header.get("program"), str)
        and all(type(number) is int and 0 < number < 2**32 for number in numbers)
        and header["steps"] <= header["end"]
    )


def _columns(*arrays: array[Any]) -> bytes:
    """Arrays as little-endian bytes, one after the other."""
    return b"".join(_swapped(one).tobytes() for one in arrays)


def _swapped(one: array[Any]) -> array[Any]:
    """An array between the order of this machine and little-endian."""
    if sys.byteorder == "big":
        one.byteswap()
    return one


def _table(header: dict[str, Any], columns: bytes) -> Table:
    n = header["steps"]
    return Table(
        kind=header["kind"],
        rotary_dim=header["rotary_dim"],
        end=header["end"],
        program=header["program"],
        contexts=_swapped(array("I", columns[: 4 * n])),
        bases=_swapped(array("d", columns[4 * n : 12 * n])),
        distances=_swapped(array("I", columns[12 * n :])),
    )


def _digest(header: dict[str, Any], columns: bytes) -> str:
    from hashlib import sha256

    return sha256(json.dumps(header).encode("ascii") + b"\n" + columns).hexdigest()


def _damaged(name: str) -> TableError:
    return TableError(f"{name!r} is damaged: build it again with ropecalc staircase, or copy it")
