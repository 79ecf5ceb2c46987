"""vLLM 0.33.0. It loads the file through transformers' own classes, so that bases are theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ropecalc.models.classes import LONGROPE_BY_OTHER_NAMES, reads_by_kind_alone
from ropecalc.results import StackRule
from ropecalc.scaling import mscale
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.loading import refusal_on_loading
from ropecalc.stacks.servers import (
    by_transformers,
    honour_truncate,
    longrope_by_lengths,
    unfactored,
)
from ropecalc.stacks.vllm import classes

ROPES = "vllm/model_executor/layers/rotary_embedding"
LENGTHS = "vllm/config/model.py _get_and_verify_max_len"
LATENT = "vllm/model_executor/models/deepseek_v2.py"
NO_FACTOR = "YaRN without a factor is refused: KeyError, or TypeError where it is null"
# Types to which transformers adds the original length.
FILLED_IN = ("yarn", "longrope", "llama3")
# What counts as the length of a model: the least of them.
LENGTH_KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
# Types whose factor is in max_position_embeddings already.
EXTENDED = frozenset("su longrope llama3 yarn deepseek_yarn deepseek_llama_scaling".split())
TYPES = "vllm/transformers_utils/config.py patch_legacy_rope_type"


def run(asked: Asked) -> Taken:
    """What vLLM's get_rope and its attention layers make of a rope."""
    if asked.model_type in classes.BY_TRANSFORMERS:
        taken = by_transformers(asked, _usable_length(asked), classes.REGISTRY)
    else:
        taken = Taken(asked.rope, asked.context or asked.rope.context, _usable_length(asked))
        _own_code(asked, taken)
    taken.refusal = refusal_on_loading(asked) or _two_types(asked) or taken.refusal
    _length_rules(asked, taken)
    return taken


def _own_code(asked: Asked, taken: Taken) -> None:
    if asked.model_type in classes.YARN_ALONE:
        _yarn_alone(asked, taken)
    elif asked.is_latent_yarn:
        _latent_yarn(asked, taken)
    elif asked.rope.rope_type in BY_TYPE:
        BY_TYPE[asked.rope.rope_type](asked, taken)
    if asked.written == "ntk":
        taken.rule("ntk lowers the highest frequency as well", ROPES)
    if asked.lacks_factor:
        taken.refusal = StackRule(NO_FACTOR, f"{ROPES} get_rope")
    elif taken.refusal is None and asked.broken_end:
        taken.refusal = StackRule(asked.broken_end, f"{ROPES} yarn_find_correction_dim")


def _two_types(asked: Asked) -> StackRule | None:
    """The refusal of a type apart from the rope_type that transformers has on loading the file."""
    old, new = asked.values.get("type"), asked.values.get("rope_type")
    if asked.model_type == "phi3" and (new or old) in LONGROPE_BY_OTHER_NAMES["phi3"]:
        new = "longrope"
    elif reads_by_kind_alone(asked.model_type) and not asked.nested:
        new = new or "default"  # which these classes have before they look at the type
    if "type" not in asked.values or new in (None, old) or (old, new) in classes.RENAMED:
        return None
    text = f"type {old or 'null'} beside rope_type {new} is refused: ValueError"
    return StackRule(text, TYPES)


def _yarn_alone(asked: Asked, taken: Taken) -> None:
    """The YaRN of gpt-oss, whatever the rope_type is, from keys that may not be absent."""
    where = f"{classes.MODELS}/{asked.model_type}.py"
    found = {**dict.fromkeys(classes.YARN_KEYS), **asked.values}
    if asked.written in FILLED_IN:  # by transformers, as it loads the file
        found[ORIGINAL] = found[ORIGINAL] or asked.rope.original_context
    missing = [key for key in classes.YARN_KEYS if as_number(found[key]) is None]
    if missing:
        error = "TypeError" if missing[0] in asked.values else "KeyError"
        text = f"its code for {asked.model_type} is that of YaRN and needs {missing[0]}: {error}"
        taken.refusal = StackRule(text, where)
        return
    factor, original, fast, slow = (found[key] for key in classes.YARN_KEYS)
    ends = {"beta_fast": fast, "beta_slow": slow, "truncate": bool(found.get("truncate", True))}
    taken.set("yarn", factor=factor, original_context=original, **ends)
    if asked.rope.rope_type != "yarn":
        taken.rule(f"its code for {asked.model_type} is that of YaRN, whatever the type", where)
    for key in classes.YARN_DROPPED:
        if asked.number(key) is not None:
            taken.rule(f"its code for {asked.model_type} does not pass {key} on", where)


def _yarn(asked: Asked, taken: Taken) -> None:
    honour_truncate(asked, taken, ROPES)
    if asked.number("attn_factor") is not None:
        taken.rule("attn_factor is left out", ROPES)


def _latent_yarn(asked: Asked, taken: Taken) -> None:
    """deepseek_yarn: mscale is 1 and mscale_all_dim 0 unless given; no other key counts."""
    factor = asked.rope.factor or 1.0
    over = asked.number("mscale")
    under = asked.number("mscale_all_dim") or 0.0
    ratio = mscale(factor, 1.0 if over is None else over) / mscale(factor, under)
    taken.set(attention_factor=ratio, truncate=True)
    unscaled = asked.number("attention_factor") == 1.0
    taken.softmax_factor = 1.0 if unscaled else mscale(factor, under) ** 2
    for key in ("truncate", "attention_factor"):
        if asked.values.get(key) is not None:
            taken.rule(f"latent attention has deepseek_yarn, which never reads {key}", ROPES)
    if unscaled:
        taken.rule("attention_factor 1 leaves the softmax unscaled", LATENT)
    if over is None or asked.values.get("mscale_all_dim") is None:
        text = "latent attention has deepseek_yarn, whose mscale is 1 and mscale_all_dim 0 unless "
        taken.rule(f"{text}given", ROPES)


def _dynamic(asked: Asked, taken: Taken) -> None:
    """The base of one length for all: that of M over max_trained_positions."""
    factor, context = asked.rope.factor or 1.0, asked.rope.context
    trained = asked.number("max_trained_positions") or context
    growth = factor * context / trained - (factor - 1) if context and trained else 1.0
    if growth > 1:
        taken.set("ntk_aware", factor=growth)
        text = "dynamic scaling has one base, that of max_position_embeddings over "
        taken.rule(f"{text}max_trained_positions", ROPES)
    else:
        taken.set("default")
        text = "dynamic scaling does nothing without max_trained_positions, and its table ends at "
        taken.rule(f"{text}max_position_embeddings", ROPES)


def _longrope(asked: Asked, taken: Taken) -> None:
    """One list for the whole server, and an attention factor from M and L alone."""
    longrope_by_lengths(asked, taken)
    original = asked.rope.original_context
    served = asked.context or taken.usable_length
    taken.length = served
    which = "long_factor" if served and original and served > original else "short_factor"
    how = f"--max-model-len is {served:,}" if served else "of its --max-model-len"
    taken.rule(f"a server has one list for all requests: {which} here, since {how}", ROPES)
    if asked.number("factor") is not None or asked.number("attention_factor") is not None:
        text = f"the attention factor comes from max_position_embeddings and {ORIGINAL} alone"
        taken.rule(f"{text}, unless short_mscale and long_mscale are given", ROPES)


def _linear(asked: Asked, taken: Taken) -> None:
    """The factor is a float, or a list of several."""
    if type(asked.values.get("factor")) is int:
        text = "a factor of linear scaling that is an integer in JSON stops it with a TypeError"
        taken.refusal = StackRule(text, ROPES)


def _proportional(asked: Asked, taken: Taken) -> None:
    unfactored(asked, taken, ROPES)


BY_TYPE = {
    "linear": _linear,
    "yarn": _yarn,
    "dynamic": _dynamic,
    "longrope": _longrope,
    "proportional": _proportional,
}


def _usable_length(asked: Asked) -> int | None:
    """The default of --max-model-len."""
    found = [asked.length(key) for key in LENGTH_KEYS]
    derived = min((length for length in found if length), default=asked.rope.context)
    derived = asked.length("model_max_length") or derived
    if asked.rope.rope_type == "longrope" and asked.length(ORIGINAL):
        return asked.length(ORIGINAL)
    return None if derived is None else int(derived * _length_factor(asked))


def _length_factor(asked: Asked) -> float:
    if asked.model_type.startswith("gemma3"):
        return 1.0
    factor = None
    for values in _objects(asked):
        kind = values.get("rope_type") or values.get("type") or "default"
        if kind not in EXTENDED:
            factor = values.get("factor", factor)
    return as_number(factor) or 1.0


def _objects(asked: Asked) -> Iterator[Mapping[str, Any]]:
    """All rope objects of the file: the length is that of the model, not of one kind of layer."""
    whole = asked.text.get("rope_scaling") or asked.text.get("rope_parameters") or {}
    inner = [value for value in whole.values() if isinstance(value, Mapping)]
    yield from inner or [whole]


def _length_rules(asked: Asked, taken: Taken) -> None:
    factor = _length_factor(asked)
    if factor != 1:
        text = f"--max-model-len is max_position_embeddings times the factor, {factor:g}"
        taken.rule(f"{text}, by default", LENGTHS)
    limit = asked.rope.context if asked.rope.rope_type == "longrope" else taken.usable_length
    if asked.is_beyond(limit):
        text = f"--max-model-len beyond {limit:,} is refused without VLLM_ALLOW_LONG_MAX_MODEL_LEN"
        taken.rule(text, LENGTHS)
        taken.short = taken.rules[-1]
    if asked.model_type not in classes.BY_TRANSFORMERS:
        _table_rule(taken)


def _table_rule(taken: Taken) -> None:
    """vLLM's own YaRN has cos and sin for L s positions."""
    original, scale = taken.rope.original_context, taken.rope.factor
    if taken.rope.rope_type == "yarn" and original and scale:
        table = int(original * scale)
        if taken.usable_length and table < taken.usable_length:
            text = f"the table of YaRN ends at {table:,} tokens, before --max-model-len does"
            taken.rule(text, ROPES)
