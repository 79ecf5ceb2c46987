"""``ropecalc freqs``: the angular frequency of every pair."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, pictures, weighing
from ropecalc.cli.heads import asked_models, head_inputs, spectra_of
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, required, show
from ropecalc.render.records import record
from ropecalc.render.rows import frequency_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from ropecalc.results import PairFrequencies

SUMMARY = "Frequency, wavelength and turns of every pair."
EPILOG = epilog(
    "ropecalc freqs --base 1e6 --dim 128 --ctx 32k",
    "ropecalc freqs --base 1e4 --dim 64 --csv",
    "ropecalc freqs --base 1e6 --dim 128 --ctx 32k --plot",
    "ropecalc freqs --model Llama-3.1-8B",
)
Plot = Annotated[
    bool,
    typer.Option("--plot", help="Draw the turns of each pair instead of listing."),
]
Quiet = Annotated[bool, options.quiet("Print the angular frequencies alone, one a line.")]


def command(
    base: options.Base = None,
    model: options.Model = None,
    config: options.Config = None,
    layer: options.Layer = None,
    dim: options.Dim = None,
    ctx: options.Context = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    weights: weighing.Weights = None,
    plot: Plot = False,
    width: pictures.Width = None,
    height: pictures.Height = None,
    output: pictures.Output = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """A row a pair: angular frequency, wavelength in tokens, and turns within the context.

    A picture of the turns takes the context of the model where none is given.
    """
    import ropecalc

    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    head = (None if base is None else [(base,)], dim, rotary_dim, partial_rotary_factor)
    found = asked_models(*head, model, config, layer)
    spectrum = spectra_of(found, *head, length=ctx, weights=weights)[0]
    plot = plot or bool(width or height)
    if ctx is None and (plot or output):
        ctx = found[0].rope.reach if found else None
        if ctx is None:
            raise required("--ctx", "32k")
    result = ropecalc.frequencies(spectrum, context=ctx)
    trained = found[0].model.trained_context if found else None
    if output is not None:
        from ropecalc.render.figures_bases import turns_figure

        pictures.save(output, turns_figure(result, trained))
    answer = _answer(result, {**head_inputs([spectrum]), "context": ctx})
    if plot:
        answer = replace(answer, table=_plotted(result, trained, width, height))
        form = Form.TABLE if form is Form.PIPE else form
    show(answer, form)


def _plotted(
    result: PairFrequencies, trained: int | None, width: int | None, height: int | None
) -> Callable[[TextIO], None]:
    from ropecalc.render.human import show_turns

    return partial(show_turns, result, trained=trained, width=width, height=height)


def _answer(result: PairFrequencies, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_frequencies

        show_frequencies(result, file)

    return Answer(
        command="freqs",
        inputs=inputs,
        records=[record(result)],
        bare=result.angular_frequencies.tolist(),
        table=table,
        rows=frequency_rows(result),
    )
