"""Unsloth (2026.10.9): ``rope_scaling`` of ``FastLanguageModel.from_pretrained``.

Read: ``unsloth/models/llama.py``. It takes linear, yarn and llama3, not for Gemma 1 and 2. Without
it a max_seq_length above the model's own context brings linear scaling by their ratio, but for a
model that has llama3 already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.keys import expressible, is_nested, model_type, rope_keys
from ropecalc.stacks.words import Written, python

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "Unsloth", "2026.10.9"
TAKEN = ("linear", "yarn", "llama3")
WITHOUT = frozenset(["gemma", "gemma2"])
PATCH = "put the setting into config.json (ropecalc emit --in-place), and load that"


def write(goal: Wanted) -> Written:
    """The call that loads the model."""
    rope = expressible(goal)
    call = {"model_name": goal.setting.model_name, "max_seq_length": goal.context}
    if goal.as_it_was:
        return Written("python", _call(call), _stretched(goal))
    if rope.rope_type not in TAKEN or model_type(goal) in WITHOUT:
        what = "rope_theta" if rope.rope_type == "default" else f"{rope.rope_type} scaling"
        return Written("python", "", [f"Unsloth takes no {what} for this model: {PATCH}"])
    why = []
    if is_nested(goal):
        why.append("Unsloth sets one rope for all layers, where this model has one a kind")
    return Written("python", _call({**call, "rope_scaling": rope_keys(rope)}), why)


def _stretched(goal: Wanted) -> list[str]:
    own = goal.own_context
    if own is None or own >= goal.context or goal.rope.rope_type == "llama3":
        return []
    ratio = goal.context / own
    return [f"Unsloth divides positions by {ratio:g} above the model's own {own:,} tokens"]


def _call(arguments: dict[str, object]) -> str:
    lines = "".join(f"    {key}={python(value)},\n" for key, value in arguments.items())
    return f"model, tokenizer = FastLanguageModel.from_pretrained(\n{lines})"
