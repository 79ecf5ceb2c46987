"""Attention temperature: how far one logit must be above many, and factors that keep it there.

For logits z_1 .. z_n

    max z  <=  ln sum_j exp(z_j)  <=  max z + ln n

with equality on the right where all are equal. Softmax gives token i the mass
exp(z_i - ln sum_j exp(z_j)), so that n tokens of equal standing dilute each other by ln n at most,
and a token that is to be seen needs a logit that grows like ln n. Let one token match, with a
logit g above that of each of the n - 1 others. It gets the mass

    p = exp(g) / (exp(g) + n - 1),      so that      g = ln(p / (1 - p)) + ln(n - 1).

The others all equal is the worst case of those that are at most so high.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Real
from typing import TYPE_CHECKING

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.results.temperatures import LengthFactor, Temperature
from ropecalc.spectrum import checked_integer, shown

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CONTEXT = 2**30
SU_LENGTH = 512  # Su 8823: the length at which his factor is 1
YARN_WEIGHT = 0.1  # Peng2023, equation 22: sqrt(1/t) = 0.1 ln s + 1, on cos and sin
# transformers 5.23, configuration_llama4.py: attn_scale, floor_scale
LLAMA4_WEIGHT, LLAMA4_LENGTH = 0.1, 8_192
# transformers 5.23, configuration_ministral3.py: llama_4_scaling_beta and
# original_max_position_embeddings
MINISTRAL3_WEIGHT, MINISTRAL3_LENGTH = 0.1, 16_384


@isolated
def temperature(
    context: int, *, trained_context: int | None = None, attention_mass: float = 0.9
) -> Temperature:
    """The logit gap that one token needs for its part of the attention, and factors that keep it.

        g(n) = ln(p / (1 - p)) + ln(n - 1)

    Training on L tokens teaches gaps up to g(L) or so. Over n > L tokens the same gap has less
    mass; all logits times g(n) / g(L) give it back. Beside that are the factors in use, as they
    are at the last position, each with the mass that the gap g(L) has with it. What they multiply
    differs: logits as a whole, the query, or cos and sin both (YaRN, hence its square).

    Parameters
    ----------
    context : n, int, 2 to 1,073,741,824, tokens
    trained_context : L, int, 2 to 1,073,741,824, tokens; without it there is no scale
    attention_mass : p, float, > 0, < 1

    Raises
    ------
    InvalidValueError

    >>> found = temperature(131_072, trained_context=8_192)
    >>> round(found.logit_gap, 4), round(found.scale, 4), round(found.unscaled_mass, 4)
    (13.9807, 1.2474, 0.36)
    >>> temperature(1)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: context must be an integer from 2 to 1,073,741,824, got 1
    """
    n = _checked("context", context)
    trained = None if trained_context is None else _checked("trained_context", trained_context)
    _check_mass(attention_mass)
    gap = logit_gap(n, attention_mass)
    taught = None if trained is None else logit_gap(trained, attention_mass)
    return Temperature(
        context=n,
        trained_context=trained,
        attention_mass=float(attention_mass),
        logit_gap=gap,
        trained_logit_gap=taught,
        scale=gap / taught if taught is not None and taught > 0 else None,
        unscaled_mass=None if taught is None else mass_of(taught, n),
        spread=math.log(n),
        factors=tuple(_factors(n, trained, taught)),
    )


def logit_gap(context: int, attention_mass: float) -> float:
    """g = ln(p / (1 - p)) + ln(n - 1).

    >>> round(logit_gap(2, 0.5), 12)
    0.0
    """
    return math.log(attention_mass) - math.log1p(-attention_mass) + math.log(context - 1)


def mass_of(gap: float, context: int) -> float:
    """p = exp(g) / (exp(g) + n - 1), without overflow.

    >>> round(mass_of(logit_gap(4_096, 0.9), 4_096), 12)
    0.9
    """
    excess = gap - math.log(context - 1)
    small = math.exp(-abs(excess))
    return 1 / (1 + small) if excess >= 0 else small / (1 + small)


def _factors(n: int, trained: int | None, taught: float | None) -> Iterator[LengthFactor]:
    for name, formula, used_by, factor in _IN_USE:
        value = factor(n, trained)
        reached = None if value is None or taught is None else mass_of(value * taught, n)
        yield LengthFactor(name, formula, used_by, value, reached)


def _log_n(n: int, _: int | None) -> float:
    return math.log(n) / math.log(SU_LENGTH)


def _log_n_beyond(n: int, trained: int | None) -> float | None:
    return None if trained is None else max(1.0, math.log(n) / math.log(trained))


def _yarn(n: int, trained: int | None) -> float | None:
    if trained is None:
        return None
    return (1 + YARN_WEIGHT * math.log(max(1.0, n / trained))) ** 2


def _llama4(n: int, _: int | None) -> float:
    position = n - 1
    return 1 + LLAMA4_WEIGHT * math.log1p((position + 1) // LLAMA4_LENGTH)


def _ministral3(n: int, trained: int | None) -> float:
    position = n - 1
    length = MINISTRAL3_LENGTH if trained is None else trained
    return 1 + MINISTRAL3_WEIGHT * math.log1p(position // length)


_IN_USE: tuple[tuple[str, str, str, Callable[[int, int | None], float | None]], ...] = (
    ("log-n", "ln n / ln 512", "Su 8823; trained with it", _log_n),
    (
        "log-n beyond L",
        "max(1, ln n / ln L)",
        "Su 9034; Qwen-7B's use_logn_attn; for models trained without",
        _log_n_beyond,
    ),
    ("YaRN", "(0.1 ln(n / L) + 1)^2", "YaRN, as the square of its attention factor", _yarn),
    (
        "Llama 4",
        "0.1 ln(floor((p + 1) / 8192) + 1) + 1",
        "Llama 4's layers without rotation, attn_temperature_tuning",
        _llama4,
    ),
    (
        "Ministral 3",
        "0.1 ln(floor(p / L) + 1) + 1",
        "Ministral 3 and Mistral 4, llama_4_scaling_beta; L 16,384 unless given",
        _ministral3,
    ),
)


def _checked(parameter: str, value: int) -> int:
    return checked_integer(parameter, value, 2, MAX_CONTEXT)


def _check_mass(value: float) -> None:
    if not isinstance(value, Real) or not 0 < float(value) < 1:
        raise InvalidValueError(
            "attention_mass",
            f"attention_mass must be greater than 0 and less than 1, got {shown(value)}",
        )
