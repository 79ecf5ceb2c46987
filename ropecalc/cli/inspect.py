"""``ropecalc inspect``: what a model's rotary embedding really does, and what will bite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import arithmetic, options, weighing
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, show, warnings_told
from ropecalc.errors import InvalidValueError
from ropecalc.render.records import record
from ropecalc.render.rows import inspection_records, inspection_rows

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Inspection, ModelConfig

SUMMARY = "What a model's RoPE really does, and how far it carries."
EPILOG = epilog(
    "ropecalc inspect config.json",
    "ropecalc inspect Qwen3-8B",
    "ropecalc inspect config.json --ctx 256k --json",
    "ropecalc inspect Llama-3.1-8B --dtype bfloat16",
    "ropecalc inspect config.json --layer full_attention -q",
    exit_0="done, whether or not the bound holds: see check for that",
)

Layer = Annotated[
    str | None,
    typer.Option(
        "--layer",
        help="One kind of layer, by the file's word; all unless given.",
        metavar="TYPE",
        show_default=False,
    ),
]
NoBases = Annotated[
    bool, typer.Option("--no-bases", help="Do not look for the minimum and the safe base.")
]
Quiet = Annotated[
    bool,
    options.quiet("Print first violations, a line each kind of layer; empty: none."),
]


def command(
    model: options.ModelArgument = None,
    ctx: options.Context = None,
    layer: Layer = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    no_bases: NoBases = False,
    weights: weighing.Weights = None,
    dtype: arithmetic.Dtype = None,
    recipe: arithmetic.Recipe = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """Effective frequencies of each kind of layer, how far the bound holds on them, and findings.

    The context is the model's own unless --ctx is given. Where the frequencies depend on the
    length, and the context is longer than the original one, both lengths are looked at.
    """
    from ropecalc.cli.target import load

    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    wanted = arithmetic.wanted(dtype, recipe)
    if model is None:
        raise InvalidValueError("options", "no model was named: give its file, such as config.json")
    found = load(model)
    result = _solve(
        found,
        ctx,
        layer=layer,
        count_unrotated=not ignore_unrotated,
        bases=not no_bases and form is not Form.BARE,
        weights=weights,
        **(wanted or {}),
    )
    inputs: dict[str, object] = {
        "model": record(found),
        "context": result.context,
        "layer": layer,
        "count_unrotated": not ignore_unrotated,
        "weights": weights,
        **arithmetic.inputs(wanted),
    }
    show(_answer(result, inputs), form)


def _solve(
    model: ModelConfig,
    context: int | None,
    *,
    layer: str | None,
    count_unrotated: bool,
    bases: bool,
    **in_dtype: Any,
) -> Inspection:
    import ropecalc
    from ropecalc.render.progress import progress

    with warnings_told(), progress(model.source) as report:
        return ropecalc.inspect(
            model,
            context,
            layer=layer,
            count_unrotated=count_unrotated,
            bases=bases,
            progress=report,
            **in_dtype,
        )


def _answer(result: Inspection, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_inspection

        show_inspection(result, file)

    return Answer(
        command="inspect",
        inputs=inputs,
        records=inspection_records(result),
        bare=(None if c is None else c.first_violation for c in (x.check for x in result.layers)),
        table=table,
        rows=inspection_rows(result),
    )
