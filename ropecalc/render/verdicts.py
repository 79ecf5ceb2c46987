"""Checks and longest contexts for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ropecalc.render.console import Screen
from ropecalc.render.digits import count, exact, power_of_ten, round_up, similarity, tokens
from ropecalc.render.tables import Column, headline, pairs, prose, table, then, tied
from ropecalc.render.words import (
    bound_below,
    command,
    head_columns,
    outlook,
    room,
    sentence,
    setting,
    spectrum_name,
)
from ropecalc.results import Check, MaxContext, SoftContext, Status

VERBS = {
    Status.HOLDS: "meets the bound for",
    Status.BROKEN: "breaks the bound for",
    Status.FREE: "meets the bound at every base, for",
}
MAX_SEARCH = 2**30  # the greatest context of a search for a base, as similarity has it
FARTHEST = 2**34  # the greatest limit there is, similarity.MAX_POSITIONS


def describe_check(results: Sequence[Check], screen: Screen) -> str:
    """Yes or no, and by how much."""
    parts = _one_check(results[0], screen) if len(results) == 1 else _checks(results, screen)
    return "\n\n".join(parts)


def _one_check(result: Check, screen: Screen) -> list[str]:
    asked = f"{tokens(result.context)}, {setting([result])}"
    text = f"{_sign(result, screen)} {_subject(result)} {VERBS[result.status]} {asked}"
    return [
        headline(text, screen, _style(result)),
        pairs(_check_values(result, screen), screen),
        _check_meaning(result, screen),
    ]


def _subject(result: Check | MaxContext) -> str:
    """What a sentence begins with; a name keeps the case that it has."""
    name = spectrum_name(result.base, result.label)
    return name if result.label else sentence(name)


def _sign(result: Check, screen: Screen) -> str:
    if result.is_free:
        return "-"
    return screen.glyphs.yes if result.holds else screen.glyphs.no


def _style(result: Check) -> str:
    if result.is_free:
        return "bold"
    return "bold green" if result.holds else "bold red"


def in_a_word(result: Check) -> str:
    """The verdict for a cell of a table."""
    return {Status.HOLDS: "yes", Status.BROKEN: "no"}.get(result.status, "any base")


def _check_values(result: Check, screen: Screen) -> list[tuple[str, str]]:
    rows = _rope_row(result)
    if result.first_violation is not None:
        rows.append(("first violation", tokens(result.first_violation)))
    rows += [
        ("violating distances", violating(result.violations, result.context)),
        ("worst distance", tokens(result.worst_distance)),
        ("similarity there", _worst(result)),
        *soft_rows(result.soft, screen),
    ]
    if result.minimum_factor is not None:
        rows.append(("minimum factor", f"{round_up(result.minimum_factor)} meets the bound"))
    rows += after_rows(result)
    if result.recommended_base is not None:
        rows.append(("next base with room", two_digits(result.recommended_base)))
    if result.next_base is not None and (result.min_window or not result.recommended_base):
        rows.append((_nearest(result), round_up(result.next_base)))
    elif result.undecided is not None:
        rows.append((_nearest(result), "undecided"))
    elif result.unsearched:
        what = "nearest base above" if result.rope_type == "default" else "minimum factor"
        rows.append((what, "--next searches for it"))
    if result.room_below is not None and result.room_above is not None:
        rows.append(("base can move by", room(result)))
    return [*rows, ("found by", result.method)]


def violating(violations: int, context: int) -> str:
    """How many distances break the bound, and the share that they are.

    >>> violating(4, 32_768), violating(0, 64)
    ('4 of 32,768 (0.012%)', '0 of 64')
    """
    share = f" ({100 * violations / context:.2g}%)" if violations else ""
    return f"{count(violations)} of {count(context)}{share}"


def soft_rows(some: Sequence[SoftContext], screen: Screen) -> list[tuple[str, str]]:
    """The longest contexts with a few violating distances; of two beyond the end, the first."""
    ended = [k for k, one in enumerate(some) if one.open]
    return [
        (f"{100 * one.share:g}% violate up to", f"{_softly(one, screen)} tokens")
        for one in some[: ended[0] + 1 if ended else None]
    ]


def after_rows(result: Check) -> list[tuple[str, str]]:
    """What the rotated part alone does, and what became of published settings like this one."""
    rows = [("rotated part alone", alone(result))] if result.rotated_part else []
    seen = result.outlook
    return rows + ([("published scores", outlook(seen, result.context))] if seen else [])


def alone(result: Check | MaxContext) -> str:
    """Where the rotated part alone breaks the bound, how often, and the base with which it would
    not.
    """
    if isinstance(result, MaxContext):
        violation = result.rotated_part_violation
        reached = f"meets the bound for {tokens(result.limit)}"
        return reached if violation is None else f"breaks the bound first at {tokens(violation)}"
    part = result.rotated_part
    if part is None or part.first_violation is None:
        return f"meets the bound for {tokens(result.context)}"
    text = f"breaks the bound first at {tokens(part.first_violation)}, at "
    text += f"{violating(part.violations, result.context)} in all, the worst "
    text += f"{similarity(part.slack)} of its S(0)"
    text += "".join(
        f"; {100 * one.share:g}% up to {tokens(one.context)}" for one in part.soft if not one.open
    )
    return text if part.base is None else f"{text}; base {two_digits(part.base)} would meet it"


def two_digits(base: float) -> str:
    """A round base, plainly and as config files write it.

    >>> two_digits(48000.0)
    '48,000 (4.8e4)'
    """
    return f"{exact(base)} ({power_of_ten(base)})"


def _nearest(result: Check) -> str:
    """What the nearest base above is asked for."""
    if result.min_window is None:
        return "nearest base above"
    return f"nearest in a window of {result.min_window:g}"


def _rope_row(result: Check | MaxContext) -> list[tuple[str, str]]:
    """What a model's name means: its base, and the method that scales it."""
    if not result.label or result.base is None:
        return []
    base = f"base {exact(result.base)}"
    plain = result.rope_type == "default"
    return [("rope", base if plain else f"{result.rope_type} of {base}")]


def _worst(result: Check) -> str:
    """The smallest similarity; its error bound too where that is not far below it."""
    value = tied(f"S({count(result.worst_distance)}) = {similarity(result.worst_similarity)}")
    if result.error_bound >= 1e-5 * abs(result.worst_similarity):
        value += f", off by at most {result.error_bound:.1e}"
    return f"{value}, {tied(f'{similarity(_least(result))} of S(0)')}"


def _least(result: Check) -> float:
    """The least S(m) / S(0)."""
    return result.slack + result.margin


def _check_meaning(result: Check, screen: Screen) -> str:
    asked = bound_below(result.context, result.margin, screen.glyphs)
    if result.is_free:
        text = f"{asked} whatever the base: the unrotated part of the head outweighs the rotated"
        line = f"{command('check', result, result.base, result.context)} --ignore-unrotated"
        return _next(f"{text}.", "For the rotated part alone:", line, result, screen)
    if result.holds:
        further = command("max-ctx", result, result.base)
        return _next(f"{asked}.", "How much further it holds:", further, result, screen)
    text = f"The bound requires {asked}"
    if result.first_violation is not None:
        text += f"; {tied(f'm = {count(result.first_violation)}')} is the first to break it"
    instead = command("min-base", result, None, result.context)
    instead += "" if result.min_window is None else f" --min-window {result.min_window:g}"
    if result.base is None or result.weighted or result.context > MAX_SEARCH:
        return prose(f"{text}.", screen)
    kind = "base" if result.rope_type == "default" else "base without scaling"
    return then(f"{text}. A {kind} that meets it:", instead, screen)


def _next(text: str, lead: str, line: str, result: Check | MaxContext, screen: Screen) -> str:
    """``text``, and where the spectrum is that of a plain base the command to run next."""
    if result.base is None or result.rope_type != "default" or result.weighted:
        return prose(text, screen)
    return then(f"{text} {lead}", line, screen)


def _checks(results: Sequence[Check], screen: Screen) -> list[str]:
    broken, common = sum(not r.holds for r in results), setting(results)
    verb = "breaks" if broken == 1 else "break"
    lead = f"{broken} of {len(results)} {verb}" if broken else f"All {len(results)} meet"
    asked = f"{lead} the bound{', ' if common else ''}{common}"
    text = "The bound breaks where the least S(m)/S(0) is below the margin, 0 unless given."
    if any(r.is_free for r in results):
        text += " Any base: every base meets the bound."
    return [
        headline(asked, screen),
        table(_check_columns(results, screen), screen),
        prose(text, screen),
    ]


def _check_columns(results: Sequence[Check], screen: Screen) -> list[Column]:
    firsts = ["" if (m := r.first_violation) is None else count(m) for r in results]
    nexts = ["" if (b := r.recommended_base) is None else exact(b) for r in results]
    named = any(r.label for r in results)  # whose heads are known from elsewhere
    columns = [
        _name_column(results),
        *(column._replace(spare=2 * named) for column in head_columns(results)),
        Column("context [tokens]", [count(r.context) for r in results]),
        Column("holds", [in_a_word(r) for r in results], left=True),
        Column("first violation [tokens]", firsts),
        Column("violating distances", [count(r.violations) for r in results], spare=3),
        Column("worst distance [tokens]", [count(r.worst_distance) for r in results], spare=4),
        Column("least S(m)/S(0)", [similarity(_least(r)) for r in results], spare=5),
        *soft_columns([r.soft for r in results], screen, spare=6),
        Column("next base with room", nexts, spare=1),
    ]
    return [column for column in columns if any(column.cells)]


def _name_column(results: Sequence[Check] | Sequence[MaxContext]) -> Column:
    if all(r.base is not None and not r.label for r in results):
        return Column("base", [exact(r.base) for r in results if r.base is not None])
    return Column("setting", [spectrum_name(r.base, r.label) for r in results], left=True)


def describe_max_context(results: Sequence[MaxContext], screen: Screen) -> str:
    """The longest context of each base."""
    parts = _one_limit(results[0], screen) if len(results) == 1 else _limits(results, screen)
    return "\n\n".join(parts)


def _one_limit(result: MaxContext, screen: Screen) -> list[str]:
    name = _subject(result)
    if result.is_free:
        return _any_limit(result, screen)
    if result.first_violation is None:
        carried = f"at least {tokens(result.limit)}"
    else:
        carried = tokens(result.first_violation)
    rows = [*_rope_row(result), ("max context", carried)]
    if result.first_violation is not None and result.similarity is not None:
        value = f"S({count(result.first_violation)}) = {similarity(result.similarity)}"
        rows.append(("first violation", tied(value)))
    rows += soft_rows(result.soft, screen)
    return [
        headline(f"{name} supports {carried}, {setting([result])}", screen),
        pairs([*rows, ("found by", result.method)], screen),
        _limit_meaning(result, screen),
    ]


def _any_limit(result: MaxContext, screen: Screen) -> list[str]:
    """Where every base meets the bound, the reading of the rotated part alone."""
    text = (
        f"{_subject(result)} supports any context: every base meets the bound, {setting([result])}"
    )
    rows = [*_rope_row(result), ("rotated part alone", alone(result))]
    rows += [*soft_rows(result.soft, screen), ("found by", result.method)]
    why = "The unrotated part of the head outweighs the rotated part."
    return [headline(text, screen), pairs(rows, screen), prose(why, screen)]


def _softly(one: SoftContext, screen: Screen) -> str:
    return f"{screen.glyphs.at_least} {count(one.context)}" if one.open else count(one.context)


def _limit_meaning(result: MaxContext, screen: Screen) -> str:
    reached = result.limit if result.first_violation is None else result.first_violation
    asked = bound_below(reached, result.margin, screen.glyphs)
    if result.first_violation is None:
        text, limit = f"{asked}, where the search ended.", 2 * result.limit
        if limit > FARTHEST:
            return prose(text, screen)
        further = f"{command('max-ctx', result, result.base)} --limit {limit}"
        return _next(text, "To look further:", further, result, screen)
    curve = command("curve", replace(result, margin=0.0), result.base)
    return _next(f"{asked}, and not at that one.", "To see the curve:", curve, result, screen)


def _limits(results: Sequence[MaxContext], screen: Screen) -> list[str]:
    common = setting(results)
    values = ["" if (s := r.similarity) is None else similarity(s) for r in results]
    parts = ["" if (m := r.rotated_part_violation) is None else count(m) for r in results]
    columns = [
        _name_column(results),
        *head_columns(results),
        Column("max context [tokens]", [_longest(r, screen) for r in results]),
        Column("S at the first violation", values, spare=1),
        *soft_columns([r.soft for r in results], screen),
        Column("rotated part alone [tokens]", parts, spare=2),
    ]
    text = "The max context is the first distance that breaks the bound; shorter contexts meet it."
    return [
        headline(f"Longest contexts{', ' if common else ''}{common}", screen),
        table([column for column in columns if any(column.cells)], screen),
        prose(text, screen),
    ]


def soft_columns(
    some: Sequence[Sequence[SoftContext]], screen: Screen, spare: int = 0
) -> list[Column]:
    """A column a share, blank where nothing was counted."""
    shares = next((contexts for contexts in some if contexts), ())
    return [
        Column(
            f"{100 * one.share:g}% violate up to",
            [_softly(contexts[k], screen) if contexts else "" for contexts in some],
            spare=spare and spare + len(shares) - k,
        )
        for k, one in enumerate(shares)
    ]


def _longest(result: MaxContext, screen: Screen) -> str:
    if result.is_free:
        return "any"
    if result.first_violation is None:
        return f"{screen.glyphs.at_least} {count(result.limit)}"
    return count(result.first_violation)
