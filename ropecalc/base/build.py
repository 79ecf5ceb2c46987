"""Building a staircase with all cores or a cluster, so that an interruption undoes nothing.

First the stretches of x, in order, each given what those before it are known to answer; then the
base of every edge, to the last bit. With a file to save to, whatever is finished goes into a
journal beside it; the same call takes it up from there and ends with the same file.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args

from ropecalc import __version__
from ropecalc.base.family import family_of
from ropecalc.base.journal import Journal
from ropecalc.base.staircase import (
    STRETCH,
    Edge,
    answered_by,
    is_whole,
    joined,
    step_of,
    stretch,
    stretch_count,
)
from ropecalc.base.workers import Task, cores, finished, processes
from ropecalc.errors import InvalidValueError, TableError
from ropecalc.files import check_named, check_writable
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import Kind, Staircase, Step
from ropecalc.similarity import MAX_SEARCH, checked_context
from ropecalc.spectrum import check_dims
from ropecalc.tables import cannot, write_table

BATCH = 8  # edges whose bases are one task: a fraction of a second
# A function and its tasks to the tasks with what it returns, as they are finished.
Engine = Callable[..., Generator[tuple[Task, Any], None, None]]


@isolated
def build_staircase(
    kind: Kind,
    rotary_dim: int,
    end: int,
    *,
    save: str | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    resumed: Callable[[int, int], None] | None = None,
) -> Staircase:
    """One kind of base for every context from 1 to ``end``, no unrotated pairs counted.

    Parameters
    ----------
    kind : "minimum", "safe" or "recommended"
    rotary_dim : int, even, >= 2
    end : int, 1 to 1,073,741,824, tokens
    save : a file to write the staircase to; while it is built, ``save`` + ".part" keeps what is
        done, and a later call with the same arguments resumes there
    jobs : int, >= 1, processes to share the work, one a core unless given; with an executor the
        tasks that it has at a time, as many as it has workers unless given
    executor : any of ``concurrent.futures``, to do the work instead of processes of this machine:
        ``dask.distributed.Client(address).get_executor()`` is a cluster. It is not shut down. Its
        workers need this version of ropecalc; one that is a thread waits for others of its process
    progress : called with (stretches done, stretches in all), then (steps done, steps in all)
    resumed : called with (stretches, steps) that an earlier call has done, if there are any

    Raises
    ------
    InvalidValueError
        A parameter outside its domain, or no base works for ``end`` tokens.
    TableError
        The file or its journal cannot be written, or the journal is that of another staircase.
    UndecidedError
        Two ends of windows lie closer together than double precision can tell.

    >>> build_staircase("minimum", 32, 100, jobs=1).at(100).distance
    98
    """
    _check(kind, rotary_dim, end, save, jobs)
    work = _Work(kind, int(rotary_dim), int(end))
    if save is None:
        return _built(work, executor, jobs, progress)
    with Journal(save, work.description()) as journal:
        work.take_up(journal, resumed)
        staircase = _built(work, executor, jobs, progress)
        write_table(save, staircase)
        journal.remove()
    return staircase


def _built(
    work: _Work, executor: Executor | None, jobs: int | None, progress: Progress | None
) -> Staircase:
    if executor is not None:
        return work.staircase(partial(finished, executor, jobs), progress)
    with processes(cores() if jobs is None else jobs) as own:
        return work.staircase(partial(finished, own, None), progress)


def _check(kind: Kind, rotary_dim: int, end: int, save: str | None, jobs: int | None) -> None:
    check_dims(rotary_dim, rotary_dim)
    end = checked_context(end, MAX_SEARCH)
    if kind not in get_args(Kind):
        raise InvalidValueError(
            "kind", f"kind must be one of {', '.join(get_args(Kind))}, got {kind}"
        )
    if jobs is not None and jobs < 1:
        raise InvalidValueError("jobs", f"jobs must be at least 1, got {jobs}")
    if save is not None:
        _check_target(save)


def _check_target(save: str) -> None:
    if os.path.isdir(save):  # noqa: PTH112
        raise TableError(f"{save!r} is a directory: name a file in it")
    try:
        check_named(save)
        if os.path.exists(save):  # noqa: PTH110
            check_writable(save)
    except OSError as error:
        raise cannot("written", save, error) from None


@dataclass
class _Work:
    """What is done of a staircase."""

    kind: Kind
    rotary_dim: int
    end: int
    parts: dict[int, tuple[Edge, ...]] = field(default_factory=dict)
    """The edges of the stretches that are finished."""
    steps: dict[int, list[Step]] = field(default_factory=dict)
    """The steps of the batches of edges that are finished, by the index of their first."""
    known: list[Edge] = field(default_factory=list)
    """The edges of the stretches that are joined so far."""
    journal: Journal | None = None

    def __post_init__(self) -> None:
        self.count = stretch_count(self.rotary_dim, self.end) + (self.kind == "recommended")

    def description(self) -> dict[str, Any]:
        """What a journal of it begins with."""
        return {
            "format": "ropecalc staircase journal",
            "version": 1,
            "kind": self.kind,
            "rotary_dim": self.rotary_dim,
            "end": self.end,
            "stretch": STRETCH,
            "batch": BATCH,
            "program": __version__,
        }

    def take_up(self, journal: Journal, resumed: Callable[[int, int], None] | None) -> None:
        """Go on from a journal, and keep it from here on."""
        for what, index, values in journal.entries:
            if what == "stretch":
                self.parts[index] = tuple(Edge(c, x, tuple(m)) for c, x, m in values)
            else:
                self.steps[index] = [Step(*value) for value in values]
        self.journal = journal
        if resumed is not None and journal.entries:
            resumed(len(self.parts), sum(map(len, self.steps.values())))

    def staircase(self, engine: Engine, progress: Progress | None) -> Staircase:
        """Do what is left to do."""
        edges = self._edges(engine, progress)
        starts = range(0, len(edges), BATCH)
        batches = ((i, edges[i : i + BATCH]) for i in starts if i not in self.steps)
        tasks = ((self.kind, self.rotary_dim, start, batch) for start, batch in batches)
        with contextlib.closing(engine(steps_of, tasks)) as done:
            for (_, _, start, _), steps in done:
                self._keep("steps", start, steps)
                self.steps[start] = steps
                if progress is not None:
                    progress(sum(map(len, self.steps.values())), len(edges))
        steps = tuple(step for start in starts for step in self.steps[start])
        steps = steps or (Step(self.end, 1.0, 0),)  # one token: no base breaks the bound
        return Staircase(self.kind, self.rotary_dim, self.end, steps)

    def _edges(self, engine: Engine, progress: Progress | None) -> list[Edge]:
        """The edges of all stretches, up to where they answer every context."""
        left = list(range(self.count))
        if self.kind != "safe":
            left.reverse()  # the next one is the last of the list
        self._join(left)
        tasks = self._stretches([] if self._is_whole() else left[::-1])

        def tell() -> None:
            """Say how many stretches are done."""
            if progress is not None:
                progress(self.count - len(left), self.count)

        with contextlib.closing(engine(stretch, tasks, tell)) as done:
            for (_, _, _, index, _), part in done:
                self._keep("stretch", index, part)
                self.parts[index] = part
                self._join(left)
                tell()
                if self._is_whole():
                    break
        return self.known

    def _is_whole(self) -> bool:
        return is_whole(self.kind, self.end, self.known)

    def _join(self, left: list[int]) -> None:
        """Join the stretches that are finished and whose turn it is; take them off the list."""
        while left and left[-1] in self.parts and not self._is_whole():
            self.known = joined(self.kind, self.end, self.known, self.parts[left.pop()])

    def _stretches(self, indices: list[int]) -> Iterator[Task]:
        """The stretches to do as tasks, each with what is answered when it begins."""
        for index in indices:
            if index not in self.parts:
                answered = answered_by(self.kind, self.end, self.known)
                yield self.kind, self.rotary_dim, self.end, index, answered

    def _keep(self, what: str, index: int, values: Any) -> None:
        if self.journal is not None:
            self.journal.add([what, index, values])


def steps_of(kind: Kind, rotary_dim: int, start: int, edges: list[Edge]) -> list[Step]:
    """The steps of some edges; ``start`` only says which these are."""
    del start
    family = family_of(rotary_dim)
    return [step_of(kind, family, edge) for edge in edges]
