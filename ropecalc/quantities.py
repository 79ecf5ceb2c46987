"""Numbers as people write them: contexts ("32k"), bases ("1e6", "500k"), lists, and back again.

A suffix counts in 1,024s for a context and in 1,000s for a base, whatever its case: "32k", "32K"
and "32Ki" tokens are 32,768, while a base of "500k" is 500,000. Every parser takes the name of the
parameter it reads for, and raises InvalidValueError with an example that works.

Comma lists and thousands share the comma. For contexts and bases a comma between one to three
digits and exactly three more joins them, so "32,768" is one number and "1024,2048" or "1k,2k" are
two. A space after the comma always separates: "512, 256".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from ropecalc.errors import InvalidValueError

T = TypeVar("T")

LARGEST = Decimal(10) ** 18  # beyond every context; what can be evaluated is checked there
MAX_TEXT = 60  # longer input is shortened in messages
CONTEXT_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
BASE_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}

_THOUSANDS = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])"
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_NUMBER = re.compile(
    rf"(?P<whole>{_THOUSANDS}|{_DIGITS})?"
    r"(?P<fraction>\.[0-9]*)?"
    r"(?:e(?P<exponent>[+-]?[0-9]{1,4})|(?P<unit>[kmg])(?P<binary>i?))?",
    re.IGNORECASE | re.ASCII,
)
_POWERS = {str(2**k) for k in range(10)}  # of up to three digits
_ITEM = re.compile(rf"{_THOUSANDS}[^,\s]*|[^,\s]+")


def parse_context(text: str, parameter: str = "context") -> int:
    """A number of tokens, at least 1.

    >>> parse_context("32k"), parse_context("32,768"), parse_context("1M"), parse_context("1e6")
    (32768, 32768, 1048576, 1000000)
    >>> parse_context("1.5k"), parse_context("1_000")
    (1536, 1000)
    >>> parse_context("32kk")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: context must be a number of tokens of at least 1, such as \
32768, 32,768 or 32k, got '32kk'
    """
    value = _decimal(text, CONTEXT_UNITS, binary=True)
    if value is None or not 1 <= value <= LARGEST or value != int(value):
        domain = "that a model may have" if value and value > LARGEST else "of at least 1"
        raise InvalidValueError(
            parameter,
            f"{parameter} must be a number of tokens {domain}, such as 32768, 32,768 or 32k, "
            f"got {_quoted(text)}",
        )
    return int(value)


def parse_base(text: str, parameter: str = "base") -> float:
    """A base: the float64 nearest to the number written, greater than 1 and at most 1e300.

    >>> parse_base("1e6"), parse_base("500k"), parse_base("5,000,000"), parse_base("629978.2629")
    (1000000.0, 500000.0, 5000000.0, 629978.2629)
    >>> parse_base("1")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: base must be a number greater than 1 and at most 1e300, \
such as 1e6, 500k or 500,000, got '1'
    """
    value = _decimal(text, BASE_UNITS, binary=False)
    # float() of the Decimal is correctly rounded, hence what a config file would hold
    if value is None or not 1 < value <= Decimal("1e300") or float(value) <= 1:
        raise InvalidValueError(
            parameter,
            f"{parameter} must be a number greater than 1 and at most 1e300, such as 1e6, 500k "
            f"or 500,000, got {_quoted(text)}",
        )
    return float(value)


def parse_positive_int(text: str, parameter: str, example: str = "128") -> int:
    """An integer of at least 1, in digits; underscores may group them.

    >>> parse_positive_int("128", "head_dim")
    128
    >>> parse_positive_int("1.5", "digits", "20")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: digits must be an integer of at least 1, such as 20, \
got '1.5'
    """
    digits = text.strip()
    if len(digits) > 18 or not re.fullmatch(_DIGITS, digits) or int(digits) < 1:
        long = len(digits) > 18 and re.fullmatch(_DIGITS, digits)
        domain = "from 1 to 1e18" if long else "of at least 1"
        raise InvalidValueError(
            parameter,
            f"{parameter} must be an integer {domain}, such as {example}, got {_quoted(text)}",
        )
    return int(digits)


def parse_fraction(text: str, parameter: str, example: str = "0.5") -> float:
    """A number from 0 to 1, both included.

    >>> parse_fraction("0.25", "margin")
    0.25
    >>> parse_fraction("25%", "margin", "0.05")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: margin must be a number from 0 to 1, such as 0.05, got '25%'
    """
    value = _decimal(text, {"": 1}, binary=False)
    if value is None or not 0 <= value <= 1:
        raise InvalidValueError(
            parameter,
            f"{parameter} must be a number from 0 to 1, such as {example}, got {_quoted(text)}",
        )
    return float(value)


def parse_list(text: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    """The values of a list, each read by ``parse``; the module's docstring has the comma rule.

    >>> parse_list("1k,2k", parse_context), parse_list("32,768", parse_context)
    ((1024, 2048), (32768,))
    >>> parse_list("1024,2048", parse_context), parse_list("8,192,16,384", parse_context)
    ((1024, 2048), (8192, 16384))
    """
    items = _ITEM.findall(text)
    if not items or re.search(r"^\s*,|,\s*,|,\s*$", text):
        items = [text]  # an empty item: let the parser say what it wants
    return tuple(parse(item) for item in items)


def list_reading(text: str) -> list[str] | None:
    """The numbers that a number with thousands may be meant as; None where it is one only.

    It may be where cutting its groups into equal parts gives numbers as people write them, or where
    every group is a power of two.

    >>> list_reading("128,256"), list_reading("131,072,262,144"), list_reading("64,128")
    (['128', '256'], ['131,072', '262,144'], ['64', '128'])
    >>> list_reading("131,072"), list_reading("32,768"), list_reading("1,048,576")
    (None, None, None)
    """
    groups = text.strip().split(",")
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text.strip()) is None:
        return None
    if all(group in _POWERS for group in groups):
        return groups
    if len(groups[0]) < 3:
        return None
    for size in range(1, len(groups) // 2 + 1):
        parts = [groups[at : at + size] for at in range(0, len(groups), size)]
        if len(groups) % size == 0 and not any(part[0].startswith("0") for part in parts):
            return [",".join(part) for part in parts]
    return None


def parse_int_list(text: str, parameter: str, example: str = "128") -> tuple[int, ...]:
    """Integers of at least 1, where a comma always separates.

    >>> parse_int_list("64,128", "head_dim")
    (64, 128)
    """
    return tuple(parse_positive_int(item, parameter, example) for item in text.split(","))


def has_suffix(text: str) -> bool:
    """Whether a number was written with a unit ("32k"), so that its value is worth a word.

    >>> has_suffix("32k"), has_suffix("32768")
    (True, False)
    """
    return text.strip()[-1:].isalpha()


def format_count(count: int) -> str:
    """An integer with thousands: parse_context gives it back.

    >>> format_count(32768)
    '32,768'
    """
    return f"{count:,}"


def format_base(base: float) -> str:
    """A base as short as it goes without losing a bit: parse_base gives it back.

    >>> format_base(1e6), format_base(629978.2629), format_base(350000000.0), format_base(1e300)
    ('1000000', '629978.2629', '350000000', '1e+300')
    """
    return str(int(base)) if base < 1e16 and base == int(base) else repr(base)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["transformers", "vLLM", "SGLang"]), listed(["vLLM"])
    ('transformers, vLLM and SGLang', 'vLLM')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _decimal(text: str, units: dict[str, int], *, binary: bool) -> Decimal | None:
    """The exact value of a number with an optional unit; None where it is not one."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not re.search("[0-9]", (match["whole"] or "") + (match["fraction"] or "")):
        return None
    unit = (match["unit"] or "").lower()
    if unit not in units or (match["binary"] and not binary):
        return None
    digits = (match["whole"] or "0").replace(",", "").replace("_", "") + (match["fraction"] or "")
    value = Decimal(f"{digits}e{match['exponent'] or 0}")
    return value * units[unit] if unit else value


def _quoted(text: str) -> str:
    """The input as a message shows it: one line, of bounded length."""
    return repr(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "...")
