"""Settings for programs: what was asked, a record a stack, and what a patch did."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.render.machine import Record
    from ropecalc.results import Emission, Setting
    from ropecalc.stacks.transformers.patch import Patch


def setting_record(setting: Setting) -> Record:
    """A Setting as a record."""
    rope = setting.rope
    return {
        "model": None if setting.model is None else setting.model.source,
        "layer_type": rope.layer_type,
        "rope_type": rope.rope_type,
        "base": rope.base,
        "head_dim": rope.head_dim,
        "rotary_dim": rope.rotary_dim,
        "parameters": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in rope.parameters.items()
        },
        "context": setting.context,
        "trained_context": setting.trained_context,
    }


def emission_record(emission: Emission) -> Record:
    """An Emission as a record."""
    return {
        "stack": emission.stack,
        "version": emission.version,
        "kind": emission.kind,
        "exact": emission.exact,
        "verified": emission.verified,
        "text": emission.text,
        "notes": list(emission.notes),
    }


def emission_row(emission: Emission, *, text: bool) -> Record:
    """An Emission as a row, with what to paste or without."""
    record = emission_record(emission)
    if not text:
        del record["text"]
    return {**record, "notes": "; ".join(emission.notes)}


def patch_record(patch: Patch) -> Record:
    """A Patch as a record."""
    return {
        "path": patch.path,
        "changed": patch.changed,
        "written": patch.written,
        "backup_path": patch.backup_path,
        "exact": patch.exact,
        "diff": patch.diff,
        "notes": list(patch.notes),
    }
