"""The command ``ropecalc`` and its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Annotated

import typer

from ropecalc import __version__
from ropecalc.cli import boundary
from ropecalc.cli.helptext import CONTEXT_SETTINGS, epilog

EPILOG = epilog(
    "ropecalc min-base --dim 128 --ctx 32k",
    "ropecalc curve --base 1e6",
    "ropecalc max-ctx --base 1e6 --dim 128",
    "ropecalc check --base 1e6 --dim 128 --ctx 32k",
    "ropecalc inspect config.json",
    "ropecalc lint config.json",
    "ropecalc compare gpt-oss-20b",
    "ropecalc models llama-3",
    "ropecalc plan Llama-3-8B --to 128k",
    "ropecalc emit Qwen3-8B --write vllm",
    "ropecalc temperature --ctx 128k",
    "ropecalc freqs --base 1e6 --dim 128",
    "ropecalc staircase --dim 128 --ctx 1024",
    "ropecalc windows --dim 128 --ctx 4096",
    "ropecalc verify proof.json",
    exit_0="done, or yes",
    exit_1="computed, and the answer is no",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"{boundary.PROGRAM} {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """The base of rotary position embeddings (rope_theta), and the context that it can carry."""


class Commands(Mapping[str, ModuleType]):
    """The module of each command by its name, loaded when it is asked for."""

    NAMES = tuple(
        "min-base curve max-ctx check inspect lint compare models plan emit temperature freqs "
        "staircase windows verify".split()
    )

    def __getitem__(self, name: str) -> ModuleType:
        if name not in self.NAMES:
            raise KeyError(name)
        return import_module(f"ropecalc.cli.{name.replace('-', '_')}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)


COMMANDS = Commands()


def application(args: Sequence[str]) -> typer.Typer:
    """The program for some arguments: all commands, or the one that they begin with.

    Loading a command and making Typer's objects takes three milliseconds, which a shell script
    would pay for each of them on every call.
    """
    app = typer.Typer(
        name=boundary.PROGRAM,
        no_args_is_help=True,
        rich_markup_mode=None,  # rich eats square brackets, and doubles the time of --help
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
        context_settings=CONTEXT_SETTINGS,
    )
    app.callback(epilog=EPILOG)(root)
    first = args[0] if args else ""
    for name in [first] if first in Commands.NAMES else COMMANDS:
        module = COMMANDS[name]
        app.command(name, short_help=module.SUMMARY, epilog=module.EPILOG)(module.command)
    return app


def main() -> int:
    """Run the program on the arguments of the process; returns the exit code."""
    return boundary.run(application(sys.argv[1:]))
