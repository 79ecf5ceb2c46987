"""The shape of a model's attention, as its config.json says: heads, and kinds of layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.models.classes import elsewhere
from ropecalc.models.document import Section
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.spectrum import check_dims

FULL, SLIDING, CHUNKED = "full_attention", "sliding_attention", "chunked_attention"
BY_NUMBER = {  # lists of the kinds of layers by number, of MiMo-V2.5 and MiniMax-M1
    "hybrid_layer_pattern": {"1": SLIDING},
    "attn_type_list": {"0": "linear_attention"},
}
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


def kinds_of_layers(config: Section, of_all: int | None = None) -> tuple[list[Layers], int]:
    """The kinds of layers that rotate, whole context first, and how many attend without rotation.

    From ``layer_types``, else from the keys that make a pattern of them; one kind for all where
    the file tells none apart, with the window ``of_all``.
    """
    types = _types(config)
    rotated = _rotated(config, types)
    attending = [
        (kind, turns)
        for kind, turns in zip(types, rotated, strict=True)
        if kind not in WITHOUT_ATTENTION
    ]
    counts = Counter(kind for kind, turns in attending if turns)
    unrotated = sum(not turns for _, turns in attending)
    if types and not attending:
        config.still("no layer attends, so that none rotates")
    if not counts:
        count = config.integer("num_hidden_layers", "n_layer", "num_layers", "n_layers")
        if unrotated:
            config.still("no layer rotates its queries and keys")
        return [Layers(EVERY_LAYER, of_all, count)], 0
    layers = [Layers(kind, of_all or window(config, kind), counts[kind]) for kind in counts]
    if len(layers) == 1 and (layers[0].window is None or of_all):
        return [Layers(EVERY_LAYER, of_all, layers[0].count)], unrotated
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
    if config.get("no_rope_layers"):
        return [FULL] * count
    for key, kinds in BY_NUMBER.items():
        if isinstance(config.get(key), list):
            return [kinds.get(str(number), FULL) for number in config.listed(key)]
    if config.get("sliding_window") is None and config.get("local_attention") is None:
        return []
    pattern = _pattern(config)
    return [SLIDING if (at + 1) % pattern else FULL for at in range(count)] if pattern else []


def _pattern(config: Section) -> int | None:
    """Every how many layers one sees the whole context."""
    for key in ("sliding_window_pattern", "_sliding_window_pattern"):
        if isinstance(config.get(key), int):
            return config.integer(key)
    written = config.get("sliding_window_pattern")
    if isinstance(written, str):  # EXAONE 4: "LLLG"
        return len(written) or None
    return config.integer("global_attn_every_n_layers")


def _rotated(config: Section, types: Sequence[str]) -> list[bool]:
    """True for layers that rotate; in ``no_rope_layers`` 1 says that, whatever its name says."""
    if not config.get("no_rope_layers"):
        return [True] * len(types)
    turns = [bool(turns) for turns in config.listed("no_rope_layers")]
    if len(turns) != len(types):
        lengths = f"{len(turns)} entries for {len(types)} layers"
        config.fail(f"{config.prefix}no_rope_layers has {lengths}", "correct one of them")
    return turns


def window(config: Section, kind: str) -> int | None:
    """How many tokens the layers of a kind look back, None for all of the context."""
    if isinstance(config.get("windows"), dict) and kind in config.get("windows"):  # of the class
        own: int | None = config.get("windows")[kind]
        return own
    if kind == CHUNKED:
        return config.integer("attention_chunk_size")
    if "sliding" not in kind and kind != "main":  # DeepSeek-V4: its layers without compression
        return None
    local = config.integer("local_attention")  # ModernBERT: to both sides together
    return config.integer("sliding_window") or (local and max(1, local // 2))


def dims(config: Section, partial: Section | None = None) -> tuple[int, int]:
    """(head_dim, rotary_dim), even, 2 <= rotary_dim <= head_dim.

    ``partial`` is the object that may have a ``partial_rotary_factor`` of its own.
    """
    latent = config.integer("qk_rope_head_dim")
    if latent is not None:
        return checked(config, latent + (config.integer("qk_nope_head_dim") or 0), latent)
    head_dim, _ = checked(config, *[head_size(config)] * 2)
    return checked(config, head_dim, _rotary_dim(config, partial, head_dim))


def head_size(config: Section) -> int:
    """head_dim as the file says it, as its class has it, or hidden_size over heads."""
    given = config.integer("head_dim", "kv_channels", "attention_head_dim")
    if given is not None:
        return given
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
    if isinstance(config.get("head_dims"), dict):  # of the class
        own: int | None = config.get("head_dims").get(layer_type)
        return own
    if layer_type == FULL and config.get("global_head_dim") is not None:
        return config.integer("global_head_dim")
    if config.get("per_layer_config") is None or config.get("layer_types") is None:
        return None
    layers, types = config.section("per_layer_config"), config.listed("layer_types")
    for at in layers.values:
        if at.isascii() and at.isdigit() and int(at) < len(types) and types[int(at)] == layer_type:
            layer = layers.section(at)
            kept, turned = layer.integer("qk_nope_head_dim"), config.integer("qk_rope_head_dim")
            latent = None if kept is None or turned is None else kept + turned
            return layer.integer("head_dim") or latent
    return None


def partial_factor(config: Section, partial: Section | None = None) -> float | None:
    """What part of the head is rotated, by the rope's own object, the file, or its class."""
    for place in (partial, config):
        found = None if place is None else place.number(*PARTIAL_KEYS, high=1)
        if found is not None:
            return found
    found = elsewhere(config.model_type).get("partial_rotary_factor")
    return None if found is None else float(found)


def _rotary_dim(config: Section, partial: Section | None, head_dim: int) -> int:
    """As transformers rounds it: down."""
    explicit = config.integer("rotary_dim")
    if explicit is not None:
        return explicit
    factor = partial_factor(config, partial)
    if factor is None:
        return head_dim
    return int(head_dim * factor)


def checked(config: Section, head_dim: int, rotary_dim: int) -> tuple[int, int]:
    """Both dimensions; ConfigError where they are no head's."""
    try:
        check_dims(head_dim, rotary_dim)
    except InvalidValueError as error:
        raise ConfigError(f"{config.name}: {error}; correct the file") from None
    return head_dim, rotary_dim
