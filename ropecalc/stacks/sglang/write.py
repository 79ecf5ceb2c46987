"""SGLang: ``--json-model-override-args`` and ``--context-length``.

Source: ``utils/hf_transformers`` (``config.py``, ``get_context_length``) and
``layers/rotary_embedding``.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.stacks.backend import by_transformers
from ropecalc.stacks.keys import (
    ORIGINAL,
    Keys,
    expressible,
    is_nested,
    longer,
    model_type,
    nested_for_override,
    old_object,
    own_kind,
    parameters_object,
    remarks,
    rope_keys,
    top_level,
)
from ropecalc.stacks.sglang import classes
from ropecalc.stacks.sglang.run import LENGTH_KEYS
from ropecalc.stacks.wanted import TURNS, Wanted, as_lists, attention_factor, fixed_base
from ropecalc.stacks.whole import whole_base
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
    from ropecalc.results import Rope

# the override is merged into the file's object: what the file says and the setting does not would
# stay, so it is set to what has no effect
NEUTRAL: dict[str, Any] = {
    "factor": 1.0,
    "attn_factor": 1.0,
    "extrapolation_factor": 1.0,
    "mscale": None,
    "mscale_all_dim": None,
    **TURNS,
    "truncate": True,
}


def write(goal: Wanted) -> Written:
    """One command."""
    rope, why = _by_class(goal, *_rope(goal))
    if model_type(goal) in classes.UNSCALED and rope.rope_type != "default":
        unscaled = f"SGLang's code for {model_type(goal)} passes no scaling on: its rope is plain"
        return Written("shell", "", [unscaled])
    told = replace(goal, rope=rope)
    if model_type(goal) in classes.FLAT and is_nested(goal):
        return _flat(told, why)
    keys = {**_top_level(told), "rope_parameters": _object(told, rope)}
    return Written("shell", _command(told, keys), why, [*_beside(told), *remarks(told, rope)])


def _beside(goal: Wanted) -> list[str]:
    given, kind = goal.rope.parameters, goal.rope.rope_type
    own_code = model_type(goal) not in classes.BY_TRANSFORMERS
    if kind != "longrope" or not own_code or given["short_factor"] == given["long_factor"]:
        return []
    original = given["original_context"]
    return [f"one prompt above {original:,} tokens gives all of its batch long_factor in SGLang"]


def _top_level(goal: Wanted) -> Keys:
    """The keys beside the object: a length that allows the context, and a base that is read."""
    rope, keys = goal.rope, top_level(goal, goal.rope)
    # an original length stays in the merged object, and stops the factor from counting
    counts = rope.rope_type == "linear" and not is_nested(goal) and ORIGINAL not in old_object(goal)
    needed = math.ceil(goal.context / goal.factor) if counts else goal.context
    keys |= longer(goal, LENGTH_KEYS, needed)
    if classes.code_of(model_type(goal)).base is not None:
        keys["rope_theta"] = float(rope.base)  # its code does not look into the object
    return keys


def _command(goal: Wanted, keys: Keys) -> str:
    overrides = json.dumps(nested_for_override(goal, keys), allow_nan=False)
    return command(
        *("python", "-m", "sglang.launch_server", "--model-path", goal.setting.model_name),
        *("--json-model-override-args", overrides, "--context-length", goal.context),
    )


def _flat(goal: Wanted, why: list[str]) -> Written:
    """For OLMo 3, whose config here has one flat rope, scaled for full attention alone."""
    rope, kind = goal.rope, model_type(goal)
    if not own_kind(goal):
        note = f"SGLang's code for {kind} has no rope of its own for {rope.layer_type} layers"
        return Written("shell", "", [note])
    bases = {other.base for other in goal.others if other.window is not None} - {rope.base}
    if bases:
        one, theirs = (" and ".join(f"{b:,.17g}" for b in own) for own in ({rope.base}, bases))
        note = f"SGLang's code for {kind} has one base for all layers: {one} instead of {theirs}"
        why = [*why, f"{note} in the others"]
    if any(other.rope_type != "default" for other in goal.others):
        why = [*why, f"SGLang's code for {kind} scales layers of full attention alone"]
    own, old = _alone(rope_keys(rope)), old_object(goal)
    rest = {key: value for key, value in NEUTRAL.items() if key in old and key not in own}
    keys = {**_top_level(goal), "rope_parameters": {**own, **rest}}
    alone = replace(goal, setting=replace(goal.setting, model=None))
    return Written("shell", _command(goal, keys), why, [*_beside(goal), *remarks(alone, rope)])


def _by_class(goal: Wanted, rope: Rope, why: list[str]) -> tuple[Rope, list[str]]:
    """The rope with the whole base that the code of some classes takes."""
    if model_type(goal) not in classes.WHOLE_BASE:
        return rope, why
    reason = f"SGLang's code for {model_type(goal)} takes whole bases alone"
    base, told = whole_base(rope, goal.context, reason)
    return replace(rope, base=float(base)), [*why, *told]


def _object(goal: Wanted, rope: Rope) -> dict[str, Any]:
    keys = parameters_object(goal, rope)
    if is_nested(goal):
        if model_type(goal) in classes.OWN_FUNCTIONS:
            return keys
        return {
            kind: _alone(part) if kind == rope.layer_type else part for kind, part in keys.items()
        }
    old, own, neutral = old_object(goal), _alone(keys), NEUTRAL
    if rope.latent:  # whose mscales are numbers, or absent
        neutral = {**NEUTRAL, "mscale": 1.0, "mscale_all_dim": 0.0}
    if model_type(goal) in classes.BY_TRANSFORMERS:  # which reads attention_factor
        own, neutral = keys, {**NEUTRAL, "attention_factor": None}
    return {**own, **{key: v for key, v in neutral.items() if key in old and key not in own}}


def _alone(keys: dict[str, Any]) -> dict[str, Any]:
    """attention_factor is not read; attn_factor is, and multiplies what YaRN has by itself."""
    wanted = keys.get("attention_factor")
    if keys.get("rope_type") != "yarn" or wanted is None:
        return keys
    from ropecalc.scaling import mscale

    s, own, whole = keys["factor"], keys.get("mscale"), keys.get("mscale_all_dim")
    by_itself = mscale(s, 1.0)
    if own is not None and whole is not None:
        by_itself = mscale(s, own) / mscale(s, whole)
    kept = {key: value for key, value in keys.items() if key != "attention_factor"}
    return {**kept, "attn_factor": wanted / by_itself}


def _rope(goal: Wanted) -> tuple[Rope, list[str]]:
    """The rope that is written, and what SGLang does not do of the one that is wanted."""
    rope, method = goal.rope, goal.rope.rope_type
    if model_type(goal) in classes.BY_TRANSFORMERS:
        return by_transformers(goal, "SGLang")
    code = classes.code_of(model_type(goal))
    listed = method == "ntk_fixed" and code.neox and code.scaled and not rope.latent
    fixed = None if listed else fixed_base(goal)
    if fixed is not None:
        why = {
            "dynamic": "SGLang's dynamic scaling is that of the longest context for every prompt: "
            f"here is the base that it has at {goal.context:,} tokens, for all",
            "ntk_fixed": "SGLang has no such scaling for this class: here is b s as a plain base, "
            "by which every frequency is larger by one factor, s^(2/r)",
        }
        return fixed, [why[method]]
    if listed or method == "divided":
        rope = as_lists(goal)
    elif method != "longrope":
        rope = expressible(goal)
    if rope.rope_type == "longrope":
        # Phi3LongRoPEScaledRotaryEmbedding has the attention factor from the ratio of the
        # contexts, but for these two
        factor = attention_factor(goal)
        mscales = {"short_mscale": factor, "long_mscale": factor}
        return replace(rope, parameters={**rope.parameters, **mscales}), []
    given = rope.parameters
    why_latent = [
        f"SGLang ignores {key} of YaRN with multi-head latent attention"
        for key in ("attention_factor", "truncate")
        if rope.latent and given.get(key) not in (None, True)
    ]
    if method == "proportional" and goal.factor != 1:
        why_latent.append("SGLang ignores the factor of a proportional rope")
    return rope, why_latent
