"""vLLM: ``--hf-overrides`` and ``--max-model-len``.

Source: ``config/model.py``, ``transformers_utils/config.py`` and
``model_executor/layers/rotary_embedding/``.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ropecalc.stacks.backend import by_transformers
from ropecalc.stacks.keys import (
    CONTEXT,
    ORIGINAL,
    Keys,
    expressible,
    longer,
    model_type,
    nested_for_override,
    old_object,
    parameters_object,
    positions,
    remarks,
    top_level,
)
from ropecalc.stacks.vllm import classes as classes_vllm
from ropecalc.stacks.vllm.run import LENGTH_KEYS
from ropecalc.stacks.wanted import (
    TURNS,
    Wanted,
    attention_factor,
    fixed_base,
    near,
    yarn_default,
)
from ropecalc.stacks.words import Written, command

if TYPE_CHECKING:
    from ropecalc.results import Rope

LATENT = ("attention_factor", "truncate")


def write(goal: Wanted) -> Written:
    """One command.

    ``--rope-scaling`` and ``--rope-theta`` are gone since 0.11.1 (pull request 28006). An object in
    the overrides replaces the config's own whole, after its numbers were set (``config/model.py``,
    ``_apply_dict_overrides``), so it has the type and the base, without which vLLM takes 10,000.
    """
    if model_type(goal) in classes_vllm.YARN_ALONE:
        return _yarn_alone(goal)
    rope, why = _rope(goal)
    notes = [*_beside(goal, rope), *remarks(replace(goal, rope=rope), rope)]
    rope, about = _in_sections(goal, rope)
    goal = replace(goal, rope=rope)
    # derived_max_model_len counts max_position_embeddings, times the factor for all but yarn,
    # llama3 and longrope (pull request 56446): raised for those, as it is for linear
    keys = {
        **top_level(goal, rope),
        **_lengthened(goal, rope),
        "rope_parameters": parameters_object(goal, rope),
    }
    return Written("shell", _command(goal, keys), why, [*about, *notes])


def _in_sections(goal: Wanted, rope: Rope) -> tuple[Rope, list[str]]:
    """YaRN beside mrope_section, for which most classes have four times the original length."""
    times = classes_vllm.code_of(model_type(goal)).sections
    original = rope.parameters.get("original_context")
    if rope.rope_type != "yarn" or not old_object(goal).get("mrope_section") or not original:
        return rope, []
    if times == 1 or original % times:
        return rope, []
    note = f"vLLM takes {times} times {ORIGINAL} beside mrope_section: here it is divided by that"
    return replace(rope, parameters={**rope.parameters, "original_context": original // times}), [
        note
    ]


def _command(goal: Wanted, keys: Keys) -> str:
    overrides = json.dumps(nested_for_override(goal, keys), allow_nan=False)
    length = str(goal.context)  # YaRN's table of cos and sin ends at L s
    model = goal.setting.model_name
    return command("vllm", "serve", model, "--hf-overrides", overrides, "--max-model-len", length)


def _yarn_alone(goal: Wanted) -> Written:
    """For gpt-oss, whose code builds YaRN whatever is asked, from keys that may not be absent.

    A plain base is YaRN by a factor of 1.
    """
    kind, (rope, why) = model_type(goal), _rope(goal)
    if rope.rope_type not in ("default", "yarn"):
        note = f"vLLM's code for {kind} is that of YaRN: it has no {goal.rope.rope_type} scaling"
        return Written("shell", "", [note])
    goal = replace(goal, rope=rope)
    whole = max(goal.context, goal.own_context or 0)
    plain = {"factor": 1.0, "original_context": whole} if rope.rope_type == "default" else {}
    given = {**TURNS, **rope.parameters, **plain}
    yarn = replace(rope, rope_type="yarn", parameters=given)
    if not near(attention_factor(goal), yarn_default(goal)):
        why.append(f"vLLM's code for {kind} always has YaRN's own attention factor, 1 + 0.1 ln s")
    keys = {
        **top_level(goal, yarn),
        CONTEXT: positions(goal, rope),
        "rope_parameters": parameters_object(goal, yarn),
    }
    notes = remarks(goal, rope)
    if plain:
        notes.append(f"vLLM's code for {kind} is that of YaRN: by a factor of 1 the base is plain")
    return Written("shell", _command(goal, keys), why, notes)


def _rope(goal: Wanted) -> tuple[Rope, list[str]]:
    """The rope that is written, and what vLLM does not do of the one that is wanted."""
    rope = goal.rope
    if model_type(goal) in classes_vllm.BY_TRANSFORMERS:
        return by_transformers(goal, "vLLM")
    if rope.rope_type == "dynamic":
        # DynamicNTKScalingRotaryEmbedding scales by the config's own lengths, not by the prompt's
        fixed = fixed_base(goal)
        assert fixed is not None
        why = (
            "dynamic scaling does nothing in vLLM unless max_trained_positions is set, and never "
            f"follows the prompt: here is the base that it has at {goal.context:,} tokens, for all"
        )
        return fixed, [why]
    if rope.rope_type != "ntk_fixed":  # which vLLM knows as "ntk"
        rope = expressible(goal)
    if rope.rope_type == "longrope":
        # Phi3LongRoPEScaledRotaryEmbedding takes the attention factor from the ratio of the
        # contexts, whatever attention_factor says, but for these two
        factor = attention_factor(goal)
        mscales = {"short_mscale": factor, "long_mscale": factor}
        return replace(rope, parameters={**rope.parameters, **mscales}), []
    if rope.rope_type == "proportional" and goal.factor != 1:
        return rope, ["vLLM ignores the factor of a proportional rope"]
    return rope, _latent(goal)


def _latent(goal: Wanted) -> list[str]:
    """DeepSeek's attention gets deepseek_yarn, which knows fewer parameters."""
    given = goal.rope.parameters
    if not (goal.rope.latent and goal.rope.rope_type == "yarn"):
        return []
    why = [
        f"vLLM ignores {key} of YaRN with multi-head latent attention"
        for key in LATENT
        if key in given and given[key] not in (None, True)
    ]
    if (given.get("mscale") is None) != (given.get("mscale_all_dim") is None):
        why.append("of mscale and mscale_all_dim one is missing, for which vLLM takes its own")
    return why


def _lengthened(goal: Wanted, rope: Rope) -> Keys:
    """Longer lengths, where vLLM would not allow the context, or has no cos and sin for it.

    It multiplies the length by the factor of linear and of ntk, but not in Gemma 3 and its like;
    of the two the table of linear alone is multiplied, and that of a kind of layers that is plain
    never is. The least of all its keys counts, and model_max_length before any.
    """
    if rope.rope_type not in ("linear", "ntk_fixed"):
        return longer(goal, LENGTH_KEYS, goal.context)
    kinds = classes_vllm.code_of(model_type(goal)).by_kind
    multiplied = rope.rope_type == "linear" and not kinds
    needed = math.ceil(goal.context / goal.factor) if multiplied else goal.context
    return longer(goal, LENGTH_KEYS, needed)


def _beside(goal: Wanted, rope: Rope) -> list[str]:
    notes = []
    original = rope.parameters.get("original_context")
    if model_type(goal) in classes_vllm.BY_TRANSFORMERS:
        original = None  # each batch has the list of its own length
    if rope.rope_type == "longrope" and original is not None and goal.context > original:
        notes.append(f"above {original:,} tokens vLLM uses long_factor for every prompt")
    return notes
