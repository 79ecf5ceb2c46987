"""LitGPT: keys of a checkpoint's ``model_config.yaml``. Source: version 0.5.13, ``config.py`` and
``model.py`` (``build_rope_cache``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ropecalc.stacks.emit.wanted import Wanted, attention_factor, fixed_base, near, partial_factor
from ropecalc.stacks.emit.words import as_whole, emission, yaml

if TYPE_CHECKING:
    from ropecalc.results import Emission, Rope

INVERTED = (
    "LitGPT 0.5.13 has YaRN's ramp the wrong way round: it divides the high frequencies by the "
    "factor and leaves the low ones, the opposite of what is wanted"
)


def write(goal: Wanted, stack: str) -> Emission:
    """The keys that change."""
    rope, why = goal.rope, []
    plain = fixed_base(goal)
    if plain is not None:
        why.append(f"LitGPT has no {rope.rope_type} scaling: here is the plain base nearest to it")
        rope = plain
    if rope.rope_type not in ("default", "linear", "yarn", "llama3"):
        note = f"LitGPT has no {rope.rope_type} scaling"
        return emission(stack, "yaml", "", [note], exact=False)
    if rope.rope_type == "yarn":
        why += _not_in_yarn(goal)
    keys: dict[str, Any] = {"block_size": goal.context, "rope_base": as_whole(rope.base)}
    partial = partial_factor(rope)
    if partial is not None:
        keys["rotary_percentage"] = partial
    keys |= _scaling(rope)
    if goal.others:
        why.append(
            "rope_adjustments and rope_base are those of all layers, but for rope_local_base_freq "
            "and rope_indices, which are to be set for the others"
        )
    notes = [*why, "put the keys into the checkpoint's model_config.yaml"]
    return emission(stack, "yaml", yaml(keys), notes, exact=not why)


def _scaling(rope: Rope) -> dict[str, Any]:
    """rope_condense_ratio 1 and no adjustments, or the one of them that is meant."""
    given = rope.parameters
    off: dict[str, Any] = {"rope_condense_ratio": 1, "rope_adjustments": None}
    if rope.rope_type == "default":
        return off
    if rope.rope_type == "linear":
        return {**off, "rope_condense_ratio": as_whole(float(given["factor"]))}
    names = {
        "llama3": ("low_freq_factor", "high_freq_factor"),
        "yarn": ("beta_fast", "beta_slow", "mscale", "mscale_all_dim"),
    }
    defaults = {"beta_fast": 32.0, "beta_slow": 1.0}
    values = {key: given.get(key, defaults.get(key)) for key in names[rope.rope_type]}
    kept = {key: float(value) for key, value in values.items() if value is not None}
    original = {"original_max_seq_len": given["original_context"]}
    return {**off, "rope_adjustments": {"factor": float(given["factor"]), **kept, **original}}


def _not_in_yarn(goal: Wanted) -> list[str]:
    why = [INVERTED]
    given = goal.rope.parameters
    if given.get("truncate") is False:
        why.append("LitGPT always rounds the ends of YaRN's ramp")
    pair = given.get("mscale") and given.get("mscale_all_dim")
    if not pair and not near(attention_factor(goal), 1.0):
        why.append("LitGPT has no attention factor unless both mscale and mscale_all_dim are given")
    return why
