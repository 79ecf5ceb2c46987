"""Rules about the model's class: keys that it does not read, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator

from ropecalc.errors import RopecalcError
from ropecalc.lint import keys, missing, types
from ropecalc.lint.subject import Said, Subject
from ropecalc.lint.words import number
from ropecalc.models.classes import class_row, composite
from ropecalc.models.huggingface import parse_config
from ropecalc.models.raw import beside_text
from ropecalc.results import ModelConfig, Rope

# these say more of one reason each
APART = (
    types.head_dim_null,
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
    for text, key, _ in beside_text(subject.model.document) if class_row(kind) else ():
        yield Said(
            f"{key} lies beside {text}, and {kind} reads what is in it",
            f"Move it into {text}, or remove it.",
        )


def class_stops(subject: Subject) -> Iterator[Said]:
    """What a class does not take."""
    reason = subject.model.stops
    if reason is not None and not any(any(rule(subject)) for rule in APART):
        yield Said(f"transformers 5 stops on this file: {reason}", "Correct it for that class.")


def class_changed(subject: Subject) -> Iterator[Said]:
    """What earlier releases of transformers 5 make of the file, where that is something else."""
    model = subject.model
    kind = subject.text.get("model_type", model.model_type)
    row = class_row(kind) or class_row(composite(kind).get("class"))
    for release, was in ({} if row is None else row.before).items():
        try:
            earlier = parse_config(model.document, model.source, release)
        except RopecalcError:
            continue  # what it refuses now as well, or what no release was asked
        apart = _apart(earlier, model)
        if apart:
            yield Said(
                f"transformers before {release} reads this file otherwise: {apart} "
                f"({was['last']}, run)",
                f"Use transformers {release} or later, or the release that the model was made "
                "with.",
            )


def _apart(earlier: ModelConfig, now: ModelConfig) -> str:
    """What two releases make of one file, where it differs; nothing where it does not."""
    if bool(earlier.stops) != bool(now.stops):
        return f"it stops, {earlier.stops}" if earlier.stops else "it does not stop"
    if earlier.stops:
        return ""
    if len(earlier.ropes) != len(now.ropes):
        return f"{len(earlier.ropes)} kinds of layers, {len(now.ropes)} now"
    for one, two in zip(earlier.ropes, now.ropes, strict=True):
        for words, value in _told(one).items():
            other = _told(two).get(words)
            if value != other and not (words == "layers" and len(now.ropes) == 1):
                return f"{words} {_shown(value)}, {_shown(other)} now"
    if earlier.unrotated_layers != now.unrotated_layers:
        return f"unrotated layers {earlier.unrotated_layers}, {now.unrotated_layers} now"
    return ""


def _told(rope: Rope) -> dict[str, object]:
    """What of a rope two releases may have apart, by words."""
    return {
        "head_dim": rope.head_dim,
        "rotated dimensions": rope.rotary_dim,
        "base": rope.base,
        "method": rope.rope_type,
        "window": rope.window,
        "layers": rope.layers,
        **{key: value for key, value in rope.parameters.items() if not isinstance(value, tuple)},
    }


def _shown(value: object) -> str:
    return "none" if value is None else number(value)
