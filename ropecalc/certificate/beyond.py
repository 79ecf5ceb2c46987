"""One base and all larger ones: the bound holds at every distance of a context.

One octave of distances after another, M <= m < 2M, from x = ln(base) up, through cells of x side by
side. Integers show of nearly every distance that it keeps the bound all over a cell (``octave``).
The few that are left are followed one by one, through the cell and as far beyond as the last step
leads: with a bound B on |g''|, which falls as x grows,

    g(x + t)  >=  g(x) + g'(x) t - B t^2/2     for t >= 0,

concave in t: positive at 0 and at T means positive in between. How wide a cell is, so that few are
left, is a matter of time alone. The cells end where slow pairs keep the bound: those whose angle at
the largest distance is below pi, where the cosine falls with the distance and rises with the base.
The first pair, which no base moves, counts as its lowest cosine in the octave, and each of the
others as -1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from ropecalc.certificate.arithmetic import Real
from ropecalc.certificate.everywhere import Shortfall, Tick
from ropecalc.certificate.format import Claim
from ropecalc.certificate.head import Head
from ropecalc.certificate.octave import PLACE, WIDEST, Octave, Weights
from ropecalc.certificate.turns import FINE

FIRST_OCTAVE = 64  # distances below it are taken together
MAX_CELLS = 1_000_000  # of an octave; 128 dimensions and 131,072 tokens take 6,000
MAX_STEPS = 1_000  # of one distance in one cell
MOST_X = 1_024  # ln of the largest base examined: of many pairs, few are slow below 1e300
WITHIN = 4  # bits after the point of the x at which cells may end
MANY = 8  # the share of an octave, one of so many, that is worth a second test
FEW = 128  # pairs of all distances that are worth following: as long as a cell takes, or less
NARROWER, WIDER = Fraction(5, 8), Fraction(9, 8)
SHRINK, TRIALS = 0.7, 60
BELOW_PI = 3.14

Values = list[tuple[int, Real, Real]]  # distance, g, g'


def shortfall_beyond(claim: Claim, head: Head, base: Decimal, tick: Tick) -> Shortfall | None:
    """The first distance found at which not every base from ``base`` on is shown to keep the bound.

    ``tick`` is called with the number of distances done.
    """
    start, weights = head.arithmetic.log(head.arithmetic.number(base)), Weights(claim)
    for distances in octaves(claim.context):
        found = _Climb(head, start, Octave(weights, distances)).run(tick)
        if found is not None:
            return found
        tick(distances.stop)
    return None


def octaves(context: int) -> Iterator[range]:
    """1 <= m < context in parts, none of which reaches further than twice its beginning."""
    start = 1
    while start < context:
        stop = min(context, max(FIRST_OCTAVE, 2 * start))
        yield range(start, stop)
        start = stop


class _Climb:
    """One octave, from an x up to where slow pairs are enough; ends of cells are in 2^-PLACE."""

    def __init__(self, head: Head, start: Real, octave: Octave) -> None:
        self.head, self.octave, self.start = head, octave, start
        self.first = head.arithmetic.units(start, PLACE)[0]
        self.farthest = octave.distances[-1]
        self.still = self._still()
        self.followed: dict[int, int] = {}
        """How far distances are shown one by one to keep the bound."""

    def run(self, tick: Tick) -> Shortfall | None:
        """What is not shown, if anything."""
        top, left = self._top(), self.first
        if top is None:
            return Shortfall(self.farthest, f"no proof up to x = ln(base) = {MOST_X}")
        half = (1 << PLACE) // self.farthest
        for _ in range(MAX_CELLS):
            if left >= top:
                return None
            half = max(1, min(half, WIDEST, (top - left + 1) // 2))
            doubtful = self._doubtful(left + half, half)
            if doubtful is None:
                half = int(half * NARROWER)
                continue
            for distance in doubtful:
                found = self._follow(distance, left, left + 2 * half)
                if found is not None:
                    return found
            left += 2 * half
            self._tell(tick, left, top)
            half = half if doubtful else int(half * WIDER)
        where = f"x = ln(base) = {left / 2**PLACE:.15g}"
        return Shortfall(self.farthest, f"no proof beyond {where} in {MAX_CELLS:,} cells")

    def _doubtful(self, middle: int, half: int) -> list[int] | None:
        """The distances to be followed through a cell, None where a narrower one is better."""
        around, size = self.octave.around(self._ratio(middle)), len(self.octave.distances)
        if half <= around.narrowest():
            most, few = size, size
        else:
            most, few = max(FIRST_OCTAVE, size // MANY), max(2, FEW // self.head.n_pairs)
        doubtful = around.doubtful(half, most)
        if doubtful is None:
            return None
        right = middle + half
        doubtful = [m for m in doubtful if self.followed.get(m, self.first) < right]
        return None if len(doubtful) > few else doubtful

    def _follow(self, distance: int, left: int, right: int) -> Shortfall | None:
        """One distance through a cell, and as far beyond it as the last step leads.

        Through the first cell from the base itself.
        """
        arithmetic, stop = self.head.arithmetic, self._x(right)
        left = max(left, self.followed.get(distance, left))
        x = self.start if left == self.first else self._x(left)
        for _ in range(MAX_STEPS):
            thetas = self.head.thetas(x)
            value, slope, _ = self.head.expand(distance, thetas)
            if not arithmetic.is_negative(-value):
                where = f"x = ln(base) = {arithmetic.middle(x):.15g}"
                return Shortfall(distance, f"at {where} S({distance}) is not shown to be above it")
            bend, _ = self.head.bounds(distance, thetas)
            step = _step(self.head, [(distance, value, slope)], bend)
            x = x + arithmetic.number(step)
            if arithmetic.is_negative(stop - x):
                self.followed[distance] = arithmetic.units(x, PLACE)[0]
                return None
            if step <= 0:
                break
        return Shortfall(distance, f"no proof up to x = ln(base) = {arithmetic.middle(x):.15g}")

    def _still(self) -> list[Real]:
        """What the first pair adds to g at the distances at which that may be least."""
        weight, arithmetic = self.head.weights[0], self.head.arithmetic
        angles = map(arithmetic.number, self.octave.lowest())
        return [weight * arithmetic.cos_sin(angle)[0] for angle in angles]

    def _top(self) -> int | None:
        """From where on slow pairs are enough, to within 1/16; None where they never are."""
        low, high = self.first, MOST_X << PLACE
        if self._is_slow(low):
            return low
        if not self._is_slow(high):
            return None
        while high - low > 1 << (PLACE - WITHIN):
            middle = (low + high) // 2
            low, high = (low, middle) if self._is_slow(middle) else (middle, high)
        return high

    def _is_slow(self, at: int) -> bool:
        thetas = self.head.thetas(self._x(at))
        return _slow_pairs_are_enough(self.head, thetas, self.farthest, self.still)

    def _x(self, at: int) -> Real:
        return self.head.arithmetic.number(Fraction(at, 1 << PLACE))

    def _ratio(self, at: int) -> int:
        """exp(-2x/r) in units of 2^-FINE, off by at most 2."""
        low, high = self.head.arithmetic.units(self.head.ratio(self._x(at)), FINE)
        if high - low > 4:  # 120 bits leave 2
            raise ArithmeticError(f"{self.head.arithmetic.bits} bits are too few")
        return (low + high) // 2

    def _tell(self, tick: Tick, left: int, top: int) -> None:
        """Distances done: as large a part of the octave as of the way, in rows of the first one."""
        distances = self.octave.distances
        done = len(distances) * min(left - self.first, top - self.first) // (top - self.first)
        tick((distances.start + done) // FIRST_OCTAVE * FIRST_OCTAVE)


def _slow_pairs_are_enough(
    head: Head, thetas: Sequence[Real], farthest: int, still: Sequence[Real]
) -> bool:
    """Whether they keep the bound up to a distance, whichever of these the first pair adds."""
    arithmetic, total = head.arithmetic, head.constant
    limit = arithmetic.number(BELOW_PI)
    for weight, theta in zip(head.weights[1:], thetas[1:], strict=True):
        phi = theta * farthest
        slow = arithmetic.is_negative(phi - limit)
        total = total + weight * (arithmetic.cos_sin(phi)[0] if slow else -1)
    return all(arithmetic.is_negative(-total - least) for least in still)


def _step(head: Head, values: Values, bend: Real) -> float:
    """A length T for which every distance stays positive; 0 where none was found."""
    arithmetic = head.arithmetic
    length = min(_reach(*map(arithmetic.middle, (v, s, bend))) for _, v, s in values)
    for _ in range(TRIALS):
        T = arithmetic.number(length)
        loss = bend * T * T * arithmetic.number(0.5)
        if all(arithmetic.is_negative(loss - value - slope * T) for _, value, slope in values):
            return length
        length *= SHRINK
    return 0.0


def _reach(value: float, slope: float, bend: float) -> float:
    """About where value + slope t - bend t^2/2 falls to zero, a little less."""
    root = math.sqrt(slope * slope + 2 * bend * max(value, 0.0))
    reach = (slope + root) / bend if slope > 0 else 2 * value / (root - slope or 1.0)
    return reach * (1 - 1e-6)
