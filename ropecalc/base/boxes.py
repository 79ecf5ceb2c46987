"""The sieve by boxes of neighbouring distances, most of which are cleared at one look.

Over a box of W distances around c, and a step of x by h, the angle of pair i changes by no more
than t_i = theta_i (W - 1) / 2 + m |theta_i'| h, and its cosine by no more than that. So at every
distance m of the box, all the way of the step,

    g  >=  sum_{t_i < 1} w_i (cos(c theta_i) - t_i)  -  sum_{t_i >= 1} w_i  +  u - margin S(0)

which is a product over a W-th of the distances. What it does not clear is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ropecalc.base.family import Array, Family
from ropecalc.base.sieve import WIDE_SPAN, Sieve
from ropecalc.similarity import Distances

WIDTHS = (1, 32)  # distances in a box, from and to
LONG, LONG_WIDTH = 2**21, 8  # from so many tokens on, boxes of so many distances pay at once
OPENED_AT_ONCE = 2**18  # angles of boxes
FEW, MANY = 1 / 1024, 1 / 128  # of the boxes: with fewer opened they may be wider, with more not


class Boxes(Sieve):
    """A sieve of a context for a step of x to ``far`` or from it: where frequencies are greater.

    ``below`` leaves out distances whose g surely stays above zero all the way, too.
    """

    def __init__(
        self, family: Family, x: float, far: float, step: float, context: int, width: int
    ) -> None:
        thetas = np.abs(family.thetas(far)) * (1 + 1e-9)
        turn = family.pair_weights * thetas * ((width - 1) / 2)
        drift = thetas * family.speed_weights(far) * step  # of each token of distance
        slow = turn + drift * context < family.pair_weights
        self._lost = float(turn[slow].sum() + family.pair_weights[~slow].sum())
        self._drift = float(drift[slow].sum())
        super().__init__(family, x, min(-(-context // width), WIDE_SPAN), width, slow)
        self.span *= width
        self._all = family.thetas(x)
        near = np.exp(1j * np.multiply.outer(self._all, np.arange(width)))  # (n, W)
        near *= family.pair_weights[:, None]
        self._near = np.concatenate([near.real, near.imag]).astype(np.float32)  # (2n, W)
        self.opened = self.looked_at = 0

    def below(self, start: float, stop: float, threshold: float) -> tuple[Distances, Array]:
        """As ``Sieve.below``."""
        middle = (self._stride - 1) / 2
        bar = self._lost + self._drift * stop
        centres, _ = super().below(start + middle, stop + middle, bar)
        self.looked_at += -(-int(stop - start) // self._stride)
        self.opened += centres.size
        firsts = (centres - middle).astype(np.int64)
        parts = [*self._open(firsts, int(stop), self._cut(stop, threshold))]
        distances, values = zip(*parts, strict=True) if parts else ((firsts,), (centres,))
        return np.concatenate(distances), np.concatenate(values)

    def _open(
        self, firsts: Distances, stop: int, cut: np.float32
    ) -> Iterator[tuple[Distances, Any]]:
        """The distances of boxes that are below a cut, with their values."""
        size = max(1, OPENED_AT_ONCE // self._all.size)
        for at in range(0, firsts.size, size):
            some = firsts[at : at + size, None]  # (k, 1)
            angles = some * self._all  # (k, n)
            left = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1).astype(np.float32)
            values, distances = left @ self._near, some + np.arange(self._stride)  # (k, W)
            found = (values < cut) & (distances < stop)
            yield distances[found], values[found] + self._family.constant

    def better_width(self) -> int:
        """The width that the next step should take, by how many boxes were opened."""
        share = self.opened / max(1, self.looked_at)
        if share > MANY:
            return max(WIDTHS[0], self._stride // 2)
        return min(WIDTHS[1], self._stride * 2) if share < FEW else self._stride
