"""How far the bound goes on holding from a base that meets it, to either side.

The counterpart of the sweep. From x go on by a stride of some stretches, to the right or to the
left. On each of them single precision tells that nearly all distances m < L keep the bound
(``boxes``). Each of the few others is followed by itself, from an x where it does, by a length h
with

    g(m, x) + d g'(m, x) h - max|g''| h^2/2  >  0,     d = +1 or -1,

so that no violation in between is missed, until some distance's g falls to zero: to a zero that is
enclosed, in multiple precision. A g that nears zero and turns back is passed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ropecalc.base.boxes import Bounds, Boxes, bounds_from
from ropecalc.base.family import X_MAX, Array, Family
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.sweep import RESOLUTION, most_steps
from ropecalc.base.zeros import BASE_DIGITS, Zero
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real
from ropecalc.similarity import UNIT, Distances

# Of the distances: as many are best followed one by one on a stretch.
FEWEST, SHARE = 2, 1 / 8192
SLACK = 8  # times as many are still followed
# Of a stride; of one, times the distances; and how long it is then in all, at most.
MOST_STRETCHES, AT_ONCE, IN_ALL = 16, 2**21, 1.0
NARROW = 2  # distances in a box, where one look at one stretch is all
MANY_COSINES = 2**22  # a tenth of a second
MAX_STEPS = 3_000  # a window this wide is followed no further: seconds
FEW_DISTANCES = 256
TOP_HALVINGS = 24  # of the range of x, to find from where on every base meets the bound
UP, DOWN = 1, -1
# Of all weight: the most that g changes on a first stride, at the last distance.
FIRST_TURN = 0.25
HAIR = 1e-6  # of x: more than all rounding, and so little that no look costs more
# Of x: the bounds of a stride down are those of its far end, and grow with its length.
MOST_STRIDE = {UP: X_MAX, DOWN: 1.0}
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


class Ahead(NamedTuple):
    """A stride, in stretches of equal length, and the distances that may come to zero on one."""

    length: float
    part: float
    """Length of a stretch."""
    stretches: Distances
    """The number of the stretch, from where the stride begins, of each distance."""
    distances: Distances
    bounds: Bounds


class Doubt(NamedTuple):
    """Distances that may come to zero on what is left of a stride, the nearest first."""

    left: float
    distances: Distances
    reaches: Array
    """How far each of them certainly does not."""


class Walk:
    """Steps from x to one side, on which the bound holds; their length follows what limits them.

    Where double precision cannot tell a distance from zero, its zeros are looked for in multiple
    precision, up to where the next distance cannot be found.
    """

    def __init__(self, family: Family, start: Real, direction: int) -> None:
        self.family = family
        self.direction = direction
        self.precise = Precise(family, BASE_DIGITS)
        self._stride = self._longest = math.inf
        self.begin(start)

    def begin(self, start: Real) -> None:
        """Walk from here, with what is known of strides."""
        self.at = start
        """The bound holds here: an x that float64 need not have."""
        self.x = float_at_most(start) if self.direction == UP else -float_at_most(-start)
        """The float64 beside it, on the side that the walk comes from."""
        self.precise.effort.forgive()
        self._count = 1
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
        doubt = self._stride_on(context)
        return None if doubt is None else self._precise_step(doubt)

    def _stride_on(self, context: int) -> Doubt | None:
        """A stride; what double precision cannot tell from zero on the way, and then x is there.

        Distances that may come to zero within the stride are followed one by one, from where their
        stretch begins, each looked at again where its last look ends.
        """
        start, ahead = self.x, self._ahead(context)
        sure = (ahead.stretches * ahead.part).astype(np.float64)
        ends = (ahead.stretches + 1) * ahead.part
        known, looked = ahead.stretches == 0, np.arange(sure.size)
        for _ in range(PATIENT):
            reach = self._reaches(
                ahead.distances[looked],
                start + self.direction * sure[looked],
                ahead.bounds,
                known[looked],
            )
            got_on = reach > self._resolution
            sure[looked[got_on]] += reach[got_on]
            known[looked] = True
            looked = looked[got_on & (sure[looked] < ends[looked])]
            if not looked.size:
                break
        unsure = np.flatnonzero(sure < ends)
        least = float(sure[unsure].min(initial=ahead.length))
        if least > 0:
            self.x = self.at = self._after(start, least)
            self.precise.effort.forgive()
            self._few = FEW
        self._count = 1 if unsure.size else min(2 * self._count, MOST_STRETCHES)
        left = ahead.length - least
        if not unsure.size or (least > 0 and left < 2 * CLOSE * self._resolution):
            return None
        order = unsure[np.argsort(sure[unsure], kind="stable")]
        return Doubt(left, ahead.distances[order], sure[order] - least)

    def _ahead(self, context: int) -> Ahead:
        """The next stride, and the distances that may come to zero on it.

        Following one distance costs as much as a sieve of some thousands: the length balances the
        two.
        """
        few = FEWEST + context * SHARE
        if math.isinf(self._stride):  # not tried yet
            self._stride = _first_stride(self.family, context, self.x)
        while True:
            count = max(1, min(self._count, AT_ONCE // context, int(IN_ALL / self._stride)))
            length = min(count * self._stride, self._longest)
            if self.direction == DOWN:  # a hair beyond base 1, which rounding takes back
                length = min(length, self.x + self._resolution)
            part = length / count
            low = self.x if self.direction == UP else self.x - length
            boxes = Boxes(self.family, low, length, context, count=count)
            stretches, distances = boxes.near(context)
            # single precision tells no fewer from zero on a shorter one
            blurred = context * boxes.bounds.steepness * part < boxes.error(context)
            size = distances.size / count
            accepted = size <= SLACK * few or blurred
            # how many there are grows with about the twelfth power of the length
            factor = 2.0 if blurred else min(1.5, (few / max(size, 0.1)) ** (1 / 12))
            self._stride = min(factor * part, MOST_STRIDE[self.direction])
            if accepted:
                if self.direction == DOWN:
                    stretches = count - 1 - stretches
                return Ahead(length, part, stretches, distances, boxes.bounds)

    @property
    def _resolution(self) -> float:
        """A step this short is none."""
        return RESOLUTION * max(1.0, self.x)

    def _after(self, x: float, step: float) -> float:
        """x after a step, less the effect of rounding on it."""
        certain = max(0.0, step - 4 * UNIT * max(1.0, x))
        return max(0.0, x + self.direction * certain)

    def _precise_step(self, doubt: Doubt) -> Zero | None:
        """A step past the distances that double precision cannot tell, or the zero of one."""
        least = CLOSE * self._resolution
        step = min(max(self._stride / 64, 2 * least), doubt.left)
        if self._few < doubt.reaches.size:
            step = min(step, max(least, float(doubt.reaches[self._few])))
        goal, nearest, spent = self._after(self.x, step), None, self.precise.effort.spent
        for distance, reach in zip(doubt.distances.tolist(), doubt.reaches.tolist(), strict=True):
            if abs(goal - self.x) >= reach:
                zero = self.precise.fall([distance], self.at, goal)
                if zero is not None:
                    nearest, goal = zero, zero.before
        self.steps += self.precise.effort.spent - spent
        if nearest is None:
            self.x = self.at = goal
            self._few = min(2 * self._few, MOST)
        return nearest

    def _reaches(
        self, distances: Distances, xs: Array, bounds: Bounds, known: NDArray[np.bool_]
    ) -> Array:
        """How far from its x each g is certainly not negative; in constant memory.

        Where it is ``known`` not to be so at the x itself, and else nowhere unless it certainly is.
        """
        size = max(1, ANGLES // self.family.n_pairs)
        parts = [slice(at, at + size) for at in range(0, distances.size, size)]
        way, family = self.direction, self.family
        reaches = (_reaches(family, distances[k], xs[k], way, bounds, known[k]) for k in parts)
        return np.concatenate([np.empty(0), *reaches])


def _reaches(
    family: Family,
    distances: Distances,
    xs: Array,
    direction: int,
    bounds: Bounds,
    known: NDArray[np.bool_],
) -> Array:
    """How far from its x each g is certainly not negative, one way.

    The h > 0 with height + slope h - bend h^2/2 = 0, in the form that does not cancel.
    """
    value, slope, value_error, slope_error = family.slopes(distances, xs)
    height = value - value_error
    lost = (height <= 0) & ~known
    height = np.maximum(height, 0.0)
    slope = direction * slope - slope_error
    bend = distances * (bounds.bend + distances * bounds.square) * (1 + 1e-12)
    root = np.sqrt(slope * slope + 2 * bend * height)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(slope > 0, (slope + root) / bend, 2 * height / (root - slope))
    reach[np.isnan(reach)] = np.inf  # it never moves
    reach = np.maximum(reach * (1 - 1e-9) - 4 * UNIT * np.maximum(1.0, xs), 0.0)
    reach[lost] = 0.0
    return reach


def _first_stride(family: Family, context: int, x: float) -> float:
    """The length of a stride that nobody tried yet: at most 1 of x."""
    turn, most = context * bounds_from(family, x).steepness, FIRST_TURN * family.weight
    return most / turn if turn > most else 1.0


def surely_holds_within(family: Family, context: int, x: float, length: float) -> bool:
    """Whether one look around x shows that the bound holds up to ``length`` from it, either way."""
    low = max(0.0, x - length)
    if length > _first_stride(family, context, low):
        return False
    boxes = Boxes(family, low, x + length - low, context, width=NARROW)
    near = boxes.near(context).distances
    if near.size > SLACK * (FEWEST + context * SHARE):
        return False
    return all(_goes(family, near, x, way * length, boxes.bounds) for way in (DOWN, UP))


def _goes(family: Family, near: Distances, x: float, way: float, bounds: Bounds) -> bool:
    """Whether a few distances surely keep the bound from x to x + way, in a few looks."""
    direction, gone, unknown = (UP if way > 0 else DOWN), 0.0, np.zeros(near.size, np.bool_)
    for _ in range(PATIENT):
        at = np.full(near.size, x + direction * gone)
        reach = _reaches(family, near, at, direction, bounds, unknown)
        step = float(reach.min(initial=math.inf))
        if step < HAIR * abs(way):
            return False
        gone += step * (1 - HAIR)  # which is more than all rounding here
        if gone > abs(way):
            return True
    return False


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
