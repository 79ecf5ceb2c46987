"""Results for people: each function writes one kind of result to a stream.

All speak one language: the answer in a headline, the numbers, then what they mean and the command
to run next. Text fits the width of the stream from 40 columns on, is never cut short, and keeps to
what the stream's encoding can carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.console import screen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.models import KnownModel
    from ropecalc.results import (
        Candidate,
        Check,
        Comparison,
        Emission,
        Envelope,
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


def show_min_base(results: Sequence[MinimumBase], file: TextIO) -> None:
    """Minimum bases: one in full, several in a table."""
    from ropecalc.render.bases import describe_min_base

    on = screen(file)
    on.write(describe_min_base(results, on))


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


def show_comparison(result: Comparison, file: TextIO, *, plot: bool = False) -> None:
    """A config in several stacks, and the curves of what they compute."""
    from ropecalc.render.compare import describe_comparison, describe_comparison_curves

    on = screen(file)
    parts = [describe_comparison(result, on)]
    parts += [describe_comparison_curves(result, on)] if plot else []
    on.write("\n\n".join(part for part in parts if part))


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
    curves: Sequence[tuple[Candidate, Envelope]] = (),
    written: Sequence[tuple[str, Emission]] = (),
) -> None:
    """Ways to a longer context, the curves of some of them, and what was written for stacks."""
    from ropecalc.render.plan import describe_plan, describe_plan_curves, describe_written

    on = screen(file)
    parts = [describe_plan(plan, on)]
    parts += [describe_plan_curves(curves, on)] if curves else []
    parts += [describe_written(method, emission, on) for method, emission in written]
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


def show_windows(result: Windows, file: TextIO, *, min_width: float = 0.0) -> None:
    """Windows of bases: a strip with all, a table of those at least so wide."""
    from ropecalc.render.windows import describe_windows

    on = screen(file)
    on.write(describe_windows(result, on, min_width))


def edges_for(file: TextIO, start: int, stop: int, *, log_x: bool = True) -> NDArray[np.int64]:
    """The edges over which to compute the envelopes that ``show_curves`` draws on ``file``."""
    from ropecalc.render.curves import screen_edges

    return screen_edges(start, stop, screen(file), log_x=log_x)


def show_curves(
    envelopes: Sequence[Envelope],
    first_violations: Sequence[MaxContext | None],
    file: TextIO,
    *,
    log_x: bool = True,
    height: int | None = None,
) -> None:
    """Curves in one plot, each with its first violation, or None where that is not wanted."""
    from ropecalc.render.curves import describe_curves

    on = screen(file)
    on.write(describe_curves(envelopes, first_violations, on, log_x=log_x, height=height))
