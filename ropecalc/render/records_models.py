"""Known models for programs: a record a model, a row a kind of layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.models.known import KnownModel
    from ropecalc.render.machine import Record
    from ropecalc.results import ModelConfig, Rope


def model_record(known: KnownModel, config: ModelConfig) -> Record:
    """A known model as a record, with a list of its kinds of layers."""
    return {
        "name": known.name,
        "repo": known.repo,
        "aliases": list(known.aliases),
        "model_type": config.model_type,
        "context": config.context,
        "trained_context": config.trained_context,
        "layers": [_layer(rope) for rope in config.ropes],
        "unrotated_layers": config.unrotated_layers,
        "source": known.source,
    }


def model_rows(known: KnownModel, config: ModelConfig) -> Iterator[Record]:
    """A known model as rows, one a kind of layer."""
    for rope in config.ropes:
        yield {
            "name": known.name,
            "repo": known.repo,
            **_layer(rope),
            "context": config.context,
            "source": known.source,
        }


def _layer(rope: Rope) -> Record:
    return {
        "layer_type": rope.layer_type,
        "layers": rope.layers,
        "head_dim": rope.head_dim,
        "rotary_dim": rope.rotary_dim,
        "base": rope.base,
        "rope_type": rope.rope_type,
        "factor": rope.factor,
        "original_context": rope.original_context,
        "window": rope.window,
    }
