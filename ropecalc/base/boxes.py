"""The sieve by boxes of neighbouring distances, most of which are cleared together.

Over a box of W distances around c the angle of pair i is off that of c by t_i = theta_i (W - 1) / 2
at most, and its cosine by no more than that. So at every distance of the box

    g  >=  sum_{t_i < 1} w_i (cos(c theta_i) - t_i)  -  sum_{t_i >= 1} w_i  +  u - margin S(0)

which is a product over a W-th of the distances. What it does not clear is examined one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ropecalc.base.family import Array, Family
from ropecalc.base.sieve import WIDE_SPAN, Sieve
from ropecalc.similarity import UNIT, Distances

LONG = 2**21  # tokens: from here on a look at all distances costs less by boxes
WIDTH = 8  # distances in a box; more would be faster far from the minimum base
OPENED_AT_ONCE = 2**18  # angles of boxes


class Boxes(Sieve):
    """A sieve of a context at one x, or what rounding makes of it, for values below zero."""

    def __init__(self, family: Family, x: float, context: int, width: int) -> None:
        off = 16 * UNIT * max(1.0, x)  # more than x is rounded by
        thetas = np.abs(family.thetas(max(0.0, x - off))) * (1 + 1e-9)
        turn = family.pair_weights * thetas * ((width - 1) / 2)
        slow = turn < family.pair_weights
        self._drift = 2 * off * float(thetas @ family.speed_weights(x))  # a token of distance
        self._lost = float(turn[slow].sum() + family.pair_weights[~slow].sum())
        super().__init__(family, x, min(-(-context // width), WIDE_SPAN), stride=width, pairs=slow)
        self.span *= width
        self._all = family.thetas(x)
        near = np.exp(1j * np.multiply.outer(self._all, np.arange(width)))  # (n, W)
        near *= family.pair_weights[:, None]
        self._near = np.concatenate([near.real, near.imag]).astype(np.float32)  # (2n, W)

    def negative(self, start: int, stop: int) -> Distances:
        """The distances start <= m < stop (at most ``span``) that may be below zero, ascending."""
        middle = (self._stride - 1) / 2
        bar = self._lost + self._drift * stop
        centres, _ = self.below(start + middle, stop + middle, bar)
        firsts: Distances = (centres - middle).astype(np.int64)
        if self._stride == 1:
            return firsts
        cut = self._cut(stop, self._drift * stop)
        return np.concatenate([firsts[:0], *self._open(firsts, stop, cut)])

    def _open(self, firsts: Distances, stop: int, cut: Any) -> Iterator[Distances]:
        """The distances of boxes whose sums are below a cut."""
        size = max(1, OPENED_AT_ONCE // self._all.size)
        for at in range(0, firsts.size, size):
            some = firsts[at : at + size, None]  # (k, 1)
            angles: Array = some * self._all  # (k, n)
            left = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1).astype(np.float32)
            distances = some + np.arange(self._stride)  # (k, W)
            yield distances[(left @ self._near < cut) & (distances < stop)]
