"""Figures of curves: the band from minimum to maximum, first violations, contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ropecalc.render.axes import column_cuts, round_distances, tokens
from ropecalc.render.curves import curve_name, violation_words
from ropecalc.render.figures import GREY, Drawing, line_of, marker_of, words

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from ropecalc.results import Curve, Envelope, MaxContext

COLUMNS, FEWER = 900, 450  # runs of distances on the width of a figure: 190 an inch, or half
ALPHA = 0.28  # of the range of a curve
MOST_TICKS = 11
CONTEXT_LINES = ((0, (1, 2)), (0, (1, 1, 4, 1)), (0, (7, 3)))
LARGEST, SMALLEST = 8.0, 4.5  # points: markers shrink, so that none hides another
AXES, ENTRY = 2.45, 0.17  # inches: the axes with their labels, a line of the legend


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its curves."""

    envelopes: Sequence[Envelope]
    first_violations: Sequence[MaxContext | None]
    """One a curve; None where none is to be marked."""
    contexts: Sequence[tuple[int, str]] = ()
    """Other distances to point at, with what to say about each."""
    title: str = ""
    log_x: bool = True

    @property
    def entries(self) -> int:
        """Lines of its legend."""
        return len(self.envelopes) + len(self.contexts) + 1


def figure_edges(
    start: int, stop: int, *, curves: int = 1, log_x: bool = True
) -> NDArray[np.int64]:
    """The edges to compute envelopes over for a figure; of several curves smoother ones."""
    import numpy as np

    return np.unique(column_cuts(start, stop, COLUMNS if curves == 1 else FEWER, log_x))


def curves_figure(panels: Sequence[Panel]) -> Drawing:
    """Curves over the distance, a pair of axes a panel, each with its legend below."""

    def draw(figure: Figure) -> None:
        parts = figure.subfigures(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for index, (part, panel) in enumerate(zip(parts, panels, strict=True)):
            axes = part.subplots()
            axes.set_gid(f"axes-{index}")
            _draw_panel(axes, panel)
            part.legend(handles=_handles(panel), loc="outside lower center", ncols=1)

    heights = [AXES + ENTRY * panel.entries for panel in panels]
    return Drawing(sum(heights), draw)


def curve_figure(curve: Curve) -> Drawing:
    """A curve at chosen distances, its points joined."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axhline(0, color="black", linewidth=0.6, gid="zero")
        label = words(curve_name(curve.spectrum))
        axes.plot(curve.distances, curve.values, label=label, gid="curve-0", **line_of(0))
        start, stop = float(curve.distances.min()), float(curve.distances.max())
        _distances(axes, max(start, 1), max(stop, start + 1), log_x=False)
        axes.set_ylabel(_value_label(curve.kind, normalised=curve.normalised))
        figure.legend(loc="outside lower center")

    return Drawing(AXES + ENTRY, draw)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    first = panel.envelopes[0]
    axes.axhline(0, color="black", linewidth=0.6, zorder=1.5, gid="zero")
    for curve, envelope in enumerate(panel.envelopes):
        _draw_curve(axes, envelope, curve, shaded=len(panel.envelopes) == 1)
    for k, (distance, _) in enumerate(panel.contexts):
        axes.axvline(distance, gid=f"context-{k}", **context_line(k))
    for curve, found in enumerate(panel.first_violations):
        if found is not None and found.first_violation is not None:
            axes.plot(
                found.first_violation,
                0,
                gid=f"first-violation-{curve}",
                clip_on=False,
                zorder=5,
                **_marker(curve),
            )
    _distances(axes, int(first.edges[0]), int(first.edges[-1]), log_x=panel.log_x)
    axes.set_ylabel(_value_label(first.kind, normalised=first.normalised))
    if panel.title:
        axes.set_title(panel.title, fontsize=8, loc="left")


def _draw_curve(axes: Axes, envelope: Envelope, curve: int, *, shaded: bool) -> None:
    """The lower edge of a curve as a line, and alone its range as a shade."""
    middles = (envelope.edges[:-1] + envelope.edges[1:] - 1) / 2
    style = line_of(curve)
    if shaded:
        axes.fill_between(
            middles,
            envelope.minimum,
            envelope.maximum,
            color=style["color"],
            alpha=ALPHA,
            linewidth=0.3,
            zorder=2,
            gid=f"band-{curve}",
        )
    axes.plot(middles, envelope.minimum, linewidth=0.9, zorder=3, gid=f"curve-{curve}", **style)


def _marker(curve: int) -> dict[str, Any]:
    style = line_of(curve)
    return {
        "marker": marker_of(curve),
        "markersize": max(LARGEST - 1.2 * curve, SMALLEST),
        "markerfacecolor": style["color"],
        "markeredgecolor": "black",
        "markeredgewidth": 0.6,
        "linestyle": "none",
    }


def context_line(k: int) -> dict[str, Any]:
    """The style of a vertical line at something known."""
    return {"color": GREY, "linewidth": 0.8, "linestyle": CONTEXT_LINES[k % len(CONTEXT_LINES)]}


def _handles(panel: Panel) -> list[Line2D]:
    """A line of the legend a curve, with its marker where it has one, then one a context."""
    from matplotlib.lines import Line2D

    handles = []
    for curve, (envelope, found) in enumerate(
        zip(panel.envelopes, panel.first_violations, strict=True)
    ):
        text = words(curve_name(envelope.spectrum))
        text += "" if found is None else f": {violation_words(found)}"
        has_marker = found is not None and found.first_violation is not None
        style = {**(_marker(curve) if has_marker else {}), **line_of(curve)}
        handles.append(Line2D([], [], label=text, **style))
    for k, (_, text) in enumerate(panel.contexts):
        handles.append(Line2D([], [], label=words(text), **context_line(k)))
    what = "line: least value of a column of distances"
    what += "; shade: its range" if len(panel.envelopes) == 1 else ""
    handles.append(Line2D([], [], linestyle="none", label=what))
    return handles


def _value_label(kind: str, *, normalised: bool) -> str:
    if kind == "similarity":
        return "similarity $S(m)\\,/\\,S(0)$" if normalised else "similarity $S(m)$"
    return "upper bound, 1 at $m = 0$" if normalised else "upper bound"


def _distances(axes: Axes, start: float, stop: float, *, log_x: bool) -> None:
    """The axis of distances, with ticks at round ones."""
    if log_x:
        axes.set_xscale("log")
    ticks = round_distances(int(start), int(stop), log=log_x, most=MOST_TICKS)
    axes.set_xticks(ticks, [tokens(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(start, stop)
    axes.set_xlabel("distance $m$ [tokens]")
