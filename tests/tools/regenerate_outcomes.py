"""Writes ropecalc/data/outcomes.tsv: python -m tests.tools.regenerate_outcomes."""

from __future__ import annotations

from ropecalc.evidence import outcomes_of
from ropecalc.evidence.published import published
from tests.tools.places import PACKAGE

PATH = PACKAGE / "data" / "outcomes.tsv"


def text() -> str:
    """The file, a line a setting."""
    lines = ["family\tfirst_violation\tlength\toutcome\tlongest"]
    for one in outcomes_of(published()):
        outcome = "lost" if one.lost else "kept"
        lines.append(f"{one.family}\t{one.first_violation}\t{one.length}\t{outcome}\t{one.longest}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
