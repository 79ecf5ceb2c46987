"""MLX: the model class of mlx-lm, on the CPU build of mlx; its rope modules turn unit vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.utils import _get_classes

from tests.tools.real.worker import Json, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """The keys of an override are put into the config, as ``load(model_config=...)`` does."""
    del argv
    config = {**config, **(override or {})}
    with stage("config"):
        model_class, arguments = _get_classes(config)
        arguments = arguments.from_dict(config)
    with stage("build"):
        model = model_class(arguments)
    with stage("forward"):
        layers = dict(_layers(model, ctx or config["max_position_embeddings"]))
    return {"layers": layers, "class": model_class.__module__}


def _layers(model: Any, length: int) -> Iterator[tuple[str, Json]]:
    for number, layer in enumerate(model.layers):
        attention = next((v for k, v in layer.items() if "attn" in k or "attention" in k), None)
        rope = next((v for k, v in (attention or {}).items() if k.startswith("rope")), None)
        scale = getattr(attention, "scale", None)
        told: Json = {} if scale is None else {"scaling": float(scale)}
        if callable(rope):
            told |= {"rope": type(rope).__name__, **_turned(rope, _size(rope), length)}
        yield str(number), told


def _size(rope: Any) -> int:
    return int(getattr(rope, "dims", None) or getattr(rope, "dim", None) or rope._freqs.size * 2)


def _turned(rope: Any, size: int, length: int) -> Json:
    """What becomes of (1, 0) in each pair at position 1 of a text as long as this.

    One of another type than DynamicNTK turns no row otherwise for those after it.
    """
    rows = length if "Dynamic" in type(rope).__name__ else 2
    traditional = bool(getattr(rope, "traditional", False))
    first = np.arange(size) % 2 == 0 if traditional else np.arange(size) < size // 2
    vectors = mx.broadcast_to(mx.array(first.astype(np.float32)), (1, 1, rows, size))
    out = np.array(rope(vectors)[0, 0, 1]).astype(np.float64)
    cos, sin = out[first], out[~first]
    factors = np.hypot(cos, sin)
    return {
        "freqs": np.arctan2(sin, cos).tolist(),
        "mag": [float(factors.min()), float(factors.max())],
    }


if __name__ == "__main__":
    serve(real)
