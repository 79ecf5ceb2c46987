"""What each class of transformers does: one row a ``model_type``, measured by running it.

``data/classes.json`` is made by ``tests/tools/transformers_classes.py`` from what the real models
did; it names the version. A file without a class, or with one that has no row, is read by
``GENERIC``: as most classes read most keys. Classes whose code lies in their own repositories are
in ``data/classes-elsewhere.json``, with what their code has for the keys that a file leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from ropecalc.shipped import shipped_text

PLAIN_BASE = 10_000.0


NOTHING: Mapping[str, Any] = MappingProxyType({})


class ClassRow(NamedTuple):
    """What one class reads of a config.json, and what it has without it."""

    name: str
    run: bool = True
    """Whether its model was run; else its config was loaded alone."""
    why: str = ""
    """What stopped the model that was not run."""
    since: str = ""
    """The release of transformers that has it first, where that is later than the table's."""
    rotates: Any = True
    """Whether its layers turn: or {key, values: with which they do, default}."""
    sizes: Mapping[str, int] = NOTHING
    """hidden_size, num_attention_heads and num_hidden_layers of its default."""
    context: int | None = None
    length: str = "max_position_embeddings"
    """The key of the longest context."""
    rope: Mapping[str, Any] = NOTHING
    """The rope object without one in the file; by kind of layer where the class has kinds."""
    theta: Any = ("rope_theta",)
    """The keys beside the object that its base is read from; by kind where they differ."""
    fixed: bool = False
    """Whether the class's own object has a base that no key beside it replaces."""
    scaling: str = "read"
    """rope_scaling: read; in full attention alone (full) or in both kinds (both), where the class
    has kinds; ignored; stops."""
    flat: str = "read"
    """One object for all in rope_parameters: read, ignored, stops."""
    kinds: str = "read"
    """Objects by kind of layer: read, ignored, stops, or no layer turns (unrotated)."""
    missing: tuple[str, str] = ("filled", "filled")
    """A kind without an object, the first and the second: filled, unrotated, stops."""
    null: str = "filled"
    """A kind whose object is null."""
    silent_base: str = "filled"
    """An object by kind without a base."""
    labels: tuple[str, ...] = ()
    """The names of the objects where they are not those of kinds of layers."""
    mrope: bool | None = False
    """Whether it takes the type mrope; None where it takes no scaling that was tried."""
    proportional: str = "read"
    """The type proportional: read, or it stops."""
    null_theta: str = ""
    """What a null under rope_theta does where nothing else has a base: nothing, it stops, or no
    layer turns (unrotated)."""
    null_scaling: str = ""
    """What a null under rope_scaling does: nothing, or it stops."""
    object_base: float | None = None
    """The base of an object without one, where it differs from that without an object."""
    object_theta: bool = False
    """Whether objects by kind without a base take rope_theta, which the class has no use for."""
    absent: str = ""
    """What a file without any rope object does: nothing, or it stops."""
    outside: str = ""
    """What a base beside the object does: it is read, or it stops."""
    sections: int | None = None
    """The pairs that mrope_section shares out without one in the file: as many must turn."""
    bases: str = ""
    """A key with the base of each layer, 0 for one that does not turn."""
    zeros: str = ""
    """One of whose list nothing but the 0 is read."""
    twice: str = ""
    """A key that counts layers which attend twice each."""
    needs: tuple[str, ...] = ()
    """Keys without which a rope object stops the model."""
    odd_head: bool = False
    """Whether a head_dim is for the rotation alone, and stops where it is not hidden over heads."""
    no_head: bool = False
    """Whether head_dim must not be there."""
    strict: tuple[str, ...] = ()
    """Keys that must not be null."""
    agree: bool = False
    """Whether what turns of head_dim must be qk_rope_head_dim, with latent attention."""
    original: str = "read"
    """original_max_position_embeddings beside the object: read, or only inside; stops without; or
    lost, which stops."""
    part: Mapping[str, Any] = NOTHING
    """Partial rotation: {inside: whether a plain rope's own factor is read, or stops; outside:
    whether one beside it gets there; scaled: what it does to a scaled rope; keys: others}."""
    rotary: int | None = None
    """The dimensions that turn, where a key of its own says it."""
    head: str = "head_dim"
    """The key of the head's size; quotient where none is read."""
    head_dim: int | None = None
    """Without that key; None for hidden_size over heads."""
    also: str = ""
    """Another name of the key, which wins where a file has both."""
    null_head: str = ""
    """What a null under that key stops: load, build, or scaled ropes alone; own: the class has a
    null itself; always: and stops with it."""
    latent: Mapping[str, int] = NOTHING
    """The two parts of a head with latent attention."""
    window: Mapping[str, Any] = NOTHING
    """{key, also: another name, default, all: whether all layers have it, null: it stops sliding
    layers, or always, or is the default; seen: [in use, written]; sliding: stops, where the class
    has no window for layers that slide}."""
    layers: Mapping[str, Any] = NOTHING
    """The rule of the kinds of layers."""
    still: Mapping[str, Any] = NOTHING
    """The rule of the layers that attend without turning."""
    attends: tuple[int, ...] = ()
    """The layers that attend, where the class has no kinds and not all do."""
    heads: Mapping[str, int] = NOTHING
    """A head_dim of their own that some kinds of layers have."""
    chunk: int | None = None
    """attention_chunk_size without one in the file."""
    before: Mapping[str, Mapping[str, Any]] = NOTHING
    """{a release that changed the class: what of its row was otherwise until then}; ``last``: the
    release that was run, ``without``: what that row had not."""

    def fills(self, key: str, value: object) -> str:
        """The sentence for a key that the class fills."""
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        return f"{key} is absent: {shown}, the default of {self.name} in transformers"

    @property
    def by_kind(self) -> bool:
        """Whether the class has a rope a kind of layer."""
        return any(isinstance(value, Mapping) for value in self.rope.values())


# What a class checks beside all that others do (validate_rope and convert_rope_params_to_dict of
# each). Phi-3 and its like: no scaling but longrope, which has two more names there:
LONGROPE_ALONE = frozenset(["phi3", "phi4_multimodal"])
LONGROPE_BY_OTHER_NAMES = dict.fromkeys(LONGROPE_ALONE, ("su", "yarn"))
# any scaling needs short_mscale and long_mscale, which the forward pass multiplies cos and sin by
MSCALES_NEEDED = frozenset(["phimoe"])
MSCALES = ("short_mscale", "long_mscale")
# Classes without layer_types, whose code or base looks at them all the same: none may be null.
NULL_TYPES_STOP = frozenset(
    "bamba falcon_h1 paddleocr_vl_text qwen3_vl_moe_text qwen3_vl_text recurrent_gemma".split()
)
# Classes that look up partial_rotary_factor, which is gone where the file has a null.
PART_LOOKED_UP = frozenset(["nemotron", "persimmon", "phi", "phi3", "phi4_multimodal", "stablelm"])
# These methods multiply head_dim as it is, null or not.
MULTIPLY_HEAD_DIM = ("dynamic", "yarn", "longrope")
# A default that wins over what a rope object says.
ORIGINAL_CONTEXT = {"phi3": 4096, "phi4_multimodal": 4096}

# Names of text models that their composites rename as they load: configuration_exaone4_5.py.
FIRST_NAMES = {"exaone4_5_text": "exaone4"}


def class_row(model_type: str | None, before: str | None = None) -> ClassRow | None:
    """The row of a class, or what it was before a release; None where it has none."""
    name = FIRST_NAMES.get(model_type or "", model_type or "")
    row = _table()["classes"].get(name)
    if row is None or before is None:
        return None if row is None else _row(name, row)
    other = row["before"][before]
    gone = ("before", "last", "without", *other.get("without", ()))
    return _row(name, {key: value for key, value in {**row, **other}.items() if key not in gone})


def class_or_any(model_type: str | None) -> ClassRow:
    """The row of a class, or that of one which does nothing of its own."""
    return class_row(model_type) or ClassRow("")


def _row(name: str, row: Mapping[str, Any]) -> ClassRow:
    given = {key.replace(" ", "_"): value for key, value in row.items()}
    if isinstance(given.get("rotary"), Mapping):
        given["rotary"] = given["rotary"]["dim"]
    lists = {key: tuple(v) for key, v in given.items() if isinstance(v, list)}
    return ClassRow(name=name, **{**given, **lists})


def composite(model_type: str | None) -> Mapping[str, Any]:
    """Of a class with its text model inside: {path, class, defaults}; empty for others.

    ``class`` is that of a text model whose own keys do not say it, ``defaults`` what it has there
    beside the defaults of that class.
    """
    row: Mapping[str, Any] = _table().get("composites", {}).get(model_type or "", {})
    return row


def default_base(model_type: str | None) -> float | None:
    """The base of a class, in layers that see the whole context."""
    rope = class_or_any(model_type).rope
    found = rope.get("rope_theta") or rope.get("full_attention", {}).get("rope_theta")
    if found is None:
        found = elsewhere(model_type).get("rope_theta")
    return None if found is None else float(found)


def reads_by_kind_alone(model_type: str | None) -> bool:
    """Whether a class has a rope a kind of layer, and passes over one for all of them."""
    row = class_or_any(model_type)
    return row.by_kind and row.flat != "read" and not row.labels


def default_part(model_type: str | None) -> float | None:
    """The partial rotation of a class for a file that has none; None where all of a head turns."""
    found = class_or_any(model_type).rope.get("partial_rotary_factor")
    found = elsewhere(model_type).get("partial_rotary_factor") if found is None else found
    return None if found in (None, 1.0) else float(found)


def scaled_rope(model_type: str | None) -> Mapping[str, Any]:
    """What scales in the rope object of a class for a file without one; else empty."""
    rope = class_or_any(model_type).rope
    if rope.get("rope_type", "default") == "default":
        return {}
    return {key: value for key, value in rope.items() if key != "rope_theta"}


def has_fixed_local_base(model_type: str | None) -> bool:
    """Whether no key beside the rope object is for the base of the layers with a window."""
    row = class_or_any(model_type)
    by_kind = row.by_kind and isinstance(row.theta, Mapping)
    return by_kind and not row.theta.get("sliding_attention")


def elsewhere(model_type: str | None) -> Mapping[str, Any]:
    """What a class whose code lies in its own repository has for keys that a file leaves out."""
    row: Mapping[str, Any] = _elsewhere().get(model_type or "", {})
    return row


def is_elsewhere(model_type: str | None) -> bool:
    """Whether a class is known to have its code in its own repository."""
    return (model_type or "") in _elsewhere()


@cache
def _elsewhere() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(shipped_text("classes-elsewhere.json"))["classes"]
    return table


def version() -> str:
    """The version of transformers that the table was made from."""
    return str(_table()["transformers"])


@cache
def _table() -> dict[str, Any]:
    """The whole table, read once, when the first config.json is."""
    table: dict[str, Any] = json.loads(shipped_text("classes.json"))
    return table
