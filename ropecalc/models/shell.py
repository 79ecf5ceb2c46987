"""The options in a shell script or an argument file, without running it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from ropecalc.errors import ConfigError
from ropecalc.files import printable

MAX_CHARACTERS = 128 * 1024  # scripts have kilobytes; of longer words shlex takes seconds
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
REFERENCE = re.compile(r"\$(?:([A-Za-z_]\w*|\d)|\{([A-Za-z_]\w*|\d)(?::?-([^{}$]*))?\})")
MAX_VALUE = 4096  # characters: variables that hold variables grow without end
MAX_VARIABLES = 100  # that one value depends on


class _UnresolvedError(Exception):
    """A variable without a value, and why it has none."""

    def __init__(self, name: str, fact: str) -> None:
        self.name, self.fact = name, fact
        super().__init__(name)


@dataclass(frozen=True)
class Options:
    """The options of a command, the last of each name; values as written."""

    name: str
    """What to call the file in messages."""
    given: dict[str, str | None]
    """Without the dashes; None where no value follows."""
    variables: dict[str, list[str]]
    """All values that the file assigns to a variable."""

    def value(self, option: str) -> str | None:
        """The value of an option with its variables replaced, None where the option is absent.

        Raises ConfigError where it has no value, or a variable has none or several.
        """
        if option not in self.given:
            return None
        written = self.given[option]
        if written is None:
            raise ConfigError(f"{self.name}: --{option} has no value; add it")
        try:
            return self._resolved(written, {})
        except _UnresolvedError as problem:
            raise ConfigError(
                f"{self.name}: --{option} is {printable(written[:40])}, and {problem.name} "
                f"{problem.fact}; write the number instead"
            ) from None

    def _resolved(self, text: str, known: dict[str, str | None]) -> str:
        """``known`` has the references that were replaced; None for one that is being replaced."""
        result = REFERENCE.sub(lambda match: self._replaced(match, known), text)
        if "$" in result or "`" in result:
            raise _UnresolvedError("a part of it", "is only known by running the script")
        if len(result) > MAX_VALUE:
            raise _UnresolvedError("it", "is too long")
        return result

    def _replaced(self, match: re.Match[str], known: dict[str, str | None]) -> str:
        if match[0] not in known:
            known[match[0]] = None
            known[match[0]] = self._variable(match[1] or match[2], match[3], known)
        found = known[match[0]]
        if found is None:
            raise _UnresolvedError(match[0], "refers to itself")
        return found

    def _variable(self, name: str, fallback: str | None, known: dict[str, str | None]) -> str:
        values = set(self.variables.get(name, ()))
        if not values and fallback is None:
            raise _UnresolvedError(name, "is not assigned in the file")
        if len(values) > 1:
            raise _UnresolvedError(name, "is assigned several values")
        if len(known) > MAX_VARIABLES:
            raise _UnresolvedError(name, "depends on too many others")
        if not values:
            return fallback or ""
        (value,) = values
        return self._resolved(_without_itself(name, value), known)


def _without_itself(name: str, value: str) -> str:
    """``${X:-4096}`` assigned to X itself is 4096."""
    match = REFERENCE.fullmatch(value)
    return match[3] if match and match[2] == name and match[3] is not None else value


def read_options(text: str, name: str) -> Options:
    r"""The options in a text.

    Comments, quotes, continued lines, ``--key=value`` and lists of options in variables and in
    arrays are understood; conditions and loops are not: all lines count, in their order.

    Raises ConfigError for a text of more than 128 KiB or with a quote that does not close.

    >>> read_options("N=8 # comment\nrun --layers $N \\\n --base=10000", "run.sh").value("layers")
    '8'
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"{name}: larger than 128 KiB; pass a file with only arguments")
    options = Options(name, {}, {})
    try:
        words = _words(text.replace("\\\r\n", " ").replace("\\\n", " "))
    except ValueError:
        raise ConfigError(f"{name}: has a quote that does not close; correct it") from None
    _collect(words, options)
    return options


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    return list(lexer)


def _collect(words: list[str], options: Options) -> None:
    """Options and assignments in order; a quoted list of options counts where it is."""
    current: str | None = None
    for word in _flat(words):
        assigned = ASSIGNMENT.fullmatch(word)  # after an option too: it may be one without a value
        if word.startswith("--") and len(word) > 2:
            key, equals, value = word[2:].partition("=")
            key = key.rstrip(")")
            options.given[key] = value.rstrip(")") if equals else None
            current = None if equals else key
        elif assigned:
            options.variables.setdefault(assigned[1], []).append(assigned[2])
        elif current is not None and word.strip(")"):
            options.given[current] = word.rstrip(")") if "(" not in word else word
            current = None
        else:
            current = None


def _flat(words: list[str]) -> list[str]:
    """Words, with those that are lists of options themselves taken apart."""
    flat: list[str] = []
    for word in words:
        inner = word.partition("=")[2] if ASSIGNMENT.fullmatch(word) else word
        if "--" in inner and (len(inner.split()) > 1 or inner != word):
            flat += inner.lstrip("(").split()
        else:
            flat.append(word)
    return flat
