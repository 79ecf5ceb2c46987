"""ExLlamaV2 (0.3.2) with TabbyAPI: rope_alpha and rope_scale of its config.yml.

Ran: ``exllamav2/rope.py`` and ``config.py``; read: ``device.py``, ``architecture.py``, and the
``common/config_models.py`` of TabbyAPI at commit 3674d7b9b5. alpha is a base by another name,
b' = b alpha^(r/(r-2)), and scale divides positions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.results import StackRule
from ropecalc.spectrum import MAX_HEAD_DIM, as_float, checked_integer, shown
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.start import Start
from ropecalc.stacks.wanted import nearest
from ropecalc.stacks.words import Written, as_whole, yaml, yaml_of

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "ExLlamaV2", "0.3.2"
READS_ITSELF = True
RAMP = (
    "ExLlamaV2 takes max_seq_len for the original length in YaRN's ramp, and no attention factor "
    "but g(s)"
)
ROPES, CONFIG = "exllamav2/rope.py", "exllamav2/config.py"
# model_type of the whole file; any other is loaded as a Llama, whose tensors it has not.
CLASSES = frozenset(
    "llama mistral mistral3 mixtral llava qwen2 qwen3 qwen3_moe qwen2_vl qwen2_5_vl gemma gemma2 "
    "gemma3 starcoder2 cohere cohere2 dbrx phi3 minicpm internlm2 granite glm4".split()
)
HALVED = frozenset(["qwen2_vl", "qwen2_5_vl"])  # their frequencies are rounded to float16
SLIDING_BASE = {"gemma3": 10_000.0}  # of layers with a window, whatever the file says
BASES = {"gemma3": 1e6}  # of a file without one; 10,000 of others
LENGTH_KEYS = (
    *("max_sequence_length", "model_max_length", "max_position_embeddings", "max_seq_len"),
    "n_positions",
)

LARGEST = 1e100  # its square, times it, is a float64


@isolated
def base_of_alpha(alpha: float, base: float, rotary_dim: int) -> float:
    """b alpha^(r/(r-2)): the base that rope_alpha, or alpha_value, stands for.

    >>> round(base_of_alpha(3.4321, 10_000.0, 128), 2)
    34999.42
    """
    _check(rotary_dim, 4, alpha=alpha, base=base)
    return base * math.pow(alpha, rotary_dim / (rotary_dim - 2))


@isolated
def alpha_of_base(wanted: float, base: float, rotary_dim: int) -> float:
    """(b' / b)^((r-2)/r): the alpha that makes one base of another.

    >>> round(alpha_of_base(34_999.42, 10_000.0, 128), 4)
    3.4321
    """
    _check(rotary_dim, 2, wanted=wanted, base=base)
    return math.pow(wanted / base, (rotary_dim - 2) / rotary_dim)


def _check(rotary_dim: int, least: int, **numbers: float) -> None:
    """Raise InvalidValueError where a power would be no float64."""
    checked_integer("rotary_dim", rotary_dim, least, MAX_HEAD_DIM)
    for name, value in numbers.items():
        if not 0 < as_float(value) <= LARGEST:
            text = f"{name} must be greater than 0 and at most {LARGEST:g}, got {shown(value)}"
            raise InvalidValueError(name, text)


def write(goal: Wanted) -> Written:
    """The keys under ``model``."""
    rope, why = nearest(goal, LABEL)
    scale = as_whole(rope.factor or 1.0) if rope.rope_type == "linear" else 1.0
    keys: dict[str, object] = {"max_seq_len": goal.context, "rope_scale": scale}
    if goal.as_it_was:
        text = yaml({"model": {**keys, "rope_alpha": 1.0}})
        note = "rope_alpha 1 and this rope_scale leave what the model's config.json has"
        return Written("yaml", text, [RAMP] if rope.rope_type == "yarn" else [], [note])
    if rope.rope_type not in ("default", "linear"):
        why.append(f"rope_alpha and rope_scale cannot say {rope.rope_type}: put it in config.json")
        why += [RAMP] if rope.rope_type == "yarn" else []
        return Written("yaml", "", why)
    was = goal.was
    own = 10_000.0 if was is None else was.base
    if was is not None and was.rope_type not in ("default", "linear"):
        why.append(f"the model's own {was.rope_type} stays, and alpha and scale come on top of it")
    if goal.others:
        why.append("alpha and scale are those of all layers: this model's others would get them")
    alpha = alpha_of_base(rope.base, own, rope.rotary_dim)
    notes = [
        f"rope_alpha {alpha:.6g} on the model's base {own:,.15g} is the base {rope.base:,.15g}"
    ]
    if was is None:
        notes.append("for a model whose base is 10,000: alpha counts from the model's own")
    return Written("yaml", yaml({"model": {**keys, "rope_alpha": as_whole(alpha)}}), why, notes)


def override(model: ModelConfig, text: str) -> Start:
    """The model as TabbyAPI loads it with keys of ``write``."""
    keys = yaml_of(text)["model"]
    return Start(model, keys["max_seq_len"], changed=keys)


def run(asked: Asked) -> Taken:
    """What it reads of config.json, with alpha and scale on top: no key of ``rope_parameters``."""
    document, text = asked.model.document, asked.text
    kind = str(document.get("model_type") or "llama")
    own = next((text[key] for key in LENGTH_KEYS if isinstance(text.get(key), int)), 2048)
    taken = Taken(asked.rope, None, asked.context or own)
    if kind not in CLASSES:
        reason = f"it has no code for {kind} and loads it as a Llama, whose tensors it has not"
        taken.refusal = StackRule(reason, "exllamav2/architecture.py")
        return taken
    scaling = document.get("rope_scaling") or text.get("rope_scaling") or {}
    base = as_number(text.get("rope_theta")) or BASES.get(kind, 10_000.0)
    if text.get("rope_parameters") is not None:
        taken.rule("it reads no rope_parameters", CONFIG)
    scale = asked.start.changed.get("rope_scale")
    if asked.rope.window is not None and kind in SLIDING_BASE:
        base, scale = SLIDING_BASE[kind], 1.0
    part = as_number(document.get("partial_rotary_factor")) or 1.0
    rope = replace(asked.rope, base=base, rotary_dim=int(asked.rope.head_dim * part))
    taken.refusal = _refusal(scaling, document)
    if taken.refusal is None:
        method, given = _method(scaling, document, taken)
        taken.rope = replace(rope, rope_type=method, parameters=given)
        own_scale = scaling.get("factor", 1.0) if _type(scaling) == "linear" else 1.0
        _on_top(asked, taken, float(own_scale if scale is None else scale), kind in HALVED)
    return taken


def _type(scaling: Mapping[str, Any]) -> Any:
    return scaling.get("type") or scaling.get("rope_type")


def _refusal(scaling: Mapping[str, Any], document: Mapping[str, Any]) -> StackRule | None:
    """What stops it as it reads a file."""
    kind = _type(scaling)
    needed = {
        "linear": ("factor",),
        "yarn": ("factor", ORIGINAL),
        "llama3": ("factor", "low_freq_factor", "high_freq_factor", ORIGINAL),
        "longrope": ("short_factor", "long_factor"),
        "su": ("short_factor", "long_factor"),
    }
    missing = [key for key in needed.get(kind, ()) if scaling.get(key) is None]
    if scaling.get("type") and scaling.get("rope_type"):
        return StackRule("type beside rope_type is refused: AssertionError", CONFIG, True)
    if missing:
        return StackRule(f"{kind} needs {missing[0]} in rope_scaling", CONFIG, True)
    if kind in ("longrope", "su") and document.get(ORIGINAL) is None:
        text = f"{kind} needs {ORIGINAL} beside rope_scaling: AssertionError"
        return StackRule(text, CONFIG, True)
    return None


def _method(
    scaling: Mapping[str, Any], document: Mapping[str, Any], taken: Taken
) -> tuple[str, dict[str, Any]]:
    """(method, parameters) of a rope_scaling; linear is the scale of positions."""
    from ropecalc.scaling import longrope_attention_factor, mscale

    kind, length = _type(scaling), taken.usable_length or 0
    if kind == "llama3":
        names = ("factor", "low_freq_factor", "high_freq_factor")
        return "llama3", {**{k: scaling[k] for k in names}, "original_context": scaling[ORIGINAL]}
    if kind == "yarn" and length > scaling[ORIGINAL]:
        taken.rule(RAMP.removeprefix("ExLlamaV2 "), ROPES)
        factor = float(scaling["factor"])
        own = {"factor": factor, "original_context": length, "attention_factor": mscale(factor)}
        return "yarn", own
    if kind in ("longrope", "su"):
        original = document[ORIGINAL]
        taken.length = length
        return "longrope", {
            **{key: tuple(scaling[key]) for key in ("short_factor", "long_factor")},
            "original_context": original,
            "attention_factor": longrope_attention_factor(length / original, original),
        }
    if kind not in (None, "default", "linear", "yarn", "mrope"):
        taken.rule(f"it passes over the type {kind}: the rope is plain", CONFIG)
    return "default", {}


def _on_top(asked: Asked, taken: Taken, scale: float, halved: bool) -> None:
    """alpha, a base by another name, and scale, by which positions are divided."""
    rope = taken.rope
    alpha = asked.start.changed.get("rope_alpha", 1.0)
    power = rope.rotary_dim if rope.rope_type == "default" else rope.head_dim
    taken.rope = rope = replace(rope, base=base_of_alpha(alpha, rope.base, power))
    if halved:
        taken.rule("the frequencies of this class are rounded to float16", ROPES)
    if halved or (scale != 1 and rope.rope_type != "default"):
        taken.rope = _divided(rope, taken.length, scale, halved)
    elif scale != 1:
        taken.set("linear", factor=scale)


def _divided(rope: Rope, length: int | None, scale: float, halved: bool) -> Rope:
    """The same with every frequency divided by the scale, or rounded before that."""
    import numpy as np

    from ropecalc.scaling import default, from_rope

    spectrum = from_rope(rope, length)
    plain = default(rope.base, rope.head_dim, rotary_dim=rope.rotary_dim).angular_frequencies
    found = spectrum.angular_frequencies
    if halved:
        found = np.maximum(found.astype(np.float16), np.finfo(float).tiny).astype(float)
    factor = spectrum.attention_factor
    divisors = tuple((scale * plain / found).tolist())
    given = {"divisors": divisors, "attention_factor": factor}
    return replace(rope, rope_type="divided", parameters=given)
