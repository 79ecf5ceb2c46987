"""``ropecalc min-factor``: the smallest scaling factor for a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options
from ropecalc.cli.heads import HeadOptions, RopeOptions, Subject, one_of, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_rope_type
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.talk import warn
from ropecalc.quantities import format_count
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MinimumFactor, Rope

SUMMARY = "The smallest scaling factor (YaRN, llama3, linear, NTK) for a context."
EPILOG = epilog(
    "ropecalc min-factor Qwen3-8B --rope-type yarn --ctx 128k",
    "ropecalc min-factor --base 1e6 --original-ctx 32k --ctx 64k --ctx 128k",
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
QUIET = "Print the minimum factor alone."


def command(
    *,
    models: options.Models = None,
    ctx: options.Contexts = None,
    rope_type: RopeType = None,
    base: options.Bases = None,
    original_ctx: options.Original = None,
    head: HeadOptions,
    margin: options.Margin = 0.0,
    digits: Digits = None,
    out: Output,
) -> None:
    """The smallest scaling factor that meets the bound, and the first one with 1 % of room."""
    contexts = options.flat("--ctx", ctx, "128k")
    subject = one_of(resolved(models, head, RopeOptions(base=base)))
    results = [
        _solve(
            _rope(subject, rope_type, original_ctx, bool(base), context),
            context,
            weights=subject.weights,
            count_unrotated=subject.count_unrotated,
            margin=margin,
            digits=digits,
            quick=not out.wants("window_end", "recommended_factor", "window_status"),
        )
        for context in contexts
    ]
    inputs: dict[str, object] = {
        "models": [] if subject.model is None else [record(subject.model)],
        "context": contexts,
        "rope_type": results[0].rope.rope_type,
        "layer": head.layer,
        "count_unrotated": subject.count_unrotated,
        "margin": margin,
        "weights": subject.weights,
        "digits": digits,
    }
    out.show(_answer(results, inputs))
    found = [one for one in results if one.is_found]
    for one in results if out.form is Form.BARE else ():
        if one not in found:
            warn(f"{format_count(one.context)} tokens: {one.status.value}")
    raise typer.Exit(0 if len(found) == len(results) else 1)


def _rope(
    subject: Subject, rope_type: str | None, original: int | None, based: bool, context: int
) -> Rope:
    """The rope whose factor is looked for: a model's, or that of a bare head."""
    from ropecalc.models.setting import make_setting

    rope = subject.rope
    own = rope.rope_type if rope.rope_type != "default" else METHOD
    if rope_type is None and rope.rope_type == own and original is None and not based:
        return rope
    return make_setting(
        subject.model,
        rope,
        context=context,
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
        columns=(
            "rope_type",
            "base",
            "head_dim",
            "rotary_dim",
            "original_context",
            "context",
            "recommended_factor",
            "minimum_factor",
            "ratio",
            "critical_distance",
        ),
    )
