"""Windows of bases for people: the numbers, a strip that shows where they lie, and a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ropecalc.render.console import Screen
from ropecalc.render.digits import (
    count,
    exact,
    round_up,
    rounded,
    tokens,
    window_ends,
)
from ropecalc.render.strip import strip
from ropecalc.render.tables import Column, headline, pairs, prose, table, then
from ropecalc.render.words import bound_below, command, setting
from ropecalc.results import Status, Window, Windows

CHECKED_DIGITS = 2


def describe_windows(result: Windows, screen: Screen, min_width: float = 0.0) -> str:
    """The numbers, the strip, and a table of the windows of relative width ``min_width`` or more.

    The strip shows all windows. The endless one counts as wide.
    """
    if result.status is Status.EVERY_BASE or not result.windows:
        return "\n\n".join(_nothing_to_draw(result, screen))
    shown = result.at_least(min_width)
    parts = [
        headline(_headline(result), screen),
        pairs(_values(result), screen),
        strip(result, screen),
        table(_columns(shown, screen), screen) if shown else "",
        _left_out(result, len(shown), min_width, screen),
        _meaning(result, screen),
    ]
    return "\n\n".join(part for part in parts if part)


def _nothing_to_draw(result: Windows, screen: Screen) -> list[str]:
    asked = f"{tokens(result.context)}, {setting([result])}"
    bound = bound_below(result.context, result.margin, screen.glyphs)
    if result.status is Status.EVERY_BASE:
        text = f"{bound} whatever the base: there is one window, from 1 on."
        return [headline(f"Every base is enough for {asked}", screen), prose(text, screen)]
    if result.undecided is not None:
        return [headline(f"Undecided for {asked}", screen), prose(f"{result.undecided}.", screen)]
    if result.status is Status.NO_BASE:
        limit, cure = "1e300", "Try a shorter --ctx, a smaller --margin or more rotated pairs."
    else:
        limit, cure = exact(result.at_most or math.inf), "Try a greater --at-most."
    text = f"No base up to {limit} keeps {bound}. {cure}"
    return [headline(f"No base up to {limit} is enough for {asked}", screen), prose(text, screen)]


def _headline(result: Windows) -> str:
    number = len(result.windows)
    windows = "1 window" if number == 1 else f"{count(number)} windows"
    some = result.status is Status.SOME_WINDOWS
    limit = f" up to {exact(result.at_most or math.inf)}" if some else ""
    return f"{windows} of bases{limit} for {tokens(result.context)}, {setting([result])}"


def _values(result: Windows) -> list[tuple[str, str]]:
    rows = [("minimum base", _ends(result.windows[0])[0])]
    if result.safe_base is not None:
        rows.append(("safe base", round_up(result.safe_base)))
    if result.share is not None:
        rows.append(("between them", f"{_percent(result.share)} of the bases work, by ln(base)"))
    return [*rows, ("found by", result.method)]


def _ends(window: Window) -> tuple[str, str | None]:
    return window_ends(window.start, window.end) if window.end else (round_up(window.start), None)


def _percent(part: float) -> str:
    return f"{100 * part:.2g}%" if part < 0.995 else f"{100 * part:.6g}%"


def _width(window: Window) -> str:
    width = window.relative_width
    if width is None:
        return ""
    return _percent(width) if width < 1 else f"{1 + width:.4g}-fold"


def _columns(windows: Sequence[Window], screen: Screen) -> list[Column]:
    ends = [_ends(window) for window in windows]
    opened = ["" if (m := window.opened_by) is None else count(m) for window in windows]
    closed = ["" if (m := window.closed_by) is None else count(m) for window in windows]
    return [
        Column("from base", [start for start, _ in ends]),
        Column("to base", [end or screen.glyphs.infinity for _, end in ends]),
        Column("relative width", [_width(window) for window in windows], spare=1),
        Column("opened by distance", opened, spare=2),
        Column("closed by distance", closed, spare=3),
    ]


def _left_out(result: Windows, shown: int, min_width: float, screen: Screen) -> str:
    hidden = len(result.windows) - shown
    lines = []
    if hidden:
        windows = "1 window" if hidden == 1 else f"{count(hidden)} windows"
        are = "is" if hidden == 1 else "are"
        lines.append(
            f"{windows} narrower than {_percent(min_width)} {are} not listed (the strip has all)."
        )
    if result.skipped:
        windows = (
            "1 window holds" if result.skipped == 1 else f"{count(result.skipped)} windows hold"
        )
        lines.append(f"{windows} no number of double precision: left out.")
    return prose(" ".join(lines), screen) if lines else ""


def _meaning(result: Windows, screen: Screen) -> str:
    bound = bound_below(result.context, result.margin, screen.glyphs)
    text = f"A base in a window keeps {bound}; below, and between two windows, every base fails"
    if result.status is Status.SOME_WINDOWS:
        limit = exact(result.at_most or math.inf)
        return prose(f"{text}. Windows that begin above {limit} were not sought.", screen)
    if result.undecided is not None:
        return prose(f"{text}. What follows is undecided: {result.undecided}.", screen)
    if result.safe_base is None or result.weighted:
        return prose(f"{text}.", screen)
    base = float(rounded(result.safe_base, CHECKED_DIGITS, "ROUND_CEILING"))
    check = command("check", result, base, result.context)
    return then(f"{text}. From the safe base on, every base works, such as", check, screen)
