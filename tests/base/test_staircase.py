"""Staircases: every step is what a sweep for its context finds, and none is missing."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc import InvalidValueError, TableError, build_staircase, tables
from ropecalc.base.family import family_of
from ropecalc.base.staircase import (
    STRETCH,
    Edge,
    answered_by,
    is_whole,
    joined,
    stretch,
    stretch_count,
)
from ropecalc.base.window import holds_ever_after
from ropecalc.results import Kind, Staircase
from tests.base.test_tables import SHIPPED
from tests.tools.laws import laws
from tests.tools.oracle import excess_ball

DIMS = (6, 8, 16, 50, 64)
END = 160


@pytest.fixture(scope="module", params=DIMS)
def minimum(request: pytest.FixtureRequest) -> Staircase:
    return build_staircase("minimum", request.param, END, jobs=1)


@pytest.fixture(scope="module", params=[6, 16, 64])
def safe(request: pytest.FixtureRequest) -> Staircase:
    return build_staircase("safe", request.param, END, jobs=1)


@pytest.mark.slow
def test_every_context_has_its_sweeps_answer(minimum: Staircase) -> None:
    for context in (*range(1, 20), *range(20, END, 7), END):
        step = minimum.at(context)
        swept = ropecalc.min_base(
            minimum.rotary_dim,
            context,
            round_digits=None,
            integer=False,
            window=False,
            recommended=False,
            use_table=False,
        )
        assert swept.minimum_base == step.base
        assert swept.critical_distance == (step.distance or None)


@pytest.mark.slow
def test_every_context_has_its_walks_answer(safe: Staircase) -> None:
    for context in (*range(1, 20, 3), *range(20, END, 23), END):
        step = safe.at(context)
        walked = ropecalc.min_base(
            safe.rotary_dim,
            context,
            round_digits=None,
            integer=False,
            window=False,
            recommended=False,
            safe=True,
            use_table=False,
        )
        assert walked.safe_base == step.base
        assert walked.safe_distance == (step.distance or None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["minimum", "safe"])
def test_each_base_is_a_root_at_a_distance_in_the_step(kind: Kind) -> None:
    """Arb: the similarity changes sign between the base and the float64 below it."""
    for step in build_staircase(kind, 64, END, jobs=1).steps:
        if step.distance:
            below = math.nextafter(step.base, 0)
            assert excess_ball(below, 64, step.distance) < 0
            assert excess_ball(step.base, 64, step.distance) > 0
            assert step.distance < step.context


@pytest.mark.slow
def test_a_step_ends_at_the_first_violation_of_its_base(minimum: Staircase) -> None:
    for step in minimum.steps[:-1]:
        base = max(step.base, math.nextafter(1, 2))
        found = ropecalc.max_context(base, head_dim=minimum.rotary_dim, limit=2 * END)
        assert found.max_context == step.context


@pytest.mark.slow
@laws(max_examples=6)
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
    if staircase.kind == "recommended":  # what breaks it lies beyond the end
        last = last._replace(distance=0)
    return Staircase(staircase.kind, staircase.rotary_dim, end, (*kept, last))


@pytest.mark.slow
def test_shares_of_the_work_make_no_difference() -> None:
    alone, shared = (build_staircase("minimum", 32, 200, jobs=jobs) for jobs in (1, 3))
    assert alone == shared


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=[] if path.stem.endswith(("-32", "-128")) else pytest.mark.slow,
        )
        for path in SHIPPED
    ],
)
def test_shipped_files_begin_as_a_fresh_build_does(path: Path) -> None:
    assert_regenerated(path, 128)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=pytest.mark.slow if path.stem == "safe-128" else pytest.mark.heavy,
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


# --- the stretches -------------------------------------------------------------------------------

DIM, SHORT = 6, 20  # sixty stretches, nine steps
KINDS: tuple[Kind, ...] = ("minimum", "safe")


class Told(list[tuple[int, int]]):
    """The progress that was told; the build is interrupted at call ``last``."""

    def __init__(self, last: int = 0) -> None:
        super().__init__()
        self.last = last

    def __call__(self, done: int, total: int) -> None:
        self.append((done, total))
        if len(self) == self.last:
            raise KeyboardInterrupt


@cache
def built(kind: Kind) -> tuple[Staircase, Told]:
    """A staircase built without a file, and its progress."""
    told = Told()
    return build_staircase(kind, DIM, SHORT, jobs=1, progress=told), told


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_stretches_that_know_of_no_other_make_the_same_staircase(kind: Kind) -> None:
    nothing = 0 if kind == "minimum" else SHORT
    order: Sequence[int] = range(stretch_count(DIM, SHORT))
    edges: list[Edge] = []
    for index in order if kind == "minimum" else reversed(order):
        answered = answered_by(kind, SHORT, edges)
        alone = stretch(kind, DIM, SHORT, index, nothing)
        told = stretch(kind, DIM, SHORT, index, answered)
        assert joined(kind, SHORT, edges, alone) == joined(kind, SHORT, edges, told)
        edges = joined(kind, SHORT, edges, alone)
    assert is_whole(kind, SHORT, edges)
    whole, _ = built(kind)
    assert [edge.context for edge in edges] == [step.context for step in whole.steps]
    for edge, step in zip(edges, whole.steps, strict=True):
        assert edge.x == pytest.approx(math.log(step.base), abs=1e-9)


@pytest.mark.parametrize(("rotary_dim", "end"), [(6, 20), (8, 40), (32, 2), (2, 1)])
def test_the_last_stretch_is_the_first_above_which_nothing_fails(rotary_dim: int, end: int) -> None:
    count, family = stretch_count(rotary_dim, end), family_of(rotary_dim)
    assert holds_ever_after(family, end, count * STRETCH)
    assert count == 1 or not holds_ever_after(family, end, (count - 1) * STRETCH)


# --- the file and its journal --------------------------------------------------------------------


def interrupted(kind: Kind, path: Path, last: int, resumed: Told | None = None) -> Told:
    told = Told(last)
    with pytest.raises(KeyboardInterrupt):
        build_staircase(kind, DIM, SHORT, jobs=1, save=str(path), progress=told, resumed=resumed)
    return told


def lines_of(path: Path) -> list[object]:
    """What a journal says, without its checksums."""
    return [json.loads(line.partition(b" ")[2]) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_build_is_taken_up_where_it_was_interrupted(tmp_path: Path, kind: Kind) -> None:
    path, journal = tmp_path / "s", tmp_path / "s.part"
    (whole, whole_progress), count = built(kind), stretch_count(DIM, SHORT)
    fresh, again, last = Told(), Told(), Told()
    assert interrupted(kind, path, 20, fresh) == [(done, count) for done in range(1, 21)]
    assert len(lines_of(journal)) == 21
    assert interrupted(kind, path, 10, again) == [(done, count) for done in range(21, 31)]
    assert whole_progress[-2:] == [(8, 9), (9, 9)]
    stretches = len(whole_progress) - 2
    told = interrupted(kind, path, stretches - 30 + 1)
    assert told[-2:] == [(stretches, count), (8, 9)]
    assert lines_of(journal)[0] == {
        "format": "ropecalc staircase journal",
        "version": 1,
        "kind": kind,
        "rotary_dim": DIM,
        "end": SHORT,
        "stretch": 0.125,
        "batch": 8,
        "program": ropecalc.__version__,
    }
    assert lines_of(journal)[-1] == ["steps", 0, [list(step) for step in whole.steps[:8]]]
    told = Told()
    saved = build_staircase(kind, DIM, SHORT, jobs=1, save=str(path), progress=told, resumed=last)
    assert saved == whole
    assert (fresh, again, last, told) == ([], [(20, 0)], [(stretches, 8)], [(9, 9)])
    assert path.read_bytes() == tables.encode(whole)
    assert list(tmp_path.iterdir()) == [path]


def test_a_staircase_that_there_is_not_leaves_no_journal(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="rotary_dim 2 has no staircase to 1,000 tokens"):
        build_staircase("minimum", 2, 1000, jobs=1, save=str(tmp_path / "s"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TableError) as refused:
        build_staircase("minimum", DIM, SHORT, jobs=1, save=str(tmp_path))
    assert str(refused.value) == f"{str(tmp_path)!r} is a directory: name a file in it"
    path = tmp_path / "s"
    path.write_bytes(b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda _, how: how != os.W_OK)
        with pytest.raises(TableError) as refused:
            build_staircase("minimum", DIM, SHORT, jobs=1, save=str(path))
    assert str(refused.value) == (
        f"{str(path)!r} cannot be written (no permission to change it): choose another place"
    )
    assert (path.read_bytes(), len([*tmp_path.iterdir()])) == (b"before", 1)
    saved = build_staircase("minimum", DIM, SHORT, jobs=1, save=str(path))
    assert path.read_bytes() == tables.encode(saved)


def test_no_jobs_are_refused_and_none_named_are_one_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidValueError, match="jobs must be at least 1, got 0") as refused:
        build_staircase("minimum", DIM, SHORT, jobs=0)
    assert refused.value.parameter == "jobs"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert build_staircase("minimum", DIM, SHORT) == built("minimum")[0]
