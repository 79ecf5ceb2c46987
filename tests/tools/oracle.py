"""Independent oracles: S in 50-digit mpmath and in Arb balls. They share no code with ropecalc."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint
import mpmath


def similarity_50(
    base: float | str, head_dim: int, position: float, rotary_dim: int | None = None
) -> Any:
    """S(m) = (d - r)/2 + sum_i cos(m b^(-2i/r)) with 50 digits after the angle's own."""
    rotary_dim = rotary_dim or head_dim
    with mpmath.workdps(70):
        b = mpmath.mpf(base)
        total = mpmath.mpf(head_dim - rotary_dim) / 2
        for i in range(rotary_dim // 2):
            total += mpmath.cos(mpmath.mpf(position) * b ** (-mpmath.mpf(2 * i) / rotary_dim))
        return total


def excess_ball(
    base: str | float,
    rotary_dim: int,
    distance: int,
    *,
    weights: Sequence[float] | None = None,
    unrotated: int = 0,
    margin: float = 0.0,
    bits: int = 160,
) -> flint.arb:
    """A ball that surely contains S(m) - margin S(0)."""
    n = rotary_dim // 2
    factors = [Fraction(w) for w in (weights if weights is not None else [1.0] * n)]
    tau = Fraction(margin)
    with flint.ctx.workprec(bits):
        log_base = flint.arb(base).log()
        total = _arb(unrotated * (1 - tau) - tau * sum(factors))
        for i, factor in enumerate(factors):
            theta = (-log_base * 2 * i / rotary_dim).exp()
            total += _arb(factor) * (theta * distance).cos()
        return total


def _arb(value: Fraction | int) -> flint.arb:
    exact = Fraction(value)
    return flint.arb(exact.numerator) / flint.arb(exact.denominator)
