"""How far the bound goes on holding from a base that meets it, to either side.

The counterpart of the sweep. From x step by a length h, to the right or to the left, for which

    g(m, x) + d g'(m, x) h - max|g''| h^2/2 > 0     at every distance m < L, d = +1 or -1,

so that no violation in between is missed, until some distance's g falls to zero.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ropecalc.base.family import X_MAX, Array, Family
from ropecalc.base.sieve import WIDE_SPAN, Sieve
from ropecalc.base.sweep import RESOLUTION
from ropecalc.similarity import Distances

MANY = 1 / 2048  # share of distances let through the sieve at which steps get shorter
MAX_STEPS = 3_000  # a window this wide is followed no further: seconds
TOP_HALVINGS = 24  # of the range of x, to find from where on every base meets the bound
UP, DOWN = 1, -1


class WindowEnd(NamedTuple):
    """How far a window was followed: to x at least."""

    x: float
    distance: int | None
    """The distance that ends the window just beyond x."""
    endless: bool
    """Whether every larger base meets the bound."""


def window_end(family: Family, context: int, start: float) -> WindowEnd:
    """The end of the window that begins at or contains ``start``, if it ends within 3,000 steps.

    ``start`` must meet the bound: a g there that double precision cannot tell from zero is taken
    as zero.
    """
    walk = Walk(family, start, UP)
    for _ in range(MAX_STEPS):
        if walk.x > X_MAX or holds_ever_after(family, context, walk.x):
            return WindowEnd(walk.x, None, endless=True)
        closest = walk.step(context)
        if closest is not None:
            return WindowEnd(walk.x, closest, endless=False)
    return WindowEnd(walk.x, None, endless=False)


class Walk:
    """Steps from x to one side, on which the bound holds; their length follows what limits them."""

    def __init__(self, family: Family, x: float, direction: int) -> None:
        self.family = family
        self.x = x
        self.direction = direction
        self._trial = RESOLUTION * 2**20

    def step(self, context: int) -> int | None:
        """Go on by one step; the distance that stops it where there is no going on."""
        step, closest, count, blurred = self._longest_step(context)
        if closest is not None and step <= RESOLUTION * max(1.0, self.x):
            return closest
        self.x = max(0.0, self.x + self.direction * step)
        # Looking at one distance costs as much as sieving some hundreds: balance the two.
        many = 64 + context * MANY
        if blurred or count < many / 4:
            self._trial *= 1.5
        elif count > many:
            self._trial *= 0.5
        return None

    def _longest_step(self, context: int) -> tuple[float, int | None, int, bool]:
        """A step of at most the trial length; what limits it; how many distances might have.

        And whether they are that many because single precision cannot tell them from zero: a
        shorter step would let through no fewer.
        """
        # The bounds hold from their x on to the right: to the left they are those of the far end.
        far = self.x if self.direction == UP else max(0.0, self.x - self._trial)
        steepness, bends = _bounds(self.family, far)
        sieve, step = Sieve(self.family, self.x, min(context, WIDE_SPAN)), self._trial
        closest, count = None, 0
        for start, stop in sieve.strips_down(context):
            # Above this, no distance of the strip can fall to zero within the step.
            distances, _ = sieve.below(start, stop, stop * steepness * step)
            count += distances.size
            if distances.size:
                reaches = self._reaches(distances, bends)
                lowest = int(reaches.argmin())
                if reaches[lowest] < step:
                    step, closest = float(reaches[lowest]), int(distances[lowest])
        return step, closest, count, context * steepness * self._trial < sieve.error(context)

    def _reaches(self, distances: Distances, bends: tuple[float, float]) -> Array:
        """How far each g is certainly not negative, if it is not at x.

        The h > 0 with height + slope h - bend h^2/2 = 0, in the form that does not cancel.
        """
        value, slope, value_error, slope_error = self.family.slopes(distances, self.x)
        height = np.maximum(value - value_error, 0.0)
        slope = self.direction * slope - slope_error
        bend = distances * (bends[0] + distances * bends[1]) * (1 + 1e-12)
        root = np.sqrt(slope * slope + 2 * bend * height)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(slope > 0, (slope + root) / bend, 2 * height / (root - slope))
        reaches: Array = np.nan_to_num(reach, nan=np.inf) * (1 - 1e-9)
        return reaches


def _bounds(family: Family, x: float) -> tuple[float, tuple[float, float]]:
    """Of |g'| the factor of m, and of |g''| the factors of m and of m^2, from x on to the right."""
    thetas, powers = family.thetas(x) * (1 + 1e-12), family.weight_powers
    return float(thetas @ powers[:, 1]), (
        float(thetas @ powers[:, 2]),
        float((thetas * thetas) @ powers[:, 2]),
    )


def holds_ever_after(family: Family, context: int, x: float) -> bool:
    """Whether the bound surely holds at x and at every larger base.

    A pair whose angle stays below pi up to the last distance only gains as the base grows; count
    -1 for each of the others. With cos falling on [0, pi], the last distance is the worst.
    """
    if family.always_holds:
        return True
    angles = (context - 1) * family.thetas(x) * (1 + 1e-12)
    worst = sum(
        weight * (math.cos(angle) if angle < math.pi else -1.0)
        for weight, angle in zip(family.pair_weights.tolist(), angles.tolist(), strict=True)
    )
    return bool(worst + family.constant > 1e-9 * (family.weight + abs(family.constant)))


def surely_holds_from(
    family: Family, context: int, high: float = X_MAX, halvings: int = TOP_HALVINGS
) -> float:
    """An x from which on every base meets the bound; ``high`` where none below it is known."""
    low = 0.0
    for _ in range(halvings):
        middle = (low + high) / 2
        if holds_ever_after(family, context, middle):
            high = middle
        else:
            low = middle
    return high
