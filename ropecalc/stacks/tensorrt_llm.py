"""TensorRT-LLM: keys of a model's config.json, in the form of transformers 4.

Read: ``tensorrt_llm/_torch/attention_backend/interface.py`` at commit 000a01de66
(``RopeParams.from_config``) and ``RopeEmbeddingUtils`` in ``tensorrt_llm/functional.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.errors import UnsupportedError
from ropecalc.models import classes
from ropecalc.scaling import mscale
from ropecalc.stacks import patched
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.keys import four, nested_in_text
from ropecalc.stacks.wanted import deeds
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "TensorRT-LLM", "000a01de66"
READS_ITSELF = True
override = patched.override
ROPES = "tensorrt_llm/_torch/attention_backend/interface.py"
UTILS = "tensorrt_llm/functional.py RopeEmbeddingUtils"
HOW = (
    "put the keys into the model's config.json, and start trtllm-serve with --max_seq_len {}: it "
    "has no option for RoPE, and its classes read rope_theta and rope_scaling"
)
ONE = "TensorRT-LLM has one rope for all layers but in classes that know of two"


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    text = pretty(nested_in_text(goal, four(goal)))
    return Written("json", text, (), [HOW.format(goal.context)])


def run(asked: Asked) -> Taken:
    """What ``RopeParams`` has of rope_theta and rope_scaling, in classes of one rope."""
    text = asked.text
    if len({deeds(rope) for rope in asked.model.ropes}) > 1:
        raise UnsupportedError(ONE)
    taken = Taken(asked.rope, None, asked.context or asked.rope.context)
    base = as_number(text.get("rope_theta")) or classes.default_base(asked.model_type)
    part = as_number(text.get("rotary_pct")) or as_number(text.get("partial_rotary_factor"))
    part = part or classes.default_part(asked.model_type) or 1.0
    dims = text.get("rotary_dim") or text.get("qk_rope_head_dim") or asked.rope.head_dim * part
    taken.rope = replace(asked.rope, base=base or classes.PLAIN_BASE, rotary_dim=int(dims))
    scaling = text.get("rope_scaling") or {}
    method = scaling.get("type") or scaling.get("rope_type")
    if method is None or method == "mrope":
        taken.set("default")
    elif method in METHODS:
        METHODS[method](asked, scaling, taken)
    else:
        raise UnsupportedError(f"what TensorRT-LLM computes for {method} is not known here")
    return taken


def _original(asked: Asked, scaling: Mapping[str, Any]) -> int:
    return asked.length(ORIGINAL) or scaling.get(ORIGINAL) or 1024


def _linear(_: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    taken.set("linear", factor=float(scaling.get("factor", 1.0)))


def _llama3(asked: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    defaults = {"factor": 1.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    given = {key: scaling.get(key, value) for key, value in defaults.items()}
    taken.set("llama3", **given, original_context=_original(asked, scaling))


def _yarn(asked: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    """mscale is 1 and mscale_all_dim 0 unless given; no other key has a say."""
    factor = float(scaling.get("factor", 1.0))
    under = float(scaling.get("mscale_all_dim", 0.0))
    value = mscale(factor, float(scaling.get("mscale", 1.0))) / mscale(factor, under)
    for key in ("truncate", "attention_factor"):
        if scaling.get(key) is not None:
            taken.rule(f"YaRN does not read {key}", ROPES)
    turns = {key: scaling.get(key) for key in ("beta_fast", "beta_slow")}
    parts = {"original_context": _original(asked, scaling), "attention_factor": value}
    taken.set("yarn", factor=factor, **parts, **turns)
    taken.softmax_factor = mscale(factor, under) ** 2 if asked.rope.latent else 1.0


def _longrope(asked: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    """One list, whatever the length, and an attention factor from the two lengths alone."""
    from ropecalc.scaling import longrope_attention_factor

    original, length = _original(asked, scaling), asked.length("max_position_embeddings") or 0
    taken.rule("longrope has long_factor for prompts of any length", UTILS)
    long = tuple(scaling["long_factor"])
    factor = longrope_attention_factor(length / original, original)
    parts = {"original_context": original, "attention_factor": factor}
    taken.set("longrope", short_factor=long, long_factor=long, **parts)


METHODS = {"linear": _linear, "llama3": _llama3, "yarn": _yarn, "longrope": _longrope}
