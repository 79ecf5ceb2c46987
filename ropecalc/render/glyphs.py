"""The signs that output is made of: one set for UTF encodings, one that ASCII can carry."""

from __future__ import annotations

import codecs
from typing import NamedTuple, TextIO


class Glyphs(NamedTuple):
    """Every sign outside ASCII that ropecalc prints has its place, and its replacement, here."""

    braille: bool
    """Whether plots draw braille dots (2 x 4 a character) or one ASCII sign a character."""
    theta: str
    at_least: str
    times: str
    about: str
    infinity: str
    yes: str
    no: str
    mark: str
    flag: str
    """Marks on an axis that are about no curve."""
    rule: str
    axis_vertical: str
    axis_tick_left: str
    axis_corner: str
    axis_horizontal: str
    axis_tick_down: str


UNICODE = Glyphs(
    braille=True,
    theta="θ",
    at_least="≥",
    times="·",
    about="≈",
    infinity="∞",
    yes="✓",
    no="✗",
    mark="▲",
    flag="◆",
    rule="─",
    axis_vertical="│",
    axis_tick_left="┤",
    axis_corner="└",
    axis_horizontal="─",
    axis_tick_down="┬",
)

ASCII = Glyphs(
    braille=False,
    theta="theta",
    at_least=">=",
    times="*",
    about="~",
    infinity="inf",
    yes="yes:",
    no="no:",
    mark="^",
    flag="!",
    rule="-",
    axis_vertical="|",
    axis_tick_left="+",
    axis_corner="+",
    axis_horizontal="-",
    axis_tick_down="+",
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """The signs that an encoding can carry: all of them in UTF-8 and its kin, else ASCII.

    A stream without an encoding (``io.StringIO``) holds any character.

    >>> glyphs_for("UTF8").theta, glyphs_for("cp1252").theta
    ('θ', 'theta')
    """
    if encoding is None:
        return UNICODE
    try:
        return UNICODE if codecs.lookup(encoding).name.startswith("utf") else ASCII
    except LookupError:
        return ASCII


def encodable(text: str, file: TextIO) -> str:
    r"""``text`` with every character that ``file`` cannot carry written as an escape.

    >>> import io
    >>> encodable("modèle θ", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    'modèle \\u03b8'
    """
    encoding = getattr(file, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except (LookupError, UnicodeError):
        return text.encode("ascii", "backslashreplace").decode("ascii")


def printable(text: str) -> str:
    r"""``text`` from outside (a label, a path) on one line and without control characters.

    >>> printable("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )
