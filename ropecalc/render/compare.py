"""A config in several stacks, for people: the stacks side by side, then the differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ropecalc.quantities import listed
from ropecalc.render.digits import count, exact, nearest, tokens
from ropecalc.render.glyphs import printable
from ropecalc.render.models import scaling_in_short as scaling
from ropecalc.render.tables import Column, headline, pairs, prose, table
from ropecalc.results.configs import EVERY_LAYER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.render.console import Screen
    from ropecalc.render.figures import Drawing
    from ropecalc.results import (
        Comparison,
        Envelope,
        FrequencyGroup,
        LayerComparison,
        MaxContext,
        StackRun,
    )

REFUSED = "refused"
NAMES = {"vllm": "vLLM", "sglang": "SGLang"}


def describe_comparison(result: Comparison, screen: Screen) -> str:
    """Whether all agree, a table a kind of layer, what differs, and the rules behind it."""
    parts = [_headline(result, screen)]
    for layer in result.layers:
        if len(result.layers) > 1:
            parts.append(_title(layer, screen))
        parts.append(table(_columns(layer, of_models=result.of_models), screen))
        parts += [prose(text, screen) for text in _differences(layer)]
    parts += _rules(result, screen)
    rows = [("assumed", printable(text)) for text in result.model.assumptions]
    parts += [pairs(rows, screen)] if rows else []
    parts.append(prose(_meaning(result), screen))
    return "\n\n".join(parts)


def describe_comparison_curves(
    result: Comparison, screen: Screen, height: int | None = None
) -> str:
    """The curve of each distinct set of frequencies, one plot a kind of layer."""
    from ropecalc.render.curves import describe_curves, screen_edges

    plots = [
        describe_curves(
            _envelopes(layer, screen_edges(0, reach, screen)),
            [_first(group, reach) for group in layer.groups],
            screen,
            height=height,
            contexts=_contexts(result, reach),
        )
        for layer, reach in drawable(result)
    ]
    return "\n\n".join(plots)


def comparison_figure(result: Comparison) -> Drawing:
    """The same as a figure, of what is drawable."""
    from ropecalc.render.figures import words
    from ropecalc.render.figures_curves import Panel, curves_figure, figure_edges

    layers = drawable(result)
    panels = [
        Panel(
            _envelopes(layer, figure_edges(0, reach, curves=len(layer.groups))),
            [_first(group, reach) for group in layer.groups],
            contexts=_contexts(result, reach),
            title=words(layer.layer_type) if len(layers) > 1 else "",
        )
        for layer, reach in layers
    ]
    return curves_figure(panels)


def drawable(result: Comparison) -> list[tuple[LayerComparison, int]]:
    """The kinds of layers that have curves, and how far these are drawn."""
    return [(layer, layer.reach) for layer in result.layers if layer.reach and layer.groups]


def _envelopes(layer: LayerComparison, edges: NDArray[np.int64]) -> list[Envelope]:
    from ropecalc.similarity import envelope

    return [
        envelope(replace(group.spectrum, label=_label(layer, group)), edges)
        for group in layer.groups
    ]


def _contexts(result: Comparison, reach: int) -> list[tuple[int, str]]:
    trained = result.model.trained_context
    inside = trained is not None and trained < reach
    return [(trained, f"trained context {count(trained)}")] if inside and trained else []


def _first(group: FrequencyGroup, reach: int) -> MaxContext:
    """The first violation of a group as a plot marks it."""
    from ropecalc.results import MaxContext, Status

    spectrum = group.spectrum
    return MaxContext(
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        count_unrotated=spectrum.count_unrotated,
        base=None if spectrum.base is None else float(spectrum.base),
        margin=0.0,
        limit=reach,
        status=Status.BEYOND_LIMIT if group.first_violation is None else Status.VIOLATED,
        first_violation=group.first_violation,
        similarity=None,
        label=spectrum.label,
        method="",
        rope_type=spectrum.rope_type,
        weighted=spectrum.weights is not None,
    )


def _label(layer: LayerComparison, group: FrequencyGroup) -> str:
    stacks = ", ".join(map(_name, group.stacks))
    return stacks if len(layer.groups) > 1 else "all stacks"


def _headline(result: Comparison, screen: Screen) -> str:
    name = printable(result.model.source)
    if result.of_models:
        return _headline_of_models(result, screen)
    if result.agree:
        text = f"{screen.glyphs.yes} {name} is the same in {_listed(result.stacks)}"
        return headline(text, screen, "bold green")
    apart = [layer for layer in result.layers if not layer.agree]
    where = "" if len(apart) == len(result.layers) else f", in its {_kinds(apart)} layers"
    verb = f"is not the same in {_listed(result.stacks)}{where}"
    return headline(f"{screen.glyphs.no} {name} {verb}", screen, "bold red")


def _headline_of_models(result: Comparison, screen: Screen) -> str:
    names = printable(listed(result.stacks))
    if result.agree:
        text = f"{screen.glyphs.yes} {names} are the same"
        return headline(text, screen, "bold green")
    first = next(layer.first_difference for layer in result.layers if layer.first_difference)
    text = f"{screen.glyphs.no} {names} differ, first in {first}"
    return headline(text, screen, "bold red")


def _kinds(layers: list[LayerComparison]) -> str:
    return " and ".join(printable(layer.layer_type) for layer in layers)


def _listed(stacks: tuple[str, ...]) -> str:
    return listed([_name(stack) for stack in stacks])


def _name(stack: str) -> str:
    return NAMES.get(stack, stack)


def _title(layer: LayerComparison, screen: Screen) -> str:
    sign = screen.glyphs.yes if layer.agree else screen.glyphs.no
    kind = "every layer" if layer.layer_type == EVERY_LAYER else printable(layer.layer_type)
    said = "the same in all" if layer.agree else "not the same in all"
    return headline(f"{sign} {kind}: {said}", screen, "green" if layer.agree else "red")


def _columns(layer: LayerComparison, *, of_models: bool) -> list[Column]:
    runs = layer.runs
    first = [
        Column("stack", [_name(run.stack) for run in runs], left=True),
        Column("version", [run.version for run in runs], spare=2, left=True),
    ]
    if of_models:
        ropes = [run.rope for run in runs]
        windows = ["" if r is None or r.window is None else count(r.window) for r in ropes]
        first = [
            Column("model", [printable(run.stack) for run in runs], left=True),
            Column("base", ["" if r is None else exact(r.base) for r in ropes]),
            Column("scaling", ["" if r is None else scaling(r) for r in ropes], left=True),
            *([Column("attention window", windows)] if any(windows) else []),
        ]
    return [
        *first,
        Column("frequencies", [_group(layer, run) for run in runs]),
        Column(
            "attention factor",
            [_factor(run, "attention_factor") for run in runs],
            spare=3 * of_models,
        ),
        Column(
            "softmax factor",
            [_factor(run, "softmax_factor") for run in runs],
            spare=4 * of_models,
        ),
        Column(
            "context [tokens]" if of_models else "usable length [tokens]",
            ["" if run.usable_length is None else count(run.usable_length) for run in runs],
            spare=1,
        ),
        Column("first violation [tokens]", [_violation(layer, run) for run in runs]),
    ]


def _group(layer: LayerComparison, run: StackRun) -> str:
    group = layer.group_of(run.stack)
    return REFUSED if group is None else group.name


def _factor(run: StackRun, name: str) -> str:
    if run.spectrum is None:
        return ""
    value: float = getattr(run.spectrum, name)
    return "1" if value == 1 else f"{value:.6g}"


def _violation(layer: LayerComparison, run: StackRun) -> str:
    group = layer.group_of(run.stack)
    if group is None:
        return ""
    if layer.reach is None:
        return "unknown"
    return "none" if group.first_violation is None else count(group.first_violation)


def _differences(layer: LayerComparison) -> Iterator[str]:
    """A sentence a group of frequencies beside the first."""
    for group in layer.groups[1:]:
        if group.spectrum.n_pairs != layer.groups[0].spectrum.n_pairs:
            continue
        first, last = group.differing_pairs[0], group.differing_pairs[-1]
        n, whole = len(group.differing_pairs), group.spectrum.n_pairs
        where = f"pair {first}" if n == 1 else f"{n} of {whole} pairs, from {first} to {last}"
        most = f"by {_size(group.largest_difference)}"
        at = most if n == 1 else f"at most {most} (pair {group.largest_pair})"
        yield f"Frequencies {group.name} differ from {layer.groups[0].name} in {where}, {at}."


def _size(difference: float) -> str:
    if difference >= 1:
        return f"a factor of {nearest(difference + 1, 3)}"
    return f"{nearest(100 * difference, 3)}%"


def _rules(result: Comparison, screen: Screen) -> Iterator[str]:
    """The rules of each stack, once, whichever kinds of layers they hold for."""
    rows: dict[tuple[str, str], None] = {}
    for layer in result.layers:
        for run in layer.runs:
            refusals = [] if run.refusal is None else [run.refusal]
            for rule in [*refusals, *run.rules]:
                lead = "refuses the config: " if rule in refusals else ""
                row = f"{_name(run.stack)} {run.version}", f"{lead}{rule.text} ({rule.source})"
                rows[row] = None
    if rows:
        yield pairs(sorted(rows, key=lambda row: _order(result, row[0])), screen)


def _order(result: Comparison, name: str) -> int:
    names = [_name(stack) for stack in result.stacks]
    return names.index(name.split(" ", maxsplit=1)[0])


def _meaning(result: Comparison) -> str:
    if result.of_models:
        return f"The same letter: the same frequencies. {_reaches(result)}"
    return (
        "The same letter: the same frequencies. The attention factor multiplies cos and sin, the "
        "softmax factor the scale of the softmax. The usable length is a default, and does not "
        f"count as a difference. {_reaches(result)}"
    )


def _reaches(result: Comparison) -> str:
    reaches = {layer.layer_type: layer.reach for layer in result.layers}
    known = {reach for reach in reaches.values() if reach is not None}
    if not known:
        return "The bound was not checked: no context is known; pass --ctx."
    groups = (group for layer in result.layers for group in layer.groups)
    whose = " of weighted pairs" if any(g.spectrum.weights is not None for g in groups) else ""
    if len(known) == 1:
        return f"The bound{whose} was checked below {tokens(*known)}."
    each = [f"{tokens(n)} in {printable(kind)}" for kind, n in reaches.items() if n is not None]
    return f"The bound{whose} was checked below {' and '.join(each)}."
