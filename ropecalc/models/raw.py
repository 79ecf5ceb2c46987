"""The keys of a config.json as they are: where the language model's are, and its rope object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ropecalc.models.classes import composite

ROPE_KEYS = ("rope_scaling", "rope_parameters")  # the first wins, as in transformers
TEXT_KEYS = ("text_config", "llm_config", "language_config", "thinker_config")


def text_path(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the keys of the language model are: ("text_config",), or () at the top."""
    known = composite(str(document.get("model_type"))).get("path", ())
    if known and _reaches(document, known):
        return tuple(known)
    path: tuple[str, ...] = ()
    while key := next((key for key in TEXT_KEYS if isinstance(document.get(key), Mapping)), None):
        path, document = (*path, key), document[key]
    return path


def _reaches(document: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether there is an object under each key of a path."""
    for key in path:
        document = document.get(key, {})
        if not isinstance(document, Mapping) or not document:
            return False
    return True


def text_keys(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of the language model."""
    for key in text_path(document):
        document = document[key]
    return document


def rope_key(keys: Mapping[str, Any]) -> str | None:
    """The key of the rope object among those of the language model; None without one."""
    return next((key for key in ROPE_KEYS if keys.get(key) is not None), None)
