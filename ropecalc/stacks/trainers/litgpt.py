"""LitGPT: keys of a checkpoint's ``model_config.yaml``. Ran: version 0.5.13, ``model.py``
(``build_rope_cache``); read: ``config.py``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.errors import UnsupportedError
from ropecalc.stacks.start import Start
from ropecalc.stacks.wanted import (
    TURNS,
    Wanted,
    deeds,
    mscale_for,
    near,
    nearest,
    partial_factor,
)
from ropecalc.stacks.words import Written, as_whole, yaml, yaml_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ropecalc.results import ModelConfig, Rope
    from ropecalc.stacks.asked import Asked, Taken

LABEL, VERSION = "LitGPT", "0.5.13"
INVERTED = (
    "LitGPT 0.5.13 has YaRN's ramp the wrong way round: it divides the high frequencies by the "
    "factor and leaves the low ones, the opposite of YaRN"
)


def write(goal: Wanted) -> Written:
    """The keys that change."""
    rope, why = nearest(goal, LABEL)
    if rope.rope_type not in ("default", "linear", "yarn", "llama3"):
        note = f"LitGPT has no {rope.rope_type} scaling"
        return Written("yaml", "", [note])
    if rope.rope_type == "yarn":
        why.append(INVERTED)
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


def override(model: ModelConfig, text: str) -> Start:
    """The model with these keys in its checkpoint's file."""
    keys = yaml_of(text)
    return Start(model, keys["block_size"], changed=keys)


def run(asked: Asked) -> Taken:
    """What ``build_rope_cache`` makes of the keys, in a model of one rope."""
    from ropecalc.stacks.asked import Taken

    if len({deeds(rope) for rope in asked.model.ropes}) > 1:
        raise UnsupportedError("LitGPT's rope_local_base_freq is not worked out here")
    keys, rope = asked.start.changed, asked.rope
    taken = Taken(rope, None, asked.context)
    taken.softmax_factor = 1.0
    taken.rope = replace(rope, base=float(keys["rope_base"]))
    given = keys["rope_adjustments"]
    ratio = float(keys["rope_condense_ratio"])
    if given is None:
        taken.set("linear" if ratio != 1 else "default", factor=ratio if ratio != 1 else None)
    elif "beta_fast" in given:
        taken.rule(INVERTED, "litgpt/model.py build_rope_cache")
        taken.set("divided", divisors=_inverted(taken.rope, given), attention_factor=_factor(given))
        whole = float(given.get("mscale_all_dim") or 0.0)
        taken.softmax_factor = _g(float(given["factor"]), whole) ** 2
    else:
        numbers = {key: value for key, value in given.items() if key != "original_max_seq_len"}
        taken.set("llama3", **numbers, original_context=given["original_max_seq_len"])
    return taken


def _factor(given: Mapping[str, Any]) -> float:
    """The attention factor: 1 without an mscale."""
    over, under = (float(given.get(key) or 0.0) for key in ("mscale", "mscale_all_dim"))
    s = float(given["factor"])
    return _g(s, over) / _g(s, under) if over and under else _g(s, over or under)


def _g(s: float, weight: float) -> float:
    """yarn_get_mscale, of a weight that may be below 0."""
    return 1.0 if s <= 1 else 1 + 0.1 * weight * math.log(s)


def _inverted(rope: Rope, given: Mapping[str, Any]) -> tuple[float, ...]:
    """1 / ((1 - g_i) / s + g_i), where g_i is YaRN's ramp between the two turns."""
    n, s, length = rope.rotary_dim // 2, float(given["factor"]), given["original_max_seq_len"]

    def pair(turns: float) -> float:
        return n * math.log(length / (turns * 2 * math.pi)) / math.log(rope.base)

    low, high = pair(given["beta_fast"]), pair(given["beta_slow"])
    if given.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, n - 1)
    high += 0.001 if low == high else 0
    ramp = [min(max((at - low) / (high - low), 0.0), 1.0) for at in range(n)]
    return tuple(1 / ((1 - g) / s + g) for g in ramp)
