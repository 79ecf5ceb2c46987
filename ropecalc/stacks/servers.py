"""What vLLM and SGLang do alike: their rotary code has one origin."""

from __future__ import annotations

from ropecalc.results import StackRule
from ropecalc.stacks.asked import Asked, Taken
from ropecalc.stacks.transformers import run as transformers


def by_transformers(asked: Asked, usable_length: int | None, place: str) -> Taken:
    """What transformers computes, in a stack that runs its code of a class.

    The length is the stack's own.
    """
    taken = transformers.run(asked)
    taken.usable_length = usable_length
    if asked.rope.rope_type != "default":
        text = "the Transformers backend runs it: its rope is that of transformers"
        taken.rules.insert(0, StackRule(text, place))
    return taken


def honour_truncate(asked: Asked, taken: Taken, place: str) -> None:
    """The ends of YaRN's ramp unrounded, where ``truncate`` says so, wherever it stands."""
    if not asked.unrounded:
        return
    taken.set(truncate=False)
    if asked.nested:
        taken.rule("truncate is honoured within the kinds of layers as well", place)


def longrope_by_lengths(asked: Asked, taken: Taken) -> None:
    """The attention factor of longrope from the ratio of M and L alone."""
    from ropecalc.scaling import longrope_attention_factor

    original, context = asked.rope.original_context, asked.rope.context
    if original and context:
        taken.set(
            attention_factor=longrope_attention_factor(context / original, original), factor=None
        )


def unfactored(asked: Asked, taken: Taken, place: str) -> None:
    """A proportional rope without its factor."""
    if asked.rope.factor not in (None, 1.0):
        taken.set(factor=None)
        taken.rule("proportional leaves the factor out", place)
