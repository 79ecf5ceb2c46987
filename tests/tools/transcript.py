"""Console transcripts in Markdown: find them, run them, and write their outputs anew.

A fence marked ``console`` holds lines that begin with ``$ ``, each a shell command, and after each
what it prints. The commands of a fence share one shell, so that a variable or ``$?`` carries over.
They run in the project's folder, their output a terminal 80 columns wide without colour; what a
command says on stderr comes after its answer.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tests.tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SEPARATOR = "\x1e"
COLUMNS, LINES, SECONDS = 80, 40, 600


@dataclass(frozen=True)
class Step:
    """A command and what it prints."""

    command: str
    output: str

    def __str__(self) -> str:
        return f"$ {self.command}\n{self.output}"


def fences(text: str, language: str) -> Iterator[tuple[int, str]]:
    """(line number, content) of every fence in a language."""
    for match in FENCE.finditer(text):
        if match[1] == language:
            yield text.count("\n", 0, match.start()) + 1, match[2]


def steps(block: str) -> list[Step]:
    """The steps of a console fence; a command goes on after a backslash at a line's end."""
    pieces = re.split(r"^\$ ", block, flags=re.MULTILINE)
    if pieces[0]:
        raise ValueError(f"a console block must begin with a command: {pieces[0]!r}")
    return [_step(piece) for piece in pieces[1:]]


def _step(piece: str) -> Step:
    match = re.match(r"((?:.*\\\n)*.*)\n", piece)
    if match is None:
        raise ValueError(f"no command in {piece!r}")
    return Step(match[1], piece[match.end() :])


def run(block: list[Step], folder: Path) -> list[Step]:
    """The same steps with the outputs of a real run; ``folder`` is for passing files."""
    errors = shlex.quote(str(folder / "stderr"))
    script = "".join(
        f"{{ {step.command}\n}} 2>{errors}; status=$?; cat {errors}; "
        f"printf '\\036'; (exit $status)\n"
        for step in block
    )
    outputs = in_terminal(["bash", "-c", script], environment(folder)).split(SEPARATOR)
    return [Step(step.command, text) for step, text in zip(block, outputs[:-1], strict=True)]


def environment(folder: Path) -> dict[str, str]:
    """An environment in which ``ropecalc`` is the one of the running interpreter."""
    shim = folder / "bin" / "ropecalc"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ropecalc "$@"\n')
    shim.chmod(0o755)
    return {
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
        "NO_COLOR": "1",
        "COLUMNS": str(COLUMNS),
        "LINES": str(LINES),
    }


def in_terminal(command: list[str], variables: dict[str, str], *, escapes: bool = False) -> str:
    """What a command writes to a terminal of a known size; without escape sequences unless told."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(theirs)
        try:
            output = b"".join(received(ours))
        finally:
            process.kill()
            os.close(ours)
    text = output.decode().replace("\r\n", "\n")
    return text if escapes else ESCAPE.sub("", text)


def received(terminal: int) -> Iterator[bytes]:
    """What is written to a terminal, piece by piece, until its other side is closed."""
    end = monotonic() + SECONDS
    while select.select([terminal], [], [], max(0, end - monotonic()))[0]:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other side is closed
            return
        if not data:
            return
        yield data
    raise TimeoutError(f"no end after {SECONDS} seconds")
