"""LMDeploy (0.18.0): ``--hf-overrides``, which are merged key by key.

Read: ``lmdeploy/pytorch/config.py`` (``override_hf_config``), ``pytorch/nn/rotary_embedding.py``
and ``turbomind/models/utils.py`` (``parse_rope_param``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ropecalc.stacks.keys import SPELLINGS, expressible, five, nested_in_text, old_object
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
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
    if rope.rope_type in ("longrope", "proportional"):
        notes.append(TURBOMIND.format(rope.rope_type))
    if rope.rope_type == "yarn" and rope.parameters.get("truncate") is False:
        notes.append(TURBOMIND.format("truncate"))
    return Written("shell", text, why, notes)
