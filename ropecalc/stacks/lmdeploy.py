"""LMDeploy (0.18.0): ``--hf-overrides``, which are merged key by key.

Ran: ``lmdeploy/pytorch/config.py`` (``override_hf_config``), ``pytorch/nn/rotary_embedding.py``;
read: the classes in ``pytorch/models``, ``turbomind/models/utils.py`` (``parse_rope_param``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.models import classes
from ropecalc.results import StackRule
from ropecalc.scaling import mscale
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.keys import SPELLINGS, expressible, five, nested_in_text, old_object
from ropecalc.stacks.loaded import CONTEXT, RefusedError, loaded
from ropecalc.stacks.loading import refusal_on_loading, without_class
from ropecalc.stacks.servers import Overriding
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "LMDeploy", "0.18.0"
TURBOMIND = "TurboMind, its other backend, does not know {}: add --backend pytorch"
COMMAND = Overriding(
    "--hf-overrides",
    "--session-len",
    "an overriding object is merged into the file's",
    "lmdeploy/pytorch/config.py override_hf_config",
)
override, start = COMMAND.override, COMMAND.start
ROPES, MODELS = "lmdeploy/pytorch/nn/rotary_embedding.py", "lmdeploy/pytorch/models"
CLASSES = frozenset(
    "deepseek deepseek_v2 deepseek_v3 deepseek_v32 gemma gemma2 gemma3_text glm4 glm4_moe "
    "glm4_moe_lite glm_moe_dsa gpt_oss internlm2 internlm3 kimi_k2 llama llama4_text mistral "
    "mixtral phi3 qwen2 qwen2_5_vl_text qwen2_moe qwen2_vl_text qwen3 qwen3_5_moe_text "
    "qwen3_5_text qwen3_moe qwen3_next qwen3_vl_moe_text qwen3_vl_text".split()
)


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
    if rope.rope_type in ("longrope", "proportional"):
        notes.append(TURBOMIND.format(rope.rope_type))
    if rope.rope_type == "yarn" and rope.parameters.get("truncate") is False:
        notes.append(TURBOMIND.format("truncate"))
    return Written("shell", text, why, notes)


def run(asked: Asked) -> Taken:
    """What its PyTorch engine computes of the file's object with the overriding one in it."""
    taken = Taken(asked.rope, asked.context, asked.context or asked.rope.context)
    taken.refusal = without_class(asked.model) or refusal_on_loading(asked)
    if taken.refusal is None and asked.model_type not in CLASSES | {""}:
        taken.refusal = StackRule(f"it has no code for {asked.model_type}", MODELS)
    if taken.refusal is not None:
        return taken
    try:
        _computed(asked, _merged(asked), taken)
    except RefusedError as refused:
        taken.refusal = refused.rule
    return taken


def _merged(asked: Asked) -> dict[str, Any]:
    """The object of a kind of layer; one without the factor of its code stops Gemma 3."""
    file = replace(asked, start=replace(asked.start, changed={}))
    beside = asked.model_type in classes.ORIGINAL_CONTEXT
    found, kind = loaded(file, {}, beside=beside), asked.rope.layer_type
    given = asked.start.changed.get("rope_parameters") or {}
    if not found.nested:
        return {**found.flat(), **given}
    merged = {**found.of(kind), **(given.get(kind) or {})}
    if asked.model_type != "gemma3_text":
        raise RefusedError("it reads no objects by kind of layer: AttributeError", ROPES, ran=False)
    if asked.rope.window is not None:
        return {"rope_type": "default", "rope_theta": merged["rope_theta"]}
    if "factor" not in merged:
        raise RefusedError("its code of the class looks up factor: KeyError", MODELS, ran=False)
    return {**merged, "rope_type": "linear"}


def _computed(asked: Asked, values: Mapping[str, Any], taken: Taken) -> None:
    method = values.get("rope_type", values.get("type", "default"))
    if method not in METHODS:
        raise RefusedError(f"it does not know the rope_type {method}: KeyError", ROPES)
    part, rope = as_number(values.get("partial_rotary_factor")), asked.rope
    dims = int(asked.head * (1.0 if part is None else part))
    base = float(values.get("rope_theta") or classes.PLAIN_BASE)
    changed = asked.start.changed.get(CONTEXT)
    length = changed if isinstance(changed, int) else rope.context or 0
    taken.rope = replace(rope, base=base, rotary_dim=dims)
    beside = {ORIGINAL: asked.length(ORIGINAL)} if asked.length(ORIGINAL) else {}
    name, given = METHODS[method]({**beside, **values}, length)
    taken.set(name, **given)
    if name == "longrope":
        taken.rule("longrope has an attention factor by the two lengths alone", ROPES)
    factor = as_number(values.get("factor")) or 1.0
    whole = as_number(values.get("mscale_all_dim")) or 0.0
    taken.softmax_factor = mscale(factor, whole) ** 2 if rope.latent and whole else 1.0


Parameters = tuple[str, dict[str, Any]]


def _looked_up(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    missing = [key for key in keys if values.get(key) is None]
    if missing:
        raise RefusedError(f"it looks up {missing[0]}: KeyError", ROPES)
    return {key: values[key] for key in keys}


def _default(_: Mapping[str, Any], __: int) -> Parameters:
    return "default", {}


def _linear(values: Mapping[str, Any], _: int) -> Parameters:
    return "linear", _looked_up(values, "factor")


def _dynamic(values: Mapping[str, Any], length: int) -> Parameters:
    return "dynamic", {**_looked_up(values, "factor"), "original_context": length}


def _yarn(values: Mapping[str, Any], length: int) -> Parameters:
    factor = float(_looked_up(values, "factor")["factor"])
    over, under = values.get("mscale", 1), values.get("mscale_all_dim", 0)
    value = values.get("attention_factor")
    if value is None:
        both = over and under and "attention_factor" not in values
        value = mscale(factor, over) / mscale(factor, under) if both else mscale(factor)
    own = {key: values.get(key) for key in ("beta_fast", "beta_slow")}
    original = values.get(ORIGINAL) or length
    truncate = bool(values.get("truncate", True))
    parts = {"original_context": original, "attention_factor": value, "truncate": truncate}
    return "yarn", {"factor": factor, **parts, **own}


def _llama3(values: Mapping[str, Any], _: int) -> Parameters:
    given = _looked_up(values, "factor", "low_freq_factor", "high_freq_factor")
    return "llama3", {**given, "original_context": values.get(ORIGINAL, 8192)}


def _longrope(values: Mapping[str, Any], length: int) -> Parameters:
    """Two lists, by the longest prompt of a batch; an attention factor from the lengths alone."""
    from ropecalc.scaling import longrope_attention_factor

    lists = _looked_up(values, "short_factor", "long_factor")
    original = values.get(ORIGINAL) or length
    factor = longrope_attention_factor(length / original, original)
    return "longrope", {**lists, "original_context": original, "attention_factor": factor}


METHODS = {
    "default": _default,
    "mrope": _default,
    "linear": _linear,
    "dynamic": _dynamic,
    "yarn": _yarn,
    "llama3": _llama3,
    "longrope": _longrope,
    "su": _longrope,
}
