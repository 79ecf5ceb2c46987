"""The bound S(m) >= margin * S(0) for 0 <= m < L: does it hold, and where does it break first.

Every verdict is three-valued inside: above the threshold by more than the error bound, below it
by more than that, or too close to call. What is too close goes to ``exact.meets_bound``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import Status
from ropecalc.scaling import Base, as_spectrum
from ropecalc.similarity import (
    Array,
    checked_context,
    error_bound,
    similarity_blocks,
)
from ropecalc.spectrum import Spectrum, shown

if TYPE_CHECKING:
    from ropecalc.results import MaxContext

METHOD = "full evaluation in blocks; signs in doubt decided by multiple precision"


@dataclass(frozen=True, slots=True)
class Scan:
    """What an evaluation of start <= m < stop found, up to where it ended."""

    first_violation: int | None
    violations: int
    worst_distance: int
    worst_similarity: float
    in_doubt: int
    """Distances whose sign double precision could not tell."""


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
    exact_margin, threshold, doubt = _threshold(spectrum, margin)
    first, violations, in_doubt, worst, worst_at = None, 0, 0, np.inf, start
    done = start
    try:
        for at, values in similarity_blocks(spectrum, start, stop):
            lowest = int(values.argmin())
            if values[lowest] < worst:
                worst, worst_at = float(values[lowest]), at + lowest
            if values[lowest] < threshold + doubt:
                broken, unclear = _verdicts(spectrum, at, values, threshold, doubt, exact_margin)
                in_doubt += unclear
                violations += len(broken)
                if broken and first is None:
                    first = broken[0]
                    if first_only:
                        violations = 1
                        break
            done = at + values.size
            if progress is not None:
                progress(done - start, stop - start)
    except KeyboardInterrupt:
        if done == start:
            raise
        raise KeyboardInterrupt(_so_far(start, done, first, violations)) from None
    return Scan(first, violations, worst_at, worst, in_doubt)


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
    try:
        inside = 0 <= margin <= 1
    except TypeError:  # no number
        inside = False
    if not inside:
        raise InvalidValueError("margin", f"margin must be from 0 to 1, got {shown(margin)}")
    return float(margin)


def _verdicts(
    spectrum: Spectrum, at: int, values: Array, threshold: float, doubt: float, margin: Decimal
) -> tuple[list[int], int]:
    """The distances of a block that break the bound, ascending, and how many were in doubt."""
    from ropecalc.exact import meets_bound

    low = np.flatnonzero(values < threshold + doubt)
    unclear = values[low] >= threshold - doubt
    broken = (low[~unclear] + at).tolist()
    doubtful = (low[unclear] + at).tolist()
    broken += [m for m in doubtful if not meets_bound(spectrum, m, margin)]
    return sorted(broken), len(doubtful)


def broken_in_blocks(
    spectrum: Spectrum, limit: int, *, margin: float = 0.0, progress: Progress | None = None
) -> Iterator[NDArray[np.int64]]:
    """The distances below ``limit`` that break the bound, ascending, an array a block."""
    exact_margin, threshold, doubt = _threshold(spectrum, margin)
    for at, values in similarity_blocks(spectrum, 0, limit):
        broken, _ = _verdicts(spectrum, at, values, threshold, doubt, exact_margin)
        if broken:
            yield np.array(broken, dtype=np.int64)
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
    limit : int, 1 .. 2^34, tokens
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
