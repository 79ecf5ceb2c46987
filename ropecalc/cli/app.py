"""The command ``ropecalc`` and its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ropecalc import __version__
from ropecalc.cli import PROGRAM, boundary
from ropecalc.cli.commands import COMMANDS, Commands
from ropecalc.cli.groups import expanded
from ropecalc.cli.guesses import corrected
from ropecalc.cli.helptext import CONTEXT_SETTINGS, epilog, page
from ropecalc.cli.lean import Grouped, LeanCommand
from ropecalc.cli.names import typed_words
from ropecalc.cli.overview import THINGS

EPILOG = epilog(
    *(line for _, line in THINGS), exit_0="done, or yes", exit_1="computed, and the answer is no"
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """The base of rotary position embeddings (rope_theta), and the context that it supports."""


def application(args: Sequence[str]) -> typer.Typer:
    """The program for some arguments: all commands, or the one that they begin with.

    Loading a command and making Typer's objects takes three milliseconds, which a shell script
    would pay for each of them on every call.
    """
    app = typer.Typer(
        name=PROGRAM,
        cls=Grouped,
        no_args_is_help=True,
        rich_markup_mode=None,  # rich eats square brackets, and doubles the time of --help
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings=CONTEXT_SETTINGS,
    )
    words, codes = page(str(root.__doc__), EPILOG)
    app.callback(help=words, epilog=codes)(root)
    first = args[0] if args else ""
    for name in [first] if first in Commands.NAMES else COMMANDS:
        module = COMMANDS[name]
        words, codes = page(module.command.__doc__, module.EPILOG)
        app.command(name, cls=LeanCommand, help=words, short_help=module.SUMMARY, epilog=codes)(
            expanded(boundary.telling(module.command), {"quiet": module.QUIET})
        )
    return app


def main() -> int:
    """Run the program on the arguments of the process; returns the exit code."""
    sys.argv[1:] = corrected(sys.argv[1:], Commands.NAMES)
    return boundary.run(application(sys.argv[1:] or typed_words()))
