"""SGLang 0.5.23. It loads the file through transformers' own classes, so that bases are theirs."""

from __future__ import annotations

from ropecalc.results import StackRule
from ropecalc.scaling import mscale
from ropecalc.stacks.dialects.asked import ORIGINAL, Asked, Taken
from ropecalc.stacks.dialects.loading import refusal_on_loading
from ropecalc.stacks.dialects.transformers import ROPES as TRANSFORMERS

VERSION = "0.5.23"
ROPES = "python/sglang/srt/layers/rotary_embedding/factory.py"
LENGTHS = "python/sglang/srt/utils/hf_transformers/config.py get_context_length"
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
    taken = Taken(asked.rope, asked.context or asked.rope.context, asked.rope.context)
    _usable_length(asked, taken)
    if asked.is_latent_yarn:
        _latent_yarn(asked, taken)
    elif asked.rope.rope_type in BY_TYPE and asked.model_type != "deepseek_v4":
        BY_TYPE[asked.rope.rope_type](asked, taken)
    if asked.written == "ntk":
        taken.refusal = StackRule("it does not know the rope_type ntk", ROPES)
    elif asked.lacks_factor:
        taken.refusal = _no_factor(asked)
    taken.refusal = refusal_on_loading(asked) or taken.refusal
    return taken


def _no_factor(asked: Asked) -> StackRule | None:
    """None where YaRN comes from the command line, which no class of transformers looks at."""
    if "factor" in asked.values:
        return StackRule("YaRN with a factor of null is refused: TypeError", f"{ROPES} get_rope")
    if "rope_type" in asked.flags:
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
    if asked.nested and asked.values.get("truncate") is False:
        taken.set(truncate=False)
        taken.rule("truncate is honoured within the kinds of layers as well", ROPES)


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
    from ropecalc.scaling import longrope_attention_factor

    original, context = asked.rope.original_context, asked.rope.context
    if original and context:
        taken.set(
            attention_factor=longrope_attention_factor(context / original, original), factor=None
        )
    text = "a batch with a position beyond the original context has long_factor"
    taken.rule(text, "python/sglang/srt/layers/rotary_embedding Phi3LongRoPEScaledRotaryEmbedding")


BY_TYPE = {"yarn": _yarn, "dynamic": _dynamic, "longrope": _longrope}


def _usable_length(asked: Asked, taken: Taken) -> None:
    """The default of --context-length."""
    derived = asked.length(*LENGTH_KEYS) or asked.rope.context
    whole = asked.text.get("rope_scaling") or asked.text.get("rope_parameters") or {}
    kind = whole.get("rope_type") or whole.get("type")
    factor = whole.get("factor")
    if isinstance(factor, int | float) and not whole.get(ORIGINAL) and kind not in WITH_ORIGINAL:
        text = f"--context-length is the context of the file times the factor, {factor:g}"
        taken.rule(f"{text}, by default", LENGTHS)
        derived = None if derived is None else int(derived * factor)
    taken.usable_length = derived
    if asked.is_beyond(derived):
        text = f"--context-length beyond {derived:,} is refused without "
        taken.rule(f"{text}SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", LENGTHS)
