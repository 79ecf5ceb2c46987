"""Recipes: from positions to the cos and sin that an attention kernel meets.

transformers  phase = position * inv_freq in float32; cos and sin of it in float32, times the
              attention factor, then rounded to the storage type.
              [transformers 5.23, modeling_llama.py]
llama.cpp     theta = position, then theta *= base^(-2/r) from pair to pair, all in float32;
              divisors, factors and YaRN's ramp applied to each theta; cos and sin times the
              attention factor in float32. The storage type is that of the key cache.
              [ggml-cpu/ops.cpp, ggml_rope_cache_init and rope_yarn]
naive         all in the storage type: positions, inv_freq, their product, cos and sin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from ropecalc.errors import InvalidValueError
from ropecalc.likeness import none_of
from ropecalc.precision.frequencies import frequencies_of, plain
from ropecalc.precision.storage import (
    Dtype,
    Single,
    check_dtype,
    cosines,
    powers,
    sines,
    single,
    stored,
)
from ropecalc.results import Rope
from ropecalc.scaling import correction_range
from ropecalc.similarity import Distances
from ropecalc.spectrum import Spectrum, powers_of_base

RecipeName = Literal["transformers", "llama.cpp", "naive"]
RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)
ONE = single(1)
FLOAT16_POSITIONS = 65_504  # the largest float16


@dataclass(frozen=True, eq=False)
class Recipe:
    """One head's rotation in one arithmetic: the recipe of transformers, and what all share.

    ``frequencies`` is inv_freq, shape (n_pairs, 1) for one base at many positions, or
    (n_pairs, n_bases) for many bases at one position.
    """

    dtype: Dtype
    frequencies: Single
    attention: np.float32

    def phases(self, positions: Distances) -> Single:
        """The angles of positions, in rad, not reduced; shape (n_pairs, n_positions)."""
        return np.asarray(positions.astype(np.float32) * self.frequencies)

    def cosines(self, phases: Single) -> Single:
        """cos as it is stored, shape of ``phases``."""
        return self._kept(cosines(phases))

    def sines(self, phases: Single) -> Single:
        """sin as it is stored, shape of ``phases``."""
        return self._kept(sines(phases))

    def _kept(self, values: Single) -> Single:
        return stored(np.asarray(values * self.attention), self.dtype)

    def with_bases(self, bases: Single, rotary_dim: int) -> Recipe:
        """The same for many plain bases at once."""
        return replace(self, frequencies=plain(bases, rotary_dim))


@dataclass(frozen=True, eq=False)
class Naive(Recipe):
    """All in the storage type, of which ``frequencies`` are numbers already."""

    def phases(self, positions: Distances) -> Single:
        """The angles of positions, in rad, not reduced; shape (n_pairs, n_positions)."""
        rounded = stored(positions.astype(np.float32), self.dtype)
        return stored(np.asarray(rounded * self.frequencies), self.dtype)

    def _kept(self, values: Single) -> Single:
        factor = stored(np.asarray(self.attention), self.dtype)
        return stored(np.asarray(stored(values, self.dtype) * factor), self.dtype)

    def with_bases(self, bases: Single, rotary_dim: int) -> Recipe:
        """The same for many plain bases at once."""
        return replace(self, frequencies=stored(plain(bases, rotary_dim), self.dtype))


@dataclass(frozen=True, eq=False)
class LlamaCpp(Recipe):
    """Repeated multiplication: ``frequencies`` is theta_scale, shape (1,) or (n_bases,)."""

    n_pairs: int
    divisors: Single | None = None
    scale: np.float32 = ONE
    ramp: Single | None = None
    """How much of theta stays without ``scale``, a value a pair; None: nothing."""

    def phases(self, positions: Distances) -> Single:
        """The angles of positions, in rad, not reduced; shape (n_pairs, n_positions)."""
        theta = positions.astype(np.float32) * np.ones_like(self.frequencies)
        found = np.empty((self.n_pairs, theta.size), dtype=np.float32)
        for i in range(self.n_pairs):
            found[i] = self._scaled(i, theta)
            theta = theta * self.frequencies
        return found

    def _scaled(self, pair: int, theta: Single) -> Single:
        whole = theta if self.divisors is None else theta / self.divisors[pair]
        part = self.scale * whole
        if self.ramp is None:
            return np.asarray(part)
        mix = self.ramp[pair]
        return np.asarray(part * (single(1) - mix) + whole * mix)

    def with_bases(self, bases: Single, rotary_dim: int) -> Recipe:
        """The same for many plain bases at once."""
        return replace(self, frequencies=theta_scale(bases, rotary_dim))


def theta_scale(bases: Single, rotary_dim: int) -> Single:
    """powf(base, -2.0f / r), shape of ``bases``."""
    return powers(bases, np.asarray(single(-2) / single(rotary_dim)))


def make_recipe(
    spectrum: Spectrum,
    *,
    dtype: Dtype = "float32",
    recipe: RecipeName = "transformers",
    rope: Rope | None = None,
    length: int | None = None,
) -> Recipe:
    """The arithmetic in which a stack rotates a head.

    Parameters
    ----------
    spectrum : what the head computes exactly
    dtype, recipe : see the module
    rope, length : what the spectrum was made from, where it comes from a model file: its scaling
        is then computed operation by operation. Without, frequencies of a scaled spectrum are
        rounded once.

    Raises
    ------
    InvalidValueError
        Another word for ``dtype`` or ``recipe``.
    ConfigError
        bfloat16 without ml_dtypes.
    """
    check_dtype(dtype)
    attention = single(spectrum.attention_factor)
    if recipe == "llama.cpp":
        return _llama_cpp(spectrum, dtype, attention, rope)
    if recipe not in RECIPES:
        raise none_of("recipe", recipe, RECIPES)
    frequencies = frequencies_of(spectrum, rope, length)[:, None]
    if recipe == "naive":
        return Naive(dtype, stored(frequencies, dtype), attention)
    return Recipe(dtype, frequencies, attention)


def _llama_cpp(
    spectrum: Spectrum, dtype: Dtype, attention: np.float32, rope: Rope | None
) -> LlamaCpp:
    """Linear scaling and YaRN by their factor, every other method by divisors, a value a pair."""
    if spectrum.base is None:
        raise InvalidValueError(
            "recipe", "recipe llama.cpp needs a base: give one, or take transformers"
        )
    with np.errstate(over="ignore"):  # beyond 3.4e38 a base is infinite there
        base = np.array([float(spectrum.base if rope is None else rope.base)], dtype=np.float32)
    given: dict[str, Any] = {"n_pairs": spectrum.n_pairs}
    if rope is not None and rope.rope_type in ("linear", "yarn"):
        given["scale"] = single(1 / float(rope.parameters["factor"]))
    if rope is not None and rope.rope_type == "yarn":
        given["ramp"] = _ramp(rope)
    elif not spectrum.is_plain and "scale" not in given:
        given["divisors"] = _divisors(spectrum, rope)
    return LlamaCpp(dtype, theta_scale(base, spectrum.rotary_dim), attention, **given)


def _divisors(spectrum: Spectrum, rope: Rope | None) -> Single:
    """rope_freqs: plain over scaled frequency; infinite for a pair that does not turn."""
    from ropecalc.scaling import exact_base

    base = spectrum.base if rope is None else exact_base(rope.base)
    assert base is not None
    plains = powers_of_base(base, spectrum.rotary_dim)
    pairs = zip(plains, spectrum.exact_frequencies, strict=True)
    return np.array([float(a / b) if b else np.inf for a, b in pairs], dtype=np.float32)


def _ramp(rope: Rope) -> Single:
    """1 up to the first pair of the ramp, 0 from its last; its ends are whole pairs always."""
    low, high = correction_range(
        rope.base,
        rope.rotary_dim,
        rope.parameters["original_context"],
        rope.parameters.get("beta_fast", 32),
        rope.parameters.get("beta_slow", 1),
    )
    pairs = np.arange(rope.rotary_dim // 2, dtype=np.float32)
    width = max(single(0.001), single(high) - single(low))
    ramp = np.clip((pairs - single(low)) / width, single(0), single(1))
    return np.asarray(single(1) - ramp)
