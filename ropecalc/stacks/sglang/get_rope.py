"""SGLang's get_rope: a rope object, and what a class passes beside it, to frequencies."""

from __future__ import annotations

from typing import Any

from ropecalc.results import Rope
from ropecalc.scaling import mscale
from ropecalc.stacks.asked import ORIGINAL, Taken, as_number
from ropecalc.stacks.loaded import RefusedError
from ropecalc.stacks.servers import Call, Made, Method, both_lists, ends, linear, make, ramped

ROPES = "python/sglang/srt/layers/rotary_embedding/factory.py"
PLACE = "python/sglang/srt/layers/rotary_embedding"
ENDLESS = float("inf")  # the table grows with the longest prompt


def get_rope(call: Call, taken: Taken) -> None:
    """What is computed, into ``taken``."""
    make(call, METHODS, taken)


def _default(_: Call, __: Taken) -> Made:
    return Made("default", {}, ENDLESS)


def _factor(call: Call, taken: Taken) -> float:
    """The factor, 1 where there is none."""
    if "factor" not in call.values:
        taken.rule("the factor is absent and taken for 1, with a line in the log", ROPES)
        return 1.0
    return call.given("factor")


def _original(call: Call) -> int:
    """The original length, max_position_embeddings where there is none."""
    given = call.values.get(ORIGINAL, call.positions)
    if as_number(given) is None:
        raise RefusedError(f"a {ORIGINAL} of null is refused: TypeError", ROPES)
    return int(given)


def _dynamic(call: Call, taken: Taken) -> Made:
    """The base of s M tokens, whatever the length: b (s s - (s - 1))^(d/(d-2))."""
    alpha = call.number("alpha")
    if alpha is not None:
        return Made("ntk_aware", {"factor": alpha}, ENDLESS)
    factor = call.given("factor", 1.0)
    text = "dynamic scaling has one base, that of factor times max_position_embeddings tokens"
    taken.rule(f"{text}, for short prompts as well", ROPES)
    return Made("ntk_aware", {"factor": factor * factor - (factor - 1)}, ENDLESS)


def _multiplied(call: Call, taken: Taken, value: float) -> float:
    multiplier = call.number("attn_factor")
    if multiplier is None:
        return value
    taken.rule(f"attn_factor, {multiplier:.6g}, multiplies the attention factor", ROPES)
    return value * multiplier


def _ramp(call: Call, taken: Taken) -> dict[str, Any]:
    """The ends of YaRN's ramp, whose share of the plain frequencies may be another than all."""
    share = call.number("extrapolation_factor")
    if share not in (None, 1.0):
        taken.rule(f"extrapolation_factor, {share:g}, is the plain frequencies' share", ROPES)
    return ends(call)


def _yarn(call: Call, taken: Taken) -> Made:
    """g(s) times attn_factor; the pair of mscales counts where both are given, even as 0."""
    factor = _factor(call, taken)
    over, under = call.number("mscale"), call.number("mscale_all_dim")
    value = mscale(factor)
    if call.values.get("mrope_section") is not None:
        if over is not None or under is not None:
            raise RefusedError("YaRN with mrope_section and mscale is refused: TypeError", ROPES)
    elif over is not None and under is not None:
        value = mscale(factor, over) / mscale(factor, under)
        if not (over and under):
            taken.rule("an mscale of 0 counts as a value: neither may be absent", ROPES)
    if call.number("attention_factor") is not None:
        taken.rule("attention_factor is not read: it is computed from the factor", ROPES)
    parameters = {
        "factor": factor,
        "original_context": _original(call),
        "attention_factor": _multiplied(call, taken, value),
        "truncate": bool(call.values.get("truncate", True)),
        **_ramp(call, taken),
    }
    return ramped(call, Made("yarn", parameters, ENDLESS))


def _latent(call: Call, taken: Taken) -> Made:
    """deepseek_yarn: mscale is 1 and mscale_all_dim 0 unless given, and attn_factor multiplies."""
    factor = _factor(call, taken)
    if None in (call.values.get("mscale", 1.0), call.values.get("mscale_all_dim", 0.0)):
        raise RefusedError("an mscale of null is refused: TypeError", ROPES)
    over, under = call.given("mscale", 1.0), call.given("mscale_all_dim", 0.0)
    weight = mscale(factor, under)
    for key in ("truncate", "attention_factor"):
        if call.values.get(key) is not None:
            taken.rule(f"latent attention has deepseek_yarn, which never reads {key}", ROPES)
    parameters = {
        "factor": factor,
        "original_context": _original(call),
        "attention_factor": _multiplied(call, taken, mscale(factor, over) / weight),
        **_ramp(call, taken),
    }
    made = Made("yarn", parameters, ENDLESS, softmax_factor=weight**2)
    return ramped(call, made)


def _llama3(call: Call, taken: Taken) -> Made:
    defaults = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    parameters = {
        "factor": _factor(call, taken),
        "original_context": _original(call),
        **{key: call.given(key, value) for key, value in defaults.items()},
    }
    return Made("llama3", parameters, ENDLESS)


def _longrope(call: Call, taken: Taken) -> Made:
    """Two lists, by the longest prompt of a batch; an attention factor from M and L alone."""
    from ropecalc.scaling import longrope_attention_factor

    lists = both_lists(call)
    if not call.neox:
        text = "longrope is refused for pairs of neighbours, which this class has: ValueError"
        raise RefusedError(text, f"{PLACE} Phi3LongRoPEScaledRotaryEmbedding")
    original = _original(call)
    text = "a batch with a position beyond the original context has long_factor"
    taken.rule(text, f"{PLACE} Phi3LongRoPEScaledRotaryEmbedding")
    which = "long" if call.served and call.served > original else "short"
    own = call.number(f"{which}_mscale")
    factor = longrope_attention_factor(call.positions / original, original)
    parameters = {
        **lists,
        "original_context": original,
        "attention_factor": factor if own is None else own,
    }
    return Made("longrope", parameters, ENDLESS, call.served)


def _proportional(call: Call, taken: Taken) -> Made:
    if call.number("factor") not in (None, 1.0):
        taken.rule("proportional leaves the factor out", ROPES, "factor-left-out")
    return Made("proportional", {}, ENDLESS)


def plain(rope: Rope, base: float, dims: int, taken: Taken) -> None:
    """A plain rope, into ``taken``."""
    from dataclasses import replace

    taken.rope = replace(rope, rope_type="default", base=base, rotary_dim=dims, parameters={})


METHODS: dict[str, Method] = {
    "default": _default,
    "linear": linear,
    "dynamic": _dynamic,
    "yarn": _yarn,
    "deepseek_yarn": _latent,
    "llama3": _llama3,
    "longrope": _longrope,
    "proportional": _proportional,
}
