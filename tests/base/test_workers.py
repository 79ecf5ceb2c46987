"""Workers: tasks in, results out, errors told, and none of them outliving what it works for.

The function of the processes is ``eval``: a task is a question, and no module is loaded for it.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import multiprocessing
import os
import queue
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ropecalc import UndecidedError
from ropecalc.base import workers
from ropecalc.base.workers import Worker, cores, in_parallel

if TYPE_CHECKING:
    from tests.conftest import RunCli

SOON = 300  # seconds, on a busy machine
PID = "__import__('os').getpid()"
SLEEP = "__import__('time').sleep(600)"


@pytest.fixture(autouse=True)
def _nothing_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process started afresh would load what this one was started as: all of pytest."""
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))


# --- the processes -------------------------------------------------------------------------------


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(eval)
    yield made
    made.kill()


def answer(worker: Worker, question: str) -> Any:
    worker.begin((question,))
    task, result = worker.finish()
    assert task == (question,)
    return result


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")
def test_a_process_is_fresh_has_one_thread_and_leaves_ctrl_c_to_its_parent(worker: Worker) -> None:
    assert answer(worker, "__import__('multiprocessing').get_start_method()") == "spawn"
    assert answer(worker, "__import__('multiprocessing').current_process().daemon") is True
    threads = answer(worker, "[v for k, v in __import__('os').environ.items() if 'THREADS' in k]")
    assert threads.count("1") >= 5
    blocked = answer(worker, "__import__('signal').pthread_sigmask(0, [])")
    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_worker_has_its_task_until_it_is_finished(worker: Worker) -> None:
    assert worker.task is None
    worker.begin(("6 * 7",))
    assert worker.task == ("6 * 7",)
    assert worker.finish() == (("6 * 7",), 42)
    assert worker.task is None
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        answer(worker, "1 / 0")
    assert answer(worker, "2 + 2") == 4
    worker.begin((SLEEP,))
    worker.kill()
    assert multiprocessing.active_children() == []


def test_a_process_that_is_gone_is_taken_for_one_that_had_no_memory(worker: Worker) -> None:
    worker.begin(("__import__('os')._exit(0)",))
    with pytest.raises(MemoryError):
        worker.finish()


PROGRAM = """
import ropecalc
try:
    ropecalc.build_staircase("minimum", 32, 100, jobs=2)
except ropecalc.InvalidValueError as error:
    print(error.parameter, error)
"""


@pytest.mark.slow
def test_a_program_without_a_guard_is_told_of_it(run_python: RunCli, tmp_path: Path) -> None:
    """Each process that is started runs it anew, and is refused to start others."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    done = run_python(str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("jobs jobs must be 1 in a program that starts its work outside")


def test_a_process_that_may_start_no_others_does_all_itself(worker: Worker) -> None:
    module = "__import__('ropecalc.base.workers', fromlist=['*'])"
    assert answer(worker, f"{module}.cores()") == 1
    found = answer(worker, f"list({module}.in_parallel(eval, iter([('3 + 4',)]), 2))")
    assert found == [(("3 + 4",), 7)]


def test_a_task_is_drawn_when_a_process_is_free_and_the_end_ends_them_all() -> None:
    drawn = []

    def tasks() -> Iterator[tuple[str]]:
        for question in [SLEEP, *[PID] * 6]:
            drawn.append(question)
            yield (question,)

    finished = in_parallel(eval, tasks(), 2)
    found = []
    for count in range(1, 5):
        found.append(next(finished))
        assert len(drawn) == count + 1
    assert {task for task, _ in found} == {(PID,)}
    (pid,) = {result for _, result in found}
    assert pid != os.getpid()
    assert len(multiprocessing.active_children()) == 2
    finished.close()
    assert multiprocessing.active_children() == []


def test_it_ends_when_all_is_done_and_starts_no_more_than_it_needs() -> None:
    finished = in_parallel(eval, iter([(PID,)]), 3)
    assert next(finished)[1] != os.getpid()
    assert len(multiprocessing.active_children()) == 1
    assert list(finished) == []
    assert multiprocessing.active_children() == []
    assert list(in_parallel(eval, iter([]), 2)) == []


def test_one_job_is_done_here_a_task_at_a_time() -> None:
    tasks = zip(itertools.count(2), itertools.repeat(3))
    finished = in_parallel(pow, tasks, 1)
    assert [next(finished) for _ in range(2)] == [((2, 3), 8), ((3, 3), 27)]
    assert next(tasks) == (4, 3)
    assert list(in_parallel(eval, iter([(PID,)]), 1)) == [((PID,), os.getpid())]


# --- who is free ---------------------------------------------------------------------------------


class At(Worker):
    """A worker without a process."""

    def __init__(self, task: tuple[int] | None) -> None:
        self.task = task


def test_those_with_a_task_are_busy_and_the_first_without_is_free() -> None:
    busy, free, also_free = At((0,)), At(None), At(None)
    team: list[Worker] = [busy, free, also_free]
    assert workers._busy_count(team) == 1
    assert workers._free_one(team, pow) is free
    assert team == [busy, free, also_free]


def test_where_all_are_busy_another_joins_the_team() -> None:
    team: list[Worker] = [At((0,))]
    added = workers._free_one(team, eval)
    try:
        assert team[1:] == [added]
        assert answer(added, "[1] * 3") == [1, 1, 1]
    finally:
        added.kill()


# --- the other end, in a thread ------------------------------------------------------------------


class Parent(threading.Event):
    """Stands for the process that started this one: set, it has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited_by: queue.Queue[threading.Thread] = queue.Queue()

    def join(self) -> None:
        self.awaited_by.put(threading.current_thread())
        self.wait()


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Parent:
    made = Parent()
    monkeypatch.setattr(workers, "parent_process", lambda: made)
    return made


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[int]:
    """The codes with which this process would have ended."""
    codes: queue.Queue[int] = queue.Queue()
    monkeypatch.setattr(os, "_exit", codes.put)
    return codes


AtWork = Callable[[Callable[..., Any]], tuple[Future[None], Connection]]


@pytest.fixture
def at_work() -> Iterator[AtWork]:
    """Makes a worker's life, and the end of the pipe that its tasks come from."""
    near, far = multiprocessing.Pipe()

    def life(function: Callable[..., Any]) -> None:
        with far:
            workers._work(function, far)

    with ThreadPoolExecutor(1) as pool, near:
        yield lambda function: (pool.submit(life, function), near)


def ask(near: Connection, *task: object) -> Any:
    near.send(task)
    assert near.poll(SOON)
    return near.recv()


def test_a_worker_answers_task_by_task_until_the_other_end_is_closed(
    at_work: AtWork,
) -> None:
    life, near = at_work(pow)
    assert ask(near, 2, 3) == (None, 8)
    assert ask(near, 3, 4) == (None, 81)
    near.close()
    life.result(SOON)


def test_a_worker_whose_other_end_goes_during_a_task_ends_quietly(
    at_work: AtWork,
) -> None:
    life, near = at_work(lambda: near.close())  # noqa: PLW0108  there is no near yet
    near.send(())
    life.result(SOON)


def test_a_worker_tells_what_went_wrong_and_goes_on(at_work: AtWork) -> None:
    life, near = at_work(math.sqrt)
    error, result = ask(near, -1)
    assert type(error) is RuntimeError
    assert str(error).startswith("Traceback (most recent call last):\n")
    assert "ValueError: " in str(error)
    assert result is None
    assert ask(near, 9) == (None, 3)
    near.close()
    life.result(SOON)


def test_what_double_precision_cannot_tell_is_told_as_that() -> None:
    def undecided() -> None:
        raise UndecidedError("too close")

    error, result = workers._attempt(undecided, ())
    assert isinstance(error, UndecidedError)
    assert (str(error), result) == ("too close", None)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_result(stop: type[BaseException]) -> None:
    def interrupted() -> None:
        raise stop

    with pytest.raises(stop):
        workers._attempt(interrupted, ())


def test_a_worker_ends_at_once_with_its_parent_whatever_it_is_at(
    at_work: AtWork, parent: Parent, exits: queue.Queue[int]
) -> None:
    done = threading.Event()
    life, near = at_work(lambda: done.wait(SOON))
    near.send(())
    waiting = parent.awaited_by.get(timeout=SOON)
    assert waiting.daemon  # it keeps no worker from ending while the parent lives on
    assert exits.empty()
    parent.set()
    assert exits.get(timeout=SOON) == 1
    assert not life.done()
    done.set()
    near.close()
    life.result(SOON)


def test_without_a_parent_there_is_nothing_to_end_with() -> None:
    assert multiprocessing.parent_process() is None
    workers._end_with_parent()


# --- their surroundings --------------------------------------------------------------------------


@pytest.mark.parametrize(("allowed", "known", "found"), [(5, 8, 5), (None, 8, 8), (None, None, 1)])
def test_the_processors_are_those_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch, allowed: int | None, known: int | None, found: int
) -> None:
    """Of those that the system knows of, where it cannot tell; one where it does not even know."""
    if allowed is None:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    else:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(allowed)}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert cores() == found


def test_the_environment_is_as_it_was_once_a_process_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with contextlib.suppress(KeyError), workers._one_thread():
        assert {os.environ[name] for name in workers.ONE_THREAD} == {"1"}
        raise KeyError
    assert dict(os.environ) == before


def test_a_system_without_signal_masks_starts_processes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
    with workers._interrupts_blocked():
        pass
