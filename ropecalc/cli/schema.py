"""``ropecalc schema``: what the keys of ``--json`` are, as JSON Schema."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from typing import TextIO

SUMMARY = "The keys of --json of a command, as JSON Schema."
EPILOG = epilog(
    "ropecalc schema min-base",
    "ropecalc schema check",
    "ropecalc schema -q",
)


def complete_command(incomplete: str) -> list[str]:
    """The commands that have a schema and begin with what was typed."""
    from ropecalc.cli.commands import Commands

    return [name for name in Commands.NAMES if name.startswith(incomplete) and _text(name)]


Command = Annotated[
    str | None,
    typer.Argument(
        metavar="COMMAND",
        help="The command whose answer is described; all that have a schema are listed without.",
        autocompletion=complete_command,
        show_default=False,
    ),
]
QUIET = "Print the names of the commands alone, one a line."


def command(
    *,
    name: Command = None,
    out: Output,
) -> None:
    """JSON Schema (draft 2020-12) of what a command prints with --json.

    Every key is there in every answer; what does not exist is null. x-unit has the unit.
    """
    if name is None:
        out.show(_answer())
    elif out.form in (Form.TEXT, Form.JSON):
        sys.stdout.write(_schema(name))
    else:
        fact = "a schema is printed as JSON alone"
        raise InvalidValueError("options", f"{fact}: leave the other form out, or the COMMAND")


def _answer() -> Answer:
    titles = dict(_titles())

    def table(file: TextIO) -> None:
        from ropecalc.render.schemas import show_schemas

        show_schemas(titles, file)

    return Answer(
        command="schema",
        inputs={},
        records=({"command": name, "title": title} for name, title in titles.items()),
        bare=titles,
        table=table,
    )


def _titles() -> Iterator[tuple[str, str]]:
    """Each command that has a schema, and what its answer is."""
    import json

    from ropecalc.cli.commands import Commands

    for name in Commands.NAMES:
        if text := _text(name):
            yield name, json.loads(text)["title"]


def _schema(name: str) -> str:
    """The schema of a command; InvalidValueError where it has none."""
    if text := _text(name):
        return text
    known = ", ".join(known for known, _ in _titles())
    raise InvalidValueError("options", f"no schema is called {name!r}: there are {known}")


def _text(name: str) -> str | None:
    """The shipped file; None for a command without, or for no command."""
    from ropecalc.cli.commands import Commands
    from ropecalc.tables import shipped_bytes

    data = shipped_bytes(f"schemas/{name}.json") if name in Commands.NAMES else None
    return None if data is None else data.decode()
