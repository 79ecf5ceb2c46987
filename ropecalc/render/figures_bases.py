"""Figures about bases and pairs: staircases with known models, windows, turns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ropecalc.render.axes import round_distances, tokens
from ropecalc.render.charts import first_drawn, turn_marks
from ropecalc.render.digits import exact, power_of_ten, round_up
from ropecalc.render.digits import tokens as in_tokens
from ropecalc.render.figures import COLOURS, GREY, Drawing, line_of, marker_of, words
from ropecalc.render.strip import Axis, axis_of, best_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from ropecalc.landmarks import Landmark
    from ropecalc.results import PairFrequencies, Staircase, Windows

MOST_TICKS = 11
NEAR = ((4, 3), (4, -3), (-4, 3), (-4, -3), (0, 5), (0, -5))  # points from a model to its name
FAR = tuple(
    (r * x, r * y)
    for r in (7, 11, 15, 20, 26, 34, 44)
    for x, y in (
        (1, -1),
        (-1, 1),
        (1, 1),
        (-1, -1),
        (1.6, -0.6),
        (-1.6, 0.6),
        (0.5, -1.5),
        (-0.5, 1.5),
    )
)
RESOLUTION = 4000  # parts of the axis of a figure of windows: what lies closer is drawn as one


# --- turns ----------------------------------------------------------------------------------------


def turns_figure(result: PairFrequencies, trained: int | None = None) -> Drawing:
    """The turns of every pair within the context, which ``result`` has, on a logarithmic axis."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        thetas, context = result.angular_frequencies, result.context or 1
        turning = [pair for pair, theta in enumerate(thetas.tolist()) if theta > 0]
        turns = thetas[turning] * context / (2 * math.pi)
        axes.axhline(1, color="black", linewidth=0.6, zorder=1.5, gid="one-turn")
        axes.plot(
            turning, turns, "o-", color=COLOURS[0], markersize=2.6, linewidth=0.7, gid="turns"
        )
        for k, (pair, said) in enumerate(marks):
            if pair is not None:
                style = {"linewidth": 0.9, "zorder": 1.6, **line_of(k + 1)}
                axes.axvline(pair, label=said, gid=f"mark-{k}", **style)
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.set_xlim(-0.5, max(len(thetas) - 0.5, 1))
        axes.set_xlabel("pair $i$")
        axes.set_ylabel(f"turns within {in_tokens(context)}")
        if drawn:
            figure.legend(loc="outside lower center")

    marks = turn_marks(result, trained)
    drawn = [mark for mark in marks if mark[0] is not None]
    return Drawing(2.5 + 0.17 * len(drawn), draw)


# --- staircases -----------------------------------------------------------------------------------


def bases_figure(stairs: Sequence[Staircase], points: Sequence[Landmark] = ()) -> Drawing:
    """Staircases over the context, both axes logarithmic, with known models as points."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        start, end = first_drawn(stairs[0].end), stairs[0].end
        for k, one in enumerate(stairs):
            xs, ys = _corners(one, start)
            axes.plot(xs, ys, label=f"{one.kind} base", gid=f"curve-{k}", **line_of(k))
        minimum = next((one for one in stairs if one.kind == "minimum"), None)
        _draw_points(axes, points, minimum)
        axes.set_xscale("log")
        axes.set_yscale("log")
        ticks = round_distances(start, end, log=True, most=MOST_TICKS)
        axes.set_xticks(ticks, [tokens(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_xlim(start, end * (1.15 if points else 1))
        if points:
            low, high = axes.get_ylim()
            axes.set_ylim(low, high * 4)  # room for the names of the highest
        axes.set_xlabel("context [tokens]")
        axes.set_ylabel(f"base, head_dim {stairs[0].rotary_dim}")
        columns = 2 if points else len(stairs)
        figure.legend(loc="outside lower center", ncols=columns)
        figure.draw_without_rendering()
        if points:
            _label_points(axes, points, minimum)

    return Drawing(4.2 if points else 2.7, draw)


def _corners(one: Staircase, start: int) -> tuple[list[float], list[float]]:
    """The line of a staircase from a context on: level, then up."""
    xs, ys, left = [], [], float(start)
    for step in one.steps:
        if step.context >= start:
            xs += [left, float(step.context)]
            ys += [step.base, step.base]
            left = float(step.context)
    return xs, ys


def _draw_points(axes: Axes, points: Sequence[Landmark], minimum: Staircase | None) -> None:
    """Full where the base breaks the bound, by whether a smaller one meets it; else hollow."""
    below = [point for point in points if minimum is not None and point.is_below(minimum)]
    broken = [point for point in points if not point.holds and point not in below]
    kinds = [
        ("model below the minimum base", COLOURS[1], below),
        ("model above it, breaks the bound", COLOURS[2], broken),
        (
            "model that meets the bound",
            "white",
            [one for one in points if one.holds and one not in below],
        ),
    ]
    for k, (label, colour, some) in enumerate(kinds):
        if some:
            axes.plot(
                [point.context for point in some],
                [point.base for point in some],
                linestyle="none",
                marker=marker_of(0) if colour == COLOURS[1] else "o",
                markersize=4,
                markerfacecolor=colour,
                markeredgecolor="black",
                markeredgewidth=0.6,
                label=label,
                zorder=4,
                gid=f"models-{k}",
            )


def _label_points(axes: Axes, points: Sequence[Landmark], minimum: Staircase | None) -> None:
    """A name beside each point that has room for it, those below the minimum base first.

    Names keep clear of the lines, of other points and of each other; where there is no room right
    beside the point, a hair line leads to the name, clear of other names, points and hair lines.
    """
    from matplotlib.path import Path
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = axes.figure.dpi / 72  # pixels a point
    lines = [line for line in axes.get_lines() if line.get_linestyle() != "None"]
    stairs = [line.get_transform().transform_path(line.get_path()) for line in lines]
    spots = axes.transData.transform([(point.context, point.base) for point in points])
    taken = [Bbox.from_bounds(x - 3 * scale, y - 3 * scale, 6 * scale, 6 * scale) for x, y in spots]
    hairs: list[Path] = []
    spot_of = dict(zip(map(id, points), spots, strict=True))
    for point in sorted(points, key=lambda one: minimum is None or not one.is_below(minimum)):
        x, y = spot_of[id(point)]
        for place in (*NEAR, *FAR):
            label = _label(axes, point, place)
            label.update_positions(renderer)
            box = Text.get_window_extent(label, renderer)  # without the hair line
            near = (box.x0 if place[0] > 0 else box.x1, box.y0 if place[1] > 0 else box.y1)
            hair = Path([(x, y), near])
            others = [other for other in taken if not other.contains(x, y)]
            inside = axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1 and axes.bbox.y0 < box.y0
            if (
                inside
                and not any(box.overlaps(other) or hair.intersects_bbox(other) for other in others)
                and not any(line.intersects_bbox(box, filled=False) for line in (*stairs, *hairs))
                and not any(hair.intersects_path(other) for other in hairs)
            ):
                taken.append(box)
                hairs += [hair] if place in FAR else []
                break
            label.remove()


def _label(axes: Axes, point: Landmark, place: tuple[float, float]) -> Annotation:
    x, y = place
    hair = {"arrowstyle": "-", "linewidth": 0.35, "color": GREY, "shrinkA": 0, "shrinkB": 2}
    corner = (float(x < 0), float(y < 0))  # of the name, where its hair line ends
    label = axes.annotate(
        words(point.name),
        (point.context, point.base),
        xytext=place,
        textcoords="offset points",
        ha="center" if not x else "left" if x > 0 else "right",
        va="bottom" if y > 0 else "top",
        fontsize=5.5,
        arrowprops={**hair, "relpos": corner} if place in FAR else None,
        gid="model-name",
    )
    label.set_in_layout(False)
    return label


# --- windows --------------------------------------------------------------------------------------


def windows_figure(result: Windows) -> Drawing:
    """Where on a logarithmic axis of bases the bound holds; ``result`` has a window."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axis = axis_of(result, 60)
        low, high = math.exp(axis.low), math.exp(axis.high)
        for k, (start, end) in enumerate(_stretches(result, axis)):
            label = "every base meets the bound" if not k else None
            colour = COLOURS[0]
            axes.axvspan(start, end, color=colour, linewidth=0.25, label=label, gid=f"window-{k}")
        for k, (name, base) in enumerate(_ends(result)):
            axes.plot(
                base,
                1.12,
                transform=axes.get_xaxis_transform(),
                clip_on=False,
                linestyle="none",
                marker="v",
                markersize=6,
                markerfacecolor=("white", "black")[k],
                markeredgecolor="black",
                markeredgewidth=0.7,
                label=name,
                gid=f"end-{k}",
            )
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        ticks = [float(label) for _, label in best_ticks(axis)]
        axes.set_xticks(ticks, [power_of_ten(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"base, {_asked(result)}")
        figure.legend(loc="outside lower center", ncols=1)

    return Drawing(1.4 + 0.17 * len(_ends(result)), draw)


def _asked(result: Windows) -> str:
    head = f"head_dim {result.head_dim}"
    if result.rotary_dim != result.head_dim:
        head += f", rotary_dim {result.rotary_dim}"
    margin = f", margin {exact(result.margin)}" if result.margin else ""
    return f"{head}, {in_tokens(result.context)}{margin}"


def _ends(result: Windows) -> list[tuple[str, float]]:
    if result.safe_base is not None and result.safe_base == result.minimum_base:
        return [(f"minimum and safe base {round_up(result.safe_base, 6)}", result.safe_base)]
    found = (("minimum base", result.minimum_base), ("safe base", result.safe_base))
    return [(f"{name} {round_up(base, 6)}", base) for name, base in found if base is not None]


def _stretches(result: Windows, axis: Axis) -> Iterator[tuple[float, float]]:
    """The windows within the axis, those that no figure could tell apart as one."""
    near = math.exp((axis.high - axis.low) / RESOLUTION)
    begun: tuple[float, float] | None = None
    for window in result.windows:
        end = min(window.end or math.inf, math.exp(axis.high))
        if begun is None or window.start > begun[1] * near:
            if begun is not None:
                yield begun
            begun = window.start, end
        begun = begun[0], end
    if begun is not None:
        yield begun
