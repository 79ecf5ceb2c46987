"""A config.json with the keys in it that were printed to be put there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ropecalc.models.huggingface import parse_config
from ropecalc.models.raw import TEXT_KEYS
from ropecalc.results import ModelConfig
from ropecalc.stacks.start import Start


def override(model: ModelConfig, text: str) -> Start:
    """The model with keys of a JSON object in its file; a null takes one away."""
    return Start(parse_config(_merged(model.document, json.loads(text)), model.source))


def _merged(document: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a text part are merged into it; any other replaces the one that is there."""
    changed = {
        key: _merged(document.get(key) or {}, value) if key in TEXT_KEYS else value
        for key, value in keys.items()
    }
    return {key: value for key, value in {**document, **changed}.items() if value is not None}
