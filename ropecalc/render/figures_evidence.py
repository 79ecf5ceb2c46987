"""The figure of the evidence: lengths over first violations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ropecalc.render.axes import round_distances, tokens
from ropecalc.render.evidence import FROM, TO, counterexamples, drawn_settings
from ropecalc.render.figures import COLOURS, GREY, Drawing, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ropecalc.results import Evidence, PublishedSetting

APART = 0.16  # octaves between two names, which is their height
HAIR = {"arrowstyle": "-", "linewidth": 0.35, "color": GREY, "shrinkA": 0, "shrinkB": 2}
END = 131_072  # tokens: the longest context that was measured


def evidence_figure(result: Evidence) -> Drawing:
    """Length at 85 % of the score over the first violation, both axes logarithmic.

    Hollow triangles had not lost 15 % within what was measured; counter-examples have names.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([FROM, TO], [FROM, TO], color="black", linewidth=0.7, label="equal", gid="equal")
        for factor, label in ((0.5, "a factor of 2"), (2.0, None)):
            ends = [FROM * factor, TO * factor]
            axes.plot([FROM, TO], ends, ":", color=GREY, linewidth=0.7, label=label)
        axes.axhline(END, color=GREY, linewidth=0.5)
        settings = drawn_settings(result)
        _draw(axes, "lost 15%", "o", COLOURS[0], [one for one in settings if one.length_at_85])
        kept = [one for one in settings if not one.length_at_85]
        _draw(axes, "not lost within the measured length", "^", "white", kept)
        _name(axes, counterexamples(result))
        axes.set_xscale("log")
        axes.set_yscale("log")
        for ticks, place, end in (
            (round_distances(FROM, TO, log=True, most=10), axes.set_xticks, TO),
            (round_distances(FROM, END, log=True, most=6), axes.set_yticks, END),
        ):
            place(ticks, [tokens(tick) for tick in ticks if tick <= end])
        axes.minorticks_off()
        axes.set_xlim(FROM, TO)
        axes.set_ylim(FROM, END * 1.3)
        axes.set_xlabel("first violation [tokens]")
        axes.set_ylabel("length at 85% of the RULER score [tokens]")
        figure.legend(loc="outside lower center", ncols=2)

    return Drawing(4.4, draw)


def _length(one: PublishedSetting) -> int:
    return one.length_at_85 or one.longest or END


def _draw(
    axes: Axes, label: str, marker: str, colour: str, settings: list[PublishedSetting]
) -> None:
    axes.plot(
        [one.first_violation or TO for one in settings],
        [_length(one) for one in settings],
        linestyle="none",
        marker=marker,
        markersize=4,
        markerfacecolor=colour,
        markeredgecolor="black",
        markeredgewidth=0.5,
        label=label,
        gid=f"settings-{marker}",
    )


def _name(axes: Axes, settings: list[PublishedSetting]) -> None:
    """A name beside each counter-example, left of those above the line, the others' inside."""
    above = [one for one in settings if _length(one) > (one.first_violation or TO)]
    for side in (above, [one for one in settings if one not in above]):
        lowest = 0.0
        for one in sorted(side, key=_length):
            x, y = one.first_violation or TO, math.log2(_length(one))
            lowest = max(y, lowest + APART)
            left = side is above or x > TO / 2
            axes.annotate(
                words(one.model),
                (x, _length(one)),
                xytext=(x * (0.9 if left else 1.1), 2.0**lowest),
                ha="right" if left else "left",
                va="center",
                fontsize=5.5,
                arrowprops={**HAIR, "relpos": (float(left), 0.5)},
                gid="setting-name",
            )
