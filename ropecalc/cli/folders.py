"""The models that the words of a command line name: of a folder all those below it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ropecalc.files import printable
from ropecalc.progress import Progress

NAMES = ("config.json", "params.json")
WANTED = "config.json, params.json or GGUF file"
BEGINNING = 1 << 16  # bytes: a config is shorter, a tokenizer.json longer
Entries = list[os.DirEntry[str]]


def models_in(
    targets: Iterable[str],
    progress: Progress,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
) -> list[str]:
    """The models that targets name, each once.

    Of a folder they are all config.json, params.json and GGUF files below it, its own first, else
    all .json files in it, by name; links to folders are not followed. What is no folder stands
    for itself.

    Parameters
    ----------
    progress : called with how many of the folders that are known so far are done
    tell : takes a line about each folder that cannot be looked into, or holds none of these
    warn : takes a line about other .json files in a folder that look like models

    Raises KeyboardInterrupt with what was found until then in words.
    """
    search = _Search(progress, tell, warn)
    try:
        for target in targets:
            search.take(target)
    except KeyboardInterrupt:
        text = f"0 of the {len(search.models):,} files found so far were read"
        raise KeyboardInterrupt(text) from None
    return list(search.models.values())


class _Search:
    def __init__(
        self, progress: Progress, tell: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        self.progress, self.tell, self.warn = progress, tell, warn
        self.models: dict[str, str] = {}
        """Where each is -> the name by which it came first."""

    def take(self, target: str) -> None:
        """Add what a target names."""
        if not os.path.isdir(target):  # noqa: PTH112  Path("") would be the current folder
            self._add(target)
            return
        found, own = False, None
        for entries in self._below(target):
            files = [entry for entry in entries if _may_be_read(entry)]
            for entry in filter(_is_a_model, files):
                found = True
                self._add(str(Path(entry.path)))
            if own is None:  # the folder itself comes first
                own = [str(Path(entry.path)) for entry in files if entry.name.endswith(".json")]
        if found:
            self._pass_over(own or [])
        if found or own is None:
            return
        for path in own:
            self._add(path)
        if not own:
            self.tell(f"{printable(target)}: holds no {WANTED}; pass the file itself")

    def _pass_over(self, paths: list[str]) -> None:
        """Say which .json files look like models and are not read."""
        others = [path for path in paths if _place(path) not in self.models and _has_class(path)]
        if others:
            names = ", ".join(printable(path) for path in others)
            verb = "are" if len(others) > 1 else "is"
            self.warn(f"{names} {verb} not read, as the folder has a {WANTED}: name all that count")

    def _add(self, path: str) -> None:
        self.models.setdefault(_place(path), path)

    def _below(self, top: str) -> Iterator[Entries]:
        """What is in a folder, then in each below it, by name.

        No recursion, in which os.walk before Python 3.12 ends at a depth of a thousand.
        """
        waiting, done = [top], 0
        while waiting:
            folder = waiting.pop()
            entries = self._listed(folder)
            if entries is not None:
                yield entries
                waiting += [entry.path for entry in reversed(entries) if _is_a_folder(entry)]
            done += 1
            self.progress(done, done + len(waiting))

    def _listed(self, folder: str) -> Entries | None:
        """What is in a folder, by name; None, and a line told, where nobody lets us see."""
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except PermissionError:
            reason = "no permission to look into it; check its access rights"
        except OSError as error:
            reason = f"cannot be looked into ({error.strerror}); check the path"
        self.tell(f"{printable(folder)}: {reason}")
        return None


def _is_a_model(entry: os.DirEntry[str]) -> bool:
    return entry.name in NAMES or Path(entry.name).suffix == ".gguf"


def _has_class(path: str) -> bool:
    """Whether a file names the class of a model near its beginning."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  a name as it came
            return b'"model_type"' in file.read(BEGINNING)
    except OSError:
        return False


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    """Whether it is a regular file: a pipe would wait for ever, and nobody named it.

    What cannot be told apart, such as a link that leads nowhere, is not passed over in silence.
    """
    if not (_is_a_model(entry) or entry.name.endswith(".json")):
        return False
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _is_a_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, and no link to one, which could lead in a circle."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # where it is listed the reason is reported
        return True


def _place(path: str) -> str:
    """One text for all the names of a file; links to the file itself count as files."""
    if path == "-" or not os.path.lexists(path):
        return path
    folder, name = os.path.split(str(Path(path)))
    try:
        return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  Path drops a last ".."
    except OSError:  # the current folder is gone
        return path
