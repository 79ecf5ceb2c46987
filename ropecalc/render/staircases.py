"""Staircases for people."""

from __future__ import annotations

from collections.abc import Sequence

from ropecalc.render.console import Screen
from ropecalc.render.digits import count, round_up, tokens
from ropecalc.render.tables import INDENT, headline, levelled, prose, then, tied
from ropecalc.render.words import sentence
from ropecalc.results import Staircase

HEADINGS = "contexts up to", "base", "critical distance"
UNITS = "[tokens]", "", "[tokens]"
MEANING = {
    "minimum": "The base in a row is the smallest that keeps S(m) {at_least} 0 at every distance",
    "safe": "From the base in a row on, every base keeps S(m) {at_least} 0 at every distance",
    "recommended": "The base in a row is the first of two digits that, with all bases within 1% of "
    "it, keeps S(m) {at_least} 0 at every distance",
}
AT_CRITICAL = (
    "At the critical distance S(m) is zero there",
    "The critical distance breaks the bound within that 1%",
)
LOOKED_UP = "Taken from the shipped table of {kind} bases; --no-table computes it."


def describe_staircase(result: Staircase, screen: Screen) -> str:
    """The steps as aligned lines, which fit any width, and what they mean."""
    title = (
        f"{sentence(result.kind)} bases up to {tokens(result.end)}, head_dim {result.rotary_dim}"
    )
    steps = tied(f"{count(len(result.steps))} {'step' if len(result.steps) == 1 else 'steps'}")
    meaning = MEANING[result.kind].format(at_least=screen.glyphs.at_least)
    text = (
        f"{meaning} m below the contexts of that row, which begin where the row above ends. "
        f"{AT_CRITICAL[result.kind == 'recommended']}"
    )
    last = f"ropecalc min-base --dim {result.rotary_dim} --ctx {result.end}"
    if result.source == "table":
        text = f"{LOOKED_UP.format(kind=result.kind)} {text}"
    parts = [
        headline(f"{title}: {steps}", screen),
        _lines(result, screen),
        then(f"{text}: for one context with its window, such as", last, screen),
    ]
    return "\n\n".join(parts)


def _lines(result: Staircase, screen: Screen) -> str:
    """A line a step."""
    rows = [
        (count(step.context), round_up(step.base), count(step.distance) if step.distance else "")
        for step in result.steps
    ]
    bases = levelled([base for _, base, _ in rows])
    level = [
        (context, base, distance) for (context, _, distance), base in zip(rows, bases, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *level, strict=True)]
    if len(INDENT) + sum(widths) + 4 > screen.width:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        note = prose(f"Columns: {', '.join(HEADINGS)}.", screen)
        return "\n".join([note, *(_line(row, widths) for row in rows)])
    headings = [screen.paint(_line(line, widths), "bold") for line in (HEADINGS, UNITS)]
    return "\n".join([*headings, *(_line(row, widths) for row in level)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return (INDENT + "  ".join(cells)).rstrip()
