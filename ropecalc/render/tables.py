"""Tables for a terminal: numbers right-aligned and whole, at any width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from ropecalc.render.console import PROSE, Screen

INDENT = "  "
INDENT_ON = 2 * INDENT  # of a command that goes on
TIE = "\N{NO-BREAK SPACE}"  # becomes a space once lines are broken
NUMBER = re.compile(r"[+-]?[\d,]+(\.\d+)?")
UNIT = re.compile(r" \[[^]]*\]$")  # at the end of a heading
GAP = 2  # columns between two columns of a table


class Column(NamedTuple):
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
    """Plain words and the command that they lead to, ready to copy.

    A command that is wider than the screen goes on as a shell reads it, after a backslash.
    """
    return f"{prose(text, screen)}\n{_continued(command, screen.width)}"


def _continued(command: str, width: int) -> str:
    """A command on lines that break before options, and at any space where one is too long."""
    room = width - len(" \\")
    parts = [
        word
        for part in re.split(r" (?=--?[a-z])", command)
        for word in ([part] if len(INDENT_ON + part) <= room else part.split(" "))
    ]
    lines = [INDENT + parts[0]]
    for part in parts[1:]:
        if len(f"{lines[-1]} {part}") <= room:
            lines[-1] += f" {part}"
        else:
            lines.append(INDENT_ON + part)
    return " \\\n".join(lines)


def pairs(rows: Sequence[tuple[str, str]], screen: Screen) -> str:
    """Names and values, a line each; long values go on below themselves, or below their name.

    Nothing where there are none.
    """
    if not rows:
        return ""
    rows = [(name, _loosened(value, screen.width - 2 * len(INDENT))) for name, value in rows]
    names = max(len(name) for name, _ in rows)
    indent = len(INDENT) + names + GAP
    longest = max(len(word) for _, value in rows for word in value.split(" "))
    if longest > screen.width - indent:
        indent = 2 * len(INDENT)
    lines = []
    for name, value in rows:
        wrapped = _wrapped(value, max(min(screen.width - indent, PROSE), longest))
        first = "" if indent < len(INDENT) + names else " " * GAP + wrapped.pop(0)
        lines.append(INDENT + screen.paint(f"{name:<{names}}" if first else name, "dim") + first)
        lines += [" " * indent + line for line in wrapped]
    return "\n".join(lines)


def _loosened(text: str, room: int) -> str:
    """``text`` without its ties where what they hold together has no room.

    An address that is wider than that goes on after one of its slashes.
    """
    longest = max(map(len, text.split(" ")))
    if longest <= room:
        return text
    words = text.replace(TIE, " ").split(" ")
    return " ".join(_opened(word) if len(word) > room else word for word in words)


def _opened(word: str) -> str:
    """An address with places to go on; any other word as it is."""
    return word.replace("/", "/ ").replace("/ / ", "//") if "://" in word else word


def table(
    columns: Sequence[Column],
    screen: Screen,
    breaks: Collection[int] = (),
) -> str:
    """A table as wide as the screen allows, with a rule above each row in ``breaks``.

    Nothing is ever cut. Where room is short, headings wrap; then the most dispensable columns go,
    and a line below names them. Where even that is too wide, every row becomes a block
    of names and values, which has room for all. Decimal points are aligned where there is room.
    """
    kept = _kept(columns, screen)
    if _least_width(kept) > screen.width:
        return _blocks(columns, screen)
    gone = [UNIT.sub("", column.heading) for column in columns if column not in kept]
    note = f"Shown in a wider terminal, by --csv and by --json: {', '.join(gone)}."
    level = [column._replace(cells=levelled(column.cells)) for column in kept]
    drawn = _drawn(level if _least_width(level) <= screen.width else kept, screen, breaks)
    return f"{drawn}\n\n{prose(note, screen)}" if gone else drawn


def shown(columns: Sequence[Column], screen: Screen) -> list[str]:
    """The headings of the columns that ``table`` shows on the screen."""
    kept = _kept(columns, screen)
    return [one.heading for one in (columns if _least_width(kept) > screen.width else kept)]


def _kept(columns: Sequence[Column], screen: Screen) -> list[Column]:
    """What is left where the most dispensable columns go; one that has room after all stays."""
    kept = list(columns)
    while _least_width(kept) > screen.width and any(column.spare for column in kept):
        kept.remove(max(kept, key=lambda column: column.spare))
    for column in sorted(columns, key=lambda column: column.spare):
        more = [one for one in columns if one in kept or one is column]
        if _least_width(more) <= screen.width:
            kept = more
    return kept


def levelled(cells: Sequence[str]) -> list[str]:
    """Right-aligned cells with spaces after those that have fewer decimals than others."""
    decimals = [
        len(cell.partition(".")[2]) + ("." in cell) if NUMBER.fullmatch(cell) else None
        for cell in cells
    ]
    most = max((number for number in decimals if number is not None), default=0)
    return [
        cell if number is None else cell + " " * (most - number)
        for cell, number in zip(cells, decimals, strict=True)
    ]


def _blocks(columns: Sequence[Column], screen: Screen) -> str:
    rows = [
        [(column.heading, column.cells[row]) for column in columns if column.cells[row]]
        for row in range(len(columns[0].cells))
    ]
    return "\n\n".join(pairs(row, screen) for row in rows)


def _least_width(columns: Sequence[Column]) -> int:
    return len(INDENT) + sum(_narrowest(column) for column in columns) + GAP * (len(columns) - 1)


def _cells(text: str) -> int:
    """The columns of a terminal that a text takes: Chinese letters take two each."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _narrowest(column: Column) -> int:
    """The width that a column needs with its heading wrapped as far as it goes."""
    return max(map(_cells, [*column.heading.split(), *column.cells]))


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Widths for headings on one line where all have room for that, else the narrowest."""
    widths = [max(map(_cells, [column.heading, *column.cells])) for column in columns]
    return widths if sum(widths) <= room else [_narrowest(column) for column in columns]


def _drawn(columns: Sequence[Column], screen: Screen, breaks: Collection[int]) -> str:
    """A table that has room; rich's, which takes 40 ms to load, would look the same."""
    widths = _widths(columns, screen.width - len(INDENT) - GAP * (len(columns) - 1))

    def line(cells: Iterable[str]) -> str:
        shape = zip(columns, cells, widths, strict=True)
        padded = ((one.left, cell, " " * (n - _cells(cell))) for one, cell, n in shape)
        parts = [cell + space if left else space + cell for left, cell, space in padded]
        return (INDENT + (" " * GAP).join(parts)).rstrip()

    rule = screen.glyphs.rule * (sum(widths) + GAP * (len(columns) - 1))
    rule = INDENT + screen.paint(rule, "dim")
    heads = [_wrapped(one.heading, n) for one, n in zip(columns, widths, strict=True)]
    most = max(map(len, heads))
    level = ([""] * (most - len(head)) + head for head in heads)
    lines = [screen.paint(line(words), "bold") for words in zip(*level, strict=True)]
    lines += [rule]
    for row, cells in enumerate(zip(*(one.cells for one in columns), strict=True)):
        lines += [rule] * (row > 0 and row in breaks)
        lines.append(line(cells))
    return "\n".join(lines)
