"""The bound S(m) >= margin * S(0) for 0 <= m < L: does it hold, and where does it break first.

Every verdict is three-valued inside: above the threshold by more than the error bound, below it
by more than that, or too close to call. What is too close goes to ``exact.meets_bound``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import SoftContext, Status
from ropecalc.scaling import Base, as_spectrum
from ropecalc.shares import SHARES, Few
from ropecalc.similarity import (
    Array,
    Distances,
    checked_context,
    error_bound,
    similarity_blocks,
)
from ropecalc.spectrum import Spectrum, as_float, shown

if TYPE_CHECKING:
    from ropecalc.results import MaxContext

FIRST_FEW = (16, 256)  # of distances that may break the bound: most often one of these does
METHOD = "full evaluation in blocks; signs in doubt decided by multiple precision"


class Scan(NamedTuple):
    """What an evaluation of start <= m < stop found, up to where it ended."""

    first_violation: int | None
    violations: int
    worst_distance: int
    worst_similarity: float
    in_doubt: int
    """Distances whose sign double precision could not tell."""
    soft: tuple[SoftContext, ...] = ()
    """The longest contexts up to ``stop`` with at most ``SHARES`` of violating distances, where
    they were counted and something is broken."""


def scan(
    spectrum: Spectrum,
    start: int,
    stop: int,
    *,
    margin: float = 0.0,
    first_only: bool = False,
    progress: Progress | None = None,
) -> Scan:
    """Evaluate S at every distance start <= m < stop; ``first_only`` ends at the first violation.

    ``violations`` and the verdicts are exact; ``worst_similarity`` is within
    ``error_bound(spectrum)`` of the exact value. A KeyboardInterrupt leaves with what is known so
    far in words.
    """
    tally = _Tally(spectrum, margin, start)
    _evaluate(spectrum, start, stop, [tally], first_only=first_only, progress=progress)
    return tally.scan(stop)


def scan_with_part(
    spectrum: Spectrum, stop: int, *, margin: float = 0.0, progress: Progress | None = None
) -> tuple[Scan, Scan | None]:
    """The scan of 0 <= m < stop, and that of the rotated part alone, from one evaluation.

    The unrotated pairs add a constant u to every S, so that the rotated part alone is S - u. None
    where no unrotated pair counts.
    """
    tallies = [_Tally(spectrum, margin, 0, Few(SHARES))]
    if spectrum.unrotated_pairs:
        part = _Tally(replace(spectrum, count_unrotated=False), 0.0, 0, Few(SHARES))
        part.above = float(spectrum.unrotated_pairs)
        part.doubt += 4 * 2.0**-53 * spectrum.total  # u was added to the values, and is taken off
        tallies.append(part)
    _evaluate(spectrum, 0, stop, tallies, first_only=False, progress=progress)
    found, *rest = (tally.scan(stop) for tally in tallies)
    return found, rest[0] if rest else None


def _evaluate(
    spectrum: Spectrum,
    start: int,
    stop: int,
    tallies: Sequence[_Tally],
    *,
    first_only: bool,
    progress: Progress | None,
) -> None:
    """Every block of values to every tally; the first of them says when to end."""
    done = start
    try:
        for at, values in similarity_blocks(spectrum, start, stop):
            for tally in tallies:
                tally.add(at, values)
            if first_only and tallies[0].first is not None:
                tallies[0].violations = 1
                break
            done = at + values.size
            if progress is not None:
                progress(done - start, stop - start)
    except KeyboardInterrupt:
        if done == start:
            raise
        first, violations = tallies[0].first, tallies[0].violations
        raise KeyboardInterrupt(_so_far(start, done, first, violations)) from None


class _Tally:
    """What the blocks of an evaluation have shown so far."""

    def __init__(
        self, spectrum: Spectrum, margin: float, start: int, few: Few | None = None
    ) -> None:
        self.spectrum = spectrum
        self.exact_margin, self.threshold, self.doubt = _threshold(spectrum, margin)
        self.above = 0.0  # how far the values of a block lie above those that are meant
        self.first: int | None = None
        self.violations, self.in_doubt = 0, 0
        self.worst, self.worst_at = np.inf, start
        self.few = few

    def add(self, at: int, values: Array) -> None:
        """Take the block that begins at a distance."""
        values = values - self.above if self.above else values
        lowest = int(values.argmin())
        if values[lowest] < self.worst:
            self.worst, self.worst_at = float(values[lowest]), at + lowest
        if values[lowest] >= self.threshold + self.doubt:
            return
        broken, unclear = _verdicts(
            self.spectrum, at, values, self.threshold, self.doubt, self.exact_margin
        )
        self.in_doubt += unclear
        self.violations += len(broken)
        if len(broken) and self.first is None:
            self.first = int(broken[0])
        if self.few is not None:
            self.few.add(broken)

    def scan(self, stop: int) -> Scan:
        """All of it."""
        soft = () if self.few is None or self.first is None else self.few.contexts(stop)
        return Scan(self.first, self.violations, self.worst_at, self.worst, self.in_doubt, soft)


def _so_far(start: int, done: int, first: int | None, violations: int) -> str:
    """What a scan that was interrupted knows.

    >>> _so_far(0, 4096, None, 0), _so_far(0, 4096, 1707, 2478)
    ('no violation below 4,096 tokens', 'first violation at 1,707 tokens, 2,478 below 4,096 tokens')
    """
    reach = f"below {done:,} tokens" + (f", from {start:,} on" if start else "")
    if first is None:
        return f"no violation {reach}"
    return f"first violation at {first:,} tokens, {violations:,} {reach}"


def _threshold(spectrum: Spectrum, margin: float) -> tuple[Decimal, float, float]:
    """The margin as an exact number, margin * S(0), and how far from it a verdict is in doubt."""
    margin = checked_margin(margin)
    threshold = margin * spectrum.total
    doubt = error_bound(spectrum) + 4 * 2.0**-53 * threshold
    return Decimal(margin), threshold, doubt


def checked_margin(margin: float) -> float:
    """A margin as Python's own float; raises InvalidValueError unless 0 <= margin <= 1."""
    if not 0 <= as_float(margin) <= 1:
        raise InvalidValueError("margin", f"margin must be from 0 to 1, got {shown(margin)}")
    return float(margin)


def _verdicts(
    spectrum: Spectrum, at: int, values: Array, threshold: float, doubt: float, margin: Decimal
) -> tuple[Distances, int]:
    """The distances of a block that break the bound, ascending, and how many were in doubt."""
    from ropecalc.exact import meets_bound

    low = np.flatnonzero(values < threshold + doubt)
    unclear = np.flatnonzero(values[low] >= threshold - doubt)
    met = [k for k in unclear if meets_bound(spectrum, int(low[k]) + at, margin)]
    return np.delete(low, met) + at, len(unclear)


def first_broken(spectrum: Spectrum, distances: Distances, margin: float = 0.0) -> int | None:
    """The first of some ascending distances that breaks the bound, as exactly as ``scan``."""
    from ropecalc.exact import meets_bound
    from ropecalc.similarity import similarity_at

    exact_margin, threshold, doubt = _threshold(spectrum, margin)
    for few in np.split(distances, FIRST_FEW):
        values = np.asarray(similarity_at(spectrum, few))
        for k in np.flatnonzero(values < threshold + doubt):
            at = int(few[k])
            if values[k] < threshold - doubt or not meets_bound(spectrum, at, exact_margin):
                return at
    return None


def broken_in_blocks(
    spectrum: Spectrum, limit: int, *, margin: float = 0.0, progress: Progress | None = None
) -> Iterator[Distances]:
    """The distances below ``limit`` that break the bound, ascending, an array a block."""
    exact_margin, threshold, doubt = _threshold(spectrum, margin)
    for at, values in similarity_blocks(spectrum, 0, limit):
        broken, _ = _verdicts(spectrum, at, values, threshold, doubt, exact_margin)
        if len(broken):
            yield broken
        if progress is not None:
            progress(at + values.size, limit)


@isolated
def max_context(
    spectrum: Spectrum | Base,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    limit: int = 2**24,
    progress: Progress | None = None,
) -> MaxContext:
    """The longest context at which the bound holds, up to ``limit``: the first violation itself.

    Parameters
    ----------
    limit : int, 1 to 17,179,869,184, tokens
        Distances below it are evaluated.

    The other parameters, and the errors, as in ``ropecalc.check``.

    >>> max_context(10_000).max_context
    1707
    >>> max_context(1e12, limit=4096).max_context is None
    True
    """
    spectrum = as_spectrum(
        spectrum, head_dim, rotary_dim, weights=weights, count_unrotated=count_unrotated
    )
    limit = checked_context(limit, parameter="limit")
    found = scan(spectrum, 0, limit, margin=margin, first_only=True, progress=progress)
    first = found.first_violation
    nothing = first is None and spectrum.is_free(margin)
    from ropecalc.results import MaxContext

    return MaxContext(
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        count_unrotated=spectrum.count_unrotated,
        base=None if spectrum.base is None else float(spectrum.base),
        margin=margin,
        limit=limit,
        status=_status(first, nothing=nothing),
        first_violation=first,
        similarity=None if first is None else _similarity_of(spectrum, first),
        label=spectrum.label,
        method=METHOD,
        rope_type=spectrum.rope_type,
        weighted=spectrum.weights is not None,
        rotated_part_violation=rotated_part_violation(spectrum, limit) if nothing else None,
    )


def _status(first: int | None, *, nothing: bool) -> Status:
    if nothing:
        return Status.FREE
    return Status.BEYOND_LIMIT if first is None else Status.VIOLATED


def rotated_part_violation(spectrum: Spectrum, limit: int) -> int | None:
    """The first distance below ``limit`` at which the rotated pairs alone break the bound."""
    return scan(replace(spectrum, count_unrotated=False), 0, limit, first_only=True).first_violation


def _similarity_of(spectrum: Spectrum, distance: int) -> float:
    from ropecalc.similarity import similarity_at

    return float(similarity_at(spectrum, distance))
