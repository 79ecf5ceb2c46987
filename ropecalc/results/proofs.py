"""What the check of a certificate found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ropecalc.notebook import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


class VerificationStatus(Enum):
    """How the check of a certificate ended, as a sentence."""

    PROVED = "The claim is proved."
    LINK_FAILS = "A link of the chain is not proved."
    CHAIN_TOO_SHORT = "The chain does not reach the low end of the claim."
    HIGH_END_FAILS = "The high end of the claim is not shown to meet the bound."
    LOW_END_FAILS = "The low end of the claim is not shown to break the bound."
    UNCERTAIN = "The bits that were used do not tell which frequencies the claim is about."
    BEYOND_FAILS = "Not every base from the high end on is shown to meet the bound."


@dataclass(frozen=True, slots=True)
class Verification(Shown):
    """What came of checking a certificate; see ``ropecalc.verify``."""

    kind: str
    """"minimum-base", "safe-base" or "minimum-factor": what lies between ``low`` and ``high``."""
    rope_type: str
    """Of a factor: the scaling method; default for a base."""
    base: Decimal | None
    """Of a factor: the base that is scaled."""
    parameters: Mapping[str, Decimal | bool]
    """Of a factor: those of the method."""
    rotary_dim: int
    unrotated_pairs: int
    weighted: bool
    margin: float
    context: int
    low: Decimal
    high: Decimal
    status: VerificationStatus
    links: int
    links_proved: int
    evaluations: int
    """Expansions of the similarity that it took to prove the links."""
    least_depth: float
    """How far the similarity is below the bound at the end of a link where it is least so; of a
    safe base, at its low end."""
    backend: str
    bits: int
    seconds: float
    program: str
    """What wrote the certificate."""
    distances: int = 0
    """Distances at which the high end was shown to meet the bound."""
    failed_link: int | None = None
    """The first link that is not proved, counted from 1."""
    failed_interval: tuple[float, float] | None = None
    """Its interval in x = ln(base), or ln(factor)."""
    failed_distance: int | None = None
    """The distance at which the proof fails."""
    reason: str = ""
    """Why it fails; empty where it does not."""

    @property
    def proved(self) -> bool:
        """Whether the claim is proved."""
        return self.status is VerificationStatus.PROVED
