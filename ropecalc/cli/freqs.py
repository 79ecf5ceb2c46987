"""``ropecalc freqs``: the angular frequency of every pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ropecalc.cli import options
from ropecalc.cli.heads import asked_spectra, head_inputs
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, choose, show
from ropecalc.render.machine import frequencies_record, frequency_rows, write_rows

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import PairFrequencies

SUMMARY = "Frequency, wavelength and turns of every pair."
EPILOG = epilog(
    "ropecalc freqs --base 1e6 --dim 128",
    "ropecalc freqs --base 1e6 --dim 128 --ctx 32k",
    "ropecalc freqs --base 1e4 --dim 64 --csv",
    "ropecalc freqs --model Llama-3.1-8B",
)
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
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """A row a pair: angular frequency, wavelength in tokens, and turns within the context."""
    import ropecalc

    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    spectrum = asked_spectra(
        None if base is None else [(base,)],
        dim,
        rotary_dim,
        partial_rotary_factor,
        model,
        config,
        layer,
        length=ctx,
    )[0]
    result = ropecalc.frequencies(spectrum, context=ctx)
    show(_answer(result, {**head_inputs([spectrum]), "context": ctx}), form)


def _answer(result: PairFrequencies, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_frequencies

        show_frequencies(result, file)

    return Answer(
        command="freqs",
        inputs=inputs,
        records=map(frequencies_record, [result]),
        bare=result.angular_frequencies.tolist(),
        table=table,
        rows=lambda file, separator: write_rows(file, frequency_rows(result), separator),
    )
