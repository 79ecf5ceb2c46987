"""Writing a setting in the words of a stack, or into a config.json: the options, and a plan's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli.output import say, warn
from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from ropecalc.results import Emission, Plan, Setting

SERVING = ("vllm", "sglang", "llama.cpp")  # stacks that run models without training them


def complete_stack(incomplete: str) -> list[str]:
    """The stacks whose names begin so."""
    from ropecalc.stacks.emit import STACKS

    return [stack for stack in STACKS if stack.startswith(incomplete.lower())]


Write = Annotated[
    list[str] | None,
    typer.Option(
        "--write",
        help="Print what a stack takes: vllm...; may repeat.",
        metavar="STACK",
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
    return plan.without_training if stack.strip().lower() in SERVING else plan.with_training


def _setting(plan: Plan, method: str, target: str | None) -> Setting:
    from ropecalc.cli.emit import called
    from ropecalc.results import Setting

    candidate = plan.candidate(method) or plan.original
    setting = {"rope": candidate.rope, "context": plan.context, "model": plan.model}
    if plan.model is not None and target is not None:
        setting["model_name"] = called(target, plan.model)
    return Setting(**setting, trained_context=plan.trained_context)  # type: ignore[arg-type]


def written_for(
    plan: Plan, stack: str, methods: Sequence[str] | None, target: str | None
) -> tuple[str, Emission]:
    """The method that is written for a stack, and what the stack takes."""
    from ropecalc.stacks.emit import emit

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
) -> None:
    """Put the setting into a file, and print what changes in it."""
    from ropecalc.stacks.patch import patch_config

    method = _picked(plan, "transformers", methods)
    done = patch_config(
        path, _setting(plan, method, path), backup=backup, force=force, dry_run=dry_run
    )
    if not done.changed:
        say(f"{path} has this setting already: nothing changes")
        return
    print(done.diff.rstrip("\n"))
    if dry_run:
        say(f"{path} was not changed: leave out --dry-run for that")
    elif done.backup_path:
        say(f"{path} has the setting; the file as it was is {done.backup_path}")
    for note in done.notes:
        warn(f"{path}, {method}: {note}")
