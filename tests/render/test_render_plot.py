"""Plots: golden pictures at pinned widths, and the promise that no violation goes unseen."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ropecalc.render.axes import GUTTER, canvas_columns, column_cuts, column_of, plot_edges
from ropecalc.render.glyphs import ASCII, UNICODE, Glyphs
from ropecalc.render.plot import Mark, plot_envelopes
from ropecalc.results import Envelope
from tests.tools.render_samples import envelope_of, similarity_envelope

LOWER_DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]


BRAILLE_80 = """
   1.0 ┤⠒⠤⠤⣀⣀
       │     ⠉⠑⠒⠤⠤⣀⣀⣀⣀⣀⣀⡀
       │                ⠈⠑⠤⠤⠊⠉⢢ ⡠⠲⣀⡄ ⢀⢀⡀⡄ ⣀    ⡀
   0.5 ┤                       ⠳⠁  ⠘⣄⠇⠁⠷⢱ ⣿⡿⣿⢧ ⣇⣷⣠⡆ ⡆⣷⣰⡄ ⡆⣇⢠⡀⢰⡄⣆⢠⡀⢠⡀⡄⢀ ⢠⣠⡀  ⢠⢠⡀
       │                            ⠋   ⠘⠶⠁ ⠹⢸⣦⠟⠛⣿⢳⣦⣿⡿⡿⡇⣠⣷⣿⣿⡇⢸⣷⣿⣾⡇⢸⣿⣿⣾⡇⢸⣿⣧⣼⡇⢸⢸⣇
       │                                     ⠘⠙  ⠃⢸⡿⠈ ⡇⣿⣿⣿⠻⡟⣿⣾⣿⣿⣿⣷⣼⣿⣿⣿⣷⣾⣿⣿⣿⣧⣾⣿⣿
     0 ┤⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡁⡸⡏⡈⡀⡇⣻⣿⡟⡙⡟⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
       │                                                    ⠘⠉  ⠁⢻⡿⠋⠈⡏⣿⣿⡟⢿⡿⣿⣿⣿⣿
       │                                                         ⠈⠁   ⢻⠏ ⠘⠇⣿⡿⠇⢹
       │                                                                   ⠙⠁ ⠈
       └┬────┬─────┬─────┬─────┬─────┬─────┬─────┬─────┬────▲┬─────┬─────┬────┬
        1    2     4     8    16    32    64    128   256   512   1k    2k   4k
        ▲  first violation at 474
"""

BRAILLE_60 = """
     1 ┤⠒⠒⠢⠤⠤⣀⣀
       │       ⠉⠉⠉⠉⠉⠒⠤⠔⠑⢄⡠⠢⢤ ⣤⣄⡄⢠⣀⣠ ⣄⡀⡀⢀⣀⢀ ⡀⡀ ⢀⢀
       │                 ⠁  ⠛ ⠈⠱⠎⠋⠏⣧⠟⢻⢿⣼⡿⡿⣧⣷⣷⣿⣸⣼⣾⡆⣧⣷⣶⢸⣸⣴⡆⣿⣿
     0 ┤⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡉⡀⡈⡘⡋⡀⡃⣿⡛⣹⣹⣿⡟⡿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
       │                                     ⠈⠉ ⠁⠿⠋⠘⢸⡿⠛⡟⣿⣿⢿
       │                                            ⠈   ⠙⠁⠈
       └┬───────┬────────┬───────┬────────┬──▲────┬───────┬
        1       4       16      64       256     1k      4k
        ▲  first violation at 474
"""

ASCII_80 = """
   1.0 +***
       |   *******
       |          ************* **** **** *    *
   0.5 +                       **  ****** **** **** **** ***************** ****
       |                            *   *** ***********************************
       |                                     **  ***  *************************
     0 +- - - - - - - - - - - - - - - - - - - - - - - -** -**** ***************
       |                                                    **  ***************
       |                                                              **  *****
  -0.5 +
       ++----+-----+-----+-----+-----+-----+-----+-----+----^+-----+-----+----+
        1    2     4     8    16    32    64    128   256   512   1k    2k   4k
        ^  first violation at 474
"""

ASCII_60 = """
     1 +*****
       |     *************** ****** ****** ** **
       |                 *  * *****************************
     0 +- - - - - - - - - - - - - - - **-******************
       |                                     ** ***********
       |
       ++-------+--------+-------+--------+--^----+-------+
        1       4       16      64       256     1k      4k
        ^  first violation at 474
"""

TWO_BRAILLE = """
       │
   1.0 ┤⠐⠆⢤⣄⢀⣀
       │    ⠈⠉⠛⠵⢖⣢⠤⠤⠔⠒⠒⠒⠢⡀  ⡠⠒⠤⡀     ⣦      ⢰       ⡄
       │          ⠉⠉⠉⠉⠉⠉⠑⢌⡢⢚⠔⠒⡄B⢊⢵⢀⠏⠊⠈⣦⣦⢣ ⣠⢦⠿⣆⡆⣴  ⣴⣶⡇⢠⢠⡆ ⣀⣴⣿⢀ ⣴  ⢠⣾⡄⡀⣰  ⢠⢠⣇⢀ ⡄
   0.5 ┤                  ⠈⠁  ⠈A⠎ ⠔⠱⡀⡞⠝⣏⢟⢦⢵⣼⣴⣿⢻⠅⢷⢸⢿B⣸⢿⣾⣧⡆⢿⢿⣿⣾⣶⣿⢰⣾⣿B⣷⣷⣿⣆⢰⣿⣼⣿⣼⣾⣇⡀
       │                       ⠈    ⣷⠁ ⠉⢸⠘⡽⠋⢿⢹ ⣷⣷⢴⣏⠁⣯⣵⢵⢽⣷⣽⢝⣑⢽⣗⣽⢝⢟⢿⣗⢝⢽⣟⢿⣐⢕⢽⣟⢿⣗⣗⠅
       │                                ⠈⠛  ⠈⢸⣿⠃⠈⡿⢹A⢿⠟⡏⣏⢟⣷⣿⣿⣝⢓⣗⢕⢕⢽⢿⣕⢕⢕⢽⣗⢕⢝⢕⢽⣗⢗⢕
       │                                     ⠈⠈  ⠁⠸⡟  ⡇⢿⣷⢿⠙⡟⣿⣿⣷⣗⣽⣿⣾⣷⣷⢽⢕⢕⣽⢽⣷⢝⢕⣕⢕
     0 ┤⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡁⡸⡇⡀⡀⡇⣻⣿⡏⡉⡟⣿A⣿⣿⣿⣷⣕⣿⣿⣿⣷⣗⣗⣕
       │                                                    ⠘⠋  ⠃⢻⡿⠋⠈⡏⣿⣿⡿⣿⡿⣿⣿⣿⣟
       │                                                         ⠘⠁   ⢻⡟⠁⠘⡇⣿⣿⡏⢻
       │                                                              ⠈    ⢻⠃ ⠘
       └┬────┬─────┬─────┬─────┬─────┬─────┬─────┬─────┬────A┬─────┬─────┬───B┬
        1    2     4     8    16    32    64    128   256   512   1k    2k   4k
        A  base 10,000     first violation at 474
        B  base 1,000,000  first violation at 3,478
        ⢕  where curves overlap
"""

TWO_ASCII = """
   1.0 +##B
       |  A####BBBBB  BBB   BB    B    B     B
       |       AAAAA###A####B####BBB#BBBBB BBBBBBBBBB BBBB
   0.5 +                AABAAAA###A####################B###
       |                    A  AA AAA#AAA##################
       |                           A AAA AA#AA#############
     0 +- - - - - - - - - - - - - - - - - A AAAAAAAAA#AAA##
       |                                     AA AAAAAAAAA##
       |                                            AA AAAA
  -0.5 +
       ++-------+--------+-------+--------+--A----+------B+
        1       4       16      64       256     1k      4k
        A  base 10,000     first violation at 474
        B  base 1,000,000  first violation at 3,478
        #  where curves overlap
"""

LINEAR = """
     1 ┤⡇
       │⣧⣄⣀⣀⡀ ⢀⢀
       │⠻⣿⣿⣿⣿⣿⣸⣿⣷⣾⡆⢀⣿⣠⣿⣦⣴⣦⡆  ⢸⣿⣀⣠⣇⣧⣤⢠⣤⣦⣠⡆     ⢀⣇⣇⡀ ⣀⣼ ⢀⣧⣄⡀
     0 ┤⡀⡙⡛⣿⡋⣿⣿⡿⣻⡿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣿⣶⣿⣿⣿⣿⣿⡿⣿⣿⣿⣿⣿⣧⣆⣿⣦⣶⣿⣾⣿⣿⣿⣷⣿⣿⣿⣿⣿⣿⣷⣇
       │     ⠈⠉ ⠈⠁⠹⠏⠋⠁ ⠙⠃⠈⠿⣿⠿⠟⠈⠋⠉⠉⠃⠙⢿⠃⠉⠋⢿⣿⡿⣿⡿⡿⡏⠉⠹⡟⠛⠋⠃⠛⠏⠉⠏⠹⣿
       │                   ⠁             ⠙⠃⠈⠁⠁            ⠉
       └┬────▲──────┬────────────┬────────────┬───────────┬
        0          1k           2k           3k          4k
        ▲  first violation at 474
"""


def draw(
    bases: list[float],
    width: int,
    height: int,
    glyphs: Glyphs,
    *,
    log: bool = True,
    stop: int = 4096,
) -> str:
    """Head dimension 32; the bases first break the bound at 474 and 3,478."""
    edges = plot_edges(0, stop, width, log=log, braille=glyphs.braille)
    firsts = {1e4: 474, 1e6: 3478}
    names = [f"base {base:,.0f}" for base in bases]
    return plot_envelopes(
        [similarity_envelope(base, 32, edges) for base in bases],
        width=width,
        height=height,
        glyphs=glyphs,
        log_x=log,
        marks=[
            Mark(firsts[base], f"first violation at {firsts[base]:,}", curve)
            for curve, base in enumerate(bases)
        ],
        labels=names if len(bases) > 1 else (),
    )


def picture(text: str) -> str:
    """A golden picture without the frame that keeps its spaces."""
    return text.strip("\n")


def test_braille_at_80_columns() -> None:
    assert draw([1e4], 80, 10, UNICODE) == picture(BRAILLE_80)


def test_braille_at_60_columns() -> None:
    assert draw([1e4], 60, 6, UNICODE) == picture(BRAILLE_60)


def test_ascii_at_80_columns() -> None:
    assert draw([1e4], 80, 10, ASCII) == picture(ASCII_80)


def test_ascii_at_60_columns() -> None:
    assert draw([1e4], 60, 6, ASCII) == picture(ASCII_60)


def test_two_curves_in_braille() -> None:
    assert draw([1e4, 1e6], 80, 12, UNICODE) == picture(TWO_BRAILLE)


def test_two_curves_in_ascii() -> None:
    assert draw([1e4, 1e6], 60, 10, ASCII) == picture(TWO_ASCII)


def test_a_linear_axis() -> None:
    assert draw([1e4], 60, 6, UNICODE, log=False) == picture(LINEAR)


def canvas_rows(text: str, height: int) -> list[str]:
    return [line[GUTTER:] for line in text.splitlines()[:height]]


def lit(rows: list[str], columns: int, glyphs: Glyphs) -> NDArray[np.bool_]:
    """The dots of a single curve and its zero line, read back from the text."""
    across, down = (2, 4) if glyphs.braille else (1, 1)
    dots = np.zeros((len(rows) * down, columns * across), dtype=bool)
    for row, line in enumerate(rows):
        for column, sign in enumerate(line):
            if not glyphs.braille:
                dots[row, column] = sign == "*"
            elif sign != " ":
                bits = ord(sign) - 0x2800
                cell = (np.array(LOWER_DOTS) & bits) > 0
                dots[row * 4 : row * 4 + 4, column * 2 : column * 2 + 2] = cell
    return dots


def below_zero(text: str, width: int, height: int, glyphs: Glyphs) -> NDArray[np.bool_]:
    """Whether each dot column has a dot in the character rows below the one labelled 0."""
    lines = text.splitlines()[:height]
    zero = next(row for row, line in enumerate(lines) if line[: GUTTER - 1].strip() == "0")
    down = 4 if glyphs.braille else 1
    dots = lit(canvas_rows(text, height), canvas_columns(width), glyphs)
    found: NDArray[np.bool_] = np.logical_or.reduce(dots[(zero + 1) * down :], axis=0)
    return found


@pytest.mark.slow
@given(
    st.integers(2, 2**20),
    st.integers(40, 200),
    st.integers(6, 60),
    st.booleans(),
    st.sampled_from([UNICODE, ASCII]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.floats(1e-300, 0.9)), max_size=4),
)
def test_a_column_has_a_dot_below_zero_exactly_where_a_value_is_negative(
    stop: int,
    width: int,
    height: int,
    log: bool,
    glyphs: Glyphs,
    violations: list[tuple[float, float]],
) -> None:
    edges = plot_edges(1, stop, width, log=log, braille=glyphs.braille)
    minimum = np.linspace(0.4, 0.0, len(edges) - 1)
    for place, depth in violations:
        minimum[int(place * len(minimum))] = -depth
    envelope = with_values(edges, minimum, np.linspace(0.9, 0.3, len(edges) - 1))
    text = plot_envelopes([envelope], width=width, height=height, glyphs=glyphs, log_x=log)
    across = 2 if glyphs.braille else 1
    cuts = column_cuts(1, stop, canvas_columns(width) * across, log)
    columns = column_of(cuts, edges[:-1])
    found = below_zero(text, width, height, glyphs)
    assert found[columns].tolist() == (minimum < 0).tolist()
    assert found.sum() == (minimum < 0).sum()


def with_values(
    edges: NDArray[np.int64], minimum: NDArray[np.float64], maximum: NDArray[np.float64]
) -> Envelope:
    blank = envelope_of(lambda m: np.zeros(len(m)), np.array([0, 1]))
    return Envelope(blank.spectrum, blank.kind, True, edges, minimum, maximum, 0.0)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["braille", "ascii"])
@pytest.mark.parametrize("log", [True, False])
def test_one_slight_violation_among_a_million_distances_is_seen(glyphs: Glyphs, log: bool) -> None:
    def value(m: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.where(m == 654_321, -1e-12, 0.5 + 0.4 * np.cos(m))

    edges = plot_edges(1, 2**20, 80, log=log, braille=glyphs.braille)
    text = plot_envelopes(
        [envelope_of(value, edges)], width=80, height=12, glyphs=glyphs, log_x=log
    )
    assert below_zero(text, 80, 12, glyphs).sum() == 1


def test_a_violation_shows_through_the_curves_drawn_over_it() -> None:
    edges = plot_edges(1, 2**16, 80)
    high = envelope_of(lambda m: np.where(m == 40_000, -1e-9, 0.2), edges)
    deep = envelope_of(lambda m: 0.9 * np.cos(m / 7), edges)
    for curves in ([high, high], [high, high, high], [deep, high], [high, deep]):
        text = plot_envelopes(curves, width=80, height=12, glyphs=UNICODE)
        cuts = column_cuts(1, 2**16, canvas_columns(80) * 2, log=True)
        column = int(column_of(cuts, np.array([40_000]))[0])
        assert below_zero(text, 80, 12, UNICODE)[column]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["braille", "ascii"])
def test_a_curve_without_violations_leaves_the_rows_below_zero_empty(glyphs: Glyphs) -> None:
    edges = plot_edges(1, 4096, 60, braille=glyphs.braille)
    text = plot_envelopes(
        [envelope_of(lambda m: 0.5 + 0.5 * np.cos(m / 3), edges)], width=60, height=8, glyphs=glyphs
    )
    assert not below_zero(text, 60, 8, glyphs).any()


def test_a_line_runs_without_gaps_from_the_first_distance_to_the_last() -> None:
    edges = plot_edges(1, 4096, 120)
    text = plot_envelopes(
        [envelope_of(lambda m: 1 / np.sqrt(m), edges)], width=120, height=20, glyphs=UNICODE
    )
    dots = lit(canvas_rows(text, 20), canvas_columns(120), UNICODE)
    dots[-5] = False  # the zero line, above the one row below zero
    assert dots.any(axis=0).all()


def test_runs_of_any_caller_are_drawn_whole() -> None:
    coarse = with_values(np.array([1, 10, 100, 1000]), np.array([0.6, -0.2, 0.1]), np.full(3, 0.8))
    fine_edges = np.arange(1, 1001)
    fine = with_values(fine_edges, np.where(fine_edges[:-1] == 777, -0.1, 0.3), np.full(999, 0.8))
    wide = below_zero(plot_envelopes([coarse], width=80, height=9, glyphs=UNICODE), 80, 9, UNICODE)
    narrow = below_zero(plot_envelopes([fine], width=80, height=9, glyphs=UNICODE), 80, 9, UNICODE)
    assert wide.sum() == pytest.approx(142 / 3, abs=1)
    assert narrow.sum() == 1


@pytest.mark.parametrize("width", [40, 41, 63, 80, 120, 200])
@pytest.mark.parametrize("height", [6, 7, 20, 60])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["braille", "ascii"])
def test_any_size_is_kept(width: int, height: int, glyphs: Glyphs) -> None:
    lines = draw([1e4, 1e6], width, height, glyphs).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) >= height + 2 + 3
    assert all(line == line.rstrip() for line in lines)
    if not glyphs.braille:
        assert "\n".join(lines).isascii()


def test_colour_changes_nothing_but_the_colour() -> None:
    edges = plot_edges(1, 4096, 80)
    curves = [similarity_envelope(base, 32, edges) for base in (1e4, 1e6)]
    for shown in (curves, curves[:1]):
        marks = [Mark(1000, "first violation at 1,000")]
        plain = plot_envelopes(shown, width=80, height=9, glyphs=UNICODE, marks=marks)
        coloured = plot_envelopes(
            shown, width=80, height=9, glyphs=UNICODE, marks=marks, colour=True
        )
        assert "\x1b[" in coloured
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_a_single_curve_is_red_where_it_breaks_the_bound() -> None:
    edges = plot_edges(1, 4096, 80)
    curve = similarity_envelope(1e4, 32, edges)
    text = plot_envelopes([curve], width=80, height=9, glyphs=UNICODE, colour=True)
    zero = next(row for row, line in enumerate(text.splitlines()) if line[:7].strip() == "0")
    assert "\x1b[38;5;160m" in "".join(text.splitlines()[zero + 1 : 9])
    assert "\x1b[38;5;160m" not in "".join(text.splitlines()[: zero + 1])


def test_marks_in_one_column_stand_side_by_side() -> None:
    edges = plot_edges(1, 4096, 60)
    curves = [similarity_envelope(base, 32, edges) for base in (1e4, 1.1e4, 1.2e4)]
    marks = [Mark(1000 + curve, f"at {1000 + curve}", curve) for curve in range(3)]
    text = plot_envelopes(curves, width=60, height=8, glyphs=UNICODE, marks=marks)
    axis = text.splitlines()[8]
    assert sorted(sign for sign in axis if sign.isalpha()) == ["A", "B", "C"]


def test_a_mark_outside_the_plot_is_named_all_the_same() -> None:
    edges = plot_edges(1, 4096, 60)
    text = plot_envelopes(
        [similarity_envelope(1e6, 32, edges)],
        width=60,
        height=8,
        glyphs=UNICODE,
        marks=[Mark(10_000, "first violation at 10,000")],
    )
    assert "▲" not in text.splitlines()[8]
    assert "first violation at 10,000" in text


def test_labels_cannot_smuggle_escape_sequences() -> None:
    edges = plot_edges(1, 64, 60)
    curve = similarity_envelope(1e6, 32, edges)
    text = plot_envelopes(
        [curve, curve], width=60, height=6, glyphs=ASCII, labels=["\x1b[2J", "b\nc"]
    )
    assert "\x1b" not in text
    assert "b\\nc" in text
