"""Writing a setting in the words of a stack, or into a config.json: the options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli.options import reader
from ropecalc.cli.talk import warn
from ropecalc.errors import InvalidValueError
from ropecalc.files import printable

if TYPE_CHECKING:
    from ropecalc.stacks.transformers.patch import Patch


def complete_stack(incomplete: str) -> list[str]:
    """The stacks whose names begin so, after those before a comma.

    >>> complete_stack("vl"), complete_stack("sglang,vl")
    (['vllm'], ['sglang,vllm'])
    """
    from ropecalc.stacks.registry import STACKS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + stack for stack in STACKS if stack.startswith(last.lower())]


def _stacks(text: str) -> tuple[str, ...]:
    from ropecalc.stacks.registry import stack_named

    return tuple(stack_named(name).name for name in text.split(","))


def refuse_alone(in_place: str | None, **given: bool) -> None:
    """Raise InvalidValueError for an option about the file where no file is to be changed."""
    for name, value in given.items():
        if value and not in_place:
            raise InvalidValueError("options", f"{name} needs --in-place beside it")


def each_once(given: Sequence[tuple[str, ...]] | None) -> list[str]:
    """The names of an option that may repeat and take lists, each once, in order."""
    return list(dict.fromkeys(name for names in given or () for name in names))


Stacks = Annotated[
    list[Any] | None,
    typer.Option(
        "--stack",
        help="Print the setting for stacks: vllm,sglang.",
        metavar="STACK",
        parser=reader(_stacks),
        show_default=False,
        autocompletion=complete_stack,
    ),
]
InPlace = Annotated[
    str | None,
    typer.Option(
        "--in-place",
        help="Put it into a config.json, with a backup.",
        metavar="FILE",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --in-place: show the changes only.")]
NoBackup = Annotated[bool, typer.Option("--no-backup", help="With --in-place: keep no backup.")]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="With --in-place: a file that has a scaling, too; --rope-type says if another.",
    ),
]


def tell_patch(done: Patch) -> None:
    """What to know of a change to a file, and what became of the file."""
    path = printable(done.path)
    for note in done.notes:
        warn(f"{path}: {note}")
    if not done.changed:
        warn(f"{path} has this setting already: nothing changes")
    elif not done.written:
        warn(f"{path} was not changed: rerun without --dry-run")
    elif done.backup_path:
        warn(f"{path} has the setting; the backup is {printable(done.backup_path)}")
    else:
        warn(f"{path} has the setting")
