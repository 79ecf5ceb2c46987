"""The peers that ropecalc is timed against give right values: the race is a fair one."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import pairwise

import pytest

import ropecalc
from tests.benchmarks import growth, peers, startup
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


def test_a_scan_of_factors_ends_within_its_step_above_the_minimum() -> None:
    rope = ropecalc.Rope("all", "yarn", 1e4, 32, 32, {"original_context": 256})
    least = ropecalc.min_factor(rope, 1024, window=False, recommended=False).minimum_factor
    found = peers.scan_of_factors(1e4, 32, 256, 1024)
    assert least is not None
    assert least <= found < least + 0.01
    theta = peers.yarn(4.0, 1e4, 32, 256)
    expected = ropecalc.scaling.yarn(1e4, 32, factor=4, original_context=256).angular_frequencies
    assert theta == pytest.approx(expected, rel=1e-12)


@pytest.mark.benchmark
def test_a_minimum_factor_takes_a_second_more_than_numpy() -> None:
    """Processor time, the least of three: a stopwatch says little beside other work."""
    line = next(iter(startup.MOST_MORE))
    calls = startup.calls()
    seconds = {
        name: min(startup.processor_time(calls[name]) for _ in range(3))
        for name in (line, startup.NUMPY)
    }
    assert seconds[line] <= seconds[startup.NUMPY] + startup.MOST_MORE[line]


@pytest.mark.benchmark
@pytest.mark.parametrize("line", startup.MOST_LONGER)
def test_a_look_up_at_16_million_tokens_takes_little_longer_than_at_32_thousand(line: str) -> None:
    """The number alone, and the full answer, evaluated at every distance."""
    calls = startup.calls()
    short = [*calls[line][:3], *line.replace(startup.LONG, startup.SHORT).split()]
    seconds = [min(startup.processor_time(call) for _ in range(3)) for call in (calls[line], short)]
    assert seconds[0] <= seconds[1] + startup.MOST_LONGER[line]


@pytest.mark.benchmark
def test_a_plan_takes_little_more_than_what_it_loads() -> None:
    """Eleven evaluations of 131,072 distances and four searches, in a fifth of a second."""
    calls = startup.calls()
    plan, loaded = (
        min(startup.processor_time(calls[name]) for _ in range(3))
        for name in ("plan Llama-3-8B --to 128k", startup.NUMPY)
    )
    assert plan <= loaded + 0.4


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


def test_the_exponent_of_a_power_is_its_own() -> None:
    """From what takes long enough, and only where that is enough to tell."""
    seconds = {k: 1e-6 * 2 ** (1.5 * k) for k in range(4, 16)}
    assert growth.slope(seconds) == pytest.approx(1.5)
    assert growth.slope({k: 1e-9 * s for k, s in seconds.items()}) is None
    assert growth.slope({12: 0.1, 13: 0.2}) is None


@pytest.mark.slow
def test_growth_is_a_row_a_context_and_a_column_a_kind_of_work() -> None:
    lines = growth.report(16, range(6, 7), 5.0).splitlines()
    head, _, *rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    assert head == ["tokens", *(name.replace("_", " ") for name in growth.WORK)]
    assert [row[0].split(" |")[0] for row in rows] == ["2^6", "exponent"]
    assert all(float(cell) >= 0 for row in rows[:1] for cell in row[1:])


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
