"""transformers 5.23.0: what ``ropecalc.models.huggingface`` reads, and what it leaves out of it."""

from __future__ import annotations

from ropecalc.models import classes
from ropecalc.models.raw import ROPE_KEYS
from ropecalc.results import StackRule
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken
from ropecalc.stacks.loading import has_null_head_dim, refusal_on_loading, without_class

ROPES = "src/transformers/modeling_rope_utils.py"
CONFIGS = "src/transformers/configuration_utils.py"
AS_READ = "deepseek_yarn"  # YaRN that a command line gives Phi-3, whose files mean another method
FORWARD = "RuntimeError"  # of sizes that do not fit, whoever wrote them
KNOWN = ("default", "linear", "dynamic", "yarn", "longrope", "llama3", "proportional")


def run(asked: Asked) -> Taken:
    """The rope as it was read, at the length at hand; nothing enforces the usable length."""
    taken = built(asked)
    taken.refusal = taken.refusal or _of_class(asked)
    return taken


def built(asked: Asked) -> Taken:
    """The rotary embedding alone, as its class loads and builds it."""
    rope = asked.rope
    taken = Taken(rope, asked.context or rope.context, rope.context)
    if rope.rope_type == "yarn":
        _yarn(asked, taken)
    if rope.rope_type == "dynamic":
        text = "dynamic scaling grows the base with the length at hand, beyond the context alone"
        taken.rule(text, f"{ROPES} dynamic_frequency_update")
    if rope.rope_type == "longrope":
        _longrope(asked, taken)
    if all(asked.text.get(key) is not None for key in ROPE_KEYS):
        text = "rope_scaling goes before rope_parameters where a file has both"
        taken.rule(text, f"{CONFIGS} convert_rope_params_to_dict")
    taken.refusal = refusal_on_loading(asked) or _refusal(asked)
    return taken


def _of_class(asked: Asked) -> StackRule | None:
    """What stops the whole model, by the row of its class: another stack's code may not."""
    stops = asked.model.stops
    if stops is None or (asked.flags and not stops.endswith(FORWARD)):
        return without_class(asked.model)
    return StackRule(stops, "src/transformers/models, run")


def _yarn(asked: Asked, taken: Taken) -> None:
    if asked.number("attn_factor") is not None:
        text = "attn_factor is no key of YaRN: it is left out (the name is attention_factor)"
        taken.rule(text, f"{ROPES} _validate_yarn_rope_parameters")
    if asked.nested and asked.values.get("truncate") is False:
        text = "truncate is looked for beside the kinds of layers, not within: the ramp is rounded"
        taken.rule(text, f"{ROPES} _compute_yarn_parameters")
    if asked.values and not asked.values.get(ORIGINAL) and not asked.text.get(ORIGINAL):
        text = f"{ORIGINAL} is absent: the context is taken for it, without a word"
        taken.rule(text, f"{CONFIGS} convert_rope_params_to_dict")


def _longrope(asked: Asked, taken: Taken) -> None:
    """PhiMoE's code has the mscale of the length at hand, and short_factor always."""
    if asked.model_type in classes.MSCALES_NEEDED:
        text = "its code never takes long_factor, but long_mscale beyond the original context"
        taken.rule(text, "src/transformers/models/phimoe/modeling_phimoe.py")
        taken.set(long_factor=asked.rope.parameters["short_factor"])
        return
    text = "each forward pass whose positions go beyond the original context has long_factor"
    taken.rule(text, f"{ROPES} longrope_frequency_update")


def _refusal(asked: Asked) -> StackRule | None:
    method = asked.rope.rope_type
    renamed = set(classes.LONGROPE_BY_OTHER_NAMES.get(asked.model_type, ()))
    if renamed and "rope_type" in asked.flags:
        renamed.add(AS_READ)
    if method != "default" and asked.written not in (None, *KNOWN, *renamed):
        text = f"it does not know the rope_type {asked.written}: KeyError"
        return StackRule(text, f"{ROPES} ROPE_INIT_FUNCTIONS", code="unknown-type")
    if asked.rope.rope_type == "yarn" and asked.values and "factor" not in asked.values:
        text = "YaRN without a factor is refused: KeyError (a null is the ratio of the lengths)"
        return StackRule(text, f"{ROPES} _check_received_keys", code="missing-factor")
    if method in classes.MULTIPLY_HEAD_DIM and has_null_head_dim(asked):
        text = f"{method} scaling multiplies head_dim, which is null in {asked.model_type} unless "
        return StackRule(f"{text}it is written: TypeError", f"{ROPES} ROPE_INIT_FUNCTIONS")
    return None
