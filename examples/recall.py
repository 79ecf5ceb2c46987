"""What base does a head need to recall over its whole context? An experiment in plain NumPy.

    OPENBLAS_NUM_THREADS=1 python examples/recall.py run recall.tsv     (6 minutes of one core)
    python examples/recall.py report recall.tsv [FIGURE.svg]
    python examples/recall.py longer recall-longer.tsv       (not registered: see the end)

``run`` adds a row a run to the file and goes on where it ended; ``report`` reads it. What came out
is in recall.tsv and recall.svg beside this file, and in ``ropecalc explain experiment``.

REGISTERED before the main run. Nothing below was chosen after a look at its results.

Task: associative recall. A sequence has L tokens. The first L - 1 have different keys, of 256, each
with a value, of 16; the last one queries the value of one of these keys. A guess is right in 6 %.

Head: one layer, one head of d dimensions with plain RoPE of base b. Query and key vectors of the
256 keys are learned (an embedding and its projection, multiplied out) and equal at the start, as
the bound assumes of similar tokens. Attention is softmax(q . k / sqrt(d)) over the earlier
tokens; a learned 16 x 16 matrix takes the attended values to the answer.

Training: 800 steps of Adam, learning rate from 0.05 to 0 in a straight line; in each step 8 new
sequences, each asked for 64 of its keys. Every distance is as likely as another. Then 128 sequences
are asked for all their keys. Steps and rate were chosen by eleven runs of 300 to 800 steps with
seed 101: for the time, and for a rate with which heads learn the task. The bases were not changed.

Runs: d = 16, 32, 64; L = 128, 256; ten bases from L / 8 to 128 L in equal ratios, the same for all
d, which contain all minimum bases (463 to 8,570) with room; seeds 0, 1, 2: 180 runs. As a control
the same without rotation (base inf), 18 runs: what is lost there is not lost to the base.

Measured: b90, the base above which all bases have 90 % in the farthest eighth of the distances,
interpolated in the logarithm of the base. Above the last base, or below the first, it is not known.

Asked: which criterion has b90 as a constant times its own base?

    minimum       the minimum base of (d, L)
    safe          the base above which every base meets the bound
    slowest       (4 L / 2 pi)^(d / (d - 2)): the slowest pair turns a quarter at most
    context       L: all criteria without a dimension, such as L / arccos(0.9) and 1.62 L

The scatter is the standard deviation of log2(b90 / criterion), in octaves: least is best. Beside
it the slope of ln b90 over ln criterion, which should be 1. The dimension decides: from d = 16 to
64 the minimum base falls 6.0-fold (L = 128) and 6.1-fold (256), ``slowest`` 1.6- and 1.8-fold,
``context`` not at all. Scatters less than a tenth of an octave apart are no difference. With fewer
than 12 of the 18 b90 known there is no answer. A null is a result.

Not asked: whether longer training moves b90 (the accuracy half-way is in the file for that), more
layers, more heads, language. Fewer dimensions also hold fewer keys apart: the control shows how
much that costs.

AFTERWARDS, since half-way through training the dimension made more of a difference than at the end:
``longer`` has the five bases around b90 once more, seed 0, with four times the steps.
"""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import ropecalc

Array = NDArray[np.float32]
Whole = NDArray[np.int64]

DIMS, CONTEXTS, SEEDS = (16, 32, 64), (128, 256), (0, 1, 2)
KEYS, VALUES = 256, 16
SEQUENCES, ASKED, TESTED = 8, 64, 128
STEPS, RATE = 800, 0.05
WANTED, FEWEST = 0.9, 12
NAMES = ("dim", "context", "base", "seed", "half_way", *(f"eighth_{k}" for k in range(1, 9)))


class Run(NamedTuple):
    """What is trained."""

    dim: int
    context: int
    base: float
    seed: int


def runs() -> Iterator[Run]:
    """All runs, a whole grid a seed; base inf is the control."""
    for seed, context, dim in product(SEEDS, CONTEXTS, DIMS):
        for base in (*bases(context), math.inf):
            yield Run(dim, context, base, seed)


def longer() -> Iterator[Run]:
    """The second to the sixth base of each head and context, one seed."""
    for context, k, dim in product(CONTEXTS, (5, 4, 3, 2, 1), DIMS):
        yield Run(dim, context, bases(context)[k], 0)


def bases(context: int) -> list[float]:
    """Ten bases from L / 8 to 128 L."""
    return [context / 8 * 1024 ** (k / 9) for k in range(10)]


# --- the head -------------------------------------------------------------------------------------


class Sequences(NamedTuple):
    """Some sequences, and what they are asked for."""

    keys: Whole  # (sequences, L - 1), all different in a row
    values: Array  # (sequences, L - 1, VALUES), one-hot
    targets: Whole  # (sequences, asked): places of the keys that are asked for


class Head:
    """Query and key vectors of the keys, and the matrix from attended values to answers."""

    def __init__(self, run: Run, random: np.random.Generator) -> None:
        table = random.standard_normal((KEYS, run.dim), dtype=np.float32)
        matrix = np.zeros((VALUES, VALUES), dtype=np.float32)
        self.weights = [table, table.copy(), matrix]
        self.scale = np.float32(run.dim**-0.5)
        distances = run.context - 1 - np.arange(run.context - 1)  # from the last token
        if math.isinf(run.base):
            thetas = np.zeros(run.dim // 2)
        else:
            thetas = run.base ** (-2 * np.arange(run.dim // 2) / run.dim)
        angles = distances[:, None] * thetas  # (L - 1, d / 2)
        self.cos, self.sin = np.cos(angles).astype("f4"), np.sin(angles).astype("f4")

    def turned(self, x: Array, sin: Array) -> Array:
        """Pairs (i, i + d / 2) turned back by their distance times theta_i."""
        first, second = np.split(x, 2, axis=-1)
        return np.concatenate(
            [first * self.cos + second * sin, second * self.cos - first * sin], axis=-1
        )

    def answers(self, some: Sequences) -> tuple[Array, Array, Array, Array, Array]:
        """Answers before the softmax, and what a gradient needs."""
        queries, keys, matrix = self.weights
        q = queries[np.take_along_axis(some.keys, some.targets, 1)]  # (sequences, asked, d)
        k = self.turned(keys[some.keys], self.sin)  # (sequences, L - 1, d)
        attention = softmax(q @ k.swapaxes(1, 2) * self.scale)  # (sequences, asked, L - 1)
        seen = attention @ some.values  # (sequences, asked, VALUES)
        return seen @ matrix, seen, attention, q, k

    def gradients(self, some: Sequences) -> list[Array]:
        """Of the mean cross entropy, in the order of ``weights``."""
        answers, seen, attention, q, k = self.answers(some)
        wrong = (softmax(answers) - wanted(some)) / np.float32(some.targets.size)
        back = wrong @ self.weights[2].T  # (sequences, asked, VALUES)
        slope = attention * (back @ some.values.swapaxes(1, 2) - (back * seen).sum(-1)[..., None])
        slope *= self.scale
        queries, keys = (np.zeros_like(table) for table in self.weights[:2])
        to_q, to_k = slope @ k, self.turned(slope.swapaxes(1, 2) @ q, -self.sin)
        asked = np.take_along_axis(some.keys, some.targets, 1)
        for row in range(len(some.keys)):  # all different in a row: each index occurs once
            queries[asked[row]] += to_q[row]
            keys[some.keys[row]] += to_k[row]
        return [queries, keys, np.tensordot(seen, wrong, axes=([0, 1], [0, 1]))]


def softmax(x: Array) -> Array:
    """Over the last axis."""
    x = np.exp(x - x.max(-1, keepdims=True))
    x /= x.sum(-1, keepdims=True)
    return x


def wanted(some: Sequences) -> Array:
    """The values of the keys that are asked for, one-hot: (sequences, asked, VALUES)."""
    return np.take_along_axis(some.values, some.targets[..., None], 1)


def sequences(random: np.random.Generator, context: int, count: int, asked: int) -> Sequences:
    """New sequences, each asked for ``asked`` of its keys."""
    keys = random.random((count, KEYS)).argsort(1)[:, : context - 1]
    values = np.eye(VALUES, dtype="f4")[random.integers(VALUES, size=keys.shape)]
    return Sequences(keys, values, random.random(keys.shape).argsort(1)[:, :asked])


class Adam:
    """Adam's steps in place [Kingma and Ba, arXiv 1412.6980], with its usual constants."""

    def __init__(self, weights: list[Array]) -> None:
        self.weights, self.steps = weights, 0
        self.means = [np.zeros_like(one) for one in weights]
        self.squares = [np.zeros_like(one) for one in weights]

    def step(self, gradients: Sequence[Array], rate: float) -> None:
        """Change the weights."""
        self.steps += 1
        size = np.float32(rate * math.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps))
        for k, gradient in enumerate(gradients):
            self.means[k] += 0.1 * (gradient - self.means[k])
            self.squares[k] += 0.001 * (gradient * gradient - self.squares[k])
            self.weights[k] -= size * self.means[k] / (np.sqrt(self.squares[k]) + 1e-8)


# --- a run ----------------------------------------------------------------------------------------


def train(run: Run, steps: int = STEPS, rate: float = RATE) -> list[float]:
    """The accuracy in the farthest eighth half-way, then that in each eighth at the end."""
    random = np.random.default_rng([run.seed, run.dim, run.context])
    head = Head(run, random)
    adam = Adam(head.weights)
    half_way = 0.0
    for step in range(1, steps + 1):
        some = sequences(random, run.context, SEQUENCES, ASKED)
        adam.step(head.gradients(some), rate * (1 - (step - 1) / steps))
        if step == steps // 2:
            half_way = accuracies(head, run)[-1]
    return [half_way, *accuracies(head, run)]


def accuracies(head: Head, run: Run) -> list[float]:
    """The part of right answers in each eighth of the distances, the nearest first."""
    random = np.random.default_rng([run.seed, run.context])  # the same test for all d and b
    places = run.context - 1
    right = np.zeros(places)
    for _ in range(TESTED // SEQUENCES):
        some = sequences(random, run.context, SEQUENCES, places)
        hits = head.answers(some)[0].argmax(-1) == wanted(some).argmax(-1)
        np.add.at(right, places - 1 - some.targets, hits)  # nearest first
    return [float(part.mean()) / TESTED for part in np.array_split(right, 8)]


def run_all(path: Path, some: Iterable[Run], steps: int = STEPS) -> None:
    """Train what the file does not have yet; a row is written as soon as it is known."""
    rows = read(path) if path.exists() else []
    done = {tuple(row[name] for name in NAMES[:4]) for row in rows}
    with path.open("a", encoding="utf-8", newline="") as file:
        if not rows:
            print(*NAMES, "seconds", sep="\t", file=file)
        for run in some:
            named = (str(run.dim), str(run.context), f"{run.base:.2f}", str(run.seed))
            if named not in done:
                start = time.process_time()
                found = [f"{value:.4f}" for value in train(run, steps)]
                seconds = f"{time.process_time() - start:.1f}"
                print(*named, *found, seconds, sep="\t", file=file, flush=True)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# --- what came out --------------------------------------------------------------------------------


def b90(curve: Mapping[float, float]) -> float | None:
    """The base above which all have 90 %, of accuracies by base; None where not known.

    >>> b90({10.0: 0.5, 40.0: 0.8, 160.0: 1.0})
    80.0
    """
    order = sorted(curve)
    below = [k for k, base in enumerate(order) if curve[base] < WANTED]
    if not below or below[-1] == len(order) - 1:
        return None
    low, high = order[below[-1]], order[below[-1] + 1]
    share = (WANTED - curve[low]) / (curve[high] - curve[low])
    return float(round(low * (high / low) ** share, 9))


class Point(NamedTuple):
    """A head at a context with one seed, and the base that it needed."""

    dim: int
    context: int
    seed: int
    base: float | None


def points(rows: Sequence[Mapping[str, str]]) -> list[Point]:
    """b90 of each head, context and seed."""
    curves: dict[tuple[int, int, int], dict[float, float]] = {}
    for row in rows:
        at = int(row["dim"]), int(row["context"]), int(row["seed"])
        if row["base"] != "inf":
            curves.setdefault(at, {})[float(row["base"])] = float(row["eighth_8"])
    return [Point(*at, b90(curve)) for at, curve in sorted(curves.items())]


@cache
def criterion(name: str, dim: int, context: int) -> float:
    """The base that a criterion needs; for ``context`` up to a constant."""
    if name == "slowest":
        return float((4 * context / math.tau) ** (dim / (dim - 2)))
    if name == "context":
        return float(context)
    found = ropecalc.min_base(
        dim, context, safe=name == "safe", round_digits=None, integer=False, window=False
    )
    return float((found.minimum_base if name == "minimum" else found.safe_base) or math.nan)


class Fit(NamedTuple):
    """How well a criterion tells b90."""

    name: str
    scatter: float
    """Standard deviation of log2(b90 / criterion), octaves."""
    factor: float
    """The geometric mean of b90 / criterion."""
    slope: float
    """Of ln b90 over ln criterion, by least squares."""


def fits(known: Sequence[Point]) -> list[Fit]:
    """A fit a criterion, over the points with a b90."""
    some = [one for one in known if one.base is not None]
    y = np.log2([one.base or 0 for one in some])
    found = []
    for name in ("minimum", "safe", "slowest", "context"):
        x = np.log2([criterion(name, one.dim, one.context) for one in some])
        factor, slope = 2 ** float((y - x).mean()), float(np.polyfit(x, y, 1)[0])
        found.append(Fit(name, float((y - x).std(ddof=1)), factor, slope))
    return found


def falls(known: Sequence[Point], context: int) -> float:
    """How many times b90 falls from d = 16 to d = 64: the ratio of geometric means over seeds."""
    ends = [
        [math.log(one.base) for one in known if one.base and one[:2] == (dim, context)]
        for dim in (DIMS[0], DIMS[-1])
    ]
    means = [math.fsum(logs) / len(logs) if logs else math.nan for logs in ends]
    return math.exp(means[0] - means[1])


def report(rows: Sequence[Mapping[str, str]]) -> None:
    """Tables of the accuracies, of b90 and of the fits."""
    print("accuracy in the farthest eighth, mean of the seeds; inf: without rotation")
    for context in CONTEXTS:
        print(f"\nL = {context}   base " + "".join(f"{'d = ' + str(dim):>9}" for dim in DIMS))
        for base in (*bases(context), math.inf):
            print(f"{base:16,.0f} " + "".join(f"{far(rows, d, context, base):9.3f}" for d in DIMS))
    known = points(rows)
    print("\n   d    L   minimum base     b90 of the seeds")
    for context, dim in product(CONTEXTS, DIMS):
        found = [one.base for one in known if one[:2] == (dim, context)]
        shown = "".join("   unknown" if base is None else f"{base:10,.0f}" for base in found)
        print(f"{dim:4} {context:4} {criterion('minimum', dim, context):14,.0f} {shown}")
    if sum(one.base is not None for one in known) < FEWEST:
        print("\nno answer: too few are known")
        return
    print("\ncriterion   scatter [octaves]   b90 / criterion   slope")
    for fit in fits(known):
        print(f"{fit.name:9} {fit.scatter:19.2f} {fit.factor:17.3g} {fit.slope:7.2f}")
    for context in CONTEXTS:
        told = [criterion("minimum", dim, context) for dim in (DIMS[0], DIMS[-1])]
        print(
            f"L = {context}: from d = 16 to 64 b90 falls {falls(known, context):.2f}-fold, "
            f"the minimum base {told[0] / told[1]:.2f}-fold"
        )


def far(rows: Sequence[Mapping[str, str]], dim: int, context: int, base: float) -> float:
    """The mean accuracy of the seeds in the farthest eighth."""
    name = (str(dim), str(context), f"{base:.2f}")
    found = [float(row["eighth_8"]) for row in rows if tuple(row[n] for n in NAMES[:3]) == name]
    return math.fsum(found) / len(found) if found else math.nan


def draw(rows: Sequence[Mapping[str, str]], path: str) -> None:
    """Accuracy over base, and the minimum bases, a panel a context."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "ropecalc", "svg.fonttype": "none"})
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(7, 3), sharey=True, layout="constrained")
    for axes, context in zip(panels, CONTEXTS, strict=True):
        for at, dim in enumerate(DIMS):
            xs = bases(context)
            ys = [far(rows, dim, context, base) for base in xs]
            axes.semilogx(xs, ys, "o-", markersize=3, color=f"C{at}", label=f"d = {dim}")
            axes.axvline(criterion("minimum", dim, context), color=f"C{at}", linestyle=":")
        axes.axhline(WANTED, color="grey", linewidth=0.5)
        axes.set_title(f"L = {context} (dotted: minimum bases)", fontsize=9)
        axes.set_xlabel("base")
    panels[0].set_ylabel("accuracy in the farthest eighth")
    panels[0].legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """``run FILE``, ``longer FILE`` or ``report FILE [FIGURE]``."""
    match sys.argv[1:]:
        case ["run", path]:
            run_all(Path(path), runs())
        case ["longer", path]:
            run_all(Path(path), longer(), 4 * STEPS)
        case ["report", path, *figure]:
            report(read(Path(path)))
            if figure:
                draw(read(Path(path)), figure[0])
        case _:
            sys.exit((__doc__ or "").split("\n\n")[1])


if __name__ == "__main__":
    main()
