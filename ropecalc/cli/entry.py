"""Where the shell comes in: what needs none of the program is answered without loading it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from ropecalc import __version__
from ropecalc.cli import INTERRUPTED

# Made between two collections of garbage. What is loaded lives to the end: to look for garbage in
# it at every 700 objects takes a twentieth of the time of most calls.
OBJECTS = 100_000


def main() -> int:
    """Run the program on the arguments of the process; returns the exit code."""
    gc.set_threshold(OBJECTS)
    try:
        return _main()
    except KeyboardInterrupt:  # while what the program needs is loaded
        return INTERRUPTED


def _main() -> int:
    _open_what_is_closed()
    if sys.argv[1:] == ["--version"]:
        with contextlib.suppress(OSError):  # the program says what is wrong with stdout
            print(f"ropecalc {__version__}", flush=True)
            return 0
    from ropecalc.cli import app

    return app.main()


def _open_what_is_closed() -> None:
    """Streams for those that the shell closed, before a file of ours gets their number.

    With ``>&-`` an answer fails as on a full disk, and with ``2>&-`` messages are lost.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        unwritable = os.open(os.devnull, os.O_RDONLY)
        sys.stdout = open(unwritable, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
