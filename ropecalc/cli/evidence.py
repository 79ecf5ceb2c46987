"""``ropecalc evidence``: what published scores say of the bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, pictures
from ropecalc.cli.heads import HeadOptions, RopeOptions, Subject, resolved, short_name
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TextIO

    from ropecalc.results import Evidence, Expectation, ModelConfig

SUMMARY = "What published long-context scores say of the bound."
EPILOG = epilog(
    "ropecalc evidence Qwen3-8B",
    "ropecalc evidence --base 5e5 --ctx 64k",
    "ropecalc evidence --plot -o evidence.svg",
    "ropecalc evidence --csv",
)
SETTINGS = (
    "model",
    "base",
    "rope_type",
    "factor",
    "first_violation",
    "length_at_85",
    "length_at_70",
    "length_at_50",
    "ratio",
    "setting_status",
    "setting_source",
    "score_source",
)
RANGE = (
    "label",
    "base",
    "rope_type",
    "is_free",
    "first_violation",
    "settings",
    "lost",
    "low",
    "high",
    "open",
    "kept",
    "kept_of",
)
Plot = Annotated[
    bool, typer.Option("--plot", help="Draw lengths over first violations before the answer.")
]
QUIET = "Print the share within a factor of 2; with a MODEL or a base the least length lost."


def command(
    *,
    models: options.Models = None,
    rope: RopeOptions,
    head: HeadOptions,
    ctx: options.Context = None,
    plot: Plot = False,
    height: pictures.Height = None,
    output: pictures.Path = None,
    out: Output,
) -> None:
    """Published RULER scores held against first violations: the statistics, and every setting.

    With a MODEL or --base: where settings with such a first violation lost 15% of their score. That
    is a range that was seen, no promise. --ctx: how many of them had kept 85% there.
    """
    from ropecalc import evidence

    plot = plot or bool(height)
    found = evidence.summary()
    if output is not None:
        from ropecalc.render.figures_evidence import evidence_figure

        pictures.save(output, evidence_figure(found))
    if not models and (head, rope, ctx) == (HeadOptions(), RopeOptions(), None):
        out.show(_summary(found, plot, height))
        return
    subjects = resolved(models, head, rope, ctx)
    results = [_around(one, ctx) for one in subjects]
    inputs = {**subjects.inputs(ctx), "context": ctx, "layer": head.layer}
    out.show(_ranges(results, inputs, found if plot else None, height))
    raise typer.Exit(subjects.exit_code(0))


def _around(subject: Subject, context: int | None) -> Expectation:
    from ropecalc import evidence

    spectrum = subject.spectrum(context)
    return evidence.around(
        spectrum,
        context=context,
        window=subject.rope.window,
        label=subject.label,
        models=_names(subject.model),
    )


def _names(model: ModelConfig | None) -> tuple[str, ...]:
    """What a model is called: as it was given, and the known model that it is.

    Numbers that several known models share name none of them.
    """
    from ropecalc.models.known import stem

    if model is None:
        return ()
    known = model.known.models if model.known else ()
    return (short_name(model.source), *(known if len(set(map(stem, known))) == 1 else ()))


def _summary(found: Evidence, plot: bool, height: int | None) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_evidence

        show_evidence(found, file, plot=plot, height=height)

    return Answer(
        command="evidence",
        inputs={},
        records=[record(found)],
        bare=[found.samples[0].predictors[0].within_factor_2],
        table=table,
        rows=map(record, found.settings),
        columns=SETTINGS,
    )


def _ranges(
    results: Sequence[Expectation],
    inputs: dict[str, Any],
    over: Evidence | None,
    height: int | None,
) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_expectations

        show_expectations(results, file, over=over, height=height)

    return Answer(
        command="evidence",
        inputs=inputs,
        records=map(record, results),
        bare=[one.low for one in results],
        table=table,
        columns=RANGE,
    )
