"""The first window of a given width, by two methods, and the room around a base."""

from __future__ import annotations

import io
import json
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ropecalc
from ropecalc.base.family import family_of
from ropecalc.base.room import room_around
from ropecalc.base.rounding import first_round_base
from ropecalc.base.wide import first_wide_round_base, first_wide_window, in_wide_window
from ropecalc.results import MinimumBase, Status, Window, Windows, WindowStatus
from tests.tools.wide_windows import (
    CONTEXTS,
    HEAD_DIM,
    WIDTH,
    FirstWide,
    certify,
    climbed,
    read_table,
)

if TYPE_CHECKING:
    from tests.conftest import RunBatch

TABLE = read_table()
SLOW = [
    pytest.param(row, marks=pytest.mark.slow if row.context <= 2**14 else pytest.mark.heavy)
    for row in TABLE[3:]
]
QUICK = [*TABLE[:4], *(pytest.param(row, marks=pytest.mark.slow) for row in TABLE[4:])]


def wide(context: int, width: float, head_dim: int = HEAD_DIM, **asked: Any) -> MinimumBase:
    alone = {"round_digits": None, "integer": False, "window": False, "safe": None}
    return ropecalc.min_base(head_dim, context, min_window=width, **{**alone, **asked})


# --- 1e-3 at 2^10 .. 2^17, by two methods --------------------------------------------------------


def test_the_table_has_the_eight_contexts() -> None:
    assert tuple(row.context for row in TABLE) == CONTEXTS == tuple(2**k for k in range(10, 18))
    assert all(row.end / row.start - 1 >= WIDTH for row in TABLE)


@pytest.mark.parametrize("row", QUICK, ids=lambda row: str(row.context))
def test_the_first_wide_window_is_that_of_the_table(row: FirstWide) -> None:
    found = wide(row.context, WIDTH)
    assert (found.wide_start, found.wide_end) == (row.start, row.end)
    assert found.wide_distance == row.opened_by
    assert found.wide_status is WindowStatus.ENDS


@pytest.mark.parametrize("row", [*TABLE[:3], *SLOW], ids=lambda row: str(row.context))
def test_the_walk_from_window_to_window_agrees(row: FirstWide) -> None:
    found = ropecalc.windows(HEAD_DIM, row.context, at_most=row.start)
    first = found.at_least(WIDTH)[0]
    assert first == found.windows[-1] == Window(row.start, row.end, row.opened_by, row.closed_by)


@pytest.mark.slow
@pytest.mark.parametrize("row", [*TABLE[:3], *SLOW], ids=lambda row: str(row.context))
def test_a_second_method_proves_it(row: FirstWide) -> None:
    """Rungs of broken bases below, Arb at the ends, cells with bounds on them in between."""
    assert certify(row) == []


@pytest.mark.heavy
def test_the_second_method_can_fail() -> None:
    row = TABLE[0]
    assert certify(replace_ends(row, start=math.nextafter(row.start, 0.0)))
    assert certify(replace_ends(row, start=math.nextafter(row.start, math.inf)))
    assert certify(replace_ends(row, end=math.nextafter(row.end, math.inf)))
    second = ropecalc.windows(HEAD_DIM, 1024).windows[1]
    assert second.end is not None
    assert second.opened_by is not None
    assert second.closed_by is not None
    later = FirstWide(1024, second.start, second.end, second.opened_by, second.closed_by)
    assert len(certify(later)) == 1
    stuck = climbed(later, math.nextafter(later.start, 0.0), HEAD_DIM, WIDTH)
    assert stuck == pytest.approx(row.start, rel=2e-6)
    assert any("doubt" in fact for fact in certify(replace_ends(row, end=second.end)))


def replace_ends(row: FirstWide, **ends: float) -> FirstWide:
    return row._replace(**ends)  # type: ignore[arg-type]


# --- other widths and heads, against all windows -------------------------------------------------

CASES: list[tuple[int, int, dict[str, Any]]] = [
    (128, 1024, {}),
    (64, 300, {}),
    (32, 250, {}),
    (16, 333, {"margin": 0.02}),
    (24, 160, {"rotary_dim": 16}),
    (8, 120, {"weights": (1.0, 0.5, 2.0, 1.0)}),
    (128, 4096, {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head_dim", "context", "asked"),
    [*CASES[:-1], pytest.param(*CASES[-1], marks=pytest.mark.slow)],
)
def test_every_width_gives_the_first_of_all_windows_so_wide(
    head_dim: int, context: int, asked: dict[str, Any]
) -> None:
    everything = ropecalc.windows(head_dim, context, **asked)
    widths = sorted({w.relative_width for w in everything.windows if w.relative_width})
    between = [math.sqrt(a * b) for a, b in pairwise(widths)][::3]
    for width in [1e-9, *between, *widths[:1], *(1.5 * width for width in widths[-1:])]:
        if 1e-9 <= width <= 1:
            first = first_so_wide(everything, width)
            found = wide(context, width, head_dim, **asked)
            assert found.wide_start == first.start, width
            assert found.wide_distance == first.opened_by
            if first.end is not None:
                assert found.wide_end == first.end
            elif found.wide_status is not WindowStatus.ENDLESS:
                assert found.wide_status is WindowStatus.AT_LEAST
                assert found.wide_end is not None
                assert found.wide_end >= first.start * (1 + width)


def first_so_wide(everything: Windows, width: float) -> Window:
    return everything.at_least(width)[0]


@pytest.mark.slow
def test_a_round_base_in_a_window_too_narrow_is_passed_over() -> None:
    """4,300 meets the bound between 4,293.4 and 4,330.3: a window of less than 1 %."""
    plain, at = family_of(128), 4300.0
    assert first_round_base(plain, 1024, at, 2) == at
    assert first_wide_round_base(plain, 1024, at, 2, 0.008) == at
    assert first_wide_round_base(plain, 1024, at, 2, 0.02) == 6100.0
    assert in_wide_window(plain, 1024, 6100.0, 0.02)


@pytest.mark.slow
def test_the_round_and_the_integer_base_lie_in_windows_so_wide() -> None:
    everything = ropecalc.windows(128, 4096)
    for width in (1e-4, 1e-2, 0.5):
        found = ropecalc.min_base(
            128, 4096, min_window=width, safe=None, window=False, recommended=False
        )
        good = everything.at_least(width)

        def lies(base: float, good: list[Window] = good) -> bool:
            return any(w.start <= base <= (w.end or base) for w in good)

        rounds = (m * 10.0**k for k in range(3, 8) for m in range(10, 100))
        assert found.round_base == next(base for base in rounds if lies(base))
        assert found.integer_base == next(b for b in range(20_000, 10**6) if lies(b))
        assert found.min_window == width


def test_where_nothing_was_asked_nothing_is_said() -> None:
    found = ropecalc.min_base(128, 1024, safe=None)
    assert (found.min_window, found.wide_start, found.wide_end, found.wide_distance) == (None,) * 4
    assert found.wide_status is WindowStatus.NOT_SOUGHT


def test_every_base_and_no_base() -> None:
    every = wide(4096, 1e-3, rotary_dim=64)
    assert (every.status, every.wide_start) == (Status.EVERY_BASE, 1.0)
    assert (every.wide_status, every.wide_end) == (WindowStatus.ENDLESS, None)
    none = wide(5, 1e-3, head_dim=2)
    assert (none.status, none.wide_start, none.round_base) == (Status.NO_BASE, None, None)


def test_no_window_is_wide_enough_where_all_come_to_an_end() -> None:
    """One pair turns at any base: cos(m) with the rest at 1 is too little for a high margin."""
    asked: dict[str, Any] = {"margin": 0.9, "weights": (1.0, 4.0)}
    assert ropecalc.windows(4, 3, **asked).windows == ()
    assert first_wide_window(family_of(4, None, (1.0, 4.0), margin=0.9), 3, 1.0, 1e-3) is None


@pytest.mark.parametrize("width", [0.0, -1.0, 1e-10, 1.5, math.nan])
def test_a_width_outside_its_domain(width: float) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="min_window must be from 1e-09 to 1"):
        ropecalc.min_base(128, 64, min_window=width)


def test_progress_goes_up_to_its_end() -> None:
    calls: list[tuple[int, int]] = []
    family = family_of(128)
    first_wide_window(family, 4096, 26_952.0, 0.05, lambda *call: calls.append(call))
    parts = [done for done, _ in calls]
    assert parts
    assert parts == sorted(parts)
    assert parts[-1] <= 1000


# --- room around a base --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ends() -> dict[str, tuple[float, float]]:
    """Of three windows at 4096 tokens, without the time that all sixteen take."""
    found = wide(4096, WIDTH, window=True, safe=True)
    assert found.minimum_base is not None
    assert found.window_end is not None
    assert found.safe_base is not None
    row = TABLE[2]
    return {
        "first": (found.minimum_base, found.window_end),
        "wide": (row.start, row.end),
        "last": (found.safe_base, math.inf),
    }


@pytest.mark.parametrize(
    ("base", "window"),
    [
        (26_953.0, "first"),
        (28_700.0, "wide"),
        (29_000.0, "wide"),
        (58_800.0, "last"),
        (1e5, "last"),
    ],
)
def test_room_is_the_way_to_the_ends_of_the_window(
    base: float, window: str, ends: dict[str, tuple[float, float]]
) -> None:
    start, end = ends[window]
    found = ropecalc.check(base, 4096)
    assert found.room_limit == 0.01
    assert found.room_below == pytest.approx(min(0.01, 1 - start / base), abs=1e-11)
    assert found.room_above == pytest.approx(min(0.01, end / base - 1), abs=1e-11)


def test_room_is_what_a_scan_of_bases_finds() -> None:
    rng = np.random.default_rng(3)
    for base in (8.1e4, 8.4e4, 9.06e4, 4e5):
        found = ropecalc.check(base, 8192)
        if found.holds:
            assert found.room_below is not None
            assert found.room_above is not None
            for share in rng.uniform(-found.room_below, found.room_above, 20).tolist():
                assert ropecalc.check(base * (1 + share), 8192, next_base=False, room=False).holds
            for edge in (-found.room_below, found.room_above):
                if abs(edge) < 0.01:
                    beyond = base * (1 + edge + math.copysign(1e-10, edge))
                    assert not ropecalc.check(beyond, 8192, next_base=False, room=False).holds


def test_at_the_minimum_base_there_is_no_room_below() -> None:
    least = ropecalc.min_base(128, 1024, safe=None).minimum_base
    assert least is not None
    found = ropecalc.check(least, 1024)
    assert found.room_below == pytest.approx(0, abs=1e-12)
    assert found.room_above == pytest.approx(0.0085912, rel=1e-4)


def test_no_room_where_the_bound_is_broken_or_nobody_looks() -> None:
    assert ropecalc.check(1e4, 4096).room_below is None
    assert ropecalc.check(1e6, 4096, room=False).room_limit is None
    scaled = ropecalc.scaling.linear(1e9, 128, factor=2.0)
    assert ropecalc.check(scaled, 4096).room_above is None
    long = ropecalc.check(1e12, 2**18)
    assert long.holds
    assert long.room_below is None  # too long to look unasked
    asked = ropecalc.check(1e12, 2**18, room=True)
    assert (asked.room_below, asked.room_above) == (0.01, 0.01)


def test_room_ends_at_base_1() -> None:
    found = room_around(family_of(64), 2, 1.005)
    assert found.below == pytest.approx(1 - 1 / 1.005)
    assert found.above == 0.01


def test_the_nearest_base_above_is_no_sliver_where_that_is_asked() -> None:
    plain = ropecalc.check(25_000, 4096)
    asked = ropecalc.check(25_000, 4096, min_window=1e-3)
    assert plain.next_base == pytest.approx(26_952.3392, rel=1e-8)
    assert asked.next_base == TABLE[2].start
    assert (plain.min_window, asked.min_window) == (None, 1e-3)


@pytest.mark.slow
def test_a_base_in_a_sliver_is_in_no_wide_window() -> None:
    sliver = ropecalc.windows(128, 4096).windows[0]
    family = family_of(128)
    assert in_wide_window(family, 4096, sliver.start, 1e-5)
    assert not in_wide_window(family, 4096, sliver.start, 1e-3)
    assert not in_wide_window(family, 4096, sliver.start * 0.99, 1e-5)
    assert in_wide_window(family, 4096, TABLE[2].start, 1e-3)
    assert in_wide_window(family, 4096, TABLE[2].end, 1e-3)


# --- the commands --------------------------------------------------------------------------------


@pytest.mark.slow
def test_min_base_with_a_window_so_wide(run_batch: RunBatch) -> None:
    line = ["min-base", "--dim", "128", "--ctx", "4096", "--min-window", "1e-3"]
    bare, full, rounded = run_batch([[*line, "-q"], [*line, "--json"], [*line, "--round=2", "-q"]])
    assert float(bare.stdout) == TABLE[2].start
    record = json.loads(full.stdout)["results"][0]
    assert record["minimum_base"] == pytest.approx(26_952.3392, rel=1e-8)
    assert (record["wide_start"], record["wide_end"]) == (TABLE[2].start, TABLE[2].end)
    assert (record["min_window"], record["wide_status"]) == (1e-3, "ends")
    assert json.loads(full.stdout)["inputs"]["min_window"] == 1e-3
    assert float(rounded.stdout) == record["round_base"] == 29_000


def test_the_keys_do_not_change_with_the_answer(run_batch: RunBatch) -> None:
    line = ["min-base", "--dim", "16", "--ctx", "64", "--json"]
    plain, asked = run_batch([line, [*line, "--min-window", "0.5"]])
    first, second = (json.loads(done.stdout)["results"][0] for done in (plain, asked))
    assert list(first) == list(second)
    assert (first["min_window"], first["wide_start"], first["wide_status"]) == (
        None,
        None,
        "not_sought",
    )


def test_check_shows_the_room_and_the_nearest_wide_base(run_batch: RunBatch) -> None:
    held, broken, quiet = run_batch(
        [
            ["check", "--base", "629979", "--ctx", "32k", "--json"],
            ["check", "--base", "25000", "--ctx", "4k", "--min-window", "1e-3", "--json"],
            ["check", "--base", "629979", "--ctx", "32k", "-q"],
        ]
    )
    record = json.loads(held.stdout)["results"][0]
    assert record["room_below"] == pytest.approx(1 - TABLE[5].start / 629_979, abs=1e-11)
    assert record["room_above"] == pytest.approx(TABLE[5].end / 629_979 - 1, abs=1e-11)
    assert json.loads(broken.stdout)["results"][0]["next_base"] == TABLE[2].start
    assert (quiet.returncode, quiet.stdout) == (0, "")


def test_inspect_shows_the_room(run_batch: RunBatch) -> None:
    done = run_batch([["inspect", "Qwen3-8B", "--ctx", "4k", "--json", "--no-bases"]])[0]
    record = json.loads(done.stdout)["results"][0]
    assert (record["room_below"], record["room_above"]) == (0.01, 0.01)


def test_a_width_that_is_none_is_one_line(run_batch: RunBatch) -> None:
    line = ["min-base", "--dim", "16", "--ctx", "64", "--min-window"]
    for done in run_batch([[*line, wrong] for wrong in ("0", "2", "x", "nan", "-1")]):
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Error: Invalid value for '--min-window': ")
        assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_people_read_the_window_and_the_room() -> None:
    from ropecalc.render.human import show_check, show_min_base

    file = io.StringIO()
    show_min_base([ropecalc.min_base(128, 4096, min_window=1e-3)], file)
    show_check(ropecalc.check(629_979, 32_768), file)
    show_check(ropecalc.check(25_000, 4096, min_window=1e-3), file)
    text = " ".join(file.getvalue().split())
    assert "first window of 0.001 28,629 to 29,079 (1.6% wide)" in text
    assert "base can move by 0.000117% down, 0.159% up" in text
    assert "nearest in a window of 0.001 28,628.68536" in text
