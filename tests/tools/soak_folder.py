"""The folder where random command lines run, and a watch over what they touch outside it.

Everything that Python opens to write, renames, removes or connects to passes its audit hooks, so
that nothing of it goes unseen.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.tools.stage import CHECKPOINT, CONFIGS, FILES, _write_checkpoint

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = {  # audit event -> which of its arguments are paths
    "os.chmod": (0,),
    "os.link": (0, 1),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
}
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
BROKEN = {
    "broken.json": b'{"rope_theta": 1e4, ',
    "deep.json": b"[" * 200_000,
    "binary.json": bytes(range(256)) * 16,
    "empty.json": b"",
    "list.json": b"[1, 2, 3]",
    "numbers.json": b'{"rope_theta": NaN, "head_dim": -1, "max_position_embeddings": 1e999}',
    "nul.json": b'{"rope_theta": 1e4, "model_type": "\\u0000\\ud800"}',
    "latin.json": b'{"model_type": "\xe9"}',
    "weights.csv": b"1\n2\n0.5\n",
    "short.csv": b"1,1,1,1",
}
HUGE = 40 * 2**20  # more than is read of any file


class Watch:
    """What Python changes on disk and asks of the network while it is on."""

    def __init__(self, root: Path) -> None:
        self.on = False
        self.wrote = False
        self.outside: list[str] = []
        self._root = os.path.realpath(root) + os.sep
        sys.addaudithook(self._see)

    def start(self) -> None:
        """Forget what was seen, and look."""
        self.wrote, self.outside, self.on = False, [], True

    def stop(self) -> list[str]:
        """Look no more; what was touched outside the folder."""
        self.on = False
        return self.outside

    def _see(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in NETWORK:
            self.outside.append(f"{event} {args[1:]}")
        for path in _changed(event, args):
            inside = (os.path.realpath(path) + os.sep).startswith(self._root)
            if inside:
                self.wrote = True
            elif path != os.devnull:
                self.outside.append(f"{event} {path}")


def _changed(event: str, args: tuple[Any, ...]) -> list[str]:
    """The paths that an event changes; a file that is open already has none."""
    if event == "open":
        paths = [args[0]] if isinstance(args[2], int) and args[2] & WRITING else []
    else:
        paths = [args[at] for at in CHANGES.get(event, ())]
    return [os.fsdecode(path) for path in paths if isinstance(path, str | bytes | os.PathLike)]


class Folder:
    """A root with the folder that commands run in, filled anew after one that wrote there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work, self._full = root / "work", root / "full"
        for each in ("home", "temporary"):
            (root / each).mkdir()
        _fill(self._full)
        self.renew()

    def renew(self) -> None:
        """Everything in it as at first."""
        os.chdir(self.root)
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self._full, self.work, symlinks=True)
        os.chdir(self.work)

    def keep(self) -> None:
        """Take what is in it now for its first state."""
        shutil.rmtree(self._full)
        shutil.copytree(self.work, self._full, symlinks=True)


def _fill(folder: Path) -> None:
    folder.mkdir()
    (folder / "hollow").mkdir()
    shutil.copytree(CONFIGS, folder / "configs", ignore=shutil.ignore_patterns("*.tsv"))
    for name, source in FILES.items():
        shutil.copyfile(CONFIGS / source, folder / name)
    _write_checkpoint(folder / CHECKPOINT)
    for name, data in BROKEN.items():
        (folder / name).write_bytes(data)
    (folder / "ones.json").write_text(json.dumps([1] * 64))
    (folder / "loop.json").symlink_to("loop.json")
    with (folder / "huge.json").open("wb") as huge:
        huge.truncate(HUGE)
