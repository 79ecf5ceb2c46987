"""What rules look at: a model, and the raw rope objects of its file beside what was read of them.

A rope object is one dict of scaling parameters: ``rope_scaling``, ``rope_parameters``, or one of
those that lie in ``rope_parameters`` by kind of layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ropecalc.errors import RopecalcError
from ropecalc.models.huggingface import BASE_KEYS
from ropecalc.models.raw import rope_key, text_keys, text_path
from ropecalc.results import ModelConfig, Rope, StackRun
from ropecalc.stacks.asked import Taken, asked_of
from ropecalc.stacks.loaded import within
from ropecalc.stacks.registry import Stack
from ropecalc.stacks.running import as_run, run, started
from ropecalc.stacks.start import Start

ORIGINAL = "original_max_position_embeddings"
MAXIMUM = "max_position_embeddings"
SERVERS = ("vllm", "sglang")


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule found: what is so, and what to write instead; a sentence each."""

    message: str
    cure: str
    layer_type: str | None = None


@dataclass(frozen=True, slots=True)
class RopeObject:
    """One rope object, and the Rope that it became."""

    path: str
    """Where it is: "text_config.rope_parameters.full_attention"."""
    values: Mapping[str, Any]
    rope: Rope
    layer_type: str | None
    """The kind of layer that it is for, None where it is for all."""

    @property
    def method(self) -> str:
        """The scaling method, by the name of its function in ``ropecalc.scaling``."""
        return self.rope.rope_type

    @property
    def written_method(self) -> str | None:
        """The method as the file writes it; transformers 5 lets ``rope_type`` win."""
        return self.values.get("rope_type") or self.values.get("type")

    def said(self, message: str, cure: str) -> Said:
        """What a rule found in it."""
        return Said(message, cure, self.layer_type)

    def has(self, key: str) -> bool:
        """Whether the object has a value there; a null counts as absent."""
        return self.values.get(key) is not None

    def number(self, key: str) -> float | None:
        """The number there, None where there is none."""
        value = self.values.get(key)
        known = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if known and value is not None else None


@dataclass(frozen=True, slots=True)
class Subject:
    """A model and the raw keys of its file."""

    model: ModelConfig
    text: Mapping[str, Any]
    """The keys of the language model, nothing where the file is none of Hugging Face's."""
    prefix: str
    """Where those keys are: "text_config." or nothing."""
    objects: tuple[RopeObject, ...]
    """The rope objects that transformers reads."""

    @property
    def is_hugging_face(self) -> bool:
        """Whether the file is a config.json of transformers."""
        return self.model.form.startswith("transformers")

    def has(self, *keys: str) -> bool:
        """Whether one of the keys has a value."""
        return any(self.text.get(key) is not None for key in keys)

    @property
    def has_base(self) -> bool:
        """Whether a base is outside the rope objects."""
        return self.has(*BASE_KEYS, "rope_ratio")

    def of(self, *methods: str) -> Iterator[RopeObject]:
        """The rope objects of some methods."""
        return (item for item in self.objects if item.method in methods)

    def run(self, stack: str, item: RopeObject) -> StackRun | None:
        """What a stack makes of a rope object; None where the file is outside of what is known."""
        try:
            return as_run(self.model, item.rope, stack)
        except RopecalcError:
            return None

    def runs(self, item: RopeObject, stacks: Sequence[str] = SERVERS) -> dict[str, StackRun]:
        """The same of several stacks, by their labels; less what is not known."""
        found = {Stack(stack).label: self.run(stack, item) for stack in stacks}
        return {label: run for label, run in found.items() if run is not None}

    def offered(self, stack: str, item: RopeObject) -> int | None:
        """The context that a stack offers by default, whether or not it stops at the object."""
        taken: Taken = Stack(stack).required("run")(asked_of(Start(self.model), item.rope))
        return taken.usable_length

    def overridden(self, stack: str, values: Mapping[str, Any]) -> StackRun | None:
        """What a stack makes of a rope object that is set on the loaded config."""
        keys = within({"rope_parameters": dict(values)}, self.model.document)
        try:
            start = started(Stack(stack), self.model, keys, None)
            return run(Stack(stack), start, start.model.rope)
        except RopecalcError:
            return None

    def refusals(self, item: RopeObject, code: str, stacks: Sequence[str] = SERVERS) -> list[str]:
        """The stacks that stop at a rope object for a reason, by their labels."""
        refused = {label: run.refusal for label, run in self.runs(item, stacks).items()}
        return [label for label, one in refused.items() if one and one.code == code]

    def original(self, item: RopeObject) -> int | None:
        """The trained length that the file itself gives for a rope object, in tokens."""
        given = self.text.get(ORIGINAL) or item.values.get(ORIGINAL)
        if isinstance(given, float) and given.is_integer():
            return int(given)
        return given if isinstance(given, int) and not isinstance(given, bool) else None


def subject_of(model: ModelConfig) -> Subject:
    """The subject that a model makes."""
    if not model.form.startswith("transformers"):
        return Subject(model, {}, "", ())
    text = text_keys(model.document)
    prefix = "".join(f"{key}." for key in text_path(model.document))
    key = rope_key(text)
    objects = () if key is None else tuple(_objects(text[key], f"{prefix}{key}", model))
    return Subject(model, text, prefix, objects)


def _objects(values: Mapping[str, Any], path: str, model: ModelConfig) -> Iterator[RopeObject]:
    nested = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    if not nested:
        scaled = [rope for rope in model.ropes if rope.rope_type != "default"]
        yield RopeObject(path, values, (scaled or model.ropes)[0], None)
    ropes = {rope.layer_type: rope for rope in model.ropes}
    for kind, inner in nested.items():
        yield RopeObject(f"{path}.{kind}", inner, ropes.get(kind, model.ropes[0]), kind)
