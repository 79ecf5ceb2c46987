"""The figure of scaling factors: the first violation over the factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.render.axes import round_distances, tokens
from ropecalc.render.factors import farthest, known_factors, method, round_factors
from ropecalc.render.figures import Drawing, line_of, marker_of, words
from ropecalc.render.figures_curves import MOST_TICKS, context_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ropecalc.render.factors import Violations
    from ropecalc.results import MinimumFactor

POINTS = 400  # factors that are evaluated, of a curve
AXES, ENTRY = 2.45, 0.17  # inches: the axes with their labels, a line of the legend


def factors_figure(
    results: Sequence[MinimumFactor], plots: Sequence[tuple[Violations, float | None]]
) -> Drawing:
    """A curve a result, on logarithmic axes; of a single one the known factors are marked.

    ``plots`` has for each what gives first violations, and the factor that the maker publishes.
    Where a curve reaches its context the bound holds.
    """
    marks = [known_factors(one, maker) for one, (_, maker) in zip(results, plots, strict=True)]
    entries = len(results) + (len(marks[0]) if len(results) == 1 else 1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for k, (one, (violations, _)) in enumerate(zip(results, plots, strict=True)):
            _draw(axes, one, violations, farthest(marks[k]), k)
        if len(results) == 1:
            for k, (factor, text) in enumerate(marks[0]):
                axes.axvline(factor, label=words(text), gid=f"factor-{k}", **context_line(k))
        else:
            axes.plot([], [], linestyle="none", label="marker: minimum factor")
        _scale(axes, max(map(farthest, marks)))
        figure.legend(loc="outside lower center", ncols=1)

    return Drawing(AXES + ENTRY * entries, draw)


def _draw(axes: Axes, one: MinimumFactor, violations: Violations, last: float, k: int) -> None:
    import numpy as np

    factors = np.geomspace(1, last, POINTS)
    found = violations(factors.tolist())
    firsts = [one.context if first is None else first for first in found]
    label = f"{method(one)}, {one.context:,} tokens"
    axes.plot(factors, firsts, label=label, gid=f"curve-{k}", drawstyle="steps-mid", **line_of(k))
    if one.minimum_factor is not None:
        axes.plot(
            one.minimum_factor,
            one.context,
            marker=marker_of(k),
            markersize=5,
            markeredgecolor="black",
            markeredgewidth=0.6,
            color=line_of(k)["color"],
            clip_on=False,
            zorder=5,
            gid=f"minimum-{k}",
        )


def _scale(axes: Axes, last: float) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(1, last)
    low, high = axes.get_ylim()
    ticks = round_distances(max(int(low), 1), int(high), log=True, most=MOST_TICKS)
    axes.set_yticks(ticks, [tokens(tick) for tick in ticks])
    factors = next(found for found in round_factors(last) if len(found) <= MOST_TICKS)
    axes.set_xticks(factors, [f"{factor:g}" for factor in factors])
    axes.minorticks_off()
    axes.set_xlabel("scaling factor")
    axes.set_ylabel("first violation [tokens]")
