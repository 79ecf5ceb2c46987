"""ExLlamaV3 (1.6.5), with TabbyAPI or alone: keys of a model's config.json.

Read: ``exllamav3/util/rope.py``. It has no option for RoPE: alpha and scale were ExLlamaV2's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.keys import expressible, four, nested_in_text
from ropecalc.stacks.wanted import attention_factor, fixed_base, near, yarn_default
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "ExLlamaV3", "1.6.5"
HOW = "put the keys into the model's config.json: rope_alpha and rope_scale do nothing here"


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    from dataclasses import replace

    why = []
    plain = fixed_base(goal) if goal.rope.rope_type == "dynamic" else None
    if plain is not None:
        why.append("ExLlamaV3 has no dynamic scaling: here is the base at the whole context")
        goal = replace(goal, rope=plain)
    rope = expressible(goal)
    given = rope.parameters
    if rope.rope_type == "yarn":
        own = given.get("attention_factor") is None
        if own and not near(attention_factor(goal), yarn_default(goal)) and not rope.latent:
            why.append("ExLlamaV3 reads mscale of latent attention alone: set attention_factor")
    if rope.rope_type == "longrope" and given.get("attention_factor") is not None:
        from ropecalc.scaling import longrope_attention_factor

        length = given["original_context"]
        ratio = max(goal.context, goal.own_context or 0) / length
        if not near(attention_factor(goal), longrope_attention_factor(ratio, length)):
            why.append("ExLlamaV3 has longrope's attention factor from the two lengths alone")
    return Written("json", pretty(nested_in_text(goal, four(goal))), why, [HOW])
