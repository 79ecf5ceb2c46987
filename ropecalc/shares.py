"""How far a bound carries where a few distances may break it: counting as violations come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ropecalc.errors import InvalidValueError
from ropecalc.results import SoftContext
from ropecalc.similarity import Distances
from ropecalc.spectrum import as_float, shown

SHARES = (0.001, 0.01)
"""The shares that count as few."""
PARTS = 10**6
"""Shares are whole millionths, so that counts are compared as integers."""


class Few:
    """The longest contexts in which few distances break the bound, as violations come.

    max { L <= limit : #{m < L : m breaks it} <= share L }
    """

    def __init__(self, shares: Sequence[float]) -> None:
        if isinstance(shares, str) or not isinstance(shares, Iterable):
            raise InvalidValueError("shares", f"shares must be a list, got {shown(shares)}")
        self.shares = tuple(shares)
        self.parts = [millionths(share) for share in shares]
        self.best = [0] * len(self.parts)
        self.count = 0

    def add(self, broken: Distances) -> None:
        """Take the next violating distances, ascending."""
        before = self.count + np.arange(len(broken))  # violations below each of them
        for k, parts in enumerate(self.parts):
            within = np.flatnonzero(before * PARTS <= parts * broken)
            self.best[k] = int(broken[within[-1]]) if len(within) else self.best[k]
        self.count += len(broken)

    def too_many(self, limit: int) -> bool:
        """Whether no longer context up to the limit can be within any share."""
        return self.count * PARTS > max(self.parts, default=0) * limit

    def contexts(self, limit: int) -> tuple[SoftContext, ...]:
        """What there is to say when all below the limit have come, or ``too_many``."""
        ends = [
            limit if self.count * PARTS <= parts * limit else best
            for parts, best in zip(self.parts, self.best, strict=True)
        ]
        return tuple(
            SoftContext(share, end, end == limit)
            for share, end in zip(self.shares, ends, strict=True)
        )


def millionths(share: float) -> int:
    """A share in whole millionths; raises InvalidValueError where it is none."""
    number = as_float(share)
    parts = round(number * PARTS) if 0 <= number <= 1 else -1
    if parts < 0 or abs(parts - number * PARTS) > 1e-6:
        raise InvalidValueError(
            "share", f"share must be from 0 to 1 in whole millionths, got {shown(share)}"
        )
    return parts
