"""The peers that ropecalc is timed against give right values: the race is a fair one."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import pairwise

import pytest

from tests.benchmarks import peers
from tests.tools.places import TESTS

MINIMUM_AT_1K = 4293.437569262578  # d = 128, L = 1024


def test_plain_evaluation_is_the_sum_of_cosines() -> None:
    values = peers.similarity(1e4, 128, 5000)  # more than one chunk
    assert values.shape == (5000,)
    for m in (0, 1, 4095, 4096, 4999):
        exact = math.fsum(math.cos(m * 1e4 ** (-2 * i / 128)) for i in range(64))
        assert values[m] == pytest.approx(exact, abs=1e-9)


def test_plain_evaluation_finds_the_published_first_violation() -> None:
    assert (peers.similarity(1e4, 128, 4096) < 0).argmax() == 1707  # Llama 2


@pytest.mark.slow
def test_nested_grids_end_within_their_resolution_above_the_minimum() -> None:
    answers = list(peers.nested_grids(1024, passes=3))
    assert len(answers) == 3
    for k, (coarse, fine) in enumerate(pairwise([1000.0 * 1024, *answers]), start=1):
        resolution = coarse / 10**k
        assert fine == pytest.approx(round(fine / resolution) * resolution)
    assert MINIMUM_AT_1K <= answers[-1] < MINIMUM_AT_1K + answers[-2] / 10**3


def test_feasibility_turns_at_the_minimum() -> None:
    assert peers.feasible(MINIMUM_AT_1K * (1 + 1e-9), 128, 1024)
    assert not peers.feasible(MINIMUM_AT_1K * (1 - 1e-9), 128, 1024)


def job(name: str) -> dict[str, float]:
    script = TESTS / "benchmarks" / "compare.py"
    done = subprocess.run(
        [sys.executable, str(script), "--job", name], capture_output=True, text=True, check=True
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_a_job_of_the_comparison_says_what_it_measured() -> None:
    result = job("sweep_13")
    assert result["base"] == pytest.approx(83763.8410154344, rel=1e-12)
    assert 0 < result["seconds"] < 60
    assert 10 < result["megabytes"] < 300


@pytest.mark.benchmark
def test_full_evaluation_is_sixty_times_faster_than_plain_numpy() -> None:
    assert job("peer_evaluation")["seconds"] > 60 * job("evaluation")["seconds"]


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("name", "seconds"), [("sweep_15", 0.5), ("sweep_17", 3), ("sweep_20", 40)]
)
def test_the_sweep_is_quick_and_small(name: str, seconds: float) -> None:
    result = job(name)
    assert result["seconds"] < seconds
    assert result["megabytes"] < 300
