"""A longer context beside the bound: unseen angles, neighbours, the critical base."""

from __future__ import annotations

import math
from numbers import Integral
from typing import TYPE_CHECKING

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.scaling import MAX_BASE, Base, exact_base
from ropecalc.spectrum import MAX_HEAD_DIM, check_dims, shown

if TYPE_CHECKING:
    from ropecalc.spectrum import Spectrum

SHORTEST = 7  # tokens: from here on L / (2 pi) is above 1, and its logarithm positive
EQUAL = 1 + 1e-12  # angles of float64 frequencies that differ by less are the same


@isolated
def critical_dimension(base: Base, rotary_dim: int, trained_context: int) -> int:
    """How many dimensions see a whole turn in training: those of the pairs that finish one.

        2 ceil((r/2) log_b(L / (2 pi)))                                     [Liu2023]

    at most ``rotary_dim``. The dimensions after it met only a part of their circle, so that a
    longer context takes them to angles unseen in training.

    Parameters
    ----------
    base : > 1, at most 1e300
    rotary_dim : even, >= 2
    trained_context : int, >= 7, tokens

    Raises
    ------
    InvalidValueError

    >>> critical_dimension(1e4, 128, 4_096), critical_dimension(5e5, 128, 8_192)
    (92, 70)
    """
    check_dims(MAX_HEAD_DIM, rotary_dim)
    pairs = rotary_dim // 2
    return min(2 * math.ceil(pairs * _log_turns(trained_context) / _log(base)), int(rotary_dim))


@isolated
def critical_base(base: Base, trained_context: int, context: int) -> float:
    """The base at which a longer context shows no pair an angle that training did not.

        b^(ln(L' / (2 pi)) / ln(L / (2 pi)))                                [Liu2023]

    for base b and a context extended from L to L' tokens: the pair that just finished a turn
    within L does so within L', and all slower ones turn no further than they did.
    KoboldCpp raises bases by this formula.

    Parameters
    ----------
    base : > 1, at most 1e300
    trained_context, context : int, >= 7, tokens

    Raises
    ------
    InvalidValueError
        A parameter outside its domain, or a result beyond 1e300.

    >>> round(critical_base(1e6, 32_768, 131_072)), round(critical_base(5e5, 8_192, 16_384), 1)
    (9370821, 1776948.1)
    """
    log = _log(base) * _log_turns(context, "context") / _log_turns(trained_context)
    if log > math.log(MAX_BASE):
        raise InvalidValueError(
            "context", f"context must be shorter: it takes a base beyond 1e300, got {context:,}"
        )
    return math.exp(log)


def unseen_phases(
    trained: Spectrum, trained_context: int, spectrum: Spectrum, context: int
) -> tuple[int, float]:
    """(how many pairs meet angles that training did not show them, the largest such part in turns).

    In training pair i turned through [0, (L-1) theta_i]. Where that is less than a whole turn, and
    (L'-1) theta'_i goes beyond it, the part min((L'-1) theta'_i, 2 pi) - (L-1) theta_i is new to
    it. Less than the turn of one token, theta_i, is not counted: interpolation goes as far between
    any two tokens.
    """
    new = [
        part
        for theta, scaled in zip(
            map(float, trained.exact_frequencies),
            map(float, spectrum.exact_frequencies),
            strict=True,
        )
        if (part := _new_part(theta, trained_context, scaled, context)) > 0
    ]
    return len(new), max(new, default=0.0) / math.tau


def _new_part(theta: float, trained_context: int, scaled: float, context: int) -> float:
    """The part of the circle that is new to a pair, rad."""
    seen = (trained_context - 1) * theta
    reached = min((context - 1) * scaled, math.tau)
    if seen >= math.tau or reached <= (seen + theta) * EQUAL:
        return 0.0
    return reached - seen


def contrast(spectrum: Spectrum, original: Spectrum, distance: int) -> float:
    """(S(0) - S(m)) / S(0) over the same of the original, at one distance m >= 1.

    How well a token is told apart from that m further on: 1 as before, near 0 no more. A blur of
    neighbours is what interpolation is known for. 1 where the original tells nothing apart.
    """
    before, after = (_drop(one, distance) for one in (original, spectrum))
    return after / before if before > 0 else 1.0


def _drop(spectrum: Spectrum, distance: int) -> float:
    """(S(0) - S(m)) / S(0), with 1 - cos x as 2 sin^2(x/2), which does not cancel."""
    pairs = zip(spectrum.exact_frequencies, spectrum.pair_weights, strict=True)
    halves = sum(weight * math.sin(distance * float(theta) / 2) ** 2 for theta, weight in pairs)
    return 2 * halves / spectrum.total


def checked_length(parameter: str, value: int) -> int:
    """A length in tokens, an integer of at least 7; raises InvalidValueError."""
    if not isinstance(value, Integral) or value < SHORTEST:
        raise InvalidValueError(
            parameter,
            f"{parameter} must be an integer of at least {SHORTEST} tokens, got {shown(value)}",
        )
    return int(value)


def _log(base: Base) -> float:
    return float(exact_base(base).ln())


def _log_turns(length: int, parameter: str = "trained_context") -> float:
    return math.log(checked_length(parameter, length) / math.tau)
