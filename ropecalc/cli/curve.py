"""``ropecalc curve``: the similarity over the distance, drawn or as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ropecalc.cli import arithmetic, options, pictures
from ropecalc.cli.heads import HeadOptions, RopeOptions, name, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.sampling import Sampling
from ropecalc.cli.talk import at_most_one, say
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_count, parse_positive_int
from ropecalc.render.points import POINTS, CurvePoints, curve_record
from ropecalc.render.rows import curve_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TextIO

    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.render.figures import Drawing
    from ropecalc.render.points import Block
    from ropecalc.results import Envelope, MaxContext, Rope
    from ropecalc.spectrum import Spectrum

SUMMARY = "The similarity over the distance, drawn or as points."
EPILOG = epilog(
    "ropecalc curve --base 1e6",
    "ropecalc curve --base 5e5,1e6 --ctx 64k",
    "ropecalc curve Llama-3-8B Llama-3.1-8B",
    "ropecalc curve --base 1e6 --ctx 32k --points 100 --csv",
)
LOOK = 2**24  # where to look for first violations, when no context is given
MOST_POINTS = 10**6  # log-spaced points are held in memory
NOTHING_TO_SHOW = 2**20  # how far to draw where none is found
KindName = Literal["similarity", "upper-bound"]


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
        "Print N bins: least and greatest value of each.",
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
UpperBound = Annotated[bool, typer.Option("--upper-bound", help="RoFormer's upper bound instead.")]
Normalise = Annotated[
    bool,
    typer.Option(
        "--normalise/--raw",
        help="Divide by S(0), unless given, or not.",
        show_default=False,
    ),
]
From = Annotated[
    int,
    options.option(
        "--from", "First distance; 0 unless given.", "TOKENS", options.reader(options.tokens)
    ),
]
Linear = Annotated[bool, typer.Option("--linear", help="Draw distances on a linear axis.")]
QUIET = "Print only the values, one a line."


def command(
    *,
    models: options.Models = None,
    rope: RopeOptions,
    head: HeadOptions,
    ctx: options.Context = None,
    from_: From = 0,
    points: Points = None,
    every: Every = None,
    everything: All = False,
    upper_bound: UpperBound = False,
    normalise: Normalise = True,
    height: pictures.Height = None,
    linear: Linear = False,
    output: pictures.Path = None,
    dtype: arithmetic.Dtype = None,
    recipe: arithmetic.Recipe = None,
    out: Output,
) -> None:
    """The similarity over the distance: a plot, or rows with --csv, --tsv, --points or --every.

    A column of the plot, and a row, spans the minimum and maximum of all its distances: no
    violation is missed. Without --ctx the range reaches beyond every first violation.
    """
    kind: KindName = "upper-bound" if upper_bound else "similarity"
    wanted = arithmetic.wanted(dtype, recipe)
    if wanted and upper_bound:
        raise InvalidValueError("options", "--dtype is for the similarity: leave --upper-bound out")
    at_most_one(**{"--points": points, "--every": every, "--all": everything})
    found = resolved(models, head, rope, ctx)
    lines = [one.spectrum(ctx) for one in found]
    firsts = _first_violations(lines, [one.distances(ctx) for one in found], ctx)
    context = ctx or _range_that_shows(firsts)
    if from_ >= context:
        raise InvalidValueError(
            "options", f"--from must be less than --ctx, {context:,} tokens, got {from_:,}"
        )
    sampling = Sampling(context, points, 1 if everything else every, start=from_)
    inputs = {**found.inputs(ctx), "context": context, "kind": kind, "normalised": normalise}
    curves = [
        _points(spectrum, first, sampling, kind, normalise)
        for spectrum, first in zip(lines, firsts, strict=True)
    ]
    inputs |= arithmetic.inputs(wanted)
    if wanted:
        ropes = [None if one.model is None else one.rope for one in found]
        curves = [
            _in_dtype(*line, {**wanted, "length": ctx}, sampling)
            for line in zip(curves, ropes, strict=True)
        ]
        firsts = [_first_of(*line) for line in zip(curves, firsts, strict=True)]
    picture = _Picture(
        curves, firsts, pictures.contexts_of(found, context), log_x=not linear, start=from_
    )
    if output is not None:
        pictures.save(output, picture.figure())
    picked = bool(points or every or everything)
    if picked or pictures.leaves_more(output, out):
        out.show(_answer(curves, inputs, partial(picture.plot, height=height)), rows=picked)
    raise typer.Exit(found.exit_code(0))


def _first_violations(
    lines: Sequence[Spectrum], reaches: Sequence[int | None], context: int | None
) -> list[MaxContext]:
    """The first violation of each curve, at distances that occur where a context is given."""
    import ropecalc
    from ropecalc.render.progress import progress
    from ropecalc.similarity import checked_context

    limit = LOOK if context is None else checked_context(context)
    found = []
    for spectrum, reach in zip(lines, reaches, strict=True):
        within = limit if context is None or reach is None else min(limit, reach)
        with progress(f"{name(spectrum)}: first violation") as report:
            found.append(ropecalc.max_context(spectrum, limit=within, progress=report))
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
        blocks=_blocks(sampling, lambda: sampling.blocks(spectrum, kind, normalised=normalised)),
        binned=sampling.every is None,
    )


def _blocks(
    sampling: Sampling, found: Callable[[], Iterator[Block]]
) -> Callable[[], Iterable[Block]]:
    """Blocks to walk more than once; bins, which take every distance, are found once."""
    return found if sampling.every else cache(lambda: list(found()))


def _in_dtype(
    points: CurvePoints, rope: Rope | None, wanted: dict[str, Any], sampling: Sampling
) -> CurvePoints:
    """The same curve in an arithmetic, and what rounding changes in it."""
    from ropecalc.precision.effects import make_scores
    from ropecalc.render.curves import curve_name
    from ropecalc.render.precision import rounded_name

    if rope is not None and wanted["length"] is None:
        wanted = {**wanted, "length": rope.context}
    found = arithmetic.effects(points.spectrum, points.context, wanted, rope)
    label = curve_name(points.spectrum)
    spectrum = replace(points.spectrum, label=rounded_name(label, found))
    scores = make_scores(spectrum, points.context, rope=rope, **wanted)
    return replace(
        points,
        spectrum=spectrum,
        first_violation=found.first_violation,
        error_bound=0.0,
        blocks=_blocks(
            sampling, lambda: sampling.blocks_in_dtype(scores, normalised=points.normalised)
        ),
        precision=replace(found, label=label),
        scores=scores,
    )


def _first_of(points: CurvePoints, exact: MaxContext) -> MaxContext:
    """The first violation of a curve in an arithmetic."""
    from ropecalc.results import Status

    first = points.first_violation
    status = Status.BEYOND_LIMIT if first is None else Status.VIOLATED
    return replace(
        exact, limit=points.context, status=status, first_violation=first, similarity=None
    )


def _answer(
    curves: Sequence[CurvePoints], inputs: dict[str, object], plot: Callable[[TextIO], None]
) -> Answer:
    return Answer(
        command="curve",
        inputs=inputs,
        records=map(curve_record, curves),
        bare=(value for points in curves for block in points.blocks() for value in _bare(block)),
        table=plot,
        rows=curve_rows(curves),
    )


def _bare(block: Block) -> Iterable[object]:
    """The values of a block; of a bin the least and the greatest."""
    return block[1] if len(block) == len(POINTS) else zip(*block[2:], strict=True)


@dataclass(frozen=True)
class _Picture:
    """The curves as a plot or a figure; the upper bound has no violations to mark."""

    curves: Sequence[CurvePoints]
    firsts: Sequence[MaxContext]
    contexts: pictures.Contexts
    log_x: bool
    start: int = 0

    def plot(self, file: TextIO, *, height: int | None) -> None:
        from ropecalc.render.human import edges_for, show_curves
        from ropecalc.render.precision import show_precisions

        edges = edges_for(file, self.start, self.curves[0].context, log_x=self.log_x)
        show_curves(
            self._envelopes(edges),
            self._marks(),
            file,
            log_x=self.log_x,
            height=height,
            contexts=self.contexts,
        )
        show_precisions([found for points in self.curves if (found := points.precision)], file)

    def figure(self) -> Drawing:
        from ropecalc.render.figures_curves import Panel, curves_figure, figure_edges

        number = len(self.curves)
        edges = figure_edges(self.start, self.curves[0].context, curves=number, log_x=self.log_x)
        panel = Panel(
            self._envelopes(edges), self._marks(), contexts=self.contexts, log_x=self.log_x
        )
        return curves_figure([panel])

    def _envelopes(self, edges: NDArray[np.int64]) -> list[Envelope]:
        return [_envelope(points, edges) for points in self.curves]

    def _marks(self) -> list[MaxContext | None]:
        shown = self.curves[0].kind == "similarity"
        return [first if shown and _is_within(first, self.start) else None for first in self.firsts]


def _is_within(first: MaxContext, start: int) -> bool:
    """Whether a first violation lies where the picture begins or further on, or nowhere."""
    return first.first_violation is None or first.first_violation >= start


def _envelope(points: CurvePoints, edges: NDArray[np.int64]) -> Envelope:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(name(points.spectrum)) as report:
        if points.scores is not None:
            from ropecalc.precision.effects import envelope_in_dtype

            return envelope_in_dtype(
                points.scores, edges, normalised=points.normalised, progress=report
            )
        return ropecalc.envelope(
            points.spectrum,
            edges,
            kind=points.kind,
            normalised=points.normalised,
            progress=report,
        )
