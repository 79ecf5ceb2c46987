"""The first window that is wide enough, without the ends of those that are not.

A window [s, e] with e >= s (1 + w) that begins at ``low`` or above holds low (1 + w) or begins
beyond it. So one base decides: where it breaks the bound, no such window begins up to there, and
the sweep goes on from it to the next base that meets the bound. Where it does not, the window
around it is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ropecalc.base.family import X_MAX
from ropecalc.base.precise import Precise
from ropecalc.base.room import followed
from ropecalc.base.roots import enclosing_base
from ropecalc.base.rounding import first_of, next_feasible, place, round_up, violation_at
from ropecalc.base.solve import base_at_least
from ropecalc.base.window import DOWN, Walk, surely_holds_from, window_end
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.results import WindowStatus
from ropecalc.scaling import MAX_BASE
from ropecalc.spectrum import as_float, shown

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.progress import Progress

LEAST_WIDTH, MOST_WIDTH = 1e-9, 1.0
MAX_WINDOWS = 1_000_000  # too narrow ones: hours
HAIR = 1e-12  # relative, of a base: above all that rounding does to it here
PARTS = 1_000  # of the way up that progress is reported in


class WideWindow(NamedTuple):
    """A window that is wide enough."""

    start: float
    """Smallest float64 in it."""
    opened_by: int | None
    """The distance whose similarity rises through zero at the start; None where that is 1."""
    status: WindowStatus
    end: float | None
    """Largest float64 known to lie in it; None where it has no end."""


def checked_width(width: float) -> float:
    """A width as Python's own float; raises InvalidValueError unless 1e-9 <= width <= 1."""
    if not LEAST_WIDTH <= as_float(width) <= MOST_WIDTH:
        raise InvalidValueError(
            "min_window",
            f"min_window must be from {LEAST_WIDTH:g} to {MOST_WIDTH:g}, got {shown(width)}",
        )
    return float(width)


def first_wide_window(
    family: Family,
    context: int,
    low: float,
    width: float,
    progress: Progress | None = None,
) -> WideWindow | None:
    """The first window from ``low`` up with end >= start (1 + width); None up to 1e300.

    ``low`` must lie in a gap or at the start of a window. Both ends are the outermost float64
    values inside, and nothing is skipped: see the module.

    Raises UndecidedError where an end of a window is undecided, or too many windows are too narrow.
    """
    width = checked_width(width)
    first, top = math.log(low), surely_holds_from(family, context)
    for _ in range(MAX_WINDOWS):
        if (probe := low * (1 + width) * (1 - HAIR)) > MAX_BASE:
            return None
        if violation_at(family, context, probe) is None:
            window = _measured(family, context, probe, width)
            if isinstance(window, WideWindow):
                return window
            low = window
        else:
            beyond = _jump(family, context, probe)
            if beyond is None:
                return None
            low = beyond
        if progress is not None and top > first:
            progress(int(PARTS * min(1.0, (math.log(low) - first) / (top - first))), PARTS)
    raise UndecidedError(
        f"no window up to base {low:.15g} is that wide: stopped after {MAX_WINDOWS:,}"
    )


def _jump(family: Family, context: int, probe: float) -> float | None:
    """The next base that meets the bound; the probe itself where the sweep cannot tell."""
    try:
        return next_feasible(family, context, probe)
    except UndecidedError:
        return probe


def _measured(family: Family, context: int, base: float, width: float) -> WideWindow | float:
    """The window around a base that meets the bound, or about its end where it is too narrow."""
    x, wide = place(family, base), math.log1p(width)
    low = followed(family, context, x, max(0.0, float(x) - wide - HAIR))
    high = followed(family, context, x, float(x) + wide + HAIR)
    assert low is not None  # no number of steps was set
    assert high is not None
    if high - low < wide - HAIR:
        return math.exp(high)
    window = _settled(family, context, base, float(x) + wide)
    if window.end is None or is_wide(window.start, window.end, width):
        return window
    return window.end


def is_wide(start: float, end: float, width: float) -> bool:
    """Whether end >= start (1 + width), or the width comes to that in float64, as it is shown."""
    exactly = Fraction(end) >= Fraction(start) * (1 + Fraction(width))
    return exactly or end / start - 1 >= width


def _settled(family: Family, context: int, base: float, goal: float) -> WideWindow:
    """The window around a base, with both ends to the last bit."""
    start, opened_by = _start(family, context, base)
    status, end = _end(family, context, base, goal)
    for at in (start, end):
        if at is not None and at > 1 and violation_at(family, context, at) is not None:
            raise UndecidedError(f"base {at!r} is no end of a window: please report it")
    return WideWindow(start, opened_by, status, end)


def _start(family: Family, context: int, base: float) -> tuple[float, int | None]:
    """The smallest float64 of the window around a base, and the distance that opens it."""
    walk = Walk(family, place(family, base), DOWN)
    while walk.x > 0:
        zero = walk.step(context)
        if zero is not None:
            return enclosing_base(walk.precise, zero)[1], zero.distance
    return 1.0, None


def _end(
    family: Family, context: int, base: float, goal: float
) -> tuple[WindowStatus, float | None]:
    """How the window around a base ends, followed to ``goal`` at least."""
    found = window_end(family, context, place(family, base), min(goal + HAIR, X_MAX))
    if found.endless:
        return WindowStatus.ENDLESS, None
    if found.zero is not None:
        return WindowStatus.ENDS, enclosing_base(Precise(family), found.zero)[0]
    return WindowStatus.AT_LEAST, base_at_least(family, found.x)


def in_wide_window(family: Family, context: int, base: float, width: float) -> bool:
    """Whether a base meets the bound in a window with end >= start (1 + width)."""
    if violation_at(family, context, base) is not None:
        return False
    return isinstance(_measured(family, context, base, width), WideWindow)


def first_wide_round_base(
    family: Family, context: int, start: float, digits: int, width: float
) -> float | None:
    """The smallest base >= ``start`` of ``digits`` significant digits in a window that wide."""
    return _first(family, context, start, width, lambda base: round_up(base, digits))


def first_wide_integer_base(family: Family, context: int, start: float, width: float) -> int | None:
    """The smallest integer base >= ``start`` in a window that wide; at least 2."""
    found = _first(family, context, max(start, 2.0), width, lambda base: Decimal(math.ceil(base)))
    return None if found is None else int(found)


def _first(
    family: Family,
    context: int,
    start: float,
    width: float,
    candidate: Callable[[Decimal], Decimal],
) -> float | None:
    def suits(base: float) -> bool:
        """Whether the base is in a window that is wide enough."""
        return in_wide_window(family, context, base, width)

    return first_of(family, context, start, candidate, suits)
