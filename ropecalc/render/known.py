"""What public sources say about a model beside its file, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.models.lengths import matches
from ropecalc.render.digits import exact, tokens

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from ropecalc.results.configs import Recipe


def known_rows(model: ModelConfig) -> list[tuple[str, str]]:
    """The maker's own scaling, what the model was trained on, and which model a file matches."""
    known = model.known
    if known is None:
        return []
    rows = []
    if known.recipe is not None:
        rows.append(
            ("its maker publishes", f"{recipe_in_words(known.recipe)}: {known.recipe.source}")
        )
    if known.trained is not None:
        rows.append(("trained context", f"{tokens(known.trained.context)}: {known.trained.source}"))
    if known.matched:
        rows.append(("matches", matches(model)))
    return rows


def recipe_in_words(recipe: Recipe) -> str:
    """A maker's scaling with the context that it is for.

    >>> from ropecalc.results.configs import Recipe
    >>> recipe_in_words(Recipe("yarn", 4.0, 32768, "https://example.org"))
    'yarn, factor 4 from 32,768 tokens, for up to 131,072 tokens'
    """
    start = f"{recipe.rope_type}, factor {exact(recipe.factor)} from "
    return f"{start}{tokens(recipe.original_context)}, for up to {tokens(recipe.context)}"
