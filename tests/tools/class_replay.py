"""What ropecalc says of a config.json, held against what the real model did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc import scaling
from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.models.huggingface import parse_config

CLOSE = 2e-6  # the answers have nine digits, and a wide ramp loses some


def said(document: Mapping[str, Any], length: int) -> dict[str, Any]:
    """The reading of a file in the form of ``class_probe.answer``."""
    try:
        model = parse_config(document, "config.json")
    except ConfigError as error:
        if "rotates" in str(error) and "RoPE sets no limit" in str(error):
            return {"groups": [], "unrotated": None, "context": None}
        return {"refused": str(error)}
    if model.stops is not None:
        return {"refused": model.stops}
    groups = []
    for rope in model.ropes:
        try:
            spectrum = scaling.from_rope(rope, length)
        except InvalidValueError as error:
            return {"refused": str(error)}
        theta = [float(value) for value in spectrum.exact_frequencies]
        groups.append(
            {
                "layers": rope.layers,
                "theta": [value for value in theta if value > 0],
                "af": spectrum.attention_factor,
                "head_dim": rope.head_dim,
                "window": None if "chunked" in rope.layer_type else rope.window,
            }
        )
    return {"groups": groups, "unrotated": model.unrotated_layers, "context": model.context}


def difference(ours: Mapping[str, Any], real: Mapping[str, Any]) -> str:
    """In what two answers differ; nothing where they agree."""
    if ours.get("groups") == [] and ours["unrotated"] is None and "refused" in real:
        return ""  # no rope: what else stops the model is not looked at
    if "refused" in ours or "refused" in real:
        if ("refused" in ours) == ("refused" in real):
            return ""
        return f"refused: {(ours.get('refused') or real.get('refused'))[:110]}"
    left, right = _merged(ours["groups"]), _merged(real["groups"])
    if ours["unrotated"] is not None and ours["unrotated"] != real["unrotated"]:
        return f"unrotated: {ours['unrotated']} for {real['unrotated']}"
    if len(left) != len(right):
        return f"groups: {len(left)} for {len(right)}"
    for one in left:
        if not any(_same(one, other) for other in right):
            near = [_apart(one, other) for other in right]
            return min(near, key=len)
    context = ours["context"]
    if context is not None and real.get("context") is not None and context != real["context"]:
        return f"context: {context} for {real['context']}"
    return ""


def _merged(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups that agree in all but their count as one."""
    found: list[dict[str, Any]] = []
    for group in groups:
        like = next((other for other in found if not _apart(group, other, layers=False)), None)
        if like is None:
            found.append(dict(group))
        elif group["layers"] is not None and like["layers"] is not None:
            like["layers"] += group["layers"]
    return found


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return not _apart(one, other)


def _apart(one: Mapping[str, Any], other: Mapping[str, Any], *, layers: bool = True) -> str:
    keys = ["head_dim", "window"] + (["layers"] if layers else [])
    for key in keys:
        if one[key] != other[key] and None not in (other[key] if key == "head_dim" else 0, 1):
            return f"{key}: {one[key]} for {other[key]}"
    if not near(one["af"], other["af"]):
        return f"af: {one['af']} for {other['af']}"
    if len(one["theta"]) != len(other["theta"]):
        return f"pairs: {len(one['theta'])} for {len(other['theta'])}"
    worst = [(a, b) for a, b in zip(one["theta"], other["theta"], strict=True) if not near(a, b)]
    return f"theta: {worst[-1][0]:.6g} for {worst[-1][1]:.6g}" if worst else ""


def near(a: float, b: float) -> bool:
    """Whether two numbers are the same to what was measured."""
    return abs(a - b) <= CLOSE * max(abs(a), abs(b))
