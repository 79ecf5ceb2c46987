"""Weights of pairs, from a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckpointWeights:
    """The energy of each rotated pair in one layer; see ``ropecalc.checkpoint_weights``."""

    source: str
    """The file or folder."""
    layer: int
    head: int | None
    """The query head, from 0; None where it is the mean of all."""
    heads: int
    """Query heads of the layer."""
    key_heads: int
    """Heads of its keys."""
    head_dim: int
    rotary_dim: int
    layout: str
    """half: pair i turns the dimensions i and i + rotary_dim / 2; interleaved: 2i and 2i + 1."""
    of: str
    """What was examined: both, queries or keys."""
    weights: tuple[float, ...]
    """One a rotated pair, in units of the mean of the unrotated pairs, or of these where all of
    the head is rotated."""
    tensors: tuple[str, ...]
    """The tensors that they come from."""
