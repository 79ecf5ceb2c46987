"""Plots beside the curves, for a terminal: the turns of the pairs, the bases of all contexts."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.render.axes import column_cuts, column_of, vertical_above, vertical_around
from ropecalc.render.curves import AROUND, rows_for, spectrum_title
from ropecalc.render.digits import count, tokens
from ropecalc.render.plot import Extents, Mark, Point, new_canvas, plot_columns
from ropecalc.render.tables import headline, prose, then

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.landmarks import Landmark
    from ropecalc.render.console import Screen
    from ropecalc.results import PairFrequencies, Staircase

SIGNS = string.ascii_lowercase + string.digits  # of points; those beyond share the last
OTHER = "+"
OCTAVES = 11  # how far a staircase is drawn: from its end down to the 2048th part of it


def _height(screen: Screen, height: int | None) -> int:
    return height or rows_for(screen, AROUND)


# --- turns ----------------------------------------------------------------------------------------


def first_unturned(frequencies: Sequence[float], context: int) -> int | None:
    """The first pair that does not turn once within a context; None where all do."""
    slow = (pair for pair, theta in enumerate(frequencies) if theta * context < 2 * math.pi)
    return next(slow, None)


def describe_turns(
    result: PairFrequencies,
    screen: Screen,
    *,
    trained: int | None = None,
    height: int | None = None,
) -> str:
    """The turns of every pair within the context, on a logarithmic axis with a line at one turn.

    ``trained`` is the context that the model was trained for: the first pair without a whole turn
    in it is marked beside that of the context.

    ``result`` has a context.
    """
    context = result.context or 1
    marks = turn_marks(result, trained)
    canvas = new_canvas(screen.width, _height(screen, height), 1, screen.glyphs)
    pairs = len(result.angular_frequencies)
    cuts = column_cuts(0, max(pairs, 2), canvas.columns * canvas.across, log=False)
    extents = _turns(result, cuts)
    known = extents[0][extents[0] == extents[0]]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
    axis = vertical_around(float(low), float(high), canvas.rows, canvas.down)
    plot = plot_columns(
        canvas,
        [extents],
        cuts,
        axis,
        screen.glyphs,
        log_x=False,
        marks=[Mark(at, text, None if k else 0) for k, (at, text) in enumerate(marks)],
        colour=screen.colour,
    )
    title = f"{spectrum_title(result.spectrum)}: turns of each pair within {tokens(context)}"
    note = "Dotted: one turn. A longer context takes the pairs below it to unseen angles."
    still = int((result.angular_frequencies == 0).sum())
    note += f" Not drawn: {still} pairs that do not turn at all." if still else ""
    return "\n\n".join([headline(title, screen), plot, prose(note, screen)])


def turn_marks(result: PairFrequencies, trained: int | None) -> list[tuple[int | None, str]]:
    """(pair, words) for the first pair short of one turn in the context, and in training."""
    thetas, context = result.angular_frequencies.tolist(), result.context or 1
    first = first_unturned(thetas, context)
    if first is None:
        marks: list[tuple[int | None, str]] = [(None, "every pair turns at least once")]
    else:
        marks = [(first, f"pair {first}: the first that turns less than once")]
    if trained is not None and trained != context:
        early = first_unturned(thetas, trained)
        if early is not None:
            marks.append((early, f"pair {early}: the same in training, on {tokens(trained)}"))
    return marks


def _turns(result: PairFrequencies, cuts: NDArray[np.int64]) -> Extents:
    """Decimal logarithms of the turns, a straight line between neighbouring pairs."""
    import numpy as np

    thetas = result.angular_frequencies
    turning = np.flatnonzero(thetas > 0)
    values = np.log10(thetas[turning] * (result.context or 1) / (2 * np.pi))
    columns = np.arange(len(cuts) - 1)
    if not len(turning):
        return np.full(len(columns), np.nan), np.full(len(columns), np.nan)
    at = column_of(cuts, turning.astype(np.int64))
    line = np.interp(columns, at, values, left=np.nan, right=np.nan)
    return line, line


# --- staircases -----------------------------------------------------------------------------------


def first_drawn(end: int) -> int:
    """The context at which the plot of a staircase begins.

    >>> first_drawn(2**20), first_drawn(1024), first_drawn(100_000)
    (512, 1, 32)
    """
    return max(1, 1 << (end.bit_length() - 1) >> OCTAVES)


def describe_bases(
    stairs: Sequence[Staircase],
    points: Sequence[Landmark],
    screen: Screen,
    *,
    height: int | None = None,
) -> str:
    """Staircases over the context, both axes logarithmic, with known models as points.

    ``stairs`` are of one head and one end; points whose base is below that of the one of minimum
    bases, where it is there, are named first.
    """
    minimum = next((one for one in stairs if one.kind == "minimum"), None)
    below = [point for point in points if minimum is not None and point.is_below(minimum)]
    canvas = new_canvas(screen.width, _height(screen, height), len(stairs), screen.glyphs)
    start, end = first_drawn(stairs[0].end), stairs[0].end
    cuts = column_cuts(start, end + 1, canvas.columns * canvas.across, log=True)
    extents = [_steps(one, cuts) for one in stairs]
    drawn = [_point(point, k, below) for k, point in enumerate(points)]
    values = [*(v for pair in extents for v in (pair[0].min(), pair[1].max()))]
    values += [point.value for point in drawn]
    axis = vertical_above(min(values), max(values), canvas.rows, canvas.down)
    plot = plot_columns(
        canvas,
        extents,
        cuts,
        axis,
        screen.glyphs,
        points=drawn,
        labels=[f"{one.kind} base" for one in stairs] if len(stairs) > 1 else (),
        colour=screen.colour,
        rule=False,
    )
    parts = [headline(_title(stairs), screen), plot, *_named(points, below, minimum, screen)]
    return "\n\n".join([*parts, _meaning(stairs, screen)])


def _title(stairs: Sequence[Staircase]) -> str:
    kinds = " and ".join(one.kind for one in stairs)
    first = stairs[0]
    where = f"contexts of {count(first_drawn(first.end))} to {tokens(first.end)}"
    return f"{kinds.capitalize()} bases over the context, head_dim {first.rotary_dim}, {where}"


def _steps(one: Staircase, cuts: NDArray[np.int64]) -> Extents:
    """Decimal logarithms of the least and greatest base of the contexts in each column."""
    import numpy as np

    contexts = np.array([step.context for step in one.steps], dtype=np.int64)
    bases = np.log10(np.array([step.base for step in one.steps]))
    first, last = cuts[:-1], np.maximum(cuts[1:] - 1, cuts[:-1])
    least = np.searchsorted(contexts, np.minimum(first, one.end))
    most = np.searchsorted(contexts, np.minimum(last, one.end))
    return bases[least], bases[most]


def _point(point: Landmark, index: int, below: Sequence[Landmark]) -> Point:
    """Coloured by what ``check`` says: met, broken, or broken by every smaller base as well."""
    style = "bold red" if point in below else "bold green" if point.holds else "yellow"
    return Point(point.context, math.log10(point.base), _sign(index), style)


def _sign(index: int) -> str:
    return SIGNS[index] if index < len(SIGNS) else OTHER


def _named(
    points: Sequence[Landmark],
    below: Sequence[Landmark],
    minimum: Staircase | None,
    screen: Screen,
) -> list[str]:
    """Which models are below the line of minimum bases, and which do not."""
    if not points:
        return []
    if minimum is None:
        return [prose(f"Known models: {_listed(points, points)}.", screen)]
    broken = [point for point in points if not point.holds and point not in below]
    others = [point for point in points if point.holds and point not in below]
    texts = []
    if below:
        texts.append(f"Below the minimum base at their context: {_listed(below, points)}.")
    else:
        texts.append("No known model is below the minimum base at its context.")
    if broken:
        texts.append(f"Above it, and the bound is broken: {_listed(broken, points)}.")
    if others:
        texts.append(f"The bound is met: {_listed(others, points)}.")
    return [prose(text, screen) for text in texts]


def _listed(some: Sequence[Landmark], points: Sequence[Landmark]) -> str:
    return "; ".join(f"{_sign(points.index(point))} {point.name}" for point in some)


def _meaning(stairs: Sequence[Staircase], screen: Screen) -> str:
    text = "Below the minimum base every base breaks the bound. "
    if len(stairs) > 1:
        text += "From the safe base on none does; between the two it depends on the base. "
    elif stairs[0].kind == "safe":
        text = "From the safe base on every base meets the bound. "
    text += "'+2' counts other models with the same context and base. One context, such as"
    last = stairs[0]
    return then(text, f"ropecalc min-base --dim {last.rotary_dim} --ctx {last.end}", screen)
