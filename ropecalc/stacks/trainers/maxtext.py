"""MaxText: keys of its YAML.

Source: commit e591f30cb, ``configs/types.py``, ``configs/models/*.yml``, ``layers/attentions.py``
(``init_rotary_embedding``) and ``layers/embeddings.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ropecalc.models.megatron import LLAMA3_FACTOR, is_llama_3_1
from ropecalc.stacks.keys import model_type
from ropecalc.stacks.wanted import (
    TURNS,
    Wanted,
    attention_factor,
    near,
    nearest,
    partial_factor,
    yarn_default,
)
from ropecalc.stacks.whole import whole_base
from ropecalc.stacks.words import Written, yaml

if TYPE_CHECKING:
    from ropecalc.results import Rope

LABEL, VERSION = "MaxText", "e591f30cb"
Keys = dict[str, Any]
# use_mrope comes before every rope_type, and has a base and a part of the head alone
SECTIONED = frozenset(
    "qwen3_vl_text qwen3_vl_moe_text qwen3_omni_moe_text qwen3_5_text qwen3_5_moe_text".split()
)
# decoder blocks that take partial_rotary_factor; any other stops at it
PARTIAL = frozenset("qwen3_next qwen3_5_text qwen3_5_moe_text".split())
NEIGHBOURS = frozenset(["llama4_text"])  # rope_type llama3.1 without its scaling
PERMUTED = frozenset(["llama"])  # the converter makes the pairs of either rope_type
HOW = (
    "put the keys into the model's own file in configs/models, or on the command line with "
    "override_model_config=true: that file wins over a run's"
)


def write(goal: Wanted) -> Written:
    """The keys that change."""
    rope, why = nearest(goal, LABEL)
    if rope.rope_type not in ("default", "linear", "yarn", "llama3"):
        return Written("yaml", "", [f"MaxText has no {rope.rope_type} scaling"])
    keys, about = _keys(goal, rope)
    if goal.others:
        why.append(
            "this model's windowed layers have another rope: local_rope_max_timescale is theirs"
        )
    base, about_base = whole_base(rope, goal.context, "MaxText's configs have whole bases")
    why += about_base
    shape: Keys = {"max_target_length": goal.context, "rope_max_timescale": base}
    if model_type(goal) in PARTIAL and partial_factor(rope) is not None:
        shape["partial_rotary_factor"] = partial_factor(rope)
    why += [*about, *_not_reached(goal, rope)]
    return Written("yaml", yaml({**shape, **keys}), why, [HOW])


def _keys(goal: Wanted, rope: Rope) -> tuple[Keys, list[str]]:
    if rope.rope_type == "llama3":
        return _llama3(goal)
    if rope.rope_type == "yarn":
        return _yarn(goal)
    # the softmax of latent attention is scaled wherever the first of the two is the larger
    alike = ("max_position_embeddings", "original_max_position_embeddings")
    unscaled = dict.fromkeys(alike, goal.context) if rope.latent else {}
    if rope.rope_type == "default" and _neighbours(goal):
        return {"rope_type": "llama3.1", "rope_use_scale": False, **unscaled}, []
    factor = rope.factor or 1.0
    return {"rope_type": "default", "rope_linear_scaling_factor": factor, **unscaled}, []


def _neighbours(goal: Wanted) -> bool:
    """Whether the model's pairs are neighbouring dimensions, as those of rope_type llama3.1 are."""
    scaled = goal.was is not None and goal.was.rope_type == "llama3"
    return scaled or model_type(goal) in NEIGHBOURS


def _not_reached(goal: Wanted, rope: Rope) -> list[str]:
    """What the class that MaxText takes for this model leaves out."""
    method, name = rope.rope_type, model_type(goal)
    why = []
    if method != "default" and name in SECTIONED:
        why.append(f"MaxText has this model's rope in sections (use_mrope), with no {method}")
    elif method == "linear" and (name in PARTIAL or _neighbours(goal)):
        why.append("MaxText has no linear factor in the rope of this model")
    elif method == "yarn" and _is_llama_3_1(goal):
        why.append(
            "MaxText gives a model_name that begins with llama3.1 that model's own rope, whatever "
            "rope_type is"
        )
    elif method == "llama3" and name not in PERMUTED | {""} and not _neighbours(goal):
        why.append("MaxText's llama3.1 turns neighbouring dimensions, and this model's halves")
    return [*why, *_whole_heads(rope, name)]


def _whole_heads(rope: Rope, name: str) -> list[str]:
    if rope.latent or rope.rotary_dim == rope.head_dim:
        return []
    if name in PARTIAL and (rope.rope_type == "default" or name in SECTIONED):
        return []
    which = f"its {rope.rope_type}" if name in PARTIAL else "this model's rope"
    return [f"MaxText has {which} on whole heads: partial_rotary_factor is for Qwen 3 Next alone"]


def _is_llama_3_1(goal: Wanted) -> bool:
    was = goal.was
    if was is None or was.rope_type != "llama3":
        return False
    return is_llama_3_1(was) and was.factor == LLAMA3_FACTOR


def _llama3(goal: Wanted) -> tuple[Keys, list[str]]:
    """Of Llama 3.1 its configs have the switch alone, no numbers."""
    fixed = is_llama_3_1(goal.rope)
    why = "MaxText has llama3.1's own numbers: factor 8, length 8,192, frequency factors 1 and 4"
    keys = {"rope_type": "llama3.1", "rope_use_scale": True}
    return keys, [] if fixed and goal.factor == LLAMA3_FACTOR else [why]


def _yarn(goal: Wanted) -> tuple[Keys, list[str]]:
    """The attention factor g(s, 1) is on or off; with latent attention mscale is the softmax's."""
    given, factor = goal.rope.parameters, attention_factor(goal)
    scaled = near(factor, yarn_default(goal)) and not near(factor, 1.0)
    turns = {key: float(given.get(key, at)) for key, at in TURNS.items()}
    whole = {key: round(value) for key, value in turns.items()}
    times = math.ceil(goal.factor)
    keys = {
        "rope_type": "yarn",
        "rope_factor": times,
        "original_max_position_embeddings": given["original_context"],
        "max_position_embeddings": goal.reach,
        **whole,
        "rope_truncate": given.get("truncate", True),
        "rope_attention_scaling": scaled,
        "rope_interleave": goal.rope.latent or _neighbours(goal),
    }
    if goal.rope.latent:
        keys["mscale"] = float(given.get("mscale_all_dim") or 0.0)
    why = []
    if times != goal.factor:
        why.append(f"MaxText takes whole factors alone: {times} in the place of {goal.factor:g}")
    why += [
        f"MaxText takes whole turns alone: {key} {whole[key]} in the place of {value:g}"
        for key, value in turns.items()
        if value != whole[key]
    ]
    if not (scaled or near(factor, 1.0)):
        alone = f"MaxText has YaRN's attention factor as 1 or as {yarn_default(goal):.6g} alone"
        why.append(f"{alone}, and not as {factor:.6g}")
    return keys, why
