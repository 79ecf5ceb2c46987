"""What ropecalc is measured against: the ways in which people find these numbers today.

All are plain NumPy in float64, and say S(m) = sum_i cos(m b^(-2i/d)) for the distances
0 <= m < L, every pair rotated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CHUNK = 4096  # distances at a time: 2 MB of cosines at d = 128, which stays in the cache


def similarity(base: float, head_dim: int, context: int) -> NDArray[np.float64]:
    """Every S(m), m < context, from a table of cosines, a chunk of distances at a time."""
    theta = base ** (-np.arange(0, head_dim, 2) / head_dim)
    values = np.empty(context)
    for start in range(0, context, CHUNK):
        m = np.arange(start, min(start + CHUNK, context))
        values[m] = np.cos(np.outer(m, theta)).sum(axis=1)  # (CHUNK, d/2) -> (CHUNK,)
    return values


def feasible(base: float, head_dim: int, context: int) -> bool:
    """Whether S(m) >= 0 for all m < context."""
    return bool(similarity(base, head_dim, context).min() >= 0)


def yarn(
    factor: float, base: float, head_dim: int, original: int, fast: float = 32, slow: float = 1
) -> NDArray[np.float64]:
    """The frequencies of YaRN as stacks compute them."""
    pairs = np.arange(head_dim // 2)
    low, high = (
        head_dim * np.log(original / (2 * np.pi * turns)) / (2 * np.log(base))
        for turns in (fast, slow)
    )
    low, high = max(np.floor(low), 0), min(np.ceil(high), head_dim - 1)
    ramp = np.clip((pairs - low) / (high - low), 0, 1)
    theta: NDArray[np.float64] = base ** (-2 * pairs / head_dim) * (1 - ramp + ramp / factor)
    return theta


def first_violation(theta: NDArray[np.float64], context: int) -> int | None:
    """The smallest m < context with S(m) < 0, a chunk at a time."""
    for start in range(0, context, CHUNK):
        m = np.arange(start, min(start + CHUNK, context))
        below = np.flatnonzero(np.cos(np.outer(m, theta)).sum(axis=1) < 0)
        if below.size:
            return start + int(below[0])
    return None


def scan_of_factors(
    base: float, head_dim: int, original: int, context: int, step: float = 0.01
) -> float:
    """The first factor of YaRN on a grid from 1 on with S(m) >= 0 for all m < context."""
    k = 0
    while first_violation(yarn(1 + k * step, base, head_dim, original), context) is not None:
        k += 1
    return 1 + k * step


def nested_grids(
    context: int, head_dim: int = 128, passes: int = 5, start: float | None = None
) -> Iterator[float]:
    """Su Jianlin's search for the minimum base: its answer after each pass.

    Starting from B = 1000 L, pass k splits [0, B] into 10^k equal parts, evaluates the upper end
    of every part, and takes the smallest one that is feasible as the new B. What lies between two
    grid points is never seen, so the answer is an upper bound of the minimum.
    """
    top = 1000.0 * context if start is None else start
    for k in range(1, passes + 1):
        grid = np.linspace(0, top, 10**k + 1)[1:]
        holds = [feasible(base, head_dim, context) for base in grid.tolist()]
        top = float(grid[holds.index(True)])
        yield top
