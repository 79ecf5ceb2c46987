"""A scaling in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ropecalc.render.digits import exact, tokens

if TYPE_CHECKING:
    from ropecalc.results import Rope

NAMES = {"default": "default: the plain powers of the base", "dynamic": "dynamic NTK"}


def method(rope: Rope, length: int | None = None) -> str:
    """The scaling method with its parameters, in words.

    >>> from ropecalc.results import Rope
    >>> method(Rope("all", "yarn", 1e6, 128, 128, {"factor": 4, "original_context": 32768}))
    'yarn, factor 4 from 32,768 tokens'
    """
    words = NAMES.get(rope.rope_type, rope.rope_type)
    words += "" if rope.factor is None else f", factor {exact(rope.factor)}"
    if rope.original_context is not None:
        words += f" from {tokens(rope.original_context)}"
    rest = [
        _parameter(name, value)
        for name, value in rope.parameters.items()
        if value is not None and name not in ("factor", "original_context")
    ]
    used = _list_in_use(rope, length)
    return words + (f" ({', '.join(rest)})" if rest else "") + (f"; {used} in use" if used else "")


def _parameter(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{name} {'true' if value else 'false'}"
    if isinstance(value, int | float):
        return f"{name} {exact(value)}"
    values = [float(item) for item in value]
    return f"{name} {min(values):.4g} to {max(values):.4g}" if values else f"{name} empty"


def _list_in_use(rope: Rope, length: int | None) -> str:
    if rope.rope_type != "longrope" or length is None or rope.original_context is None:
        return ""
    return "long_factor" if length > rope.original_context else "short_factor"
