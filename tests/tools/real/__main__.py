"""The real code of stacks against what ropecalc says of them.

    python -m tests.tools.real DIR --stack vllm -o lines.jsonl.gz   # run the cases of cases.py
    python -m tests.tools.real --pack lines.jsonl.gz                # the golden values of the tests
    python -m tests.tools.real --matrix                             # stacks times kinds of cases

DIR is that of ``tests.tools.real.environment``. Lines of several stacks are merged by their ids.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.tools.real.cases import cases
from tests.tools.real.environment import SERVERS, STACKS, path_of, python_of
from tests.tools.real_cases import STACKS as COMPARED
from tests.tools.real_cases import answered, differences, ours
from tests.tools.real_golden import FIRST, MORE, Json, load, pack, save

HERE = Path(__file__).parents[3]
VERSIONS = {stack: " with ".join(w.replace("==", " ") for w in STACKS[stack]) for stack in SERVERS}


def run(stack: str, folder: Path, asked: Iterable[Json]) -> Iterator[Json]:
    """What a stack makes of each case, in one process of its own."""
    path = os.pathsep.join([*path_of(stack, folder), str(HERE)])
    worker = subprocess.Popen(
        [python_of(folder), "-m", f"tests.tools.real.in_{stack.rstrip('4')}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},  # two wait for each other
        text=True,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    with worker:
        for case in asked:
            print(json.dumps(case), file=worker.stdin, flush=True)
            # what a stack prints as it is imported comes before its first answer
            yield json.loads(next(line for line in worker.stdout if line.startswith("{")))
        worker.stdin.close()


def collect(stacks: Sequence[str], folder: Path, target: Path, only: str = "") -> None:
    """Run every case whose id has ``only`` in every stack, and write a line each."""
    known = {record["case"]["id"]: record for record in _lines([target] if target.exists() else [])}
    asked = [case for case in cases() if only in case["id"]]
    records = [known.get(case["id"], {"case": case, "real": {}}) for case in asked]
    for stack in stacks:
        for record, real in zip(
            records, run(stack, folder, [record["case"] for record in records]), strict=True
        ):
            record["real"][stack] = real
            print(stack, record["case"]["id"], real.get("error", "runs")[:80], file=sys.stderr)
    with gzip.open(target, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def _lines(paths: Iterable[Path]) -> Iterator[Json]:
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)


def matrix(asked: Sequence[Json]) -> Iterator[str]:
    """Rows of Markdown: per variant and stack how many are equal, different, refused by both."""
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for case in asked:
        row = counts.setdefault(case["id"].split("/")[1], Counter())
        for stack in filter(partial(answered, case=case), case["real"]):
            answer = ours(stack, case)
            verdict = "different" if any(differences(stack, case, answer)) else "equal"
            refused = verdict == "equal" and "error" in case["real"][stack]
            row[stack, "refused" if refused else verdict] += 1
    yield "| case | " + " | ".join(COMPARED) + " |"
    yield "|---" * (len(COMPARED) + 1) + "|"
    total: Counter[tuple[str, str]] = Counter()
    for name, row in sorted(counts.items()):
        total += row
        yield _row(name, row)
    yield _row("all", total)


def _row(name: str, row: Counter[tuple[str, str]]) -> str:
    cells = []
    for stack in COMPARED:
        found = [row[stack, verdict] for verdict in ("equal", "refused", "different")]
        cells.append("{} =, {} refused, {} ≠".format(*found) if any(found) else "")
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.real")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--stack", choices=tuple(STACKS), action="append")
    parser.add_argument("--output", "-o", type=Path)
    parser.add_argument("--pack", type=Path, action="append")
    parser.add_argument("--matrix", action="store_true")
    parser.add_argument("--only", default="", help="cases whose id has this")
    asked = parser.parse_args()
    if asked.folder is not None:
        collect(asked.stack or SERVERS, asked.folder.absolute(), asked.output, asked.only)
    if asked.pack:
        save(pack(_lines(asked.pack), VERSIONS), MORE)
    if asked.matrix:
        for path in (FIRST, MORE):
            print(*matrix(load(path)), "", sep="\n")


if __name__ == "__main__":
    main()
