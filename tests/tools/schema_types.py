"""JSON Schema from the result types: what a key may hold by its annotation, and its docstring."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

import ropecalc.results
from ropecalc.late import homes
from ropecalc.lint.subject import Subject
from ropecalc.spectrum import Spectrum

Schema = dict[str, Any]

INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
PLAIN = {bool: BOOLEAN, int: INTEGER, float: NUMBER, str: STRING, Decimal: DECIMAL}


def nullable(schema: Schema) -> Schema:
    """The same or null."""
    if "enum" in schema:
        schema = {**schema, "enum": [*schema["enum"], None]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"]}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def either(one: Schema) -> Schema:
    """One value where all results share it, else a list with one for each."""
    return {"type": [one["type"], "array"], "items": one}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def part(name: str) -> Schema:
    """A record of its own, described once."""
    return {"$ref": f"#/$defs/{name}"}


FREE: Schema = {
    "type": "object",
    "additionalProperties": {
        "type": ["number", "string", "boolean", "null", "array"],
        "items": NUMBER,
    },
}


def by_hint(hint: Any) -> Schema:
    """What JSON has for a value of this type; TypeError for one that is none in JSON.

    >>> by_hint(float | None), by_hint(tuple[str, ...])
    ({'type': ['number', 'null']}, {'type': 'array', 'items': {'type': 'string'}})
    """
    if hint in PLAIN:
        return dict(PLAIN[hint])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return one_of(*(member.name.lower() for member in hint))
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return one_of(*inner)
    if origin in (Union, types.UnionType) and type(None) in inner:
        (rest,) = (one for one in inner if one is not type(None))
        return nullable(by_hint(rest))
    if origin is tuple and inner[1:] == (...,) and not is_dataclass(inner[0]):
        return array(by_hint(inner[0]))
    if origin in (np.ndarray, NDArray):  # newer NumPy has an alias of its own
        return array(INTEGER if np.int64 in (*inner, *get_args(inner[-1])) else NUMBER)
    if origin is Mapping:
        return FREE
    raise TypeError(hint)


@cache
def hints(owner: type) -> dict[str, Any]:
    """The types of a class's fields and properties, by name."""
    names: dict[str, Any] = {"np": np, "NDArray": NDArray, "Spectrum": Spectrum, "Subject": Subject}
    names |= {"Decimal": Decimal, "Mapping": Mapping}
    names |= {name: getattr(ropecalc.results, name) for name in homes("ropecalc.results")}
    found = get_type_hints(owner, localns=names)
    for name, value in vars(owner).items():
        if isinstance(value, property) and value.fget is not None:
            found[name] = get_type_hints(value.fget, localns=names)["return"]
    return found


class Found(NamedTuple):
    """What a key of a shape holds."""

    schema: Schema
    text: str


def found(owner: type, path: Sequence[str], parts: Mapping[str, str]) -> Found | None:
    """The schema at the end of a path of attributes; None where its type has none in JSON.

    What lies behind an optional step may be null, what lies in a tuple is an array. ``parts`` has
    the names of the records that stand for a class.
    """
    step, *rest = path
    hint = hints(owner).get(step)
    if hint is None:
        return None
    inner, optional, several = _opened(hint)
    if rest:
        behind = found(inner, rest, parts) if isinstance(inner, type) else None
        if behind is None:
            return None
        schema, text = behind
    elif getattr(inner, "__name__", "") in parts:
        schema, text = part(parts[inner.__name__]), docs(owner).get(step, "")
    else:
        try:
            return Found(by_hint(hint), docs(owner).get(step, ""))
        except TypeError:
            return None
    schema = array(schema) if several else schema
    return Found(_or_null(schema) if optional else schema, text)


def _opened(hint: Any) -> tuple[Any, bool, bool]:
    """(the class behind a type, whether it may be None, whether it is a tuple of them)."""
    optional = several = False
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
        optional = True
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,):
        hint, several = get_args(hint)[0], True
    return hint, optional, several


def _or_null(schema: Schema) -> Schema:
    if "anyOf" in schema:  # null as it is
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if "$ref" in schema else nullable(schema)


@cache
def docs(owner: type) -> dict[str, str]:
    """What a class says of its fields and properties, each in one line."""
    found: dict[str, str] = {}
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    for node, after in zip(tree.body, [*tree.body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[node.target.id] = text
        elif isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node) or ""):
            found[node.name] = text
    return {name: _said(text) for name, text in found.items()}


def _said(text: str) -> str:
    """One line, with the null of JSON."""
    return re.sub(r"\bNone\b", "null", " ".join(text.replace("``", "").split()))
