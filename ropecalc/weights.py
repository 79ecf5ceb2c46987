"""Weights of the rotated pairs, read from a file.

The similarity of [Men2024] appendix A, for components of unequal variance, is

    S(m) = u + sum_i w_i cos(m theta_i),        w_i = sigma^2_{2i} + sigma^2_{2i+1}

with the variances of the pair's two components over 2, so that equal ones of 1 give w_i = 1. The
scale of the weights plays no part where all of the head is rotated; where some of it is not, an
unrotated pair counts 1.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from typing import Any

from ropecalc.errors import InvalidValueError, RopecalcError
from ropecalc.files import read_bytes
from ropecalc.isolated import isolated
from ropecalc.spectrum import shown

WANTED = "a list of numbers, one a rotated pair: JSON, .npy, or text with commas or lines"
MAX_BYTES = 4 * 2**20  # 32,768 pairs take a megabyte
MAX_PAIRS = 32_768  # half of the largest head
NPY = b"\x93NUMPY"
MAX_HEADER = 4_096  # bytes of a .npy header: a list of numbers takes a hundred


class _UnreadableError(RopecalcError):
    """What ``read_bytes`` raises, before it is known to be about the weights."""


@isolated
def read_weights(source: str | os.PathLike[str]) -> tuple[float, ...]:
    """The weights in a file, one a rotated pair, highest frequency first.

    A JSON list of numbers; or a .npy file of one axis, of floats or integers; or text, numbers
    with commas, blanks or line ends between them. What the file holds decides, not its name.
    How many there must be is for the head to say.

    Parameters
    ----------
    source : a path, or "-" for standard input; at most 4 MiB

    Raises
    ------
    InvalidValueError
        The file cannot be read, is none of these, or a weight is negative or not finite.

    >>> read_weights("no-such-file.json")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: no-such-file.json: no such file; check the path
    """
    try:
        name, data = read_bytes(source, MAX_BYTES, _UnreadableError, WANTED)
    except _UnreadableError as error:
        raise InvalidValueError("weights", str(error)) from None
    values = _of_npy(name, data) if data.startswith(NPY) else _of_text(name, _text(name, data))
    if not 1 <= len(values) <= MAX_PAIRS:
        raise _refusal(name, f"holds {len(values):,} numbers")
    return tuple(_weight(name, number, value) for number, value in enumerate(values, 1))


def _refusal(name: str, fact: str) -> InvalidValueError:
    return InvalidValueError("weights", f"{name}: {fact}; pass {WANTED}")


def _weight(name: str, number: int, value: object) -> float:
    """One weight, the ``number``th of a file."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refusal(name, f"number {number} is {shown(value)}")
    try:
        weight = float(value)
    except OverflowError:
        weight = float("inf")
    if not 0 <= weight < float("inf"):
        raise InvalidValueError(
            "weights",
            f"{name}: number {number} is {shown(value)}; weights must be finite and not negative",
        )
    return weight


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _refusal(name, "is not text in UTF-8") from None


def _of_text(name: str, text: str) -> Sequence[object]:
    if text.startswith(("[", "{")):
        return _of_json(name, text)
    return [_number(name, word) for word in re.split(r"\s*,\s*|\s+", text) if word]


def _number(name: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise _refusal(name, f"holds {shown(word)}, which is no number") from None


def _of_json(name: str, text: str) -> Sequence[object]:
    import json

    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refusal(name, f"is not valid JSON at {where}") from None
    except (RecursionError, ValueError):  # ValueError: an integer of thousands of digits
        raise _refusal(name, "holds what is no list of numbers") from None
    if not isinstance(values, list):
        raise _refusal(name, "holds JSON, but not a list")
    return values


def _of_npy(name: str, data: bytes) -> Sequence[object]:
    """The numbers of a .npy file; its header is examined before anything is made of it."""
    import numpy as np

    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read: Any = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read(file, max_header_size=MAX_HEADER)
    except Exception:  # noqa: BLE001  a header may be wrong in any way: NumPy evaluates it
        raise _refusal(name, "is a .npy file whose header cannot be read") from None
    if len(shape) != 1 or dtype.kind not in "fiu" or not 1 <= shape[0] <= MAX_PAIRS:
        raise _refusal(
            name,
            f"is a .npy file of shape {shown(shape) if len(shape) > 9 else shape} and type {dtype}",
        )
    values = data[file.tell() :]
    if len(values) != shape[0] * dtype.itemsize:
        raise _refusal(name, "is a .npy file that is cut short, or longer than it says")
    numbers: list[object] = np.frombuffer(values, dtype).astype(np.float64).tolist()
    return numbers
