"""What became of published settings like one that was checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """What became of published settings like one that was checked; see ``ropecalc.outcomes``.

    Like it are those with a first violation within a factor of 2, where that is known; else those
    that meet the bound at its context, too.
    """

    settings: int
    """How many."""
    families: int
    """Of how many families."""
    low: int | None
    """The least length at which one of those with such a first violation lost 15 % of its score;
    None where none did, or the first violation is not known."""
    high: int | None
    """The greatest one, or the longest context measured of one that did not; see ``open``."""
    open: bool
    """Whether one of them still had 85 % at the longest context measured of it."""
    kept: int | None
    """How many of them still had 85 % at the context; None beyond what was measured."""
    kept_of: int | None
    """For how many of them that is known."""
