"""The steps of the sweep: which distances it finds, what is in doubt and how far it follows one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from ropecalc.base.family import X_MAX, Family, family_of
from ropecalc.base.sweep import CANDIDATES, ENOUGH, RESOLUTION, Link, Sweep, Witness

FAMILY = family_of(32)


def values(x: float, context: int) -> np.ndarray:
    """S at every distance below the context, by the definition."""
    found: np.ndarray = np.cos(np.arange(context)[:, None] * np.exp(-x * np.arange(16) / 16)).sum(1)
    return found


@pytest.mark.parametrize("frontier", [2, 50, 400, 1000])
@pytest.mark.parametrize("x", [0.5, 6.0, 8.5, 9.5, 12.0])
def test_a_witness_breaks_the_bound_and_is_found_where_there_is_one(
    x: float, frontier: int
) -> None:
    sweep = Sweep(FAMILY, 700, x=x, frontier=frontier)
    witness, in_doubt = sweep._find_witness()
    g = values(x, 700)
    assert np.abs(g).min() > 1e-9  # no distance is in doubt at these x
    assert in_doubt == []
    assert (witness is None) == (g.min() > 0)
    if witness is None:
        assert sweep.frontier == frontier
    else:
        assert g[witness.distance] < 0
        assert witness.reach == FAMILY.reach(witness.distance, x)
        assert sweep.frontier == max(frontier, witness.distance + 1)


def test_a_distance_alone_is_said_to_be_alone() -> None:
    g = values(6.0, 700)
    broken = np.flatnonzero(g < 0)
    sweep = Sweep(FAMILY, 700, x=6.0)
    many = sweep._best(np.arange(700), g)
    one = sweep._best(broken[:1], np.array([-1.0]))
    assert many is not None
    assert one is not None
    assert one.alone
    assert not many.alone
    assert sweep._best(np.flatnonzero(g > 0), g[g > 0]) is None
    assert sweep._best(np.array([0, int(broken[0])]), np.array([16.0, -1.0])) == one


def test_a_witness_is_found_behind_more_false_candidates_than_are_ranked() -> None:
    g = values(6.0, 700)
    broken, clean = np.flatnonzero(g < 0)[:1], np.flatnonzero(g > 0)
    sweep = Sweep(FAMILY, 700, x=6.0)
    for count in (1, CANDIDATES, 3 * CANDIDATES):  # all said to be lower than the true one
        distances = np.append(clean[:count], broken)
        found = sweep._best(distances, np.append(np.full(count, -16.0 * 700), -0.01))
        assert found is not None
        assert found.distance == broken[0]


def test_what_is_in_doubt_is_gathered_from_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(FAMILY, 700, x=12.0)  # above every violation
    monkeypatch.setattr(Sweep, "_doubt", lambda *_: 16.0)
    monkeypatch.setattr(Sweep, "_is_in_doubt", lambda _, m: m in {70, 450, 460})
    assert sweep._search([(400, 700), (0, 100), (100, 400)]) == (None, [450, 460, 70])


def test_guesses_are_second_order_steps() -> None:
    """depth = slope h + |g''| h^2 / 2, and 0 for what meets the bound."""
    x, distances = 6.0, np.arange(1, 700)
    sweep = Sweep(FAMILY, 700, x=x)
    guesses = sweep._guess_reaches(distances)
    at = FAMILY.taylor(distances, x)
    depth = np.maximum(-at.value, 0.0)
    np.testing.assert_allclose(
        at.slope * guesses + np.abs(at.curvature) * guesses**2 / 2, depth, rtol=1e-6, atol=1e-6
    )
    assert np.array_equal(guesses > 0, at.value < 0)


@pytest.mark.parametrize("x", [0.5, 8.0])
def test_in_doubt_is_what_may_be_zero_within_four_resolutions(x: float) -> None:
    sweep = Sweep(FAMILY, 700, x=x)
    assert sweep.resolution == RESOLUTION * max(1.0, x)
    span = 4 * sweep.resolution
    at = FAMILY.taylor(77, x)
    slope = sum(i / 16 * math.exp(-x * i / 16) for i in range(16))
    assert sweep._doubt(99) == pytest.approx(span * 99 * slope, rel=1e-9, abs=0)
    change = (abs(at.slope) + at.slope_error) * span + at.max_curvature * span**2
    allowed = at.value_error + change
    for share, expected in ((0.9, True), (1.1, False), (-5.0, True)):
        margin = (at.value - share * allowed) / 16  # leaves that much of g
        if margin >= 0:
            other = Sweep(family_of(32, margin=margin), 700, x=x)
            assert other._is_in_doubt(77) is expected


@dataclass(frozen=True)
class Given(Family):
    """A family whose reach is the same wherever it is asked for, up to a given x."""

    length: float = 0.0
    up_to: float = 0.0

    def reach(self, _: int, x: float) -> float:
        return self.length if x < self.up_to else 0.0


def followed(family: Family, x: float, reach: float, *, alone: bool) -> float:
    sweep = Sweep(family, 700, x=x)
    sweep._follow(Witness(5, reach, alone))
    assert sweep.links == [Link(sweep.x, 5)]
    return sweep.x


def test_a_witness_alone_is_followed_to_its_end() -> None:
    assert followed(Given(4, 4, length=0.25, up_to=40.0), 1.0, 0.25, alone=True) == 40.0


def test_one_of_many_is_left_when_a_step_is_under_a_tenth_of_the_way() -> None:
    assert ENOUGH == 0.1
    assert followed(Given(4, 4, length=0.25, up_to=40.0), 1.0, 0.25, alone=False) == 1 + 11 * 0.25


def test_following_ends_beyond_the_largest_base_and_below_the_resolution() -> None:
    assert followed(Given(4, 4, length=math.inf, up_to=1e9), 1.0, math.inf, alone=True) == math.inf
    long = followed(Given(4, 4, length=100.0, up_to=1e9), 0.0, 100.0, alone=True)
    assert X_MAX < long <= X_MAX + 100
    assert followed(Given(4, 4), 4.0, 4 * RESOLUTION, alone=True) == 4.0


def test_a_sweep_beyond_the_largest_base_finds_none() -> None:
    assert Sweep(FAMILY, 700, x=math.nextafter(X_MAX, math.inf)).run() is None
    at_last = Sweep(FAMILY, 700, x=X_MAX).run()
    assert at_last is not None
    assert at_last == (X_MAX, ())


def test_progress_is_the_frontier_of_the_context() -> None:
    calls: list[tuple[int, int]] = []
    sweep = Sweep(FAMILY, 200)
    assert sweep.run(lambda *call: calls.append(call)) is not None
    assert len(calls) == len(sweep.links)
    assert {total for _, total in calls} == {200}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    farthest = np.maximum.accumulate([link.witness + 1 for link in sweep.links])
    assert [done for done, _ in calls] == np.maximum(farthest, 2).tolist()
