"""Short explanations by topic: one file each in ``data/explain``."""

from __future__ import annotations

from ropecalc.errors import InvalidValueError
from ropecalc.results import Explanation
from ropecalc.shipped import shipped_text

TOPICS = (
    "bound",
    "minimum-base",
    "safe-base",
    "windows",
    "context",
    "limits",
    "models",
    "scaling",
    "yarn",
    "plan",
    "stacks",
    "lint",
    "unrotated",
    "weights",
    "rounding",
    "temperature",
    "evidence",
    "experiment",
    "method",
    "estimate",
    "staircase",
    "certificate",
    "certificate-format",
    "cost",
    "output",
    "schema",
    "figures",
    "units",
    "exit-codes",
    "python",
    "references",
)
OTHER_NAMES = {
    "bounds": "bound",
    "base": "minimum-base",
    "min-base": "minimum-base",
    "window": "windows",
    "certificates": "certificate",
    "proof": "certificate",
    "verify": "certificate",
    "contexts": "context",
    "ctx": "context",
    "max-ctx": "context",
    "rope-type": "scaling",
    "rotary-dim": "unrotated",
    "criteria": "evidence",
    "recall": "experiment",
    "weight": "weights",
    "checkpoint": "weights",
    "dtype": "rounding",
    "recipe": "rounding",
    "precision": "rounding",
    "float32": "rounding",
    "float16": "rounding",
    "bfloat16": "rounding",
    "sweep": "method",
    "model": "models",
    "config": "models",
    "tokens": "units",
    "exit-code": "exit-codes",
    "hub": "models",
    "emit": "stacks",
    "stack": "stacks",
    "compare": "stacks",
    "min-factor": "scaling",
    "factor": "scaling",
    "rules": "lint",
    "tables": "staircase",
    "json": "output",
    "csv": "output",
    "plot": "figures",
    "figure": "figures",
    "api": "python",
    "citing": "references",
    "costs": "cost",
    "time": "cost",
    "speed": "cost",
}
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
    from difflib import get_close_matches

    like = get_close_matches(name, [*TOPICS, *OTHER_NAMES], NEAREST)
    meant = list(dict.fromkeys(OTHER_NAMES.get(one, one) for one in like))
    guess = f"did you mean {' or '.join(meant)}? " if meant else ""
    return f"{guess}'ropecalc explain' lists them"
