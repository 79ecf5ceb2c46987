"""Models none of whose layers rotates: an answer, and nothing to compute."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TextIO

import typer

from ropecalc.cli.output import Answer, Output
from ropecalc.errors import NoRotationError


@contextlib.contextmanager
def rotating(command: str, out: Output, *, consequence: str, code: int = 0) -> Iterator[None]:
    """Where the one model of a command does not rotate, say so on stdout and end with ``code``.

    ``consequence``: what that means for the command, a sentence.
    """
    try:
        yield
    except NoRotationError as error:
        if not out.quiet:
            out.show(_answer(command, error, consequence))
        raise typer.Exit(code) from None


def _answer(command: str, error: NoRotationError, consequence: str) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_unrotated

        show_unrotated(error, consequence, file)

    return Answer(
        command=command,
        inputs={"models": [error.source]},
        records=[],
        bare=[],
        table=table,
    )
