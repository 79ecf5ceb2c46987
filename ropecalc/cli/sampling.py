"""Which points of a curve to print, and the curve at them, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ropecalc.precision.products import Scores
    from ropecalc.render.machine import Block
    from ropecalc.similarity import Kind
    from ropecalc.spectrum import Spectrum

DEFAULT_POINTS = 256
CHUNK = 2**16  # distances evaluated and written at a time


@dataclass(frozen=True)
class Sampling:
    """Integer distances below ``context``: log-spaced, every so many, or all of them."""

    context: int
    points: int | None = None
    every: int | None = None

    def blocks(self, spectrum: Spectrum, kind: Kind, *, normalised: bool) -> Iterator[Block]:
        """The curve at the distances, ascending, in constant memory for ``every``."""
        from ropecalc import similarity

        if self.every == 1:
            blocks = similarity.stream(spectrum, 0, self.context, kind=kind, normalised=normalised)
            for at, values in blocks:
                yield range(at, at + values.size), values.tolist()
            return
        for distances in self.chunks():
            found = similarity.curve(spectrum, distances, kind=kind, normalised=normalised)
            yield distances, found.values.tolist()

    def blocks_in_dtype(self, scores: Scores, *, normalised: bool) -> Iterator[Block]:
        """The same of a curve in a stack's arithmetic."""
        import numpy as np

        scale = float(scores.at(np.array([0]))[0]) if normalised else 1.0
        for distances in self.chunks():
            yield distances, (scores.at(np.asarray(distances)) / scale).tolist()

    def chunks(self) -> Iterator[Sequence[int]]:
        """The distances, ascending."""
        if self.every is None:
            yield log_spaced(self.context, self.points or DEFAULT_POINTS)
            return
        distances = range(0, self.context, self.every)
        for start in range(0, len(distances), CHUNK):
            yield distances[start : start + CHUNK]


def log_spaced(context: int, points: int) -> list[int]:
    """About ``points`` integers from 1 to context - 1, in nearly equal ratios, without repeats.

    >>> log_spaced(1025, 6)
    [1, 4, 16, 64, 256, 1024]
    >>> log_spaced(5, 100), log_spaced(1, 100)
    ([1, 2, 3, 4], [0])
    """
    import numpy as np

    if context == 1:
        return [0]
    spaced = np.geomspace(1, context - 1, points)
    return [int(distance) for distance in np.unique(np.rint(spaced).astype(np.int64))]
