"""The extras of the wheel one by one and together, each by the command that needs it.

    python -m tests.tools.extras VENV WHEEL    # VENV has the wheel without extras, and stays so

Without an extra its command ends with 2 and one line that names it; with it, it answers.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from tests.tools import cluster, stage

ADDRESS = "127.0.0.1:8786"  # of a cluster, where there is none


@dataclass(frozen=True, slots=True)
class Extra:
    """A command line that needs it, and the modules that it brings."""

    line: str
    modules: tuple[str, ...]
    cluster: bool = False
    """Whether the line needs a cluster at ADDRESS."""


EXTRAS = {
    "arb": Extra("verify proof.json --backend arb", ("flint",)),
    "hub": Extra("inspect org/model", ("huggingface_hub",)),
    "precision": Extra("check --base 1e4 --ctx 64 --dtype bfloat16", ("ml_dtypes",)),
    "weights": Extra("weights model --layer 0", ("safetensors", "ml_dtypes")),
    "plot": Extra("freqs --base 1e4 --dim 16 --ctx 64 -o frequencies.svg", ("matplotlib",)),
    "cluster": Extra(
        f"staircase --dim 8 --ctx 6 --no-table --dask {ADDRESS}", ("distributed",), cluster=True
    ),
}
MODULES = sorted({module for extra in EXTRAS.values() for module in extra.modules})
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONFIG = {"model_type": "llama", "head_dim": 64, "rope_theta": 1e6, "max_position_embeddings": 64}


def prepare(folder: Path) -> dict[str, str]:
    """Write the files that the lines read, all but proof.json; the variables that they need."""
    stage._write_checkpoint(folder / stage.CHECKPOINT)
    cache = folder / "hub" / "models--org--model"
    for name, text in (("refs/main", COMMIT), (f"snapshots/{COMMIT}/config.json", CONFIG)):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_text(text if isinstance(text, str) else json.dumps(text))
    return {"HF_HUB_CACHE": str(folder / "hub"), "HF_HUB_OFFLINE": "1"}


def refusal(extra: str, code: int, err: str) -> bool:
    """Whether a command said in one line that it needs an extra."""
    return code == 2 and len(err.splitlines()) == 1 and f"pip install 'ropecalc[{extra}]'" in err


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel in an environment of its own, and the folder where it is used."""

    venv: Path
    wheel: str
    folder: Path
    environ: dict[str, str]

    def copy(self, name: str) -> Installed:
        """The same again, in no time: what is added to it is not in the first."""
        venv = self.folder / f"with-{name}"
        shutil.copytree(self.venv, venv, symlinks=True, copy_function=os.link)
        return replace(self, venv=venv)

    def python(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run its Python outside of any checkout."""
        return subprocess.run(
            [self.venv / "bin" / "python", *args],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=None if check else subprocess.PIPE,
            text=True,
            check=check,
        )

    def ropecalc(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        return self.python("-m", "ropecalc", *shlex.split(line), check=False)

    def in_a_cluster(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run the program while there is a cluster of one worker."""
        with cluster.Cluster(self.folder, str(self.venv / "bin" / "python")) as found:
            found.add_worker()
            found.wait_for_workers()
            return self.ropecalc(line.replace(ADDRESS, found.address))

    def install(self, *extras: str) -> None:
        """Install the wheel with extras: nothing is at odds, and their commands answer."""
        wanted = f"{self.wheel}[{','.join(extras)}]"
        self.python("-m", "pip", "install", "-q", "--no-compile", wanted)
        self.python("-m", "pip", "check")
        for extra in map(EXTRAS.__getitem__, extras):
            self.python("-c", f"import {', '.join(extra.modules)}")
            done = self.in_a_cluster(extra.line) if extra.cluster else self.ropecalc(extra.line)
            written = [" is in " in line for line in done.stderr.splitlines()]  # where a file lies
            assert (done.returncode, all(written)) == (0, True), done


def main(venv: str, wheel: str) -> None:
    """Try them all, and say so."""
    home = Path(venv).resolve()
    with tempfile.TemporaryDirectory(dir=home.parent) as made:
        folder = Path(made)
        plain = Installed(home, wheel, folder, {**os.environ, **prepare(folder)})
        assert not plain.ropecalc(stage.PREPARATION).returncode
        for name, extra in EXTRAS.items():
            done = plain.ropecalc(extra.line)
            assert refusal(name, done.returncode, done.stderr), (name, done)
            place = plain.copy(name)
            place.install(name)
        place.install(*EXTRAS)
    print(f"extras: {', '.join(EXTRAS)}; each refused, one by one, and together")


if __name__ == "__main__":
    main(*sys.argv[1:])
