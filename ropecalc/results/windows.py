"""All the bases that meet the bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ropecalc.notebook import Drawn, Shown
from ropecalc.results.status import Status


@dataclass(frozen=True, slots=True)
class Window:
    """An interval of bases that meet the bound, as wide as it goes."""

    start: float
    """Smallest float64 in it."""
    end: float | None
    """Largest float64 in it; None where every larger base meets the bound, 1e300 where every base
    up to there does and larger ones may not."""
    opened_by: int | None
    """The distance whose similarity rises through zero at the start; None where that is 1."""
    closed_by: int | None
    """The distance whose similarity falls through zero at the end; None of an end at 1e300."""

    @property
    def relative_width(self) -> float | None:
        """end / start - 1."""
        return None if self.end is None else self.end / self.start - 1


@dataclass(frozen=True, slots=True, repr=False)
class Windows(Shown, Drawn):
    """All bases that meet the bound at ``context``; see ``ropecalc.windows``."""

    head_dim: int
    rotary_dim: int
    count_unrotated: bool
    weighted: bool
    context: int
    margin: float
    at_most: float | None
    """Windows that begin above it were not sought."""
    status: Status
    windows: tuple[Window, ...]
    """Ascending; between two of them, and below the first, every base breaks the bound."""
    skipped: int
    """Windows so narrow that no float64 lies in them; they are not in ``windows``."""
    method: str
    undecided: str | None = None
    """Where the search stopped, and why, with status UNDECIDED: larger bases were not examined."""

    @property
    def minimum_base(self) -> float | None:
        """Smallest float64 that meets the bound."""
        return self.windows[0].start if self.windows else None

    @property
    def safe_base(self) -> float | None:
        """Smallest float64 at and above which every base meets the bound, where found."""
        return self.windows[-1].start if self.windows and self.windows[-1].end is None else None

    def at_least(self, width: float) -> list[Window]:
        """The windows of this relative width or more; the endless one always."""
        return [
            window
            for window in self.windows
            if window.relative_width is None or window.relative_width >= width
        ]

    @property
    def share(self) -> float | None:
        """The part of ln(minimum base) to ln(safe base) that meets the bound; None of nothing."""
        if self.safe_base is None or len(self.windows) < 2:
            return None
        inside = sum(math.log1p(window.relative_width or 0.0) for window in self.windows)
        return inside / math.log(self.safe_base / self.windows[0].start)
