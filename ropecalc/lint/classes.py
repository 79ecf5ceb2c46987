"""Rules about the model's class: keys that it does not read, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator

from ropecalc.lint import keys, missing, types
from ropecalc.lint.rule import Said
from ropecalc.lint.subject import Subject

# these say more of one reason each
APART = (
    types.null_head_dim,
    types.refused_by_class,
    types.list_length,
    missing.missing_factor,
    keys.su_name,
    keys.flat_not_read,
)


def key_not_read(subject: Subject) -> Iterator[Said]:
    """A key about the rope that the file has, and its class does not read."""
    kind = subject.model.model_type
    told = any(any(rule(subject)) for rule in (keys.nested_not_read, keys.flat_not_read))
    for key in subject.model.unread:
        if not (told and key.startswith("rope_parameters")):
            yield Said(
                f"{subject.prefix}{key} is not read by {kind} in transformers 5",
                "Remove it, or write what the class reads: ropecalc inspect says what it takes.",
            )


def class_stops(subject: Subject) -> Iterator[Said]:
    """What a class does not take."""
    reason = subject.model.stops
    if reason is not None and not any(any(rule(subject)) for rule in APART):
        yield Said(f"transformers 5 stops on this file: {reason}", "Correct it for that class.")
