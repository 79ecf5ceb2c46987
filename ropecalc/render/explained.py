"""Explanations for people: the words of their files, without the marks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.render.glyphs import UNICODE, Glyphs
from ropecalc.render.tables import INDENT, headline, pairs, prose, then

if TYPE_CHECKING:
    from ropecalc.render.console import Screen
    from ropecalc.results import Explanation

CODE = re.compile(r"`([^`]*)`")
VERBATIM, ITEM = "    ", "- "


def describe_explanation(what: Explanation, screen: Screen) -> str:
    """The title, then paragraphs and items wrapped to the screen; examples are kept as they are."""
    parts = [headline(what.title, screen)]
    for block in spelled(what.text, screen.glyphs).split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith(VERBATIM):
            parts.append("\n".join(INDENT + line.removeprefix(VERBATIM) for line in lines))
        elif lines[0].startswith(ITEM):
            parts.append("\n".join(_item(line.removeprefix(ITEM), screen) for line in lines))
        else:
            parts.append(prose(plain(block), screen))
    return "\n\n".join(parts)


def describe_topics(all_of_them: Sequence[Explanation], screen: Screen) -> str:
    """What there are explanations of."""
    return "\n\n".join(
        [
            headline(f"{len(all_of_them)} topics", screen),
            pairs([(one.topic, one.title) for one in all_of_them], screen),
            then("One of them:", "ropecalc explain bound", screen),
        ]
    )


def plain(text: str) -> str:
    """Markdown without the marks of code.

    >>> plain("take `--dim 128`")
    'take --dim 128'
    """
    return CODE.sub(r"\1", text)


def spelled(text: str, glyphs: Glyphs) -> str:
    """The text with the signs that a stream can carry."""
    for sign in ("theta", "at_least", "about"):
        text = text.replace(getattr(UNICODE, sign), getattr(glyphs, sign))
    return text


def _item(text: str, screen: Screen) -> str:
    lines = prose(plain(text), narrower(screen)).splitlines()
    return "\n".join((ITEM if first == 0 else "  ") + line for first, line in enumerate(lines))


def narrower(screen: Screen) -> Screen:
    """The same screen with room for the mark of an item."""
    from dataclasses import replace

    return replace(screen, width=screen.width - len(ITEM))
