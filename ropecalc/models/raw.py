"""The keys of a config.json as they are: where the language model's are, and its rope object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ropecalc.models.classes import composite

FILLED_IN = ("yarn", "llama3", "longrope")  # whose original length is filled in on loading
ROPE_KEYS = ("rope_scaling", "rope_parameters")  # the first wins, as in transformers
TEXT_KEYS = ("text_config", "llm_config", "language_config", "thinker_config")


def text_path(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the keys of the language model are: ("text_config",), or () at the top."""
    known = composite(_type(document)).get("path", ())
    if known and _reaches(document, known):
        return tuple(known)
    path: tuple[str, ...] = ()
    while key := next((key for key in TEXT_KEYS if isinstance(document.get(key), Mapping)), None):
        path, document = (*path, key), document[key]
    return path


def _type(document: Mapping[str, Any]) -> str:
    return str(document.get("model_type"))


def _reaches(document: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether there is an object under each key of a path."""
    for key in path:
        document = document.get(key, {})
        if not isinstance(document, Mapping) or not document:
            return False
    return True


def beside_text(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(key of the text part, key about the rope, the object that has both): no class looks there.

    What the text part says too, as some releases of transformers write it, is none.

    >>> found = {"rope_theta": 1e6, "text_config": {"rope_theta": 1e4}}
    >>> [(text, key) for text, key, _ in beside_text(found)]
    [('text_config', 'rope_theta')]
    """
    place, inner = document, text_keys(document)
    bases = [inner[key].get("rope_theta") for key in ROPE_KEYS if isinstance(inner.get(key), dict)]
    for text in text_path(document):
        for key in (*ROPE_KEYS, "rope_theta"):
            same = [inner.get(key), *(bases if key == "rope_theta" else ())]
            if place.get(key) and place[key] not in same:
                yield text, key, place
        place = place[text]


def stops_beside_text(document: Mapping[str, Any]) -> str | None:
    """Why a composite's own class does not load: its scaling takes the length from beside it."""
    for text, key, place in beside_text(document) if composite(_type(document)) else ():
        rope = place[key] if isinstance(place[key], Mapping) else {}
        method = rope.get("rope_type", rope.get("type"))
        if method in FILLED_IN and place.get("max_position_embeddings") is None:
            return (
                f"{key} with {method} lies beside {text}, where the class looks for "
                "max_position_embeddings: AttributeError"
            )
    return None


def text_keys(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of the language model."""
    for key in text_path(document):
        document = document[key]
    return document


def rope_key(keys: Mapping[str, Any]) -> str | None:
    """The key of the rope object among those of the language model; None without one."""
    return next((key for key in ROPE_KEYS if keys.get(key) is not None), None)
