"""The commands that have a schema, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO


def show_schemas(titles: Mapping[str, str], file: TextIO) -> None:
    """Each command with what its answer is, and what to run next."""
    from ropecalc.render.console import screen
    from ropecalc.render.tables import headline, pairs, then

    on = screen(file)
    text = "Every key is there in every answer; what does not exist is null. The keys of one:"
    parts = [
        headline(f"{len(titles)} commands have a schema of their --json", on),
        pairs(list(titles.items()), on),
        then(text, "ropecalc schema check", on),
    ]
    on.write("\n\n".join(parts))
