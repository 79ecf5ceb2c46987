"""Outcomes of published settings in short: what check, inspect and plan say of them in a line.

``data/outcomes.tsv`` has of each setting that ``ropecalc.evidence`` compares and can source its
family, its first violation and where it lost 15 % of its score. All of that is computed from
``data/evidence.tsv`` (``python -m tests.tools.regenerate_outcomes``), which takes longer than a
check, and a test computes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import log
from typing import NamedTuple

from ropecalc.results import Outlook
from ropecalc.shipped import shipped_text

FEWEST = 5
"""Settings that a range, or a count, must have."""
SCORED, MEASURED = 4096, 131_072
"""Scores are relative to the first context, and go to the second."""


class Outcome(NamedTuple):
    """What became of a published setting."""

    family: str
    first_violation: int
    """Of the rotated part alone; the limit of the search where there was none."""
    length: int
    """Where it lost 15 % of its score, or the longest context that was measured."""
    lost: bool
    longest: int
    """The longest context that was measured."""

    def kept_at(self, context: int) -> bool | None:
        """Whether it had 85 % at a context; None where nobody measured so far.

        One that was lost before counts there no more than one that was kept, or those tables that
        end early would bring in their failures alone.
        """
        return self.length >= context if self.longest >= context else None


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Those of the file."""
    rows = [line.split("\t") for line in shipped_text("outcomes.tsv").splitlines()[1:]]
    return tuple(Outcome(a, int(b), int(c), d == "lost", int(e)) for a, b, c, d, e in rows)


def near(violation: int, some: Sequence[Outcome]) -> list[Outcome]:
    """Those with a first violation within a factor of 2."""
    return [one for one in some if violation <= 2 * one.first_violation <= 4 * violation]


def like(violation: int, some: Sequence[Outcome]) -> list[Outcome]:
    """Those within a factor of 2; where they are few, the nearest few."""
    found = near(violation, some)
    order = sorted(some, key=lambda one: abs(log(one.first_violation / violation)))
    return found if len(found) >= FEWEST else order[:FEWEST]


def outlook(violation: int | None, context: int) -> Outlook | None:
    """What became of settings like one with a first violation; None where few are known.

    Without a violation within the context: of those that meet the bound there, too.

    >>> found = outlook(18_438, 65_536)
    >>> found.low, found.open
    (9483, False)
    >>> outlook(None, 10**6) is None
    True
    """
    known = outcomes()
    if violation is not None:
        some = near(violation, known)
        return about(some, context) if len(some) >= FEWEST else None
    found = about([one for one in known if one.first_violation >= context], context, ranged=False)
    return found if (found.kept_of or 0) >= FEWEST else None


def about(some: Sequence[Outcome], context: int | None, *, ranged: bool = True) -> Outlook:
    """The range of some outcomes, and how many kept 85 % at a context."""
    measured = context is not None and SCORED < context <= MEASURED
    kept = [one.kept_at(context) for one in some] if context is not None and measured else []
    return Outlook(
        settings=len(some),
        families=len({one.family for one in some}),
        low=min((one.length for one in some if one.lost and ranged), default=None),
        high=max((one.length for one in some if ranged), default=None),
        open=ranged and not all(one.lost for one in some),
        kept=kept.count(True) if measured else None,
        kept_of=len(kept) - kept.count(None) if measured else None,
    )
