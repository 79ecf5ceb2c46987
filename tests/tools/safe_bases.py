"""Minimum and safe bases of heads of few pairs at random contexts, judged by Arb alone.

    python -m tests.tools.safe_bases 200           of each head 200 contexts up to 2^20

Their safe bases lie far above, and many distances come near zero there. Of each answer the float64
below breaks the bound at the distance that is named, and the base itself breaks it at none, nor do
bases drawn above the safe one; and a certificate of the safe base is proved by balls of Arb.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter
from typing import Any

import ropecalc
from tests.tools.ends import Case, Judge

HEADS = (4, 6, 8, 10, 12, 16)  # rotated dimensions
LONG = 2**18  # tokens: beyond, the judge looks at every distance of the safe base alone


def drawn(rotary_dim: int, rng: random.Random, most: int) -> Case:
    """A plain head with a random context, uniform in its logarithm from 100 tokens on."""
    return Case(rotary_dim // 2, 0, None, 0.0, int(100 * (most / 100) ** rng.random()), None)


def judged(case: Case, rng: random.Random) -> tuple[list[str], list[str]]:
    """What is false of the answers about a case, and what they leave open."""
    found = ropecalc.min_base(
        case.head_dim,
        case.context,
        safe=True,
        use_table=False,
        integer=False,
        round_digits=None,
        window=False,
    )
    judge, told = Judge(case), [found.undecided] if found.undecided else []
    wrong = _start("minimum base", found.minimum_base, found.critical_distance, judge)
    if found.safe_base is None:
        return wrong, told or [found.safe_status.value]
    wrong += _start("safe base", found.safe_base, found.safe_distance, judge)
    bases = [found.safe_base, found.safe_base * (1 + rng.random() ** 8)]
    bases += [found.minimum_base or 1.0] if case.context <= LONG else []
    wrong += [f"base {base!r} is broken" for base in bases if not judge.holds(base)]
    return wrong + _certified(case, found.safe_base), told


def _start(name: str, base: float | None, distance: int | None, judge: Judge) -> list[str]:
    if base is None or distance is None:
        return [f"the {name} is lost"]
    below, at = (judge.sign(b, distance) for b in (math.nextafter(base, 0.0), base))
    return [] if below < 0 < at else [f"the {name} {base!r} is none of S({distance})"]


def _certified(case: Case, safe: float) -> list[str]:
    try:
        proof: Any = ropecalc.certify(case.head_dim, case.context, kind="safe-base")
    except ropecalc.RopecalcError as error:
        return [f"no certificate of the safe base {safe!r}: {error}"]
    return [] if float(proof.claim.high) == safe else [f"another base is certified than {safe!r}"]


def main() -> int:
    """Judge many cases and print what is wrong, and a summary; 1 where something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contexts", type=int, help="of each head")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="number of the first context")
    parser.add_argument("--most", type=int, default=2**20, help="longest context")
    options = parser.parse_args()
    counts, slowest = Counter[str](), 0.0
    for number in range(options.start, options.start + options.contexts):
        for rotary_dim in HEADS:
            rng = random.Random(f"{options.seed}-{number}-{rotary_dim}")
            case, start = drawn(rotary_dim, rng, options.most), time.process_time()
            wrong, told = judged(case, rng)
            slowest = max(slowest, time.process_time() - start)
            counts += Counter(cases=1, false=bool(wrong), open=bool(told))
            counts["lost"] += any("minimum base is lost" in what for what in wrong)
            for what in (*wrong, *(f"open: {why}" for why in told)):
                print(number, rotary_dim, case.context, what, sep="\t", flush=True)
        print(f"{number + 1}: {dict(counts)}", flush=True)
    totals = ", ".join(f"{counts[key]} {key}" for key in ("false", "lost", "open"))
    print(f"safe bases: {counts['cases']} cases: {totals}; the slowest took {slowest:.1f} s")
    return int(counts["false"] > 0)


if __name__ == "__main__":
    sys.exit(main())
