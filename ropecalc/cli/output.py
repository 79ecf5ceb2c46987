"""Where an answer goes: text, JSON, rows or bare values, always on stdout."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Any, NamedTuple, TextIO

import typer

from ropecalc.cli import options
from ropecalc.cli.talk import at_most_one, settle
from ropecalc.errors import InvalidValueError
from ropecalc.likeness import likest
from ropecalc.render.machine import bare, flattened, write_json, write_rows
from ropecalc.render.records import Record


class Form(Enum):
    """The forms of an answer."""

    TEXT = "text"
    """What a person reads, on a terminal and in a log alike."""
    TSV = "tsv"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    BARE = "bare"


class Answer(NamedTuple):
    """An answer in every form; the parts that are not asked for are never looked at."""

    command: str
    inputs: Record
    """What was asked, as it was understood."""
    records: Iterable[Record]
    """One a result."""
    bare: Iterable[object]
    """What ``-q`` prints, one a line; nothing where the exit code is the answer."""
    table: Callable[[TextIO], None]
    """Writes the answer for people."""
    rows: Iterable[Record] | None = None
    """The rows, where they are not simply the records."""
    columns: Sequence[str] = ()
    """The columns of the rows that the text shows; all where there are none."""


@dataclass(frozen=True)
class Output:
    """The options of every command that say how it answers."""

    as_json: options.AsJson = False
    as_csv: options.AsCsv = False
    as_tsv: options.AsTsv = False
    as_markdown: options.AsMarkdown = False
    get: options.Get = None
    all_fields: options.AllFields = False
    width: options.Width = None
    quiet: options.Quiet = False

    def __post_init__(self) -> None:
        at_most_one(**self._forms, **{"-q": self.quiet})
        at_most_one(**{"-q": self.quiet, "--get": self.get})
        at_most_one(**{"--get": self.get, "--all-fields": self.all_fields})
        if self.all_fields and self.form not in ROWS:
            raise InvalidValueError("options", "--all-fields needs --csv, --tsv or --markdown")
        settle(quiet=self.quiet)

    @property
    def _forms(self) -> dict[str, bool]:
        return {
            "--json": self.as_json,
            "--csv": self.as_csv,
            "--tsv": self.as_tsv,
            "--markdown": self.as_markdown,
        }

    @property
    def form(self) -> Form:
        """The form that was asked for; text without a word."""
        for option, wanted in self._forms.items():
            if wanted:
                return Form(option.removeprefix("--"))
        return Form.BARE if self.quiet or self.get else Form.TEXT

    @property
    def fields(self) -> list[str]:
        """The fields of --get."""
        return [name for names in self.get or () for name in names]

    def wants(self, *fields: str) -> bool:
        """Whether any of these fields may be printed: under -q none but the command's number."""
        return not self.quiet and (not self.get or bool({*fields} & {*self.fields}))

    def show(self, answer: Answer, *, rows: bool = False) -> None:
        """Write an answer to stdout; ``rows``: the text is rows too.

        Raises typer.Exit(1) where bare values were asked for and one has no answer.
        """
        out, form = sys.stdout, Form.TSV if rows and self.form is Form.TEXT else self.form
        if form is Form.TEXT:
            with self.sized():
                answer.table(out)
        elif form is Form.JSON:
            write_json(out, answer.command, answer.inputs, self._picked(answer.records))
        elif form is Form.BARE:
            values = answer.bare if self.quiet else map(_line, self._rows(answer))
            if not _write_bare(out, values):
                raise typer.Exit(1)
        else:
            columns = () if self.all_fields else self.fields or answer.columns
            write_rows(out, self._rows(answer), form.value, columns)

    @contextlib.contextmanager
    def sized(self) -> Iterator[None]:
        """Text as wide as --width says."""
        before = os.environ.get("COLUMNS")
        if self.width is not None:
            os.environ["COLUMNS"] = str(self.width)
        try:
            yield
        finally:
            if self.width is not None:
                os.environ.pop("COLUMNS")
                os.environ.update({} if before is None else {"COLUMNS": before})

    def _picked(self, records: Iterable[Record]) -> Iterable[Record]:
        if not self.get:
            return records
        # the first is taken at once: an unknown field is refused before anything is written
        return _peeked(_fields(one, self.fields) for one in records)[1]

    def _rows(self, answer: Answer) -> Iterable[Record]:
        """The rows with the columns that were asked for."""
        rows = answer.records if answer.rows is None else answer.rows
        if self.all_fields:
            return rows
        if not self.get:
            return rows if not answer.columns else _cut(rows, answer.columns)
        if answer.rows is None:
            return self._picked(rows)
        first, rows = _peeked(rows)
        mine = first is None or _has_all(first, self.fields)
        return self._picked(rows if mine else answer.records)


ROWS = (Form.CSV, Form.TSV, Form.MARKDOWN)


def _peeked(rows: Iterable[Record]) -> tuple[Record | None, Iterable[Record]]:
    """The first row, and all of them."""
    rest = iter(rows)
    first = next(rest, None)
    return first, rest if first is None else chain([first], rest)


def _cut(rows: Iterable[Record], columns: Sequence[str]) -> Iterator[Record]:
    for row in rows:
        flat = dict(flattened(row))
        yield {name: flat[name] for name in columns if name in flat}


def _has_all(row: Record, names: Sequence[str]) -> bool:
    return all(_key(row, name) is not None for name in names)


def _key(record: Record, name: str) -> str | None:
    """The key of a flat record for a field, which may have dots where it has "_"."""
    flat, name = dict(flattened(record)), name.strip()
    return next(
        (key for key in (name, name.replace(".", "_")) if key in record or key in flat), None
    )


def _fields(record: Record, names: Sequence[str]) -> Record:
    """Some fields of a record; raises InvalidValueError for one that it has not."""
    flat = {**dict(flattened(record)), **record}
    found: dict[str, Any] = {}
    for name in names:
        key = _key(record, name)
        if key is None:
            raise _unknown(name, flat)
        found[key] = flat[key]
    return found


def _unknown(name: str, known: Iterable[str]) -> InvalidValueError:
    near = likest(name, known, 2)
    cure = f"did you mean {' or '.join(near)}?" if near else "--json shows all"
    return InvalidValueError("options", f"--get: there is no field {name!r} here; {cure}")


def _line(record: Record) -> object:
    """The values of a line of --get: None where there is none at all."""
    values = tuple(record.values())
    if all(value is None for value in values):
        return None
    return values[0] if len(values) == 1 else values


def _write_bare(out: TextIO, values: Iterable[object]) -> bool:
    """Write bare values, a line each; whether all of them were there.

    Nothing at all where none is: a shell's variable stays empty.
    """
    there, missing, held = False, False, 0
    for value in values:
        if value is None:
            missing, held = True, held + 1
        else:
            out.write("\n" * held + bare(value) + "\n")
            there, held = True, 0
    out.write("\n" * held if there else "")
    return not missing
