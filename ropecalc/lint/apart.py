"""Rules about what stacks make different things of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ropecalc.errors import InvalidValueError
from ropecalc.lint.lengths import SAME, attention_of
from ropecalc.lint.subject import MAXIMUM, SERVERS, RopeObject, Said, Subject
from ropecalc.lint.words import literal, number, tokens
from ropecalc.models.gguf import READS_EXTRAPOLATION
from ropecalc.models.megatron import LLAMA3, LLAMA3_FACTOR
from ropecalc.quantities import listed
from ropecalc.results import Rope
from ropecalc.scaling import dynamic_base, mscale, yarn_attention_factor
from ropecalc.stacks.registry import Stack

UNREAD_IN_GGUF = (".rope.scaling.yarn_attn_factor", ".rope.scaling.yarn_ext_factor")


def dynamic_apart(subject: Subject) -> Iterator[Said]:
    """Dynamic scaling, which stacks do not compute alike."""
    for item in subject.of("dynamic"):
        rope, factor, context = item.rope, item.rope.factor, item.rope.context
        if not factor or not context or factor <= 1 or item.has("max_trained_positions"):
            continue
        longest = _longest_base(rope, factor, context)
        if longest is None:
            continue
        base = f"the base of {tokens(context * factor)} tokens, {number(round(longest))}"
        following, apart = _dynamic_stacks(subject, item, base)
        yield item.said(
            f"{item.path} scales by the length at hand beyond {tokens(context)} tokens, in "
            f"{listed(following)}: {'; '.join(apart)}",
            f'Use YaRN, or "default" with the base of the length that is served, '
            f"{number(round(longest))} for {tokens(context * factor)} tokens.",
        )


def _dynamic_stacks(subject: Subject, item: RopeObject, base: str) -> tuple[list[str], list[str]]:
    """(who scales by the length at hand, what the others do)."""
    following, apart = ["transformers"], []
    for label, run in subject.runs(item).items():
        method = None if run.rope is None else run.rope.rope_type
        if method == "dynamic":
            following.append(label)
        elif method is not None:
            does = "does not scale" if method == "default" else f"always has {base}"
            apart.append(f"{label} {does}")
    return following, [*apart, "llama.cpp does not know it"]


def _longest_base(rope: Rope, factor: float, context: int) -> float | None:
    """The base of dynamic scaling at factor times the context; None where there is none."""
    try:
        return dynamic_base(
            rope.base,
            rope.rotary_dim,
            factor=factor,
            original_context=context,
            length=math.ceil(context * factor),
        )
    except (InvalidValueError, OverflowError):  # outside-domain says it
        return None


def rounded_ramp(subject: Subject) -> Iterator[Said]:
    """A ramp that begins and ends between two pairs, in stacks that round."""
    for item in subject.of("yarn"):
        if item.values.get("truncate") is False and item.layer_type is None:
            runs = [(Stack(stack).label, subject.run(stack, item)) for stack in SERVERS]
            rounds = [label for label, run in runs if run and run.rope and _rounds(run.rope)]
            others = listed(["llama.cpp", "mlx-lm", *rounds])
            serving = listed(["transformers", *(label for label, _ in runs if label not in rounds)])
            yield Said(
                f"{item.path}.truncate is false, but {others} always round the ends of the ramp "
                "to whole pairs: their frequencies within it differ",
                f"Serve it where truncate is read: {serving}.",
            )


def _rounds(rope: Rope) -> bool:
    return rope.rope_type == "yarn" and bool(rope.parameters.get("truncate", True))


def nested_truncate(subject: Subject) -> Iterator[Said]:
    """``truncate`` where transformers 5 does not look for it."""
    for item in subject.of("yarn"):
        if item.layer_type is not None and item.values.get("truncate") is False:
            yield item.said(
                f"{item.path}.truncate is false, but transformers 5 looks for it one level up and "
                "rounds the ends of the ramp all the same",
                "Write truncate beside the kinds of layers as well.",
            )


def attention_factor(subject: Subject) -> Iterator[Said]:
    """An attention factor of YaRN that is not the one that follows from the rest."""
    for item in subject.of("yarn"):
        given, factor = item.number("attention_factor"), item.rope.factor
        computed = yarn_attention_factor(factor or 1.0, *_pair(item.rope))
        if not given or abs(given / computed - 1) <= SAME:
            continue
        deaf: list[str] = []
        hear = ["transformers"]
        for label, run in subject.runs(item, (*SERVERS, "llama.cpp")).items():
            if run.spectrum is not None:
                same = abs(run.spectrum.attention_factor / given - 1) <= SAME
                (hear if same else deaf).append(label)
        if not deaf:  # each hears it, or refuses the file
            continue
        yield item.said(
            f"{item.path}.attention_factor is {number(given)}, but {listed(deaf)} "
            f"{'compute' if deaf[1:] else 'computes'} theirs from the factor, {number(computed)}",
            f"Remove it if the computed one is right; else serve it in {listed(hear)}.",
        )


def _pair(rope: Rope) -> tuple[float | None, float | None]:
    return rope.parameters.get("mscale"), rope.parameters.get("mscale_all_dim")


def one_mscale(subject: Subject) -> Iterator[Said]:
    """One of the pair mscale and mscale_all_dim."""
    for item in subject.of("yarn"):
        one, other = _pair(item.rope)
        factor = item.rope.factor or 1.0
        if bool(one) == bool(other) or item.has("attention_factor"):
            continue
        taken = mscale(factor)
        meant = mscale(factor, one or 1.0) / mscale(factor, other or 0.0)
        if abs(meant / taken - 1) > SAME:
            name, missing = ("mscale", "mscale_all_dim")[:: 1 if one else -1]
            yield item.said(
                f"{item.path}.{name} {number(one or other)} has no {missing} beside it and is left "
                f"out: cos and sin are multiplied by {number(taken)}; the pair, with "
                f"{'0' if one else '1'} for the missing one, would make it {number(meant)}",
                f"Write attention_factor {literal(meant)} if that is meant, else remove {name}.",
            )


def longrope_attention(subject: Subject) -> Iterator[Said]:
    """An attention factor of longrope that vLLM does not arrive at."""
    for item in subject.of("longrope"):
        original, run = item.rope.original_context, subject.run("vllm", item)
        if not original or run is None or run.spectrum is None or item.has("short_mscale"):
            continue
        given = item.number("attention_factor")
        ours = given or attention_of(item.rope.factor or 1.0, original)
        theirs = run.spectrum.attention_factor
        if abs(ours / theirs - 1) > SAME:
            key = "attention_factor" if given else "factor"
            yield item.said(
                f"{item.path}.{key} makes the attention factor {number(ours)}, but vLLM computes "
                f"{number(theirs)} from {MAXIMUM} alone",
                f"Add short_mscale and long_mscale {literal(ours)}, which vLLM reads.",
            )


def longrope_switch(subject: Subject) -> Iterator[Said]:
    """Two lists, and a switch that stacks put in different places."""
    for item in subject.of("longrope"):
        original, run = item.rope.original_context, subject.run("vllm", item)
        if run is None or not any(rule.code == "one-list" for rule in run.rules):
            continue
        if original and item.values.get("short_factor") != item.values.get("long_factor"):
            yield item.said(
                f"Beyond {tokens(original)} tokens long_factor takes over: in transformers with "
                "the prompt that grows past it, in vLLM for all requests of a server whose "
                "--max-model-len is longer",
                f"Serve short prompts with --max-model-len {original}.",
            )


def dual_chunk(subject: Subject) -> Iterator[Said]:
    """Distances that are folded into chunks, where the stack knows how."""
    key = "dual_chunk_attention_config"
    given = subject.text.get(key)
    if isinstance(given, Mapping):
        size = given.get("chunk_size")
        chunks = f" of {tokens(size)} tokens" if type(size) is int else ""
        yield Said(
            f"{subject.prefix}{key} folds distances into chunks{chunks} in vLLM; transformers does "
            "not read it, and every distance up to the context occurs",
            "Serve contexts beyond a chunk in vLLM.",
        )


def proportional_factor(subject: Subject) -> Iterator[Said]:
    """A factor beside proportional rotation."""
    for item in subject.of("proportional"):
        factor = item.number("factor")
        runs = subject.runs(item).items()
        deaf = [n for n, run in runs if any(rule.code == "factor-left-out" for rule in run.rules)]
        if deaf and factor is not None:
            yield item.said(
                f"{item.path}.factor {number(factor)} divides the frequencies in transformers, "
                f"which warns that it does not know it; {listed(deaf)} "
                f"{'leave' if deaf[1:] else 'leaves'} it out",
                "Remove it.",
            )


def megatron_llama3(subject: Subject) -> Iterator[Said]:
    """Llama 3 scaling with other constants than Megatron-LM's."""
    for item in subject.of("llama3"):
        values = item.rope.parameters
        apart = [key for key, constant in LLAMA3.items() if values[key] != constant]
        if apart:
            given = " ".join(number(values[key]) for key in LLAMA3)
            yield item.said(
                f"Trained length, low and high factor are {given.replace(' ', ', ')}; "
                "Megatron-LM's --use-rope-scaling has 8,192, 1 and 4 and no option for them",
                "Patch its constants before you train on from this checkpoint.",
            )


def megatron_factor(subject: Subject) -> Iterator[Said]:
    """Llama 3 scaling by another factor than 8."""
    for rope in subject.model.ropes:
        mine = subject.is_hugging_face or subject.model.form == "megatron"
        if mine and rope.rope_type == "llama3" and rope.factor != LLAMA3_FACTOR:
            yield Said(
                f"The factor is {number(rope.factor)}, but Megatron-LM's GPT models take 8 "
                "whatever --rope-scaling-factor says",
                "Use a version with pull request 6306.",
                rope.layer_type,
            )


def megatron_base(subject: Subject) -> Iterator[Said]:
    """A base that is no integer."""
    for rope in subject.model.ropes:
        if subject.is_hugging_face and not float(rope.base).is_integer():
            yield Said(
                f"The base {number(rope.base)} is no integer, and Megatron-LM's --rotary-base and "
                "Megatron-DeepSpeed's option take nothing else",
                f"Train on with {number(round(rope.base))} there.",
                rope.layer_type,
            )


def litgpt_ramp(subject: Subject) -> Iterator[Said]:
    """YaRN in LitGPT."""
    item: RopeObject | None = next(subject.of("yarn"), None)
    if item is not None and (item.rope.factor or 1.0) > 1:
        yield item.said(
            "LitGPT's ramp runs the other way: it divides the high frequencies by "
            f"{number(item.rope.factor)} and keeps the low ones",
            "Train on from this checkpoint elsewhere.",
        )


def gguf_unread(subject: Subject) -> Iterator[Said]:
    """Metadata that llama.cpp writes and does not read."""
    if subject.model.form != "gguf" or subject.model.model_type in READS_EXTRAPOLATION:
        return
    for key in subject.model.document:
        if key.endswith(UNREAD_IN_GGUF):
            yield Said(
                f"{key} is read only for Grok: the factor of cos and sin is computed from the "
                "scaling factor",
                "No change of the file fixes it.",
            )
