"""No search for a base goes on without end: it stops and says where, and what it told is true."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import SafeStatus, Status, UndecidedError, WindowStatus
from ropecalc.base import openings, sweep, wide
from ropecalc.base.boxes import Bounds
from ropecalc.base.family import family_of
from ropecalc.base.openings import next_opening
from ropecalc.base.precise import Precise
from ropecalc.base.room import room_around
from ropecalc.base.rounding import place
from ropecalc.base.sweep import Sweep
from ropecalc.base.window import DOWN, UP, Ahead, Walk, window_end
from tests.tools.laws import laws

CONTEXT = 12
heads = st.fixed_dictionaries(
    {
        "weights": st.lists(st.sampled_from([1.0, 0.5, 1e-3, 1e-9]), min_size=2, max_size=4),
        "margin": st.sampled_from([0.0, 0.01, 0.2]),
    }
)
limits = st.integers(1, 60)
WHERE = re.compile(r"still (holds|broken) at base ([^:]+): stopped after (\d+) steps$")


def head_of(asked: dict[str, Any]) -> int:
    return 2 * len(asked["weights"])


def limited(steps: int, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweep, "MOST_STEPS", steps)
    patch.setattr(sweep, "STEPS_A_TOKEN", 0)


def holds(base: float, asked: dict[str, Any]) -> bool:
    return ropecalc.check(base, CONTEXT, head_dim=head_of(asked), next_base=False, **asked).holds


def assert_says_where(message: str, steps: int, asked: dict[str, Any]) -> float:
    """The base in a message: the bound is there what it says."""
    found = WHERE.search(message)
    assert found is not None, message
    what, base, after = found.groups()
    assert int(after) == steps
    if float(base) > 1 + 1e-9:
        assert holds(float(base), asked) == (what == "holds")
    return float(base)


many = laws(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


PLAIN: dict[str, Any] = {"weights": [1.0, 1.0, 1.0], "margin": 0.0}


@pytest.mark.parametrize("steps", [1, 8, 40])
def test_windows_of_a_plain_head_are_told_up_to_where_the_search_stopped(steps: int) -> None:
    assert_windows_are_the_first(PLAIN, steps)


@pytest.mark.slow
@many
@given(heads, limits)
def test_windows_up_to_where_the_search_stopped_are_those_of_the_whole(
    asked: dict[str, Any], steps: int
) -> None:
    assert_windows_are_the_first(asked, steps)


def assert_windows_are_the_first(asked: dict[str, Any], steps: int) -> None:
    head_dim = head_of(asked)
    whole = ropecalc.windows(head_dim, CONTEXT, **asked)
    with pytest.MonkeyPatch.context() as patch:
        limited(steps, patch)
        found = ropecalc.windows(head_dim, CONTEXT, **asked)
    if found.status is not Status.UNDECIDED:
        assert found == whole
        return
    assert found.windows == whole.windows[: len(found.windows)]
    assert found.undecided is not None
    base = assert_says_where(found.undecided, steps, asked)
    assert all(w.end is not None and w.end <= base * (1 + 1e-12) for w in found.windows)


@pytest.mark.slow
@many
@given(heads, limits)
def test_a_part_that_takes_too_many_steps_is_undecided_and_the_rest_is_as_ever(
    asked: dict[str, Any], steps: int
) -> None:
    parts: dict[str, Any] = {"safe": True, "use_table": False, "min_window": 0.01, **asked}
    whole = ropecalc.min_base(head_of(asked), CONTEXT, **parts)
    with pytest.MonkeyPatch.context() as patch:
        limited(steps, patch)
        try:
            found = ropecalc.min_base(head_of(asked), CONTEXT, **parts)
        except UndecidedError as error:
            assert_says_where(str(error), steps, asked)
            return
    assert (found.minimum_base, found.critical_distance) == (
        whole.minimum_base,
        whole.critical_distance,
    )
    told = found.undecided or ""
    for status, undecided, name, at in (
        (found.safe_status, SafeStatus.UNDECIDED, "safe base", "safe_base"),
        (found.window_status, WindowStatus.UNDECIDED, "end of the first window", "window_end"),
        (found.wide_status, WindowStatus.UNDECIDED, "first window wide enough", "wide_start"),
    ):
        assert (status is undecided) == (f"{name}: " in told)
        assert getattr(found, at) == (None if status is undecided else getattr(whole, at))
    for reason in told.split("; ") if told else []:
        assert_says_where(reason, steps, asked)


@pytest.mark.slow
@many
@given(heads, limits, st.floats(0.1, 0.9))
def test_room_that_takes_too_many_steps_is_not_known_and_never_other(
    asked: dict[str, Any], steps: int, part: float
) -> None:
    head_dim = head_of(asked)
    window = ropecalc.windows(head_dim, CONTEXT, **asked).windows[:1]
    if not window:
        return
    start, end = window[0].start, window[0].end or window[0].start * 2
    base = math.exp(math.log(start) * (1 - part) + math.log(end) * part)
    if not start < base < end:
        return
    family = family_of(head_dim, weights=asked["weights"], margin=asked["margin"])
    whole = room_around(family, CONTEXT, base, 0.5)
    with pytest.MonkeyPatch.context() as patch:
        limited(steps, patch)
        found = room_around(family, CONTEXT, base, 0.5)
    assert found.below in (None, whole.below)
    assert found.above in (None, whole.above)


@pytest.mark.parametrize(("direction", "x"), [(UP, 7.0), (DOWN, 60.0)])
def test_a_walk_stops_after_so_many_steps_and_says_where(direction: int, x: float) -> None:
    walk = Walk(family_of(4), x, direction)
    with pytest.MonkeyPatch.context() as patch:
        limited(5, patch)
        none = np.array([], dtype=np.int64)
        ahead = Ahead(0.25, 0.25, none, none, Bounds(0.0, 0.0, 0.0))
        patch.setattr(Walk, "_ahead", lambda *_: ahead)
        for _ in range(5):
            assert walk.step(5) is None
        with pytest.raises(UndecidedError, match=r"still holds at base .*: stopped after 5 steps"):
            walk.step(5)
        assert walk.x == pytest.approx(x + direction * 1.25)


def test_the_limit_grows_with_the_context_and_is_far_from_what_searches_take() -> None:
    assert sweep.most_steps(1) == 30_004
    assert sweep.most_steps(2**20) == 30_000 + 4 * 2**20
    found = Sweep(family_of(128), 4096)
    assert found.run() is not None
    assert len(found.links) * 50 < sweep.most_steps(4096)


def test_steps_in_multiple_precision_count_as_their_evaluations() -> None:
    family = family_of(8)
    start = ropecalc.min_base(8, 100).minimum_base
    assert start is not None
    walk, calls = Walk(family, place(family, start), UP), 1
    while walk.step(100) is None:
        calls += 1
    assert calls < walk.steps < 50 * calls


def test_a_sweep_stops_after_so_many_links_of_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(10, monkeypatch)
    found = Sweep(family_of(64), 500)
    for run in (1, 2):
        with pytest.raises(
            UndecidedError, match=r"still broken at base .*: stopped after 10 steps"
        ):
            found.run()
        assert len(found.links) == 10 * run


def test_landings_that_are_no_openings_are_not_looked_at_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here each of them is passed as if a distance had turned back, until it is too many."""
    monkeypatch.setattr(openings, "MOST_LANDINGS", 3)
    monkeypatch.setattr(openings, "NEAR", -1)
    family = family_of(8)
    with pytest.raises(UndecidedError, match=r"no window begins up to base .* where 3 distances"):
        next_opening(Sweep(family, 100), Precise(family))


def test_windows_too_narrow_are_not_looked_at_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    low = ropecalc.min_base(32, 300).minimum_base
    assert low is not None
    assert wide.first_wide_window(family_of(32), 300, low, 0.5) is not None
    monkeypatch.setattr(wide, "MAX_WINDOWS", 1)
    with pytest.raises(UndecidedError, match=r"no window up to base .* is that wide: stopped"):
        wide.first_wide_window(family_of(32), 300, low, 0.5)


def test_a_window_is_followed_to_where_it_has_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ropecalc.base.window.MAX_STEPS", 2)
    family = family_of(64)
    short = window_end(family, 1000, 12.0)
    assert (short.zero, short.endless) == (None, False)
    far = window_end(family, 1000, 12.0, 12.5)
    assert short.x < 12.5
    assert far.endless or far.zero is not None or far.x > 12.5
