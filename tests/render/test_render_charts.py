"""Plots of turns and of bases: golden text in braille and ASCII, and what they promise."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

import ropecalc
from ropecalc import scaling
from ropecalc.landmarks import Landmark
from ropecalc.render.axes import vertical_above, vertical_around
from ropecalc.render.charts import describe_bases, describe_turns, first_unturned
from ropecalc.render.console import STYLES, Screen, screen
from ropecalc.render.plot import Mark
from ropecalc.results import Kind, Staircase, Step
from tests.tools.render_samples import Stream, frequencies


def on(width: int, encoding: str = "utf-8", *, colour: bool = False) -> Screen:
    return replace(screen(Stream(encoding), {}), width=width, height=24, colour=colour)


def stair(kind: Kind, *steps: tuple[int, float]) -> Staircase:
    return Staircase(kind, 64, steps[-1][0], tuple(Step(*step, 1) for step in steps))


STAIRS = [
    stair("minimum", (512, 900.0), (1024, 2e3), (4096, 3e4), (16384, 1e6)),
    stair("safe", (256, 2e3), (1024, 9e3), (2048, 9e4), (16384, 2e7)),
]
POINTS = [
    Landmark(2048, 1e4, ("Old-7B", "Old-13B", "Older")),
    Landmark(4096, 1e4, ("Plain-7B",)),
    Landmark(4096, 5e5, ("Raised-7B",)),
    Landmark(16384, 1e6, ("Exact-7B",)),
]

TURNS_UTF = """
Base 10,000, head_dim 12: turns of each pair within 4,096
tokens

       │⠉⠒⠢⠤⣀⡀
   100 ┤     ⠈⠉⠑⠒⠤⢄⣀
       │            ⠉⠑⠒⠤⢄⣀
       │                  ⠉⠉⠒⠢⠤⣀⡀
       │                        ⠈⠉⠒⠢⠤⣀⡀
     1 ┤⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡈⡉⡒⡒⡤⣄⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀
       │                                    ⠉⠉⠑⠒⠤⢄⣀
       │
       └┬───────┬────────┬───────◆────────┬───────▲───────┬
        0       1        2       3        4       5       6
        ▲  pair 5: the first that turns less than once
        ◆  pair 3: the same in training, on 256 tokens

Dotted: one turn. A longer context takes the pairs below it
to unseen angles.
"""

TURNS_ASCII = """
Base 10,000, head_dim 12: turns of each pair within 4,096
tokens

       |
       |******
   100 +      *******
       |             *******
       |                    ******
       |                          *******
     1 +- - - - - - - - - - - - - - - - -***- - - - - - - -
       |                                    *******
       ++-------+--------+-------!--------+-------^-------+
        0       1        2       3        4       5       6
        ^  pair 5: the first that turns less than once
        !  pair 3: the same in training, on 256 tokens

Dotted: one turn. A longer context takes the pairs below it
to unseen angles.
"""

BASES_UTF = """
Minimum and safe bases over the context, head_dim 64,
contexts of 8 to 16,384 tokens

   1e8 ┤
       │                                     ⡖B⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒
       │                                     ⡇
   1e6 ┤                                     ⡇   c⠒⠒⠒⠒⠒⠒⠒⠒d
       │                                     ⡇   ⢸
       │                                ⢏⣉⣉⣉⣉⣁A⣀⣀⣸
   1e4 ┤                       ⡤B⠤⠤⠤⠤⠤⠤⠤⡅    a   b
       │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡇   ⢀⣀⣀⣀⣀⡇
       │⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒A⠒⠒⠚
   100 ┤
       └────┬────────┬─────────┬────────┬────────┬────────┬
           16       64        256      1k       4k      16k
        A  minimum base
        B  safe base
        ⢕  where curves overlap

Below the minimum base at their context: a Old-7B +2; b
Plain-7B.

The bound is met: c Raised-7B; d Exact-7B.

Below the minimum base every base breaks the bound. From the
safe base on none does; between the two it depends on the
base. '+2' counts other models with the same context and
base. One context, such as
  ropecalc min-base --dim 64 --ctx 16384
"""

BASES_ASCII = """
Minimum and safe bases over the context, head_dim 64,
contexts of 8 to 16,384 tokens

   1e8 +
       |                                     BBBBBBBBBBBBBB
       |                                     B
   1e6 +                                     B   cAAAAAAAAd
       |                                     B   A
       |                                ######AAAA
   1e4 +                       BBBBBBBBB#    a   b
       |BBBBBBBBBBBBBBBBBBBBBBBB   AAAAAA
       |AAAAAAAAAAAAAAAAAAAAAAAAAAAA
   100 +
       +----+--------+---------+--------+--------+--------+
           16       64        256      1k       4k      16k
        A  minimum base
        B  safe base
        #  where curves overlap

Below the minimum base at their context: a Old-7B +2; b
Plain-7B.

The bound is met: c Raised-7B; d Exact-7B.

Below the minimum base every base breaks the bound. From the
safe base on none does; between the two it depends on the
base. '+2' counts other models with the same context and
base. One context, such as
  ropecalc min-base --dim 64 --ctx 16384
"""


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", TURNS_UTF), ("ascii", TURNS_ASCII)])
def test_turns(encoding: str, expected: str) -> None:
    result = frequencies(1e4, 12, 4096)
    text = describe_turns(result, on(60, encoding), trained=256, height=8)
    assert f"\n{text}\n" == expected
    assert text.isascii() == (encoding == "ascii")


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", BASES_UTF), ("ascii", BASES_ASCII)])
def test_bases(encoding: str, expected: str) -> None:
    text = describe_bases(STAIRS, POINTS, on(60, encoding), height=10)
    assert f"\n{text}\n" == expected
    assert text.isascii() == (encoding == "ascii")


def test_a_model_on_the_line_is_not_below_it() -> None:
    text = describe_bases(STAIRS, POINTS, on(120))
    assert "Below the minimum base at their context: a Old-7B +2; b Plain-7B." in text
    assert "The bound is met: c Raised-7B; d Exact-7B." in text


def test_none_below_is_said_and_none_known_too() -> None:
    text = describe_bases(STAIRS, POINTS[2:], on(120))
    assert "No known model is below the minimum base at its context." in text
    assert "known model" not in describe_bases(STAIRS, [], on(120)).replace("models", "")


def test_points_in_one_place_stand_side_by_side() -> None:
    crowd = [Landmark(4096, 1e4 + k, (f"m{k}",)) for k in range(5)]
    rows = describe_bases(STAIRS, crowd, on(80)).splitlines()
    assert any("abcde" in "".join(sorted(row[8:])) for row in rows)


def test_more_points_than_signs_share_the_last() -> None:
    crowd = [Landmark(2 + 300 * k, 1e4 + k, (f"m{k}",)) for k in range(40)]
    text = describe_bases(STAIRS, crowd, on(120))
    assert "z m25" in text.replace("\n", " ")
    assert "+ m39" in text.replace("\n", " ")


def test_colour_tells_below_from_above() -> None:
    text = describe_bases(STAIRS, POINTS, on(80, colour=True))
    assert f"\x1b[{STYLES['bold red']}ma" in text
    assert f"\x1b[{STYLES['bold green']}mc" in text


def test_pairs_below_the_dotted_line_are_those_that_turn_less_than_once() -> None:
    """In each column of the canvas, against the wavelengths themselves."""
    result = ropecalc.frequencies(scaling.default(1e6, 128), context=8192)
    wide = on(200)
    lines = describe_turns(result, wide, height=12).split("\n\n")[1].splitlines()[:12]
    rule = next(k for k, line in enumerate(lines) if line.startswith("     1 "))
    below = [
        column for column in range(8, 198) if any(lit(line, column) for line in lines[rule + 1 :])
    ]
    first = next(i for i in range(64) if 2 * math.pi * 1e6 ** (i / 64) > 8192)
    assert first_unturned(result.angular_frequencies.tolist(), 8192) == first
    assert min(below) == pytest.approx(8 + 191 * first / 64, abs=3.1)


def lit(line: str, column: int) -> bool:
    return column < len(line) and line[column] != " "


def test_all_pairs_that_turn_are_said_to() -> None:
    result = ropecalc.frequencies(scaling.default(100.0, 8), context=4096)
    assert "every pair turns at least once" in describe_turns(result, on(80))


def test_pairs_that_never_turn_are_counted_not_drawn() -> None:
    thetas = tuple(map(Decimal, ("1", "0.1", "0", "0")))
    result = ropecalc.frequencies(ropecalc.Spectrum(8, 8, thetas), context=4096)
    text = describe_turns(result, on(80))
    assert "Not drawn: 2 pairs that do not turn at all." in text
    still = ropecalc.frequencies(ropecalc.Spectrum(8, 8, (Decimal(0),) * 4), context=64)
    assert "Not drawn: 4 pairs" in describe_turns(still, on(80))


@pytest.mark.parametrize("rows", [6, 16, 60])
@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (0.1, 9.6), (3.0, 4.0), (-2.5, 3.7)])
def test_axes_of_decades_keep_everything_inside(rows: int, low: float, high: float) -> None:
    for axis in (vertical_above(low, high, rows, 4), vertical_around(low, high, rows, 4)):
        top, bottom = axis.rows_of(np.array([high, low]))
        assert 0 <= top <= bottom < 4 * rows
        ticks = axis.ticks()
        assert ticks
        assert all(0 <= row < rows for row, _ in ticks)
        labels = [float(label.replace(",", "")) for _, label in ticks]
        assert all(math.log10(value) == pytest.approx(round(math.log10(value))) for value in labels)


def test_one_turn_is_the_border_of_what_lies_below() -> None:
    axis = vertical_around(-2.0, 3.0, 16, 4)
    rows = axis.rows_of(np.array([math.log10(turns) for turns in (1.0, 0.999)]))
    assert rows.tolist() == [axis.zero, axis.zero + 1]


def test_a_mark_about_the_axis_has_a_sign_of_its_own() -> None:
    from ropecalc.render.plot import plot_envelopes
    from tests.tools.render_samples import similarity_envelope

    edges = np.arange(1, 513)
    found = [similarity_envelope(base, 64, edges) for base in (1e3, 1e5)]
    marks = [Mark(100, "first", 0), Mark(64, "trained context 64", None)]
    text = plot_envelopes(
        found, width=60, height=8, glyphs=on(60).glyphs, marks=marks, labels=["one", "other"]
    )
    assert "◆  trained context 64" in text
    axis = next(line for line in text.splitlines() if "└" in line)
    assert "◆" in axis
    assert "A" in axis
