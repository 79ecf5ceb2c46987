"""Scaling by parts: high frequencies kept, low ones divided by a factor, a ramp between them."""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext
from typing import Unpack

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.scaling.domains import (
    MIN_DIVISOR,
    Base,
    Common,
    exact_base,
    not_negative,
    positive,
    working,
)
from ropecalc.scaling.plain import rescaled
from ropecalc.spectrum import (
    FREQUENCY_DIGITS,
    MAX_HEAD_DIM,
    Frequencies,
    Spectrum,
    check_dims,
    pi,
    shown,
)

SAME_PAIR = Decimal("0.001")  # width of a ramp that begins and ends at one pair [transformers]


@isolated
def yarn(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    beta_fast: Base = 32,
    beta_slow: Base = 1,
    truncate: bool = True,
    attention_factor: float | None = None,
    mscale: float | None = None,
    mscale_all_dim: float | None = None,
    **common: Unpack[Common],
) -> Spectrum:
    """YaRN as transformers, vLLM and llama.cpp compute it: a ramp linear in the pair's index.

        theta_i' = theta_i ((1 - g_i) + g_i / s),   g_i = clamp((i - low) / (high - low), 0, 1)

    with low and high from ``correction_range``. The paper's ramp is linear in the turns instead:
    see ``yarn_paper``, whose frequencies differ by up to a factor of 2.3 inside the ramp.

    Parameters
    ----------
    factor : s >= 1
    original_context : the trained context L, tokens
    beta_fast, beta_slow : turns within L from which a pair is kept, up to which it is divided
    truncate : round the ends of the ramp outward to whole pairs; llama.cpp always does
    attention_factor, mscale, mscale_all_dim : see ``yarn_attention_factor``

    Source: transformers 5.23, ``_compute_yarn_parameters``.

    >>> round(yarn(1e6, 128, factor=4, original_context=32_768).attention_factor, 6)
    1.138629
    """
    s = positive("factor", factor, least=1)
    exact = exact_base(base)
    ends = _checked_ends(original_context, beta_fast, beta_slow)

    def rescale(plain: Frequencies, context: Context) -> list[Decimal]:
        """Divide what lies behind the ramp by the factor, and in part what lies on it."""
        low, high = _ramp_ends(exact, 2 * len(plain), *ends, truncate, context)
        ramp = [_clamped((i - low) / (high - low)) for i in range(len(plain))]
        return [theta * (1 - g + g / s) for theta, g in zip(plain, ramp, strict=True)]

    if attention_factor is None:
        attention_factor = yarn_attention_factor(s, mscale, mscale_all_dim)
    return rescaled("yarn", base, head_dim, rescale, attention_factor=attention_factor, **common)


@isolated
def correction_range(
    base: Base,
    rotary_dim: int,
    original_context: int,
    beta_fast: Base = 32,
    beta_slow: Base = 1,
    *,
    truncate: bool = True,
) -> tuple[float, float]:
    """Pairs between which YaRN's ramp runs: (low, high), from c(beta_fast) to c(beta_slow).

        c(beta) = r ln(L / (2 pi beta)) / (2 ln b)

    is the index of the pair that makes ``beta`` turns within L. With ``truncate`` low is rounded
    down and high up; low is at least 0, high at most r - 1 (sic, not r/2 - 1), and high is raised
    by 0.001 where both are equal. A context so short or so long that low comes to lie above high
    turns the ramp around; that is kept as it is. Source: transformers 5.23.

    >>> correction_range(1e4, 128, 4096), correction_range(5e5, 128, 8192)
    ((20.0, 46.0), (18.0, 35.0))
    """
    ends = _checked_ends(original_context, beta_fast, beta_slow)
    exact = exact_base(base)
    check_dims(MAX_HEAD_DIM, rotary_dim)
    with localcontext(working(FREQUENCY_DIGITS)) as context:
        low, high = _ramp_ends(exact, rotary_dim, *ends, truncate, context)
    return float(low), float(high)


@isolated
def yarn_attention_factor(
    factor: Base, mscale: float | None = None, mscale_all_dim: float | None = None
) -> float:
    """What YaRN multiplies cos and sin by.

    mscale(s, ``mscale``) / mscale(s, ``mscale_all_dim``) where both are given and not 0, else
    mscale(s, 1). Source: transformers 5.23.

    >>> yarn_attention_factor(40, 1.0, 1.0)
    1.0
    """
    over = _weight("mscale", mscale)
    under = _weight("mscale_all_dim", mscale_all_dim)
    if over and under:
        return _mscale(factor, over) / _mscale(factor, under)
    return _mscale(factor)


def _weight(parameter: str, value: float | None) -> float:
    return 0.0 if value is None else float(not_negative(parameter, value))


@isolated
def mscale(factor: Base, weight: float = 1.0) -> float:
    """0.1 weight ln s + 1 for s > 1, else 1 [Peng2023, equation 22].

    With multi-head latent attention the softmax is scaled by the square of it, with
    ``mscale_all_dim`` for the weight.

    >>> round(mscale(8), 4)
    1.2079
    """
    s, exact = positive("factor", factor), _weight("weight", weight)
    return 0.1 * exact * math.log(max(s, Decimal(1))) + 1.0


_mscale = mscale  # where a parameter has the same name


@isolated
def ntk_by_parts(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    alpha: Base = 1,
    beta: Base = 32,
    **common: Unpack[Common],
) -> Spectrum:
    """NTK-by-parts: a ramp linear in the turns that a pair makes within the trained context.

        theta_i' = (1 - g_i) theta_i / s + g_i theta_i,
        g_i = clamp((L theta_i / (2 pi) - alpha) / (beta - alpha), 0, 1)    [Peng2023, section 3.2]

    ``alpha`` < ``beta`` are turns; 1 and 32 are the paper's values for Llama.
    """
    s = positive("factor", factor, least=1)
    low, high = positive("alpha", alpha), positive("beta", beta)
    if low >= high:
        raise InvalidValueError("beta", f"beta must be greater than alpha, got {shown(beta)}")
    length = positive("original_context", original_context)

    def rescale(plain: Frequencies, context: Context) -> list[Decimal]:
        """Divide what turns less than the ramp's low end, and in part what lies on it."""
        turn = 2 * pi(context.prec)
        ramp = [_clamped((length * theta / turn - low) / (high - low)) for theta in plain]
        return [theta * ((1 - g) / s + g) for theta, g in zip(plain, ramp, strict=True)]

    return rescaled("ntk_by_parts", base, head_dim, rescale, **common)


@isolated
def yarn_paper(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    alpha: Base = 1,
    beta: Base = 32,
    **common: Unpack[Common],
) -> Spectrum:
    """YaRN as the paper has it: ``ntk_by_parts``, and cos and sin times 0.1 ln s + 1 [Peng2023].

    No stack in use computes this ramp; see ``yarn`` for theirs.
    """
    from dataclasses import replace

    spectrum = ntk_by_parts(
        base,
        head_dim,
        factor=factor,
        original_context=original_context,
        alpha=alpha,
        beta=beta,
        **common,
    )
    return replace(spectrum, attention_factor=_mscale(factor), rope_type="yarn_paper")


@isolated
def llama3(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    low_freq_factor: Base = 1,
    high_freq_factor: Base = 4,
    **common: Unpack[Common],
) -> Spectrum:
    """Llama 3.1's scaling: a ramp linear in the turns t_i = L theta_i / (2 pi), without a clamp.

        theta_i' = theta_i              where t_i > h
                 = theta_i / s          where t_i < l
                 = (1 - g) theta_i / s + g theta_i,  g = (t_i - l) / (h - l),  between

    with l ``low_freq_factor`` <= h ``high_freq_factor``, s ``factor`` and L ``original_context``.
    The defaults are Llama 3.1's. Source: transformers 5.23, ``_compute_llama3_parameters``.
    """
    s = positive("factor", factor, least=MIN_DIVISOR)
    low = positive("low_freq_factor", low_freq_factor)
    high = positive("high_freq_factor", high_freq_factor)
    if low > high:
        raise InvalidValueError(
            "high_freq_factor",
            f"high_freq_factor must be at least low_freq_factor, {low_freq_factor}, "
            f"got {high_freq_factor}",
        )
    length = positive("original_context", original_context)

    def rescale(plain: Frequencies, context: Context) -> list[Decimal]:
        """Blend each frequency by the turns it makes within the length."""
        turn = 2 * pi(context.prec)
        return [_blended(theta, length * theta / turn, s, low, high) for theta in plain]

    return rescaled("llama3", base, head_dim, rescale, **common)


def _blended(theta: Decimal, turns: Decimal, s: Decimal, low: Decimal, high: Decimal) -> Decimal:
    if turns >= high:
        return theta
    if turns <= low:
        return theta / s
    g = (turns - low) / (high - low)
    return theta * ((1 - g) / s + g)


def _checked_ends(
    original_context: int, beta_fast: Base, beta_slow: Base
) -> tuple[Decimal, Decimal, Decimal]:
    return (
        positive("original_context", original_context),
        positive("beta_fast", beta_fast),
        positive("beta_slow", beta_slow),
    )


def _ramp_ends(
    base: Decimal,
    rotary_dim: int,
    length: Decimal,
    beta_fast: Decimal,
    beta_slow: Decimal,
    truncate: bool,
    context: Context,
) -> tuple[Decimal, Decimal]:
    """(low, high) of ``correction_range``."""
    if not isinstance(truncate, bool):
        raise InvalidValueError(
            "truncate", f"truncate must be True or False, got {shown(truncate)}"
        )
    low, high = (
        _pair_of_turns(beta, length, base, rotary_dim, context) for beta in (beta_fast, beta_slow)
    )
    if truncate:
        low, high = Decimal(math.floor(low)), Decimal(math.ceil(high))
    low, high = max(low, Decimal(0)), min(high, Decimal(rotary_dim - 1))
    return low, high + SAME_PAIR if low == high else high


def _pair_of_turns(
    turns: Decimal, length: Decimal, base: Decimal, rotary_dim: int, context: Context
) -> Decimal:
    """The real i with length base^(-2i/r) = 2 pi turns."""
    circle = context.multiply(2 * turns, pi(context.prec))
    logs = context.ln(context.divide(length, circle)), context.ln(base)
    return context.divide(context.multiply(rotary_dim, logs[0]), 2 * logs[1])


def _clamped(value: Decimal) -> Decimal:
    return min(max(value, Decimal(0)), Decimal(1))
