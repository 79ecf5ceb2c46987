"""The minimum base as a sweep or a table has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from ropecalc.results import Status


class Answer(NamedTuple):
    """What a sweep or a table says of the minimum base."""

    status: Status
    base: float | None
    """The smallest float64 that meets the bound; 1 where smaller bases would, too."""
    enclosure: tuple[float, float] | None
    distance: int | None
    """The critical distance."""
    digits: Decimal | None
    """The infimum, rounded up to the digits that were asked for."""
    source: Literal["table", "sweep"]
    steps: int
    method: str
