"""The smallest scaling factor that meets the bound: the sweep over factors instead of bases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import NamedTuple

from ropecalc.base.answer import Answer
from ropecalc.base.room import DIGITS as ROUND_DIGITS
from ropecalc.base.room import has_room, wide_base
from ropecalc.base.rounding import first_of, round_up
from ropecalc.base.scaled import FAMILIES, ScaledFamily
from ropecalc.base.solve import base_at_least, first_window, swept
from ropecalc.base.starts import known_start
from ropecalc.base.sweep import Sweep
from ropecalc.bound import checked_margin, scan
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.progress import Progress
from ropecalc.results import FactorStatus, MinimumFactor, Rope, Status, WindowStatus
from ropecalc.scaling.domains import checked_weights
from ropecalc.similarity import MAX_SEARCH, checked_context
from ropecalc.spectrum import checked_integer

METHODS = (*FAMILIES, "dynamic")
METHOD = "first-violation sweep from factor 1, root in multiple precision, full evaluation"
MAX_DIGITS = 1_000
EXACT = 80  # digits: more than a step of ``first_of`` has
MAX_ROUND_DIGITS = 17  # a float64 has no more
STATUSES = {
    Status.FOUND: FactorStatus.FOUND,
    Status.EVERY_BASE: FactorStatus.ONE_IS_ENOUGH,
    Status.NO_BASE: FactorStatus.NO_FACTOR,
}


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
    context : int, 1 .. 2^30, tokens; dynamic: the length, beyond its original context
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
    found = search(rope, context, checked_weights(weights), count_unrotated, margin)
    answer = found.answer(context, digits, progress)
    start = answer.base
    status, end = WindowStatus.NOT_SOUGHT, None
    if window and start is not None and found.growth == 0:
        status = WindowStatus.ENDLESS
    elif window and start is not None:
        status, end = first_window(found.family, context, start)
    above, wide = start if answer.status is Status.FOUND and start != 1 else None, None
    if recommended and above is not None:
        wide = _recommended(found, context, above, progress)
    ratio = _ratio(rope.original_context or original_context or rope.context, context)
    given = rope.parameters.get("factor")
    one = answer.status is Status.FOUND and start == 1
    return MinimumFactor(
        rope=rope,
        context=context,
        margin=found.family.margin,
        count_unrotated=count_unrotated,
        weighted=weights is not None,
        status=FactorStatus.ONE_IS_ENOUGH if one else STATUSES[answer.status],
        minimum_factor=found.factor(start),
        enclosure=found.ends(answer.enclosure),
        minimum_factor_digits=answer.digits if found.growth is None else None,
        critical_distance=answer.distance,
        window_status=status,
        window_end=found.factor(end),
        recommended_factor=found.nearest(wide),
        round_digits=round_digits,
        round_factor=found.nearest(_round(found, context, above, round_digits)),
        ratio=ratio,
        ratio_violation=found.violation(context, ratio),
        given_factor=None if given is None else float(given),
        given_violation=found.violation(context, given),
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
    """The ``recommended_factor`` of ``min_factor`` alone, of a method whose sweep is over factors.

    None also where it is undecided.
    """
    found = search(rope, context, checked_weights(weights), count_unrotated, 0.0)
    sweep = Sweep(found.family, context, jump=known_start(found.family, context))
    try:
        landing = sweep.run(progress)
    except UndecidedError:
        return None
    if landing is None or landing.x == 0:
        return None
    return found.nearest(_recommended(found, context, base_at_least(landing.x), progress))


class Search(NamedTuple):
    """A family to sweep over, and how its parameter becomes a factor."""

    family: ScaledFamily
    growth: float | None = None
    """Of dynamic scaling, L'/L - 1: its base is NTK-aware scaling's with the factor s L'/L - s + 1.
    """

    def answer(self, context: int, digits: int | None, progress: Progress | None) -> Answer:
        """The sweep's; up to its original context dynamic scaling changes nothing."""
        if self.growth != 0:
            start = known_start(self.family, context)
            return swept(self.family, context, digits, progress, start)
        holds = self.violation(context, 1.0) is None
        status, base = (Status.EVERY_BASE, 1.0) if holds else (Status.NO_BASE, None)
        return Answer(status, base, None, None, None, "sweep", 0, METHOD)

    def factor(self, at: float | None) -> float | None:
        """The method's own factor: the smallest float64 that gives at least ``at``."""
        if at is None or self.growth is None:
            return at
        exact = (Decimal(at) - 1) / Decimal(self.growth) if self.growth else Decimal(1)
        near = float(exact)
        return near if near >= exact else math.nextafter(near, math.inf)

    def nearest(self, at: float | None) -> float | None:
        """The method's own factor at a parameter that ``round_up`` gave: it has few digits."""
        factor = self.factor(at)
        return factor if factor is None or self.growth is None else float(f"{factor:.15g}")

    def round_up(self, at: Decimal, digits: int) -> Decimal:
        """The family's parameter at the first factor of so many digits from one on."""
        if self.growth is None:
            return round_up(at, digits)
        with localcontext(prec=EXACT):
            growth = Decimal(self.growth or 1)
            return round_up((at - 1) / growth, digits) * growth + 1

    def ends(self, enclosure: tuple[float, float] | None) -> tuple[float, float] | None:
        """The two float64 values around the infimum."""
        high = self.factor(None if enclosure is None else enclosure[1])
        if enclosure is None or high is None or self.growth is None:
            return enclosure
        return math.nextafter(high, 0.0), high

    def violation(self, context: int, factor: float | None) -> int | None:
        """The first violation with a factor; None without one."""
        if factor is None or factor < 1:
            return None
        at = factor if self.growth is None else factor * self.growth + 1
        spectrum = self.family.spectrum(at)
        return scan(
            spectrum, 0, context, margin=self.family.margin, first_only=True
        ).first_violation


def search(
    rope: Rope,
    context: int,
    weights: tuple[float, ...] | None,
    count_unrotated: bool,
    margin: float,
) -> Search:
    """The family of a rope's method, and what its factor is; checks everything but the context."""
    if rope.rope_type not in METHODS:
        known = ", ".join(METHODS).replace("_", "-")
        raise InvalidValueError(
            "rope_type", f"rope_type must be one of {known}, such as yarn, got {rope.rope_type}"
        )
    growth, swept_rope = None, rope
    if rope.rope_type == "dynamic":
        original = rope.original_context or rope.context
        if original is None:
            raise InvalidValueError(
                "original_context", "original_context is needed for dynamic scaling"
            )
        growth = max(context / original - 1, 0.0)
        swept_rope = replace(rope, rope_type="ntk_aware", parameters={})
    family = FAMILIES[swept_rope.rope_type](
        head_dim=rope.head_dim,
        rotary_dim=rope.rotary_dim,
        weights=weights,
        count_unrotated=count_unrotated,
        margin=checked_margin(margin),
        rope=swept_rope,
        length=context,
    )
    family.spectrum(1)  # whose checks are those of the method
    return Search(family, growth)


def _ratio(original: int | None, context: int) -> float | None:
    """Target over original context, where the target is the longer."""
    return None if not original or original >= context else context / original


def _recommended(
    search: Search, context: int, start: float, progress: Progress | None
) -> float | None:
    """The first two-digit factor with room, as the family's own parameter."""
    try:
        if search.growth is None:
            return wide_base(search.family, context, start, progress)
        return first_of(
            search.family,
            context,
            start,
            lambda at: search.round_up(at, ROUND_DIGITS),
            lambda at: has_room(search.family, context, at),
        )
    except UndecidedError:
        return None


def _round(search: Search, context: int, start: float | None, digits: int | None) -> float | None:
    """The first factor of so many digits that meets the bound, as the family's own parameter."""
    if start is None or digits is None:
        return None
    return first_of(search.family, context, start, lambda at: search.round_up(at, digits))


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
    found = search(rope, context, checked_weights(weights), count_unrotated, margin)
    return [found.violation(context, factor) for factor in factors]
