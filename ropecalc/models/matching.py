"""Files that have the numbers of a known model: the model itself, and what was tuned from it.

A file carries neither the length that its model was trained on nor the scaling that its maker
publishes beside it. Where its numbers are those of known models, and the facts known of these
agree, they are the file's too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ropecalc.models.known import KnownModel, sourced
from ropecalc.models.raw import text_keys
from ropecalc.results.configs import Known

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig

T = TypeVar("T")
WIDTH = ("hidden_size", "n_embd", "embedding_length")
HEADS = ("num_attention_heads", "n_head", "attention.head_count")
LAYERS = ("num_hidden_layers", "n_layer", "block_count")


def recognised(model: ModelConfig) -> ModelConfig:
    """The model with what is known of those whose numbers its file has, where it has any.

    A file has the numbers of a known model if its class, the width of the model, the number of its
    heads, their size, the number of its layers and the base are the same, and its context is the
    known one's or an extension of it. Where several models fit, those whose scaling and context
    it has go before the others, and only what they agree on is taken.
    """
    fitting = [known for known in sourced(model.model_type or "") if _fits(model, known)]
    if not fitting:
        return model
    fitting = [known for known in fitting if _is_as_published(model, known)] or fitting
    trained = _agreed((one.trained for one in fitting), lambda one: one.context)
    recipe = _agreed((one.recipe for one in fitting), lambda one: replace(one, source=""))
    names = tuple(one.name for one in fitting)
    return replace(model, known=Known(names, matched=True, trained=trained, recipe=recipe))


def _agreed(facts: Iterable[T | None], number: Callable[[T], object]) -> T | None:
    """The first fact if all have the same numbers; those who have none do not count."""
    told = [fact for fact in facts if fact is not None]
    return told[0] if len({repr(number(fact)) for fact in told}) == 1 else None


def _fits(model: ModelConfig, known: KnownModel) -> bool:
    other = known.config()
    shape = _shape(model.document)
    if None in shape or shape != _shape(other.document):
        return False
    one, two = model.rope, other.rope
    if (one.base, one.head_dim, one.rotary_dim) != (two.base, two.head_dim, two.rotary_dim):
        return False
    return model.context in set(_lengths(known, other, one.factor or 1.0)) or (
        one.original_context is not None and one.original_context in set(_lengths(known, other))
    )


def _is_as_published(model: ModelConfig, known: KnownModel) -> bool:
    """Whether a file that fits has the scaling and the context of the known model's own file."""
    other = known.config()
    return (model.context, model.rope) == (other.context, other.rope)


def _lengths(known: KnownModel, config: ModelConfig, factor: float = 1.0) -> Iterator[int]:
    """The contexts that files of a known model have: its own, and those that it starts from."""
    starts = [config.context, config.original_context]
    starts += [known.trained.context] if known.trained else []
    starts += [known.recipe.original_context] if known.recipe else []
    for start in starts:
        if start is not None:
            yield from (start, round(start * factor))


def _shape(document: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Width, heads and layers, of a config.json or of a GGUF file's metadata."""
    text = text_keys(document)
    prefix = f"{document.get('general.architecture')}."
    found = [
        next((text[name] for key in keys for name in (key, prefix + key) if name in text), None)
        for keys in (WIDTH, HEADS, LAYERS)
    ]
    return found[0], found[1], found[2]
