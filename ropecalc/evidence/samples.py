"""Which settings are compared, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ropecalc.evidence import statistics as st
from ropecalc.evidence.published import LIMIT
from ropecalc.results.evidences import KEPT, Predictor, Rank, Ratios, Sample, TwoByTwo

if TYPE_CHECKING:
    from ropecalc.results import PublishedSetting

LONGEST, SHORTER = 131_072, 65_536
LARGE = 15
"""Billions of parameters: where "large" begins."""
CONTEXTS = (16_384, 32_768, 65_536, 131_072)
FIRST = "first violation"


def samples(settings: Sequence[PublishedSetting]) -> tuple[Sample, ...]:
    """The headline, and the same in two other ways.

    A table belongs to a sample where it was measured to the sample's limit: one that ends earlier
    would bring in those settings alone that failed early.
    """
    comparable = [one for one in settings if one.comparable]
    long = _measured_to(LONGEST, comparable)
    sourced = [one for one in long if one.sourced]
    every = _measured_to(SHORTER, comparable)
    return (
        sample("every number read in a source", sourced, LONGEST),
        sample("with settings recalled or assumed", long, LONGEST),
        sample("all tables, cut at 65,536 tokens", every, SHORTER),
    )


def _measured_to(limit: int, settings: Iterable[PublishedSetting]) -> list[PublishedSetting]:
    """Settings of the tables that go to ``limit``.

    One that was measured less far counts where it had lost 15 % before.
    """
    settings = list(settings)
    tables = {one.table for one in settings if (one.longest or 0) >= limit}
    return [
        one
        for one in settings
        if one.table in tables and ((one.longest or 0) >= limit or one.length_at_85 is not None)
    ]


def sample(name: str, settings: Sequence[PublishedSetting], limit: int) -> Sample:
    """The statistics of some settings, lengths cut at a limit."""
    lengths = [length_of(one, limit) for one in settings]
    return Sample(
        name=name,
        settings=len(settings),
        families=len({one.family for one in settings}),
        lost=sum(length < limit for length in lengths),
        limit=limit,
        predictors=tuple(_predictors(settings, lengths, limit)),
        ratios=tuple(_ratios(settings, limit)),
        ranks=tuple(_ranks(settings, limit)),
        tables=tuple(two_by_two(settings, context) for context in CONTEXTS if context <= limit),
    )


def length_of(setting: PublishedSetting, limit: int) -> float:
    """Where 15 % was lost, cut at a limit."""
    return min(limit if setting.length_at_85 is None else setting.length_at_85, limit)


def violation_of(setting: PublishedSetting) -> float:
    """The first violation; where none was found, the limit of the search."""
    return setting.first_violation or LIMIT


Guess = Callable[["PublishedSetting"], float]
GUESSES: dict[str, Guess] = {
    FIRST: violation_of,
    "trained context": lambda one: one.trained_context or LIMIT,
    "claimed context": lambda one: one.claimed_context or LIMIT,
}
"""Lengths that are known before anything is measured."""
WHOLE = "first violation, unrotated pairs counted"
SIZE = "parameters"


def _predictors(
    settings: Sequence[PublishedSetting], lengths: Sequence[float], limit: int
) -> Iterable[Predictor]:
    whole: dict[str, Guess] = {WHOLE: lambda one: one.whole_violation or LIMIT}
    for name, guess in {**GUESSES, **whole}.items():
        yield _predictor(name, lengths, [guess(one) for one in settings], limit)
    # a constant is given the advantage of hindsight: the geometric mean of the lengths themselves
    from statistics import geometric_mean

    constant = geometric_mean(lengths)
    yield _predictor("one length for all", lengths, [constant] * len(lengths), limit)


def _predictor(
    name: str, lengths: Sequence[float], guesses: Sequence[float], limit: int
) -> Predictor:
    off = st.octaves(lengths, guesses, limit)
    return Predictor(name, st.rms(off), sum(abs(value) <= 1 for value in off) / len(off))


def _ratios(settings: Sequence[PublishedSetting], limit: int) -> Iterable[Ratios]:
    lost = [one for one in settings if one.ratio is not None and length_of(one, limit) < limit]
    groups = {
        "all": lost,
        f"under {LARGE} billion parameters": [one for one in lost if one.parameters < LARGE],
        f"{LARGE} billion and more": [one for one in lost if one.parameters >= LARGE],
    }
    for name, group in groups.items():
        if len(group) > 1:
            yield Ratios(name, len(group), *st.quartiles([one.ratio or 0.0 for one in group]))


def _ranks(settings: Sequence[PublishedSetting], limit: int) -> Iterable[Rank]:
    size: dict[str, Guess] = {SIZE: lambda one: one.parameters}
    families: dict[str, list[PublishedSetting]] = {}
    for one in settings:
        families.setdefault(one.family, []).append(one)
    for name, guess in {**GUESSES, **size}.items():

        def measure(some: Sequence[PublishedSetting], guess: Guess = guess) -> float:
            """Spearman's rank correlation of a guess with the lengths."""
            return st.spearman(
                [guess(one) for one in some], [length_of(one, limit) for one in some]
            )

        yield Rank(name, measure(settings), *st.interval(families, measure))


def two_by_two(settings: Sequence[PublishedSetting], context: int) -> TwoByTwo:
    """Settings that were measured at a context, by bound and by score."""
    counts = dict.fromkeys([(True, True), (True, False), (False, True), (False, False)], 0)
    for one in settings:
        scores = {at.context: at.score for at in one.scores}
        if context in scores:
            kept = scores[context] >= KEPT * one.scores[0].score
            counts[violation_of(one) >= context, kept] += 1
    a, b, c, d = counts.values()  # holds and kept, holds and lost, breaks and kept, breaks and lost
    return TwoByTwo(context, a, b, c, d, st.fisher(a, b, c, d))
