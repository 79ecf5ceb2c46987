"""vLLM: ``--hf-overrides`` and ``--max-model-len``.

Source: vLLM 0.33, ``config/model.py``, ``transformers_utils/config.py`` and
``model_executor/layers/rotary_embedding/``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ropecalc.stacks import classes
from ropecalc.stacks.emit.keys import (
    expressible,
    nested_in_text,
    parameters_object,
    remarks,
    top_level,
)
from ropecalc.stacks.emit.wanted import Wanted, attention_factor, fixed_base
from ropecalc.stacks.emit.words import command, emission

if TYPE_CHECKING:
    from ropecalc.results import Emission, Rope

LATENT = ("attention_factor", "truncate")


def write(goal: Wanted, stack: str) -> Emission:
    """One command.

    ``--rope-scaling`` and ``--rope-theta`` are gone since 0.11.1 (pull request 28006). An object in
    the overrides replaces the config's own whole, after its numbers were set (``config/model.py``,
    ``_apply_dict_overrides``), so it has the type and the base, without which vLLM takes 10,000.
    """
    rope, why = _rope(goal)
    goal = replace(goal, rope=rope)
    # derived_max_model_len counts max_position_embeddings, times the factor for all but yarn,
    # llama3 and longrope (pull request 56446): raised for those, as it is for linear
    keys = {**top_level(goal, rope), "rope_parameters": parameters_object(goal, rope)}
    overrides = json.dumps(nested_in_text(goal, keys), allow_nan=False)
    length = str(goal.context)  # YaRN's table of cos and sin ends at L s
    model = goal.setting.model_name
    text = command("vllm", "serve", model, "--hf-overrides", overrides, "--max-model-len", length)
    notes = [*why, *_beside(goal, rope), *remarks(goal, rope)]
    return emission(stack, "shell", text, notes, exact=not why)


def _rope(goal: Wanted) -> tuple[Rope, list[str]]:
    """The rope that is written, and what vLLM does not do of the one that is wanted."""
    rope = goal.rope
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


def _beside(goal: Wanted, rope: Rope) -> list[str]:
    notes = []
    original = rope.parameters.get("original_context")
    if rope.rope_type == "longrope" and original is not None and goal.context > original:
        notes.append(f"above {original:,} tokens vLLM uses long_factor for every prompt")
    if rope.rope_type in ("linear", "ntk_fixed"):
        own = goal.own_context
        unscaled = goal.model is not None and goal.model.model_type in classes.SCALED_FULL_ONLY
        longest = None if own is None else own if unscaled else int(own * goal.factor)
        if longest is not None and longest < goal.context:
            notes.append(
                f"vLLM allows {longest:,} tokens for this; VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 lifts it"
            )
    return notes
