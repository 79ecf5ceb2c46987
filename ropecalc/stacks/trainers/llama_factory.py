"""LLaMA-Factory: keys of its YAML. Source: version 0.9.5, ``model/model_utils/rope.py``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ropecalc.models.classes import LONGROPE_ALONE
from ropecalc.models.raw import text_keys, text_path
from ropecalc.results import StackRule
from ropecalc.stacks.keys import ORIGINAL, old_object
from ropecalc.stacks.start import Start
from ropecalc.stacks.transformers.run import run as run_transformers
from ropecalc.stacks.transformers4.classes import AFTER_4
from ropecalc.stacks.transformers4.run import AUTO
from ropecalc.stacks.wanted import Wanted, attention_factor, near, yarn_default
from ropecalc.stacks.words import Written, tokens, yaml, yaml_of

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig

LABEL, VERSION = "LLaMA-Factory", "0.9.5"
run = run_transformers
# Ran with transformers 4.57.6: configs without an attribute rope_scaling, unless their file has it.
WITHOUT = frozenset(
    "bitnet codegen gemma gemma2 gemma3 gemma3n glm glm4 gptj helium jamba jetmoe lfm2 llama4 "
    "minimax ministral mistral mistral3 mixtral modernbert modernbert-decoder nemotron qwen3_vl "
    "recurrent_gemma vaultgemma zamba2".split()
)
# of those with a text part, whose outer config hands such keys on to it
HANDED_ON = frozenset(["qwen2_vl", "qwen2_5_vl"])
NOTHING = (
    'LLaMA-Factory says "Current model does not support RoPE scaling" and trains without: {} has '
    "no rope_scaling in its config class"
)
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
    if goal.model is not None and not _is_read(goal.model):
        return [NOTHING.format(goal.model.document.get("model_type"))]
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
    keys = {} if goal.model is None else text_keys(goal.model.document)
    length = keys.get("max_position_embeddings")
    own = length if isinstance(length, int) else goal.own_context
    return own or goal.setting.original_context


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


def _is_read(model: ModelConfig) -> bool:
    """Whether ``configure_rope`` finds an attribute rope_scaling on the outer config."""
    outer = model.document
    kind = outer.get("model_type")
    if text_path(outer):
        return kind in HANDED_ON
    return kind not in WITHOUT or "rope_scaling" in outer


def override(model: ModelConfig, text: str) -> Start:
    """The model as ``configure_rope`` leaves it."""
    from ropecalc.models.huggingface import parse_config

    given = yaml_of(text)
    method, wanted = given.get("rope_scaling"), given["cutoff_len"]
    keys = dict(text_keys(model.document))
    old = keys.get("rope_scaling")
    length = old.get(ORIGINAL) if isinstance(old, dict) else None
    if isinstance(length, str):
        text_ = f"{ORIGINAL} is compared with the length, and a text: TypeError"
        return Start(
            model, wanted, refusal=StackRule(text_, "llamafactory/model/model_utils/rope.py")
        )
    length = length or keys.get("max_position_embeddings") or model.context or wanted
    if method is None or not _is_read(model) or wanted <= length:
        return Start(model, wanted)
    if model.model_type in LONGROPE_ALONE:
        text_ = f"{model.model_type} takes longrope alone, and no other config of it loads again"
        return Start(model, wanted, refusal=StackRule(text_, "configuration_phi3.py"))
    if model.model_type in AFTER_4:
        text_ = f"transformers 4, which rope_scaling needs, has no class for {model.model_type}"
        return Start(model, wanted, refusal=StackRule(f"{text_}: ValueError", AUTO, True))
    factor = float(math.ceil(wanted / length))
    scaling = {"rope_type": method, "factor": factor}
    if method != "linear":
        scaling[ORIGINAL] = length
    if method == "llama3":
        scaling |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    keys.pop("rope_parameters", None)  # of version 5: a loss of the base, which version 4 has not
    changed = {"max_position_embeddings": int(length * factor), "rope_scaling": scaling}
    return Start(parse_config({**keys, **changed}, model.source), wanted)
