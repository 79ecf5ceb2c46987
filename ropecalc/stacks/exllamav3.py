"""ExLlamaV3 (1.6.5), with TabbyAPI or alone: keys of a model's config.json.

Ran: ``exllamav3/util/rope.py``, and the class of each architecture. It has no option for RoPE:
alpha and scale were ExLlamaV2's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.results import StackRule
from ropecalc.stacks import patched
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.keys import four, nested_in_text
from ropecalc.stacks.wanted import fixed_base
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "ExLlamaV3", "1.6.5"
READS_ITSELF = True
override = patched.override
HOW = "put the keys into the model's config.json: rope_alpha and rope_scale do nothing here"
ROPES, CONFIG = "exllamav3/util/rope.py", "exllamav3/model/config.py"
# Classes whose one rope, or rope of full attention, is the file's; others it does not load, or it
# reads them in a way of their own (Gemma 4, Laguna, Step 3.5).
CLASSES = frozenset(
    "afmoe apertus arcee cohere cohere2 deepseek_v3 dots1 ernie4_5 ernie4_5_moe exaone4 gemma2 "
    "gemma3 gemma3_text glm4 glm4_moe glm4_moe_lite glm_moe_dsa gpt_oss kimi_k2 lfm2 lfm2_moe "
    "llama mimo minimax_m2 ministral3 mistral mixtral olmo3 phi3 qwen2 qwen2_5_vl qwen2_5_vl_text "
    "qwen3 qwen3_5_moe_text qwen3_5_text qwen3_moe qwen3_next qwen3_vl_moe_text qwen3_vl_text "
    "seed_oss smollm3 solar_open".split()
)
RATIO = frozenset(["deepseek_v3", "kimi_k2"])  # their YaRN has mscale, and their softmax its square
BASES = {"gemma3_text": 1e6, "lfm2": 1e6, "lfm2_moe": 1e6, "qwen3_5_text": 1e7}
LOCAL = {"gemma3_text": 1e4}  # the base of layers with a window, whatever the file says
PLAIN_LOCAL = frozenset(["olmo3"])  # whose layers with a window are never scaled
BY_CONTEXT = frozenset(["phi3"])  # whose list is that of the length it is started for


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    why = []
    plain = fixed_base(goal) if goal.rope.rope_type == "dynamic" else None
    if plain is not None:
        why.append("ExLlamaV3 has no dynamic scaling: here is the base at the whole context")
        goal = replace(goal, rope=plain)
    return Written("json", pretty(nested_in_text(goal, four(goal))), why, [HOW])


def run(asked: Asked) -> Taken:
    """What it computes of rope_scaling, or of rope_parameters where there is none."""
    text, kind = asked.text, asked.model_type or "llama"
    taken = Taken(asked.rope, None, asked.context or asked.rope.context)
    if kind not in CLASSES:
        taken.refusal = StackRule(f"it has no code for {kind}", "exllamav3/architecture")
        return taken
    scaling = _object(text, "rope_scaling") or _object(text, "rope_parameters") or {}
    if any(isinstance(value, Mapping) for value in scaling.values()):
        taken.rule("it reads no rope objects by kind of layer", CONFIG)
    inner = _object(text, "rope_parameters") or {}
    base = as_number(text.get("rope_theta")) or as_number(inner.get("rope_theta"))
    part = as_number(text.get("partial_rotary_factor"))
    part = as_number(inner.get("partial_rotary_factor")) if part is None else part
    local = asked.rope.window is not None
    if local and kind in LOCAL:
        base, part, scaling = LOCAL[kind], None, {}
    if asked.rope.latent and kind != "deepseek_v4" and "qk_rope_head_dim" not in text:
        text_ = "its config of the class needs qk_rope_head_dim: it stops"
        taken.refusal = StackRule(text_, "exllamav3/architecture")
        return taken
    whole = text.get("rotary_dim")
    dims = whole if isinstance(whole, int) else int(asked.head * (1.0 if part is None else part))
    taken.rope = replace(asked.rope, base=base or BASES.get(kind, 10_000.0), rotary_dim=dims)
    method = scaling.get("rope_type", scaling.get("type"))
    if method in (None, "default", "mrope") or (local and kind in PLAIN_LOCAL):
        taken.set("default")
    elif method in METHODS:
        METHODS[method](asked, scaling, taken)
    else:
        taken.refusal = StackRule(f"it does not know the type {method}: ValueError", ROPES, True)
    return taken


def _object(text: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = text.get(key)
    return found if isinstance(found, Mapping) else None


def _linear(_: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    taken.set("linear", factor=float(scaling.get("factor", 1.0)))


def _llama3(_: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    defaults = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    given = {key: scaling.get(key, value) for key, value in defaults.items()}
    taken.set("llama3", **given, original_context=scaling.get(ORIGINAL, 8192))


def _proportional(_: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    dims = taken.rope.rotary_dim // 2 * 2
    taken.rope = replace(taken.rope, rotary_dim=dims)
    taken.set("proportional", factor=scaling.get("factor"))


def _yarn(asked: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    """The factor is M / L where L is there, and g(s) the attention factor but for DeepSeek's."""
    from ropecalc.scaling import mscale

    original, length = scaling.get(ORIGINAL), asked.length("max_position_embeddings")
    if asked.model_type in BY_CONTEXT:
        length = asked.context or length
    factor = scaling.get("factor")
    if original and length:
        if factor != length / original:
            text = f"the factor is max_position_embeddings over {ORIGINAL}, whatever factor says"
            taken.rule(text, ROPES)
        factor = length / original
    factor, original = float(factor or 1.0), original or length
    over, under = (float(scaling.get(key) or 0.0) for key in ("mscale", "mscale_all_dim"))
    value = scaling.get("attention_factor")
    if value is None:
        ratio = asked.model_type in RATIO and over and under
        value = mscale(factor, over) / mscale(factor, under) if ratio else mscale(factor)
        value = 1.0 if not ratio and scaling.get("llama_4_scaling_beta") else value
        if over and under and not ratio:
            taken.rule("mscale is read for latent attention alone: set attention_factor", ROPES)
    turns = {key: scaling.get(key) for key in ("beta_fast", "beta_slow")}
    truncate = bool(scaling.get("truncate", True))
    parts = {"original_context": original, "attention_factor": value, "truncate": truncate}
    taken.set("yarn", factor=factor, **parts, **turns)
    taken.softmax_factor = mscale(factor, under) ** 2 if asked.model_type in RATIO else 1.0


def _longrope(asked: Asked, scaling: Mapping[str, Any], taken: Taken) -> None:
    """One list, by the two lengths, and an attention factor from them alone."""
    from ropecalc.scaling import longrope_attention_factor

    length = asked.length("max_position_embeddings") or 0
    original = scaling.get(ORIGINAL) or asked.length(ORIGINAL)
    if not original:
        taken.refusal = StackRule(f"longrope needs {ORIGINAL}: TypeError", ROPES)
        return
    taken.rule("longrope has an attention factor by the two lengths alone", ROPES)
    served = asked.context if asked.model_type in BY_CONTEXT else None
    taken.length = served or length
    lists = {key: tuple(scaling[key]) for key in ("short_factor", "long_factor")}
    factor = longrope_attention_factor(length / original, original)
    taken.set("longrope", **lists, original_context=original, attention_factor=factor)


METHODS = {
    "linear": _linear,
    "llama3": _llama3,
    "proportional": _proportional,
    "yarn": _yarn,
    "longrope": _longrope,
    "su": _longrope,
}
