"""Random configs for every rope type, in both generations of keys: the broad half of the cases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

Rope = dict[str, Any]
Case = tuple[str, dict[str, Any], int | None]

HEADS = (32, 48, 64, 80, 96, 112, 120, 128, 160, 192, 256)
WHOLE_HEAD = ("llama", "mistral", "qwen3", "granite")  # classes that rotate all of a head
PARTIAL = ("stablelm", "glm", "glm4_moe", "phi")  # classes that read partial_rotary_factor
LENGTHS = (2048, 4096, 8192, 16384, 32768, 40960)


def random_cases(seed: int, count: int) -> Iterator[Case]:
    """``count`` cases, the rope types in turn; the same ones for the same seed.

    Each is (name, config.json, length or None).
    """
    rng = random.Random(seed)
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        document, length = KINDS[kind](rng)
        yield f"random {seed}-{number}: {kind}", document, length


def _base(rng: random.Random) -> float | int:
    """1e3 to 1e9: a round integer, any integer, or neither."""
    value = 10 ** rng.uniform(3, 9)
    return rng.choice([int(float(f"{value:.2g}")), int(value), round(value, 3)])


def _factor(rng: random.Random) -> float:
    return rng.choice([2.0, 4.0, 8.0, 32.0, 40.0, round(rng.uniform(1, 64), 3)])


def _model(rng: random.Random, rope: Rope, context: int, partial: bool | None = None) -> Rope:
    """A config.json around a rope of one kind; the rope gets its base here."""
    partial = rng.random() < 0.3 if partial is None else partial
    head_dim, heads = rng.choice(HEADS), rng.choice([4, 8, 16])
    document: Rope = {
        "model_type": rng.choice(PARTIAL if partial else WHOLE_HEAD),
        "hidden_size": head_dim * heads,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "max_position_embeddings": context,
    }
    if document["model_type"] not in ("llama", "mistral", "granite", "stablelm", "phi"):
        document["head_dim"] = head_dim  # classes that would have one of their own
    elif rng.random() < 0.4:
        document |= {"head_dim": head_dim, "hidden_size": 64 * heads}
    fraction = rng.choice([p for p in (0.25, 0.5, 0.75, 0.4) if _even(head_dim, p)])
    return _written(rng, document, rope, fraction if partial else None)


def _even(head_dim: int, fraction: float) -> bool:
    return int(head_dim * fraction) % 2 == 0


def _written(rng: random.Random, document: Rope, rope: Rope, partial: float | None) -> Rope:
    """The rope in the keys of transformers 4 or of transformers 5."""
    old = rng.random() < 0.5
    outside: Rope = {"rope_theta": _base(rng)}
    if partial is not None:
        outside["partial_rotary_factor"] = partial
    kind, rest = rope["rope_type"], {k: v for k, v in rope.items() if k != "rope_type"}
    if not old:
        return document | {"rope_parameters": {"rope_type": kind, **outside, **rest}}
    scaling = {rng.choice(["type", "rope_type"]): kind, **rest}
    return document | outside | {"rope_scaling": None if kind == "default" else scaling}


def _default(rng: random.Random) -> tuple[Rope, int | None]:
    return _model(rng, {"rope_type": "default"}, rng.choice(LENGTHS)), None


def _linear(rng: random.Random) -> tuple[Rope, int | None]:
    return _model(rng, {"rope_type": "linear", "factor": _factor(rng)}, rng.choice(LENGTHS)), None


def _dynamic(rng: random.Random) -> tuple[Rope, int | None]:
    """Below the trained length, at it, just above, and far above."""
    context = rng.choice(LENGTHS)
    rope = {"rope_type": "dynamic", "factor": _factor(rng)}
    lengths = [None, 100, context, context + 1, 2 * context, int(context * rng.uniform(1, 32))]
    return _model(rng, rope, context), rng.choice(lengths)


def _yarn(rng: random.Random) -> tuple[Rope, int | None]:
    original, factor = rng.choice(LENGTHS), _factor(rng)
    rope: Rope = {"rope_type": "yarn", "factor": factor}
    rope["original_max_position_embeddings"] = original
    if rng.random() < 0.5:
        rope["truncate"] = rng.random() < 0.3
    rope |= rng.choice(_YARN_BETAS) | rng.choice(_YARN_ATTENTION)
    context = round(original * factor)
    if rng.random() < 0.15:  # the factor is the ratio of the lengths
        rope["factor"], context = None, original * rng.choice([2, 3, 16])
    return _model(rng, rope, context), None


_YARN_BETAS: list[Rope] = [
    {},
    {"beta_fast": 32, "beta_slow": 1},
    {"beta_fast": 32.0, "beta_slow": 1.0},
    {"beta_fast": 1.0, "beta_slow": 1.0},
    {"beta_fast": 64, "beta_slow": 2},
    {"beta_fast": 16.5, "beta_slow": 0.5},
    {"beta_fast": 4096, "beta_slow": 0.001},  # the range reaches over both ends
]
_YARN_ATTENTION: list[Rope] = [
    {},
    {"mscale": 1.0, "mscale_all_dim": 1.0},
    {"mscale": 0.707, "mscale_all_dim": 0.707},
    {"mscale": 1.0, "mscale_all_dim": 0.5},
    {"mscale": 1.0, "mscale_all_dim": 0.0},
    {"mscale": 0.9},
    {"attention_factor": 1.0},
    {"attention_factor": 0.8321, "mscale": 1.0, "mscale_all_dim": 0.5},
]


def _llama3(rng: random.Random) -> tuple[Rope, int | None]:
    original, factor = rng.choice(LENGTHS), _factor(rng)
    low, high = rng.choice([(1.0, 4.0), (1.0, 4.0), (1.0, 1.0), (0.5, 8.0), (2, 3), (1.0, 32.0)])
    rope = {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": original,
    }
    return _model(rng, rope, max(round(original * factor), original + 1)), None


def _longrope(rng: random.Random) -> tuple[Rope, int | None]:
    """The original length at the top, as Phi-3 has it, or in the dict; the factor given or not."""
    head_dim, heads, partial = rng.choice([(96, 32, 1.0), (64, 4, 1.0), (128, 24, 0.75)])
    original, times = rng.choice([2048, 4096, 8192]), rng.choice([1, 4, 16, 32])
    whole, at_top = partial == 1, rng.random() < 0.5
    document: Rope = {
        "model_type": "phi3" if at_top else rng.choice(WHOLE_HEAD if whole else PARTIAL),
        "hidden_size": head_dim * heads,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": head_dim,
        "max_position_embeddings": original * times,
    }
    pairs = int(head_dim * partial) // 2
    rope: Rope = {
        "rope_type": "longrope",
        "short_factor": [round(rng.uniform(1, 3), 2) for _ in range(pairs)],
        "long_factor": [round(rng.uniform(1, 65), 2) for _ in range(pairs)],
    }
    place = document if at_top else rope
    place["original_max_position_embeddings"] = original
    rope |= rng.choice([{}, {}, {"factor": _factor(rng)}, {"attention_factor": 1.25}])
    lengths = [None, 1, original - 1, original, original + 1, original * times]
    written = _written(rng, document, rope, None if whole else partial)
    return written, rng.choice(lengths)


def _proportional(rng: random.Random) -> tuple[Rope, int | None]:
    rope: Rope = {"rope_type": "proportional"}
    rope["partial_rotary_factor"] = rng.choice([0.25, 0.25, 0.5, 0.3, 0.75, 1.0])
    if rng.random() < 0.5:
        rope["factor"] = _factor(rng)
    return _model(rng, rope, rng.choice(LENGTHS), partial=False), None


def _nested(rng: random.Random) -> tuple[Rope, int | None]:
    """Two kinds of layers, each with a rope of its own."""
    head_dim, heads = rng.choice([64, 128, 256]), 8
    document: Rope = {
        "model_type": rng.choice(["gemma3_text", "olmo3", "modernbert"]),
        "hidden_size": head_dim * heads,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "num_hidden_layers": 12,
        "max_position_embeddings": 131072,
        "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 2,
    }
    if document["model_type"] == "gemma3_text":
        document["head_dim"] = head_dim
    scaled = {
        "default": {},
        "linear": {"factor": _factor(rng)},
        "proportional": {"partial_rotary_factor": 0.25},
        "yarn": {"factor": 16.0, "original_max_position_embeddings": 8192},
        "llama3": {
            "factor": 16.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "dynamic": {"factor": _factor(rng)},
    }
    kind = rng.choice(list(scaled))
    full = {"rope_type": kind, "rope_theta": _base(rng), **scaled[kind]}
    sliding = {"rope_type": "default", "rope_theta": _base(rng)}
    ropes = {"full_attention": full, "sliding_attention": sliding}
    return document | {"rope_parameters": ropes}, rng.choice([None, 1024, 200_000])


def _gemma3_old(rng: random.Random) -> tuple[Rope, int | None]:
    """Gemma 3 in the keys of transformers 4: the scaling is the full attention's."""
    document: Rope = {
        "model_type": "gemma3_text",
        "head_dim": rng.choice([64, 128, 256]),
        "hidden_size": 2560,
        "num_attention_heads": 8,
        "num_hidden_layers": 12,
        "sliding_window_pattern": 6,
        "max_position_embeddings": 131072,
        "rope_theta": _base(rng),
        "rope_local_base_freq": _base(rng),
    }
    scaling = rng.choice([None, {"rope_type": "linear", "factor": _factor(rng)}])
    return document | {"rope_scaling": scaling}, None


KINDS: dict[str, Callable[[random.Random], tuple[Rope, int | None]]] = {
    "default": _default,
    "linear": _linear,
    "dynamic": _dynamic,
    "yarn": _yarn,
    "llama3": _llama3,
    "longrope": _longrope,
    "proportional": _proportional,
    "yarn, too": _yarn,  # the type with the most parameters
    "nested": _nested,
    "gemma 3, old keys": _gemma3_old,
}
