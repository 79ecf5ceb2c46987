"""Where a class changed within transformers 5: the same files, run in its earlier releases.

    pip install --no-deps --target DIR/5.4.0 transformers==5.4.0       (each release, and what it
                                                                        pins, into a folder)
    python -m tests.tools.class_releases RAW DIR OUT       (needs PyTorch)

takes the files of ``class_sweep`` from RAW, looks for the releases between which a class answers a
few telling ones otherwise, by halves, and writes to OUT what the class was before each of these:
its row, made from a whole sweep of the release before, and its answers to the telling files. A
release that does not take the class's small file as it is saved today says nothing of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.tools import class_probe
from tests.tools.class_files import files
from tests.tools.class_replay import difference, packed
from tests.tools.class_sweep import context_of, head_of, length_of, sweep
from tests.tools.transformers_classes import Class, is_nested, oldest, reads, row_of

TELLING = (
    *("saved", "silent", "v4 theta", "v4 yarn", "v4 partial", "v4 null", "v4 no original"),
    *("v5 plain", "v5 yarn", "v5 partial", "v5 kinds", "v5 full alone", "rotary_dim"),
    *("rotary_pct", "layers 13", "layer_types absent", "sliding_window 77", "head_dim null"),
)
BY_KIND = {"v5 kinds", "v5 full alone"}
Answers = Mapping[str, class_probe.Answer]


def numbers(release: str) -> list[int]:
    """A release as it is sorted."""
    return [int(part) for part in release.split(".")]


def asked(line: Mapping[str, Any]) -> dict[str, class_probe.Answer]:
    """{file: answer} of the telling files of a class, in the release that is installed."""
    document, answers = line["file"], line["answers"]
    context = context_of(document)
    known: dict[str, class_probe.Answer] = {}
    return {
        name: class_probe.answer(changed, length_of(name, context), known)
        for name, changed in files(document, context, head_of(answers["saved"]))
        if name in TELLING and name in answers
    }


def differ(before: Answers | None, after: Answers | None) -> bool:
    """Whether two releases answer some file otherwise; None where one has no such class."""
    if before is None or after is None:
        return before is not after
    return any(difference(before[name], after[name]) for name in before.keys() & after.keys())


def work(raw: Path, out: Path, names: Sequence[str], *, whole: bool) -> None:
    """Ask the installed release about some classes: the telling files, or all of its own."""
    import transformers
    from transformers import CONFIG_MAPPING

    wanted = {line["class"]: line for line in map(json.loads, raw.open()) if line["class"] in names}
    for name, line in wanted.items():
        key = "whole" if whole else "answers"
        found: dict[str, Any] = {"class": name, "release": transformers.__version__, key: None}
        with contextlib.suppress(Exception):  # what it cannot even load is as if it were not there
            if name in CONFIG_MAPPING:
                found[key] = sweep(name) if whole else asked(line)
        with out.open("a") as file:
            file.write(json.dumps(found, default=str) + "\n")


@dataclass
class Search:
    """The releases in a folder, and what they were asked so far."""

    raw: Path
    folder: Path
    cache: Path
    """One line for each class and release that was asked."""
    told: dict[tuple[str, str], Answers | None] = field(default_factory=dict)
    wholes: dict[tuple[str, str], dict[str, Any] | None] = field(default_factory=dict)

    @cached_property
    def releases(self) -> list[str]:
        """Those of the folder, the earliest first."""
        names = [one.name for one in self.folder.iterdir() if (one / "transformers").is_dir()]
        return [*sorted(names, key=numbers), oldest(self.raw)]

    def read(self) -> None:
        """What the cache has; the last release is that of RAW itself."""
        for line in map(json.loads, self.raw.open()):
            told = {n: a for n, a in line.get("answers", {}).items() if n in TELLING}
            self.told[line["class"], self.releases[-1]] = told
        for line in map(json.loads, self.cache.open() if self.cache.exists() else ()):
            key = line["class"], line["release"]
            if "whole" in line:
                self.wholes[key] = line["whole"]
            else:
                self.told[key] = line.get("answers")

    def ask(self, names: Iterable[str], release: str, *, whole: bool = False) -> None:
        """Run a release for the classes that it was not asked about."""
        known = self.wholes if whole else self.told
        new = [name for name in names if (name, release) not in known]
        if not new:
            return
        path = os.pathsep.join([str(self.folder / release), str(Path(__file__).parents[2])])
        word = "--whole" if whole else "--telling"
        command = [sys.executable, "-m", "tests.tools.class_releases", word, self.raw, self.cache]
        subprocess.run(
            [*map(str, command), *new], check=True, env=os.environ | {"PYTHONPATH": path}
        )
        self.read()

    def changes(self, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
        """{class: [(the release that changed it, the one before)]}."""
        found: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
        last = len(self.releases) - 1

        def look(some: list[str], low: int, high: int) -> None:
            first, second = self.releases[low], self.releases[high]
            self.ask(some, first)
            self.ask(some, second)
            apart = [one for one in some if differ(self.told[one, first], self.told[one, second])]
            if not apart:
                return
            if high - low == 1:
                for one in apart:
                    found[one].append((second, first))
                return
            middle = (low + high) // 2
            look(apart, low, middle)
            look(apart, middle, high)

        look([*names], 0, last)
        return found


def report(search: Search, names: Sequence[str]) -> dict[str, Any]:
    """{class: {the release that changed it: what the class was before}}."""
    changes = [
        (name, after, before)
        for name, found in search.changes(names).items()
        for after, before in found
        if "refused" not in (search.told[name, before] or {}).get("saved", {"refused": ""})
    ]
    for release in search.releases:
        whole = [
            n for n, after, last in changes if last == release and more(search, n, after, last)
        ]
        search.ask(whole, release, whole=True)
    report: dict[str, Any] = {}
    for name, after, before in changes:
        told = search.told[name, before] or {}
        row = search.wholes.get((name, before))
        if not more(search, name, after, before):
            own = Class({"class": name, "full": {}, "file": {}, "answers": told})
            was: dict[str, Any] = {"kinds": reads(own, "v5 kinds")}
        else:
            # keys that the code of its class had no word for were not asked in the sweep
            was = {}
            if row is not None:
                was["row"] = row_of(Class({**row, "answers": {**told, **row["answers"]}}))
        was |= {"last": before, "answers": {file: packed(told[file]) for file in told}}
        report.setdefault(name, {})[after] = was
    return report


def more(search: Search, name: str, after: str, before: str) -> bool:
    """Whether two releases differ in more than objects by kind in a class that has one rope.

    These all such classes read otherwise once: no whole sweep is needed to say how.
    """
    told, now = search.told[name, before] or {}, search.told[name, after] or {}
    apart = {file for file in told.keys() & now.keys() if difference(told[file], now[file])}
    nested = is_nested(told["saved"]["config"].get("rope_parameters") or {})
    return nested or not apart <= BY_KIND


def main(raw: Path, folder: Path, out: Path) -> None:
    """Look at every class of RAW that was run."""
    search = Search(raw, folder, out.with_suffix(".jsonl"))
    search.read()
    lines = map(json.loads, raw.open())
    names = [line["class"] for line in lines if "refused" not in saved(line)]
    out.write_text(json.dumps(report(search, names), indent=0), encoding="utf-8")


def saved(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer to the default file of a class."""
    answer: Mapping[str, Any] = line.get("answers", {}).get("saved", {"refused": ""})
    return answer


if __name__ == "__main__":
    if sys.argv[1].startswith("--"):
        first, second = map(Path, sys.argv[2:4])
        work(first, second, sys.argv[4:], whole=sys.argv[1] == "--whole")
    else:
        one, two, three = map(Path, sys.argv[1:4])
        main(one, two, three)
