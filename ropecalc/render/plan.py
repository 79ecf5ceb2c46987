"""A plan for people: the ways side by side, the two that are recommended, and what to know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ropecalc.models.commands import factor_command, source_word
from ropecalc.render.digits import count, exact, nearest, option, round_up, similarity, tokens
from ropecalc.render.glyphs import printable
from ropecalc.render.known import known_rows
from ropecalc.render.scalings import method as scaling_in_words
from ropecalc.render.tables import Column, headline, pairs, prose, shown, table, then
from ropecalc.render.verdicts import alone, soft_columns, violating
from ropecalc.render.words import head, outlook, sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.render.console import Screen
    from ropecalc.render.figures import Drawing
    from ropecalc.results import Candidate, Check, Envelope, MaxContext, Plan

ORIGINAL = "original"
AS_IT_IS = (ORIGINAL, "round-base", "roomy-base")
ROUNDED_UP = ("minimum-base", "safe-base")
CAVEAT = (
    "The bound is one criterion, unseen angles are another. Neither measures quality: models known "
    "to work break both. Test retrieval over the whole length."
)
MORE = "--all adds reasons and sources."
UNSCALED = "scaling removed"
UNSEEN_NONE = "no pair reaches an angle unseen in training"


def describe_plan(plan: Plan, screen: Screen, *, everything: bool = False) -> str:
    """What to use and why, a row a candidate, and the command that writes it for stacks.

    ``everything``: all reasons, the meaning of every column and the maker's sources too.
    """
    parts = [
        headline(_answer(plan), screen),
        pairs(_beside(plan), screen),
        table(_columns(plan, screen), screen, [1]),
        prose(_legend(plan, None if everything else shown(_columns(plan, screen), screen)), screen),
        pairs(_reasons(plan), screen) if everything else "",
        pairs(_sources(plan, everything=everything), screen),
        pairs([("note", printable(text)) for text in plan.notes], screen),
        prose(CAVEAT if everything else f"{CAVEAT} {MORE}", screen),
        _emits(plan, screen),
    ]
    return "\n\n".join(part for part in parts if part)


def describe_plan_curves(
    plan: Plan, drawn: Sequence[Candidate], screen: Screen, height: int | None = None
) -> str:
    """The curves of some candidates in one plot, up to the target."""
    from ropecalc.render.curves import describe_curves, screen_edges

    return describe_curves(
        _envelopes(drawn, screen_edges(0, plan.context, screen)),
        [_first(one) for one in drawn],
        screen,
        height=height,
        contexts=_contexts(plan),
    )


def plan_figure(plan: Plan, drawn: Sequence[Candidate]) -> Drawing:
    """The same as a figure."""
    from ropecalc.render.figures_curves import Panel, curves_figure, figure_edges

    edges = figure_edges(0, plan.context, curves=len(drawn))
    firsts = [_first(one) for one in drawn]
    return curves_figure([Panel(_envelopes(drawn, edges), firsts, contexts=_contexts(plan))])


def _envelopes(drawn: Sequence[Candidate], edges: NDArray[np.int64]) -> list[Envelope]:
    from ropecalc.similarity import envelope

    return [envelope(one.spectrum, edges) for one in drawn]


def _contexts(plan: Plan) -> list[tuple[int, str]]:
    """The original and the trained context; the target is where the curves end."""
    lengths = {plan.original_context: "original", plan.trained_context: "trained"}
    return [
        (length, f"{name} context {count(length)}")
        for length, name in lengths.items()
        if length is not None and length < plan.context
    ]


def _ways(plan: Plan) -> list[tuple[str, Candidate]]:
    """The two recommendations, that for use as it is first; one where they are the same."""
    names = {"": plan.without_training, "with fine-tuning": plan.with_training}
    found = [(name, plan.candidate(method) or plan.original) for name, method in names.items()]
    return found[:1] if plan.with_training == plan.without_training else found


def _answer(plan: Plan) -> str:
    """What to use, and why, in one sentence."""
    name = f"Base {exact(plan.base)}" if plan.model is None else printable(plan.model.source)
    lengths = f"from {count(plan.original_context)} to {tokens(plan.context)}"
    longer = f"(a factor of {nearest(plan.factor, 4)})"
    return f"{name} {lengths} {longer}: {_advised(plan, _ways(plan)[0][1])}"


def _advised(plan: Plan, one: Candidate) -> str:
    """A recommendation with its reason in a few words; ``_reasons`` has them in full."""
    if one.method == ORIGINAL:
        return f"keep {_setting(one)}, because {_because(plan, one)}"
    plain = one.rope.rope_type == "default"
    what = f"{_setting(one)} ({one.method})" if plain else f"{one.method} with {_setting(one)}"
    return f"use {what}, because {_because(plan, one)}"


def _because(plan: Plan, one: Candidate) -> str:
    check, recipe, method = one.check, plan.recipe, one.rope.rope_type
    if one.method == ORIGINAL:
        reached = None if plan.model is None else plan.model.context
        if method != "default" and (reached or 0) >= plan.context:
            return f"that scaling is meant for {tokens(reached or 0)}"
        return "it meets the bound there"
    if method != "default" and method == plan.original.rope.rope_type:
        return f"the model's weights know {method} scaling{_grown(plan, one)}"
    if recipe is not None and method == recipe.rope_type:
        same = recipe.factor == one.rope.factor
        upto = f"with factor {recipe.factor:g}, up to {tokens(recipe.context)}"
        return f"its maker publishes {'it' if same else f'{method} {upto}'}"
    if check.holds and not check.is_free and method == "default":
        return f"it meets the bound{' with 1% of room' if one.method == 'roomy-base' else ''}"
    rule = "it comes first by the rules of this plan"
    return rule if one.unseen_pairs else f"{UNSEEN_NONE}{_told_apart(plan, one)}"


def _grown(plan: Plan, one: Candidate) -> str:
    """Why a model's own scaling has the factor that it has for a longer context."""
    own, now = plan.original.rope.factor, one.rope.factor
    context = None if plan.model is None else plan.model.context
    if own is None or context is None or now is None or own == now:
        return ""
    return (
        f"; its own factor {nearest(own, 6)} is for {tokens(context)}, and {nearest(now, 6)} is in "
        "proportion"
    )


def _told_apart(plan: Plan, one: Candidate) -> str:
    """What sets a way apart from another that meets the bound, where it does not itself."""
    other = _other_way(plan, one)
    if other is None or other.blur_1 >= one.blur_1:
        return ""
    return ", and it keeps the neighbour contrast"


def _other_way(plan: Plan, one: Candidate) -> Candidate | None:
    """Another way without training that meets the bound, where this one breaks it."""
    ways = [way for way in plan.candidates if way.without_training and not way.unseen_pairs]
    held = (way for way in ways if way.check.holds and way.method != one.method)
    return None if one.check.holds else next(held, None)


def _beside(plan: Plan) -> list[tuple[str, str]]:
    """How the first recommendation does at the target, and what else there is."""
    ways = _ways(plan)
    best = ways[0][1]
    rows = [("the bound", _free(plan) if best.check.is_free else _at_target(plan, best))]
    rows += _instead(plan, best)
    rows += [(name, _advised(plan, one)) for name, one in ways[1:]]
    own = plan.original.rope.rope_type
    if "default" != own != best.rope.rope_type and best.method != ORIGINAL:
        rows.append(("replaces", f"the model's own {own} scaling"))
    if (roomy := _unscaled(plan)) is not None:
        text = f"use {_setting(roomy)} if you fine-tune, as 'ropecalc min-base' recommends"
        rows.append((UNSCALED, text))
    counted = plan.original.spectrum.count_unrotated
    weighted = ", weighted pairs" if plan.original.check.weighted else ""
    text = f"{head(plan.head_dim, plan.rotary_dim, counted)}{weighted}"
    return [*rows, ("head", text)]


def _free(plan: Plan) -> str:
    """What the bound says where every base meets it, and which command has the part alone."""
    name = f"--dim {plan.head_dim} --rotary-dim {plan.rotary_dim}"
    name = name if plan.model is None else printable(plan.model.source)
    return (
        "holds at every base, and decides nothing here; 'ropecalc min-base "
        f"{name} --ctx {plan.context}' has the base of the rotated part alone"
    )


def _unscaled(plan: Plan) -> Candidate | None:
    """The base to fine-tune with once a model's own scaling is removed, where no way has it."""
    roomy = plan.candidate("roomy-base")
    scaled = plan.original.rope.rope_type != "default"
    return roomy if scaled and roomy not in [one for _, one in _ways(plan)] else None


def _instead(plan: Plan, best: Candidate) -> list[tuple[str, str]]:
    """What meets the bound without training, and what it costs: where no maker decides."""
    other = _other_way(plan, best)
    if other is None or plan.recipe is not None or plan.original.rope.rope_type != "default":
        return []
    costs = f"neighbour contrast {other.blur_1:.3f}, {best.method} {best.blur_1:.3f}"
    return [("instead", f"{other.method} with {_setting(other)} meets the bound; {costs}")]


def _at_target(plan: Plan, one: Candidate) -> str:
    """Whether a way meets the bound at the target; if not, which factor does."""
    first, room = one.check.first_violation, one.factor_with_room
    if first is None:
        return "holds to the target"
    text = f"breaks first at {tokens(first)}"
    if room is not None:
        return f"{text}; if retrieval fails there, try factor {room:g}, which meets it"
    line = None if plan.model is None else factor_command(plan.model, one.rope, plan.context)
    return f"{text}; '{line}' looks for a factor that meets it" if line else text


def _sources(plan: Plan, *, everything: bool) -> list[tuple[str, str]]:
    """What is known beside the file: scores, the maker's own scaling, then the lengths."""
    check, best = plan.original.check, _ways(plan)[0][1].check
    rows = [("rotated part alone", alone(check))] if check.is_free else _as_it_is(check)
    if best.outlook is not None:
        rows.append(("published scores", outlook(best.outlook, best.context)))
    if plan.model is None:
        return rows
    rows += known_rows(plan.model) if everything else []
    if plan.start is not None and not plan.start.sourced:
        rows.append(("original context", f"{tokens(plan.start.context)}, {plan.start.reason}"))
    return rows


def _as_it_is(check: Check) -> list[tuple[str, str]]:
    """How badly the head as it is breaks the bound at the target."""
    if check.holds:
        return []
    text = f"{violating(check.violations, check.context)} distances break the bound, the worst by "
    text += f"{similarity(-check.slack)} of S(0)"
    text += "".join(
        f"; {100 * one.share:g}% up to {tokens(one.context)}" for one in check.soft if not one.open
    )
    return [("as it is", text)]


def _first(one: Candidate) -> MaxContext:
    """What the check at the target says of the first violation."""
    from ropecalc.results import MaxContext, Status

    check = one.check
    return MaxContext(
        head_dim=check.head_dim,
        rotary_dim=check.rotary_dim,
        count_unrotated=check.count_unrotated,
        base=check.base,
        margin=check.margin,
        limit=check.context,
        status=Status.BEYOND_LIMIT if check.holds else Status.VIOLATED,
        first_violation=check.first_violation,
        similarity=None,
        label=check.label,
        method=check.method,
        rope_type=check.rope_type,
        weighted=check.weighted,
    )


def _columns(plan: Plan, screen: Screen) -> list[Column]:
    rows = (plan.original, *plan.candidates)
    room = [_with_room(one) for one in rows]
    never = f"{screen.glyphs.yes} holds" if screen.glyphs.braille else "holds"
    return [
        Column("method", [one.method for one in rows], left=True),
        Column("setting", [_setting(one) for one in rows], left=True),
        Column(
            "first violation [tokens]",
            [
                never if one.check.first_violation is None else count(one.check.first_violation)
                for one in rows
            ],
        ),
        *([Column("factor with room", room, spare=1)] if any(room) else []),
        Column("violations", [count(one.check.violations) for one in rows], spare=5),
        *soft_columns([one.check.soft for one in rows], screen, spare=8),
        Column("S/S(0) at target", [f"{one.similarity_at_target:.3f}" for one in rows], spare=7),
        Column("unseen angles", [_phases(one) for one in rows]),
        Column("neighbour contrast", [f"{one.blur_1:.3f}" for one in rows], spare=2),
        Column("contrast at 16", [f"{one.blur_16:.3f}" for one in rows], spare=6),
        Column("attention factor", [_attention(one) for one in rows], spare=4),
        Column("no training", ["yes" if one.without_training else "" for one in rows], spare=3),
    ]


def _setting(one: Candidate) -> str:
    """The number that the method sets."""
    if one.method == ORIGINAL:
        plain = one.rope.rope_type == "default"
        return f"base {_base(one)}" if plain else scaling_in_words(one.rope).split(" from ")[0]
    if one.rope.rope_type == "default":
        return f"base {_base(one)}"
    return "" if one.rope.factor is None else f"factor {nearest(one.rope.factor, 6)}"


def _with_room(one: Candidate) -> str:
    return "" if one.factor_with_room is None else exact(one.factor_with_room)


def _base(one: Candidate) -> str:
    if one.method in ROUNDED_UP:
        return round_up(one.rope.base, 4 if one.method == "safe-base" else 10)
    return exact(one.rope.base) if one.method in AS_IT_IS else nearest(one.rope.base, 10)


def _phases(one: Candidate) -> str:
    """Pairs, and the largest part of a turn."""
    return f"{one.unseen_pairs} ({one.unseen_turns:.2f})" if one.unseen_pairs else "0"


def _attention(one: Candidate) -> str:
    factor = one.spectrum.attention_factor
    return "1" if factor == 1 else f"{factor:.4f}"


def _legend(plan: Plan, headings: Collection[str] | None) -> str:
    """What the columns mean: those with these headings, or all of them."""
    seen = tokens(plan.seen_context)
    unseen = f"in training on {seen}" if plan.trained_context is not None else f"within {seen}"
    words = {
        "unseen angles": f"of {plan.original.spectrum.n_pairs} pairs of dimensions, those that "
        f"rotate to angles that do not occur {unseen}; in brackets the largest unseen part of a "
        "turn",
        "factor with room": "the first one that meets the bound with 1% to spare",
        "neighbour contrast": "how well attention separates a token from the next one; 1 is as "
        "well as now, 0 not at all",
        "contrast at 16": "the same for the token 16 later",
        "no training": "meant for use without training",
    }
    if not any(one.factor_with_room for one in plan.candidates):
        del words["factor with room"]
    text = " ".join(
        f"{name.capitalize()}: {meaning}."
        for name, meaning in words.items()
        if headings is None or name in headings
    )
    methods = {"roomy-base": "the base that min-base recommends", "liu": "Liu's critical base"}
    text += "".join(
        f" {name.capitalize()}: {meaning}."
        for name, meaning in methods.items()
        if plan.candidate(name) is not None
    )
    if headings is not None:
        return text
    return f"{text} Liu's critical dimension is {plan.critical_dimension} of {plan.rotary_dim}."


def _reasons(plan: Plan) -> Sequence[tuple[str, str]]:
    """The reasons in full."""
    rows: tuple[tuple[str, str, str], ...] = (
        ("without training", plan.without_training, plan.without_training_reason),
        ("with fine-tuning", plan.with_training, plan.with_training_reason),
    )
    if rows[0][1:] == rows[1][1:]:
        rows = (("either way", *rows[0][1:]),)
    return [(name, _reason(method, reason)) for name, method, reason in rows]


def _reason(method: str, reason: str) -> str:
    """The method by its name, and why; the name is not said twice."""
    said = reason.casefold().startswith((f"{method}, ", f"{method} with "))
    return sentence(reason) if said else f"{method}: {_lower(reason)}"


def _lower(reason: str) -> str:
    """A reason after a colon: a small first letter where that is a word's and no name's."""
    first = reason.split(maxsplit=1)[0].rstrip(",.")
    return reason[:1].lower() + reason[1:] if first.istitle() and first != "Liu" else reason


def _emits(plan: Plan, screen: Screen) -> str:
    """The command that writes each recommendation for a stack."""
    ways = [(name, one) for name, one in _ways(plan) if one.method != ORIGINAL]
    if (roomy := _unscaled(plan)) is not None:
        ways.append((f"with its {UNSCALED}, to fine-tune", roomy))
    if not ways or plan.original.check.weighted:
        return ""
    lines = [
        then(f"To write it for a stack{name and f', {name}'}:", _emit(plan, one), screen)
        for name, one in ways
    ]
    return "\n".join(lines)


def _emit(plan: Plan, one: Candidate) -> str:
    """What emits one setting."""
    if plan.model is None:
        words = [f"--dim {plan.head_dim}"]
        if plan.rotary_dim != plan.head_dim:
            words.append(f"--rotary-dim {plan.rotary_dim}")
    else:
        words = [source_word(plan.model)]
        if one.rope.layer_type != plan.model.rope.layer_type:
            words.append(f"--layer {one.rope.layer_type}")
    if plan.model is None or one.rope.base != plan.base:
        words.append(f"--base {option(one.rope.base)}")
    if one.rope.rope_type != "default":
        words.append(f"--rope-type {one.rope.rope_type}")
        words.append(f"--factor {option(one.rope.factor or 1.0)}")
        words.append(f"--original-ctx {plan.original_context}")
    elif plan.model is not None and plan.original.rope.rope_type != "default":
        words.append("--rope-type default")
    return " ".join(["ropecalc emit", *words, f"--ctx {plan.context}"])
