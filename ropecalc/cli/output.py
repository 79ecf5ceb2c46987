"""Where an answer goes: a table, rows, JSON, CSV or bare values, always on stdout."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

from ropecalc.errors import InvalidValueError, TableWarning
from ropecalc.render.machine import bare, write_json, write_rows
from ropecalc.render.records import Record


class Form(Enum):
    """The forms of an answer."""

    TABLE = "table"
    PIPE = "pipe"
    """Rows as TSV, because nothing was said and no person is looking."""
    TSV = "tsv"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    BARE = "bare"


@dataclass(frozen=True)
class Answer:
    """An answer in every form; the parts that are not asked for are never looked at."""

    command: str
    inputs: Record
    """What was asked, as it was understood."""
    records: Iterable[Record]
    """One a result."""
    bare: Iterable[object]
    """What ``-q`` prints, one a line."""
    table: Callable[[TextIO], None]
    """Writes the answer for people."""
    rows: Iterable[Record] | None = None
    """The rows, where they are not simply the records."""
    columns: Sequence[str] = ()
    """The header of no rows."""


def choose(as_json: bool, as_csv: bool, as_tsv: bool, as_markdown: bool, quiet: bool) -> Form:
    """The form that was asked for: without a word a table on a terminal, rows in a pipe."""
    asked = {"--json": as_json, "--csv": as_csv, "--tsv": as_tsv, "--markdown": as_markdown}
    at_most_one(**asked, **{"-q": quiet})
    for option, wanted in asked.items():
        if wanted:
            return Form(option.removeprefix("--"))
    if quiet:
        return Form.BARE
    return Form.TABLE if sys.stdout.isatty() else Form.PIPE


def show(answer: Answer, form: Form) -> None:
    """Write an answer to stdout."""
    out = sys.stdout
    if form is Form.TABLE:
        answer.table(out)
    elif form is Form.JSON:
        write_json(out, answer.command, answer.inputs, answer.records)
    elif form is Form.BARE:
        out.writelines(bare(value) + "\n" for value in answer.bare)
    else:
        rows = answer.records if answer.rows is None else answer.rows
        write_rows(out, rows, "tsv" if form is Form.PIPE else form.value, answer.columns)


def say(line: str) -> None:
    """A word beside the answer: to stderr, and only where a person reads it."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(line, file=sys.stderr)


def warn(line: str) -> None:
    """A word that a script should keep in its log: to stderr, whoever reads it."""
    print(line, file=sys.stderr)


@contextlib.contextmanager
def warnings_told() -> Iterator[None]:
    """What is wrong with a shipped table goes to stderr, a line each, once the work is done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TableWarning)
        yield
    for warning in caught:
        warn(f"Warning: {warning.message}")


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
