"""What every help page has: the settings for -h, examples, and exit codes."""

from __future__ import annotations

import inspect
import re
from typing import Any

CONTEXT_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
KEEP_LINES = "\b\n"  # a paragraph that begins so is not wrapped
EXAMPLE = re.compile(r"^ *\$ (.*)$", re.MULTILINE)


def epilog(*examples: str, exit_0: str = "done", exit_1: str = "") -> str:
    """What a help page has beside its words: example lines, and the exit codes that can occur."""
    codes = {
        0: exit_0,
        1: exit_1,
        2: "bad usage or bad input: one line on stderr names the cause and the cure",
        130: "interrupted",
    }
    shown = "\n".join(f"  $ {example}" for example in examples)
    listed = "\n".join(f"  {code:<4} {meaning}" for code, meaning in codes.items() if meaning)
    return f"{KEEP_LINES}Examples:\n{shown}\n\n{KEEP_LINES}Exit codes:\n{listed}"


def page(words: str, beside: str) -> tuple[str, str]:
    """(help, epilog) of a page that leads with its examples and ends with the exit codes.

    ``words`` is a docstring, ``beside`` comes from ``epilog``.
    """
    summary, *details = inspect.cleandoc(words).split("\n\n")
    shown, codes = beside.split("\n\n")
    return "\n\n".join([summary, shown, *details]), codes


def examples(beside: str) -> list[str]:
    """The example lines that ``epilog`` was made of."""
    return EXAMPLE.findall(beside)
