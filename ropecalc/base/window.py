"""How far the bound goes on holding from a base that meets it, to either side.

The counterpart of the sweep. From x step by a length h, to the right or to the left, for which

    g(m, x) + d g'(m, x) h - max|g''| h^2/2 > 0     at every distance m < L, d = +1 or -1,

so that no violation in between is missed, until some distance's g falls to zero: to a zero that is
enclosed, in multiple precision. A g that nears zero and turns back is passed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ropecalc.base.boxes import LONG, LONG_WIDTH, Boxes
from ropecalc.base.family import X_MAX, Array, Family
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.sieve import WIDE_SPAN, Sieve
from ropecalc.base.sweep import RESOLUTION, most_steps
from ropecalc.base.zeros import Zero
from ropecalc.errors import UndecidedError
from ropecalc.exact import Real
from ropecalc.similarity import UNIT, Distances

MANY = 1 / 2048  # share of distances let through the sieve at which steps get shorter
MANY_COSINES = 2**22  # a tenth of a second
MAX_STEPS = 3_000  # a window this wide is followed no further: seconds
TOP_HALVINGS = 24  # of the range of x, to find from where on every base meets the bound
UP, DOWN = 1, -1
# Of a step of x: the bounds of one down are those of its far end, and grow with its length.
MOST_TRIAL = {UP: X_MAX, DOWN: 1.0}
PATIENT = 32  # steps that one distance limits, before multiple precision takes them
FIRST_STEPS = 8  # of a long context: they grow faster, from a length that is surely short
BOXED = WIDE_SPAN  # tokens up to which distances are looked at one by one
ANGLES = 2**20  # of distances looked at together: 8 MB an array
AHEAD = 8  # times what one distance allowed, for the next step of a long context
OPENED = 4  # boxes take as long to open as one distance to look at by itself
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
        self.precise = Precise(family)
        self._trial = RESOLUTION * 2**20
        self._slowed_by, self._slow = 0, 0
        self._few = FEW
        self._width = 0
        self.steps = 0
        """Taken so far; one in multiple precision counts as its evaluations."""

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
        step, closest, count, blurred = self._longest_step(context)
        if closest is not None and context > LONG:  # a step costs much, and more the longer it is
            self._trial = min(self._trial, AHEAD * max(step, self._resolution))
        if closest is not None and (step <= self._resolution or self._is_slowed_by(closest)):
            return self._precise_step(context)
        self.precise.effort.forgive()
        self._few = FEW
        self.x = self.at = self._after(step)
        # Looking at one distance costs as much as sieving some hundreds: balance the two.
        many = 64 + context * MANY
        if blurred or count < many / 4:
            begins = context > LONG and self.steps <= FIRST_STEPS and count < many / 64
            self._trial = min((4 if begins else 1.5) * self._trial, MOST_TRIAL[self.direction])
        elif count > many:
            self._trial *= 0.5
        return None

    def _is_slowed_by(self, closest: int) -> bool:
        """Whether one distance has limited many steps in a row, near zero to double precision."""
        self._slow = self._slow + 1 if closest == self._slowed_by else 0
        self._slowed_by = closest
        return self._slow >= PATIENT

    @property
    def _resolution(self) -> float:
        """A step this short is none."""
        return RESOLUTION * max(1.0, self.x)

    def _after(self, step: float) -> float:
        """x after a step, less the effect of rounding on it."""
        certain = max(0.0, step - 4 * UNIT * max(1.0, self.x))
        return max(0.0, self.x + self.direction * certain)

    def _precise_step(self, context: int) -> Zero | None:
        """A step past the distances that double precision cannot tell, or the zero of one."""
        step, doubtful = self._doubtful(context)
        goal, nearest, spent = self._after(step), None, self.precise.effort.spent
        for distance, reach in doubtful:
            if abs(goal - self.x) >= reach:
                zero = self.precise.fall([distance], self.at, goal)
                if zero is not None:
                    nearest, goal = zero, zero.before
        self.steps += self.precise.effort.spent - spent
        if nearest is None:
            self.x = self.at = goal
            self._few = min(2 * self._few, MOST)
            self._trial = min(1.5 * self._trial, MOST_TRIAL[self.direction])
        return nearest

    def _doubtful(self, context: int) -> tuple[float, list[tuple[int, float]]]:
        """A step, and the few distances that may fall to zero on it; no other does.

        Each with how far it certainly does not, the shortest reach first.
        """
        step, least = max(self._trial, 2 * CLOSE * self._resolution), CLOSE * self._resolution
        far = self.x if self.direction == UP else max(0.0, self.x - step)
        steepness, bends = _bounds(self.family, far)
        sieve = self._sieve(context, far, step)
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

    def _longest_step(self, context: int) -> tuple[float, int | None, int, bool]:
        """A step of at most the trial length; what limits it; how many distances might have.

        And whether they are that many because single precision cannot tell them from zero: a
        shorter step would let through no fewer.
        """
        # The bounds hold from their x on to the right: to the left they are those of the far end.
        far = self.x if self.direction == UP else max(0.0, self.x - self._trial)
        steepness, bends = _bounds(self.family, far)
        sieve, step = self._sieve(context, far, self._trial), self._trial
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
        if isinstance(sieve, Boxes):
            count += sieve.opened // OPENED if self._width == 1 else 0
            self._width = sieve.better_width()
        return step, closest, count, context * steepness * self._trial < sieve.error(context)

    def _sieve(self, context: int, far: float, step: float) -> Sieve:
        """What finds the distances that may fall to zero on a step."""
        if context <= BOXED:
            return Sieve(self.family, self.x, context)
        self._width = self._width or (LONG_WIDTH if context > LONG else 1)
        return Boxes(self.family, self.x, far, step, context, self._width)

    def _reaches(self, distances: Distances, bends: tuple[float, float]) -> Array:
        """How far each g is certainly not negative, if it is not at x; in constant memory."""
        size = max(1, ANGLES // self.family.n_pairs)
        parts = [distances[at : at + size] for at in range(0, distances.size, size)]
        return np.concatenate([np.empty(0), *(self._reaches_of(part, bends) for part in parts)])

    def _reaches_of(self, distances: Distances, bends: tuple[float, float]) -> Array:
        """``_reaches`` of not too many distances.

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
    angles = (context - 1) * family.thetas(x) * (1 + 1e-12)
    worst = lowest_sum(family.thetas(x)[:still], family.pair_weights[:still], context) + sum(
        weight * (math.cos(angle) if angle < math.pi else -1.0)
        for weight, angle in zip(
            family.pair_weights[still:].tolist(), angles[still:].tolist(), strict=True
        )
    )
    rounding = 4 * (family.n_pairs + 16) * UNIT
    return bool(worst + family.constant > rounding * (family.weight + abs(family.constant)))


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
