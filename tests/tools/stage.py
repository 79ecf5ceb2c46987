"""Runs of ``ropecalc`` in an environment, with a terminal, a file or a closed pipe for its output.

A process of its own starts in that environment, loads the program once, and forks for each run: so
each command meets a fresh program, and streams as the environment makes them, at the price of a
fork.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.places import ROOT

CONFIGS = ROOT / "tests" / "data" / "configs"
LINES, LIMIT = 40, 900
FILES = {  # in the folder where the commands run, beside proof.json
    "llama.json": "meta-llama--Llama-3.1-8B--copy.json",
    "yarn.json": "Qwen--Qwen2.5-72B-Instruct--raphgg-yarn.json",
}
CHECKPOINT = "model"  # a folder beside them, of a model with one layer and two heads
PREPARATION = "min-base --dim 64 --ctx 64 --certificate proof.json -q"
WARM_UP = ("inspect Llama-2-7B", "min-base --dim 64 --ctx 64", "curve --base 1e4 --ctx 64")


@dataclass(frozen=True, slots=True)
class Run:
    """A command line, and what its output is."""

    line: str
    to: str = "terminal"
    """terminal, for both streams; file, one for each; closed: a pipe that nobody reads."""
    width: int = 80
    """Columns of the terminal."""
    environ: Mapping[str, str] | None = None
    """Variables beside those of the stage, for what is read after the start."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a run ended: negative is the signal that ended it."""

    code: int
    out: str
    err: str


def played(runs: Iterable[Run], **environ: str) -> list[Done]:
    """Every run in turn, all started in one environment."""
    jobs = [
        [shlex.split(run.line), run.to, run.width, dict(run.environ or {})]
        for run in [Run(PREPARATION, "file"), *runs]
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, source in FILES.items():
            shutil.copyfile(CONFIGS / source, Path(folder) / name)
        _write_checkpoint(Path(folder) / CHECKPOINT)
        return [Done(*done) for done in _asked(jobs, folder, environ)[1:]]


def _write_checkpoint(folder: Path) -> None:
    """Projections of 16 x 16 made-up numbers, in the format of safetensors, and their config."""
    folder.mkdir()
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8}
    config = {"model_type": "llama", "rope_theta": 10_000.0, "max_position_embeddings": 64, **sizes}
    (folder / "config.json").write_text(json.dumps(config))
    header, data = {}, b""
    for seed, name in enumerate(("q_proj", "k_proj")):
        numbers = [((place * 7919 + seed) % 97 - 48) / 48 for place in range(16 * 16)]
        added = struct.pack(f"<{len(numbers)}f", *numbers)
        ends = [len(data), len(data) + len(added)]
        header[f"model.layers.0.self_attn.{name}.weight"] = {
            "dtype": "F32",
            "shape": [16, 16],
            "data_offsets": ends,
        }
        data += added
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def _asked(jobs: list[Any], folder: str, environ: Mapping[str, str]) -> list[Any]:
    plain = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": str(ROOT)}
    plain |= {name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")}
    plain |= {"OPENBLAS_NUM_THREADS": "1", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.stage"],
        cwd=folder,
        env={**plain, **environ},
        input=json.dumps(jobs),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer = json.loads(done.stdout)
    assert isinstance(answer, list)
    return answer


# --- the other side -----------------------------------------------------------------------------


def serve() -> None:
    """Answer the jobs on standard input with a list of (exit code, stdout, stderr)."""
    import ropecalc.render.progress as bars
    from ropecalc.cli.app import main
    from ropecalc.cli.commands import COMMANDS

    bars.PATIENCE = float("inf")  # what shows in a slow run alone cannot be compared
    for name in COMMANDS:
        COMMANDS[name]
    for line in WARM_UP:  # what the commands load late
        sys.argv = ["ropecalc", *line.split()]
        with contextlib.redirect_stdout(io.StringIO()):
            main()
    json.dump([_run(*job) for job in json.load(sys.stdin)], sys.stdout)


def _run(args: list[str], to: str, width: int, environ: dict[str, str]) -> tuple[int, str, str]:
    if to == "terminal":
        return _on_a_terminal(args, width, environ)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if to == "closed":
            nobody, ours = os.pipe()
            os.close(nobody)
            code = _ended(_forked(args, ours, err.fileno(), environ))
            os.close(ours)
        else:
            code = _ended(_forked(args, out.fileno(), err.fileno(), environ))
        out.seek(0)
        err.seek(0)
        return code, _text(out.read()), _text(err.read())


def _on_a_terminal(args: list[str], width: int, environ: dict[str, str]) -> tuple[int, str, str]:
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, width, 0, 0))
    child = _forked(args, theirs, theirs, environ)
    os.close(theirs)
    chunks = []
    with contextlib.suppress(OSError):  # how Linux says that the other side is closed
        while chunk := os.read(ours, 65_536):
            chunks.append(chunk)
    os.close(ours)
    return _ended(child), _text(b"".join(chunks)).replace("\r\n", "\n"), ""


def _text(data: bytes) -> str:
    return data.decode(sys.stdout.encoding)


def _ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _forked(args: list[str], out: int, err: int, environ: dict[str, str]) -> int:
    """The process id of a child that is the program, with these files for its streams."""
    child = os.fork()
    if child:
        return child
    from ropecalc.cli.app import main

    code = 70  # of what no exception handler of the program saw
    try:
        os.environ.update(environ)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
        sys.stderr = os.fdopen(2, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)
        sys.argv = ["ropecalc", *args]
        code = main()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
