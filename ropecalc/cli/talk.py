"""What is said beside an answer: on stderr, once a call, and never under -q."""

from __future__ import annotations

import contextlib
import shutil
import sys
import textwrap
import warnings
from collections.abc import Iterator

from ropecalc.errors import InvalidValueError, TableWarning


class _Talk:
    """What was said in a call; ``quiet`` is None until the options are read."""

    def __init__(self) -> None:
        self.quiet: bool | None = None
        self.waiting: list[str] = []
        self.said: set[str] = set()

    def add(self, line: str) -> None:
        if self.quiet is None:
            self.waiting.append(line)
        elif not self.quiet and line not in self.said:
            self.said.add(line)
            print(wrapped(line), file=sys.stderr)


_TALK = _Talk()


def begin() -> None:
    """A new call: nothing was said, and nobody knows yet whether -q was given."""
    _TALK.quiet, _TALK.waiting, _TALK.said = None, [], set()


def settle(*, quiet: bool) -> None:
    """The options are read: say what waited for that, unless -q was given."""
    _TALK.quiet = quiet
    for line in _TALK.waiting:
        _TALK.add(line)
    _TALK.waiting = []


def say(line: str) -> None:
    """A notice: only where a person reads it."""
    if sys.stderr is not None and sys.stderr.isatty():
        _TALK.add(line)


def warn(line: str) -> None:
    """A notice that a script should keep in its log: whoever reads it."""
    _TALK.add(line)


def report(line: str) -> None:
    """What went wrong with a part of the answer: always."""
    print(wrapped(line), file=sys.stderr)


def wrapped(line: str) -> str:
    """A line broken at words where stderr is a terminal; whole in a log, for grep.

    What a file or an argument brought in as control characters is escaped.
    """
    if not line.isprintable():
        from ropecalc.render.glyphs import printable

        line = printable(line)
    if sys.stderr is None or not sys.stderr.isatty():
        return line
    width = max(40, shutil.get_terminal_size().columns)
    return "\n".join(
        textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [line]
    )


@contextlib.contextmanager
def warnings_told() -> Iterator[None]:
    """What is wrong with a shipped table goes to stderr, a line each, once the work is done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TableWarning)
        yield
    for warning in caught:
        report(f"Warning: {warning.message}")


def at_most_one(**given: object) -> None:
    """Raise InvalidValueError where two options that exclude each other are both given."""
    names = [name for name, value in given.items() if value is not None and value is not False]
    if len(names) > 1:
        raise InvalidValueError(
            "options", f"{' and '.join(names)} exclude each other: give one of them"
        )


def required(option: str, example: str) -> InvalidValueError:
    """The error for an option that has to be there."""
    return InvalidValueError("options", f"{option} is missing: give it, such as {option} {example}")
