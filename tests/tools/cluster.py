"""A dask cluster of real processes on this machine: a scheduler, and workers that come and go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

SOON = 300  # seconds, on a busy machine
QUICKER = {  # a worker that is gone is given up after a second or two, not half a minute
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s",
    "DASK_DISTRIBUTED__COMM__RETRY__COUNT": "0",
    "OPENBLAS_NUM_THREADS": "1",
}


class Cluster:
    """A scheduler in a process of its own; use it as a context manager.

    Parameters
    ----------
    folder : for what the processes write
    python : the Python that has dask.distributed
    """

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder, self.python = folder, python
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        )
        self.address = str(json.loads(self._written(file))["address"])

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread; it joins as soon as it is up."""
        once = ("--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--host", "127.0.0.1")
        worker = self._start("worker", self.address, *once, *options)
        self.workers.append(worker)
        return worker

    def wait_for_workers(self) -> None:
        """Wait until all workers have joined."""
        for number, worker in enumerate(self.workers):
            log = self.folder / f"worker-{number}.log"
            self._wait(partial(_says, log, b"Registered to"), worker, log)

    def _start(self, part: str, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{part}-{len(self.workers)}.log").open("wb") as log:
            return subprocess.Popen(
                [
                    *(self.python, "-m", f"distributed.cli.dask_{part}"),
                    *("--dashboard-address", "127.0.0.1:0", *options),
                ],
                cwd=self.folder,
                env={**os.environ, **QUICKER},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _written(self, file: Path) -> bytes:
        """What a file says, once it says all."""
        log = self.folder / "scheduler-0.log"
        self._wait(partial(_says, file, b"\n}"), self.scheduler, log)
        return file.read_bytes()

    @staticmethod
    def _wait(done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + SOON
        while not done():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end
            time.sleep(0.05)


def _says(file: Path, words: bytes) -> bool:
    return file.exists() and words in file.read_bytes()
