"""Megatron-LM: arguments of its training script.

Source: commit d98e8a64dd, ``megatron/training/arguments.py``; ``YarnRotaryEmbedding`` of
megatron-core 0.16.1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ropecalc.models.megatron import LLAMA3_FACTOR, is_llama_3_1
from ropecalc.stacks.wanted import Wanted, attention_factor, mscale_for, nearest
from ropecalc.stacks.whole import whole_base
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
    from ropecalc.results import Rope

LABEL, VERSION = "Megatron-LM", "d98e8a64dd"
LATENT = {"original_context": 4096, "beta_fast": 32, "beta_slow": 1}
NOTHING = "Megatron-LM has no {} scaling, and no plain base is near to it"


def write(goal: Wanted) -> Written:
    """A line of arguments."""
    rope, why = nearest(goal, LABEL)
    why = [*_others(goal), *why]
    if rope.rope_type not in ("default", "linear", "yarn", "llama3"):
        return Written("shell", "", [NOTHING.format(rope.rope_type)])
    # --rotary-base is an integer: 1e6 and 500000.0 are refused
    base, about_base = whole_base(rope, goal.context, "Megatron-LM takes whole bases alone")
    scaling, about_scaling, notes = _scaling(goal, rope)
    words = [
        *_kind(rope),
        *("--rotary-base", str(base)),
        *scaling,
        *_dims(rope),
        *("--seq-length", str(goal.context), "--max-position-embeddings", str(goal.context)),
    ]
    why += about_base + about_scaling
    return Written("shell", command(*words), why, notes)


def _others(goal: Wanted) -> list[str]:
    if not goal.others:
        return []
    return ["Megatron-LM has one rope for all layers: this model's other layers would get it too"]


def _kind(rope: Rope) -> list[str]:
    if rope.latent:
        kind = "yarn" if rope.rope_type == "yarn" else "rope"
        return [
            "--position-embedding-type",
            "rope",
            "--multi-latent-attention",
            "--rope-type",
            kind,
        ]
    return ["--position-embedding-type", "yarn" if rope.rope_type == "yarn" else "rope"]


def _dims(rope: Rope) -> list[str]:
    if rope.latent:
        rest = rope.head_dim - rope.rotary_dim
        return ["--qk-head-dim", str(rest), "--qk-pos-emb-head-dim", str(rope.rotary_dim)]
    dims = ["--kv-channels", str(rope.head_dim)]
    if rope.rotary_dim != rope.head_dim:
        from ropecalc.stacks.wanted import partial_factor

        dims += ["--rotary-percent", repr(partial_factor(rope))]
    return dims


def _scaling(goal: Wanted, rope: Rope) -> tuple[list[str], list[str], list[str]]:
    """(arguments, what is not as wanted, what else to know)."""
    if rope.rope_type == "linear":
        return _linear(goal)
    if rope.rope_type == "llama3":
        return _llama3(goal)
    if rope.rope_type == "yarn":
        return _latent_yarn(goal) if rope.latent else _yarn(goal)
    return [], [], []


def _linear(goal: Wanted) -> tuple[list[str], list[str], list[str]]:
    whole = math.ceil(goal.factor)
    why = []
    if whole != goal.factor:
        why.append(f"Megatron-LM takes whole factors alone: {whole} instead of {goal.factor:g}")
    if goal.rope.latent:
        why.append("Megatron-LM does not read this factor with multi-head latent attention")
    return ["--rotary-seq-len-interpolation-factor", str(whole)], why, []


def _llama3(goal: Wanted) -> tuple[list[str], list[str], list[str]]:
    why, notes = [], []
    if not is_llama_3_1(goal.rope):
        why.append("Megatron-LM always has llama3's original length 8,192 and factors 1 and 4")
    if goal.rope.latent:
        why.append("Megatron-LM does not read llama3 with multi-head latent attention")
    if goal.factor != LLAMA3_FACTOR:
        notes.append(
            "Megatron-LM ignored --rope-scaling-factor for GPT models, and took 8, until pull "
            "request 6306 of August 2026: have it merged"
        )
    return ["--use-rope-scaling", "--rope-scaling-factor", repr(goal.factor)], why, notes


def _yarn(goal: Wanted) -> tuple[list[str], list[str], list[str]]:
    given = goal.rope.parameters
    own, whole = mscales(goal)
    words = ["--rotary-scaling-factor", repr(goal.factor)]
    words += ["--yarn-original-max-position-embeddings", str(given["original_context"])]
    words += ["--yarn-beta-fast", repr(float(given.get("beta_fast", 32)))]
    words += ["--yarn-beta-slow", repr(float(given.get("beta_slow", 1)))]
    words += ["--mscale", repr(own), "--mscale-all-dim", repr(whole)]
    rounded = given.get("truncate", True)
    words.append(f"--{'' if rounded else 'no-'}yarn-correction-range-round-to-int")
    partial = goal.rope.rotary_dim != goal.rope.head_dim
    why = ["Megatron-LM's YaRN rotates all of a head, whatever --rotary-percent says"]
    return words, why if partial else [], []


def _latent_yarn(goal: Wanted) -> tuple[list[str], list[str], list[str]]:
    """The rest are fields of its config, with these defaults, and no arguments."""
    given = goal.rope.parameters
    own, whole = mscales(goal)
    words = ["--rotary-scaling-factor", repr(goal.factor)]
    words += ["--mscale", repr(own), "--mscale-all-dim", repr(whole)]
    why = [
        f"{key.replace('original_context', 'original_max_position_embeddings')} is "
        f"{given.get(key, value):g} here, a field of MLATransformerConfig that no argument sets "
        f"({value:g} by default)"
        for key, value in LATENT.items()
        if given.get(key, value) != value
    ]
    if given.get("truncate") is False:
        why.append("Megatron-LM rounds the ends of YaRN's ramp with multi-head latent attention")
    if whole != (given.get("mscale_all_dim") or 0):
        why.append(
            "Megatron-LM has the attention factor and the softmax's scale from the same two "
            "mscales, which cannot say both of these"
        )
    return words, why, []


def mscales(goal: Wanted) -> tuple[float, float]:
    """(mscale, mscale_all_dim) with g(s, mscale) / g(s, mscale_all_dim) = the attention factor.

    g(s, m) = 1 + 0.1 m ln s; neither is negative.
    """
    given = goal.rope.parameters
    if given.get("attention_factor") is None:
        own, whole = given.get("mscale"), given.get("mscale_all_dim")
        return (float(own), float(whole)) if own and whole else (1.0, 0.0)
    factor = attention_factor(goal)
    one = mscale_for(max(factor, 1 / factor), goal.factor)
    if one is None:
        return 1.0, 0.0
    return (one, 0.0) if factor >= 1 else (0.0, one)
