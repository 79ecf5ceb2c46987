"""Curves of six models in float32, bfloat16 and float16, by PyTorch's operations alone.

Run as a script, this writes the golden file next to it, which says by what versions. inv_freq
comes from the functions of transformers themselves. Powers, cos and sin are taken in float64 and
rounded to float32 (``rounded_once``), the one operation in which float32 libraries differ; the
rest are PyTorch's float32, bfloat16 and float16 operations. It shares no code with ropecalc.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.tools.places import ROOT

GOLDEN = ROOT / "tests" / "data" / "torch-precision.json"
DTYPES = ("float32", "bfloat16", "float16")
PAIRS = ("first", "last")

# name: rope parameters, rotated dimensions, longest context; as their config.json have them
MODELS: dict[str, tuple[dict[str, Any], int, int]] = {
    "Llama-2-7B": ({"rope_type": "default", "rope_theta": 10000.0}, 128, 4096),
    "Llama-3.1-8B": (
        {
            "rope_type": "llama3",
            "rope_theta": 500000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        128,
        131072,
    ),
    "Qwen3-8B": ({"rope_type": "default", "rope_theta": 1000000.0}, 128, 40960),
    "gpt-oss-20b": (
        {
            "rope_type": "yarn",
            "rope_theta": 150000.0,
            "factor": 32.0,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "truncate": False,
            "original_max_position_embeddings": 4096,
        },
        64,
        131072,
    ),
    "DeepSeek-V3": (
        {
            "rope_type": "yarn",
            "rope_theta": 10000.0,
            "factor": 40.0,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "mscale": 1.0,
            "mscale_all_dim": 1.0,
            "original_max_position_embeddings": 4096,
        },
        64,
        163840,
    ),
    "Phi-3-mini-128k": (
        {
            "rope_type": "longrope",
            "rope_theta": 10000.0,
            "factor": 32.0,
            "original_max_position_embeddings": 4096,
        },
        96,
        131072,
    ),
}


def distances(context: int) -> list[int]:
    """10,240 and more: all up to 8,191, and as many as that or fewer up to the context."""
    every = max(1, (context - 8192) // 2048)
    return [*range(8192), *range(8192, max(context, 10_240), every)]


def inverse_frequencies(name: str, *, own_power: bool = False) -> tuple[Any, float]:
    """inv_freq and the attention factor, by transformers' functions.

    ``own_power``: with PyTorch's own float32 power, which is as good as its library.
    """
    import torch
    from transformers import PreTrainedConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    parameters, head_dim, context = MODELS[name]
    config = PreTrainedConfig(
        hidden_size=head_dim,
        num_attention_heads=1,
        head_dim=head_dim,
        max_position_embeddings=context,
    )
    config.rope_parameters = {**parameters, **searched_factors(name)}
    with rounded_once() if not own_power else _as_it_is():
        if parameters["rope_type"] == "default":  # as every modeling file has it
            steps = torch.arange(0, head_dim, 2, dtype=torch.int64).to(dtype=torch.float)
            return 1.0 / (parameters["rope_theta"] ** (steps / head_dim)), 1.0
        found, factor = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config, "cpu", seq_len=context)
    return found, factor


def searched_factors(name: str) -> dict[str, list[float]]:
    """The two lists of a longrope config, too long to be here as well."""
    known = tomllib.loads((ROOT / "ropecalc" / "data" / "models.toml").read_text(encoding="utf-8"))
    config = known[name]["config"]
    scaling = config.get("rope_scaling", {})
    return {key: scaling[key] for key in ("short_factor", "long_factor") if key in scaling}


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def rounded_once() -> Iterator[None]:
    """number ** tensor of float32 by way of float64."""
    import torch

    kept = torch.Tensor.__rpow__

    def power(exponents: Any, base: float) -> Any:
        rounded = torch.tensor(base, dtype=torch.float32).double()
        return torch.pow(rounded, exponents.double()).float()

    torch.Tensor.__rpow__ = power
    try:
        yield
    finally:
        torch.Tensor.__rpow__ = kept


def by_float64(name: str) -> Callable[[Any], Any]:
    """torch.cos or torch.sin of float32, by way of float64."""
    import torch

    return lambda angles: getattr(torch, name)(angles.double()).float()


def tables(
    inverse: Any, factor: float, positions: Any, dtype: str, functions: tuple[Any, Any]
) -> tuple[Any, Any]:
    """cos and sin as a rotary embedding's forward returns them, shape (n_positions, n_pairs)."""
    import torch

    wide = inverse[None, :, None].float().expand(1, -1, 1)
    phases = (wide @ positions[None, None, :].float()).transpose(1, 2)[0]
    cos, sin = (function(phases) * factor for function in functions)
    return cos.to(getattr(torch, dtype)), sin.to(getattr(torch, dtype))


def scores(query: tuple[Any, Any], key: tuple[Any, Any]) -> Any:
    """The products' sum in float32, cosines first, a pair at a time."""
    import torch

    total = torch.zeros(max(len(query[0]), len(key[0])), dtype=torch.float32)
    for left, right in zip(query, key, strict=True):
        for i in range(left.shape[1]):
            total = total + left[:, i].float() * right[:, i].float()
    return total


def curve(name: str, dtype: str, pair: str, **given: Any) -> Any:
    """The scores of a model at ``distances``, float32."""
    import torch

    inverse, factor = given.get("frequencies") or inverse_frequencies(name)
    functions = given.get("functions") or (by_float64("cos"), by_float64("sin"))
    where = torch.tensor(distances(MODELS[name][2]))
    last = int(where.max())
    queries, keys = (where, torch.zeros(1)) if pair == "first" else (torch.tensor([last]), None)
    keys = last - where if keys is None else keys
    return scores(
        tables(inverse, factor, queries, dtype, functions),
        tables(inverse, factor, keys, dtype, functions),
    )


def digest(values: Any) -> str:
    """Of float32 values, bit for bit."""
    return hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()


def main() -> None:
    import torch
    import transformers

    found: dict[str, Any] = {"torch": torch.__version__, "transformers": transformers.__version__}
    found["curves"] = {
        f"{name} {dtype} {pair}": digest(curve(name, dtype, pair).numpy())
        for name in MODELS
        for dtype in DTYPES
        for pair in PAIRS
    }
    found["frequencies"] = {name: digest(inverse_frequencies(name)[0].numpy()) for name in MODELS}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
