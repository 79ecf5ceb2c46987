"""Known models as points in the plane of context and base: which are below a staircase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.results import Staircase


@dataclass(frozen=True, slots=True)
class Landmark:
    """A context and a base that known models share."""

    context: int
    """Below it lie the distances that occur: the model's context, or the layer's window."""
    base: float
    names: tuple[str, ...]
    holds: bool = True
    """Whether the base meets the bound at the context, as ``check`` says."""

    @property
    def name(self) -> str:
        """The first of its models, and how many there are beside it."""
        more = len(self.names) - 1
        return f"{self.names[0]} +{more}" if more else self.names[0]

    def is_below(self, minimum: Staircase) -> bool:
        """Whether the base is smaller than the minimum base at the context."""
        return self.base < minimum.at(self.context).base


def landmarks(head_dim: int, start: int, end: int) -> list[Landmark]:
    """The known models with plain RoPE on all of a head, contexts from ``start`` to ``end``.

    Ascending by context, then by base. A model whose layers differ has a point a kind.
    """
    points: dict[tuple[int, float], list[str]] = {}
    for context, base, name in _plain(head_dim):
        if start <= context <= end:
            points.setdefault((context, base), []).append(name)
    return [
        Landmark(*point, tuple(names), _holds(head_dim, *point))
        for point, names in sorted(points.items())
    ]


def _holds(head_dim: int, context: int, base: float) -> bool:
    from ropecalc.bound import scan
    from ropecalc.scaling import default

    return scan(default(base, head_dim), 0, context, first_only=True).first_violation is None


def _plain(head_dim: int) -> Iterator[tuple[int, float, str]]:
    from ropecalc.models.known import known_models

    for model in known_models():
        ropes = model.config().ropes
        for rope in ropes:
            whole = rope.head_dim == rope.rotary_dim == head_dim
            if whole and rope.rope_type == "default" and rope.reach is not None:
                kind = f" ({rope.layer_type})" if len(ropes) > 1 else ""
                yield rope.reach, rope.base, model.name + kind
