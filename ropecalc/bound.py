"""The bound S(m) >= margin * S(0) for 0 <= m < L: does it hold, and where does it break first.

Every verdict is three-valued inside: above the threshold by more than the error bound, below it
by more than that, or too close to call. What is too close goes to ``exact.meets_bound``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ropecalc.errors import InvalidValueError
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
    from ropecalc.base.room import Room
    from ropecalc.results import Check, MaxContext

METHOD = "full evaluation in blocks; signs in doubt decided by multiple precision"
ROOM_LIMIT = 0.01  # how far a base is moved either way, to see whether the bound holds there
QUICK_ROOM, QUICK_DIM = 2**17, 512  # tokens, dimensions: that takes no longer up to here


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


def check(
    spectrum: Spectrum | Base,
    context: int,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    next_base: bool = True,
    min_window: float | None = None,
    room: bool | None = None,
    progress: Progress | None = None,
) -> Check:
    """Whether S(m) >= margin * S(0) at every distance 0 <= m < context, and how it fails.

    Parameters
    ----------
    spectrum : Spectrum, or a base > 1 (then ``head_dim`` is 128 and ``rotary_dim`` is
        ``head_dim`` unless given)
    context : int, 1 .. 2^34, tokens
    weights, count_unrotated : as in Spectrum, for a base
    margin : float, 0 .. 1
    next_base : look for the nearest base above, where the bound is broken
    min_window : 1e-9 .. 1; the nearest base above has to lie in a window at least so wide,
        relative to its start
    room : look how far the base may be moved, up to 1 % either way, where the bound holds; None
        does up to 2^17 tokens and 512 rotated dimensions, where it takes a fraction of a second
    progress : called with (distances done, distances in all)

    Raises
    ------
    InvalidValueError

    >>> found = check(1e6, 32_768)
    >>> found.first_violation, found.violations, found.worst_distance
    (27115, 4, 28259)
    >>> found = check(629_979, 32_768)
    >>> found.holds, round(found.room_below, 7), round(found.room_above, 7)
    (True, 1.2e-06, 0.0015946)
    """
    spectrum = as_spectrum(
        spectrum, head_dim, rotary_dim, weights=weights, count_unrotated=count_unrotated
    )
    context = checked_context(context)
    if min_window is not None:
        from ropecalc.base.wide import check_width

        check_width(min_window)
    margin = checked_margin(margin)
    found = scan(spectrum, 0, context, margin=margin, progress=progress)
    holds = found.first_violation is None
    total = spectrum.total
    around = _room(spectrum, context, margin) if holds and _looks(room, spectrum, context) else None
    from ropecalc.results import Check

    return Check(
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        count_unrotated=spectrum.count_unrotated,
        base=None if spectrum.base is None else float(spectrum.base),
        context=context,
        margin=margin,
        status=Status.HOLDS if holds else Status.BROKEN,
        first_violation=found.first_violation,
        violations=found.violations,
        worst_distance=found.worst_distance,
        worst_similarity=found.worst_similarity,
        slack=(found.worst_similarity - margin * total) / total,
        next_base=None
        if holds or not next_base
        else _next_base(spectrum, context, margin, min_window),
        error_bound=error_bound(spectrum),
        label=spectrum.label,
        method=METHOD,
        rope_type=spectrum.rope_type,
        min_window=min_window,
        room_below=around.below if around else None,
        room_above=around.above if around else None,
        room_limit=ROOM_LIMIT if around else None,
        weighted=spectrum.weights is not None,
    )


def _next_base(
    spectrum: Spectrum, context: int, margin: float, min_window: float | None
) -> float | None:
    """The smallest float64 base above the spectrum's own that meets the bound, if it has one."""
    if not spectrum.is_plain:
        return None
    from ropecalc.base.minimum import next_base

    return next_base(spectrum, context, margin, min_window)


def _looks(room: bool | None, spectrum: Spectrum, context: int) -> bool:
    """Whether to look for the room around a base."""
    quick = context <= QUICK_ROOM and spectrum.rotary_dim <= QUICK_DIM
    return spectrum.is_plain and (quick if room is None else room)


def _room(spectrum: Spectrum, context: int, margin: float) -> Room:
    from ropecalc.base.minimum import room

    return room(spectrum, context, margin, ROOM_LIMIT)


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
        Distances below it are looked at.

    The other parameters, and the errors, as in ``check``.

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
    from ropecalc.results import MaxContext

    return MaxContext(
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        count_unrotated=spectrum.count_unrotated,
        base=None if spectrum.base is None else float(spectrum.base),
        margin=margin,
        limit=limit,
        status=Status.BEYOND_LIMIT if first is None else Status.VIOLATED,
        first_violation=first,
        similarity=None if first is None else _similarity_of(spectrum, first),
        label=spectrum.label,
        method=METHOD,
        rope_type=spectrum.rope_type,
        weighted=spectrum.weights is not None,
    )


def _similarity_of(spectrum: Spectrum, distance: int) -> float:
    from ropecalc.similarity import similarity_at

    return float(similarity_at(spectrum, distance))
