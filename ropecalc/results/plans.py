"""Ways to a longer context, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ropecalc.notebook import Shown

if TYPE_CHECKING:
    from ropecalc.results.configs import ModelConfig, Original, Recipe, Rope
    from ropecalc.results.verdicts import Check
    from ropecalc.spectrum import Spectrum


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to a longer context."""

    method: str
    """One of ``ropecalc.extension.METHODS``, or "original"."""
    rope: Rope
    """What to set; its ``context`` is the target."""
    spectrum: Spectrum
    check: Check
    """The bound at the target context, on the effective spectrum."""
    similarity_at_target: float
    """S(m) / S(0) at the last distance of the target context."""
    unseen_pairs: int
    """Pairs that turn, within the target, to angles unseen in training."""
    unseen_turns: float
    """The largest part of a turn that is new to a pair, in turns, at most 1."""
    blur_1: float
    """(S(0) - S(1)) / S(0) over the same of the original: how well neighbours are told apart, 1
    for as well as before."""
    blur_16: float
    """The same at a distance of 16 tokens."""
    without_training: bool
    """Whether the method is meant to be used without further training."""
    factor_with_room: float | None = None
    """Of YaRN, Llama 3's scaling and interpolation: the first two-digit factor that meets the bound
    with all factors within 1 % of it; None where none does, and beyond 2^20 tokens."""


@dataclass(frozen=True, slots=True, repr=False)
class Plan(Shown):
    """Ways from one context to a longer one; see ``ropecalc.plan``."""

    model: ModelConfig | None
    head_dim: int
    rotary_dim: int
    base: float
    original_context: int
    """The context that the ways begin from, tokens."""
    trained_context: int | None
    """What the model was trained on, as a source or the caller says, tokens."""
    context: int
    """The target, tokens."""
    original: Candidate
    """The head as it is, at the target."""
    candidates: tuple[Candidate, ...]
    critical_dimension: int
    """2 ceil((r/2) log_b(L / 2 pi)): dimensions that see a whole turn in training [Liu2023]."""
    critical_base: float
    """b^(ln(L'/2pi) / ln(L/2pi)) for base b, from L to L' tokens [Liu2023]."""
    with_training: str
    """The method recommended where the model is trained further."""
    with_training_reason: str
    without_training: str
    """The method recommended where it is not."""
    without_training_reason: str
    notes: tuple[str, ...] = ()
    """What to know of this plan beside that, a sentence each."""
    start: Original | None = None
    """The original context with the reason for it, where nobody gave it."""

    @property
    def factor(self) -> float:
        """s = L' / L."""
        return self.context / self.original_context

    @property
    def seen_context(self) -> int:
        """The length whose angles were seen: the trained context, or the original one, tokens."""
        return self.trained_context or self.original_context

    @property
    def recipe(self) -> Recipe | None:
        """The scaling that the model's maker publishes, where one is known."""
        known = None if self.model is None else self.model.known
        return None if known is None else known.recipe

    def candidate(self, method: str) -> Candidate | None:
        """The candidate of a method; the head as it is for "original"."""
        everything = (self.original, *self.candidates)
        return next((one for one in everything if one.method == method), None)
