"""Where an answer goes: a table, rows, JSON, CSV or bare values, always on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

from ropecalc.errors import InvalidValueError
from ropecalc.render.machine import Record, bare, write_json, write_rows

SEPARATORS = {"csv": ",", "tsv": "\t"}


class Form(Enum):
    """The forms of an answer."""

    TABLE = "table"
    TSV = "tsv"
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
    rows: Callable[[TextIO, str], None] | None = None
    """Writes rows with a separator, where they are not simply the records."""


def choose(*, as_json: bool, as_csv: bool, quiet: bool) -> Form:
    """The form that was asked for: without a word a table on a terminal, rows in a pipe."""
    at_most_one(**{"--json": as_json, "--csv": as_csv, "-q": quiet})
    if as_json or as_csv:
        return Form.JSON if as_json else Form.CSV
    if quiet:
        return Form.BARE
    return Form.TABLE if sys.stdout.isatty() else Form.TSV


def show(answer: Answer, form: Form) -> None:
    """Write an answer to stdout."""
    out = sys.stdout
    if form is Form.TABLE:
        answer.table(out)
    elif form is Form.JSON:
        write_json(out, answer.command, answer.inputs, answer.records)
    elif form is Form.BARE:
        out.writelines(bare(value) + "\n" for value in answer.bare)
    elif answer.rows is None:
        write_rows(out, answer.records, SEPARATORS[form.value])
    else:
        answer.rows(out, SEPARATORS[form.value])


def say(line: str) -> None:
    """A word beside the answer: to stderr, and only where a person reads it."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(line, file=sys.stderr)


def warn(line: str) -> None:
    """A word that a script should keep in its log: to stderr, whoever reads it."""
    print(line, file=sys.stderr)


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
