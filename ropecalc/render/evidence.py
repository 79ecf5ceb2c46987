"""Evidence for people: how well first violations tell lengths, and the settings themselves."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ropecalc.render.axes import column_cuts, vertical_above
from ropecalc.render.curves import AROUND, rows_for
from ropecalc.render.digits import exact, tokens
from ropecalc.render.plot import Mark, Point, new_canvas, plot_columns
from ropecalc.render.tables import Column, headline, pairs, prose, table, then
from ropecalc.render.words import lost_between

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Evidence, Expectation, PublishedSetting, Sample

SIGNS = string.ascii_lowercase
OTHER, KEPT = "*", "^"
FROM, TO = 4096, 2**21
LENGTHS = "RULER's average falls below 85% of the setting's own at 4,096 tokens"


def describe_evidence(result: Evidence, screen: Screen) -> str:
    """The statistics of the headline first, then the other samples, then the settings."""
    first, *others = result.samples
    return "\n\n".join(
        [
            headline(_title(first), screen),
            table(_predictors(first), screen),
            prose(_how(first), screen),
            pairs(list(_rows(result, others)), screen),
            table(_two_by_two(first), screen),
            table(_settings([one for one in result.settings if one.comparable]), screen),
            prose(_legend(result), screen),
            then("What it means:", "ropecalc explain evidence", screen),
        ]
    )


def _title(sample: Sample) -> str:
    found = sample.predictors[0]
    return (
        f"The first violation tells, within a factor of 2, at which length 15% of the RULER score "
        f"is lost: for {_percent(found.within_factor_2)} of {sample.settings} published settings"
    )


def _how(sample: Sample) -> str:
    return (
        f"How well a length that is known before tells where {LENGTHS}: no constant is fitted but "
        f"the last. {sample.settings} settings of {sample.families} families, {sample.name}; "
        f"{sample.lost} of them lost 15% within {tokens(sample.limit)}, at which lengths are cut."
    )


def _predictors(sample: Sample) -> list[Column]:
    found = sample.predictors
    return [
        Column("predictor", [one.name for one in found], left=True),
        Column("rms [octaves]", [f"{one.rms_octaves:.2f}" for one in found]),
        Column("within a factor of 2", [_percent(one.within_factor_2) for one in found]),
    ]


def _rows(result: Evidence, others: Sequence[Sample]) -> Iterator[tuple[str, str]]:
    first = result.samples[0]
    for ratios in first.ratios:
        name = "length / violation" if ratios.group == "all" else f"  {ratios.group}"
        quarter = f"half from {ratios.lower_quartile:.2f} to {ratios.upper_quartile:.2f}"
        yield name.strip(), f"median {ratios.median:.2f}, {quarter}, {ratios.settings} settings"
    yield (
        "rank correlation",
        "; ".join(
            f"{one.name} {one.correlation:.2f} ({one.low:.2f} to {one.high:.2f})"
            for one in first.ranks
        )
        + ": the intervals overlap, so by rank none is better",
    )
    for other in others:
        beside = "; ".join(
            f"{one.name} {one.rms_octaves:.2f}, {_percent(one.within_factor_2)}"
            for one in other.predictors
            if "unrotated" not in one.name
        )
        yield other.name, f"{beside}; {other.settings} settings"
    yield "held, and lost early", ", ".join(result.held_and_lost)
    yield "broken, and kept", ", ".join(result.broke_and_kept)


def _two_by_two(sample: Sample) -> list[Column]:
    found = sample.tables
    return [
        Column("settings at", [tokens(one.context) for one in found]),
        Column("holds, kept", [str(one.holds_kept) for one in found]),
        Column("holds, lost", [str(one.holds_lost) for one in found]),
        Column("breaks, kept", [str(one.breaks_kept) for one in found]),
        Column("breaks, lost", [str(one.breaks_lost) for one in found]),
        Column("Fisher's p", [f"{one.p_value:.1g}" for one in found], spare=1),
    ]


def _settings(settings: Sequence[PublishedSetting]) -> list[Column]:
    """A row a setting; base, method and the other lengths go first where room is short."""
    return [
        Column("setting", [_name(one) for one in settings], left=True),
        Column("base", [exact(one.base) for one in settings], spare=2),
        Column("method", [_method(one) for one in settings], left=True, spare=4),
        Column("first violation", [_violation(one.first_violation) for one in settings]),
        Column("length at 85%", [_lost(one, one.length_at_85) for one in settings]),
        Column("70%", [_lost(one, one.length_at_70) for one in settings], spare=5),
        Column("50%", [_lost(one, one.length_at_50) for one in settings], spare=6),
        Column("ratio", ["" if one.ratio is None else f"{one.ratio:.2f}" for one in settings]),
    ]


def _name(one: PublishedSetting) -> str:
    return one.model if one.sourced else f"{one.model} *"


def _method(one: PublishedSetting) -> str:
    factor = "" if one.factor is None else f" {one.factor:g}"
    return f"{one.rope_type.replace('_', '-')}{factor}"


def _violation(value: int | None) -> str:
    return f"> {TO:,}" if value is None else f"{value:,}"


def _lost(one: PublishedSetting, length: int | None) -> str:
    if length is None:
        return "no scores" if one.longest is None else f"> {one.longest:,}"
    return f"{length:,}"


def _legend(result: Evidence) -> str:
    marked = sum(one.comparable and not one.sourced for one in result.settings)
    others = sum(not one.comparable for one in result.settings)
    return (
        f"Lengths in tokens. * {marked} settings whose base or scaling is recalled or assumed: not "
        f"in the first table. {others} more settings have no scores by length: --json has "
        f"them, and every source. {' '.join(result.caveats)}"
    )


# --- a setting ------------------------------------------------------------------------------------


def describe_expectations(results: Sequence[Expectation], screen: Screen) -> str:
    """What became of settings with such a first violation: each in full."""
    parts = [part for one in results for part in _expectation(one, screen)]
    warning = (
        "This is what was seen, in settings that differ in training, data and size too: no promise "
        "for another model, and no substitute for a test. The table and its sources:"
    )
    return "\n\n".join([*parts, then(warning, "ropecalc evidence", screen)])


def _expectation(one: Expectation, screen: Screen) -> Iterator[str]:
    yield headline(f"{_subject(one)}: {lost_between(one, _which(one))}", screen)
    yield pairs(list(_facts(one)), screen)
    if one.own:
        yield table(_own(one), screen)
        if not all(it.sourced for it in one.own):
            yield prose("* base or scaling is recalled or assumed.", screen)
    near = one.nearest
    yield table(
        [
            Column("nearest, one a family", [f"{_name(it)}" for it in near], left=True),
            Column("first violation", [_violation(it.first_violation) for it in near]),
            Column("length at 85%", [_lost(it, it.length_at_85) for it in near]),
            Column("parameters", [f"{it.parameters:g}B" for it in near], spare=1),
        ],
        screen,
    )


def _own(one: Expectation) -> list[Column]:
    """The published settings of the model itself, with what they were measured with."""
    return [
        Column("its own, base or tuned", [_name(it) for it in one.own], left=True),
        Column("measured with", [_measured_with(it, one) for it in one.own], left=True),
        Column("first violation", [_violation(it.first_violation) for it in one.own]),
        Column("length at 85%", [_lost(it, it.length_at_85) for it in one.own]),
    ]


def _measured_with(it: PublishedSetting, one: Expectation) -> str:
    """The base and the method of a setting; "this setting" where it is the one in question."""
    numbers = (it.base, it.rope_type, it.head_dim, it.rotary_dim, it.first_violation)
    these = (one.base, one.rope_type, one.head_dim, one.rotary_dim, one.first_violation)
    if it.comparable and numbers == these:
        return "this setting"
    return f"{exact(it.base)}, {'no scaling' if it.rope_type == 'default' else _method(it)}"


def _subject(one: Expectation) -> str:
    if one.label:
        return one.label
    return "this head" if one.base is None else f"base {exact(one.base)}"


def _which(one: Expectation) -> str:
    """Which settings the range is of: those within a factor of 2, or the nearest where few are."""
    return "with such a first violation" if _near(one) else "with the nearest first violations"


def _near(one: Expectation) -> bool:
    ends, violation = (
        (one.least_violation, one.greatest_violation),
        one.first_violation or one.limit,
    )
    return all(end and violation / 2 <= end <= 2 * violation for end in ends)


def _facts(one: Expectation) -> Iterator[tuple[str, str]]:
    whose = "of the rotated part alone, " if one.rotary_dim < one.head_dim else ""
    found = one.first_violation
    seen = f"none below {tokens(one.limit)}" if found is None else tokens(found)
    yield "first violation", f"{whose}{seen}"
    if one.is_free:
        yield "the bound", "every base meets it: what follows is about the rotated part alone"
    if one.window is not None:
        text = f"{tokens(one.window)}: no greater distance occurs in this layer, and the range is "
        yield "attention window", f"{text}of settings that look at all distances"
    families = "1 family" if one.families == 1 else f"{one.families} families"
    text = f"{one.settings} settings of {families}, with first violations from "
    text += f"{one.least_violation:,} to {tokens(one.greatest_violation or 0)}"
    yield "seen in", f"{text}; {one.lost} lost 15%"
    if not _near(one):
        text = "fewer than 5 settings have a first violation within a factor of 2 of this one: the "
        yield "outside the data", f"{text}range is that of the nearest, and says little about it"
    if one.context is not None:
        known = f"{one.kept} of {one.kept_of} had kept 85%"
        unknown = "not measured: scores are relative to 4,096 tokens, and go to 131,072"
        yield f"at {tokens(one.context)}", unknown if one.kept is None else known


def _percent(part: float) -> str:
    return f"{100 * part:.0f}%"


# --- lengths over first violations ----------------------------------------------------------------


def counterexamples(result: Evidence) -> list[PublishedSetting]:
    """The settings that the picture names."""
    names = {*result.held_and_lost, *result.broke_and_kept}
    return [one for one in result.settings if one.model in names]


def drawn_settings(result: Evidence) -> list[PublishedSetting]:
    """The settings that can be drawn: scores by length, and a first violation."""
    return [one for one in result.settings if one.comparable and one.first_violation]


def describe_lengths(
    result: Evidence, asked: Sequence[Expectation], screen: Screen, *, height: int | None = None
) -> str:
    """Length at 85 % over first violation, both logarithmic; the line is where they are equal."""
    import numpy as np

    canvas = new_canvas(screen.width, height or rows_for(screen, AROUND), 1, screen.glyphs)
    cuts = column_cuts(FROM, TO, canvas.columns * canvas.across, log=True)
    equal = np.log10(np.minimum(cuts[:-1], 2**17).astype(float))
    axis = vertical_above(math.log10(FROM), math.log10(2**17), canvas.rows, canvas.down)
    named = counterexamples(result)
    points = [_point(one, named) for one in drawn_settings(result)]
    plot = plot_columns(
        canvas,
        [(equal, equal)],
        cuts,
        axis,
        screen.glyphs,
        marks=[Mark(one.first_violation, _asked(one)) for one in asked],
        points=points,
        colour=screen.colour,
        rule=False,
    )
    title = "Length at which 85% of the RULER score is left, over the first violation, in tokens"
    key = "; ".join(f"{_sign(k)} {one.model}" for k, one in enumerate(named))
    note = (
        f"Line: length = first violation, up to 131,072, where the tests end. {KEPT} was not lost "
        f"within what was measured; {OTHER} the others. Counter-examples: {key}."
    )
    return "\n\n".join([headline(title, screen), plot, prose(note, screen)])


def _asked(one: Expectation) -> str:
    return f"{_subject(one)}: first violation {_violation(one.first_violation)}"


def _point(one: PublishedSetting, named: Sequence[PublishedSetting]) -> Point:
    length = one.length_at_85 or one.longest or FROM
    sign = KEPT if one.length_at_85 is None else OTHER
    style = "bold green"
    if one in named:
        sign, style = _sign(named.index(one)), "bold red"
    return Point(one.first_violation or TO, math.log10(length), sign, style)


def _sign(index: int) -> str:
    return SIGNS[index % len(SIGNS)]
