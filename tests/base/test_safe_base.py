"""The safe base: published values, and methods that share nothing with the walk from above."""

from __future__ import annotations

import math
from collections.abc import Iterator

import flint
import numpy as np
import pytest

import ropecalc
from ropecalc import MinimumBase, SafeStatus, Status
from tests.tools.oracle import excess_ball

# (context, safe base, the distance that fails just below) for 128 rotated dimensions
KNOWN = [
    (1024, 6018.28085727957, 903),
    (2048, 22764.303792496645, 1946),
    (4096, 58789.50415063161, 4000),
    (8192, 394327.9045895716, 7626),
]


def solved(head_dim: int, context: int, **settings: object) -> MinimumBase:
    """The safe base, by a walk made for it."""
    alone = {"round_digits": None, "integer": False, "window": False, "use_table": False}
    return ropecalc.min_base(head_dim, context, safe=True, **{**alone, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(("context", "base", "distance"), KNOWN[:3])
def test_known_values(context: int, base: float, distance: int) -> None:
    found = solved(128, context)
    assert found.safe_base == pytest.approx(base, rel=1e-9)
    assert found.safe_distance == distance
    assert found.safe_status is SafeStatus.COMPUTED


@pytest.mark.slow
@pytest.mark.parametrize(("context", "base", "distance"), KNOWN[3:])
def test_known_values_of_longer_contexts(context: int, base: float, distance: int) -> None:
    found = solved(128, context)
    assert found.safe_base == pytest.approx(base, rel=1e-9)
    assert found.safe_distance == distance


@pytest.mark.parametrize(("context", "base", "distance"), KNOWN)
def test_second_method_below(context: int, base: float, distance: int) -> None:
    """Arb: a distance within the context fails one part in a hundred million below, not above."""
    assert distance < context
    assert excess_ball(base * (1 - 1e-8), 128, distance) < 0
    assert excess_ball(base * (1 + 1e-8), 128, distance) > 0


@pytest.mark.slow
@pytest.mark.parametrize(("context", "base"), [(known[0], known[1]) for known in KNOWN])
def test_second_method_above(context: int, base: float) -> None:
    """A dense scan of larger bases, each at every distance by plain cosines, finds no violation."""
    rng = np.random.default_rng(context)
    close = base * (1 + np.logspace(-8, -1, 40))
    spread = base * 1.1 * 10 ** rng.uniform(0, 2, 20)
    distances = np.arange(context)
    for larger in (*close, *spread):
        theta = larger ** (-np.arange(64) / 64)
        values = np.cos(np.outer(distances, theta)).sum(axis=1)
        assert values.min() > 0, larger


def test_every_larger_base_rigorously() -> None:
    """Balls of bases cover all of [safe base, infinity): at no distance does one contain zero."""
    rotary_dim, context = 64, 128
    found = solved(rotary_dim, context)
    assert found.safe_base is not None
    start = math.log(found.safe_base * (1 + 1e-9))
    for distance in range(1, context):
        assert ball_of_similarity(rotary_dim, distance, flint.arb(30).union(10**6)) > 0
        assert all(similarity > 0 for similarity in refined(rotary_dim, distance, start, 30.0))


def refined(rotary_dim: int, distance: int, low: float, high: float) -> Iterator[flint.arb]:
    """Similarities over balls of x that cover [low, high], as small as it takes to tell signs."""
    similarity = ball_of_similarity(rotary_dim, distance, flint.arb(low).union(high))
    if similarity > 0 or high - low < 1e-12:
        yield similarity
    else:
        middle = (low + high) / 2
        yield from refined(rotary_dim, distance, low, middle)
        yield from refined(rotary_dim, distance, middle, high)


def ball_of_similarity(rotary_dim: int, distance: int, x: flint.arb) -> flint.arb:
    """S at one distance for every base exp(x) of a ball of x."""
    total = flint.arb(0)
    for i in range(rotary_dim // 2):
        total += (distance * (-x * 2 * i / rotary_dim).exp()).cos()
    return total


def test_margins_and_unrotated_pairs_have_safe_bases_of_their_own() -> None:
    plain = solved(64, 512)
    harder = solved(64, 512, margin=0.1)
    easier = solved(64, 512, rotary_dim=56)
    assert plain.safe_base is not None
    assert harder.safe_base is not None
    assert easier.safe_base is not None
    assert harder.safe_distance is not None
    assert easier.safe_distance is not None
    assert harder.safe_base > plain.safe_base
    below, above = harder.safe_base * (1 - 1e-9), harder.safe_base * (1 + 1e-9)
    assert excess_ball(below, 64, harder.safe_distance, margin=0.1) < 0
    assert excess_ball(above, 64, harder.safe_distance, margin=0.1) > 0
    assert excess_ball(easier.safe_base * (1 - 1e-9), 56, easier.safe_distance, unrotated=4) < 0


def test_it_is_never_below_the_minimum_and_the_same_where_no_window_follows() -> None:
    for context in range(1, 12):
        found = ropecalc.min_base(16, context, safe=True, use_table=False)
        assert found.safe_base is not None
        assert found.minimum_base is not None
        assert found.safe_base >= found.minimum_base
        assert solved(16, context).safe_base == found.safe_base


def test_it_is_not_computed_unless_asked_for() -> None:
    found = ropecalc.min_base(100, 1024, use_table=False, integer=False, round_digits=None)
    assert (found.safe_base, found.safe_distance) == (None, None)
    assert found.safe_status is SafeStatus.NOT_COMPUTED


def test_where_no_base_is_safe_it_says_so() -> None:
    found = solved(8, 64, margin=0.99)
    assert found.status is Status.NO_BASE
    assert (found.safe_base, found.safe_status) == (None, SafeStatus.UNKNOWN)


def test_where_nothing_can_fail_every_base_is_safe() -> None:
    found = solved(8, 64, rotary_dim=4)
    assert (found.safe_base, found.safe_distance) == (1.0, None)


def test_progress_reaches_its_end_and_never_turns_back() -> None:
    seen: list[tuple[int, int]] = []
    ropecalc.min_base(
        32, 200, safe=True, use_table=False, progress=lambda done, total: seen.append((done, total))
    )
    parts = [done for done, total in seen if total == 1000]
    assert parts
    assert parts == sorted(parts)
    assert max(parts) <= 1000
