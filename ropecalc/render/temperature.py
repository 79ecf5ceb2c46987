"""A temperature for people: the gap, what keeps it, and the factors in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ropecalc.render.digits import count, tokens
from ropecalc.render.tables import Column, headline, pairs, prose, table, then

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Temperature


SHOWN = 8192  # the trained context of the line to try, where it is shorter than the context
LEAST = 2  # tokens: the fewest that a trained context may be


def describe_temperature(result: Temperature, screen: Screen) -> str:
    """The gap in a headline, what it is made of, and the factors side by side."""
    parts = [
        headline(_title(result), screen),
        pairs(list(_rows(result, screen)), screen),
        table(_columns(result), screen),
    ]
    where = "Factors are those at the last position, on the logits"
    meaning = (
        f"{where}; the mass is what the gap of the trained context has with them. It is the mass "
        "of one token against others that are all equal: the worst case, and no model of "
        "attention."
    )
    if result.trained_context is not None:
        return "\n\n".join([*parts, prose(meaning, screen)])
    if result.context < 2 * LEAST:
        return "\n\n".join([*parts, prose(f"{where}.", screen)])
    trained = "8k" if result.context > SHOWN else result.context // 2
    line = f"ropecalc temperature --ctx {result.context} --from {trained}"
    told = f"{where}. With a trained context, what they leave of a token's mass:"
    return "\n\n".join([*parts, then(told, line, screen)])


def _title(result: Temperature) -> str:
    return (
        f"One token of {count(result.context)} gets {_share(result.attention_mass)} of the "
        f"attention with a logit {result.logit_gap:.4f} above the others"
    )


def _rows(result: Temperature, screen: Screen) -> Iterator[tuple[str, str]]:
    yield "logit gap", f"ln(p / (1 - p)) + ln(n - 1) = {result.logit_gap:.6f}"
    least = screen.glyphs.at_least
    bound = f"max + {result.spread:.4f} {least} logsumexp {least} max"
    yield "dilution", f"{bound}, ln n over {tokens(result.context)}"
    if result.trained_context is None or result.trained_logit_gap is None:
        return
    yield "trained gap", f"{result.trained_logit_gap:.6f} over {tokens(result.trained_context)}"
    if result.unscaled_mass is not None:
        yield "mass left", f"{_share(result.unscaled_mass)} of the attention with that gap now"
    scale = "none: the trained gap is not positive"
    if result.scale is not None:
        scale = f"{result.scale:.6f} times all logits restores it"
    yield "scale", scale


def _columns(result: Temperature) -> list[Column]:
    rows = result.factors
    columns = [
        Column("factor", [one.name for one in rows], left=True),
        Column(
            "at the end",
            ["needs --from" if one.value is None else f"{one.value:.4f}" for one in rows],
        ),
        Column("formula", [one.formula for one in rows], left=True, spare=1),
        Column("used by", [one.used_by for one in rows], left=True, spare=2),
    ]
    if result.trained_context is not None:
        masses = ["" if one.mass is None else _share(one.mass) for one in rows]
        columns.insert(2, Column("mass", masses))
    return columns


def _share(part: float) -> str:
    return f"{100 * part:.3g}%"
