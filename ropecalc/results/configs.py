"""What a model file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ropecalc.errors import InvalidValueError, check_type

EVERY_LAYER = "all"


@dataclass(frozen=True, slots=True)
class Rope:
    """The rotary embedding of one kind of layer; ``ropecalc.scaling.from_rope`` evaluates it."""

    layer_type: str
    """The file's own word, such as full_attention or sliding_attention; "all" where all agree."""
    rope_type: str
    """The scaling method: default, linear, dynamic, yarn, llama3, longrope, proportional,
    ntk_aware, ntk_fixed, ntk_rcd, mrrope_uni, mrrope_pro, cope or divided."""
    base: float
    head_dim: int
    rotary_dim: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What the function of that name in ``ropecalc.scaling`` takes beside base and dims."""
    context: int | None = None
    """The longest context that the file allows, tokens."""
    window: int | None = None
    """How many tokens a layer looks back, where it looks at no more than that."""
    layers: int | None = None
    """How many layers are of this kind, where the file says."""
    latent: bool = False
    """Whether it is multi-head latent attention."""

    @property
    def factor(self) -> float | None:
        """The factor of the scaling, where its method has one."""
        value = self.parameters.get("factor")
        return None if value is None else float(value)

    @property
    def original_context(self) -> int | None:
        """The context before scaling, where the file says, tokens."""
        return self.parameters.get("original_context")

    @property
    def reach(self) -> int | None:
        """The distances that occur in this layer are below it: the context, or the window."""
        known = [length for length in (self.context, self.window) if length is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True)
class Trained:
    """The longest context that a source says a model was trained on."""

    context: int
    """Tokens."""
    source: str
    """Where that is said: an address, or a paper and its section."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The scaling that a model's maker publishes for contexts beyond those of its file."""

    rope_type: str
    factor: float
    original_context: int
    """Tokens."""
    source: str
    """Where that is published."""

    @property
    def context(self) -> int:
        """The longest context that it is for, tokens."""
        return round(self.original_context * self.factor)


@dataclass(frozen=True, slots=True)
class Known:
    """What public sources say about a model beside its file."""

    models: tuple[str, ...]
    """The known models that it is, or whose numbers its file has."""
    matched: bool
    """Whether the file's numbers were recognised; False where the model was named."""
    trained: Trained | None
    recipe: Recipe | None


@dataclass(frozen=True, slots=True)
class Original:
    """The context that a new scaling of a model starts from."""

    context: int
    """Tokens."""
    reason: str
    """Why this one, with its source; for a line of its own."""
    sourced: bool
    """Whether the file or a source says it; False where the configured context is taken."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What a model file says about its rotary embeddings; see ``ropecalc.read_config``."""

    source: str
    """The file, or what to call the model."""
    form: str
    """The form of the file: one of ``FORMS``."""
    model_type: str | None
    ropes: tuple[Rope, ...]
    """One a kind of layer; layers that see the whole context come first."""
    context: int | None
    """The configured context: what the file allows (``max_position_embeddings``), tokens."""
    unrotated_layers: int = 0
    """How many layers have attention without any rotation."""
    assumptions: tuple[str, ...] = ()
    """What the file leaves to its stack, and what was taken for it; a sentence each."""
    stops: str | None = None
    """What stops transformers on this file; None where it runs, or where its class is not known."""
    unread: tuple[str, ...] = ()
    """Keys about its ropes that the file has, and its class in transformers does not read."""
    text_numbers: tuple[tuple[str, str], ...] = ()
    """(key, text) of numbers that the file has as text, where they were read all the same."""
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """The keys of the file as they are."""
    known: Known | None = None
    """What public sources say about the model; None where it is none of the known ones."""

    @property
    def original_context(self) -> int | None:
        """The context that its scaling starts from, where the file says, tokens."""
        return self.rope.original_context

    @property
    def trained_context(self) -> int | None:
        """The longest context that a source says it was trained on, tokens; never inferred."""
        trained = None if self.known is None else self.known.trained
        return None if trained is None else trained.context

    @property
    def rope(self) -> Rope:
        """The first rotary embedding: that of the layers that see the whole context."""
        return self.ropes[0]


def check_rope(rope: object) -> None:
    """Raise InvalidValueError for what is no Rope, such as the name of a model."""
    check_type("rope", rope, Rope, "ropecalc.find_model(NAME).rope is one")


def chosen_ropes(model: ModelConfig, layer: str | None) -> tuple[Rope, ...]:
    """The ropes of one layer type of a model's; all of them for None.

    Raises InvalidValueError where it has no such layers.
    """
    chosen = tuple(rope for rope in model.ropes if layer in (None, rope.layer_type))
    if not chosen:
        known = ", ".join(rope.layer_type for rope in model.ropes)
        raise InvalidValueError("layer", f"layer must be one of the model's, {known}, got {layer}")
    return chosen


FORMS = {
    "transformers-4": "config.json with rope_theta and rope_scaling, as transformers 4 writes it",
    "transformers-5": "config.json with rope_parameters, as transformers 5 writes it",
    "params": "params.json, as Meta, Mistral and DeepSeek keep it beside their checkpoints",
    "gguf": "metadata of a GGUF file, as llama.cpp reads it",
    "megatron": "arguments of Megatron-LM",
}
