"""``ropecalc freqs``: the angular frequency of every pair."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, pictures
from ropecalc.cli.heads import HeadOptions, RopeOptions, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.talk import required
from ropecalc.errors import InvalidValueError
from ropecalc.render.records import record
from ropecalc.render.rows import frequency_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import PairFrequencies

SUMMARY = "Frequency, wavelength and turns of every pair."
EPILOG = epilog(
    "ropecalc freqs --base 1e6 --dim 128 --ctx 32k",
    "ropecalc freqs --base 1e4 --dim 64 --csv",
    "ropecalc freqs --base 1e6 --dim 128 --ctx 32k --plot",
    "ropecalc freqs Llama-3.1-8B",
)
Plot = Annotated[
    bool,
    typer.Option("--plot", help="Draw the turns of each pair instead of listing."),
]
QUIET = "Print only the angular frequencies, one a line."


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
    """A row a pair: angular frequency, wavelength in tokens, and turns within the context.

    A picture of the turns takes the context of the model where none is given.
    """
    import ropecalc

    found = resolved(models, head, rope, ctx)
    plot = plot or bool(height)
    if output is not None and len(found) > 1:
        raise InvalidValueError("options", "one figure shows one head: name one model or base")
    results = []
    for one in found:
        reach = one.distances(ctx) if plot or output else ctx
        if reach is None and (plot or output):
            raise required("--ctx", "32k")
        results.append(ropecalc.frequencies(one.spectrum(ctx), context=reach))
    trained = [one.model.trained_context if one.model else None for one in found]
    if output is not None:
        from ropecalc.render.figures_bases import turns_figure

        pictures.save(output, turns_figure(results[0], trained[0]))
    inputs = {**found.inputs(ctx), "context": ctx if not plot else results[0].context}
    answer = _answer(results, inputs)
    if plot:
        answer = answer._replace(table=partial(_plotted, results, trained, height))
    if pictures.leaves_more(output, out):
        out.show(answer)
    raise typer.Exit(found.exit_code(0))


def _plotted(
    results: Sequence[PairFrequencies],
    trained: Sequence[int | None],
    height: int | None,
    file: TextIO,
) -> None:
    from ropecalc.render.human import show_turns

    for result, length in zip(results, trained, strict=True):
        show_turns(result, file, trained=length, height=height)


def _answer(results: Sequence[PairFrequencies], inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_frequencies

        for result in results:
            show_frequencies(result, file)

    several = len(results) > 1
    return Answer(
        command="freqs",
        inputs=inputs,
        records=map(record, results),
        bare=(theta for one in results for theta in one.angular_frequencies.tolist()),
        table=table,
        rows=(
            {**({"label": one.spectrum.label, "base": one.base} if several else {}), **row}
            for one in results
            for row in frequency_rows(one)
        ),
    )
