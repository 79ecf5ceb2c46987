"""Windows of bases drawn as a strip: where on a logarithmic axis of bases the bound holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from ropecalc.render.axes import NARROWEST, TICK_GAP, WIDEST, Ticks, label_start
from ropecalc.render.canvas import BRAILLE
from ropecalc.render.console import Screen
from ropecalc.render.digits import power_of_ten
from ropecalc.render.glyphs import Glyphs
from ropecalc.render.tables import INDENT, prose, tied
from ropecalc.results import Status, Window, Windows

LEVELS = 4  # heights of a column: full, and three for part of it
RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)  # braille dots of a right half, by level
LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
ASCII = " .:+#"  # the same without braille, a column a character
ROOM = 1 / 16  # of the way from the minimum to the safe base that is drawn on either side
LONELY = math.log(2)  # that way where the two are the same
MOST_TICKS = WIDEST // 4
FACTORS = [  # of powers of ten that make round bases, each set for a shorter stretch of them
    factors.split()
    for factors in (
        "1",
        "1 3",
        "1 2 5",
        "1 2 3 5",
        "1 1.5 2 3 5 7",
        "1 1.5 2 3 4 5 6 8",
        "1 2 3 4 5 6 7 8 9",
        "1 1.5 2 2.5 3 4 5 6 7 8 9",
    )
]


class Axis(NamedTuple):
    """A logarithmic axis of bases, ``columns`` characters long."""

    low: float
    """ln of the base at the left edge."""
    high: float
    columns: int

    def column(self, base: float) -> int:
        """The character column of a base."""
        place = (math.log(base) - self.low) / (self.high - self.low) * self.columns
        return min(max(int(place), 0), self.columns - 1)


def strip(result: Windows, screen: Screen) -> str:
    """Where the bound holds, on a logarithmic axis of bases.

    A dot column (without braille, a character) is full exactly where every base in it meets the
    bound, and empty exactly where none does; between, a third of it at most, two thirds, more.
    """
    axis = axis_of(result, min(max(screen.width, NARROWEST), WIDEST) - len(INDENT) - 1)
    glyphs = screen.glyphs
    ticks = best_ticks(axis)
    lines = [
        screen.paint(_band(result.windows, axis, glyphs), "cyan"),
        _axis_line(result, axis, ticks, screen),
        _labels(ticks, axis.columns),
    ]
    drawn = "\n".join((INDENT + line).rstrip() for line in lines)
    return f"{drawn}\n{_legend(result, screen)}"


def axis_of(result: Windows, columns: int) -> Axis:
    """From a little below the minimum to a little above the safe base, or to the limit."""
    first, last = result.windows[0], result.windows[-1]
    low, high = math.log(first.start), math.log(last.end or last.start)
    limited = result.status is Status.SOME_WINDOWS  # what lies beyond is not known
    if limited:
        high = max(high, math.log(result.at_most or 1.0))
    room = (high - low) * ROOM or LONELY
    return Axis(low - room, high if limited else high + room, columns)


def _band(windows: Sequence[Window], axis: Axis, glyphs: Glyphs) -> str:
    if not glyphs.braille:
        return "".join(ASCII[level] for level in band_levels(windows, axis, axis.columns))
    levels = band_levels(windows, axis, 2 * axis.columns)
    codes = [LEFT[a] | RIGHT[b] for a, b in zip(levels[::2], levels[1::2], strict=True)]
    return "".join(chr(BRAILLE + code) if code else " " for code in codes)


def band_levels(windows: Sequence[Window], axis: Axis, columns: int) -> list[int]:
    """How much of each column lies in windows: 0 nothing, 4 all of it, 1 to 3 what is between."""
    step = (axis.high - axis.low) / columns
    shares, full = [0.0] * columns, [False] * columns
    touched = [False] * columns
    for window in windows:
        low, high = math.log(window.start), math.log(window.end) if window.end else math.inf
        for column in range(*_touched(low, high, axis, columns)):
            left, right = axis.low + column * step, axis.low + (column + 1) * step
            touched[column] = True
            full[column] |= low <= left and right <= high
            shares[column] += (min(high, right) - max(low, left)) / step
    return [
        LEVELS if whole else 1 + min(LEVELS - 2, int(share * (LEVELS - 1))) if some else 0
        for share, whole, some in zip(shares, full, touched, strict=True)
    ]


def _touched(low: float, high: float, axis: Axis, columns: int) -> tuple[int, int]:
    """The columns from that of ``low`` to that of ``high``, as a range."""
    scale = columns / (axis.high - axis.low)
    first = int(max(0.0, (low - axis.low) * scale))
    last = columns - 1 if high >= axis.high else int((high - axis.low) * scale)
    return min(first, columns - 1), min(last, columns - 1) + 1


def _axis_line(result: Windows, axis: Axis, ticks: Ticks, screen: Screen) -> str:
    line = [screen.glyphs.axis_horizontal] * axis.columns
    for column, _ in ticks:
        line[column] = screen.glyphs.axis_tick_down
    for base in (result.minimum_base, result.safe_base):
        if base is not None:
            line[axis.column(base)] = screen.paint(screen.glyphs.mark, "red")
    return "".join(line)


def _labels(ticks: Ticks, columns: int) -> str:
    line = [" "] * columns
    for column, label in ticks:
        start = label_start(column, label)
        line[start : start + len(label)] = label
    return "".join(line)


def _legend(result: Windows, screen: Screen) -> str:
    text = f"{screen.glyphs.mark} minimum base"
    if result.safe_base is not None:
        same = result.safe_base == result.minimum_base
        text += ", which is the safe base" if same else f" and, to the right, {tied('safe base')}"
    full, part = ("full", "lower") if screen.glyphs.braille else ("#", "+ : .")
    text += f"; column {tied(f'{full} = every base')} in it works, {tied(f'{part} = some')}, "
    text += tied("empty = none")
    room = replace(screen, width=screen.width - len(INDENT))
    return "\n".join(INDENT + line for line in prose(text, room).splitlines())


def best_ticks(axis: Axis) -> Ticks:
    """As many round bases as fit without crowding, each with its character column."""
    best: Ticks = []
    for bases in _round_bases(math.exp(axis.low), math.exp(axis.high)):
        placed = [(axis.column(base), power_of_ten(base)) for base in bases]
        ticks = [tick for tick in placed if _is_inside(*tick, axis.columns)]
        if len(ticks) > len(best) and _keep_apart(ticks):
            best = ticks
    return best


def _round_bases(low: float, high: float) -> Iterator[list[float]]:
    """Sets of round numbers from ``low`` to ``high``, the roundest first."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for stride in (20, 10, 5, 3, 2, 1):
        powers = [Decimal(1).scaleb(k) for k in decades if k % stride == 0]
        for factors in FACTORS if stride == 1 else FACTORS[:1]:
            yield _within(low, high, [power * Decimal(f) for power in powers for f in factors])
    for power in range(decades[-1], decades[0] - 16, -1):
        for factor in (5, 2, 1):
            step = Decimal(factor).scaleb(power)
            if (high - low) / float(step) > MOST_TICKS:
                return
            multiples = range(math.ceil(low / float(step)), math.floor(high / float(step)) + 1)
            yield [float(step * multiple) for multiple in multiples]


def _within(low: float, high: float, values: Sequence[Decimal]) -> list[float]:
    return [float(value) for value in values if low <= value <= high]


def _is_inside(column: int, label: str, columns: int) -> bool:
    start = label_start(column, label)
    return start >= 0 and start + len(label) <= columns


def _keep_apart(ticks: Ticks) -> bool:
    end = -TICK_GAP
    for column, label in ticks:
        if label_start(column, label) - end < TICK_GAP:
            return False
        end = label_start(column, label) + len(label)
    return True
