"""What rounding alone changes: the curve in a stack's arithmetic beside the exact one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ropecalc.bound import checked_margin
from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.precision.products import COLUMNS, PositionPair, Scores
from ropecalc.precision.recipes import Recipe, RecipeName, make_recipe
from ropecalc.precision.storage import Dtype
from ropecalc.progress import Progress
from ropecalc.results import Envelope, Precision, Rope, Status
from ropecalc.scaling import Base, as_spectrum
from ropecalc.similarity import (
    Array,
    Distances,
    checked_context,
    error_bound,
    fold,
    similarity_blocks,
)
from ropecalc.spectrum import Spectrum

Mask = NDArray[np.bool_]


@isolated
def curve_in_dtype(
    spectrum: Spectrum | Base,
    distances: ArrayLike,
    context: int,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    dtype: Dtype = "float32",
    recipe: RecipeName = "transformers",
    pair: PositionPair = "first",
    rope: Rope | None = None,
    length: int | None = None,
) -> Array:
    """S(m) as a stack's arithmetic has it, not divided by S(0); see ``check_in_dtype``.

    Parameters
    ----------
    distances : integers, 0 <= m < context

    Raises
    ------
    InvalidValueError

    >>> curve_in_dtype(1e6, [0, 27_114, 27_115], 32_768, dtype="float16").round(4).tolist()
    [64.0, 0.7318, -0.4871]
    """
    exact = as_spectrum(spectrum, head_dim, rotary_dim)
    where = np.atleast_1d(np.asarray(distances))
    if not np.issubdtype(where.dtype, np.integer) or np.any((where < 0) | (where >= context)):
        raise InvalidValueError("distances", "distances must be integers from 0 to context - 1")
    scores = make_scores(
        exact, context, dtype=dtype, recipe=recipe, pair=pair, rope=rope, length=length
    )
    return scores.at(where.astype(np.int64))


def make_scores(
    spectrum: Spectrum,
    context: int,
    *,
    dtype: Dtype,
    recipe: RecipeName,
    pair: PositionPair = "first",
    rope: Rope | None = None,
    length: int | None = None,
) -> Scores:
    """The curve of a spectrum in an arithmetic, to be evaluated; see ``check_in_dtype``."""
    context = checked_context(context)
    made = make_recipe(spectrum, dtype=dtype, recipe=recipe, rope=rope, length=length or context)
    return Scores(spectrum, made, context, pair)


def envelope_in_dtype(
    scores: Scores, edges: Distances, *, normalised: bool = True, progress: Progress | None = None
) -> Envelope:
    """Minimum and maximum over runs of distances, as ``ropecalc.envelope`` has them."""
    low, high = np.full(edges.size - 1, np.inf), np.full(edges.size - 1, -np.inf)
    scale = float(scores.at(np.array([0]))[0]) if normalised else 1.0
    first, last = int(edges[0]), int(edges[-1])
    for at, values in scores.blocks(first, last):
        fold(values / scale, at, edges, low, high)
        if progress is not None:
            progress(at + values.size - first, last - first)
    return Envelope(scores.spectrum, "similarity", normalised, edges, low, high, 0.0)


@isolated
def check_in_dtype(
    spectrum: Spectrum | Base,
    context: int,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    dtype: Dtype = "float32",
    recipe: RecipeName = "transformers",
    pair: PositionPair = "first",
    rope: Rope | None = None,
    length: int | None = None,
    margin: float = 0.0,
    progress: Progress | None = None,
) -> Precision:
    """Where rounding alone changes the bound S(m) >= margin * S(0), 0 <= m < context, and by what.

    Both curves are evaluated at every distance. The exact verdicts are exact; those of the
    arithmetic are exact for the operations that ``ropecalc.precision`` describes.

    Parameters
    ----------
    spectrum : Spectrum, or a base > 1 (then ``head_dim`` is 128 and ``rotary_dim`` is
        ``head_dim`` unless given)
    context : int, 1 to 17,179,869,184, tokens
    dtype : float32, bfloat16 or float16: what cos and sin are stored in
    recipe : transformers, llama.cpp or naive: which operation rounds to what
    pair : first or last: which positions are m apart
    rope : where the spectrum is that of a model file, what the file says: its scaling is then
        computed operation by operation too
    length : tokens attended to, where that scaling depends on it; the context unless given
    margin : float, 0 .. 1
    progress : called with (distances done, distances in all)

    Raises
    ------
    InvalidValueError
    ConfigError
        bfloat16 without ml_dtypes.

    >>> found = check_in_dtype(10_000, 1_706, dtype="float16", recipe="naive")
    >>> found.exact_violations, found.made, found.changes_verdict
    (0, 3, True)
    """
    exact = as_spectrum(spectrum, head_dim, rotary_dim)
    context = checked_context(context)
    margin = checked_margin(margin)
    scores = make_scores(
        exact, context, dtype=dtype, recipe=recipe, pair=pair, rope=rope, length=length
    )
    tally = _tally(scores, margin, progress)
    return Precision(
        dtype=dtype,
        recipe=recipe,
        pair=pair,
        head_dim=exact.head_dim,
        rotary_dim=exact.rotary_dim,
        base=None if exact.base is None else float(exact.base),
        context=context,
        margin=margin,
        status=Status.BROKEN if tally.here.count else Status.HOLDS,
        first_violation=tally.here.first,
        violations=tally.here.count,
        worst_distance=tally.worst.where[0],
        worst_similarity=-tally.worst.value,
        exact_status=Status.BROKEN if tally.exact.count else Status.HOLDS,
        exact_violations=tally.exact.count,
        made=tally.made.count,
        first_made=tally.made.first,
        hidden=tally.hidden.count,
        first_hidden=tally.hidden.first,
        largest_difference=tally.difference.value,
        difference_distance=tally.difference.where[0],
        largest_phase_error=tally.phase.value,
        phase_error_position=tally.phase.where[-1],
        phase_error_pair=tally.phase.where[0],
        colliding_positions=tally.collisions,
        label=exact.label,
    )


@dataclass(slots=True)
class _Count:
    """How many distances, and the first of them."""

    count: int = 0
    first: int | None = None

    def add(self, at: int, mask: Mask) -> None:
        """Count what is set of distances from ``at`` on."""
        if mask.any():
            self.count += int(mask.sum())
            self.first = at + int(mask.argmax()) if self.first is None else self.first


@dataclass(slots=True)
class _Largest:
    """The largest value so far and its index, whose last part counts from ``at``; NaN is larger."""

    value: float = -np.inf
    where: tuple[int, ...] = (0, 0)

    def add(self, at: int, values: Array) -> None:
        """Look at values of distances from ``at`` on."""
        index = np.unravel_index(int(values.argmax()), values.shape)  # of NaN, where there is one
        if not values[index] <= self.value:
            *rows, column = (int(i) for i in index)
            self.value, self.where = float(values[index]), (*rows, at + column)


@dataclass(slots=True)
class _Tally:
    here: _Count = field(default_factory=_Count)
    exact: _Count = field(default_factory=_Count)
    made: _Count = field(default_factory=_Count)
    hidden: _Count = field(default_factory=_Count)
    worst: _Largest = field(default_factory=_Largest)
    difference: _Largest = field(default_factory=_Largest)
    phase: _Largest = field(default_factory=_Largest)
    collisions: int = 0


def _tally(scores: Scores, margin: float, progress: Progress | None) -> _Tally:
    tally, spectrum, context = _Tally(), scores.spectrum, scores.context
    threshold = scores_threshold(scores, margin)
    for at, exact in _exact_chunks(spectrum, context):
        here = scores.at(np.arange(at, at + exact.size))
        # A score that is not a number meets nothing.
        broken, exactly = ~(here >= threshold), _broken(spectrum, at, exact, margin)
        tally.here.add(at, broken)
        tally.exact.add(at, exactly)
        tally.made.add(at, broken & ~exactly)
        tally.hidden.add(at, exactly & ~broken)
        tally.worst.add(at, -here)
        tally.difference.add(at, np.abs(here - exact))
        tally.phase.add(at, _phase_errors(scores.recipe, spectrum, at, at + exact.size))
        tally.collisions += collisions(scores.recipe, at, min(at + exact.size, context - 1))
        if progress is not None:
            progress(at + exact.size, context)
    return tally


def scores_threshold(scores: Scores, margin: float) -> float:
    """margin * S(0), in the same arithmetic."""
    return margin * float(scores.at(np.array([0]))[0]) if margin else 0.0


def _exact_chunks(spectrum: Spectrum, context: int) -> Iterator[tuple[int, Array]]:
    for at, values in similarity_blocks(spectrum, 0, context):
        for offset in range(0, values.size, COLUMNS):
            yield at + offset, values[offset : offset + COLUMNS]


def _broken(spectrum: Spectrum, at: int, exact: Array, margin: float) -> Mask:
    """Where the exact curve breaks the bound; multiple precision decides signs in doubt."""
    from decimal import Decimal

    from ropecalc.exact import meets_bound

    threshold = margin * spectrum.total
    doubt = error_bound(spectrum) + 4 * 2.0**-53 * threshold
    broken: Mask = exact < threshold - doubt
    for index in np.flatnonzero(np.abs(exact - threshold) <= doubt).tolist():
        broken[index] = not meets_bound(spectrum, at + index, Decimal(margin))
    return broken


def _phase_errors(recipe: Recipe, spectrum: Spectrum, start: int, stop: int) -> Array:
    """|phase here - position * theta_i|, shape (n_pairs, stop - start), to 2^-52 of a phase."""
    positions = np.arange(start, stop)
    exact = spectrum.angular_frequencies[:, None] * positions
    return np.abs(np.subtract(recipe.phases(positions), exact, out=exact), out=exact)


def collisions(recipe: Recipe, start: int, stop: int) -> int:
    """Positions start <= p < stop whose stored cos and sin are all those of p + 1.

    >>> import ropecalc
    >>> from ropecalc.scaling import default
    >>> naive = make_recipe(default(1e6), dtype="bfloat16", recipe="naive")
    >>> [collisions(naive, 2**k, 2 ** (k + 1)) / 2**k for k in (8, 10, 14)]
    [0.5, 0.875, 0.9921875]
    """
    found = 0
    for at in range(start, stop, COLUMNS):
        before = np.arange(at, min(stop, at + COLUMNS))
        phases, following = recipe.phases(before), recipe.phases(before + 1)
        # Most positions differ in the first pair already, which turns fastest by custom.
        same = _alike(recipe, phases[:1], following[:1])
        found += int(_alike(recipe, phases[:, same], following[:, same]).sum())
    return found


def _alike(recipe: Recipe, phases: NDArray[np.float32], others: NDArray[np.float32]) -> Mask:
    """For which columns cos and sin are stored alike in all rows."""
    same = (recipe.cosines(phases) == recipe.cosines(others)).all(axis=0)
    alike: Mask = same & (recipe.sines(phases) == recipe.sines(others)).all(axis=0)
    return alike
