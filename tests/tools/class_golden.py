"""The answers of the sweep as the tests replay them.

    python -m tests.tools.class_golden RAW

writes ``tests/data/class-sweep.json.gz``.
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
from tests.tools.transformers_classes import oldest


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


def write(raw: Path) -> None:
    """Write the golden file; the same answers make the same bytes."""
    text = json.dumps(golden(raw), separators=(",", ":"))
    (DATA / "class-sweep.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
