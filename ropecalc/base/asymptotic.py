"""Estimates of the minimum base for many pairs. Estimates: the sweep gives the number itself."""

from __future__ import annotations

import math
from dataclasses import replace

from ropecalc.isolated import isolated
from ropecalc.results import Estimate, MinimumBase
from ropecalc.scaling import MAX_BASE
from ropecalc.similarity import checked_context
from ropecalc.spectrum import check_dims

# First zero of the cosine integral Ci [DLMF 6.2.11].
FIRST_ZERO = 0.6165054856207163
# How many standard deviations of the fluctuation the minimum base allows for: lowest, middle and
# highest (rounded outwards) of what solving the formula for z gives at the exact minima of rotary
# dims 32 to 512 for contexts 2^10 to 2^15, and of 128 to 2^20 (tests/base/test_asymptotic.py).
Z_LOW, Z_MIDDLE, Z_HIGH = 1.3, 2.5, 3.5
EULER_GAMMA = 0.5772156649015329


@isolated
def continuum_estimate(context: int) -> float:
    """The minimum base in the limit of many pairs, context / 0.6165...

    S(m)/n tends to (Ci(m) - Ci(m/b)) / ln b, whose sign past the first few m is that of -Ci(m/b):
    positive up to the first zero of Ci [Su2024]. The exact minimum lies 3 to 55 times above it at
    128 rotated dimensions, since a finite sum also fluctuates.

    Parameters
    ----------
    context : int, 1 to 17,179,869,184, tokens

    Raises
    ------
    InvalidValueError

    >>> round(continuum_estimate(32_768))
    53151
    """
    return checked_context(context) / FIRST_ZERO


@isolated
def refined_estimate(context: int, rotary_dim: int) -> Estimate:
    """The minimum base with the fluctuation of the finite sum, as a value with a spread.

    Poisson summation gives, beside the smooth part, alias terms of standard deviation

        sigma = sqrt((n / (2 ln b)) (ln K + gamma)),    K = max(1, m ln b / (2 pi n)),

    and the estimate is the b at which -n Ci(L/b) / ln b = z sigma. ``low`` and ``high`` come of
    the smallest and the largest z seen at exact minima: a spread, not a bound.

    Parameters
    ----------
    context : int, 1 to 17,179,869,184, tokens
    rotary_dim : int, even, >= 2

    Raises
    ------
    InvalidValueError

    >>> found = refined_estimate(32_768, 128)
    >>> found.low < 629_978.26 < found.high
    True
    """
    check_dims(rotary_dim, rotary_dim)
    context = checked_context(context)
    low, value, high = (_solve(context, rotary_dim // 2, z) for z in (Z_LOW, Z_MIDDLE, Z_HIGH))
    return Estimate(value, low, high, "Poisson summation with a fitted number of deviations")


def with_estimates(result: MinimumBase) -> MinimumBase:
    """A minimum base with the estimates that apply to it beside it.

    Both are for heads rotated whole, with unit weights and without a margin; the refined one for
    32 rotated dimensions and 1,024 tokens on, where its one number was fitted.
    """
    if not result.is_plain:
        return result
    fits = result.rotary_dim >= 32 and result.context >= 1024
    return replace(
        result,
        continuum_estimate=continuum_estimate(result.context),
        refined_estimate=refined_estimate(result.context, result.rotary_dim) if fits else None,
    )


def _solve(context: int, n_pairs: int, z: float) -> float:
    """The formula of ``refined_estimate`` solved for b, by bisection in ln b."""
    low, high = math.log(context / FIRST_ZERO), math.log(MAX_BASE)
    for _ in range(60):
        middle = (low + high) / 2
        if _surplus(middle, context, n_pairs, z) < 0:
            low = middle
        else:
            high = middle
    return math.exp(high)


def _surplus(log_base: float, context: int, n_pairs: int, z: float) -> float:
    """-n Ci(L/b)/ln b - z sigma at L = context."""
    from mpmath import ci

    smooth = -n_pairs * float(ci(context * math.exp(-log_base))) / log_base
    aliases = context * log_base / (2 * math.pi * n_pairs)
    variance = n_pairs / (2 * log_base) * (math.log(max(aliases, 1.0)) + EULER_GAMMA)
    return smooth - z * math.sqrt(variance)
