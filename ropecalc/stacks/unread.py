"""Files whose rope object transformers does not read: one stack may run them all the same.

llama.cpp's converter falls back to config.json as it is, and takes what it knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ropecalc.errors import ConfigError
from ropecalc.models.huggingface import parse_config
from ropecalc.models.raw import ROPE_KEYS, text_keys, text_path
from ropecalc.results import ModelConfig, StackRule

KEPT = ("rope_theta", "partial_rotary_factor")
LOADING = "src/transformers/modeling_rope_utils.py, and the configuration of the class"


def parse_leniently(document: Mapping[str, Any], source: str) -> ModelConfig:
    """As ``parse_config``, but a rope object that it refuses counts as none.

    Raises ConfigError where it is not the object that is refused.
    """
    try:
        return parse_config(document, source)
    except ConfigError as refused:
        try:
            bare = parse_config(_without(document), source)
        except ConfigError:
            raise refused from None
        return replace(bare, document=dict(document))


def refusal(model: ModelConfig) -> StackRule | None:
    """Why the classes of transformers refuse a file that was read so; None for any other."""
    text = text_keys(model.document)
    given = [text[key] for key in ROPE_KEYS if isinstance(text.get(key), Mapping)]
    typed = [one for one in given if one.get("rope_type") or one.get("type")]
    if not typed or any(rope.rope_type != "default" for rope in model.ropes):
        return None
    try:
        parse_config(model.document, model.source)
    except ConfigError as refused:
        text_ = str(refused).removeprefix(f"{model.source}: ")
        return StackRule(f"its class refuses the rope object: {text_}", LOADING)
    return None


def _without(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the base and the part that turns alone of the rope object of its text."""
    path = text_path(document)
    if not path:
        given = [document[key] for key in ROPE_KEYS if isinstance(document.get(key), Mapping)]
        kept = {key: one[key] for one in given[:1] for key in KEPT if key in one}
        return {**kept, **{k: v for k, v in document.items() if k not in ROPE_KEYS}}
    return {**document, path[0]: _without(document[path[0]])}
