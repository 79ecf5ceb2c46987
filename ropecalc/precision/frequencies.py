"""inv_freq as transformers computes it, operation by operation in float32.

Source: transformers 5.23, ``modeling_rope_utils.py`` and the rotary embedding classes, which agree.
A Python number that meets a float32 tensor is rounded to float32 first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ropecalc.precision.storage import Single, powers, single
from ropecalc.results import Rope
from ropecalc.scaling import correction_range
from ropecalc.spectrum import Spectrum

TURN = single(2 * math.pi)


def frequencies_of(spectrum: Spectrum, rope: Rope | None, length: int | None) -> Single:
    """inv_freq of a spectrum, shape (n_pairs,), as transformers gives it to all its stacks.

    For the plain powers of a base, and for what a model file says (``rope``, whose spectrum this
    is) where transformers has the method. Otherwise the frequencies themselves, rounded once.
    """
    if rope is not None and rope.rope_type in _METHODS:
        parameters = {"length": length or rope.context or 0, **rope.parameters}
        if rope.rope_type == "proportional":
            parameters.setdefault("over", rope.head_dim)
        return _METHODS[rope.rope_type](rope.base, rope.rotary_dim, parameters)
    if spectrum.is_plain and spectrum.base is not None:
        return plain(single(float(spectrum.base)), spectrum.rotary_dim)
    return spectrum.angular_frequencies.astype(np.float32)


def plain(base: Single | np.float32, rotary_dim: int) -> Single:
    """1 / base ** (2i / rotary_dim), shape (n_pairs, *base.shape)."""
    return np.asarray(single(1) / _positive_powers(base, rotary_dim, rotary_dim))


def _positive_powers(base: Single | np.float32, rotary_dim: int, over: int) -> Single:
    exponents = np.arange(0, rotary_dim, 2).astype(np.float32) / single(over)
    bases = np.asarray(base, dtype=np.float32)
    return powers(bases, exponents.reshape(-1, *(1,) * bases.ndim))


def _default(base: float, rotary_dim: int, _: Mapping[str, Any]) -> Single:
    return plain(single(base), rotary_dim)


def _linear(base: float, rotary_dim: int, given: Mapping[str, Any]) -> Single:
    return np.asarray(plain(single(base), rotary_dim) / single(given["factor"]))


def _proportional(base: float, rotary_dim: int, given: Mapping[str, Any]) -> Single:
    inverse = single(1) / _positive_powers(single(base), rotary_dim, int(given["over"]))
    return np.asarray(inverse / single(given.get("factor", 1.0)))


def _dynamic(base: float, rotary_dim: int, given: Mapping[str, Any]) -> Single:
    """The length is a tensor there, so that the growth of the base is rounded at every step."""
    length, original = given["length"], given["original_context"]
    if length <= original:
        return plain(single(base), rotary_dim)
    factor = given["factor"]
    growth = single(factor) * single(length) / single(original) - single(factor - 1)
    power = powers(np.asarray(growth), np.asarray(single(rotary_dim / (rotary_dim - 2))))
    return plain(np.asarray(single(base) * power), rotary_dim)


def _yarn(base: float, rotary_dim: int, given: Mapping[str, Any]) -> Single:
    up = _positive_powers(single(base), rotary_dim, rotary_dim)
    kept = single(1) / up
    divided = single(1) / (single(given["factor"]) * up)
    low, high = correction_range(
        base,
        rotary_dim,
        given["original_context"],
        given.get("beta_fast", 32),
        given.get("beta_slow", 1),
        truncate=given.get("truncate", True),
    )
    pairs = np.arange(rotary_dim // 2, dtype=np.float32)
    ramp = np.clip((pairs - single(low)) / single(high - low), single(0), single(1))
    keep = single(1) - ramp
    return np.asarray(divided * (single(1) - keep) + kept * keep)


def _llama3(base: float, rotary_dim: int, given: Mapping[str, Any]) -> Single:
    inverse = plain(single(base), rotary_dim)
    length, factor = given["original_context"], single(given["factor"])
    low, high = given.get("low_freq_factor", 1), given.get("high_freq_factor", 4)
    waves = TURN / inverse
    slow, fast = waves > single(length / low), waves < single(length / high)
    scaled = np.where(slow, inverse / factor, inverse)
    with np.errstate(divide="ignore", invalid="ignore"):  # low = high: then no pair is blended
        smooth = (single(length) / waves - single(low)) / single(high - low)
        blended = (single(1) - smooth) * scaled / factor + smooth * scaled
    return np.where(~fast & ~slow, blended, scaled)


def _longrope(base: float, rotary_dim: int, given: Mapping[str, Any]) -> Single:
    beyond = given["length"] > given["original_context"]
    factors = given["long_factor"] if beyond else given["short_factor"]
    up = _positive_powers(single(base), rotary_dim, rotary_dim)
    return np.asarray(single(1) / (np.asarray(factors, dtype=np.float32) * up))


_METHODS: dict[str, Callable[[float, int, Mapping[str, Any]], Single]] = {
    "default": _default,
    "linear": _linear,
    "proportional": _proportional,
    "dynamic": _dynamic,
    "yarn": _yarn,
    "llama3": _llama3,
    "longrope": _longrope,
}
