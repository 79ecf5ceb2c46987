"""Megatron-Bridge: fields of a model provider.

Source: version 0.3.1, ``models/gpt_provider.py`` and the providers of each family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.models.megatron import is_llama_3_1
from ropecalc.stacks.trainers.megatron_lm import LATENT, mscales
from ropecalc.stacks.wanted import Wanted, nearest, partial_factor
from ropecalc.stacks.words import Written, as_whole, python

if TYPE_CHECKING:
    from ropecalc.results import Rope

LABEL, VERSION = "Megatron-Bridge", "0.3.1"
Fields = dict[str, object]
PLAIN: Fields = {"position_embedding_type": "rope"}  # gpt-oss's provider has yarn by default
UNSCALED: Fields = {"rope_scaling": False}


def write(goal: Wanted) -> Written:
    """Assignments to ``provider``."""
    rope, why = nearest(goal, LABEL)
    if rope.rope_type not in ("default", "yarn", "llama3"):
        note = f"Megatron-Bridge has no field for {rope.rope_type} scaling that is known here"
        return Written("python", "", [note])
    if goal.others:
        why.append("a provider has one rope for all layers, where this model has several")
    fields: Fields = {"seq_length": goal.context, "rotary_base": as_whole(rope.base)}
    if partial_factor(rope) is not None:
        fields["rotary_percent"] = partial_factor(rope)
    more, about = _scaling(goal, rope)
    text = "\n".join(f"provider.{name} = {python(v)}" for name, v in {**fields, **more}.items())
    return Written(
        "python", text, [*why, *about], ["Megatron-Bridge 0.3.1 needs transformers before 5"]
    )


def _scaling(goal: Wanted, rope: Rope) -> tuple[Fields, list[str]]:
    if rope.rope_type == "llama3" and rope.latent:
        why = "a provider does not read llama3 with multi-head latent attention: its own YaRN stays"
        return {"rotary_scaling_factor": 1.0}, [why]
    if rope.rope_type == "llama3":
        why = "a provider always has llama3's original length 8,192 and frequency factors 1 and 4"
        # rope_scaling_factor is 1.0 by default here, and not 8 as in Megatron-LM
        fields: Fields = {**PLAIN, "rope_scaling": True, "rope_scaling_factor": goal.factor}
        return fields, [] if is_llama_3_1(rope) else [why]
    if rope.rope_type == "default":
        return ({"rotary_scaling_factor": 1.0} if rope.latent else {**PLAIN, **UNSCALED}), []
    return _latent(goal) if rope.latent else _yarn(goal)


def _yarn(goal: Wanted) -> tuple[Fields, list[str]]:
    given = goal.rope.parameters
    own, whole = mscales(goal)
    fields = {
        "position_embedding_type": "yarn",
        "yarn_rotary_scaling_factor": goal.factor,
        "yarn_original_max_position_embeddings": given["original_context"],
        "yarn_beta_fast": float(given.get("beta_fast", 32)),
        "yarn_beta_slow": float(given.get("beta_slow", 1)),
        "yarn_mscale": own,
        "yarn_mscale_all_dim": whole,
        "yarn_correction_range_round_to_int": given.get("truncate", True),
    }
    partial = goal.rope.rotary_dim != goal.rope.head_dim
    why = ["Megatron's YaRN rotates all of a head, whatever rotary_percent says"]
    return fields, why if partial else []


def _latent(goal: Wanted) -> tuple[Fields, list[str]]:
    given = goal.rope.parameters
    own, whole = mscales(goal)
    fields = {
        "rotary_scaling_factor": goal.factor,
        "original_max_position_embeddings": given["original_context"],
        **{key: float(given.get(key, LATENT[key])) for key in ("beta_fast", "beta_slow")},
        "mscale": own,
        "mscale_all_dim": whole,
    }
    odd = given.get("truncate") is False or whole != (given.get("mscale_all_dim") or 0)
    why = "with multi-head latent attention a provider has neither truncate nor an attention factor"
    return fields, [why] if odd else []
