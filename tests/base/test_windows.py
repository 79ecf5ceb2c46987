"""The windows of bases that meet the bound, against Arb, against scans, and as people see them."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import pytest

import ropecalc
from ropecalc.base.curve import DistanceCurve
from ropecalc.base.family import family_of
from ropecalc.base.openings import Opening
from ropecalc.base.precise import Precise
from ropecalc.base.roots import enclosing_base, zero_beside
from ropecalc.base.rounding import ends_at, violation_at
from ropecalc.base.window import DOWN, Walk, holds_ever_after
from ropecalc.base.windows import _Search
from ropecalc.base.zeros import Zero
from ropecalc.exact import context_with
from ropecalc.progress import Progress
from ropecalc.render.human import show_windows
from ropecalc.render.strip import Axis, band_levels, best_ticks
from ropecalc.results import Status, Window, Windows
from tests.tools.oracle import excess_ball
from tests.tools.render_samples import Stream
from tests.tools.speeds import every_quick

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

SAFE = {
    1024: 6018.28085727957,
    2048: 22764.303792496645,
    4096: 58789.50415063161,
    8192: 394327.9045895716,
}


# --- against Arb --------------------------------------------------------------------------------

CASES = [  # head_dim, context, the rest of the question
    (16, 200, {}),
    pytest.param(16, 333, {"margin": 0.02}, marks=pytest.mark.slow),
    pytest.param(32, 250, {}, marks=pytest.mark.slow),
    pytest.param(64, 300, {}, marks=pytest.mark.slow),
    (24, 160, {"rotary_dim": 16}),
    (24, 160, {"rotary_dim": 16, "count_unrotated": False}),
    (8, 120, {"weights": (1.0, 0.5, 2.0, 1.0)}),
    (6, 60, {}),
    (4, 50, {}),
]


class Ball:
    """Arb's certain verdicts on one question; shares no code with the solver."""

    def __init__(self, head_dim: int, context: int, asked: dict[str, Any]) -> None:
        rotary_dim = asked.get("rotary_dim", head_dim)
        counted = asked.get("count_unrotated", True)
        self._rotary_dim, self._context = rotary_dim, context
        self._how = {
            "weights": asked.get("weights"),
            "margin": asked.get("margin", 0.0),
            "unrotated": (head_dim - rotary_dim) // 2 if counted else 0,
        }

    def excess(self, base: float, distance: int) -> flint.arb:
        return excess_ball(base, self._rotary_dim, distance, **self._how)

    def holds(self, base: float) -> bool:
        """Whether the bound certainly holds."""
        return all(self.excess(base, m) >= 0 for m in range(1, self._context))

    def breaks(self, base: float) -> bool:
        """Whether some distance certainly breaks it; the longest are tried first."""
        return any(self.excess(base, m) < 0 for m in reversed(range(self._context)))


def inside(window: Window) -> Iterator[float]:
    end = window.end or 100 * window.start
    yield from np.geomspace(window.start, end, 5)[1:-1].tolist()
    yield from (window.start, end)


def outside(found: Windows) -> Iterator[float]:
    """Bases in every gap, the gaps' ends included."""
    low = 1.0
    for window in found.windows:
        high = math.nextafter(window.start, 0.0)
        yield from np.geomspace(low, high, 5)[1:-1].tolist()
        yield from (math.nextafter(low, math.inf), high)
        low = math.nextafter(window.end, math.inf) if window.end else math.nan


@pytest.mark.slow
@pytest.mark.parametrize(("head_dim", "context", "asked"), CASES)
def test_arb_certifies_every_window_and_every_gap(
    head_dim: int, context: int, asked: dict[str, Any]
) -> None:
    found = ropecalc.windows(head_dim, context, **asked)
    arb = Ball(head_dim, context, asked)
    assert found.status is Status.ALL_WINDOWS
    assert found.skipped == 0
    for window in found.windows:
        assert all(arb.holds(base) for base in inside(window)), window
    assert all(arb.breaks(base) for base in outside(found))


@pytest.mark.parametrize(("head_dim", "context", "asked"), CASES)
def test_the_distances_of_a_window_are_zero_at_its_ends(
    head_dim: int, context: int, asked: dict[str, Any]
) -> None:
    """The next float64 outside is broken by the very distance that opens or closes the window."""
    arb = Ball(head_dim, context, asked)
    for window in ropecalc.windows(head_dim, context, **asked).windows:
        assert window.opened_by is not None
        assert arb.excess(math.nextafter(window.start, 0.0), window.opened_by) < 0
        if window.end is not None:
            assert window.closed_by is not None
            assert arb.excess(math.nextafter(window.end, math.inf), window.closed_by) < 0


def test_the_arb_verdicts_can_fail() -> None:
    found, arb = ropecalc.windows(16, 200), Ball(16, 200, {})
    first = found.windows[0]
    assert not arb.holds(math.nextafter(first.start, 0.0))
    assert not arb.breaks(first.start)


# --- against scans, the sweep and the walk from above -------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("head_dim", "context", "asked"), CASES)
def test_a_scan_of_bases_in_plain_numpy_agrees(
    head_dim: int, context: int, asked: dict[str, Any]
) -> None:
    found = ropecalc.windows(head_dim, context, **asked)
    assert found.minimum_base is not None
    assert found.safe_base is not None
    bases = np.geomspace(found.minimum_base / 3, found.safe_base * 30, 5_000)
    least = np.array([least_excess(base, head_dim, context, **asked) for base in bases.tolist()])
    member = np.zeros(bases.shape, dtype=np.bool_)
    for window in found.windows:
        member |= (window.start <= bases) & (bases <= (window.end or math.inf))
    clear = np.abs(least) > 1e-9
    assert clear.mean() > 0.99
    assert ((least >= 0) == member)[clear].all()


def least_excess(
    base: float,
    head_dim: int,
    context: int,
    *,
    rotary_dim: int | None = None,
    weights: tuple[float, ...] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
) -> float:
    """The least S(m) - margin S(0), as the definition has it."""
    rotary_dim = rotary_dim or head_dim
    theta = base ** (-np.arange(rotary_dim // 2) * 2 / rotary_dim)
    terms = np.cos(np.arange(context)[:, None] * theta) * (weights or 1.0)  # (context, n_pairs)
    similarity = terms.sum(axis=1) + (head_dim - rotary_dim) / 2 * count_unrotated
    return float(similarity.min() - margin * similarity[0])


@pytest.fixture(scope="module")
def at_4096() -> Windows:
    return ropecalc.windows(128, 4096)


@pytest.mark.slow
def test_sixteen_windows_at_4096_agree_with_a_scan(at_4096: Windows) -> None:
    distances = np.arange(4096.0)[:, None]
    powers = -np.arange(64) / 64
    assert len(at_4096.windows) == 16
    low, high = at_4096.windows[0].start, at_4096.windows[-1].start
    ends = [end for w in at_4096.windows for end in (w.start, w.end) if end]
    middles = [math.sqrt(one * other) for one, other in pairwise([*ends, 1.01 * high])]
    assert ends == sorted(ends)
    runs = set()
    for base in [*middles, *np.geomspace(0.999 * low, 1.01 * high, 300).tolist()]:
        holding = [k for k, w in enumerate(at_4096.windows) if w.start <= base <= (w.end or base)]
        lowest = np.cos(distances * base**powers).sum(axis=1).min()
        assert abs(lowest) > 1e-9, "nothing that rounding could turn"
        assert (lowest >= 0) == bool(holding)
        runs.update(holding)
    assert len(runs) == 16


@pytest.mark.slow
@pytest.mark.parametrize("context", [1024, 2048, pytest.param(8192, marks=pytest.mark.slow)])
def test_first_and_last_window_are_the_minimum_and_the_safe_base(context: int) -> None:
    check_ends(ropecalc.windows(128, context), context)


@pytest.mark.slow
def test_first_and_last_window_at_4096(at_4096: Windows) -> None:
    check_ends(at_4096, 4096)


def check_ends(found: Windows, context: int) -> None:
    first = ropecalc.min_base(128, context, integer=False, round_digits=None)
    window = found.windows[0]
    assert (window.start, window.end) == (first.minimum_base, first.window_end)
    assert window.opened_by == first.critical_distance
    assert found.minimum_base == first.minimum_base
    assert found.windows[-1].end is None
    assert found.safe_base == found.windows[-1].start == SAFE[context]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head_dim", "context"), [(128, 1024), (128, 4096), (32, 500), (16, 200), (12, 77)]
)
def test_the_safe_base_is_where_a_walk_from_above_ends(head_dim: int, context: int) -> None:
    family = family_of(head_dim)
    x = 1.0
    while not holds_ever_after(family, context, x):
        x += 1
    walk, zero = Walk(family, x, DOWN), None
    while zero is None:
        zero = walk.step(context)
    found = ropecalc.windows(head_dim, context)
    assert found.safe_base == enclosing_base(walk.precise, zero)[1]
    assert found.windows[-1].opened_by == zero.distance


@pytest.mark.heavy
def test_windows_at_32768_are_dust_at_first() -> None:
    """Slivers of relative width 1e-4 to 1e-3 from 629,978.26 upward, solid from 3.33e6."""
    found = ropecalc.windows(128, 32768)
    assert len(found.windows) == 96
    assert found.safe_base is not None
    assert 3.325e6 < found.safe_base < 3.33e6
    widths = sorted(w.relative_width or 0 for w in found.windows[:40])
    assert widths[0] < 1e-4
    assert widths[20] < 1e-3


# --- the kinds of answers -----------------------------------------------------------------------


def test_every_base(at_4096: Windows) -> None:
    for found in (ropecalc.windows(128, 4096, rotary_dim=64), ropecalc.windows(64, 2)):
        assert found.status is Status.EVERY_BASE
        assert found.windows == (Window(1.0, None, None, None),)
        assert (found.minimum_base, found.safe_base, found.share) == (1.0, 1.0, None)
    assert at_4096.status is Status.ALL_WINDOWS


def test_no_base() -> None:
    found = ropecalc.windows(2, 5)
    assert (found.status, found.windows) == (Status.NO_BASE, ())
    assert found.minimum_base is found.safe_base is found.share is None
    found = ropecalc.windows(128, 1024, at_most=4293)
    assert (found.status, found.windows) == (Status.SOME_WINDOWS, ())


@pytest.mark.slow
def test_a_limit_leaves_out_what_begins_above_it(at_4096: Windows) -> None:
    limit = math.nextafter(at_4096.windows[3].start, 0.0)
    found = ropecalc.windows(128, 4096, at_most=limit)
    assert found.status is Status.SOME_WINDOWS
    assert found.windows == at_4096.windows[:3]
    assert found.safe_base is found.share is None
    assert ropecalc.windows(128, 1024, at_most=7e3).status is Status.ALL_WINDOWS


def test_share_is_the_measure_of_the_windows(at_4096: Windows) -> None:
    ends = [w.end for w in at_4096.windows if w.end is not None]
    starts = [w.start for w in at_4096.windows]
    total = sum(math.log(end / start) for start, end in zip(starts, ends, strict=False))
    assert at_4096.share == pytest.approx(total / math.log(starts[-1] / starts[0]), rel=1e-12)
    assert at_4096.share == pytest.approx(0.285, abs=0.005)
    assert ropecalc.windows(128, 16).share is None  # one window: nothing lies between


@pytest.mark.parametrize("at_most", [1.0, 0.5, -3.0, math.nan, math.inf, 1e301])
def test_a_limit_outside_its_domain(at_most: float) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="greater than 1 and at most 1e300"):
        ropecalc.windows(128, 64, at_most=at_most)


@pytest.mark.parametrize(
    ("at_most", "status"),
    [(math.nextafter(1.0, 2.0), Status.SOME_WINDOWS), (1e300, Status.ALL_WINDOWS)],
)
def test_the_ends_of_the_domain_of_a_limit(at_most: float, status: Status) -> None:
    found = ropecalc.windows(128, 64, at_most=at_most)
    assert (found.at_most, found.status) == (at_most, status)


@pytest.mark.parametrize("context", [0, 2**30 + 1])
def test_a_context_outside_its_domain(context: int) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="context"):
        ropecalc.windows(128, context)
    assert ropecalc.windows(128, 1).status is Status.EVERY_BASE


def test_progress_goes_up_to_the_end() -> None:
    calls: list[tuple[int, int]] = []
    ropecalc.windows(  # no table knows where they begin
        64, 300, weights=[1.0] * 32, progress=lambda done, total: calls.append((done, total))
    )
    parts = [done for done, _ in calls]
    assert parts == sorted(parts)
    assert {total for _, total in calls} == {1000}
    assert 900 <= parts[-1] <= 1000
    assert parts[0] < 500
    assert len(set(parts)) > 10


def test_an_end_takes_one_evaluation_in_multiple_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the sign of its distance and for both sides of its zero."""
    asked: list[int] = []

    def counted(curve: DistanceCurve, x: Any, digits: int) -> Any:
        asked.append(curve.distance)
        return kept(curve, x, digits)

    kept = DistanceCurve._jet
    monkeypatch.setattr(DistanceCurve, "_jet", counted)
    found = ropecalc.windows(128, 1024).windows
    ends = [m for window in found for m in (window.opened_by, window.closed_by) if m]
    assert Counter(ends) <= Counter(asked)
    assert len(asked) <= len(ends) + 1, "one distance neared zero at an end, or before one"


@pytest.mark.parametrize(("head_dim", "context"), [(16, 333), (64, 300), (128, 1024)])
def test_an_end_is_a_base_that_a_full_evaluation_holds_for(head_dim: int, context: int) -> None:
    family = family_of(head_dim)
    precise = Precise(family)
    for window in ropecalc.windows(head_dim, context).windows:
        for base, inside in ((window.start, -1), (window.end, 1)):
            if base is not None:
                beyond = math.nextafter(base, math.inf * inside)
                assert ends_at(family, precise, context, base, None)
                assert violation_at(family, context, base) is None
                assert not ends_at(family, precise, context, beyond, None)
                assert violation_at(family, context, beyond) in (window.opened_by, window.closed_by)


@pytest.mark.parametrize(("slope", "way"), [(-1.0, 0.375), (-0.25, 0.0), (1.0, 0.0)])
def test_behind_a_window_the_sweep_begins_where_its_distance_may_turn(
    slope: float, way: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It falls by 1, off by 1/4, and may bend by 2: for 3/8."""
    search, mp = _Search(family_of(8), 100), context_with(30)
    at = SimpleNamespace(slope=slope, slope_error=0.25, max_curvature=2.0)
    monkeypatch.setattr(type(search.family), "taylor", lambda *_: at)
    closing = Zero(mp.mpf(2), mp.mpf(2) + mp.mpf(10) ** -20, 7)
    assert search._falls_on(closing) == bool(way)
    assert search._sweep.x == pytest.approx(2 + way, rel=0, abs=1e-9)
    assert search._sweep.x <= 2 + way


def test_what_is_no_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ropecalc.base.windows.ends_at", lambda *_: False)
    found = ropecalc.windows(64, 300)
    assert (found.status, found.windows) == (Status.UNDECIDED, ())
    assert "is no end of a window: please report it" in str(found.undecided)


# --- windows too narrow for double precision ----------------------------------------------------


def last_margin(head_dim: int, context: int, at_most: float) -> float:
    """The greatest margin, to a bit, at which there is a window up to ``at_most``."""
    low, high = 0.0, 0.5
    while (middle := (low + high) / 2) not in (low, high):
        found = ropecalc.windows(head_dim, context, margin=middle, at_most=at_most)
        low, high = (middle, high) if found.windows else (low, middle)
    return low


@pytest.mark.slow
def test_a_window_that_shrinks_to_nothing_is_followed_to_the_end() -> None:
    """The window of (16, 200) at 8,295 to 8,645 narrows as the margin grows."""
    margin = last_margin(16, 200, 1e4)
    arb = Ball(16, 200, {"margin": margin})
    (narrow,) = ropecalc.windows(16, 200, margin=margin, at_most=1e4).windows
    assert narrow.end is not None
    assert narrow.relative_width is not None
    assert narrow.relative_width < 1e-14
    assert arb.holds(narrow.start)
    assert arb.holds(narrow.end)
    assert arb.breaks(math.nextafter(narrow.start, 0.0))
    assert arb.breaks(math.nextafter(narrow.end, math.inf))


def test_a_window_without_a_float_is_counted_and_left_out() -> None:
    search = _Search(family_of(16), 200)
    zero = zero_beside(Precise(family_of(16)), 85, math.log(8295.898), opens=True)
    hair = context_with(40).mpf(10) ** -22
    closing = Zero(zero.before + hair, zero.after + hair, 91)
    search._add(Opening(zero.after, zero), closing)
    assert (search.found, search.skipped) == ([], 1)


# --- for people ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> Windows:
    return ropecalc.windows(16, 200)


def shown(result: Windows, width: int, encoding: str = "utf-8", min_width: float = 0.0) -> str:
    stream = Stream(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        show_windows(result, stream, min_width=min_width)
    return stream.text()


def picture(text: str) -> list[str]:
    """The strip, its axis, the labels and the legend: the paragraph with the mark."""
    return next(part for part in text.split("\n\n") if "▲" in part or "^" in part).splitlines()


GOLDEN = {
    (60, "utf-8"): """
     ⡀   ⣾⡀ ⣀                ⢠ ⡀   ⢠⡀⢠⡆⢰⣿⣼⣿⣿⣿⣿⣿⣿⣧⢰⣧⣠⣸⣇⣸⣤⣿⣿⣿
  ───▲──────┬─────────────────┬──────────────┬─────────▲─┬─
           3e4               4e4            5e4         6e4
  ▲ minimum base and, to the right, safe base; column
  full = every base in it works, lower = some, empty = none
""",
    (60, "ascii"): """
     .   +. .                . .   ...::#+######+:+:::::###
  ---^------+-----------------+--------------+---------^-+-
           3e4               4e4            5e4         6e4
  ^ minimum base and, to the right, safe base; column
  # = every base in it works, + : . = some, empty = none
""",
    (80, "utf-8"): """
      ⡀    ⢰⣷   ⡄                      ⡄ ⢀     ⢰  ⣸⡄⢀⣿⣧⣼⣿⣿⣿⣿⣿⣿⣿⣿⣿⡀⣸⣷⡀⣆⣼⣇⣠⣷⢠⣿⣿⣿⣿
  ────▲────────┬─────────────┬──────────┬──────────┬────────┬───────┬─────▲─┬──
              3e4          3.5e4       4e4       4.5e4     5e4    5.5e4    6e4
  ▲ minimum base and, to the right, safe base; column full = every base in it
  works, lower = some, empty = none
""",
    (80, "ascii"): """
      .    :+   .                      . .     :  :..#++#########.:+.:+:.+.####
  ----^--------+-------------+----------+----------+--------+-------+-----^-+--
              3e4          3.5e4       4e4       4.5e4     5e4    5.5e4    6e4
  ^ minimum base and, to the right, safe base; column # = every base in it
  works, + : . = some, empty = none
""",
}


@pytest.mark.parametrize(("width", "encoding"), GOLDEN)
def test_golden_picture(at_4096: Windows, width: int, encoding: str) -> None:
    assert picture(shown(at_4096, width, encoding)) == GOLDEN[width, encoding].strip("\n").split(
        "\n"
    )


def test_golden_answer(small: Windows) -> None:
    assert shown(small, 80, "ascii", min_width=0.1) == ANSWER.lstrip("\n")


ANSWER = """
5 windows of bases for 200 tokens, head_dim 16

  minimum base  8,296
  safe base     37,181.14177
  between them  49% of the bases work, by ln(base)
  found by      first-violation sweep and window walk in turn, roots in multiple
                precision, full evaluation of both ends

      +#.             .############:       :########.        +#########:  .####
  ----^-------+------------------+------------+---------+-------+------+--^----
             1e4               1.5e4         2e4      2.5e4    3e4   3.5e4
  ^ minimum base and, to the right, safe base; column # = every base in it
  works, + : . = some, empty = none

     from base  to base  relative width  opened by distance  closed by distance
  -----------------------------------------------------------------------------
  11,960         15,730             32%                  91                 116
  18,700         22,750             22%                 116                 122
  27,720         34,680             25%                 123                 129
  37,181.14177      inf                                 129

1 window narrower than 10% is not listed (the strip has all).

A base in a window keeps S(m) >= 0 at every distance m < 200; below, and between
two windows, every base fails. From the safe base on, every base works, such as
  ropecalc check --base 38000 --dim 16 --ctx 200
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [20, 40, 41, 57, 80, 133, 200, 250])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_wider_than_the_screen(
    at_4096: Windows, small: Windows, width: int, encoding: str
) -> None:
    for result in (at_4096, small):
        lines = shown(result, width, encoding).splitlines()
        assert all(len(line) <= max(width, 40) for line in lines if "ropecalc check" not in line)


AXIS = Axis(math.log(1e3), math.log(1e5), 20)
LADDER: dict[str, tuple[tuple[float, float | None], list[int]]] = {
    # the columns are 10^0.1 = 1.26 wide, and begin at 1,000
    "a sliver": ((1_100.0, 1_100.0 * (1 + 1e-13)), [1, 0]),
    "between two float64": ((1_100.0, 1_100.0), [1, 0]),
    "less than a third": ((1_000.0, 1_050.0), [1, 0]),
    "half": ((1_000.0, 1_120.0), [2, 0]),
    "nearly all": ((1_000.0, 1_258.9), [3, 0]),
    "all and a little": ((999.9, 1_259.0), [4, 1]),
    "endless": ((1_300.0, None), [0, 3]),
}


@pytest.mark.parametrize("name", LADDER)
def test_how_full_a_column_is(name: str) -> None:
    (start, end), levels = LADDER[name]
    assert band_levels([Window(start, end, 1, 1)], AXIS, 20)[:2] == levels


def test_the_strip_is_full_and_empty_exactly_where_it_should_be(at_4096: Windows) -> None:
    axis = Axis(math.log(2e4), math.log(7e4), 70)
    levels = band_levels(at_4096.windows, axis, 70)
    edges = np.geomspace(2e4, 7e4, 71).tolist()
    for level, left, right in zip(levels, edges, edges[1:], strict=False):
        met = [w for w in at_4096.windows if w.start < right and (w.end or right) > left]
        whole = any(w.start <= left and right <= (w.end or right) for w in met)
        assert level == 0 if not met else level == 4 if whole else 0 < level < 4


@pytest.mark.parametrize("result_width", [40, 60, 80, 120, 200])
def test_windows_narrower_than_a_dot_show(small: Windows, result_width: int) -> None:
    slivers = tuple(replace(w, end=w.start and w.start * (1 + 1e-12)) for w in small.windows[:-1])
    result = replace(small, windows=(*slivers, small.windows[-1]))
    assert sum(sign == "." for sign in picture(shown(result, result_width, "ascii"))[0]) >= 4
    band = picture(shown(result, result_width))[0]
    assert len([sign for sign in band if sign in "⡀⢀"]) >= 4


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (1e3, 1e5, "2e3 5e3 1e4 2e4 5e4"),
        (4.2e3, 6.2e3, "4.5e3 5e3 5.5e3 6e3"),
        (29_990, 30_021, "3e4 3.001e4"),
        (1e1, 1e30, "1e5 1e10 1e15 1e20 1e25"),
        (1.01, 3.9, "1.5 2 2.5 3"),
    ],
)
def test_ticks_are_round_bases(low: float, high: float, labels: str) -> None:
    ticks = best_ticks(Axis(math.log(low), math.log(high), 40))
    found = [label for _, label in ticks]
    assert found == labels.split()
    assert [column for column, _ in ticks] == [
        int(40 * math.log(float(label) / low) / math.log(high / low)) for label in found
    ]


@pytest.mark.parametrize("low", every_quick(3, [1.0, 3.7, 4_293.4, 6.3e5, 1e9, 1e299]))
@pytest.mark.parametrize("ratio", [1 + 1e-9, 1.0001, 1.03, 1.4, 3.0, 30.0, 1e6])
@pytest.mark.parametrize("columns", [37, 77, 197])
def test_ticks_never_run_into_each_other(low: float, ratio: float, columns: int) -> None:
    high = min(low * ratio, 1e300)
    ticks = best_ticks(Axis(math.log(low), math.log(high), columns))
    ends = [(column - len(label) // 2, len(label)) for column, label in ticks]
    assert all(a + size + 3 <= b for (a, size), (b, _) in pairwise(ends))
    assert all(start >= 0 and start + size <= columns for start, size in ends)


def test_what_a_narrow_or_limited_answer_says(small: Windows) -> None:
    text = shown(small, 80, min_width=0.3)
    assert "3 windows narrower than 30% are not listed (the strip has all)." in text
    text = shown(replace(small, skipped=2), 80)
    assert "2 windows hold no number of double precision: left out." in text
    limited = replace(small, status=Status.SOME_WINDOWS, at_most=2e4, windows=small.windows[:3])
    text = " ".join(shown(limited, 80).split())
    assert text.startswith("3 windows of bases up to 20,000 for 200 tokens, head_dim 16")
    assert "Windows that begin above 20,000 were not sought." in text
    assert "safe base" not in text


def test_answers_without_a_picture(small: Windows) -> None:
    every = replace(small, status=Status.EVERY_BASE, windows=(Window(1.0, None, None, None),))
    assert shown(every, 80).startswith("Every base is enough for 200 tokens, head_dim 16\n")
    none = replace(small, status=Status.NO_BASE, windows=())
    assert "No base up to 1e300 keeps S(m) ≥ 0" in shown(none, 80)
    limited = shown(replace(none, status=Status.SOME_WINDOWS, at_most=9e3), 80)
    assert limited.startswith("No base up to 9,000 is enough for 200 tokens, head_dim 16\n")
    assert "Try a greater --at-most." in " ".join(limited.split())


# --- the command --------------------------------------------------------------------------------

ASK = "windows --dim 16 --ctx 200"
KEYS = (
    "head_dim rotary_dim count_unrotated context margin at_most status minimum_base safe_base "
    "share windows hidden skipped method message undecided"
).split()
WINDOW_KEYS = ["start", "end", "relative_width", "opened_by", "closed_by"]


def test_json_has_every_digit(run_cli: RunCli, small: Windows) -> None:
    document = json.loads(run_cli(*ASK.split(), "--json").stdout)
    assert document["inputs"] == {
        "head_dim": 16,
        "context": 200,
        "rotary_dim": 16,
        "count_unrotated": True,
        "margin": 0.0,
        "at_most": None,
        "min_window": 0.0,
        "weights": None,
    }
    (result,) = document["results"]
    assert list(result) == KEYS
    assert [list(window) for window in result["windows"]] == [WINDOW_KEYS] * 5
    for listed, window in zip(result["windows"], small.windows, strict=True):
        assert listed == {key: getattr(window, key) for key in WINDOW_KEYS}
    assert (result["status"], result["message"]) == ("all_windows", Status.ALL_WINDOWS.value)
    assert (result["minimum_base"], result["safe_base"]) == (small.minimum_base, small.safe_base)
    assert result["share"] == small.share
    assert (result["hidden"], result["skipped"]) == (0, 0)


def test_rows_and_bare_values(run_batch: RunBatch, small: Windows) -> None:
    forms = [[*ASK.split(), *form] for form in (["--tsv"], ["--csv"], ["-q"])]
    as_tsv, as_csv, bare = run_batch(forms)
    assert {done.stderr for done in (as_tsv, as_csv, bare)} == {""}
    rows = list(csv.DictReader(StringIO(as_csv.stdout), strict=True))
    assert rows == list(csv.DictReader(StringIO(as_tsv.stdout), delimiter="\t", strict=True))
    assert list(rows[0]) == WINDOW_KEYS
    assert [float(row["start"]) for row in rows] == [w.start for w in small.windows]
    assert [row["end"] for row in rows] == [repr(w.end) if w.end else "" for w in small.windows]
    assert bare.stdout == "".join(f"{w.start!r}\t{w.end or ''}\n" for w in small.windows)


@pytest.mark.slow
def test_min_width_hides_and_says_so(run_batch: RunBatch) -> None:
    ask = [*ASK.split(), "--min-window", "0.3"]
    as_json, as_csv, bare = run_batch([[*ask, form] for form in ("--json", "--csv", "-q")])
    result = json.loads(as_json.stdout)["results"][0]
    assert [round(w["relative_width"] or 0, 2) for w in result["windows"]] == [0.32, 0]
    assert (result["hidden"], as_json.stderr) == (3, "")
    assert (as_csv.stderr, bare.stderr) == ("not listed: 3 of 5 windows, narrower than 0.3\n", "")
    assert (as_csv.returncode, bare.returncode) == (0, 0)
    assert len(bare.stdout.splitlines()) == 2


def test_a_search_keeps_no_chain() -> None:
    search = _Search(family_of(16), 200)
    search.run()
    assert len(search.found) == 5
    assert search._sweep.links == []


@pytest.mark.parametrize(
    ("line", "told"),
    [("", True), ("-q", False), ("--at-most 1e4", False), ("--ctx 131072", False)],
)
def test_a_search_for_hours_is_announced(
    line: str,
    told: bool,
    small: Windows,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ropecalc.cli.app import main

    def search(*_: object, progress: Progress, **__: object) -> Windows:
        progress(1, 1000)
        assert error() == ""
        monkeypatch.setattr("time.monotonic", lambda: 1e9)
        progress(2, 1000)
        assert ("tokens take minutes to hours" in error()) == told
        return small

    def error() -> str:
        return capsys.readouterr().err.replace("\n", " ")

    monkeypatch.setattr("ropecalc.windows", search)
    words = "ropecalc windows --dim 16" + " --ctx 131073" * ("--ctx" not in line)
    monkeypatch.setattr("sys.argv", [*words.split(), *line.split()])
    assert main() == 0


@pytest.mark.slow
def test_exit_codes_and_the_end_of_the_line(run_batch: RunBatch) -> None:
    every, none, limited, partial = run_batch(
        [
            "windows --rotary-dim 64 --ctx 1k -q".split(),
            "windows --dim 2 --ctx 50 -q".split(),
            "windows --dim 16 --ctx 200 --at-most 8k -q".split(),
            "windows --dim 16 --partial-rotary-factor 0.75 --ignore-unrotated --ctx 99 -q".split(),
        ]
    )
    assert (every.returncode, every.stdout) == (0, "1.0000000000000002\t\n")
    assert (none.returncode, none.stdout) == (1, "")
    assert none.stderr == ""
    assert (limited.returncode, limited.stdout) == (1, "")
    assert partial.stdout.split("\t")[0] == repr(ropecalc.windows(12, 99).minimum_base)


BAD = {
    "windows --dim 128": ("--ctx", "such as --ctx 32k"),
    "windows --dim 127 --ctx 4k": ("--dim", "even"),
    "windows --ctx 4k --rotary-dim 256": ("--rotary-dim", "at most head_dim"),
    "windows --ctx 4k --rotary-dim 64 --partial-rotary-factor 0.5": ("--rotary-dim", "give one"),
    "windows --ctx 2G": ("--ctx", "1,073,741,824"),
    "windows --ctx 4k,8k": ("--ctx", "got 4k and 8k: give one"),
    "windows --ctx 4k --margin 2": ("--margin", "from 0 to 1"),
    "windows --ctx 4k --min-window -1": ("--min-window", "such as 0.01"),
    "windows --ctx 4k --min-window wide": ("--min-window", "such as 0.01"),
    "windows --ctx 4k --at-most 1": ("--at-most", "greater than 1"),
    "windows --ctx 4k --at-most nan": ("--at-most", "such as 1e6"),
    "windows --ctx 4k --json -q": ("--json and -q", "give one"),
}


def test_bad_input_is_one_line(run_batch: RunBatch) -> None:
    for line, done in zip(BAD, run_batch([line.split() for line in BAD]), strict=True):
        assert (done.returncode, done.stdout) == (2, ""), line
        assert done.stderr.startswith("Error: ")
        assert done.stderr.count("\n") == 1
        assert all(word in done.stderr for word in BAD[line]), done.stderr
