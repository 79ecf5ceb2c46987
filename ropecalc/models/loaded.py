"""A config.json as the class of its model loads it: what the class reads, and nothing else.

The class's row (``ropecalc.models.classes``) says which keys are read, the defaults of those that
are absent, and what stops transformers. Here the keys of a file become those of one canonical
file, which ``ropecalc.models.huggingface`` reads whatever the class: one rope object, or
one for every kind of layer that the model has, with its base in it; a head_dim; kinds of layers
and which of them turn; a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ropecalc.models import layers
from ropecalc.models.classes import NULL_TYPES_STOP, ClassRow
from ropecalc.models.document import Section, shown
from ropecalc.models.objects import ropes
from ropecalc.models.one_object import ORIGINAL, PARTIAL, quotient_of

CANONICAL = ("head_dims", "windows")  # keys of the canonical file alone


@dataclass
class Loaded:
    """The canonical keys, and what was found on the way to them."""

    keys: dict[str, Any]
    stops: str | None = None
    """What stops transformers on this file; None where it runs."""
    unread: list[str] = field(default_factory=list)
    """Keys of the file that its class does not read."""
    assumed: list[str] = field(default_factory=list)
    """What the class has for keys that are absent; a sentence each."""
    window: int | None = None
    """The window of every layer, where no kind of layer has one."""
    windows: list[int | None] = field(default_factory=list)
    """The window of each layer, where those of one kind differ."""

    def said(self, config: Section, row: ClassRow) -> list[str]:
        """The sentences about what the file leaves to its class, or says in vain."""
        said = list(self.assumed)
        if not row.run:
            said.append(f"{row.name} was loaded and not run in transformers, which says {row.why}")
        if self.unread:
            names = ", ".join(dict.fromkeys(f"{config.prefix}{key}" for key in self.unread))
            verb = "are" if len(set(self.unread)) > 1 else "is"
            said.append(f"{names} {verb} not read by {row.name} in transformers")
        if self.stops:
            said.append(f"transformers stops on this file: {self.stops}")
        return said

    def stop(self, reason: str) -> None:
        """Keep the first reason."""
        self.stops = self.stops or reason


def as_loaded(config: Section, row: ClassRow) -> Loaded:
    """The canonical keys of a file, by the row of its class."""
    own = {key: value for key, value in config.values.items() if key not in CANONICAL}
    loaded = Loaded(own)
    _sizes(config, row, loaded)
    _stops(config, row, loaded)
    types = layers.kinds(config, row, loaded)
    if row.chunk and "chunked_attention" in types and "attention_chunk_size" not in config.values:
        loaded.keys["attention_chunk_size"] = row.chunk
        loaded.assumed.append(row.fills(f"{config.prefix}attention_chunk_size", row.chunk))
    _heads(config, row, loaded)
    _alike(config, row, loaded, types)
    ropes(config, row, loaded, types)
    layers.part_by_window(loaded)
    return loaded


def _stops(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """What the class does not take, whatever else the file has."""
    found = undeclared(row, config.values)
    if found is not None:
        loaded.stop(f"{found}, which {row.name} does not take")
    if row.name == "phi3" and config.values.get(ORIGINAL, ()) is None:
        loaded.stop(f"{ORIGINAL} is null, which {row.name} does not take")
    if config.values.get("layer_types", ()) is None and row.name in NULL_TYPES_STOP:
        loaded.stop(f"layer_types is null, which {row.name} does not take")
    for key in (row.window.get("key", ""), "head_dim" if row.latent else ""):
        if isinstance(config.get(key), float):  # each class that has one declares its type
            loaded.stop(f"{key} is {shown(config.get(key))}, and {row.name} declares an integer")
    alone = config.first("rope_scaling", "rope_parameters") is None
    if row.absent and alone:
        loaded.stop(f"{row.name} has no rope object of its own, and the file has none: KeyError")
    if row.outside and alone and config.get("rope_theta") is not None:
        loaded.stop(f"{row.name} does not take a rope_theta beside its rope objects: TypeError")
    if row.null_scaling and "rope_scaling" in config.values and not config.values["rope_scaling"]:
        loaded.stop(f"{row.name} does not take a rope_scaling of null: TypeError")


def undeclared(row: ClassRow, keys: Mapping[str, Any]) -> str | None:
    """A null or a text in the place of a number that the class declares, in words."""
    for key in row.strict:
        if key in keys and keys[key] is None:
            return f"{key} is null"
    for key in (*row.strict, row.window.get("key", "")):
        if isinstance(keys.get(key), str) and not key.endswith("pattern"):  # which may be LLLG
            return f"{key} is {shown(keys[key])}"
    return None


def _sizes(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """Sizes that the file leaves to its class."""
    others = {
        "hidden_size": ("n_embd", "d_model"),
        "num_attention_heads": ("n_head", "n_heads", "num_heads"),
        "num_hidden_layers": ("n_layer", "num_layers", "n_layers"),
    }
    for key, value in row.sizes.items():
        known = key not in others or config.first(*others[key]) is not None
        if key not in config.values and not known:
            loaded.keys[key] = value
    if row.twice:
        pairs, total = config.integer(row.twice), config.integer("num_hidden_layers")
        if total is not None and row.twice == "num_layers":  # LongCat: attentions, and it wins
            pairs = total // 2
        loaded.keys["num_hidden_layers"] = 2 * (pairs or total or row.sizes[row.twice])
        loaded.assumed.append(f"{row.name} attends twice in every layer: attentions are counted")
    context = ("max_position_embeddings", "n_positions", row.length)
    if row.context and not any(key in config.values for key in context):
        loaded.keys[context[0]] = row.context
        loaded.assumed.append(row.fills(f"{config.prefix}{context[0]}", row.context))


def _heads(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """head_dim, or the two parts of a head with latent attention."""
    keys = loaded.keys
    if row.heads and config.first("global_head_dim", "per_layer_config") is None:
        keys["head_dims"] = dict(row.heads)
    if row.latent:
        _latent(config, row, loaded)
        return
    _head_stops(config, row, loaded)
    unread = {"head_dim", "kv_channels", "attention_head_dim"}
    if not row.labels:
        unread |= {"qk_rope_head_dim", "qk_nope_head_dim"}
    for key in unread - {"head_dim" if row.odd_head else row.head}:
        keys.pop(key, None)
    key = row.also if row.also in config.values else row.head
    if key in config.values:
        keys.pop(row.head, None)
        keys["head_dim"] = config.values[key]
    elif row.head_dim:
        keys["head_dim"] = row.head_dim


def _alike(config: Section, row: ClassRow, loaded: Loaded, types: list[str]) -> None:
    """What transformers takes of layers with a configuration of their own.

    Layers of one kind must have the same heads, and every other key is asked of the whole model:
    there it must be one value. NeoMME has windows of its own by layer, and nothing else.
    """
    own = config.get("per_layer_config")
    if not isinstance(own, Mapping) or not own:
        return
    numbers = {at: int(at) for at in own if at.isascii() and at.isdigit()}
    if len(numbers) < len(own) or (types and max(numbers.values()) >= len(types)):
        loaded.stop("per_layer_config has a key that is no number of a layer: ValueError")
    if row.latent or loaded.stops:
        return
    _own_keys(config, row, loaded, types, {numbers[at]: one for at, one in own.items()})


def _own_keys(
    config: Section, row: ClassRow, loaded: Loaded, types: list[str], own: Mapping[int, Any]
) -> None:
    """Which keys may differ, and between which layers."""
    by_number = {at: one for at, one in own.items() if isinstance(one, Mapping)}
    known = {**config.values, "head_dim": loaded.keys.get("head_dim")}
    apart = ("sliding_window",) if "odd" in row.window else ("head_dim", "num_key_value_heads")
    for one in by_number.values():
        for key in one.keys() & known.keys() - {*apart}:
            if one[key] != known[key]:
                loaded.stop(f"{key} differs in per_layer_config, and is asked of the whole: error")
        if "head_dim" in one and one["head_dim"] is None:
            loaded.stop("head_dim is null in per_layer_config: TypeError")
    for kind in dict.fromkeys(types) if apart[0] == "head_dim" else ():
        layers_of = [by_number.get(at, {}) for at, other in enumerate(types) if other == kind]
        for key in apart:
            if len({str(one.get(key, known.get(key))) for one in layers_of}) > 1:
                loaded.stop(f"per_layer_config differs within the layers of {kind}: ValueError")


def _head_stops(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """Sizes of a head that the class does not take."""
    head = config.get("head_dim") if row.odd_head else None
    if head is not None and head != quotient_of(loaded.keys):
        loaded.stop(f"{row.name} rotates by head_dim, {shown(head)}, and has heads of another size")
    if row.no_head and "head_dim" in config.values:
        loaded.stop(f"{row.name} does not take a head_dim: AttributeError")
    if row.null_head == "always" and config.get(row.head) is None:
        loaded.stop(f"{row.name} computes with {row.head}, which is null without it: TypeError")
    key = "head_dim" if row.head == "quotient" else row.head
    null = any(name in config.values and config.values[name] is None for name in (key, row.also))
    if null and row.null_head in ("load", "build"):
        loaded.stop(f"{key} is null, which {row.name} does not take")


def _latent(config: Section, row: ClassRow, loaded: Loaded) -> None:
    for key, value in row.latent.items():
        loaded.keys.setdefault(key, value)
    if config.get(row.also) is not None:
        loaded.keys["qk_rope_head_dim"] = config.integer(row.also)
    head, turned = config.get("head_dim"), loaded.keys.get("qk_rope_head_dim")
    written = "head_dim" in config.values
    if written and head is None and row.null_head in ("load", "build"):
        loaded.stop(f"head_dim is null, and {row.name} declares an integer")
    size = quotient_of(loaded.keys) if head is None else head
    part = row.rope.get(PARTIAL, 1)
    if row.agree and written and isinstance(size, int) and int(size * part) != turned:
        loaded.stop(f"head_dim is {shown(head)}, and qk_rope_head_dim {shown(turned)}")
