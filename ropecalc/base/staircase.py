"""Staircases: the minimum, safe and recommended base of every context up to an end at once.

All are step functions of the context. A sweep that uses only distances up to the largest first
violation met so far stops exactly at the bases where the first violation first exceeds it: those
are the steps of the minimum base. A walk down from a base beyond which nothing fails, with ever
fewer distances, stops at the steps of the safe base. A recommended base is a two-digit base that
carries a longer context, with its room, than every smaller one.

Each can be cut into stretches of x = ln(base) that are worked on apart, in any order, and put
together again (``joined``): at the edge of a stretch the first violation says which contexts
are already answered. The cuts are fixed, so that the same staircase comes out however the work
was shared or interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ropecalc.base.family import Family, family_of
from ropecalc.base.openings import NEAR, skip
from ropecalc.base.order import Order
from ropecalc.base.precise import Precise, Rise
from ropecalc.base.room import roomy_context, two_digit_bases
from ropecalc.base.roots import enclosing_base, landing_zero, zero_beside
from ropecalc.base.sweep import Landing, Sweep, Witness
from ropecalc.base.window import DOWN, Walk, holds_ever_after
from ropecalc.errors import InvalidValueError
from ropecalc.results import Kind, Step

STEP_DIGITS = 25  # of a root, to round it to a float64
STRETCH = 0.125  # of x: a hundred and more stretches, the costliest of them seconds long


class Edge(NamedTuple):
    """A step as a stretch finds it, before its base is worked out to the last bit."""

    context: int
    x: float
    """ln of the base up to what double precision tells; 0 where every base down to 1 works."""
    distances: tuple[int, ...]
    """The distances whose g may be zero there."""

    @property
    def stop(self) -> int:
        """Of a safe staircase: the largest context that this edge does not answer."""
        return self.distances[0] if self.distances else 0


def stretch_count(rotary_dim: int, end: int) -> int:
    """How many stretches, from x = 0 on, surely hold every step: up to where nothing fails.

    Of recommended bases it may take one more: a two-digit base with its room on both sides lies up
    to 0.11 above.
    """
    family = family_of(rotary_dim)
    count = 1
    while not holds_ever_after(family, end, count * STRETCH):
        count += 1
        if count * STRETCH > 690:
            raise InvalidValueError(
                "rotary_dim",
                f"rotary_dim {rotary_dim} has no staircase to {end:,} tokens: no base up to 1e300 "
                "could be shown to be safe there",
            )
    return count


def stretch(kind: Kind, rotary_dim: int, end: int, index: int, answered: int) -> tuple[Edge, ...]:
    """The edges in one stretch, from x = index * STRETCH to (index + 1) * STRETCH, ascending.

    ``answered`` says what the stretches before have answered so far: the contexts beyond it for a
    safe staircase, those up to it for the others. The less that is, the more edges are found that
    ``joined`` will not use; those that count are the same.
    """
    family = family_of(rotary_dim)
    low, high = index * STRETCH, (index + 1) * STRETCH
    if kind == "minimum":
        return _climb(family, end, low, high, answered)
    if kind == "safe":
        return _descend(family, end, low, high, answered)
    return tuple(_roomy(family, end, low, high, answered))


def joined(kind: Kind, end: int, edges: Sequence[Edge], part: Iterable[Edge]) -> list[Edge]:
    """Edges with those that count of the next stretch: what answers contexts not yet answered.

    The next stretch is the one below for a safe staircase, the one above for the others.
    """
    answered = answered_by(kind, end, edges)
    if kind != "safe":
        return [*edges, *(edge for edge in part if edge.context > answered)]
    fresh = (edge for edge in part if edge.stop < answered)
    return [*(edge._replace(context=min(edge.context, answered)) for edge in fresh), *edges]


def answered_by(kind: Kind, end: int, edges: Sequence[Edge]) -> int:
    """The contexts beyond this (safe) or up to it (others) are answered by these edges."""
    if kind != "safe":
        return edges[-1].context if edges else 0
    return edges[0].stop if edges else end


def is_whole(kind: Kind, end: int, edges: Sequence[Edge]) -> bool:
    """Whether edges answer every context."""
    return answered_by(kind, end, edges) == (0 if kind == "safe" else end)


def step_of(kind: Kind, family: Family, edge: Edge) -> Step:
    """An edge with its base, rooted in multiple precision and rounded up to a float64."""
    if edge.x == 0:
        return Step(edge.context, 1.0, 0)
    if kind == "recommended":
        base, (distance,) = float(f"{math.exp(edge.x):.1e}"), edge.distances
        return Step(edge.context, base, distance)
    precise = Precise(family, STEP_DIGITS)
    if kind == "minimum":
        zero = landing_zero(family, Landing(edge.x, edge.distances), STEP_DIGITS)
    else:
        zero = zero_beside(precise, edge.distances[0], edge.x, opens=True)
    return Step(edge.context, enclosing_base(precise, zero)[1], zero.distance)


def _climb(family: Family, end: int, low: float, high: float, answered: int) -> tuple[Edge, ...]:
    """The edges of the minimum base with low <= x < high."""
    climb = _Climb(family, end, x=low, frontier=1)
    if low > 0:  # what holds at the lower edge itself was answered below it already
        climb.frontier = max(answered, _first_violation(family, end, low)) + 1
    return tuple(climb.edges(high)) if climb.frontier <= end else ()


class _Climb(Sweep):
    """A sweep whose witnesses are at most the frontier, the largest first violation met so far."""

    _tries = 0
    """Times in a row that double precision got no further by itself."""
    _below: Order | None = None

    def edges(self, high: float) -> Iterator[Edge]:
        """The edges up to x = high or to the context, whichever comes first."""
        while self.x < high:
            witness, in_doubt = self._search(self._ranked.at(self.x))
            if witness is None:
                violation, more = self.beyond()
                distances = (*sorted(in_doubt), *more)
                if not all(map(self._surely_rises, distances)):
                    rise = self._rise(in_doubt)
                    if rise is None:
                        continue
                    violation = self._next_broken(rise, more, violation)
                    distances = (rise.zero.distance,) if rise.zero else distances
                context = self.context if violation is None else violation
                yield Edge(context, self.x, distances)
                if violation is None:
                    return
                self.frontier = violation + 1
                witness = Witness(violation, self.family.reach(violation, self.x), alone=True)
            self._follow(witness)

    def _surely_rises(self, distance: int) -> bool:
        """Whether a distance in doubt goes up through zero, so that its one zero decides."""
        at = self.family.taylor(distance, self.x)
        rises = at.slope > at.slope_error + at.max_curvature * 4 * self.resolution
        return self.x > 0 and bool(rises)

    def _rise(self, in_doubt: list[int]) -> Rise | None:
        """Where all the distances in doubt keep the bound; None where the sweep has to go on."""
        ahead = NEAR * self.resolution * 2**self._tries
        found = self._precise.rise(in_doubt, self.x, self.x + ahead)
        if found.held and found.x <= self.x + NEAR * self.resolution:
            self._tries = 0
            return found
        self._tries += 1
        skip(self, found)
        return None

    def _next_broken(self, rise: Rise, more: list[int], violation: int | None) -> int | None:
        """The first distance that breaks the bound there, of those in doubt or certain."""
        return next((m for m in more if not self._precise.keeps(m, rise.x)), violation)

    @cached_property
    def _precise(self) -> Precise:
        return Precise(self.family)

    @property
    def _ranked(self) -> Order:
        """The blocks of the distances below the frontier."""
        if self._below is None or self._below.stops[-1] != self.frontier:
            self._below = Order(self.family, self.frontier)
        return self._below

    def beyond(self) -> tuple[int | None, list[int]]:
        """The first certain violation from the frontier on; the distances in doubt before it."""
        in_doubt: list[int] = []
        sieve = self._sieve_at(self.context)
        for start, stop in sieve.strips_up(self.frontier, self.context):
            for distance in sieve.below(start, stop, self._doubt(stop))[0].tolist():
                if self.family.reach(distance, self.x) > self.resolution:
                    return distance, in_doubt
                if self._is_in_doubt(distance):
                    in_doubt.append(distance)
        return None, in_doubt


def _first_violation(family: Family, end: int, x: float) -> int:
    """The first distance below ``end`` that certainly breaks the bound at x; ``end`` if none."""
    return _Climb(family, end, x=x, frontier=1).beyond()[0] or end


def _descend(family: Family, end: int, low: float, high: float, answered: int) -> tuple[Edge, ...]:
    """The edges of the safe base with low < x <= high."""
    context = min(answered, _first_violation(family, end, high))
    edges: list[Edge] = []
    walk = Walk(family, high, DOWN)
    while walk.x > low and context > 1:
        walk.aim(low)
        zero = walk.step(context)
        if zero is not None and (walk.x > low or not low):
            edges.append(Edge(context, walk.x, (zero.distance,)))
            context = zero.distance
            walk.steps = 0
    if walk.x <= 0.0:
        edges.append(Edge(context, 0.0, ()))
    return tuple(reversed(edges))


def _roomy(family: Family, end: int, low: float, high: float, answered: int) -> Iterator[Edge]:
    """The two-digit bases with low <= x < high that carry more, with their room, than is answered.

    And more than each other; where the bound breaks within their room is their context itself.
    """
    for base in two_digit_bases(low, high):
        context = roomy_context(family, end, base, answered)
        if context > answered:
            yield Edge(context, math.log(base), (context if context < end else 0,))
            answered = context
