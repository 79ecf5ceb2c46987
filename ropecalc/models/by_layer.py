"""Rope objects of models that give bases or parts layer by layer, or by labels of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ropecalc.models.classes import ClassRow
from ropecalc.models.document import Section
from ropecalc.models.one_object import (
    BASES,
    ORIGINAL,
    PARTIAL,
    PARTS,
    Rope,
    check,
    check_nulls,
    method_of,
)
from ropecalc.scaling import MAX_BASE

if TYPE_CHECKING:
    from ropecalc.models.loaded import Loaded

INDEX_HEAD = 128  # index_head_dim of DeepSeek-V4 without one in the file


def labelled(config: Section, row: ClassRow, loaded: Loaded, found: Rope) -> None:
    """DeepSeek-V4: the layers with a compressor have a rope of their own, that alone is scaled."""
    keys, labels = loaded.keys, row.labels
    if "rope_theta" in config.values and config.get("rope_theta") is None:
        loaded.stop(f"rope_theta is null, which {row.name} does not take")
    head = config.integer("head_dim") or row.head_dim or 1
    part = config.number(PARTIAL, high=1)
    if part is None:
        turned = config.integer("qk_rope_head_dim")
        part = row.rope[labels[0]].get(PARTIAL) if turned is None else turned / head
    nested = all(isinstance(found.get(label), Mapping) for label in labels)
    flat = {key: value for key, value in found.items() if key not in labels}
    made: Rope = {}
    for label, key in zip(labels, ("rope_theta", "compress_rope_theta"), strict=True):
        rope = dict(found[label]) if nested else flat if key != "rope_theta" else {}
        outside = config.number("rope_theta" if nested else key, low=1, high=MAX_BASE)
        own = row.rope[labels[0] if nested else label]["rope_theta"]
        base = rope.get("rope_theta") if nested else None
        rope = {**rope, "rope_theta": base or outside or own}
        written = found[label] if nested else {**flat, "rope_theta": own, PARTIAL: part}
        check_nulls(row, loaded, written)
        own_part = Section(config.name, rope, f"{config.prefix}rope_parameters.{label}.")
        rope[PARTIAL] = (own_part.number(PARTIAL, high=1) if nested else None) or part
        if method_of(rope) == "yarn" and not nested:
            rope.setdefault("attention_factor", 1.0)  # cos and sin are left as they are
        turned = int(head * rope[PARTIAL])
        compressed = label == labels[1]  # where the indexer is
        if compressed and turned > (config.integer("index_head_dim") or INDEX_HEAD):
            loaded.stop("the indexer has smaller heads than what turns: RuntimeError")
        check(config, row, loaded, rope)
        made[label] = rope
    for key in (*BASES, *PARTS, "rope_scaling", "qk_rope_head_dim", "qk_nope_head_dim", ORIGINAL):
        keys.pop(key, None)
    keys["rope_parameters"] = made


def base_a_layer(
    config: Section, row: ClassRow, loaded: Loaded, types: list[str], made: Rope
) -> Rope:
    """One rope, or one for each base that the layers of a kind have."""
    bases = config.listed(row.bases)
    if len(bases) != len(types):
        lengths = f"{len(bases)} entries for {len(types)} layers"
        config.fail(f"{config.prefix}{row.bases} has {lengths}", "correct one of them")
    for at, base in enumerate(bases):
        if base:
            Section(config.name, {f"{row.bases}[{at}]": base}, config.prefix).number(
                f"{row.bases}[{at}]", low=1, high=MAX_BASE
            )
    turning = [(kind, base) for kind, base in zip(types, bases, strict=True) if base]
    if len({base for _, base in turning}) == 1:
        return {**made, "rope_theta": turning[0][1]}
    several = {kind for kind, _ in turning if len({b for k, b in turning if k == kind}) > 1}
    names = {(k, b): f"{k} at {b:g}" if k in several else k for k, b in turning}
    loaded.keys["layer_types"] = [
        names.get((kind, base), kind) for kind, base in zip(types, bases, strict=True)
    ]
    return {names[one]: {**made, "rope_theta": one[1]} for one in dict.fromkeys(turning)}


def lists_a_layer(config: Section, loaded: Loaded, types: list[str], scaling: Rope | None) -> None:
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
