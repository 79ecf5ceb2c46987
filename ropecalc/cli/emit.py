"""``ropecalc emit``: a setting in the words of the stacks, or put into a config.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, writing
from ropecalc.cli.heads import HeadOptions, RopeOptions, one_of, resolved, tell_original
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.talk import at_most_one, required, warn
from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Emission, Rope, Setting

FARTHEST = 2**20  # tokens in which to look for a violation: a tenth of a second

SUMMARY = "A setting as vLLM, llama.cpp, Megatron-LM and others take it."
EPILOG = epilog(
    "ropecalc emit Qwen3-8B --rope-type yarn --ctx 128k",
    "ropecalc emit Qwen3-8B --base 5e6 --ctx 128k --stack vllm",
    "ropecalc emit --base 5e6 --dim 128 --ctx 128k --stack megatron-lm",
    "ropecalc emit --in-place config.json --base 5e6 --ctx 128k --dry-run",
    exit_1="no: a named stack cannot compute the setting exactly, or none can",
)


FormOfFile = Annotated[
    str | None,
    typer.Option(
        "--form",
        help="Keys of transformers 4 or 5; else the file's.",
        metavar="4|5",
        show_default=False,
    ),
]
QUIET = "Print the stacks that are exact, the texts of --stack or the backup's name."


def command(
    *,
    models: options.Models = None,
    stack: writing.Stacks = None,
    rope: RopeOptions,
    head: HeadOptions,
    ctx: options.Context = None,
    in_place: writing.InPlace = None,
    form_of_file: FormOfFile = None,
    dry_run: writing.DryRun = False,
    no_backup: writing.NoBackup = False,
    force: writing.Force = False,
    out: Output,
) -> None:
    """The setting of a model, or of its changed parts, as each stack takes it.

    Parts that are not given are the model's own. With -q, --stack prints what the stack takes and
    nothing else, under a comment with its name where there are several; of a stack that cannot
    compute the setting exactly, nothing.
    """
    stacks = writing.each_once(stack)
    at_most_one(**{"--stack": stacks or None, "--in-place": in_place})
    writing.refuse_alone(
        in_place,
        **{
            "--form": form_of_file is not None,
            "--dry-run": dry_run,
            "--no-backup": no_backup,
            "--force": force,
        },
    )
    if not models and in_place and not head.dim:
        models = [in_place]
    setting = _setting(models, head, rope, ctx)
    if in_place:
        exact = _patch(setting, in_place, _keys(form_of_file), out, dry_run, no_backup, force)
    else:
        for line in caveats(setting):
            warn(line)
        exact = _emit(setting, stacks, out)
    raise typer.Exit(0 if exact else 1)


def _setting(
    targets: Sequence[str] | None, head: HeadOptions, rope: RopeOptions, context: int | None
) -> Setting:
    """The setting of a model, or of a head alone."""
    from ropecalc.models.named import called
    from ropecalc.models.setting import make_setting

    base = rope.one_base
    if not targets and base is None:
        raise InvalidValueError("options", "no model was named: give its file, or --base and --ctx")
    if not targets and context is None:
        raise required("--ctx", "128k")
    bare = RopeOptions(base=rope.base)
    subject = one_of(resolved(targets, head, bare))
    return make_setting(
        subject.model,
        subject.rope,
        context=context,
        base=base,
        rope_type=rope.rope_type,
        factor=rope.factor,
        original_context=rope.original_ctx,
        model_name=called(targets[0]) if targets else None,
    )


def caveats(setting: Setting, *, patched: bool = False) -> Iterator[str]:
    """What a setting does not do, however exactly a stack computes it.

    A file that is ``patched`` is said to have it already by what patches it.
    """
    from ropecalc.bound import scan
    from ropecalc.models.lengths import original_of
    from ropecalc.scaling import from_rope

    rope, model = setting.rope, setting.model
    if model is not None:
        own = next((one for one in model.ropes if one.layer_type == rope.layer_type), None)
        start = original_of(model, own or rope)
        if own is not None and _same(own, rope) and setting.context == model.context:
            if not patched:
                yield f"{model.source} has this setting already: it changes nothing"
        elif own is not None and (why := _needs_tuning(own, rope)):
            yield f"{model.source}: {why}"
        elif rope.rope_type == "default" and start is not None and start.context < setting.context:
            yield (
                f"{model.source}: no scaling and the same base: beyond {start.context:,} tokens it "
                "needs fine-tuning, or a --rope-type"
            )
    reach = min(setting.context, rope.window or setting.context, FARTHEST)
    first = scan(from_rope(rope, setting.context), 0, reach, first_only=True).first_violation
    if first is not None:
        yield (
            f"this setting breaks the bound, first at {first:,} tokens of {setting.context:,}"
            f"{_finder(setting)}"
        )


def _needs_tuning(own: Rope, rope: Rope) -> str:
    """Why a model has to be tuned to a rope at every length; empty where it need not."""
    if rope.rope_type != "default":
        kept = own.rope_type == rope.rope_type and own.base != rope.base
        text = f"its {own.rope_type} scaling is kept beside the new base"
        return f"{text}; --rope-type default removes it" if kept else ""
    if own.rope_type != "default":
        return f"without its {own.rope_type} scaling it needs fine-tuning"
    return "with another base it needs fine-tuning" if own.base != rope.base else ""


def _finder(setting: Setting) -> str:
    """The command that finds what meets the bound, for a model."""
    from ropecalc.models.commands import factor_command, source_word

    rope, model, found = setting.rope, setting.model, "a factor"
    if model is None:
        return ""
    line = factor_command(model, rope, setting.context)
    if rope.rope_type == "default":
        line, found = f"ropecalc min-base {source_word(model)} --ctx {setting.context}", "a base"
    return f"; '{line}' finds {found} that meets it" if line else ""


def _same(one: Rope, other: Rope) -> bool:
    """Whether two ropes turn alike."""
    parts = [(rope.rope_type, rope.base, dict(rope.parameters)) for rope in (one, other)]
    return parts[0] == parts[1]


# --- the stacks ---------------------------------------------------------------------------------


def _emit(setting: Setting, named: Sequence[str], out: Output) -> bool:
    from ropecalc.render.records import record, without
    from ropecalc.stacks.registry import STACKS
    from ropecalc.stacks.writing import emit

    emissions = [emit(setting, stack) for stack in named or STACKS]
    texts = (line for line in _texts(emissions)) if named else None
    out.show(
        Answer(
            command="emit",
            inputs=record(setting),
            records=map(record, emissions),
            bare=texts or (one.stack for one in emissions if one.exact),
            table=lambda file: _table(setting, emissions, file, listed=not named),
            rows=[without(record(one, notes="; ".join(one.notes)), "text") for one in emissions],
            columns=("stack", "version", "exact", "notes"),
        )
    )
    if not named:
        return setting.shortfall is None
    return all(one.exact for one in emissions)


def _texts(emissions: Sequence[Emission]) -> Iterator[str]:
    """What the stacks take, where it is exact; several each under a comment with its name."""
    for one in emissions:
        if one.exact and one.text:
            if len(emissions) > 1:
                yield f"# {one.stack} {one.version}"
            yield from one.text.rstrip("\n").split("\n")


def _table(setting: Setting, emissions: Sequence[Emission], file: TextIO, *, listed: bool) -> None:
    from ropecalc.render.human import show_emissions

    show_emissions(setting, emissions, file, listed=listed)


# --- a file ---------------------------------------------------------------------------------------


def _keys(form: str | None) -> str | None:
    """The form of a file by its short name."""
    if form not in (None, "4", "5"):
        raise InvalidValueError("options", f"--form must be 4 or 5, got {form!r}")
    return None if form is None else f"transformers-{form}"


def _patch(
    setting: Setting,
    path: str,
    keys: str | None,
    out: Output,
    dry_run: bool,
    no_backup: bool,
    force: bool,
) -> bool:
    from ropecalc.render.records import record
    from ropecalc.stacks.transformers.patch import patch_config

    tell_original(setting)
    done = patch_config(
        path, setting, backup=not no_backup, force=force, dry_run=dry_run, form=keys
    )
    for line in caveats(setting, patched=True):
        warn(line)
    writing.tell_patch(done)
    out.show(
        Answer(
            command="emit",
            inputs=record(setting),
            records=[record(done)],
            bare=[done.backup_path] if done.backup_path else [],
            table=lambda file: print(done.diff, end="", file=file),
            columns=("path", "changed", "written", "backup_path", "exact", "diff"),
        )
    )
    return done.exact
