"""Which part of a curve to print, bins or distances, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ropecalc.precision.products import Scores
    from ropecalc.render.points import Block
    from ropecalc.results import Envelope
    from ropecalc.similarity import Kind
    from ropecalc.spectrum import Spectrum

DEFAULT_POINTS = 256
CHUNK = 2**16  # distances evaluated and written at a time


@dataclass(frozen=True)
class Sampling:
    """Integer distances below ``context``: in bins of equal ratios, every so many, or all."""

    context: int
    points: int | None = None
    every: int | None = None
    start: int = 0

    def blocks(self, spectrum: Spectrum, kind: Kind, *, normalised: bool) -> Iterator[Block]:
        """The curve, ascending: distances and values, in constant memory; or bins, in one block.

        A bin has its first and last distance, and the least and greatest value of all in between.
        """
        from ropecalc import similarity

        if self.every is None:
            yield _bins(similarity.envelope(spectrum, self.edges, kind=kind, normalised=normalised))
            return
        if self.every == 1:
            blocks = similarity.stream(
                spectrum, self.start, self.context, kind=kind, normalised=normalised
            )
            for at, values in blocks:
                yield range(at, at + values.size), values.tolist()
            return
        for distances in self.chunks():
            found = similarity.curve(spectrum, distances, kind=kind, normalised=normalised)
            yield distances, found.values.tolist()

    def blocks_in_dtype(self, scores: Scores, *, normalised: bool) -> Iterator[Block]:
        """The same of a curve in a stack's arithmetic."""
        import numpy as np

        if self.every is None:
            from ropecalc.precision.effects import envelope_in_dtype

            edges = np.array(self.edges)
            yield _bins(envelope_in_dtype(scores, edges, normalised=normalised))
            return
        scale = float(scores.at(np.array([0]))[0]) if normalised else 1.0
        for distances in self.chunks():
            yield distances, (scores.at(np.asarray(distances)) / scale).tolist()

    @property
    def edges(self) -> list[int]:
        """The edges of the bins."""
        return log_spaced(self.context, self.points or DEFAULT_POINTS, self.start)

    def chunks(self) -> Iterator[Sequence[int]]:
        """The distances, ascending."""
        distances = range(self.start, self.context, self.every or 1)
        for start in range(0, len(distances), CHUNK):
            yield distances[start : start + CHUNK]


def _bins(found: Envelope) -> Block:
    """The runs of an envelope as columns."""
    edges = found.edges.tolist()
    last = [edge - 1 for edge in edges[1:]]
    return edges[:-1], last, found.minimum.tolist(), found.maximum.tolist()


def log_spaced(context: int, bins: int, start: int = 0) -> list[int]:
    """The edges of about ``bins`` runs of integers from 1, or start, to context - 1.

    In nearly equal ratios.

    >>> log_spaced(1024, 5)
    [1, 4, 16, 64, 256, 1024]
    >>> log_spaced(5, 100), log_spaced(1, 100)
    ([1, 2, 3, 4, 5], [0, 1])
    """
    import numpy as np

    if context == 1:
        return [0, 1]
    spaced = np.geomspace(max(start, 1), context, bins + 1)
    return [int(distance) for distance in np.unique(np.rint(spaced).astype(np.int64))]
