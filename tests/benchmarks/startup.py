"""Measure what a call of each command costs, against ``python -c "import typer"``, in one run.

    python tests/benchmarks/startup.py [RUNS]

The calls take turns, so that a busy moment meets them alike; a time is the best of all turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PROGRAM = "import sys; from ropecalc.cli.entry import main; sys.exit(main())"
TYPER = 'python -c "import typer"'
RUNS = 15
MOST = {"--version": 1.3, "min-base --dim 128 --ctx 32k -q": 1.6}  # times TYPER
# at most so many seconds more than typer and NumPy take to load
MOST_MORE = {"min-factor Qwen3-8B --rope-type yarn --original-ctx 32k --ctx 128k": 1.0}
# at most so many seconds more at 16 million tokens than at 32,768: looked up, and evaluated in full
LONG, SHORT = "--ctx 16M", "--ctx 32k"
MOST_LONGER = {f"min-base --dim 128 {LONG} -q": 0.3, f"min-base --dim 128 {LONG}": 0.6}
NUMPY = 'python -c "import typer, numpy"'
LINES = (
    *MOST,
    *MOST_MORE,
    *MOST_LONGER,
    "-h",
    "min-base --dim 128 --ctx 32k",
    "check --base 1e6 --dim 128 --ctx 32k",
    "inspect Qwen3-8B",
    "lint Qwen3-8B",
    "explain bound",
)


def calls() -> dict[str, list[str]]:
    """Every call by what it is called: typer alone, the lines above, and -h of each command."""
    from ropecalc.cli.commands import Commands

    lines = [*LINES, *(f"{name} -h" for name in Commands.NAMES)]
    peers = {TYPER: "import typer", NUMPY: "import typer, numpy"}
    return {name: [sys.executable, "-c", code] for name, code in peers.items()} | {
        line: [sys.executable, "-c", PROGRAM, *line.split()] for line in lines
    }


def measured(runs: int = RUNS) -> dict[str, float]:
    """Seconds of the fastest run of each call."""
    best: dict[str, float] = {}
    for _ in range(runs):
        for name, command in calls().items():
            best[name] = min(best.get(name, float("inf")), _seconds(command))
    return best


def _seconds(command: list[str]) -> float:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    began = perf_counter()
    done = subprocess.run(command, env=variables, capture_output=True, check=False)
    if done.returncode not in (0, 1) or not (done.stdout or "import typer" in command[-1]):
        raise RuntimeError(done.stderr.decode())
    return perf_counter() - began


def main() -> None:
    """Print a table in Markdown."""
    best = measured(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
    print("| call | ms | times typer | at most |\n| --- | --- | --- | --- |")
    for name, seconds in best.items():
        more = MOST_MORE.get(name) or MOST_LONGER.get(name)
        most = MOST.get(name) or (f"{more:g} s more" if more else "")
        print(f"| `{name}` | {seconds * 1e3:.0f} | {seconds / best[TYPER]:.2f} | {most} |")


if __name__ == "__main__":
    main()
