"""Heads made to mislead whoever looks for the ends of windows, and a judge of the answers.

    python -m tests.tools.ends 2000 --seed 1        judge 2,000 answers

A margin is tuned so that one distance comes within 1e-18 to 1e-10 of zero at some base and turns
back, or crosses twice in a hair; weights lie over 16 orders of magnitude. The judge has Arb's balls
alone. At each end that is told, the float64 on its outer side breaks the bound at the distance that
is named, and the one on its inner side breaks it at none. At bases drawn at random, and where the
distance turns, the bound holds exactly where the answer has it hold.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np

import ropecalc

ORDERS = 16  # of magnitude, of weights
LISTED = 40  # windows of one answer that are judged
SHORT = 200  # tokens: beyond, there may be thousands of windows; those next to the minimum do
LONG = 20_000  # tokens: beyond, the judge looks at fewer bases
ROW = 1_024  # distances of a product


@dataclass(frozen=True)
class Case:
    """A head, a context, and the base at which a distance was made to turn near zero, if any."""

    half: int
    unrotated: int
    weights: tuple[float, ...] | None
    margin: float
    context: int
    turn: float | None

    @property
    def asked(self) -> dict[str, Any]:
        """The head as ropecalc takes it."""
        return {
            "rotary_dim": 2 * self.half,
            "weights": self.weights,
            "margin": self.margin,
        }

    @property
    def head_dim(self) -> int:
        """Size of the head."""
        return 2 * (self.half + self.unrotated)


def drawn(rng: random.Random, most: int = 2**20) -> Case:
    """A case: three in four of them tuned."""
    half, unrotated = rng.randint(1, 8), rng.choice([0, 0, 0, 1, 2])
    weights = None
    if rng.random() < 0.7:
        weights = tuple(10 ** -rng.uniform(0, ORDERS * rng.random()) for _ in range(half))
    context = int(2 ** rng.uniform(1, math.log2(min(most, rng.choice([2**9, 2**11, 2**20])))))
    if rng.random() < 0.9:
        context = min(context, 2**12)
    context = max(2, context)
    case = Case(half, unrotated, weights, rng.choice([0.0, rng.uniform(0, 0.5)]), context, None)
    return tuned(case, rng) if rng.random() < 0.75 else case


def tuned(case: Case, rng: random.Random) -> Case:
    """The case with a margin at which the worst distance of some base turns near zero there."""
    for _ in range(20):
        x = rng.uniform(0.0, 3 * math.log(case.context) + 3)
        found = turning(case, x)
        if found is None:
            continue
        x, distance = found
        with mpmath.workdps(60):
            total = mpmath.fsum(map(mpmath.mpf, weights_of(case))) + case.unrotated
            height = mpmath.mpf(10) ** -rng.uniform(10, 18) * rng.choice([-1, 0, 1])
            margin = float((similarity(case, x, distance) - height) / total)
        if 0 < margin < 0.98:
            return Case(case.half, case.unrotated, case.weights, margin, case.context,
                        float(mpmath.exp(x)))  # fmt: skip
    return case


def weights_of(case: Case) -> tuple[float, ...]:
    """The weights, ones where none are given."""
    return case.weights or (1.0,) * case.half


def similarity(case: Case, x: Any, distance: int, order: int = 0) -> Any:
    """S in mpmath, or its first or second derivative by x."""
    total = mpmath.mpf(case.unrotated if order == 0 else 0)
    for i, weight in enumerate(weights_of(case)):
        e = mpmath.mpf(i) / case.half
        phi = distance * mpmath.exp(-x * e)
        terms = (
            lambda p=phi: mpmath.cos(p),
            lambda p=phi, e=e: e * p * mpmath.sin(p),
            lambda p=phi, e=e: -e * e * (p * mpmath.sin(p) + p * p * mpmath.cos(p)),
        )
        total += mpmath.mpf(weight) * terms[order]()
    return total


def turning(case: Case, x: float) -> tuple[Any, int] | None:
    """An extremum near x of the distance that is worst at x."""
    exponents = np.arange(case.half) / case.half
    weights = np.array(weights_of(case))
    distances = np.arange(1, case.context)
    sums = np.zeros(distances.size)
    for weight, theta in zip(weights, np.exp(-x * exponents), strict=True):
        sums += weight * np.cos(distances * theta)
    worst = int(distances[sums.argmin()])
    xs = x + np.linspace(0.0, min(2.0, 100 / worst), 400)
    phi = worst * np.exp(-xs[:, None] * exponents)
    slopes = (weights * exponents * phi * np.sin(phi)).sum(axis=1)
    turns = np.flatnonzero(slopes[1:] * slopes[:-1] < 0)
    return _sharpened(case, float(xs[turns[0]]), worst) if turns.size else None


def _sharpened(case: Case, x: float, worst: int) -> tuple[Any, int] | None:
    with mpmath.workdps(50):
        at = mpmath.mpf(x)
        for _ in range(12):
            step = similarity(case, at, worst, 1) / similarity(case, at, worst, 2)
            at -= step
            if abs(step) < mpmath.mpf(10) ** -25:
                return (at, worst) if abs(at - x) < 1 else None
    return None


class Judge:
    """The bound of a case in Arb's balls."""

    def __init__(self, case: Case) -> None:
        self.case = case
        margin = Fraction(case.margin)
        total = sum(map(Fraction, weights_of(case)), Fraction(0)) + case.unrotated
        self.constant = case.unrotated - margin * total

    def sign(self, base: float, distance: int) -> int:
        """The sign of S - margin S(0), with as many bits as it takes."""
        bits = 128
        while bits <= 4_096:
            with flint.ctx.workprec(bits):
                x = flint.arb(base).log()
                value = _arb(self.constant)
                for i, weight in enumerate(weights_of(self.case)):
                    theta = (-x * i / self.case.half).exp()
                    value += flint.arb(weight) * (theta * distance).cos()
                if value < 0 or value > 0:
                    return 1 if value > 0 else -1
            bits *= 2
        return 0

    def holds(self, base: float) -> bool:
        """Whether the bound holds at every distance."""
        return next(self.broken(base), None) is None

    def broken(self, base: float) -> Iterator[int]:
        """The distances that break the bound, those that are most likely to first."""
        n, context = self.case.half, self.case.context
        with flint.ctx.workprec(96):
            x = flint.arb(base).log()
            thetas = [(-x * i / n).exp() for i in range(n)]
            weights = [flint.arb(weight) for weight in weights_of(self.case)]
            columns = min(ROW, context)
            right = flint.arb_mat([_turned(thetas, j) for j in range(columns)]).transpose()
            level = _arb(-self.constant)
            for start in range((context - 1) // columns * columns, -1, -columns):
                both = _turned(thetas, start)
                row = [w * c for w, c in zip(weights, both[:n], strict=True)]
                row += [-w * s for w, s in zip(weights, both[n:], strict=True)]
                values = (flint.arb_mat([row]) * right).entries()
                doubtful = [start + j for j, value in enumerate(values) if not value >= level]
                for distance in doubtful:
                    if 0 < distance < context and self.sign(base, distance) < 0:
                        yield distance


def _turned(thetas: list[flint.arb], distance: int) -> list[flint.arb]:
    both = [(theta * distance).sin_cos() for theta in thetas]
    return [cosine for _, cosine in both] + [sine for sine, _ in both]


def _arb(value: Fraction | int) -> flint.arb:
    exact = Fraction(value)
    return flint.arb(exact.numerator) / flint.arb(exact.denominator)


@dataclass
class Verdict:
    """What the judge has to say of the answers about a case."""

    wrong: list[str]
    undecided: list[str]


def judged(case: Case, rng: random.Random) -> Verdict:
    """Judge the minimum base, its window, the safe base and the windows of a case."""
    verdict, judge = Verdict([], []), Judge(case)
    found = _answer(lambda: _minimum(case), verdict)
    if found is None:
        return verdict
    verdict.undecided += [found.undecided] if found.undecided else []
    _judge_minimum(found, judge, verdict, rng)
    limit = None
    if case.context > SHORT:
        limit = min(1e300, (found.window_end or found.minimum_base or 1.0) * 1.01)
    windows = _answer(lambda: _windows(case, limit), verdict)
    if windows is not None:
        verdict.undecided += [windows.undecided] if windows.undecided else []
        _judge_windows(windows, found, judge, verdict, rng)
    return verdict


def _answer(find: Callable[[], Any], verdict: Verdict) -> Any:
    try:
        return find()
    except ropecalc.UndecidedError as error:
        verdict.undecided.append(str(error))
        return None


def _minimum(case: Case) -> Any:
    return ropecalc.min_base(
        case.head_dim,
        case.context,
        **case.asked,
        safe=True,
        use_table=False,
        integer=False,
        round_digits=None,
    )


def _windows(case: Case, limit: float | None) -> Any:
    return ropecalc.windows(case.head_dim, case.context, **case.asked, at_most=limit)


def _judge_minimum(found: Any, judge: Judge, verdict: Verdict, rng: random.Random) -> None:
    low, safe = found.minimum_base, found.safe_base
    _judge_start("minimum base", low, found.critical_distance, judge, verdict)
    _judge_start("safe base", safe, found.safe_distance, judge, verdict)
    if found.window_end is not None and found.window_end < 1e300:
        if not judge.holds(found.window_end):
            verdict.wrong.append(f"window end {found.window_end!r} is broken")
        above = math.nextafter(found.window_end, math.inf)
        if found.window_status is ropecalc.WindowStatus.ENDS and judge.holds(above):
            verdict.wrong.append(f"window end {found.window_end!r} is not the last")
    for base in _probes(judge.case, low, safe, rng):
        holds = judge.holds(base)
        if holds and low is not None and base < low:
            verdict.wrong.append(f"{base!r} below the minimum base {low!r} holds")
        if holds and low is None:
            verdict.wrong.append(f"{base!r} holds, and no minimum base is told")
        if not holds and safe is not None and base >= safe:
            verdict.wrong.append(f"{base!r} above the safe base {safe!r} is broken")


def _judge_start(
    name: str, base: float | None, distance: int | None, judge: Judge, verdict: Verdict
) -> None:
    """A base that holds, with the float64 below broken at a distance, or base 1."""
    if base is None:
        return
    if base == 1.0:
        if any(judge.sign(1.0, m) < 0 for m in range(1, min(judge.case.context, 5_000))):
            verdict.wrong.append(f"{name} 1 is broken")
        return
    if not judge.holds(base):
        verdict.wrong.append(f"{name} {base!r} is broken")
    if distance is None or judge.sign(math.nextafter(base, 0.0), distance) >= 0:
        verdict.wrong.append(f"{name} {base!r}: S({distance}) is not below it one float64 lower")


def _probes(
    case: Case, low: float | None, safe: float | None, rng: random.Random
) -> Iterator[float]:
    """Bases at which the bound is examined: where the distance turns, and at random."""
    if case.turn is not None:
        yield from (case.turn, case.turn * (1 + 1e-9), case.turn * (1 - 1e-9))
    top = math.log(safe or low or 1e6) + 1
    for _ in range(2 if case.context <= LONG else 1):
        yield math.exp(rng.uniform(1e-6, min(top, 690)))
    if safe is not None and safe < 1e290:
        yield math.nextafter(safe * (1 + rng.random() ** 8), math.inf)


def _judge_windows(
    windows: Any, found: Any, judge: Judge, verdict: Verdict, rng: random.Random
) -> None:
    if not windows.undecided and windows.minimum_base != found.minimum_base:
        verdict.wrong.append(f"windows begin at {windows.minimum_base!r}")
    told = (
        windows.windows if len(windows.windows) <= LISTED else rng.sample(windows.windows, LISTED)
    )
    for window in told:
        _judge_start("window", window.start, window.opened_by, judge, verdict)
        if window.closed_by is None:
            continue
        above = math.nextafter(window.end, math.inf)
        if judge.sign(window.end, window.closed_by) < 0 or judge.sign(above, window.closed_by) >= 0:
            verdict.wrong.append(f"window end {window.end!r} is none of S({window.closed_by})")
    if windows.status not in (ropecalc.Status.ALL_WINDOWS, ropecalc.Status.NO_BASE):
        return
    for base in _probes(judge.case, found.minimum_base, found.safe_base, rng):
        inside = any(w.start <= base and (w.end is None or base <= w.end) for w in windows.windows)
        if judge.holds(base) != inside:
            verdict.wrong.append(f"windows have it {inside} at {base!r}")


def main() -> int:
    """Judge many cases and print what is wrong, and a summary; 1 where something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=2**20, help="longest context")
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    slowest = 0.0
    for number in range(options.start, options.start + options.cases):
        rng = random.Random(f"{options.seed}-{number}")
        case = drawn(rng, options.most)
        start = time.process_time()
        verdict = judged(case, rng)
        slowest = max(slowest, time.process_time() - start)
        counts["tuned"] += case.turn is not None
        counts["undecided"] += bool(verdict.undecided)
        counts["false"] += bool(verdict.wrong)
        for what in (*verdict.wrong, *(f"undecided: {why}" for why in verdict.undecided)):
            print(number, case, what, sep="\t", flush=True)
        if number % 100 == 99:
            print(f"{number + 1}: {dict(counts)}", flush=True)
    told = ", ".join(f"{counts[key]} {key}" for key in ("tuned", "undecided", "false"))
    print(f"ends: {options.cases} cases: {told}; the slowest took {slowest:.1f} s")
    return int(counts["false"] > 0)


if __name__ == "__main__":
    sys.exit(main())
