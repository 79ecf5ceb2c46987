"""Classes for which SGLang has a config of its own, with one flat rope: OLMo 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ropecalc.models.attention import FULL
from ropecalc.models.huggingface import is_nested, parse_config
from ropecalc.results import StackRule
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.stacks.asked import Asked, Taken, as_number
from ropecalc.stacks.sglang import classes

OTHER_KEYS = ("rope_parameters", "layer_types", "sliding_window")


def as_flat(asked: Asked) -> Asked:
    """What is asked, as the flat config has it: rope_scaling and rope_theta alone."""
    old = asked.text.get("rope_scaling")
    values: Mapping[str, Any] = old if isinstance(old, Mapping) else {}
    if is_nested(values):
        values = {}
    found = as_number(values.get("rope_theta")) or as_number(asked.text.get("rope_theta"))
    if asked.rope.layer_type not in (FULL, EVERY_LAYER):
        values = {}
    plain = {key: value for key, value in asked.text.items() if key not in OTHER_KEYS}
    plain["model_type"] = "olmo2"  # whose rope is flat
    plain["rope_scaling"] = {"factor": 1.0, **values} if values else None
    plain["rope_theta"] = found or classes.FLAT_BASE
    read = parse_config(plain, asked.model.source).rope
    base = found or classes.FLAT_BASE
    rope = replace(asked.rope, rope_type=read.rope_type, base=base, parameters=read.parameters)
    return replace(asked, rope=rope, values=values, nested=False)


def flat_rules(asked: Asked, taken: Taken) -> None:
    """What the flat config does not take of a file, or stops at; asked is the file's own."""
    base = f"{taken.rope.base:,.10g}"
    lost = asked.text.get("rope_scaling") is None and asked.text.get("rope_parameters")
    if lost and asked.written in classes.FLAT_STOPS and not asked.nested:
        text = "its config of this class looks for the lengths too early: AttributeError"
        taken.refusal = StackRule(text, classes.FLAT_CONFIG)
    elif lost:
        text = "its config of this class has no rope_parameters: nothing is scaled, and the base is"
        taken.rule(f"{text} {base}, from outside of it", classes.FLAT_CONFIG)
    elif taken.rope.base != asked.rope.base:
        text = f"its config of this class has one base for all layers, {base}"
        taken.rule(text, classes.FLAT_CONFIG)
