"""What a rotary module turns and by how much, read from what it computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch

Json = dict[str, Any]


def of_table(table: Any) -> Json:
    """From rows of cosines and sines, a row per position: row 1 has the angles of one token."""
    cos, sin = table[1].double().chunk(2)
    return {**_polar(cos, sin), "rows": table.shape[0]}


def of_forward(module: Any, position: int, layer_type: str | None = None) -> Json:
    """From a module of transformers: the frequencies that a forward at a position leaves in it.

    The angles at the last position are far beyond a turn, so the buffer is read; cos and sin at
    position 1, by a second forward, give the factor on them.
    """
    keys = {} if layer_type is None else {"layer_type": layer_type}
    prefix = "" if layer_type is None else f"{layer_type}_"
    hidden = torch.zeros(1, 1, 8)
    module(hidden, torch.tensor([[position]]), **keys)
    frequencies = getattr(module, f"{prefix}inv_freq").double()
    factor = getattr(module, f"{prefix}attention_scaling")
    return {"freqs": [float(f) for f in frequencies], "mag": [float(factor)] * 2}


def _polar(cos: Any, sin: Any) -> Json:
    length = torch.hypot(cos, sin)
    angles = torch.atan2(sin, cos)
    return {
        "freqs": [float(angle) for angle in angles],
        "mag": [float(length.min()), float(length.max())],
    }


def layer_of(name: str) -> str | None:
    """The number of the layer that a module belongs to, by its name."""
    found = re.search(r"\.(\d+)\.", name)
    return found.group(1) if found else None


def scalings(model: Any) -> Iterator[tuple[str, float]]:
    """(layer, what its attention multiplies the products of queries and keys by)."""
    for name, module in model.named_modules():
        layer = layer_of(name)
        scale = getattr(module, "scaling", None)
        if layer is not None and "attn" in name and isinstance(scale, float | int):
            yield layer, float(scale)


def forwards(model: Any, position: int) -> Iterator[tuple[str, Json]]:
    """(key of the layers, rope) of each rotary module of transformers in a model."""
    for name, module in model.named_modules():
        kinds = [key for key in dir(module) if key.endswith("_attention_inv_freq")]
        for key in (key for key in kinds if not key.startswith("original")):
            kind = key.removesuffix("_inv_freq")
            if "original" not in kind:
                yield key, named(name, module, of_forward(module, position, kind))
        if not kinds and hasattr(module, "inv_freq") and hasattr(module, "attention_scaling"):
            yield f"-1:{name}", named(name, module, of_forward(module, position))


def named(name: str, module: Any, rope: Json) -> Json:
    """A rope with the module that it is from."""
    return {"rope": type(module).__name__, "rope_name": name, **rope}
