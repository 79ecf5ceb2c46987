"""Known models for people: a row a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.render.digits import count, exact, nearest
from ropecalc.render.glyphs import printable
from ropecalc.render.tables import Column, headline, shown, table, then

if TYPE_CHECKING:
    from ropecalc.models.known import KnownModel
    from ropecalc.render.console import Screen
    from ropecalc.results import ModelConfig, Rope

PREFERRED = "Qwen3-8B"  # as an example, where it is listed
BASE_DIGITS = 8


def describe_models(
    models: Sequence[tuple[KnownModel, ModelConfig]], search: str, screen: Screen
) -> str:
    """Each model with its head, base, scaling and context, and what to run next."""
    number = "1 known model" if len(models) == 1 else f"{count(len(models))} known models"
    found = f" for {printable(search)!r}" if search.strip() else ""
    names = [known.name for known, _ in models]
    example = PREFERRED if PREFERRED in names else names[0]
    text = "A name is the MODEL of any command, such as"
    columns = _columns(names, [config for _, config in models])
    several = any(len(config.ropes) > 1 for _, config in models)
    if several and "scaling" in shown(columns, screen):
        text = f"+1: a second kind of layer has a setting or a window of its own. {text}"
    parts = [
        headline(f"{number}{found}", screen),
        table(columns, screen),
        then(text, f"ropecalc inspect {example}", screen),
    ]
    return "\n\n".join(parts)


def _columns(names: Sequence[str], configs: Sequence[ModelConfig]) -> list[Column]:
    ropes = [config.rope for config in configs]
    partial = any(rope.rotary_dim != rope.head_dim for rope in ropes)
    rotary = [str(rope.rotary_dim) for rope in ropes] if partial else []
    contexts = ["" if c.context is None else count(c.context) for c in configs]
    columns = [
        Column("name", names, left=True),
        Column("head_dim", [str(rope.head_dim) for rope in ropes], spare=2),
        Column("rotary_dim", rotary, spare=3),
        Column("base", [nearest(rope.base, BASE_DIGITS) for rope in ropes]),
        Column("scaling", [_scaling(config) for config in configs], left=True, spare=1),
        Column("context [tokens]", contexts),
    ]
    return [column for column in columns if column.cells]


def _scaling(config: ModelConfig) -> str:
    """The scaling of the first kind of layer, and how many other kinds there are."""
    others = len(config.ropes) - 1
    return scaling_in_short(config.rope) + (f" +{others}" if others else "")


def scaling_in_short(rope: Rope) -> str:
    """A scaling in a few words: "llama3 8 from 8,192"; "none" where there is none."""
    if rope.rope_type == "default":
        return "none"
    factor = "" if rope.factor is None else f" {exact(rope.factor)}"
    original = rope.original_context
    return f"{rope.rope_type}{factor}" + (f" from {count(original)}" if original else "")
