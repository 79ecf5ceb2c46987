"""Whole bases, for stacks that take no others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.results import Rope


def whole_base(rope: Rope, context: int, reason: str) -> tuple[int, list[str]]:
    """The whole base in the place of the rope's, and what is to say about it.

    It is the next one up, or the next one down where the rope's own base meets the bound at
    ``context`` tokens and the one above it does not, since a window ends between them. Where
    neither does, that is said. ``reason`` begins the sentence.
    """
    own = float(rope.base)
    if own.is_integer():
        return int(own), []
    up = math.ceil(own)
    found = up
    if rope.rope_type == "default" and _holds(rope, own, context):
        beside = (up, max(up - 1, 2))
        found = next((base for base in beside if _holds(rope, base, context)), 0)
    why = [f"{reason}: {found or up} in the place of {own!r}"]
    if not found:
        why.append(f"{up} breaks the bound at {context:,} tokens, unlike {own!r}")
    return found or up, why


def _holds(rope: Rope, base: float, context: int) -> bool:
    from ropecalc.checking import check
    from ropecalc.scaling import as_spectrum

    spectrum = as_spectrum(base, rope.head_dim, rope.rotary_dim)
    return check(spectrum, context, next_base=False, room=False).holds
