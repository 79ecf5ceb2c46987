"""Weights from a checkpoint, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.digits import count

if TYPE_CHECKING:
    from ropecalc.render.machine import Record
    from ropecalc.results import CheckpointWeights


def weights_record(result: CheckpointWeights) -> Record:
    """A CheckpointWeights as a record with a list of weights."""
    return {
        **_asked(result),
        "heads": result.heads,
        "key_heads": result.key_heads,
        "weights": list(result.weights),
        "tensors": list(result.tensors),
    }


def weights_rows(result: CheckpointWeights) -> Iterator[Record]:
    """A row a pair."""
    for pair, weight in enumerate(result.weights):
        yield {**_asked(result), "pair": pair, "weight": weight}


def _asked(result: CheckpointWeights) -> Record:
    return {
        "source": result.source,
        "layer": result.layer,
        "head": result.head,
        "head_dim": result.head_dim,
        "rotary_dim": result.rotary_dim,
        "layout": result.layout,
        "of": result.of,
    }


def show_weights(result: CheckpointWeights, file: TextIO) -> None:
    """The weights of the pairs, and how to use them."""
    from ropecalc.render.console import screen
    from ropecalc.render.tables import Column, headline, prose, table
    from ropecalc.render.words import head

    on = screen(file)
    whose = "mean of all heads" if result.head is None else f"head {result.head}"
    size = head(result.head_dim, result.rotary_dim, True)
    pairs = range(len(result.weights))
    columns = [
        Column("pair", [str(pair) for pair in pairs]),
        Column("weight", [f"{weight:.6g}" for weight in result.weights]),
    ]
    text = (
        f"Energies of {count(len(pairs))} pairs ({result.layout}) from {', '.join(result.tensors)}"
        f", over their mean{'' if result.rotary_dim == result.head_dim else ' unrotated pair'}. "
        "'-o FILE' writes them for --weights."
    )
    title = headline(f"Weights of layer {result.layer}, {whose}, {size}", on)
    on.write("\n\n".join([title, table(columns, on), prose(text, on)]))
