"""What ropecalc says of a config.json, held against what the real model did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc import scaling
from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.models.huggingface import parse_config

CLOSE = 2e-6  # the answers have nine digits, and a wide ramp loses some


def said(document: Mapping[str, Any], length: int, before: str | None = None) -> dict[str, Any]:
    """The reading of a file in the form of ``class_probe.answer``, or that before a release."""
    try:
        model = parse_config(document, "config.json", before)
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
    if ours.get("groups") == [] and ours.get("unrotated") is None and "refused" in real:
        return ""  # no rope: what else stops the model is not examined
    if "refused" in ours or "refused" in real:
        if ("refused" in ours) == ("refused" in real):
            return ""
        reason = str(ours.get("refused") or real.get("refused"))
        return f"refused: {reason[:110]}"
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
    ours, theirs = len(one["theta"]), other.get("pairs", len(other["theta"]))
    if theirs is None:
        return ""
    if one.get("pairs", ours) != theirs:
        return f"pairs: {ours} for {theirs}"
    mine = one["theta"]
    if "pairs" in other and "pairs" not in one:
        mine = [mine[at] for at in other.get("at", _sampled(theirs))]
    worst = [(a, b) for a, b in zip(mine, other["theta"], strict=True) if not near(a, b)]
    return f"theta: {worst[-1][0]:.6g} for {worst[-1][1]:.6g}" if worst else ""


def near(a: float, b: float) -> bool:
    """Whether two numbers are the same to what was measured."""
    return abs(a - b) <= CLOSE * max(abs(a), abs(b))


# Where ropecalc says something else than the model does, and why.
DECISIONS = {
    "compressed": "DeepSeek-V4's compressed layers see the whole context through what they "
    "compress, beyond the window of the keys that are not",
    "layers": "a file whose own lists of layers contradict each other stops for reasons that are "
    "none of its rope",
    "step": "Step-3.5 is published with lists a layer; its objects by kind count only all together",
    "amplitude": "the probe sees the last table of cos and sin alone, and DeepSeek-V4 has two",
    "prompt": "Unlimited-OCR sees its whole prompt from everywhere: the window is for answers",
    "depth": "CSM's depth decoder counts its own positions, of which there are 33",
    "dots3": "dots3-note loses its kinds where both objects are written, and longrope needs "
    "sizes that its layers have apart",
    "decoder": "T5Gemma 2's decoder hands no window on to its attention",
    "odd": "an odd number of rotated dimensions is refused; transformers rounds the pairs up",
    "cohere": "model_max_length is what Cohere's first models were made for, and vLLM takes it",
    "pct": "rotary_pct and rotary_dim were attributes that every class had until they were none",
    "zero": "a window of 0 tokens lets a layer see nothing, not even its own token",
    "below": "YaRN's formulas are for factors from 1 on",
    "size": "sizes of a head that contradict each other stop for reasons that are none of its rope",
}


def decision(name: str, change: str, found: str) -> str | None:
    """The decision behind a difference, None where there is none."""
    refused = ("layer_types", "full without", "num_kv_shared", "full_attn_idxs", "attn_layer_ind")
    reasons = {
        "compressed": name == "deepseek_v4" and found.startswith("window"),
        "amplitude": name == "deepseek_v4" and found == "groups: 1 for 2",
        "prompt": name.startswith("unlimited_ocr") and found.startswith("window"),
        "depth": name == "csm_depth_decoder_model" and found.startswith("theta"),
        "dots3": name == "dots3_note_text" and change in ("v4 longrope", "v5 and v4"),
        "layers": change.startswith(refused) or "not homoge" in found,
        "step": name == "step3p5" and change.startswith(("v5", "v4 no original")),
        "decoder": name == "t5gemma2_decoder" and change == "sliding_window null",
        "odd": "must be an even integer" in found,
        "cohere": found.startswith("context") and name == "cohere",
        "pct": name.startswith("gpt_") and change in ("rotary_pct", "rotary_dim"),
        "zero": "they see nothing" in found,
        "below": "factor must be a number from 1 to" in found,
        "size": change.startswith(("head_dim", "qk_", "attention_h")) or "cannot divide" in found,
    }
    return next((DECISIONS[key] for key, fits in reasons.items() if fits), None)


def packed(answer: Mapping[str, Any]) -> Any:
    """An answer as the golden file has it: six frequencies of each group."""
    if "refused" in answer:
        return answer["refused"][:60]
    groups = [
        [
            group["layers"],
            len(group["theta"]),
            [group["theta"][at] for at in _sampled(len(group["theta"]))],
            group["af"],
            group["head_dim"],
            group["window"],
        ]
        for group in answer["groups"]
    ]
    return [groups, answer["unrotated"], answer["context"]]


def _sampled(count: int) -> list[int]:
    """Which frequencies are kept: the first, the last, and four between."""
    return sorted({0, count // 4, count // 3, count // 2, 3 * count // 4, count - 1})


def unpacked(answer: Any) -> dict[str, Any]:
    """The answer that ``packed`` was given; ``pairs`` says how many frequencies there were."""
    if isinstance(answer, str):
        return {"refused": answer}
    keys = ("layers", "pairs", "theta", "af", "head_dim", "window")
    groups = [dict(zip(keys, group, strict=True)) for group in answer[0]]
    return {"groups": groups, "unrotated": answer[1], "context": answer[2]}
