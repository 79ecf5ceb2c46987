"""Where the shell comes in: what needs none of the program is answered without loading it."""

from __future__ import annotations

import contextlib
import sys

from ropecalc import __version__


def main() -> int:
    """Run the program on the arguments of the process; returns the exit code."""
    if sys.argv[1:] == ["--version"]:
        with contextlib.suppress(OSError):  # the program says what is wrong with stdout
            print(f"ropecalc {__version__}", flush=True)
            return 0
    from ropecalc.cli import app

    return app.main()
