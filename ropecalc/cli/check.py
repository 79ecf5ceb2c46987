"""``ropecalc check``: does a base, or a model's config, meet the bound at a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options
from ropecalc.cli.heads import chosen, head_inputs, name, spectra
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, required, show
from ropecalc.quantities import format_count
from ropecalc.render.machine import check_record

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Check
    from ropecalc.spectrum import Spectrum

SUMMARY = "Does a base, or a model, meet the bound?"
EPILOG = epilog(
    "ropecalc check --base 1e6 --dim 128 --ctx 32768",
    "ropecalc check --model Llama-3.1-8B",
    "ropecalc check --config config.json",
    "ropecalc check --config config.json --ctx 128k --json",
    "ropecalc check --base 1e6 --ctx 16k -q && echo safe",
    exit_0="yes, the bound holds",
    exit_1="no, it is broken",
)

Quiet = Annotated[bool, options.quiet("Print yes or no alone.")]


def command(
    base: options.Base = None,
    model: options.Model = None,
    config: options.Config = None,
    layer: options.Layer = None,
    dim: options.Dim = None,
    ctx: options.Context = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    margin: options.Margin = 0.0,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """Does the bound hold, and if not, where is it broken and which base would do?

    The head and the base come from --base and --dim, or with the scaling from a model, whose
    context is asked about unless --ctx is given.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    found = chosen(
        model,
        config,
        layer,
        **{"--base": base, "--dim": dim, "--rotary-dim": rotary_dim},
        **{"--partial-rotary-factor": partial_rotary_factor},
    )
    if base is None and not found:
        raise required("--base", "1e6")
    ctx = found[0].rope.reach if found and ctx is None else ctx
    if ctx is None:
        raise required("--ctx", "32k")
    spectrum = (
        found[0].spectrum(ctx, count_unrotated=not ignore_unrotated)
        if base is None
        else spectra(
            [base], dim, rotary_dim, partial_rotary_factor, ignore_unrotated=ignore_unrotated
        )[0]
    )
    result = _solve(spectrum, ctx, margin, next_base=form is not Form.BARE)
    inputs = {**head_inputs([spectrum]), "context": ctx, "margin": margin}
    inputs |= {"model": model, "config": config, "layer": layer}
    show(_answer(result, inputs), form)
    raise typer.Exit(0 if result.holds else 1)


def _solve(spectrum: Spectrum, context: int, margin: float, *, next_base: bool) -> Check:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"{name(spectrum)}, {format_count(context)} tokens") as report:
        return ropecalc.check(
            spectrum, context, margin=margin, next_base=next_base, progress=report
        )


def _answer(result: Check, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_check

        show_check(result, file)

    return Answer(
        command="check",
        inputs=inputs,
        records=map(check_record, [result]),
        bare=["yes" if result.holds else "no"],
        table=table,
    )
