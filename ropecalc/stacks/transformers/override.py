"""What transformers 5 makes of keys that from_pretrained is given, and of a file with new keys.

Ran with 5.23.0: ``PretrainedConfig.from_dict`` sets what it is given on a config that is loaded: a
rope object takes the place of the whole one, and the class fills nothing in but the original
length. A base beside it is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.models import classes
from ropecalc.models.attention import FULL, PARTIAL_KEYS, SLIDING
from ropecalc.models.huggingface import parse_config
from ropecalc.models.raw import ROPE_KEYS, TEXT_KEYS, text_keys
from ropecalc.results import ModelConfig, StackRule
from ropecalc.stacks import patched
from ropecalc.stacks.asked import ORIGINAL
from ropecalc.stacks.loaded import reached
from ropecalc.stacks.start import Start
from ropecalc.stacks.transformers.run import AS_READ
from ropecalc.stacks.unread import refusal

override = patched.override
MODELS = "src/transformers/models, the rotary embedding of each"
SETTER = "src/transformers/configuration_utils.py RotaryEmbeddingConfigMixin"
# Classes that do not run without partial_rotary_factor in the object; others then turn all.
PART_NEEDED = frozenset("nemotron persimmon phi stablelm".split())
OUTSIDE = StackRule(
    "keys beside text_config do not reach the language model: override them within it", SETTER
)
WHOLE = "the overriding {} replaces the file's as a whole, its base as well,"


def start(model: ModelConfig, keys: Mapping[str, Any], context: int | None) -> Start:
    """The model as from_pretrained makes it with keys beside its name."""
    given, outside = reached(keys, model.document)
    if outside and not given:
        return Start(model, context, rules=(OUTSIDE,))
    key = next((key for key in ROPE_KEYS if isinstance(given.get(key), Mapping)), None)
    unread = refusal(model)
    if unread is not None:
        return Start(model, context, refusal=unread)
    text = dict(text_keys(model.document))
    # no attributes of a config that is loaded
    unset = {*ROPE_KEYS, "rope_theta", *PARTIAL_KEYS, *TEXT_KEYS}
    if ORIGINAL not in text and model.model_type not in classes.ORIGINAL_CONTEXT:
        unset.add(ORIGINAL)
    row = classes.class_or_any(model.model_type)
    if "head_dim" not in text and row.head_dim is None and row.null_head != "own":
        unset.add("head_dim")
    beside = {k: v for k, v in given.items() if k not in unset}
    null = next((key for key in ROPE_KEYS if key in given and given[key] is None), None)
    if key is None and null is not None:
        text_ = f"{null} of null leaves no rope object to build the model with: TypeError"
        return Start(model, context, refusal=StackRule(text_, MODELS))
    if key is None:
        return Start(parse_config({**text, **beside}, model.source), context)
    where, rope = WHOLE.format(key), dict(given[key])
    if key == "rope_scaling" and rope.get("type"):  # whose setter fills the type in
        rope.setdefault("rope_type", rope["type"])
    missing = _missing(model, rope)
    if missing is not None:
        return Start(model, context, refusal=StackRule(f"{where} and has no {missing}", MODELS))
    lost = (*ROPE_KEYS, *PARTIAL_KEYS) if _loses_part(model, rope) else ROPE_KEYS
    kept = {k: v for k, v in text.items() if k not in lost}
    document = {**kept, **beside, "rope_parameters": _as_read(model, rope)}
    flags = frozenset(rope)
    rules = (StackRule(where.rstrip(","), SETTER),)
    return Start(parse_config(document, model.source), context, flags, rules=rules)


def _missing(model: ModelConfig, rope: Mapping[str, Any]) -> str | None:
    """The key that its code looks for, with the error; None where all are there."""
    kinds = [kind for kind in (FULL, SLIDING) if kind in rope]
    if _by_kind(model) or kinds:
        absent = [own.layer_type for own in model.ropes if own.layer_type not in rope]
        absent = [FULL] if "all" in absent and not kinds else absent
        return f"{absent[0]}: KeyError" if absent and _by_kind(model) else None
    if not rope.get("rope_type"):
        return "rope_type: KeyError"
    if rope.get("rope_theta") is None:
        return "rope_theta: TypeError"
    if str(model.model_type) in PART_NEEDED and rope.get("partial_rotary_factor") is None:
        return "partial_rotary_factor: KeyError"
    return None


def _by_kind(model: ModelConfig) -> bool:
    """Whether the class reads an object by kind of layer alone."""
    text = text_keys(model.document)
    own = text.get("rope_parameters")
    nested = isinstance(own, Mapping) and any(isinstance(one, Mapping) for one in own.values())
    return nested or classes.reads_by_kind_alone(str(text.get("model_type")))


def _loses_part(model: ModelConfig, rope: Mapping[str, Any]) -> bool:
    """Phi-3's class puts the part into any object."""
    kept = model.rope.latent or model.model_type in classes.LONGROPE_ALONE
    return not kept and rope.get("partial_rotary_factor") is None


def _as_read(model: ModelConfig, rope: dict[str, Any]) -> dict[str, Any]:
    """The object for the reader of files, which knows more than a config that is loaded has.

    Whole heads are said to be whole, and YaRN of Phi-3 is YaRN: its class renames it in files.
    """
    part = rope.get("rope_type") != "proportional" and not _by_kind(model)
    if part and _loses_part(model, rope):
        rope = {**rope, "partial_rotary_factor": 1.0}
    renamed = rope.get("rope_type") == "yarn" and model.model_type in classes.LONGROPE_ALONE
    return {**rope, "rope_type": AS_READ} if renamed else rope
