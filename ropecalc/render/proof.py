"""Verifications of certificates, for people and for programs."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.console import Screen, screen
from ropecalc.render.digits import count, grouped, option, tokens
from ropecalc.render.glyphs import printable
from ropecalc.render.tables import headline, pairs, prose, tied
from ropecalc.render.words import bound, bound_below

if TYPE_CHECKING:
    from ropecalc.results import Verification

SUBJECTS = {
    "minimum-base": "minimum base",
    "safe-base": "safe base",
    "minimum-factor": "minimum factor",
}
LIBRARIES = {"arb": "balls of Arb", "mpmath": "intervals of mpmath"}
DIGITS = 17


def show_verification(result: Verification, file: TextIO) -> None:
    """What was checked, or where the proof fails."""
    on = screen(file)
    on.write(describe_verification(result, on))


def describe_verification(result: Verification, on: Screen) -> str:
    """The same as text."""
    sign, style = (on.glyphs.yes, "bold green") if result.proved else (on.glyphs.no, "bold red")
    parts = [
        headline(f"{sign} {_verdict(result)}", on, style),
        pairs([*_claim(result, on), *_checks(result, on), ("checked with", _means(result))], on),
        prose(_meaning(result, on), on),
    ]
    return "\n\n".join(parts)


def _verdict(result: Verification) -> str:
    method = "" if result.base is None else f" of {result.rope_type.replace('_', '-')}"
    subject = f"{SUBJECTS[result.kind]}{method} for {tokens(result.context)}, {_head(result)}"
    if result.proved:
        return f"Proved: the {subject}"
    if result.failed_link is not None:
        place = f"link {count(result.failed_link)} of {count(result.links)} fails"
        return f"Not proved: the {subject}; {place}"
    return f"Not proved: the {subject}"


def _head(result: Verification) -> str:
    parts = [f"rotary_dim {result.rotary_dim}"]
    if result.base is not None:
        parts.insert(0, f"base {grouped(result.base)}")
    if result.unrotated_pairs:
        parts.append(f"{count(result.unrotated_pairs)} unrotated pairs counted")
    parts += ["weighted pairs"] if result.weighted else []
    parts += [f"margin {option(result.margin)}"] if result.margin else []
    return ", ".join(parts)


def _claim(result: Verification, on: Screen) -> list[tuple[str, str]]:
    low, high = _rounded(result.low, ROUND_FLOOR), _rounded(result.high, ROUND_CEILING)
    return [
        *([("method", _method(result))] if result.parameters else []),
        ("claim", f"the {SUBJECTS[result.kind]} lies from {tied(low)} to {tied(high)}"),
        ("bound", bound_below(result.context, result.margin, on.glyphs)),
    ]


def _method(result: Verification) -> str:
    """The parameters of a scaling, as in a claim."""
    words = (
        f"{name} {str(value).lower() if isinstance(value, bool) else grouped(value)}"
        for name, value in result.parameters.items()
    )
    return ", ".join(words)


def _rounded(value: Decimal, rounding: str) -> str:
    return grouped(Context(prec=DIGITS, rounding=rounding).plus(value))


def _checks(result: Verification, on: Screen) -> list[tuple[str, str]]:
    rows = []
    if result.links:
        proved = f"{count(result.links_proved)} of {count(result.links)} links proved"
        means = f"each an interval of smaller {_varied(result)}s that break the bound"
        work = f"{count(result.evaluations)} series expansions"
        rows.append(("chain", f"{proved}, {means}; {work}"))
    where = "the end of a link" if result.links else "the low end"
    if math.isfinite(result.least_depth):
        rows.append(("least depth", f"{result.least_depth:.2g} below the bound, at {where}"))
    if result.distances:
        which = "it meets" if result.links else "it and every larger base meet"
        rows.append(("high end", f"{which} the bound at {count(result.distances)} distances"))
    if result.failed_interval is not None:
        rows.append(("fails on", _interval(result.failed_interval, _varied(result))))
    if result.failed_distance is not None:
        rows.append(("at distance", tokens(result.failed_distance)))
    if result.reason:
        asked = tied(bound(result.margin, on.glyphs))
        rows.append(("because", f"{printable(result.reason)} (the bound is {asked})"))
    return rows


def _varied(result: Verification) -> str:
    """What a chain goes through, in the singular."""
    return "base" if result.base is None else "factor"


def _interval(ends: tuple[float, float], varied: str) -> str:
    start, end = ends
    values = " to ".join(f"{Decimal(repr(x)).exp():.6g}" for x in ends if abs(x) < 700)
    text = f"x = ln({varied}) from {start!r} to {end!r}"
    return text + (f", {varied}s {values}" if values else "")


def _means(result: Verification) -> str:
    return f"{LIBRARIES[result.backend]}, {result.bits} bits, {result.seconds:.2f} seconds"


def _meaning(result: Verification, on: Screen) -> str:
    if not result.proved:
        return f"{result.status.value} The claim may be true all the same: it is not proved here."
    if result.kind == "safe-base":
        return "Every base from the high end on meets the bound, and one at the low end does not."
    asked = bound_below(result.context, result.margin, on.glyphs)
    return (
        f"Every {_varied(result)} from 1 to the low end breaks the bound, each on its link's "
        f"distance; the high end keeps {asked}."
    )
