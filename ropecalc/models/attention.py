"""The shape of a model's attention, as its config.json says: heads, and kinds of layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.models import classes
from ropecalc.models.document import Section
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.spectrum import check_dims

FULL, SLIDING, CHUNKED = "full_attention", "sliding_attention", "chunked_attention"
WITHOUT_ATTENTION = frozenset(["linear_attention", "conv", "mamba", "moe", "mlp", "recurrent"])
PARTIAL_KEYS = ("partial_rotary_factor", "rotary_pct", "rope_pct", "rotary_percentage")
MOST_LAYERS = 65_536


@dataclass(frozen=True)
class Layers:
    """The layers of one kind."""

    layer_type: str
    window: int | None
    """How many tokens they look back, None for all of the context."""
    count: int | None


def kinds_of_layers(config: Section) -> tuple[list[Layers], int]:
    """The kinds of layers that rotate, whole context first, and how many attend without rotation.

    From ``layer_types``, else from the pattern that the model's class has; one kind for all where
    the file tells none apart.
    """
    types = _types(config)
    rotated = _rotated(config, types)
    kept = [
        kind
        for kind, turns in zip(types, rotated, strict=True)
        if turns and kind not in WITHOUT_ATTENTION
    ]
    unrotated = sum(
        not turns and kind not in WITHOUT_ATTENTION
        for kind, turns in zip(types, rotated, strict=True)
    )
    if not kept:
        count = config.integer("num_hidden_layers", "n_layer", "num_layers", "n_layers")
        return [Layers(EVERY_LAYER, _window_of_all(config), count)], 0
    counts = Counter(kept)
    layers = [Layers(kind, window(config, kind), counts[kind]) for kind in counts]
    if len(layers) == 1 and layers[0].window is None:
        return [Layers(EVERY_LAYER, None, layers[0].count)], unrotated
    return sorted(layers, key=lambda layer: layer.window is not None), unrotated


def _types(config: Section) -> list[str]:
    """The kind of every layer; empty where the file tells none apart."""
    if config.get("layer_types") is not None:
        listed = config.listed("layer_types")
        if not all(isinstance(kind, str) for kind in listed):
            config.fail(f"{config.prefix}layer_types must be a list of strings")
        return listed
    count = config.integer("num_hidden_layers") or 0
    if count > MOST_LAYERS:
        config.fail(f"{config.prefix}num_hidden_layers must be at most {MOST_LAYERS:,}")
    if config.model_type in classes.UNROTATED_EVERY:
        return _by_rotation(config, count)
    if config.get("sliding_window") is None and config.get("local_attention") is None:
        return []
    if config.model_type in ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe"):
        return _qwen(config, count)
    pattern = _pattern(config)
    if not pattern:
        return []
    first = 0 if config.model_type in classes.FULL_FIRST else pattern - 1
    types = [FULL if at % pattern == first else SLIDING for at in range(count)]
    return [*types[:-1], FULL] if config.model_type in classes.FULL_LAST and types else types


def _pattern(config: Section) -> int | None:
    """Every how many layers one sees the whole context."""
    for key in ("sliding_window_pattern", "_sliding_window_pattern"):
        if isinstance(config.get(key), int):
            return config.integer(key)
    written = config.get("sliding_window_pattern")
    if isinstance(written, str):  # EXAONE 4: "LLLG"
        return len(written) or None
    pattern = config.integer("global_attn_every_n_layers")
    return pattern or classes.SLIDING_PATTERN.get(config.model_type or "")


def _qwen(config: Section, count: int) -> list[str]:
    """Qwen: a window only where it is asked for, and only in the layers above a number."""
    if not config.truth("use_sliding_window", False):
        return []
    full = config.get("max_window_layers")
    full = full if isinstance(full, int) and not isinstance(full, bool) else 28
    return [FULL if at < full else SLIDING for at in range(count)]


def _by_rotation(config: Section, count: int) -> list[str]:
    """Llama 4 and SmolLM3: what a layer sees goes by whether it rotates."""
    if config.model_type == "llama4_text":
        return [CHUNKED if turns else FULL for turns in _no_rope_layers(config, count)]
    return [FULL] * count


def _no_rope_layers(config: Section, count: int) -> list[bool]:
    """True for layers that rotate; in ``no_rope_layers`` 1 says that, whatever its name says."""
    if config.get("no_rope_layers"):
        return [bool(turns) for turns in config.listed("no_rope_layers")]
    every = config.integer("no_rope_layer_interval", "nope_layer_interval")
    every = every or classes.UNROTATED_EVERY.get(config.model_type or "", 0)
    return [not every or (at + 1) % every != 0 for at in range(count)]


def _rotated(config: Section, types: Sequence[str]) -> list[bool]:
    if config.model_type in classes.UNROTATED_EVERY or config.get("no_rope_layers"):
        turns = _no_rope_layers(config, len(types))
        if len(turns) != len(types):
            lengths = f"{len(turns)} entries for {len(types)} layers"
            config.fail(f"{config.prefix}no_rope_layers has {lengths}", "correct one of them")
        return turns
    mixed = SLIDING in types
    if mixed and config.model_type in classes.UNROTATED_FULL:
        return [kind != FULL for kind in types]
    return [True] * len(types)


def window(config: Section, kind: str) -> int | None:
    """How many tokens the layers of a kind look back, None for all of the context."""
    if kind == CHUNKED:
        return config.integer("attention_chunk_size")
    if "sliding" not in kind and kind != "main":  # DeepSeek-V4: its layers without compression
        return None
    local = config.integer("local_attention")  # ModernBERT: to both sides together
    return config.integer("sliding_window") or (local and max(1, local // 2))


def _window_of_all(config: Section) -> int | None:
    """The window of a model all of whose layers have one."""
    if config.model_type in classes.ALWAYS_SLIDING and config.get("sliding_window"):
        return config.integer("sliding_window")
    return None


def dims(config: Section, partial: Section | None = None) -> tuple[int, int]:
    """(head_dim, rotary_dim), even, 2 <= rotary_dim <= head_dim.

    ``partial`` is the object that may have a ``partial_rotary_factor`` of its own.
    """
    latent = config.integer("qk_rope_head_dim")
    if latent is not None and config.model_type == "deepseek_v4":
        return checked(config, head_size(config), latent)
    if latent is not None:
        return checked(config, latent + (config.integer("qk_nope_head_dim") or 0), latent)
    head_dim, _ = checked(config, *[head_size(config)] * 2)
    return checked(config, head_dim, _rotary_dim(config, partial, head_dim))


def head_size(config: Section) -> int:
    """head_dim as the file says it, as its class has it, or hidden_size over heads."""
    given = config.integer("head_dim", "kv_channels", "attention_head_dim")
    if given is not None:
        return given
    if "head_dim" not in config.values and config.model_type in classes.HEAD_DIM:
        return classes.HEAD_DIM[config.model_type or ""]
    hidden = config.integer("hidden_size", "n_embd", "d_model")
    heads = config.integer("num_attention_heads", "n_head", "n_heads", "num_heads")
    if hidden is None or heads is None:
        missing = "hidden_size" if hidden is None else "num_attention_heads"
        config.fail(
            f"has neither {config.prefix}head_dim nor {config.prefix}{missing}", "add one of them"
        )
    if hidden % heads:
        pair = f"{config.prefix}hidden_size, {hidden}, by num_attention_heads, {heads}"
        config.fail(f"cannot divide {pair}", "correct them, or add head_dim")
    return hidden // heads


def own_head_dim(config: Section, layer_type: str) -> int | None:
    """The head_dim that the layers of a kind have for themselves, where they do: Gemma 4."""
    if layer_type == FULL and config.get("global_head_dim") is not None:
        return config.integer("global_head_dim")
    if config.get("per_layer_config") is None or config.get("layer_types") is None:
        return None
    layers, types = config.section("per_layer_config"), config.listed("layer_types")
    for at in layers.values:
        if at.isascii() and at.isdigit() and int(at) < len(types) and types[int(at)] == layer_type:
            return layers.section(at).integer("head_dim")
    return None


def partial_factor(config: Section, partial: Section | None = None) -> float | None:
    """What part of the head is rotated, by the rope's own object, the file, or its class."""
    for place in (partial, config):
        found = None if place is None else place.number(*PARTIAL_KEYS, high=1)
        if found is not None:
            return found
    return classes.PARTIAL_ROTARY_FACTOR.get(config.model_type or "")


def _rotary_dim(config: Section, partial: Section | None, head_dim: int) -> int:
    """As transformers rounds it: down."""
    explicit = config.integer("rotary_dim")
    if explicit is not None:
        return explicit
    factor = partial_factor(config, partial)
    if factor is None:
        return min(classes.ROTARY_DIM.get(config.model_type or "", head_dim), head_dim)
    return int(head_dim * factor)


def checked(config: Section, head_dim: int, rotary_dim: int) -> tuple[int, int]:
    """Both dimensions; ConfigError where they are no head's."""
    try:
        check_dims(head_dim, rotary_dim)
    except InvalidValueError as error:
        raise ConfigError(f"{config.name}: {error}; correct the file") from None
    return head_dim, rotary_dim
