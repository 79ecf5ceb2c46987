"""A base that meets the bound in a stack's arithmetic, from the exact minimum upwards.

In all recipes a base takes part as a float32, so bases between two float32 numbers are no
different. The search goes up over the float32 numbers of each window of bases that meet the bound
exactly, and begins each window with its start:

1. evaluate a base at every distance; if nothing breaks the bound, it is the answer;
2. else take the distance that does: pass over the float32 numbers that break the bound there,
   which costs one distance a base;
3. evaluate the next one exactly; where it breaks the bound, go on with the start of the next
   window. Back to 1.

Nothing is passed over that was not seen to break the bound in one arithmetic or the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ropecalc.base.family import Family, family_of
from ropecalc.base.rounding import next_feasible, violation_at
from ropecalc.isolated import isolated
from ropecalc.precision.products import Scores
from ropecalc.precision.recipes import RecipeName, make_recipe
from ropecalc.precision.storage import Dtype, Single
from ropecalc.progress import Progress
from ropecalc.results import MinimumBase, PrecisionBase, PrecisionStatus, Status
from ropecalc.scaling import MIN_BASE
from ropecalc.similarity import similarity_blocks
from ropecalc.spectrum import Spectrum

METHOD = (
    "exact minimum base, then float32 bases in ascending order within the exact windows; "
    "full evaluation of the base found, in this arithmetic and exactly"
)
FEWEST, MOST = 2**8, 2**14  # bases ruled out at a time by one distance
CANDIDATES = 2**23  # float32 numbers from a base to its double: go no further than that many
LOWEST = 2**12  # distances of the smallest exact similarities: rounding breaks those first


@isolated
def min_base_in_dtype(
    head_dim: int,
    context: int,
    *,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    dtype: Dtype = "float32",
    recipe: RecipeName = "transformers",
    progress: Progress | None = None,
) -> PrecisionBase:
    """The first base from the exact minimum on that meets the bound in a stack's arithmetic too.

    ``base`` was evaluated in full, both in that arithmetic (query at m, key at 0) and exactly:
    S(m) >= margin * S(0) at every distance 0 <= m < context in either. It is the smallest of the
    float32 numbers and of the starts of exact windows for which that is so: every other one from
    the exact minimum base on breaks the bound at a distance that was evaluated. A float64 between
    two float32 numbers can be smaller by less than the step of float32, where a window ends or
    rounding to float32 goes up. Bases above ``base`` need not meet the bound.

    Parameters
    ----------
    dtype, recipe : as in ``check_in_dtype``
    progress : called with (bases passed over, at most so many)

    The others, and the errors, as in ``min_base``.

    >>> found = min_base_in_dtype(128, 4096, dtype="float16")
    >>> round(found.exact_base, 3), found.exact_violations, round(found.base, 3)
    (26952.339, 1, 26952.453)
    """
    from ropecalc.base.minimum import min_base

    exact = min_base(
        head_dim,
        context,
        rotary_dim=rotary_dim,
        weights=weights,
        count_unrotated=count_unrotated,
        margin=margin,
        round_digits=None,
        integer=False,
        window=False,
        recommended=False,
    )
    return base_in_dtype(exact, weights=weights, dtype=dtype, recipe=recipe, progress=progress)


def base_in_dtype(
    exact: MinimumBase,
    *,
    weights: Sequence[float] | None = None,
    dtype: Dtype = "float32",
    recipe: RecipeName = "transformers",
    progress: Progress | None = None,
) -> PrecisionBase:
    """``min_base_in_dtype`` from an exact answer that is there already.

    ``weights`` are those that it was asked with; the others, and the errors, as there.
    """
    family = family_of(
        exact.head_dim, exact.rotary_dim, weights, exact.count_unrotated, exact.margin
    )
    if exact.minimum_base is None or exact.status is not Status.FOUND:
        return _answer(exact, dtype, recipe, None)
    search = _Search(family, exact.context, dtype, recipe, progress)
    search.run(max(exact.minimum_base, MIN_BASE))
    return _answer(exact, dtype, recipe, search)


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """One base at every distance, in this arithmetic."""

    violations: int
    first: int | None
    worst: int
    similarity: float


@dataclass(slots=True)
class _Search:
    family: Family
    context: int
    dtype: Dtype
    recipe: RecipeName
    progress: Progress | None = None
    candidates: int = 0
    evaluations: int = 0
    at_minimum: _Evaluated | None = None
    base: float | None = None
    found: _Evaluated | None = None
    _breaking: list[int] = field(default_factory=list)
    """Distances that have ruled bases out, the latest first."""

    def run(self, start: float) -> None:
        """Find ``base``, from an exact minimum base on."""
        base: float | None = start
        while base is not None:
            broken = None if self.at_minimum is None else self._quickly_broken(base)
            if broken is None:
                found = self._evaluate(base)
                self.at_minimum = self.at_minimum or found
                if not found.violations:
                    self.base, self.found = base, found
                    return
                broken = found.worst
            self._learn(broken)
            base = self._next(base)

    def _scores(self, spectrum: Spectrum) -> Scores:
        made = make_recipe(spectrum, dtype=self.dtype, recipe=self.recipe)
        return Scores(spectrum, made, self.context)

    def _threshold(self, scores: Scores) -> float:
        from ropecalc.precision.effects import scores_threshold

        return scores_threshold(scores, self.family.margin)

    def _evaluate(self, base: float) -> _Evaluated:
        """One base at every distance."""
        self.evaluations += 1
        scores = self._scores(self.family.spectrum(base))
        threshold = self._threshold(scores)
        violations, first, worst, lowest = 0, None, 0, np.inf
        for at, values in scores.blocks(0, self.context):
            broken = ~(values >= threshold)
            violations += int(broken.sum())
            first = at + int(broken.argmax()) if first is None and broken.any() else first
            least = int(values.argmin())
            if not values[least] >= lowest:
                worst, lowest = at + least, float(values[least])
        return _Evaluated(violations, first, worst, lowest)

    def _quickly_broken(self, base: float) -> int | None:
        """A distance that breaks the bound, of those where the exact curve is lowest."""
        spectrum = self.family.spectrum(base)
        scores = self._scores(spectrum)
        lowest = _lowest(spectrum, self.context)
        values = scores.at(lowest)
        worst = int(values.argmin())
        return int(lowest[worst]) if values[worst] < self._threshold(scores) else None

    def _learn(self, distance: int) -> None:
        if distance in self._breaking:
            self._breaking.remove(distance)
        self._breaking.insert(0, distance)
        del self._breaking[16:]

    def _next(self, base: float) -> float | None:
        """The next candidate above a base: meets the bound exactly, and at ``_breaking``."""
        size = FEWEST
        while self.candidates < CANDIDATES:
            bases = floats_above(base, size)
            kept = bases[self._meets(bases)]
            if kept.size:
                following = float(kept[0])
                self.candidates += int(np.searchsorted(bases, kept[0]))
                if violation_at(self.family, self.context, following) is None:
                    return following
                return next_feasible(self.family, self.context, following)
            self.candidates += bases.size
            base, size = float(bases[-1]), min(2 * size, MOST)
            if self.progress is not None:
                self.progress(self.candidates, CANDIDATES)
        return None

    def _meets(self, bases: Single) -> np.ndarray:
        """Which bases meet the bound, here, at the distances that ruled others out."""
        spectrum = self.family.spectrum(float(bases[0]))
        one = self._scores(spectrum)
        many = Scores(spectrum, one.recipe.with_bases(bases, spectrum.rotary_dim), self.context)
        threshold = self._threshold(one)
        meets = np.ones(bases.shape, dtype=bool)
        for distance in self._breaking:
            meets &= many.at(np.array([distance])) >= threshold
        return meets


def floats_above(base: float, count: int) -> Single:
    """The next ``count`` float32 numbers above a number, ascending.

    >>> floats_above(59_436_800.0, 3).tolist()
    [59436804.0, 59436808.0, 59436812.0]
    """
    nearest = np.float32(base)
    first = nearest if nearest > base else np.nextafter(nearest, np.float32(math.inf))
    bits = int(first.view(np.uint32))
    return np.arange(bits, bits + count, dtype=np.uint32).view(np.float32)


def _lowest(spectrum: Spectrum, context: int) -> np.ndarray:
    """The distances of the smallest exact similarities, unordered."""
    values, where = np.empty(0), np.empty(0, dtype=np.int64)
    for at, block in similarity_blocks(spectrum, 0, context):
        values = np.concatenate([values, block])
        where = np.concatenate([where, np.arange(at, at + block.size)])
        if values.size > LOWEST:
            keep = np.argpartition(values, LOWEST)[:LOWEST]
            values, where = values[keep], where[keep]
    return where


def _answer(
    exact: MinimumBase, dtype: Dtype, recipe: RecipeName, search: _Search | None
) -> PrecisionBase:
    at_minimum = search.at_minimum if search else None
    found = search.found if search else None
    status = PrecisionStatus.VERIFIED if found else PrecisionStatus.GIVEN_UP
    if search is None:
        every = exact.status is Status.EVERY_BASE
        status = PrecisionStatus.EVERY_BASE if every else PrecisionStatus.NO_BASE
    return PrecisionBase(
        dtype=dtype,
        recipe=recipe,
        head_dim=exact.head_dim,
        rotary_dim=exact.rotary_dim,
        context=exact.context,
        margin=exact.margin,
        status=status,
        exact_base=exact.minimum_base,
        exact_violations=at_minimum.violations if at_minimum else None,
        exact_first_violation=at_minimum.first if at_minimum else None,
        base=search.base if search else None,
        worst_distance=found.worst if found else None,
        worst_similarity=found.similarity if found else None,
        candidates=search.candidates if search else 0,
        evaluations=search.evaluations if search else 0,
        method=METHOD,
    )
