"""What a stream can show: colour, width, signs; and how text gets onto it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.glyphs import Glyphs, encodable, glyphs_for

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST, FALLBACK = 40, os.terminal_size((80, 25))
PROSE = 100  # columns: longer lines of prose are hard to read
# Of the 256 colours those readable on white and black alike: the plain yellow, cyan and
# green of many terminals cannot be read on a light background.
STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "38;5;160",
    "green": "38;5;28",
    "yellow": "38;5;136",
    "blue": "38;5;33",
    "magenta": "38;5;162",
    "cyan": "38;5;31",
    "bold red": "1;38;5;160",
    "bold green": "1;38;5;28",
}


@dataclass(frozen=True, slots=True)
class Screen:
    """One stream and what it can show."""

    file: TextIO
    is_terminal: bool
    colour: bool
    width: int
    """Columns, at least 40."""
    height: int
    glyphs: Glyphs

    def write(self, text: str) -> None:
        """Write ``text`` and a line end; what the encoding lacks is escaped, never an error."""
        self.file.write(encodable(text, self.file) + "\n")

    def paint(self, text: str, style: str) -> str:
        """``text`` in one of ``STYLES`` where the stream shows colour."""
        return paint(text, style) if self.colour else text


def paint(text: str, style: str) -> str:
    """``text`` between the escape sequences of one of ``STYLES``."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def screen(file: TextIO, environ: Mapping[str, str] | None = None) -> Screen:
    """What ``file`` can show, from the stream itself and the environment.

    COLUMNS and LINES win over the terminal's own size; neither known means 80 x 25.
    """
    environ = os.environ if environ is None else environ
    is_terminal = file.isatty()
    size = _terminal_size(file) if is_terminal else FALLBACK
    return Screen(
        file=file,
        is_terminal=is_terminal,
        colour=wants_colour(is_terminal, environ),
        width=max(NARROWEST, _positive(environ.get("COLUMNS")) or size.columns),
        height=_positive(environ.get("LINES")) or size.lines,
        glyphs=glyphs_for(getattr(file, "encoding", None)),
    )


def wants_colour(is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Whether to send colour to a stream; the first rule that speaks decides.

    NO_COLOR set and not empty: no. FORCE_COLOR=0: no. FORCE_COLOR set otherwise and not empty:
    yes. TERM=dumb, or not a terminal: no.

    >>> wants_colour(False, {"FORCE_COLOR": "1"}), wants_colour(True, {"FORCE_COLOR": "0"})
    (True, False)
    """
    forced = environ.get("FORCE_COLOR", "")
    if environ.get("NO_COLOR") or forced == "0":
        return False
    if forced:
        return True
    return is_terminal and environ.get("TERM") != "dumb" and not _is_legacy_windows()


def rich_console(screen: Screen, file: TextIO) -> Console:
    """A rich console that writes to ``file`` and has the capabilities of ``screen``.

    Nothing is left for rich to detect: it would read FORCE_COLOR=0 as yes, keep bold under
    NO_COLOR, and ignore a width without a height under TERM=dumb.
    """
    from rich.console import Console

    return Console(
        file=file,
        width=screen.width,
        height=screen.height,
        force_terminal=screen.is_terminal or screen.colour,
        force_jupyter=False,
        color_system="standard" if screen.colour else None,
        no_color=not screen.colour,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _terminal_size(file: TextIO) -> os.terminal_size:
    try:
        size = os.get_terminal_size(file.fileno())
    except (OSError, ValueError, AttributeError):
        return FALLBACK
    return size if size.columns > 0 and size.lines > 0 else FALLBACK


def _positive(text: str | None) -> int | None:
    """The positive integer that ``text`` spells, or None."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else None


def _is_legacy_windows() -> bool:
    """Whether this is a Windows console that prints escape sequences instead of obeying them."""
    if sys.platform != "win32":
        return False
    from rich.console import detect_legacy_windows

    return detect_legacy_windows()
