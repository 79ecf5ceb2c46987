"""What the arithmetic of a stack makes of a curve."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ropecalc.notebook import Shown
from ropecalc.results.status import Status


@dataclass(frozen=True, slots=True)
class Precision(Shown):
    """The bound in one arithmetic beside the exact one; see ``ropecalc.check_in_dtype``."""

    dtype: str
    """Storage type: float32, bfloat16 or float16."""
    recipe: str
    """transformers, llama.cpp or naive."""
    pair: str
    """Which positions are m apart: first, m and 0, or last, L - 1 and L - 1 - m."""
    head_dim: int
    rotary_dim: int
    base: float | None
    context: int
    margin: float
    status: Status
    """Whether the bound holds in this arithmetic."""
    first_violation: int | None
    violations: int
    """Number of distances in the context that break the bound in this arithmetic."""
    worst_distance: int
    """The distance of the smallest similarity in this arithmetic."""
    worst_similarity: float
    """S as this arithmetic has it."""
    exact_status: Status
    exact_violations: int
    """Number of distances in the context that break the bound exactly."""
    made: int
    """Distances that break the bound here and not exactly."""
    first_made: int | None
    """The smallest of them."""
    hidden: int
    """Distances that break the bound exactly and not here."""
    first_hidden: int | None
    """The smallest of them."""
    largest_difference: float
    """Of |S here - S|."""
    difference_distance: int
    """Where it is."""
    largest_phase_error: float
    """Of |phase here - position * theta_i|, over all positions and pairs, rad."""
    phase_error_position: int
    """The position of that phase."""
    phase_error_pair: int
    """The pair of that phase, counted from 0."""
    colliding_positions: int
    """Positions whose stored cos and sin are those of the next one, of context - 1."""
    label: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bound holds in this arithmetic."""
        return self.status is Status.HOLDS

    @property
    def changes_verdict(self) -> bool:
        """Whether rounding alone makes the answer another."""
        return self.status is not self.exact_status

    @property
    def colliding_share(self) -> float:
        """The part of adjacent positions that cannot be told apart."""
        return self.colliding_positions / max(self.context - 1, 1)


class PrecisionStatus(Enum):
    """How the search for a base in one arithmetic ended, as a sentence."""

    VERIFIED = "The base meets the bound in this arithmetic and exactly, at every distance."
    EVERY_BASE = "Exactly, every base meets the bound: there is no minimum to start from."
    NO_BASE = "No base up to 1e300 meets the bound exactly."
    GIVEN_UP = "No base that meets the bound in this arithmetic was found near the exact minimum."


@dataclass(frozen=True, slots=True)
class PrecisionBase(Shown):
    """A base that meets the bound in one arithmetic; see ``ropecalc.min_base_in_dtype``."""

    dtype: str
    """Storage type: float32, bfloat16 or float16."""
    recipe: str
    """transformers, llama.cpp or naive."""
    head_dim: int
    rotary_dim: int
    context: int
    margin: float
    status: PrecisionStatus
    """How the search ended."""
    exact_base: float | None
    """The minimum base in exact arithmetic."""
    exact_violations: int | None
    """How many distances break the bound in this arithmetic at the exact minimum base."""
    exact_first_violation: int | None
    """The smallest of them."""
    base: float | None
    """The base found: no distance breaks the bound, here or exactly."""
    worst_distance: int | None
    """The distance of the smallest similarity at ``base``, as this arithmetic has it."""
    worst_similarity: float | None
    """S there, as this arithmetic has it."""
    candidates: int
    """Bases that were ruled out by a distance that breaks the bound in this arithmetic."""
    evaluations: int
    """Bases that were evaluated at every distance."""
    method: str
