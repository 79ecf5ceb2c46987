"""The host of ``tests.tools.faults``: loads the program once, and forks for every run of it."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import pickle
import pkgutil
import resource
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from tests.tools.faults import PAGE, QUICKEST, WRITERS, Done, Files, Job

LIMIT = 300  # seconds of a run that hangs
STEPS = {"open", "os.chmod", "os.link", "os.remove", "os.rename", "os.truncate"}  # audit events
DISK = os.environ.get("FAULTS_DISK") or None


def serve() -> None:
    """Answer every job on standard input with how it ended."""
    answers = os.fdopen(os.dup(1), "wb")
    _load()
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_played(job), answers)
        answers.flush()


def _load() -> None:
    """All that the program imports and caches, so that a fork does nothing but its work."""
    import ropecalc
    from ropecalc.cli.entry import main

    for module in pkgutil.walk_packages(ropecalc.__path__, "ropecalc."):
        if module.name != "ropecalc.__main__":
            import_module(module.name)
    import_module("matplotlib.backends.backend_pdf")  # imported late, and in each fork again
    for name, writer in WRITERS.items():
        if writer.heavy and name != QUICKEST:
            continue
        quiet = io.StringIO()
        with (
            _folder(writer.before) as folder,
            contextlib.redirect_stdout(quiet),
            contextlib.redirect_stderr(quiet),
        ):
            os.chdir(folder)
            sys.argv = ["ropecalc", *shlex.split(writer.line)]
            code = main()
            os.chdir("/")
            if code:
                raise RuntimeError(f"{name}: exit code {code}")
    gc.freeze()


# --- a folder -------------------------------------------------------------------------------------


@contextlib.contextmanager
def _folder(files: Files, modes: Any = (), pages: int | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=DISK) as name:
        folder, filler = Path(os.path.realpath(name)) / "here", Path(name) / "filler"
        folder.mkdir()
        for file, data in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(data)
        if pages is not None:
            _fill(filler, pages)
        for file, mode in sorted(dict(modes).items(), reverse=True):  # the folder at last
            (folder / file).chmod(mode)
        yield folder


def _fill(filler: Path, pages: int) -> None:
    """Leave so many pages of the disk."""
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(PAGE))
        file.truncate(file.tell() - pages * PAGE)


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- a run ----------------------------------------------------------------------------------------


def _played(job: Job) -> Done:
    with _folder(job.files, job.modes, job.pages) as folder:
        (gate, go), (out, our_out), (err, our_err) = os.pipe(), os.pipe(), os.pipe()
        children = []
        for line in job.lines:
            child = os.fork()
            if not child:
                os.close(go)
                _be(job, line, folder, (gate, our_out, our_err))
            children.append(child)
        started = time.monotonic()
        for end in (gate, go, our_out, our_err):
            os.close(end)  # closing the gate's other side lets all of them go at once
        if job.kill_after is not None:
            time.sleep(job.kill_after)
            os.kill(children[0], signal.SIGKILL)
        said = _read(out), _read(err)
        codes = tuple(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
        seconds = time.monotonic() - started
        for name in job.modes:
            (folder / name).chmod(0o700)
        return Done(codes, *said, _content(folder), seconds)


def _read(pipe: int) -> str:
    with os.fdopen(pipe, "rb") as file:
        return file.read().decode()


def _be(job: Job, line: str, folder: Path, ends: tuple[int, int, int]) -> None:
    """Become the program in this process, under the job's conditions; does not return."""
    from ropecalc.cli.entry import main

    gate, out, err = ends
    code = 70  # of what no exception handler of the program saw
    try:
        signal.alarm(LIMIT)
        os.read(gate, 1)
        os.chdir(folder)
        if job.vanished:
            (folder / "gone").mkdir()
            os.chdir("gone")
            (folder / "gone").rmdir()
        sys.stdout, sys.stderr = _stream(1, job.out, out), _stream(2, job.err, err)
        _limit(job)
        if job.kill_at is not None:
            _count_steps(str(folder), job.kill_at)
        sys.argv = ["ropecalc", *shlex.split(line)]
        code = main()
        sys.stdout.flush()
        with contextlib.suppress(OSError):
            sys.stderr.flush()
    finally:
        os._exit(code)


def _stream(number: int, to: str, pipe: int) -> TextIO:
    if to == "closed":
        os.close(number)
        return None  # type: ignore[return-value]  # as Python starts with it
    if to == "nobody":
        nobody, pipe = os.pipe()
        os.close(nobody)
    if to == "full":
        pipe = os.open("/dev/full", os.O_WRONLY)
    os.dup2(pipe, number)
    return os.fdopen(number, "w", 1 if number == 2 else -1, encoding="utf-8")


def _limit(job: Job) -> None:
    most = job.largest if job.cut_at is None else job.cut_at
    if most is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        handler = signal.SIG_IGN if job.cut_at is None else signal.SIG_DFL
        signal.signal(signal.SIGXFSZ, handler)
    if job.modes and os.geteuid() == 0:
        _give_up_powers()


def _give_up_powers() -> None:
    """Root without capabilities obeys permissions as everybody does, and can read what it could."""
    import ctypes

    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(header, none):
        raise OSError("capabilities cannot be given up")


def _count_steps(folder: str, last: int) -> None:
    """Kill this process before it does one more than so many steps in a folder."""
    done = 0
    fsync = os.fsync

    def step() -> None:
        nonlocal done
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1

    def here(place: object) -> bool:
        """Whether a path is in the folder; a number is a file there that has been made just now."""
        if isinstance(place, str):
            return os.path.abspath(place).startswith(folder)  # noqa: PTH100
        return isinstance(place, int)

    def watch(event: str, args: tuple[Any, ...]) -> None:
        places = args[:1] if event == "open" else args[:2]
        if event in STEPS and any(map(here, places)):
            step()

    def stepping_fsync(file: int) -> None:
        step()
        fsync(file)

    sys.addaudithook(watch)
    os.fsync = stepping_fsync  # type: ignore[assignment]


if __name__ == "__main__":
    serve()
