"""Axes of plots: which distances a column covers, which row a value falls in, where ticks go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NARROWEST, WIDEST = 40, 200  # columns of a whole plot
GUTTER = 8  # columns left of the canvas: a value of up to six signs, a space, the axis
MARGIN = 1  # columns right of it: some terminals wrap a full line
TICK_ROWS = 3  # rows between two ticks of the vertical axis, at least
TICK_GAP = 3  # columns between the labels of two ticks of the horizontal axis, at least
Ticks = list[tuple[int, str]]  # (character column or row, label)


def canvas_columns(width: int) -> int:
    """Character columns of the canvas in a plot of ``width`` columns, kept within 40 to 200."""
    return min(max(width, NARROWEST), WIDEST) - GUTTER - MARGIN


def plot_edges(
    start: int, stop: int, width: int, *, log: bool = True, braille: bool = True
) -> NDArray[np.int64]:
    """Edges of the runs of distances of the columns of a plot.

    Strictly increasing integers from ``start`` (1 if it is 0 and ``log``) to ``stop``: an
    ``Envelope`` over them holds what ``plot_envelopes`` draws at the same ``width`` (columns of
    the whole plot), with nothing left to merge. There are two runs a character in braille, one
    without, and fewer where runs would hold no integer.

    >>> plot_edges(0, 5, 40).tolist()
    [1, 2, 3, 4, 5]
    >>> plot_edges(0, 32768, 60, log=False)[:4].tolist()
    [0, 322, 643, 964]
    """
    import numpy as np

    across = 2 if braille else 1
    return np.unique(column_cuts(start, stop, canvas_columns(width) * across, log))


def column_cuts(start: int, stop: int, columns: int, log: bool) -> NDArray[np.int64]:
    """Column c of the canvas is for the distances cuts[c] <= m < cuts[c + 1], maybe none.

    Shape (columns + 1,), not decreasing, from ``start`` to ``stop``.
    """
    import numpy as np

    start = max(start, 1) if log else start
    if stop <= start:
        where = " on a logarithmic axis" if log else ""
        raise InvalidValueError(
            "context", f"context must be at least {start + 1} to be drawn{where}, got {stop}"
        )
    share = np.arange(columns + 1) / columns
    inside = start * (stop / start) ** share if log else start + (stop - start) * share
    # a round boundary is meant exactly: the last bit of a power must not push it up by one
    cuts = np.ceil(inside * (1 - 1e-12)).astype(np.int64)
    cuts[0], cuts[-1] = start, stop
    return cuts


def column_of(cuts: NDArray[np.int64], distances: NDArray[np.int64]) -> NDArray[np.int64]:
    """The column of each distance; the last one for those at or beyond the end."""
    import numpy as np

    found = np.searchsorted(cuts, distances, side="right") - 1
    return np.clip(found, 0, len(cuts) - 2).astype(np.int64)


def tokens(distance: int) -> str:
    """A distance as ticks show it: powers of two in k and M, others with their digits.

    >>> [tokens(m) for m in (16, 1024, 24576, 1048576, 27000)]
    ['16', '1k', '24k', '1M', '27,000']
    """
    if distance and distance % 2**20 == 0:
        return f"{distance >> 20}M"
    if distance and distance % 2**10 == 0:
        return f"{distance >> 10}k"
    return f"{distance:,}"


def horizontal_ticks(cuts: NDArray[np.int64], across: int, log: bool) -> Ticks:
    """As many round distances as fit without crowding, each with its character column."""
    start, stop = int(cuts[0]), int(cuts[-1])
    best: Ticks = []
    candidates = _log_candidates(start, stop) if log else []
    for distances in [*candidates, *_linear_candidates(start, stop)]:
        ticks = _placed(distances, cuts, across)
        if fits(ticks) and len(ticks) > 1:
            return ticks
        best = best or ticks[:1]
    return best


def round_distances(start: int, stop: int, *, log: bool, most: int) -> list[int]:
    """At most so many round distances from ``start`` to ``stop``, where two or more are there.

    >>> round_distances(1, 131072, log=True, most=10)
    [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]
    """
    candidates = _log_candidates(start, stop) if log else []
    for distances in [*candidates, *_linear_candidates(start, stop)]:
        if 1 < len(distances) <= most:
            return distances
    return [start, stop]


def _log_candidates(start: int, stop: int) -> list[list[int]]:
    """Powers of two, four, eight, ... in the range, densest first."""
    highest = stop.bit_length()
    return [
        [2**power for power in range(0, highest, stride) if start <= 2**power <= stop]
        for stride in (1, 2, 3, 5, 10)
    ]


def _linear_candidates(start: int, stop: int) -> list[list[int]]:
    """Multiples of a round step, densest first; far out in a narrow range, of a decimal one."""
    narrow = stop - start < 4096 < stop
    decimal = [factor * 10**power for power in range(20) for factor in (1, 2, 5)]
    steps = decimal if narrow else [2**power for power in range(63)]
    return [
        list(range(-(-start // step) * step, stop + 1, step))
        for step in steps
        if step <= stop and (stop - start) / step <= WIDEST / 4
    ]


def _placed(distances: Sequence[int], cuts: NDArray[np.int64], across: int) -> Ticks:
    import numpy as np

    columns = column_of(cuts, np.array(distances, dtype=np.int64)) // across
    return [(int(column), tokens(m)) for column, m in zip(columns, distances, strict=True)]


def fits(ticks: Ticks) -> bool:
    """Whether the labels, each centred on its column, keep their distance."""
    end = -10_000
    for column, label in ticks:
        if label_start(column, label) - end < TICK_GAP:
            return False
        end = label_start(column, label) + len(label)
    return True


def label_start(column: int, label: str) -> int:
    """First column of a label that is centred on ``column``."""
    return column - len(label) // 2


@dataclass(frozen=True, slots=True)
class Vertical:
    """The vertical axis: values to dot rows, counted from the top.

    Zero lies on the last dot row of a character row, so that whatever is below zero is drawn in
    character rows of its own, and at least one such row is there.
    """

    rows: int
    """Character rows."""
    down: int
    """Dot rows in a character row."""
    zero: int
    """The dot row of the value 0."""
    scale: float
    """Dot rows a unit."""
    step: float
    """Difference of two ticks."""
    top: float
    origin: float = 0.0
    """What to take from a value first: the value on the dot row ``zero``."""
    decades: bool = False
    """Whether values are decimal logarithms, and labels the numbers themselves."""

    def rows_of(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The dot row of each value: below ``zero`` exactly where the value is negative."""
        import numpy as np

        values = values - self.origin
        away = np.rint(np.abs(values) * self.scale)
        row = np.where(values < 0, self.zero + np.maximum(away, 1), self.zero - away)
        return np.clip(row, 0, self.rows * self.down - 1).astype(np.int64)

    def ticks(self) -> Ticks:
        """(character row, label) of the multiples of ``step`` that lie on the canvas."""
        import numpy as np

        lowest = (self.rows * self.down - 1 - self.zero) / self.scale
        first = -math.floor(lowest / self.step)
        last = math.floor(self.top / self.step + 1e-9)
        values = np.arange(first, last + 1, dtype=np.float64) * self.step + self.origin
        rows = (self.rows_of(values) // self.down).tolist()
        return list(zip(rows, map(self._label, values.tolist()), strict=True))

    def _label(self, value: float) -> str:
        if self.decades:
            return decade(round(value))
        decimals = max(0, -math.floor(math.log10(self.step)))
        return f"{value:,.{decimals}f}" if value else "0"


def decade(power: int) -> str:
    """A power of ten as ticks show it.

    >>> [decade(power) for power in (-4, -1, 0, 2, 3, 6)]
    ['1e-4', '0.1', '1', '100', '1,000', '1e6']
    """
    return f"{10.0**power:,.{max(0, -power)}f}" if -3 < power < 4 else f"1e{power}"


SMALLEST = 1e-200  # a top below it would make the dots a unit overflow


def vertical(bottom: float, top: float, rows: int, down: int) -> Vertical:
    """The axis for values from ``bottom`` to ``top`` that uses most of its rows.

    ``top`` is raised to the next tick where that is near; ``bottom`` counts if it is below zero.
    """
    top = top if top > SMALLEST else 1.0
    bottom = min(bottom, 0.0)
    step = _round_step((top - bottom) * TICK_ROWS / rows)
    next_tick = math.ceil(top / step - 1e-9) * step
    top = next_tick if 0 < next_tick < 1.1 * top else top
    scale, above = max(
        (min((above * down - 1) / top, _ratio((rows - above) * down, -bottom)), above)
        for above in range(2, rows)
    )
    return Vertical(rows, down, above * down - 1, scale, step, top)


def vertical_above(bottom: float, top: float, rows: int, down: int) -> Vertical:
    """The axis of decimal logarithms for values from ``bottom`` to ``top``, whole decades."""
    low, high = math.floor(bottom + 1e-9), math.ceil(top - 1e-9)
    high = max(high, low + 1)
    step = _whole_step((high - low) * TICK_ROWS / rows)
    dots = rows * down - 1
    scale = dots / (high - low)
    return Vertical(rows, down, dots, scale, step, high - low, float(low), decades=True)


def vertical_around(bottom: float, top: float, rows: int, down: int) -> Vertical:
    """The axis of decimal logarithms with the number 1, of logarithm 0, in the place of zero."""
    axis = vertical(bottom, top, rows, down)
    return replace(axis, step=_whole_step(axis.step), decades=True)


def _whole_step(least: float) -> float:
    return float(max(1, math.ceil(least - 1e-9)))


def _ratio(dots: int, depth: float) -> float:
    return dots / depth if depth else math.inf


def _round_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below ``least``."""
    unit = 10.0 ** math.floor(math.log10(least))
    return next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= least * (1 - 1e-9))
