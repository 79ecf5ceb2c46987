"""``ropecalc explain``: a page on a topic, or the keys of a command's ``--json``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_topic
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.errors import InvalidValueError
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Explanation

SUMMARY = "What the bound, a safe base, YaRN, an exit code... is."
EPILOG = epilog(
    "ropecalc explain bound",
    "ropecalc explain safe-base",
    "ropecalc explain schema min-base",
    "ropecalc explain -q",
)

Topic = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TOPIC",
        help="Such as bound, windows, yarn or exit-codes; without one, all are listed.",
        show_default=False,
        autocompletion=complete_topic,
    ),
]
QUIET = "Print the text without its title, or the topics' names."


def command(
    *,
    topic: Topic = None,
    out: Output,
) -> None:
    """A short explanation of one topic, or the list of topics.

    'explain schema COMMAND' prints the JSON Schema (draft 2020-12) of what a command prints with
    --json: type, meaning and unit (x-unit) of each key. Every key is in every answer; null means
    that the value does not exist.
    """
    from ropecalc.explanations import explanation, explanations

    match topic or []:
        case ["schema", name]:
            sys.stdout.write(_schema(name, out))
        case words:
            name = " ".join(words)
            found = [explanation(name)] if name else explanations()
            out.show(_answer(found, name))


def _answer(found: Sequence[Explanation], name: str) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_explanations

        show_explanations(found, file)

    return Answer(
        command="explain",
        inputs={"topic": name or None},
        records=map(record, found),
        bare=found[0].text.split("\n") if name else [one.topic for one in found],
        table=table,
    )


def _schema(name: str, out: Output) -> str:
    """The schema of a command; InvalidValueError where it has none, or for another form."""
    from ropecalc.cli.commands import Commands
    from ropecalc.tables import shipped_bytes

    if out.form not in (Form.TEXT, Form.JSON):
        raise InvalidValueError("options", "a schema is JSON: leave the other form out")
    data = shipped_bytes(f"schemas/{name}.json") if name in Commands.NAMES else None
    if data is None:
        known = ", ".join(Commands.NAMES)
        raise InvalidValueError("options", f"no command is called {name!r}: there are {known}")
    return data.decode()
