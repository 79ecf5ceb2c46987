"""``ropecalc curve``: the similarity over the distance, drawn or as numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ropecalc.cli import options
from ropecalc.cli.heads import asked_spectra, head_inputs, name
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, at_most_one, choose, say, show
from ropecalc.cli.sampling import Sampling
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_count, parse_positive_int
from ropecalc.render.machine import CurvePoints, curve_record, write_curve_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.results import Envelope, MaxContext
    from ropecalc.spectrum import Spectrum

SUMMARY = "The similarity over the distance, drawn or as points."
EPILOG = epilog(
    "ropecalc curve --base 1e6",
    "ropecalc curve --base 5e5,1e6 --ctx 64k",
    "ropecalc curve --model Llama-3-8B --model Llama-3.1-8B",
    "ropecalc curve --base 1e6 --ctx 32k --points 100 --csv",
    "ropecalc curve --base 1e4 --ctx 4096 --all --json",
)
LOOK = 2**24  # where to look for first violations, when no context is given
MOST_POINTS = 10**6  # log-spaced points are held in memory
NOTHING_TO_SHOW = 2**20  # how far to draw where none is found
KindName = Literal["similarity", "upper-bound"]
KINDS: tuple[KindName, ...] = ("similarity", "upper-bound")


def _kind(text: str) -> KindName:
    for kind in KINDS:
        if text == kind:
            return kind
    raise InvalidValueError("kind", f"kind must be similarity or upper-bound, got {text!r}")


def _points_wanted(text: str) -> int:
    points = parse_positive_int(text, "points", "256")
    if points > MOST_POINTS:
        raise InvalidValueError(
            "points", f"points must be at most {MOST_POINTS}, got {points}: --all prints more"
        )
    return points


Points = Annotated[
    int | None,
    options.option(
        "--points",
        "Print about N points at distances in equal ratios; 256 unless given.",
        "N",
        options.reader(_points_wanted),
    ),
]
Every = Annotated[
    int | None,
    options.option(
        "--every",
        "Print every Nth distance.",
        "N",
        options.positive("every", "64"),
    ),
]
All = Annotated[bool, typer.Option("--all", help="Print every distance.")]
Kind = Annotated[
    KindName,
    options.option(
        "--kind",
        "similarity, or upper-bound for RoFormer's long-term decay; similarity unless given.",
        "KIND",
        options.reader(_kind),
    ),
]
Normalise = Annotated[
    bool,
    typer.Option(
        "--normalise/--raw",
        help="Divide by the value at distance 0, or not; divided unless given.",
        show_default=False,
    ),
]
Width = Annotated[
    int | None,
    options.option(
        "--width",
        "Columns of the plot; given, it is drawn in a pipe too.",
        "N",
        options.positive("width", "100"),
    ),
]
Height = Annotated[
    int | None,
    options.option(
        "--height",
        "Rows of the plot; given, it is drawn in a pipe too.",
        "N",
        options.positive("height", "20"),
    ),
]
Linear = Annotated[bool, typer.Option("--linear", help="Draw distances on a linear axis.")]
Quiet = Annotated[bool, options.quiet("Print the values alone, one a line.")]


def command(
    base: options.Bases = None,
    model: options.Models = None,
    config: options.Configs = None,
    layer: options.Layer = None,
    dim: options.Dim = None,
    ctx: options.Context = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    points: Points = None,
    every: Every = None,
    everything: All = False,
    kind: Kind = "similarity",
    normalise: Normalise = True,
    width: Width = None,
    height: Height = None,
    linear: Linear = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """The similarity over the distance: a plot on a terminal, points in a pipe.

    A column of the plot spans the minimum and maximum of all its distances, so that no violation
    is missed. Without --ctx the range is the power of two that shows every first violation.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    at_most_one(**{"--points": points, "--every": every, "--all": everything})
    lines = asked_spectra(
        base,
        dim,
        rotary_dim,
        partial_rotary_factor,
        model,
        config,
        layer,
        length=ctx,
        ignore_unrotated=ignore_unrotated,
    )
    firsts = _first_violations(lines, ctx)
    context = ctx or _range_that_shows(firsts)
    sampling = Sampling(context, points, 1 if everything else every)
    inputs = {**head_inputs(lines), "context": context, "kind": kind, "normalised": normalise}
    curves = [
        _points(spectrum, first, sampling, kind, normalise)
        for spectrum, first in zip(lines, firsts, strict=True)
    ]
    plot = partial(_plot, curves, firsts, width=width, height=height, log_x=not linear)
    show(_answer(curves, inputs, plot), _form(form, points or every or everything, width or height))


def _form(form: Form, picked: object, sized: object) -> Form:
    """A plot becomes rows where points were picked, rows a plot where its size was given."""
    if form is Form.TABLE and picked:
        return Form.TSV
    return Form.TABLE if form is Form.PIPE and sized and not picked else form


def _first_violations(lines: Sequence[Spectrum], context: int | None) -> list[MaxContext]:
    """The first violation of each curve, within the context where one is given."""
    import ropecalc
    from ropecalc.render.progress import progress
    from ropecalc.similarity import check_range

    limit = LOOK if context is None else context
    check_range(0, limit)
    found = []
    for spectrum in lines:
        with progress(f"{name(spectrum)}: first violation") as report:
            found.append(ropecalc.max_context(spectrum, limit=limit, progress=report))
    return found


def _range_that_shows(firsts: Sequence[MaxContext]) -> int:
    """The smallest power of two that leaves every first violation some room to its right."""
    found = [first.first_violation for first in firsts if first.first_violation is not None]
    if not found:
        say(f"no violation below {format_count(LOOK)} tokens: give --ctx for another range")
        return NOTHING_TO_SHOW
    least = -(-max(found) * 11 // 10)  # a tenth more, rounded up
    return int(2 ** (least - 1).bit_length())


def _points(
    spectrum: Spectrum, first: MaxContext, sampling: Sampling, kind: KindName, normalised: bool
) -> CurvePoints:
    from ropecalc.similarity import curve_scale, error_bound

    return CurvePoints(
        spectrum,
        kind,
        normalised,
        sampling.context,
        first_violation=first.first_violation,
        error_bound=error_bound(spectrum) / (curve_scale(spectrum, kind) if normalised else 1.0),
        blocks=lambda: sampling.blocks(spectrum, kind, normalised=normalised),
    )


def _answer(
    curves: Sequence[CurvePoints], inputs: dict[str, object], plot: Callable[[TextIO], None]
) -> Answer:
    return Answer(
        command="curve",
        inputs=inputs,
        records=map(curve_record, curves),
        bare=(value for points in curves for _, block in points.blocks() for value in block),
        table=plot,
        rows=lambda file, separator: write_curve_rows(file, curves, separator),
    )


def _plot(
    curves: Sequence[CurvePoints],
    firsts: Sequence[MaxContext],
    file: TextIO,
    *,
    width: int | None,
    height: int | None,
    log_x: bool,
) -> None:
    """Draw the curves; the upper bound has no violations to mark."""
    from ropecalc.render.console import screen
    from ropecalc.render.curves import describe_curves, screen_edges

    on = screen(file)
    on = on if width is None else replace(on, width=width)
    edges = screen_edges(0, curves[0].context, on, log_x=log_x)
    envelopes = [_envelope(points, edges) for points in curves]
    marks = [first if curves[0].kind == "similarity" else None for first in firsts]
    on.write(describe_curves(envelopes, marks, on, log_x=log_x, height=height))


def _envelope(points: CurvePoints, edges: NDArray[np.int64]) -> Envelope:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(name(points.spectrum)) as report:
        return ropecalc.envelope(
            points.spectrum,
            edges,
            kind=points.kind,
            normalised=points.normalised,
            progress=report,
        )
