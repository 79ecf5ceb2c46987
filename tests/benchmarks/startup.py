"""Measure what a call of each command costs, against ``python -c "import typer"``, in one run.

    python tests/benchmarks/startup.py [RUNS]
    python tests/benchmarks/startup.py [RUNS] --against PYTHON "plan Llama-3-8B --to 128k" ...

The second form compares calls with those of another version, installed for another interpreter.
Calls take turns, so that a busy moment meets them alike; a time is of the processor, user and
system, with modules compiled before, and the best of all turns.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

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
    "plan Llama-3-8B --to 128k",
    "plan Qwen3-8B --to 1M",
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


def measured(calls: dict[str, list[str]], runs: int) -> dict[str, list[float]]:
    """The processor seconds of each call, in turns; those of the first, which compiles, go."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(runs + 1):
        for name, command in calls.items():
            seconds = processor_time(command)
            found[name] += [seconds] if turn else []
    return found


def processor_time(command: list[str]) -> float:
    """Seconds of user and system of one call."""
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    variables |= {"PYTHONPATH": str(ROOT)} if command[0] == sys.executable else {}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    elsewhere = ROOT.anchor  # where no package lies beside the call
    done = subprocess.run(command, env=variables, cwd=elsewhere, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _show_all(runs: int) -> None:
    best = {name: min(found) for name, found in measured(calls(), runs).items()}
    print("| call | ms | times typer | at most |\n| --- | --- | --- | --- |")
    for name, seconds in best.items():
        more = MOST_MORE.get(name) or MOST_LONGER.get(name)
        most = MOST.get(name) or (f"{more:g} s more" if more else "")
        print(f"| `{name}` | {seconds * 1e3:.0f} | {seconds / best[TYPER]:.2f} | {most} |")


def _show_against(python: str, lines: list[str], runs: int) -> None:
    print("| call | before | now | ratio | median ratio |\n| --- | --- | --- | --- | --- |")
    for line in lines:
        program = ["-c", PROGRAM, *line.split()]
        found = measured({"before": [python, *program], "now": [sys.executable, *program]}, runs)
        before, now = (min(found[one]) for one in ("before", "now"))
        middle = median(found["now"]) / median(found["before"])
        print(f"| `{line}` | {before:.3f} | {now:.3f} | {now / before:.3f} | {middle:.3f} |")


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=RUNS)
    parser.add_argument("--against", nargs="+", metavar=("PYTHON", "LINE"))
    given = parser.parse_args()
    if given.against:
        _show_against(given.against[0], given.against[1:], given.runs)
    else:
        _show_all(given.runs)


if __name__ == "__main__":
    main()
