"""Columns and rows of plots: nothing lost between them, ticks that never crowd."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ropecalc.errors import InvalidValueError
from ropecalc.render.axes import (
    canvas_columns,
    column_cuts,
    column_of,
    horizontal_ticks,
    label_start,
    plot_edges,
    tokens,
    vertical,
)

ranges = st.tuples(st.integers(0, 2**20), st.integers(2, 2**30)).map(lambda r: (r[0], sum(r)))
widths = st.integers(40, 200)


@given(ranges, widths, st.booleans(), st.booleans())
def test_edges_increase_and_cover_the_range(
    span: tuple[int, int], width: int, log: bool, braille: bool
) -> None:
    start, stop = span
    edges = plot_edges(start, stop, width, log=log, braille=braille)
    assert edges.dtype == np.int64
    assert edges[0] == (max(start, 1) if log else start)
    assert edges[-1] == stop
    assert (np.diff(edges) > 0).all()
    assert len(edges) - 1 <= canvas_columns(width) * (2 if braille else 1)


@given(ranges, widths, st.booleans())
def test_every_run_between_edges_has_a_column_of_its_own(
    span: tuple[int, int], width: int, log: bool
) -> None:
    edges = plot_edges(*span, width, log=log)
    cuts = column_cuts(*span, canvas_columns(width) * 2, log)
    first, last = column_of(cuts, edges[:-1]), column_of(cuts, edges[1:] - 1)
    assert (first == last).all()
    assert (np.diff(first) > 0).all()


def test_at_the_low_end_of_a_log_axis_each_distance_is_an_edge() -> None:
    edges = plot_edges(1, 32768, 80)
    assert edges[:10].tolist() == list(range(1, 11))
    assert len(edges) == 120  # of 143: the others would hold no integer


def test_powers_of_two_are_edges_where_a_column_begins_there() -> None:
    # ten columns an octave: every tenth begins exactly at a power of two
    cuts = column_cuts(1, 2**20, 200, log=True)
    assert cuts[::10].tolist() == [2**power for power in range(21)]


@pytest.mark.parametrize(("start", "stop", "log"), [(1, 1, True), (0, 1, True), (5, 5, False)])
def test_an_empty_range_is_refused(start: int, stop: int, log: bool) -> None:
    with pytest.raises(InvalidValueError, match="context must be at least"):
        plot_edges(start, stop, 80, log=log)


@given(ranges, st.integers(31, 191), st.booleans(), st.sampled_from([1, 2]))
def test_ticks_are_round_and_keep_their_distance(
    span: tuple[int, int], columns: int, log: bool, across: int
) -> None:
    cuts = column_cuts(*span, columns * across, log)
    ticks = horizontal_ticks(cuts, across, log)
    ends = [label_start(column, label) + len(label) for column, label in ticks]
    starts = [label_start(column, label) for column, label in ticks[1:]]
    assert all(start - end >= 2 for end, start in zip(ends[:-1], starts, strict=True))
    assert all(0 <= column < columns for column, _ in ticks)


@pytest.mark.parametrize(
    ("stop", "columns", "labels"),
    [
        (2**20, 71, "1 4 16 64 256 1k 4k 16k 64k 256k 1M"),
        (2**20, 31, "1 32 1k 32k 1M"),
        (2**16, 71, "1 4 16 64 256 1k 4k 16k 64k"),
        (2**15, 111, "1 2 4 8 16 32 64 128 256 512 1k 2k 4k 8k 16k 32k"),
        (2**30, 71, "1 8 64 512 4k 32k 256k 2M 16M 128M 1024M"),
        (2**30, 31, "1 1k 1M 1024M"),
    ],
)
def test_ticks_of_a_log_axis(stop: int, columns: int, labels: str) -> None:
    ticks = horizontal_ticks(column_cuts(1, stop, columns * 2, log=True), 2, log=True)
    assert [label for _, label in ticks] == labels.split()


@pytest.mark.parametrize(
    ("start", "stop", "labels"),
    [
        (0, 32768, "0 4k 8k 12k 16k 20k 24k 28k 32k"),
        (0, 1000, "0 128 256 384 512 640 768 896"),
        (27000, 27200, "27,000 27,050 27,100 27,150 27,200"),
    ],
)
def test_ticks_of_a_linear_axis(start: int, stop: int, labels: str) -> None:
    ticks = horizontal_ticks(column_cuts(start, stop, 142, log=False), 2, log=False)
    assert [label for _, label in ticks] == labels.split()


def test_a_narrow_range_of_a_log_axis_has_ticks_too() -> None:
    ticks = horizontal_ticks(column_cuts(27000, 27200, 142, log=True), 2, log=True)
    assert len(ticks) > 1


@given(
    st.floats(-1e5, 0.9),
    st.floats(0.0, 1e5),
    st.integers(6, 60),
    st.sampled_from([1, 4]),
)
@example(-2.0, 2.0 + 1e-11, 6, 1)  # a top that is next to nothing beside a step
def test_rows_keep_the_sign_of_values(bottom: float, rise: float, rows: int, down: int) -> None:
    axis = vertical(bottom, bottom + rise, rows, down)
    values = np.array([-1e-300, -5e-324, bottom, 0.0, 1e-300, bottom + rise])
    found = axis.rows_of(values)
    assert ((found > axis.zero) == (values < 0)).all()
    assert (found >= 0).all()
    assert (found < rows * down).all()
    assert (axis.zero + 1) % down == 0


@given(st.floats(-1, 0), st.floats(0.1, 1), st.integers(6, 60), st.sampled_from([1, 4]))
def test_vertical_ticks_have_rows_of_their_own(
    bottom: float, top: float, rows: int, down: int
) -> None:
    axis = vertical(bottom, top, rows, down)
    ticks = axis.ticks()
    assert (axis.zero // down, "0") in ticks
    assert len({row for row, _ in ticks}) == len(ticks)
    assert all(len(label) <= 6 for _, label in ticks)


def test_names_of_distances() -> None:
    assert [tokens(m) for m in (0, 1, 512, 1024, 1536, 49152, 2**20, 2**24, 27115)] == (
        "0 1 512 1k 1,536 48k 1M 16M 27,115".split()
    )
