"""Scalings of 2025 and 2026: each pair divided by a power of the factor of its own, or tapered.

    theta_i' = theta_i s^(-E_i),   theta_i = base^(-2i/r)

with E_i = 0 for a pair that is kept and 1 for one that is interpolated; s is the factor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any, Unpack

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.scaling.by_parts import correction_range, mscale, yarn
from ropecalc.scaling.domains import (
    MAX_BASE,
    Base,
    Common,
    checked_rotary_dim,
    exact_base,
    positive,
    working,
)
from ropecalc.scaling.plain import rescaled
from ropecalc.spectrum import FREQUENCY_DIGITS, Frequencies, Spectrum, checked_integer, pi

CLIPPED = 20  # pairs, in the authors' code for heads of 128 dimensions


@isolated
def mrrope_uni(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    beta_fast: Base = 32,
    beta_slow: Base = 1,
    **common: Unpack[Common],
) -> Spectrum:
    """MrRoPE-Uni: between the ends of YaRN's ramp every pair adds the same power of the factor.

        E_i = t_i / n,   t_i = clamp(i - low, 0, n),   n = high - low           [Tian2026]

    with low and high from ``correction_range``, whole pairs, and YaRN's attention factor. In the
    paper theta_i is divided by the product of radices lambda_j = s^(1/n) over low <= j < i.
    ``factor`` s >= 1.

    Source: arXiv 2601.22181, section 3.3, and the authors' code (mattian7/mrRoPE at 0e84c05).

    >>> scaled = mrrope_uni(1e4, 128, factor=8, original_context=4096).angular_frequencies.tolist()
    >>> [round(scaled[i] * 1e4 ** (i / 64), 12) for i in (20, 33, 63)]
    [1.0, 0.353553390593, 0.125]
    """
    given = {"original_context": original_context, "beta_fast": beta_fast, "beta_slow": beta_slow}
    return _scaled("mrrope_uni", base, head_dim, factor, common, given, mscale(factor))


@isolated
def mrrope_pro(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    beta_fast: Base = 32,
    beta_slow: Base = 1,
    **common: Unpack[Common],
) -> Spectrum:
    """MrRoPE-Pro: between the ends of YaRN's ramp slower pairs add a larger power of the factor.

        E_i = t_i (t_i + 1) / (n (n + 1)),   t_i and n as in ``mrrope_uni``     [Tian2026]

    the product over low <= j < i of lambda_j = s^eps_j, eps_j = 2 (1 + j - low) / ((1 + n) n).

    Source: arXiv 2601.22181, section 3.3.
    """
    given = {"original_context": original_context, "beta_fast": beta_fast, "beta_slow": beta_slow}
    return _scaled("mrrope_pro", base, head_dim, factor, common, given, mscale(factor))


@isolated
def ntk_rcd(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    critical_pair: int | None = None,
    original_context: int | None = None,
    **common: Unpack[Common],
) -> Spectrum:
    """NTK scaling from a chosen critical pair, LongRoPE2's NTK-rcd: the plain spectrum of a base

        b' = base factor^(r/(2k)),   E_i = i / k                                [Shang2025]

    so that pair k, from which training showed no whole turn, is divided by ``factor``. LongRoPE2
    finds it by a search (30 for Llama-3-8B, 25 for Phi-3-mini); unless given it is the theoretical
    one, ceil((r/2) log_base(L / 2 pi)) with L the ``original_context`` (35 and 31).

    Source: arXiv 2502.20082, equation 7, section 3.2 (algorithm 2) and table 5.

    >>> scaled = ntk_rcd(5e5, 128, factor=16, critical_pair=30).angular_frequencies
    >>> round(float(scaled[30]) * 16 * 5e5 ** (30 / 64), 12)
    1.0
    """
    given = {"critical_pair": critical_pair, "original_context": original_context}
    return _scaled("ntk_rcd", base, head_dim, factor, common, given, 1.0)


def ntk_rcd_base(
    base: Base,
    rotary_dim: int,
    factor: Base,
    critical_pair: int | None = None,
    original_context: int | None = None,
) -> float:
    """The b' of ``ntk_rcd``: what to give a stack that has only a base to set.

    >>> round(ntk_rcd_base(5e5, 128, 16, 30))
    185250462
    """
    pair = _checked_pair(base, rotary_dim, critical_pair, original_context)
    s = positive("factor", factor, least=1)
    with localcontext(working(FREQUENCY_DIGITS)):
        larger = exact_base(base) * s ** (Decimal(rotary_dim) / (2 * pair))
    if larger > Decimal(MAX_BASE):
        raise InvalidValueError(
            "factor", f"factor must be smaller: it makes the base {larger:.3g}, beyond 1e300"
        )
    return float(larger)


@isolated
def yarn_rcd(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    critical_pair: int | None = None,
    beta_fast: Base = 32,
    **common: Unpack[Common],
) -> Spectrum:
    """YaRN whose ramp ends at a chosen critical pair, LongRoPE2's YaRN-rcd.

    It is ``yarn`` with the ``beta_slow`` of ``turns_before``. The paper gives the idea and a figure
    (arXiv 2502.20082, section 4.3, figure 9); that the ramp begins where YaRN's does is read from
    "applying our identified practical critical dimension".
    """
    r = checked_rotary_dim(head_dim, common)
    turns = turns_before(base, r, original_context, critical_pair)
    return yarn(
        base,
        head_dim,
        factor=factor,
        original_context=original_context,
        beta_fast=beta_fast,
        beta_slow=turns,
        **common,
    )


@isolated
def cope(
    base: Base, head_dim: int = 128, *, clipped: int = CLIPPED, **common: Unpack[Common]
) -> Spectrum:
    """CoPE, clipped RoPE: the slowest pairs fade out by a cosine, the last one does not turn.

        theta_i' = theta_i (1 + cos(pi k / (c - 1))) / 2,   k = i - (n - c),   i >= n - c

    with n pairs, at least 2, and c = min(``clipped``, n): 20 of 64 in the paper's models. It is a
    way to train, and has no factor.

    Source: arXiv 2602.05258; the authors' code, hrlics/CoPE at bb728e8, ``modeling_cope.py``.

    >>> scaled = cope(1e7, 128).angular_frequencies.tolist()
    >>> [round(scaled[i] * 1e7 ** (i / 64), 6) for i in (43, 44, 53, 54, 63)]
    [1.0, 1.0, 0.54129, 0.45871, 0.0]
    """
    most = checked_integer("clipped", clipped, 2, 2**20)

    def rescale(plain: Frequencies, context: Context) -> list[Decimal]:
        """Multiply the last pairs by the taper."""
        count = min(most, len(plain))
        if count == 1:
            message = "cope needs two rotated pairs, since the last of them does not turn, got one"
            raise InvalidValueError("rotary_dim", message)
        shares = [Decimal(1)] * (len(plain) - count) + _taper(count, context.prec)
        return [theta * share for theta, share in zip(plain, shares, strict=True)]

    return rescaled("cope", base, head_dim, rescale, **common)


def _taper(count: int, digits: int) -> list[Decimal]:
    """(1 + cos(pi k / (count - 1))) / 2 for k from 0."""
    from ropecalc.exact import context_with

    mp = context_with(digits + 5)
    inner = [(1 + mp.cospi(mp.mpf(k) / (count - 1))) / 2 for k in range(count - 1)]
    return [Decimal(mp.nstr(share, mp.dps)) for share in inner] + [Decimal(0)]


def critical_pair_of(base: Base, rotary_dim: int, original_context: int) -> int:
    """ceil((r/2) log_base(L / 2 pi)), at least 1 and at most the last pair.

    >>> critical_pair_of(5e5, 128, 8192), critical_pair_of(1e4, 96, 2048)
    (35, 31)
    """
    length = positive("original_context", original_context)
    with localcontext(working(FREQUENCY_DIGITS)) as context:
        turns = context.ln(length / (2 * pi(context.prec))) / context.ln(exact_base(base))
    return min(max(1, math.ceil(turns * rotary_dim / 2)), rotary_dim // 2 - 1)


def turns_before(
    base: Base, rotary_dim: int, original_context: int, critical_pair: int | None
) -> float:
    """The turns within L of what would lie half a pair before the critical one.

    As YaRN's ``beta_slow`` they end its ramp, whose end is rounded up, at that pair.
    """
    pair = _checked_pair(base, rotary_dim, critical_pair, original_context)
    length = positive("original_context", original_context)
    with localcontext(working(FREQUENCY_DIGITS)) as context:
        theta = exact_base(base) ** (-Decimal(2 * pair - 1) / rotary_dim)
        return float(length * theta / (2 * pi(context.prec)))


def exponents(
    rope_type: str,
    base: Base,
    rotary_dim: int,
    *,
    original_context: int | None = None,
    beta_fast: Base = 32,
    beta_slow: Base = 1,
    critical_pair: int | None = None,
) -> list[Fraction]:
    """E_i of a method of this module, or of NTK-aware scaling: exact, whatever the factor."""
    pairs = range(rotary_dim // 2)
    if rope_type == "ntk_aware":
        return [Fraction(2 * i, rotary_dim - 2) for i in pairs]
    if rope_type == "ntk_rcd":
        pair = _checked_pair(base, rotary_dim, critical_pair, original_context)
        return [Fraction(i, pair) for i in pairs]
    length: Any = original_context  # correction_range refuses None
    low, high = map(int, correction_range(base, rotary_dim, length, beta_fast, beta_slow))
    if high < low < len(pairs):
        raise InvalidValueError(
            "original_context",
            f"original_context must be longer, or beta_slow smaller: YaRN's ramp runs from pair "
            f"{low} back to {high}",
        )
    n = max(high - low, 1)
    steps = [min(max(i - low, 0), n) for i in pairs]
    if rope_type == "mrrope_uni":
        return [Fraction(t, n) for t in steps]
    return [Fraction(t * (t + 1), n * (n + 1)) for t in steps]


def _checked_pair(
    base: Base, rotary_dim: int, critical_pair: int | None, original_context: int | None
) -> int:
    if critical_pair is not None:
        return checked_integer("critical_pair", critical_pair, 1, rotary_dim // 2 - 1)
    if original_context is None:
        raise InvalidValueError(
            "critical_pair", "critical_pair, or the original context, is needed: give one of them"
        )
    return critical_pair_of(base, rotary_dim, original_context)


def _scaled(
    rope_type: str,
    base: Base,
    head_dim: int,
    factor: Base,
    common: Common,
    given: Mapping[str, Any],
    attention_factor: float,
) -> Spectrum:
    s = positive("factor", factor, least=1)
    powers = exponents(rope_type, base, checked_rotary_dim(head_dim, common), **given)

    def rescale(plain: Frequencies, _: Context) -> list[Decimal]:
        """Divide each frequency by its own power of the factor."""
        return [theta * _power(s, -power) for theta, power in zip(plain, powers, strict=True)]

    return rescaled(rope_type, base, head_dim, rescale, attention_factor=attention_factor, **common)


def _power(s: Decimal, power: Fraction) -> Decimal:
    return s ** (Decimal(power.numerator) / power.denominator)
