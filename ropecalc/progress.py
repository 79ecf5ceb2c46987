"""Progress of work that has parts."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
FINE = 1_000  # steps that each part is shown in


def part_of(progress: Progress | None, index: int, parts: int) -> Progress | None:
    """A callable for one part of the work, from 0, that reports to the callable for all of it.

    >>> part_of(print, 1, 4)(50, 100)
    1500 4000
    """
    if progress is None:
        return None

    def report(done: int, total: int) -> None:
        """Tell how much of all is done when this much of the part is."""
        progress(FINE * index + FINE * done // max(total, 1), FINE * parts)

    return report
