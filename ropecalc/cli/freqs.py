"""``ropecalc freqs``: the angular frequency of every pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ropecalc.cli import options
from ropecalc.cli.heads import head_inputs, spectra
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, choose, required, show
from ropecalc.render.machine import frequencies_record, frequency_rows, write_rows

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import PairFrequencies

SUMMARY = "Frequency, wavelength and turns of every pair."
EPILOG = epilog(
    "ropecalc freqs --base 1e6 --dim 128",
    "ropecalc freqs --base 1e6 --dim 128 --ctx 32k",
    "ropecalc freqs --base 1e4 --dim 64 --csv",
)
Quiet = Annotated[bool, options.quiet("Print the angular frequencies alone, one a line.")]


def command(
    base: options.Base = None,
    dim: options.Dim = None,
    ctx: options.Context = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    quiet: Quiet = False,
) -> None:
    """A row a pair: angular frequency, wavelength in tokens, and turns within the context."""
    import ropecalc

    form = choose(as_json=as_json, as_csv=as_csv, quiet=quiet)
    if base is None:
        raise required("--base", "1e6")
    spectrum = spectra([base], dim, rotary_dim, partial_rotary_factor)[0]
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
