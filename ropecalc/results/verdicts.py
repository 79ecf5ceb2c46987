"""Whether the bound holds, and how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ropecalc.notebook import Shown
from ropecalc.results.status import Status

if TYPE_CHECKING:
    from ropecalc.results.outlooks import Outlook


@dataclass(frozen=True, slots=True)
class SoftContext:
    """The longest context in which few distances break the bound."""

    share: float
    """The share of the distances that may break it."""
    context: int
    """The longest context in which no greater share does, tokens."""
    open: bool
    """Whether that is the limit of the search."""


@dataclass(frozen=True, slots=True)
class RotatedPart:
    """The bound asked of the rotated pairs of a head alone, within the same context."""

    first_violation: int | None
    violations: int
    worst_distance: int
    slack: float
    """The smallest similarity of the part over its S(0): negative where it breaks the bound."""
    soft: tuple[SoftContext, ...]
    """Where it breaks it: the longest contexts with a few violating distances."""
    base: float | None
    """The first two-digit base with which the part alone meets it, where the whole head meets it
    at every base and a shipped table has the part's minimum."""


@dataclass(frozen=True, slots=True, repr=False)
class Check(Shown):
    """Whether a base (or a spectrum) meets the bound at ``context``; see ``ropecalc.check``.

    It is true where the bound holds: ``if ropecalc.check(1e6, 4096, head_dim=128): ...``
    """

    head_dim: int
    rotary_dim: int
    count_unrotated: bool
    base: float | None
    context: int
    margin: float
    status: Status
    first_violation: int | None
    violations: int
    """Number of distances in the context that break the bound."""
    worst_distance: int
    """The distance of the smallest similarity."""
    worst_similarity: float
    slack: float
    """(worst_similarity - margin * S(0)) / S(0): negative where the bound is broken."""
    next_base: float | None
    """Smallest float64 base above ``base`` that meets the bound, in a window of ``min_window`` or
    more where that was asked for; None where ``base`` does, and where it is ``unsearched``."""
    error_bound: float
    """|worst_similarity - exact value| is at most this."""
    label: str
    method: str
    rope_type: str = "default"
    """The scaling method of the spectrum, default for a plain base."""
    min_window: float | None = None
    """The width, relative to its start, that the window of ``next_base`` was asked to have."""
    room_below: float | None = None
    """How far the base may be lowered with the bound holding, relative to it, up to
    ``room_limit``; None where the bound is broken, the base is scaled, nobody looked, or the
    way there took too many steps."""
    room_above: float | None = None
    """How far it may be raised, as ``room_below``."""
    room_limit: float | None = None
    """How far was looked to either side."""
    weighted: bool = False
    """Whether the pairs have weights."""
    recommended_base: float | None = None
    """First two-digit base above ``base`` that meets the bound with all bases within 1 % of it;
    sought together with ``next_base``."""
    unsearched: bool = False
    """Whether the bound is broken, no table has a base or factor that meets it, and there was no
    search for one."""
    soft: tuple[SoftContext, ...] = ()
    """Where the bound is broken: the longest contexts up to ``context`` with a few violating
    distances."""
    rotated_part: RotatedPart | None = None
    """The same bound without margin asked of the rotated part alone, where unrotated pairs count.
    """
    outlook: Outlook | None = None
    """What became of published settings with such a first violation, or that meet the bound at such
    a context; None where every base meets the bound, or nothing is known."""
    undecided: str | None = None
    """Why ``next_base`` could not be decided, where it was looked for; None: it was."""
    minimum_factor: float | None = None
    """Of a scaling whose factor breaks the bound: the smallest factor that meets it; None where
    none does, or where nobody looked."""

    @property
    def share(self) -> float:
        """The share of the distances in the context that break the bound."""
        return self.violations / self.context

    def __bool__(self) -> bool:
        return self.holds

    @property
    def holds(self) -> bool:
        """Whether the bound holds; it does where every base meets it."""
        return self.status is not Status.BROKEN

    @property
    def is_free(self) -> bool:
        """Whether no frequencies could break it: the unrotated pairs outweigh the rotated."""
        return self.status is Status.FREE


@dataclass(frozen=True, slots=True, repr=False)
class MaxContext(Shown):
    """The longest context at which the bound holds; see ``ropecalc.max_context``."""

    head_dim: int
    rotary_dim: int
    count_unrotated: bool
    base: float | None
    margin: float
    limit: int
    status: Status
    first_violation: int | None
    """Smallest distance that breaks the bound, None when there is none below ``limit``."""
    similarity: float | None
    """S at the first violation."""
    label: str
    method: str
    rope_type: str = "default"
    """The scaling method of the spectrum, default for a plain base."""
    weighted: bool = False
    """Whether the pairs have weights."""
    rotated_part_violation: int | None = None
    """Where every base meets the bound: the first violation of the rotated part alone, below
    ``limit``."""
    soft: tuple[SoftContext, ...] = ()
    """The longest contexts with a few violating distances, where they were asked for; where
    every base meets the bound, those of the rotated part alone."""

    @property
    def is_free(self) -> bool:
        """Whether no frequencies could break it: the unrotated pairs outweigh the rotated."""
        return self.status is Status.FREE

    @property
    def max_context(self) -> int | None:
        """The first violation itself: the bound holds for every context up to it."""
        return self.first_violation
