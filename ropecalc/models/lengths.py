"""Three lengths with three names: configured, original and trained context.

The configured context is what a file allows, the original context is where a scaling starts, and
the trained context is what a source says the model was trained on. Only the first two are in files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.results.configs import Original

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope


def original_of(model: ModelConfig, rope: Rope) -> Original | None:
    """Where a new scaling of one kind of layers starts; None where the file has no context.

    The first of these that there is: the original context of the scaling that the file has, unless
    that is only its configured one; that of the recipe of the model's maker; what the model was
    trained on; the configured context.
    """
    own, known, configured = rope.original_context, model.known, rope.context or model.context
    if own is not None and own != configured:
        return Original(own, f"that of its own {rope.rope_type} scaling", True)
    if known is not None and known.recipe is not None:
        recipe, said = known.recipe, f"published by its maker{_of(model)}"
        words = f"{said} for {recipe.rope_type} {recipe.factor:g}: {recipe.source}"
        return Original(recipe.original_context, words, True)
    if known is not None and known.trained is not None:
        trained = known.trained
        return Original(
            trained.context, f"what it was trained on{_of(model)}: {trained.source}", True
        )
    if configured is None:
        return None
    words = "its configured context: no source says what it was trained on"
    return Original(configured, words, False)


def _of(model: ModelConfig) -> str:
    """For which model that is known, where the file was recognised by its numbers."""
    known = model.known
    if known is None or not known.matched:
        return ""
    return f" (the file matches {matches(model)})"


def matches(model: ModelConfig) -> str:
    """The known models whose numbers a file has, in words."""
    names = () if model.known is None else model.known.models
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
