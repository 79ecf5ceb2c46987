"""Commands that answers name as the next step, with a model's own name in them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ropecalc.files import STDIN, printable
from ropecalc.models.setting import FACTORS, make_setting

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope


def source_word(model: ModelConfig) -> str:
    """A model as one word of a shell: its name or its path, - for standard input."""
    return "-" if model.source == STDIN else shlex.quote(printable(model.source))


def factor_command(model: ModelConfig, rope: Rope, context: int) -> str | None:
    """The ``min-factor`` that looks for the factor of a model's rope, or of one put in its place.

    None where no factor of its method can grow, or where no options say its parameters.

    >>> from dataclasses import replace
    >>> from ropecalc import find_model
    >>> model = find_model("Llama-3.1-8B")
    >>> factor_command(model, replace(model.rope, base=1e6), 262_144)
    'ropecalc min-factor Llama-3.1-8B --ctx 262144 --base 1000000'
    """
    own = next((one for one in model.ropes if one.layer_type == rope.layer_type), None)
    if own is None or rope.rope_type not in FACTORS:
        return None
    words = ["ropecalc min-factor", source_word(model), "--ctx", str(context)]
    if rope.layer_type != model.rope.layer_type:
        words += ["--layer", shlex.quote(rope.layer_type)]
    if rope.base != own.base:
        words += ["--base", repr(rope.base).removesuffix(".0")]
    wanted = _shape(rope.parameters)
    if (rope.rope_type, wanted) != (own.rope_type, _shape(own.parameters)):
        words += ["--rope-type", rope.rope_type.replace("_", "-")]
        for original in (None, rope.original_context):
            made = make_setting(
                model, own, context=context, rope_type=rope.rope_type, original_context=original
            )
            if _shape(made.rope.parameters) == wanted:
                break
        else:
            return None
        words += ["--original-ctx", str(original)] if original else []
    return " ".join(words)


def _shape(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What a factor does not change."""
    return {name: value for name, value in parameters.items() if name != "factor"}
