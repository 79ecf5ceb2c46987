"""The points of curves: records whose columns are streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ropecalc.render.records import Record, record

if TYPE_CHECKING:
    from ropecalc.results import Precision
    from ropecalc.spectrum import Spectrum

Block = tuple[Sequence[float], ...]  # columns
POINTS = ("distances", "values")
BINS = ("distances", "last_distances", "least", "greatest")


@dataclass(frozen=True)
class CurvePoints:
    """One curve in blocks that can be walked more than once: of ``POINTS``, or of ``BINS``."""

    spectrum: Spectrum
    kind: Literal["similarity", "upper-bound"]
    normalised: bool
    context: int
    first_violation: int | None
    error_bound: float
    blocks: Callable[[], Iterable[Block]]
    precision: Precision | None = None
    """What rounding changes, where the points are those of a stack's arithmetic."""
    scores: Any = None
    """Their source in that arithmetic: ``ropecalc.precision.products.Scores``."""
    binned: bool = False
    """Whether the blocks are of ``BINS``."""

    @property
    def base(self) -> float | None:
        """The base, where the spectrum is that of one."""
        return None if self.spectrum.base is None else float(self.spectrum.base)


def curve_record(points: CurvePoints) -> Record:
    """A curve as a record, whose columns are streamed."""
    found = record(points)
    for at, name in enumerate(BINS if points.binned else POINTS):
        found[name] = _column(points, at)
    return found


def _column(points: CurvePoints, at: int) -> Iterator[Sequence[float]]:
    for block in points.blocks():
        yield block[at]
