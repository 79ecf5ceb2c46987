"""ms-swift (4.6.0): ``--rope_scaling`` with an object, and ``--max_model_len``.

Read: ``swift/arguments/base_args/model_args.py`` (``_init_rope_scaling``) and
``swift/model/register.py``. With transformers 5 the object replaces rope_parameters, and takes
rope_theta and partial_rotary_factor of the file where it has none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ropecalc.stacks.keys import expressible, is_nested, parameters_object
from ropecalc.stacks.transformers.write import not_in_five
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "ms-swift", "4.6.0"
FIVE = "with transformers 4 ms-swift's rope_scaling has no say over rope_theta: install version 5"


def write(goal: Wanted) -> Written:
    """Options of ``swift sft`` and its like."""
    rope, why = expressible(goal), list(not_in_five(goal))
    words: list[str | float] = ["--model", goal.setting.model_name, "--max_length", goal.context]
    if goal.as_it_was:
        return Written("shell", command("swift", "sft", *words), why)
    if is_nested(goal):
        why.append("ms-swift sets one rope for all layers, where this model has one a kind")
    if rope.rope_type == "dynamic":
        why.append("ms-swift raises max_position_embeddings, which dynamic scaling begins from")
    scaling = json.dumps(parameters_object(goal, rope))
    words += ["--rope_scaling", scaling]
    if rope.rope_type not in ("default", "dynamic"):
        words += ["--max_model_len", goal.context]
    return Written("shell", command("swift", "sft", *words), why, [FIVE])
