"""Minimum bases for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ropecalc.render.console import Screen
from ropecalc.render.digits import (
    count,
    exact,
    nearest,
    power_of_ten,
    round_up,
    tokens,
    window_ends,
)
from ropecalc.render.glyphs import printable
from ropecalc.render.tables import INDENT, Column, headline, pairs, prose, table, then, tied
from ropecalc.render.words import bound_below, command, head_columns, setting
from ropecalc.results import Estimate, MinimumBase, SafeStatus, Status, WindowStatus

ROOMY = "with 1% of room on both sides"
UNSEARCHED = "--recommended searches for it"
WITHOUT = {Status.EVERY_BASE: "any base", Status.NO_BASE: "none"}
SAFELESS = {
    SafeStatus.NOT_COMPUTED: "not computed",
    SafeStatus.UNKNOWN: "none known up to 1e300",
    SafeStatus.UNDECIDED: "undecided",
}


def describe_min_base(
    results: Sequence[MinimumBase], screen: Screen, *, everything: bool = False
) -> str:
    """One result as names and values, several as a table; then what the numbers mean.

    The base to use comes first. ``everything``: the integer and the estimates too.
    """
    single = len(results) == 1
    parts = _one(results[0], screen, everything=everything) if single else _several(results, screen)
    return "\n\n".join(part for part in parts if part)


def _one(result: MinimumBase, screen: Screen, *, everything: bool) -> list[str]:
    whose = f"{printable(result.label)}, " if result.label else ""
    asked = f"{whose}{tokens(result.context)}, {setting([result])}"
    if result.status is Status.EVERY_BASE:
        text = f"Every base meets the bound for {asked}"
        return [headline(text, screen), _rotated_part(result, screen), _why_any(result, screen)]
    if result.status is not Status.FOUND:
        return [headline(f"No base is enough for {asked}", screen), _why_none(result, screen)]
    return [
        headline(_answer(result, asked), screen),
        pairs(_values(result, screen, everything=everything), screen),
        _digits(result),
        _meaning(result, screen),
    ]


def _answer(result: MinimumBase, asked: str) -> str:
    """The base to use; the minimum where no other is known."""
    if result.recommended_base is None:
        return f"Minimum base {_minimum(result)} for {asked}"
    return f"Use base {_round(result.recommended_base)} for {asked}"


def _rotated_part(result: MinimumBase, screen: Screen) -> str:
    """The base with which the rotated part meets the bound by itself."""
    if result.unsearched:
        return pairs([("rotated part alone", UNSEARCHED)], screen)
    if result.rotated_part_base is None:
        return ""
    text = f"use base {_round(result.rotated_part_base)}, {ROOMY}"
    first = result.rotated_part_round_base
    if first not in (None, result.rotated_part_base):
        text += f"; {_round(first)} is the first of two digits, with less room"
    return pairs([("rotated part alone", text)], screen)


def _values(result: MinimumBase, screen: Screen, *, everything: bool) -> list[tuple[str, str]]:
    rows = []
    if result.recommended_base is not None:
        rows.append(("recommended base", f"{_round(result.recommended_base)}, {ROOMY}"))
    elif result.unsearched:
        rows.append(("recommended base", UNSEARCHED))
    rows.append(("minimum base", _minimum(result)))
    if result.critical_distance is not None:
        rows.append(("critical distance", tokens(result.critical_distance)))
    if result.window_status is not WindowStatus.NOT_SOUGHT:
        rows.append(("first window", _window(result)))
    if result.min_window is not None:
        rows.append((f"first window of {result.min_window:g}", _wide(result)))
    rows.append(("safe base", _safe(result)))
    if result.round_base is not None:
        rows.append((f"first {result.round_digits}-digit base", _round(result.round_base)))
    if everything and result.integer_base is not None:
        rows.append(("first integer base", count(result.integer_base)))
    if everything and result.continuum_estimate is not None:
        rows.append(
            (
                "rough estimate",
                f"{_rough(result.continuum_estimate)} (context / 0.6165, for a large head)",
            )
        )
    if everything and result.refined_estimate is not None:
        rows.append(("refined estimate", _refined(result.refined_estimate, screen)))
    return [*rows, ("found by", _found_by(result))]


def _wide(result: MinimumBase) -> str:
    """The first window as wide as was asked for."""
    if result.wide_status is WindowStatus.UNDECIDED:
        return "undecided"
    if result.wide_start is None:
        return "none up to 1e300"
    if result.wide_end is None:
        return f"{round_up(result.wide_start)} and every larger base"
    start, end = window_ends(result.wide_start, result.wide_end)
    wide = tied(f"{100 * (result.wide_end / result.wide_start - 1):.2g}% wide")
    return f"{start} to {end} ({wide})"


def _found_by(result: MinimumBase) -> str:
    if result.source == "table":
        return result.method
    steps = tied(f"{count(result.steps)} {'step' if result.steps == 1 else 'steps'}")
    return f"{result.method}, {steps}"


def _safe(result: MinimumBase) -> str:
    """The base above which every base works; never an estimate where it is not known."""
    if result.safe_base is None:
        return SAFELESS[result.safe_status]
    text = f"{round_up(result.safe_base, 4)} and every larger base"
    if result.safe_distance is None:
        return text
    return f"{text} {tied(f'(broken just below at {tokens(result.safe_distance)})')}"


def _meaning(result: MinimumBase, screen: Screen) -> str:
    """What the answer means, in plain words, and the command to run next."""
    lead = "Bases from 1 on keep" if result.minimum_base == 1 else "No smaller base keeps"
    text = f"{lead} {_asked(result, screen)}"
    end = _ends(result)[1]
    text += {
        WindowStatus.ENDS: f". Just above {end} the bound breaks again",
        WindowStatus.AT_LEAST: f". Every base up to {end} keeps it; beyond, some may fail",
        WindowStatus.ENDLESS: ". Every larger base keeps it",
        WindowStatus.NOT_SOUGHT: "",
        WindowStatus.UNDECIDED: ". Where the first window ends is undecided",
    }[result.window_status]
    text += ". Ends are rounded into their window" if end else ""
    if result.label:
        text += ". Another base needs fine-tuning; 'ropecalc plan' compares it with scalings"
    return _with_check(text, result, screen)


def _why_any(result: MinimumBase, screen: Screen) -> str:
    text = f"{_asked(result, screen)} whatever the base"
    if result.rotated_part_base is None:
        return prose(f"{text}.", screen)
    text += (
        ": the unrotated part of the head outweighs the rotated part. The bound requires no other "
        "base than the model's"
    )
    line = f"{command('min-base', result, None, result.context)} --ignore-unrotated"
    other = (
        "The base above ignores the unrotated part; for a longer context 'ropecalc plan' chooses "
        "by angles unseen in training instead"
    )
    return then(f"{text}. {other}. The rotated part alone:", line, screen)


def _why_none(result: MinimumBase, screen: Screen) -> str:
    cure = "Try a shorter --ctx, a smaller --margin or more rotated pairs."
    return prose(f"No base up to 1e300 keeps {_asked(result, screen)}. {cure}", screen)


def _asked(result: MinimumBase, screen: Screen) -> str:
    return bound_below(result.context, result.margin, screen.glyphs)


def _with_check(text: str, result: MinimumBase | None, screen: Screen) -> str:
    """``text``, and how to check the round base of ``result`` where it has one."""
    parts = (result.recommended_base, result.round_base, result.integer_base) if result else ()
    picked = next(filter(None, parts), None)
    if result is None or picked is None or result.weighted:
        return prose(f"{text}.", screen)
    check = command("check", result, float(picked), result.context)
    return then(f"{text}. To check a base:", check, screen)


def _digits(result: MinimumBase) -> str:
    """The digits that were asked for, on a line that is never wrapped: they are for copying."""
    if result.minimum_base_digits is None:
        return ""
    digits = len(result.minimum_base_digits.as_tuple().digits)
    return f"To {digits} digits, rounded up:\n{INDENT}{result.minimum_base_digits:f}"


def _several(results: Sequence[MinimumBase], screen: Screen) -> list[str]:
    common = setting(results)
    text = (
        "A minimum base is the smallest one that meets the bound at every distance in its context, "
        "here rounded up into its window. "
        "Larger bases may fail again beyond the end of the first window. A recommended base has "
        "two digits and 1% of room on both sides"
    )
    example = next(
        (r for r in results if r.status is Status.FOUND and (r.round_base or r.integer_base)), None
    )
    return [
        headline(f"Minimum bases{', ' if common else ''}{common}", screen),
        table(_columns(results), screen),
        *[_named_digits(r) for r in results if r.minimum_base_digits is not None],
        _with_check(text, example, screen),
    ]


def _named_digits(result: MinimumBase) -> str:
    return f"head_dim {result.head_dim}, {tokens(result.context)}. {_digits(result)}"


def _columns(results: Sequence[MinimumBase]) -> list[Column]:
    found = [r if r.status is Status.FOUND else _nothing(r) for r in results]
    digits = max((r.round_digits for r in results if r.round_digits), default=0)
    criticals = ["" if (m := r.critical_distance) is None else count(m) for r in found]
    rounds = ["" if (b := r.round_base) is None else exact(b) for r in found]
    integers = ["" if (b := r.integer_base) is None else count(b) for r in found]
    best = ["" if (b := r.recommended_base) is None else exact(b) for r in found]
    alone = ["" if (b := r.rotated_part_base) is None else round_up(b, 2) for r in results]
    safes = [_safe_cell(r) for r in results]
    names = [printable(r.label) for r in results]
    columns = [
        Column("model", names, left=True),
        # a model's name says its head too
        *(column._replace(spare=3 * any(names)) for column in head_columns(results)),
        Column("context [tokens]", [count(r.context) for r in results]),
        Column("recommended base", best),
        Column("minimum base", [_minimum(r) for r in results]),
        Column("rotated part alone", alone),
        Column("critical distance [tokens]", criticals, spare=2),
        Column("first window ends", [_ends(r)[1] or "" for r in results], spare=3),
        Column(
            "safe base",
            safes if any(r.safe_base and r.status is Status.FOUND for r in results) else (),
            spare=3,
        ),
        Column(f"first {digits}-digit base", rounds, spare=1),
        Column("first integer base", integers, spare=4),
    ]
    return [column for column in columns if any(column.cells)]


def _nothing(result: MinimumBase) -> MinimumBase:
    """A result without a minimum, less the bases that say nothing where any base works."""
    return replace(
        result,
        recommended_base=None,
        critical_distance=None,
        round_base=None,
        integer_base=None,
    )


def _safe_cell(result: MinimumBase) -> str:
    """The safe base, or why there is none; nothing where every base works."""
    if result.status is Status.EVERY_BASE:
        return ""
    found = result.safe_base
    return SAFELESS[result.safe_status] if found is None else round_up(found, 4)


def _minimum(result: MinimumBase) -> str:
    return _ends(result)[0]


def _ends(result: MinimumBase) -> tuple[str, str | None]:
    if result.minimum_base is None or result.status in WITHOUT:
        return WITHOUT[result.status], None
    if result.window_status is WindowStatus.ENDLESS:
        return round_up(result.minimum_base), None
    return window_ends(result.minimum_base, result.window_end)


def _window(result: MinimumBase) -> str:
    start, end = _ends(result)
    if result.window_status is WindowStatus.ENDLESS:
        return f"{start} and every larger base"
    if result.window_status is WindowStatus.UNDECIDED:
        return f"{start} to an undecided end"
    width = (result.window_end or math.nan) / (result.minimum_base or math.nan) - 1
    wide = tied(f"{100 * width:.2g}% wide" if width < 1 else f"a factor of {1 + width:.4g}")
    least = "at least " if result.window_status is WindowStatus.AT_LEAST else ""
    return f"{start} to {least}{end} ({wide})"


def _round(base: float) -> str:
    plain, short = exact(base), power_of_ten(base)
    return plain if plain == short else f"{plain} ({short})"


def _rough(estimate: float) -> str:
    """An estimate to four digits: more would claim too much."""
    return nearest(estimate, 4)


def _refined(estimate: Estimate, screen: Screen) -> str:
    spread = f"{_rough(estimate.low)} to {_rough(estimate.high)}"
    return f"{screen.glyphs.about} {_rough(estimate.value)} (an estimate, no bound: {spread})"
