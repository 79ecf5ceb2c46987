"""A config.json with some of its keys overridden on the command line of each stack.

What is handed to --hf-overrides (vLLM), --json-model-override-args (SGLang), from_pretrained
(transformers), or in flags (llama.cpp) lands in the config in four ways: a rope object replaces
the one that is there, or is merged into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.errors import UnsupportedError
from ropecalc.models.huggingface import parse_config
from ropecalc.models.raw import ROPE_KEYS
from ropecalc.results import ModelConfig, StackRule
from ropecalc.stacks.asked import Asked, asked_of
from ropecalc.stacks.sglang import classes as classes_sglang
from ropecalc.stacks.start import Start

MERGES = {
    "sglang": StackRule(
        "an overriding rope object is merged into the one of the file",
        "python/sglang/srt/utils/hf_transformers/config.py",
    ),
}
VLLM_BASE = 10_000.0
VLLM_BASES = {  # of models that have a default of their own there
    "qwen2": 1e6,
    "qwen3": 1e6,
    "exaone4": 1e6,
    "ernie4_5": 5e5,
    "falcon_h1": 1e11,
}
GET_ROPE = "vllm/model_executor/layers/rotary_embedding get_rope"
MODELS = "src/transformers/models, the rotary embedding of each"
SETTER = "src/transformers/configuration_utils.py RotaryEmbeddingConfigMixin"


def overridden(
    model: ModelConfig, override: Mapping[str, Any], stack: str, context: int | None
) -> Start:
    """The model as a stack has it then.

    Parameters
    ----------
    model : read from a config.json with one rope object, or none
    override : keys of the config, among them ``rope_parameters`` or ``rope_scaling``
    stack : one of ``registry.COMPARED``

    Raises
    ------
    UnsupportedError
        The file has rope objects by kind of layer.
    ConfigError
        As ``parse_config``.
    """
    override = of_the_text(override)
    asked = asked_of(Start(model), model.rope)
    if asked.nested:
        raise UnsupportedError(
            f"{model.source}: has rope_parameters by kind of layer, for which overrides are not "
            "worked out; patch the file instead"
        )
    found, rule = _overridden(model, override, asked, stack)
    if found is None:
        return Start(model, context, refusal=rule)
    rules = () if rule is None else (rule,)
    flags = frozenset(override.get("rope_scaling") or override.get("rope_parameters") or {})
    return Start(found, context, flags, rules=rules)


def of_the_text(override: Mapping[str, Any]) -> dict[str, Any]:
    """An override of a model with several parts: the keys of its text part, where ropes are."""
    inner = override.get("text_config")
    if not isinstance(inner, Mapping):
        return dict(override)
    return {**{k: v for k, v in override.items() if k != "text_config"}, **inner}


def _overridden(
    model: ModelConfig, override: Mapping[str, Any], asked: Asked, stack: str
) -> tuple[ModelConfig | None, StackRule | None]:
    """(the config as it is then, what the stack did); no config where it refuses."""
    key = next((key for key in ROPE_KEYS if key in override), None)
    text = {k: v for k, v in asked.text.items() if k not in ROPE_KEYS}
    text.update((k, v) for k, v in override.items() if k not in ROPE_KEYS)
    place, kept = _kept(asked, text, stack)
    if key is None:
        return parse_config({**text, place: kept}, model.source), None
    given = dict(override[key])
    if stack in MERGES:
        merged = {**kept, **given}
        return parse_config({**text, place: merged}, model.source), MERGES[stack]
    return _replaced(model, text, given, key, stack)


def _kept(asked: Asked, text: Mapping[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    """(the key of the file's own rope object, the object as it is once loaded)."""
    base = asked.rope.base
    kept = {"rope_type": "default", **asked.values, "rope_theta": base}
    kept["rope_type"] = asked.written or "default"
    if stack != "sglang" or asked.model_type not in classes_sglang.FLAT:
        return "rope_parameters", kept
    kept["rope_theta"] = asked.values.get("rope_theta") or text.get("rope_theta", base)
    return "rope_scaling", kept  # which a flat config has, with the base outside


def _replaced(
    model: ModelConfig, text: Mapping[str, Any], given: dict[str, Any], key: str, stack: str
) -> tuple[ModelConfig | None, StackRule | None]:
    """The rope object replaces the whole one of the file, and its base with it."""
    where = f"the overriding {key} replaces the file's as a whole, its base as well,"
    said = StackRule(where.rstrip(","), SETTER)
    if not given.get("rope_type"):
        place = "vllm/config/model.py _get_and_verify_max_len" if stack == "vllm" else MODELS
        return None, StackRule(f"{where} and has no rope_type: KeyError", place)
    if given.get("rope_theta") is None:
        if stack != "vllm" or key == "rope_scaling":
            return None, StackRule(f"{where} and has no rope_theta: TypeError", SETTER)
        base = VLLM_BASES.get(str(text.get("model_type")), VLLM_BASE)
        given["rope_theta"] = base
        said = StackRule(f"{where} and has no rope_theta: the base is {base:,.0f}", GET_ROPE)
    return parse_config({**text, "rope_parameters": given}, model.source), said
