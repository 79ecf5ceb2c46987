"""llama.cpp at commit 0c1e57098: what its converter writes, and what its code reads of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.scaling import mscale
from ropecalc.stacks.asked import Asked, Taken

if TYPE_CHECKING:
    from ropecalc.results import Rope

CONVERTER = "conversion/base.py"
CONTEXT = "src/llama-context.cpp"
RAMP = "ggml/src/ggml.c ggml_rope_yarn_corr_dims"
BETA_FAST, BETA_SLOW = 32.0, 1.0
READ_THE_RAMP = ("ministral3", "mistral3", "grok")  # the only ones that read beta_fast, beta_slow
LOG_MULTIPLIER = ("ministral3", "mistral3")  # beside those with latent attention
SCALED = ("linear", "yarn")  # the methods whose factor is a number of the file
OTHER_LATENT = ("deepseek_v32", "glm_moe_dsa", "mistral4")  # not of the architecture deepseek2


def run(asked: Asked) -> Taken:
    """A GGUF that was converted from the file, run with no flags of RoPE."""
    taken = Taken(asked.rope, asked.context or asked.rope.context, asked.rope.context)
    if asked.rope.rope_type in BY_TYPE and asked.model_type != "deepseek_v4":
        BY_TYPE[asked.rope.rope_type](asked, taken)
    if asked.is_beyond(taken.usable_length):
        text = f"llama-server caps every slot at the trained {taken.usable_length:,} tokens"
        taken.rule(text, "tools/server")
        taken.short = taken.rules[-1]
    return taken


def tells_from(rope: Rope, was: Rope | None) -> bool:
    """Whether the factor of a flag is another than the file's, in float32 as it is compared."""
    return _scale(rope) != _scale(was)


def lifted_context(rope: Rope) -> int | None:
    """The trained context of YaRN by flags, tokens: L / (1 / s) in float32, cut to a whole number.

    It is set only where ``tells_from`` holds (``llama_init_from_model``).
    """
    import numpy as np

    if rope.rope_type != "yarn" or not rope.original_context:
        return None
    return int(np.float32(rope.original_context) / np.float32(_scale(rope)))


def _scale(rope: Rope | None) -> float:
    """rope_freq_scale, 1 / s in float32; 1 where the factor is in tensors, or there is none."""
    import numpy as np

    if rope is None or rope.rope_type not in SCALED:
        return 1.0
    return float(np.float32(1) / np.float32(rope.factor or 1.0))


def _yarn(asked: Asked, taken: Taken) -> None:
    if asked.values and asked.number("factor") is None:
        taken.set("default")
        taken.softmax_factor = 1.0
        taken.rule("the factor is absent, and YaRN is left out", CONVERTER)
        return
    if asked.values.get("truncate") is False:
        taken.rule("truncate is not read: the ends of the ramp are rounded to whole pairs", RAMP)
    taken.set(truncate=True)
    _ramp(asked, taken)
    lifted = lifted_context(asked.rope)
    if "factor" in asked.flags and lifted:
        taken.usable_length = lifted
        text = "YaRN by flags makes the trained context that of --yarn-orig-ctx times --rope-scale"
        taken.rule(text, CONTEXT)
    _attention(asked, taken)


def _ramp(asked: Asked, taken: Taken) -> None:
    """Turns at the ends of the ramp are 32 and 1 unless flags say otherwise."""
    if asked.model_type in READ_THE_RAMP:
        return
    ends = {"beta_fast": BETA_FAST, "beta_slow": BETA_SLOW}
    for key, known in ends.items():
        given = asked.number(key)
        if given in (None, 0.0, known):
            continue
        if key in asked.flags:
            ends[key] = given or known
            continue
        flag = f"--yarn-{key.replace('_', '-')}"
        text = f"{key} {given:g} is not read from the GGUF: it is {known:g} without {flag}"
        taken.rule(text, "src/llama-hparams.h")
    taken.set(beta_fast=ends["beta_fast"], beta_slow=ends["beta_slow"])


def _attention(asked: Asked, taken: Taken) -> None:
    """g(s), over g(s, w) where the architecture has a log multiplier w; softmax with the square."""
    factor, weight = asked.rope.factor or 1.0, asked.number("mscale_all_dim") or 0.0
    if not (asked.rope.latent or asked.model_type in LOG_MULTIPLIER):
        weight = 0.0
    own = asked.rope.latent and asked.model_type not in OTHER_LATENT
    value = mscale(factor, weight if weight and own else 1.0) / mscale(factor, weight)
    taken.set(attention_factor=value)
    taken.softmax_factor = (value * mscale(factor, weight)) ** 2 if asked.rope.latent else 1.0
    for key in ("attention_factor", "attn_factor"):
        if asked.number(key) is not None:
            text = f"{key} is written to the GGUF and not used: it is computed from the factor"
            taken.rule(text, CONTEXT)
    given = [asked.number(key) for key in ("mscale", "mscale_all_dim")]
    if any(given) and not weight:
        taken.rule("mscale and mscale_all_dim are not read for this architecture", CONTEXT)
    if asked.rope.latent and value != 1:
        text = "the softmax is scaled by the square of the attention factor as well"
        taken.rule(text, "src/models/deepseek2.cpp")


def _dynamic(_: Asked, taken: Taken) -> None:
    taken.set("default")
    taken.rule("dynamic scaling is not supported: none is written, and none computed", CONVERTER)


def _ntk(_: Asked, taken: Taken) -> None:
    taken.set("default")
    taken.rule("ntk is not supported: none is written, and none computed", CONVERTER)


def _longrope(asked: Asked, taken: Taken) -> None:
    """By the context that is allocated, all of it unless -c says otherwise."""
    from ropecalc.scaling import longrope_attention_factor

    original, context = asked.rope.original_context, asked.rope.context
    if original and context:
        value = longrope_attention_factor(context / original, original)
        taken.set(attention_factor=value, factor=None, short_mscale=None, long_mscale=None)
    which = "long" if taken.length and original and taken.length > original else "short"
    size = f", {taken.length:,}" if taken.length else ""
    text = f"the size of the context (-c{size}) decides between the lists: {which}_factor here"
    taken.rule(text, "src/llama-model.cpp get_rope_factors")
    if asked.number("factor") is not None or asked.number("attention_factor") is not None:
        text = "the attention factor comes from the two lengths alone"
        taken.rule(text, "conversion/phi.py")


def _llama3(_: Asked, taken: Taken) -> None:
    text = "llama3 scaling is computed at conversion and stored as the tensor rope_freqs.weight"
    taken.rule(text, "conversion/llama.py")


BY_TYPE = {
    "yarn": _yarn,
    "dynamic": _dynamic,
    "ntk_fixed": _ntk,
    "longrope": _longrope,
    "llama3": _llama3,
}
