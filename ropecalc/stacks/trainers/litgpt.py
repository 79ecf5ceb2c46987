"""LitGPT: keys of a checkpoint's ``model_config.yaml``. Source: version 0.5.13, ``config.py`` and
``model.py`` (``build_rope_cache``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ropecalc.stacks.wanted import (
    TURNS,
    Wanted,
    mscale_for,
    near,
    nearest,
    partial_factor,
)
from ropecalc.stacks.words import Written, as_whole, yaml

if TYPE_CHECKING:
    from ropecalc.results import Rope

LABEL, VERSION = "LitGPT", "0.5.13"
INVERTED = (
    "LitGPT 0.5.13 has YaRN's ramp the wrong way round: it divides the high frequencies by the "
    "factor and leaves the low ones, the opposite of what is wanted"
)


def write(goal: Wanted) -> Written:
    """The keys that change."""
    rope, why = nearest(goal, LABEL)
    if rope.rope_type not in ("default", "linear", "yarn", "llama3"):
        note = f"LitGPT has no {rope.rope_type} scaling"
        return Written("yaml", "", [note])
    if rope.rope_type == "yarn":
        why += _not_in_yarn(goal)
    keys: dict[str, Any] = {"block_size": goal.context, "rope_base": as_whole(rope.base)}
    partial = partial_factor(rope)
    if partial is not None:
        keys["rotary_percentage"] = partial
    keys |= _scaling(goal, rope)
    if goal.others:
        why.append(
            "rope_adjustments and rope_base are those of all layers, but for rope_local_base_freq "
            "and rope_indices, which are to be set for the others"
        )
    note = "put the keys into the checkpoint's model_config.yaml"
    return Written("yaml", yaml(keys), why, [note])


def _scaling(goal: Wanted, rope: Rope) -> dict[str, Any]:
    """rope_condense_ratio 1 and no adjustments, or the one of them that is meant."""
    given = rope.parameters
    off: dict[str, Any] = {"rope_condense_ratio": 1, "rope_adjustments": None}
    if rope.rope_type == "default":
        return off
    if rope.rope_type == "linear":
        return {**off, "rope_condense_ratio": as_whole(float(given["factor"]))}
    numbers = {"factor": float(given["factor"])}
    if rope.rope_type == "llama3":
        numbers |= {key: float(given[key]) for key in ("low_freq_factor", "high_freq_factor")}
    else:
        # both turns have to be there
        numbers |= {key: float(given.get(key) or turns) for key, turns in TURNS.items()}
        numbers |= _mscales(goal)
    original = {"original_max_seq_len": given["original_context"]}
    return {**off, "rope_adjustments": {**numbers, **original}}


def _mscales(goal: Wanted) -> dict[str, float]:
    """The mscales of YaRN's attention factor A and of the softmax's own.

    cos and sin have g(s, mscale) / g(s, mscale_all_dim), or g of the one that there is, and 1
    without either; the softmax has the square of g(s, mscale_all_dim). g(s, m) = 1 + 0.1 m ln s.
    """
    from ropecalc.scaling import from_rope

    spectrum = from_rope(goal.rope, goal.context)
    whole = math.sqrt(spectrum.softmax_factor)  # g(s, mscale_all_dim)
    own = spectrum.attention_factor * whole  # g(s, mscale)
    factors = {"mscale": own, "mscale_all_dim": whole}
    found = {key: mscale_for(g, goal.factor) for key, g in factors.items() if not near(g, 1)}
    return {key: round(one, 12) for key, one in found.items() if one is not None}


def _not_in_yarn(goal: Wanted) -> list[str]:
    why = [INVERTED]
    if goal.rope.parameters.get("truncate") is False:
        why.append("LitGPT always rounds the ends of YaRN's ramp")
    return why
