"""The base to put into a config: the first of two digits with 1 % of room on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.base.lookup import EVALUATED, disown, shipped_step
from ropecalc.base.room import ROOM, wide_base
from ropecalc.base.rounding import violation_at

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.progress import Progress


def recommended_base(
    family: Family,
    context: int,
    start: float,
    *,
    use_table: bool = True,
    progress: Progress | None = None,
) -> float | None:
    """The first two-digit base >= ``start`` that meets the bound with all bases within 1 % of it.

    ``start`` should be no smaller than the minimum base; None where there is none up to 1e300.
    Looked up where a shipped table reaches and the first of all is no smaller than ``start``; then
    the base and the ends of its room are evaluated in full up to 2^24 tokens.
    """
    found = known_base(family, context) if use_table else None
    if found is not None and found >= start:
        return found
    return wide_base(family, context, start, progress)


def known_base(family: Family, context: int) -> float | None:
    """The base that a shipped table has, evaluated as ``recommended_base`` says; else None."""
    step = shipped_step("recommended", family, context, evaluate=False)
    if step is None or context > EVALUATED:
        return None if step is None else step.base
    ends = (step.base * (1 - ROOM), step.base * (1 + ROOM))
    if all(violation_at(family, context, end) is None for end in ends):
        return step.base
    disown("recommended", family, context)
    return None
