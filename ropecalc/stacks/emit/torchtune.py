"""torchtune: arguments of its component builders. Source: version 0.6.1, ``models/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.emit.wanted import Wanted, fixed_base
from ropecalc.stacks.emit.words import as_whole, emission, yaml
from ropecalc.stacks.megatron import LLAMA3

if TYPE_CHECKING:
    from ropecalc.results import Emission

COMPONENTS = {
    "llama": "torchtune.models.llama3.llama3",
    "qwen2": "torchtune.models.qwen2.qwen2",
    "mistral": "torchtune.models.mistral.mistral",
    "gemma": "torchtune.models.gemma.gemma",
}
SCALED = "torchtune.models.llama3_1.llama3_1"
SIZES = (
    "add the model's sizes, as its ready-made builder has them: such builders fix rope_base, so "
    "the component itself is named here"
)


def write(goal: Wanted, stack: str) -> Emission:
    """``model`` of a recipe's YAML."""
    rope = goal.rope
    if rope.rope_type == "llama3":
        return _scaled(goal, stack)
    plain = rope if rope.rope_type == "default" else fixed_base(goal)
    if plain is None:
        note = f"torchtune has no {rope.rope_type} scaling: its builders know llama3's alone"
        return emission(stack, "yaml", "", [note], exact=False)
    why = []
    if plain is not rope:
        why.append(f"torchtune has no {rope.rope_type} scaling: here is the plain base nearest it")
    if rope.rotary_dim != rope.head_dim:
        why.append("torchtune rotates all of a head, where the model rotates a part")
    component = COMPONENTS.get("llama" if goal.model is None else goal.model.model_type or "")
    if component is None:
        note = "name the builder of the model's family: rope_base and max_seq_len are its arguments"
        keys = {"model": {"rope_base": as_whole(plain.base), "max_seq_len": goal.context}}
        return emission(stack, "yaml", yaml(keys), [*why, note], exact=not why)
    return _text(goal, stack, component, plain.base, {}, why)


def _scaled(goal: Wanted, stack: str) -> Emission:
    """llama3_1/_component_builders.py: only the factor is an argument, as in Megatron-LM."""
    given = goal.rope.parameters
    fixed = all(given[key] == value for key, value in LLAMA3.items())
    why = (
        []
        if fixed
        else ["torchtune always has llama3's original length 8,192 and frequency factors 1 and 4"]
    )
    scale = {"scale_factor": as_whole(goal.factor)}
    return _text(goal, stack, SCALED, goal.rope.base, scale, why)


def _text(
    goal: Wanted,
    stack: str,
    component: str,
    base: float,
    scale: dict[str, float],
    why: list[str],
) -> Emission:
    keys = {
        "_component_": component,
        "rope_base": as_whole(base),
        **scale,
        "max_seq_len": goal.context,
    }
    return emission(stack, "yaml", yaml({"model": keys}), [*why, SIZES], exact=not why)
