"""The phrases that all answers share: what was asked, of whom, and what to run next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.render.digits import count, exact, option
from ropecalc.render.glyphs import Glyphs, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ropecalc.render.tables import Column
    from ropecalc.results import Check, Expectation, MaxContext, MinimumBase, Outlook, Windows

    Asked = MinimumBase | Check | MaxContext | Windows


def head(head_dim: int, rotary_dim: int, count_unrotated: bool) -> str:
    """The head in words, with the reading of its unrotated pairs where there are any.

    >>> head(128, 64, True)
    'head_dim 128, rotary_dim 64 (32 unrotated pairs counted)'
    """
    if rotary_dim == head_dim:
        return f"head_dim {head_dim}"
    unrotated = (head_dim - rotary_dim) // 2
    pairs = "1 unrotated pair" if unrotated == 1 else f"{count(unrotated)} unrotated pairs"
    reading = "counted" if count_unrotated else "left out"
    return f"head_dim {head_dim}, rotary_dim {rotary_dim} ({pairs} {reading})"


def setting(results: Sequence[Asked]) -> str:
    """What all results have in common: head, margin; nothing on what differs."""
    heads = {head(r.head_dim, r.rotary_dim, r.count_unrotated) for r in results}
    margins = {r.margin for r in results}
    parts = [*heads] if len(heads) == 1 else []
    if len(margins) == 1 and any(margins):
        parts.append(f"margin {option(margins.pop())}")
    if any(r.weighted for r in results):
        parts.append("weighted pairs")
    return ", ".join(parts)


def head_columns(results: Sequence[Asked]) -> list[Column]:
    """Columns for what of the head differs between results."""
    from ropecalc.render.tables import Column

    columns = []
    if len({r.head_dim for r in results}) > 1:
        columns.append(Column("head_dim", [str(r.head_dim) for r in results]))
    if len({r.rotary_dim for r in results}) > 1 and any(
        r.rotary_dim != r.head_dim for r in results
    ):
        columns.append(Column("rotary_dim", [str(r.rotary_dim) for r in results]))
    if len({r.margin for r in results}) > 1:
        columns.append(Column("margin", [option(r.margin) for r in results]))
    return columns


def bound(margin: float, glyphs: Glyphs) -> str:
    """What the bound requires of S(m)."""
    least = f"{option(margin)} {glyphs.times} S(0)" if margin else "0"
    return f"S(m) {glyphs.at_least} {least}"


def bound_below(context: int, margin: float, glyphs: Glyphs) -> str:
    """The bound at ``context`` in words."""
    from ropecalc.render.tables import tied

    return f"{tied(bound(margin, glyphs))} at every distance {tied(f'm < {count(context)}')}"


def room(result: Check) -> str:
    r"""How far a base that meets the bound may be moved either way.

    >>> from types import SimpleNamespace as Found
    >>> room(Found(room_below=1.17e-6, room_above=0.01, room_limit=0.01))
    '0.000117% down, 1% or more up'
    """

    def moved(share: float | None) -> str:
        more = " or more" if (share or 0.0) >= (result.room_limit or 0.0) else ""
        return f"{100 * (share or 0.0):.3g}%{more}"

    return f"{moved(result.room_below)} down, {moved(result.room_above)} up"


def lost_between(one: Outlook | Expectation, which: str = "with such a first violation") -> str:
    """Where settings with such a first violation lost 15 %, as it was seen."""
    if one.low is None:
        return f"no setting {which} lost 15% of its RULER score"
    more = "more than " if one.open else ""
    return (
        f"settings {which} lost 15% of their RULER score between {count(one.low)} and "
        f"{more}{count(one.high or 0)} tokens"
    )


def outlook(one: Outlook, context: int) -> str:
    """What became of published settings like this one, in a line."""
    if one.high is None:
        text = f"{one.kept} of {one.kept_of} settings that meet the bound at {count(context)} "
        text += "tokens kept 85% of their RULER score there"
    else:
        text = lost_between(one)
        if one.kept is not None:
            text += f"; {one.kept} of {one.kept_of} kept 85% at {count(context)}"
    return f"{text} (ropecalc evidence)"


def spectrum_name(base: float | None, label: str) -> str:
    """What to call a spectrum: its label, or its base."""
    if label:
        return printable(label)
    return "this spectrum" if base is None else f"base {exact(base)}"


def command(name: str, result: Asked, base: float | None, context: int | None = None) -> str:
    """The command to type for ``base`` with the head and margin of a result."""
    words = ["ropecalc", name]
    words += [f"--base {option(base)}"] if base is not None else []
    words.append(f"--dim {result.head_dim}")
    if result.rotary_dim != result.head_dim:
        words.append(f"--rotary-dim {result.rotary_dim}")
        words += [] if result.count_unrotated else ["--ignore-unrotated"]
    words += [f"--margin {option(result.margin)}"] if result.margin else []
    words += [f"--ctx {context}"] if context is not None else []
    return " ".join(words)


def sentence(text: str) -> str:
    """``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]
