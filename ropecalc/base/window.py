"""How far the bound goes on holding from a base that meets it, to either side.

The counterpart of the sweep. From x go on by a stride, to the right or to the left. With c its
middle, single precision tells of nearly all distances m < L that for |h| up to half of it

    g(m, c + h)  >=  g(m, c) - |g'(m, c)| |h| - max|g''| h^2/2  >  0.

Each of the few others is followed by itself, from an x where it keeps the bound by a length h with

    g(m, x) + d g'(m, x) h - max|g''| h^2/2  >  0,     d = +1 or -1,

so that no violation in between is missed, until some distance's g falls to zero: to a zero that is
enclosed, in multiple precision. A g that nears zero and turns back is passed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ropecalc.base.family import X_MAX, Array, Family
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.sieve import WIDE_SPAN, Sieve
from ropecalc.base.sweep import RESOLUTION, most_steps
from ropecalc.base.zeros import Zero
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real
from ropecalc.similarity import UNIT, Distances

FEWEST, SHARE = 24, 1 / 4096  # of the distances: as many are best followed one by one on a stride
SLACK = 8  # times as many are still followed
MANY_COSINES = 2**22  # a tenth of a second
MAX_STEPS = 3_000  # a window this wide is followed no further: seconds
FEW_DISTANCES = 256
TOP_HALVINGS = 24  # of the range of x, to find from where on every base meets the bound
UP, DOWN = 1, -1
# Of all weight: the most that g changes on a first stride, at the last distance. Most often some
# tens of distances of a hundred thousand are then left to follow.
FIRST_TURN = 0.25
HAIR = 1e-6  # of x: more than all rounding, and so little that no look costs more
# Of x: the bounds of a stride down are those of its far end, and grow with its length.
MOST_STRIDE = {UP: X_MAX, DOWN: 1.0}
SOON = 0.8  # of what is left of a stride: distances whose look ends within it are examined again
PATIENT = 64  # looks on one stride, before multiple precision takes it
ANGLES = 2**20  # of distances examined together: 8 MB an array
CLOSE = 4  # resolutions: a step in multiple precision is no shorter
# Distances examined in multiple precision on one step, unless more are that close; twice as many
# on the next where double precision still does not get on.
FEW, MOST = 4, 4_096


class WindowEnd(NamedTuple):
    """How far a window was followed: to x at least."""

    x: float
    zero: Zero | None
    """The zero that ends the window."""
    endless: bool
    """Whether every larger base meets the bound."""


def window_end(family: Family, context: int, start: Real, least: float = 0.0) -> WindowEnd:
    """The end of the window that contains the base exp(start), if it ends within 3,000 steps.

    ``start``, an x in multiple precision, must meet the bound. With ``least`` it is followed up to
    there, however many steps that takes. Raises UndecidedError as ``Walk.step``.
    """
    walk, steps = Walk(family, start, UP), 0
    while steps < MAX_STEPS or walk.x <= least:
        if holds_ever_after(family, context, walk.x):
            return WindowEnd(walk.x, None, endless=True)
        if walk.x > X_MAX:
            break
        zero = walk.step(context)
        if zero is not None and zero.before < X_MAX:
            return WindowEnd(walk.x, zero, endless=False)
        if zero is not None:
            return WindowEnd(X_MAX, None, endless=False)
        steps += 1
    return WindowEnd(walk.x, None, endless=False)


class Walk:
    """Steps from x to one side, on which the bound holds; their length follows what limits them.

    Where double precision cannot tell a distance from zero, its zeros are looked for in multiple
    precision, up to where the next distance cannot be found.
    """

    def __init__(self, family: Family, start: Real, direction: int) -> None:
        self.family = family
        self.at = start
        """The bound holds here: an x that float64 need not have."""
        self.x = float_at_most(start) if direction == UP else -float_at_most(-start)
        """The float64 beside it, on the side that the walk comes from."""
        self.direction = direction
        self._longest = math.inf
        self.precise = Precise(family)
        self._stride = math.inf
        self._sieve: Sieve | None = None
        self._few = FEW
        self.steps = 0
        """Taken so far; one in multiple precision counts as its evaluations."""

    def aim(self, goal: float) -> None:
        """Let the next stride go no more than a hair beyond a goal."""
        self._longest = abs(goal - self.x) + HAIR

    def step(self, context: int) -> Zero | None:
        """Go on by one step; the zero that ends it where there is no going on.

        Raises UndecidedError where that takes too many.
        """
        if self.steps >= (most := most_steps(context)):
            raise UndecidedError(
                f"the bound still holds at {self.family.described(self.x)}: stopped after "
                f"{most:,} steps"
            )
        self.steps += 1
        return None if self._stride_on(context) else self._precise_step(context)

    def _stride_on(self, context: int) -> bool:
        """A stride; False where double precision cannot tell a distance from zero on the way.

        Then x is where that begins. Distances that may come to zero within the stride are followed
        one by one, each looked at again only where its last look ends.
        """
        start, length, near, bends = self.x, *self._ahead(context)
        sure = np.zeros(near.size)  # how far from the start each of them keeps the bound
        for _ in range(PATIENT):
            if (least := float(sure.min(initial=length))) > 0:
                self.x = self.at = self._after(start, least)
                self.precise.effort.forgive()
                self._few = FEW
            if least >= length:
                return True
            due = np.flatnonzero(sure <= least + (length - least) * SOON)
            sure[due] = abs(self.x - start) + self._reaches(near[due], bends)
            if sure.min() <= least + self._resolution:
                break
        return False

    def _ahead(self, context: int) -> tuple[float, Distances, tuple[float, float]]:
        """The length of a stride, the distances that may come to zero on it, bounds on |g''|.

        Looking at one distance costs as much as sieving some hundreds: the length balances the two.
        """
        few = FEWEST + context * SHARE
        if math.isinf(self._stride):  # not tried yet
            self._stride = _first_stride(self.family, context, self.x)
        while True:
            length = min(self._stride, self._longest)
            if self.direction == DOWN:  # a hair beyond base 1, which rounding takes back
                length = min(length, self.x + self._resolution)
            middle = self.x + self.direction * length / 2
            # The bounds hold from their x on to the right: they are those of the lower end.
            low = self.x if self.direction == UP else max(0.0, self.x - length)
            steepness, bends = bounds(self.family, low)
            sieve = Sieve(self.family, middle, min(context, WIDE_SPAN), self._sieve)
            self._sieve = sieve
            half = length / 2 + 4 * UNIT * max(1.0, self.x)
            strips = sieve.strips_down(context)
            near = np.concatenate([sieve.nearing(*strip, half, bends) for strip in strips])
            # single precision tells no fewer from zero on a shorter one
            blurred = context * steepness * length < sieve.error(context)
            accepted = near.size <= SLACK * few or blurred
            # how many there are grows with about the twelfth power of the length
            factor = 2.0 if blurred else min(1.5, (few / max(near.size, 0.1)) ** (1 / 12))
            self._stride = min(factor * length, MOST_STRIDE[self.direction])
            if accepted:
                return length, near, bends

    @property
    def _resolution(self) -> float:
        """A step this short is none."""
        return RESOLUTION * max(1.0, self.x)

    def _after(self, x: float, step: float) -> float:
        """x after a step, less the effect of rounding on it."""
        certain = max(0.0, step - 4 * UNIT * max(1.0, x))
        return max(0.0, x + self.direction * certain)

    def _precise_step(self, context: int) -> Zero | None:
        """A step past the distances that double precision cannot tell, or the zero of one."""
        step, doubtful = self._doubtful(context)
        goal, nearest, spent = self._after(self.x, step), None, self.precise.effort.spent
        for distance, reach in doubtful:
            if abs(goal - self.x) >= reach:
                zero = self.precise.fall([distance], self.at, goal)
                if zero is not None:
                    nearest, goal = zero, zero.before
        self.steps += self.precise.effort.spent - spent
        if nearest is None:
            self.x = self.at = goal
            self._few = min(2 * self._few, MOST)
        return nearest

    def _doubtful(self, context: int) -> tuple[float, list[tuple[int, float]]]:
        """A step, and the few distances that may fall to zero on it; no other does.

        Each with how far it certainly does not, the shortest reach first.
        """
        least = CLOSE * self._resolution
        step = max(self._stride / 64, 2 * least)
        far = self.x if self.direction == UP else max(0.0, self.x - step)
        steepness, bends = bounds(self.family, far)
        sieve = Sieve(self.family, self.x, min(context, WIDE_SPAN))
        found, reaches = np.array([], dtype=np.int64), np.array([])
        for start, stop in sieve.strips_down(context):
            distances, _ = sieve.below(start, stop, stop * steepness * step)
            reach = self._reaches(distances, bends)
            found = np.append(found, distances[reach < step])
            reaches = np.append(reaches, reach[reach < step])
            if found.size > self._few:
                step = max(least, float(np.partition(reaches, self._few)[self._few]))
                found, reaches = found[reaches < step], reaches[reaches < step]
        order = np.argsort(reaches, kind="stable")
        return step, list(zip(found[order].tolist(), reaches[order].tolist(), strict=True))

    def _reaches(self, distances: Distances, bends: tuple[float, float]) -> Array:
        """How far each g is certainly not negative, if it is not at x; in constant memory."""
        size = max(1, ANGLES // self.family.n_pairs)
        parts = (distances[at : at + size] for at in range(0, distances.size, size))
        known = (_reaches(self.family, part, self.x, self.direction, bends) for part in parts)
        return np.concatenate([np.empty(0), *known])


def _reaches(
    family: Family, distances: Distances, x: float, direction: int, bends: tuple[float, float]
) -> Array:
    """How far from x each g is certainly not negative, if it is not at x.

    The h > 0 with height + slope h - bend h^2/2 = 0, in the form that does not cancel.
    """
    value, slope, value_error, slope_error = family.slopes(distances, x)
    height = np.maximum(value - value_error, 0.0)
    slope = direction * slope - slope_error
    bend = distances * (bends[0] + distances * bends[1]) * (1 + 1e-12)
    root = np.sqrt(slope * slope + 2 * bend * height)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(slope > 0, (slope + root) / bend, 2 * height / (root - slope))
    reaches: Array = np.nan_to_num(reach, nan=np.inf) * (1 - 1e-9)
    return reaches


def _first_stride(family: Family, context: int, x: float) -> float:
    """The length of a stride that nobody tried yet: at most 1 of x."""
    turn, most = context * bounds(family, x)[0], FIRST_TURN * family.weight
    return most / turn if turn > most else 1.0


def surely_holds_within(family: Family, context: int, x: float, length: float) -> bool:
    """Whether one look at x shows that the bound holds up to ``length`` from it, either way."""
    if length > _first_stride(family, context, max(0.0, x - length)):
        return False
    _, bends = bounds(family, max(0.0, x - length))
    sieve = Sieve(family, x, min(context, WIDE_SPAN))
    strips = sieve.strips_down(context)
    near = np.concatenate([sieve.nearing(*strip, length, bends) for strip in strips])
    if near.size > SLACK * (FEWEST + context * SHARE):
        return False
    return all(_goes(family, near, x, way * length, bends) for way in (DOWN, UP))


def _goes(
    family: Family, near: Distances, x: float, way: float, bends: tuple[float, float]
) -> bool:
    """Whether a few distances surely keep the bound from x to x + way, in a few looks."""
    direction, gone = (UP if way > 0 else DOWN), 0.0
    for _ in range(PATIENT):
        at = x + direction * gone
        # a distance whose g is not certainly positive reaches nowhere
        step = float(_reaches(family, near, at, direction, bends).min(initial=math.inf))
        if step < 1e-6 * abs(way):  # which is far above all rounding here
            return False
        gone += step * (1 - 1e-6)
        if gone > abs(way):
            return True
    return False


def bounds(family: Family, x: float) -> tuple[float, tuple[float, float]]:
    """Of |g'| the factor of m, and of |g''| the factors of m and of m^2, from x on to the right."""
    thetas = family.thetas(x) * (1 + 1e-12)
    bends, squares = family.bend_weights(x)
    return float(thetas @ family.speed_weights(x)), (
        float(thetas @ bends),
        float((thetas * thetas) @ squares),
    )


def holds_ever_after(family: Family, context: int, x: float) -> bool:
    """Whether the bound surely holds at x and beyond it.

    A pair whose angle stays below pi up to the last distance only gains as x grows; count -1 for
    each of the others. With cos falling on [0, pi], the last distance is the worst. Pairs that x
    does not move count together, by the least that they add up to at any distance.
    """
    if family.always_holds or x >= family.holds_from(context):
        return True
    still = family.still
    thetas, weights = family.thetas(x), family.pair_weights
    angles = (context - 1) * thetas * (1 + 1e-12)
    worst = family.constant + sum(
        weight * (math.cos(angle) if angle < math.pi else -1.0)
        for weight, angle in zip(weights[still:].tolist(), angles[still:].tolist(), strict=True)
    )
    rounding = 4 * (family.n_pairs + 16) * UNIT * (family.weight + abs(family.constant))
    return all(  # of a few distances first: most often that decides
        worst + lowest_sum(thetas[:still], weights[:still], length) > rounding
        for length in (min(context, FEW_DISTANCES), context)
    )


def lowest_sum(thetas: Array, weights: Array, context: int) -> float:
    """The least sum_i w_i cos(m theta_i) of the distances 0 < m < context, less its rounding.

    -sum_i w_i, which is below it, of very many.
    """
    if thetas.tolist() == [1.0]:
        return float(weights[0]) * lowest_cosine(context)
    if context * thetas.size > MANY_COSINES:
        return -float(weights.sum())
    return _lowest_sum(tuple(thetas.tolist()), tuple(weights.tolist()), context)


@lru_cache(maxsize=16)
def _lowest_sum(thetas: tuple[float, ...], weights: tuple[float, ...], context: int) -> float:
    sums = np.cos(np.multiply.outer(np.arange(1, context), np.array(thetas))) @ np.array(weights)
    rounding = UNIT * (4 * context * sum(thetas) + 4 * len(thetas)) * max(weights, default=0.0)
    return float(sums.min(initial=sum(weights))) - rounding


@lru_cache(maxsize=16)
def lowest_cosine(context: int) -> float:
    """The least cos(m) of the distances 0 < m < context; -1, which is below it, of very many."""
    if context > MANY_COSINES:
        return -1.0
    return float(np.cos(np.arange(1, context)).min(initial=1.0))


def surely_holds_from(
    family: Family, context: int, high: float = X_MAX, halvings: int = TOP_HALVINGS
) -> float:
    """An x above which every base meets the bound; ``high`` where none below it is known."""
    low = 0.0
    for _ in range(halvings):
        middle = (low + high) / 2
        if holds_ever_after(family, context, middle):
            high = middle
        else:
            low = middle
    return high
