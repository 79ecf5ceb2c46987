"""The similarity S(m) of a spectrum: at chosen positions, and over ranges of distances.

Over a range, S is a matrix product. With m = a + j, cos((a + j) t) = cos(a t) cos(j t) -
sin(a t) sin(j t), so a block of distances is

    [w cos(a t), -w sin(a t)] @ [cos(j t); sin(j t)]        (rows, 2n) @ (2n, K) -> (rows, K)

which needs cosines of O(sqrt L) angles only. Those angles are reduced in integer arithmetic
(``Turns``), so that the error bound does not grow with the distance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Context
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.scaling import Base, as_spectrum
from ropecalc.spectrum import PI, Spectrum, checked_integer

if TYPE_CHECKING:
    from ropecalc.results import Curve, Envelope, PairFrequencies

Array = NDArray[np.float64]
Distances = NDArray[np.int64]
Kind = Literal["similarity", "upper-bound"]

MAX_POSITIONS = 2**34  # angles are reduced exactly up to 2^36
MAX_SEARCH = 2**30  # distances that a search for bases may look at, many times each
UNIT = 2.0**-53  # unit roundoff of float64
# An angle reduced by Turns is off by at most pi * 3 UNIT (rounding the fraction, 2 pi and their
# product) and NumPy's cosine by at most 4 ulp of 1.
TABLE_ERROR = (3 * np.pi + 4) * UNIT
STRIP = 2**16  # values a block of rows makes at a time: memory of 512 KB is used again and again
LEAST_ROWS = 64  # of a product: fewer are slow
UPPER_BOUND_STRIP = 2**14  # the upper bound holds (strip, n) complex values


class Turns(NamedTuple):
    """theta_i / (2 pi) modulo 1 in 92-bit fixed point: high * 2^-64 + low * 2^-92."""

    high: NDArray[np.uint64]  # (n_pairs,)
    low: NDArray[np.uint64]  # (n_pairs,), 28 bits


def turns_of(spectrum: Spectrum) -> Turns:
    """The frequencies of a spectrum as fixed-point turns a token."""
    context = Context(prec=100)
    scale = context.divide(2**92, context.multiply(2, PI))
    fixed = [int(context.multiply(theta, scale)) % 2**92 for theta in spectrum.exact_frequencies]
    return Turns(
        np.array([value >> 28 for value in fixed], dtype=np.uint64),
        np.array([value % 2**28 for value in fixed], dtype=np.uint64),
    )


def reduced_angles(turns: Turns, distances: Distances) -> Array:
    """m * theta_i reduced to [-pi, pi], shape (n_distances, n_pairs); 0 <= m < 2^36.

    The products wrap modulo a whole turn and drop less than 2^-56 of one, so the float64 angle
    is off by at most pi * 3 * 2^-53, whatever the distance.
    """
    m = np.asarray(distances).astype(np.uint64)[:, None]
    fraction = m * turns.high + (m * turns.low >> np.uint64(28))  # (n_distances, n_pairs)
    return np.multiply(fraction.view(np.int64), 2 * np.pi * 2.0**-64)


def error_bound(spectrum: Spectrum) -> float:
    """A bound on |computed - exact| for every S of this module, at any distance below 2^36.

    Each of the 2n terms of the product is off by the table errors of its two factors and by the
    rounding of the sum [Higham2002, section 3.1]; |cos cos'| + |sin sin'| <= 1 for each pair.
    """
    n, weight = spectrum.n_pairs, sum(spectrum.pair_weights)
    fastest = max(1.0, float(max(spectrum.exact_frequencies)))  # for fractional positions
    per_pair = 2 * np.sqrt(2) * TABLE_ERROR + (2 * n + 4 + 4 * fastest) * UNIT
    return float(weight * per_pair + spectrum.unrotated_pairs * 2 * UNIT)


class BlockProduct:
    """S over ranges of distances, K columns at a time (the module's docstring has the formula)."""

    def __init__(self, spectrum: Spectrum, columns: int) -> None:
        self.columns = columns
        self.constant = float(spectrum.unrotated_pairs)
        self._turns = turns_of(spectrum)
        self._weights = np.array(spectrum.pair_weights)
        angles = reduced_angles(self._turns, np.arange(columns))  # (K, n)
        self._right = np.concatenate([np.cos(angles), np.sin(angles)], axis=1).T.copy()  # (2n, K)

    def rows(self, starts: Distances) -> Array:
        """S at starts[k] + j for 0 <= j < columns, shape (n_starts, columns)."""
        angles = reduced_angles(self._turns, starts)  # (n_starts, n)
        left = np.concatenate(
            [self._weights * np.cos(angles), -self._weights * np.sin(angles)], axis=1
        )
        values: Array = left @ self._right
        if self.constant:
            values += self.constant
        return values


@lru_cache(maxsize=4)
def block_product(spectrum: Spectrum, columns: int) -> BlockProduct:
    """A BlockProduct; the last few are kept, since callers ask again for the same spectrum."""
    return BlockProduct(spectrum, columns)


def similarity_blocks(spectrum: Spectrum, start: int, stop: int) -> Iterator[tuple[int, Array]]:
    """S at every integer distance start <= m < stop, as (first distance, values), ascending.

    Memory is constant; each value is within ``error_bound`` of the exact one. Blocks begin small,
    so that a caller who stops early has paid little.
    """
    columns = _columns(stop - start)
    product = block_product(spectrum, columns)
    rows = max(1, 2**14 // columns)
    at = start
    while at < stop:
        starts = np.arange(at, min(stop, at + rows * columns), columns)
        values = product.rows(starts).ravel()[: stop - at]
        yield at, values
        at += values.size
        rows = min(2 * rows, max(LEAST_ROWS, STRIP // columns))


def _columns(length: int) -> int:
    """Columns of a block: about sqrt(length), which balances the two tables."""
    return int(np.clip(2 ** round(np.log2(max(length, 1)) / 2), 64, 8192))


@isolated
def similarity_at(spectrum: Spectrum | Base, positions: ArrayLike) -> Array:
    """S(m) = u + sum_i w_i cos(m theta_i) at any positions, fractional ones too.

    Parameters
    ----------
    spectrum : Spectrum, or a base of a head of 128 dimensions
    positions : array of |m| <= 2^34, tokens; S is even in m

    Returns
    -------
    float64 array of the shape of ``positions``, each within ``error_bound(spectrum)`` of exact.

    Raises
    ------
    InvalidValueError
        A position that is not finite or beyond 2^34.

    >>> from ropecalc import scaling
    >>> similarity_at(scaling.default(10_000, 128), [0, 1707, 1706.5]).round(3).tolist()
    [64.0, -0.499, -0.378]
    """
    return _by_chunks(as_spectrum(spectrum), positions, _similarity_of_angles)


@isolated
def upper_bound_at(spectrum: Spectrum | Base, positions: ArrayLike) -> Array:
    """RoFormer's long-term decay curve, (1/n) sum_j |sum_{i<j} w_i exp(i m theta_i)|, j = 1 .. n.

    It bounds the attention score at distance m up to a factor that does not depend on m
    ([Su2021] section 3.4.3). Unrotated pairs take no part. Arguments and errors as
    ``similarity_at``.

    >>> from ropecalc import scaling
    >>> upper_bound_at(scaling.default(10_000, 128), [0]).tolist()
    [32.5]
    """
    return _by_chunks(as_spectrum(spectrum), positions, _upper_bound_of_angles)


def _similarity_of_angles(spectrum: Spectrum, angles: Array) -> Array:
    values: Array = np.cos(angles) @ np.array(spectrum.pair_weights) + spectrum.unrotated_pairs
    return values


def _upper_bound_of_angles(spectrum: Spectrum, angles: Array) -> Array:
    partial = np.cumsum(np.exp(1j * angles) * np.array(spectrum.pair_weights), axis=1)
    values: Array = np.abs(partial).mean(axis=1)
    return values


def _by_chunks(
    spectrum: Spectrum,
    positions: ArrayLike,
    evaluate: Callable[[Spectrum, Array], Array],
) -> Array:
    """evaluate(spectrum, angles) over positions of any shape, in constant memory."""
    where = np.abs(_as_floats(positions))
    if not np.all(where <= MAX_POSITIONS):
        raise _no_positions()
    flat, out = where.ravel(), np.empty(where.size)
    for at in range(0, flat.size, UPPER_BOUND_STRIP):
        chunk = slice(at, at + UPPER_BOUND_STRIP)
        out[chunk] = evaluate(spectrum, _angles_at(spectrum, flat[chunk]))
    return out.reshape(where.shape)


def _as_floats(positions: ArrayLike) -> Array:
    """Positions as float64; raises InvalidValueError where they are no array of numbers."""
    try:
        given = np.asarray(positions)
        if given.dtype.kind in "biufO":  # not text, complex numbers, dates
            return given.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    raise _no_positions()


def _no_positions() -> InvalidValueError:
    return InvalidValueError(
        "positions", f"positions must be numbers of at most {MAX_POSITIONS:,} in size"
    )


def _angles_at(spectrum: Spectrum, positions: Array) -> Array:
    """Angles of positions >= 0: the whole part reduced exactly, the fraction added."""
    whole = np.floor(positions)
    angles = reduced_angles(turns_of(spectrum), whole.astype(np.int64))
    angles += (positions - whole)[:, None] * spectrum.angular_frequencies
    return angles


def stream(
    spectrum: Spectrum,
    start: int,
    stop: int,
    *,
    kind: Kind = "similarity",
    normalised: bool = True,
) -> Iterator[tuple[int, Array]]:
    """A curve at every distance start <= m < stop, as (first distance, values), ascending.

    Raises InvalidValueError where the range is empty or reaches beyond 2^34.
    """
    checked_context(stop, least=start + 1)
    scale = curve_scale(spectrum, kind) if normalised else 1.0
    for at, values in _blocks(spectrum, start, stop, kind):
        yield at, values / scale


def _blocks(spectrum: Spectrum, start: int, stop: int, kind: Kind) -> Iterator[tuple[int, Array]]:
    if kind == "similarity":
        yield from similarity_blocks(spectrum, start, stop)
        return
    for at in range(start, stop, UPPER_BOUND_STRIP):
        yield at, upper_bound_at(spectrum, np.arange(at, min(stop, at + UPPER_BOUND_STRIP)))


def curve_scale(spectrum: Spectrum, kind: Kind) -> float:
    """The value of a curve at distance 0, by which it is normalised."""
    if kind == "similarity":
        return spectrum.total
    return float(np.cumsum(spectrum.pair_weights).mean())


def checked_context(
    value: int, most: int = MAX_POSITIONS, *, least: int = 1, parameter: str = "context"
) -> int:
    """A number of tokens as an int; raises InvalidValueError unless it is one in the domain."""
    return checked_integer(parameter, value, least, most, " tokens")


@isolated
def curve(
    spectrum: Spectrum | Base,
    distances: ArrayLike,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    kind: Kind = "similarity",
    normalised: bool = True,
) -> Curve:
    """A curve at chosen distances: the similarity, or RoFormer's upper bound.

    Parameters
    ----------
    spectrum : Spectrum, or a base > 1 (then ``head_dim`` is 128 and ``rotary_dim`` is
        ``head_dim`` unless given)
    distances : array of |m| <= 2^34, tokens; need not be integers
    kind : "similarity" or "upper-bound"
    normalised : divide by the value at distance 0

    Raises
    ------
    InvalidValueError

    >>> curve(1e6, [0, 27_114, 27_115]).values.round(5).tolist()
    [1.0, 0.01147, -0.00761]
    """
    spectrum = as_spectrum(spectrum, head_dim, rotary_dim)
    evaluate = {"similarity": similarity_at, "upper-bound": upper_bound_at}[_checked(kind)]
    scale = curve_scale(spectrum, kind) if normalised else 1.0
    where = np.atleast_1d(_as_floats(distances))
    values = evaluate(spectrum, where) / scale
    from ropecalc.results import Curve

    return Curve(spectrum, kind, normalised, where, values, error_bound(spectrum) / scale)


@isolated
def envelope(
    spectrum: Spectrum | Base,
    edges: Sequence[int] | Distances,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    kind: Kind = "similarity",
    normalised: bool = True,
    progress: Progress | None = None,
) -> Envelope:
    """Minimum and maximum of a curve over runs of distances: every one of them, never a sample.

    Parameters
    ----------
    edges : strictly increasing integers, 0 <= edges <= 2^34
        Run k covers edges[k] <= m < edges[k + 1].
    progress : called with (distances done, distances in all)

    The other parameters, and the errors, as in ``curve``.

    >>> found = envelope(1e6, [0, 27_115, 27_116, 32_768])
    >>> (found.minimum < 0).tolist()
    [False, True, True]
    """
    spectrum = as_spectrum(spectrum, head_dim, rotary_dim)
    edges = _checked_edges(edges)
    first, last = int(edges[0]), int(edges[-1])
    low, high = np.full(edges.size - 1, np.inf), np.full(edges.size - 1, -np.inf)
    for at, values in stream(spectrum, first, last, kind=_checked(kind), normalised=normalised):
        fold(values, at, edges, low, high)
        if progress is not None:
            progress(at + values.size - first, last - first)
    scale = curve_scale(spectrum, kind) if normalised else 1.0
    from ropecalc.results import Envelope

    return Envelope(spectrum, kind, normalised, edges, low, high, error_bound(spectrum) / scale)


def fold(values: Array, at: int, edges: Distances, low: Array, high: Array) -> None:
    """Take a block of values, from distance ``at`` on, into the runs that it meets."""
    k0 = int(np.searchsorted(edges, at, side="right")) - 1
    k1 = int(np.searchsorted(edges, at + values.size, side="left"))
    cuts = np.maximum(edges[k0:k1] - at, 0)
    low[k0:k1] = np.minimum(low[k0:k1], np.minimum.reduceat(values, cuts))
    high[k0:k1] = np.maximum(high[k0:k1], np.maximum.reduceat(values, cuts))


def _checked_edges(edges: Sequence[int] | Distances) -> Distances:
    given = np.asarray(edges)
    whole = given.astype(np.int64) if np.issubdtype(given.dtype, np.integer) else np.array([0])
    if whole.ndim != 1 or whole.size < 2 or np.any(np.diff(whole) <= 0):
        raise InvalidValueError("edges", "edges must be two or more increasing integers")
    if whole[0] < 0 or whole[-1] > MAX_POSITIONS:
        raise InvalidValueError("edges", f"edges must be from 0 to {MAX_POSITIONS:,} tokens")
    return whole


def _checked(kind: Kind) -> Kind:
    if kind not in ("similarity", "upper-bound"):
        raise InvalidValueError("kind", f"kind must be similarity or upper-bound, got {kind}")
    return kind


@isolated
def frequencies(
    spectrum: Spectrum | Base,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    context: int | None = None,
) -> PairFrequencies:
    """Angular frequency, wavelength and, where a context is given, turns within it, of each pair.

    >>> frequencies(10_000, head_dim=4, context=1_000).turns.round(2).tolist()
    [159.15, 1.59]
    """
    spectrum = as_spectrum(spectrum, head_dim, rotary_dim)
    if context is not None:
        context = checked_context(context)
    theta = spectrum.angular_frequencies
    with np.errstate(divide="ignore", over="ignore"):
        wavelengths = 2 * np.pi / theta
    turns = None if context is None else context * theta / (2 * np.pi)
    from ropecalc.results import PairFrequencies

    return PairFrequencies(spectrum, context, theta, wavelengths, turns)
