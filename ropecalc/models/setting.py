"""Making a setting from a model as it is, with some parts replaced."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.likeness import none_of
from ropecalc.models.lengths import original_of
from ropecalc.models.named import as_model, called
from ropecalc.quantities import LARGEST
from ropecalc.results import Setting
from ropecalc.results.configs import check_rope
from ropecalc.scaling.domains import exact_base, positive
from ropecalc.spectrum import checked_integer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ropecalc.results import ModelConfig, Rope

ROPE_TYPES = (
    *("default", "linear", "ntk_aware", "ntk_fixed", "dynamic", "yarn", "llama3"),
    *("mrrope_uni", "mrrope_pro", "ntk_rcd", "yarn_rcd", "cope", "proportional"),
)
WITH_ORIGINAL = ("dynamic", "yarn", "llama3", "mrrope_uni", "mrrope_pro", "ntk_rcd", "yarn_rcd")
FACTORLESS = ("default", "cope", "proportional")
# Whose factor may grow until the bound is met; yarn_rcd is yarn with another beta_slow.
FACTORS = tuple(name for name in ROPE_TYPES if name not in (*FACTORLESS, "ntk_fixed"))
# What may follow a method's name after a colon, such as yarn-rcd:30.
NUMBERED = {"ntk_rcd": "critical_pair", "yarn_rcd": "critical_pair", "cope": "clipped"}
SHARED = "proportional"  # whose number is the part of the head that turns
MOST_TOKENS = int(LARGEST)
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}


@isolated
def make_setting(
    model: ModelConfig | str | PathLike[str] | None,
    rope: Rope | None = None,
    *,
    context: int | None = None,
    base: float | None = None,
    rope_type: str | None = None,
    factor: float | None = None,
    original_context: int | None = None,
    model_name: str | None = None,
) -> Setting:
    """The setting that a model's rope is, or that it becomes with other parts: what ``emit`` takes.

    ``rope`` is the model's first unless given. ``model_name`` is what a stack's command calls the
    model: its repository or folder where a name or a path was given, else MODEL.

    A ``rope_type`` replaces the scaling: its ``factor`` is ``context`` over ``original_context``
    unless given, and that is as ``original_of`` has it unless given; with a factor the context is
    their product unless given. Without a ``rope_type``, ``factor`` and ``original_context`` replace
    those of the rope's own scaling. Some methods take a number after a colon: the critical pair of
    ntk-rcd and yarn-rcd, the pairs that cope clips, the part of the head of proportional (p-RoPE).

    Raises
    ------
    InvalidValueError
        The method is not known, a part does not belong to it, or one is missing: a new scaling
        needs its factor, or the context to reach.

    >>> found = make_setting("Qwen3-8B", rope_type="yarn", context=131_072)
    >>> found.rope.factor, found.original_context, found.model_name
    (4.0, 32768, 'Qwen/Qwen3-8B')
    """
    base = None if base is None else float(exact_base(base))
    factor = None if factor is None else float(positive("factor", factor))
    context = _tokens("context", context)
    original_context = _tokens("original_context", original_context)
    if model_name is None:
        model_name = "MODEL" if not isinstance(model, str | os.PathLike) else called(model)
    model = None if model is None else as_model(model)
    rope = _rope(model, rope)
    start = None if model is None or original_context else original_of(model, rope)
    original = original_context or (None if start is None else start.context)
    reached = int(factor * original) if rope_type and factor and original else None
    length = context or reached or rope.context
    if length is None:
        raise InvalidValueError("context", "the context is not known: give it, such as --ctx 128k")
    method, number = (rope.rope_type, None) if rope_type is None else known_method(rope_type)
    if rope_type is None:
        given = _replaced(rope, factor, original_context)
    else:
        if method not in FACTORLESS and factor is None and context is None:
            raise InvalidValueError("factor", _how_far(method, model))
        given = _fresh(method, factor, original, length)
    if base is not None:
        rope = replace(rope, base=base)
    changed = replace(rope, rope_type=method, parameters=given, context=length)
    if rope_type is not None:
        changed = _numbered(changed, number)
    if rope_type is None or method in FACTORLESS:
        start = None
    return Setting(changed, length, original, model, model_name, start)


def _rope(model: ModelConfig | None, rope: Rope | None) -> Rope:
    """The rope that was given, or the model's first."""
    if rope is not None:
        check_rope(rope)
        return rope
    if model is None:
        raise InvalidValueError("model", "neither a model nor a rope is given: give one")
    return model.rope


def _tokens(parameter: str, value: int | None) -> int | None:
    return None if value is None else checked_integer(parameter, value, 1, MOST_TOKENS)


def _how_far(method: str, model: ModelConfig | None) -> str:
    """That a new scaling needs a factor or a context, with the maker's own as the example."""
    recipe = None if model is None or model.known is None else model.known.recipe
    example = "--factor 4" if recipe is None else f"--factor {recipe.factor:g}, as its maker does"
    name = method.replace("_", "-")
    return f"{name} needs a factor or a context to reach: give {example}, or --ctx 128k"


def known_method(rope_type: str, methods: Sequence[str] = ROPE_TYPES) -> tuple[str, float | None]:
    """The method, one of several, and the number behind its colon."""
    name, colon, text = rope_type.strip().lower().replace("-", "_").partition(":")
    if name not in methods:
        raise none_of("rope_type", rope_type, [known.replace("_", "-") for known in methods])
    if not colon:
        return name, None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    whole = name != SHARED
    if name not in (*NUMBERED, SHARED) or not number > 0 or (whole and not number.is_integer()):
        raise InvalidValueError(
            "rope_type",
            "rope_type takes a number after a colon in ntk-rcd:30, yarn-rcd:30, cope:20 and "
            f"proportional:0.75, got {rope_type!r}",
        )
    return name, number


def _numbered(rope: Rope, number: float | None) -> Rope:
    """A fresh scaling with the number that its method takes.

    YaRN up to a critical pair is YaRN with another ``beta_slow``, as all stacks know it.
    """
    from ropecalc.scaling.by_pair import turns_before

    method, given = rope.rope_type, dict(rope.parameters)
    if method == "yarn_rcd":
        pair = None if number is None else int(number)
        given["beta_slow"] = turns_before(
            rope.base, rope.rotary_dim, given["original_context"], pair
        )
        return replace(rope, rope_type="yarn", parameters=given)
    if method == SHARED and number is not None:
        return replace(rope, rotary_dim=_part(rope.head_dim, number))
    if method in NUMBERED and number is not None:
        given[NUMBERED[method]] = int(number)
    return replace(rope, parameters=given)


def _part(head_dim: int, part: float) -> int:
    """2 int(head_dim p / 2), as transformers counts them."""
    turned = 2 * int(head_dim * part / 2)
    if not 2 <= turned <= head_dim:
        raise InvalidValueError(
            "rope_type", f"proportional turns a part of the head from 0 to 1, got {part:g}"
        )
    return turned


def _replaced(rope: Rope, factor: float | None, original: int | None) -> dict[str, Any]:
    given = dict(rope.parameters)
    parts = {"factor": factor, "original_context": original}
    for name, value in parts.items():
        if value is None:
            continue
        if name not in given:
            raise InvalidValueError(
                name,
                f"{rope.rope_type} has no {name}: give --rope-type as well, such as "
                "--rope-type yarn",
            )
        given[name] = value
    return given


def _fresh(method: str, factor: float | None, original: int | None, context: int) -> dict[str, Any]:
    if method in FACTORLESS:
        if factor is not None:
            raise InvalidValueError(
                "factor", f"{method} has no factor: give --base, or another --rope-type"
            )
        return {}
    if original is None and (factor is None or method in WITH_ORIGINAL):
        raise InvalidValueError(
            "original_context",
            "the original context is not known: give it, such as --original-ctx 32k",
        )
    ratio = factor if factor is not None else max(1.0, context / (original or context))
    given: dict[str, Any] = {"factor": float(ratio)}
    if method in WITH_ORIGINAL:
        given["original_context"] = original
    return {**given, **(LLAMA3 if method == "llama3" else {})}
