"""``ropecalc max-ctx``: the longest context that a base meets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options
from ropecalc.cli.heads import HeadOptions, RopeOptions, Subject, name, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MaxContext

SUMMARY = "The longest context that a base or a model supports."
EPILOG = epilog(
    "ropecalc max-ctx --base 1e6 --dim 128",
    "ropecalc max-ctx --base 1e4,5e5,1e6 --csv",
    "ropecalc max-ctx Llama-3-8B Llama-3.1-8B",
    "ropecalc max-ctx --base 8e6 --soft",
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
COLUMNS = (
    "label",
    "base",
    "rope_type",
    "head_dim",
    "rotary_dim",
    "max_context",
    "similarity",
    "limit",
    "status",
)
Soft = Annotated[
    bool,
    typer.Option(
        "--soft", help="Also the longest contexts with 0.1% and 1% of violating distances."
    ),
]
QUIET = "Print only the longest context; the limit where no violation was found up to it."


def command(
    *,
    models: options.Models = None,
    rope: RopeOptions,
    head: HeadOptions,
    margin: options.Margin = 0.0,
    limit: Limit = LIMIT,
    soft: Soft = False,
    out: Output,
) -> None:
    """The longest context that a base or a model supports: its first violation.

    Several make a table. A layer with an attention window has no greater distance. Scaling that
    depends on the length is that at the model's own context.
    """
    found = resolved(models, head, rope)
    results = [_solve(one, margin, limit, soft=soft) for one in found]
    out.show(_answer(results, {**found.inputs(), "margin": margin, "limit": limit}))
    raise typer.Exit(found.exit_code(0))


def _solve(subject: Subject, margin: float, limit: int, *, soft: bool) -> MaxContext:
    from dataclasses import replace

    import ropecalc
    from ropecalc.render.progress import progress

    spectrum = subject.spectrum(None)
    reach = min(limit, subject.rope.window or limit)
    with progress(name(spectrum)) as report:
        found = ropecalc.max_context(spectrum, margin=margin, limit=reach, progress=report)
        if soft:
            few = ropecalc.soft_contexts(spectrum, margin=margin, limit=reach, progress=report)
            found = replace(found, soft=few)
        return found


def _bare(result: MaxContext) -> int | None:
    """The longest context, the limit where it holds that far; None where every base works."""
    return None if result.is_free else result.max_context or result.limit


def _answer(results: Sequence[MaxContext], inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_max_context

        show_max_context(results, file)

    return Answer(
        command="max-ctx",
        inputs=inputs,
        records=map(record, results),
        bare=(_bare(result) for result in results),
        table=table,
        columns=COLUMNS,
    )
