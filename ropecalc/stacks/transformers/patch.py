"""Changing a ``config.json`` in place: the setting's keys alone, whole or not at all."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ropecalc.errors import ConfigError
from ropecalc.files import check_writable, read_bytes, replace_file, temporary_beside
from ropecalc.isolated import isolated
from ropecalc.models.jsonfile import MAX_BYTES, WANTED, parse_object

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope, Setting
    from ropecalc.stacks.exactness import Outcome
    from ropecalc.stacks.wanted import Wanted

MARK = b"\xef\xbb\xbf"  # a byte order mark in UTF-8
MOST_BACKUPS = 1000


@dataclass(frozen=True, slots=True)
class Patch:
    """What a patch of a file changed, or would change."""

    path: str
    before: str
    """The text as it was."""
    after: str
    diff: str
    """A unified diff of the two, empty where they are the same."""
    changed: bool
    """Whether the setting was not there already."""
    written: bool
    """Whether the file was written: not on a dry run, nor where nothing changes."""
    backup_path: str | None
    """Where the file as it was lies now."""
    exact: bool = True
    """Whether transformers computes exactly the setting from the file, up to the context."""
    notes: tuple[str, ...] = ()
    """What to know of how transformers reads it."""


@isolated
def patch_config(
    path: str | os.PathLike[str],
    setting: Setting,
    *,
    backup: bool = True,
    force: bool = False,
    dry_run: bool = False,
    form: str | None = None,
) -> Patch:
    """Set a rope in a Hugging Face ``config.json``.

    Only the values of the setting's own keys change; all other keys, their order, the form of
    numbers, indents, line endings and a byte order mark stay. The file is replaced at once, so that
    at any moment it is the old one or the new one; its permissions stay, and a symbolic link goes
    on leading to it. A second call changes nothing.

    Parameters
    ----------
    path : the file
    setting : its ``model`` is not examined: the file's own content counts
    backup : keep the old file as ``config.json.bak``, or ``.bak1`` and so on: none is overwritten
    force : replace a scaling that the file has, which is refused otherwise
    dry_run : write nothing
    form : "transformers-4" or "transformers-5"; the file's own unless given

    Raises
    ------
    ConfigError
        The file cannot be read or written, is no ``config.json``, has another head than the
        setting, or has a scaling of its own and ``force`` is not given.
    """
    given = os.fspath(path)
    from ropecalc.stacks.transformers.write import factor_note

    if given == "-":
        raise ConfigError("standard input cannot be changed in place; pass a file")
    name, data = read_bytes(given, MAX_BYTES, ConfigError, WANTED)
    document = parse_object(name, data)
    goal = _goal(name, document, setting)
    before = data.removeprefix(MARK).decode()
    after = _patched(before, document, goal, form)
    if before != after:
        _refuse_other_scaling(name, goal, force=force)
    _check(name, after, goal)
    diff = _diff(name, before, after)
    changed = before != after
    kept = None
    if changed and not dry_run:
        mark = MARK if data.startswith(MARK) else b""
        kept = _write(given, name, data, mark + after.encode(), backup=backup)
    found = _outcome(name, after, goal)
    short = () if setting.shortfall is None else (setting.shortfall,)
    exact, notes = found.exact and not short, (*short, *found.why, *factor_note(goal))
    written = changed and not dry_run
    return Patch(given, before, after, diff, changed, written, kept, exact, notes)


def _goal(name: str, document: Mapping[str, Any], setting: Setting) -> Wanted:
    """The setting for the model of this file."""
    from ropecalc.models.huggingface import parse_config
    from ropecalc.stacks.wanted import wanted

    model = parse_config(document, name)
    goal = wanted(replace(setting, model=model))
    was = _rope_of(model, goal.rope)
    if (was.head_dim, was.rotary_dim) != (goal.rope.head_dim, goal.rope.rotary_dim):
        raise ConfigError(
            f"{name}: has a head of {was.head_dim} dimensions, {was.rotary_dim} of them rotated, "
            f"and the setting is for {goal.rope.head_dim} and {goal.rope.rotary_dim}; make the "
            "setting from this file"
        )
    rope = replace(goal.rope, layer_type=was.layer_type, latent=was.latent)
    return replace(goal, rope=rope)


def _rope_of(model: ModelConfig, rope: Rope) -> Rope:
    named = [own for own in model.ropes if own.layer_type == rope.layer_type]
    return (named or list(model.ropes))[0]


def _refuse_other_scaling(name: str, goal: Wanted, *, force: bool) -> None:
    was = goal.was
    if force or was is None or was.rope_type == "default" or goal.as_it_was:
        return
    factor = "" if was.factor is None else f", factor {was.factor:g}"
    original = "" if was.original_context is None else f" from {was.original_context:,} tokens"
    kept = goal.rope.rope_type == was.rope_type
    cure = "keep it, or --force --rope-type default to remove it" if kept else "replace it"
    raise ConfigError(
        f"{name}: has {was.rope_type} scaling already{factor}{original}; pass --force to {cure}"
    )


def _patched(before: str, document: Mapping[str, Any], goal: Wanted, form: str | None) -> str:
    from ropecalc.models.raw import text_keys, text_path
    from ropecalc.models.spans import edited
    from ropecalc.stacks.keys import by_own_length, five_in_file, four

    model = goal.model
    assert model is not None
    inner = text_keys(document)
    if (form or model.form) == "transformers-5":
        changes = five_in_file(goal)
    else:
        changes = by_own_length(goal, four(goal))
        if changes["rope_scaling"] is None and "rope_scaling" not in inner:
            del changes["rope_scaling"]
    return edited(before, text_path(document), changes)


def _check(name: str, after: str, goal: Wanted) -> None:
    """What is about to be written is read, and must give the setting."""
    from ropecalc.models.huggingface import parse_config
    from ropecalc.stacks.keys import nested_truncate
    from ropecalc.stacks.wanted import alike

    found = _rope_of(parse_config(parse_object(name, after.encode()), name), goal.rope)
    if not nested_truncate(goal) and not alike(found, goal.rope, goal.context):
        raise ConfigError(
            f"{name}: keys of this form cannot say this {goal.rope.rope_type} rope for "
            f"{goal.model and goal.model.model_type}; try --form 5, or change the file by hand"
        )


def _outcome(name: str, after: str, goal: Wanted) -> Outcome:
    """What transformers 5 computes of the file as it will be, in every kind of layer."""
    from ropecalc.models.huggingface import parse_config
    from ropecalc.stacks.exactness import outcome_of
    from ropecalc.stacks.registry import Stack
    from ropecalc.stacks.start import Start
    from ropecalc.stacks.transformers.write import not_in_five

    start = Start(parse_config(parse_object(name, after.encode()), name))
    return outcome_of(Stack("transformers"), goal, start, not_in_five(goal))


def _diff(name: str, before: str, after: str) -> str:
    """A unified diff; a carriage return at a line's end is not shown."""
    old, new = before.splitlines(), after.splitlines()
    found = difflib.unified_diff(old, new, f"{name} (before)", f"{name} (after)", lineterm="")
    return "".join(f"{line}\n" for line in found)


def _write(given: str, name: str, old: bytes, new: bytes, *, backup: bool) -> str | None:
    """The new content, by way of a temporary file; the path of the backup."""
    target = os.path.realpath(given)
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode)  # noqa: PTH116
        check_writable(target)
        kept = _back_up(given, old, mode) if backup else None
        replace_file(target, new)
    except OSError as problem:
        reason = problem.strerror or problem
        raise ConfigError(f"{name}: cannot be written ({reason}); nothing was changed") from None
    return kept


def _back_up(path: str, data: bytes, mode: int) -> str:
    """A copy beside the file, whole or not at all, under the first free name."""
    with temporary_beside(path, data, mode) as temporary:
        return _linked(temporary, path)


def _linked(temporary: str, path: str) -> str:
    """Give a file a name that no other has: a link fails where a rename would replace."""
    for attempt in range(MOST_BACKUPS):
        name = f"{path}.bak{attempt or ''}"
        with suppress(FileExistsError):
            os.link(temporary, name)
            return name
    raise FileExistsError(17, f"{MOST_BACKUPS} backups are there already")
