"""torchtitan: Python of its model configs. Source: version 0.3.0, ``models/common/rope.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.emit.wanted import Wanted, attention_factor, fixed_base
from ropecalc.stacks.emit.words import emission, python

if TYPE_CHECKING:
    from ropecalc.results import Emission, Rope

LLAMA = {
    "scaling_factor": "factor",
    "low_freq_factor": "low_freq_factor",
    "high_freq_factor": "high_freq_factor",
    "original_max_position_embeddings": "original_context",
}


def write(goal: Wanted, stack: str) -> Emission:
    """A ``RoPE.Config``."""
    rope, why = goal.rope, []
    plain = fixed_base(goal)
    if plain is not None:
        why.append(f"torchtitan has no {rope.rope_type} scaling: here is the plain base nearest it")
        rope = plain
    if rope.rope_type not in ("default", "llama3", "yarn"):
        note = f"torchtitan has no {rope.rope_type} scaling: it knows none, llama and yarn"
        return emission(stack, "python", "", [note], exact=False)
    factor = attention_factor(goal)
    notes = []
    if rope.rope_type == "yarn" and factor != 1:
        # the model's attention multiplies its softmax scale; cos and sin stay as they are
        why.append(
            "torchtitan has YaRN's attention factor in the softmax scale, by its own mscale, and "
            f"not in cos and sin: see that its attention has {factor:.6g} squared there"
        )
    if rope.rope_type == "llama3":
        notes.append("CosSinRoPE has no llama scaling: the model must use the complex form")
    text = _text({"dim": rope.rotary_dim, "max_seq_len": goal.context, **_keys(rope)})
    return emission(stack, "python", text, [*why, *notes], exact=not why)


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


def _text(keys: dict[str, object]) -> str:
    lines = "".join(f"    {key}={python(value)},\n" for key, value in keys.items())
    return f"RoPE.Config(\n{lines})"
