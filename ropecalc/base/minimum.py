"""The smallest base that meets the bound: the public functions.

What a table answers takes none of the sweep's modules: they are loaded where they are needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from ropecalc.base.answer import Answer
from ropecalc.base.family import Family, family_of
from ropecalc.base.lookup import looked_up, reaches
from ropecalc.errors import UndecidedError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import MinimumBase, SafeStatus, Status, WindowStatus
from ropecalc.similarity import MAX_SEARCH, checked_context
from ropecalc.spectrum import Spectrum, checked_integer

if TYPE_CHECKING:
    from ropecalc.base.room import Room
    from ropecalc.base.safe import SafeBase
    from ropecalc.base.wide import WideWindow

Part = TypeVar("Part")
UNDECIDED_END: tuple[WindowStatus, float | None] = (WindowStatus.UNDECIDED, None)
WIDE = "first window wide enough"  # a part of an answer, in a reason
MAX_DIGITS = 1_000
QUICK_SEARCH = 2**15  # tokens
MAX_ROUND_DIGITS = 17  # a float64 has no more


@isolated
def min_base(
    head_dim: int,
    context: int,
    *,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    round_digits: int | None = 2,
    integer: bool = True,
    window: bool = True,
    digits: int | None = None,
    safe: bool | None = False,
    recommended: bool | None = None,
    min_window: float | None = None,
    use_table: bool = True,
    verify: bool = False,
    progress: Progress | None = None,
) -> MinimumBase:
    """The smallest base with S(m) >= margin * S(0) at every distance 0 <= m < context.

        b_min(L) = inf { b >= 1 : S(m) >= margin S(0) for all integers 0 <= m < L }

    Found by a sweep over all smaller bases, each of which is shown to break the bound at some
    distance; there is no grid. ``minimum_base`` is the smallest float64 that meets the bound, and
    was evaluated in full; the float64 below it breaks the bound. Guaranteed up to the rounding of
    the platform's sine and cosine (assumed good to 4 units in the last place); a larger base need
    not meet the bound (``window_end``).

    Parameters
    ----------
    head_dim : int, even, >= 2
    context : int, 1 to 1,073,741,824, tokens
    rotary_dim : int, even, 2 .. head_dim; head_dim unless given
    weights : rotary_dim / 2 floats >= 0, a weight a rotated pair; 1 each unless given
    count_unrotated : whether the (head_dim - rotary_dim) / 2 unrotated pairs count in S
    margin : float, 0 .. 1
    round_digits : int, 1 .. 17; find the first base of so many significant digits (None: do not)
    integer : find the first integer base
    window : find the end of the first window
    digits : int, 1 .. 1000; give the infimum rounded up to so many significant digits
        (None: do not)
    safe : whether to compute the safe base where no table has it (None: do not look there either)
    recommended : find the recommended base: the first of two digits that meets the bound with all
        bases within 1 % of it. Where unrotated pairs let every base meet the bound: the first
        two-digit base with which the rotated part alone does. None does where that costs little
        beside the answer: from a table, up to 32,768 tokens, or where the minimum was swept for,
        which takes about as long; elsewhere ``unsearched`` is true
    min_window : float, 1e-9 .. 1; find the first window [s, e] with e >= s (1 + min_window), the
        endless one included; the round and the integer base are then the first that lie in a
        window so wide (None: do not)
    use_table : answer from the shipped tables where they reach: no weights, no margin, no unrotated
        pairs that count; what they say of the minimum base is evaluated in full up to 2^24 tokens,
        and swept for instead where it fails (a TableWarning)
    verify : where the answer comes from a table, evaluate it in full whatever that costs, and work
        out the zero of S at the critical distance again
    progress : called with (contexts answered so far, context), then for the safe base with
        (parts of the way done, parts in all)

    Returns
    -------
    MinimumBase, with status FOUND; EVERY_BASE where nothing breaks the bound (minimum_base 1);
    NO_BASE where no base up to 1e300 meets it.

    Raises
    ------
    InvalidValueError
        A parameter outside its domain.
    UndecidedError
        The minimum base itself is undecided: a similarity touches zero to hundreds of digits, or
        the first window holds no float64. Where that befalls another part, the part is None and
        ``undecided`` says why.

    References
    ----------
    [Men2024] eq. 11; [Su2024].

    >>> found = min_base(128, 4096)
    >>> round(found.minimum_base, 4), found.critical_distance, found.round_base
    (26952.3392, 4012, 29000.0)
    >>> found.recommended_base
    48000.0
    >>> round(min_base(128, 4096, min_window=1e-3).wide_start, 4)
    28628.6854
    >>> min_base(128, 0)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: context must be an integer from 1 to 1,073,741,824 ...
    """
    family = family_of(head_dim, rotary_dim, weights, count_unrotated, margin)
    context = checked_context(context, MAX_SEARCH)
    if digits is not None:
        digits = checked_integer("digits", digits, 1, MAX_DIGITS)
    if round_digits is not None:
        round_digits = checked_integer("round_digits", round_digits, 1, MAX_ROUND_DIGITS)
    min_window = _checked_width(min_window)
    answer = looked_up(family, context, digits, verify) if use_table else None
    if answer is None:
        from ropecalc.base.solve import swept

        answer = swept(family, context, digits, progress)
    start = answer.base
    doubts = _Doubts()
    window_status, end = WindowStatus.NOT_SOUGHT, None
    if window and start is not None:
        from ropecalc.base.solve import first_window

        window_status, end = doubts.settle(
            "end of the first window",
            lambda: first_window(family, context, start),
            UNDECIDED_END,
        )
    wide = doubts.settle(WIDE, lambda: _wide(family, context, start, min_window, progress), None)
    least = wide.start if wide else start if min_window is None else None
    if answer.status is Status.EVERY_BASE:
        least = None  # no base is the first one: a rounded one is no recommendation
    safest = None
    if safe is not None:
        endless = window_status is WindowStatus.ENDLESS
        safest = doubts.settle(
            "safe base",
            lambda: _safest(family, context, answer, endless, safe, use_table, verify, progress),
            None,
        )
    round_base = doubts.settle(
        "round base", lambda: _round(family, context, least, round_digits, min_window), None
    )
    integer_base = doubts.settle(
        "integer base",
        lambda: _integer(family, context, least, min_window) if integer else None,
        None,
    )
    unsearched = recommended is None and not _is_at_hand(family, context, answer, use_table)
    sought = recommended is not False and not unsearched
    best = doubts.settle(
        "recommended base",
        lambda: _recommended(family, context, answer, use_table, progress) if sought else None,
        None,
    )
    unknown: tuple[float | None, float | None] = None, None
    alone = doubts.settle(
        "rotated part",
        lambda: _alone(family, context, answer, use_table, progress) if sought else unknown,
        unknown,
    )
    undecided = SafeStatus.NOT_COMPUTED if safe is None else SafeStatus.UNDECIDED
    return MinimumBase(
        head_dim=family.head_dim,
        rotary_dim=family.rotary_dim,
        count_unrotated=count_unrotated,
        weighted=weights is not None,
        context=context,
        margin=margin,
        status=answer.status,
        minimum_base=start,
        enclosure=answer.enclosure,
        minimum_base_digits=answer.digits,
        critical_distance=answer.distance,
        window_status=window_status,
        window_end=end,
        round_digits=round_digits,
        round_base=round_base,
        integer_base=integer_base,
        safe_status=safest.status if safest else undecided,
        safe_base=safest.base if safest else None,
        safe_distance=safest.distance if safest else None,
        source=answer.source,
        steps=answer.steps,
        method=answer.method,
        min_window=min_window,
        wide_status=wide.status if wide else doubts.status_of(WIDE),
        wide_start=wide.start if wide else None,
        wide_end=wide.end if wide else None,
        wide_distance=wide.opened_by if wide else None,
        recommended_base=best,
        rotated_part_base=alone[0],
        rotated_part_round_base=alone[1],
        unsearched=unsearched,
        undecided=doubts.told,
    )


def _is_at_hand(family: Family, context: int, answer: Answer, use_table: bool) -> bool:
    """Whether a recommended base, or one of the rotated part alone, costs no more than the answer.

    A search takes a second up to 32,768 tokens, and about as long as a sweep for the minimum.
    """
    if context <= QUICK_SEARCH:
        return True
    if answer.status is Status.EVERY_BASE:
        part = replace(family, count_unrotated=False)
        return not family.unrotated_pairs or (use_table and reaches("recommended", part, context))
    return answer.source != "table" or reaches("recommended", family, context)


def _recommended(
    family: Family, context: int, answer: Answer, use_table: bool, progress: Progress | None
) -> float | None:
    """The recommended base; none where every base meets the bound."""
    if answer.base is None or answer.status is Status.EVERY_BASE:
        return None
    from ropecalc.base.recommended import recommended_base

    return recommended_base(family, context, answer.base, use_table=use_table, progress=progress)


def _alone(
    family: Family, context: int, answer: Answer, use_table: bool, progress: Progress | None
) -> tuple[float | None, float | None]:
    """The recommended base of the rotated part alone, where every base meets the bound.

    Beside it the first base of two digits.
    """
    if answer.status is not Status.EVERY_BASE or not family.unrotated_pairs:
        return None, None
    part = replace(family, count_unrotated=False)
    found = looked_up(part, context, None, False) if use_table else None
    if found is None:
        from ropecalc.base.solve import swept

        found = swept(part, context, None, progress)
    best = _recommended(part, context, found, use_table, progress)
    return best, _round(part, context, found.base, 2, None)


class _Doubts:
    """The parts of an answer that could not be decided."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def settle(self, part: str, find: Callable[[], Part], otherwise: Part) -> Part:
        """What ``find`` finds; ``otherwise``, and a reason, where it is undecided."""
        try:
            return find()
        except UndecidedError as error:
            self._reasons[part] = str(error)
            return otherwise

    def status_of(self, part: str) -> WindowStatus:
        """The status of a window that was not found."""
        return WindowStatus.UNDECIDED if part in self._reasons else WindowStatus.NOT_SOUGHT

    @property
    def told(self) -> str | None:
        """All of them in words, if there are any."""
        return "; ".join(f"{part}: {why}" for part, why in self._reasons.items()) or None


def _wide(
    family: Family,
    context: int,
    start: float | None,
    width: float | None,
    progress: Progress | None,
) -> WideWindow | None:
    """The first window wide enough, where one was asked for."""
    if start is None or width is None:
        return None
    from ropecalc.base.wide import first_wide_window

    return first_wide_window(family, context, start, width, progress)


def _round(
    family: Family,
    context: int,
    start: float | None,
    digits: int | None,
    width: float | None,
) -> float | None:
    if start is None or digits is None:
        return None
    from ropecalc.base.rounding import first_round_base
    from ropecalc.base.wide import first_wide_round_base

    if width is None:
        return first_round_base(family, context, start, digits)
    return first_wide_round_base(family, context, start, digits, width)


def _integer(family: Family, context: int, start: float | None, width: float | None) -> int | None:
    if start is None:
        return None
    from ropecalc.base.rounding import first_integer_base
    from ropecalc.base.wide import first_wide_integer_base

    if width is None:
        return first_integer_base(family, context, start)
    return first_wide_integer_base(family, context, start, width)


def _checked_width(width: float | None) -> float | None:
    if width is None:
        return None
    from ropecalc.base.wide import checked_width

    return checked_width(width)


def _safest(
    family: Family,
    context: int,
    answer: Answer,
    endless: bool,
    compute: bool,
    use_table: bool,
    verify: bool,
    progress: Progress | None,
) -> SafeBase:
    """The safe base from where it can be had; ``endless``: no base from the minimum on fails."""
    from ropecalc.base.safe import SafeBase, computed_safe_base, shipped_safe_base

    known = shipped_safe_base(family, context, verify=verify) if use_table else None
    if known is not None:
        return known
    if answer.base is None:
        return SafeBase(SafeStatus.UNKNOWN)
    if endless:
        return SafeBase(SafeStatus.COMPUTED, answer.base, answer.distance)
    if compute:
        return computed_safe_base(family, context, answer.base, progress)
    return SafeBase(SafeStatus.NOT_COMPUTED)


def known_bases(
    spectrum: Spectrum, context: int, margin: float
) -> tuple[float | None, float | None]:
    """The smallest float64 base above a spectrum's own that meets the bound; one with room.

    Each where a shipped table has it.
    """
    from ropecalc.base.recommended import known_base

    base, family = _float_at_least(spectrum.base or Decimal(1)), _family(spectrum, margin)
    least = looked_up(family, context, None, verify=False)
    roomy = known_base(family, context)
    above = None if least is None or least.base is None or least.base <= base else least.base
    return above, None if roomy is None or roomy <= base else roomy


def next_base(
    spectrum: Spectrum,
    context: int,
    margin: float,
    min_window: float | None = None,
    progress: Progress | None = None,
) -> float | None:
    """The smallest float64 base above a spectrum's own that meets the bound, if there is one.

    With ``min_window`` the first that lies in a window so wide: its start.
    """
    base = _float_at_least(spectrum.base or Decimal(1))
    if min_window is not None:
        from ropecalc.base.wide import first_wide_window

        found = first_wide_window(_family(spectrum, margin), context, base, min_window, progress)
        return None if found is None else found.start
    from ropecalc.base.rounding import next_feasible

    above, _ = known_bases(spectrum, context, margin)  # no smaller one meets the bound
    return above or next_feasible(_family(spectrum, margin), context, base, progress)


def next_recommended_base(
    spectrum: Spectrum,
    context: int,
    margin: float,
    above: float | None,
    progress: Progress | None = None,
) -> float | None:
    """The first two-digit base from ``above`` up that meets the bound with 1 % of room."""
    if above is None:
        return None
    from ropecalc.base.recommended import recommended_base

    return recommended_base(_family(spectrum, margin), context, above, progress=progress)


def _float_at_least(base: Decimal) -> float:
    """The smallest float64 that is no less than a base."""
    near = float(base)
    return near if near >= base else math.nextafter(near, math.inf)


def room(spectrum: Spectrum, context: int, margin: float, limit: float) -> Room:
    """How far a plain spectrum's base, which meets the bound, may be moved, up to a limit."""
    from ropecalc.base.room import room_around

    return room_around(_family(spectrum, margin), context, spectrum.base or Decimal(1), limit)


def _family(spectrum: Spectrum, margin: float) -> Family:
    return Family(
        spectrum.head_dim,
        spectrum.rotary_dim,
        spectrum.weights,
        spectrum.count_unrotated,
        margin,
    )
