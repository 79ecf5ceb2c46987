"""vLLM's get_rope: a rope object, and what a class passes beside it, to frequencies."""

from __future__ import annotations

import math

from ropecalc.scaling import mscale
from ropecalc.stacks.asked import ORIGINAL, Taken, as_number
from ropecalc.stacks.loaded import Object, RefusedError
from ropecalc.stacks.servers import Call, Made, Method, both_lists, ends, linear, make, ramped
from ropecalc.stacks.vllm.classes import Code

ROPES = "vllm/model_executor/layers/rotary_embedding"


def get_rope(call: Call, taken: Taken) -> float:
    """What is computed, into ``taken``; the number of positions in the table of cos and sin."""
    return make(call, METHODS, taken)


def rotary_dim(values: Object, code: Code, head_size: int, dims: int | None) -> int:
    """int(head_size p); ``dims`` is rotary_dim, where the config has it."""
    if values.get("rope_dim"):
        whole = as_number(values["rope_dim"])
        if whole is None:
            raise RefusedError("a rope_dim that is no number: TypeError", f"{ROPES} get_rope")
        return int(whole)
    if code.dims and ("partial_rotary_factor" not in values or code.dims_first):
        return dims or head_size
    partial = as_number(values.get("partial_rotary_factor", 1.0))
    if partial is None or not 0 < partial <= 1:
        text = "a partial_rotary_factor outside of 0 to 1 is refused: ValueError"
        raise RefusedError(text, f"{ROPES} get_rope")
    rotated = int(head_size * partial)
    return rotated // 2 * 2 if values.get("rope_type") == "proportional" else rotated


def _default(call: Call, _: Taken) -> Made:
    sections = call.values.get("mrope_section")
    shares = [as_number(part) for part in sections] if isinstance(sections, list) else []
    if shares and sum(part or 0 for part in shares) != call.dims // 2:
        raise RefusedError("mrope_section has to share out all pairs: AssertionError", ROPES)
    return Made("default", {}, call.positions * (call.sections if sections else 1))


def _ntk(call: Call, taken: Taken) -> Made:
    factor = call.given("factor")
    if call.number("mixed_b") is not None:
        text = "ntk with mixed_b divides each pair by its own power of the factor"
        taken.rule(text, ROPES)
        half = call.dims // 2
        slope = math.log(factor) / half ** call.given("mixed_b")
        divisors = [math.exp(slope * (pair + 1) ** call.given("mixed_b")) for pair in range(half)]
        return Made("divided", {"divisors": tuple(divisors)}, call.positions)
    taken.rule("ntk lowers the highest frequency as well", ROPES)
    return Made("ntk_fixed", {"factor": factor}, call.positions)


def _dynamic(call: Call, taken: Taken) -> Made:
    """One base for all lengths, of alpha, or of max_position_embeddings over what was trained."""
    alpha = call.number("alpha")
    if alpha is not None:
        return Made("ntk_aware", {"factor": alpha}, call.positions)
    factor = call.given("factor")
    trained = call.number("max_trained_positions") or call.positions
    growth = factor * call.positions / trained - (factor - 1)
    if growth > 1:
        text = "dynamic scaling has one base, that of max_position_embeddings over "
        taken.rule(f"{text}max_trained_positions", ROPES)
        return Made("ntk_aware", {"factor": growth}, call.positions)
    text = "dynamic scaling does nothing without max_trained_positions, and its table ends at "
    taken.rule(f"{text}max_position_embeddings", ROPES)
    return Made("default", {}, call.positions)


def _yarn(call: Call, taken: Taken) -> Made:
    factor, original = call.given("factor"), int(call.given(ORIGINAL))
    if call.values.get("mrope_section") is not None and call.sections != 1:
        original *= call.sections
        text = f"YaRN with mrope_section takes {call.sections} times {ORIGINAL}, {original:,},"
        taken.rule(f"{text} for the ends of its ramp", f"{ROPES}/mrope.py")
    over, under = call.number("mscale"), call.number("mscale_all_dim")
    value = call.number("attention_factor")
    if value is None and over and under:
        value = mscale(factor, over) / mscale(factor, under)
    if call.number("attn_factor") is not None:
        taken.rule("attn_factor is left out", ROPES)
    parameters = {
        "factor": factor,
        "original_context": original,
        "attention_factor": value,
        "truncate": bool(call.values.get("truncate", True)),
        **ends(call),
    }
    return ramped(call, Made("yarn", parameters, original * factor))


def _latent(call: Call, taken: Taken) -> Made:
    """mscale is 1 and mscale_all_dim 0 unless given; no other key counts."""
    factor, original = call.given("factor"), int(call.given(ORIGINAL))
    if None in (call.values.get("mscale", 1.0), call.values.get("mscale_all_dim", 0.0)):
        raise RefusedError("an mscale of null is refused: TypeError", ROPES)
    over, under = call.given("mscale", 1.0), call.given("mscale_all_dim", 0.0)
    weight = mscale(factor, under)
    unscaled = call.number("attention_factor") == 1.0
    for key in ("truncate", "attention_factor"):
        if call.values.get(key) is not None:
            taken.rule(f"latent attention has deepseek_yarn, which never reads {key}", ROPES)
    if unscaled:
        taken.rule("attention_factor 1 leaves the softmax unscaled", ROPES)
    if "mscale" not in call.values or "mscale_all_dim" not in call.values:
        text = "latent attention has deepseek_yarn, whose mscale is 1 and mscale_all_dim 0 unless "
        taken.rule(f"{text}given", ROPES)
    parameters = {
        "factor": factor,
        "original_context": original,
        "attention_factor": mscale(factor, over) / weight,
        **ends(call),
    }
    softmax = 1.0 if unscaled else weight**2
    return ramped(call, Made("yarn", parameters, original * factor, softmax_factor=softmax))


def _llama3(call: Call, _: Taken) -> Made:
    parameters = {
        "factor": call.given("factor"),
        "low_freq_factor": call.given("low_freq_factor"),
        "high_freq_factor": call.given("high_freq_factor"),
        "original_context": int(call.given(ORIGINAL)),
    }
    return Made("llama3", parameters, call.positions)


def _longrope(call: Call, taken: Taken) -> Made:
    """One list for the whole server, and an attention factor from M and L alone."""
    from ropecalc.scaling import longrope_attention_factor

    lists = both_lists(call)
    original = int(call.given(ORIGINAL))
    if not call.neox:
        text = "longrope is refused for pairs of neighbours, which this class has: ValueError"
        raise RefusedError(text, f"{ROPES}/phi3_long_rope_scaled_rope.py")
    which = "long" if call.served and call.served > original else "short"
    how = f"--max-model-len is {call.served:,}" if call.served else "of its --max-model-len"
    text = f"a server has one list for all requests: {which}_factor here, since {how}"
    taken.rule(text, ROPES, "one-list")
    own = call.number(f"{which}_mscale")
    if own is None and any(call.number(key) is not None for key in ("factor", "attention_factor")):
        text = f"the attention factor comes from max_position_embeddings and {ORIGINAL} alone"
        taken.rule(f"{text}, unless short_mscale and long_mscale are given", ROPES)
    ratio = call.positions / original
    parameters = {
        **lists,
        "original_context": original,
        "attention_factor": longrope_attention_factor(ratio, original) if own is None else own,
    }
    table = call.positions if which == "long" else original + call.positions
    return Made("longrope", parameters, table, call.served)


def _proportional(call: Call, taken: Taken) -> Made:
    if call.number("factor") not in (None, 1.0):
        taken.rule("proportional leaves the factor out", ROPES, "factor-left-out")
    return Made("proportional", {}, call.positions)


METHODS: dict[str, Method] = {
    "default": _default,
    "linear": linear,
    "ntk": _ntk,
    "dynamic": _dynamic,
    "yarn": _yarn,
    "deepseek_yarn": _latent,
    "deepseek_llama_scaling": _latent,
    "llama3": _llama3,
    "longrope": _longrope,
    "proportional": _proportional,
}
