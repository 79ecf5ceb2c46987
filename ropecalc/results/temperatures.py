"""How sharp attention must be over a longer context."""

from __future__ import annotations

from dataclasses import dataclass

from ropecalc.notebook import Shown


@dataclass(frozen=True, slots=True)
class LengthFactor:
    """A factor on the logits that grows with the length, as someone uses it."""

    name: str
    formula: str
    """In n tokens, a position p = n - 1, and the trained L."""
    used_by: str
    value: float | None
    """At the last position of the context; None where it needs a trained context."""
    mass: float | None
    """The attention mass that the gap of the trained context has with it; None likewise."""


@dataclass(frozen=True, slots=True, repr=False)
class Temperature(Shown):
    """What one matching token needs to be seen among many; see ``ropecalc.temperature``."""

    context: int
    """Tokens, the matching one among them."""
    trained_context: int | None
    attention_mass: float
    """The part of the attention that the matching token is to get."""
    logit_gap: float
    """ln(p / (1-p)) + ln(n-1): how far its logit must be above all others'."""
    trained_logit_gap: float | None
    """The same at the trained context."""
    scale: float | None
    """The factor on all logits that makes the gap enough for the trained context enough for this
    one; None without a trained context, or where its gap is not positive."""
    unscaled_mass: float | None
    """The mass that is left of it without any factor."""
    spread: float
    """ln n: logsumexp lies between the greatest logit and that much above it."""
    factors: tuple[LengthFactor, ...]
