"""Configs in which a number is written as text: read as the numbers that they mean.

No stack is known to take them all; ``lint`` says where they are, and reads the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ropecalc.errors import ConfigError
from ropecalc.models.jsonfile import MAX_BYTES, WANTED, parse_object
from ropecalc.results import ModelConfig

NESTED = ("text_config", "rope_parameters", "rope_scaling", "llm_config", "language_config")
NUMBERS = frozenset(
    "rope_theta rope_local_base_freq global_rope_theta local_rope_theta factor hidden_size "
    "head_dim num_attention_heads num_key_value_heads num_hidden_layers max_position_embeddings "
    "original_max_position_embeddings partial_rotary_factor rotary_pct rotary_dim sliding_window "
    "beta_fast beta_slow low_freq_factor high_freq_factor attention_factor mscale "
    "mscale_all_dim".split()
)


def read_textual(path: str) -> ModelConfig | None:
    """A config.json with texts in the place of numbers; None where it has none, or is no such file.

    ``text_numbers`` of the model names them.
    """
    from ropecalc.files import read_bytes
    from ropecalc.models.huggingface import parse_config
    from ropecalc.models.matching import recognised

    file = Path(path) / "config.json" if os.path.isdir(path) else Path(path)  # noqa: PTH112
    try:
        name, data = read_bytes(str(file), MAX_BYTES, ConfigError, WANTED)
        document = parse_object(name, data)
        found = tuple(_texts(document))
        model = recognised(parse_config(_numbered(document), name)) if found else None
    except ConfigError:
        return None
    return model and replace(model, text_numbers=found)


def _texts(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of each number that is written as text."""
    for key, value in document.items():
        if key in NUMBERS and _number(value) is not None:
            yield path + key, value
        elif key in NESTED and isinstance(value, Mapping):
            yield from _texts(value, f"{path}{key}.")


def _numbered(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with numbers for those texts."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key in NESTED and isinstance(value, Mapping):
            found[key] = _numbered(value)
        else:
            number = _number(value) if key in NUMBERS else None
            found[key] = value if number is None else number
    return found


def _number(value: object) -> float | None:
    """The number that a text spells: an integer where it is one."""
    if not isinstance(value, str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if not abs(number) < float("inf"):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
