"""``ropecalc emit``: a setting in the words of the stacks, or put into a config.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options, writing
from ropecalc.cli.heads import layer_of, tell_original
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, at_most_one, choose, required, show, warn
from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Emission, Setting

SUMMARY = "A setting as vLLM, llama.cpp, Megatron-LM and others take it."
EPILOG = epilog(
    "ropecalc emit Qwen3-8B --rope-type yarn --ctx 128k",
    "ropecalc emit Qwen3-8B --base 5e6 --ctx 128k --write vllm",
    "ropecalc emit --base 5e6 --dim 128 --ctx 128k --write megatron-lm",
    "ropecalc emit --in-place config.json --base 5e6 --ctx 128k --dry-run",
    exit_1="no: a stack that was named cannot compute exactly this, or none can",
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
Quiet = Annotated[
    bool,
    options.quiet("Print the stacks that are exact, the texts of --write or the backup's name."),
]


def command(
    model: options.ModelArgument = None,
    write: writing.Write = None,
    base: options.Base = None,
    dim: options.Dim = None,
    rotary_dim: options.RotaryDim = None,
    ctx: options.Context = None,
    rope_type: options.RopeType = None,
    factor: options.Factor = None,
    original_context: options.Original = None,
    layer: options.Layer = None,
    in_place: writing.InPlace = None,
    form_of_file: FormOfFile = None,
    dry_run: writing.DryRun = False,
    no_backup: writing.NoBackup = False,
    force: writing.Force = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """The setting of a model, or of its changed parts, as each stack takes it.

    Parts that are not given are the model's own. In a pipe, --write prints what the stack takes
    and nothing else, under a comment with its name where there are several; what to know beside it
    goes to stderr.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    stacks = writing.each_once(write)
    at_most_one(**{"--write": stacks or None, "--in-place": in_place})
    writing.refuse_alone(
        in_place,
        **{
            "--form": form_of_file is not None,
            "--dry-run": dry_run,
            "--no-backup": no_backup,
            "--force": force,
        },
    )
    target = in_place if model is None and in_place and dim is None else model
    setting = _setting(
        target,
        dim,
        rotary_dim,
        layer,
        context=ctx,
        base=base,
        rope_type=rope_type,
        factor=factor,
        original_context=original_context,
    )
    if in_place:
        exact = _patch(setting, in_place, _keys(form_of_file), form, dry_run, no_backup, force)
    else:
        exact = _emit(setting, stacks, form)
    raise typer.Exit(0 if exact else 1)


def _setting(
    target: str | None,
    dim: int | None,
    rotary_dim: int | None,
    layer: str | None,
    **parts: object,
) -> Setting:
    """The setting of a model, or of a head alone."""
    from ropecalc.cli.target import called, load
    from ropecalc.models.setting import make_setting
    from ropecalc.results import Rope

    if target is not None:
        at_most_one(**{"MODEL": target, "--dim": dim})
        at_most_one(**{"MODEL": target, "--rotary-dim": rotary_dim})
        model = load(target)
        for assumption in model.assumptions:
            warn(f"{model.source}: {assumption}")
        name = called(target, model)
        return make_setting(model, layer_of(model, layer), model_name=name, **parts)  # type: ignore[arg-type]
    if parts["base"] is None:
        raise InvalidValueError("options", "no model was named: give its file, or --base and --ctx")
    if parts["context"] is None:
        raise required("--ctx", "128k")
    head_dim = dim or 128
    rope = Rope("all", "default", float(str(parts["base"])), head_dim, rotary_dim or head_dim)
    return make_setting(None, rope, **parts)  # type: ignore[arg-type]


# --- the stacks ---------------------------------------------------------------------------------


def _emit(setting: Setting, named: Sequence[str], form: Form) -> bool:
    from ropecalc.render.records import record, without
    from ropecalc.stacks.registry import STACKS
    from ropecalc.stacks.writing import emit

    emissions = [emit(setting, stack) for stack in named or STACKS]
    if named and form is Form.PIPE:
        tell_original(setting)
    if setting.shortfall and (form is Form.BARE or (named and form is Form.PIPE)):
        warn(setting.shortfall)  # once: it is no stack's own
    if named and form in (Form.PIPE, Form.BARE):
        _print_texts(emissions, setting.shortfall)
    else:
        show(
            Answer(
                command="emit",
                inputs=record(setting),
                records=map(record, emissions),
                bare=(one.stack for one in emissions if one.exact),
                table=lambda file: _table(setting, emissions, file, listed=not named),
                rows=[
                    without(record(one, notes="; ".join(one.notes)), *([] if named else ["text"]))
                    for one in emissions
                ],
            ),
            form,
        )
    if not named:
        return setting.shortfall is None
    return all(one.exact for one in emissions)


def _print_texts(emissions: Sequence[Emission], said: str | None) -> None:
    for one in emissions:
        if len(emissions) > 1:
            print(f"# {one.stack} {one.version}")
        if one.text:
            print(one.text)
        for note in one.notes:
            if note != said:
                warn(f"{one.stack}: {note}")


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
    form: Form,
    dry_run: bool,
    no_backup: bool,
    force: bool,
) -> bool:
    from ropecalc.render.records import record
    from ropecalc.stacks.transformers.patch import patch_config

    if form is not Form.BARE:
        tell_original(setting)
    done = patch_config(
        path, setting, backup=not no_backup, force=force, dry_run=dry_run, form=keys
    )
    writing.tell_patch(done, form)
    if form not in (Form.TABLE, Form.PIPE):
        show(
            Answer(
                command="emit",
                inputs=record(setting),
                records=[record(done)],
                bare=[done.backup_path] if done.backup_path else [],
                table=lambda _: None,
            ),
            form,
        )
    return done.exact
