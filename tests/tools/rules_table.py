"""The README's table of the rules of ``ropecalc lint``, from the rules themselves."""

from __future__ import annotations

import re

from ropecalc.lint.table import RULES

BEGIN, END = (
    "<!-- rules of lint: tests/tools/regenerate_readme.py writes them -->",
    "<!-- end of rules -->",
)
PLACE = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", re.DOTALL)


def markdown() -> str:
    """The table between its marks."""
    rows = [
        f"| `{rule.code}` | {rule.severity.name.lower()} | {rule.title} | {rule.where} |"
        for rule in RULES
    ]
    head = ["| code | severity | what it finds | where it bites |", "|---|---|---|---|"]
    return "\n".join([BEGIN, "", *head, *rows, "", END, ""])


def renewed(text: str) -> str:
    """A text with its table written anew."""
    return PLACE.sub(lambda _: markdown(), text)
