"""Work that somebody waits for: a bar on a terminal, and a line that says so where none is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from math import log2
from typing import TYPE_CHECKING

from ropecalc.cli.talk import warn
from ropecalc.quantities import format_count

if TYPE_CHECKING:
    from ropecalc.progress import Progress

LONG = 2**20  # tokens: beyond, a search without a table may take more than some seconds
MEASURED, MINUTES = 2**24, 4.0  # of the minimum base of 128 dimensions: 'ropecalc explain cost'
LESS, MORE = 2.0, 3.0  # times as long for twice the context
CURE = "a smaller context takes less"
FACTORS = "minutes or more"  # a sweep over factors, which begins at what tables know of bases


def searching(
    words: str, sought: str, context: int, *, cure: str = CURE, takes: str = ""
) -> AbstractContextManager[Progress]:
    """``waiting`` for a search: of a long context the line says what is sought and how long.

    ``takes`` is how long; as a sweep over bases does unless given.
    """
    how = takes or how_long(context)
    line = (
        f"no table answers this: searching for {sought} for {format_count(context)} tokens may "
        f"take {how} ('ropecalc explain cost'); interrupting is safe, and {cure}"
    )
    return waiting(words, line if context > LONG else None)


def waiting(words: str, line: str | None = None) -> AbstractContextManager[Progress]:
    """A progress bar, or where none can be drawn this line in its place: each after a second."""
    from ropecalc.render.progress import progress

    return progress(words, unseen=None if line is None else partial(warn, line))


def how_long(context: int) -> str:
    """About how long a sweep takes, in words, from what was measured.

    >>> how_long(2**25), how_long(2**30)
    ('minutes', 'hours to days')
    """
    doublings = log2(context / MEASURED)
    units = [_unit(minutes) for minutes in sorted(MINUTES * by**doublings for by in (LESS, MORE))]
    return " to ".join(dict.fromkeys(units))


def _unit(minutes: float) -> str:
    if minutes < 1:
        return "seconds"
    return "minutes" if minutes < 60 else "hours" if minutes < 48 * 60 else "days"
