"""Scaling methods: each a function from a base, dimensions and parameters to a Spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ropecalc.errors import InvalidValueError
from ropecalc.spectrum import Spectrum, check_dims, powers_of_base

Base = float | int | Decimal
MAX_BASE = 1e300  # float64 ends at 1.8e308; the rest is room for stepping


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
        weights=None if weights is None else tuple(float(weight) for weight in weights),
        count_unrotated=count_unrotated,
        base=exact,
        label=label,
        refine=lambda digits: powers_of_base(exact, rotary_dim, digits),
    )


def explicit(
    angular_frequencies: Sequence[Base],
    head_dim: int | None = None,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    label: str = "",
) -> Spectrum:
    """The spectrum of a list of angular frequencies, each taken as exact, rad/token.

    >>> explicit([1.0, 0.01]).rotary_dim
    4
    """
    rotary_dim = 2 * len(angular_frequencies)
    return Spectrum(
        rotary_dim if head_dim is None else head_dim,
        rotary_dim,
        tuple(Decimal(theta) for theta in angular_frequencies),
        weights=None if weights is None else tuple(float(weight) for weight in weights),
        count_unrotated=count_unrotated,
        label=label,
    )


def exact_base(base: Base) -> Decimal:
    """The base as the exact decimal of its float64 value, or itself if it is a Decimal.

    Raises InvalidValueError unless 1 < base <= 1e300.
    """
    try:
        exact = base if isinstance(base, Decimal) else Decimal(float(base))
    except (TypeError, ValueError, OverflowError):
        exact = Decimal("NaN")
    if not (exact.is_finite() and 1 < exact <= Decimal(MAX_BASE)):
        raise InvalidValueError(
            "base", f"base must be greater than 1 and at most 1e300, got {base}"
        )
    return exact


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
