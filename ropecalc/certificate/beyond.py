"""One base and all larger ones: the bound holds at every distance of a context.

One octave of distances after another, M < m <= 2M. From x on, with a bound B on |g''| at the
largest distance of the octave, which falls as x grows,

    g(x + t)  >=  g(x) + g'(x) t - B t^2/2     for t >= 0,

concave in t: positive at 0 and at T means positive in between. So x climbs by steps T that do for
all distances of the octave, whose g and g' are two matrix products with one table. It ends where
slow pairs alone keep the bound: those whose angle at the largest distance is below pi, where the
cosine falls with the distance and rises with the base; every other pair counts as -1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

from ropecalc.certificate.arithmetic import Real
from ropecalc.certificate.everywhere import Shortfall, Tick, thetas_of, turned
from ropecalc.certificate.format import Claim
from ropecalc.certificate.head import Head

FIRST_OCTAVE = 64  # distances below it are taken together
MAX_STEPS = 100_000
MOST_X = 700.0  # ln of the largest base looked at
SHRINK, TRIALS = 0.7, 60
BELOW_PI = 3.14

Values = list[tuple[int, Real, Real]]  # distance, g, g'


def shortfall_beyond(claim: Claim, head: Head, base: Decimal, tick: Tick) -> Shortfall | None:
    """The first distance found at which not every base from ``base`` on is shown to keep the bound.

    ``tick`` is called with the number of distances done.
    """
    thetas = thetas_of(head, base)
    start = head.arithmetic.log(head.arithmetic.number(base))
    for distances in octaves(claim.context):
        found = _climb(head, start, thetas, distances)
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


def _climb(head: Head, x: Real, thetas: Sequence[Real], distances: range) -> Shortfall | None:
    """Go from x up to where slow pairs are enough."""
    arithmetic, farthest = head.arithmetic, distances[-1]
    for _ in range(MAX_STEPS):
        if _slow_pairs_are_enough(head, thetas, farthest):
            return None
        values = _values(head, thetas, distances)
        for distance, value, _ in values:
            if not arithmetic.is_negative(-value):
                where = f"x = ln(base) = {arithmetic.middle(x):.15g}"
                return Shortfall(distance, f"at {where} S({distance}) is not shown to be above it")
        bend, _ = head.bounds(farthest, thetas)
        step = _step(head, values, bend)
        x = x + arithmetic.number(step)
        if step <= 0 or arithmetic.middle(x) > MOST_X:
            break
        thetas = head.thetas(x)
    return Shortfall(farthest, f"no proof up to x = ln(base) = {arithmetic.middle(x):.15g}")


def _slow_pairs_are_enough(head: Head, thetas: Sequence[Real], farthest: int) -> bool:
    arithmetic, total = head.arithmetic, head.constant
    limit = arithmetic.number(BELOW_PI)
    for weight, theta in zip(head.weights, thetas, strict=True):
        phi = theta * farthest
        slow = arithmetic.is_negative(phi - limit)
        total = total + weight * (arithmetic.cos_sin(phi)[0] if slow else -1)
    return arithmetic.is_negative(-total)


def _values(head: Head, thetas: Sequence[Real], distances: range) -> Values:
    """g and g' of every distance, by products with one table.

    sin(mt) = sin(aKt) cos(jt) + cos(aKt) sin(jt),  and  g'(m) = m sum_i w_i e_i theta_i sin(m t).
    """
    n, columns = head.n_pairs, 1 << max(1, len(distances).bit_length() // 2)
    right = head.arithmetic.matrix([turned(head, thetas, j) for j in range(columns)])
    starts = range(distances.start, distances.stop, columns)
    cosines, sines = [], []
    for start in starts:
        both = turned(head, thetas, start)
        c, s = both[:n], both[n:]
        cosines.append(_scaled(head.weights, c) + _scaled(head.weights, [-x for x in s]))
        rates = [w * t for w, t in zip(head.rates, thetas, strict=True)]
        sines.append(_scaled(rates, s) + _scaled(rates, c))
    tables = [
        head.arithmetic.products(head.arithmetic.matrix(rows), right) for rows in (cosines, sines)
    ]
    return [
        (m, tables[0][row][column] + head.constant, tables[1][row][column] * m)
        for row, start in enumerate(starts)
        for column, m in enumerate(range(start, min(distances.stop, start + columns)))
    ]


def _scaled(factors: Sequence[Real], values: Sequence[Real]) -> list[Real]:
    return [factor * value for factor, value in zip(factors, values, strict=True)]


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
