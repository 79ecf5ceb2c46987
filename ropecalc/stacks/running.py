"""One config.json as different stacks run it: their rules, read in their source or run.

The rules hold for the file as it is and for default options, and a length where one is asked
for (--max-model-len, --context-length, -c).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ropecalc.errors import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.results import StackRun
from ropecalc.stacks.registry import Stack, stack_named

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope
    from ropecalc.spectrum import Spectrum
    from ropecalc.stacks.asked import Taken
    from ropecalc.stacks.start import Start


def as_run(
    model: ModelConfig,
    rope: Rope,
    stack: str,
    context: int | None = None,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
) -> StackRun:
    """What a stack computes for one kind of layer of a config.json.

    Parameters
    ----------
    model : read from a config.json
    rope : one of ``model.ropes``
    stack : one of ``registry.COMPARED``
    context : the length that the stack is started for, tokens; None for its default
    weights, count_unrotated : as in Spectrum

    Raises
    ------
    InvalidValueError
        No such stack, a context outside its domain, or weights that do not fit.
    ConfigError
        A parameter of the file's is outside its domain.
    UnsupportedError
        The model is no config.json: other forms are written for one stack.
    """
    from ropecalc.stacks.start import Start

    check_form(model)
    started = Start(model, context)
    return run(stack_named(stack), started, rope, weights=weights, count_unrotated=count_unrotated)


def run(
    stack: Stack,
    start: Start,
    rope: Rope,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
) -> StackRun:
    """What a stack that is started computes for one kind of layer; see ``as_run``.

    ``rope`` is one of ``start.model.ropes``.
    """
    from ropecalc.stacks.asked import asked_of
    from ropecalc.stacks.unread import refusal

    kind = rope.layer_type
    refused = start.refusal
    if refused is None and not stack.reads_itself:
        refused = refusal(start.model)
    if refused is not None:
        return StackRun(stack.name, stack.version, kind, None, None, None, refused)
    taken: Taken = stack.required("run")(asked_of(start, rope))
    rules = (*start.rules, *taken.rules)
    if taken.refusal is not None:
        return StackRun(stack.name, stack.version, kind, None, None, None, taken.refusal, rules)
    return StackRun(
        stack=stack.name,
        version=stack.version,
        layer_type=kind,
        rope=taken.rope,
        spectrum=_spectrum(start.model, taken, stack.name, weights, count_unrotated),
        usable_length=taken.usable_length,
        rules=rules,
        short=taken.short,
    )


def started(
    stack: Stack, model: ModelConfig, override: Mapping[str, Any], context: int | None
) -> Start:
    """The model as a stack has it with some keys of its config overridden.

    Raises
    ------
    UnsupportedError
        The file has rope objects by kind of layer, and the stack's way with them is not known.
    ConfigError
        As ``parse_config``.
    """
    from ropecalc.stacks.start import Start

    check_form(model)
    if not override:
        return Start(model, context)
    found: Start = stack.required("start")(model, override, context)
    return found


def check_form(model: ModelConfig) -> None:
    """Raise UnsupportedError unless the model was read from a config.json."""
    if not model.form.startswith("transformers"):
        raise UnsupportedError(
            f"{model.source}: only one stack reads this file; pass the model's config.json, or a "
            "second model to compare it with"
        )


def _spectrum(
    model: ModelConfig,
    taken: Taken,
    stack: str,
    weights: Sequence[float] | None,
    count_unrotated: bool,
) -> Spectrum:
    from dataclasses import replace

    from ropecalc.scaling import from_rope

    try:
        found = from_rope(
            taken.rope,
            taken.length,
            weights=weights,
            count_unrotated=count_unrotated,
            label=stack,
        )
    except InvalidValueError as error:
        if error.parameter in ("context", "weights"):
            raise
        raise ConfigError(f"{model.source}: {error}") from None
    if taken.softmax_factor is None:
        return found
    return replace(found, softmax_factor=taken.softmax_factor)
