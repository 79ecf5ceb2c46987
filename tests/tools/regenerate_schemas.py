"""Write the JSON Schema of each command's ``--json`` from the result types.

python tests/tools/regenerate_schemas.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tools.schema_records import COMMANDS, PARTS, RECORDS, ROOTS, Key, Output, Record
from tests.tools.schema_types import Schema, array, found, hints, part
from tests.tools.schema_words import UNIT_OF, WORDS

FOLDER = Path(__file__).resolve().parents[2] / "ropecalc" / "data" / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
NO_UNIT = "none"  # where a word that is a length elsewhere counts something


def described(record: Record, name: str) -> Schema:
    """The schema of a key: its type, its meaning and its unit."""
    own = record.own.get(name, Key())
    schema, said = _found(record, name)
    if own.schema is None and schema is None:
        raise KeyError(name)
    unit = own.unit or UNIT_OF.get(name, NO_UNIT)
    return {
        **(own.schema if own.schema is not None else schema or {}),
        "description": own.text or said or WORDS[name],
        **({} if unit == NO_UNIT else {"x-unit": unit}),
    }


def _found(record: Record, name: str) -> tuple[Schema | None, str]:
    """The type and the words of a key, from the field or property that it comes from."""
    key = record.paths.get(name)
    if key is None:
        owner = next((source for source in record.sources if name in hints(source)), None)
        at = None if owner is None else found(owner, [name], RECORDS)
        return at or (None, "")
    first, *rest = key.path or ("",)
    root = ROOTS.get(first) if rest and first not in hints(record.sources[0]) else None
    path = rest if root else key.path
    at = found(root or record.sources[0], path, RECORDS) if path and not key.parts else None
    return at or (None, "")


def object_of(record: Record) -> Schema:
    """An object that has all of the keys and no other."""
    names = record.keys.split()
    return {
        "type": "object",
        "properties": {name: described(record, name) for name in names},
        "required": names,
        "additionalProperties": False,
    }


def schema_of(command: str, output: Output) -> Schema:
    """The whole answer of a command, with the parts that it uses."""
    inputs = [object_of(asked) for asked, _ in output.forms]
    records = [array(object_of(found)) for _, found in output.forms]
    heads = {
        "version": {"type": "string", "description": "The version of ropecalc."},
        "command": {"const": command, "description": "The command that answered."},
        "inputs": {**any_of(inputs), "description": "What was asked, as it was understood."},
        "results": {**any_of(records), "description": "The answer, a record a result."},
    }
    whole = {
        "$schema": DRAFT,
        "title": output.title,
        "description": f"What ropecalc {command} --json prints.",
        "type": "object",
        "properties": heads,
        "required": list(heads),
        "additionalProperties": False,
    }
    used: dict[str, Schema] = {}
    while more := [  # parts of parts as well
        name for name in PARTS if name not in used and part(name) in [*parts(whole), *parts(used)]
    ]:
        used |= {name: object_of(PARTS[name]) for name in more}
    return {**whole, "$defs": used} if used else whole


def any_of(schemas: list[Schema]) -> Schema:
    """One of several; forms that ask the same share it."""
    distinct = [one for index, one in enumerate(schemas) if one not in schemas[:index]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def parts(value: Any) -> Iterator[Schema]:
    """The references in a schema."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield {"$ref": value["$ref"]}
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner)


def texts() -> dict[str, str]:
    """Every schema as its file has it, by the file's name."""
    return {
        f"{command}.json": json.dumps(schema_of(command, output), indent=1) + "\n"
        for command, output in COMMANDS.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(len(COMMANDS), "schemas in", FOLDER)
