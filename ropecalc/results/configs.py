"""What a model file says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """What a model file says about its rotary embedding; see ``ropecalc.read_config``."""

    source: str
    head_dim: int
    rotary_dim: int
    base: float
    context: int | None
    """The longest context that the file allows (``max_position_embeddings``)."""
    model_type: str | None
