"""One config.json as different stacks run it: their rules, read in their source.

``as_run`` is what a stack computes for one kind of layer; each stack has a module with ``VERSION``
and ``run``. The rules hold for the file as it stands and for default options, and a length where
one is asked for (--max-model-len, --context-length, -c).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ropecalc.errors import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.results import StackRule, StackRun

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope
    from ropecalc.spectrum import Spectrum
    from ropecalc.stacks.asked import Taken

MODULES = {
    "transformers": "transformers",
    "vllm": "vllm",
    "sglang": "sglang",
    "llama.cpp": "llama_cpp",
}
STACKS = tuple(MODULES)


def as_run(
    model: ModelConfig,
    rope: Rope,
    stack: str,
    context: int | None = None,
    *,
    flags: frozenset[str] = frozenset(),
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
) -> StackRun:
    """What a stack computes for one kind of layer of a config.json.

    Parameters
    ----------
    model : read from a config.json
    rope : one of ``model.ropes``
    stack : one of ``STACKS``
    context : the length that the stack is started for, tokens; None for its default
    flags : the keys of the rope object that come from the stack's command line
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
    check_stack(stack)
    check_form(model)
    from ropecalc.stacks.asked import asked_of

    module = import_module(f"ropecalc.stacks.{MODULES[stack]}.run")
    taken: Taken = module.run(asked_of(model, rope, context, flags))
    if taken.refusal is not None:
        return refused(stack, rope.layer_type, taken.refusal, tuple(taken.rules))
    return StackRun(
        stack=stack,
        version=module.VERSION,
        layer_type=rope.layer_type,
        rope=taken.rope,
        spectrum=_spectrum(model, taken, stack, weights, count_unrotated),
        usable_length=taken.usable_length,
        rules=tuple(taken.rules),
    )


def refused(
    stack: str, layer_type: str, refusal: StackRule | None, rules: tuple[StackRule, ...] = ()
) -> StackRun:
    """The StackRun of a stack that does not run a config."""
    version = import_module(f"ropecalc.stacks.{MODULES[stack]}.run").VERSION
    return StackRun(stack, version, layer_type, None, None, None, refusal, rules)


def overridden(
    model: ModelConfig, override: Mapping[str, Any], stack: str
) -> tuple[ModelConfig | None, StackRule | None]:
    """See ``ropecalc.stacks.overriding.overridden``; checks the stack's name first."""
    from ropecalc.stacks import overriding

    check_stack(stack)
    check_form(model)
    return overriding.overridden(model, override, stack)


def check_stack(stack: str) -> None:
    """Raise InvalidValueError unless it is one of ``STACKS``."""
    if stack not in MODULES:
        raise InvalidValueError("stack", f"stack must be one of {', '.join(STACKS)}, got {stack!r}")


def check_form(model: ModelConfig) -> None:
    """Raise UnsupportedError unless the model was read from a config.json."""
    if not model.form.startswith("transformers"):
        raise UnsupportedError(
            f"{model.source}: is written for one stack alone; pass the config.json of the model"
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
