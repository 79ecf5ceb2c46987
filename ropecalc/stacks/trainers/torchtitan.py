"""torchtitan: Python of its model configs. Source: version 0.3.0, ``models/common/rope.py``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ropecalc.stacks.keys import model_type, old_object
from ropecalc.stacks.wanted import (
    Wanted,
    attention_factor,
    mscale_for,
    near,
    nearest,
    yarn_default,
)
from ropecalc.stacks.words import Written, python

if TYPE_CHECKING:
    from ropecalc.results import Rope

LABEL, VERSION = "torchtitan", "0.3.0"
LLAMA = {
    "scaling_factor": "factor",
    "low_freq_factor": "low_freq_factor",
    "high_freq_factor": "high_freq_factor",
    "original_max_position_embeddings": "original_context",
}
# The class that a family's models have, and that its state_dict_adapter.py needs before it takes
# a checkpoint: models/*/__init__.py. RoPE itself computes nothing.
COMPLEX, COS_SIN, SECTIONS = "ComplexRoPE", "CosSinRoPE", "MRoPE"
CLASSES = {
    **dict.fromkeys(["llama", "deepseek_v3", "kimi_k2"], COMPLEX),
    **dict.fromkeys(["qwen3", "qwen3_moe", "gpt_oss"], COS_SIN),
    **dict.fromkeys(["qwen3_5_text", "qwen3_5_moe_text"], SECTIONS),
}
SOFTMAX_BY_FACTOR = frozenset(["gpt_oss"])  # its softmax has the square of g(s, 1) with YaRN


def write(goal: Wanted) -> Written:
    """The ``Config`` of a class of rotary embeddings."""
    rope, why = nearest(goal, LABEL)
    if rope.rope_type not in ("default", "llama3", "yarn"):
        note = f"torchtitan has no {rope.rope_type} scaling: it knows none, llama and yarn"
        return Written("python", "", [note])
    name = _class(goal, rope)
    why += [*_class_differs(goal, name), *_part_of_a_head(rope, name)]
    notes: list[str] = []
    if rope.rope_type == "yarn":
        about, notes = _attention(goal)
        why += about
    if rope.rope_type == "llama3" and model_type(goal) not in CLASSES:
        notes.append("CosSinRoPE has no llama scaling: the model must use the complex form")
    keys = {"dim": rope.rotary_dim, "max_seq_len": goal.context, **_keys(rope)}
    if name == SECTIONS:
        keys["mrope_section"] = _sections(goal, rope)
    return Written("python", _text(name, keys), why, notes)


def _class(goal: Wanted, rope: Rope) -> str:
    """The family's; of others the one with the pairs of transformers, unless llama's scaling or
    latent attention needs the complex one.
    """
    if rope.rope_type == "llama3" or rope.latent:
        return COMPLEX
    return CLASSES.get(model_type(goal), COS_SIN)


def _class_differs(goal: Wanted, name: str) -> list[str]:
    own = CLASSES.get(model_type(goal), name)
    if own == name:
        return []
    why = (
        f"torchtitan has llama scaling in {name} alone, where its models of this family have "
        f"{own} and load no checkpoint into another"
    )
    return [why]


def _part_of_a_head(rope: Rope, name: str) -> list[str]:
    """The attention of Qwen 3.5 and latent attention split a head by themselves."""
    if rope.latent or name == SECTIONS or rope.rotary_dim == rope.head_dim:
        return []
    why = (
        f"torchtitan's attention rotates whole heads: {rope.rotary_dim} of {rope.head_dim} "
        "dimensions stop it with an error"
    )
    return [why]


def _attention(goal: Wanted) -> tuple[list[str], list[str]]:
    """(what is not as wanted, what else to know) of YaRN's attention factor.

    The softmax's scale has it; cos and sin never do. Latent attention multiplies the scale by the
    square of g(s, mscale), an argument of its config (``models/deepseek_v3/model.py``).
    """
    from ropecalc.scaling import from_rope

    factor = attention_factor(goal)
    if model_type(goal) in SOFTMAX_BY_FACTOR:
        alone = f"torchtitan's model takes the attention factor {yarn_default(goal):.6g} alone"
        fits = near(factor, yarn_default(goal))
        return ([] if fits else [f"{alone}, and not {factor:.6g}"]), []
    why = []
    if not near(factor, 1.0):
        why.append(
            "torchtitan has YaRN's attention factor in the softmax scale, by its own mscale, and "
            f"not in cos and sin: see that its attention has {factor:.6g} squared there"
        )
    softmax = math.sqrt(from_rope(goal.rope, goal.context).softmax_factor)
    own = mscale_for(softmax, goal.factor)
    if not goal.rope.latent or own is None:
        return why, []
    return why, [f"the Attention.Config beside it needs mscale={round(own, 12)!r}"]


def _sections(goal: Wanted, rope: Rope) -> list[int]:
    """The file's own, or what Qwen 3.5 has: the pairs in three, the first of them the largest."""
    given = old_object(goal).get("mrope_section")
    if isinstance(given, list):
        return given
    pairs = rope.rotary_dim // 2
    return [(pairs + 2) // 3, (pairs + 1) // 3, pairs // 3]


def _keys(rope: Rope) -> dict[str, object]:
    keys: dict[str, object] = {"theta": float(rope.base)}
    given = rope.parameters
    if rope.rope_type == "llama3":
        numbers = {theirs: given[ours] for theirs, ours in LLAMA.items()}
        return {**keys, "scaling": "llama", **numbers}
    if rope.rope_type == "yarn":
        return {
            **keys,
            "scaling": "yarn",
            "rope_factor": float(given["factor"]),
            "beta_fast": float(given.get("beta_fast", 32)),
            "beta_slow": float(given.get("beta_slow", 1)),
            "original_seq_len": given["original_context"],
            "truncate": given.get("truncate", True),
        }
    return {**keys, "scaling": "none"}


def _text(name: str, keys: dict[str, object]) -> str:
    lines = "".join(f"    {key}={python(value)},\n" for key, value in keys.items())
    return f"{name}.Config(\n{lines})"
