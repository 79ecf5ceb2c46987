"""What the bound is worth: published long-context scores held against first violations.

``summary()`` has the table and its statistics. ``around(spectrum)`` has what became of settings
with such a first violation: a range that was seen, no promise. ``criteria(spectrum, context)`` has
the bound beside its rivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from ropecalc.evidence.rivals import criteria as criteria
from ropecalc.isolated import isolated

if TYPE_CHECKING:
    from ropecalc.outcomes import Outcome
    from ropecalc.results import Evidence, Expectation, PublishedSetting
    from ropecalc.scaling import Base
    from ropecalc.spectrum import Spectrum

CAVEATS = (
    "Observational: nobody varied the base alone. Those who train well also choose larger bases.",
    "Settings of one family are alike: intervals are over families, and there are few of them.",
    "Lengths are cut at the longest context measured, which flatters every prediction beyond it.",
    "85% of a model's own score at 4,096 tokens is one threshold of many, and RULER one test.",
    "Scores of Qwen2.5 (plain), Qwen3, EXAONE, Phi-3.5 and FILM are their authors' own.",
    "Scaling that is meant for long inputs alone, as that of Qwen3, counts at all lengths.",
    "Of partly rotated heads, the first violation is that of the rotated part alone.",
)
NEAREST = 5
"""Settings that are named."""


@isolated
@cache
def summary() -> Evidence:
    """The published settings, with the statistics of their scores against first violations.

    First violations are computed; everything else is in the shipped table, with its sources. The
    first sample has the settings of which every number was read in a source.

    >>> found = summary()
    >>> [sample.settings for sample in found.samples]
    [44, 50, 60]
    >>> predictor = found.samples[0].predictors[0]
    >>> predictor.name, round(predictor.rms_octaves, 2), round(predictor.within_factor_2, 2)
    ('first violation', 0.84, 0.8)
    """
    from ropecalc.evidence.published import published
    from ropecalc.evidence.samples import length_of, samples, violation_of
    from ropecalc.results import Evidence

    settings = published()
    seen = [one for one in settings if one.comparable and one.sourced]
    return Evidence(
        settings=settings,
        samples=samples(settings),
        held_and_lost=tuple(
            one.model
            for one in seen
            if one.length_at_85 is not None and 2 * one.length_at_85 < violation_of(one)
        ),
        broke_and_kept=tuple(
            one.model for one in seen if length_of(one, one.longest or 0) > 2 * violation_of(one)
        ),
        caveats=CAVEATS,
    )


@isolated
def around(
    spectrum: Spectrum | Base,
    *,
    context: int | None = None,
    window: int | None = None,
    label: str = "",
    models: Sequence[str] = (),
) -> Expectation:
    """What became of published settings with a first violation like that of a spectrum.

    The range is over the sourced settings with a first violation within a factor of 2, or over the
    nearest five where there are fewer. It is what was seen: no guarantee for another model.

    Parameters
    ----------
    context : tokens
        A context to count the settings that kept 85 % there.
    window : tokens
        How far back the layer looks, where that is limited.
    label : what to call the spectrum
    models : names of the model, whose own settings of the table are in ``own``

    >>> from ropecalc import scaling
    >>> found = around(scaling.default(5e5))
    >>> found.first_violation, found.low, found.open
    (18438, 9483, False)
    """
    from dataclasses import replace

    from ropecalc.bound import max_context
    from ropecalc.evidence.published import LIMIT, published, published_of
    from ropecalc.outcomes import about, like
    from ropecalc.results import Expectation
    from ropecalc.scaling import as_spectrum

    spectrum = as_spectrum(spectrum)
    rotated = max_context(replace(spectrum, count_unrotated=False), limit=LIMIT).first_violation
    usable = [one for one in published() if one.comparable and one.sourced]
    some = like(rotated or LIMIT, outcomes_of(usable))
    found = about(some, context)
    violations = [one.first_violation for one in some]
    return Expectation(
        label=label or spectrum.label,
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        base=None if spectrum.base is None else float(spectrum.base),
        rope_type=spectrum.rope_type,
        is_free=spectrum.is_free(),
        first_violation=rotated,
        limit=LIMIT,
        window=window,
        context=context,
        settings=found.settings,
        families=found.families,
        least_violation=min(violations),
        greatest_violation=max(violations),
        lost=sum(one.lost for one in some),
        low=found.low,
        high=found.high,
        open=found.open,
        kept=found.kept,
        kept_of=found.kept_of,
        nearest=tuple(_of_each_family(_nearest(rotated or LIMIT, usable))[:NEAREST]),
        own=published_of(models),
    )


def outcomes_of(settings: Sequence[PublishedSetting]) -> list[Outcome]:
    """The outcome of each that is comparable and sourced."""
    from ropecalc.evidence.samples import violation_of
    from ropecalc.outcomes import Outcome

    return [
        Outcome(
            one.family,
            round(violation_of(one)),
            one.length_at_85 or one.longest or 0,
            one.length_at_85 is not None,
            one.longest or 0,
        )
        for one in settings
        if one.comparable and one.sourced
    ]


def _nearest(violation: int, settings: Sequence[PublishedSetting]) -> list[PublishedSetting]:
    return sorted(settings, key=lambda one: _apart(one, violation))


def _of_each_family(settings: Sequence[PublishedSetting]) -> list[PublishedSetting]:
    """The first of each family: the others of one say little more."""
    first: dict[str, PublishedSetting] = {}
    for one in settings:
        first.setdefault(one.family, one)
    return list(first.values())


def _apart(setting: PublishedSetting, violation: int) -> float:
    """The factor between two first violations, at least 1."""
    from ropecalc.evidence.samples import violation_of

    ratio = violation_of(setting) / violation
    return max(ratio, 1 / ratio)
