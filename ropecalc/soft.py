"""Soft verdicts: the context that a spectrum supports where a few distances may break the bound."""

from __future__ import annotations

from dataclasses import replace

from ropecalc.bound import broken_in_blocks
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import SoftContext
from ropecalc.scaling import Base, as_spectrum
from ropecalc.shares import SHARES, Few
from ropecalc.similarity import checked_context
from ropecalc.spectrum import Spectrum


@isolated
def soft_contexts(
    spectrum: Spectrum | Base,
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
    spectrum : Spectrum, or a base of a head of 128 dimensions
    shares : each from 0 to 1, a whole number of millionths
    margin, limit : as in ``ropecalc.max_context``

    Raises
    ------
    InvalidValueError

    >>> from ropecalc import scaling
    >>> [one.context for one in soft_contexts(scaling.default(5e5), limit=2**17)]
    [29854, 51796]
    """
    spectrum, few = as_spectrum(spectrum), Few(shares)
    limit = checked_context(limit, parameter="limit")
    if spectrum.is_free(margin):
        spectrum, margin = replace(spectrum, count_unrotated=False), 0.0
    for broken in broken_in_blocks(spectrum, limit, margin=margin, progress=progress):
        few.add(broken)
        if few.too_many(limit):
            break
    return few.contexts(limit)
