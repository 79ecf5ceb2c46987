"""The container of a GGUF file: its scalar metadata and its few tensors of rotary factors.

A reader of our own and not the ``gguf`` package, which makes objects of every token. Measured with
gguf 0.19 on a shared core, best of three: 18.6 s there and 0.10 s here for a vocabulary of 150,000
and as many merges, 33 ms and 1.7 ms for a small file, and 0.2 s to import the package. It also
cannot open a file that ends after its list of tensors, which is all that is needed here.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from ropecalc.errors import ConfigError, UnsupportedError
from ropecalc.files import printable, readable

if TYPE_CHECKING:
    from typing import BinaryIO

MAGIC = b"GGUF"
ROPE_TENSORS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")
WANTED = "a GGUF file"
WHOLE = "download it again, or more of it"
BROKEN = "download it again"

WINDOW = 2**20  # bytes read at a time
MAX_PAIRS = 65_536  # real files have up to a hundred
MAX_TENSORS = 100_000  # real files have up to a few thousand
MAX_STRINGS = 2_000_000  # vocabulary and merges: real files have up to a million; under a second
MAX_KEY = 65_535  # bytes [GGUF specification]
MAX_TENSOR_NAME = 256  # bytes; ggml allows 64
MAX_KEPT = 4 * 2**20  # characters of keys and strings and entries of lists, in all
MAX_WINDOWS = 256  # real files need one for every megabyte of vocabulary
MAX_TEXT = 4096  # bytes of a string that is kept: chat templates are not
MAX_ARRAY = 4096  # entries of an array that is kept: one a layer is, a vocabulary is not
MAX_FACTORS = 65_536
MAX_DIMS = 8

STRING, ARRAY, BOOL = 8, 9, 7
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "B",
    10: "Q",
    11: "q",
    12: "d",
}
FLOATS = {0: ("f", 4), 1: ("e", 2), 30: ("bf16", 2)}  # ggml types F32, F16, BF16


@dataclass(frozen=True, slots=True)
class Container:
    """What a GGUF file holds, as far as rotary embeddings need it."""

    name: str
    metadata: dict[str, Any]
    """Scalars, strings up to 4 KiB and numeric arrays up to 4,096 entries; others are left out."""
    factors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """The values of those of ``ROPE_TENSORS`` that the file has."""


def read_container(path: str | os.PathLike[str]) -> Container:
    """Read a regular file: GGUF 2 or 3, little-endian.

    What is read is bounded, whatever the file claims.

    Raises
    ------
    ConfigError
        The file cannot be read, is no GGUF file, or ends before what is needed.
    UnsupportedError
        GGUF 1, or big-endian.

    >>> read_container("no-such-file.gguf")
    Traceback (most recent call last):
    ropecalc.errors.ConfigError: no-such-file.gguf: no such file; check the path
    """
    name = printable(os.fspath(path))
    with readable(name, ConfigError, WANTED), open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return parse_container(file, name)


def parse_container(file: BinaryIO, name: str) -> Container:
    """Read an open file that can seek; see ``read_container``."""
    cursor = _Cursor(file, name)
    _check_magic(cursor)
    tensors, pairs = cursor.numbers("QQ", "its header")
    if pairs > MAX_PAIRS or tensors > MAX_TENSORS:
        what = f"{pairs} keys" if pairs > MAX_PAIRS else f"{tensors} tensors"
        cursor.fail(f"claims to hold {what}", BROKEN)
    metadata = _metadata(cursor, pairs)
    return Container(name, metadata, _factors(cursor, tensors, metadata))


def _check_magic(cursor: _Cursor) -> None:
    if cursor.size < 8 or cursor.take(4, "its header") != MAGIC:
        cursor.fail("is not a GGUF file", f"pass {WANTED}")
    (version,) = cursor.numbers("I", "its header")
    if version & 0xFFFF == 0 and version:
        raise UnsupportedError(
            f"{cursor.name}: is a big-endian GGUF file; convert it to little-endian"
        )
    if version == 1:
        raise UnsupportedError(f"{cursor.name}: is GGUF version 1; convert the model again")
    if version not in (2, 3):
        cursor.fail(f"says GGUF version {version}, known are 2 and 3", BROKEN)


def _metadata(cursor: _Cursor, pairs: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    seen: set[str] = set()
    kept = 0
    for _ in range(pairs):
        key = cursor.name_of("its metadata", MAX_KEY)
        if key in seen:
            cursor.fail(f"has the key {printable(key)} twice", BROKEN)
        seen.add(key)
        (kind,) = cursor.numbers("I", "its metadata")
        value = _value(cursor, kind, key)
        kept += len(key) + (len(value) if isinstance(value, str | tuple) else 1)
        if kept > MAX_KEPT:
            cursor.fail("holds more metadata than any model", BROKEN)
        if value is not None:
            found[key] = value
    return found


def _value(cursor: _Cursor, kind: int, key: str) -> object:
    """A value, or None where it is passed over."""
    if kind == STRING:
        (length,) = cursor.numbers("Q", key)
        if length > MAX_TEXT:
            cursor.skip(length, key)
            return None
        return cursor.take(length, key).decode("utf-8", "replace")
    if kind == ARRAY:
        return _array(cursor, key)
    if kind not in SCALARS:
        cursor.fail(f"gives {printable(key)} the unknown type {kind}", BROKEN)
    (value,) = cursor.numbers(SCALARS[kind], key)
    return bool(value) if kind == BOOL else value


def _array(cursor: _Cursor, key: str) -> tuple[Any, ...] | None:
    kind, count = cursor.numbers("IQ", key)
    if kind == STRING:
        cursor.skip_strings(count, key)
        return None
    if kind not in SCALARS:  # arrays of arrays too: llama.cpp refuses them
        cursor.fail(f"has in {printable(key)} a list of the unknown type {kind}", BROKEN)
    if count > MAX_ARRAY:
        cursor.skip(count * struct.calcsize("<" + SCALARS[kind]), key)
        return None
    values = cursor.numbers(f"{count}{SCALARS[kind]}", key)
    return tuple(map(bool, values)) if kind == BOOL else values


def _factors(
    cursor: _Cursor, tensors: int, metadata: dict[str, Any]
) -> dict[str, tuple[float, ...]]:
    """The values of the rotary tensors; the whole list has to be read to know where data begins."""
    places: dict[str, tuple[int, int, int]] = {}
    for _ in range(tensors):
        key = cursor.name_of("its list of tensors", MAX_TENSOR_NAME)
        (dims,) = cursor.numbers("I", "its list of tensors")
        if dims > MAX_DIMS:
            cursor.fail(f"has a tensor of {dims} dimensions", BROKEN)
        *shape, kind, offset = cursor.numbers(f"{dims}QIQ", "its list of tensors")
        if key in ROPE_TENSORS:
            places[key] = (_size(cursor, key, shape), kind, offset)
    start = _aligned(cursor, metadata)
    return {key: _floats(cursor, key, start, *place) for key, place in places.items()}


def _size(cursor: _Cursor, key: str, shape: list[int]) -> int:
    """How many values a tensor has: it is a list, so all dimensions but one are 1."""
    longest = max(shape, default=1)
    if sum(length != 1 for length in shape) > 1 or not 1 <= longest <= MAX_FACTORS:
        cursor.fail(f"has a {key} that is not a list of up to {MAX_FACTORS} values", BROKEN)
    return longest


def _aligned(cursor: _Cursor, metadata: dict[str, Any]) -> int:
    """Where the data begins: the next multiple of the alignment after the list of tensors."""
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or not 1 <= alignment <= 2**32:
        cursor.fail(f"has a general.alignment of {alignment!r}", BROKEN)
    return -(-cursor.position // alignment) * alignment


def _floats(
    cursor: _Cursor, key: str, start: int, count: int, kind: int, offset: int
) -> tuple[float, ...]:
    if kind not in FLOATS:
        raise UnsupportedError(
            f"{cursor.name}: {key} is quantised (type {kind}); convert the model with it in F32"
        )
    code, width = FLOATS[kind]
    cursor.position = start + offset
    if cursor.position + count * width > cursor.size:
        cursor.fail(f"lists {key} and ends before its values", WHOLE)
    if code == "bf16":  # the upper half of a float32
        halves = cursor.numbers(f"{count}H", key)
        return struct.unpack(f"<{count}f", struct.pack(f"<{count}I", *(h << 16 for h in halves)))
    return cursor.numbers(f"{count}{code}", key)


class _Cursor:
    """A place in a file, and a window of what follows it; nothing is read twice or in vain."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        self.position = 0
        self.size = file.seek(0, os.SEEK_END)
        self._file = file
        self._window = b""
        self._start = 0  # where the window begins
        self._strings = 0  # how many were passed over
        self._windows = 0  # how many were read

    def fail(self, fact: str, cure: str) -> NoReturn:
        """Raise ConfigError with the file's name."""
        raise ConfigError(f"{self.name}: {fact}; {cure}")

    def take(self, count: int, where: str) -> bytes:
        """The next bytes."""
        begin = self.position - self._start
        if begin < 0 or begin + count > len(self._window):
            self._load(count, where)
            begin = 0
        self.position += count
        return self._window[begin : begin + count]

    def numbers(self, code: str, where: str) -> tuple[Any, ...]:
        """The next numbers, in the letters of ``struct``."""
        code = "<" + code
        return struct.unpack(code, self.take(struct.calcsize(code), where))

    def name_of(self, where: str, most: int) -> str:
        """A key or the name of a tensor."""
        (length,) = self.numbers("Q", where)
        if length > most:
            self.fail(f"has a name of {length} bytes in {where}", BROKEN)
        return self.take(length, where).decode("utf-8", "replace")

    def skip(self, count: int, where: str) -> None:
        """Pass over bytes without reading them."""
        if count > self.size - self.position:
            self._cut(where)
        self.position += count

    def skip_strings(self, count: int, where: str) -> None:
        """Pass over a list of strings: a length and so many bytes each."""
        self._strings += count
        if count > (self.size - self.position) // 8:
            self._cut(where)
        if self._strings > MAX_STRINGS:
            self.fail(f"lists more than {MAX_STRINGS:,} strings", BROKEN)
        length_at = struct.Struct("<Q").unpack_from
        while count:
            if self.size - self.position < 8:
                self._cut(where)
            self._load(8, where)
            window, place, last = self._window, 0, len(self._window) - 8
            while count and place <= last:
                place += 8 + length_at(window, place)[0]
                count -= 1
            self.skip(place, where)

    def _load(self, count: int, where: str) -> None:
        """Move the window to the position, with at least so many bytes in it."""
        if count > self.size - self.position:
            self._cut(where)
        self._windows += 1
        if self._windows > MAX_WINDOWS:
            self.fail("spreads its metadata further than any model", BROKEN)
        self._file.seek(self.position)
        self._start, self._window = self.position, self._file.read(max(count, WINDOW))
        if len(self._window) < count:  # it shrank since it was opened
            self._cut(where)

    def _cut(self, where: str) -> NoReturn:
        self.fail(f"is cut short or damaged in {printable(where)}", WHOLE)
