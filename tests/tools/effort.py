"""A guard against input that would keep a reader busy for minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def little_work(most: float = 20.0) -> Iterator[None]:
    """Fail where the block takes more processor time than that, in seconds.

    No measure of speed: what is guarded takes milliseconds, and would take minutes or years with
    the check gone that the test is about. Time that other processes take does not count.
    """
    before = time.process_time()
    yield
    assert time.process_time() - before < most
