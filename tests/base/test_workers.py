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
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ropecalc import InvalidValueError, UndecidedError
from ropecalc.base import workers
from ropecalc.base.workers import Here, cores, finished, in_turn, processes

if TYPE_CHECKING:
    from tests.conftest import RunCli

SOON = 300  # seconds, on a busy machine
PID = "__import__('os').getpid()"
SLEEP = "__import__('time').sleep(600)"


@pytest.fixture(autouse=True)
def _nothing_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process started afresh would load what this one was started as: all of pytest."""
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))


# --- processes -----------------------------------------------------------------------------------


def ask(executor: Executor, question: str) -> Any:
    return executor.submit(eval, question).result(SOON)


@pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")
def test_a_process_is_fresh_has_one_thread_and_leaves_ctrl_c_to_its_parent() -> None:
    with processes(2) as pool:
        assert ask(pool, "__import__('multiprocessing').get_start_method()") == "spawn"
        threads = ask(pool, "[v for k, v in __import__('os').environ.items() if 'THREADS' in k]")
        assert threads.count("1") >= 5
        assert signal.SIGINT in ask(pool, "__import__('signal').pthread_sigmask(0, [])")
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        with pytest.raises(ZeroDivisionError, match="division by zero") as told:
            ask(pool, "1 / 0")
        assert 'File "<string>", line 1' in str(told.value.__cause__)  # where, over there
        assert ask(pool, "6 * 7") == 42
        pool.submit(eval, SLEEP)
    assert multiprocessing.active_children() == []


def test_a_process_that_is_gone_is_taken_for_one_that_had_no_memory() -> None:
    with pytest.raises(MemoryError), processes(2) as pool:
        ask(pool, "__import__('os')._exit(0)")
    assert multiprocessing.active_children() == []


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


def test_a_process_that_may_start_no_others_does_all_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a worker of multiprocessing's own pools."""
    monkeypatch.setattr(workers, "current_process", lambda: SimpleNamespace(daemon=True))
    assert cores() == 1
    with processes(2) as pool:
        assert ask(pool, PID) == os.getpid()


def test_a_task_is_drawn_when_a_process_is_free_and_the_end_ends_them_all() -> None:
    drawn = []

    def tasks() -> Iterator[tuple[str]]:
        for question in [SLEEP, *[PID] * 6]:
            drawn.append(question)
            yield (question,)

    with processes(2) as pool:
        done = finished(pool, None, eval, tasks())
        found = []
        for count in range(1, 5):
            found.append(next(done))
            assert len(drawn) == count + 1
        assert {task for task, _ in found} == {(PID,)}
        (pid,) = {result for _, result in found}
        assert pid != os.getpid()
        assert len(multiprocessing.active_children()) == 2
        done.close()
    assert multiprocessing.active_children() == []


def test_no_more_start_than_there_are_tasks() -> None:
    with processes(3) as pool:
        assert list(finished(pool, None, eval, iter([]))) == []
        assert multiprocessing.active_children() == []
        ((_, pid),) = finished(pool, None, eval, iter([(PID,)]))
        assert pid != os.getpid()
        assert len(multiprocessing.active_children()) == 1


def test_one_job_is_done_here_a_task_at_a_time() -> None:
    tasks = zip(itertools.count(2), itertools.repeat(3))
    with processes(1) as here:
        done = finished(here, None, pow, tasks)
        assert [next(done) for _ in range(2)] == [((2, 3), 8), ((3, 3), 27)]
        assert next(tasks) == (4, 3)
        assert list(finished(here, None, eval, iter([(PID,)]))) == [((PID,), os.getpid())]


# --- any executor --------------------------------------------------------------------------------


class Kept(Executor):
    """One that does nothing by itself."""

    def __init__(self, **shown: object) -> None:
        self.futures: list[Future[Any]] = []
        self.begun = threading.Event()
        vars(self).update(shown)

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        self.futures.append(Future())
        self.begun.set()
        return self.futures[-1]


def handed_to(executor: Kept, jobs: int | None) -> int:
    """How many of many tasks an executor has at a time."""
    executor.futures.clear()
    executor.begun.clear()
    done = finished(executor, jobs, pow, zip(itertools.count(), itertools.repeat(0)))
    with ThreadPoolExecutor(1) as waiting:
        first = waiting.submit(next, done)
        assert executor.begun.wait(SOON)
        executor.futures[0].set_result(0)
        assert first.result(SOON) == ((0, 0), 0)
    count = len(executor.futures)
    done.close()
    assert all(future.cancelled() for future in executor.futures[1:])
    return count


def test_an_executor_has_as_many_tasks_as_it_has_workers_or_as_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: dict[str, int] = {}
    cluster = Kept(_client=SimpleNamespace(nthreads=lambda: threads))
    assert handed_to(cluster, None) == 1  # nobody is there yet: a task waits for the first
    threads.update({"tcp://a": 1, "tcp://b": 8, "tcp://c": 1})
    assert handed_to(cluster, None) == 3  # as many as processes, each of which takes turns
    assert handed_to(cluster, 2) == 2
    assert handed_to(Kept(_max_workers=4), None) == 4
    monkeypatch.setattr(workers, "cores", lambda: 5)
    assert handed_to(Kept(), None) == 5


def test_a_pulse_is_felt_while_nothing_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PULSE", 0.001)
    felt = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        done = list(finished(executor, 1, felt.wait, iter([(10,)]), felt.set))
    assert done == [((10,), True)]


def test_it_is_not_shut_down_and_tells_what_went_wrong() -> None:
    def undecided() -> None:
        raise UndecidedError("too close")

    with ThreadPoolExecutor(2) as threads:
        assert dict(finished(threads, None, math.sqrt, iter([(4,), (9,)]))) == {(4,): 2, (9,): 3}
        with pytest.raises(UndecidedError, match="too close"):
            list(finished(threads, None, undecided, iter([()])))
        assert ask(threads, "6 * 7") == 42


def test_workers_that_are_threads_take_turns() -> None:
    inside, most = [0], [0]

    def task(_: int) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        inside[0] -= 1

    with ThreadPoolExecutor(4) as threads:
        assert len(list(finished(threads, None, task, zip(range(6))))) == 6
    assert most == [1]
    with pytest.raises(ZeroDivisionError):
        in_turn(eval, "1 / 0")
    assert in_turn(pow, 2, 3) == 8


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_result(stop: type[BaseException]) -> None:
    def interrupted() -> None:
        raise stop

    with pytest.raises(stop):
        Here().submit(interrupted)


def test_what_is_wrong_with_a_value_travels() -> None:
    import pickle

    error = InvalidValueError("jobs", "jobs must be at least 1")
    there = pickle.loads(pickle.dumps(error))
    assert (type(there), there.parameter, str(there)) == (type(error), "jobs", str(error))


# --- the other end, in a thread ------------------------------------------------------------------


def test_a_process_ends_at_once_with_its_parent_whatever_it_is_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes: queue.Queue[int] = queue.Queue()
    monkeypatch.setattr(os, "_exit", codes.put)
    theirs, ours = multiprocessing.Pipe(duplex=False)
    begun = multiprocessing.Event()
    before = set(threading.enumerate())
    with theirs:
        workers._begin(begun, theirs)
        assert begun.is_set()
        (waiting,) = set(threading.enumerate()) - before
        assert waiting.daemon  # it keeps no process from ending while the parent lives on
        assert codes.empty()
        ours.close()
        assert codes.get(timeout=SOON) == 1
        waiting.join(SOON)


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


@pytest.mark.parametrize("masks", [True, False])
def test_the_environment_is_as_it_was_once_a_process_is_started(
    monkeypatch: pytest.MonkeyPatch, masks: bool
) -> None:
    """On a system without signal masks, too."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    if not masks:
        monkeypatch.delattr(signal, "pthread_sigmask", raising=False)
    before = dict(os.environ)
    with contextlib.suppress(KeyError), workers._surroundings():
        assert {os.environ[name] for name in workers.ONE_THREAD} == {"1"}
        raise KeyError
    assert dict(os.environ) == before
