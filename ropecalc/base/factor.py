"""The smallest scaling factor that meets the bound: the sweep over factors instead of bases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ropecalc.base.answer import Answer
from ropecalc.base.room import wide_base
from ropecalc.base.rounding import first_round_base, surely_breaks, violation_at
from ropecalc.base.scaled import FAMILIES, ScaledFamily
from ropecalc.base.solve import first_window, swept
from ropecalc.base.starts import known_start
from ropecalc.base.sweep import Jump
from ropecalc.bound import checked_margin
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import FactorStatus, MinimumFactor, Rope, Status, WindowStatus
from ropecalc.results.configs import check_rope
from ropecalc.scaling.domains import checked_weights
from ropecalc.similarity import MAX_SEARCH, checked_context
from ropecalc.spectrum import checked_integer

METHOD = "first-violation sweep from factor 1, root in multiple precision, full evaluation"
MAX_DIGITS = 1_000
MAX_ROUND_DIGITS = 17  # a float64 has no more
STATUSES = {
    Status.FOUND: FactorStatus.FOUND,
    Status.EVERY_BASE: FactorStatus.ONE_IS_ENOUGH,
    Status.NO_BASE: FactorStatus.NO_FACTOR,
}


@isolated
def min_factor(
    rope: Rope,
    context: int,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    original_context: int | None = None,
    round_digits: int | None = None,
    digits: int | None = None,
    window: bool = True,
    recommended: bool = True,
    progress: Progress | None = None,
) -> MinimumFactor:
    """The smallest scaling factor with S(m) >= margin * S(0) at every distance 0 <= m < context.

        s_min(L) = inf { s >= 1 : S(m) >= margin S(0) for all integers 0 <= m < L }

    S being that of the scaled frequencies. Found by the sweep of ``min_base``, over factors: each
    smaller factor is shown to break the bound at some distance. There is no grid.
    ``minimum_factor`` is the smallest float64 that meets the bound, and was evaluated in full; the
    float64 below it breaks the bound. A larger factor need not meet it (``window_end``).

    Parameters
    ----------
    rope : Rope, with a ``rope_type`` of linear, yarn, llama3, ntk_aware or dynamic and its
        parameters; a factor among them is compared, and does not change the answer
    context : int, 1 to 1,073,741,824, tokens; dynamic: the length, beyond its original context
    weights : rotary_dim / 2 floats >= 0, a weight a rotated pair; 1 each unless given
    count_unrotated : whether unrotated pairs count in S
    margin : float, 0 .. 1
    original_context : tokens; for ``ratio``, where the method itself has none
    round_digits : int, 1 .. 17; find the first factor of so many significant digits that meets it
    digits : int, 1 .. 1000; give the infimum rounded up to so many significant digits
    window : find the end of the window of factors that the minimum opens
    recommended : find the first two-digit factor with 1 % of room to either side
    progress : called with (contexts answered so far, context)

    Raises
    ------
    InvalidValueError
        A parameter outside its domain, or a method without a factor that can grow.
    UndecidedError
        A similarity touches zero to hundreds of digits.

    >>> yarn = Rope("all", "yarn", 1e6, 128, 128, {"original_context": 4096})
    >>> found = min_factor(yarn, 65_536)
    >>> found.minimum_factor is not None and found.minimum_factor > 1
    True
    """
    context = checked_context(context, MAX_SEARCH)
    if digits is not None:
        digits = checked_integer("digits", digits, 1, MAX_DIGITS)
    if round_digits is not None:
        round_digits = checked_integer("round_digits", round_digits, 1, MAX_ROUND_DIGITS)
    check_rope(rope)
    family = family_of(rope, context, checked_weights(weights), count_unrotated, margin)
    answer = _answer(family, context, digits, progress)
    start = answer.base
    status, end = WindowStatus.NOT_SOUGHT, None
    if window and start is not None and _is_idle(family):
        status = WindowStatus.ENDLESS
    elif window and start is not None:
        status, end = first_window(family, context, start)
    above = start if answer.status is Status.FOUND and start != 1 else None
    wide, round_factor = None, None
    if recommended and above is not None:
        wide = _recommended(family, context, above, progress)
    if round_digits is not None and above is not None:
        round_factor = first_round_base(family, context, above, round_digits)
    ratio = _ratio(rope.original_context or original_context or rope.context, context)
    given = rope.parameters.get("factor")
    one = answer.status is Status.FOUND and start == 1
    return MinimumFactor(
        rope=rope,
        context=context,
        margin=family.margin,
        count_unrotated=count_unrotated,
        weighted=weights is not None,
        status=FactorStatus.ONE_IS_ENOUGH if one else STATUSES[answer.status],
        minimum_factor=start,
        enclosure=answer.enclosure,
        minimum_factor_digits=answer.digits,
        critical_distance=answer.distance,
        window_status=status,
        window_end=end,
        recommended_factor=wide,
        round_digits=round_digits,
        round_factor=round_factor,
        ratio=ratio,
        ratio_violation=_violation(family, context, ratio),
        given_factor=None if given is None else float(given),
        given_violation=_violation(family, context, given),
        steps=answer.steps,
        method=METHOD,
    )


def recommended_factor(
    rope: Rope,
    context: int,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    progress: Progress | None = None,
) -> float | None:
    """The ``recommended_factor`` of ``min_factor`` alone.

    None also where it is undecided.
    """
    family = family_of(rope, context, checked_weights(weights), count_unrotated, 0.0)
    if not surely_breaks(family, context, 1.0) and violation_at(family, context, 1.0) is None:
        return None
    return _recommended(family, context, 1.0, progress, known_start(family, context))


def family_of(
    rope: Rope,
    context: int,
    weights: tuple[float, ...] | None,
    count_unrotated: bool,
    margin: float,
) -> ScaledFamily:
    """The family of a rope's method; checks everything but the context."""
    if rope.rope_type not in FAMILIES:
        known = ", ".join(FAMILIES).replace("_", "-")
        raise InvalidValueError(
            "rope_type", f"rope_type must be one of {known}, such as yarn, got {rope.rope_type}"
        )
    if rope.rope_type == "dynamic":
        original = rope.original_context or rope.context
        if original is None:
            raise InvalidValueError(
                "original_context", "original_context is needed for dynamic scaling"
            )
        rope = replace(rope, parameters={**rope.parameters, "original_context": original})
    family = FAMILIES[rope.rope_type](
        head_dim=rope.head_dim,
        rotary_dim=rope.rotary_dim,
        weights=weights,
        count_unrotated=count_unrotated,
        margin=checked_margin(margin),
        rope=rope,
        length=context,
    )
    family.spectrum(1)  # whose checks are those of the method
    return family


def _answer(
    family: ScaledFamily, context: int, digits: int | None, progress: Progress | None
) -> Answer:
    """The sweep's, or that of one evaluation where no factor changes anything."""
    if not _is_idle(family):
        return swept(family, context, digits, progress, known_start(family, context))
    holds = violation_at(family, context, 1.0) is None
    status, base = (Status.EVERY_BASE, 1.0) if holds else (Status.NO_BASE, None)
    return Answer(status, base, None, None, None, "sweep", 0, METHOD)


def _is_idle(family: ScaledFamily) -> bool:
    """Up to its original context dynamic scaling changes nothing."""
    assert family.rope is not None
    return family.rope.rope_type == "dynamic" and not family.growth


def _violation(family: ScaledFamily, context: int, factor: float | None) -> int | None:
    """The first violation with a factor; None without one."""
    return None if factor is None or factor < 1 else violation_at(family, context, factor)


def _ratio(original: int | None, context: int) -> float | None:
    """Target over original context, where the target is the longer."""
    return None if not original or original >= context else context / original


def _recommended(
    family: ScaledFamily,
    context: int,
    start: float,
    progress: Progress | None,
    jump: Jump | None = None,
) -> float | None:
    """The first two-digit factor with room; None where that is in doubt."""
    try:
        return wide_base(family, context, start, progress, jump)
    except UndecidedError:
        return None


def violations_of(
    rope: Rope,
    context: int,
    factors: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
) -> list[int | None]:
    """The first violation below the context with each of several factors; None: it has none.

    >>> yarn = Rope("all", "yarn", 1e6, 128, 128, {"original_context": 4096})
    >>> violations_of(yarn, 65_536, [1.0, 100.0])
    [27115, None]
    """
    family = family_of(rope, context, checked_weights(weights), count_unrotated, margin)
    return [_violation(family, context, factor) for factor in factors]
