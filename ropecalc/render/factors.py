"""Smallest scaling factors for people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.digits import count, tokens
from ropecalc.results import WindowStatus

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import MinimumFactor


def show_factors(results: Sequence[MinimumFactor], file: TextIO) -> None:
    """One in full, several in a table."""
    from ropecalc.render.console import screen

    on = screen(file)
    on.write(_one(results[0], on) if len(results) == 1 else _several(results, on))


def _one(result: MinimumFactor, on: Screen) -> str:
    from ropecalc.render.tables import headline, pairs, prose

    rope = result.rope
    head = f"base {rope.base:,.10g}, {rope.rotary_dim} rotated dimensions"
    title = f"{_name(result)} for {tokens(result.context)}: {_answer(result)}"
    parts = [headline(title, on), pairs([("setting", head), *_values(result)], on)]
    if not result.is_found:
        parts.append(prose(result.status.value, on))
    return "\n\n".join(parts)


def _name(result: MinimumFactor) -> str:
    return {"yarn": "YaRN", "llama3": "Llama 3 scaling", "ntk_aware": "NTK-aware scaling"}.get(
        result.rope.rope_type, f"{result.rope.rope_type} scaling"
    )


def _answer(result: MinimumFactor) -> str:
    if not result.is_found:
        return "no scaling needed" if result.minimum_factor == 1 else "no factor is enough"
    if result.recommended_factor is not None:
        return f"factor {result.recommended_factor:g}"
    return f"factor {_rounded(result.minimum_factor)}"


def _values(result: MinimumFactor) -> list[tuple[str, str]]:
    rows = []
    if result.rope.original_context:
        rows.append(("original context", tokens(result.rope.original_context)))
    if result.recommended_factor is not None:
        rows.append(("recommended factor", f"{result.recommended_factor:g}, with 1% of room"))
    if result.is_found:
        rows.append(("minimum factor", _minimum(result)))
        rows.append(("window", _window(result)))
    if result.critical_distance is not None:
        rows.append(("critical distance", tokens(result.critical_distance)))
    if result.ratio is not None:
        rows.append(("target / original", _gives(result.ratio, result.ratio_violation)))
    if result.given_factor is not None and result.given_factor != result.ratio:
        rows.append(("its own factor", _gives(result.given_factor, result.given_violation)))
    return [*rows, ("found by", result.method)]


def _gives(factor: float, violation: int | None) -> str:
    what = "meets the bound" if violation is None else f"breaks the bound at {count(violation)}"
    return f"{factor:g}: {what}"


def _minimum(result: MinimumFactor) -> str:
    if result.minimum_factor_digits is not None:
        return f"{result.minimum_factor_digits:f}"
    return _rounded(result.minimum_factor)


def _window(result: MinimumFactor) -> str:
    start = _rounded(result.minimum_factor)
    if result.window_status is WindowStatus.ENDLESS:
        return f"from {start} on, without end"
    if result.window_end is None:
        return f"from {start} on"
    least = "at least " if result.window_status is WindowStatus.AT_LEAST else ""
    return f"{start} to {least}{_rounded(result.window_end, ROUND_FLOOR)}"


def _rounded(factor: float | None, way: str = ROUND_CEILING) -> str:
    """A factor to nine digits, rounded up, which keeps it above a minimum."""
    return f"{Context(prec=9, rounding=way).plus(Decimal(factor or 1.0)):f}"


def _several(results: Sequence[MinimumFactor], on: Screen) -> str:
    from ropecalc.render.tables import Column, headline, table

    columns = [
        Column("context [tokens]", [count(one.context) for one in results]),
        Column("recommended", [_or_none(one.recommended_factor) for one in results]),
        Column(
            "minimum", [_rounded(one.minimum_factor) if one.is_found else "" for one in results]
        ),
        Column("target / original", [_or_none(one.ratio) for one in results]),
        Column("which", [_verdict(one) for one in results]),
    ]
    title = f"{_name(results[0])}, base {results[0].rope.base:,.10g}"
    return f"{headline(title, on)}\n\n{table(columns, on)}"


def _or_none(factor: float | None) -> str:
    return "" if factor is None else f"{factor:g}"


def _verdict(one: MinimumFactor) -> str:
    if not one.is_found:
        return _answer(one)
    if one.ratio is None:
        return ""
    return (
        "meets the bound"
        if one.ratio_violation is None
        else f"breaks at {count(one.ratio_violation)}"
    )
