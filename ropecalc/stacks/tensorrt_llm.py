"""TensorRT-LLM: keys of a model's config.json, in the form of transformers 4.

Read: ``tensorrt_llm/_torch/attention_backend/interface.py`` at commit 000a01de66
(``RopeParams.from_config``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.keys import expressible, four, nested_in_text
from ropecalc.stacks.wanted import attention_factor, near, yarn_default
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "TensorRT-LLM", "000a01de66"
HOW = (
    "put the keys into the model's config.json, and start trtllm-serve with --max_seq_len {}: it "
    "has no option for RoPE, and its classes read rope_theta and rope_scaling"
)


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    rope, why = expressible(goal), []
    given = rope.parameters
    if rope.rope_type == "yarn":
        if given.get("truncate") is False:
            why.append("TensorRT-LLM does not read truncate: the ends of the ramp are rounded")
        scaled = given.get("attention_factor") is not None
        if scaled and not near(attention_factor(goal), yarn_default(goal)):
            why.append("TensorRT-LLM does not read attention_factor: it has mscale alone")
    if rope.rope_type in ("dynamic", "proportional"):
        why.append(f"what TensorRT-LLM computes for {rope.rope_type} is not known here")
    if goal.others:
        why.append("TensorRT-LLM has one rope for all layers but in classes that know of two")
    text = pretty(nested_in_text(goal, four(goal)))
    return Written("json", text, why, [HOW.format(goal.context)])
