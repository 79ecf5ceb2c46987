"""Rules about names: keys that are misspelt, out of place, doubled, or of another age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ropecalc.lint.subject import MAXIMUM, ORIGINAL, RopeObject, Said, Subject
from ropecalc.lint.words import literal, number
from ropecalc.models.classes import LONGROPE_ALONE, class_row, reads_by_kind_alone
from ropecalc.models.document import shown
from ropecalc.models.huggingface import is_flat
from ropecalc.quantities import listed
from ropecalc.scaling import mscale, yarn_attention_factor

COMMON = frozenset({"rope_type", "type", "rope_theta", "partial_rotary_factor"})
KEYS = {  # what the validators of transformers 5.23 take, beside the keys that all methods have
    "default": frozenset[str](),
    "linear": frozenset({"factor"}),
    "dynamic": frozenset({"factor"}),
    "yarn": frozenset(
        {"factor", ORIGINAL, "attention_factor", "beta_fast", "beta_slow"}
        | {"mscale", "mscale_all_dim", "truncate"}
    ),
    "longrope": frozenset({"factor", ORIGINAL, "attention_factor", "short_factor", "long_factor"}),
    "llama3": frozenset({"factor", ORIGINAL, "low_freq_factor", "high_freq_factor"}),
    "proportional": frozenset({"factor"}),  # read, but reported as unknown: proportional-factor
}
ALL_KEYS = COMMON.union(*KEYS.values())
# Some stack or class reads these, or they say nothing about the numbers.
OTHERS = frozenset(
    "mrope_section mrope_interleaved interleaved llama_4_scaling_beta max_position_embeddings "
    "short_mscale long_mscale alpha max_trained_positions mixed_b extrapolation_factor attn_factor "
    "finetuned rope_dim apply_yarn_scaling apply_scale sliding_attention full_attention".split()
)
OUTER_KEYS = (
    *("rope_theta", "rope_scaling", "rope_parameters", "rope_local_base_freq"),
    *(MAXIMUM, ORIGINAL, "partial_rotary_factor"),
)
LISTS = frozenset({"partial_rotary_factors"})  # Step-3.5: one a layer
SIMILAR, SIMILAR_OUTSIDE = 0.72, 0.88  # ratios of difflib; many more keys are outside


def unknown_key(subject: Subject) -> Iterator[Said]:
    """A key that no method has."""
    for item in subject.objects:
        for key in item.values:
            if key in ALL_KEYS | OTHERS or not item.has(key):
                continue
            near = get_close_matches(key, sorted(ALL_KEYS), 1, SIMILAR)
            cure = f"Write {near[0]}" if near else "Remove it"
            yield item.said(f"{item.path}.{key} is no key that is read", f"{cure}.")


def key_of_another_method(subject: Subject) -> Iterator[Said]:
    """A key that exists, but not for the method that the object has."""
    for item in () if _nested_ignored(subject) else subject.objects:
        foreign = ALL_KEYS - COMMON - KEYS.get(item.method, ALL_KEYS)
        for key in item.values:
            if key not in foreign or not item.has(key):
                continue
            if item.method == "dynamic" and key == ORIGINAL and _differs(item):
                continue  # dynamic-original-length says more
            others = ", ".join(name for name, keys in KEYS.items() if key in keys)
            yield item.said(
                f"{item.path}.{key} is not read with rope_type {item.method}",
                f"Remove it, or write the rope_type that reads it: {others}.",
            )


def _nested_ignored(subject: Subject) -> bool:
    """Whether the objects are by kind of layer, for a class that passes over them."""
    row = class_row(subject.model.model_type)
    nested = any(item.layer_type is not None for item in subject.objects)
    return nested and row is not None and row.kinds == "ignored"


def _differs(item: RopeObject) -> bool:
    return item.values.get(ORIGINAL) != item.rope.context


def misspelt_key(subject: Subject) -> Iterator[Said]:
    """A key outside the rope object that is nearly one that is read."""
    for key in subject.text:
        near = get_close_matches(key, OUTER_KEYS, 1, SIMILAR_OUTSIDE)
        if near and key not in (*OUTER_KEYS, *LISTS):
            yield Said(
                f"{subject.prefix}{key} is no key that is read; {near[0]} is one",
                f"Write {near[0]}.",
            )


def attn_factor(subject: Subject) -> Iterator[Said]:
    """YaRN's attention_factor under llama.cpp's and SGLang's name."""
    for item in subject.of("yarn"):
        value = item.number("attn_factor")
        if value is None:
            continue
        factor = item.rope.factor or 1.0
        theirs = _attention(item.rope.parameters)
        yield item.said(
            f"{item.path}.attn_factor {number(value)} is read only by SGLang, which multiplies "
            f"its {number(mscale(factor))} by it; the others do without it and multiply cos and "
            f"sin by {number(theirs)}",
            f"Write attention_factor {literal(mscale(factor) * value)} if that is meant.",
        )


def _attention(parameters: Mapping[str, Any]) -> float:
    given = parameters.get("attention_factor")
    pair = parameters.get("mscale"), parameters.get("mscale_all_dim")
    return float(given or yarn_attention_factor(parameters["factor"], *pair))


def su_name(subject: Subject) -> Iterator[Said]:
    """Longrope under its first name, which transformers 5 reads in Phi-3 alone, and there late."""
    for item in subject.objects:
        stops = subject.refusals(item, "unknown-type", ("transformers",))
        if item.written_method != "su" or not stops:
            continue
        fact = f'{item.path} has "su", which transformers 5 does not know: KeyError'
        if subject.model.model_type in LONGROPE_ALONE:
            fact = (
                f'{item.path} has "su", which transformers 5 renames too late to find '
                f"{ORIGINAL} outside the object: KeyError"
            )
        yield item.said(fact, 'Write "longrope".')


def yarn_for_longrope(subject: Subject) -> Iterator[Said]:
    """Longrope under the name of YaRN, as Phi-3's first code had it."""
    for item in subject.of("longrope"):
        if item.written_method == "yarn":
            yield item.said(
                f'{item.path} has "yarn" and the lists of longrope, which is what '
                "Phi-3's own class takes it for, and no other reader has to",
                'Write "longrope".',
            )


def legacy_type(subject: Subject) -> Iterator[Said]:
    """The method under ``type`` alone."""
    for item in subject.objects:
        # these have findings of their own
        renamed = item.method == "longrope" != item.written_method
        apart = renamed or _overlooked(subject, item)
        if item.has("type") and not item.has("rope_type") and not apart:
            name = shown(item.values["type"])
            yield item.said(
                f"{item.path} has its method only under type, {name}: right in the file, but "
                "refused where the object is passed on as an override",
                f'Add "rope_type": {name}.',
            )


def type_overlooked(subject: Subject) -> Iterator[Said]:
    """``type`` alone, in a class that has a rope_type by default for every kind of layer."""
    for item in subject.objects:
        if _overlooked(subject, item) and item.written_method != "default":
            yield item.said(
                f"{item.path} has {shown(item.values['type'])} only under type: transformers "
                f"sets rope_type default for {subject.model.model_type} first, and scales nothing",
                f'Write "rope_type": {shown(item.values["type"])}.',
            )


def _overlooked(subject: Subject, item: RopeObject) -> bool:
    by_layer = reads_by_kind_alone(subject.model.model_type) and item.layer_type is None
    return by_layer and item.has("type") and not item.has("rope_type")


def flat_not_read(subject: Subject) -> Iterator[Said]:
    """One rope object for all layers, for a class that looks for one a kind of layer."""
    kind = subject.model.model_type
    values = subject.text.get("rope_parameters")
    if subject.has("rope_scaling") or not isinstance(values, Mapping) or not is_flat(values, kind):
        return
    row = class_row(kind)
    does = "refuses it" if row is not None and row.flat == "stops" else "passes over it"
    yield Said(
        f"{subject.prefix}rope_parameters is one object for all layers, but {kind} has one a kind "
        f"of layer: transformers 5 {does}",
        "Write one object a kind of layer, full_attention and sliding_attention.",
    )


def two_types(subject: Subject) -> Iterator[Said]:
    """``type`` and ``rope_type`` that say different things."""
    for item in subject.objects:
        old, new = item.values.get("type"), item.values.get("rope_type")
        if old is not None and new is not None and old != new:
            stopped = subject.refusals(item, "two-types")
            stops = f", and {listed(stopped)} stops with a ValueError" if stopped else ""
            yield item.said(
                f"{item.path} has type {shown(old)} and rope_type {shown(new)}: transformers 5 "
                f"takes rope_type, classes of transformers 4 take type{stops}",
                "Keep only rope_type.",
            )


def both_objects(subject: Subject) -> Iterator[Said]:
    """rope_scaling beside rope_parameters, and not the same."""
    old, new = (subject.text.get(key) for key in ("rope_scaling", "rope_parameters"))
    if not isinstance(old, Mapping) or not isinstance(new, Mapping) or not (old and new):
        return
    if any(isinstance(value, Mapping) for value in (*old.values(), *new.values())):
        return
    base = old.get("rope_theta") or subject.text.get("rope_theta") or subject.model.rope.base
    ours, theirs = _plain(old) | {"rope_theta": base}, {"rope_theta": base} | _plain(new)
    apart = [key for key in sorted(ours | theirs) if ours.get(key) != theirs.get(key)]
    if apart:
        key = apart[0]
        yield Said(
            f"{subject.prefix}rope_scaling and {subject.prefix}rope_parameters differ in {key}, "
            f"{shown(ours.get(key))} and {shown(theirs.get(key))}: rope_scaling wins",
            "Keep only rope_parameters, with rope_theta in it.",
        )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its method under one name."""
    method = values.get("rope_type") or values.get("type") or "default"
    return {**{k: v for k, v in values.items() if k != "type"}, "rope_type": method}


def base_twice(subject: Subject) -> Iterator[Said]:
    """One base in the rope object, and another outside."""
    outside = subject.text.get("rope_theta")
    for item in subject.objects:
        inside = item.values.get("rope_theta")
        if item.layer_type is None and None not in (inside, outside) and inside != outside:
            yield Said(
                f"{item.path}.rope_theta is {shown(inside)} and {subject.prefix}rope_theta is "
                f"{shown(outside)}: transformers 5 takes the first, transformers 4 the second",
                "Write the same base in both places.",
            )


def original_length_twice(subject: Subject) -> Iterator[Said]:
    """One trained length in the rope object, and another outside."""
    outside = subject.text.get(ORIGINAL)
    for item in subject.of("yarn", "longrope", "llama3"):
        inside = item.values.get(ORIGINAL)
        if item.layer_type is None and None not in (inside, outside) and inside != outside:
            yield Said(
                f"{subject.prefix}{ORIGINAL} is {shown(outside)} and overwrites the "
                f"{shown(inside)} of {item.path}",
                "Write the trained length only in the rope object.",
            )


def nested_not_read(subject: Subject) -> Iterator[Said]:
    """Rope objects by kind of layer, for a class that has one kind."""
    kind = subject.model.model_type
    if _nested_ignored(subject):
        yield Said(
            f"{subject.prefix}rope_parameters is told apart by kind of layer, but {kind} has one "
            "kind: transformers 5 passes over the inner objects and takes the base "
            "outside of them, or its default",
            "Write one flat object.",
        )
