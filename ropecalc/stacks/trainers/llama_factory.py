"""LLaMA-Factory: keys of its YAML. Source: version 0.9.5, ``model/model_utils/rope.py``."""

from __future__ import annotations

import math

from ropecalc.models.raw import text_keys
from ropecalc.stacks.keys import ORIGINAL, old_object
from ropecalc.stacks.wanted import Wanted, attention_factor, near, yarn_default
from ropecalc.stacks.words import Written, tokens, yaml

LABEL, VERSION = "LLaMA-Factory", "0.9.5"
KNOWN = ("linear", "dynamic", "yarn", "llama3")
PATCH = "put the setting into config.json (ropecalc emit --in-place), and train on that"
TRANSFORMERS_4 = (
    "with transformers 5 LLaMA-Factory's rope_scaling loses rope_theta, and the model is not "
    "built: install transformers 4.55 to 4.57 for it"
)


def write(goal: Wanted) -> Written:
    """``rope_scaling`` and ``cutoff_len``, from which it makes all else by itself."""
    keys: dict[str, object] = {"cutoff_len": goal.context}
    if goal.as_it_was:
        note = "the model's own config.json has the setting already, and is used as it is"
        return Written("yaml", yaml(keys), (), [note])
    method = goal.rope.rope_type
    if method not in KNOWN:
        what = "rope_theta" if method == "default" else f"{method} scaling"
        note = f"LLaMA-Factory has no key for {what}: {PATCH}"
        return Written("yaml", yaml(keys), [note])
    why = _differences(goal)
    keys = {"rope_scaling": method, **keys}
    notes = [*([PATCH] if why else []), TRANSFORMERS_4]
    return Written("yaml", yaml(keys), why, notes)


def _differences(goal: Wanted) -> list[str]:
    """What it makes of the two keys that is not the setting.

    It takes ceil(cutoff_len / L) for the factor.
    """
    rope, why = goal.rope, []
    length = _length(goal)
    if length is None or length >= goal.context:
        own = "the model's own context" if length is None else f"the model's own {tokens(length)}"
        return [f"LLaMA-Factory scales only to a cutoff_len above {own}"]
    factor = math.ceil(goal.context / length)
    if factor != goal.factor:
        why.append(
            f"LLaMA-Factory rounds the factor up to a whole {factor} from {tokens(length)}, "
            f"where the setting has {goal.factor:g}"
        )
    if rope.original_context not in (None, length):
        why.append(
            f"LLaMA-Factory takes the model's {tokens(length)} for the original length, where the "
            f"setting has {rope.original_context:,}"
        )
    if goal.was is not None and goal.was.base != rope.base:
        why.append("LLaMA-Factory has no key for rope_theta, and keeps the model's own base")
    if _in_newer_form(goal):
        why.append("transformers 4 does not read the file's rope_parameters, and loses its base")
    return [*why, *_fixed(goal), *_at_inference(goal)]


def _length(goal: Wanted) -> int | None:
    """L: the original length in the file's rope_scaling, or else max_position_embeddings.

    transformers 4, which it needs, has no rope_scaling from an object rope_parameters.
    """
    found = None if _in_newer_form(goal) else old_object(goal).get(ORIGINAL)
    if isinstance(found, int):
        return found
    return goal.own_context or goal.setting.original_context


def _in_newer_form(goal: Wanted) -> bool:
    """Whether the file's rope is in rope_parameters, of transformers 5."""
    return goal.model is not None and "rope_parameters" in text_keys(goal.model.document)


def _fixed(goal: Wanted) -> list[str]:
    given = goal.rope.parameters
    if goal.rope.rope_type == "llama3":
        ends = given["low_freq_factor"], given["high_freq_factor"]
        fits = ends == (1, 4)
        return [] if fits else ["LLaMA-Factory always has llama3's frequency factors 1 and 4"]
    if goal.rope.rope_type != "yarn":
        return []
    ramp = given.get("beta_fast", 32), given.get("beta_slow", 1), given.get("truncate", True)
    plain = ramp == (32, 1, True) and near(attention_factor(goal), yarn_default(goal))
    return [] if plain else ["LLaMA-Factory always has YaRN's defaults"]


def _at_inference(goal: Wanted) -> list[str]:
    """Of dynamic scaling the trained length moves, as max_position_embeddings is multiplied."""
    if goal.rope.rope_type != "dynamic":
        return []
    why = (
        "LLaMA-Factory raises max_position_embeddings, which dynamic scaling takes for the trained "
        "length: it then does nothing up to there"
    )
    return [why]
