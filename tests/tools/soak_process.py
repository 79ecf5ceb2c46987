"""A command line run in this process, or in one of its own, and all that can be seen of it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from tests.conftest import AMBIENT, PINNED
from tests.tools.soak_folder import Folder, Watch
from tests.tools.soak_lines import Line

LIMIT = 120.0  # seconds for a line; the slowest takes a few, and many times that where all is busy
Main = Callable[[], int]


class TooLongError(BaseException):
    """A line ran past its limit; no Exception, so that no command takes it for its own."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a line ended."""

    code: int
    out: str
    err: str
    outside: tuple[str, ...] = ()


class Runner:
    """Runs lines with files for their streams, each in a folder that is as at first."""

    def __init__(self, folder: Folder, main: Main) -> None:
        self.folder, self._main = folder, main
        self._watch = Watch(folder.root)
        signal.signal(signal.SIGALRM, _too_long)

    def done(self, line: Line, *, keep: bool = False) -> Done:
        """How it ends in this process; with ``keep`` what it writes is there from then on."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with _streams(line, out, err):
                sys.argv = ["ropecalc", *line.words]
                self._watch.start()
                code = self._code()
                outside = self._watch.stop()
            done = Done(code, _text(out), _text(err), tuple(outside))
        if keep:
            self.folder.keep()
        elif self._watch.wrote:
            self.folder.renew()
        return done

    def _code(self) -> int:
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        try:
            return self._main()
        except TooLongError:
            print(f"Traceback: still running after {LIMIT:g} s", file=sys.stderr)
        except BaseException as error:  # noqa: BLE001  what escapes is what is looked for
            print(f"Traceback: {error!r} escaped", file=sys.stderr)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return -1

    def alone(self, line: Line) -> Done:
        """How it ends in a process of its own."""
        end = " <&-" if line.stdin == "closed" else ""
        ended = subprocess.run(
            ["sh", "-c", f'exec "$0" -m ropecalc "$@"{end}', sys.executable, *line.words],
            input=_given(line),
            capture_output=True,
            timeout=10 * LIMIT,
            check=False,
        )
        self.folder.renew()
        out, err = (data.decode(errors="replace") for data in (ended.stdout, ended.stderr))
        return Done(ended.returncode, out, err)


def _given(line: Line) -> bytes:
    return Path(line.stdin).read_bytes() if line.stdin not in ("", "closed") else b""


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _too_long(*_: object) -> NoReturn:
    raise TooLongError


@contextmanager
def _streams(line: Line, out: BinaryIO, err: BinaryIO) -> Iterator[None]:
    """The three standard streams as a shell would make them, down to the file descriptors."""
    kept = sys.stdin, sys.stdout, sys.stderr, sys.argv
    old = [os.dup(number) for number in range(3)]
    source = line.stdin if line.stdin not in ("", "closed") else os.devnull
    with open(source, "rb") as given:  # noqa: PTH123
        for number, file in enumerate((given, out, err)):
            os.dup2(file.fileno(), number)
    sys.stdin = None if line.stdin == "closed" else open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    try:
        yield
    finally:
        sys.stdout.close()
        sys.stderr.close()
        sys.stdin, sys.stdout, sys.stderr, sys.argv = kept
        for number, copy in enumerate(old):
            os.dup2(copy, number)
            os.close(copy)


def resident() -> float:
    """MB of memory that this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def settle(root: Path) -> None:
    """The environment that all lines see: no colours, no network, a home in the folder."""
    for name in AMBIENT:
        os.environ.pop(name, None)
    os.environ.update(PINNED)
    homes = {"HOME": "home", "HF_HOME": "home", "MPLCONFIGDIR": "home", "TMPDIR": "temporary"}
    os.environ.update({name: str(root / folder) for name, folder in homes.items()})
    os.environ.update(HF_HUB_OFFLINE="1", PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    tempfile.tempdir = None
    warnings.simplefilter("error", RuntimeWarning)
