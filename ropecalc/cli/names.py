"""Completion of the names of known models."""

from __future__ import annotations


def complete_model(incomplete: str) -> list[str]:
    """The known models whose names begin with what was typed, whatever its case.

    What was typed stays as it is, since shells drop words that do not begin with it.

    >>> complete_model("qwen3-8"), complete_model("Qwen3-8")
    (['qwen3-8B'], ['Qwen3-8B'])
    """
    from ropecalc.models import model_names

    typed, done = incomplete.lower(), len(incomplete)
    return [incomplete + name[done:] for name in model_names() if name.lower().startswith(typed)]
