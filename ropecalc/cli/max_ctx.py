"""``ropecalc max-ctx``: the longest context that a base meets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from ropecalc.cli import options, weighing
from ropecalc.cli.heads import asked_spectra, head_inputs, name
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, say, show
from ropecalc.quantities import format_count
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MaxContext
    from ropecalc.spectrum import Spectrum

SUMMARY = "The longest context that a base or a model meets."
EPILOG = epilog(
    "ropecalc max-ctx --base 1e6 --dim 128",
    "ropecalc max-ctx --base 1e4,5e5,1e6 --csv",
    "ropecalc max-ctx --model Llama-3-8B --model Llama-3.1-8B",
    "ropecalc max-ctx --base 1e9 --limit 1G -q",
    exit_0="done, also where no violation was found up to the limit",
)
LIMIT = 2**24

Limit = Annotated[
    int,
    options.option(
        "--limit",
        "Look at distances below this many tokens; 16M = 16,777,216 unless given, at most 16G.",
        "TOKENS",
        options.reader(partial(options.tokens, parameter="limit")),
    ),
]
Quiet = Annotated[
    bool,
    options.quiet(
        "Print the longest context alone; the limit where no violation was found up to it."
    ),
]


def command(
    base: options.Bases = None,
    model: options.Models = None,
    config: options.Configs = None,
    layer: options.Layer = None,
    dim: options.Dim = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    margin: options.Margin = 0.0,
    weights: weighing.Weights = None,
    limit: Limit = LIMIT,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """The longest context that a base or a model meets, which is its first violation.

    Several make a table. Scaling that depends on the length is that at the model's own context.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    lines = asked_spectra(
        base,
        dim,
        rotary_dim,
        partial_rotary_factor,
        model,
        config,
        layer,
        length=None,
        ignore_unrotated=ignore_unrotated,
        weights=weights,
    )
    results = [_solve(spectrum, margin, limit) for spectrum in lines]
    inputs = {**head_inputs(lines), "margin": margin, "limit": limit}
    show(_answer(results, inputs), form)
    if form is Form.BARE and any(result.max_context is None for result in results):
        say(f"more than {format_count(limit)} tokens: no violation below the limit")


def _solve(spectrum: Spectrum, margin: float, limit: int) -> MaxContext:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(name(spectrum)) as report:
        return ropecalc.max_context(spectrum, margin=margin, limit=limit, progress=report)


def _answer(results: Sequence[MaxContext], inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_max_context

        show_max_context(results, file)

    return Answer(
        command="max-ctx",
        inputs=inputs,
        records=map(record, results),
        bare=(result.max_context or result.limit for result in results),
        table=table,
    )
