"""LMDeploy (0.18.0): ``--hf-overrides``, which are merged key by key.

Read: ``lmdeploy/pytorch/config.py`` (``override_hf_config``), ``pytorch/nn/rotary_embedding.py``
and ``turbomind/models/utils.py`` (``parse_rope_param``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ropecalc.stacks.keys import SPELLINGS, expressible, five, nested_in_text, old_object
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
    from ropecalc.results import Rope
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "LMDeploy", "0.18.0"
TURBOMIND = "TurboMind, its other backend, does not know {}: add --backend pytorch"


def write(goal: Wanted) -> Written:
    """One command line."""
    rope = expressible(goal)
    keys = five(goal)
    text = command(
        *("lmdeploy", "serve", "api_server", goal.setting.model_name),
        *("--session-len", goal.context),
        *("--hf-overrides", json.dumps(nested_in_text(goal, keys))),
    )
    why, notes = [], []
    left = [key for key in old_object(goal) if key in SPELLINGS - {"type"}]
    left = [key for key in left if key not in keys["rope_parameters"]]
    if left:
        why.append(f"the overriding object is merged into the file's, whose {left[0]} stays")
    if rope.rope_type == "dynamic":
        why.append("LMDeploy has dynamic scaling by the length at hand, for each prompt apart")
    if rope.rope_type == "longrope" and not _has_own_factor(rope, keys):
        why.append("LMDeploy has longrope's own attention factor, by the two lengths alone")
    if rope.rope_type in ("longrope", "proportional"):
        notes.append(TURBOMIND.format(rope.rope_type))
    if rope.rope_type == "yarn" and rope.parameters.get("truncate") is False:
        notes.append(TURBOMIND.format("truncate"))
    return Written("shell", text, why, notes)


def _has_own_factor(rope: Rope, keys: Mapping[str, Any]) -> bool:
    """Whether the attention factor of a longrope is that of M over L, the only one there is."""
    from ropecalc.scaling import from_rope, longrope_attention_factor

    length, original = keys.get("max_position_embeddings", rope.context), rope.original_context
    if not length or not original:
        return False
    wanted = from_rope(rope, length).attention_factor
    own = longrope_attention_factor(length / original, original)
    return math.isclose(own, wanted)
