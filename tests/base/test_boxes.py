"""Boxes of distances leave out nothing: what they clear keeps the bound, all the way of a step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropecalc.base import rounding, window
from ropecalc.base.boxes import Boxes
from ropecalc.base.family import Family, family_of
from ropecalc.base.rounding import place, violation_at
from ropecalc.base.safe import computed_safe_base
from ropecalc.base.window import window_end
from ropecalc.bound import scan


@st.composite
def families(draw: st.DrawFn) -> Family:
    pairs, unrotated = draw(st.integers(1, 40)), draw(st.integers(0, 10))
    weights = draw(
        st.none() | st.lists(st.floats(0, 3), min_size=pairs, max_size=pairs).filter(any)
    )
    margin = draw(st.sampled_from([0.0, 0.01, 0.2]))
    return family_of(2 * (pairs + unrotated), 2 * pairs, weights, margin=margin)


def values(family: Family, x: float, context: int) -> np.ndarray:
    """g at every distance, in plain double precision."""
    angles = np.outer(np.arange(context), family.thetas(x))
    plain: np.ndarray = np.cos(angles) @ family.pair_weights + family.constant
    return plain


@settings(max_examples=30, deadline=None)
@given(
    family=families(),
    x=st.floats(0, 30),
    step=st.sampled_from([0.0, 1e-9, 1e-4, 0.3]),
    width=st.sampled_from([1, 2, 8, 32]),
    context=st.integers(1, 3_000),
)
def test_every_distance_that_breaks_the_bound_on_a_step_is_found(
    family: Family, x: float, step: float, width: int, context: int
) -> None:
    boxes = Boxes(family, x, x, step, context, width)
    steepness = float(family.thetas(x) @ family.speed_weights(x))
    found: set[int] = set()
    for start, stop in boxes.strips_up(0, context):
        distances, sums = boxes.below(start, stop, stop * steepness * step)
        found |= set(distances.tolist())
        exact = values(family, x, context)[distances]
        assert np.all(np.abs(sums - exact) < boxes.error(context))
    assert found <= set(range(context))
    for part in (0, 0.3, 1):
        broken = np.flatnonzero(values(family, x + part * step, context) < -1e-9)
        assert set(broken.tolist()) <= found


def test_few_boxes_are_opened_and_the_width_follows() -> None:
    family, x = family_of(128), math.log(1e8)
    boxes = Boxes(family, x, x, 1e-7, 2**18, 8)
    assert boxes.below(0, 2**18, 0.0)[0].size == 0
    assert 0 < boxes.opened < boxes.looked_at / 100
    assert boxes.looked_at == 2**15
    assert boxes.better_width() in (8, 16)
    boxes.opened = boxes.looked_at
    assert boxes.better_width() == 4


@settings(max_examples=15, deadline=None)
@given(family=families(), base=st.floats(1.5, 1e9), context=st.integers(2, 5_000))
def test_first_violations_are_those_of_the_scan(family: Family, base: float, context: int) -> None:
    expected = scan(family.spectrum(base), 0, context, margin=family.margin, first_only=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounding, "LONG", 1)
        patch.setattr(rounding, "WIDE_SPAN", 100)
        assert violation_at(family, context, base) == expected.first_violation


HEADS: list[dict[str, Any]] = [
    {"head_dim": 16},
    {"head_dim": 64},
    {"head_dim": 32, "rotary_dim": 24},
    {"head_dim": 8, "weights": [1, 0.5, 0, 2]},
    {"head_dim": 64, "margin": 0.05},
]


@pytest.mark.parametrize("head", HEADS[:2])
def test_walks_end_at_the_same_zeros(head: dict[str, Any]) -> None:
    _compare(head)


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS[2:])
def test_walks_of_other_heads_end_at_the_same_zeros(head: dict[str, Any]) -> None:
    _compare(head)


def _compare(head: dict[str, Any]) -> None:
    """The safe base of a head, and where a window from a little above its minimum ends."""
    family, context = family_of(**head), 400
    plain = computed_safe_base(family, context)
    assert plain.base is not None
    start = rounding.next_feasible(family, context, 1.5)
    assert start is not None
    ended = window_end(family, context, place(family, start))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "BOXED", 1)
        for long in (1, 2**21):
            patch.setattr(window, "LONG", long)
            assert computed_safe_base(family, context) == plain
            again = window_end(family, context, place(family, start))
            assert (again.endless, again.zero and again.zero.distance) == (
                ended.endless,
                ended.zero and ended.zero.distance,
            )
