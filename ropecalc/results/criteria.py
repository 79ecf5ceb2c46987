"""What other criteria than the bound say of a setting."""

from __future__ import annotations

from dataclasses import dataclass

from ropecalc.notebook import Shown


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion, and what it says of a setting."""

    name: str
    """What it is called here."""
    formula: str
    """In b (base), L (context), T (trained context), r (rotated dimensions), N (layers)."""
    source: str
    """The paper."""
    met: bool | None
    """Whether the setting meets it; null where every base meets it, or something is not known."""
    least_base: float | None
    """The base that it needs at the context, at least."""
    greatest_base: float | None
    """The base that it allows at most."""
    longest_context: float | None
    """The context that it allows the base, tokens."""
    pair: float | None
    """The pair that it names, counted from 0, between two pairs where it is no whole number."""
    evidence: str
    """What published scores say of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Criteria(Shown):
    """Criteria side by side; see ``ropecalc.evidence.criteria``."""

    label: str
    head_dim: int
    rotary_dim: int
    base: float
    rope_type: str
    context: int
    trained_context: int | None
    depth: int
    """The layers N of the criterion that counts them."""
    criteria: tuple[Criterion, ...]
    """The bound first."""
