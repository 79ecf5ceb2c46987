"""How far the bound goes on holding from a base that meets it: the end of a window.

The counterpart of the sweep. From x step to the right by a length h for which

    g(m, x) + g'(m, x) h - max|g''| h^2/2 > 0     at every distance m < L,

so that no violation in between is missed, until some distance's g falls to zero.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ropecalc.base.family import X_MAX, Array, Family
from ropecalc.base.sieve import SPAN, Sieve
from ropecalc.base.sweep import RESOLUTION
from ropecalc.similarity import Distances

FEW, MANY = (
    100,
    1_000,
)  # distances let through the sieve a step: fewer, longer steps or shorter ones
MAX_STEPS = 3_000  # a window this wide is followed no further: seconds


class WindowEnd(NamedTuple):
    """How far a window was followed: to x at least."""

    x: float
    distance: int | None
    """The distance that ends the window just right of x."""
    endless: bool
    """Whether every larger base meets the bound."""


def window_end(family: Family, context: int, start: float) -> WindowEnd:
    """The end of the window that begins at or contains ``start``, if it ends within 3,000 steps.

    ``start`` must meet the bound: a g there that double precision cannot tell from zero is taken
    as zero.
    """
    x, trial = start, RESOLUTION * 2**20
    for _ in range(MAX_STEPS):
        if x > X_MAX or holds_ever_after(family, context, x):
            return WindowEnd(x, None, endless=True)
        step, closest, count = _safe_step(family, context, x, trial)
        if step <= RESOLUTION * max(1.0, x):
            return WindowEnd(x, closest, endless=False)
        x += step
        trial = trial / 2 if count > MANY else trial * 2 if count < FEW else trial
    return WindowEnd(x, None, endless=False)


def _safe_step(
    family: Family, context: int, x: float, trial: float
) -> tuple[float, int | None, int]:
    """A step of at most ``trial`` on which the bound holds; what limits it; how many might have."""
    thetas, powers = family.thetas(x), family.weight_powers
    steepest = float(thetas @ powers[:, 1])
    bends = float(thetas @ powers[:, 2]), float((thetas * thetas) @ powers[:, 2])
    sieve, step, closest, count = Sieve(family, x, min(context, SPAN)), trial, None, 0
    for start, stop in sieve.strips_down(context):
        # Above this, no distance of the strip can fall to zero within the step.
        bend = stop * bends[0] + stop * stop * bends[1]
        threshold = stop * steepest * step + bend * step * step / 2
        distances, _ = sieve.below(start, stop, threshold)
        count += distances.size
        if distances.size:
            reaches = _reaches_above(family, distances, x)
            lowest = int(reaches.argmin())
            if reaches[lowest] < step:
                step, closest = float(reaches[lowest]), int(distances[lowest])
    return step, closest, count


def _reaches_above(family: Family, distances: Distances, x: float) -> Array:
    """How far from x to the right each g is certainly not negative, if it is not at x.

    The h > 0 with height + slope h - max|g''| h^2/2 = 0, in the form that does not cancel.
    """
    at = family.taylor(distances, x)
    height = np.maximum(at.value - at.value_error, 0.0)
    slope = at.slope - at.slope_error
    root = np.sqrt(slope * slope + 2 * at.max_curvature * height)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(slope > 0, (slope + root) / at.max_curvature, 2 * height / (root - slope))
    reaches: Array = np.nan_to_num(reach, nan=np.inf) * (1 - 1e-9)
    return reaches


def holds_ever_after(family: Family, context: int, x: float) -> bool:
    """Whether the bound surely holds at x and at every larger base.

    A pair whose angle stays below pi up to the last distance only gains as the base grows; count
    -1 for each of the others. With cos falling on [0, pi], the last distance is the worst.
    """
    angles = (context - 1) * family.thetas(x) * (1 + 1e-12)
    if family.always_holds:
        return True
    worst = sum(
        weight * (math.cos(angle) if angle < math.pi else -1.0)
        for weight, angle in zip(family.pair_weights.tolist(), angles.tolist(), strict=True)
    )
    return bool(worst + family.constant > 1e-9 * (family.weight + abs(family.constant)))
