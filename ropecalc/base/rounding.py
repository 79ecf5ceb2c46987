"""Bases that people write down: few digits, or an integer. Each is checked by a full evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal
from math import inf, nextafter

import numpy as np

from ropecalc.base.boxes import WIDTH, WIDTHS, Boxes
from ropecalc.base.family import X_MAX, Family
from ropecalc.base.openings import Opening, next_opening
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.roots import enclosing_base, enclosing_floats
from ropecalc.base.sweep import Jump, Sweep
from ropecalc.base.zeros import FIRST_DIGITS, Zero
from ropecalc.bound import first_broken
from ropecalc.exact import Real, context_with
from ropecalc.progress import Progress
from ropecalc.scaling import MAX_BASE, MIN_BASE, Base
from ropecalc.similarity import UNIT

NEXT = Context(prec=40)  # of numbers just above a base: not the caller's
TRIES = 64  # candidates in a row to look at one by one, before the sweep jumps to the next window
HAIR = 1e-12  # relative: more than exp and its argument are off by
SPARSE_DIGITS, SPARSE = 2, 4  # up to this many digits a jump over TRIES candidates is a long way


def violation_at(family: Family, context: int, base: Base) -> int | None:
    """The first violation of one base below ``context``, by a full evaluation; None: no such.

    In single precision ``Boxes`` of neighbours clear most distances, and the others are evaluated.
    """
    x = float(family.place(float(base), math))
    start = 0
    for width, end in WIDTHS:
        stop = min(end, context)
        boxes = _boxes_at(family, x, stop, width)
        for strip in boxes.strips(start, stop):
            doubtful = boxes.strip(*strip).distances
            if doubtful.size:
                found = first_broken(family.spectrum(base), doubtful, family.margin)
                if found is not None:
                    return found
        if stop == context:
            break
        start = stop
    return None


def _boxes_at(family: Family, x: float, context: int, width: int = WIDTH) -> Boxes:
    """Boxes at an x or what it was rounded from."""
    off = 16 * UNIT * max(1.0, x)
    return Boxes(family, max(0.0, x - off), 2 * off, context, width=width)


def ends_at(family: Family, precise: Precise, context: int, base: float, zero: Zero | None) -> bool:
    """Whether all distances keep the bound at a base where a window may end.

    Boxes clear most of them, double precision most of the others, multiple precision tells of the
    rest. That of the ``zero`` beside the base is not among them: it has certain signs about it.
    """
    x = family.place(base, math)
    boxes = _boxes_at(family, x, context)
    near = boxes.near(context).distances
    value, _, error, _ = family.slopes(near, np.full(near.size, x))
    error += near * boxes.bounds.steepness * 8 * UNIT * max(1.0, x)  # for the rounding of x
    doubtful = set(near[value <= error].tolist()) - {zero and zero.distance}
    exactly = place(family, base) if doubtful else x
    return all(precise.keeps(distance, exactly) for distance in doubtful)


def surely_breaks(family: Family, context: int, base: Base) -> bool:
    """Whether a distance certainly breaks the bound: no evaluation in full, but most bases fail it.

    Distances are examined in single precision, the likeliest first.
    """
    return Sweep(family, context, x=family.near(base)).likely_witness() is not None


def next_feasible(
    family: Family, context: int, base: float, progress: Progress | None = None
) -> float | None:
    """The smallest float64 base >= ``base`` that meets the bound; None where none does to 1e300."""
    while base <= MAX_BASE:
        if violation_at(family, context, base) is None:
            return base
        x, precise = place(family, base), Precise(family)
        sweep = Sweep(family, context, x=max(0.0, float_at_most(x)))
        opening = next_opening(sweep, precise, x, progress)
        if opening is None:
            return None
        # A window narrower than the step of float64 may hold no float64: go on from there.
        base = max(nextafter(base, inf), opening_floats(precise, opening)[1])
    return None


def opening_floats(precise: Precise, opening: Opening) -> tuple[float, float]:
    """The neighbouring float64 values low < base <= high around the base of an opening above 1."""
    if opening.zero is not None:
        return enclosing_base(precise, opening.zero)
    mp = context_with(precise.digits + 20)
    return enclosing_floats(precise.family.member(opening.x, mp))


def place(family: Family, base: Base) -> Real:
    """x of a base, in multiple precision."""
    mp = context_with(2 * FIRST_DIGITS)
    return family.place(mp.mpf(str(base) if isinstance(base, Decimal) else base), mp)


def first_round_base(family: Family, context: int, start: float, digits: int) -> float | None:
    """The smallest base >= ``start`` of ``digits`` significant digits that meets the bound."""
    sparse = digits <= SPARSE_DIGITS
    return first_of(family, context, start, lambda base: round_up(base, digits), sparse=sparse)


def first_integer_base(family: Family, context: int, start: float) -> int | None:
    """The smallest integer base >= ``start`` that meets the bound; at least 2."""
    found = first_of(family, context, max(start, 2.0), lambda base: Decimal(math.ceil(base)))
    return None if found is None else int(found)


def first_of(
    family: Family,
    context: int,
    start: float,
    candidate: Callable[[Decimal], Decimal],
    suits: Callable[[float], bool] | None = None,
    *,
    sparse: bool = False,
    jump: Jump | None = None,
) -> float | None:
    """The smallest value of ``candidate`` at or above ``start`` that meets the bound, and suits.

    Whatever the distance that breaks the bound at one candidate also breaks is passed over.
    ``sparse`` candidates lie so far apart that looking at one costs less than a sweep to the next.
    """
    tries = SPARSE * TRIES if sparse else TRIES
    suits = suits or (lambda base: violation_at(family, context, base) is None)
    at = Decimal(repr(float(max(start, MIN_BASE))))  # that number as it is written: 1.3, 1e100
    tried, sweep = 0, Sweep(family, context, jump=jump)
    while (base := float(number := candidate(at))) <= MAX_BASE:
        tried += 1
        sweep.x = family.near(base)
        broken = base > 1 and sweep.pass_likely()
        if base > 1 and not broken and suits(base):
            return base
        at = number.next_plus(NEXT)  # the number itself: its float64 may lie below it
        if sweep.x > X_MAX:
            return None
        if broken:  # and so is all that comes before
            at = max(at, Decimal(family.member(sweep.x, math) * (1 - HAIR)))
        if tried % tries == 0:
            window = next_feasible(family, context, base)
            if window is None:
                return None
            at = max(at, Decimal(window))
    return None


def round_up(value: Decimal | float, digits: int) -> Decimal:
    """A number rounded up to ``digits`` significant digits, as a decimal.

    >>> round_up(629978.2629, 2)
    Decimal('6.3E+5')
    """
    return Context(prec=digits, rounding=ROUND_CEILING).plus(Decimal(value))
