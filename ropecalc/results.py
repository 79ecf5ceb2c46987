"""What the public functions return: frozen values that the commands, JSON, tables and tests read.

Each class says what was asked (head_dim, rotary_dim, context, ...), what the answer is, how it was
found (``method``) and, as a sentence, how it went (``status``). Lengths are in tokens, bases have
no unit, similarities are S(m) as it stands (not divided by S(0)) unless the name says otherwise.
``None`` means that there is no such thing, and ``status`` says why.

This module imports nothing heavy: what reads results need not load what computes them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple

from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.spectrum import Spectrum


class Status(Enum):
    """How a calculation ended, as a sentence."""

    FOUND = "The minimum base was found; every smaller base breaks the bound."
    EVERY_BASE = "Every base meets the bound: it asks for nothing here."
    NO_BASE = "No base up to 1e300 meets the bound."
    HOLDS = "The bound holds at every distance in the context."
    BROKEN = "The bound is broken."
    VIOLATED = "The bound holds up to the first violation."
    BEYOND_LIMIT = "No violation was found up to the limit."
    ALL_WINDOWS = "Every base that meets the bound lies in one of the windows."
    SOME_WINDOWS = "These are the windows that begin up to the limit; what follows was not sought."


class WindowStatus(Enum):
    """How the first window ends, as a sentence."""

    ENDS = "Just above window_end the bound breaks again."
    ENDLESS = "Every larger base meets the bound."
    AT_LEAST = "Every base up to window_end meets the bound; it was followed no further."
    NOT_SOUGHT = "The end of the window was not looked for."


class SafeStatus(Enum):
    """How the safe base is known, as a sentence."""

    TABLE = "The safe base is that of the shipped table."
    COMPUTED = "The safe base was computed."
    UNKNOWN = "No base up to 1e300 could be shown to be safe."
    NOT_COMPUTED = "The safe base was not computed."


class VerificationStatus(Enum):
    """How the check of a certificate ended, as a sentence."""

    PROVED = "The claim is proved."
    LINK_FAILS = "A link of the chain is not proved."
    CHAIN_TOO_SHORT = "The chain does not reach the low end of the claim."
    HIGH_END_FAILS = "The high end of the claim is not shown to meet the bound."
    LOW_END_FAILS = "The low end of the claim is not shown to break the bound."
    BEYOND_FAILS = "Not every base from the high end on is shown to meet the bound."


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


@dataclass(frozen=True, slots=True)
class MinimumBase:
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
    ``window_status`` is ENDS, None where it is ENDLESS."""
    round_digits: int | None
    round_base: float | None
    """First base of ``round_digits`` significant digits that meets the bound."""
    integer_base: int | None
    """First integer base that meets the bound."""
    safe_status: SafeStatus
    safe_base: float | None
    """Smallest float64 from which on every base meets the bound; None where it is not known, and
    ``safe_status`` says why."""
    safe_distance: int | None
    """The distance that breaks the bound just below the safe base."""
    source: Literal["table", "sweep"]
    """Where the minimum base comes from: a shipped staircase, or a sweep made for it."""
    steps: int
    """Intervals of bases that the sweep excluded, each by one violated distance; 0 for a table."""
    method: str

    @property
    def continuum_estimate(self) -> float | None:
        """The limit of many pairs, context / 0.6165..., where it applies."""
        from ropecalc.base.asymptotic import continuum_estimate

        return continuum_estimate(self.context) if self._is_plain else None

    @property
    def refined_estimate(self) -> Estimate | None:
        """The estimate with the fluctuation of the finite sum, where it applies."""
        from ropecalc.base.asymptotic import refined_estimate

        fits = self.rotary_dim >= 32 and self.context >= 1024  # where its one number was fitted
        return refined_estimate(self.context, self.rotary_dim) if self._is_plain and fits else None

    @property
    def _is_plain(self) -> bool:
        """Whether the estimates' assumptions hold: full rotation, unit weights, no margin."""
        counted = self.count_unrotated and self.rotary_dim < self.head_dim
        return not (counted or self.weighted or self.margin) and self.status is Status.FOUND


Kind = Literal["minimum", "safe"]


class Step(NamedTuple):
    """One base for the contexts up to ``context``, down to where the step before ends."""

    context: int
    base: float
    """Minimum: the smallest float64 that meets the bound. Safe: the smallest above which, itself
    included, every float64 meets it."""
    distance: int
    """The distance whose similarity is zero at the infimum or supremum; 0 where there is none."""


@dataclass(frozen=True)
class Staircase:
    """The minimum or safe base of every context from 1 to ``end``, for one rotary dimension."""

    kind: Kind
    rotary_dim: int
    end: int
    steps: tuple[Step, ...]
    """Ascending by context and by base; the last step's context is ``end``."""

    def at(self, context: int) -> Step:
        """The step that answers a context.

        Raises InvalidValueError unless 1 <= context <= end.
        """
        if not 1 <= context <= self.end:
            raise InvalidValueError(
                "context", f"context must be from 1 to {self.end:,}, got {context}"
            )
        return self.steps[bisect_left(self.steps, context, key=lambda step: step.context)]


@dataclass(frozen=True, slots=True)
class Window:
    """An interval of bases that meet the bound, as wide as it goes."""

    start: float
    """Smallest float64 in it."""
    end: float | None
    """Largest float64 in it; None where every base from ``start`` to 1e300 meets the bound."""
    opened_by: int | None
    """The distance whose similarity rises through zero at the start; None where that is 1."""
    closed_by: int | None
    """The distance whose similarity falls through zero at the end."""

    @property
    def relative_width(self) -> float | None:
        """end / start - 1."""
        return None if self.end is None else self.end / self.start - 1


@dataclass(frozen=True, slots=True)
class Windows:
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

    @property
    def minimum_base(self) -> float | None:
        """Smallest float64 that meets the bound."""
        return self.windows[0].start if self.windows else None

    @property
    def safe_base(self) -> float | None:
        """Smallest float64 from which on every base up to 1e300 meets the bound, where found."""
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


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a base (or a spectrum) meets the bound at ``context``; see ``ropecalc.check``."""

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
    """Smallest float64 base above ``base`` that meets the bound; None where ``base`` does."""
    error_bound: float
    """|worst_similarity - exact value| is at most this."""
    label: str
    method: str

    @property
    def holds(self) -> bool:
        """Whether the bound holds."""
        return self.status is Status.HOLDS


@dataclass(frozen=True, slots=True)
class MaxContext:
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

    @property
    def max_context(self) -> int | None:
        """The first violation itself: the bound holds for every context up to it."""
        return self.first_violation


@dataclass(frozen=True)
class Curve:
    """A curve at chosen distances; see ``ropecalc.curve``.

    ``distances`` and ``values`` have one shape, (n_points,).
    """

    spectrum: Spectrum
    kind: str
    """"similarity" or "upper-bound"."""
    normalised: bool
    distances: NDArray[np.float64]
    values: NDArray[np.float64]
    error_bound: float


@dataclass(frozen=True)
class Envelope:
    """Minimum and maximum of a curve over runs of distances; see ``ropecalc.envelope``.

    Column k covers every integer distance in edges[k] <= m < edges[k + 1].
    """

    spectrum: Spectrum
    kind: str
    normalised: bool
    edges: NDArray[np.int64]
    """Shape (n_columns + 1,), strictly increasing."""
    minimum: NDArray[np.float64]
    """Shape (n_columns,)."""
    maximum: NDArray[np.float64]
    error_bound: float


@dataclass(frozen=True)
class PairFrequencies:
    """The angular frequencies of a head, a row a pair; see ``ropecalc.frequencies``."""

    spectrum: Spectrum
    context: int | None
    angular_frequencies: NDArray[np.float64]
    """rad/token, shape (n_pairs,)."""
    wavelengths: NDArray[np.float64]
    """2 pi / theta_i, tokens; infinite where theta_i is 0."""
    turns: NDArray[np.float64] | None
    """context * theta_i / (2 pi), where a context was given."""


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """What a model file says about its rotary embedding; see ``ropecalc.read_config``."""

    source: str
    head_dim: int
    rotary_dim: int
    base: float
    context: int | None
    """The longest context that the file allows (``max_position_embeddings``)."""
    model_type: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking a certificate; see ``ropecalc.verify``."""

    kind: str
    """"minimum-base" or "safe-base": what the interval from ``low`` to ``high`` contains."""
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
    """Its interval in x = ln(base)."""
    failed_distance: int | None = None
    """The distance at which the proof fails."""
    reason: str = ""
    """Why it fails; empty where it does not."""

    @property
    def proved(self) -> bool:
        """Whether the claim is proved."""
        return self.status is VerificationStatus.PROVED
