"""``ropecalc staircase``: the minimum or safe base of every context at once."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, pictures
from ropecalc.cli.heads import HeadOptions, one_of, plain_head, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.searches import searching
from ropecalc.cli.talk import required, warn, warnings_told
from ropecalc.errors import InvalidValueError
from ropecalc.files import printable
from ropecalc.likeness import none_of
from ropecalc.render.records import record
from ropecalc.render.rows import staircase_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from typing import TextIO

    from ropecalc.landmarks import Landmark
    from ropecalc.results import Kind, Staircase

SUMMARY = "The minimum base of every context at once."
EPILOG = epilog(
    "ropecalc staircase --dim 128 --ctx 1024",
    "ropecalc staircase --dim 64 --ctx 1024 --kind safe --csv",
    "ropecalc staircase --dim 128 --ctx 128k --plot",
    "ropecalc staircase --dim 128 --ctx 1M --save minimum-128.staircase",
)

DRAWN: tuple[Kind, ...] = ("minimum", "safe")
QUICK = 2**17  # tokens: beyond, a picture has the other kind only where a table has it
KINDS: tuple[Kind, ...] = (*DRAWN, "recommended")
KindName = Annotated[
    str,
    options.option(
        "--kind",
        "minimum (default), safe or recommended bases.",
        "KIND",
        str,
    ),
]
Save = Annotated[
    str | None,
    options.option(
        "--save",
        "Write the steps to FILE too. FILE.part keeps what is done: after an "
        "interruption, rerun the command to resume.",
        "FILE",
        str,
    ),
]
Jobs = Annotated[
    int | None,
    options.option(
        "--jobs",
        "Processes that share the work; one a core unless given.",
        "N",
        options.positive("jobs", "2"),
    ),
]
Dask = Annotated[
    str | None,
    options.option(
        "--dask",
        "Scheduler of a dask cluster that does the work instead.",
        "ADDRESS",
        str,
    ),
]
Plot = Annotated[
    bool,
    typer.Option(
        "--plot",
        help="Draw minimum and safe bases, with known models, instead.",
    ),
]
QUIET = "Print only the bases, one a line."
RESUMED = "with --save the same command resumes"


def command(
    *,
    models: options.Models = None,
    dim: options.Dims = None,
    layer: options.Layer = None,
    ctx: options.Context = None,
    kind: KindName = "minimum",
    save: Save = None,
    jobs: Jobs = None,
    dask: Dask = None,
    no_table: options.NoTable = False,
    plot: Plot = False,
    height: pictures.Height = None,
    output: pictures.Path = None,
    out: Output,
) -> None:
    """The minimum, safe or recommended base of every context up to --ctx: a row a step.

    All dimensions of the head are rotated and weigh the same. A step's base answers the contexts
    from beyond the step before it up to its own. Where a shipped table reaches, it answers at once;
    --save builds the table again.
    """
    subject = plain_head(one_of(resolved(models, HeadOptions(dim=dim, layer=layer))))
    size, rotated = subject.rope.head_dim, subject.rope.rotary_dim
    if size != rotated:
        fact = f"the model rotates {rotated} of {size} dimensions"
        raise InvalidValueError("options", f"{fact}: a staircase is for heads rotated as a whole")
    ctx = ctx or subject.distances(None)
    if ctx is None:
        raise required("--ctx", "8k")
    if kind not in KINDS:
        raise none_of("kind", kind, KINDS)
    plot = plot or bool(height)
    asked, inputs = kind, {"rotary_dim": size, "context": ctx, "kind": kind}
    beside = [each for each in DRAWN if ctx <= QUICK or _reaches(each, size, ctx)]
    wanted = dict.fromkeys((asked, *beside) if plot or output else (asked,))
    build = partial(_build, dim=size, ctx=ctx, jobs=jobs, dask=dask)
    found = {
        each: _found(each, size, ctx, save if each == asked else None, build, not no_table)
        for each in wanted
    }
    stairs = [found[each] for each in DRAWN if each in found]
    if output is not None:
        from ropecalc.render.figures_bases import bases_figure

        pictures.save(output, bases_figure(stairs, _models(size, ctx)))
    answer = _answer(found[asked], {**inputs, "save": save})
    if plot:
        answer = answer._replace(table=partial(_plot, stairs, height))
    if pictures.leaves_more(output, out):
        out.show(answer)


def _reaches(kind: Kind, dim: int, ctx: int) -> bool:
    """Whether a shipped table answers."""
    from ropecalc.base.lookup import shipped_staircase

    with warnings_told():
        return shipped_staircase(kind, dim, ctx) is not None


def _found(
    kind: Kind,
    dim: int,
    ctx: int,
    save: str | None,
    build: Callable[..., Staircase],
    use_table: bool,
) -> Staircase:
    """The staircase of the shipped tables where there is one; what is saved is built again."""
    from ropecalc.base.lookup import shipped_staircase

    if use_table and save is None:
        with warnings_told():
            found = shipped_staircase(kind, dim, ctx)
        if found is not None:
            return found
    found = build(kind, save)
    if save is not None:
        warn(f"The table is in {printable(save)}")
    return found


def _models(dim: int, ctx: int) -> list[Landmark]:
    from ropecalc.landmarks import landmarks
    from ropecalc.render.charts import first_drawn

    return landmarks(dim, first_drawn(ctx), ctx)


def _plot(stairs: list[Staircase], height: int | None, file: TextIO) -> None:
    from ropecalc.render.human import show_bases

    points = _models(stairs[0].rotary_dim, stairs[0].end)
    show_bases(stairs, points, file, height=height)


def _build(
    kind: Kind, save: str | None, dim: int, ctx: int, jobs: int | None, dask: str | None
) -> Staircase:
    from ropecalc.base.build import build_staircase

    journal = printable(f"{save}.part")

    def resumed(stretches: int, steps: int) -> None:
        warn(f"Resuming from {journal}: {stretches} stretches and {steps} steps are done")

    try:
        with (
            _executor(dask) as executor,
            searching(
                f"rotary_dim {dim}, {kind} bases", f"{kind} bases", ctx, cure=RESUMED
            ) as report,
        ):
            return build_staircase(
                kind,
                dim,
                ctx,
                save=save,
                jobs=jobs,
                executor=executor,
                progress=report,
                resumed=resumed,
            )
    except InvalidValueError as error:  # all of the head is rotated: there is one option for both
        parameter = {"rotary_dim": "head_dim"}.get(error.parameter, error.parameter)
        raise InvalidValueError(parameter, str(error)) from None
    except KeyboardInterrupt:
        if save is not None:
            warn(f"Interrupted: rerun the command to resume from {journal}")
        raise


@contextmanager
def _executor(dask: str | None) -> Iterator[Executor | None]:
    """The cluster with this scheduler; None where none is named."""
    if dask is None:
        yield None
        return
    from ropecalc.base.cluster import cluster
    from ropecalc.base.workers import workers

    with cluster(dask) as executor:
        if not workers(executor):
            warn(f"Waiting for workers: start one with 'dask worker {printable(dask)}'")
        yield executor


def _answer(result: Staircase, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_staircase

        show_staircase(result, file)

    return Answer(
        command="staircase",
        inputs=inputs,
        records=[record(result)],
        bare=(step.base for step in result.steps),
        table=table,
        rows=staircase_rows(result),
    )
