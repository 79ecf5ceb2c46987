"""Short explanations by topic: one file each in ``data/explain``."""

from __future__ import annotations

from ropecalc.errors import InvalidValueError
from ropecalc.likeness import likest
from ropecalc.results import Explanation
from ropecalc.shipped import shipped_rows, shipped_text

ROWS = shipped_rows("topics.tsv")  # in the order in which they are best read
TOPICS = tuple(row["topic"] for row in ROWS)
OTHER_NAMES = {name: row["topic"] for row in ROWS for name in row["other names"].split()}
NEAREST = 3


def explanation(topic: str) -> Explanation:
    """What there is to say on a topic, whatever its case, with blanks or underscores for hyphens.

    Raises InvalidValueError where there is no such topic, with those most like it.

    >>> explanation("Safe base").title
    'The safe base'
    """
    name = "-".join(topic.casefold().replace("_", " ").replace("-", " ").split())
    name = OTHER_NAMES.get(name, name)
    if name not in TOPICS:
        raise InvalidValueError("topic", f"there is no topic {topic!r}: {_cure(name)}")
    title, _, text = shipped_text(f"explain/{name}.md").partition("\n")
    return Explanation(name, title.removeprefix("# "), text.strip("\n"))


def explanations() -> list[Explanation]:
    """All of them, in the order in which they are best read."""
    return [explanation(topic) for topic in TOPICS]


def _cure(name: str) -> str:
    like = likest(name, [*TOPICS, *OTHER_NAMES], NEAREST)
    meant = list(dict.fromkeys(OTHER_NAMES.get(one, one) for one in like))
    guess = f"did you mean {' or '.join(meant)}? " if meant else ""
    return f"{guess}'ropecalc explain' lists them"
