"""GGUF: what llama.cpp makes of a model file's metadata and of its tensors of rotary factors.

Source: llama.cpp at commit 0c1e57098, ``src/llama-model.cpp`` and ``src/llama-context.cpp``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ropecalc.errors import ConfigError, NoRotationError, UnsupportedError
from ropecalc.files import printable
from ropecalc.models.document import Section
from ropecalc.models.gguf_file import Container, read_container
from ropecalc.models.gguf_layers import Layers, kinds_of_layers, local_base
from ropecalc.models.values import (
    AGAIN,
    NONE,
    WITHOUT_FILE,
    checked_dims,
    quotient,
    unique,
)
from ropecalc.results.configs import ModelConfig, Rope

if TYPE_CHECKING:
    import os

DEFAULT_BASE = 10_000.0
METHODS = ("none", "linear", "yarn", "longrope")
WITHOUT_ROPE = frozenset(  # LLAMA_ROPE_TYPE_NONE, and two that learn their positions
    "clip gpt2 gptj mpt refact bloom mamba mamba2 jamba jina-bert-v2 t5 t5encoder jais rwkv6 "
    "rwkv6qwen2 rwkv7 arwkv7 wavtokenizer-dec nemotron_h nemotron_h_moe kimi-linear "
    "bert starcoder".split()
)
UNROTATED = frozenset("jamba nemotron_h nemotron_h_moe kimi-linear".split())  # without positions
DIVISORS, LONG, SHORT = (
    "rope_freqs.weight",
    "rope_factors_long.weight",
    "rope_factors_short.weight",
)
Parameters = dict[str, Any]
BETAS = {
    "beta_fast": "rope.scaling.yarn_beta_fast",
    "beta_slow": "rope.scaling.yarn_beta_slow",
}
BETA_DEFAULTS = {"beta_fast": 32.0, "beta_slow": 1.0}
READS_BETAS = ("grok", "mistral3")
READS_EXTRAPOLATION = ("grok",)
READS_LOG_MULTIPLIER = ("deepseek2", "deepseek32", "mistral3", "mistral4")


def read_gguf(path: str | os.PathLike[str]) -> ModelConfig:
    """What a GGUF file says about the rotary embeddings of its model, as llama.cpp reads it.

    ==============  =====================================================================
    head_dim        ``attention.key_length_mla``, ``attention.key_length``, or
                    ``embedding_length`` / ``attention.head_count``
    rotary_dim      ``rope.dimension_count``, else head_dim
    base            ``rope.freq_base``, else 10,000; ``rope.freq_base_swa`` in windows
    context         ``context_length``
    scaling         ``rope.scaling.*``; the tensors ``rope_freqs.weight`` ("divided") and
                    ``rope_factors_long.weight``, ``..._short.weight`` ("longrope")
    ==============  =====================================================================

    Only the metadata, the list of tensors and those three tensors are read, so that a file
    may be cut short after them.

    Parameters
    ----------
    path : a regular file; ``read_config`` has the rest: folders, pipes, standard input

    Raises
    ------
    ConfigError
        The file cannot be read, ends too early, or lacks a key that is needed.
    UnsupportedError
        Its architecture has no rotation, or it combines scalings.
    """
    return from_container(read_container(path))


def from_container(container: Container) -> ModelConfig:
    """The same, of what was read before."""
    model = _Model(container, _architecture(container))
    context = model.keys.integer("context_length")
    kinds, unrotated = kinds_of_layers(model.keys, model.architecture, model.assumptions)
    ropes = tuple(_rope(model, kind, context) for kind in kinds)
    _note_the_rest(model)
    return ModelConfig(
        source=container.name,
        form="gguf",
        model_type=model.architecture,
        ropes=ropes,
        context=context,
        unrotated_layers=unrotated,
        assumptions=unique(model.assumptions),
        document=container.metadata,
    )


@dataclass(frozen=True)
class _Model:
    """A container, and its keys without the architecture before them."""

    container: Container
    architecture: str
    assumptions: list[str] = field(default_factory=list)

    @property
    def keys(self) -> Section:
        """The keys of the model's architecture, without its name before them."""
        prefix = self.architecture + "."
        found = {
            key.removeprefix(prefix): value
            for key, value in self.container.metadata.items()
            if key.startswith(prefix)
        }
        return Section(self.container.name, found, prefix)

    @property
    def latent(self) -> bool:
        """Whether it has multi-head latent attention."""
        return bool(self.keys.get("attention.kv_lora_rank"))


def _architecture(container: Container) -> str:
    found = container.metadata.get("general.architecture")
    if isinstance(found, str) and found and found.isprintable():
        if found in UNROTATED:
            fact = f"no layer of {found} rotates its queries and keys in llama.cpp"
            raise NoRotationError(container.name, fact)
        if found in WITHOUT_ROPE:
            raise UnsupportedError(
                f"{container.name}: {found} has no rotary embeddings in llama.cpp; {NONE}"
            )
        return found
    part = container.metadata.get("split.no")
    if isinstance(part, int) and part > 0:
        raise ConfigError(f"{container.name}: is part {part + 1} of a split file; pass part 1")
    raise ConfigError(f"{container.name}: has no general.architecture; {AGAIN}")


def _rope(model: _Model, kind: Layers, context: int | None) -> Rope:
    head_dim, rotary_dim = _dims(model, local=kind.window is not None)
    base = _base(model)
    method, parameters = _method(model, context)
    if kind.window is not None:
        base, scaled = local_base(model.keys, model.architecture, base)
        if not scaled:
            method, parameters = "default", {}
    return Rope(
        layer_type=kind.layer_type,
        rope_type=method,
        base=base,
        head_dim=head_dim,
        rotary_dim=rotary_dim,
        parameters=parameters,
        context=context,
        window=kind.window,
        layers=kind.count,
        latent=model.latent,
    )


def _base(model: _Model) -> float:
    found = model.keys.number("rope.freq_base", low=1.0)
    if found is None:
        model.assumptions.append("rope.freq_base is absent: 10,000, as llama.cpp takes it")
        return DEFAULT_BASE
    return found


def _dims(model: _Model, *, local: bool) -> tuple[int, int]:
    keys = model.keys
    head_dim = keys.integer("attention.key_length_mla", "attention.key_length") or quotient(
        keys, keys.integer("embedding_length"), _heads(keys), ("embedding_length", HEADS), AGAIN
    )
    rotary_dim = keys.integer("rope.dimension_count") or head_dim
    if local:
        head_dim = keys.integer("attention.key_length_swa") or head_dim
        rotary_dim = keys.integer("rope.dimension_count_swa") or min(rotary_dim, head_dim)
    return checked_dims(keys.name, head_dim, rotary_dim)


HEADS = "attention.head_count"


def _heads(keys: Section) -> int | None:
    """The number of heads, of the first layer that has attention where each has its own."""
    value = keys.get(HEADS)
    if not isinstance(value, tuple):
        return keys.integer(HEADS)
    first = next((heads for heads in value if heads), None)
    return Section(keys.name, {HEADS: first}, keys.prefix).integer(HEADS)


def _method(model: _Model, context: int | None) -> tuple[str, Parameters]:
    """(rope_type, its parameters) of the layers that see the whole context."""
    keys, tensors = model.keys, model.container.factors
    kind = keys.text("rope.scaling.type") or "linear"
    if kind not in METHODS:
        known = ", ".join(METHODS)
        fact = f"{keys.prefix}rope.scaling.type is {printable(kind)}, which llama.cpp does not know"
        keys.refuse(fact, f"it knows {known}")
    factor = 1.0 if kind == "none" else _factor(keys)
    amplitude = keys.number("rope.scaling.attn_factor") or 1.0
    if tensors:
        _check_alone(keys, kind, factor, min(tensors))
        return _with_tensors(model, context, factor, amplitude)
    if kind == "yarn" and factor != 1:
        return "yarn", _yarn(model, context, factor, amplitude)
    if amplitude != 1:
        fact = f"{keys.prefix}rope.scaling.attn_factor comes without YaRN and without rope factors"
        keys.refuse(fact, WITHOUT_FILE)
    return ("linear", {"factor": factor}) if factor != 1 else ("default", {})


def _factor(keys: Section) -> float:
    """``rope.scaling.factor``, or by its older name; 0 means none."""
    for key in ("rope.scaling.factor", "rope.scale_linear"):
        if keys.get(key) is not None:
            return 1.0 if keys.get(key) == 0 else keys.number(key) or 1.0
    return 1.0


def _check_alone(keys: Section, kind: str, factor: float, tensor: str) -> None:
    if kind == "yarn" and factor != 1:
        keys.refuse(
            f"{tensor} and YaRN are combined, which ropecalc does not evaluate", WITHOUT_FILE
        )


def _with_tensors(
    model: _Model, context: int | None, factor: float, amplitude: float
) -> tuple[str, Parameters]:
    """rope_freqs.weight goes before the other two, as in ``llama_model::get_rope_factors``."""
    keys, tensors = model.keys, model.container.factors
    if DIVISORS in tensors:
        return "divided", {
            "divisors": tensors[DIVISORS],
            **({"factor": factor} if factor != 1 else {}),
            **({"attention_factor": amplitude} if amplitude != 1 else {}),
        }
    if factor != 1:
        what = f"{min(tensors)} and a rope.scaling.factor are combined"
        keys.refuse(f"{what}, which ropecalc does not evaluate", WITHOUT_FILE)
    if len(tensors) < 2:
        keys.fail(f"has {min(tensors)} and not its counterpart", AGAIN)
    return "longrope", {
        "short_factor": tensors[SHORT],
        "long_factor": tensors[LONG],
        "original_context": _original_context(model, context),
        "attention_factor": amplitude,
    }


def _original_context(model: _Model, context: int | None) -> int:
    found = model.keys.integer("rope.scaling.original_context_length")
    if found is not None:
        return found
    if context is None:
        key = "rope.scaling.original_context_length"
        model.keys.fail(f"has neither {model.keys.prefix}{key} nor context_length", AGAIN)
    model.assumptions.append(
        f"rope.scaling.original_context_length is absent: context_length, {context:,}, as "
        "llama.cpp takes it"
    )
    return context


def _yarn(model: _Model, context: int | None, factor: float, amplitude: float) -> Parameters:
    """YaRN: cos and sin times a = g(s, m) / g(s, w) with g(s, m) = 1 + 0.1 m ln s.

    w is the ``rope.scaling.yarn_log_multiplier``, 0 where it is absent, and m is w in a DeepSeek
    model, else 1. Latent attention also multiplies the softmax by (a g(s, w))^2 = g(s, m)^2, so
    that m is what config.json calls ``mscale_all_dim``.
    """
    from ropecalc.scaling import mscale

    keys, weight = model.keys, _log_multiplier(model)
    external = keys.get("rope.scaling.yarn_ext_factor")
    if model.architecture in READS_EXTRAPOLATION and external not in (None, 1.0, -1.0):
        keys.refuse(f"{keys.prefix}rope.scaling.yarn_ext_factor is not 1", WITHOUT_FILE)
    numerator = weight if weight and model.architecture == "deepseek2" else 1.0
    return {
        "factor": factor,
        "original_context": _original_context(model, context),
        **_betas(model),
        "attention_factor": amplitude * mscale(factor, numerator) / mscale(factor, weight),
        **({"mscale_all_dim": numerator} if model.latent else {}),
    }


def _betas(model: _Model) -> Parameters:
    """The ends of the ramp, which llama.cpp reads for two architectures: grok.cpp, mistral3.cpp."""
    found = {name: model.keys.number(key) for name, key in BETAS.items() if model.keys.get(key)}
    if model.architecture in READS_BETAS:
        return found
    if any(value != BETA_DEFAULTS[name] for name, value in found.items()):
        model.assumptions.append(
            "rope.scaling.yarn_beta_fast and yarn_beta_slow are left out: llama.cpp computes "
            f"{model.architecture} with 32 and 1"
        )
    return {}


def _log_multiplier(model: _Model) -> float:
    """mscale_all_dim; every architecture but one stores a tenth of it, as a float32."""
    key = "rope.scaling.yarn_log_multiplier"
    if model.architecture not in READS_LOG_MULTIPLIER or not model.keys.get(key):
        return 0.0
    stored = model.keys.number(key) or 0.0
    return stored if model.architecture == "mistral3" else float(f"{stored / 0.1:.6g}")


def _note_the_rest(model: _Model) -> None:
    if model.keys.get("rope.dimension_sections") is not None:
        model.assumptions.append(
            "rope.dimension_sections gives several axes of positions, which are one for text"
        )
    parts = model.container.metadata.get("split.count")
    if isinstance(parts, int) and parts > 1 and not model.container.factors:
        model.assumptions.append(
            f"the model is split into {parts} files: the others are taken to hold no rope factors"
        )
