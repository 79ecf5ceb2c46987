"""A config.json as the class of its model loads it: what the class reads, and nothing else.

The class's row (``ropecalc.models.classes``) says which keys are read, what stands for those that
are absent, and what stops transformers. Here the keys of a file become those of one canonical
file, which ``ropecalc.models.huggingface`` reads without asking for the class: one rope object, or
one for every kind of layer that the model has, with its base in it; a head_dim; kinds of layers
and which of them turn; a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ropecalc.models import layers
from ropecalc.models.classes import (
    LONGROPE_ALONE,
    LONGROPE_BY_OTHER_NAMES,
    MSCALES,
    MSCALES_NEEDED,
    MULTIPLY_HEAD_DIM,
    ClassRow,
)
from ropecalc.models.document import Section, shown
from ropecalc.scaling import MAX_BASE

PARTIAL = "partial_rotary_factor"
PARTS = (PARTIAL, "rotary_pct", "rope_pct", "rotary_percentage", "rotary_dim")
BASES = (
    *("rope_theta", "global_rope_theta", "rotary_emb_base", "rope_base", "rope_ratio"),
    *("rope_local_base_freq", "local_rope_theta", "swa_rope_theta"),
)
ORIGINAL = "original_max_position_embeddings"
Rope = dict[str, Any]


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

    def said(self, config: Section, row: ClassRow) -> list[str]:
        """The sentences about what the file leaves to its class, or says in vain."""
        said = list(self.assumed)
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
    loaded = Loaded(dict(config.values))
    _sizes(config, row, loaded)
    for key in row.strict:
        if key in config.values and config.values[key] is None:
            loaded.stop(f"{key} is null, which {row.name} does not take")
    if row.null_scaling and "rope_scaling" in config.values and not config.values["rope_scaling"]:
        loaded.stop(f"{row.name} does not take a rope_scaling of null: TypeError")
    types = layers.kinds(config, row, loaded)
    if row.chunk and "chunked_attention" in types and "attention_chunk_size" not in config.values:
        loaded.keys["attention_chunk_size"] = row.chunk
        loaded.assumed.append(absent(config, row, "attention_chunk_size", row.chunk))
    _heads(config, row, loaded)
    _ropes(config, row, loaded, types)
    return loaded


def absent(config: Section, row: ClassRow, key: str, value: object) -> str:
    """The sentence for a key that the class fills."""
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    return f"{config.prefix}{key} is absent: {shown}, the default of {row.name} in transformers"


def _sizes(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """Sizes that the file leaves to its class."""
    others = {
        "hidden_size": ("n_embd", "d_model"),
        "num_attention_heads": ("n_head", "n_heads", "num_heads"),
        "num_hidden_layers": ("n_layer", "num_layers", "n_layers"),
    }
    for key, value in row.sizes.items():
        if key not in config.values and config.first(*others[key]) is None:
            loaded.keys[key] = value
    context = ("max_position_embeddings", "n_positions")
    if row.context and not any(key in config.values for key in context):
        loaded.keys[context[0]] = row.context
        loaded.assumed.append(absent(config, row, context[0], row.context))


def _heads(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """head_dim, or the two parts of a head with latent attention."""
    keys = loaded.keys
    if row.latent:
        _latent(config, row, loaded)
        return
    _head_stops(config, row, loaded)
    unread = {"head_dim", "kv_channels", "attention_head_dim"}
    if not row.labels:
        unread |= {"qk_rope_head_dim", "qk_nope_head_dim"}
    for key in unread - {"head_dim" if row.odd_head else row.head}:
        keys.pop(key, None)
    if row.heads and config.first("global_head_dim", "per_layer_config") is None:
        keys["head_dims"] = dict(row.heads)
    if row.head in config.values:
        keys["head_dim"] = keys.pop(row.head)
    elif row.head_dim:
        keys["head_dim"] = row.head_dim


def _head_stops(config: Section, row: ClassRow, loaded: Loaded) -> None:
    """Sizes of a head that the class does not take."""
    head = config.get("head_dim") if row.odd_head else None
    if head is not None and head != _quotient(loaded.keys):
        loaded.stop(f"{row.name} rotates by head_dim, {shown(head)}, and has heads of another size")
    if row.no_head and "head_dim" in config.values:
        loaded.stop(f"{row.name} does not take a head_dim: AttributeError")
    if row.null_head == "always" and config.get(row.head) is None:
        loaded.stop(f"{row.name} computes with {row.head}, which is null without it: TypeError")
    key = "head_dim" if row.head == "quotient" else row.head
    null = key in config.values and config.values[key] is None
    if null and row.null_head in ("load", "build"):
        loaded.stop(f"{key} is null, which {row.name} does not take")


def _quotient(keys: Mapping[str, Any]) -> Any:
    hidden, heads = keys.get("hidden_size"), keys.get("num_attention_heads")
    known = isinstance(hidden, int) and isinstance(heads, int) and heads
    return hidden // heads if known and hidden is not None and heads is not None else None


def _latent(config: Section, row: ClassRow, loaded: Loaded) -> None:
    for key, value in row.latent.items():
        loaded.keys.setdefault(key, value)
    head, turned = config.get("head_dim"), loaded.keys.get("qk_rope_head_dim")
    written = "head_dim" in config.values
    if written and head is None and row.null_head in ("load", "build"):
        loaded.stop(f"head_dim is null, and {row.name} declares an integer")
    size = _quotient(loaded.keys) if head is None else head
    if row.agree and written and size != turned:
        loaded.stop(f"head_dim is {shown(head)}, and qk_rope_head_dim {shown(turned)}")


# ---- rope objects -----------------------------------------------------------------------------


def _ropes(config: Section, row: ClassRow, loaded: Loaded, types: list[str]) -> None:
    """The rope objects with all that the class puts into them."""
    scaling, parameters = (_object(config, key) for key in ("rope_scaling", "rope_parameters"))
    if isinstance(config.get("rope_theta"), list) or config.get("partial_rotary_factors"):
        _a_layer(config, loaded, types, scaling)
        return
    if row.labels:  # named otherwise than the kinds of layers: read apart
        found = scaling or parameters or {}
        inner = [value for value in found.values() if isinstance(value, Mapping)]
        for rope in inner or [found]:
            _checks(config, row, loaded, dict(rope))
        if config.get("layer_types") is None:
            loaded.keys.pop("layer_types", None)
        part = next((rope.get(PARTIAL) for rope in row.rope.values()), None)
        if config.first("qk_rope_head_dim", PARTIAL) is None and not inner and part:
            loaded.keys[PARTIAL] = part
        if "rope_type" not in found and "type" not in found and not inner and found:
            key = "rope_scaling" if scaling else "rope_parameters"
            loaded.keys[key] = {**found, "rope_type": "default"}
        return
    made = (
        _nested(config, row, loaded, types, scaling, parameters)
        if row.by_kind
        else _flat(config, row, loaded, types, scaling, parameters)
    )
    for key in (*BASES, *PARTS, "rope_scaling", "rope_parameters"):
        loaded.keys.pop(key, None)
    by_old_key = scaling is not None and row.scaling != "ignored" and not row.by_kind
    loaded.keys["rope_scaling" if by_old_key else "rope_parameters"] = made
    if row.original == "inside" or row.by_kind:
        loaded.keys.pop(ORIGINAL, None)
    if row.rotary and "rotary_dim" not in loaded.keys:
        loaded.keys["rotary_dim"] = config.integer("rotary_dim") or row.rotary


def _object(config: Section, key: str) -> Rope | None:
    """A rope object of the file, None where there is none or it is empty."""
    if config.get(key) is None:
        return None
    return dict(config.section(key).values) or None


def _flat(
    config: Section,
    row: ClassRow,
    loaded: Loaded,
    types: list[str],
    scaling: Rope | None,
    parameters: Rope | None,
) -> Rope:
    """The one object of a class that has one for all layers."""
    if scaling is not None and row.scaling == "ignored":
        loaded.unread.append("rope_scaling")
        scaling = None
    if parameters is not None and row.flat == "ignored":
        loaded.unread.append("rope_parameters")
        parameters = None
    found = scaling or parameters
    inner = [key for key, value in (found or {}).items() if _is_kind(key, value)]
    apart = any(key in types for key in inner) and row.kinds == "stops"
    if apart:
        loaded.stop(f"{row.name} has one rope for all kinds of layers: KeyError: 'rope_type'")
    elif inner:
        where = "rope_scaling" if scaling else "rope_parameters"
        loaded.unread += [f"{where}.{key}" for key in inner]
    if found is None:
        kept = {key: value for key, value in row.rope.items() if key != "rope_theta" or row.fixed}
        if len(kept) > 1 and kept.get("rope_type") not in (None, "default"):
            _say_default(config, row, loaded, kept)
        found = {key: value for key, value in kept.items() if key != PARTIAL}
    made = {key: value for key, value in found.items() if key not in inner}
    if apart:  # what the file means, for stacks that do read it
        return found
    _base(config, row, loaded, made, "")
    _parts(config, row, loaded, made, row.rope.get(PARTIAL))
    _checks(config, row, loaded, made)
    return made


def _a_layer(config: Section, loaded: Loaded, types: list[str], scaling: Rope | None) -> None:
    """Step-3.5: bases and factors in lists, one a layer; a scaling is for full attention."""
    bases, parts = config.get("rope_theta"), config.get("partial_rotary_factors")
    for key in ("rope_theta", "partial_rotary_factors"):
        listed = config.get(key)
        if isinstance(listed, list) and len(listed) < len(types):
            lengths = f"{len(listed)} entries for {len(types)} layers"
            config.fail(f"{config.prefix}{key} has {lengths}", "correct one of them")
    made: Rope = {}
    for kind in dict.fromkeys(types):
        at = types.index(kind)
        made[kind] = {
            "rope_type": "default",
            "rope_theta": bases[at] if isinstance(bases, list) else bases or 10_000.0,
            **({PARTIAL: parts[at]} if isinstance(parts, list) else {}),
        }
    if scaling is not None and "full_attention" in made:
        made["full_attention"] |= scaling
    for key in (*BASES, *PARTS, "rope_scaling", "partial_rotary_factors"):
        loaded.keys.pop(key, None)
    loaded.keys["rope_parameters"] = made


def _is_kind(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) or (value is None and key.endswith("attention"))


def _say_default(config: Section, row: ClassRow, loaded: Loaded, rope: Rope) -> None:
    words = f"{rope['rope_type']}, factor {rope.get('factor', 1):g}"
    loaded.assumed.append(
        f"{config.prefix}rope_parameters is absent: {words}, the default of {row.name} in "
        "transformers"
    )


def _nested(
    config: Section,
    row: ClassRow,
    loaded: Loaded,
    types: list[str],
    scaling: Rope | None,
    parameters: Rope | None,
) -> Rope:
    """An object for every kind of layer that the model has."""
    found = _by_kind(config, row, loaded, scaling, parameters)
    kinds = [kind for kind in row.rope if not types or kind in types] or list(row.rope)
    made: Rope = {}
    for at, kind in enumerate(row.rope):
        rope = found.get(kind)
        if kind in found and rope is None and row.null == "unrotated":
            if kind in kinds:
                made[kind] = None
            continue
        if rope is None:
            missing = row.missing[min(at, 1)] if kind not in found else row.null
            if missing == "stops" and kind in kinds:
                loaded.stop(f"{row.name} wants a rope object for {kind}: KeyError")
            filled = row.scaling in ("full", "both")
            own = row.rope[kind]
            if own is None and not filled:  # the class itself leaves the kind unrotated
                made[kind] = None
                continue
            rope = {"rope_type": "default"} if filled else dict(own or {})
        rope = dict(rope)
        if "rope_theta" not in rope and row.silent == "stops" and kind in kinds:
            loaded.stop(f"{row.name} wants a rope_theta in the object of {kind}: KeyError")
        _base(config, row, loaded, rope, kind)
        part = (row.rope[kind] or {}).get(PARTIAL) if row.part.get("filled") else None
        _parts(config, row, loaded, rope, part)
        if kind in kinds:
            made[kind] = rope
            _checks(config, row, loaded, rope)
    return made


def _by_kind(
    config: Section, row: ClassRow, loaded: Loaded, scaling: Rope | None, parameters: Rope | None
) -> Rope:
    """The objects of a file by kind, before the class fills them."""
    kinds = tuple(row.rope)
    if row.scaling in ("full", "both"):
        found = _kinds_of(
            config, row, loaded, parameters, {k: {"rope_type": "default"} for k in kinds}
        )
        if scaling is None:
            return found
        for kind in kinds if row.scaling == "both" else ("full_attention",):
            if parameters is not None and not isinstance(parameters.get(kind), Mapping):
                loaded.stop(f"rope_scaling beside rope_parameters without {kind}: KeyError")
            found = {**found, kind: {**(found.get(kind) or {}), **scaling}}
        return found
    if scaling is not None and row.scaling == "ignored":
        loaded.unread.append("rope_scaling")
        scaling = None
    default = {k: dict(rope) for k, rope in row.rope.items() if isinstance(rope, Mapping)}
    return _kinds_of(config, row, loaded, scaling or parameters, default)


def _kinds_of(
    config: Section, row: ClassRow, loaded: Loaded, found: Rope | None, default: Rope
) -> Rope:
    """An object of a file if it is by kind; what a flat one is in this class."""
    if found is None:
        return default
    for kind in row.rope:
        if found.get(kind) is not None and not isinstance(found[kind], Mapping):
            where = f"{config.prefix}rope_parameters.{kind}"
            config.fail(f"{where} must be an object, got {shown(found[kind])}")
    if any(kind in found for kind in row.rope):
        return found
    if row.flat == "stops":
        loaded.stop(f"{row.name} takes rope_parameters by kind of layer alone: KeyError")
    elif row.flat == "ignored":
        loaded.unread.append("rope_parameters")
        loaded.assumed.append(
            f"{config.prefix}rope_parameters is not by kind of layer: {row.name} in transformers "
            "passes over it"
        )
        return default
    return dict.fromkeys(row.rope, found)


def _base(config: Section, row: ClassRow, loaded: Loaded, rope: Rope, kind: str) -> None:
    """The base of an object: its own, that of a key beside it, or the class's."""
    keys = row.theta.get(kind, ()) if isinstance(row.theta, Mapping) else row.theta
    if rope.get("rope_theta") is not None:
        return
    key = config.first(*keys) if keys else None
    if key is not None:
        rope["rope_theta"] = config.number(key, low=1, high=MAX_BASE)
        return
    own = row.rope.get(kind, {}) if row.by_kind else row.rope
    rope["rope_theta"] = own.get("rope_theta")
    if rope["rope_theta"] is None:
        return
    base = f"{rope['rope_theta']:,.0f}, the default of {row.name} in transformers"
    outside = [key for key in BASES if config.get(key) not in (None, rope["rope_theta"])]
    if row.by_kind and "rope_theta" in outside:
        loaded.assumed.append(
            f"{config.prefix}rope_theta is for full attention alone: sliding layers have {base}"
        )
    elif outside:
        loaded.unread += [key for key in outside if key not in loaded.unread]
        loaded.assumed.append(f"the base is {base}")
    elif config.first(*BASES) is None:
        loaded.assumed.append(f"{config.prefix}rope_theta is absent: {base}")


REQUIRED = {
    "linear": ("factor",),
    "dynamic": ("factor",),
    "yarn": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor"),
    "longrope": ("short_factor", "long_factor"),
}


def method_of(rope: Mapping[str, Any]) -> Any:
    """The method that an object names: rope_type wins over type."""
    return rope.get("rope_type", rope.get("type", "default"))


def _checks(config: Section, row: ClassRow, loaded: Loaded, rope: Rope) -> None:
    """What the class looks for in a rope object before it computes anything."""
    method = method_of(rope)
    if "rope_type" not in rope and "type" not in rope:
        if rope.get("factor") is not None:
            loaded.assumed.append("a factor without a rope_type beside it scales nothing")
            loaded.unread.append("factor")
        rope["rope_type"] = "default"
    other = method in LONGROPE_BY_OTHER_NAMES.get(row.name, ())
    needed = REQUIRED.get("longrope" if other else str(method), ())
    if row.original == "stops" and method in ("yarn", "llama3", "longrope"):
        needed = (*needed, ORIGINAL)
    for key in (*needed, *row.needs):
        if key not in rope:
            loaded.stop(f"{method} scaling has no {key}: KeyError")
    _method_stops(row, loaded, method, rope)
    key = "head_dim" if row.head == "quotient" else row.head
    written = config.values.get(key, "absent")
    null = written is None or (written == "absent" and row.null_head == "own")
    if null and row.null_head and method in MULTIPLY_HEAD_DIM:
        loaded.stop(f"{method} scaling multiplies head_dim, which is null: TypeError")


def _method_stops(row: ClassRow, loaded: Loaded, method: Any, rope: Rope) -> None:
    """Methods that a class does not take, or not without more keys."""
    if method == "mrope" and row.mrope is False:
        loaded.stop(f"{row.name} does not know the type mrope: KeyError")
    if method == "proportional" and row.proportional == "stops":
        loaded.stop(f"{row.name} turns part of a head, and proportional makes all of it")
    taken = ("default", "longrope", *LONGROPE_BY_OTHER_NAMES.get(row.name, ()))
    if row.name in LONGROPE_ALONE and method not in taken:
        loaded.stop(f"{row.name} takes no scaling but longrope: ValueError")
    missing = [key for key in MSCALES if not isinstance(rope.get(key), int | float)]
    if row.name in MSCALES_NEEDED and method != "default" and missing:
        loaded.stop(f"{row.name} needs {' and '.join(missing)} with any scaling: TypeError")


def _parts(
    config: Section, row: ClassRow, loaded: Loaded, rope: Rope, default: float | None
) -> None:
    """Partial rotation: in the object where the class reads it, and nowhere else."""
    part, method = row.part, method_of(rope)
    inner = rope.get(PARTIAL)
    keys = [key for key in PARTS if config.get(key) is not None and key != PARTIAL]
    if inner is None:
        inner = _outer_part(config, row, loaded)
    if inner is None and default is not None:
        inner = default
        if default != 1 and not keys and not row.latent:
            loaded.assumed.append(absent(config, row, PARTIAL, default))
    rope.pop(PARTIAL, None)
    if inner is None:
        return
    scaled = method not in ("default", "mrope", "proportional")
    reads = part.get("scaled", "stops") if scaled else "read" if part.get("inside") else "kept"
    if method == "proportional" or reads == "read" or inner == default:
        rope[PARTIAL] = inner
    elif inner != 1:
        loaded.unread += [PARTIAL] if PARTIAL not in loaded.unread else []
        if reads == "stops":
            rope[PARTIAL] = inner  # the embedding has it; the layers do not fit
            loaded.stop(
                f"{PARTIAL} with {method} makes frequencies for part of a head, and {row.name} "
                "turns all of it: RuntimeError"
            )


def _outer_part(config: Section, row: ClassRow, loaded: Loaded) -> Any:
    """The factor that stands outside of the rope object, where the class looks there."""
    for key in row.part.get("keys", ()):
        value = config.get(key)
        if value is None:
            continue
        if key != "rotary_dim":
            return config.number(key, high=1)
        head = loaded.keys.get("head_dim")
        return value / head if isinstance(head, int) and isinstance(value, int) and head else None
    unread = [key for key in PARTS if key != PARTIAL and config.get(key) not in (None, 1)]
    loaded.unread += [key for key in unread if key not in loaded.unread and not row.rotary]
    if not row.part.get("outside", True):
        loaded.unread += [PARTIAL] if config.get(PARTIAL) not in (None, 1) else []
        return None
    return config.number(PARTIAL, high=1)
