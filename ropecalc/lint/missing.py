"""Rules about what a file leaves to its stack, or hides from an older one."""

from __future__ import annotations

from collections.abc import Iterator

from ropecalc.lint.subject import MAXIMUM, ORIGINAL, SERVERS, Said, Subject
from ropecalc.lint.words import literal, number, tokens
from ropecalc.models.classes import PLAIN_BASE, default_base
from ropecalc.quantities import listed
from ropecalc.results import Rope
from ropecalc.stacks.transformers4.classes import AFTER_4

KEYLESS = ("gptj", "codegen", "chatglm")  # their code has the base, no file does


def missing_theta(subject: Subject) -> Iterator[Said]:
    """No base where transformers 5 looks, in a file whose stack will not guess 10,000 either."""
    if subject.model.model_type in KEYLESS or subject.has_base:
        return
    if subject.has("rope_parameters") and not subject.has("rope_scaling"):
        for item in subject.objects:
            if not item.has("rope_theta"):
                yield _of_class(subject, f"{item.path} has", item.rope, item.layer_type)
        return
    inside = any(item.has("rope_theta") for item in subject.objects)
    if subject.is_hugging_face and not inside and subject.model.rope.base != PLAIN_BASE:
        yield _of_class(subject, "The file has", subject.model.rope, None)


def _of_class(subject: Subject, who: str, rope: Rope, layer_type: str | None) -> Said:
    found = subject.overridden("vllm", {"rope_type": "default"})
    base = None if found is None or found.rope is None else number(found.rope.base)
    return Said(
        f"{who} no rope_theta: from the file, transformers takes the default of its class, "
        f"{number(rope.base)}; set on a loaded config, a rope object without it leaves "
        f"transformers without a base, and {f'vLLM with {base}' if base else 'stops vLLM'}",
        f"Add rope_theta {rope.base!r}.",
        layer_type,
    )


def implied_theta(subject: Subject) -> Iterator[Said]:
    """No base in a file of the older form, where all take 10,000."""
    silent = not subject.has_base and not any(o.has("rope_theta") for o in subject.objects)
    known = subject.model.model_type not in KEYLESS and subject.model.rope.base == PLAIN_BASE
    if subject.is_hugging_face and silent and known and not subject.has("rope_parameters"):
        yield Said(
            "The file has no rope_theta: 10,000 is taken, from the file; a rope_scaling that is "
            "set on the loaded config without rope_theta leaves it without a base",
            "Add rope_theta 10000.0.",
        )


def missing_original_length(subject: Subject) -> Iterator[Said]:
    """No trained length for a method that is built on it."""
    for item in subject.of("yarn", "longrope", "llama3"):
        if subject.original(item) is None and not item.has(ORIGINAL):
            yield item.said(
                f"{item.path} has no {ORIGINAL}: {MAXIMUM}, {tokens(item.rope.context or 0)}, is "
                "taken for the trained length",
                f"Add {ORIGINAL} with the length before the extension.",
            )


def missing_factor(subject: Subject) -> Iterator[Said]:
    """YaRN without its factor; the other methods that need one are not read at all without it."""
    for item in subject.of("yarn"):
        if item.has("factor"):
            continue
        ratio, null = item.rope.factor or 1.0, "factor" in item.values
        stopped = subject.refusals(item, "missing-factor", ("transformers", *SERVERS))
        does = []
        if null:
            does.append(f"transformers warns and takes {MAXIMUM} over {ORIGINAL}, {number(ratio)}")
        if stopped:
            error = "TypeError" if null else "KeyError"
            does.append(f"{listed(stopped)} {'stop' if stopped[1:] else 'stops'} with a {error}")
        left = subject.run("llama.cpp", item)
        if left is not None and left.rope is not None and left.rope.rope_type == "default":
            does.append("and llama.cpp leaves YaRN out")
        known = f"factor {literal(ratio)}, {MAXIMUM} over {ORIGINAL}"
        what = f"{item.path}{'.factor is null' if null else ' has no factor'}"
        yield item.said(
            f"{what}: {', '.join(does)}" if does else what,
            # a ratio of 1 says that one of the lengths is not written yet
            f"Add {known if ratio > 1 else 'factor, the extended length over the trained one'}.",
        )


def longrope_factor(subject: Subject) -> Iterator[Said]:
    """The factor of longrope from the ratio of contexts."""
    for item in subject.of("longrope"):
        original = item.rope.original_context
        if not item.has("factor") and original and item.rope.context:
            yield item.said(
                f"{item.path} has no factor: {MAXIMUM} over {ORIGINAL}, "
                f"{number(item.rope.context / original)}, is taken, so that a change of either "
                "changes the attention factor",
                f"Add factor {literal(item.rope.context / original)}.",
            )


def new_form_only(subject: Subject) -> Iterator[Said]:
    """Keys of transformers 5 alone: an older reader takes defaults and says nothing."""
    model = subject.model
    if model.form != "transformers-5" or subject.has("rope_scaling"):
        return
    if model.model_type in AFTER_4:
        return
    lost = []
    if not subject.has_base and model.rope.base != _default(model.model_type or ""):
        lost.append(f"the base {number(model.rope.base)}")
    scaled = [item for item in subject.objects if item.method != "default"]
    lost += [f"the {item.method} scaling" for item in scaled[:1]]
    if lost:
        yield Said(
            f"Only {subject.prefix}rope_parameters has {' and '.join(lost)}: a reader that looks "
            "for rope_theta and rope_scaling takes its defaults, without a word",
            "Add rope_theta, and rope_scaling where there is scaling, at the top level too.",
        )


def _default(model_type: str) -> float:
    """The base of a class, in layers that see the whole context."""
    return default_base(model_type) or PLAIN_BASE
