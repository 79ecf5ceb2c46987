"""A progress bar on stderr, for people who wait."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from ropecalc.progress import Progress
    from ropecalc.render.console import Screen

PATIENCE = 1.0  # seconds of work before a bar shows
REDRAW = 0.1  # seconds between two drawings


@contextmanager
def progress(
    description: str, file: TextIO | None = None, unseen: Callable[[], object] | None = None
) -> Iterator[Progress]:
    """A callable ``(done, total)`` that draws a bar on ``file`` (stderr unless given).

    Nothing is drawn, and rich is not imported, unless the stream is a terminal that can redraw a
    line and the work has run for longer than a second. The bar is wiped at the end, however the
    work ends. ``unseen`` is called, once, where the work has run so long and no bar can show it.
    """
    file = sys.stderr if file is None else file
    if file is None or not file.isatty() or os.environ.get("TERM") == "dumb":
        yield _silent if unseen is None else _once_long(unseen)
        return
    from ropecalc.render.console import screen  # most answers come before anyone looks for a bar

    bar = _DelayedBar(description, screen(file))
    try:
        yield bar.update
    finally:
        bar.stop()


def _silent(done: int, total: int) -> None:
    """Draw nothing."""


def _once_long(unseen: Callable[[], object]) -> Progress:
    """A callable that calls this at the first update after ``PATIENCE``, and never again."""
    due = time.monotonic() + PATIENCE

    def update(*_: int) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = math.inf
            unseen()

    return update


class _DelayedBar:
    """A rich progress bar that comes into being with the first update after ``PATIENCE``."""

    def __init__(self, description: str, screen: Screen) -> None:
        self._description = description
        self._screen = screen
        self._next_drawing = time.monotonic() + PATIENCE
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def update(self, done: int, total: int) -> None:
        """Draw the bar if it is time to."""
        now = time.monotonic()
        if now < self._next_drawing:
            return
        self._next_drawing = now + REDRAW
        if self._bar is None or self._task is None:
            self._bar = _rich_bar(self._screen)
            self._bar.start()
            self._task = self._bar.add_task(self._description, total=total)
        self._bar.update(self._task, completed=done, total=total, refresh=True)

    def stop(self) -> None:
        """Wipe the bar if there is one."""
        if self._bar is not None:
            self._bar.stop()


def _rich_bar(screen: Screen) -> Bar:
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from ropecalc.render.console import rich_console

    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=rich_console(screen, screen.file),
        transient=True,
        auto_refresh=False,  # redrawn by updates: no second thread beside the numerics
        redirect_stdout=False,
        redirect_stderr=False,
    )
