"""MaxText: keys of its YAML. Source: commit e591f30cb, ``configs/models/*.yml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ropecalc.stacks.emit.wanted import (
    Wanted,
    attention_factor,
    fixed_base,
    near,
    partial_factor,
    yarn_default,
)
from ropecalc.stacks.emit.whole import whole_base
from ropecalc.stacks.emit.words import emission, yaml
from ropecalc.stacks.megatron import LLAMA3, LLAMA3_FACTOR

if TYPE_CHECKING:
    from ropecalc.results import Emission, Rope

Keys = dict[str, Any]


def write(goal: Wanted, stack: str) -> Emission:
    """The keys that change."""
    rope, why = goal.rope, []
    plain = fixed_base(goal)
    if plain is not None:
        why.append(f"MaxText has no {rope.rope_type} scaling: here is the plain base nearest to it")
        rope = plain
    if rope.rope_type not in ("default", "linear", "yarn", "llama3"):
        return emission(
            stack, "yaml", "", [f"MaxText has no {rope.rope_type} scaling"], exact=False
        )
    keys, about = _keys(goal, rope)
    if goal.others:
        why.append(
            "this model's windowed layers have another rope: local_rope_max_timescale is theirs"
        )
    base, about_base = whole_base(rope, goal.context, "MaxText's configs have whole bases")
    why += about_base
    shape: Keys = {"max_target_length": goal.context, "rope_max_timescale": base}
    if partial_factor(rope) is not None:
        shape["partial_rotary_factor"] = partial_factor(rope)
    why += about
    return emission(stack, "yaml", yaml({**shape, **keys}), why, exact=not why)


def _keys(goal: Wanted, rope: Rope) -> tuple[Keys, list[str]]:
    if rope.rope_type == "llama3":
        return _llama3(goal)
    if rope.rope_type == "yarn":
        return _yarn(goal)
    return {"rope_type": "default", "rope_linear_scaling_factor": rope.factor or 1.0}, []


def _llama3(goal: Wanted) -> tuple[Keys, list[str]]:
    """Of Llama 3.1 its configs have the switch alone, no numbers."""
    given = {**goal.rope.parameters}
    fixed = all(given[key] == value for key, value in LLAMA3.items())
    why = "MaxText has llama3.1's own numbers: factor 8, length 8,192, frequency factors 1 and 4"
    keys = {"rope_type": "llama3.1", "rope_use_scale": True}
    return keys, [] if fixed and goal.factor == LLAMA3_FACTOR else [why]


def _yarn(goal: Wanted) -> tuple[Keys, list[str]]:
    """The attention factor g(s, 1) is on or off; with latent attention mscale is the softmax's."""
    given, factor = goal.rope.parameters, attention_factor(goal)
    scaled = near(factor, yarn_default(goal)) and not near(factor, 1.0)
    keys = {
        "rope_type": "yarn",
        "rope_factor": goal.factor,
        "original_max_position_embeddings": given["original_context"],
        "max_position_embeddings": goal.reach,
        "beta_fast": float(given.get("beta_fast", 32)),
        "beta_slow": float(given.get("beta_slow", 1)),
        "rope_truncate": given.get("truncate", True),
        "rope_attention_scaling": scaled,
    }
    if given.get("mscale_all_dim") is not None:
        keys["mscale"] = float(given["mscale_all_dim"])
    fits = scaled or near(factor, 1.0)
    why = f"MaxText has YaRN's attention factor as 1 or as {yarn_default(goal):.6g} alone"
    return keys, [] if fits else [f"{why}, and not as {factor:.6g}"]
