"""What every help page has: the settings for -h, examples, and exit codes."""

from __future__ import annotations

from typing import Any

CONTEXT_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
KEEP_LINES = "\b\n"  # a paragraph that begins so is not wrapped


def epilog(*examples: str, exit_0: str = "done", exit_1: str = "") -> str:
    """The end of a help page: example lines, and the exit codes that can occur."""
    codes = {
        0: exit_0,
        1: exit_1,
        2: "bad usage or bad input: one line on stderr says what and how to mend it",
        130: "interrupted",
    }
    shown = "\n".join(f"  $ {example}" for example in examples)
    listed = "\n".join(f"  {code:<4} {meaning}" for code, meaning in codes.items() if meaning)
    return f"{KEEP_LINES}Examples:\n{shown}\n\n{KEEP_LINES}Exit codes:\n{listed}"
