"""Measure how each kind of work grows with the context, and fit exponents, in one run.

    python tests/benchmarks/growth.py                  # head_dim 128, 2^12 to 2^24 tokens: minutes
    python tests/benchmarks/growth.py --dim 80 --to 17 --patience 5

Seconds are processor time of the work alone, each in a process of its own, imports not included.
A kind of work ends at the first context that takes longer than ``--patience`` seconds. Tables are
not used: the figures are those of a head that has none. The exponent is the slope of log(seconds)
over log(tokens), by least squares over what takes long enough to be measured.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # as a script, only this file's folder would be searched

from tests.benchmarks.compare import machine  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from ropecalc.certificate.format import Certificate

HOLDS = 1e15  # meets the bound at 2^24 tokens, so that every distance is looked at
MEASURABLE = 0.02  # seconds: less is imports and first calls
LEAST_POINTS = 3


def check(dim: int, context: int) -> object:
    """Every similarity below the context, with a verdict on each."""
    import ropecalc

    return ropecalc.check(HOLDS, context, head_dim=dim, next_base=False, room=False)


def sweep(dim: int, context: int) -> object:
    """The minimum base from nothing."""
    import ropecalc

    return ropecalc.min_base(
        dim,
        context,
        round_digits=None,
        integer=False,
        window=False,
        recommended=False,
        use_table=False,
    )


def recommended(dim: int, context: int) -> object:
    """The minimum base and the recommended one from nothing."""
    import ropecalc

    return ropecalc.min_base(
        dim, context, round_digits=None, integer=False, window=False, use_table=False
    )


def safe_base(dim: int, context: int) -> object:
    """The safe base from nothing."""
    from ropecalc.base.family import family_of
    from ropecalc.base.safe import computed_safe_base

    return computed_safe_base(family_of(dim), context)


def windows(dim: int, context: int) -> object:
    """All windows; weights, equal ones too, have no table."""
    import ropecalc

    return ropecalc.windows(dim, context, weights=[1.0] * (dim // 2))


def certificate(dim: int, context: int) -> object:
    """A certificate of the minimum base, which is verified before it is given."""
    return _certificate(dim, context)


@cache
def _certificate(dim: int, context: int) -> Certificate:
    import ropecalc

    return ropecalc.certify(dim, context)


def verify(dim: int, context: int) -> object:
    """The same verified."""
    import ropecalc

    return ropecalc.verify(_certificate(dim, context))


WORK: dict[str, Callable[[int, int], object]] = {
    work.__name__: work
    for work in (check, sweep, recommended, safe_base, windows, certificate, verify)
}


def seconds(name: str, dim: int, context: int) -> float:
    """Processor time of one piece of work in this process, what it needs ready beforehand."""
    WORK["check"](dim, 64)  # NumPy is loaded and has made its first product
    if name == "verify":
        _certificate(dim, context)
    began = process_time()
    WORK[name](dim, context)
    return process_time() - began


def measured(name: str, dim: int, exponents: range, patience: float) -> dict[int, float]:
    """Seconds by exponent, up to the first that takes longer than ``patience``."""
    found: dict[int, float] = {}
    for exponent in exponents:
        print(f"measuring {name} at 2^{exponent} ...", file=sys.stderr, flush=True)
        job = [sys.executable, __file__, "--job", name, "--dim", str(dim), "--to", str(exponent)]
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as the commands have it
        done = subprocess.run(job, check=True, stdout=subprocess.PIPE, text=True, env=alone)
        found[exponent] = json.loads(done.stdout)
        if found[exponent] > patience:
            break
    return found


def slope(found: dict[int, float]) -> float | None:
    """The exponent of seconds over tokens; None where too few are long enough.

    >>> slope({12: 0.1, 13: 0.2, 14: 0.4}), slope({12: 0.1, 13: 0.2})
    (1.0, None)
    """
    points = [(k, math.log2(s)) for k, s in found.items() if s >= MEASURABLE]
    if len(points) < LEAST_POINTS:
        return None
    middle, level = (math.fsum(column) / len(points) for column in zip(*points, strict=True))
    spread = sum((k - middle) ** 2 for k, _ in points)
    return round(sum((k - middle) * (s - level) for k, s in points) / spread, 6)


def report(dim: int, exponents: range, patience: float) -> str:
    """A row a context, a column a kind of work, and the exponents, as a Markdown table."""
    found = {name: measured(name, dim, exponents, patience) for name in WORK}
    slopes = {name: slope(one) for name, one in found.items()}
    rows = [
        ["tokens", *(name.replace("_", " ") for name in WORK)],
        ["---"] * (len(WORK) + 1),
        *[
            [f"2^{k}", *(f"{one[k]:.3g}" if k in one else "" for one in found.values())]
            for k in exponents
        ],
        ["exponent", *("" if s is None else f"{s:.2f}" for s in slopes.values())],
    ]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([machine(), f"head_dim {dim}, processor seconds, no tables", "", *lines])


def main() -> None:
    """Print the report, or with ``--job`` the seconds of one piece of work."""
    parser = argparse.ArgumentParser(description="Measure how costs grow with the context.")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--from", type=int, default=12, dest="first", help="exponent of 2")
    parser.add_argument("--to", type=int, default=24, help="exponent of 2")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds")
    parser.add_argument("--job", choices=WORK, help="one piece of work, at 2^TO, in this process")
    asked = parser.parse_args()
    if asked.job:
        print(json.dumps(seconds(asked.job, asked.dim, 2**asked.to)))
    else:
        print(report(asked.dim, range(asked.first, asked.to + 1), asked.patience))


if __name__ == "__main__":
    main()
