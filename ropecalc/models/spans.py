"""Editing JSON as text: only what changes is touched, all else stays as it was written.

``json`` itself finds where values begin and end (``raw_decode``); nothing is rewritten that
need not be, so numbers keep their form (``1e6``, ``500000.0``), keys their order, and lines their
indents and endings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BLANK = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()
FIRST = re.compile(r"[ \t\r\n]*\{[ \t\r]*\n([ \t]+)\"")
INDENT = "  "
# numbers that readers want with a point: an integer there is rewritten
FLOATS = frozenset(
    "factor attention_factor beta_fast beta_slow low_freq_factor high_freq_factor".split()
)


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object with its value, and where they are in the text."""

    key: str
    value: Any
    key_start: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Node:
    """An object in the text, from its brace to past its other brace."""

    text: str
    start: int
    end: int
    members: tuple[Member, ...]

    def last(self, key: str) -> Member | None:
        """The member that a reader takes: the last, should a key be there twice."""
        return next((m for m in reversed(self.members) if m.key == key), None)

    @property
    def lead(self) -> str:
        """What is before each key: a line break with an indent, or blanks."""
        return self.text[self.start + 1 : self.members[0].key_start] if self.members else ""

    @property
    def unit(self) -> str:
        """By how much each level is indented in the text."""
        found = FIRST.match(self.text)
        return found[1] if found else INDENT

    @property
    def colon(self) -> str:
        """What is between a key and its value."""
        if not self.members:
            return ": "
        between = self.text[self.members[0].key_start : self.members[0].start]
        return between[between.rindex(":") - len(between) :]


def node(text: str, start: int = 0) -> Node:
    """The object that begins at ``start`` or after blanks; the text must be valid JSON there."""
    start = _skip(text, start)
    members: list[Member] = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, after = DECODER.raw_decode(text, at)
        value_start = _skip(text, _skip(text, after) + 1)
        value, end = DECODER.raw_decode(text, value_start)
        members.append(Member(key, value, at, value_start, end))
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return Node(text, start, at + 1, tuple(members))


def _skip(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    return at if found is None else found.end()


def edited(text: str, path: Sequence[str], changes: Mapping[str, Any]) -> str:
    """The text with some keys of the object at ``path`` set to new values.

    A key that is absent is added, in its place where the keys are sorted, else at the end; objects
    are changed key by key, and lose the keys that the new value does not have. A value that is
    equal keeps its text.

    >>> edited('{"a": 1e6, "b": {"x": 1.0, "y": 2}}', (), {"a": 1e6, "b": {"x": 3}, "c": None})
    '{"a": 1e6, "b": {"x": 3}, "c": null}'
    """
    for key, value in changes.items():
        text = _set(text, path, key, value)
    return text


def _set(text: str, path: Sequence[str], key: str, value: Any) -> str:
    found = _at(text, path)
    member = found.last(key)
    if member is None:
        return _added(found, key, value)
    if equal(member.value, value):
        return text
    new = _value_text(found, member, _in_form(member.value, value))
    return text[: member.start] + new + text[member.end :]


def _in_form(old: Any, new: Any) -> Any:
    """A number without a point where the old one had none."""
    whole = type(old) is int and isinstance(new, float) and new.is_integer()
    return int(new) if whole else new


def _at(text: str, path: Sequence[str]) -> Node:
    found = node(text)
    for key in path:
        member = found.last(key)
        assert member is not None
        found = node(text, member.start)
    return found


def equal(old: Any, new: Any) -> bool:
    """Whether two values are the same number, truth value, text, or the same of these inside.

    >>> equal(1000000, 1e6), equal(1, True), equal({"factor": 4}, {"factor": 4.0})
    (True, False, False)
    """
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, dict) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(_same(key, old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list | tuple):
        return len(old) == len(new) and all(map(equal, old, new))
    return bool(old == new)


def _same(key: str, old: Any, new: Any) -> bool:
    """Whether a member of an object can stay as it is written."""
    pointless = key in FLOATS and type(old) is int
    return equal(old, new) and not (pointless and isinstance(new, float))


def _value_text(found: Node, member: Member, value: Any) -> str:
    """The new value; of an object that was there only the members that differ."""
    if not (isinstance(member.value, dict) and isinstance(value, Mapping) and member.value):
        return written(value, found.lead, found.unit)
    inner = node(found.text, member.start)
    parts = [
        f"{json.dumps(key)}{inner.colon}{_member_text(inner, key, part)}"
        for key, part in _in_old_order(member.value, value).items()
    ]
    tail = found.text[inner.members[-1].end : inner.end - 1]
    separator = "," + (inner.lead if len(inner.members) == 1 else _separator(inner))
    return "{" + inner.lead + separator.join(parts) + tail + "}"


def _in_old_order(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: new[key] for key in old if key in new}
    return {**kept, **new}


def _member_text(inner: Node, key: str, value: Any) -> str:
    member = inner.last(key)
    if member is None:
        return written(value, inner.lead, inner.unit)
    if _same(key, member.value, value):
        return inner.text[member.start : member.end]
    value = value if key in FLOATS else _in_form(member.value, value)
    return _value_text(inner, member, value)


def _separator(found: Node) -> str:
    """What is between a comma and the next key."""
    first, second = found.members[0], found.members[1]
    between = found.text[first.end : second.key_start]
    return between[between.index(",") + 1 :]


def _added(found: Node, key: str, value: Any) -> str:
    entry = f"{json.dumps(key)}{found.colon}{written(value, found.lead, found.unit)}"
    text, members = found.text, found.members
    if not members:
        return f"{text[: found.start]}{{{entry}}}{text[found.end :]}"
    separator = _separator(found) if len(members) > 1 else found.lead or " "
    names = [member.key for member in members]
    before = [m for m in members if m.key < key] if names == sorted(names) else [*members]
    if not before:
        at = members[0].key_start
        return f"{text[:at]}{entry},{separator}{text[at:]}"
    at = before[-1].end
    return f"{text[:at]},{separator}{entry}{text[at:]}"


def written(value: Any, lead: str, unit: str = INDENT) -> str:
    """A value as JSON, laid out as the text around it: over lines where ``lead`` has one.

    >>> written({"a": [1, 2.0]}, "")
    '{"a": [1, 2.0]}'
    """
    if "\n" not in lead or not isinstance(value, Mapping | list | tuple) or not value:
        return json.dumps(value, allow_nan=False)
    newline, _, indent = lead.rpartition("\n")
    ending = newline[-1:] + "\n" if newline.endswith("\r") else "\n"
    deeper = f"{ending}{indent}{unit}"
    if isinstance(value, Mapping):
        parts = [f"{json.dumps(key)}: {written(part, deeper, unit)}" for key, part in value.items()]
        return "{" + deeper + f",{deeper}".join(parts) + f"{ending}{indent}}}"
    items = [written(part, deeper, unit) for part in value]
    return "[" + deeper + f",{deeper}".join(items) + f"{ending}{indent}]"
