"""Spectra without scaling, and what all scaling methods are made with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from typing import TypedDict, Unpack

from ropecalc.errors import InvalidValueError
from ropecalc.spectrum import (
    FREQUENCY_DIGITS,
    MAX_HEAD_DIM,
    Frequencies,
    Spectrum,
    check_dims,
    powers_of_base,
    shown,
)

Base = float | int | Decimal
MAX_BASE = 1e300  # float64 ends at 1.8e308; the rest is room for stepping
MIN_DIVISOR = 1e-4  # a base's frequencies over it are at most MAX_FREQUENCY
MAX_PAIRS = MAX_HEAD_DIM // 2
RATIO_BASE = 10_000  # ChatGLM's and GLM-4's modelling code, class RotaryEmbedding


class Common(TypedDict, total=False):
    """What every scaling method takes by keyword, as Spectrum has it."""

    rotary_dim: int | None
    weights: Sequence[float] | None
    count_unrotated: bool
    label: str


Rescale = Callable[[Frequencies, Context], Iterable[Decimal]]


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
        weights=_weights(weights),
        count_unrotated=count_unrotated,
        base=exact,
        label=label,
        refine=lambda digits: powers_of_base(exact, rotary_dim, digits),
    )


def proportional(
    base: Base, head_dim: int = 128, *, factor: Base = 1, **common: Unpack[Common]
) -> Spectrum:
    """The first pairs of the whole head's frequencies, the rest unrotated: p-RoPE.

        theta_i = base^(-2i/head_dim) / factor,   i < rotary_dim / 2        [Barbero2024]

    Unlike ``default`` with a ``rotary_dim``, the exponents run over ``head_dim``: the lowest
    frequencies are left out, not spread over fewer pairs. transformers and Gemma 4 call it
    "proportional" and give rotary_dim = 2 int(head_dim p / 2) by ``partial_rotary_factor`` p.

    >>> float(proportional(1e6, 512, rotary_dim=128).angular_frequencies[-1].round(6))
    0.033376
    """
    exact, divisor = exact_base(base), positive("factor", factor, least=MIN_DIVISOR)
    rotary_dim = checked_rotary_dim(head_dim, common)

    def thetas(digits: int) -> Frequencies:
        with localcontext(working(digits)):
            whole = powers_of_base(exact, head_dim, digits)
            return tuple(theta / divisor for theta in whole[: rotary_dim // 2])

    return replace(
        default(base, head_dim, **common),
        exact_frequencies=thetas(FREQUENCY_DIGITS),
        rope_type="proportional",
        refine=thetas,
    )


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
        weights=_weights(weights),
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
        with localcontext(working(digits)) as context:
            return tuple(rescale(powers_of_base(exact, rotary_dim, digits), context))

    return replace(
        plain,
        exact_frequencies=thetas(FREQUENCY_DIGITS),
        attention_factor=float(positive("attention_factor", attention_factor)),
        rope_type=rope_type,
        refine=thetas,
    )


def working(digits: int) -> Context:
    """The decimal context for ``digits`` digits; nothing of the caller's own context is in it."""
    return Context(prec=digits + 10)


def positive(parameter: str, value: object, *, least: float = 0.0) -> Decimal:
    """A parameter as the exact decimal of its float64 value.

    Raises InvalidValueError unless it is a number greater than 0 and from ``least`` to 1e300.

    >>> positive("factor", 0.5, least=1)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: factor must be a number from 1 to 1e300, got 0.5
    """
    exact = _decimal(value)
    if not (exact.is_finite() and 0 < exact <= Decimal(MAX_BASE) and exact >= least):
        domain = f"from {least:g} to 1e300" if least else "greater than 0 and at most 1e300"
        raise InvalidValueError(
            parameter, f"{parameter} must be a number {domain}, got {shown(value)}"
        )
    return exact


def not_negative(parameter: str, value: object) -> Decimal:
    """The same for a parameter that may be 0."""
    exact = _decimal(value)
    if not (exact.is_finite() and 0 <= exact <= Decimal(MAX_BASE)):
        raise InvalidValueError(
            parameter, f"{parameter} must be a number from 0 to 1e300, got {shown(value)}"
        )
    return exact


def numbers(parameter: str, values: object, count: int | None = None) -> Frequencies:
    """A list as exact decimals, NaN for what is no number.

    Raises InvalidValueError unless it is a list, and one of ``count`` values.

    >>> numbers("long_factor", [1, 2], 64)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: long_factor must have one value a rotated pair, 64, got 2
    """
    if not isinstance(values, Sized) or isinstance(values, str | bytes | Mapping):
        raise InvalidValueError(
            parameter, f"{parameter} must be a list of numbers, got {shown(values)}"
        )
    if count is not None and len(values) != count:
        raise InvalidValueError(
            parameter,
            f"{parameter} must have one value a rotated pair, {count}, got {len(values):,}",
        )
    if not 1 <= len(values) <= MAX_PAIRS:
        raise InvalidValueError(
            parameter, f"{parameter} must have from 1 to {MAX_PAIRS:,} values, got {len(values):,}"
        )
    return tuple(_decimal(value) for value in values)  # type: ignore[attr-defined]


def checked_rotary_dim(head_dim: int, common: Common) -> int:
    """The rotary dimension, which is the head's unless given."""
    given = common.get("rotary_dim")
    rotary_dim = head_dim if given is None else given
    check_dims(head_dim, rotary_dim)
    return rotary_dim


def _weights(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if weights is None else tuple(map(float, numbers("weights", weights)))


def exact_base(base: Base) -> Decimal:
    """The base as the exact decimal of its float64 value, or itself if it is a Decimal.

    Raises InvalidValueError unless 1 < base <= 1e300.
    """
    exact = _decimal(base)
    if not (exact.is_finite() and 1 < exact <= Decimal(MAX_BASE)):
        raise InvalidValueError(
            "base", f"base must be greater than 1 and at most 1e300, got {shown(base)}"
        )
    return exact


def _decimal(value: object) -> Decimal:
    """The exact decimal of a number; NaN for what is none."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str | bytes):
        return Decimal("NaN")
    try:
        return Decimal(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return Decimal("NaN")


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
