"""The figure of the evidence: lengths over first violations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.render.axes import round_distances, tokens
from ropecalc.render.evidence import FROM, TO, counterexamples, drawn_settings
from ropecalc.render.figures import COLOURS, GREY, Drawing, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ropecalc.results import Evidence, PublishedSetting

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
        _draw(axes, "not within what was measured", "^", "white", kept)
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
    """A name at each counter-example, those of one first violation below each other."""
    for k, one in enumerate(sorted(settings, key=_length)):
        axes.annotate(
            words(one.model),
            (one.first_violation or TO, _length(one)),
            xytext=(5, (-3, 2)[k % 2]),
            textcoords="offset points",
            fontsize=5.5,
            va="center",
            gid="setting-name",
        )
