"""Curves, and the frequencies behind them: results with arrays, each equal to itself alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ropecalc.notebook import Drawn, Shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ropecalc.spectrum import Spectrum


@dataclass(frozen=True, repr=False, eq=False)
class Curve(Drawn):
    """A curve at chosen distances; see ``ropecalc.curve``.

    ``distances`` and ``values`` have one shape, (n_points,).
    """

    spectrum: Spectrum
    kind: str
    """"similarity" or "upper-bound"."""
    normalised: bool
    distances: NDArray[np.float64]
    values: NDArray[np.float64]
    error_bound: float


@dataclass(frozen=True, repr=False, eq=False)
class Envelope(Drawn):
    """Minimum and maximum of a curve over runs of distances; see ``ropecalc.envelope``.

    Column k covers every integer distance in edges[k] <= m < edges[k + 1].
    """

    spectrum: Spectrum
    kind: str
    normalised: bool
    edges: NDArray[np.int64]
    """Shape (n_columns + 1,), strictly increasing."""
    minimum: NDArray[np.float64]
    """Shape (n_columns,)."""
    maximum: NDArray[np.float64]
    error_bound: float


@dataclass(frozen=True, repr=False, eq=False)
class PairFrequencies(Shown, Drawn):
    """The angular frequencies of a head, a row a pair; see ``ropecalc.frequencies``."""

    spectrum: Spectrum
    context: int | None
    angular_frequencies: NDArray[np.float64]
    """rad/token, shape (n_pairs,)."""
    wavelengths: NDArray[np.float64]
    """2 pi / theta_i, tokens; infinite where theta_i is 0."""
    turns: NDArray[np.float64] | None
    """context * theta_i / (2 pi) of each pair; None without a context."""

    @property
    def base(self) -> float | None:
        """The base b (rope_theta); None where no base makes the frequencies."""
        return None if self.spectrum.base is None else float(self.spectrum.base)
