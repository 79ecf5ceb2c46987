"""One link of a chain: a distance breaks the bound on a whole interval of x.

From the right end b of what is left to prove, with bounds B on |g''| and C on |g'''| there,

    g(b - t)  <=  p(t) = g(b) - g'(b) t + K t^2/2     for 0 <= t <= T,
    K = max(0, min(B, g''(b) + C T/3)),

and p is convex, so that p(0) < 0 and p(T) < 0 prove g < 0 on [b - T, b]. Going from right to left
suits links as they are: g rises to zero just right of their ends, and p follows it down.
"""

from __future__ import annotations

from dataclasses import dataclass

from ropecalc.certificate.arithmetic import Real
from ropecalc.certificate.format import Stretch
from ropecalc.certificate.head import Expansion, Head

MAX_EXPANSIONS = 1_000  # a link that holds takes about ten
SHRINK = 0.85  # from one trial step to the next
TRIALS = 200


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """What came of one link."""

    reason: str
    """Why the link is not proved; empty where it is."""
    expansions: int
    depth: float
    """About how far g is below zero at the right end."""


def check_link(head: Head, distance: int, start: float, end: float) -> LinkCheck:
    """Whether g < 0 is proved at ``distance`` for every x from ``start`` to ``end``."""
    bounds = head.bounds(distance, head.thetas_at(start))
    depth, right = 0.0, end
    for count in range(1, MAX_EXPANSIONS + 1):
        at = head.expand(distance, head.thetas_at(right))
        value = head.arithmetic.middle(at.value)
        depth = -value if right == end else depth
        if not head.arithmetic.is_negative(at.value):
            return LinkCheck(f"at x = {right!r} S is not below it: {value:.3g}", count, depth)
        left = _step(head, at, bounds, start, right)
        if left == start:
            return LinkCheck("", count, depth)
        if left >= right:
            return LinkCheck(f"just below x = {right!r} S is not below it", count, depth)
        right = left
    return LinkCheck(f"{MAX_EXPANSIONS:,} steps do not reach its start", MAX_EXPANSIONS, depth)


def check_stretch(
    head: Head, context: int, stretch: Stretch, start: float, end: float
) -> LinkCheck:
    """Whether a stretch proves that every factor exp(x), x from ``start`` to ``end``, is broken.

    Of linear interpolation S(m) at a factor s is S(1) at x = ln s - ln m, a function of the
    position m / s. Let it be below the bound from position p to q. A factor with 1/s < q - p and
    (L - 1)/s >= p has a multiple of 1/s there that belongs to a distance m < L.
    """
    number, exp, log = head.arithmetic.number, head.arithmetic.exp, head.arithmetic.log
    low, high = map(number, stretch)
    step, width = exp(-number(start)), exp(-low) - exp(-high)
    if not head.arithmetic.is_negative(step - width):
        return LinkCheck("its stretch is shorter than the step of one token", 0, 0.0)
    if not head.arithmetic.is_negative(number(end) - log(number(context - 1)) - high):
        return LinkCheck("its stretch begins beyond the last distance", 0, 0.0)
    return check_link(head, 1, *stretch)


def _step(
    head: Head, at: Expansion, bounds: tuple[Real, Real], start: float, right: float
) -> float:
    """How far to the left of ``right`` g < 0 is proved: ``start``, something between, or right."""
    middle = head.arithmetic.middle
    value, slope, curvature, second, third = map(middle, (*at, *bounds))
    length = right - start
    for trial in range(TRIALS):
        bend = max(0.0, min(second, curvature + third * length / 3))
        if value - slope * length + bend * length * length / 2 < 0:  # a guess, in float64
            left = start if trial == 0 else right - length
            if start <= left < right and _is_covered(head, at, bounds, left, right):
                return left
        length *= SHRINK
    return right


def _is_covered(
    head: Head, at: Expansion, bounds: tuple[Real, Real], left: float, right: float
) -> bool:
    """Whether p(T) < 0 for T = right - left; p(0) = g(right) < 0 is known."""
    number, is_negative = head.arithmetic.number, head.arithmetic.is_negative
    length = number(right) - number(left)
    straight = at.value - at.slope * length
    half_square = length * length * number(0.5)
    bends = (bounds[0], at.curvature + bounds[1] * length * head.third)
    # With K = 0 in the formula p is a line; with K < 0 it would not be convex.
    return is_negative(straight) and any(
        is_negative(straight + bend * half_square) for bend in bends
    )
