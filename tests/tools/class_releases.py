"""What another release of transformers does otherwise: the same files, run again.

    python -m tests.tools.class_releases RAW OUT      (with the other release installed)

takes the answers of ``class_sweep`` in RAW and appends to OUT, class by class, those of a few
telling files that the installed release answers otherwise; a class that it does not have is one
line. ``python -m tests.tools.class_releases RAW OUT MODEL_TYPE ...`` asks these alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.tools import class_probe
from tests.tools.class_files import files
from tests.tools.class_sweep import context_of, head_of, length_of
from tests.tools.transformers_classes import essence

TELLING = (
    *("saved", "silent", "v4 theta", "v4 yarn", "v4 partial", "v4 null", "v4 no original"),
    *("v5 plain", "v5 yarn", "v5 partial", "v5 kinds", "v5 full alone", "rotary_dim"),
    *("rotary_pct", "layers 13", "layer_types absent", "sliding_window 77", "head_dim null"),
)


def otherwise(line: dict[str, Any]) -> dict[str, Any]:
    """{file: [before, now]} of a class, where the two differ."""
    document, answers = line["file"], line["answers"]
    context = context_of(document)
    known: dict[str, class_probe.Answer] = {}
    found = {}
    for name, changed in files(document, context, head_of(answers["saved"])):
        if name in TELLING and name in answers:
            now = class_probe.answer(changed, length_of(name, context), known)
            if essence(now) != essence(answers[name]):
                found[name] = [_told(answers[name]), _told(now)]
    return found


def _told(answer: class_probe.Answer) -> Any:
    """An answer in short."""
    if "refused" in answer:
        return answer["refused"]
    groups = [
        [group["layers"], group["rotary_dim"], group["theta"][-1], group["window"]]
        for group in answer["groups"]
    ]
    return [groups, answer["unrotated"]]


def main(raw: Path, out: Path, names: list[str]) -> None:
    """Ask the installed release about every class of RAW."""
    import transformers
    from transformers import CONFIG_MAPPING

    done = set()
    if out.exists():
        done = {json.loads(line)["class"] for line in out.read_text().splitlines()}
    for text in raw.read_text().splitlines():
        line = json.loads(text)
        name = line["class"]
        if name in done or not line.get("answers") or (names and name not in names):
            continue
        row: dict[str, Any] = {"class": name, "transformers": transformers.__version__}
        if name not in CONFIG_MAPPING:
            row["absent"] = True
        else:
            row["otherwise"] = otherwise(line)
        with out.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
