"""Unsloth (2026.10.9): ``rope_scaling`` of ``FastLanguageModel.from_pretrained``.

Read: ``unsloth/models/llama.py``, ``loader.py`` and ``vision.py``. Its own code of a few classes
takes linear, yarn and llama3 alone, and for Gemma 1 and 2 none; there a max_seq_length above the
model's own context brings linear scaling by their ratio, but for a model that has llama3 already.
Any other class is transformers' own, with the object in its config, in Gemma 3 for full attention.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ropecalc.models.attention import FULL
from ropecalc.models.classes import reads_by_kind_alone
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.stacks.keys import expressible, is_nested, model_type, rope_keys
from ropecalc.stacks.loaded import CONTEXT, within
from ropecalc.stacks.transformers import override as transformers
from ropecalc.stacks.transformers.run import run as run_transformers
from ropecalc.stacks.transformers.write import not_in_five
from ropecalc.stacks.words import Written, python

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from ropecalc.stacks.asked import Asked, Taken
    from ropecalc.stacks.start import Start
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "Unsloth", "2026.10.9"
TAKEN = ("linear", "yarn", "llama3")
WITHOUT = frozenset(["gemma", "gemma2"])
OWN = frozenset("llama mistral qwen2 qwen3".split()) | WITHOUT
PATCH = "put the setting into config.json (ropecalc emit --in-place), and load that"


def write(goal: Wanted) -> Written:
    """The call that loads the model."""
    rope, kind = expressible(goal), model_type(goal)
    call: dict[str, object] = {"model_name": goal.setting.model_name}
    call["max_seq_length"] = goal.context
    if goal.as_it_was:
        return Written("python", _call(call), _stretched(goal))
    if kind in OWN and (rope.rope_type not in TAKEN or kind in WITHOUT):
        what = "rope_theta" if rope.rope_type == "default" else f"{rope.rope_type} scaling"
        return Written("python", "", [f"Unsloth takes no {what} for this model: {PATCH}"])
    if is_nested(goal) and rope.layer_type not in (FULL, EVERY_LAYER):
        return Written("python", "", [f"Unsloth sets the rope of full attention alone: {PATCH}"])
    return Written("python", _call({**call, "rope_scaling": rope_keys(rope)}), not_in_five(goal))


def _stretched(goal: Wanted) -> list[str]:
    own = goal.own_context
    if own is None or own >= goal.context or goal.rope.rope_type == "llama3":
        return []
    ratio = goal.context / own
    return [f"Unsloth divides positions by {ratio:g} above the model's own {own:,} tokens"]


def _call(arguments: dict[str, object]) -> str:
    lines = "".join(f"    {key}={python(value)},\n" for key, value in arguments.items())
    return f"model, tokenizer = FastLanguageModel.from_pretrained(\n{lines})"


def override(model: ModelConfig, text: str) -> Start:
    """The model as a call of ``write`` loads it."""
    call = ast.parse(text).body[0]
    assert isinstance(call, ast.Assign)
    assert isinstance(call.value, ast.Call)
    given = {one.arg: ast.literal_eval(one.value) for one in call.value.keywords}
    length, own = given["max_seq_length"], model.context or given["max_seq_length"]
    scaling, rope = given.get("rope_scaling"), model.rope
    stretched = model.model_type in OWN and length > own and rope.rope_type != "llama3"
    if scaling is None and stretched:
        scaling = {"rope_type": "linear", "factor": length / own, "rope_theta": rope.base}
    keys: dict[str, Any] = {CONTEXT: max(length, own)} if model.model_type in OWN else {}
    if scaling is not None:
        kinds = {one.layer_type: rope_keys(one) for one in model.ropes}
        by_kind = reads_by_kind_alone(model.model_type)
        keys["rope_parameters"] = {**kinds, FULL: scaling} if by_kind else scaling
    return transformers.start(model, within(keys, model.document), length)


def run(asked: Asked) -> Taken:
    """As transformers, but that its own code of Gemma 1 and 2 passes over a scaling."""
    taken = run_transformers(asked)
    if asked.model_type in WITHOUT and taken.rope.rope_type != "default":
        taken.set("default")
        taken.rule("its code for Gemma 1 and 2 reads no scaling", "unsloth/models/gemma.py")
    return taken
