"""The keys of a config.json as they stand: where the language model's are, and its rope object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROPE_KEYS = ("rope_scaling", "rope_parameters")  # the first wins, as in transformers
TEXT_KEYS = ("text_config", "llm_config", "language_config", "thinker_config")


def text_path(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the keys of the language model are: ("text_config",), or () at the top."""
    path: tuple[str, ...] = ()
    while key := next((key for key in TEXT_KEYS if isinstance(document.get(key), Mapping)), None):
        path, document = (*path, key), document[key]
    return path


def text_keys(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of the language model."""
    for key in text_path(document):
        document = document[key]
    return document


def rope_key(keys: Mapping[str, Any]) -> str | None:
    """The key of the rope object among those of the language model; None without one."""
    return next((key for key in ROPE_KEYS if keys.get(key) is not None), None)
