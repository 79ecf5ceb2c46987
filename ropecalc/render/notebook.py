"""Results in a notebook: a plain table in HTML, and pictures through matplotlib.

Everything that is shown is escaped, and nothing is fetched: no script, no style sheet, no font.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from ropecalc import results
from ropecalc.render.digits import round_up

if TYPE_CHECKING:
    from ropecalc.render.figures import Drawing

MOST_ROWS = 100
CELL = ' style="text-align: left"'
Rows = list[Mapping[str, Any]]


def html(result: object) -> str | None:
    """A table of a result: a row a name and value, or where it is a list of things, a row each.

    A picture is above it where there is one. None for what is no result.
    """
    from ropecalc.render.machine import flattened
    from ropecalc.render.rows import rows

    found = rows(result)
    if found is None:
        return None
    title = type(result).__name__
    flat = [dict(flattened(row)) for row in found]
    table = _pairs(flat[0]) if len(flat) == 1 else _grid(flat)
    return f"<div><strong>{escape(title)}</strong>{_picture(result)}{table}</div>"


def svg(result: object) -> str | None:
    """The picture of a result as SVG; None where it has none, or matplotlib is missing."""
    from ropecalc.render.figures import has_matplotlib, svg_text

    drawing = _drawing(result) if has_matplotlib() else None
    return None if drawing is None else svg_text(drawing)


def _drawing(result: object) -> Drawing | None:
    from ropecalc.render.figures_bases import bases_figure, turns_figure, windows_figure
    from ropecalc.render.figures_curves import Panel, curve_figure, curves_figure

    match result:
        case results.Envelope():
            log_x = bool(result.edges[0] > 0)
            return curves_figure([Panel([result], [None], log_x=log_x)])
        case results.Curve() if result.distances.size:
            return curve_figure(result)
        case results.Staircase():
            return bases_figure([result])
        case results.PairFrequencies() if result.context is not None:
            return turns_figure(result)
        case results.Windows() if result.windows:
            return windows_figure(result)
    return None


def _picture(result: object) -> str:
    """The picture of a result as an image that the page itself holds."""
    text = svg(result)
    if text is None:
        return ""
    data = base64.b64encode(text.encode()).decode()
    return f'<br><img alt="" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'


def _pairs(record: Mapping[str, object]) -> str:
    """A record as rows of name and value."""
    rows = "".join(
        f"<tr><th{CELL}>{escape(name)}</th><td{CELL}>{_cell(name, value)}</td></tr>"
        for name, value in record.items()
    )
    return f"<table>{rows}</table>"


def _grid(rows: Sequence[Mapping[str, object]]) -> str:
    """Records as rows below their names; what is beyond ``MOST_ROWS`` is counted."""
    if not rows:
        return "<p>nothing to list</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    lines = [
        "<tr>" + "".join(f"<td>{_cell(*one)}</td>" for one in row.items()) + "</tr>"
        for row in rows[:MOST_ROWS]
    ]
    left = len(rows) - MOST_ROWS
    more = f"<p>and {left:,} more rows</p>" if left > 0 else ""
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>{more}"


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value > 1 and name.endswith(("base", "start")):
        return escape(
            round_up(value).replace(",", "")
        )  # a base that meets the bound as it is shown
    return escape(f"{value:.10g}" if isinstance(value, float) else str(value))
