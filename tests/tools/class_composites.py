"""Files of several models in one: where the language model's keys are, and of which class.

python -m tests.tools.class_composites OUT      (needs the extra "transformers")
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.tools import class_probe

DEFAULTS = (
    *("rope_parameters", "head_dim", "hidden_size", "num_attention_heads", "num_hidden_layers"),
    *("max_position_embeddings", "sliding_window", "partial_rotary_factor"),
)


def composites() -> dict[str, Any]:
    """{model_type: {path, class, defaults}} of every class that has its text model inside."""
    from transformers import CONFIG_MAPPING

    found = {}
    for name in sorted(CONFIG_MAPPING):
        try:
            outer = CONFIG_MAPPING[name]()
            text = class_probe.text_part(outer)
            if text is outer:
                continue
            path = _path(outer, text)
            if path:
                found[name] = _row(name, path, text)
        except Exception as error:  # noqa: BLE001 - some have no defaults
            print(name, repr(error)[:100], file=sys.stderr)
    return found


def _path(outer: Any, text: Any, depth: int = 0) -> list[str] | None:
    """The keys that lead to the text model's config."""
    for key, value in vars(outer).items():
        if value is text:
            return [key]
        if depth < 2 and hasattr(value, "model_type") and hasattr(value, "to_dict"):
            inner = _path(value, text, depth + 1)
            if inner:
                return [key, *inner]
    return None


def _row(name: str, path: list[str], text: Any) -> dict[str, Any]:
    from transformers import CONFIG_MAPPING

    row: dict[str, Any] = {"path": path, "class": text.model_type}
    document: dict[str, Any] = {}
    for key in reversed(path):
        document = {key: document}
    own = class_probe.text_part(CONFIG_MAPPING[name].from_dict({**document, "model_type": name}))
    plain = CONFIG_MAPPING[own.model_type]()
    row["class"] = own.model_type
    others = {}
    for key in DEFAULTS:
        one, other = (_value(config, key) for config in (own, plain))
        if one != other:
            others[key] = one
    return row | ({"defaults": others} if others else {})


def _value(config: Any, key: str) -> Any:
    """An attribute; None where there is none, or one for each layer."""
    try:
        return getattr(config, key, None)
    except Exception:  # noqa: BLE001 - what differs by layer is asked layer by layer
        return None


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(composites(), default=str, indent=0))
