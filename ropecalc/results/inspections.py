"""What a model's rotary embedding really does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ropecalc.notebook import Shown

if TYPE_CHECKING:
    from ropecalc.results.configs import ModelConfig, Rope
    from ropecalc.results.findings import Finding
    from ropecalc.results.precisions import Precision
    from ropecalc.results.verdicts import Check
    from ropecalc.spectrum import Spectrum


@dataclass(frozen=True, slots=True)
class LayerInspection:
    """One kind of layer at one length; see ``ropecalc.inspect``."""

    rope: Rope
    length: int | None
    """The length that the frequencies are those of, tokens: a method may depend on it."""
    spectrum: Spectrum
    """The effective frequencies, attention factor and softmax factor."""
    check: Check | None
    """The bound over the distances that occur: below the context, or the window if that is
    shorter; None where neither is known."""
    unfinished_pairs: int | None
    """Rotated pairs that turn less than once within ``turned_context``; None if unknown."""
    shortest_wavelength: float
    """Tokens."""
    longest_wavelength: float
    """Tokens; infinite where a frequency is 0."""
    minimum_base: float | None
    """The smallest base of a plain spectrum with this head that meets the bound there."""
    safe_base: float | None
    """All plain bases from it on meet the bound there; None where that is not known."""
    precision: Precision | None = None
    """The bound there in a stack's arithmetic, where one was asked for."""
    minimum_factor: float | None = None
    """Of a scaling: the smallest factor that meets the bound there; None where that is not known.
    """
    turned_context: int | None = None
    """The trained context where a source has it, else the configured one, tokens."""


@dataclass(frozen=True, slots=True, repr=False)
class Inspection(Shown):
    """A model file, examined as a whole; see ``ropecalc.inspect``."""

    model: ModelConfig
    context: int | None
    """The context that was asked about: the model's own unless another was given, tokens."""
    layers: tuple[LayerInspection, ...]
    findings: tuple[Finding, ...]
