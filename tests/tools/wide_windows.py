"""A second method for the first window of a given width, and the table of those for head_dim 128.

    python -m tests.tools.wide_windows        writes tests/data/first_wide_windows.tsv

It takes nothing from ropecalc: cosines of NumPy with bounds on their errors, and Arb where these
cannot tell. That a window is the first with end >= start (1 + w) takes three proofs.

No earlier one. Bases 1 = p_0 < p_1 < ... < p_n, the rungs, each at most a factor 1 + w above the
one before, end at the float64 below the start, and all but the first break the bound at some
distance. A window that wide that began between two of them would hold the upper one.

The ends. The float64 values beside them break the bound at the distances that are named.

All between. At each distance the interval of x = ln(base) is cut into cells until on each of them
either g(centre) - |g'(centre)| h - max|g''| h^2/2 > 0, or g is surely monotonic and Arb has it
non-negative at the end of the window on the side where it is least.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.tools.oracle import excess_ball
from tests.tools.places import DATA

WIDTH = 1e-3
CONTEXTS = tuple(2**k for k in range(10, 18))
HEAD_DIM = 128
TABLE = DATA / "first_wide_windows.tsv"
CLEAR = 1e-6  # float64 is right to 1e-8 here: (x + 3) m 2^-53 a pair, m up to 2^17, 64 pairs
CHUNK = 2_048
FINEST = 1e-13  # of a cell
SHARES = (*(k / 16 for k in range(16, 0, -1)), *(2.0**-k for k in range(5, 11)))  # of a step

Array = NDArray[np.float64]
Distances = NDArray[np.int64]


class FirstWide(NamedTuple):
    """A row of the table."""

    context: int
    start: float
    end: float
    opened_by: int
    closed_by: int


def certify(window: FirstWide, rotary_dim: int = HEAD_DIM, width: float = WIDTH) -> list[str]:
    """What could not be proved of a window: nothing, where it is the first so wide."""
    wrong = []
    if not window.end / window.start - 1 >= width:
        wrong.append("it is too narrow")
    below = math.nextafter(window.start, 0.0)
    above = math.nextafter(window.end, math.inf)
    if not excess_ball(below, rotary_dim, window.opened_by) < 0:
        wrong.append(f"{below!r} is not broken")
    if not excess_ball(above, rotary_dim, window.closed_by) < 0:
        wrong.append(f"{above!r} is not broken")
    stuck = climbed(window, below, rotary_dim, width)
    if stuck is not None:
        wrong.append(f"a window so wide may begin just above {stuck!r}")
    return wrong + [f"S({m}) is in doubt" for m in doubtful(window, rotary_dim)]


def climbed(window: FirstWide, top: float, rotary_dim: int, width: float) -> float | None:
    """Where the rungs from 1 to ``top`` end before it; None where they reach it.

    The next rung is the highest allowed one, or a lower one where that lies in a sliver.
    """
    rung = 1.0
    while rung < top:
        candidates = (min(top, rung * (1 + width * share * (1 - 1e-9))) for share in SHARES)
        higher = (
            base
            for base in candidates
            if base > rung and (base == top or is_broken(base, rotary_dim, window.context))
        )
        following = next(higher, None)
        if following is None:
            return rung
        rung = following
    return None


def is_broken(base: float, rotary_dim: int, context: int) -> bool:
    """Whether some distance breaks the bound for certain; the longest are examined first."""
    exponents = np.arange(rotary_dim // 2) * 2 / rotary_dim
    thetas = base**-exponents
    stop, size = context, 16
    while stop > 0:
        distances = np.arange(max(0, stop - size), stop)
        least = np.cos(np.multiply.outer(distances, thetas)).sum(axis=1).min()
        if least < -CLEAR:
            return True
        stop, size = stop - size, min(2 * size, CHUNK)
    return False


def doubtful(window: FirstWide, rotary_dim: int) -> list[int]:
    """The distances that may break the bound somewhere between the ends."""
    left, right = math.log(window.start), math.log(window.end)
    found: list[int] = []
    for start in range(1, window.context, CHUNK):
        distances = np.arange(start, min(window.context, start + CHUNK))
        cells = (np.full(distances.size, left), np.full(distances.size, right))
        found += _doubtful(window, rotary_dim, distances, *cells)
    return found


def _doubtful(
    window: FirstWide, rotary_dim: int, distances: Distances, left: Array, right: Array
) -> list[int]:
    """The same of cells [left, right] of x, one a distance, halved until there is no doubt."""
    settled, value = _settled(window, rotary_dim, distances, left, right)
    if (value < -CLEAR).any():
        return sorted(set(distances[value < -CLEAR].tolist()))
    open_ = np.flatnonzero(~settled)
    if not open_.size:
        return []
    distances, left, right = distances[open_], left[open_], right[open_]
    if (right - left).min() < FINEST:
        return sorted(set(distances.tolist()))
    middle = (left + right) / 2
    halves = (np.tile(distances, 2), np.append(left, middle), np.append(middle, right))
    return _doubtful(window, rotary_dim, *halves)


def _settled(
    window: FirstWide, rotary_dim: int, distances: Distances, left: Array, right: Array
) -> tuple[NDArray[np.bool_], Array]:
    """On which cells g is certainly nowhere negative, and g at their centres."""
    exponents = np.arange(rotary_dim // 2) * 2 / rotary_dim
    centre, half = (left + right) / 2, (right - left) / 2 + 1e-14
    phi = distances[:, None] * np.exp(-centre[:, None] * exponents)
    value = np.cos(phi).sum(axis=1)
    slope = (exponents * phi * np.sin(phi)).sum(axis=1)
    phi *= np.exp(exponents * half[:, None])  # at the left end, where they are largest
    bend = (exponents**2 * (phi + phi * phi)).sum(axis=1) * (1 + 1e-9)
    sure = value - CLEAR - np.abs(slope) * half - bend * half * half / 2 > 0
    error = CLEAR * distances
    for index in np.flatnonzero(~sure & (np.abs(slope) - error - bend * half > 0)):
        rises = slope[index] > 0
        end = window.start if rises else window.end
        beside = left[index] if rises else right[index]
        if beside == math.log(end):
            ball = excess_ball(end, rotary_dim, int(distances[index]))
            sure[index] = bool(ball >= 0)
    return sure, value


def read_table() -> list[FirstWide]:
    """The rows of the table."""
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()[1:]]
    return [FirstWide(int(L), float(s), float(e), int(o), int(c)) for L, s, e, o, c, _ in rows]


def write_table() -> None:
    """Make the table with ropecalc's walk, and prove each row by the second method."""
    import ropecalc

    lines = ["context\tstart\tend\topened_by\tclosed_by\trelative_width"]
    for context in CONTEXTS:
        known = ropecalc.min_base(HEAD_DIM, context, min_window=WIDTH, safe=None)
        assert known.wide_start is not None
        at_most = known.wide_start
        all_up_to = ropecalc.windows(HEAD_DIM, context, at_most=at_most)
        found = all_up_to.at_least(WIDTH)[0]
        assert found.end is not None
        assert found.opened_by is not None
        assert found.closed_by is not None
        row = FirstWide(context, found.start, found.end, found.opened_by, found.closed_by)
        assert certify(row) == []
        lines.append("\t".join(map(repr, (*row, found.relative_width))))
        print(lines[-1], f"window {len(all_up_to.windows)}", flush=True)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_table()
