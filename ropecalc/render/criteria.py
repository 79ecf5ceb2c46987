"""Criteria for people: what each says of a setting, then what published scores say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ropecalc.render.digits import exact, tokens
from ropecalc.render.tables import Column, headline, pairs, prose, table

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Criteria, Criterion

WORDS = {True: "yes", False: "no", None: "-"}


def describe_criteria(results: Sequence[Criteria], screen: Screen) -> str:
    """Each setting's table, then the sources and the evidence once."""
    parts = [part for one in results for part in _setting(one, screen)]
    rows = list(_notes(results[0]))
    return "\n\n".join([*parts, pairs(rows, screen), prose(MEANING, screen)])


MEANING = (
    "Met: -: every base meets it, or needs a trained context (--from). Criteria other than the "
    "bound and the angles see the base alone, no scaling. A criterion that is met promises nothing."
)


def _setting(one: Criteria, screen: Screen) -> Iterator[str]:
    asked = [it for it in one.criteria if it.met is not None]
    broken = [it.name for it in asked if not it.met]
    said = f"breaks {', '.join(broken)}" if broken else "meets them all"
    name = one.label or f"base {exact(one.base)}"
    yield headline(
        f"{name} at {tokens(one.context)}: of {len(asked)} criteria that apply, it {said}",
        screen,
    )
    rows = one.criteria
    yield table(
        [
            Column("criterion", [it.name for it in rows], left=True),
            Column("met", [WORDS[it.met] for it in rows], left=True),
            Column("needs base", [_asks(it) for it in rows]),
            Column("allows context", [_whole(it.longest_context) for it in rows]),
            Column("pair", ["" if it.pair is None else f"{it.pair:.2f}" for it in rows]),
        ],
        screen,
    )


def _asks(one: Criterion) -> str:
    if one.greatest_base is not None:
        return f"< {_whole(one.greatest_base)}"
    return _whole(one.least_base)


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _notes(one: Criteria) -> Iterator[tuple[str, str]]:
    for it in one.criteria:
        yield it.name, f"{it.formula}, {it.source}: {it.evidence}"
