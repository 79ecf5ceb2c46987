"""All the bases that meet the bound: where it begins to hold and where it breaks again, in turn.

The sweep goes up over bases that break the bound until it lands on one that may not: the start of
a window, where some distance's g rises through zero. From there the walk goes up over bases that
meet it until some g falls through zero: the end of the window. From just beyond, where that g is
certainly negative, the sweep goes on. Neither skips anything, so every base lies in a window or
in an interval that a distance rules out. It ends where the walk has come to an x above which
every base meets the bound.

Below the minimum base of a shipped table every base is known to break the bound, by the chain that
proved the table; the first zero must be where the table has it.

Each end is a zero between two certain signs (``zeros``); whatever comes near zero and does not
reach it is passed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ropecalc.base.family import X_MAX, Family, family_of
from ropecalc.base.lookup import disown, enclosure, shipped_step
from ropecalc.base.openings import Opening, next_opening
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.roots import enclosing_base
from ropecalc.base.rounding import ends_at, opening_floats
from ropecalc.base.sweep import RESOLUTION, Sweep
from ropecalc.base.window import UP, Walk, holds_ever_after, surely_holds_from
from ropecalc.base.zeros import BASE_DIGITS, Zero
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.exact import Real
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import Status, Window, Windows
from ropecalc.scaling import MAX_BASE
from ropecalc.similarity import MAX_SEARCH, checked_context
from ropecalc.spectrum import as_float, shown

METHOD = (
    "first-violation sweep and window walk in turn, roots in multiple precision, "
    "full evaluation of both ends"
)
PARTS = 1_000  # of the way up that progress is reported in


@isolated
def windows(
    head_dim: int,
    context: int,
    *,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    at_most: float | None = None,
    progress: Progress | None = None,
) -> Windows:
    """Every window of bases with S(m) >= margin * S(0) at all distances 0 <= m < context.

        { b >= 1 : S(m) >= margin S(0) for all integers 0 <= m < L }
            = [start_1, end_1] u [start_2, end_2] u ... u [start_k, infinity)

    with start_1 the minimum base and start_k the safe base. There is no grid: each base lies in
    one of the windows or in an interval that some distance rules out; below the minimum base of a
    shipped table, by the proof of that table. Ends are the outermost float64 values inside, both
    evaluated in full. Guaranteed up to the rounding of the platform's sine and cosine (assumed good
    to 4 units in the last place). The time goes with the number of windows and with the context: a
    second at 32,768 tokens, eight at 131,072 (head_dim 128).

    Parameters
    ----------
    head_dim : int, even, >= 2
    context : int, 1 to 1,073,741,824, tokens
    rotary_dim : int, even, 2 .. head_dim; head_dim unless given
    weights : rotary_dim / 2 floats >= 0, a weight a rotated pair; 1 each unless given
    count_unrotated : whether the (head_dim - rotary_dim) / 2 unrotated pairs count in S
    margin : float, 0 .. 1
    at_most : float, > 1; give only the windows that begin up to this base (None: all)
    progress : called with (parts done, all parts) of the way up in ln(base)

    Returns
    -------
    Windows, with status ALL_WINDOWS; SOME_WINDOWS, maybe none, where ``at_most`` came first;
    EVERY_BASE where nothing breaks the bound (one window, from 1 on); NO_BASE where no base up to
    1e300 meets it; UNDECIDED where the search stopped before its end, at a similarity that
    touches zero to hundreds of digits or stays near it for long: ``undecided`` says where.

    Raises
    ------
    InvalidValueError
        A parameter outside its domain.

    References
    ----------
    [Men2024] eq. 11.

    >>> found = windows(128, 1024)
    >>> [(round(w.start, 2), w.end and round(w.end, 2)) for w in found.windows]
    [(4293.44, 4330.32), (5602.18, 5644.35), (6018.28, None)]
    >>> windows(128, 1024, at_most=0.5)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: at_most must be greater than 1 and at most 1e300, got 0.5
    """
    family = family_of(head_dim, rotary_dim, weights, count_unrotated, margin)
    context = checked_context(context, MAX_SEARCH)
    at_most = None if at_most is None else _checked_limit(at_most)
    search, undecided = _Search(family, context, progress), None
    try:
        status = search.run(at_most)
    except UndecidedError as error:
        status, undecided = Status.UNDECIDED, str(error)
    return Windows(
        head_dim=family.head_dim,
        rotary_dim=family.rotary_dim,
        count_unrotated=count_unrotated,
        weighted=weights is not None,
        context=context,
        margin=margin,
        at_most=at_most,
        status=status,
        windows=tuple(search.found),
        skipped=search.skipped,
        method=METHOD,
        undecided=undecided,
    )


def _checked_limit(at_most: float) -> float:
    if not 1 < as_float(at_most) <= MAX_BASE:
        raise InvalidValueError(
            "at_most", f"at_most must be greater than 1 and at most 1e300, got {shown(at_most)}"
        )
    return float(at_most)


class _Search:
    """Windows from x = 0 upwards."""

    def __init__(self, family: Family, context: int, progress: Progress | None = None) -> None:
        self.family = family
        self.context = context
        self.found: list[Window] = []
        self.skipped = 0
        self._progress = progress
        self._sweep = Sweep(family, context)
        self._precise = Precise(family, BASE_DIGITS)
        self._way = Walk(family, 0.0, UP)
        self._top = surely_holds_from(family, context)

    def run(self, at_most: float | None = None) -> Status:
        """Find the windows that begin up to ``at_most``; returns how the search ended."""
        limit = MAX_BASE if at_most is None else at_most
        closing, opening = None, self._first(limit)
        while opening is not None:
            self._sweep.links.clear()  # no proof is written of them: hours would fill the memory
            closing = self._walk(opening.x)
            self._add(opening, closing)
            if self.found and self.found[-1].start > limit:
                self.found.pop()
                return Status.SOME_WINDOWS
            if closing is None:
                every = self.found[-1].start == 1.0 and self.found[-1].end is None
                return Status.EVERY_BASE if every else Status.ALL_WINDOWS
            opening = self._opening(closing, limit)
        if self._sweep.x <= X_MAX:
            return Status.SOME_WINDOWS
        return Status.ALL_WINDOWS if self.found else Status.NO_BASE

    def _first(self, limit: float) -> Opening | None:
        """The first opening; with nothing below it where the shipped minimum bases tell it."""
        step = shipped_step("minimum", self.family, self.context, evaluate=False)
        if step is None or not step.distance:
            return self._opening(None, limit)
        self._sweep.x = self.family.near(step.base)
        opening = self._opening(None, limit)
        if opening is None or opening_floats(self._precise, opening) == enclosure(step):
            return opening
        disown("minimum", self.family, self.context)
        self._sweep = Sweep(self.family, self.context)
        return self._opening(None, limit)

    def _opening(self, closing: Zero | None, limit: float) -> Opening | None:
        """The next opening of a window, beyond the end of the one before."""
        if self.family.always_holds:
            return Opening(0.0, None)
        start = None if closing is None or self._falls_on(closing) else closing.after
        return next_opening(
            self._sweep,
            self._precise,
            start,
            lambda *_: self._report(self._sweep.x),
            limit=math.log(limit) + RESOLUTION * X_MAX,
        )

    def _falls_on(self, closing: Zero) -> bool:
        """Begin behind what closed a window, and go on to where its distance surely still falls."""
        sweep = self._sweep
        sweep.x = float_at_most(closing.after)
        at = self.family.taylor(closing.distance, sweep.x)
        falls = -at.slope - at.slope_error
        if falls <= 0:
            return False
        way = falls / at.max_curvature * (1 - 1e-9) - sweep.resolution
        sweep.skip(sweep.x + way, closing.distance)
        return bool(sweep.x > closing.after)

    def _walk(self, x: Real) -> Zero | None:
        """What closes the window around x; None where nothing does up to 1e300."""
        walk = self._way
        walk.begin(x)
        while walk.x < self._top:
            zero = walk.step(self.context)
            if zero is not None:
                return zero if zero.before < X_MAX else None
            self._report(walk.x)
        return None

    def _add(self, opening: Opening, closing: Zero | None) -> None:
        start = opening_floats(self._precise, opening)[1] if opening.x > 0 else 1.0
        end = enclosing_base(self._precise, closing)[0] if closing else self._last()
        if end is not None and end < start:
            self.skipped += 1
            return
        for base, zero in ((start, opening.zero), (end, closing)):
            if base and base > 1 and not self._ends_at(base, zero):
                raise UndecidedError(f"base {base!r} is no end of a window: please report it")
        opened_by = None if opening.zero is None else opening.zero.distance
        self.found.append(Window(start, end, opened_by, closing and closing.distance))

    def _ends_at(self, base: float, zero: Zero | None) -> bool:
        return ends_at(self.family, self._precise, self.context, base, zero)

    def _last(self) -> float | None:
        """The end of a window that nothing closes: the largest base, or none."""
        return None if holds_ever_after(self.family, self.context, self._top) else MAX_BASE

    def _report(self, x: float) -> None:
        if self._progress is not None and self._top > 0:
            self._progress(int(PARTS * min(x / self._top, 1.0)), PARTS)
