"""Answers from the shipped staircases, which are looked up and never trusted blindly."""

from __future__ import annotations

import math
import warnings
from decimal import Decimal

import numpy as np

from ropecalc.base.answer import Answer
from ropecalc.base.family import Family, family_of
from ropecalc.base.openings import Opening
from ropecalc.base.precise import Precise
from ropecalc.base.roots import zero_beside
from ropecalc.base.rounding import violation_at
from ropecalc.base.solve import infimum
from ropecalc.base.zeros import FIRST_DIGITS
from ropecalc.errors import TableError, TableWarning, UndecidedError
from ropecalc.quick import NEAR_ZERO
from ropecalc.results import Kind, Staircase, Status, Step
from ropecalc.tables import cut, look_up

METHOD = "shipped table of minimum bases"

EVALUATED = 2**24  # up to here a full evaluation takes a tenth of a second


def looked_up(family: Family, context: int, digits: int | None, verify: bool) -> Answer | None:
    """The minimum base from the shipped table, where it reaches and is above 1.

    ``verify``, as well as ``digits``, recomputes the root at the table's distance.
    """
    step = shipped_step("minimum", family, context, evaluate=verify)
    if step is None or not step.distance:
        return None
    text, method = None, METHOD + ", full evaluation" * (context <= EVALUATED)
    if digits is not None or verify:
        agrees, text = _rooted(family, context, step, digits)
        if not agrees:
            disown("minimum", family, context)
            return None
        method = f"{METHOD}, root in multiple precision, full evaluation"
    ends = enclosure(step)
    return Answer(Status.FOUND, step.base, ends, step.distance, text, "table", 0, method)


def _rooted(
    family: Family, context: int, step: Step, digits: int | None
) -> tuple[bool, Decimal | None]:
    """Whether the infimum at a step's distance is the step's own, and its digits."""
    precise = Precise(family, FIRST_DIGITS + (digits or 0))
    try:
        zero = zero_beside(precise, step.distance, math.log(step.base), opens=True)
        found = infimum(family, context, precise, Opening(zero.after, zero), digits)
    except UndecidedError:
        return False, None
    return found.enclosure == enclosure(step), found.digits


def shipped_step(kind: Kind, family: Family, context: int, *, evaluate: bool) -> Step | None:
    """The step of the shipped staircase that answers a context, where there is one.

    None for a head with weights, a margin or unrotated pairs that count. With ``evaluate``, or
    where it costs next to nothing, the base was evaluated in full. A damaged file, or a base that
    breaks the bound, is a TableWarning and None.
    """
    if family.weights is not None or family.margin or family.unrotated_pairs:
        return None
    try:
        step = look_up(kind, family.rotary_dim, context)
    except TableError as error:
        _warn(str(error))
        return None
    evaluate = step is not None and bool(step.distance) and (evaluate or context <= EVALUATED)
    if step is not None and evaluate and violation_at(family, context, step.base) is not None:
        disown(kind, family, context)
        return None
    return step


def reaches(kind: Kind, family: Family, context: int) -> bool:
    """Whether a shipped staircase answers a context; no warning where it is damaged."""
    if family.weights is not None or family.margin or family.unrotated_pairs:
        return False
    try:
        return look_up(kind, family.rotary_dim, context) is not None
    except TableError:  # damaged: reported where it is needed
        return False


def shipped_staircase(kind: Kind, rotary_dim: int, end: int) -> Staircase | None:
    """The shipped staircase up to a context; None where none reaches it.

    S must be zero at each step's critical distance: a damaged table, or one that is not of this
    head, is a TableWarning and None.
    """
    try:
        found = cut(kind, rotary_dim, end)
    except TableError as error:
        _warn(str(error))
        return None
    wrong = None if found is None else _first_wrong(found)
    if wrong is not None:
        disown(kind, family_of(rotary_dim), wrong.context)
        return None
    return found


def _first_wrong(staircase: Staircase) -> Step | None:
    """The first step at whose critical distance S is not near zero, if there is one."""
    if staircase.kind == "recommended":  # what breaks the bound there lies beside the base
        return None
    steps = [step for step in staircase.steps if step.distance]
    bases = np.array([step.base for step in steps])
    distances = np.array([step.distance for step in steps])
    exponents = -2 * np.arange(staircase.rotary_dim // 2) / staircase.rotary_dim
    theta = bases[:, None] ** exponents  # (n_steps, n_pairs)
    there = np.cos(distances[:, None] * theta).sum(axis=1)
    far = np.flatnonzero(~(np.abs(there) < NEAR_ZERO * staircase.rotary_dim))
    return steps[far[0]] if far.size else None


def disown(kind: Kind, family: Family, context: int) -> None:
    """Warn that a shipped staircase gives a wrong base."""
    _warn(
        f"the shipped table of {kind} bases is wrong for rotary_dim {family.rotary_dim} and "
        f"{context:,} tokens: please report it"
    )


def _warn(fact: str) -> None:
    warnings.warn(f"{fact}; the answer comes without it", TableWarning, stacklevel=2)


def enclosure(step: Step) -> tuple[float, float]:
    """The neighbouring float64 values between which the exact base of a step lies."""
    return math.nextafter(step.base, 0.0), step.base
