"""Plots in a terminal: minimum and maximum of every column, so that nothing falls between."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ropecalc.render.axes import (
    GUTTER,
    Ticks,
    Vertical,
    canvas_columns,
    column_cuts,
    column_of,
    horizontal_ticks,
    label_start,
    vertical,
)
from ropecalc.render.canvas import (
    SEVERAL,
    SEVERAL_BRAILLE,
    Canvas,
    colour_of,
    letter,
    place_letters,
)
from ropecalc.render.console import paint
from ropecalc.render.glyphs import Glyphs, printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.results import Envelope

LOWEST, HIGHEST = 6, 60  # rows of the canvas


class Mark(NamedTuple):
    """A distance to point at from under the axis, and what to say about it."""

    distance: int | None
    """None: say it, point at nothing."""
    text: str
    curve: int | None = 0
    """None: it is about no curve, but about the axis."""


class Point(NamedTuple):
    """A sign of its own somewhere on the canvas, over whatever curves are there."""

    distance: int
    value: float
    sign: str
    style: str


Extents = tuple["NDArray[np.float64]", "NDArray[np.float64]"]  # least and greatest value a column


def plot_envelopes(
    envelopes: Sequence[Envelope],
    *,
    width: int,
    height: int,
    glyphs: Glyphs,
    log_x: bool = True,
    marks: Sequence[Mark] = (),
    labels: Sequence[str] = (),
    colour: bool = False,
) -> str:
    """One plot of all ``envelopes``: canvas, axes, and a line for each curve or mark.

    A column of dots runs from the least to the greatest value among its distances. It has a dot
    below the zero line if one of them is negative, however slightly; a column none of whose
    distances is negative has none. Where neighbouring distances are more than a column apart,
    straight lines join them. Several curves are told apart by letters, and by colours besides.

    Parameters
    ----------
    envelopes : at least one, best over ``plot_edges`` of the same width
    width : columns of the whole plot, kept within 40 to 200
    height : rows of the canvas, kept within 6 to 60; axis and legend come on top
    labels : what to call the curves, one each, or none
    """
    canvas = new_canvas(width, height, len(envelopes), glyphs)
    start = min(int(envelope.edges[0]) for envelope in envelopes)
    stop = max(int(envelope.edges[-1]) for envelope in envelopes)
    cuts = column_cuts(start, stop, canvas.columns * canvas.across, log_x)
    axis = vertical(
        min(float(envelope.minimum.min()) for envelope in envelopes),
        max(float(envelope.maximum.max()) for envelope in envelopes),
        canvas.rows,
        canvas.down,
    )
    extents = [column_extents(envelope, cuts) for envelope in envelopes]
    return plot_columns(
        canvas, extents, cuts, axis, glyphs, log_x=log_x, marks=marks, labels=labels, colour=colour
    )


def new_canvas(width: int, height: int, curves: int, glyphs: Glyphs) -> Canvas:
    """A canvas of ``height`` rows, kept within 6 to 60, for a plot of ``width`` columns."""
    rows = min(max(height, LOWEST), HIGHEST)
    return Canvas(canvas_columns(width), rows, curves, braille=glyphs.braille)


def plot_columns(
    canvas: Canvas,
    extents: Sequence[Extents],
    cuts: NDArray[np.int64],
    axis: Vertical,
    glyphs: Glyphs,
    *,
    log_x: bool = True,
    marks: Sequence[Mark] = (),
    points: Sequence[Point] = (),
    labels: Sequence[str] = (),
    colour: bool = False,
    rule: bool = True,
    ticks: Ticks | None = None,
) -> str:
    """A plot of curves whose extents in each dot column are known; see ``plot_envelopes``.

    ``cuts`` are those of ``column_cuts``, and ``ticks`` those of its axis, distances unless given;
    ``rule`` draws a dotted line where ``axis`` has its zero.
    """
    bottom = axis.zero if rule else canvas.rows * canvas.down
    middles = [_draw_curve(canvas, k, low, high, axis) for k, (low, high) in enumerate(extents)]
    if len(extents) > 1:
        place_letters(canvas, middles, bottom)
    _place_points(canvas, points, cuts, axis)
    lines = canvas.lines(axis.zero if rule else None, colour=colour)
    body = [
        *_with_vertical_axis(lines, axis, glyphs),
        *_horizontal_axis(
            cuts,
            canvas,
            marks,
            glyphs,
            horizontal_ticks(cuts, canvas.across, log_x) if ticks is None else ticks,
            colour,
        ),
        *_hanging(_legend(len(extents), labels, marks, glyphs, colour), canvas.columns),
    ]
    return "\n".join(line.rstrip() for line in body)


def _place_points(
    canvas: Canvas, points: Sequence[Point], cuts: NDArray[np.int64], axis: Vertical
) -> None:
    """Each point on the character that it falls in, or the nearest free one of the same row."""
    import numpy as np

    for point in points:
        row = int(axis.rows_of(np.array([point.value]))[0]) // canvas.down
        wanted = int(column_of(cuts, np.array([point.distance]))[0]) // canvas.across
        free = [column for column in range(canvas.columns) if (row, column) not in canvas.points]
        if free:
            column = min(free, key=lambda column: (abs(column - wanted), column))
            canvas.points[row, column] = point.sign, point.style


def column_extents(
    envelope: Envelope, cuts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest value in each column of the canvas, NaN left and right of the curve.

    A run of distances wider than a column fills all columns that it touches; runs narrower than
    a column are merged; columns between two runs are interpolated, but not below zero.
    """
    import numpy as np

    low, high = np.full(len(cuts) - 1, np.inf), np.full(len(cuts) - 1, -np.inf)
    first = column_of(cuts, envelope.edges[:-1])
    last = column_of(cuts, envelope.edges[1:] - 1)
    for left, right, least, most in zip(
        first, last, envelope.minimum, envelope.maximum, strict=True
    ):
        columns = slice(left, right + 1)
        low[columns] = np.minimum(low[columns], least)
        high[columns] = np.maximum(high[columns], most)
    known = np.flatnonzero(low <= high)
    places = np.arange(len(low))
    between = np.interp(places, known, low[known], left=np.nan, right=np.nan)
    between_high = np.interp(places, known, high[known], left=np.nan, right=np.nan)
    empty = ~np.isin(places, known)
    between[empty] = np.maximum(between[empty], 0)
    between_high[empty] = np.maximum(between_high[empty], 0)
    return between, between_high


def _draw_curve(
    canvas: Canvas,
    curve: int,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    axis: Vertical,
) -> NDArray[np.float64]:
    """Fill the columns of a curve; returns the dot row of its middle in each, NaN for none."""
    import numpy as np

    columns = np.flatnonzero(~np.isnan(low))
    tops, bottoms = axis.rows_of(high[columns]), axis.rows_of(low[columns])
    middles = np.full(len(low), np.nan)
    middles[columns] = (tops + bottoms) / 2
    for column, top, bottom in zip(columns, _joined(tops, bottoms), bottoms, strict=True):
        canvas.fill(curve, int(column), int(top), int(bottom))
    return middles


def _joined(tops: NDArray[np.int64], bottoms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tops raised until every column touches its neighbours.

    Only upwards: a dot below zero then always means a negative value in that very column.
    """
    import numpy as np

    joined = tops.copy()
    joined[1:] = np.minimum(joined[1:], bottoms[:-1] + 1)
    joined[:-1] = np.minimum(joined[:-1], bottoms[1:] + 1)
    return joined


def _with_vertical_axis(lines: list[str], axis: Vertical, glyphs: Glyphs) -> list[str]:
    labels = dict(axis.ticks())
    return [
        f"{labels[row]:>{GUTTER - 2}} {glyphs.axis_tick_left}{line}"
        if row in labels
        else " " * (GUTTER - 1) + glyphs.axis_vertical + line
        for row, line in enumerate(lines)
    ]


def _horizontal_axis(
    cuts: NDArray[np.int64],
    canvas: Canvas,
    marks: Sequence[Mark],
    glyphs: Glyphs,
    ticks: Ticks,
    colour: bool,
) -> list[str]:
    line = [glyphs.axis_horizontal] * canvas.columns
    for column, _ in ticks:
        line[column] = glyphs.axis_tick_down
    several = len(canvas.lit) > 1
    for column, mark in _mark_columns(marks, cuts, canvas):
        sign, style = _sign(mark, glyphs, several=several)
        line[column] = paint(sign, style) if colour else sign
    return [" " * (GUTTER - 1) + glyphs.axis_corner + "".join(line), _tick_labels(ticks, canvas)]


def _sign(mark: Mark, glyphs: Glyphs, *, several: bool) -> tuple[str, str]:
    """The sign of a mark on the axis, and its style."""
    if mark.curve is None:
        return glyphs.flag, "bold"
    return (letter(mark.curve), colour_of(mark.curve)) if several else (glyphs.mark, "red")


def _mark_columns(
    marks: Sequence[Mark], cuts: NDArray[np.int64], canvas: Canvas
) -> list[tuple[int, Mark]]:
    """Each mark on the canvas with a character column of its own, the nearest free one."""
    import numpy as np

    placed: dict[int, Mark] = {}
    for mark in marks:
        if mark.distance is None or not cuts[0] <= mark.distance < cuts[-1]:
            continue
        wanted = int(column_of(cuts, np.array([mark.distance]))[0]) // canvas.across
        free = set(range(canvas.columns)) - placed.keys()
        if free:
            placed[min(free, key=lambda column: (abs(column - wanted), column))] = mark
    return list(placed.items())


def _tick_labels(ticks: Ticks, canvas: Canvas) -> str:
    line = [" "] * (GUTTER + canvas.columns)
    for column, label in ticks:
        start = min(GUTTER + label_start(column, label), len(line) - len(label))
        line[start : start + len(label)] = label
    return "".join(line)


def _legend(
    curves: int, labels: Sequence[str], marks: Sequence[Mark], glyphs: Glyphs, colour: bool
) -> list[tuple[str, str]]:
    """(sign, text) a curve: its letter, label and marks; of a single curve, one a mark."""
    if curves == 1:
        signs = [_sign(mark, glyphs, several=False)[0] for mark in marks]
        return [
            (sign if mark.distance is not None else " ", printable(mark.text))
            for sign, mark in zip(signs, marks, strict=True)
        ]
    names = [printable(label) for label in labels] or [""] * curves
    longest = max(map(len, names))
    entries = []
    for curve, name in enumerate(names):
        texts = "; ".join(printable(mark.text) for mark in marks if mark.curve == curve)
        sign = paint(letter(curve), colour_of(curve)) if colour else letter(curve)
        entries.append((sign, f"{name:<{longest}}  {texts}"))
    shared = SEVERAL_BRAILLE if glyphs.braille else SEVERAL
    about_the_axis = [(glyphs.flag, printable(mark.text)) for mark in marks if mark.curve is None]
    return [*entries, (shared, "where curves overlap"), *about_the_axis]


def _hanging(entries: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Lines of a legend below the canvas, long texts wrapped behind their sign."""
    lines = []
    for sign, text in entries:
        first, *rest = textwrap.wrap(text, columns - 3) or [""]
        lines.append(f"{' ' * GUTTER}{sign}  {first}")
        lines += [" " * (GUTTER + 3) + line for line in rest]
    return lines
