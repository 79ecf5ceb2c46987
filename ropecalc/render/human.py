"""Results for people: each function writes one kind of result to a stream.

All speak one language: the answer in a headline, the numbers, then what they mean and the command
to run next. Text fits the width of the stream from 40 columns on, is never cut short, and keeps to
what the stream's encoding can carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.console import NARROWEST, screen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.errors import NoRotationError
    from ropecalc.landmarks import Landmark
    from ropecalc.models.known import KnownModel
    from ropecalc.render.console import Screen
    from ropecalc.results import (
        Candidate,
        Check,
        Comparison,
        Criteria,
        Emission,
        Envelope,
        Evidence,
        Expectation,
        Explanation,
        Inspection,
        MaxContext,
        MinimumBase,
        ModelConfig,
        PairFrequencies,
        Plan,
        Setting,
        Staircase,
        Temperature,
        Windows,
    )


def show_min_base(
    results: Sequence[MinimumBase], file: TextIO, *, everything: bool = False
) -> None:
    """Recommended and minimum bases: one in full, several in a table."""
    from ropecalc.render.bases import describe_min_base

    on = screen(file)
    on.write(describe_min_base(results, on, everything=everything))


def show_check(results: Check | Sequence[Check], file: TextIO) -> None:
    """Whether the bound holds: one check in full, several in a table."""
    from ropecalc.render.verdicts import describe_check

    on = screen(file)
    on.write(describe_check(results if isinstance(results, Sequence) else [results], on))


def show_max_context(results: Sequence[MaxContext], file: TextIO) -> None:
    """Longest contexts: one in full, several in a table."""
    from ropecalc.render.verdicts import describe_max_context

    on = screen(file)
    on.write(describe_max_context(results, on))


def show_inspection(result: Inspection, file: TextIO) -> None:
    """A model: whether the bound holds, what each kind of layer does, and findings."""
    from ropecalc.render.inspect import describe_inspection

    on = screen(file)
    on.write(describe_inspection(result, on))


def show_unrotated(error: NoRotationError, consequence: str, file: TextIO) -> None:
    """A model that does not rotate."""
    from ropecalc.render.glyphs import printable
    from ropecalc.render.tables import headline, prose

    on = screen(file)
    name = printable(error.source)
    said = prose(f"{printable(error.fact)}. RoPE sets no limit to its context. {consequence}", on)
    on.write(f"{headline(f'- {name} does not rotate', on)}\n\n{said[:1].upper()}{said[1:]}")


def show_comparison(
    result: Comparison,
    file: TextIO,
    *,
    plot: bool = False,
    width: int | None = None,
    height: int | None = None,
) -> None:
    """A config in several stacks, and the curves of what they compute."""
    from ropecalc.render.compare import describe_comparison, describe_comparison_curves

    on = _sized(file, width)
    parts = [describe_comparison(result, on)]
    parts += [describe_comparison_curves(result, on, height)] if plot else []
    on.write("\n\n".join(part for part in parts if part))


def show_evidence(
    result: Evidence, file: TextIO, *, plot: bool = False, height: int | None = None
) -> None:
    """What published scores say of the bound, and lengths over first violations."""
    from ropecalc.render.evidence import describe_evidence, describe_lengths

    on = screen(file)
    drawn = [describe_lengths(result, (), on, height=height)] if plot else []
    on.write("\n\n".join([*drawn, describe_evidence(result, on)]))


def show_criteria(results: Sequence[Criteria], file: TextIO) -> None:
    """The bound beside other criteria."""
    from ropecalc.render.criteria import describe_criteria

    on = screen(file)
    on.write(describe_criteria(results, on))


def show_expectations(
    results: Sequence[Expectation],
    file: TextIO,
    *,
    over: Evidence | None = None,
    height: int | None = None,
) -> None:
    """What became of settings with such first violations; drawn ``over`` all of them."""
    from ropecalc.render.evidence import describe_expectations, describe_lengths

    on = screen(file)
    drawn = [describe_lengths(over, results, on, height=height)] if over else []
    on.write("\n\n".join([*drawn, describe_expectations(results, on)]))


def show_models(
    models: Sequence[tuple[KnownModel, ModelConfig]], search: str, file: TextIO
) -> None:
    """Known models, a row each."""
    from ropecalc.render.models import describe_models

    on = screen(file)
    on.write(describe_models(models, search, on))


def show_emissions(
    setting: Setting, emissions: Sequence[Emission], file: TextIO, *, listed: bool
) -> None:
    """A setting, and the stacks that have words for it or what they take."""
    from ropecalc.render.emit import describe_emissions

    on = screen(file)
    on.write(describe_emissions(setting, emissions, on, listed=listed))


def show_plan(
    plan: Plan,
    file: TextIO,
    *,
    drawn: Sequence[Candidate] = (),
    height: int | None = None,
    everything: bool = False,
) -> None:
    """Ways to a longer context, and the curves of some of them."""
    from ropecalc.render.plan import describe_plan, describe_plan_curves

    on = screen(file)
    parts = [describe_plan(plan, on, everything=everything)]
    parts += [describe_plan_curves(plan, drawn, on, height)] if drawn else []
    on.write("\n\n".join(parts))


def show_temperature(result: Temperature, file: TextIO) -> None:
    """The logit gap that one token needs, and the factors that keep it."""
    from ropecalc.render.temperature import describe_temperature

    on = screen(file)
    on.write(describe_temperature(result, on))


def show_staircase(result: Staircase, file: TextIO) -> None:
    """The minimum or safe bases of all contexts, a row a step."""
    from ropecalc.render.staircases import describe_staircase

    on = screen(file)
    on.write(describe_staircase(result, on))


def show_frequencies(result: PairFrequencies, file: TextIO) -> None:
    """Angular frequencies, a row a pair."""
    from ropecalc.render.curves import describe_frequencies

    on = screen(file)
    on.write(describe_frequencies(result, on))


def show_windows(
    result: Windows, file: TextIO, *, min_width: float = 0.0, width: int | None = None
) -> None:
    """Windows of bases: a strip with all, a table of those at least so wide."""
    from ropecalc.render.windows import describe_windows

    on = _sized(file, width)
    on.write(describe_windows(result, on, min_width))


def show_turns(
    result: PairFrequencies,
    file: TextIO,
    *,
    trained: int | None = None,
    width: int | None = None,
    height: int | None = None,
) -> None:
    """A plot of the turns of each pair within the context."""
    from ropecalc.render.charts import describe_turns

    on = _sized(file, width)
    on.write(describe_turns(result, on, trained=trained, height=height))


def show_bases(
    stairs: Sequence[Staircase],
    points: Sequence[Landmark],
    file: TextIO,
    *,
    width: int | None = None,
    height: int | None = None,
) -> None:
    """A plot of staircases, with known models as points."""
    from ropecalc.render.charts import describe_bases

    on = _sized(file, width)
    on.write(describe_bases(stairs, points, on, height=height))


def edges_for(
    file: TextIO, start: int, stop: int, *, log_x: bool = True, width: int | None = None
) -> NDArray[np.int64]:
    """The edges over which to compute the envelopes that ``show_curves`` draws on ``file``."""
    from ropecalc.render.curves import screen_edges

    return screen_edges(start, stop, _sized(file, width), log_x=log_x)


def show_curves(
    envelopes: Sequence[Envelope],
    first_violations: Sequence[MaxContext | None],
    file: TextIO,
    *,
    log_x: bool = True,
    width: int | None = None,
    height: int | None = None,
    contexts: Sequence[tuple[int, str]] = (),
) -> None:
    """Curves in one plot, each with its first violation, or None where that is not wanted."""
    from ropecalc.render.curves import describe_curves

    on = _sized(file, width)
    drawn = describe_curves(
        envelopes, first_violations, on, log_x=log_x, height=height, contexts=contexts
    )
    on.write(drawn)


def show_explanations(what: Sequence[Explanation], file: TextIO) -> None:
    """One topic in full; of several their names and titles."""
    from ropecalc.render.explained import describe_explanation, describe_topics

    on = screen(file)
    on.write(describe_explanation(what[0], on) if len(what) == 1 else describe_topics(what, on))


def _sized(file: TextIO, width: int | None) -> Screen:
    """What ``file`` can show, as wide as was asked for."""
    on = screen(file)
    return on if width is None else replace(on, width=max(NARROWEST, width))
