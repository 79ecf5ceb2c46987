"""The formulas of all scaling methods in mpmath, written from the papers and the stacks.

They share no code with ropecalc. Each gives the theta_i of a base b and a rotary dimension r.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

Numbers = list[Any]


def plain(b: Any, r: int) -> Numbers:
    return [b ** (-mpmath.mpf(2 * i) / r) for i in range(r // 2)]


def linear(b: Any, r: int, factor: Any) -> Numbers:
    return [theta / factor for theta in plain(b, r)]


def ntk_aware(b: Any, r: int, factor: Any) -> Numbers:
    return plain(b * mpmath.mpf(factor) ** (mpmath.mpf(r) / (r - 2)), r)


def dynamic(b: Any, r: int, factor: Any, original_context: int, length: int) -> Numbers:
    longest, s = max(length, original_context), mpmath.mpf(factor)
    growth = s * longest / original_context - (s - 1)
    return plain(b * growth ** (mpmath.mpf(r) / (r - 2)), r)


def ntk_fixed(b: Any, r: int, factor: Any) -> Numbers:
    """Su: theta_m = 1 / (lambda (beta lambda)^(m - 1)), beta = b^(2/d), lambda = k^(2/d)."""
    beta, step = b ** (mpmath.mpf(2) / r), mpmath.mpf(factor) ** (mpmath.mpf(2) / r)
    return [1 / (step * (beta * step) ** (m - 1)) for m in range(1, r // 2 + 1)]


def ntk_mixed(b: Any, r: int, factor: Any, power: Any = 0.625) -> Numbers:
    a = mpmath.log(factor) / mpmath.mpf(r // 2) ** mpmath.mpf(power)
    return [
        theta * mpmath.exp(-a * mpmath.mpf(m) ** mpmath.mpf(power))
        for m, theta in enumerate(plain(b, r), 1)
    ]


def clamp(x: Any) -> Any:
    return min(max(x, mpmath.mpf(0)), mpmath.mpf(1))


def by_parts(
    b: Any, r: int, factor: Any, original_context: int, alpha: Any = 1, beta: Any = 32
) -> Numbers:
    found = []
    for theta in plain(b, r):
        wavelength = 2 * mpmath.pi / theta
        gamma = clamp(
            (original_context / wavelength - alpha) / (mpmath.mpf(beta) - mpmath.mpf(alpha))
        )
        found.append((1 - gamma) * theta / factor + gamma * theta)
    return found


def yarn(
    b: Any,
    r: int,
    factor: Any,
    original_context: int,
    beta_fast: Any = 32,
    beta_slow: Any = 1,
    truncate: bool = True,
) -> Numbers:
    low, high = (
        r * mpmath.log(original_context / (mpmath.mpf(beta) * 2 * mpmath.pi)) / (2 * mpmath.log(b))
        for beta in (beta_fast, beta_slow)
    )
    if truncate:
        low, high = mpmath.floor(low), mpmath.ceil(high)
    low, high = max(low, mpmath.mpf(0)), min(high, mpmath.mpf(r - 1))
    if low == high:
        high += mpmath.mpf("0.001")
    gammas = [clamp((i - low) / (high - low)) for i in range(r // 2)]
    thetas = plain(b, r)
    return [t / factor * g + t * (1 - g) for t, g in zip(thetas, gammas, strict=True)]


def llama3(
    b: Any,
    r: int,
    factor: Any,
    original_context: int,
    low_freq_factor: Any = 1,
    high_freq_factor: Any = 4,
) -> Numbers:
    low, high = mpmath.mpf(low_freq_factor), mpmath.mpf(high_freq_factor)
    found = []
    for theta in plain(b, r):
        wavelength = 2 * mpmath.pi / theta
        if wavelength < original_context / high:
            found.append(theta)
        elif wavelength > original_context / low:
            found.append(theta / factor)
        else:
            smooth = (original_context / wavelength - low) / (high - low)
            found.append((1 - smooth) * theta / factor + smooth * theta)
    return found


def longrope(b: Any, r: int, original_context: int, length: int, **given: Any) -> Numbers:
    by = given["long_factor" if length > original_context else "short_factor"]
    return [1 / (e * b ** (mpmath.mpf(2 * i) / r)) for i, e in enumerate(by)]


def divided(b: Any, r: int, divisors: list[float], factor: Any = 1) -> Numbers:
    return [1 / (mpmath.mpf(e) * factor) * t for t, e in zip(plain(b, r), divisors, strict=True)]


def similarity(thetas: Numbers, unrotated: int, m: float) -> Any:
    return unrotated + mpmath.fsum(mpmath.cos(mpmath.mpf(m) * theta) for theta in thetas)


FORMULAS: dict[str, Callable[..., Numbers]] = {
    "default": plain,
    **{f.__name__: f for f in (linear, ntk_aware, ntk_fixed, ntk_mixed, dynamic, yarn, llama3)},
    **{f.__name__: f for f in (longrope, divided)},
    "ntk_by_parts": by_parts,
    "yarn_paper": by_parts,
    "proportional": linear,  # of the whole head, and cut off
}


def frequencies(
    name: str, base: float, head_dim: int, rotary_dim: int, **parameters: Any
) -> Numbers:
    """The theta_i of a method, in mpmath's precision in force."""
    whole = head_dim if name == "proportional" else rotary_dim
    return FORMULAS[name](mpmath.mpf(base), whole, **parameters)[: rotary_dim // 2]
