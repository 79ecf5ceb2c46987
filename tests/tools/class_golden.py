"""The answers of the sweep as the tests replay them.

    python -m tests.tools.class_golden RAW RELEASES

writes ``tests/data/class-sweep.json.gz``, and ``class-releases.json.gz`` for the changes that the
table of classes has.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from tests.tools.class_replay import packed
from tests.tools.class_sweep import head_of
from tests.tools.places import DATA
from tests.tools.transformers_classes import TABLE, oldest


def golden(raw: Path) -> dict[str, Any]:
    """{transformers, classes: {name: file, head, answers}} of what was run."""
    classes: dict[str, Any] = {}
    for line in raw.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        answers = data.get("answers", {})
        if all("refused" in answer for answer in answers.values()):
            continue
        classes[data["class"]] = {
            "file": data["file"],
            "head": head_of(answers["saved"]),
            "answers": {name: packed(answer) for name, answer in answers.items()},
        }
    return {"transformers": oldest(raw), "classes": dict(sorted(classes.items()))}


def earlier(releases: Path) -> dict[str, Any]:
    """{class: {the release that changed it: what it answered before}}, as the table has them."""
    told = json.loads(releases.read_text(encoding="utf-8"))
    table = json.loads(TABLE.read_text(encoding="utf-8"))["classes"]
    return {
        name: {release: {"answers": told[name][release]["answers"]} for release in row["before"]}
        for name, row in table.items()
        if "before" in row
    }


def write(name: str, content: dict[str, Any]) -> None:
    """Write a golden file; the same answers make the same bytes."""
    text = json.dumps(content, separators=(",", ":"))
    (DATA / name).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    write("class-sweep.json.gz", golden(Path(sys.argv[1])))
    write("class-releases.json.gz", earlier(Path(sys.argv[2])))
