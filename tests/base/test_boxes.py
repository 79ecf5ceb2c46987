"""Boxes of distances leave out nothing: what they clear keeps the bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc.base import rounding
from ropecalc.base.boxes import Boxes, Near
from ropecalc.base.family import Family, family_of
from ropecalc.base.rounding import violation_at
from ropecalc.bound import scan
from tests.tools.laws import laws


@st.composite
def families(draw: st.DrawFn) -> Family:
    pairs, unrotated = draw(st.integers(1, 40)), draw(st.integers(0, 10))
    weights = draw(
        st.none()
        | st.lists(st.floats(0, 3), min_size=pairs, max_size=pairs).filter(lambda w: max(w) > 1e-9)
    )
    margin = draw(st.sampled_from([0.0, 0.01, 0.2]))
    return family_of(2 * (pairs + unrotated), 2 * pairs, weights, margin=margin)


def values(family: Family, x: float, context: int) -> np.ndarray:
    """g at every distance, in plain double precision."""
    angles = np.outer(np.arange(context), family.thetas(x))
    plain: np.ndarray = np.cos(angles) @ family.pair_weights + family.constant
    return plain


@laws(max_examples=30)
@given(
    family=families(),
    x=st.floats(0, 30),
    width=st.sampled_from([1, 2, 8, 32]),
    context=st.integers(1, 3_000),
)
def test_every_distance_that_breaks_the_bound_is_found(
    family: Family, x: float, width: int, context: int
) -> None:
    boxes = Boxes(family, x, 0.0, context, width=width)
    found = set(boxes.near(context).distances.tolist())
    plain = values(family, x, context)
    assert set(np.flatnonzero(plain < -1e-9).tolist()) - {0} <= found
    assert all(plain[m] < 2 * boxes.error(context) for m in found)


def test_few_distances_of_a_long_context_are_looked_at_by_themselves() -> None:
    boxes = Boxes(family_of(128), math.log(1e8), 0.0, 2**18, width=8)
    opened = 0

    def counted(_: object, __: object, firsts: np.ndarray, *___: object) -> Near:
        nonlocal opened
        opened += firsts.size
        return Near(firsts[:0], firsts[:0])

    boxes._opened = counted  # type: ignore[method-assign, assignment]
    boxes.near(2**18)
    assert 0 < opened < 2**15 / 500


@laws(max_examples=15)
@given(family=families(), base=st.floats(1.5, 1e9), context=st.integers(2, 5_000))
def test_first_violations_are_those_of_the_scan(family: Family, base: float, context: int) -> None:
    expected = scan(family.spectrum(base), 0, context, margin=family.margin, first_only=True)
    assert violation_at(family, context, base) == expected.first_violation, "one by one"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounding, "WIDTHS", ((1, 50), (3, 100), (16, 5_000)))
        assert violation_at(family, context, base) == expected.first_violation, "by boxes"


@pytest.mark.parametrize("context", [2**16 + 1, 2**21])
def test_a_long_context_is_evaluated_as_the_scan_does(context: int) -> None:
    family = family_of(16)
    for base in (1e9, 3e12):
        found = scan(family.spectrum(base), 0, context, first_only=True)
        assert violation_at(family, context, base) == found.first_violation
