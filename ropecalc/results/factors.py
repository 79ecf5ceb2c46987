"""The smallest scaling factor."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from ropecalc.notebook import Shown
from ropecalc.results.configs import Rope
from ropecalc.results.status import WindowStatus


class FactorStatus(Enum):
    """How the search for a factor ended, as a sentence."""

    FOUND = "The minimum factor was found; every smaller factor breaks the bound."
    ONE_IS_ENOUGH = "A factor of 1 is enough: the bound holds without scaling."
    NO_FACTOR = "No factor meets the bound, however large."


@dataclass(frozen=True, slots=True, repr=False)
class MinimumFactor(Shown):
    """The smallest factor that meets the bound at ``context``; see ``ropecalc.min_factor``."""

    rope: Rope
    """The method and its parameters; its own factor does not count."""
    context: int
    margin: float
    count_unrotated: bool
    weighted: bool
    status: FactorStatus
    minimum_factor: float | None
    """Smallest float64 that meets the bound: the upper end of ``enclosure``."""
    enclosure: tuple[float, float] | None
    """(low, high], one float64 step wide, that contains the infimum; ``low`` breaks the bound."""
    minimum_factor_digits: Decimal | None
    """The infimum rounded up to the digits that were asked for (or more, where fewer would break
    the bound)."""
    critical_distance: int | None
    """The distance whose similarity is zero (margin * S(0) with a margin) at the infimum."""
    window_status: WindowStatus
    """How the window that ``minimum_factor`` opens ends."""
    window_end: float | None
    """Every factor from ``minimum_factor`` to it meets the bound; None where it has no end."""
    recommended_factor: float | None
    """The first two-digit factor that meets the bound with all factors within 1 % of it."""
    round_digits: int | None
    """Significant digits of ``round_factor``, where that was asked for."""
    round_factor: float | None
    """The first factor of ``round_digits`` digits that meets the bound."""
    ratio: float | None
    """Target over original context: the factor that people write."""
    ratio_violation: int | None
    """The first distance that breaks the bound with a factor of ``ratio``; None where none does,
    or where there is no ratio."""
    given_factor: float | None
    """The factor that the setting has, where it has one."""
    given_violation: int | None
    """The first distance that breaks the bound with that factor; None where none does."""
    steps: int
    """Intervals of factors that the sweep excluded, each by one violated distance."""
    method: str

    @property
    def is_found(self) -> bool:
        """Whether there is a factor above 1 that the bound requires."""
        return self.status is FactorStatus.FOUND
