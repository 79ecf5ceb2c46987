"""A canvas of dots that turns into lines of text: braille, or one ASCII sign a character."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ropecalc.render.console import paint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SEVERAL = "#"  # ASCII sign of a character that several curves share
SEVERAL_BRAILLE = "⢕"  # what such a character looks like in braille, every other dot unlit
COLOURS = ("cyan", "magenta", "yellow", "green", "blue")
BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # bit of each dot, [row][column]


def letter(curve: int) -> str:
    """The letter that a curve is called by; the 53rd starts over."""
    return LETTERS[curve % len(LETTERS)]


def colour_of(curve: int) -> str:
    """The colour of a curve; the sixth starts over."""
    return COLOURS[curve % len(COLOURS)]


class Canvas:
    """Dots of some curves over a zero line, ``across`` by ``down`` dots a character."""

    def __init__(self, columns: int, rows: int, curves: int, *, braille: bool) -> None:
        import numpy as np

        self.braille = braille
        self.across, self.down = (2, 4) if braille else (1, 1)
        self.columns, self.rows = columns, rows
        self.lit = np.zeros((curves, rows * self.down, columns * self.across), dtype=np.bool_)
        self.letters: dict[tuple[int, int], int] = {}  # (character row, column) -> curve
        self.points: dict[tuple[int, int], tuple[str, str]] = {}  # the same -> (sign, style)

    def fill(self, curve: int, column: int, top: int, bottom: int) -> None:
        """Light the dots of a column from row ``top`` to row ``bottom``, both included."""
        self.lit[curve, top : bottom + 1, column] = True

    def lines(self, zero: int | None, *, colour: bool) -> list[str]:
        """The canvas as text, a dotted line along the dot row ``zero`` where there is one."""
        signs = self._signs(zero)
        if not colour:
            return ["".join(row) for row in signs]
        styles = self._styles(zero)
        return [_painted(row, style) for row, style in zip(signs, styles, strict=True)]

    def _signs(self, zero: int | None) -> list[list[str]]:
        signs = self._braille_signs(zero) if self.braille else self._ascii_signs(zero)
        for (row, column), curve in self.letters.items():
            signs[row][column] = letter(curve)
        for (row, column), (sign, _) in self.points.items():
            signs[row][column] = sign
        return signs

    def _braille_signs(self, zero: int | None) -> list[list[str]]:
        import numpy as np

        dots = self.lit.any(axis=0) & ~self._thinned(zero)
        if zero is not None:
            dots[zero, ::2] = True
        cells = dots.reshape(self.rows, 4, self.columns, 2)
        codes = (cells * np.array(DOTS)[None, :, None, :]).sum(axis=(1, 3))  # (rows, columns)
        return [[chr(BRAILLE + code) if code else " " for code in row] for row in codes.tolist()]

    def _thinned(self, zero: int | None) -> NDArray[np.bool_]:
        """Every other dot of what curves share, so that each shows as a shape of its own.

        Not the first row below zero: a violation stays visible.
        """
        import numpy as np

        shared = self.lit.sum(axis=0) > 1
        rows, columns = np.indices(shared.shape)
        kept = -1 if zero is None else zero + 1
        thinned: NDArray[np.bool_] = shared & ((rows + columns) % 2 == 1) & (rows != kept)
        return thinned

    def _ascii_signs(self, zero: int | None) -> list[list[str]]:
        blank = [[" "] * self.columns for _ in range(self.rows)]
        if zero is not None:
            blank[zero] = ["-" if column % 2 == 0 else " " for column in range(self.columns)]
        single = len(self.lit) == 1
        for curve, row, column in zip(*self.lit.nonzero(), strict=True):
            free = blank[row][column] in " -"
            own = "*" if single else letter(int(curve))
            blank[row][column] = own if free else SEVERAL
        return blank

    def _styles(self, zero: int | None) -> list[list[str]]:
        """The style of each character: that of the last curve in it; see ``_style``."""
        last = self.rows if zero is None else zero // self.down
        styles = [
            [self._style(owner, below_zero=row > last) for owner in owners]
            for row, owners in enumerate(self._owners())
        ]
        for (row, column), (_, style) in self.points.items():
            styles[row][column] = style
        return styles

    def _style(self, owner: int, *, below_zero: bool) -> str:
        """The colour of a curve; a single one is red below zero."""
        if owner < 0:
            return "dim"
        return "red" if below_zero and len(self.lit) == 1 else colour_of(owner)

    def _owners(self) -> list[list[int]]:
        """The curve that colours each character, -1 for none."""
        import numpy as np

        shape = (len(self.lit), self.rows, self.down, self.columns, self.across)
        touched = np.logical_or.reduce(self.lit.reshape(shape), axis=(2, 4))
        numbers = np.arange(len(self.lit))[:, None, None]
        owners: list[list[int]] = np.where(touched, numbers, -1).max(axis=0).tolist()
        for (row, column), curve in self.letters.items():
            owners[row][column] = curve
        return owners


def _painted(signs: Sequence[str], styles: Sequence[str]) -> str:
    """A row of characters, painted in runs of one style."""
    runs = groupby(zip(signs, styles, strict=True), key=lambda pair: pair[1])
    texts = [("".join(sign for sign, _ in run), style) for style, run in runs]
    return "".join(paint(text, style) if text.strip() else text for text, style in texts)


def place_letters(canvas: Canvas, middles: Sequence[NDArray[np.float64]], zero: int) -> None:
    """Write each curve's letter on it, once in each third of the canvas where it is apart.

    ``middles`` are the dot rows of the middle of each curve, NaN where there is none, shape
    (dot columns,). Letters never cover a character row below zero: a violation stays visible.
    """
    third = -(-canvas.columns // 3)
    for curve in range(len(middles)):
        for start in range(0, canvas.columns, third):
            spot = _loneliest(canvas, middles, curve, range(start, start + third), zero)
            if spot is not None:
                canvas.letters[spot] = curve


def _loneliest(
    canvas: Canvas,
    middles: Sequence[NDArray[np.float64]],
    curve: int,
    columns: range,
    zero: int,
) -> tuple[int, int] | None:
    """The character in which a curve is farthest from the others, if that is far enough."""
    best, spot = float(canvas.down), None
    for column in columns[: max(0, canvas.columns - columns.start)]:
        rows = [float(middle[column * canvas.across]) for middle in middles]
        row = rows.pop(curve)
        gap = min((abs(row - other) for other in rows if not math.isnan(other)), default=0.0)
        if row <= zero and gap >= best and (gap > best or spot is None):  # a NaN row is not
            best, spot = gap, (int(row) // canvas.down, column)
    return spot
