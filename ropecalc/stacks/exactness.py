"""Whether what was written is the setting: the text is read back, and the stack is run with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ropecalc.errors import ConfigError, UnsupportedError
from ropecalc.stacks.keys import is_nested
from ropecalc.stacks.wanted import deeds

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope, StackRun
    from ropecalc.spectrum import Spectrum
    from ropecalc.stacks.registry import Stack
    from ropecalc.stacks.start import Start
    from ropecalc.stacks.wanted import Wanted
    from ropecalc.stacks.words import Written

SAME = 1e-9  # relative; stacks round to float32, 6e-8, and rules differ by far more or not at all


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a setting in a stack."""

    exact: bool
    """Whether the stack computes the setting."""
    verified: bool
    """Whether that was found by running what was written; else its writer says so."""
    why: tuple[str, ...] = ()
    """Why it is not exact."""
    starts: bool = True
    """Whether the stack starts with the text at all."""


def outcome(stack: Stack, goal: Wanted, written: Written) -> Outcome:
    """Whether the stack computes the setting from what was written.

    The stack is run as that text starts it. It has to serve the length, with the frequencies and
    factors of the setting in the setting's kind of layers and those of the file in every other
    kind: at the whole context, and at shorter prompts where they differ with dynamic scaling. (Of
    two lists of longrope each stack has its own way to choose.) A stack whose code is not modelled
    is not run: there the writer has the word.
    """
    if not written.text:
        return Outcome(False, False, tuple(written.why))
    if not stack.runs:
        return Outcome(not written.why, False, tuple(written.why))
    try:
        start = stack.required("override")(_model(stack, goal), written.text)
        return outcome_of(stack, goal, start, written.why)
    except (ConfigError, UnsupportedError) as error:  # nothing is known of what it would compute
        return Outcome(False, False, (*written.why, str(error)))


def outcome_of(stack: Stack, goal: Wanted, start: Start, why: Sequence[str] = ()) -> Outcome:
    """The same of a stack that is started; ``why`` is what its writer knows of the reasons."""
    found = _run(stack, start)
    refusals = [run.refusal.text for _, run in found if run.refusal is not None]
    if refusals:
        return Outcome(False, True, tuple(dict.fromkeys(refusals)), starts=False)
    missed = {
        rope.layer_type: run for rope, run in found if run.short or not _is_met(goal, rope, run)
    }
    if not missed:
        return Outcome(True, True)
    rules = [text for run in missed.values() for text in _reasons(run)]
    return Outcome(False, True, tuple(why or rules or [_elsewhere(stack, goal, missed)]))


def _elsewhere(stack: Stack, goal: Wanted, kinds: Iterable[str]) -> str:
    others = [kind for kind in kinds if kind != goal.rope.layer_type]
    where = f", in {', '.join(others)} layers" if others else ""
    return f"{stack.label} computes other frequencies or factors from it{where}"


def _run(stack: Stack, start: Start) -> list[tuple[Rope, StackRun]]:
    """What the stack computes for every kind of layer."""
    from ropecalc.stacks.running import run

    alone = replace(start, rules=())  # what it did with the overrides is no reason
    return [(rope, run(stack, alone, rope)) for rope in start.model.ropes]


def _reasons(run: StackRun) -> list[str]:
    """What the stack does otherwise, that of the length first."""
    rules = [run.short, *run.rules] if run.short else list(run.rules)
    return [rule.text for rule in rules if rule is not None]


def _model(stack: Stack, goal: Wanted) -> ModelConfig:
    """The model's own file, or a small one of a plain class, where there is none or another's."""
    by_gguf = stack.name in ("llama.cpp", "koboldcpp")
    forms = ("transformers", "gguf") if by_gguf else "transformers"
    if goal.model is not None and goal.model.form.startswith(forms):
        return goal.model
    from ropecalc.models.huggingface import parse_config
    from ropecalc.stacks.wanted import partial_factor

    rope = goal.was or goal.rope
    part = partial_factor(rope)
    known = goal.own_context or goal.original or goal.context
    if by_gguf and goal.own_context is None:
        known = max(known, goal.context)  # its note says how to lift the cap of a file of less
    plain = {
        "model_type": "llama" if part is None else "glm4_moe",  # not all classes know of parts
        "head_dim": rope.head_dim,
        "rope_theta": rope.base,
        "max_position_embeddings": known,
        "partial_rotary_factor": part or 1.0,
    }
    return parse_config(plain, "a plain model")


def _is_met(goal: Wanted, rope: Rope, found: StackRun) -> bool:
    """Whether one kind of layer has what it should have."""
    wanted = _wanted(goal, rope)
    begins = wanted.original_context if wanted.rope_type == "dynamic" else None
    return all(_same(wanted, found, length) for length in {goal.context, begins or goal.context})


def _wanted(goal: Wanted, rope: Rope) -> Rope:
    """The rope that a kind of layer should have: the setting's, or what the file has."""
    ropes = {} if goal.model is None else {own.layer_type: own for own in goal.model.ropes}
    own = ropes.get(rope.layer_type)
    if own is None or rope.layer_type == goal.rope.layer_type:
        return goal.rope
    shared = goal.was is not None and deeds(own) == deeds(goal.was)
    return goal.rope if shared and not is_nested(goal) else own


def _same(wanted: Rope, found: StackRun, length: int) -> bool:
    from ropecalc.scaling import from_rope

    assert found.spectrum is not None
    assert found.rope is not None
    if found.rope.rope_type == "dynamic":  # which follows the prompt
        own = from_rope(found.rope, length)
        own = replace(own, softmax_factor=found.spectrum.softmax_factor)
        return _alike(from_rope(wanted, length), own)
    return _alike(from_rope(wanted, length), found.spectrum)


def _alike(one: Spectrum, other: Spectrum) -> bool:
    if one.rotary_dim != other.rotary_dim:
        return False
    frequencies = abs(one.angular_frequencies / other.angular_frequencies - 1).max() < SAME
    factors = abs(one.attention_factor / other.attention_factor - 1) < SAME
    softmax = abs(one.softmax_factor / other.softmax_factor - 1) < SAME
    return bool(frequencies and factors and softmax)
