"""``ropecalc inspect``: what a model's rotary embedding does, with findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import arithmetic, options
from ropecalc.cli.heads import HeadOptions, RopeOptions, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.talk import warnings_told
from ropecalc.cli.unrotated import rotating
from ropecalc.errors import InvalidValueError
from ropecalc.render.records import record
from ropecalc.render.rows import inspection_records, inspection_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Inspection, ModelConfig

SUMMARY = "What a model's RoPE really does, and the context it supports."
EPILOG = epilog(
    "ropecalc inspect config.json",
    "ropecalc inspect Qwen3-8B",
    "ropecalc inspect config.json --ctx 256k --json",
    "ropecalc inspect Llama-3.1-8B --dtype bfloat16",
    "ropecalc inspect config.json --layer full_attention -q",
    exit_0="done, whether or not the bound holds: see check for that",
)

NoBases = Annotated[
    bool, typer.Option("--no-bases", help="Do not look for the minimum and the safe base.")
]
COLUMNS = (
    "source",
    "layer_type",
    "layers",
    "rope_type",
    "base",
    "factor",
    "original_context",
    "head_dim",
    "rotary_dim",
    "window",
    "context",
    "holds",
    "first_violation",
    "violations",
    "minimum_base",
    "finding_codes",
)
QUIET = "Print first violations, a line each kind of layer; empty: none."


def command(
    *,
    models: options.Models = None,
    rope: RopeOptions,
    head: HeadOptions,
    ctx: options.Context = None,
    no_bases: NoBases = False,
    dtype: arithmetic.Dtype = None,
    recipe: arithmetic.Recipe = None,
    out: Output,
) -> None:
    """Effective frequencies of each kind of layer, how far the bound holds on them, and findings.

    The context is the model's own unless --ctx is given. Where the frequencies depend on the
    length, and the context is longer than the original one, both lengths are examined.
    """
    wanted = arithmetic.wanted(dtype, recipe)
    if not models:
        raise InvalidValueError("options", "no model was named: give its file, such as config.json")
    with rotating("inspect", out, consequence="There is nothing to evaluate."):
        found = resolved(models, head, rope, ctx, assumed=out.form is not Form.TEXT)
    results = [
        _solve(
            one.config,
            ctx,
            layer=head.layer,
            count_unrotated=not head.ignore_unrotated,
            bases=not no_bases and out.wants("minimum_base", "safe_base"),
            weights=head.weights,
            **(wanted or {}),
        )
        for one in found
    ]
    inputs: dict[str, object] = {
        "models": [record(model) for model in found.models],
        "context": results[0].context if len(results) == 1 else ctx,
        "layer": head.layer,
        "count_unrotated": not head.ignore_unrotated,
        "weights": head.weights,
        **arithmetic.inputs(wanted),
    }
    out.show(_answer(results, inputs))
    raise typer.Exit(found.exit_code(0))


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


def _answer(results: Sequence[Inspection], inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_inspection

        for at, result in enumerate(results):
            file.write("\n" if at else "")
            show_inspection(result, file)

    return Answer(
        command="inspect",
        inputs=inputs,
        records=(one for result in results for one in inspection_records(result)),
        bare=(
            "" if one.check is None else one.check.first_violation or ""
            for result in results
            for one in result.layers
        ),
        table=table,
        rows=(
            {"source": result.model.source, **row}
            for result in results
            for row in inspection_rows(result)
        ),
        columns=COLUMNS,
    )
