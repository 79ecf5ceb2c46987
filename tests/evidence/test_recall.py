"""The experiment: its gradients, its file, and what the file says by other code."""

from __future__ import annotations

import importlib.util
import math
import sys
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ropecalc.explanations import explanation
from tests.tools.places import ROOT

SCRIPT = ROOT / "examples" / "recall.py"
LINES = [line.split("\t") for line in SCRIPT.with_suffix(".tsv").read_text("utf-8").splitlines()]
ROWS = [dict(zip(LINES[0], line, strict=True)) for line in LINES[1:]]


@pytest.fixture(scope="module")
def recall() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recall", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recall"] = module
    spec.loader.exec_module(module)
    return module


def loss(head, some) -> float:  # type: ignore[no-untyped-def]
    """The mean cross entropy, sequence by sequence and question by question."""
    queries, keys, matrix = (one.astype(np.float64) for one in head.weights)
    total, places = 0.0, some.keys.shape[1]
    for at, targets in enumerate(some.targets):
        for target in targets:
            q, scores = queries[some.keys[at][target]], []
            for place in range(places):
                k, half = keys[some.keys[at][place]], len(q) // 2
                turn = np.exp(1j * (places - place) * head.thetas)
                scores.append((q[:half] + 1j * q[half:]) * np.conj(k[:half] + 1j * k[half:]))
                scores[-1] = (scores[-1] * turn).real.sum() / math.sqrt(len(q))
            weights = np.exp(np.array(scores) - max(scores))
            answers = (weights / weights.sum()) @ some.values[at] @ matrix
            total += np.log(np.exp(answers).sum()) - answers[some.values[at][target].argmax()]
    return float(total / some.targets.size)


def test_the_gradients_are_those_of_the_loss(recall: ModuleType) -> None:
    random = np.random.default_rng(7)
    head = recall.Head(recall.Run(4, 8, 10.0, 0), random)
    head.thetas = 10.0 ** (-np.arange(2) / 2)
    head.weights[1] += random.standard_normal(head.weights[1].shape)
    head.weights[2] += random.standard_normal(head.weights[2].shape)
    head.weights = [one.astype(np.float64) for one in head.weights]
    some = recall.sequences(random, 8, 2, 3)
    gradients = head.gradients(some)
    asked = some.keys[0][some.targets[0][0]]
    for which, at in ((0, (asked, 1)), (0, (asked, 3)), (1, (some.keys[1][2], 0)), (2, (3, 5))):
        ends = []
        for step in (1e-5, -1e-5):
            head.weights[which][at] += step
            ends.append(loss(head, some))
            head.weights[which][at] -= step
        assert gradients[which][at] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-5)


def test_a_head_without_rotation_learns_and_accuracy_is_by_distance(recall: ModuleType) -> None:
    found = recall.train(recall.Run(16, 16, math.inf, 5), steps=60)
    assert len(found) == 9
    assert found[1:] > [0.5] * 8


def test_a_run_goes_on_where_it_ended(
    recall: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [recall.Run(16, 128, base, 0) for base in (16.0, 64.0, math.inf)]
    trained: list[float] = []

    def train(run, _) -> list[float]:  # type: ignore[no-untyped-def]
        trained.append(run.base)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return [0.5] * 9

    monkeypatch.setattr(recall, "train", train)
    with pytest.raises(KeyboardInterrupt):
        recall.run_all(tmp_path / "found.tsv", some)
    recall.run_all(tmp_path / "found.tsv", some)
    assert trained == [16.0, 64.0, 64.0, math.inf]
    assert [row["base"] for row in recall.read(tmp_path / "found.tsv")] == ["16.00", "64.00", "inf"]


# --- what came out -------------------------------------------------------------------------------


def test_the_file_has_every_registered_run_once(recall: ModuleType) -> None:
    found = [(int(r["dim"]), int(r["context"]), r["base"], int(r["seed"])) for r in ROWS]
    asked = [(run.dim, run.context, f"{run.base:.2f}", run.seed) for run in recall.runs()]
    assert sorted(found) == sorted(asked)
    assert len(found) == 198
    more = recall.read(SCRIPT.with_name("recall-longer.tsv"))
    asked = [(run.dim, run.context, f"{run.base:.2f}", run.seed) for run in recall.longer()]
    found = [(int(r["dim"]), int(r["context"]), r["base"], int(r["seed"])) for r in more]
    assert sorted(found) == sorted(asked)


MINIMA = {(16, 128): 2768, (32, 128): 1029, (64, 128): 463}  # rounded, as published with the plan
MINIMA |= {(16, 256): 8570, (32, 256): 2168, (64, 256): 1412}


def known() -> dict[tuple[int, int, int], float]:
    """b90 by another way: the last crossing, found between logarithms by halving."""
    curves: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    for row in ROWS:
        if row["base"] != "inf":
            at = int(row["dim"]), int(row["context"]), int(row["seed"])
            curves.setdefault(at, []).append((float(row["base"]), float(row["eighth_8"])))
    found = {}
    for at, curve in curves.items():
        curve.sort(reverse=True)
        above = list(takewhile(lambda one: one[1] >= 0.9, curve))
        if above and len(above) < len(curve):
            (high, reached), (low, missed) = above[-1], curve[len(above)]
            ends = [math.log(low), math.log(high)]
            for _ in range(60):
                x = sum(ends) / 2
                part = (x - math.log(low)) / math.log(high / low)
                ends[missed + part * (reached - missed) >= 0.9] = x
            found[at] = math.exp(ends[0])
    return found


def test_the_regression_is_what_the_file_gives(recall: ModuleType) -> None:
    mine, points = known(), recall.points(ROWS)
    assert {one[:3] for one in points if one.base} == set(mine)
    assert all(one.base is None or one.base == pytest.approx(mine[one[:3]]) for one in points)
    criteria = {
        "minimum": {at: float(MINIMA[at]) for at in MINIMA},
        "slowest": {(d, n): (4 * n / 2 / math.pi) ** (d / (d - 2)) for d, n in MINIMA},
        "context": {(d, n): float(n) for d, n in MINIMA},
    }
    for fit in recall.fits(points):
        if fit.name in criteria:
            pairs = [
                (math.log2(criteria[fit.name][at[:2]]), math.log2(y)) for at, y in mine.items()
            ]
            off = [y - x for x, y in pairs]
            n, mean = len(off), sum(off) / len(off)
            scatter = math.sqrt(sum((one - mean) ** 2 for one in off) / (n - 1))
            assert fit.scatter == pytest.approx(scatter, abs=1e-3)
            assert fit.factor == pytest.approx(2**mean, rel=1e-3)
            mean_x, mean_y = (sum(side) / n for side in zip(*pairs, strict=True))
            top = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
            slope = top / sum((x - mean_x) ** 2 for x, _ in pairs)
            assert fit.slope == pytest.approx(slope, abs=1e-3)


def test_changing_one_accuracy_changes_the_regression(recall: ModuleType) -> None:
    at = next(k for k, row in enumerate(ROWS) if float(row["eighth_8"]) > 0.95)
    changed = [*ROWS[:at], {**ROWS[at], "eighth_8": "0.5"}, *ROWS[at + 1 :]]
    assert recall.fits(recall.points(changed)) != recall.fits(recall.points(ROWS))


# --- the words -----------------------------------------------------------------------------------


def test_the_page_says_what_the_file_gives(recall: ModuleType) -> None:
    page = explanation("experiment").text
    points = recall.points(ROWS)
    for base in recall.bases(128)[:7]:
        cells = [recall.far(ROWS, dim, 128, base) for dim in recall.DIMS]
        bars = "  ".join(f"{'#' * round(10 * cell):10}" for cell in cells).rstrip()
        assert f"{base:10,.0f}  {bars}\n" in page
    for (dim, context), minimum in MINIMA.items():
        found = [math.log(one.base) for one in points if one[:2] == (dim, context)]
        needed = math.exp(sum(found) / len(found))
        assert f"{context:7}  {dim:2}  {needed:6,.0f}  {minimum:7,}\n" in page
    fits = {fit.name: fit for fit in recall.fits(points)}
    assert (
        f"minimum base {fits['minimum'].scatter:.2f}, (4 L / 2 pi)^(d / (d - 2)) "
        f"{fits['slowest'].scatter:.2f}, criteria without a dimension "
        f"{fits['context'].scatter:.2f}, safe base {fits['safe'].scatter:.2f}."
    ) in page
    assert f"{fits['minimum'].factor:.2f} times the minimum base was enough" in page
    half_way = recall.points([{**row, "eighth_8": row["half_way"]} for row in ROWS])
    longer = recall.points(recall.read(SCRIPT.with_name("recall-longer.tsv")))
    for start, some in (
        ("needed base falls", points),
        ("training the fall was", half_way),
        ("not registered) it is", longer),
    ):
        here, there = (recall.falls(some, context) for context in (128, 256))
        assert f"{start} {here:.1f}-fold and {there:.1f}-fold" in page
    after = recall.fits(longer)[0]
    assert f"at {after.factor:.2f} times the minimum base, scatter {after.scatter:.2f}." in page
    assert min(float(row["eighth_8"]) for row in ROWS if row["base"] == "inf") == 1
    assert recall.bases(128)[1] / recall.bases(128)[0] == pytest.approx(2.2, abs=0.05)


def test_the_figure_names_its_axes_and_heads() -> None:
    words = " ".join(ET.parse(SCRIPT.with_suffix(".svg")).getroot().itertext())
    for text in (
        "d = 16",
        "d = 32",
        "d = 64",
        "base",
        "accuracy in the farthest eighth",
        "L = 256",
    ):
        assert text in words
