"""``ropecalc windows``: all the bases that meet the bound, window by window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options, pictures
from ropecalc.cli.heads import HeadOptions, each, one_of, plain_head, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.searches import waiting
from ropecalc.cli.talk import warn
from ropecalc.quantities import format_count
from ropecalc.render.rows import window_rows, windows_record
from ropecalc.scaling import MIN_BASE

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Windows

SUMMARY = "All the bases that meet the bound, window by window."
EPILOG = epilog(
    "ropecalc windows --dim 128 --ctx 4096",
    "ropecalc windows --dim 128 --ctx 8k --min-window 0.01",
    "ropecalc windows Llama-2-7B",
    "ropecalc windows --dim 64 --ctx 2k --csv",
    exit_1="computed, and no base meets the bound",
)

AtMost = Annotated[
    float | None,
    options.option(
        "--at-most",
        "Windows that begin up to this base; else all.",
        "BASE",
        options.reader(partial(options.one_base, parameter="at_most")),
    ),
]
MinWidth = Annotated[
    float,
    options.option(
        "--min-window",
        "List only windows at least so wide, such as 0.01.",
        "W",
        options.fraction("min_window", "0.01"),
    ),
]
LONG = 2**17  # tokens: half a minute; each doubling takes two to three times as long
QUIET = "Print the start and the end of each window, a line each; no end: empty."


def command(
    *,
    models: options.Models = None,
    head: HeadOptions,
    ctx: options.Context = None,
    margin: options.Margin = 0.0,
    at_most: AtMost = None,
    min_width: MinWidth = 0.0,
    output: pictures.Path = None,
    out: Output,
) -> None:
    """The windows of bases that meet the bound, from the minimum base to the safe base: exact ends.

    Below the first window, and between two, every base breaks the bound; in the last, which
    begins at the safe base, every one meets it.
    """
    subject, reach = next(each([plain_head(one_of(resolved(models, head)))], ctx))
    inputs: dict[str, Any] = {
        "head_dim": subject.rope.head_dim,
        "context": reach,
        "rotary_dim": subject.rope.rotary_dim,
        "count_unrotated": subject.count_unrotated,
        "margin": margin,
        "weights": subject.weights,
        "at_most": at_most,
    }
    result = _solve(**inputs)
    if output is not None:
        _draw(result, output)
    _warn_of_hidden(result, min_width, out.form)
    if result.undecided is not None:
        warn(f"head_dim {result.head_dim}, {reach} tokens: {result.undecided}")
    out.show(_answer(result, inputs, min_width))
    raise typer.Exit(0 if result.windows else 1)


def _solve(head_dim: int, context: int, at_most: float | None, **settings: Any) -> Windows:
    import ropecalc

    line = (
        f"all windows for {format_count(context)} tokens take minutes to hours: "
        "--at-most BASE stops at the windows that begin up to a base"
    )
    is_long = context > LONG and at_most is None
    with waiting(
        f"head_dim {head_dim}, {format_count(context)} tokens", line if is_long else None
    ) as report:
        return ropecalc.windows(head_dim, context, progress=report, at_most=at_most, **settings)


def _draw(result: Windows, path: str) -> None:
    from ropecalc.render.figures_bases import windows_figure

    if result.windows:
        pictures.save(path, windows_figure(result))
    else:
        warn(f"{path} was not written: there is no window to draw")


def _answer(result: Windows, inputs: dict[str, Any], min_width: float) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_windows

        show_windows(result, file, min_width=min_width)

    return Answer(
        command="windows",
        inputs={**inputs, "min_window": min_width},
        records=[windows_record(result, min_width)],
        bare=(
            # never the infimum 1 itself: a base that the other commands take
            (max(window.start, MIN_BASE), window.end)
            for window in result.at_least(min_width)
        ),
        table=table,
        rows=window_rows(result, min_width),
        columns=("start", "end", "relative_width", "opened_by", "closed_by"),
    )


def _warn_of_hidden(result: Windows, min_width: float, form: Form) -> None:
    """Say on stderr what an answer without room for it leaves out."""
    hidden = len(result.windows) - len(result.at_least(min_width))
    if form in (Form.CSV, Form.TSV, Form.MARKDOWN):
        if hidden:
            warn(
                f"not listed: {format_count(hidden)} of {format_count(len(result.windows))} "
                f"windows, narrower than {min_width:g}"
            )
        if not result.windows:
            warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.status.value}")
