"""Bad luck for ropecalc: what each way of writing a file is, and a host that makes things go wrong.

A host (``tests.tools.faults_host``) is a process that loads the program once and forks for every
run, so that a kill costs a fork and no start.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tools.places import ROOT

PAGE = 4096  # bytes: what a small disk gives away at a time
Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """Command lines in a folder of their own, all at once, and what goes wrong meanwhile."""

    lines: tuple[str, ...]
    files: Files = field(default_factory=dict)
    """What is in the folder before."""
    modes: Mapping[str, int] = field(default_factory=dict)
    """Permissions of these files, or of the folder ("."), which root obeys here, too."""
    kill_at: int | None = None
    """SIGKILL before so many steps in the folder are done: opening, syncing, renaming..."""
    kill_after: float | None = None
    """SIGKILL after so many seconds."""
    cut_at: int | None = None
    """Killed in the middle of a write, when a file has so many bytes."""
    largest: int | None = None
    """No file can have more bytes (EFBIG): a disk that is full in the middle of a write."""
    pages: int | None = None
    """So many pages are left on the disk (ENOSPC); for a host with a small disk."""
    vanished: bool = False
    """The working directory is gone."""
    out: str = "pipe"
    """Standard output: pipe, closed (>&-), full (/dev/full) or nobody (the reader went away)."""
    err: str = "pipe"
    """Standard error, in the same way."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended."""

    codes: tuple[int, ...]
    """An exit code a line; negative is the signal that ended it."""
    out: str
    err: str
    files: dict[str, bytes]
    """What is in the folder now."""
    seconds: float

    @property
    def killed(self) -> bool:
        return self.codes[0] in (-signal.SIGKILL, -signal.SIGXFSZ)


class Host:
    """A process that plays jobs; ``before`` is a command to start it by, ``disk`` its folder."""

    def __init__(self, *before: str, disk: str = "") -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.tools.faults_host"],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "FAULTS_DISK": disk},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def play(self, job: Job) -> Done:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pickle.dump(job, self.process.stdin)
        self.process.stdin.flush()
        done = pickle.load(self.process.stdout)
        assert isinstance(done, Done)
        return done

    def close(self) -> None:
        self.process.communicate()


def small_disk(folder: Path) -> Host | None:
    """A host whose files are on a disk of 256 KiB; None where nobody lets us mount one."""
    mount = f'mount -t tmpfs -o size=256k tmpfs "{folder}"'
    for way in (["unshare", "-m"], ["unshare", "-rm"]):
        if shutil.which("unshare") and not _fails([*way, "sh", "-c", mount]):
            return Host(*way, "sh", "-c", f'{mount} && exec "$@"', "sh", disk=str(folder))
    return None


def _fails(command: list[str]) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


# --- what is written ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Writer:
    """A command line that writes a file."""

    line: str
    makes: str
    needs: Files = field(default_factory=dict)
    """What has to be there before."""
    old: bytes = b"what was there before\n"
    """What the file is before, where it is one."""
    backs_up: bool = False
    heavy: bool = False
    """Whether a run takes more than a tenth of a second or two."""

    @property
    def before(self) -> Files:
        return {**self.needs, self.makes: self.old}


CONFIG = b"""{
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "model_type": "llama",
    "rope_theta": 1e4
}
"""
IN_PLACE: dict[str, Any] = {"makes": "config.json", "old": CONFIG, "backs_up": True}
NO_BACKUP = {**IN_PLACE, "backs_up": False}
EMIT = "emit --in-place config.json --base 5e5 --ctx 128"
FIGURES = {
    "curve": "curve --base 1e4 --dim 8 --ctx 64 -q",
    "freqs": "freqs --base 1e4 --dim 8 --ctx 64 -q",
    "staircase": "staircase --dim 8 --ctx 6 --jobs 1 -q",
    "windows": "windows --dim 4 --ctx 4 -q",
    "plan": "plan --base 1e4 --dim 16 --from 64 --to 256",
    "compare": "compare Qwen3-8B --ctx 1k --stack vllm --stack transformers",
    "evidence": "evidence -q",
    "min-factor": "min-factor --base 1e4 --dim 16 --original-ctx 64 --ctx 128 -q",
}


def checkpoint() -> dict[str, bytes]:
    """A folder with the weights of a layer."""
    import tempfile

    from tests.tools.stage import CHECKPOINT, _write_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, CHECKPOINT)
        _write_checkpoint(made)
        return {f"{CHECKPOINT}/{path.name}": path.read_bytes() for path in made.iterdir()}


def writers() -> Iterator[tuple[str, Writer]]:
    """Every way of ropecalc to write a file, by name."""
    for option in ("certificate", "safe-certificate"):
        yield option, Writer(f"min-base --dim 8 --ctx 16 -q --{option} proof.json", "proof.json")
    line = "min-factor --base 1e4 --dim 32 --rope-type yarn --original-ctx 64 --ctx 512 -q"
    yield "factor", Writer(f"{line} --certificate proof.json", "proof.json", heavy=True)
    yield "emit", Writer(EMIT, **IN_PLACE)
    yield "emit without a backup", Writer(f"{EMIT} --no-backup", **NO_BACKUP)
    for kind, end in (("minimum", 8), ("safe", 12)):
        line = f"staircase --dim 8 --ctx {end} --jobs 1 -q --kind {kind} --save steps"
        yield f"{kind} staircase", Writer(line, "steps", heavy=kind == "safe")
    line = "weights model --layer 0 -q -o weights.json"
    yield "weights", Writer(line, "weights.json", checkpoint())
    for name, line in FIGURES.items():
        yield f"figure of {name}", Writer(f"{line} -o figure.svg", "figure.svg", heavy=True)
    for form in ("png", "pdf"):
        made = f"figure.{form}"
        yield f"figure as {form}", Writer(f"{FIGURES['curve']} -o {made}", made, heavy=True)


WRITERS = dict(writers())
QUICKEST = "figure of windows"  # of the heavy ones


# --- what is counted ------------------------------------------------------------------------------


def told(reports: Iterable[Any]) -> str | None:
    """The line about all faults that the tests of a run tried; None where they tried none."""
    counted = [
        (*count, report.failed)
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, count in report.user_properties
        if name == "faults"
    ]
    if not counted:
        return None
    cases, kills, failed = map(sum, zip(*counted, strict=True))
    end = f"{failed} tests failed" if failed else "nothing lost"
    return f"faults: {cases} cases, {kills} kills, {end}"
