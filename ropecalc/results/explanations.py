"""A short explanation of one topic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``ropecalc explain`` says on a topic."""

    topic: str
    """Its name on the command line: "safe-base"."""
    title: str
    """A headline: "The safe base"."""
    text: str
    """The rest, as simple Markdown: paragraphs, items that begin with "- ", lines indented by four
    spaces that are kept."""
