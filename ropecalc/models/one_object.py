"""One rope object as its class reads it: partial rotation, and what stops transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ropecalc.models.classes import (
    LONGROPE_ALONE,
    LONGROPE_BY_OTHER_NAMES,
    MSCALES,
    MSCALES_NEEDED,
    MULTIPLY_HEAD_DIM,
    PART_LOOKED_UP,
    ClassRow,
)
from ropecalc.models.document import Section
from ropecalc.models.raw import FILLED_IN

if TYPE_CHECKING:
    from ropecalc.models.loaded import Loaded

PARTIAL = "partial_rotary_factor"
PARTS = (PARTIAL, "rotary_pct", "rope_pct", "rotary_percentage", "rotary_dim")
BASES = (
    *("rope_theta", "global_rope_theta", "rotary_emb_base", "rope_base", "rope_ratio"),
    *("rope_local_base_freq", "local_rope_theta", "swa_rope_theta"),
)
ORIGINAL = "original_max_position_embeddings"
Rope = dict[str, Any]


def check_sections(row: ClassRow, loaded: Loaded, rope: Rope) -> None:
    """The axes of positions share out all pairs that turn."""
    if row.sections is None:
        return
    own = rope.get("mrope_section")
    shared = sum(own) if isinstance(own, list) and own else row.sections
    head = loaded.keys.get("head_dim") or quotient_of(loaded.keys)
    part = 1 if method_of(rope) == "proportional" else rope.get(PARTIAL, 1)  # padded
    turned = int(head * part) // 2 if isinstance(head, int) else shared
    if turned != shared:
        loaded.stop(f"mrope_section is for {shared} pairs, and {turned} turn: RuntimeError")


def quotient_of(keys: Mapping[str, Any]) -> Any:
    """hidden_size over heads, None where one is not known."""
    hidden, heads = keys.get("hidden_size"), keys.get("num_attention_heads")
    known = isinstance(hidden, int) and isinstance(heads, int) and heads
    return hidden // heads if known and hidden is not None and heads is not None else None


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


def check_nulls(row: ClassRow, loaded: Loaded, rope: Rope) -> None:
    """Keys of a written object that may be absent and not null: transformers counts with them."""
    method = method_of(rope)
    scaled = method not in ("default", "mrope")
    null = [key for key, value in rope.items() if value is None]
    if "rope_type" in null:
        loaded.stop("rope_type is null: KeyError")
    check_original(loaded, rope)
    softmax = row.latent and not row.by_kind and rope.get("mscale_all_dim")
    takes = {
        "rope_theta": row.null_theta != "unrotated",
        PARTIAL: scaled or row.part.get("inside"),
        "factor": method == "proportional" or softmax,
    }
    for key in null:
        if takes.get(key):
            loaded.stop(f"{key} of a rope object is null: TypeError")


def check_original(loaded: Loaded, rope: Rope) -> None:
    """An original context of null, which is compared with the context before anything is read."""
    scaled = method_of(rope) in FILLED_IN
    if scaled and rope.get(ORIGINAL, 1) is None:
        loaded.stop(f"{ORIGINAL} of a rope object is null: TypeError")


def check(config: Section, row: ClassRow, loaded: Loaded, rope: Rope) -> None:
    """What the class looks for in a rope object before it computes anything."""
    method = method_of(rope)
    if "rope_type" not in rope and "type" not in rope:
        if rope.get("factor") is not None:
            loaded.assumed.append("a factor without a rope_type beside it scales nothing")
            loaded.unread.append("factor")
        rope["rope_type"] = "default"
    other = method in LONGROPE_BY_OTHER_NAMES.get(row.name, ())
    needed = REQUIRED.get("longrope" if other else str(method), ())
    if method in ("yarn", "llama3", "longrope"):
        needed = (*needed, ORIGINAL) if row.original == "stops" else needed
        if row.original == "lost":
            loaded.stop(f"{method} scaling of {row.name} loses its {ORIGINAL}: KeyError")
    for key in (*needed, *row.needs):
        if key not in rope:
            loaded.stop(f"{method} scaling has no {key}: KeyError")
    _method_stops(row, loaded, method, rope)
    null = ORIGINAL in config.values and config.values[ORIGINAL] is None
    if null and not row.by_kind and method in FILLED_IN:  # it goes before the object's own
        loaded.stop(f"{ORIGINAL} is null beside the object of {method} scaling: TypeError")
    key = "head_dim" if row.head == "quotient" else row.head
    written = config.values.get(key, "absent")
    null = written is None or (written == "absent" and row.null_head == "own")
    if null and row.null_head and method in MULTIPLY_HEAD_DIM:
        loaded.stop(f"{method} scaling multiplies head_dim, which is null: TypeError")


def _method_stops(row: ClassRow, loaded: Loaded, method: Any, rope: Rope) -> None:
    """Methods that a class does not take, or not without more keys."""
    scaled = method not in ("default", "mrope")
    own = row.name in LONGROPE_ALONE | MSCALES_NEEDED
    if scaled and row.scaling == "stops" and not (own or row.by_kind or row.needs):
        loaded.stop(f"{row.name} takes no scaling: ValueError")
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


def partial(
    config: Section, row: ClassRow, loaded: Loaded, rope: Rope, default: float | None
) -> None:
    """Partial rotation: in the object where the class reads it, and nowhere else."""
    part, method = row.part, method_of(rope)
    inner = rope.get(PARTIAL)
    keys = [key for key in PARTS if config.get(key) is not None and key != PARTIAL]
    scaled = method not in ("default", "mrope", "proportional")
    reads = _read_where(part, scaled=scaled)
    if part.get("plain") == "whole" and not scaled:
        default = None
    if inner is None:
        default = _unless_null(default, config, row, loaded)
        inner = _outer_part(config, row, loaded, reads != "kept" or method == "proportional")
    if inner is None and default is not None:
        inner = default
        if default != 1 and not keys and not row.latent:
            loaded.assumed.append(row.fills(f"{config.prefix}{PARTIAL}", default))
    rope.pop(PARTIAL, None)
    if inner is None:
        return
    _refuse_zero(config, row, inner, counts=reads == "read" or method == "proportional")
    if method == "proportional" or reads == "read" or inner == default:
        rope[PARTIAL] = inner
    elif inner != 1:
        loaded.unread += [PARTIAL] if PARTIAL not in loaded.unread else []
        if reads == "kept" and default is not None:
            rope[PARTIAL] = default
        if reads == "stops":
            rope[PARTIAL] = inner  # the embedding has it; the layers do not fit
            loaded.stop(
                f"{PARTIAL} with {method} makes frequencies for part of a head, and {row.name} "
                "turns all of it: RuntimeError"
            )


def _unless_null(
    default: float | None, config: Section, row: ClassRow, loaded: Loaded
) -> float | None:
    """The part of a class; of a null in its place none, so that all turns, or the class stops."""
    if config.values.get(PARTIAL, 1) is not None or not row.part.get("outside", True):
        return default
    if row.name in PART_LOOKED_UP:
        loaded.stop(f"{PARTIAL} is null, which {row.name} does not take")
    return None


def _read_where(part: Mapping[str, Any], *, scaled: bool) -> str:
    """What a class does with a part: read, kept out of a rope, or it stops."""
    if scaled:
        return str(part.get("scaled", "stops"))
    return {True: "read", "stops": "stops"}.get(part.get("inside", False), "kept")


def _refuse_zero(config: Section, row: ClassRow, inner: Any, *, counts: bool) -> None:
    """A part of 0 rotates nothing, where it is for all layers and the class reads it."""
    if counts and type(inner) in (int, float) and inner == 0 and not row.by_kind:
        config.still(f"{PARTIAL} is 0, so that no pair rotates")


def _outer_part(config: Section, row: ClassRow, loaded: Loaded, counts: bool) -> Any:
    """The factor outside of the rope object, where the class looks there.

    One that does not count may be anything.
    """
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
    return config.number(PARTIAL, high=1) if counts else config.get(PARTIAL)
