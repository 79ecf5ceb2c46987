"""``params.json``: the checkpoints of Meta and of Mistral, as their own code reads them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ropecalc.models.document import Section
from ropecalc.models.values import checked_dims, quotient, unique
from ropecalc.results.configs import EVERY_LAYER, ModelConfig, Rope

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL, SLIDING, CHUNKED = "full_attention", "sliding_attention", "chunked_attention"
META_BASE = 10_000.0  # llama, model.py: precompute_freqs_cis; files since Code Llama say theirs
MISTRAL_BASE = 1_000_000.0  # mistral-inference 1.6, transformer.py
MISTRAL_BASE_IN_WINDOWS = 10_000.0  # its earlier versions; Mistral 7B v0.1 is such a model
MISTRAL_KEYS = ("hidden_dim", "yarn", "sliding_window", "_sliding_window", "qk_rope_head_dim")
LLAMA4_KEYS = ("nope_layer_interval", "attention_chunk_size", "moe_args")
LLAMA3_FACTOR, LLAMA3_HIGH = 8.0, 4.0  # llama-models 0.3, llama3/model.py: apply_scaling
LLAMA4_FACTOR, LLAMA4_HIGH = 16.0, 1.0  # the same, llama4/args.py: ModelArgs.validate
DEEPSEEK: dict[str, Any] = {  # DeepSeek-V3, inference/model.py: ModelArgs
    "max_seq_len": 16_384,
    "original_seq_len": 4096,
    "rope_theta": 10_000.0,
    "rope_factor": 40.0,
    "beta_fast": 32,
    "beta_slow": 1,
    "mscale": 1.0,
}
LOW, ORIGINAL_CONTEXT = 1.0, 8192  # both, fixed in the code
MAX_LAYERS = 65_536
Parameters = dict[str, Any]
Kinds = list[tuple[str, int | None, int | None]]  # (layer type, window, how many layers)


def parse_params(document: Mapping[str, Any], source: str) -> ModelConfig:
    """What a ``params.json`` says about the rotary embeddings of its model.

    ==============  ====================================================================
    head_dim        ``head_dim``, else ``dim`` / ``n_heads``; with latent attention
                    ``qk_nope_head_dim`` + ``qk_rope_head_dim``, of which the latter turn
    base            ``rope_theta``; without it the code's: 10,000 (Meta), 1,000,000 or
                    with a window 10,000 (Mistral)
    scaling         ``use_scaled_rope``: llama3 with a trained context of 8,192;
                    ``yarn``: ``factor``, ``original_max_position_embeddings``, ``alpha``
                    (beta_slow), ``beta`` (beta_fast), ``apply_scale``
    context         ``max_position_embeddings``, ``max_seq_len``; Meta's files have neither
    ==============  ====================================================================

    Source: llama-models 0.3, mistral-inference 1.6 and, for ``yarn``, vLLM's reader of Mistral's
    files.

    Raises
    ------
    ConfigError
        A key is missing or has a value outside its domain; the message begins with ``source``.

    >>> parse_params({"dim": 4096, "n_heads": 32, "n_layers": 32}, "params.json").rope.base
    10000.0
    """
    keys, assumptions = Section(source, document), list[str]()
    if _is_deepseek(keys):
        keys = Section(source, {**DEEPSEEK, **{k: v for k, v in document.items() if v is not None}})
        assumptions.append(
            "rotary settings that are absent: as DeepSeek's inference code takes them"
        )
    context = keys.integer("max_position_embeddings", "max_seq_len")
    head_dim, rotary_dim, latent = _dims(keys)
    kinds, unrotated = _layers(keys)
    method, parameters = _scaling(keys, assumptions, latent=latent)
    base = _base(keys, assumptions)
    ropes = tuple(
        Rope(kind, method, base, head_dim, rotary_dim, parameters, context, window, count, latent)
        for kind, window, count in kinds
    )
    return ModelConfig(
        source=source,
        form="params",
        model_type=keys.text("model_type"),
        ropes=ropes,
        context=context,
        unrotated_layers=unrotated,
        assumptions=unique(assumptions),
        document=document,
    )


def _is_deepseek(keys: Section) -> bool:
    """Whether it is for DeepSeek's own inference code, which has its settings by default."""
    return keys.get("kv_lora_rank") is not None and not _any(keys, ("yarn", "hidden_dim"))


def _any(keys: Section, names: tuple[str, ...]) -> bool:
    return keys.first(*names) is not None


def _dims(keys: Section) -> tuple[int, int, bool]:
    """(head_dim, rotary_dim, whether attention is latent)."""
    turned = keys.integer("qk_rope_head_dim")
    if turned is not None:
        kept = keys.integer("qk_nope_head_dim") or 0
        return *checked_dims(keys.name, kept + turned, turned), True
    head_dim = keys.integer("head_dim") or quotient(
        keys, keys.integer("dim"), keys.integer("n_heads"), ("dim", "n_heads")
    )
    part = keys.number("partial_rotary_factor", high=1.0)  # ExecuTorch
    rotary_dim = head_dim if part is None else int(head_dim * part)
    return *checked_dims(keys.name, head_dim, rotary_dim), False


def _base(keys: Section, assumptions: list[str]) -> float:
    found = keys.number("rope_theta", low=1.0)
    if found is not None:
        return found
    whose, base = "Meta's llama", META_BASE
    if _any(keys, MISTRAL_KEYS):
        in_windows = _any(keys, ("sliding_window", "_sliding_window"))
        base = MISTRAL_BASE_IN_WINDOWS if in_windows else MISTRAL_BASE
        whose = "mistral-inference"
    assumptions.append(f"rope_theta is absent: {base:,.0f}, as {whose} takes it")
    return base


def _scaling(keys: Section, assumptions: list[str], *, latent: bool) -> tuple[str, Parameters]:
    if keys.get("llama_4_scaling") is not None:
        assumptions.append("llama_4_scaling scales queries by their position and turns nothing")
    if _is_deepseek(keys):
        return _deepseek(keys)
    if keys.get("yarn") is not None:
        return "yarn", _yarn(keys.section("yarn"), latent=latent)
    if not keys.truth("use_scaled_rope", default=False):
        return "default", {}
    return "llama3", _llama3(keys, assumptions)


def _deepseek(keys: Section) -> tuple[str, Parameters]:
    """YaRN where the context is longer than the trained one; the softmax has mscale alone."""
    original = keys.integer("original_seq_len") or 1
    if (keys.integer("max_seq_len") or 0) <= original:
        return "default", {}
    weight = keys.number("mscale") or 1.0
    return "yarn", {
        "factor": keys.number("rope_factor"),
        "original_context": original,
        "beta_fast": keys.number("beta_fast"),
        "beta_slow": keys.number("beta_slow"),
        "attention_factor": 1.0,
        "mscale": weight,
        "mscale_all_dim": weight,
    }


def _llama3(keys: Section, assumptions: list[str]) -> Parameters:
    fourth = _any(keys, LLAMA4_KEYS)
    factor = keys.number("rope_scaling_factor")
    if factor is None:
        factor = LLAMA4_FACTOR if fourth else LLAMA3_FACTOR
        note = "" if fourth else "; config.json of Llama 3.2 1B and 3B says 32"
        assumptions.append(
            f"rope_scaling_factor is absent: {factor:g}, as Meta's llama-models takes it{note}"
        )
    high = keys.number("rope_high_freq_factor")
    return {
        "factor": factor,
        "original_context": ORIGINAL_CONTEXT,
        "low_freq_factor": LOW,
        "high_freq_factor": high or (LLAMA4_HIGH if fourth else LLAMA3_HIGH),
    }


def _yarn(yarn: Section, *, latent: bool) -> Parameters:
    """As vLLM reads it; without ``apply_scale`` nothing but the frequencies is scaled."""
    factor = yarn.number("factor")
    original = yarn.integer("original_max_position_embeddings")
    if factor is None or original is None:
        missing = "factor" if factor is None else "original_max_position_embeddings"
        yarn.fail(f"has no {yarn.prefix}{missing}", "add it, as YaRN needs it")
    scaled = yarn.truth("apply_scale", default=True)
    ramp = {"beta_fast": yarn.number("beta"), "beta_slow": yarn.number("alpha")}
    return {
        "factor": factor,
        "original_context": original,
        **{name: value for name, value in ramp.items() if value is not None},
        **({} if scaled else {"attention_factor": 1.0}),
        **({"mscale_all_dim": 1.0} if latent and scaled else {}),
    }


def _layers(keys: Section) -> tuple[Kinds, int]:
    """The kinds of layers that rotate, whole context first, and how many layers do not."""
    total = keys.integer("n_layers")
    if total is not None and total > MAX_LAYERS:
        keys.fail(f"{keys.prefix}n_layers must be at most {MAX_LAYERS:,}, got {total:,}")
    interval = keys.integer("nope_layer_interval")
    unrotated = 0 if interval is None else (total or 0) // interval
    rotated = None if total is None else total - unrotated
    chunk = keys.integer("attention_chunk_size")
    if chunk is not None:
        return [(CHUNKED, chunk, rotated)], unrotated
    key = keys.first("sliding_window", "_sliding_window")
    if key is None:
        return [(EVERY_LAYER, None, rotated)], unrotated
    if isinstance(keys.get(key), list):
        return _alternating(keys, key, total), unrotated
    return [(SLIDING, keys.integer(key), rotated)], unrotated


def _alternating(keys: Section, key: str, total: int | None) -> Kinds:
    """A list of windows that repeats over the layers, null where there is none."""
    windows = keys.listed(key)
    if not windows:
        keys.fail(f"{keys.prefix}{key} is an empty list")
    for at, window in enumerate(windows):
        Section(keys.name, {f"{key}[{at}]": window}, keys.prefix).integer(f"{key}[{at}]")
    layers = windows if total is None else [windows[at % len(windows)] for at in range(total)]
    counts = Counter(layers)
    ordered = sorted(counts, key=lambda window: (window is not None, -(window or 0)))
    if ordered == [None]:
        return [(EVERY_LAYER, None, total)]
    return [
        (FULL if window is None else SLIDING, window, total and counts[window])
        for window in ordered
    ]
