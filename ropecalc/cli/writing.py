"""Writing a setting in the words of a stack, or into a config.json: the options, and a plan's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli.options import reader
from ropecalc.cli.output import Form, warn
from ropecalc.errors import InvalidValueError
from ropecalc.files import printable

if TYPE_CHECKING:
    from ropecalc.results import Emission, Plan, Setting
    from ropecalc.stacks.transformers.patch import Patch


def complete_stack(incomplete: str) -> list[str]:
    """The stacks whose names begin so, after those that stand before a comma.

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


Write = Annotated[
    list[Any] | None,
    typer.Option(
        "--write",
        help="Print what stacks take: vllm,sglang; may repeat.",
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
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --in-place: print the changes only.")]
NoBackup = Annotated[bool, typer.Option("--no-backup", help="With --in-place: keep no backup.")]
Force = Annotated[bool, typer.Option("--force", help="With --in-place: replace a scaling.")]


def _picked(plan: Plan, stack: str, methods: Sequence[str] | None) -> str:
    """The method to write: the one picked, or the one advised for what the stack does."""
    if methods:
        picked = next((one.method for one in plan.candidates if one.method in methods), None)
        if picked is None:
            why = " ".join(plan.notes) or "it has no setting here"
            raise InvalidValueError("options", f"{methods[0]} cannot be written: {why}")
        return picked
    from ropecalc.stacks.registry import Stack

    return plan.without_training if Stack(stack).serves else plan.with_training


def _setting(plan: Plan, method: str, target: str | None) -> Setting:
    from ropecalc.cli.target import called
    from ropecalc.results import Setting

    candidate = plan.candidate(method) or plan.original
    setting = {"rope": candidate.rope, "context": plan.context, "model": plan.model}
    if plan.model is not None and target is not None:
        setting["model_name"] = called(target, plan.model)
    return Setting(**setting, original_context=plan.original_context)  # type: ignore[arg-type]


def written_for(
    plan: Plan, stack: str, methods: Sequence[str] | None, target: str | None
) -> tuple[str, Emission]:
    """The method that is written for a stack, and what the stack takes."""
    from ropecalc.stacks.writing import emit

    method = _picked(plan, stack, methods)
    return method, emit(_setting(plan, method, target), stack)


def print_text(written: Sequence[tuple[str, Emission]]) -> None:
    """What the stacks take, alone; under a comment with the stack's name where there are several.

    What to know of it goes to stderr.
    """
    for method, emission in written:
        if len(written) > 1:
            print(f"# {emission.stack}: {method}")
        if emission.text:
            print(emission.text.rstrip("\n"))
        for note in emission.notes:
            warn(f"{emission.stack}, {method}: {note}")


def patch(
    plan: Plan,
    path: str,
    methods: Sequence[str] | None,
    *,
    backup: bool,
    force: bool,
    dry_run: bool,
) -> Patch:
    """Put a plan's setting into a file."""
    from ropecalc.stacks.transformers.patch import patch_config

    setting = _setting(plan, _picked(plan, "transformers", methods), path)
    return patch_config(path, setting, backup=backup, force=force, dry_run=dry_run)


def tell_patch(done: Patch, form: Form, *, alone: bool = True) -> None:
    """What changes in a file, where nothing else is the answer, and what became of the file.

    JSON has both by itself. Beside rows, bare values and texts a diff would be in the way.
    """
    if form is Form.JSON:
        return
    path = printable(done.path)
    if form is Form.TABLE or (form is Form.PIPE and alone):
        print(done.diff, end="")
    for note in done.notes:
        warn(f"{path}: {note}")
    if not done.changed:
        warn(f"{path} has this setting already: nothing changes")
    elif not done.written:
        warn(f"{path} was not changed: that needs the same without --dry-run")
    elif done.backup_path:
        warn(f"{path} has the setting; the file as it was is {printable(done.backup_path)}")
    else:
        warn(f"{path} has the setting")
