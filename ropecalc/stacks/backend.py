"""Classes of models that a stack runs by transformers' own code, its rotary embedding with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.keys import expressible
from ropecalc.stacks.transformers.write import not_in_five
from ropecalc.stacks.wanted import fixed_base

if TYPE_CHECKING:
    from ropecalc.results import Rope
    from ropecalc.stacks.wanted import Wanted


def by_transformers(goal: Wanted, stack: str) -> tuple[Rope, list[str]]:
    """The rope that is written for such a class, and what is not exact of it."""
    if goal.rope.rope_type == "dynamic":
        fixed = fixed_base(goal)
        assert fixed is not None
        why = (
            f"{stack} runs this class by transformers, whose dynamic base is that of the longest "
            f"prompt at hand: here is the base that it has at {goal.context:,} tokens, for all"
        )
        return fixed, [why]
    return expressible(goal), not_in_five(goal)
