"""Measure ropecalc against its peers in one run, and print a table.

    python tests/benchmarks/compare.py            # everything; the nested search takes minutes
    python tests/benchmarks/compare.py --quick    # its last pass estimated from the one before
    python tests/benchmarks/compare.py --long     # and the minimum base of 2^24 tokens: minutes

Every measurement has a process of its own, so that none inherits the memory, the caches or the
threads of another. A time is the best of several calls, imports not included. Memory is the peak
resident size of the whole process, Python and NumPy included.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # as a script, only this file's folder would be searched

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_DIM = 128
HOLDS_AT_1M = 3.5e8  # meets the bound at 2^20, so that every distance is evaluated
HOLDS_AT_1G = 1e15  # the same at 2^30

Measured = dict[str, float]


def best_of(times: int, call: Callable[[], object]) -> float:
    """Seconds of the fastest of several calls."""
    return min(_seconds(call) for _ in range(times))


def _seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began


def evaluation(runs: int) -> Measured:
    """Every S(m), m < 2^20, with the verdict on each."""
    import ropecalc

    bases = iter(range(int(HOLDS_AT_1M), int(HOLDS_AT_1M) + runs + 1))  # a new one: no table kept

    def call() -> None:
        if not ropecalc.check(next(bases), 2**20, head_dim=HEAD_DIM, next_base=False).holds:
            raise RuntimeError("the bound was broken")

    call()
    return {"seconds": best_of(runs, call)}


def peer_evaluation(runs: int) -> Measured:
    """The smallest S(m), m < 2^20, by plain NumPy."""
    from tests.benchmarks.peers import similarity

    return {"seconds": best_of(runs, lambda: similarity(HOLDS_AT_1M, HEAD_DIM, 2**20).min())}


def sweep(runs: int, exponent: int) -> Measured:
    """The minimum base at L = 2^exponent from nothing."""
    import ropecalc

    found = []

    def call() -> None:
        answer = ropecalc.min_base(
            HEAD_DIM,
            2**exponent,
            round_digits=None,
            integer=False,
            window=False,
            recommended=False,
            use_table=False,
        )
        found.append(answer.minimum_base or 0.0)

    return {"seconds": best_of(runs, call), "base": found[-1]}


def look_up(runs: int) -> Measured:
    """The minimum base at L = 2^20 from the shipped table, evaluated at every distance."""
    import ropecalc

    def call() -> None:
        shipped.cache_clear()  # as in a process of its own
        block_product.cache_clear()
        answer = ropecalc.min_base(
            HEAD_DIM, 2**20, round_digits=None, integer=False, window=False, recommended=False
        )
        found.append((answer.source, answer.minimum_base or 0.0))

    from ropecalc.similarity import block_product
    from ropecalc.tables import shipped

    found: list[tuple[str, float]] = []
    seconds = best_of(runs, call)
    if found[-1][0] != "table":
        raise RuntimeError("the table was not used")
    return {"seconds": seconds, "base": found[-1][1]}


def peer_search(passes: int) -> Measured:
    """The minimum base at L = 2^13 by nested grids; passes left out are estimated at ten times."""
    from tests.benchmarks.peers import nested_grids

    search = nested_grids(2**13, HEAD_DIM, passes)
    bases: list[float] = []
    laps = [_seconds(lambda: bases.append(next(search))) for _ in range(passes)]
    left_out = laps[-1] * sum(10**k for k in range(1, 6 - passes))
    return {"seconds": sum(laps) + left_out, "base": bases[-1]}


def longest_context(runs: int) -> Measured:
    """The search for a violation in 2^30 distances that have none."""
    import ropecalc

    def call() -> None:
        if ropecalc.max_context(HOLDS_AT_1G, head_dim=HEAD_DIM, limit=2**30).first_violation:
            raise RuntimeError("the bound was broken")

    return {"seconds": best_of(runs, call)}


def factor(runs: int, exponent: int) -> Measured:
    """The smallest factor of YaRN from 32,768 tokens at base 1e6, to L = 2^exponent."""
    import ropecalc

    rope = ropecalc.Rope("all", "yarn", 1e6, HEAD_DIM, HEAD_DIM, {"original_context": 2**15})
    found = []

    def call() -> None:
        answer = ropecalc.min_factor(rope, 2**exponent, window=False, recommended=False)
        found.append(answer.minimum_factor or math.inf)

    return {"seconds": best_of(runs, call), "base": found[-1]}


def peer_factor() -> Measured:
    """The same at 2^17 by a scan of factors a hundredth apart, each up to its first violation."""
    from tests.benchmarks.peers import scan_of_factors

    found = []
    seconds = best_of(1, lambda: found.append(scan_of_factors(1e6, HEAD_DIM, 2**15, 2**17)))
    return {"seconds": seconds, "base": found[-1]}


JOBS: dict[str, Callable[[], Measured]] = {
    "evaluation": partial(evaluation, 40),
    "peer_evaluation": partial(peer_evaluation, 5),
    "sweep_13": partial(sweep, 5, 13),
    "sweep_15": partial(sweep, 5, 15),
    "sweep_17": partial(sweep, 3, 17),
    "sweep_20": partial(sweep, 1, 20),
    "sweep_24": partial(sweep, 1, 24),
    "look_up_20": partial(look_up, 9),
    "peer_search_4": partial(peer_search, 4),
    "peer_search_5": partial(peer_search, 5),
    "longest_context": partial(longest_context, 1),
    "factor_17": partial(factor, 3, 17),
    "factor_20": partial(factor, 1, 20),
    "peer_factor": peer_factor,
}


def measure(job: str) -> Measured:
    """The result of a job in a process of its own."""
    print(f"measuring {job} ...", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--job", job]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: Measured = json.loads(done.stdout)
    return result


def peak_megabytes() -> float:
    """Peak resident size of this process.

    Linux hands ``ru_maxrss`` on from the process that started this one; VmHWM starts afresh.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if line:
            return int(line[1]) / 1000
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def machine() -> str:
    """Processor, cores and versions, on one line."""
    import numpy as np

    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    name = model[1] if model else platform.processor()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{name}, {cores} cores; Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{platform.system()}"
    )


def report(quick: bool, long: bool) -> str:
    """Every measurement, as a Markdown table."""
    search = "peer_search_4" if quick else "peer_search_5"
    left_out = {"peer_search_4", "peer_search_5"} - {search}
    if not long:
        left_out.add("sweep_24")
    results = {job: measure(job) for job in JOBS if job not in left_out}
    estimated = " (last pass estimated)" if quick else ""
    rows = [
        _ratio("every S(m), L = 2^20", results, "evaluation", "peer_evaluation", "plain NumPy"),
        _ratio("minimum base, L = 2^13", results, "sweep_13", search, f"nested grids{estimated}"),
        *[
            _row(f"minimum base, L = 2^{exponent}", results[f"sweep_{exponent}"])
            for exponent in ((15, 17, 20, 24) if long else (15, 17, 20))
        ],
        _ratio("the same by the table", results, "look_up_20", "sweep_20", "the sweep"),
        _row("no violation in 2^30 distances", results["longest_context"]),
        _ratio("factor of YaRN, L = 2^17", results, "factor_17", "peer_factor", "plain scan"),
        _row("factor of YaRN, L = 2^20", results["factor_20"]),
    ]
    head = ["what", "seconds", "peak MB", "peer", "seconds", "ratio"]
    table = [head, ["---"] * len(head), *rows]
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([machine(), f"head_dim {HEAD_DIM}, every pair rotated", "", *lines])


def _row(what: str, ours: Measured) -> list[str]:
    found = f": {ours['base']:.12g}" if "base" in ours else ""
    return [what + found, f"{ours['seconds']:.4g}", f"{ours['megabytes']:.0f}", "", "", ""]


def _ratio(what: str, results: dict[str, Measured], ours: str, peer: str, name: str) -> list[str]:
    found = f": {results[peer]['base']:.12g}" if "base" in results[peer] else ""
    seconds = results[peer]["seconds"]
    ratio = seconds / results[ours]["seconds"]
    return [*_row(what, results[ours])[:3], name + found, f"{seconds:.4g}", f"{ratio:.0f}"]


def main() -> None:
    """Print the report, or with ``--job`` the measurement of one job as JSON."""
    parser = argparse.ArgumentParser(description="Measure ropecalc against its peers.")
    parser.add_argument("--quick", action="store_true", help="estimate the longest measurement")
    parser.add_argument("--long", action="store_true", help="the sweep of 2^24 tokens too")
    parser.add_argument("--job", choices=JOBS, help="one measurement, in this process, as JSON")
    arguments = parser.parse_args()
    if arguments.job:
        result = JOBS[arguments.job]()
        print(json.dumps(result | {"megabytes": peak_megabytes()}))
    else:
        print(report(arguments.quick, arguments.long))


if __name__ == "__main__":
    main()
