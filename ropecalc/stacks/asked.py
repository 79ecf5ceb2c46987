"""What a stack is asked to run: a rope as transformers reads it, and the raw keys behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ropecalc.models import classes
from ropecalc.models.raw import rope_key, text_keys
from ropecalc.results import ModelConfig, Rope, StackRule
from ropecalc.stacks.start import Start

ORIGINAL = "original_max_position_embeddings"


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of layer of a config.json, and the length that a stack is started for."""

    start: Start
    rope: Rope
    """As transformers reads it."""
    values: Mapping[str, Any]
    """The rope object as it is in the file; empty where there is none."""
    text: Mapping[str, Any]
    """The keys of the language model as they are in the file."""
    nested: bool
    """Whether the object is one of several, by kind of layer."""

    @property
    def model(self) -> ModelConfig:
        """The whole file."""
        return self.start.model

    @property
    def context(self) -> int | None:
        """The length that was asked for; None for what the stack does by default."""
        return self.start.context

    @property
    def flags(self) -> frozenset[str]:
        """The keys that come from the stack's command line, not from the file."""
        return self.start.flags

    @property
    def model_type(self) -> str:
        """The class of the model, that of the text part where there is one."""
        found = self.text.get("model_type")
        return found if isinstance(found, str) else self.model.model_type or ""

    @property
    def written(self) -> str | None:
        """The method as the file writes it."""
        found = self.values.get("rope_type") or self.values.get("type")
        return found if isinstance(found, str) else None

    @property
    def head(self) -> int:
        """The part of a head that the class hands on: of latent attention the one that rotates."""
        if not self.rope.latent:
            return self.rope.head_dim
        return self.length("qk_rope_head_dim") or self.rope.rotary_dim

    def is_beyond(self, limit: int | None) -> bool:
        """Whether the length that was asked for is longer than a limit."""
        return None not in (self.context, limit) and (self.context or 0) > (limit or 0)

    def number(self, key: str) -> float | None:
        """The number in the rope object, None where there is none."""
        return as_number(self.values.get(key))

    def length(self, *keys: str) -> int | None:
        """The first of the lengths among the model's keys, tokens."""
        found = (as_number(self.text.get(key)) for key in keys)
        return next((int(value) for value in found if value), None)


@dataclass(slots=True)
class Taken:
    """What a stack makes of it; rules are gathered on the way."""

    rope: Rope
    length: int | None
    """Where the frequencies depend on the length: the length that they are those of."""
    usable_length: int | None
    softmax_factor: float | None = None
    """None: as transformers has it."""
    refusal: StackRule | None = None
    short: StackRule | None = None
    """Why the stack does not serve the length that was asked for."""
    rules: list[StackRule] = field(default_factory=list)

    def rule(self, text: str, source: str, code: str = "") -> None:
        """Add a rule."""
        self.rules.append(StackRule(text, source, code=code))

    def set(self, rope_type: str | None = None, **parameters: Any) -> None:
        """Replace parameters, None for none; with a ``rope_type`` all of them."""
        kept = {} if rope_type else dict(self.rope.parameters)
        merged = {k: v for k, v in {**kept, **parameters}.items() if v is not None}
        self.rope = replace(
            self.rope, rope_type=rope_type or self.rope.rope_type, parameters=merged
        )


def asked_of(start: Start, rope: Rope) -> Asked:
    """The raw keys behind a rope of a config.json."""
    text = text_keys(start.model.document)
    key = rope_key(text)
    values = classes.scaled_rope(str(text.get("model_type"))) if key is None else text[key]
    inner = {kind: value for kind, value in values.items() if isinstance(value, Mapping)}
    if not inner:
        return Asked(start, rope, values, text, False)
    own = inner.get(rope.layer_type) or next(iter(inner.values()))
    return Asked(start, rope, own, text, True)


def as_number(value: object) -> float | None:
    """A value as a number, None where it is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and isinstance(value, int | float) else None
