"""NTK-aware scaling: a larger base, fixed or growing with the length, and Su's relatives of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from numbers import Integral
from typing import Unpack

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.scaling.domains import (
    MAX_BASE,
    Base,
    Common,
    checked_rotary_dim,
    exact_base,
    not_negative,
    positive,
    working,
)
from ropecalc.scaling.plain import rescaled
from ropecalc.spectrum import FREQUENCY_DIGITS, Frequencies, Spectrum, shown

MIXED_POWER = 0.625  # Su's recommendation, kexue.fm/archives/9706


@isolated
def ntk_aware(
    base: Base, head_dim: int = 128, *, factor: Base, **common: Unpack[Common]
) -> Spectrum:
    """NTK-aware interpolation: the plain spectrum of a larger base [bloc97].

        theta_i = b'^(-2i/r),   b' = base factor^(r/(r-2))

    so that the highest frequency stays and the lowest is divided by ``factor`` >= 1.

    >>> (ntk_aware(1e4, 4, factor=8).angular_frequencies * [1, 8]).round(12).tolist()
    [1.0, 0.01]
    """
    growth = positive("factor", factor, least=1)
    return _with_larger_base("ntk_aware", base, head_dim, lambda: growth, **common)


@isolated
def ntk_aware_base(base: Base, rotary_dim: int, factor: Base) -> float:
    """b' = base factor^(r/(r-2)): what to give a stack that has only a base to set [bloc97].

    >>> [round(ntk_aware_base(1e4, 128, s), 2) for s in (2, 4, 8)]
    [20221.26, 40889.94, 82684.62]
    """
    growth = positive("factor", factor, least=1)
    return _larger_base(base, rotary_dim, lambda: growth)


@isolated
def dynamic(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    original_context: int,
    length: int,
    **common: Unpack[Common],
) -> Spectrum:
    """Dynamic NTK: a base that grows with the length that is being attended to [emozilla].

        theta_i = b'^(-2i/r),   b' = base (s n / L - (s - 1))^(r/(r-2)),   n = max(length, L)

    with s the ``factor`` >= 1 and L the trained context, for which transformers takes
    ``max_position_embeddings``. Up to L nothing changes.
    """
    growth = _dynamic_growth(factor, original_context, length)
    return _with_larger_base("dynamic", base, head_dim, growth, **common)


@isolated
def dynamic_base(
    base: Base, rotary_dim: int, factor: Base, original_context: int, length: int
) -> float:
    """The b' of ``dynamic``.

    >>> round(dynamic_base(1e4, 128, 2, 2048, 4096), 2)
    30527.74
    """
    return _larger_base(base, rotary_dim, _dynamic_growth(factor, original_context, length))


@isolated
def ntk_fixed(
    base: Base, head_dim: int = 128, *, factor: Base, **common: Unpack[Common]
) -> Spectrum:
    """Su's NTK-RoPE-fixed: theta_i = base^(-2i/r) factor^(-2(i+1)/r) [Su 9706].

    The highest frequency is lowered a little as well; vLLM calls it "ntk".
    """
    growth = positive("factor", factor, least=1)

    def rescale(plain: Frequencies, _: object) -> list[Decimal]:
        """Divide by factor^(2(i+1)/r)."""
        root = growth ** (Decimal(-1) / len(plain))
        return [theta * root ** (i + 1) for i, theta in enumerate(plain)]

    return rescaled("ntk_fixed", base, head_dim, rescale, **common)


@isolated
def ntk_mixed(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base,
    power: Base = MIXED_POWER,
    **common: Unpack[Common],
) -> Spectrum:
    """Su's NTK-RoPE-mixed, between interpolation (power 0) and ``ntk_fixed`` (power 1).

    theta_i = base^(-2i/r) / exp(a (i+1)^p),   a (r/2)^p = ln factor        [Su 9706]

    ``power`` p >= 0.
    """
    growth = positive("factor", factor, least=1)
    bend = not_negative("power", power)

    def rescale(plain: Frequencies, _: object) -> list[Decimal]:
        """Divide by exp(a (i+1)^p)."""
        most, n = growth.ln(), Decimal(len(plain))
        return [theta / (most * ((i + 1) / n) ** bend).exp() for i, theta in enumerate(plain)]

    return rescaled("ntk_mixed", base, head_dim, rescale, **common)


def _with_larger_base(
    rope_type: str,
    base: Base,
    head_dim: int,
    growth: Callable[[], Decimal],
    **common: Unpack[Common],
) -> Spectrum:
    """b'^(-2i/r) = base^(-2i/r) growth^(-2i/(r-2)), to the digits of the context in force."""
    _exponent(checked_rotary_dim(head_dim, common))

    def rescale(plain: Frequencies, _: object) -> list[Decimal]:
        """Divide by growth^(2i/(r-2))."""
        root = growth() ** (Decimal(-1) / (len(plain) - 1))
        return [theta * root**i for i, theta in enumerate(plain)]

    return rescaled(rope_type, base, head_dim, rescale, **common)


def _larger_base(base: Base, rotary_dim: int, growth: Callable[[], Decimal]) -> float:
    exact = exact_base(base)
    with localcontext(working(FREQUENCY_DIGITS)):
        larger = exact * growth() ** _exponent(rotary_dim)
    if larger > Decimal(MAX_BASE):
        raise InvalidValueError(
            "factor", f"factor must be smaller: it makes the base {larger:.3g}, beyond 1e300"
        )
    return float(larger)


def _exponent(rotary_dim: int) -> Decimal:
    """r / (r - 2), which needs more than one pair."""
    if not isinstance(rotary_dim, Integral) or rotary_dim < 4 or rotary_dim % 2:
        raise InvalidValueError(
            "rotary_dim",
            f"rotary_dim must be an even integer of at least 4 for NTK scaling, "
            f"got {shown(rotary_dim)}",
        )
    return Decimal(int(rotary_dim)) / int(rotary_dim - 2)


def _dynamic_growth(factor: Base, original_context: int, length: int) -> Callable[[], Decimal]:
    """The growth s n / L - (s - 1), at least 1, to the digits of the context in force.

    Written as 1 + s (n - L) / L, where nothing cancels.
    """
    s = positive("factor", factor, least=1)
    trained = positive("original_context", original_context)
    longest = max(positive("length", length), trained)
    return lambda: 1 + s * (longest - trained) / trained
