"""Curves in a terminal: minimum and maximum of every column, so that nothing falls between."""

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
    curve: int = 0


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
    canvas = Canvas(
        canvas_columns(width),
        min(max(height, LOWEST), HIGHEST),
        len(envelopes),
        braille=glyphs.braille,
    )
    start = min(int(envelope.edges[0]) for envelope in envelopes)
    stop = max(int(envelope.edges[-1]) for envelope in envelopes)
    cuts = column_cuts(start, stop, canvas.columns * canvas.across, log_x)
    axis = vertical(
        min(float(envelope.minimum.min()) for envelope in envelopes),
        max(float(envelope.maximum.max()) for envelope in envelopes),
        canvas.rows,
        canvas.down,
    )
    _draw(canvas, envelopes, cuts, axis)
    body = [
        *_with_vertical_axis(canvas.lines(axis.zero, colour=colour), axis, glyphs),
        *_horizontal_axis(cuts, canvas, marks, glyphs, log_x, colour),
        *_hanging(_legend(len(envelopes), labels, marks, glyphs, colour), canvas.columns),
    ]
    return "\n".join(line.rstrip() for line in body)


def _draw(
    canvas: Canvas, envelopes: Sequence[Envelope], cuts: NDArray[np.int64], axis: Vertical
) -> None:
    middles = []
    for curve, envelope in enumerate(envelopes):
        low, high = column_extents(envelope, cuts)
        middles.append(_draw_curve(canvas, curve, low, high, axis))
    if len(envelopes) > 1:
        place_letters(canvas, middles, axis.zero)


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
    log_x: bool,
    colour: bool,
) -> list[str]:
    ticks = horizontal_ticks(cuts, canvas.across, log_x)
    line = [glyphs.axis_horizontal] * canvas.columns
    for column, _ in ticks:
        line[column] = glyphs.axis_tick_down
    several = len(canvas.lit) > 1
    for column, mark in _mark_columns(marks, cuts, canvas):
        sign = letter(mark.curve) if several else glyphs.mark
        style = colour_of(mark.curve) if several else "red"
        line[column] = paint(sign, style) if colour else sign
    return [" " * (GUTTER - 1) + glyphs.axis_corner + "".join(line), _tick_labels(ticks, canvas)]


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
        signs = [glyphs.mark if mark.distance is not None else " " for mark in marks]
        return [(sign, printable(mark.text)) for sign, mark in zip(signs, marks, strict=True)]
    names = [printable(label) for label in labels] or [""] * curves
    longest = max(map(len, names))
    entries = []
    for curve, name in enumerate(names):
        texts = "; ".join(printable(mark.text) for mark in marks if mark.curve == curve)
        sign = paint(letter(curve), colour_of(curve)) if colour else letter(curve)
        entries.append((sign, f"{name:<{longest}}  {texts}"))
    shared = SEVERAL_BRAILLE if glyphs.braille else SEVERAL
    return [*entries, (shared, "where curves overlap")]


def _hanging(entries: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Lines of a legend below the canvas, long texts wrapped behind their sign."""
    lines = []
    for sign, text in entries:
        first, *rest = textwrap.wrap(text, columns - 3) or [""]
        lines.append(f"{' ' * GUTTER}{sign}  {first}")
        lines += [" " * (GUTTER + 3) + line for line in rest]
    return lines
