"""A setting for people: which stacks have words for it, and what to paste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.render.digits import exact, tokens
from ropecalc.render.glyphs import printable
from ropecalc.render.known import known_rows
from ropecalc.render.scalings import method
from ropecalc.render.tables import Column, headline, pairs, table, then
from ropecalc.render.words import head
from ropecalc.results.configs import EVERY_LAYER

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Emission, Setting


def describe_emissions(
    setting: Setting, emissions: Sequence[Emission], screen: Screen, *, listed: bool
) -> str:
    """The setting, then the stacks in a list, or what each of them takes.

    What falls short in the setting itself is said once, above them all.
    """
    short = setting.shortfall
    exact_ones = sum(one.exact for one in emissions)
    answer = f": {exact_ones} of {len(emissions)} stacks can express it exactly" if listed else ""
    sources = [] if setting.model is None else known_rows(setting.model)
    parts = [headline(_title(setting) + answer, screen)]
    parts += [pairs(sources, screen)] if sources else []
    parts += [pairs(_rows(setting), screen)]
    parts += [pairs([("note", short)], screen)] if short else []
    if not listed:
        return "\n\n".join([*parts, *(describe_emission(one, screen, short) for one in emissions)])
    parts.append(table(_columns(emissions), screen))
    why = [(one.stack, one.notes[0]) for one in emissions if not one.exact]
    losses = [(stack, printable(note)) for stack, note in why if note != short]
    parts += [pairs(losses, screen)] if losses else []
    example = next((one.stack for one in emissions if one.exact), emissions[0].stack)
    text = "To print the text for a stack, add its name, such as"
    parts.append(then(text, f"--stack {example}", screen))
    return "\n\n".join(parts)


def _title(setting: Setting) -> str:
    name = "A head" if setting.model is None else printable(setting.model.source)
    return f"{name} for {tokens(setting.context)}"


def _rows(setting: Setting) -> list[tuple[str, str]]:
    rope = setting.rope
    rows = [("method", method(rope, setting.context)), ("base", exact(rope.base))]
    rows.append(("head", head(rope.head_dim, rope.rotary_dim, True)))
    if setting.start is not None:
        start = setting.start
        rows.append(("original context", f"{tokens(start.context)}, {start.reason}"))
    if rope.layer_type != EVERY_LAYER:
        rows.append(("layers", printable(rope.layer_type)))
    return rows


def _columns(emissions: Sequence[Emission]) -> list[Column]:
    return [
        Column("stack", [one.stack for one in emissions], left=True),
        Column("version", [one.version for one in emissions], left=True, spare=2),
        Column("takes", [one.kind for one in emissions], left=True, spare=1),
        Column("expresses it", [_how(one) for one in emissions], left=True),
    ]


def _how(emission: Emission) -> str:
    if emission.exact:
        return "exactly" if emission.verified else "exactly, by its source code"
    return "nearly, or in part" if emission.text else "cannot"


def describe_emission(emission: Emission, screen: Screen, said: str | None = None) -> str:
    """The text is never wrapped: it is there to be copied. A note that was said is left out."""
    name = f"{emission.stack} {emission.version}"
    sign = screen.glyphs.yes if emission.exact else screen.glyphs.no
    how = f"expresses this setting {_how(emission)}" if emission.text else "cannot express it"
    style = "bold green" if emission.exact else "bold red"
    parts = [headline(f"{sign} {name} {how}", screen, style)]
    parts += [emission.text] if emission.text else []
    notes = [("note", printable(note)) for note in emission.notes if note != said]
    return "\n\n".join([*parts, *([pairs(notes, screen)] if notes else [])])
