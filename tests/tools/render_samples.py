"""Results made by hand, and streams that look like terminals, for the tests of ropecalc.render."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ropecalc.results import (
    Check,
    Envelope,
    Estimate,
    MaxContext,
    MinimumBase,
    PairFrequencies,
    SafeStatus,
    Status,
    WindowStatus,
)
from ropecalc.scaling import default

MINIMUM = MinimumBase(
    head_dim=128,
    rotary_dim=128,
    count_unrotated=True,
    weighted=False,
    context=32768,
    margin=0.0,
    status=Status.FOUND,
    minimum_base=629978.262855044,
    enclosure=(629978.2628550439, 629978.262855044),
    minimum_base_digits=None,
    critical_distance=30704,
    window_status=WindowStatus.ENDS,
    window_end=630984.1296,
    round_digits=2,
    round_base=630000.0,
    integer_base=629979,
    safe_status=SafeStatus.NOT_COMPUTED,
    safe_base=None,
    safe_distance=None,
    source="sweep",
    steps=1234,
    method="first-violation sweep",
    continuum_estimate=32768 / 0.6165,
    refined_estimate=Estimate(512_345.0, 312_345.0, 912_345.0, "refined"),
    recommended_base=2e6,
)
EVERY_BASE = replace(
    MINIMUM,
    context=1,
    status=Status.EVERY_BASE,
    minimum_base=1.0,
    enclosure=None,
    critical_distance=None,
    window_status=WindowStatus.ENDLESS,
    window_end=None,
    round_base=1.1,
    integer_base=2,
    steps=0,
    continuum_estimate=None,
    refined_estimate=None,
)
NO_BASE = replace(
    EVERY_BASE,
    context=4096,
    margin=0.99,
    status=Status.NO_BASE,
    window_status=WindowStatus.NOT_SOUGHT,
    minimum_base=None,
    round_base=None,
    integer_base=None,
)
BROKEN = Check(
    head_dim=128,
    rotary_dim=128,
    count_unrotated=True,
    base=1e6,
    context=32768,
    margin=0.0,
    status=Status.BROKEN,
    first_violation=27115,
    violations=12,
    worst_distance=27146,
    worst_similarity=-0.321,
    slack=-0.005015625,
    next_base=1012345.6789012,
    error_bound=1e-12,
    label="",
    method="block evaluation",
    recommended_base=2e6,
)
HOLDS = replace(
    BROKEN,
    base=5e6,
    status=Status.HOLDS,
    recommended_base=None,
    first_violation=None,
    violations=0,
    worst_similarity=1.25,
    slack=0.01953125,
    next_base=None,
)
VIOLATED = MaxContext(
    head_dim=128,
    rotary_dim=128,
    count_unrotated=True,
    base=1e6,
    margin=0.0,
    limit=2**24,
    status=Status.VIOLATED,
    first_violation=27115,
    similarity=-0.0123,
    label="",
    method="block evaluation",
)
BEYOND = replace(
    VIOLATED, base=5e8, status=Status.BEYOND_LIMIT, first_violation=None, similarity=None
)


def frequencies(
    base: float = 1e4, head_dim: int = 12, context: int | None = 256
) -> PairFrequencies:
    spectrum = default(base, head_dim)
    thetas = spectrum.angular_frequencies
    turns = None if context is None else context * thetas / (2 * np.pi)
    return PairFrequencies(spectrum, context, thetas, 2 * np.pi / thetas, turns)


def envelope_of(
    value: Callable[[NDArray[np.int64]], NDArray[np.float64]], edges: NDArray[np.int64]
) -> Envelope:
    """The envelope of any function of the distance, over the runs between ``edges``."""
    values = np.round(value(np.arange(edges[0], edges[-1])), 12)  # no picture hangs on a last bit
    starts = edges[:-1] - edges[0]
    return Envelope(
        spectrum=default(1e6, 128),
        kind="similarity",
        normalised=True,
        edges=edges,
        minimum=np.minimum.reduceat(values, starts),
        maximum=np.maximum.reduceat(values, starts),
        error_bound=0.0,
    )


def similarity_envelope(base: float, head_dim: int, edges: NDArray[np.int64]) -> Envelope:
    """S(m)/S(0) by its definition, cosine by cosine."""
    spectrum = default(base, head_dim)
    thetas = spectrum.angular_frequencies
    found = envelope_of(lambda m: np.cos(np.outer(m, thetas)).mean(axis=1), edges)
    return replace(found, spectrum=spectrum)


class Stream(io.TextIOWrapper):
    """A stream in memory with an encoding that refuses what it cannot carry."""

    def __init__(self, encoding: str = "utf-8", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode(self.encoding)
