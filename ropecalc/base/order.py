"""In which order a search for a violation looks at the distances: likely and worthwhile first.

Over a block of N distances around m a pair with theta N small is one number, its mean over the
block, cos(m theta) sinc(theta N / 2); one with theta N large goes through all its angles, as good
as at random, with a variance of half its squared weight. So the lowest g of a block is about the
sum of the means less sqrt(2 ln N) standard deviations. How far a base moves before a violation
ends is about in proportion to its depth and against its distance. That ranks the blocks; it is an
estimate, and nothing but time depends on it.
"""

from __future__ import annotations

import numpy as np

from ropecalc.base.family import Array, Family
from ropecalc.base.sieve import SPAN

FIRST = 64  # distances in the first block; the next are as wide as all before, up to SPAN
# A block at m sees its slowly turning pairs move by about m / N times the change of x.
TURN = 0.1


class Order:
    """The blocks [start, stop) of the distances below a context, ordered for an x."""

    def __init__(self, family: Family, context: int) -> None:
        self._family = family
        edges = [0]
        while edges[-1] < context:
            edges.append(min(context, edges[-1] + min(SPAN, max(FIRST, edges[-1]))))
        self.starts, self.stops = np.array(edges[:-1]), np.array(edges[1:])
        self._lasts = TURN * SPAN / max(context, SPAN)
        self._x = -np.inf
        self._blocks: list[tuple[int, int]] = []

    def at(self, x: float) -> list[tuple[int, int]]:
        """All blocks, the likeliest to have a far-reaching violation first.

        The order of an x a little below is used again: it changes slowly, and costs as much as a
        block examined.
        """
        if not self._x <= x < self._x + self._lasts:
            ranked = np.argsort(-self.scores(x), kind="stable")
            starts, stops = self.starts[ranked].tolist(), self.stops[ranked].tolist()
            self._blocks = list(zip(starts, stops, strict=True))
            self._x = x
        return self._blocks

    def scores(self, x: float) -> Array:
        """About how far a base moves before the deepest violation of each block ends, in ln(base).

        Shape (n_blocks,). Up to a factor common to all; negative where none is expected, and then
        the more so the less likely one is.
        """
        thetas, weights = self._family.thetas(x), self._family.pair_weights
        sizes = self.stops - self.starts
        middles = (self.starts + self.stops - 1) / 2
        smooth = np.sinc(np.multiply.outer(sizes, thetas) / (2 * np.pi))  # (n_blocks, n_pairs)
        means = (np.cos(np.multiply.outer(middles, thetas)) * smooth) @ weights
        deviations = np.sqrt((1 - smooth * smooth) @ (weights * weights) / 2)
        lowest = means + self._family.constant - np.sqrt(2 * np.log(sizes)) * deviations
        ranks: Array = np.where(lowest < 0, -lowest / self.stops, -lowest)
        return ranks
