"""Frequencies divided by factors: one for all pairs, or a list with one a pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Unpack

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.scaling.domains import (
    MIN_DIVISOR,
    Base,
    Common,
    checked_rotary_dim,
    numbers,
    positive,
)
from ropecalc.scaling.plain import rescaled
from ropecalc.spectrum import Spectrum


@isolated
def linear(base: Base, head_dim: int = 128, *, factor: Base, **common: Unpack[Common]) -> Spectrum:
    """Position interpolation: theta_i = base^(-2i/r) / factor [Chen2023].

    Positions m / factor and frequencies theta / factor are the same thing. ``factor`` is 1e-4
    or more; as an extension from L to L' tokens it is L' / L.

    >>> float(linear(1e4, 128, factor=8).angular_frequencies[0])
    0.125
    """
    divisor = positive("factor", factor, least=MIN_DIVISOR)
    return rescaled(
        "linear", base, head_dim, lambda plain, _: [theta / divisor for theta in plain], **common
    )


@isolated
def divided(
    base: Base,
    head_dim: int = 128,
    *,
    divisors: Sequence[float],
    factor: Base = 1,
    attention_factor: float = 1.0,
    **common: Unpack[Common],
) -> Spectrum:
    """theta_i = base^(-2i/r) / (divisors_i factor): llama.cpp with ``rope_freqs.weight``.

    ``divisors`` has a value of 1e-4 or more a rotated pair; so is ``factor``.

    >>> divided(1e4, 4, divisors=[1, 8]).angular_frequencies.tolist()
    [1.0, 0.00125]
    """
    by = _divisors("divisors", divisors, checked_rotary_dim(head_dim, common))
    over = positive("factor", factor, least=MIN_DIVISOR)
    return rescaled(
        "divided",
        base,
        head_dim,
        lambda plain, _: [theta / d / over for theta, d in zip(plain, by, strict=True)],
        attention_factor=attention_factor,
        **common,
    )


@isolated
def longrope(
    base: Base,
    head_dim: int = 128,
    *,
    short_factor: Sequence[float],
    long_factor: Sequence[float],
    original_context: int,
    length: int,
    factor: Base | None = None,
    attention_factor: float | None = None,
    short_mscale: float | None = None,
    long_mscale: float | None = None,
    **common: Unpack[Common],
) -> Spectrum:
    """LongRoPE: theta_i = base^(-2i/r) / e_i, a searched e_i for every pair [Ding2024].

    e is ``short_factor`` for lengths up to ``original_context``, the trained context L, and
    ``long_factor`` beyond, for all positions at once, as transformers does it in every forward
    pass. cos and sin are multiplied by ``longrope_attention_factor`` either way.

    Parameters
    ----------
    short_factor, long_factor : of 1e-4 or more, a value a rotated pair
    original_context, length : tokens
    factor : s, the configured context over L; needed unless ``attention_factor`` is given
    short_mscale, long_mscale : the attention factor on either side of L, for Phi-3.5-MoE
    """
    rotary_dim = checked_rotary_dim(head_dim, common)
    short = _divisors("short_factor", short_factor, rotary_dim)
    long = _divisors("long_factor", long_factor, rotary_dim)
    beyond = positive("length", length) > positive("original_context", original_context)
    name, given = ("long_mscale", long_mscale) if beyond else ("short_mscale", short_mscale)
    if given is not None:
        attention_factor = float(positive(name, given))
    if attention_factor is None:
        if factor is None:
            raise InvalidValueError(
                "factor", "factor is needed where attention_factor is not given"
            )
        attention_factor = longrope_attention_factor(factor, original_context)
    return rescaled(
        "longrope",
        base,
        head_dim,
        lambda plain, _: [
            theta / e for theta, e in zip(plain, long if beyond else short, strict=True)
        ],
        attention_factor=attention_factor,
        **common,
    )


def longrope_attention_factor(factor: Base, original_context: int) -> float:
    """sqrt(1 + ln s / ln L) for s > 1, else 1 [Ding2024; transformers 5.23].

    >>> round(longrope_attention_factor(131_072 / 4096, 4096), 6)
    1.190238
    """
    s = positive("factor", factor)
    if s <= 1:
        return 1.0
    length = positive("original_context", original_context, least=2)
    return math.sqrt(1 + math.log(s) / math.log(length))


def _divisors(name: str, values: Sequence[float], rotary_dim: int) -> list[Decimal]:
    return [
        positive(name, value, least=MIN_DIVISOR) for value in numbers(name, values, rotary_dim // 2)
    ]
