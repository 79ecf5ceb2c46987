"""The same function on many tasks, in several processes.

The processes are started afresh (spawn), not forked, with one BLAS thread each: the tasks are many,
so that threads would only wait for each other. They end with the process that started them, however
that one ends: a thread in each waits for just that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from multiprocessing import current_process, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from ropecalc.errors import InvalidValueError, UndecidedError

ONE_THREAD = dict.fromkeys(
    (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
PATIENCE = 5  # seconds for the end of a process whose connection is closed
FAILED_AT_START = 1  # Python's exit code after an exception that nobody caught
UNGUARDED = (
    'jobs must be 1 in a program that starts its work outside of if __name__ == "__main__": each '
    "process that shares the work runs such a program again"
)
Task = tuple[Any, ...]


def cores() -> int:
    """How many processors this process may use; 1 in a process that may start no others."""
    if current_process().daemon:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_parallel(
    function: Callable[..., Any], tasks: Iterator[Task], jobs: int
) -> Generator[tuple[Task, Any], None, None]:
    """Tasks with what ``function(*task)`` returns, as they are finished, ``jobs`` at a time.

    A task is drawn from ``tasks`` no sooner than a process is free for it. With one job all is done
    in this process, as it is in a process that may start no others. Ending the iteration ends the
    processes, whatever they are at.
    """
    if jobs == 1 or current_process().daemon:
        for task in tasks:
            yield task, function(*task)
        return
    team: list[Worker] = []
    try:
        while True:
            for task in islice(tasks, jobs - _busy_count(team)):
                _free_one(team, function).begin(task)
            busy = {worker.connection: worker for worker in team if worker.task is not None}
            if not busy:
                return
            for connection in wait(list(busy)):
                yield busy[connection].finish()  # type: ignore[index]
    finally:
        for worker in team:
            worker.kill()


def _busy_count(team: list[Worker]) -> int:
    """How many of a team are at work."""
    return sum(worker.task is not None for worker in team)


def _free_one(team: list[Worker], function: Callable[..., Any]) -> Worker:
    """A worker of the team that is free, or a new one."""
    free = next((worker for worker in team if worker.task is None), None)
    if free is None:
        free = Worker(function)
        team.append(free)
    return free


class Worker:
    """One process, and the task that it is at."""

    def __init__(self, function: Callable[..., Any]) -> None:
        context = get_context("spawn")
        self.task: Task | None = None
        self.connection, far_end = context.Pipe()
        self._process = context.Process(target=_work, args=(function, far_end), daemon=True)
        resource_tracker.ensure_running()  # it lifts what is blocked next
        with _one_thread(), _interrupts_blocked():
            self._process.start()
        far_end.close()

    def begin(self, task: Task) -> None:
        """Hand over a task."""
        self.task = task
        self.connection.send(task)

    def finish(self) -> tuple[Task, Any]:
        """The task and what came of it.

        Raises UndecidedError where the function did, RuntimeError for any other failure,
        MemoryError where the process is gone, and InvalidValueError where it never began.
        """
        task, self.task = self.task, None
        assert task is not None
        try:
            error, result = self.connection.recv()
        except (EOFError, OSError):
            self._process.join(PATIENCE)
            if self._process.exitcode == FAILED_AT_START:
                raise InvalidValueError("jobs", UNGUARDED) from None
            raise MemoryError from None  # killed by the system, for which this is the usual reason
        if error is not None:
            raise error
        return task, result

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join()
        self.connection.close()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """An environment in which BLAS libraries keep to one thread."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C goes to every process of a terminal: those started here leave it to this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(function: Callable[..., Any], connection: Connection) -> None:
    """The life of a worker: tasks in, results out, until the other end is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send(_attempt(function, connection.recv()))


def _attempt(function: Callable[..., Any], task: Task) -> tuple[Exception | None, Any]:
    """What goes wrong, and the result; exceptions in a form that travels."""
    try:
        return None, function(*task)
    except UndecidedError as error:
        return error, None
    except Exception:  # noqa: BLE001  whatever it is, the other side must hear of it
        return RuntimeError(traceback.format_exc()), None


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
