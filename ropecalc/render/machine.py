"""Records for programs: JSON, CSV, tab-separated values and Markdown.

ASCII only in JSON, and numbers as ``repr`` writes them, so that nothing is lost on the way; only
Markdown, which people read, has them as short as the screen. Rows carry a record's values in its
order, the parts of an inner record side by side (``refined_estimate_low``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR
from typing import TYPE_CHECKING, Any, TextIO

from ropecalc.render.digits import DIGITS, grouped, nearest, round_up, rounded
from ropecalc.render.records import Record

if TYPE_CHECKING:
    pass

Cells = Callable[[Sequence[str]], object]
WHOLE = 1e16  # below it a whole float is written as an integer
NEAREST = 6  # significant digits of what is no base, in a table for people
RULE = "---"  # below each heading of a Markdown table


def write_json(
    file: TextIO, command: str, inputs: Mapping[str, object], results: Iterable[Record]
) -> None:
    """One object, the same four keys for every command; a value that is an Iterator is streamed.

    The records and their Iterator values are written as they come, in constant memory.
    """
    from ropecalc import __version__

    head = {"version": __version__, "command": command, "inputs": dict(inputs)}
    file.write(_dumps(head)[:-1] + ', "results": [')
    for index, one in enumerate(results):
        file.write(", " if index else "")
        _write_object(file, one)
    file.write("]}\n")


def write_rows(
    file: TextIO, rows: Iterable[Record], form: str, columns: Sequence[str] = ()
) -> None:
    """A header and a line a record, as they come; ``form`` is csv [RFC4180], tsv or markdown.

    The header is ``columns`` where there are no records, so that a program finds them all the same.
    """
    write = WRITERS[form](file)
    begun = False
    for row in rows:
        flat = dict(flattened(row))
        if not begun:
            _begin(write, list(flat), form)
            begun = True
        write([_cell(*item) if form == "markdown" else _field(item[1]) for item in flat.items()])
    if columns and not begun:
        _begin(write, columns, form)


def _begin(write: Cells, columns: Sequence[str], form: str) -> None:
    write(columns)
    if form == "markdown":
        write([RULE] * len(columns))


def _csv(file: TextIO) -> Cells:
    import csv  # JSON and bare answers do without

    return csv.writer(file, lineterminator="\n").writerow


def _tsv(file: TextIO) -> Cells:
    return lambda cells: file.write("\t".join(map(_line, cells)) + "\n")


def _markdown(file: TextIO) -> Cells:
    def write(cells: Sequence[str]) -> None:
        escaped = [_line(cell).replace("|", "\\|") for cell in cells]
        file.write(f"| {' | '.join(escaped)} |\n")

    return write


WRITERS: dict[str, Callable[[TextIO], Cells]] = {"csv": _csv, "tsv": _tsv, "markdown": _markdown}


def bare(value: object) -> str:
    """A value as ``-q`` prints it: a field, nothing for None.

    The values of a tuple come side by side, with tabs between them.
    """
    if isinstance(value, tuple):
        return "\t".join(map(bare, value))
    return _line(_field(value))


def _write_object(file: TextIO, record: Record) -> None:
    file.write("{")
    for index, (key, value) in enumerate(record.items()):
        file.write(f'{", " if index else ""}"{key}": ')
        if isinstance(value, Iterator):
            _write_array(file, value)
        else:
            file.write(_dumps(value))
    file.write("}")


def _write_array(file: TextIO, blocks: Iterator[Sequence[float]]) -> None:
    """Blocks of numbers, joined into one array."""
    file.write("[")
    separator = ""
    for block in blocks:
        file.write(separator + _dumps(list(block))[1:-1])
        separator = ", "
    file.write("]")


def _dumps(value: object) -> str:
    import json  # a bare answer does without

    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: object) -> object:
    """JSON has no infinity: an infinite wavelength becomes null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def flattened(record: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Names and values as columns have them: what lies in an inner record is "outer_inner"."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}_{name}", part) for name, part in flattened(value))
        else:
            yield key, value


def _field(value: object) -> str:
    """A value as a field: floats by repr, whole ones as integers; None is empty.

    Truth is as JSON has it, a list in one cell.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return _dumps(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < WHOLE else repr(value)
    return str(value)


def _cell(name: str, value: object) -> str:
    """A field of a table for people: floats as short as on the screen, and on the safe side.

    Bases, factors and where windows begin are rounded up, where they end down, all else to the
    nearest number.

    >>> _cell("minimum_base", 83763.84101543445), _cell("window_end", 84469.69054614783)
    ('83763.84102', '84469.69054')
    """
    if not isinstance(value, float) or not math.isfinite(value):
        return _field(value)
    if name.endswith(("base", "factor", "start")):
        return round_up(value).replace(",", "")
    if name.endswith("end"):
        return grouped(rounded(value, DIGITS, ROUND_FLOOR)).replace(",", "")
    return nearest(value, NEAREST).replace(",", "")


def _line(text: str) -> str:
    """A field that may hold neither a tab nor a line's end."""
    return text.replace("\t", " ").replace("\n", " ")
