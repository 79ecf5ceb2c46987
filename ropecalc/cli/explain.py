"""``ropecalc explain``: a page on a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_topic
from ropecalc.cli.output import Answer, Output
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Explanation

SUMMARY = "What the bound, a safe base, YaRN, an exit code... is."
EPILOG = epilog(
    "ropecalc explain bound",
    "ropecalc explain safe-base",
    "ropecalc explain -q",
)

Topic = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TOPIC",
        help="Such as bound, windows, yarn or exit-codes; all are listed without one.",
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
    """A short explanation of one topic, or the list of topics."""
    from ropecalc.explanations import explanation, explanations

    name = " ".join(topic or ())
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
