"""What the parameters of scaling methods may be: exact decimals, or one line that says what not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Sized
from decimal import Context, Decimal
from typing import TypedDict

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.spectrum import MAX_HEAD_DIM, Frequencies, check_dims, shown

Base = float | int | Decimal
MIN_BASE = math.nextafter(1.0, 2.0)  # a base is greater than 1
MAX_BASE = 1e300  # float64 ends at 1.8e308; the rest is room for stepping
MIN_DIVISOR = 1e-4  # a base's frequencies over it are at most MAX_FREQUENCY
OF_A_MODEL = "ropecalc.check_model, plan_model and inspect take a model"
MAX_PAIRS = MAX_HEAD_DIM // 2


class Common(TypedDict, total=False):
    """What every scaling method takes by keyword, as Spectrum has it."""

    rotary_dim: int | None
    weights: Sequence[float] | None
    count_unrotated: bool
    label: str


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
    single = not getattr(values, "ndim", 1)  # NumPy's arrays of one number have no length
    if not isinstance(values, Sized) or isinstance(values, str | bytes | Mapping) or single:
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


def checked_weights(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    """The weights as float64 values; how many and how large is for Spectrum to check."""
    return None if weights is None else tuple(map(float, numbers("weights", weights)))


@isolated
def exact_base(base: Base) -> Decimal:
    """The base as the exact decimal of its float64 value, or itself if it is a Decimal.

    Raises InvalidValueError unless 1 < base <= 1e300.
    """
    exact = _decimal(base)
    if not (exact.is_finite() and 1 < exact <= Decimal(MAX_BASE)):
        cure = f"; {OF_A_MODEL}" if isinstance(base, str) else ""
        raise InvalidValueError(
            "base", f"base must be greater than 1 and at most 1e300, got {shown(base)}{cure}"
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
