"""transformers 5 and 4: keys of a ``config.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.keys import (
    expressible,
    five_in_file,
    fixed_length,
    nested_in_text,
    nested_truncate,
    remarks,
)
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

# transformers 5.23, from_pretrained and the rope_scaling setter: neither merges, and a lone
# rope_theta is ignored where the config has rope_parameters already
INTO_THE_FILE = (
    "put the keys into config.json; given to from_pretrained instead, rope_parameters must be this "
    "whole object, and must be there before the model is built"
)


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    text = pretty(nested_in_text(goal, five_in_file(goal)))
    notes = [*factor_note(goal), *remarks(goal, expressible(goal)), INTO_THE_FILE]
    return Written("json", text, not_in_five(goal), notes)


def not_in_five(goal: Wanted) -> list[str]:
    """What transformers 5 does not compute of the setting."""
    why: list[str] = []
    if nested_truncate(goal):
        # modeling_rope_utils.py, 5.23: config.rope_parameters.get("truncate", True), whose outer
        # object has only the kinds of layers
        why.append(
            "transformers 5 reads truncate beside the kinds of layers, where it does not belong: "
            "this truncate false is taken for true, which moves the ends of YaRN's ramp"
        )
    return why + fixed_length(goal)


def factor_note(goal: Wanted) -> list[str]:
    """What is to be known of a factor of a proportional rope."""
    if goal.rope.rope_type == "proportional" and goal.factor != 1:
        return ["transformers uses this factor, and warns that it does not know the key"]
    return []
