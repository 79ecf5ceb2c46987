"""The config of a language model as transformers' class hands it to a server that builds on it.

The class writes the base, the part that is rotated and the original length into the rope object, of
every kind of layer where it tells them apart. Keys that a server sets afterwards are taken as they
are: nothing fills them in.

Source: transformers 5.20.0 and 5.19.0, ``modeling_rope_utils.py`` (``convert_rope_params_to_dict``,
``standardize_rope_params``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ropecalc.models import classes
from ropecalc.models.attention import FULL, PARTIAL_KEYS
from ropecalc.models.raw import FILLED_IN, ROPE_KEYS, text_path
from ropecalc.results import StackRule
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.stacks.asked import ORIGINAL, Asked, as_number, asked_of

PARTIAL = PARTIAL_KEYS[0]
KINDS = frozenset(
    "full_attention sliding_attention chunked_attention linear_attention main compress".split()
)
# Their classes have a text part though their older files have none: its keys are reached by this
# name alone (ran with transformers 5.20.0 and 5.19.0).
WITH_TEXT_PART = frozenset(["qwen2_vl", "qwen2_5_vl"])
TEXT = "text_config"
# Their classes rename the type mrope as they load a file.
MROPE_IS_DEFAULT = WITH_TEXT_PART | {"qwen2_vl_text", "qwen2_5_vl_text"}
CONTEXT = "max_position_embeddings"

Object = Mapping[str, Any]


class RefusedError(Exception):
    """A server stops; with the rule that it stops by."""

    def __init__(self, text: str, source: str, *, ran: bool = True, code: str = "") -> None:
        super().__init__(text)
        self.rule = StackRule(text, source, ran, code)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rope objects of a model, one for all its layers or one a kind."""

    text: Object
    """The other keys of the text part."""
    objects: Mapping[str, Object]
    """By kind of layer; under "" alone where there is one for all."""
    outer: Object = field(default_factory=dict)
    """Keys beside the objects, in the object that has one a kind of layer."""
    changed: bool = False
    """Whether the objects are those of the command line."""

    @property
    def nested(self) -> bool:
        """Whether there is one a kind of layer."""
        return "" not in self.objects

    def of(self, kind: str) -> Object:
        """The object that code which looks for a kind of layer finds; RefusedError for none."""
        if self.nested and kind not in self.objects and kind not in KINDS:
            return next(iter(self.objects.values()))  # of a model whose kinds have one rope
        if kind not in self.objects:
            text = f"its code of the class looks for {kind} in the rope object: KeyError"
            raise RefusedError(text, "model_executor/models")
        return self.objects[kind]

    def flat(self) -> Object:
        """What code finds that looks for no kind: of an object by kind none of the keys."""
        return self.objects if self.nested else self.objects[""]

    def all(self) -> Iterator[Object]:
        """Every object."""
        yield from self.objects.values()


def loaded(asked: Asked, names: Mapping[str, str], *, beside: bool = True) -> Loaded:
    """The config of ``asked``, with what the command line set in it.

    ``names`` are types that the server renames before the lengths are filled in, ``beside`` is
    whether it then looks for an original length beside the object.
    """
    changed = asked.start.changed
    text = {**asked.text, **changed}
    key = next((key for key in reversed(list(changed)) if key in ROPE_KEYS), None)
    early = _set_early(asked)
    if key is not None:
        found = _of_null(early) if changed[key] is None else dict(changed[key])
        nested = bool(found) and set(found) <= KINDS
        return Loaded(text, found if nested else {"": found}, changed=True)
    part = {PARTIAL: early.pop(PARTIAL)} if as_number(early.get(PARTIAL)) else {}
    asked = replace(asked, text={**asked.text, **early})
    if asked.nested or classes.reads_by_kind_alone(asked.model_type):
        ropes = [asked_of(asked.start, rope) for rope in asked.model.ropes]
        old = asked.text.get("rope_scaling") is not None or asked.nested
        outer = {} if old else asked.values  # passed over, but there
        kinds = {one.rope.layer_type: standard(one, names, beside) for one in ropes}
        return Loaded(text, {kind: {**part, **found} for kind, found in kinds.items()}, outer)
    return Loaded(text, {"": {**part, **standard(asked, names, beside)}})


def _set_early(asked: Asked) -> dict[str, Any]:
    """The keys that are set before the class fills its objects once more: all but objects."""
    if inner_path(asked.model.document):
        return {}
    changed = asked.start.changed.items()
    # a base of null is not filled in: the object has the file's by then
    kept = {k: v for k, v in changed if (k, v) != ("rope_theta", None)}
    return {k: v for k, v in kept.items() if k not in ROPE_KEYS and not isinstance(v, Mapping)}


def _of_null(early: Object) -> dict[str, Any]:
    """What a null under the key of the rope object leaves: the keys that were set beside it."""
    if as_number(early.get("rope_theta")) is None:
        return {}
    own = {key: early[key] for key in ("rope_theta", PARTIAL) if key in early}
    return {"rope_type": "default", **own}


def standard(asked: Asked, names: Mapping[str, str], beside: bool) -> dict[str, Any]:
    """One rope object as it is once the file is loaded."""
    if classes.reads_by_kind_alone(asked.model_type) and not asked.nested:
        found = _merged_by_class(asked)
    else:
        found = dict(asked.values)
    written = found.get("rope_type", found.get("type", "default"))
    if written == "mrope" and asked.model_type in MROPE_IS_DEFAULT:
        written = "default"
    renamed = classes.LONGROPE_BY_OTHER_NAMES.get(asked.model_type, ())
    found["rope_type"] = "longrope" if written in renamed else names.get(written, written)
    null = "rope_theta" in asked.text and asked.text["rope_theta"] is None
    null = null and classes.class_or_any(asked.model_type).null_theta == "stops"
    found.setdefault("rope_theta", None if null else asked.rope.base)
    partial = _partial(asked)
    if partial is not None:
        found.setdefault("partial_rotary_factor", partial)
    if found["rope_type"] in FILLED_IN:
        _fill_in(asked, found, beside)
    return found


def _merged_by_class(asked: Asked) -> dict[str, Any]:
    """The object of a class that has one a kind of layer, from a file with one for all.

    An older rope_scaling is merged into a default one, for full attention; a flat rope_parameters
    is passed over.
    """
    old = asked.text.get("rope_scaling")
    if not isinstance(old, Mapping) or asked.rope.layer_type not in (FULL, EVERY_LAYER):
        return {"rope_type": "default"}
    return {"rope_type": "default", **old}


def _partial(asked: Asked) -> float | None:
    """What part of the head is rotated, outside of the object."""
    given = (as_number(asked.text.get(key)) for key in PARTIAL_KEYS)
    own = next((value for value in given if value is not None), None)
    return own or classes.default_part(asked.model_type)


def _fill_in(asked: Asked, found: dict[str, Any], beside: bool) -> None:
    """The original length: the one beside the object, its own, or the context."""
    outside = asked.text.get(ORIGINAL, classes.ORIGINAL_CONTEXT.get(asked.model_type))
    by_kind = asked.nested or classes.reads_by_kind_alone(asked.model_type)
    if outside is not None and beside and not by_kind:
        found[ORIGINAL] = outside
    else:
        found.setdefault(ORIGINAL, asked.rope.context)


def inner_path(document: Object) -> tuple[str, ...]:
    """Where the keys of the language model are once its class has loaded the file."""
    path = text_path(document)
    return path or ((TEXT,) if document.get("model_type") in WITH_TEXT_PART else ())


def within(keys: Object, document: Object) -> dict[str, Any]:
    """Keys of the language model as those of the whole config that is loaded."""
    found = dict(keys)
    for key in reversed(inner_path(document)):
        found = {key: found}
    return found


def reached(keys: Object, document: Object) -> tuple[dict[str, Any], bool]:
    """(the overriding keys that reach the text part, whether others stay outside of it)."""
    outside = False
    for key in inner_path(document):
        outside = outside or bool(set(keys) - {key})
        inner = keys.get(key)
        keys = inner if isinstance(inner, Mapping) else {}
    return dict(keys), outside
