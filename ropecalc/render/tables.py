"""Tables for a terminal: numbers right-aligned and whole, at any width."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from ropecalc.render.console import PROSE, Screen, rich_console

if TYPE_CHECKING:
    from rich.table import Table

INDENT = "  "
TIE = "\N{NO-BREAK SPACE}"  # becomes a space once lines are broken
GAP = 2  # columns between two columns of a table
# a rich box, line by line: a rule under the headings and between sections, nothing else
RULED = "    \n    \n {rule}{rule} \n    \n {rule}{rule} \n    \n    \n    \n"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading (with the unit) and a cell for each row."""

    heading: str
    cells: Sequence[str]
    spare: int = 0
    """Columns with the greatest number go first where the terminal is too narrow; 0 never goes."""
    left: bool = False
    """Left-aligned, for words; numbers are right-aligned."""


def tied(text: str) -> str:
    """``text`` that ``prose`` and ``pairs`` keep on one line: a formula, a number and its unit."""
    return text.replace(" ", TIE)


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    if TIE in text and max(map(len, lines)) > width:
        return _wrapped(text.replace(TIE, " "), width)  # no room for ties
    return [line.replace(TIE, " ") for line in lines]


def prose(text: str, screen: Screen) -> str:
    """Plain words, wrapped to the screen."""
    return "\n".join(_wrapped(text, min(screen.width, PROSE)))


def headline(text: str, screen: Screen, style: str = "bold") -> str:
    """The answer in one line, or as many as it takes, set off where the stream shows it."""
    return "\n".join(screen.paint(line, style) for line in prose(text, screen).splitlines())


def then(text: str, command: str, screen: Screen) -> str:
    """Plain words and the command that they lead to, on a line of its own that is never broken."""
    return f"{prose(text, screen)}\n{INDENT}{command}"


def pairs(rows: Sequence[tuple[str, str]], screen: Screen) -> str:
    """Names and values, a line each; long values go on below themselves, or below their name."""
    names = max(len(name) for name, _ in rows)
    indent = len(INDENT) + names + GAP
    longest = max(len(word) for _, value in rows for word in value.split(" "))
    if longest > screen.width - indent:
        indent = 2 * len(INDENT)
    lines = []
    for name, value in rows:
        wrapped = _wrapped(value, max(screen.width - indent, longest))
        first = "" if indent < len(INDENT) + names else " " * GAP + wrapped.pop(0)
        lines.append(INDENT + screen.paint(f"{name:<{names}}" if first else name, "dim") + first)
        lines += [" " * indent + line for line in wrapped]
    return "\n".join(lines)


def table(columns: Sequence[Column], screen: Screen, breaks: Collection[int] = ()) -> str:
    """A table as wide as the screen allows, with a rule above each row in ``breaks``.

    Nothing is ever cut. Where room is short, headings wrap; then the most dispensable columns go,
    and a line below names them; then every row becomes a block of names and values.
    """
    kept = list(columns)
    while _least_width(kept) > screen.width and any(column.spare for column in kept):
        kept.remove(max(kept, key=lambda column: column.spare))
    fits = _least_width(kept) <= screen.width
    gone = [column.heading for column in columns if column not in kept]
    note = f"Shown in a wider terminal, by --csv and by --json: {', '.join(gone)}."
    shown = _rich_table(kept, screen, breaks) if fits else _blocks(kept, screen)
    return f"{shown}\n\n{prose(note, screen)}" if gone else shown


def _blocks(columns: Sequence[Column], screen: Screen) -> str:
    rows = [
        [(column.heading, column.cells[row]) for column in columns if column.cells[row]]
        for row in range(len(columns[0].cells))
    ]
    return "\n\n".join(pairs(row, screen) for row in rows)


def _least_width(columns: Sequence[Column]) -> int:
    return len(INDENT) + sum(_narrowest(column) for column in columns) + GAP * (len(columns) - 1)


def _narrowest(column: Column) -> int:
    """The width that a column needs with its heading wrapped as far as it goes."""
    return max(map(len, [*column.heading.split(), *column.cells]))


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Widths for headings on one line where all have room for that, else the narrowest."""
    widths = [max(map(len, [column.heading, *column.cells])) for column in columns]
    return widths if sum(widths) <= room else [_narrowest(column) for column in columns]


def _rich_table(columns: Sequence[Column], screen: Screen, breaks: Collection[int]) -> str:
    from rich.box import Box
    from rich.table import Table

    room = screen.width - len(INDENT) - GAP * (len(columns) - 1)
    drawn = Table(
        box=Box(RULED.format(rule=screen.glyphs.rule), ascii=not screen.glyphs.braille),
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),  # the box adds the other column of the gap
        header_style="bold",
        border_style="dim",
    )
    for column, width in zip(columns, _widths(columns, room), strict=True):
        drawn.add_column(
            column.heading,
            justify="left" if column.left else "right",
            width=width,
            overflow="fold",
        )
    for row in range(len(columns[0].cells)):
        cells = [column.cells[row] for column in columns]
        drawn.add_row(*cells, end_section=row + 1 in breaks)
    return _rendered(drawn, screen)


def _rendered(drawn: Table, screen: Screen) -> str:
    text = StringIO()
    rich_console(screen, text).print(drawn)
    return "\n".join((INDENT + line).rstrip() for line in text.getvalue().splitlines())
