"""The rope objects of a file with all that its class puts into them.

One for all layers, or one for every kind of layer that the model has: with its base in it, and
nothing that the class does not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ropecalc.models.by_layer import base_a_layer, labelled, lists_a_layer
from ropecalc.models.classes import ClassRow
from ropecalc.models.document import Section, shown
from ropecalc.models.one_object import (
    BASES,
    ORIGINAL,
    PARTIAL,
    PARTS,
    Rope,
    check,
    check_nulls,
    check_original,
    check_sections,
    method_of,
    partial,
)
from ropecalc.scaling import MAX_BASE

if TYPE_CHECKING:
    from ropecalc.models.loaded import Loaded


def ropes(config: Section, row: ClassRow, loaded: Loaded, types: list[str]) -> None:
    """The rope objects with all that the class puts into them."""
    scaling, parameters = (_object(config, key) for key in ("rope_scaling", "rope_parameters"))
    empty = scaling is None and config.get("rope_parameters") == {}
    if empty and (not row.by_kind or row.flat == "read" or row.missing[0] == "stops"):
        parameters = {"rope_type": "default"}  # an object all the same: the class's own is gone
    if isinstance(config.get("rope_theta"), list) or config.get("partial_rotary_factors"):
        lists_a_layer(config, loaded, types, scaling)
        return
    if row.labels:
        labelled(config, row, loaded, scaling or parameters or {})
        return
    made = (
        _nested(config, row, loaded, types, scaling, parameters)
        if row.by_kind
        else _flat(config, row, loaded, types, scaling, parameters)
    )
    for key in (*BASES, *PARTS, "rope_scaling", "rope_parameters"):
        loaded.keys.pop(key, None)
    if row.bases and isinstance(config.get(row.bases), list):
        made = base_a_layer(config, row, loaded, types, made)
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
    found = _read(config, row, loaded, scaling, parameters)
    inner = [key for key, value in (found or {}).items() if _is_kind(key, value)]
    apart = any(key in types for key in inner) and row.kinds in ("stops", "unrotated")
    if apart and row.kinds == "unrotated":
        loaded.keys["no_rope_layers"] = [0] * len(types)
    elif apart:
        loaded.stop(f"{row.name} has one rope for all kinds of layers: KeyError: 'rope_type'")
    elif inner:
        where = "rope_scaling" if found is scaling else "rope_parameters"
        loaded.unread += [f"{where}.{key}" for key in inner]
    written = found is not None
    if found is None:
        kept = {key: value for key, value in row.rope.items() if key != "rope_theta" or row.fixed}
        if len(kept) > 1 and kept.get("rope_type") not in (None, "default"):
            _say_default(config, row, loaded, kept)
        found = {key: value for key, value in kept.items() if key != PARTIAL}
    made = {key: value for key, value in found.items() if key not in inner}
    if apart:  # what the file means, for stacks that do read it
        return found
    if "rope_theta" not in made and row.silent_base == "stops" and written:
        loaded.stop(f"{row.name} wants a rope_theta in its rope object: KeyError")
    own = row.object_base if written else None
    _base(config, row, loaded, made, "", own)
    partial(config, row, loaded, made, row.rope.get(PARTIAL))
    check(config, row, loaded, made)
    check_sections(row, loaded, made)
    return made


def _read(
    config: Section, row: ClassRow, loaded: Loaded, scaling: Rope | None, parameters: Rope | None
) -> Rope | None:
    """Which of the two objects of a file is read, if any; the older one wins."""
    if scaling is not None and row.scaling == "ignored":
        loaded.unread.append("rope_scaling")
        _passed_over(config, row, loaded, scaling)
        scaling = None
    if parameters is not None and row.flat == "ignored":
        loaded.unread.append("rope_parameters")
        _passed_over(config, row, loaded, parameters)
        parameters = None
    return scaling or parameters


def _passed_over(config: Section, row: ClassRow, loaded: Loaded, rope: Rope) -> None:
    """An object that is checked in part, or, of ESM, whole; and nothing of it is read."""
    check_original(loaded, rope)
    if row.original != "stops":
        return
    check(config, row, loaded, dict(rope))
    method = method_of(rope)
    if method in ("llama3", "proportional") and "rope_theta" not in rope:
        loaded.stop(f"{method} scaling has no rope_theta: KeyError")


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
    written = (scaling or parameters) is not None
    made = {kind: _of_kind(config, row, loaded, found, kind, written) for kind in kinds}
    if types and made and not any(made.values()):  # none of the kinds that there are turns
        loaded.keys["no_rope_layers"] = [0] * len(types)
        return {}
    return made


def _of_kind(
    config: Section, row: ClassRow, loaded: Loaded, found: Rope, kind: str, written: bool
) -> Rope | None:
    """The object of one kind of layer, None where it does not turn."""
    rope = found.get(kind)
    if rope is None:
        first = kind == next(iter(row.rope))
        missing = row.null if kind in found else row.missing[0 if first else 1]
        if missing == "stops":
            loaded.stop(f"{row.name} wants a rope object for {kind}: KeyError")
        filled = row.scaling in ("full", "both")
        own = row.rope[kind]
        if (kind in found and missing == "unrotated") or (own is None and not filled):
            return None
        rope = {"rope_type": "default"} if filled else _without_base(own)
        written = False
    made = dict(rope or {})
    if written and "rope_theta" not in made and row.silent_base == "stops":
        loaded.stop(f"{row.name} wants a rope_theta in the object of {kind}: KeyError")
    if written and row.object_theta and config.get("rope_theta") is not None:
        made.setdefault("rope_theta", config.number("rope_theta", low=1, high=MAX_BASE))
    _base(config, row, loaded, made, kind, row.object_base if written else None)
    fills = row.part.get("filled")
    if fills == "plain":
        fills = method_of(made) in ("default", "mrope")
    part = (row.rope[kind] or {}).get(PARTIAL) if fills else None
    partial(config, row, loaded, made, part)
    check(config, row, loaded, made)
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
    default = {kind: _without_base(rope) for kind, rope in row.rope.items()}
    return _kinds_of(config, row, loaded, scaling or parameters, default)


def _without_base(rope: Any) -> Rope | None:
    """An object of a class, whose base keys beside it may replace; None where a kind has none."""
    if not isinstance(rope, Mapping):
        return None
    return {key: value for key, value in rope.items() if key != "rope_theta"}


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


def _null_base(
    config: Section, row: ClassRow, loaded: Loaded, keys: Iterable[str], *, inside: bool
) -> None:
    """What a base of null does, in the object or under a key beside it."""
    outer = "rope_theta" in config.values and config.get("rope_theta") is None
    if row.null_theta and (outer or inside):
        if row.null_theta == "stops":
            loaded.stop(f"rope_theta is null, which {row.name} does not take: TypeError")
        else:
            loaded.keys["no_rope_layers"] = [0] * len(loaded.keys.get("layer_types", ()))
    for key in keys:
        if key != "rope_theta" and key in config.values:
            loaded.stop(f"{key} is null, which {row.name} does not take: TypeError")


def _base(
    config: Section,
    row: ClassRow,
    loaded: Loaded,
    rope: Rope,
    kind: str,
    default: float | None = None,
) -> None:
    """The base of an object: its own, that of a key beside it, or the class's."""
    keys = row.theta.get(kind, ()) if isinstance(row.theta, Mapping) else row.theta
    check_nulls(row, loaded, rope)
    if rope.get("rope_theta") is not None:
        return
    key = config.first(*keys) if keys else None
    _null_base(config, row, loaded, [] if key else keys, inside="rope_theta" in rope)
    if key is not None:
        rope["rope_theta"] = config.number(key, low=1, high=MAX_BASE)
        return
    own = (row.rope.get(kind) or {}) if row.by_kind else row.rope
    rope["rope_theta"] = default or own.get("rope_theta")
    if rope["rope_theta"] is None:
        return
    base = f"{rope['rope_theta']:,.0f}, the default of {row.name} in transformers"
    objects = row.rope.values() if row.by_kind else [row.rope]
    own_bases = {one.get("rope_theta") for one in objects if isinstance(one, Mapping)}
    outside = [key for key in BASES if config.get(key) not in (None, *own_bases)]
    if row.by_kind and "rope_theta" in outside and any(row.theta.values()):
        loaded.assumed.append(
            f"{config.prefix}rope_theta is for full attention alone: sliding layers have {base}"
        )
    elif outside:
        loaded.unread += [key for key in outside if key not in loaded.unread]
        loaded.assumed.append(f"the base is {base}")
    elif config.first(*BASES) is None:
        inside = f"rope_parameters.{kind}.rope_theta" if row.by_kind else "rope_theta"
        loaded.assumed.append(f"{config.prefix}{[*keys, inside][0]} is absent: {base}")
