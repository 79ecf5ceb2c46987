"""The statistics: each a few lines of arithmetic on lengths."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ropecalc.similarity import Array

if TYPE_CHECKING:
    from ropecalc.results import Score

SEED, RESAMPLES = 20260529, 1000
T = TypeVar("T")


def length_at(scores: Sequence[Score], part: float) -> float | None:
    """Where a score falls below ``part`` of its first, between two lengths linear in log2 tokens.

    >>> from ropecalc.results import Score
    >>> scores = [Score(4096, 100.0), Score(8192, 90.0), Score(16384, 70.0)]
    >>> round(length_at(scores, 0.8))
    11585
    >>> length_at(scores[:2], 0.8) is None
    True
    """
    least = part * scores[0].score
    for before, after in pairwise(scores):
        if after.score < least:
            share = (before.score - least) / (before.score - after.score)
            return float(before.context * (after.context / before.context) ** share)
    return None


def octaves(lengths: Sequence[float], predictions: Sequence[float], limit: float) -> list[float]:
    """log2(length / prediction), both cut at a limit.

    >>> octaves([4096, 131072], [8192, 1e6], 131072)
    [-1.0, 0.0]
    """
    pairs = zip(lengths, predictions, strict=True)
    return [math.log2(min(length, limit) / min(guess, limit)) for length, guess in pairs]


def rms(values: Sequence[float]) -> float:
    """The root of the mean square.

    >>> rms([3.0, 4.0, 0.0, 0.0])
    2.5
    """
    return math.sqrt(math.fsum(value * value for value in values) / len(values))


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile, the least and greatest value being 0 and 100 %.

    >>> quartiles([1.0, 2.0, 3.0, 4.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation, ties at their mean rank; 0 where one side is constant.

    >>> round(spearman([1, 2, 3, 4], [10, 30, 20, 40]), 12)
    0.8
    """
    x, y = _ranks(first), _ranks(second)
    spread = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / spread if spread else 0.0  # all equal: no order to agree with


def _ranks(values: Sequence[float]) -> Array:
    """Ranks about their mean."""
    order = np.sort(values)
    below, upto = (np.searchsorted(order, values, side) for side in ("left", "right"))
    ranks: Array = (below + upto - len(values)) / 2
    return ranks


def interval(
    families: Mapping[str, Sequence[T]], measure: Callable[[Sequence[T]], float]
) -> tuple[float, float]:
    """The 95 % interval of a measure, whole families drawn with replacement; a fixed seed.

    >>> interval({"a": [1.0], "b": [3.0]}, statistics.mean)
    (1.0, 3.0)
    """
    draw, names = random.Random(SEED), list(families)
    found = []
    for _ in range(RESAMPLES):
        drawn = [names[int(draw.random() * len(names))] for _ in names]
        found.append(measure([one for name in drawn for one in families[name]]))
    found.sort()
    cut = round(0.025 * RESAMPLES)
    return found[cut], found[-1 - cut]


def fisher(a: int, b: int, c: int, d: int) -> float:
    """Fisher's exact test of a two-by-two table, two-sided: tables no likelier than this one.

    >>> round(fisher(3, 1, 1, 3), 6)
    0.485714
    """
    row, column, total = a + b, a + c, a + b + c + d

    def ways(x: int) -> int:
        """How many tables with these sums have x in the first cell."""
        return math.comb(row, x) * math.comb(total - row, column - x)

    here = ways(a)
    xs = range(max(0, row + column - total), min(row, column) + 1)
    return sum(ways(x) for x in xs if ways(x) <= here) / math.comb(total, column)
