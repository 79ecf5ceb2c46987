"""A JSON object read key by key: typed values, or one line that names the file and the key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from ropecalc.errors import ConfigError, NoRotationError, UnsupportedError

MAX_INTEGER = 2**53  # what every JSON reader holds exactly; far beyond any size or length
MAX_NUMBER = 1e300
MAX_SHOWN = 40
MAX_LIST = 65_536  # far above the pairs or layers of any model


class Section(NamedTuple):
    """One object of a document, and the words to complain about it. A null counts as absent."""

    name: str
    """The file."""
    values: Mapping[str, Any]
    prefix: str = ""
    """Where in the file: "text_config." """

    @property
    def model_type(self) -> str | None:
        """The class of the model, as transformers names it."""
        value = self.values.get("model_type")
        return value if isinstance(value, str) else None

    def get(self, key: str) -> Any:
        """The value as it is, None where there is none."""
        return self.values.get(key)

    def first(self, *keys: str) -> str | None:
        """The first of the keys that has a value."""
        return next((key for key in keys if self.get(key) is not None), None)

    def section(self, key: str) -> Section:
        """The object under a key."""
        value = self.get(key)
        if not isinstance(value, dict):
            self.fail(f"{self.prefix}{key} must be an object, got {shown(value)}")
        return Section(self.name, value, f"{self.prefix}{key}.")

    def integer(self, *keys: str) -> int | None:
        """The positive integer under the first of the keys that has a value."""
        key = self.first(*keys)
        value = None if key is None else self.get(key)
        if value is not None and (type(value) is not int or not 1 <= value <= MAX_INTEGER):
            self.fail(f"{self.prefix}{key} must be a positive integer, got {shown(value)}")
        return value

    def length(self, key: str) -> int | None:
        """The same where no class declares the type: 4096.0 is 4,096."""
        value = self.get(key)
        if type(value) is float and value.is_integer() and 1 <= value <= MAX_INTEGER:
            return int(value)
        return self.integer(key)

    def number(self, *keys: str, low: float = 0.0, high: float = MAX_NUMBER) -> float | None:
        """The number in (low, high] under the first of the keys that has a value."""
        key = self.first(*keys)
        if key is None:
            return None
        value = self.get(key)
        if type(value) not in (int, float) or not low < value <= high:
            shows = high < MAX_NUMBER or (type(value) in (int, float) and high < value < math.inf)
            most = f" and at most {high:g}" if shows else ""
            domain = f"a number greater than {low:g}{most}"
            self.fail(f"{self.prefix}{key} must be {domain}, got {shown(value)}")
        return float(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """The list of positive numbers under a key."""
        for at, value in enumerate(values := self.listed(key)):
            if type(value) not in (int, float) or not 0 < value <= MAX_NUMBER:
                where = f"{self.prefix}{key}[{at}]"
                self.fail(f"{where} must be a number greater than 0, got {shown(value)}")
        return tuple(map(float, values))

    def listed(self, key: str) -> list[Any]:
        """The list under a key."""
        value = self.get(key)
        if not isinstance(value, list):
            self.fail(f"{self.prefix}{key} must be a list, got {shown(value)}")
        if len(value) > MAX_LIST:
            self.fail(f"{self.prefix}{key} has {len(value):,} entries, more than any model", CHECK)
        return value

    def text(self, key: str) -> str | None:
        """The string under a key."""
        value = self.get(key)
        if value is not None and not isinstance(value, str):
            self.fail(f"{self.prefix}{key} must be a string, got {shown(value)}")
        return value

    def truth(self, key: str, default: bool) -> bool:
        """The truth value under a key."""
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(f"{self.prefix}{key} must be true or false, got {shown(value)}")
        return default if value is None else value

    def fail(self, fact: str, cure: str = "correct it") -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(f"{self.name}: {fact}; {cure}")

    def refuse(self, fact: str, cure: str) -> NoReturn:
        """Raise UnsupportedError."""
        raise UnsupportedError(f"{self.name}: {fact}; {cure}")

    def still(self, fact: str) -> NoReturn:
        """Raise NoRotationError."""
        raise NoRotationError(self.name, fact)


CHECK = "check that this is a model's config.json"


def shown(value: object) -> str:
    """A value as JSON has it, short enough for one line.

    >>> shown("1e6"), shown(True), shown([1, 2]), shown("yarn" * 99)
    ('"1e6"', 'true', 'a list', '"yarnyarnyarnyarnyarnyarnyarnyarnyarn...')
    """
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is not finite"
    text = json.dumps(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
