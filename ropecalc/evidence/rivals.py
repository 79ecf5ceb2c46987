"""Rival criteria: each as its paper has it, in a line of code beside its formula.

Those of arXiv 2602.10959 and FMRoPE know the base alone, not the scaling, and no head dimension;
what they say of a scaled model is about its base.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ropecalc.errors import InvalidValueError
from ropecalc.extension.criteria import critical_base, critical_dimension, unseen_phases
from ropecalc.isolated import isolated

if TYPE_CHECKING:
    from ropecalc.results import Criteria, Criterion, PublishedSetting
    from ropecalc.spectrum import Spectrum

EPSILON = 0.9
"""The cosine that the slowest pair keeps: the paper's text in reach names no default."""
LAYERS = 32
FLOAT32 = 2.0**-23
"""The distance from 1 to the next float32, which the paper calls machine epsilon."""
PEAK = 3.657210
"""Where the variance V(x) = 1/2 + sin(2x)/(4x) - (sin(x)/x)^2 of a cosine over [0, x] is greatest:
the first maximum, 0.54047."""
GOLDILOCKS, LIU, MEN = "arXiv 2602.10959", "arXiv 2310.05209", "arXiv 2405.14591"
FMROPE = "FMRoPE, ICLR 2026, openreview PR1PPxvG9Q"


def variance(x: float) -> float:
    """V(x) = 1/2 + sin(2x)/(4x) - (sin(x)/x)^2 of cos over [0, x].

    >>> round(variance(PEAK), 5), variance(PEAK) > max(variance(PEAK - 1e-3), variance(PEAK + 1e-3))
    (0.54047, True)
    """
    return 0.5 + math.sin(2 * x) / (4 * x) - (math.sin(x) / x) ** 2


def band(base: float, rotary_dim: int, trained_context: int) -> float:
    """The pair j* = (r/2) log_b(T / 3.657210) whose cosine varies most within T   [FMRoPE].

    >>> round(band(1e4, 128, 4096), 2), round(band(5e5, 128, 8192), 2)
    (48.79, 37.62)
    """
    return rotary_dim / 2 * math.log(trained_context / PEAK) / math.log(base)


def epsilon_base(context: int, layers: int = 1) -> float:
    """L / arccos(epsilon^(1/N)): the slowest pair stays coherent through N layers  [2602.10959].

    >>> round(epsilon_base(4096)), round(epsilon_base(4096, 32))
    (9082, 50503)
    """
    return context / math.acos(EPSILON ** (1 / layers))


def extrapolation(base: float, trained_base: float, rotary_dim: int, trained_context: int) -> float:
    """T_extra = 2 pi b^(d_extra / r), of a model trained with another base   [Liu2023].

    >>> round(extrapolation(1e6, 1e4, 128, 4096))
    129027
    """
    extra = critical_dimension(trained_base, rotary_dim, trained_context)
    return math.tau * math.pow(base, extra / rotary_dim)


@isolated
def criteria(
    spectrum: Spectrum,
    context: int,
    *,
    trained_context: int | None = None,
    layers: int = LAYERS,
    label: str = "",
) -> Criteria:
    """The bound and its rivals for one setting: what each requires, and what scores say of it.

    Parameters
    ----------
    spectrum : with a base
    context : int, >= 7, tokens
    trained_context : tokens, for the criteria about angles that training showed
    layers : int, >= 1

    Raises
    ------
    InvalidValueError

    >>> from ropecalc import scaling
    >>> found = criteria(scaling.default(1e6), 32_768)
    >>> [(one.name, one.met) for one in found.criteria[:4]]
    [('bound', False), ('aliasing', True), ('epsilon', True), ('depth', True)]
    """
    from ropecalc.extension.criteria import checked_length
    from ropecalc.results import Criteria

    if spectrum.base is None:
        raise InvalidValueError("base", "these criteria are about a base, and there is none here")
    checked_length("context", context)
    if layers < 1:
        raise InvalidValueError("layers", f"layers must be at least 1, got {layers}")
    return Criteria(
        label=label or spectrum.label,
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        base=float(spectrum.base),
        rope_type=spectrum.rope_type,
        context=context,
        trained_context=trained_context,
        depth=layers,
        criteria=tuple(_all(spectrum, context, trained_context, layers)),
    )


def _all(spectrum: Spectrum, context: int, trained: int | None, layers: int) -> Iterator[Criterion]:
    from ropecalc.results import Criterion

    base, dims = float(spectrum.base or 0), spectrum.rotary_dim
    yield _bound(spectrum, context)
    for name, formula, per_token in (
        ("aliasing", "L < 2 pi b", math.tau),
        ("epsilon", "b >= L / arccos(0.9)", math.acos(EPSILON)),
        ("depth", f"b >= L / arccos(0.9^(1/{layers}))", math.acos(EPSILON ** (1 / layers))),
    ):
        least, longest = context / per_token, base * per_token
        met = context < longest if name == "aliasing" else base >= least
        says = _as_a_length(partial(_base_times, per_token))
        yield Criterion(name, formula, GOLDILOCKS, met, least, None, longest, None, says)
    ceiling = 1 / FLOAT32
    says = _ceiling(ceiling)
    yield Criterion(
        "precision",
        "b < 1 / 2^-23 in float32",
        GOLDILOCKS,
        base < ceiling,
        None,
        ceiling,
        None,
        None,
        says,
    )
    yield _liu(base, dims, context, trained)
    yield _unseen(spectrum, context, trained)
    yield Criterion(
        "frequency band",
        "j* = (r/2) log_b(T / 3.657210)",
        FMROPE,
        None,
        None,
        None,
        None,
        None if trained is None else band(base, dims, trained),
        "slower pairs act as if unrotated; best beyond the trained length is b = T, the opposite "
        "of a large base; no table here varies that",
    )


def _base_times(factor: float, one: PublishedSetting) -> float:
    return factor * one.base


def _bound(spectrum: Spectrum, context: int) -> Criterion:
    from ropecalc.bound import max_context
    from ropecalc.evidence.published import LIMIT
    from ropecalc.results import Criterion

    nothing = spectrum.is_free()
    found = None if nothing else max_context(spectrum, limit=max(LIMIT, context)).first_violation
    met = None if nothing else found is None or found >= context
    says = _as_a_length(lambda one: one.first_violation or LIMIT)
    return Criterion("bound", "S(m) >= 0, m < L", MEN, met, None, None, found, None, says)


def _liu(base: float, dims: int, context: int, trained: int | None) -> Criterion:
    from ropecalc.results import Criterion

    wanted = None if trained is None else critical_base(base, trained, context)
    longest = None if trained is None else extrapolation(base, base, dims, trained)
    pair = None if trained is None else critical_dimension(base, dims, trained) / 2
    met = None if longest is None else context <= longest
    formula = "b' = b^(ln(L / 2 pi) / ln(T / 2 pi))"
    return Criterion(
        "critical base", formula, LIU, met, wanted, None, longest, pair, _liu_evidence()
    )


def _unseen(spectrum: Spectrum, context: int, trained: int | None) -> Criterion:
    from ropecalc.results import Criterion

    new = None if trained is None else unseen_phases(spectrum, trained, spectrum, context)[0]
    says = "angles that training did not show, the same cause as the critical base"
    if new is not None:
        says = f"{new} of {spectrum.rotary_dim // 2} pairs meet new angles; {says}"
    met = None if new is None else new == 0
    formula = "(L - 1) theta within [0, (T - 1) theta] or a whole turn"
    return Criterion("unseen angles", formula, LIU, met, None, None, None, None, says)


def _plain() -> list[PublishedSetting]:
    """The sourced settings that are a base and nothing more, measured to 128k."""
    from ropecalc.evidence.published import published
    from ropecalc.evidence.samples import LONGEST

    return [
        one
        for one in published()
        if one.comparable
        and one.sourced
        and one.rope_type == "default"
        and (one.longest or 0) >= LONGEST
    ]


def _as_a_length(guess: Callable[[PublishedSetting], float]) -> str:
    """How well a length tells where 15 % of the score is lost, on settings of a plain base."""
    from ropecalc.evidence.samples import LONGEST, length_of
    from ropecalc.evidence.statistics import octaves, rms

    some = _plain()
    lengths = [length_of(one, LONGEST) for one in some]
    off = octaves(lengths, [guess(one) for one in some], LONGEST)
    within = sum(abs(value) <= 1 for value in off) / len(off)
    return (
        f"as a length off by {rms(off):.2f} octaves, within a factor of 2 for {100 * within:.0f}% "
        f"of {len(some)} plain bases"
    )


def _ceiling(ceiling: float) -> str:
    """How settings above a ceiling fare."""
    from ropecalc.evidence.published import published

    above = [one for one in published() if one.comparable and one.sourced and one.base >= ceiling]
    kept = [one for one in above if (one.length_at_85 or one.longest or 0) >= 65_536]
    return (
        f"{len(kept)} of {len(above)} settings with a larger base still have 85% at 65,536 tokens; "
        f"bases up to {max(one.base for one in kept):,.0f} are in use"
    )


def _liu_evidence() -> str:
    """What came of models trained with base 10,000 on 4,096 tokens and given base 1,000,000."""
    from ropecalc.evidence.published import published

    told = extrapolation(1e6, 1e4, 128, 4096)
    lost = [
        one.length_at_85 or 0
        for one in published()
        if "Qwen2.5" in one.model and "plain)" in one.model
    ]
    return (
        f"base 10,000 on 4,096 tokens raised to 1,000,000 should carry {told:,.0f}; Qwen2.5 lost "
        f"15% at {min(lost):,} to {max(lost):,}"
    )
