"""The order of a search: every distance once, and likely, far-reaching violations first."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ropecalc.base.family import Family, family_of
from ropecalc.base.order import FIRST, TURN, Order
from ropecalc.base.sieve import SPAN, Sieve
from ropecalc.base.sweep import Sweep
from tests.tools.speeds import first_quick


@pytest.mark.parametrize("context", [1, 2, FIRST, FIRST + 1, 1000, SPAN, SPAN + 1, 5 * SPAN + 77])
@pytest.mark.parametrize("x", [0.0, 3.0, 16.0])
def test_every_distance_is_in_one_block(context: int, x: float) -> None:
    blocks = sorted(Order(family_of(32), context).at(x))
    assert blocks[0][0] == 0
    assert [stop for _, stop in blocks[:-1]] == [start for start, _ in blocks[1:]]
    assert blocks[-1][1] == context
    assert all(0 < stop - start <= min(SPAN, max(FIRST, start)) for start, stop in blocks)


def by_definition(family: Family, start: int, stop: int, x: float) -> float:
    """The score with every mean and variance taken over the block's distances themselves."""
    mean, variance = family.constant, 0.0
    for weight, theta in zip(family.pair_weights.tolist(), family.thetas(x).tolist(), strict=True):
        middles = start - 0.5 + (np.arange(200_000) + 0.5) / 200_000 * (stop - start)
        share = math.sin((stop - start) * theta / 2) / ((stop - start) * theta / 2)
        mean += weight * float(np.cos(middles * theta).mean())
        variance += weight**2 * (1 - share**2) / 2
    lowest = mean - math.sqrt(2 * math.log(stop - start) * variance)
    return -lowest / stop if lowest < 0 else -lowest


@pytest.mark.parametrize(
    "family",
    [
        family_of(16),
        family_of(24, 16, count_unrotated=True),
        family_of(16, margin=0.1),
        family_of(8, weights=[1.0, 0.5, 2.0, 3.0]),
    ],
)
@pytest.mark.parametrize("x", first_quick(1, [7.0, 2.0, 12.0]))
def test_scores_by_their_definition(family: Family, x: float) -> None:
    order = Order(family, 1000)
    expected = [
        by_definition(family, start, stop, x)
        for start, stop in zip(order.starts.tolist(), order.stops.tolist(), strict=True)
    ]
    np.testing.assert_allclose(order.scores(x), expected, rtol=1e-6, atol=1e-6)
    likeliest = int(np.argmax(expected))
    first = order.at(x)[0]
    assert first == (order.starts[likeliest], order.stops[likeliest])


def test_an_order_serves_until_x_has_gone_up_far_enough() -> None:
    order = Order(family_of(128), 4 * SPAN)
    lasts = TURN / 4
    first = order.at(12.0)
    assert order.at(12.0 + 0.99 * lasts) is first
    second = order.at(12.0 + 1.01 * lasts)
    assert second is not first
    assert order.at(12.0) is not second  # nor for what lies below


def test_where_violations_are_rare_the_order_finds_one_early() -> None:
    """At a base just below the minimum one of 64 blocks and more has a violation."""
    context = 2**20
    family, x = family_of(128), math.log(65_374_955.1441) - 2e-7
    sieve = Sieve(family, x, SPAN)
    blocks = Order(family, context).at(x)
    broken = [sieve.below(*block, -sieve.error(context))[0].size > 0 for block in blocks]
    assert 1 <= sum(broken) <= 3
    assert broken.index(True) < len(blocks) / 4


def test_the_first_witness_comes_from_the_first_block_that_has_one() -> None:
    family, x = family_of(128), 11.0
    sweep = Sweep(family, SPAN, x=x)
    witness, in_doubt = sweep._find_witness()
    assert witness is not None
    assert in_doubt == []
    for start, stop in Order(family, SPAN).at(x):
        angles = np.multiply.outer(np.arange(start, stop), family.thetas(x))
        if np.cos(angles).sum(axis=1).min() < 0:
            assert start <= witness.distance < stop
            break
    else:
        pytest.fail("no block has a violation")
