"""transformers 4: keys of a ``config.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.models import classes
from ropecalc.stacks.keys import (
    by_own_length,
    expressible,
    fixed_length,
    four,
    is_nested,
    model_type,
    nested_in_text,
    own_kind,
    remarks,
)
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    text = pretty(nested_in_text(goal, by_own_length(goal, four(goal))))
    why = fixed_length(goal)
    if is_nested(goal) and not _by_class(goal):
        # Gemma 3 and OLMo 3 scale full attention alone; others have one rope_scaling for all
        why.append(
            "transformers 4 has one rope_scaling for all layers: this model's other layers would "
            "get it too"
        )
    note = "put the keys into config.json; a null rope_scaling takes an old one away"
    return Written("json", text, why, [*remarks(goal, expressible(goal)), note])


def _by_class(goal: Wanted) -> bool:
    own = model_type(goal)
    known = classes.class_or_any(own).scaling == "full" or classes.reads_by_kind_alone(own)
    plain = all(rope.rope_type == "default" for rope in goal.others)
    return known and own_kind(goal) and plain
