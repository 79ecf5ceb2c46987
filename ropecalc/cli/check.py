"""``ropecalc check``: does a base, or a model's config, meet the bound at a context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import arithmetic, options
from ropecalc.cli.heads import (
    HeadOptions,
    RopeOptions,
    Subject,
    each,
    name,
    resolved,
    tell_original,
)
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.searches import searching, waiting
from ropecalc.cli.unrotated import rotating
from ropecalc.quantities import format_count
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Check, Precision
    from ropecalc.spectrum import Spectrum

SUMMARY = "Does a base, or a model, meet the bound?"
EPILOG = epilog(
    "ropecalc check --base 1e6 --dim 128 --ctx 32768",
    "ropecalc check Llama-3-8B --rope-type yarn --factor 4 --ctx 32k",
    "ropecalc check configs/ --ctx 64k",
    "ropecalc check --base 1e4 --ctx 1706 --dtype float16 --recipe naive",
    "ropecalc check --base 1e6 --ctx 16k -q && echo safe",
    exit_0="yes, the bound holds; of several, for all",
    exit_1="no, it is broken; of several, for one or more",
)

MinWindow = Annotated[
    float | None,
    options.option(
        "--min-window",
        "Nearest base above in a window this wide: 1e-3.",
        "W",
        options.fraction("min_window", "1e-3"),
    ),
]
Room = Annotated[bool, typer.Option("--room", help="Look for room beyond 128k tokens too.")]
Next = Annotated[
    bool,
    typer.Option("--next", help="Search for the nearest base, or factor, that meets the bound."),
]
COLUMNS = (
    "label",
    "base",
    "rope_type",
    "head_dim",
    "rotary_dim",
    "context",
    "holds",
    "status",
    "first_violation",
    "violations",
    "worst_distance",
    "slack",
    "recommended_base",
)
QUIET = "Print nothing: the exit code is the answer."


def command(
    *,
    models: options.Models = None,
    rope: RopeOptions,
    head: HeadOptions,
    ctx: options.Context = None,
    margin: options.Margin = 0.0,
    min_window: MinWindow = None,
    next_: Next = False,
    room: Room = False,
    dtype: arithmetic.Dtype = None,
    recipe: arithmetic.Recipe = None,
    out: Output,
) -> None:
    """Whether the bound holds; if not, where it breaks and which base meets it.

    That base comes from a table; where none has it, --next searches: seconds, or minutes. Several
    models, files and folders are rows of a table: a check for a CI, as 'ropecalc lint', which looks
    for mistakes in files instead. --base, --dim, --rope-type and the options below them replace
    parts of a model. A layer with an attention window has no greater distance. With --dtype the
    verdict is that of the arithmetic.
    """
    wanted = arithmetic.wanted(dtype, recipe)
    with rotating("check", out, consequence="The bound holds for every context."):
        found = resolved(models, head, rope, ctx)
    for one in found:
        if one.setting is not None:
            tell_original(one.setting)
    look = _Look(margin, wanted, min_window, next_, room, out)
    both = [look.at(one, ctx, reach) for one, reach in each(found, ctx)]
    if not out.quiet:
        inputs = {
            **found.inputs(ctx),
            "context": ctx,
            "margin": margin,
            "min_window": min_window,
            "layer": head.layer,
            **arithmetic.inputs(wanted),
        }
        out.show(_answer(both, inputs))
    holds = all(rounded.holds if rounded else result for result, rounded in map(_verdict, both))
    raise typer.Exit(found.exit_code(0 if holds else 1))


Both = tuple["Check | bool", "Precision | None"]


def _verdict(both: Both) -> tuple[bool, Precision | None]:
    result, rounded = both
    return (result if isinstance(result, bool) else result.holds), rounded


@dataclass(frozen=True)
class _Look:
    """How every subject is examined."""

    margin: float
    wanted: dict[str, Any] | None
    min_window: float | None
    next: bool
    room: bool
    out: Output

    def at(self, subject: Subject, context: int | None, reach: int) -> Both:
        """One check, of which -q needs yes or no alone; and the same in an arithmetic."""
        length = subject.rope.context if context is None else context
        spectrum, wanted = subject.spectrum(length), self.wanted
        rounded = None
        if wanted is not None:
            rope = None if subject.model is None else subject.rope
            rounded = arithmetic.effects(spectrum, reach, wanted, rope, self.margin)
        if self.out.quiet:
            return (rounded is not None or _holds(spectrum, reach, self.margin)), rounded
        result = _solve(
            spectrum,
            reach,
            self.margin,
            next_base=self._next(),
            min_window=self.min_window,
            room=(self.room or None) if self.out.wants("room_below", "room_above") else False,
        )
        return result, rounded

    def _next(self) -> bool | None:
        """Whether to search for the nearest base; None: look it up."""
        if not self.out.wants("next_base", "recommended_base", "minimum_factor"):
            return False
        return self.next or self.min_window is not None or bool(self.out.get) or None


def _holds(spectrum: Spectrum, context: int, margin: float) -> bool:
    """The answer alone, which is known at the first violation."""
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"{name(spectrum)}, {format_count(context)} tokens") as report:
        found = ropecalc.max_context(spectrum, margin=margin, limit=context, progress=report)
    return found.first_violation is None


def _solve(spectrum: Spectrum, context: int, margin: float, **more: Any) -> Check:
    import ropecalc

    words = f"{name(spectrum)}, {format_count(context)} tokens"
    asked = more["next_base"] or more["room"]
    wait = searching(words, "bases or factors", context) if asked else waiting(words)
    with wait as report:
        return ropecalc.check(spectrum, context, margin=margin, progress=report, **more)


def _answer(both: Sequence[Both], inputs: dict[str, object]) -> Answer:
    from ropecalc.render.precision import show_precisions

    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_check

        show_check([result for result, _ in both], file)  # type: ignore[misc]
        show_precisions([rounded for _, rounded in both if rounded], file)

    return Answer(
        command="check",
        inputs=inputs,
        records=(record(result, precision=rounded) for result, rounded in both),
        bare=(),
        table=table,
        columns=COLUMNS,
    )
