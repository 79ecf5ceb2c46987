"""Laws of the bases that meet the bound, for heads of all kinds."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import MinimumBase, Status, Windows, build_staircase
from ropecalc.results import Kind
from tests.tools.laws import Head, heads, laws, padded

CONTEXTS = st.integers(2, 90)
LONGER = st.sampled_from([10, 40, 71, 100, 120, 150, 175, 200, 240])  # several windows, often


def least(head: Head, context: int, **asked: Any) -> MinimumBase:
    """The minimum base by the sweep, and nothing else unless it is asked for."""
    only: dict[str, Any] = {"round_digits": None, "integer": False, "window": False}
    return ropecalc.min_base(context=context, use_table=False, **{**only, **head.asked, **asked})


def all_windows(head: Head, context: int, **asked: Any) -> Windows:
    return ropecalc.windows(context=context, **head.asked, **asked)


def height(found: MinimumBase) -> float:
    """The minimum base, infinite where no base will do."""
    return math.inf if found.minimum_base is None else found.minimum_base


@pytest.mark.slow
@laws(max_examples=20)
@given(heads(), st.lists(CONTEXTS, min_size=2, max_size=3, unique=True))
def test_the_minimum_does_not_fall_as_the_context_grows(head: Head, contexts: list[int]) -> None:
    found = [least(head, context) for context in sorted(contexts)]
    for shorter, longer in pairwise(found):
        assert height(shorter) <= height(longer)


@pytest.mark.slow
@laws(max_examples=20)
@given(heads(), CONTEXTS, st.lists(st.floats(0, 0.4), min_size=2, max_size=3))
def test_the_minimum_does_not_fall_as_the_margin_grows(
    head: Head, context: int, margins: list[float]
) -> None:
    found = [least(replace(head, margin=margin), context) for margin in sorted(margins)]
    for less, more in pairwise(found):
        assert height(less) <= height(more)


@laws(max_examples=20)
@given(heads(), CONTEXTS)
def test_the_minimum_meets_the_bound_and_nothing_below_it_does(head: Head, context: int) -> None:
    found = least(head, context)
    if found.status is Status.FOUND:
        base, distance = found.minimum_base, found.critical_distance
        assert base is not None
        assert distance is not None
        assert head.holds(base, context)
        assert head.surely(math.nextafter(base, 0.0), distance) < 0 < head.surely(base, distance)
        below = np.geomspace(1 + 1e-9, math.nextafter(base, 0.0), 60)
        assert (head.least(below, context) < 1e-9).all()
    elif found.status is Status.EVERY_BASE:
        assert (head.least(np.geomspace(1 + 1e-9, 1e12, 60), context) > -1e-9).all()
    else:
        assert (head.least(np.geomspace(1 + 1e-9, 1e300, 60), context) < 1e-9).all()


# --- padding and weights -------------------------------------------------------------------------


@pytest.mark.slow
@laws(max_examples=10)
@given(padded(), CONTEXTS)
def test_padding_leaves_every_base_where_it_is_when_the_margin_goes_with_it(
    both: tuple[Head, Head], context: int
) -> None:
    bare, more = (all_windows(head, context) for head in both)
    assert (more.status, more.windows) == (bare.status, bare.windows)
    asked = {"round_digits": 2, "integer": True, "window": True, "safe": True}
    uncounted = {"count_unrotated": False, "margin": both[0].margin}
    ways: tuple[tuple[Head, dict[str, Any]], ...] = (
        (both[0], {}),
        (both[1], {}),
        (both[1], uncounted),
    )
    answers = [answer_of(least(head, context, **asked, **how)) for head, how in ways]
    assert answers[0] == answers[1] == answers[2]


def answer_of(found: MinimumBase) -> tuple[object, ...]:
    """All that a minimum base says of bases."""
    bases = (found.minimum_base, found.window_end, found.safe_base, found.round_base)
    distances = (found.critical_distance, found.safe_distance)
    return (found.status, found.window_status, bases, found.integer_base, distances)


@laws(max_examples=8)
@given(st.integers(2, 10), CONTEXTS, st.floats(1e-3, 1e3), st.sampled_from([0.0, 0.05]))
def test_equal_weights_are_none(half: int, context: int, weight: float, margin: float) -> None:
    plain = Head(half, margin=margin)
    weighed = replace(plain, weights=(weight,) * half)
    answers = [
        answer_of(least(head, context, integer=True, window=True, safe=True))
        for head in (plain, weighed)
    ]
    assert answers[0] == answers[1]


@pytest.mark.slow
@laws(max_examples=10)
@given(heads(), CONTEXTS, st.integers(-96, 96))
def test_weights_in_another_unit_give_the_same_windows(
    head: Head, context: int, power: int
) -> None:
    assume(head.weights is not None)
    assume(head.unrotated == 0)
    scaled = tuple(weight * 2.0**power for weight in head.weights or ())
    found, other = (all_windows(one, context) for one in (head, replace(head, weights=scaled)))
    assert (other.status, other.windows) == (found.status, found.windows)


@pytest.mark.slow
@laws(max_examples=6)
@given(heads(), CONTEXTS, st.integers(-96, 96), st.sampled_from([None, 0.1]))
def test_weights_in_another_unit_give_the_same_bases(
    head: Head, context: int, power: int, width: float | None
) -> None:
    """A power of two, which rounds nothing; unrotated pairs would weigh 1 in either unit."""
    weights = head.weights or (1.0,) * head.half
    scaled = tuple(weight * 2.0**power for weight in weights)
    asked = {"round_digits": 2, "integer": True, "window": True, "safe": True, "min_window": width}
    answers = [
        answer_of(least(replace(head, unrotated=0, weights=one), context, **asked))
        for one in (weights, scaled)
    ]
    assert answers[0] == answers[1]


@laws(max_examples=20)
@given(st.integers(2, 8), st.integers(0, 3), st.integers(2, 200))
def test_a_head_that_is_half_unrotated_meets_the_bound_at_every_base(
    half: int, more: int, context: int
) -> None:
    found = least(Head(half, half + more), context, safe=True)
    assert (found.status, found.minimum_base) == (Status.EVERY_BASE, 1.0)
    assert (found.safe_base, found.safe_distance) == (1.0, None)


# --- staircases ----------------------------------------------------------------------------------


@pytest.mark.slow
@laws(max_examples=6)
@given(st.integers(3, 20), st.integers(2, 60), st.sampled_from(["minimum", "safe"]))
def test_a_staircase_is_the_sweep_and_the_walk_of_every_context(
    half: int, end: int, kind: Kind
) -> None:
    staircase = build_staircase(kind, 2 * half, end, jobs=1)
    for context in range(1, end + 1, 5):
        found = least(Head(half), context, safe=kind == "safe")
        step = staircase.at(context)
        base = found.safe_base if kind == "safe" else found.minimum_base
        distance = found.safe_distance if kind == "safe" else found.critical_distance
        assert (step.base, step.distance or None) == (base, distance)
    for lower, upper in pairwise(staircase.steps):
        assert lower.context < upper.context
        assert lower.base < upper.base
        assert not Head(half).holds(math.nextafter(upper.base, 0.0), lower.context + 1)
