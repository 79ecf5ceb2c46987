"""``ropecalc windows``: all the bases that meet the bound, window by window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options, pictures, weighing
from ropecalc.cli.heads import DEFAULT_HEAD_DIM, chosen, head_of, rotated
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, required, show, warn
from ropecalc.quantities import format_count, parse_base
from ropecalc.render.rows import window_rows, windows_record
from ropecalc.scaling import MIN_BASE

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Windows

SUMMARY = "All the bases that meet the bound, window by window."
EPILOG = epilog(
    "ropecalc windows --dim 128 --ctx 4096",
    "ropecalc windows --dim 128 --ctx 8k --min-width 0.01",
    "ropecalc windows --model Llama-2-7B",
    "ropecalc windows --dim 64 --ctx 2k --csv",
    exit_1="computed, and no base meets the bound",
)

AtMost = Annotated[
    float | None,
    options.option(
        "--at-most",
        "Windows that begin up to this base; else all.",
        "BASE",
        options.reader(partial(parse_base, parameter="at_most")),
    ),
]
MinWidth = Annotated[
    float,
    options.option(
        "--min-width",
        "List only windows at least so wide relative to their start, such as 0.01; all unless "
        "given.",
        "W",
        options.fraction("min_width", "0.01"),
    ),
]
Quiet = Annotated[
    bool, options.quiet("Print the start and the end of each window, a line each; no end: empty.")
]


def command(
    dim: options.Dim = None,
    model: options.Model = None,
    config: options.Config = None,
    layer: options.Layer = None,
    ctx: options.Context = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    margin: options.Margin = 0.0,
    weights: weighing.Weights = None,
    at_most: AtMost = None,
    min_width: MinWidth = 0.0,
    width: pictures.Width = None,
    output: pictures.Output = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """The windows of bases that meet the bound, from the minimum base to the safe base: exact ends.

    Below the first window, and between two, every base breaks the bound; in the last, which
    begins at the safe base, every one meets it.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    instead = {"--dim": dim, "--rotary-dim": rotary_dim}
    found = chosen(
        model, config, layer, **instead, **{"--partial-rotary-factor": partial_rotary_factor}
    )
    of_model, rotary_of_model, reach = head_of(found)
    ctx = reach if ctx is None else ctx
    if ctx is None:
        raise required("--ctx", "4k")
    head_dim = of_model or (DEFAULT_HEAD_DIM if dim is None else dim)
    rotary_dim = rotary_of_model or rotary_dim
    inputs: dict[str, Any] = {
        "head_dim": head_dim,
        "context": ctx,
        "rotary_dim": rotated(head_dim, rotary_dim, partial_rotary_factor),
        "count_unrotated": not ignore_unrotated,
        "margin": margin,
        "weights": weights,
        "at_most": at_most,
    }
    result = _solve(**inputs)
    if output is not None:
        _draw(result, output)
    form = pictures.drawn(form, plot=True, width=width, height=None)
    show(_answer(result, inputs, min_width, width), form)
    _warn_of_hidden(result, min_width, form)
    if result.undecided is not None:
        warn(f"head_dim {head_dim}, {ctx} tokens: {result.undecided}")
    raise typer.Exit(0 if result.windows else 1)


def _solve(head_dim: int, context: int, **settings: Any) -> Windows:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"head_dim {head_dim}, {format_count(context)} tokens") as report:
        return ropecalc.windows(head_dim, context, progress=report, **settings)


def _draw(result: Windows, path: str) -> None:
    from ropecalc.render.figures_bases import windows_figure

    if result.windows:
        pictures.save(path, windows_figure(result))
    else:
        warn(f"{path} was not written: there is no window to draw")


def _answer(
    result: Windows, inputs: dict[str, Any], min_width: float, width: int | None = None
) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_windows

        show_windows(result, file, min_width=min_width, width=width)

    return Answer(
        command="windows",
        inputs={**inputs, "min_width": min_width},
        records=[windows_record(result, min_width)],
        bare=(
            # never the infimum 1 itself: a base that the other commands take
            (max(window.start, MIN_BASE), window.end)
            for window in result.at_least(min_width)
        ),
        table=table,
        rows=window_rows(result, min_width),
    )


def _warn_of_hidden(result: Windows, min_width: float, form: Form) -> None:
    """Say on stderr what an answer without room for it leaves out."""
    hidden = len(result.windows) - len(result.at_least(min_width))
    if form in (Form.CSV, Form.TSV, Form.PIPE, Form.MARKDOWN, Form.BARE):
        if hidden:
            warn(
                f"not listed: {format_count(hidden)} of {format_count(len(result.windows))} "
                f"windows, narrower than {min_width:g}"
            )
        if not result.windows:
            warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.status.value}")
