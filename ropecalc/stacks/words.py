"""Text that stacks take: JSON, YAML, Python, and lines for a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 100
EXACT_INTEGERS = 2**53


@dataclass(frozen=True, slots=True)
class Written:
    """A setting as the writer of a stack puts it."""

    kind: str
    """What the text is: json, yaml, shell, python, or modelfile."""
    text: str
    """What to paste; empty where the stack has no words for the setting."""
    why: Sequence[str] = ()
    """What the writer knows the stack not to do of the setting. For a stack that is run it only
    explains; for others it decides whether the text is exact."""
    notes: Sequence[str] = ()
    """What to know beside it."""


def pretty(value: Any, indent: str = "") -> str:
    """JSON: an object without objects in it on one line if it fits, any other a line a key.

    >>> print(pretty({"a": {"b": 1.0}}))
    {
      "a": {"b": 1.0}
    }
    """
    line = json.dumps(value, allow_nan=False)
    if not isinstance(value, dict) or not value:
        return line
    nested = any(isinstance(part, dict) for part in value.values())
    if not nested and len(indent) + len(line) <= WIDTH:
        return line
    deeper = indent + "  "
    lines = [f"{deeper}{json.dumps(key)}: {pretty(part, deeper)}" for key, part in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def command(*words: str | float) -> str:
    """A command for a shell, each word quoted where it has to be.

    >>> command("vllm", "serve", "a b", 4.0)
    "vllm serve 'a b' 4.0"
    """
    return " ".join(shlex.quote(str(word)) for word in words)


def options_of(text: str) -> dict[str, str]:
    """The options of a command that ``command`` wrote, with the word after each; the last counts.

    >>> options_of("vllm serve 'a b' --max-model-len 4096 --enforce-eager")
    {'--max-model-len': '4096', '--enforce-eager': ''}
    """
    words = shlex.split(text)
    return {
        word: "" if after.startswith("--") else after
        for word, after in zip(words, [*words[1:], ""], strict=True)
        if word.startswith("-")
    }


def json_of(options: Mapping[str, str], name: str) -> dict[str, Any]:
    """The JSON object that an option has; empty where the command is without it."""
    found: dict[str, Any] = json.loads(options.get(name, "{}"))
    return found


def length_of(options: Mapping[str, str], name: str) -> int | None:
    """The number of tokens that an option has; None where the command is without it."""
    return int(options[name]) if name in options else None


def short(value: float) -> str:
    """A number in the fewest digits that give it back, without ".0".

    >>> short(4.0), short(20221.26)
    ('4', '20221.26')
    """
    return repr(as_whole(float(value)))


def as_whole(value: float) -> float:
    """A whole number as an integer: stacks have it without a point. Others are left as they are.

    >>> as_whole(1e6), as_whole(20221.26), as_whole(1e16)
    (1000000, 20221.26, 1e+16)
    """
    return int(value) if value.is_integer() and abs(value) < EXACT_INTEGERS else value


def python(value: object) -> str:
    """A value as Python has it, a text in double quotes.

    >>> python("yarn"), python(4.0), python(True)
    ('"yarn"', '4.0', 'True')
    """
    return f'"{value}"' if isinstance(value, str) else repr(value)


def yaml(value: Mapping[str, Any], indent: str = "") -> str:
    """A mapping as YAML that a YAML 1.1 parser reads back: its floats need a point.

    >>> print(yaml({"rope": {"theta": 1e16, "on": True}}))
    rope:
      theta: 1.0e+16
      on: true
    """
    lines = []
    for key, part in value.items():
        if isinstance(part, Mapping):
            lines += [f"{indent}{key}:", yaml(part, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {_scalar(part)}")
    return "\n".join(lines)


def yaml_of(text: str) -> dict[str, Any]:
    """What ``yaml`` wrote.

    >>> yaml_of(yaml({"a": {"b": 1e16, "c": "yarn"}, "d": [1.0, 2.0]}))
    {'a': {'b': 1e+16, 'c': 'yarn'}, 'd': [1.0, 2.0]}
    """
    whole: dict[str, Any] = {}
    open_at = {0: whole}
    for line in text.splitlines():
        key, _, value = line.strip().partition(":")
        indent = len(line) - len(line.lstrip())
        if value:
            open_at[indent][key] = _read(value.strip())
        else:
            open_at[indent][key] = open_at[indent + 2] = {}
    return whole


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _scalar(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    if isinstance(value, float) and "e" in text and "." not in text:
        return text.replace("e", ".0e")
    return text


def tokens(count: int) -> str:
    """A number of tokens in words."""
    return f"{count:,} tokens"
