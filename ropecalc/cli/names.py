"""Completion of names: known models, scalings, topics."""

from __future__ import annotations

import os
from collections.abc import Iterable


def complete_model(incomplete: str) -> list[str]:
    """The known models whose names begin with what was typed, whatever its case.

    What was typed stays as it is, since shells drop words that do not begin with it.

    >>> complete_model("qwen3-14"), complete_model("Qwen3-14")
    (['qwen3-14B'], ['Qwen3-14B'])
    """
    from ropecalc.models.known import model_names

    typed, done = incomplete.lower(), len(incomplete)
    return [incomplete + name[done:] for name in model_names() if name.lower().startswith(typed)]


def typed_words() -> list[str]:
    """The line that a shell asks to complete, in its own variable: without the program's name."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split()
    return words[1 : None if line[-1:].isspace() else -1]


def complete_topic(incomplete: str) -> list[str]:
    """The topics of ``ropecalc explain`` that begin so; after the word schema, the commands.

    >>> complete_topic("win")
    ['windows']
    """
    from ropecalc.cli.commands import Commands
    from ropecalc.explanations import TOPICS

    if typed_words()[-1:] == ["schema"]:
        return [name for name in Commands.NAMES if name.startswith(incomplete)]
    return [topic for topic in TOPICS if topic.startswith(incomplete.lower())]


def complete_rope_type(incomplete: str) -> list[str]:
    """The scalings that begin so.

    >>> complete_rope_type("y")
    ['yarn', 'yarn-rcd']
    """
    from ropecalc.models.setting import ROPE_TYPES

    return _like(incomplete, ROPE_TYPES)


def complete_factor_method(incomplete: str) -> list[str]:
    """The scalings that begin so and have a factor that can grow.

    >>> complete_factor_method("d")
    ['dynamic']
    """
    from ropecalc.models.setting import FACTORS

    return _like(incomplete, FACTORS)


def _like(incomplete: str, methods: Iterable[str]) -> list[str]:
    names = [name.replace("_", "-") for name in methods]
    return [name for name in names if name.startswith(incomplete.lower())]
