"""axolotl: keys of its YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.keys import expressible, five, nested_in_text, remarks
from ropecalc.stacks.transformers import override as transformers
from ropecalc.stacks.transformers.run import run as run_transformers
from ropecalc.stacks.transformers.write import not_in_five
from ropecalc.stacks.words import Written, yaml, yaml_of

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from ropecalc.stacks.start import Start
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "axolotl", "0.19.0"
run = run_transformers


def write(goal: Wanted) -> Written:
    """``overrides_of_model_config``, with the context beside it.

    axolotl 0.19, ``loaders/utils.py``: each key is set on the config as it is, so the object
    has to be whole; a top-level ``rope_scaling`` raises "no longer supported".
    """
    keys = five(goal)
    if nested_in_text(goal, keys) != keys:
        note = (
            "axolotl sets keys on the outer config, and this model has its rope in text_config: "
            "change its config.json instead"
        )
        text = yaml({"sequence_len": goal.context})
        return Written("yaml", text, [note])
    why = not_in_five(goal)
    text = yaml({"sequence_len": goal.context, "overrides_of_model_config": keys})
    return Written("yaml", text, why, remarks(goal, expressible(goal)))


def override(model: ModelConfig, text: str) -> Start:
    """The model as transformers has it with each of the keys set on the outer config."""
    given = yaml_of(text)
    keys = given.get("overrides_of_model_config", {})
    return transformers.start(model, keys, given["sequence_len"])
