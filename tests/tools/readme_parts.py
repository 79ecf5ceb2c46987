"""The parts of the README that come from elsewhere: its contents, and the explanations."""

from __future__ import annotations

import re

from ropecalc.explanations import explanation

CONTENTS = re.compile(
    r"(<!-- contents: tests/tools/regenerate_readme\.py writes them -->\n).*?"
    r"(<!-- end of contents -->\n)",
    re.DOTALL,
)
EXPLANATION = re.compile(
    r"(<!-- explain (## )?([\w-]+): tests/tools/regenerate_readme\.py writes it -->\n).*?"
    r"(<!-- end of explanation -->\n)",
    re.DOTALL,
)
HEADING = re.compile(r"^(##|###) (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def renewed(text: str) -> str:
    """The text with its explanations and its table of contents written anew."""
    return CONTENTS.sub(_contents, EXPLANATION.sub(_explained, text))


def _explained(match: re.Match[str]) -> str:
    what = explanation(match[3])
    return f"{match[1]}\n{match[2] or '### '}{what.title}\n\n{what.text}\n\n{match[4]}"


def headings(text: str) -> list[tuple[int, str]]:
    """(level, title) of the sections, 2 or 3."""
    return [(len(marks), title) for marks, title in HEADING.findall(FENCE.sub("", text))]


def anchor(title: str) -> str:
    """What a heading is called in a link, by the rules of forges."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _contents(match: re.Match[str]) -> str:
    lines: list[str] = []
    for level, title in headings(match.string):
        link = f"[{title}](#{anchor(title)})"
        if level == 2:
            lines.append(f"- {link}")
        else:
            lines[-1] += (
                ": " if lines[-1].endswith(")") and ": " not in lines[-1] else ", "
            ) + link
    return "\n".join([match[1], *lines, "", match[2]])
