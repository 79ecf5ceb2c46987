"""The first-violation sweep: the smallest base that meets the bound, with nothing skipped.

At x = ln(base), find a distance that breaks the bound. Its g stays negative up to some x' that
``Family.reach`` finds without overshooting, so no base in between meets the bound: go on from x'.
Where no distance breaks the bound, x has come to the smallest base that meets it, up to what
double precision can tell; ``openings`` settles the rest. The chain of (x', distance) pairs is a
proof.

Distances are examined by blocks, those first where a violation is likeliest and reaches far
(``Order``); all of them only where there is none.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ropecalc.base.family import X_MAX, Array, Family
from ropecalc.base.order import Order
from ropecalc.base.sieve import SPAN, Sieve
from ropecalc.errors import UndecidedError
from ropecalc.progress import Progress
from ropecalc.similarity import Distances

LIKELIEST = 64  # blocks: all of a million tokens, and with room to spare of 16 million
CANDIDATES = 8  # distances of a strip whose reach is estimated; more cost more than they bring
ENOUGH = 0.1  # a witness is left when its next step is under a tenth of what it brought so far
TINY = 1e-300  # keeps a ranking from dividing by zero
# Steps of a sweep or a walk, for every context and for each token: a hundred times what they take.
MOST_STEPS, STEPS_A_TOKEN = 30_000, 4
RESOLUTION = 64 * 2.0**-53  # relative in x: a shorter reach is no progress


class Link(NamedTuple):
    """Every base from where the link before ended up to exp(x_end) is broken by ``witness``.

    By a jump where that is 0.
    """

    x_end: float
    witness: int


class Landing(NamedTuple):
    """An x at which no distance certainly breaks the bound, though those in doubt may."""

    x: float
    in_doubt: tuple[int, ...]
    """Every distance whose g may be zero within ``RESOLUTION`` of x, ascending."""


class Witness(NamedTuple):
    """A distance that breaks the bound at x, and how far from there it certainly does."""

    distance: int
    reach: float
    alone: bool
    """Whether it looks like the only one: then it is followed to its end at once."""


class Jump(NamedTuple):
    """Every x from ``start`` to ``end`` is known to break the bound, by no single distance."""

    start: float
    end: float
    stretch: tuple[float, float] | None
    """Of linear interpolation: the x from and up to which distance 1 breaks it, which shows that.
    """


def most_steps(context: int) -> int:
    """After how many steps a sweep or a walk stops, and says where."""
    return MOST_STEPS + STEPS_A_TOKEN * context


@dataclass
class Sweep:
    """A sweep of one family from ``x`` upwards for one context."""

    family: Family
    context: int
    x: float = 0.0
    links: list[Link] = field(default_factory=list)
    frontier: int = 2
    """One beyond the largest witness so far: how much of the context the sweep has come to."""
    jump: Jump | None = None
    """An interval to leave out."""
    _sieve: Sieve | None = None
    _block: tuple[int, int] | None = None

    def run(self, progress: Progress | None = None) -> Landing | None:
        """Go on to the first base that meets the bound; None where there is none up to 1e300.

        Raises UndecidedError where that takes too many links.
        """
        most = len(self.links) + most_steps(self.context)
        while self.x <= X_MAX:
            if len(self.links) >= most:
                raise UndecidedError(
                    f"the bound is still broken at {self.family.described(self.x)}: stopped after "
                    f"{most_steps(self.context):,} steps"
                )
            self.jumps()
            witness, in_doubt = self._find_witness()
            if witness is None:
                return Landing(self.x, tuple(sorted(in_doubt)))
            self._follow(witness)
            if progress is not None:
                progress(self.frontier, self.context)
        return None

    def likely_witness(self) -> Witness | None:
        """A distance that certainly breaks the bound from x to ``RESOLUTION`` beyond it.

        Of the likeliest: that none does is for a full evaluation to say.
        """
        return self._search(self._likeliest())[0]

    def _likeliest(self) -> Iterator[tuple[int, int]]:
        """The block of the witness before: so often it has the next that no order is worked out."""
        before = self._block
        if before is not None:
            yield before
        yield from (block for block in self._order.at(self.x)[:LIKELIEST] if block != before)

    def pass_likely(self) -> bool:
        """Go on to where such a distance ends, if there is one: the bound is broken up to there."""
        if self.jumps():
            return True
        witness = self.likely_witness()
        if witness is not None:
            self._follow(witness)
        return witness is not None

    def jumps(self) -> bool:
        """Leave out the interval that is to be, once x is in it."""
        inside = self.jump is not None and self.jump.start <= self.x < self.jump.end
        if inside:
            assert self.jump is not None
            self.skip(self.jump.end, 0)
        return inside

    def skip(self, x_end: float, witness: int) -> None:
        """Go on to an x up to which a witness is known to break the bound."""
        if x_end > self.x:
            self.x = x_end
            self.links.append(Link(x_end, witness))

    def _find_witness(self) -> tuple[Witness | None, list[int]]:
        """A distance that breaks the bound at x, or all that are in doubt."""
        witness, in_doubt = self._search(self._order.at(self.x))
        if witness is not None:
            self.frontier = max(self.frontier, witness.distance + 1)
        return witness, in_doubt

    @cached_property
    def _order(self) -> Order:
        return Order(self.family, self.context)

    def _search(self, blocks: Iterable[tuple[int, int]]) -> tuple[Witness | None, list[int]]:
        """A witness in the first of the blocks [start, stop) that has one, or all in doubt."""
        in_doubt: list[int] = []
        doubt = self._doubt(1)
        for start, stop in blocks:
            sieve = self._sieve_at(stop - start)
            distances, values = sieve.below(start, stop, doubt * stop)
            if distances.size:
                witness = self._best(distances, values)
                if witness is not None:
                    self._block = start, stop
                    return witness, []
                in_doubt += [m for m in distances.tolist() if self._is_in_doubt(m)]
        return None, in_doubt

    def _sieve_at(self, span: int) -> Sieve:
        if self._sieve is None or self._sieve.x != self.x or self._sieve.span < min(span, SPAN):
            self._sieve = Sieve(self.family, self.x, min(span, SPAN))
        return self._sieve

    @property
    def resolution(self) -> float:
        """The shortest reach that counts."""
        return RESOLUTION * max(1.0, self.x)

    def _best(self, distances: Distances, values: Array) -> Witness | None:
        """The candidate that seems to reach farthest, of those that do break the bound."""
        # A slope is at most proportional to the distance: depth over distance ranks the reach.
        ranked = distances[np.argsort(values / np.maximum(distances, 1))]
        guesses = self._guess_reaches(ranked[:CANDIDATES])
        alone = bool((guesses > 0).sum() <= 1)
        best_first = ranked[:CANDIDATES][np.argsort(-guesses)]
        for distance in itertools.chain(best_first.tolist(), ranked[CANDIDATES:].tolist()):
            reach = self.family.reach(distance, self.x)
            if reach > self.resolution:
                return Witness(distance, reach, alone)
        return None

    def _guess_reaches(self, distances: Distances) -> Array:
        """About how far each distance stays negative, 0 for those that are not: a ranking only."""
        phi = np.multiply.outer(distances, self.family.thetas(self.x))  # (n_distances, n_pairs)
        cosine, sine = np.cos(phi), phi * np.sin(phi)
        depth = np.maximum(-(cosine @ self.family.pair_weights + self.family.constant), 0.0)
        slope = sine @ self.family.speed_weights(self.x)
        curvature = np.abs(self.family.curvature(sine, cosine, phi * phi, self.x))
        root = np.sqrt(slope * slope + 2 * curvature * depth)
        with np.errstate(over="ignore"):  # infinite: it stays negative however far
            guess: Array = 2 * depth / np.maximum(slope + root, TINY)
        return guess

    def _doubt(self, stop: int) -> float:
        """No distance below ``stop`` with a larger g can reach zero within the resolution of x."""
        speed = self.family.thetas(self.x) @ self.family.speed_weights(self.x)
        return 4 * self.resolution * stop * float(speed)

    def _is_in_doubt(self, distance: int) -> bool:
        at = self.family.taylor(distance, self.x)
        span = 4 * self.resolution
        change = (abs(at.slope) + at.slope_error) * span + at.max_curvature * span**2
        return bool(at.value <= at.value_error + change)

    def _follow(self, witness: Witness) -> None:
        """Advance x as far as the witness is worth it, and add the link."""
        start, reach = self.x, witness.reach
        while reach > self.resolution:
            self.x += reach
            if self.x > X_MAX or (not witness.alone and reach < ENOUGH * (self.x - start)):
                break
            reach = self.family.reach(witness.distance, self.x)
        self.links.append(Link(self.x, witness.distance))
