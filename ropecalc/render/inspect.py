"""What a model's rotary embedding does, for people: the answer, each kind of layer, findings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ropecalc.models.lengths import original_of
from ropecalc.render.digits import count, exact, nearest, round_up, similarity, tokens
from ropecalc.render.findings import describe_findings, tally
from ropecalc.render.glyphs import printable
from ropecalc.render.known import known_rows
from ropecalc.render.scalings import method
from ropecalc.render.tables import headline, pairs, prose, then, tied
from ropecalc.render.verdicts import after_rows, soft_rows, violating
from ropecalc.render.words import bound, command, head, room
from ropecalc.results.configs import EVERY_LAYER, FORMS

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Check, Inspection, LayerInspection, ModelConfig, Rope

NAMED = re.compile(r"[\w./][\w./-]*")  # what a shell takes as it is
Rows = list[tuple[str, str]]


def describe_inspection(result: Inspection, screen: Screen) -> str:
    """Whether the bound holds, what each kind of layer does, what was assumed, and findings."""
    several = len(result.layers) > 1
    parts = [_headline(result, screen), pairs(_model_rows(result), screen)]
    for layer in result.layers:
        parts += [_title(layer, screen)] if several else []
        rows = list(_layer_rows(layer, result.model, screen))
        parts.append(pairs(rows, screen))
    parts += [_meaning(result, screen), _assumptions(result.model, screen)]
    if result.findings:
        parts.append(headline(f"Findings: {tally(result.findings)}", screen))
        parts.append(describe_findings(result.findings, screen))
    return "\n\n".join(part for part in parts if part)


# --- the answer ---------------------------------------------------------------------------------


def _headline(result: Inspection, screen: Screen) -> str:
    name, layers = printable(result.model.source), _at_full_length(result.layers)
    unknown = [layer for layer in layers if layer.check is None]
    if unknown:
        text = f"{name}: no context is known, so {_kinds(unknown)} were not checked"
        return headline(text, screen)
    checks = [layer.check for layer in layers if layer.check is not None]
    asked = tokens(result.context or max(check.context for check in checks))
    firsts = [check.first_violation for check in checks if check.first_violation is not None]
    if all(check.is_free for check in checks):
        return headline(f"- {name} meets the bound at every base, for {asked}", screen)
    if not firsts:
        text = f"{screen.glyphs.yes} {name} meets the bound for {asked}"
        return headline(text, screen, "bold green")
    text = f"{screen.glyphs.no} {name} breaks the bound for {asked}, first at a distance of "
    broken = [layer for layer in layers if layer.check is not None and not layer.check.holds]
    where = "" if len(broken) == len(layers) else f", in {_kinds(broken)}"
    return headline(f"{text}{count(min(firsts))}{where}", screen, "bold red")


def _at_full_length(layers: Sequence[LayerInspection]) -> list[LayerInspection]:
    """Of each kind of layer the one at the greatest length: what was asked about."""
    return list({layer.rope.layer_type: layer for layer in layers}.values())


def _kinds(layers: Sequence[LayerInspection]) -> str:
    kinds = [printable(layer.rope.layer_type) for layer in layers]
    return f"its {' and '.join(kinds)} layers" if kinds != [EVERY_LAYER] else "its layers"


def _model_rows(result: Inspection) -> Rows:
    model = result.model
    rows = [("read as", FORMS.get(model.form, model.form))]
    if model.model_type:
        rows.append(("model type", printable(model.model_type)))
    if model.context is not None:
        rows.append(("context", f"{tokens(model.context)} configured"))
    rows += _lengths(model)
    if result.context not in (None, model.context):
        rows.append(("evaluated at", tokens(result.context or 0)))
    if model.unrotated_layers:
        n = model.unrotated_layers
        rows.append(("no rotation", f"in {count(n)} {'layer' if n == 1 else 'layers'}"))
    return rows


def _lengths(model: ModelConfig) -> Rows:
    """Where its scaling starts, and what public sources say beside the file."""
    rope, start = model.rope, original_of(model, model.rope)
    if rope.rope_type == "default" or start is None or not start.sourced:
        return known_rows(model)
    text, ends = tokens(start.context), round(start.context * (rope.factor or 1.0))
    if rope.rope_type == "linear" and model.context not in (start.context, ends):
        return known_rows(model)  # the scaling starts from neither
    if rope.rope_type == "linear" and model.context != ends:
        text += f", {exact(rope.factor or 1.0)} times which is {tokens(ends)}"
    return [("original context", text), *known_rows(model)]


# --- a kind of layer ----------------------------------------------------------------------------


def _title(layer: LayerInspection, screen: Screen) -> str:
    check = layer.check
    if check is None:
        return headline(f"{_kind(layer.rope)}: not checked", screen)
    sign = screen.glyphs.yes if check.holds else screen.glyphs.no
    style = "green" if check.holds else "red"
    verb = "meets" if check.holds else "breaks"
    # a window may be all that is examined
    where = "at" if check.context == layer.length else "within its window of"
    text = f"{sign} {_kind(layer.rope)} {verb} the bound {where} {tokens(check.context)}"
    return headline(text, screen, style)


def _kind(rope: Rope) -> str:
    kind = "every layer" if rope.layer_type == EVERY_LAYER else printable(rope.layer_type)
    return kind if rope.layers is None else f"{kind} ({count(rope.layers)})"


def _layer_rows(
    layer: LayerInspection, model: ModelConfig, screen: Screen
) -> Iterator[tuple[str, str]]:
    spectrum, rope = layer.spectrum, layer.rope
    yield "method", method(rope, layer.length)
    if spectrum.attention_factor != 1:
        yield "attention factor", f"{spectrum.attention_factor:.6g}, multiplies cos and sin"
    if spectrum.softmax_factor != 1:
        yield "softmax factor", f"{spectrum.softmax_factor:.6g}, multiplies the softmax's scale"
    yield "base", exact(rope.base)
    yield "head", head(rope.head_dim, rope.rotary_dim, spectrum.count_unrotated)
    yield "wavelengths", _wavelengths(layer, screen)
    if layer.unfinished_pairs is not None and layer.turned_context is not None:
        yield "slow pairs", _unfinished(layer, model, layer.turned_context)
    if rope.window is not None:
        yield "window", f"{tokens(rope.window)}: no layer of this kind looks back further"
    if layer.check is None:
        yield "the bound", "not checked: the file gives no context; pass --ctx"
    else:
        yield from _bound_rows(layer, layer.check, screen)


def _wavelengths(layer: LayerInspection, screen: Screen) -> str:
    short, long = (
        screen.glyphs.infinity if math.isinf(wave) else nearest(wave, 4)
        for wave in (layer.shortest_wavelength, layer.longest_wavelength)
    )
    return f"{short} to {long} tokens"


def _unfinished(layer: LayerInspection, model: ModelConfig, length: int) -> str:
    unfinished = layer.unfinished_pairs or 0
    never = "never finishes" if unfinished == 1 else "never finish"
    share = f"{count(unfinished)} of {count(layer.spectrum.n_pairs)}"
    what = "trained" if length == model.trained_context else "configured"
    return f"{share} {never} a turn within the {what} {tokens(length)}"


def _bound_rows(layer: LayerInspection, check: Check, screen: Screen) -> Iterator[tuple[str, str]]:
    first = check.first_violation
    yield "first violation", f"none in {tokens(check.context)}" if first is None else tokens(first)
    yield "violating distances", violating(check.violations, check.context)
    yield (
        "worst distance",
        f"{tokens(check.worst_distance)}, "
        + tied(f"S({count(check.worst_distance)}) = {similarity(check.worst_similarity)}"),
    )
    yield from soft_rows(check.soft, screen)
    yield from after_rows(check)
    if check.room_below is not None and check.room_above is not None:
        yield "base can move by", room(check)
    if layer.precision is not None:
        from ropecalc.render.precision import arithmetic, in_short

        yield f"in {arithmetic(layer.precision)}", in_short(layer.precision)
    if layer.minimum_factor is not None and not check.is_free:
        yield "minimum factor", _minimum_factor(layer.minimum_factor, layer.rope, check)
    least, safe = layer.minimum_base, layer.safe_base
    if least is None:
        return
    if least <= 1:
        yield "minimum base", "any: every base meets the bound with such a head"
        return
    removed = "" if layer.rope.rope_type == "default" else " without scaling,"
    yield "minimum base", f"{round_up(least)}{removed} for {tokens(check.context)}"
    yield "safe base", "not computed" if safe is None else round_up(safe, 4)


def _minimum_factor(least: float, rope: Rope, check: Check) -> str:
    if least == 1:
        return "1: the bound holds without scaling"
    own = f"its own, {exact(rope.factor or 1.0)}, {'does, too' if check.holds else 'does not'}"
    return f"{round_up(least)} meets the bound; {own}"


# --- what it means ------------------------------------------------------------------------------


def _meaning(result: Inspection, screen: Screen) -> str:
    text = (
        f"The bound requires {tied(bound(0.0, screen.glyphs))} at every distance that occurs. "
        "It is one criterion, and no measure of quality: models that are known to work break it."
    )
    if any(_is_met_by_any_base(layer) for layer in result.layers):
        text += (
            " A head of which half or more is not rotated meets it with any base; "
            "--ignore-unrotated checks the rotated part alone."
        )
    checks = [
        layer.check for layer in result.layers if layer.check is not None and not layer.minimum_base
    ]
    if not checks:
        return _with_plan(text, result, screen)
    line = command("min-base", checks[-1], None, checks[-1].context)
    return then(f"{text} The minimum base was not looked for:", line, screen)


def _with_plan(text: str, result: Inspection, screen: Screen) -> str:
    """``text``, and how to plan for twice the context where the model can be named again."""
    source = result.model.source
    if result.context is None or not NAMED.fullmatch(source):
        return prose(text, screen)
    if result.model.context is None:
        line = f"ropecalc min-base {source} --ctx {result.context}"
        return then(f"{text} A base for {tokens(result.context)}:", line, screen)
    longer = max(result.context, result.model.context + 1)
    asked = longer == result.context
    line = f"ropecalc plan {source} --to {result.context if asked else 2 * result.context}"
    return then(f"{text} For {'that' if asked else 'a longer'} context:", line, screen)


def _is_met_by_any_base(layer: LayerInspection) -> bool:
    counted = layer.spectrum.count_unrotated
    return counted and 2 * layer.rope.rotary_dim <= layer.rope.head_dim


def _assumptions(model: ModelConfig, screen: Screen) -> str:
    rows = [("assumed", printable(text)) for text in model.assumptions]
    return pairs(rows, screen) if rows else ""
