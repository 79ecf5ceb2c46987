"""Where a sweep over factors may begin: every factor before that fails.

NTK-aware scaling is a larger base, and of bases a table may know the minimum.

Dividing all frequencies by s is dividing all positions: S(m) = C(m / s) with C the plain curve at
real positions. Let C be negative on an interval (p, q). A factor s >= 1 / (q - p) with (L - 1) / s
> p has a multiple of 1 / s in it that belongs to a distance below L, and breaks the bound. So the
sweep, come to s = 1 / (q - p), goes on from (L - 1) / p.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ropecalc.base.boxes import Boxes
from ropecalc.base.sweep import Jump
from ropecalc.bound import scan
from ropecalc.similarity import UNIT

if TYPE_CHECKING:
    from ropecalc.base.scaled import ScaledFamily
    from ropecalc.results import Rope

HAIR = 1e-9  # relative: more than all rounding here
MOST_STEPS = 500_000
NEAREST, FARTHEST = 2**8, 2**24  # positions between which the plain curve is sieved
STRIP = 2**14  # of them at once, at most


def known_start(family: ScaledFamily, context: int) -> Jump | None:
    """The jump that a table or the first negative stretch of the plain curve allows."""
    assert family.rope is not None
    if family.rope.rope_type in ("ntk_aware", "dynamic"):
        return _from_table(family, family.rope, context)
    return _from_stretch(family, context) if family.rope.rope_type == "linear" else None


def _from_table(family: ScaledFamily, rope: Rope, context: int) -> Jump | None:
    """Every base below the minimum breaks the bound, and b' = base (1 + g)^p exp(p x), p = r/(r-2).

    g is the growth of dynamic scaling, and 0 else.
    """
    from ropecalc.base.family import Family
    from ropecalc.base.lookup import looked_up

    r = family.rotary_dim
    plain = Family(family.head_dim, r, family.weights, family.count_unrotated, margin=family.margin)
    known = looked_up(plain, context, None, verify=False)
    if known is None or known.base is None:
        return None
    end = math.log(known.base / rope.base) * (r - 2) / r - math.log1p(family.growth) - HAIR
    return Jump(0.0, end, None) if end > 0 else None


def _from_stretch(family: ScaledFamily, context: int) -> Jump | None:
    found = scan(family.spectrum(1), 0, context, margin=family.margin, first_only=True)
    middle = found.first_violation
    if middle is None:
        return None
    low, high = (followed(family, float(middle), way, -1) for way in (-1, 1))
    if high - low <= 0:
        return None
    start, end = -math.log(high - low) + HAIR, math.log((context - 1) / low) - HAIR
    stretch = _inside(-math.log(high), 1), _inside(-math.log(low), -1)
    return Jump(max(0.0, start), end, stretch) if end > max(0.0, start) else None


def _inside(x: float, way: int) -> float:
    """An x of a position, moved by more than its rounding."""
    return x + way * 4 * UNIT * max(1.0, abs(x))


def surely_holds_from(family: ScaledFamily, context: int) -> float:
    """An x above which every factor of linear interpolation meets the bound.

    The plain curve is positive from position 0 to p: so is that of every factor that brings the
    last distance to p or below.
    """
    last = context - 1
    p = _positive_to(family, last)
    return 0.0 if p >= last else math.log(last / p) + HAIR


def _positive_to(family: ScaledFamily, last: int) -> float:
    """A position up to which the plain curve is certainly positive; beyond ``last`` is enough.

    At each integer boxes look at all positions from there down to the integer before.
    """
    first = min(last, NEAREST)
    if not first < (at := followed(family, 0.0, 1, 1, first)) <= last:
        return at
    start = NEAREST
    while at <= last and start < FARTHEST:
        stop, cell = start + min(start, STRIP), math.log1p(1 / (start - 1)) * (1 + HAIR)
        boxes = Boxes(family, 0.0, cell, stop - start, width=1)
        for m in boxes.strip(start, stop).distances.tolist():
            low = m * math.exp(-cell)
            at = followed(family, low, 1, 1, m)
            if at <= m:
                return at
        at, start = stop - 1, stop
    return at


def followed(family: ScaledFamily, at: float, way: int, sign: int, goal: float = math.inf) -> float:
    """How far from a position, up or down, the plain curve certainly keeps its sign."""
    thetas, weights = family.moving, family.pair_weights
    bend = float(weights @ (thetas * thetas))
    size = family.weight + abs(family.constant)
    for _ in range(MOST_STEPS):
        angles = at * thetas
        error = UNIT * (8 * at * float(weights @ thetas) + (thetas.size + 8) * size)
        depth = sign * (float(np.cos(angles) @ weights) + family.constant) - error
        slope = sign * way * float((np.sin(angles) * thetas) @ weights) + error
        if depth <= 0 or at > goal:
            break
        # the h > 0 with -depth + slope h + bend h^2 / 2 = 0
        root = math.sqrt(slope * slope + 2 * bend * depth)
        step = 2 * depth / (slope + root) if slope > 0 else (root - slope) / bend
        at += way * step * (1 - HAIR)
        if step < HAIR:
            break
    return at
