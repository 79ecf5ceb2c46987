"""Staircases: every step is what a sweep for its context finds, and none is missing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ropecalc
from ropecalc import InvalidValueError, build_staircase, tables
from ropecalc.results import Kind, Staircase
from tests.oracle import excess_ball
from tests.test_tables import SHIPPED

DIMS = (6, 8, 16, 50, 64)
END = 160


@pytest.fixture(scope="module", params=DIMS)
def minimum(request: pytest.FixtureRequest) -> Staircase:
    return build_staircase("minimum", request.param, END, jobs=1)


@pytest.fixture(scope="module", params=[6, 16, 64])
def safe(request: pytest.FixtureRequest) -> Staircase:
    return build_staircase("safe", request.param, END, jobs=1)


def test_every_context_has_its_sweeps_answer(minimum: Staircase) -> None:
    for context in (*range(1, 20), *range(20, END, 7), END):
        step = minimum.at(context)
        swept = ropecalc.min_base(
            minimum.rotary_dim,
            context,
            round_digits=None,
            integer=False,
            window=False,
            use_table=False,
        )
        assert swept.minimum_base == step.base
        assert swept.critical_distance == (step.distance or None)


def test_every_context_has_its_walks_answer(safe: Staircase) -> None:
    for context in (*range(1, 20, 3), *range(20, END, 23), END):
        step = safe.at(context)
        walked = ropecalc.min_base(
            safe.rotary_dim,
            context,
            round_digits=None,
            integer=False,
            window=False,
            safe=True,
            use_table=False,
        )
        assert walked.safe_base == step.base
        assert walked.safe_distance == (step.distance or None)


@pytest.mark.parametrize("kind", ["minimum", "safe"])
def test_each_base_is_a_root_at_a_distance_in_the_step(kind: Kind) -> None:
    """Arb: the similarity changes sign between the base and the float64 below it."""
    for step in build_staircase(kind, 64, END, jobs=1).steps:
        if step.distance:
            below = math.nextafter(step.base, 0)
            assert excess_ball(below, 64, step.distance) < 0
            assert excess_ball(step.base, 64, step.distance) > 0
            assert step.distance < step.context


def test_a_step_ends_at_the_first_violation_of_its_base(minimum: Staircase) -> None:
    for step in minimum.steps[:-1]:
        base = max(step.base, math.nextafter(1, 2))
        found = ropecalc.max_context(base, head_dim=minimum.rotary_dim, limit=2 * END)
        assert found.max_context == step.context


@settings(max_examples=6)
@given(
    st.sampled_from(["minimum", "safe"]), st.integers(2, 16), st.integers(1, 90), st.integers(1, 60)
)
def test_a_shorter_staircase_is_the_beginning_of_a_longer(
    kind: Kind, half: int, short: int, more: int
) -> None:
    long = build_staircase(kind, 2 * half + 2, short + more, jobs=1)
    assert build_staircase(kind, 2 * half + 2, short, jobs=1).steps == prefix(long, short).steps


def prefix(staircase: Staircase, end: int) -> Staircase:
    """The staircase up to an earlier end."""
    kept = [step for step in staircase.steps if step.context < end]
    last = staircase.at(end)._replace(context=end)
    return Staircase(staircase.kind, staircase.rotary_dim, end, (*kept, last))


def test_shares_of_the_work_make_no_difference() -> None:
    alone, shared = (build_staircase("minimum", 32, 200, jobs=jobs) for jobs in (1, 3))
    assert alone == shared


OFTEN_USED = ("minimum-64", "minimum-128", "safe-64", "safe-128")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_begin_as_a_fresh_build_does(path: Path) -> None:
    assert_regenerated(path, 128)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=pytest.mark.slow if path.stem in OFTEN_USED else pytest.mark.heavy,
        )
        for path in SHIPPED
    ],
)
def test_shipped_files_begin_as_a_longer_fresh_build_does(path: Path) -> None:
    assert_regenerated(path, 2**13)


def assert_regenerated(path: Path, end: int) -> None:
    shipped = tables.read_table(str(path)).staircase()
    fresh = build_staircase(shipped.kind, shipped.rotary_dim, end, jobs=1)
    assert tables.encode(fresh) == tables.encode(prefix(shipped, end))


@pytest.mark.parametrize(
    ("parameter", "arguments"),
    [
        ("head_dim", ("minimum", 7, 100)),
        ("rotary_dim", ("minimum", 2, 100)),
        ("context", ("minimum", 8, 0)),
        ("context", ("minimum", 8, 2**31)),
        ("kind", ("largest", 8, 100)),
    ],
)
def test_impossible_staircases_are_refused(
    parameter: str, arguments: tuple[Kind, int, int]
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        build_staircase(*arguments)
    assert caught.value.parameter == parameter


def test_a_context_beyond_the_end_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="context must be from 1 to 20, got 21"):
        build_staircase("minimum", 16, 20, jobs=1).at(21)


@pytest.mark.parametrize("kind", ["minimum", "safe"])
@pytest.mark.parametrize("rotary_dim", [2, 16])
def test_one_token_asks_for_nothing(kind: Kind, rotary_dim: int) -> None:
    staircase = build_staircase(kind, rotary_dim, 1, jobs=1)
    assert [(step.context, step.base, step.distance) for step in staircase.steps] == [(1, 1.0, 0)]
