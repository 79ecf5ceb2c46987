"""``ropecalc criteria``: the bound beside other published criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options
from ropecalc.cli.heads import HeadOptions, RopeOptions, Subject, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.talk import required
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TextIO

    from ropecalc.render.records import Record
    from ropecalc.results import Criteria

SUMMARY = "The bound beside other published criteria."
EPILOG = epilog(
    "ropecalc criteria --base 1e6 --ctx 32k",
    "ropecalc criteria Qwen3-8B --ctx 128k",
    "ropecalc criteria --base 5e5 --from 8k --ctx 64k --csv",
)
LAYERS = 32
From = Annotated[
    int | None,
    options.option(
        "--from",
        "Trained context; else the model's own.",
        "TOKENS",
        options.reader(options.tokens),
    ),
]
Layers = Annotated[
    int,
    options.option(
        "--layers",
        "Layers of the criterion that counts them; 32 unless given.",
        "N",
        options.positive("layers", "32"),
    ),
]
QUIET = "Print the names of the criteria that are broken, one a line."
COLUMNS = (
    "name",
    "met",
    "least_base",
    "greatest_base",
    "longest_context",
    "pair",
    "formula",
    "source",
    "evidence",
)


def command(
    *,
    models: options.Models = None,
    rope: RopeOptions,
    head: HeadOptions,
    ctx: options.Context = None,
    from_: From = None,
    layers: Layers = LAYERS,
    out: Output,
) -> None:
    """What the bound and its rivals say of a base or a model, and what scores say of each.

    Aliasing, coherence, depth and precision (arXiv 2602.10959), the critical base and unseen angles
    (Liu and others), and the band of FMRoPE, which requires the opposite of a large base.
    """
    subjects = resolved(models, head, rope, ctx)
    results = [_criteria(one, ctx, from_, layers) for one in subjects]
    inputs = {
        **subjects.inputs(ctx),
        "context": ctx,
        "trained_context": from_,
        "layer": head.layer,
        "depth": layers,
    }
    out.show(_answer(results, inputs))
    raise typer.Exit(subjects.exit_code(0))


def _criteria(subject: Subject, ctx: int | None, trained: int | None, layers: int) -> Criteria:
    from ropecalc import evidence

    context = ctx or subject.distances(None)
    if context is None:
        raise required("--ctx", "32k")
    return evidence.criteria(
        subject.spectrum(ctx),
        context,
        trained_context=trained or subject.trained_context,
        layers=layers,
        label=subject.label,
    )


def _answer(results: Sequence[Criteria], inputs: dict[str, Any]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_criteria

        show_criteria(results, file)

    return Answer(
        command="criteria",
        inputs=inputs,
        records=map(record, results),
        bare=[it.name for one in results for it in one.criteria if it.met is False],
        table=table,
        rows=_rows(results),
        columns=("label", "base", "context", *COLUMNS),
    )


def _rows(results: Sequence[Criteria]) -> Iterator[Record]:
    for one in results:
        shared = {"label": one.label, "base": one.base, "context": one.context}
        yield from ({**shared, **record(it)} for it in one.criteria)
