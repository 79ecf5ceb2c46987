"""The minimum base as the shipped tables have it: one number, without numpy."""

from __future__ import annotations

import math

from ropecalc.errors import TableError
from ropecalc.tables import look_up

NEAR_ZERO = 1e-5  # of S there; rounding at a million tokens and 128 pairs makes under 1e-7


def shipped_minimum(rotary_dim: int, context: int) -> float | None:
    """The smallest float64 that meets the bound, from a table; None where ``min_base`` has to look.

    S must be zero at the table's critical distance, which a damaged table fails. That every other
    distance keeps the bound is not evaluated again here: ``min_base`` does that, and the tests did.

    >>> shipped_minimum(128, 4096), shipped_minimum(66, 4096)
    (26952.33922785787, None)
    """
    try:
        step = look_up("minimum", rotary_dim, context)
    except TableError:
        return None
    if step is None or not step.distance or step.base <= 1:
        return None
    theta = (step.base ** (-2 * i / rotary_dim) for i in range(rotary_dim // 2))
    there = math.fsum(math.cos(step.distance * angle) for angle in theta)
    return step.base if abs(there) < NEAR_ZERO * rotary_dim else None
