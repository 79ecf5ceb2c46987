"""The same function on many tasks, by any executor of ``concurrent.futures``.

Unless another is given, that is a pool of processes: started afresh (spawn), not forked, with one
BLAS thread each, since threads of many tasks would only wait for each other. The processes end
with the one that started them, however that one ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import current_process, get_context
from typing import TYPE_CHECKING, Any

from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event

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
MOST = 61 if os.name == "nt" else 2**16  # processes of a pool: Python's limit on Windows
PULSE = 1.0  # seconds until workers are counted again: they come and go
UNGUARDED = (
    'jobs must be 1 in a program that starts its work outside of if __name__ == "__main__": each '
    "process that shares the work runs such a program again"
)
Task = tuple[Any, ...]
_TURN = threading.Lock()


def cores() -> int:
    """How many processors this process may use; 1 in a process that may start no others."""
    if current_process().daemon:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def finished(
    executor: Executor,
    jobs: int | None,
    function: Callable[..., Any],
    tasks: Iterator[Task],
    pulse: Callable[[], None] | None = None,
) -> Generator[tuple[Task, Any], None, None]:
    """Tasks with what ``function(*task)`` returns, as they are finished.

    The executor has ``jobs`` tasks at a time, as many as it has workers if that is None. A task is
    drawn from ``tasks`` no sooner. Ending the iteration cancels the tasks that no worker has begun.
    ``pulse`` is called after each second in which none is finished.
    """
    handed: dict[Future[Any], Task] = {}
    try:
        while True:
            free = (jobs or workers(executor) or 1) - len(handed)
            for task in islice(tasks, max(0, free)):
                handed[executor.submit(in_turn, function, *task)] = task
            if not handed:
                return
            done = wait(handed, PULSE, FIRST_COMPLETED).done
            for future in done:
                yield handed.pop(future), future.result()
            if not done and pulse is not None:
                pulse()
    finally:
        for future in handed:
            future.cancel()


def workers(executor: Executor) -> int:
    """How many tasks an executor can work on at once, as far as it shows."""
    client = getattr(executor, "_client", None)
    if client is not None:  # of dask, whose workers come and go
        return len(client.nthreads())
    return getattr(executor, "_max_workers", None) or cores()


def in_turn(function: Callable[..., Any], *task: Any) -> Any:
    """Do a task when no other thread of the process is at one: mpmath is not made for several."""
    with _TURN:
        return function(*task)


class Here(Executor):
    """The executor that is no other process: a task is done once it is submitted."""

    _max_workers = 1

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it; what it raises is raised at once."""
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        return future


@contextlib.contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """An executor of up to ``jobs`` processes, which leaving it ends, whatever they are at.

    It is this process where one is enough, and in a process that may start no others.

    Raises MemoryError where a process is gone, and InvalidValueError where none ever began.
    """
    if jobs == 1 or current_process().daemon:
        yield Here()
        return
    context = get_context("spawn")
    begun = context.Event()
    theirs, ours = context.Pipe(duplex=False)
    pool = _Pool(min(jobs, MOST), context, _begin, (begun, theirs))
    try:
        yield pool
    except BrokenProcessPool:
        if begun.is_set():
            raise MemoryError from None  # killed by the system, for which this is the usual reason
        raise InvalidValueError("jobs", UNGUARDED) from None
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


class _Pool(ProcessPoolExecutor):
    """A pool that starts its processes as tasks come, in fit surroundings."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of any pool; what starts a process does so in fit surroundings."""
        with _surroundings():
            return super().submit(function, *args, **kwargs)


@contextlib.contextmanager
def _surroundings() -> Iterator[None]:
    """What is started inherits: BLAS keeps to one thread, and Ctrl-C is left to its parent.

    The threads of the pool inherit that a pipe to a process that is gone does not end this one.
    """
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    mask = None
    if hasattr(signal, "pthread_sigmask"):  # a terminal's Ctrl-C goes to all its processes
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGPIPE})
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(begun: Event, parent: Connection) -> None:
    """What a process of the pool does first."""
    begun.set()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    """End this process as soon as the other end is closed: nothing is ever sent."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)
