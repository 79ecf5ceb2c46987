"""SGLang 0.5.23. It loads the file through transformers' own classes, so that bases are theirs."""

from __future__ import annotations

from dataclasses import replace

from ropecalc.models.classes import reads_by_kind_alone
from ropecalc.results import StackRule
from ropecalc.scaling import mscale
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken
from ropecalc.stacks.loading import refusal_on_loading
from ropecalc.stacks.servers import (
    by_transformers,
    honour_truncate,
    longrope_by_lengths,
    unfactored,
)
from ropecalc.stacks.sglang import classes
from ropecalc.stacks.sglang.flat import as_flat, flat_rules
from ropecalc.stacks.transformers.run import ROPES as TRANSFORMERS

ROPES = "python/sglang/srt/layers/rotary_embedding/factory.py"
RAMP = "python/sglang/srt/layers/rotary_embedding/yarn.py yarn_find_correction_dim"
LENGTHS = "python/sglang/srt/utils/hf_transformers/common.py get_context_length"
LATENT = "python/sglang/srt/models/deepseek_v2.py"
LENGTH_KEYS = (  # the first that is there
    "max_sequence_length",
    "seq_length",
    "max_seq_len",
    "model_max_length",
    "max_position_embeddings",
)
# llama3 is left alone, and to the others transformers adds the original length on loading.
WITH_ORIGINAL = ("llama3", "yarn", "longrope", "su")


def run(asked: Asked) -> Taken:
    """What SGLang's get_rope makes of a rope."""
    if asked.model_type in classes.BY_TRANSFORMERS:
        taken = by_transformers(asked, asked.rope.context, classes.REGISTRY)
        _usable_length(asked, taken)
        return taken
    whole, is_flat = asked, asked.model_type in classes.FLAT
    asked = as_flat(asked) if is_flat else asked
    taken = Taken(asked.rope, asked.context or asked.rope.context, asked.rope.context)
    _usable_length(asked, taken)
    _whole_base(asked, taken)
    if asked.lacks_factor:
        taken.refusal = _no_factor(asked)
    if asked.model_type in classes.UNSCALED:
        _unscaled(asked, taken)
    else:
        _scaled(asked, taken)
    if is_flat:
        flat_rules(whole, taken)
    else:
        taken.refusal = refusal_on_loading(asked) or taken.refusal
    return taken


def _scaled(asked: Asked, taken: Taken) -> None:
    if asked.is_latent_yarn:
        _latent_yarn(asked, taken)
    elif asked.rope.rope_type in BY_TYPE and asked.model_type != "deepseek_v4":
        BY_TYPE[asked.rope.rope_type](asked, taken)
    if asked.written == "ntk":
        taken.refusal = StackRule("it does not know the rope_type ntk", ROPES)
    elif taken.refusal is None and asked.broken_end and asked.model_type != "deepseek_v4":
        taken.refusal = StackRule(asked.broken_end, RAMP)


def _unscaled(asked: Asked, taken: Taken) -> None:
    """A class whose file passes no scaling: a plain rope, and nothing that stops at a null."""
    if asked.rope.rope_type == "default":
        return
    taken.set("default")
    if "factor" in asked.values:
        taken.refusal = None
    text = f"its code for {asked.model_type} passes no scaling on: the rope is plain"
    taken.rule(text, classes.MODELS)


def _whole_base(asked: Asked, taken: Taken) -> None:
    """A class whose file passes the whole part of the base."""
    base = asked.rope.base
    if asked.model_type in classes.WHOLE_BASE and not float(base).is_integer():
        taken.rope = replace(taken.rope, base=float(int(base)))
        text = f"its code for {asked.model_type} takes the whole part of the base, {int(base):,}"
        taken.rule(text, classes.MODELS)


def _no_factor(asked: Asked) -> StackRule | None:
    """None where no class of transformers looks: at the command line, at a flat config."""
    if "factor" in asked.values:
        return StackRule("YaRN with a factor of null is refused: TypeError", f"{ROPES} get_rope")
    if "rope_type" in asked.flags or asked.model_type in classes.FLAT:
        return None
    text = "YaRN without a factor is refused as the file is loaded: KeyError"
    return StackRule(text, f"{TRANSFORMERS} _check_received_keys")


def _yarn(asked: Asked, taken: Taken) -> None:
    """g(s) times attn_factor; the pair of mscales counts where both are given, even as 0."""
    factor = _factor(asked, taken)
    over, under = asked.number("mscale"), asked.number("mscale_all_dim")
    both = over is not None and under is not None
    value = mscale(factor, over or 0.0) / mscale(factor, under or 0.0) if both else mscale(factor)
    if both and not (over and under):
        taken.rule("an mscale of 0 counts as a value: neither may be absent", ROPES)
    multiplier = asked.number("attn_factor")
    if multiplier is not None:
        taken.rule(f"attn_factor, {multiplier:.6g}, multiplies the attention factor", ROPES)
    taken.set(attention_factor=value * (1.0 if multiplier is None else multiplier))
    if asked.number("attention_factor") is not None:
        taken.rule("attention_factor is not read: it is computed from the factor", ROPES)
    honour_truncate(asked, taken, ROPES)


def _latent_yarn(asked: Asked, taken: Taken) -> None:
    """deepseek_yarn: as in vLLM, and attn_factor multiplies."""
    factor = _factor(asked, taken)
    over, under = asked.number("mscale"), asked.number("mscale_all_dim") or 0.0
    ratio = mscale(factor, 1.0 if over is None else over) / mscale(factor, under)
    multiplier = asked.number("attn_factor")
    taken.set(attention_factor=ratio * (1.0 if multiplier is None else multiplier), truncate=True)
    off = (
        asked.values.get("apply_yarn_scaling") is False or asked.values.get("apply_scale") is False
    )
    taken.softmax_factor = 1.0 if off else mscale(factor, under) ** 2
    for key in ("truncate", "attention_factor"):
        if asked.values.get(key) is not None:
            taken.rule(f"latent attention has deepseek_yarn, which never reads {key}", LATENT)


def _factor(asked: Asked, taken: Taken) -> float:
    """The factor, 1 where there is none."""
    if asked.values and asked.number("factor") is None:
        taken.set(factor=1.0)
        taken.rule("the factor is absent and taken for 1, with a line in the log", ROPES)
        return 1.0
    return asked.rope.factor or 1.0


def _dynamic(asked: Asked, taken: Taken) -> None:
    """The base of s M tokens, whatever the length: b (s s - (s - 1))^(d/(d-2))."""
    factor = asked.rope.factor or 1.0
    taken.set("ntk_aware", factor=factor * factor - (factor - 1))
    text = "dynamic scaling has one base, that of factor times max_position_embeddings tokens"
    taken.rule(f"{text}, for short prompts as well", ROPES)


def _longrope(asked: Asked, taken: Taken) -> None:
    longrope_by_lengths(asked, taken)
    text = "a batch with a position beyond the original context has long_factor"
    taken.rule(text, "python/sglang/srt/layers/rotary_embedding Phi3LongRoPEScaledRotaryEmbedding")


def _proportional(asked: Asked, taken: Taken) -> None:
    unfactored(asked, taken, ROPES)


BY_TYPE = {
    "yarn": _yarn,
    "dynamic": _dynamic,
    "longrope": _longrope,
    "proportional": _proportional,
}


def _usable_length(asked: Asked, taken: Taken) -> None:
    """The default of --context-length."""
    derived = asked.length(*LENGTH_KEYS) or asked.rope.context
    whole = asked.text.get("rope_scaling") or asked.text.get("rope_parameters") or {}
    flat = asked.model_type in classes.FLAT
    if flat:
        whole = asked.values
    kind = whole.get("rope_type") or whole.get("type")
    # of a rope by kind of layer only the kinds are at the top, and none is a factor
    by_layer = reads_by_kind_alone(asked.model_type) and not flat
    factor = None if by_layer else whole.get("factor")
    if isinstance(factor, int | float) and not whole.get(ORIGINAL) and kind not in WITH_ORIGINAL:
        text = f"--context-length is the context of the file times the factor, {factor:g}"
        taken.rule(f"{text}, by default", LENGTHS)
        derived = None if derived is None else int(derived * factor)
    taken.usable_length = derived
    if asked.is_beyond(derived):
        text = f"--context-length beyond {derived:,} is refused without "
        taken.rule(f"{text}SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", LENGTHS)
        taken.short = taken.rules[-1]
