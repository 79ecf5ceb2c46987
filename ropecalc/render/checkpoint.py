"""Weights from a checkpoint, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from ropecalc.render.digits import count

if TYPE_CHECKING:
    from ropecalc.results import CheckpointWeights


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
