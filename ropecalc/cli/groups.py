"""Groups of options that commands share: a dataclass in a signature expands to its fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_type_hints


def expanded(command: Callable[..., None], help_of: dict[str, str]) -> Callable[..., None]:
    """A command as Typer takes it: each parameter that is a dataclass by the dataclass's fields.

    ``help_of`` replaces the help of a field by its name, where a command says it in its own words.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {}
    flat: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            flat += _fields(hints[name], help_of)
        else:
            flat.append(_parameter(name, parameter.default, hints[name]))

    @wraps(command)
    def called(**given: Any) -> None:
        made = {
            name: kind(**{one.name: given.pop(one.name) for one in fields(kind)})
            for name, kind in groups.items()
        }
        command(**given, **made)

    called.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in flat}
    return called


def _fields(kind: Any, help_of: dict[str, str]) -> list[Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        _parameter(one.name, one.default, _worded(hints[one.name], help_of.get(one.name)))
        for one in fields(kind)
    ]


def _worded(annotation: Any, words: str | None) -> Any:
    """An annotation whose option has another help."""
    if words is None:
        return annotation
    from copy import copy

    option = copy(annotation.__metadata__[0])
    option.help = words
    return Annotated[annotation.__origin__, option]


def _parameter(name: str, default: Any, annotation: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
