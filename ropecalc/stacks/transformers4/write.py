"""transformers 4: keys of a ``config.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.models import classes
from ropecalc.stacks.keys import (
    expressible,
    fixed_length,
    four,
    is_nested,
    is_phi3,
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
    text = pretty(nested_in_text(goal, four(goal)))
    why = _not_in_four(goal)
    note = "put the keys into config.json; a null rope_scaling takes an old one away"
    return Written("json", text, why, [*remarks(goal, expressible(goal)), note])


def _not_in_four(goal: Wanted) -> list[str]:
    why = fixed_length(goal)
    method = expressible(goal).rope_type
    if method == "proportional":  # ROPE_INIT_FUNCTIONS of 4.57.6 does not have it
        why.append("transformers 4 has no proportional rope: it came with version 5")
    if is_nested(goal) and not _by_class(goal):
        # Gemma 3 and OLMo 3 scale full attention alone; others have one rope_scaling for all
        why.append(
            "transformers 4 has one rope_scaling for all layers: this model's other layers would "
            "get it too"
        )
    own = model_type(goal)
    row = classes.class_row(own)
    if row is not None and row.scaling == row.flat == "ignored" and method != "default":
        why.append(f"{own} reads no scaling in transformers")
    if classes.has_fixed_local_base(own) and {r.base for r in goal.others} - {goal.rope.base}:
        text = f"transformers 4 has one base for all layers of {own}: the others"
        why.append(f"{text} would get this one too")
    if is_phi3(goal) and method == "longrope":
        from ropecalc.stacks.wanted import attention_factor, near

        if not near(attention_factor(goal), _phi3_factor(goal)):
            why.append(
                "Phi-3 of transformers 4 takes the lists and no attention factor, which it has "
                "from the ratio of the contexts"
            )
    return why


def _by_class(goal: Wanted) -> bool:
    own = model_type(goal)
    known = classes.scales_full_alone(own) or classes.reads_by_kind_alone(own)
    plain = all(rope.rope_type == "default" for rope in goal.others)
    return known and own_kind(goal) and plain


def _phi3_factor(goal: Wanted) -> float:
    """sqrt(1 + ln(M / L) / ln L), from the contexts that are written."""
    from ropecalc.scaling import longrope_attention_factor
    from ropecalc.stacks.keys import positions

    rope = expressible(goal)
    original = int(rope.parameters["original_context"])
    ratio = (positions(goal, rope) or original) / original
    return longrope_attention_factor(ratio, original) if ratio > 1 else 1.0
