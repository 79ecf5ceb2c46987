"""Spectra without scaling, and what all scaling methods are made with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from numbers import Integral
from typing import Unpack

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.scaling.domains import (
    MAX_BASE,
    MIN_DIVISOR,
    Base,
    Common,
    checked_rotary_dim,
    checked_weights,
    exact_base,
    numbers,
    positive,
    working,
)
from ropecalc.spectrum import (
    FREQUENCY_DIGITS,
    Frequencies,
    Spectrum,
    check_dims,
    powers_of_base,
    shown,
)

RATIO_BASE = 10_000  # ChatGLM's and GLM-4's modelling code, class RotaryEmbedding


Rescale = Callable[[Frequencies, Context], Iterable[Decimal]]


@isolated
def default(
    base: Base,
    head_dim: int = 128,
    *,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    label: str = "",
) -> Spectrum:
    """The spectrum of a plain base: theta_i = base^(-2i/rotary_dim) [Su2021].

    A ``float`` or ``int`` base is taken as the float64 that a stack would hold; a ``Decimal`` is
    taken as exact.

    Parameters
    ----------
    base : > 1, at most 1e300
    head_dim, rotary_dim, weights, count_unrotated, label
        As in Spectrum; ``rotary_dim`` is ``head_dim`` unless given.

    Raises
    ------
    InvalidValueError

    >>> default(10_000, 128).angular_frequencies[:3].round(6).tolist()
    [1.0, 0.865964, 0.749894]
    >>> default(0.5)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: base must be greater than 1 and at most 1e300, got 0.5
    """
    exact = exact_base(base)
    rotary_dim = head_dim if rotary_dim is None else rotary_dim
    check_dims(head_dim, rotary_dim)
    return Spectrum(
        int(head_dim),
        int(rotary_dim),
        powers_of_base(exact, rotary_dim),
        weights=checked_weights(weights),
        count_unrotated=count_unrotated,
        base=exact,
        label=label,
        refine=lambda digits: powers_of_base(exact, rotary_dim, digits),
    )


@isolated
def proportional(
    base: Base,
    head_dim: int = 128,
    *,
    factor: Base = 1,
    over: int | None = None,
    **common: Unpack[Common],
) -> Spectrum:
    """The first pairs of the whole head's frequencies, the rest unrotated: p-RoPE.

        theta_i = base^(-2i/over) / factor,   i < rotary_dim / 2        [Barbero2024]

    Unlike ``default`` with a ``rotary_dim``, the exponents run over ``head_dim``, or ``over``
    dimensions of it with latent attention: the lowest frequencies are left out, not spread over
    fewer pairs. transformers and Gemma 4 call it
    "proportional" and give rotary_dim = 2 int(head_dim p / 2) by ``partial_rotary_factor`` p.

    >>> float(proportional(1e6, 512, rotary_dim=128).angular_frequencies[-1].round(6))
    0.033376
    """
    exact, divisor = exact_base(base), positive("factor", factor, least=MIN_DIVISOR)
    rotary_dim = checked_rotary_dim(head_dim, common)
    whole_dim = head_dim if over is None else over
    if not isinstance(whole_dim, Integral) or whole_dim % 2:
        whole_dim = 0
    if not rotary_dim <= whole_dim <= head_dim:
        raise InvalidValueError(
            "over", f"over must be an even integer from rotary_dim to head_dim, got {shown(over)}"
        )

    def thetas(digits: int) -> Frequencies:
        """The first frequencies of the whole head, divided, to any number of digits."""
        with localcontext(working(digits)):
            whole = powers_of_base(exact, whole_dim, digits)
            return tuple(theta / divisor for theta in whole[: rotary_dim // 2])

    return replace(
        default(base, head_dim, **common),
        exact_frequencies=thetas(FREQUENCY_DIGITS),
        rope_type="proportional",
        refine=thetas,
    )


@isolated
def rope_ratio(ratio: Base, head_dim: int = 128, **common: Unpack[Common]) -> Spectrum:
    """The plain spectrum of base = 10,000 ratio, as ChatGLM and GLM-4 write their base.

    The product is a float64, as theirs is, or exact for a Decimal; from 1 to 1e300. Their modelling
    code rotates half of the head: ``rotary_dim`` = ``head_dim`` / 2 must be said.

    >>> float(rope_ratio(500, 128, rotary_dim=64).base)
    5000000.0
    """
    exact = positive("ratio", ratio)
    base = working(len(exact.as_tuple().digits)).multiply(RATIO_BASE, exact)
    if not isinstance(ratio, Decimal):
        base = Decimal(float(base))
    if not 1 < base <= Decimal(MAX_BASE):
        raise InvalidValueError(
            "ratio", f"ratio must be greater than 1e-4 and at most 1e296, got {shown(ratio)}"
        )
    return default(base, head_dim, **common)


@isolated
def explicit(
    angular_frequencies: Sequence[Base],
    head_dim: int | None = None,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    label: str = "",
) -> Spectrum:
    """The spectrum of a list of angular frequencies, each taken as exact, rad/token, 0 .. 10,000.

    >>> explicit([1.0, 0.01]).rotary_dim
    4
    """
    thetas = numbers("angular_frequencies", angular_frequencies)
    rotary_dim = 2 * len(thetas)
    return Spectrum(
        rotary_dim if head_dim is None else head_dim,
        rotary_dim,
        thetas,
        weights=checked_weights(weights),
        count_unrotated=count_unrotated,
        rope_type="explicit",
        label=label,
    )


def rescaled(
    rope_type: str,
    base: Base,
    head_dim: int,
    rescale: Rescale,
    *,
    attention_factor: float = 1.0,
    **common: Unpack[Common],
) -> Spectrum:
    """The spectrum of ``rescale`` of a plain base's frequencies, to any number of digits.

    ``rescale`` takes the plain frequencies and the decimal context to compute in.
    """
    plain = default(base, head_dim, **common)
    exact, rotary_dim = exact_base(base), plain.rotary_dim

    def thetas(digits: int) -> Frequencies:
        """The rescaled frequencies to any number of digits."""
        with localcontext(working(digits)) as context:
            return tuple(rescale(powers_of_base(exact, rotary_dim, digits), context))

    return replace(
        plain,
        exact_frequencies=thetas(FREQUENCY_DIGITS),
        attention_factor=float(positive("attention_factor", attention_factor)),
        rope_type=rope_type,
        refine=thetas,
    )


@isolated
def as_spectrum(
    spectrum: Spectrum | Base,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
) -> Spectrum:
    """A Spectrum as it is, or the plain one of a base (``head_dim`` 128 unless given)."""
    if not isinstance(spectrum, Spectrum):
        return default(
            spectrum,
            128 if head_dim is None else head_dim,
            rotary_dim=rotary_dim,
            weights=weights,
            count_unrotated=count_unrotated,
        )
    for name, value in (("head_dim", head_dim), ("rotary_dim", rotary_dim), ("weights", weights)):
        if value is not None:
            raise InvalidValueError(name, f"{name} belongs to the spectrum: leave it out here")
    return spectrum
