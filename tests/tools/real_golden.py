"""Golden values of real stacks, as compact as a case and what each stack made of it.

Lines of JSON as the harness writes them (one per case, ``case`` and ``real``) become one gzipped
document: frequencies once each, one rope per kind of layer, the scale of the softmax as a factor on
the model's plain one. ``whole`` is what stops the whole model of transformers once its rotary
modules have run.

    python -m tests.tools.real_golden LINES.jsonl.gz tests/data/stacks-real.json.gz
"""

from __future__ import annotations

import gzip
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.tools.places import DATA

FIRST = DATA / "stacks-real.json.gz"  # 875 configs
MORE = DATA / "stacks-real-more.json.gz"  # those of tests.tools.real.cases
VERSIONS = {
    "transformers": "5.23.0",
    "vllm": "0.33.0 with transformers 5.20.0",
    "sglang": "0.5.23 with transformers 5.19.0",
    "llama.cpp": "0c1e57098, its converter, context and rope kernel",
}
EVERY_LAYER = "all"
# Modules that hold the ropes of all layers of a kind, by the name that the harness gives them.
OF_A_KIND = {
    "full_attention_inv_freq": "full_attention",
    "sliding_attention_inv_freq": "sliding_attention",
    "full_attention_inv": "full_attention",
    "sliding_attention_inv": "sliding_attention",
}
LOCAL = "rotary_emb_local"  # beside a rotary_emb
OF_TWO = {False: "full_attention", True: "sliding_attention"}
SCALED_BEFORE = ("gemma3_text", "phi3")  # llama.cpp scales their queries, not the product

Json = dict[str, Any]


def pack(records: Iterable[Json], versions: Mapping[str, str] = VERSIONS) -> Json:
    """All records as one document."""
    table: dict[tuple[float, ...], int] = {}
    cases = [_packed(record, table) for record in records]
    return {"versions": dict(versions), "frequencies": [list(key) for key in table], "cases": cases}


@cache
def load(path: Path = FIRST) -> list[Json]:
    """The cases of a packed document, each rope with its frequencies."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        document = json.load(file)
    for case in document["cases"]:
        case["set"] = path.name
        for real in case["real"].values():
            for rope in real.get("ropes", ()):
                rope["frequencies"] = document["frequencies"][rope["frequencies"]]
    cases: list[Json] = document["cases"]
    return cases


def _packed(record: Json, table: dict[tuple[float, ...], int]) -> Json:
    case = record["case"]
    real = {stack: _real(stack, case, found, table) for stack, found in record["real"].items()}
    return {**case, "real": real}


def _real(stack: str, case: Json, found: Json, table: dict[tuple[float, ...], int]) -> Json:
    if "error" in found:
        return {"error": found["error"], "stage": found["stage"]}
    kept = ("length", "beyond", "whole")
    packed = {key: found[key] for key in kept if found.get(key) is not None}
    ropes: list[Json] = []
    for kind, rope in _ropes(stack, case, found):
        freqs = tuple(float(f"{value:.7g}") for value in rope["freqs"])
        entry = {
            "layers": [kind],
            "frequencies": table.setdefault(freqs, len(table)),
            "factor": float(f"{rope['mag'][-1]:.7g}"),
            "softmax": rope["softmax"],
            "rows": rope.get("rows"),
        }
        same = next((r for r in ropes if {**r, "layers": 0} == {**entry, "layers": 0}), None)
        if same is None:
            ropes.append(entry)
        elif kind not in same["layers"]:
            same["layers"].append(kind)
    return {**packed, "ropes": ropes}


def _ropes(stack: str, case: Json, found: Json) -> Iterator[tuple[str, Json]]:
    """(kind of layer, frequencies, factor on cos and sin, factor on the softmax)."""
    config = {**case["config"], **case.get("override", {})}
    kinds = kinds_of(config)
    plain = plain_scale(stack, config)
    if stack == "llama.cpp":
        scales = {round(value / plain, 6) for value in found["scales"].values()}
        for rope in found["ropes"]:
            named = {
                kinds.get(int(re.sub(r".*-", "", name)), EVERY_LAYER) for name in rope["layers"]
            }
            for kind in sorted(named):
                yield kind, {**rope, "softmax": min(scales, default=1.0)}
        return
    layers = found["layers"]
    softmax = {
        kinds.get(int(key), EVERY_LAYER): round(layer["scaling"] / plain, 6)
        for key, layer in layers.items()
        if key.isdigit() and "scaling" in layer
    }
    shared = [key for key in layers if not key.isdigit() and _rope(case, found, layers[key])]
    for key in shared or [key for key in layers if _rope(case, found, layers[key])]:
        rope = _rope(case, found, layers[key])
        two = any(one.endswith(LOCAL) for one in shared)
        for kind in [OF_TWO[key.endswith(LOCAL)]] if two else _kinds_of_module(key, kinds):
            scale = softmax.get(kind, next(iter(softmax.values()), 1.0))
            yield kind, {**rope, "softmax": scale}


def _rope(case: Json, found: Json, layer: Json) -> Json:
    """The layer itself; of two lists of longrope the one for the length that is served."""
    if "long" not in layer:
        return layer if "freqs" in layer else {}
    served = case.get("ctx") or found["length"]
    original = layer["short"]["rows"] - layer["long"]["rows"]  # one table after the other
    chosen: Json = layer["long" if served > original else "short"]
    return chosen


def _kinds_of_module(key: str, kinds: Mapping[int, str]) -> list[str]:
    if key in OF_A_KIND:
        return [OF_A_KIND[key]]
    if key.isdigit():
        return [kinds.get(int(key), EVERY_LAYER)]
    return sorted(set(kinds.values())) or [EVERY_LAYER]


def kinds_of(config: Mapping[str, Any]) -> dict[int, str]:
    """The kind of each layer, where the file tells them apart."""
    named = config.get("layer_types")
    if named:
        return dict(enumerate(named))
    every = config.get("sliding_window_pattern")
    if not isinstance(every, int):
        return {}
    layers = range(config["num_hidden_layers"])
    full = {at: (at + 1) % every == 0 for at in layers}
    return {at: "full_attention" if full[at] else "sliding_attention" for at in layers}


def plain_scale(stack: str, config: Mapping[str, Any]) -> float:
    """What a class scales the softmax by where no scaling has a say."""
    if config["model_type"] == "gemma4_text":
        return 1.0
    if stack == "llama.cpp" and config["model_type"] in SCALED_BEFORE:
        return 1.0
    if "attention_multiplier" in config:
        return float(config["attention_multiplier"])
    heads = config["hidden_size"] / config["num_attention_heads"]
    size = config.get("query_pre_attn_scalar") or config.get("head_dim") or heads
    if config.get("qk_nope_head_dim"):
        size = config["qk_nope_head_dim"] + config["qk_rope_head_dim"]
    return 1 / math.sqrt(size)


def save(document: Any, path: Path) -> None:
    """Write it, the same bytes for the same document."""
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main(source: str, target: str) -> None:
    with gzip.open(source, "rt", encoding="utf-8") as file:
        document = pack(json.loads(line) for line in file)
    save(document, Path(target))
    print(len(document["cases"]), "cases,", len(document["frequencies"]), "sets of frequencies")


if __name__ == "__main__":
    main(*sys.argv[1:])
