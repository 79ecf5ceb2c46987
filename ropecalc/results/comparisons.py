"""The same config as several stacks would run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ropecalc.notebook import Shown

if TYPE_CHECKING:
    from ropecalc.results.configs import ModelConfig, Rope
    from ropecalc.spectrum import Spectrum


@dataclass(frozen=True, slots=True)
class StackRule:
    """Something that a stack does with a config, and where that is."""

    text: str
    """A sentence without its full stop."""
    source: str
    """The file of the stack that has it."""
    ran: bool = False
    """Whether it was found by running the stack; else in its source alone."""
    code: str = ""
    """What it is about, in a word, where a rule of ``lint`` needs it."""


@dataclass(frozen=True, slots=True)
class StackRun:
    """One kind of layer as one stack runs it; see ``ropecalc.stacks.running.as_run``."""

    stack: str
    version: str
    """The version whose source the rules were read in."""
    layer_type: str
    rope: Rope | None
    """What the stack makes of the config; None where it refuses it."""
    spectrum: Spectrum | None
    """Its frequencies, attention factor and softmax factor; None where it refuses the config."""
    usable_length: int | None
    """The longest context that it allows unless told otherwise, tokens; None where the config
    does not say."""
    refusal: StackRule | None = None
    """Why it does not run the config."""
    rules: tuple[StackRule, ...] = ()
    """What it does otherwise than the config reads, or than others do."""
    short: StackRule | None = None
    """Why it does not serve the context that was asked for."""


@dataclass(frozen=True, slots=True)
class FrequencyGroup:
    """Stacks that have the same frequencies in one kind of layer."""

    name: str
    """A letter: "A" is that of the first stack."""
    stacks: tuple[str, ...]
    spectrum: Spectrum
    first_violation: int | None
    """The smallest distance below ``LayerComparison.reach`` that breaks the bound."""
    largest_difference: float
    """The largest of |theta_i / theta_i(A) - 1| over the pairs; 0 for A itself."""
    largest_pair: int | None
    """The pair that has it."""
    differing_pairs: tuple[int, ...]
    """All pairs whose frequency is not that of A."""


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """One kind of layer in all stacks."""

    layer_type: str
    reach: int | None
    """The bound was checked below this distance; None where no context is known."""
    runs: tuple[StackRun, ...]
    groups: tuple[FrequencyGroup, ...]
    agree: bool
    """Whether frequencies, attention factor and softmax factor are the same in all; of models the
    usable length and the attention window too."""
    first_difference: str | None = None
    """Of models: what differs first, in words."""

    def group_of(self, stack: str) -> FrequencyGroup | None:
        """The group that a stack is in; None where it refuses the config."""
        return next((group for group in self.groups if stack in group.stacks), None)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Shown):
    """The same config in all stacks; see ``ropecalc.compare``."""

    model: ModelConfig
    context: int | None
    """The context that was asked about, the model's own unless another was given, tokens."""
    stacks: tuple[str, ...]
    """Those that are compared; where models are, what these are called."""
    layers: tuple[LayerComparison, ...]
    of_models: bool = False
    """Whether models are compared, not stacks."""

    @property
    def agree(self) -> bool:
        """Whether all stacks compute the same in all layers; usable lengths do not count."""
        return all(layer.agree for layer in self.layers)
