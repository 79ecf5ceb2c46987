"""Thousands of random command lines in one process: no traceback, exit 0, 1 or 2, no leak.

    python -m tests.tools.soak [COUNT] [--seed N] [--first N]

Lines are made from the parameters of the commands (soak_lines.py) and run in a folder of
their own, without a network. Each line depends on the seed and its number alone: to see one again,
``python -m tests.tools.soak 1 --seed N --first NUMBER``. One in a hundred runs in a process of its
own too, which has to say the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from tests.tools.places import ROOT
from tests.tools.soak_folder import Folder
from tests.tools.soak_lines import (
    Line,
    asks_for_json,
    made,
    takes_several,
    unknown_metavars,
)
from tests.tools.soak_process import Done, Main, Runner, resident, settle

ALSO_ALONE = 100  # one line in so many runs in a process of its own too
WARM_UP = 0.1  # of the lines: until then modules load and caches fill
MAY_GROW = 24.0  # MB; 10 kB a line would be 80 in 10,000 lines
SAMPLES = 60  # of the memory; each takes 0.05 s
ENOUGH = 20  # failures, after which the rest says nothing new
FAULT_WORDS = ("Traceback", "this is a fault of", "Exception ignored", "not enough memory")
PREPARATION = (  # what is there from the start: a proof, and the modules that few lines load
    "min-base --dim 64 --ctx 64 --certificate proof.json -q",
    "curve --base 1e4 --ctx 64 -o new.pdf",
    "curve --base 1e4 --ctx 64 -o new.png",
    "curve --base 1e4 --ctx 64 -o new.svg",
    "inspect nobody/nothing --dtype bfloat16",
    "weights model --layer 0",
    "verify proof.json --backend auto",
)
MOST_NOTES = 3  # on what a model's file leaves unsaid, before what is wrong with the line


@dataclass(slots=True)
class Tally:
    """What a soak found."""

    seed: int
    codes: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """MB, at even steps from the end of the warm-up to the end."""

    @property
    def ends(self) -> tuple[float, float]:
        """Memory at both ends: medians, since one line may hold much for a moment."""
        if not self.memory:
            return 0.0, 0.0
        tenth = max(1, len(self.memory) // 10)
        return statistics.median(self.memory[:tenth]), statistics.median(self.memory[-tenth:])

    def __str__(self) -> str:
        first, last = self.ends
        return (
            f"soak: {self.codes.total():,} lines, seed {self.seed}: {self.codes[0]:,} answered "
            f"(0), {self.codes[1]:,} no (1), {self.codes[2]:,} refused (2); memory {first:.1f} -> "
            f"{last:.1f} MB; {len(self.failures):,} failures"
        )


def faults(line: Line, done: Done) -> list[str]:
    """What is wrong with how a line ended."""
    wrong = [f"touched {path}" for path in done.outside]
    if done.code not in (0, 1, 2):
        wrong.append(f"exit code {done.code}")
    wrong += [f"{words!r} on stderr" for words in FAULT_WORDS if words in done.err]
    if done.code == 2:
        wrong += _badly_refused(line, done)
    elif asks_for_json(line.words) and not _is_json(done.out):
        wrong.append(f"no JSON: {done.out[:60]!r}")
    return wrong


def _badly_refused(line: Line, done: Done) -> Iterator[str]:
    """One line says why, and nothing is answered; a command goes on with its other models."""
    if not line.words:
        return  # the overview
    *before, last = done.err.splitlines() or [""]
    errors = sum(each.startswith("Error: ") for each in (*before, last))
    if takes_several(line.words) and errors:
        return
    if not last.startswith("Error: ") or len(before) > MOST_NOTES:
        yield "refused in other than one line"
    if done.out or errors > 1:
        yield f"refused {errors} times, with {done.out[:60]!r} on stdout"


def _is_json(text: str) -> bool:
    def refuse(word: str) -> NoReturn:
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


class Soak:
    """Runs lines one by one, and looks at each."""

    def __init__(self, folder: Folder, main: Main, *, seed: int, alone: int = ALSO_ALONE) -> None:
        self.tally = Tally(seed)
        self._runner, self._alone = Runner(folder, main), alone

    def run(self, first: int, count: int) -> Tally:
        """The lines from one number on, until enough have failed."""
        for line in PREPARATION:
            self._runner.done(Line(0, tuple(line.split())), keep="--certificate" in line)
        step = max(1, count // SAMPLES)
        for place in range(1, count + 1):
            self._check(made(self.tally.seed, first + place - 1))
            if place > WARM_UP * count and place % step == 0:
                self.tally.memory.append(resident())
            if len(self.tally.failures) >= ENOUGH:
                break
        start, end = self.tally.ends
        if end - start > MAY_GROW:
            self.tally.failures.append(f"memory grew by {end - start:.1f} MB")
        return self.tally

    def _check(self, line: Line) -> None:
        done = self._runner.done(line)
        self.tally.codes[done.code] += 1
        wrong = faults(line, done)
        if self._alone and line.number % self._alone == 0:
            alone = self._runner.alone(line)
            timed = line.words[:1] == ("verify",)  # it says how many seconds it took
            if alone.code != done.code or (alone.out != done.out and not timed):
                wrong.append(f"alone exit code {alone.code}, {alone.out[:60]!r}")
        if wrong:
            self.tally.failures.append(f"{line}\n  {'; '.join(wrong)}\n  {done.err.strip()[-400:]}")


def main(args: list[str] | None = None) -> int:
    """Run a soak; 1 where anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.soak", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first", type=int, default=1, help="number of the first line")
    asked = parser.parse_args(args)
    if unknown := unknown_metavars():
        raise SystemExit(
            f"no values for {', '.join(sorted(unknown))}: see tests/tools/soak_values.py"
        )
    from ropecalc.cli.entry import main as program

    started = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        settle(Path(root))
        soak = Soak(Folder(Path(root)), program, seed=asked.seed)
        tally = soak.run(asked.first, asked.count)
        os.chdir(ROOT)
    print(*tally.failures, tally, f"{time.monotonic() - started:.0f} s", sep="\n")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
