"""``ropecalc min-factor``: the smallest scaling factor for a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, weighing
from ropecalc.cli.heads import DEFAULT_HEAD_DIM, layer_of
from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_rope_type
from ropecalc.cli.output import Answer, Form, at_most_one, choose, required, show, warn
from ropecalc.quantities import format_count
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MinimumFactor, Rope

SUMMARY = "The smallest scaling factor (YaRN, llama3, linear, NTK) for a context."
EPILOG = epilog(
    "ropecalc min-factor Qwen3-8B --rope-type yarn --ctx 128k",
    "ropecalc min-factor --base 1e6 --original-context 32k --ctx 64k --ctx 128k",
    "ropecalc min-factor Llama-3.1-8B --ctx 128k -q",
    exit_1="a factor of 1 is enough, or none will do",
)
METHOD = "yarn"  # of a head without a scaling of its own

RopeType = Annotated[
    str | None,
    typer.Option(
        "--rope-type",
        help="yarn (default), llama3, linear, ntk-aware, dynamic.",
        metavar="TYPE",
        show_default=False,
        autocompletion=complete_rope_type,
    ),
]
Digits = Annotated[
    int | None,
    options.option(
        "--digits", "Round the factor up to so many digits.", "N", options.positive("digits", "9")
    ),
]
Quiet = Annotated[bool, options.quiet("Print the minimum factor alone.")]


def command(
    model: options.ModelArgument = None,
    ctx: options.Contexts = None,
    rope_type: RopeType = None,
    base: options.Base = None,
    dim: options.Dim = None,
    rotary_dim: options.RotaryDim = None,
    original_context: options.Original = None,
    layer: options.Layer = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    margin: options.Margin = 0.0,
    weights: weighing.Weights = None,
    digits: Digits = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """The smallest scaling factor that meets the bound, and the first one with 1 % of room."""
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    at_most_one(**{"MODEL": model, "--dim": dim})
    at_most_one(**{"MODEL": model, "--rotary-dim": rotary_dim})
    contexts = options.flat("--ctx", ctx, "128k")
    head = (dim or DEFAULT_HEAD_DIM, rotary_dim)
    results = [
        _solve(
            _rope(model, layer, base, head, rope_type, original_context, context),
            context,
            weights=weights,
            count_unrotated=not ignore_unrotated,
            margin=margin,
            digits=digits,
            quick=form is Form.BARE,
        )
        for context in contexts
    ]
    inputs: dict[str, object] = {
        "model": model,
        "context": contexts,
        "rope_type": results[0].rope.rope_type,
        "layer": layer,
        "count_unrotated": not ignore_unrotated,
        "margin": margin,
        "weights": weights,
        "digits": digits,
    }
    show(_answer(results, inputs), form)
    found = [one for one in results if one.is_found]
    if form is Form.BARE:
        for one in results:
            if one not in found:
                warn(f"{format_count(one.context)} tokens: {one.status.value}")
    raise typer.Exit(0 if len(found) == len(results) else 1)


def _rope(
    target: str | None,
    layer: str | None,
    base: float | None,
    head: tuple[int, int | None],
    rope_type: str | None,
    original: int | None,
    context: int,
) -> Rope:
    """The rope whose factor is looked for: a model's, or that of a bare head."""
    from ropecalc.cli.target import load
    from ropecalc.models.setting import make_setting
    from ropecalc.results import Rope

    if target is None:
        if base is None:
            raise required("--base", "1e6")
        model, rope = None, Rope("all", "default", base, head[0], head[1] or head[0])
    else:
        model = load(target)
        rope = layer_of(model, layer)
    own = rope.rope_type if rope.rope_type != "default" else METHOD
    if rope_type is None and rope.rope_type == own and original is None and base is None:
        return rope
    return make_setting(
        model,
        rope,
        context=context,
        base=base,
        rope_type=rope_type or own,
        original_context=original or (rope.original_context if rope_type is None else None),
    ).rope


def _solve(rope: Rope, context: int, *, quick: bool, **settings: object) -> MinimumFactor:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"{rope.rope_type}, {format_count(context)} tokens") as report:
        return ropecalc.min_factor(
            rope,
            context,
            window=not quick,
            recommended=not quick,
            progress=report,
            **settings,  # type: ignore[arg-type]
        )


def _answer(results: Sequence[MinimumFactor], inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.factors import show_factors

        show_factors(results, file)

    return Answer(
        command="min-factor",
        inputs=inputs,
        records=map(record, results),
        bare=(
            one.minimum_factor if one.minimum_factor_digits is None else one.minimum_factor_digits
            for one in results
            if one.is_found
        ),
        table=table,
    )
