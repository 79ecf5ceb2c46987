"""What a stack's arithmetic makes of the bound: records, and words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.digits import count, exact, fixed, nearest, similarity, tokens

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Precision, PrecisionBase


def show_precisions(results: Sequence[Precision], file: TextIO) -> None:
    """What rounding changes, after the exact answer."""
    from ropecalc.render.console import screen

    on = screen(file)
    for result in results:
        on.write(f"\n{describe_precision(result, on)}")


def rounded_name(name: str, result: Precision) -> str:
    """What to call a curve in an arithmetic."""
    return f"{name} in {arithmetic(result)}"


def show_precision_bases(results: Sequence[PrecisionBase], file: TextIO) -> None:
    """Bases that meet the bound in an arithmetic, after the exact ones."""
    from ropecalc.render.console import screen

    on = screen(file)
    for result in results:
        on.write(f"\n{describe_precision_base(result, on)}")


def arithmetic(result: Precision | PrecisionBase) -> str:
    """The arithmetic in words.

    >>> from types import SimpleNamespace
    >>> arithmetic(SimpleNamespace(dtype="float32", recipe="naive"))
    'float32 throughout'
    """
    if result.recipe == "naive":
        return f"{result.dtype} throughout"
    return f"{result.dtype} as {result.recipe} computes it"


def describe_precision(result: Precision, screen: Screen) -> str:
    """Whether the bound holds in the arithmetic, and what rounding alone does."""
    from ropecalc.render.tables import headline, pairs

    sign = screen.glyphs.yes if result.holds else screen.glyphs.no
    style = "bold green" if result.holds else "bold red"
    whose = f"{result.label}: in" if result.label else "In"
    verdict = "holds" if result.holds else "is broken"
    why = ", by rounding alone" if result.changes_verdict else ""
    text = f"{sign} {whose} {arithmetic(result)} the bound {verdict}{why}"
    return f"{headline(text, screen, style)}\n\n{pairs(_effects(result), screen)}"


def _effects(result: Precision) -> list[tuple[str, str]]:
    worst = f"S({count(result.worst_distance)}) = {similarity(result.worst_similarity)}"
    broken = f"{count(result.violations)} of {count(result.context)}"
    difference = f"{_size(result.largest_difference)} at {tokens(result.difference_distance)}"
    where = f"at position {count(result.phase_error_position)} in pair {result.phase_error_pair}"
    return [
        ("violating distances", f"{broken}, exactly {count(result.exact_violations)}"),
        ("made by rounding", _counted(result.made, result.first_made)),
        ("hidden by rounding", _counted(result.hidden, result.first_hidden)),
        ("lowest similarity", worst),
        ("S off by at most", difference),
        ("phases off by at most", f"{_size(result.largest_phase_error)} rad {where}"),
        ("colliding positions", _collisions(result)),
    ]


def _size(value: float) -> str:
    return nearest(value, 2) if value else "0"


def _counted(number: int, first: int | None) -> str:
    return "none" if first is None else f"{count(number)}, first {tokens(first)}"


def _collisions(result: Precision) -> str:
    if not result.colliding_positions:
        return "none"
    share = fixed(100 * result.colliding_share, 1)
    return f"{count(result.colliding_positions)}, {share}%, are stored like the next"


def in_short(result: Precision) -> str:
    """The same in one line."""
    verdict = "holds" if result.holds else f"broken, first at {tokens(result.first_violation or 0)}"
    parts = [
        f"{verdict}{' by rounding alone' if result.changes_verdict else ''}",
        f"{count(result.made)} violations made and {count(result.hidden)} hidden by rounding",
        f"phases off by up to {_size(result.largest_phase_error)} rad",
    ]
    if result.colliding_positions:
        parts.append(f"{fixed(100 * result.colliding_share, 1)}% of positions collide")
    return "; ".join(parts)


def describe_precision_base(result: PrecisionBase, screen: Screen) -> str:
    """The base found, and what the exact minimum is worth in that arithmetic."""
    from ropecalc.render.tables import headline, pairs, prose

    asked = f"{arithmetic(result)}, {tokens(result.context)}"
    if result.base is None:
        text = headline(f"No base given in {asked}", screen)
        return f"{text}\n\n{prose(result.status.value, screen)}"
    rows = [("at the exact minimum", _at_the_minimum(result))]
    if result.worst_distance is not None and result.worst_similarity is not None:
        worst = f"S({count(result.worst_distance)}) = {similarity(result.worst_similarity)}"
        rows.append(("lowest similarity", worst))
    rows.append(("bases passed over", count(result.candidates)))
    rows.append(("found by", result.method))
    head = headline(f"Base {exact(result.base)} in {asked}", screen)
    return f"{head}\n\n{pairs(rows, screen)}\n\n{prose(result.status.value, screen)}"


def _at_the_minimum(result: PrecisionBase) -> str:
    number, first = result.exact_violations, result.exact_first_violation
    if not number or first is None:
        return "nothing is broken: it is the same base"
    kind = "distance breaks" if number == 1 else "distances break"
    return f"{count(number)} {kind} the bound, first {tokens(first)}"
