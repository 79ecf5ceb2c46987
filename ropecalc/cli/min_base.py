"""``ropecalc min-base``: the smallest base for a head and a context."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options
from ropecalc.cli.heads import rotated
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, at_most_one, choose, show, warn
from ropecalc.quantities import format_count
from ropecalc.render.machine import minimum_base_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MinimumBase

SUMMARY = "The smallest base for a head and a context."
EPILOG = epilog(
    "ropecalc min-base --dim 128 --ctx 32768",
    "ropecalc min-base --dim 64,128 --ctx 2k,4k --csv",
    "ropecalc min-base --dim 128 --ctx 4096 --digits 30 -q",
    "base=$(ropecalc min-base --dim 128 --ctx 32768 --round 2 -q)",
    exit_1="computed, and no base meets the bound",
)
ROUND_DIGITS = 2
LEAST = math.nextafter(1.0, 2.0)  # the smallest base there is

Round = Annotated[
    int | None,
    options.option(
        "--round",
        "Significant digits of the round base; 2 unless given.",
        "N",
        options.positive("round_digits", "2"),
    ),
]
Integer = Annotated[
    bool, typer.Option("--integer", help="With -q, print the first integer base that will do.")
]
Digits = Annotated[
    int | None,
    options.option(
        "--digits",
        "Significant digits of the minimum base, which is rounded up; a float64 unless given.",
        "N",
        options.positive("digits", "30"),
    ),
]
Quiet = Annotated[
    bool,
    options.quiet(
        "Print one number that meets the bound: the minimum base, or what --round, --integer or "
        "--digits asks for."
    ),
]


def command(
    dim: options.Dims = None,
    ctx: options.Contexts = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    margin: options.Margin = 0.0,
    round_digits: Round = None,
    integer: Integer = False,
    digits: Digits = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    quiet: Quiet = False,
) -> None:
    """The smallest base at which the similarity is nowhere negative in the context: exact, no grid.

    Several head dimensions and contexts print one row a combination.
    """
    form = choose(as_json=as_json, as_csv=as_csv, quiet=quiet)
    dims, contexts = options.flat("--dim", dim, "128"), options.flat("--ctx", ctx, "32k")
    rotary_dims = [rotated(head_dim, rotary_dim, partial_rotary_factor) for head_dim in dims]
    settings = {"count_unrotated": not ignore_unrotated, "margin": margin}
    wanted, picked = _wanted(form, round_digits, integer, digits)
    results = [
        _solve(context, head_dim=head_dim, rotary_dim=rotated_dims, **settings, **wanted)
        for head_dim, rotated_dims in zip(dims, rotary_dims, strict=True)
        for context in contexts
    ]
    inputs = {"head_dim": dims, "rotary_dim": rotary_dims, "context": contexts, **settings}
    inputs |= {"round_digits": wanted["round_digits"], "digits": digits}
    show(_answer(results, inputs, picked), form)
    raise typer.Exit(1 if any(result.minimum_base is None for result in results) else 0)


def _wanted(
    form: Form, round_digits: int | None, integer: bool, digits: int | None
) -> tuple[dict[str, Any], str]:
    """What to ask the library for, and which part of the result ``-q`` prints."""
    if form is not Form.BARE:
        everything = {"integer": True, "window": True, "digits": digits}
        return {"round_digits": round_digits or ROUND_DIGITS, **everything}, "minimum_base"
    at_most_one(**{"--round": round_digits, "--integer": integer, "--digits": digits})
    asked = {
        "round_base": round_digits,
        "integer_base": integer,
        "minimum_base_digits": digits,
    }
    picked = next((part for part, given in asked.items() if given), "minimum_base")
    only = {"round_digits": round_digits, "integer": integer, "window": False, "digits": digits}
    return only, picked


def _solve(context: int, head_dim: int, **settings: Any) -> MinimumBase:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"head_dim {head_dim}, {format_count(context)} tokens") as report:
        return ropecalc.min_base(head_dim, context, progress=report, **settings)


def _answer(results: Sequence[MinimumBase], inputs: dict[str, Any], picked: str) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_min_base

        show_min_base(results, file)

    return Answer(
        command="min-base",
        inputs=inputs,
        records=map(minimum_base_record, results),
        bare=(_bare(result, picked) for result in results),
        table=table,
    )


def _bare(result: MinimumBase, picked: str) -> object:
    """The number that was asked for, as one that ``check`` takes: never the infimum 1 itself."""
    if result.minimum_base is None:
        warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.status.value}")
        return None
    return max(getattr(result, picked) or LEAST, LEAST)
