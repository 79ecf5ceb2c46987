"""Rules about lengths: the trained one, the extended one, and the factor between them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ropecalc.lint.subject import MAXIMUM, ORIGINAL, SERVERS, RopeObject, Said, Subject
from ropecalc.lint.words import literal, number, tokens
from ropecalc.quantities import listed

SAME = 1e-6  # relative: 2.6666667 for 8/3 is meant well


def _yarn(subject: Subject) -> Iterator[tuple[RopeObject, float, int, int]]:
    """YaRN with all of it in the file: (object, factor, trained length, context)."""
    for item in subject.of("yarn"):
        factor, original, context = item.number("factor"), subject.original(item), item.rope.context
        if factor and original and context:
            yield item, factor, original, context


def yarn_ratio(subject: Subject) -> Iterator[Said]:
    """A factor that is not the ratio of the lengths, and great enough."""
    for item, factor, original, context in _yarn(subject):
        least = context / original
        if context != original and factor > least * (1 + SAME):
            yield item.said(
                f"{item.path}.factor is {number(factor)}, but {MAXIMUM} {tokens(context)} over "
                f"{ORIGINAL} {tokens(original)} is {number(least)}: the factor is used, with a "
                f"warning, and {tokens(context)} stays the longest context",
                f"Set {MAXIMUM} to {tokens(original * factor)}.",
            )


def yarn_too_small(subject: Subject) -> Iterator[Said]:
    """A factor that does not reach the context."""
    for item, factor, original, context in _yarn(subject):
        if original * factor < context * (1 - SAME) and context != original:
            run = subject.run("vllm", item)
            ends = run is not None and any(rule.code == "table" for rule in run.rules)
            end = "vLLM's table of cos and sin ends there" if ends else "transformers warns"
            yield item.said(
                f"{item.path}.factor {number(factor)} extends {tokens(original)} to "
                f"{tokens(original * factor)} tokens, fewer than the {tokens(context)} of "
                f"{MAXIMUM}: {end}",
                f"Set factor to {literal(context / original)}, or {MAXIMUM} to "
                f"{tokens(original * factor)}.",
            )


def context_not_raised(subject: Subject) -> Iterator[Said]:
    """YaRN, with the context left at the trained length."""
    for item, factor, original, context in _yarn(subject):
        if context == original and factor > 1:
            yield item.said(
                f"{item.path}.factor {number(factor)} applies at every length, but {MAXIMUM} is "
                f"still the trained {tokens(original)}: stacks that use it serve no more",
                f"Set {MAXIMUM} to {tokens(original * factor)}.",
            )


def linear_twice(subject: Subject) -> Iterator[Said]:
    """Stacks that take the context for the length before linear scaling."""
    for item in subject.of("linear"):
        factor, context = item.rope.factor, item.rope.context
        if not factor or factor <= 1 or not context:
            continue
        if int(context * factor) in [subject.offered(stack, item) for stack in SERVERS]:
            yield item.said(
                f"{item.path}.factor {number(factor)} is applied to {MAXIMUM} {tokens(context)} "
                f"too: {tokens(context * factor)} tokens are offered, {number(factor)} times too "
                f"many if {tokens(context)} is the extended length",
                "Limit the context when you serve it: --max-model-len, --context-length.",
            )


def dynamic_original_length(subject: Subject) -> Iterator[Said]:
    """A trained length that dynamic scaling does not look at."""
    for item in subject.of("dynamic"):
        original, context = item.values.get(ORIGINAL), item.rope.context
        if isinstance(original, int) and context and original != context:
            yield item.said(
                f"{item.path}.{ORIGINAL} {tokens(original)} is not read: dynamic scaling takes "
                f"{MAXIMUM}, {tokens(context)}, for the trained length and does nothing up to it",
                f"Set {MAXIMUM} to {tokens(original)} and remove {ORIGINAL}.",
            )


def llama3_length(subject: Subject) -> Iterator[Said]:
    """Llama 3 scaling from a length that is not below the context."""
    for item in subject.of("llama3"):
        original, context = subject.original(item), item.rope.context
        if original and context and original >= context:
            yield item.said(
                f"{item.path}.{ORIGINAL} {tokens(original)} is not below {MAXIMUM} "
                f"{tokens(context)}: low frequencies are divided by "
                f"{number(item.rope.factor)} within the trained length",
                f"Set {MAXIMUM} to the extended length, or {ORIGINAL} to the trained one.",
            )


def _turns(subject: Subject) -> Iterator[tuple[RopeObject, float, float]]:
    for item in subject.of("llama3"):
        low, high = item.number("low_freq_factor"), item.number("high_freq_factor")
        if low is not None and high is not None:
            yield item, low, high


def llama3_step(subject: Subject) -> Iterator[Said]:
    """No blend between kept and divided frequencies."""
    for item, low, high in _turns(subject):
        if low == high:
            yield item.said(
                f"{item.path} has low_freq_factor and high_freq_factor {number(low)}: no pair is "
                "blended, and the formula as it is published divides by 0",
                "Leave it if the model was trained so, as Llama 4 Scout was.",
            )


def llama3_reversed(subject: Subject) -> Iterator[Said]:
    """The ends of the blend the wrong way round."""
    for item, low, high in _turns(subject):
        if high < low:
            yield item.said(
                f"{item.path}.high_freq_factor {number(high)} is below low_freq_factor "
                f"{number(low)}: transformers warns and blends nothing",
                "Exchange them; Llama 3.1 has low 1 and high 4.",
            )


def beta_order(subject: Subject) -> Iterator[Said]:
    """The ends of YaRN's ramp the wrong way round."""
    for item in subject.of("yarn"):
        fast, slow = item.number("beta_fast") or 32.0, item.number("beta_slow") or 1.0
        if fast < slow:
            yield item.said(
                f"{item.path}.beta_fast {number(fast)} is below beta_slow {number(slow)}: the "
                "ramp runs backwards, high frequencies are divided and low ones kept",
                "Exchange them; YaRN has beta_fast 32 and beta_slow 1.",
            )


def beta_zero(subject: Subject) -> Iterator[Said]:
    """An end of YaRN's ramp that is 0 or null: the default in transformers, an error elsewhere."""
    for item in subject.of("yarn"):
        stop = subject.refusals(item, "ramp-end")
        for key, default in (("beta_fast", 32), ("beta_slow", 1)):
            value = item.values.get(key, default)
            if value or (value is None and not stop):
                continue
            written, error = ("null", "TypeError") if value is None else (0, "ZeroDivisionError")
            fact = f"is {written}, which is taken for the default, {default}, in transformers"
            if stop:
                fact += f", and {listed(stop)} {'stop' if stop[1:] else 'stops'} with a {error}"
            yield item.said(
                f"{item.path}.{key} {fact}",
                f"Write {default}, or the number of turns that is meant.",
            )


def factor_below_one(subject: Subject) -> Iterator[Said]:
    """A factor that shortens."""
    for item in subject.of("linear"):
        factor = item.rope.factor
        if factor is not None and factor < 1:
            yield item.said(
                f"{item.path}.factor is {number(factor)}: frequencies are multiplied by "
                f"{number(1 / factor)}, which shortens the context instead of extending it",
                f"Write {literal(1 / factor)} if an extension is meant.",
            )


def window_beyond_context(subject: Subject) -> Iterator[Said]:
    """A sliding window that nothing ever leaves."""
    for rope in subject.model.ropes:
        if rope.window and rope.context and rope.window > rope.context:
            yield Said(
                f"The sliding window, {tokens(rope.window)}, is longer than the context, "
                f"{tokens(rope.context)}: it never takes effect",
                "Leave it, or write the window that is meant.",
                rope.layer_type,
            )


def attention_of(factor: float, original: int) -> float:
    """sqrt(1 + ln factor / ln original): longrope's attention factor [Ding2024]."""
    return math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 < original else 1.0
