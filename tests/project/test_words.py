"""Plain words: phrases that an engineer had to read twice stay out of the package and its pages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.tools.places import PACKAGE, ROOT

INSTEAD = {  # what is not written -> what is
    r"\basks? (for|of|nothing)\b|\basking for\b": "needs, requires",
    r"\banew\b": "again",
    r"\b(will|would|may|might) do\b": "works, is enough",
    r"\bbites?\b": "applies, breaks",
    r"\b(goes|go|going) by\b": "uses, is detected from",
    r"\b(is|are|was|were|be|being) told\b(?! apart)": "is given, is reported",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\blets? (\w+ )?in\b|\bis let in\b": "accepts, merges",
    r"\bas (it|they) stands?\b|\bwhat stands\b|\bwhere it stands\b": "as it is",
    r"\bthose that matter\b|\bthat matter are\b": "the relevant ones",
    r"\b(is|are|was|were|be|not) looked at\b": "is read, checked, evaluated",
    r"\btells how far\b|\bhow far a .{0,12}base carries\b|\bcarries any\b": "supports",
    r"\bwhat is needed beyond\b": "optional",
    r"\ban advice\b|\badvices\b|\bthat it advises\b|\badvised\b": "recommends, recommended",
    r"\bfrom which on\b": "above which",
    r"\bin whatever way\b": "if interrupted",
    r"\bgoes? on from there\b|\bgoing on from\b": "resumes",
    r"\bwith another number of\b": "must have one per",
    r"\bin (its|their) own way\b": "differently",
    r"\bpart them\b|\bparts them\b": "the rule behind each difference",
    r"\bnew phases?\b|\bphases? that (is|are) new\b|\bphases (never|they)\b": "unseen angles",
    r"\bnever took\b|\bfor going without\b": "unseen in training, without fine-tuning",
    r"\bhangs on\b|\bone to rely on\b": "is decided by, do not rely on",
    r"\bhow to mend\b|\bwhich is not there\b|\bis not UTF\b": "how to fix, is not installed",
    r"\bso (many|wide) (digits|tokens|windows)\b": "this many, this wide",
    r"\bdawdles\b|\bis had\b": "is slow, has",
    r"\broom to move it\b": "base can move by",
    r"\bexactly, not run\b|\bis free: every\b": "by its source code, at every base",
    r"\bwith \S+% violating\b|\battention dilution\b": "violate up to, how attention spreads",
}
PAGES = ("README.md", "CHANGELOG.md", "tests/README.md")


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """(path, text) of the package, its pages and the examples."""
    data = PACKAGE / "data"
    files = [*PACKAGE.rglob("*.py"), *data.joinpath("explain").glob("*.md"), data / "lint.tsv"]
    files += [*ROOT.joinpath("examples").glob("*.[pms][yhd]*"), *map(ROOT.joinpath, PAGES)]
    there = [path for path in files if path.exists()]  # a source distribution has not all
    return tuple((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in there)


@cache
def lines(text: str) -> str:
    """The text in one line, without the marks of comments: phrases go over the ends of lines."""
    return re.sub(r"\n[\s#]*", " ", text).lower()


def found(pattern: str, text: str) -> list[str]:
    """The phrases of a text, over the ends of lines too."""
    return [match[0] for match in re.finditer(pattern, lines(text))]


@pytest.mark.slow
@pytest.mark.parametrize("pattern", INSTEAD)
def test_no_phrase_that_is_read_twice(pattern: str) -> None:
    wrong = {path: hits for path, text in texts() if (hits := found(pattern, text))}
    assert not wrong, f"write: {INSTEAD[pattern]}"


def test_no_page_has_the_marks_of_a_merge() -> None:
    assert [path for path, text in texts() if re.search(r"^(<{7}|>{7}) ", text, re.MULTILINE)] == []


def test_the_search_finds_them() -> None:
    assert found(r"\basks? (for|of|nothing)\b", "a context that asks\n    # for it") != []
    assert len(dict(texts())) > 300
    assert "examples/README.md" in dict(texts()) or Path(ROOT, "examples").is_dir()
