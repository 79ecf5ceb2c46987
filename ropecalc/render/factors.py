"""Smallest scaling factors for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.digits import count, exact, grouped, round_up, rounded, tokens, window_ends
from ropecalc.results import FactorStatus, WindowStatus

if TYPE_CHECKING:
    from ropecalc.render.axes import Ticks
    from ropecalc.render.console import Screen
    from ropecalc.results import MinimumFactor, Original

    Violations = Callable[[Sequence[float]], list[int | None]]

NAMES = {"yarn": "YaRN", "llama3": "Llama 3 scaling", "ntk_aware": "NTK-aware scaling"}
NOTHING = {
    FactorStatus.ONE_IS_ENOUGH: "no scaling needed",
    FactorStatus.NO_FACTOR: "no factor is enough",
}
BEYOND = 1.25  # how far a plot goes on beyond the largest factor in it
UNIT = 1_024  # tokens, of the vertical axis
UNITS = 10**6  # of a factor on the axis of a plot, which is one of integers


def show_factors(
    results: Sequence[MinimumFactor],
    file: TextIO,
    *,
    start: Original | None = None,
    plots: Sequence[tuple[Violations, float | None]] = (),
    width: int | None = None,
    height: int | None = None,
) -> None:
    """One in full, several in a table.

    ``start`` is the original context and the reason for it, where nobody gave it. ``plots`` has for
    each what the first violations of some factors are, and the factor that the model's maker
    publishes.
    """
    from ropecalc.render.console import NARROWEST, screen

    on = screen(file)
    on = on if width is None else replace(on, width=max(NARROWEST, width))
    parts = [describe_factors(results, on, start)]
    for one, (violations, published) in zip(results, plots, strict=False):
        parts.append(_plotted(one, violations, published, on, height))
    on.write("\n\n".join(parts))


def describe_factors(
    results: Sequence[MinimumFactor], on: Screen, start: Original | None = None
) -> str:
    """The same as text."""
    parts = _one(results[0], start, on) if len(results) == 1 else _several(results, start, on)
    return "\n\n".join(parts)


def _one(result: MinimumFactor, start: Original | None, on: Screen) -> list[str]:
    from ropecalc.render.tables import headline, pairs, prose

    title = f"{_name(result)} for {tokens(result.context)}: {_answer(result)}"
    return [headline(title, on), pairs(_values(result, start), on), prose(_meaning(result), on)]


def _name(result: MinimumFactor) -> str:
    return NAMES.get(result.rope.rope_type, f"{method(result)} scaling")


def method(result: MinimumFactor) -> str:
    """The scaling by its name on a command line."""
    return result.rope.rope_type.replace("_", "-")


def _answer(result: MinimumFactor) -> str:
    if not result.is_found:
        return NOTHING[result.status]
    return f"factor {_recommended(result)}"


def _recommended(result: MinimumFactor) -> str:
    """The factor to use: with room where there is one, else the minimum."""
    found = result.recommended_factor
    return _ends(result)[0] if found is None else exact(found)


def _values(result: MinimumFactor, start: Original | None) -> list[tuple[str, str]]:
    rope, rows = result.rope, []
    if result.recommended_factor is not None:
        rows.append(("recommended factor", f"{_recommended(result)}, with 1% of room either way"))
    if result.ratio is not None:
        rows.append(("target / original", _gives(result.ratio, result.ratio_violation)))
    if result.given_factor is not None and result.given_factor != result.ratio:
        rows.append(("its own factor", _gives(result.given_factor, result.given_violation)))
    if result.is_found:
        decided = f"decided at a distance of {tokens(result.critical_distance or 0)}"
        rows.append(("minimum factor", f"{_as_elsewhere(result)}, {decided}"))
        rows.append(("window", _window(result)))
    if result.round_factor is not None:
        rows.append((f"first {result.round_digits}-digit factor", exact(result.round_factor)))
    if start is not None:
        rows.append(("original context", f"{tokens(start.context)}, {start.reason}"))
    original = rope.original_context if start is None else None
    from_where = f", from {tokens(original)}" if original else ""
    rows.append(("setting", _setting(result) + from_where))
    how = result.method.partition(",")[0]
    return [*rows, ("found by", f"{how}, {count(result.steps)} steps")]


def _setting(result: MinimumFactor) -> str:
    from ropecalc.render.words import head

    rope = result.rope
    parts = [
        f"base {exact(rope.base)}",
        head(rope.head_dim, rope.rotary_dim, result.count_unrotated),
    ]
    parts += [f"margin {exact(result.margin)}"] if result.margin else []
    return ", ".join([*parts, *(["weighted pairs"] if result.weighted else [])])


def _gives(factor: float, violation: int | None) -> str:
    what = "meets the bound" if violation is None else f"breaks the bound at {count(violation)}"
    return f"{exact(factor)}: {what}"


def _minimum(result: MinimumFactor) -> str:
    found = result.minimum_factor_digits
    return _ends(result)[0] if found is None else grouped(found)


def _as_elsewhere(result: MinimumFactor) -> str:
    """The minimum in the digits that ``check`` and ``inspect`` have, where its window has them."""
    text, end = round_up(result.minimum_factor or 1.0), result.window_end
    within = end is None or float(text.replace(",", "")) <= end
    return text if within and result.minimum_factor_digits is None else _minimum(result)


def _ends(result: MinimumFactor) -> tuple[str, str | None]:
    """Both ends of the window that the minimum opens, rounded towards its inside."""
    start = result.minimum_factor or 1.0
    if result.window_end is None:
        return _short(start), None
    return window_ends(start, result.window_end)


def _window(result: MinimumFactor) -> str:
    start, end = _ends(result)
    if result.window_status is WindowStatus.ENDLESS:
        return f"{start} and every larger factor"
    if end is None:
        return f"from {start} on"
    least = "at least " if result.window_status is WindowStatus.AT_LEAST else ""
    return f"{start} to {least}{end}"


def _meaning(result: MinimumFactor) -> str:
    if not result.is_found:
        return result.status.value
    end = _ends(result)[1]
    also = f", and so do some above {end}" if result.window_status is WindowStatus.ENDS else ""
    return f"Every smaller factor breaks the bound{also}."


# --- several ------------------------------------------------------------------------------------


def _several(results: Sequence[MinimumFactor], start: Original | None, on: Screen) -> list[str]:
    from ropecalc.render.tables import Column, headline, prose, table

    round_digits = max((one.round_digits or 0 for one in results), default=0)
    columns = [
        Column("method", [method(one) for one in results], left=True),
        Column("context [tokens]", [count(one.context) for one in results]),
        Column("recommended", [_cell(one.recommended_factor) for one in results]),
        Column("minimum", [_minimum(one) if one.is_found else "" for one in results]),
        Column(
            f"first {round_digits}-digit",
            [_cell(one.round_factor) for one in results] if round_digits else [],
            spare=2,
        ),
        Column("target / original", [_cell(one.ratio) for one in results], spare=1),
        Column("at that factor", [_verdict(one) for one in results], left=True, spare=1),
        Column(
            "critical distance [tokens]",
            ["" if (m := one.critical_distance) is None else count(m) for one in results],
            spare=3,
        ),
    ]
    if len({one.rope.rope_type for one in results}) == 1:
        columns = columns[1:]
        title = f"{_name(results[0])}, {_setting(results[0])}"
    else:
        title = f"Smallest factors, {_setting(results[0])}"
    text = "Recommended: the first two-digit factor that meets the bound with 1% of room."
    if start is not None:
        text += f" The original context is {tokens(start.context)}, {start.reason}."
    kept = [column for column in columns if any(column.cells)]
    return [headline(title, on), table(kept, on), prose(text, on)]


def _cell(factor: float | None) -> str:
    return "" if factor is None else exact(factor)


def _verdict(one: MinimumFactor) -> str:
    if not one.is_found:
        return NOTHING[one.status]
    if one.ratio is None:
        return ""
    violation = one.ratio_violation
    return "holds" if violation is None else f"breaks at {count(violation)}"


# --- a plot -------------------------------------------------------------------------------------


def _plotted(
    result: MinimumFactor,
    violations: Violations,
    published: float | None,
    on: Screen,
    height: int | None,
) -> str:
    """The first violation over the factor, which is on a logarithmic axis; known ones marked."""
    import numpy as np

    from ropecalc.render.axes import column_cuts, vertical
    from ropecalc.render.curves import AROUND, rows_for
    from ropecalc.render.plot import Mark, new_canvas, plot_columns
    from ropecalc.render.tables import headline, prose

    known = known_factors(result, published)
    top = farthest(known)
    canvas = new_canvas(on.width, height or rows_for(on, AROUND), 1, on.glyphs)
    cuts = column_cuts(UNITS, int(top * UNITS), canvas.columns * canvas.across, log=True)
    factors = np.sqrt(cuts[:-1].astype(float) * cuts[1:]) / UNITS
    found = violations(factors.tolist())
    firsts = np.array([result.context if first is None else first for first in found]) / UNIT
    axis = vertical(0.0, float(firsts.max()), canvas.rows, canvas.down)
    marks = [Mark(round(factor * UNITS), text) for factor, text in known]
    drawn = plot_columns(
        canvas,
        [(firsts, firsts)],
        cuts,
        axis,
        on.glyphs,
        marks=marks,
        colour=on.colour,
        rule=False,
        ticks=_ticks(cuts, canvas.across),
    )
    title = f"First violation over the factor of {_name(result)}, in units of {UNIT:,} tokens"
    note = (
        f"At the top, {tokens(result.context)}, the bound holds. Each column is evaluated at one "
        "factor."
    )
    return "\n\n".join([headline(title, on), drawn, prose(note, on)])


def known_factors(result: MinimumFactor, published: float | None) -> list[tuple[float, str]]:
    """The factors to mark, ascending, with what to say of each."""
    found: dict[float, list[str]] = {}
    for factor, text in (
        (result.minimum_factor if result.is_found else None, "minimum factor"),
        (result.recommended_factor, "recommended"),
        (result.ratio, "target / original"),
        (published, "published by the model's maker"),
        (result.given_factor, "the model's own"),
    ):
        if factor is not None:
            found.setdefault(factor, []).append(text)
    return [(f, f"{_short(f)}: {', '.join(found[f])}") for f in sorted(found)]


def farthest(known: Sequence[tuple[float, str]]) -> float:
    """The factor up to which a picture goes."""
    return BEYOND * max([2.0, *(factor for factor, _ in known)])


def _short(factor: float) -> str:
    return grouped(rounded(factor, 10, ROUND_CEILING))


def round_factors(last: float) -> Iterator[list[float]]:
    """Round factors up to the last, from many to few."""
    decades = range(math.ceil(math.log10(last)) + 1)
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        factors = [step * 10.0**power for power in decades for step in steps]
        yield [factor for factor in factors if factor <= last]


def _ticks(cuts: object, across: int) -> Ticks:
    """Round factors along the axis, as many as have room."""
    import numpy as np

    from ropecalc.render.axes import column_of, fits

    edges = np.asarray(cuts)
    ticks: Ticks = []
    for factors in round_factors(float(edges[-1]) / UNITS):
        at = column_of(edges, np.array([round(f * UNITS) for f in factors])) // across
        ticks = [(int(column), exact(factor)) for column, factor in zip(at, factors, strict=True)]
        if fits(ticks):
            break
    return ticks
