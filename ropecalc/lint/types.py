"""Rules about the types and shapes of values."""

from __future__ import annotations

from collections.abc import Iterator

from ropecalc.lint.subject import Said, Subject
from ropecalc.lint.words import number
from ropecalc.models import classes
from ropecalc.quantities import listed


def integer_factor(subject: Subject) -> Iterator[Said]:
    """A factor of linear scaling that is no float in JSON, where a server's own code reads it."""
    for item in subject.of("linear"):
        factor = item.values.get("factor")
        servers = subject.refusals(item, "integer-factor") if type(factor) is int else []
        if servers:
            they = "take" if len(servers) > 1 else "takes"
            stop = "stop" if len(servers) > 1 else "stops"
            yield item.said(
                f"{item.path}.factor is the integer {factor}: {listed(servers)} {they} a float or "
                f"a list, and {stop} with a TypeError",
                f"Write {factor}.0.",
            )


def text_number(subject: Subject) -> Iterator[Said]:
    """A number that is written as text."""
    for path, text in subject.model.text_numbers:
        yield Said(f'{path} is the text "{text}", where a number belongs', f"Write {text}.")


def integer_attention_factor(subject: Subject) -> Iterator[Said]:
    """An attention factor of YaRN that is no float in JSON."""
    for item in subject.of("yarn"):
        value = item.values.get("attention_factor")
        if type(value) is int:
            yield item.said(
                f"{item.path}.attention_factor is the integer {value}: it is used, and warned of "
                "as if it were not",
                f"Write {value}.0.",
            )


def list_length(subject: Subject) -> Iterator[Said]:
    """A list of longrope that has not one value a rotated pair."""
    for item in subject.of("longrope"):
        pairs = item.rope.rotary_dim // 2
        for key in ("short_factor", "long_factor"):
            length = len(item.values.get(key) or ())
            if length != pairs:
                yield item.said(
                    f"{item.path}.{key} has {number(length)} values for {number(pairs)} rotated "
                    "pairs: the product of frequencies fails",
                    f"Write one value a pair, {number(pairs)}, or fix partial_rotary_factor.",
                )


def head_dim_null(subject: Subject) -> Iterator[Said]:
    """A head_dim that is null, in the file or, where it has none, by the model's class."""
    kind, written = subject.model.model_type, "head_dim" in subject.text
    null = classes.class_or_any(kind).null_head
    by_class = null == "own"
    if subject.has("head_dim") or not (written or by_class):
        return
    scaled = next(subject.of(*classes.MULTIPLY_HEAD_DIM), None)
    if null == "load":
        reason = f"{kind} declares an integer and refuses it"
    elif null == "build":
        reason = f"{kind} computes with it, and stops with a TypeError"
    elif null and scaled is not None:
        reason = f"{scaled.method} scaling multiplies it, and stops with a TypeError"
    else:
        return
    fact = "is null" if written else f"is absent, and null in {kind}"
    cure = "" if by_class else ", or leave it out"
    yield Said(
        f"{subject.prefix}head_dim {fact}: {reason}",
        f"Write {subject.model.rope.head_dim}{cure}.",
    )


def refused_by_class(subject: Subject) -> Iterator[Said]:
    """A scaling that the model's class refuses as it reads the file."""
    kind, by_class = subject.model.model_type, ("transformers",)
    for item in subject.objects:
        if subject.refusals(item, "longrope-alone", by_class):
            yield item.said(
                f"{item.path} has {item.method} scaling, and {kind} takes none but longrope: "
                "ValueError",
                "Write the frequencies as longrope; ropecalc emit does.",
            )
        if subject.refusals(item, "no-mscales", by_class):
            missing = [key for key in classes.MSCALES if item.number(key) is None]
            yield item.said(
                f"{item.path} has no {' and no '.join(missing)}, which {kind} needs with any "
                "scaling: TypeError",
                "Add both, with what cos and sin are to be multiplied by on either side of the "
                "trained length.",
            )
