"""ms-swift (4.6.0): ``--rope_scaling`` with an object, and ``--max_model_len``.

Read: ``swift/arguments/base_args/model_args.py`` (``_init_rope_scaling``) and
``swift/model/register.py``. With transformers 5 the object replaces rope_parameters, and takes
rope_theta and partial_rotary_factor of the file where it has none.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ropecalc.errors import UnsupportedError
from ropecalc.models.huggingface import is_nested
from ropecalc.stacks.keys import ORIGINAL, expressible, parameters_object
from ropecalc.stacks.loaded import CONTEXT, within
from ropecalc.stacks.start import Start
from ropecalc.stacks.transformers import override as transformers
from ropecalc.stacks.transformers.run import run as run_transformers
from ropecalc.stacks.transformers.write import not_in_five
from ropecalc.stacks.words import Written, command, json_of, length_of, options_of

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "ms-swift", "4.6.0"
run = run_transformers
FIVE = "with transformers 4 ms-swift's rope_scaling has no say over rope_theta: install version 5"


def write(goal: Wanted) -> Written:
    """Options of ``swift sft`` and its like."""
    rope = expressible(goal)
    words: list[str | float] = ["--model", goal.setting.model_name, "--max_length", goal.context]
    if goal.as_it_was:
        return Written("shell", command("swift", "sft", *words), not_in_five(goal))
    words += ["--rope_scaling", json.dumps(parameters_object(goal, rope))]
    if rope.rope_type not in ("default", "dynamic"):
        words += ["--max_model_len", goal.context]
    return Written("shell", command("swift", "sft", *words), not_in_five(goal), [FIVE])


def override(model: ModelConfig, text: str) -> Start:
    """The model as a command of ``write`` loads it; the original length and the factor are filled
    in, and max_position_embeddings becomes --max_model_len, or their product.
    """
    given = options_of(text)
    length, whole = length_of(given, "--max_length"), length_of(given, "--max_model_len")
    scaling = json_of(given, "--rope_scaling")
    if not scaling:
        return Start(model, length)
    if is_nested(scaling):
        raise UnsupportedError("ms-swift sets one rope for all layers: this model has one a kind")
    if "factor" in scaling or whole is not None or scaling.get("rope_type") != "default":
        known = model.rope.original_context or model.context or length or 1
        original = scaling.get(ORIGINAL) or known
        scaling.setdefault("factor", float(math.ceil((whole or original) / original)))
        scaling[ORIGINAL] = original
        whole = whole or int(original * scaling["factor"])
    keys: dict[str, Any] = {"rope_parameters": scaling, **({CONTEXT: whole} if whole else {})}
    return transformers.start(model, within(keys, model.document), length)
