"""Spectrum: the angular frequencies of one attention head, and all that its similarity curve needs.

    S(m) = u + sum_i w_i cos(m theta_i)

with theta_i the angular frequencies of the n rotated pairs, w_i their weights (1 unless given) and
u the unrotated pairs that are counted.

Frequencies are kept as exact decimals next to their float64 values. A float64 frequency is off by
up to 2^-53 of itself, which at distance 2^30 is a phase error of 1e-7; the decimals carry
``FREQUENCY_DIGITS`` digits, so that evaluation can reduce every angle exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import lru_cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

from ropecalc.errors import InvalidValueError
from ropecalc.notebook import Brief

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# OEIS A000796
PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510"
    "58209749445923078164062862089986280348253421170679"
)
FREQUENCY_DIGITS = 60  # 2^34 tokens use up 11 of them, a double 17: thirty to spare
PICKLED_DIGITS = 300  # of frequencies, far beyond what any verdict has needed
MAX_FREQUENCY = 10_000  # rad/token, some 1,600 turns: ``exact`` keeps five digits for it
MAX_WEIGHT = 1e30  # float32 holds all sums of such; their unit changes no verdict
OF_A_MODEL = "; ropecalc.find_model(NAME).rope has a model's"
MAX_HEAD_DIM = 65_536  # far above any head; keeps a typing error from filling the memory
MAX_SHOWN = 40  # characters of a value in a message

Frequencies = tuple[Decimal, ...]


class _Kept(NamedTuple):
    """Frequencies to ``PICKLED_DIGITS`` in the place of a function that gives any number."""

    frequencies: Frequencies

    def __call__(self, digits: int) -> Frequencies:
        """The frequencies as they were kept."""
        del digits
        return self.frequencies


@dataclass(frozen=True, repr=False)
class Spectrum(Brief):
    """The rotation of one attention head.

    Parameters
    ----------
    head_dim : int, even, >= 2
        Size of the head.
    rotary_dim : int, even, 2 <= rotary_dim <= head_dim
        How many of its dimensions are rotated; there are n = rotary_dim / 2 rotated pairs.
    exact_frequencies : n decimals, 0 .. 10,000, rad/token
        Angular frequencies theta_i, highest first by custom.
    weights : n floats, >= 0, the largest 1e-30 .. 1e30, or None
        Weight of each pair in the similarity ([Men2024] appendix A: the variance of its
        components); None means 1 each.
    count_unrotated : bool
        Whether the (head_dim - rotary_dim) / 2 unrotated pairs count in the similarity.
    attention_factor : float > 0
        What the stack multiplies cos and sin by. It scales S as a whole, hence no sign: carried
        and shown, not used.
    softmax_factor : float > 0
        What the stack multiplies the scale of the softmax by, beside 1 / sqrt(head_dim); carried
        and shown like ``attention_factor``.
    base : Decimal or None
        The base, where the spectrum is made from one.
    rope_type : str
        The scaling method that made it; "default" for the plain powers of ``base``.
    label : str
        What to call it in tables and legends.
    refine : callable or None
        Angular frequencies to any number of digits, ``refine(digits)``; without it
        ``exact_frequencies`` are taken as exact.
    rope : Rope or None
        What ``scaling.from_rope`` made it of.

    Raises
    ------
    InvalidValueError
        A value outside its domain.
    """

    head_dim: int
    rotary_dim: int
    exact_frequencies: Frequencies
    weights: tuple[float, ...] | None = None
    count_unrotated: bool = True
    attention_factor: float = 1.0
    softmax_factor: float = 1.0
    base: Decimal | None = None
    rope_type: str = "default"
    label: str = ""
    refine: Callable[[int], Frequencies] | None = field(default=None, compare=False, repr=False)
    rope: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_dims(self.head_dim, self.rotary_dim)
        check_frequencies(self.exact_frequencies, self.rotary_dim // 2)
        check_weights(self.weights, self.rotary_dim // 2)
        for name in ("attention_factor", "softmax_factor"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 < float(value) < math.inf:
                raise InvalidValueError(
                    name, f"{name} must be a positive number, got {shown(value)}"
                )

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle keeps: ``refine``, which no pickle can hold, as its first 300 digits."""
        state = dict(self.__dict__)
        if self.refine is not None:
            state["refine"] = _Kept(self.refine(PICKLED_DIGITS))
        return state

    @property
    def n_pairs(self) -> int:
        """Number of rotated pairs, n."""
        return self.rotary_dim // 2

    @property
    def is_plain(self) -> bool:
        """Whether the frequencies are the plain powers of ``base``."""
        return self.base is not None and self.rope_type == "default"

    @property
    def unrotated_pairs(self) -> int:
        """Number of unrotated pairs that count in the similarity, u."""
        return (self.head_dim - self.rotary_dim) // 2 if self.count_unrotated else 0

    @property
    def pair_weights(self) -> tuple[float, ...]:
        """The weights w_i, ones where none were given."""
        return self.weights if self.weights is not None else (1.0,) * self.n_pairs

    @property
    def total(self) -> float:
        """S(0) = u + sum_i w_i."""
        return self.unrotated_pairs + sum(self.pair_weights)

    def is_free(self, margin: float = 0.0) -> bool:
        """Whether S(m) >= margin * S(0) at every m for any frequencies: even all cosines at -1.

        u (1 - margin) >= (1 + margin) sum_i w_i, without rounding.
        """
        u = self.unrotated_pairs
        if not u:
            return False
        from fractions import Fraction

        weight, exact = sum(map(Fraction, self.pair_weights), Fraction(0)), Fraction(margin)
        return u * (1 - exact) >= weight * (1 + exact)

    @property
    def angular_frequencies(self) -> NDArray[np.float64]:
        """The theta_i as float64, shape (n_pairs,), rad/token."""
        import numpy as np

        return np.array([float(theta) for theta in self.exact_frequencies])

    def frequencies_to(self, digits: int) -> Frequencies:
        """The theta_i to at least ``digits`` significant digits."""
        if digits <= FREQUENCY_DIGITS or self.refine is None:
            return self.exact_frequencies
        return self.refine(digits)


@lru_cache(maxsize=16)  # the scalings of one head begin with the same
def powers_of_base(base: Decimal, rotary_dim: int, digits: int = FREQUENCY_DIGITS) -> Frequencies:
    """theta_i = base^(-2i/rotary_dim), i = 0 .. rotary_dim/2 - 1, to ``digits`` digits [Su2021].

    >>> [str(theta)[:8] for theta in powers_of_base(Decimal(10000), 4)]
    ['1', '0.010000']
    """
    context = Context(prec=digits + 10)
    log_ratio = context.divide(context.multiply(-2, context.ln(base)), int(rotary_dim))
    ratio = context.exp(log_ratio)
    thetas = [Decimal(1)]
    for _ in range(rotary_dim // 2 - 1):
        thetas.append(context.multiply(thetas[-1], ratio))
    return tuple(thetas)


def check_dims(head_dim: int, rotary_dim: int) -> None:
    """Raise InvalidValueError unless both are even and 2 <= rotary_dim <= head_dim."""
    for name, value in (("head_dim", head_dim), ("rotary_dim", rotary_dim)):
        if not isinstance(value, Integral) or value < 2 or value % 2:
            cure = OF_A_MODEL if isinstance(value, str) else ""
            raise InvalidValueError(
                name, f"{name} must be an even integer of at least 2, got {shown(value)}{cure}"
            )
    if head_dim > MAX_HEAD_DIM:
        raise InvalidValueError(
            "head_dim", f"head_dim must be at most {MAX_HEAD_DIM}, got {shown(head_dim)}"
        )
    if rotary_dim > head_dim:
        raise InvalidValueError(
            "rotary_dim",
            f"rotary_dim must be at most head_dim, which is {head_dim}, got {shown(rotary_dim)}",
        )


def checked_integer(parameter: str, value: int, least: int, most: int, unit: str = "") -> int:
    """A value as Python's own int, also where it is one of NumPy's.

    Raises InvalidValueError unless it is an integer from ``least`` to ``most``.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise InvalidValueError(
            parameter,
            f"{parameter} must be an integer from {least:,} to {most:,}{unit}, got {shown(value)}"
            f"{_as_integer(value)}",
        )
    return int(value)


def _as_integer(value: object) -> str:
    """The integer that a text such as "64k" means, as the cure of an error."""
    from ropecalc.quantities import parse_context

    try:
        return f": pass {parse_context(value)}" if isinstance(value, str) else ""
    except InvalidValueError:
        return ""


def as_float(value: object) -> float:
    """A number as Python's own float; NaN, which lies in no domain, for what is none.

    >>> as_float(Decimal("0.5")), as_float("0.5"), as_float([0.5])
    (0.5, nan, nan)
    """
    if not isinstance(value, Real | Decimal):
        return math.nan
    try:
        return float(value)
    except (OverflowError, ValueError):  # too large an integer; Decimal's signalling NaN
        return math.nan


def check_frequencies(frequencies: Sequence[Decimal], n_pairs: int) -> None:
    """Raise InvalidValueError unless there is one frequency from 0 to 10,000 a pair."""
    if len(frequencies) != n_pairs:
        raise InvalidValueError(
            "angular_frequencies",
            f"angular_frequencies must have one value a rotated pair, {n_pairs}, "
            f"got {len(frequencies)}",
        )
    for theta in frequencies:
        if not (theta.is_finite() and 0 <= theta <= MAX_FREQUENCY):
            raise InvalidValueError(
                "angular_frequencies",
                f"angular_frequencies must be from 0 to {MAX_FREQUENCY:,} rad/token, "
                f"got {theta:.6g}",
            )


def check_weights(weights: Sequence[float] | None, n_pairs: int) -> None:
    """Raise InvalidValueError unless there is one weight >= 0 a pair, the largest 1e-30 .. 1e30."""
    if weights is None:
        return
    if len(weights) != n_pairs:
        raise InvalidValueError(
            "weights",
            f"weights must have one value a rotated pair, {n_pairs}, got {len(weights)}",
        )
    for weight in weights:
        if not 0 <= weight < math.inf:
            raise InvalidValueError(
                "weights", f"weights must be finite and not negative, got {weight}"
            )
    if not any(weights):
        raise InvalidValueError("weights", "weights must not all be zero")
    if not 1 / MAX_WEIGHT <= max(weights) <= MAX_WEIGHT:
        raise InvalidValueError(
            "weights",
            f"weights must have a largest from {1 / MAX_WEIGHT:g} to {MAX_WEIGHT:g}, "
            f"got {max(weights):g}: divide them all by the same number",
        )


def shown(value: object) -> str:
    """A value in a message: one line, and a short one.

    >>> shown(10**5000), shown("8"), shown(0.5), shown([1, 2])
    ('a huge integer', "'8'", '0.5', 'a list of 2')
    """
    if isinstance(value, str | bytes):
        value = repr(value[:MAX_SHOWN])
    elif isinstance(value, Sized) and getattr(
        value, "ndim", True
    ):  # NumPy's arrays of one have none
        return f"a {type(value).__name__} of {len(value):,}"
    try:
        text = " ".join(str(value).split())
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a huge integer"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


def pi(digits: int) -> Decimal:
    """Pi to at least ``digits`` significant digits.

    >>> str(pi(300))[:6]
    '3.1415'
    """
    if digits < len(PI.as_tuple().digits):
        return PI
    import mpmath

    with mpmath.workdps(digits + 5):
        return Decimal(mpmath.nstr(mpmath.pi, digits + 3))
