"""Soft verdicts: the context that a spectrum supports where a few distances may break the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ropecalc.bound import broken_in_blocks
from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import SoftContext
from ropecalc.similarity import checked_context
from ropecalc.spectrum import Spectrum, shown

SHARES = (0.001, 0.01)
PARTS = 10**6
"""Shares are whole millionths, so that counts are compared as integers."""


@isolated
def soft_contexts(
    spectrum: Spectrum,
    *,
    shares: tuple[float, ...] = SHARES,
    margin: float = 0.0,
    limit: int = 2**24,
    progress: Progress | None = None,
) -> tuple[SoftContext, ...]:
    """For each share, the longest context with at most that share of violating distances.

        max { L <= limit : #{m < L : S(m) < margin S(0)} <= share L }

    Between two violations the share falls, so that a longer context may be within it again: the
    longest is given. Where every base meets the bound, it is that of the rotated part alone.

    Parameters
    ----------
    shares : each from 0 to 1, a whole number of millionths
    margin, limit : as in ``ropecalc.max_context``

    Raises
    ------
    InvalidValueError

    >>> from ropecalc import scaling
    >>> [one.context for one in soft_contexts(scaling.default(5e5), limit=2**17)]
    [29854, 51796]
    """
    wanted = [_millionths(share) for share in shares]
    limit = checked_context(limit, parameter="limit")
    if spectrum.is_free(margin):
        spectrum, margin = replace(spectrum, count_unrotated=False), 0.0
    best, count = [0] * len(wanted), 0
    for broken in broken_in_blocks(spectrum, limit, margin=margin, progress=progress):
        before = count + np.arange(len(broken))  # violations below each of them
        for k, parts in enumerate(wanted):
            within = np.flatnonzero(before * PARTS <= parts * broken)
            best[k] = int(broken[within[-1]]) if len(within) else best[k]
        count += len(broken)
        if count * PARTS > max(wanted) * limit:  # no context up to the limit can be within it
            break
    ends = [
        limit if count * PARTS <= parts * limit else at
        for parts, at in zip(wanted, best, strict=True)
    ]
    return tuple(
        SoftContext(share, end, end == limit) for share, end in zip(shares, ends, strict=True)
    )


def _millionths(share: float) -> int:
    parts = round(share * PARTS)
    if not 0 <= parts <= PARTS or abs(parts - share * PARTS) > 1e-6:
        raise InvalidValueError(
            "share", f"share must be from 0 to 1 in whole millionths, got {shown(share)}"
        )
    return parts
