"""Text that stacks take: JSON, YAML, Python, and lines for a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ropecalc.results import Emission

VERSIONS = {  # the versions whose source was read
    "transformers5": "5.0 to 5.23",
    "transformers4": "4.43 to 4.57",
    "vllm": "0.33",
    "sglang": "0.5.23",
    "llama.cpp": "commit 0c1e57098",
    "axolotl": "0.19.0",
    "llama-factory": "0.9.5",
    "torchtune": "0.6.1",
    "torchtitan": "0.3.0",
    "megatron-lm": "commit d98e8a64dd",
    "megatron-bridge": "0.3.1",
    "litgpt": "0.5.13",
    "maxtext": "commit e591f30cb",
}
WIDTH = 100
EXACT_INTEGERS = 2**53


def emission(
    stack: str, kind: str, text: str, notes: Iterable[str] = (), *, exact: bool = True
) -> Emission:
    """An Emission, with the versions of its stack and each note once."""
    return Emission(stack, VERSIONS[stack], kind, text, exact, tuple(dict.fromkeys(notes)))


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
