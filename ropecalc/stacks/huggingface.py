"""Hugging Face ``config.json``: head, rotated dimensions, base and context of a model.

Two generations of keys are read. Up to transformers 4 the base is ``rope_theta`` at the top level
and ``rope_scaling`` is null or absent; since transformers 5 both live in ``rope_parameters``.
Values that only a model class of transformers knows are not guessed: the file has to say them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ropecalc.errors import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.results import HeadConfig
from ropecalc.scaling import MAX_BASE
from ropecalc.spectrum import check_dims
from ropecalc.stacks.jsonfile import read_object

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

ROPE_SECTIONS = ("rope_parameters", "rope_scaling")
BASE_KEYS = ("rope_theta", "rotary_emb_base")
PARTIAL_KEYS = ("partial_rotary_factor", "rotary_pct")
REFUSED_KEYS = {  # key -> what its presence means
    "rope_local_base_freq": "gives some layers a base of their own",
    "global_rope_theta": "gives some layers a base of their own",
    "local_rope_theta": "gives some layers a base of their own",
    "dual_chunk_attention_config": "asks for dual chunk attention",
    "alibi": "asks for linear biases instead of rotations",
}
MAX_INTEGER = 2**53  # what every JSON reader holds exactly; far beyond any size or length
MAX_SHOWN = 40
KEEP = "keep the one that is right"
FLAGS = "pass --base, --dim and --ctx instead of the file"

# Model classes of transformers 5.23.0 that rotate part of a head where the file does not say.
PARTIAL_BY_CLASS = frozenset(
    "bamba codegen fuyu glm glm4 glm4_moe glm4v_moe_text gpt_neox gptj minimax_m3_vl_text nemotron "
    "persimmon phi qwen3_5_moe_text qwen3_5_text qwen3_next recurrent_gemma stablelm".split()
)
# The same for a head_dim other than hidden_size / num_attention_heads.
HEAD_DIM_BY_CLASS = frozenset(
    "cohere2_moe cwm ernie4_5 gemma gemma2 gemma3_text gemma4_text glm glm4 gpt_oss helium hy_v3 "
    "llama4_text mimo_v2_flash minimax_m2 ministral3 qwen3 qwen3_5_moe_text qwen3_5_text "
    "qwen3_next qwen3_vl_text seed_oss solar_open step3p5 vaultgemma".split()
)


def read_config(source: str | os.PathLike[str]) -> HeadConfig:
    """What a Hugging Face ``config.json`` says about the rotary embedding of its model.

    ===========  ====================================================================
    head_dim     ``head_dim``, else ``hidden_size`` / ``num_attention_heads``;
                 with latent attention ``qk_nope_head_dim`` + ``qk_rope_head_dim``
    rotary_dim   ``qk_rope_head_dim``, ``rotary_dim``, or int(head_dim * p) with p from
                 ``partial_rotary_factor`` or ``rotary_pct``; head_dim without any of them
    base         ``rope_theta`` or ``rotary_emb_base``
    context      ``max_position_embeddings``, None where it is absent
    ===========  ====================================================================

    The model's keys may lie in ``text_config``; base and p also in ``rope_parameters``. A null
    counts as absent. A key that is given twice must agree with itself.

    Parameters
    ----------
    source : path of the file, or ``"-"`` for standard input

    Raises
    ------
    ConfigError
        The file cannot be read, or a key is missing or has a value outside its domain.
    UnsupportedError
        The file asks for scaled frequencies, for several bases, or for no rotation at all.

    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "config.json"
    >>> keys = '"hidden_size": 4096, "num_attention_heads": 32, "max_position_embeddings": 32768'
    >>> _ = file.write_text('{"rope_theta": 1e6, ' + keys + '}')
    >>> config = read_config(file)
    >>> config.head_dim, config.base, config.context
    (128, 1000000.0, 32768)
    >>> _ = file.write_text('{' + keys + '}')
    >>> read_config(file)
    Traceback (most recent call last):
    ropecalc.errors.ConfigError: ...config.json: has no rope_theta; pass --base, ...
    """
    name, document = read_object(source)
    config = _Config(name, document)
    if config.get("text_config") is not None:
        config = config.section("text_config")
    _refuse_scaling(config)
    base = _base(config)
    head_dim, rotary_dim = _dims(config)
    return HeadConfig(
        source=name,
        head_dim=head_dim,
        rotary_dim=rotary_dim,
        base=base,
        context=config.integer("max_position_embeddings"),
        model_type=config.model_type,
    )


@dataclass(frozen=True)
class _Config:
    """A JSON object, and the words to complain about it."""

    name: str
    values: Mapping[str, Any]
    prefix: str = ""

    def get(self, key: str) -> Any:
        return self.values.get(key)

    @property
    def model_type(self) -> str | None:
        value = self.get("model_type")
        return value if isinstance(value, str) else None

    def section(self, key: str) -> _Config:
        value = self.get(key)
        if not isinstance(value, dict):
            self.fail(f"{self.prefix}{key} must be an object, got {_shown(value)}")
        return _Config(self.name, value, f"{self.prefix}{key}.")

    def rope_sections(self) -> list[_Config]:
        return [self.section(key) for key in ROPE_SECTIONS if self.get(key) is not None]

    def integer(self, key: str) -> int | None:
        value = self.get(key)
        if value is None:
            return None
        if type(value) is not int or not 1 <= value <= MAX_INTEGER:
            self.fail(f"{self.prefix}{key} must be a positive integer, got {_shown(value)}")
        return value

    def number(self, keys: tuple[str, ...], low: float, high: float) -> float | None:
        """The one value, in (low, high], of all of the keys that are present."""
        found = [
            (place.prefix + key, place.get(key))
            for place in (self, *self.rope_sections())
            for key in keys
            if place.get(key) is not None
        ]
        for key, value in found:
            if type(value) not in (int, float) or not low < value <= high:
                domain = f"a number greater than {low:g} and at most {high:g}"
                self.fail(f"{key} must be {domain}, got {_shown(value)}")
            if value != found[0][1]:
                first = f"{found[0][0]} is {_shown(found[0][1])}"
                self.fail(f"{first}, but {key} is {_shown(value)}", KEEP)
        return float(found[0][1]) if found else None

    def fail(self, fact: str, cure: str = "correct it") -> NoReturn:
        raise ConfigError(f"{self.name}: {fact}; {cure}")

    def refuse(self, key: str, fact: str) -> NoReturn:
        raise UnsupportedError(
            f"{self.name}: {self.prefix}{key} {fact}, which ropecalc does not evaluate yet; "
            "pass --base and --dim of the unscaled model"
        )


def _refuse_scaling(config: _Config) -> None:
    """Raise UnsupportedError unless one plain base serves every layer."""
    for key, fact in REFUSED_KEYS.items():
        if config.get(key):
            config.refuse(key, fact)
    for key in ROPE_SECTIONS:
        if config.get(key) is not None:
            _refuse_scaled_section(config, key)


def _refuse_scaled_section(config: _Config, key: str) -> None:
    section = config.section(key)
    if any(isinstance(value, dict) for value in section.values.values()):
        config.refuse(key, "sets each kind of layer apart")
    methods = [section.get(label) for label in ("rope_type", "type")]
    for method in methods:
        if not isinstance(method, str | None):
            section.fail(f"{section.prefix}rope_type must be a string, got {_shown(method)}")
        if method not in (None, "default"):
            name = _shown(method).strip('"')
            config.refuse(key, f"asks for {name} scaling")
    if methods == [None, None] and section.get("factor") is not None:
        config.refuse(key, "asks for scaling by a factor")


def _base(config: _Config) -> float:
    base = config.number(BASE_KEYS, 1, MAX_BASE)
    if base is None and config.get("rope_ratio") is not None:
        config.refuse("rope_ratio", "multiplies a base that only the model's code knows")
    return config.fail(f"has no {config.prefix}rope_theta", FLAGS) if base is None else base


def _dims(config: _Config) -> tuple[int, int]:
    """(head_dim, rotary_dim), even, 2 <= rotary_dim <= head_dim."""
    latent = config.integer("qk_rope_head_dim")
    if latent is not None:
        return _checked(config, latent + (config.integer("qk_nope_head_dim") or 0), latent)
    head_dim, _ = _checked(config, *[config.integer("head_dim") or _quotient(config)] * 2)
    return _checked(config, head_dim, _rotary_dim(config, head_dim))


def _checked(config: _Config, head_dim: int, rotary_dim: int) -> tuple[int, int]:
    try:
        check_dims(head_dim, rotary_dim)
    except InvalidValueError as error:
        raise ConfigError(f"{config.name}: {error}; correct the file, or {FLAGS}") from None
    return head_dim, rotary_dim


def _quotient(config: _Config) -> int:
    """hidden_size / num_attention_heads."""
    if "head_dim" not in config.values and config.model_type in HEAD_DIM_BY_CLASS:
        config.fail(f"has no {config.prefix}head_dim", FLAGS)
    hidden, heads = config.integer("hidden_size"), config.integer("num_attention_heads")
    if hidden is None or heads is None:
        missing = "hidden_size" if hidden is None else "num_attention_heads"
        config.fail(f"has neither {config.prefix}head_dim nor {config.prefix}{missing}", FLAGS)
    if hidden % heads:
        pair = f"{config.prefix}hidden_size, {hidden}, by num_attention_heads, {heads}"
        config.fail(f"cannot divide {pair}", "correct them, or add head_dim")
    return hidden // heads


def _rotary_dim(config: _Config, head_dim: int) -> int:
    explicit = config.integer("rotary_dim")
    factor = config.number(PARTIAL_KEYS, 0, 1)
    if factor is None:
        return explicit or _whole_head(config, head_dim)
    implied = int(head_dim * factor)  # as transformers rounds it
    if explicit not in (None, implied):
        fact = f"{config.prefix}rotary_dim is {explicit}, but {PARTIAL_KEYS[0]} makes it {implied}"
        config.fail(fact, KEEP)
    return implied


def _whole_head(config: _Config, head_dim: int) -> int:
    """head_dim, unless the model's class rotates less without the file saying so."""
    if config.model_type in PARTIAL_BY_CLASS:
        config.fail(f"has no {config.prefix}{PARTIAL_KEYS[0]}", FLAGS)
    return head_dim


def _shown(value: object) -> str:
    """A value as JSON has it, short enough for one line.

    >>> _shown("1e6"), _shown(True), _shown([1, 2]), _shown("yarn" * 99)
    ('"1e6"', 'true', 'a list', '"yarnyarnyarnyarnyarnyarnyarnyarnyarn...')
    """
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
