"""Minimum bases, and their estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ropecalc.notebook import Shown
from ropecalc.results.status import SafeStatus, Status, WindowStatus

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of the minimum base, with its spread; never a substitute for it.

    ``value`` lies between ``low`` and ``high``, which are not bounds but the range that the
    estimate's one fitted number had over the cases it was fitted on.
    """

    value: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True, repr=False)
class MinimumBase(Shown):
    """The smallest base that meets the bound at ``context``; see ``ropecalc.min_base``."""

    head_dim: int
    rotary_dim: int
    count_unrotated: bool
    weighted: bool
    context: int
    margin: float
    status: Status
    minimum_base: float | None
    """Smallest float64 that meets the bound: the upper end of ``enclosure``."""
    enclosure: tuple[float, float] | None
    """(low, high], one float64 step wide, that contains the infimum; ``low`` breaks the bound."""
    minimum_base_digits: Decimal | None
    """The infimum rounded up to the digits that were asked for (or more, where fewer would break
    the bound); up to 17 digits its float64 meets the bound, beyond that the number itself does."""
    critical_distance: int | None
    """The distance whose similarity is zero (margin * S(0) with a margin) at the infimum."""
    window_status: WindowStatus
    window_end: float | None
    """Every base from ``minimum_base`` to it meets the bound; the largest such float64 where
    ``window_status`` is ENDS, None where it is ENDLESS or UNDECIDED."""
    round_digits: int | None
    round_base: float | None
    """First base of ``round_digits`` significant digits that meets the bound, in a window of
    ``min_window`` or more where that was asked for; None where every base meets it."""
    integer_base: int | None
    """The same for integer bases."""
    safe_status: SafeStatus
    safe_base: float | None
    """Smallest float64 at and above which every base works; None where it is not known, and
    ``safe_status`` says why."""
    safe_distance: int | None
    """The distance that breaks the bound just below the safe base."""
    source: Literal["table", "sweep"]
    """Where the minimum base comes from: a shipped staircase, or a sweep made for it."""
    steps: int
    """Intervals of bases that the sweep excluded, each by one violated distance; 0 for a table."""
    method: str
    min_window: float | None = None
    """The width, relative to its start, that a window was asked to have at least."""
    wide_status: WindowStatus = WindowStatus.NOT_SOUGHT
    """How the first window so wide ends; NOT_SOUGHT where none was asked for, or there is none;
    UNDECIDED where this could not be decided."""
    wide_start: float | None = None
    """Smallest float64 of the first window so wide."""
    wide_end: float | None = None
    """Largest float64 in it, as far as it was followed; None where it has no end."""
    wide_distance: int | None = None
    """The distance whose similarity rises through zero at its start."""
    recommended_base: float | None = None
    """First two-digit base that meets the bound with all bases within 1 % of it; None where
    every base meets it, where it was not sought, or where there is none up to 1e300."""
    rotated_part_base: float | None = None
    """Where every base meets the bound because of unrotated pairs: the recommended base of the
    rotated part alone."""
    rotated_part_round_base: float | None = None
    """The first two-digit base with which the rotated part alone meets the bound, likewise."""
    unsearched: bool = False
    """Whether no table has the recommended base, or that of the rotated part alone, and there was
    no search for it."""
    undecided: str | None = None
    """The parts of the answer that could not be decided, each with the reason; None: all were."""
    continuum_estimate: float | None = None
    """The limit of many pairs, context / 0.6165..., where it applies and was asked for."""
    refined_estimate: Estimate | None = None
    """The estimate with the fluctuation of the finite sum, likewise."""
    label: str = ""
    """The model whose head it is, where one was named."""

    @property
    def is_plain(self) -> bool:
        """Whether all is rotated, with unit weights and no margin, and a base was found."""
        counted = self.count_unrotated and self.rotary_dim < self.head_dim
        return not (counted or self.weighted or self.margin) and self.status is Status.FOUND
