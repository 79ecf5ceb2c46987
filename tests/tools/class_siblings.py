"""Settings that other stacks have words for, in classes of transformers: what the real models did.

    python -m tests.tools.class_siblings CLASS...     # in the environment of transformers

writes ``tests/data/class-siblings.json.gz``: unusual types, alpha, mscales, proportional rotation,
parts of a head and a head_dim of null, each in the small default file of each class.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.tools.places import DATA

SIBLINGS = DATA / "class-siblings.json.gz"
BASE = {"rope_theta": 1e4}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
OWN = ("rope_parameters", "rope_scaling", "rope_theta", "partial_rotary_factor")

Document = dict[str, Any]


def settings(length: int, pairs: int) -> Iterator[tuple[str, Document]]:
    """(name, keys beside those of the file) for an original length and a number of pairs."""
    original = {"original_max_position_embeddings": length}
    lists = {
        "short_factor": [1 + 0.01 * at for at in range(pairs)],
        "long_factor": [1 + 0.5 * at for at in range(pairs)],
        **original,
    }
    scalings: dict[str, Document] = {
        "deepseek_yarn": {"rope_type": "deepseek_yarn", "factor": 4.0, "mscale": 1.0, **original},
        "ntk": {"rope_type": "ntk", "factor": 4.0},
        "type-su": {"type": "su", **lists},
        "alpha": {"rope_type": "dynamic", "factor": 1.0, "alpha": 1000.0},
        "alpha2": {"rope_type": "dynamic", "factor": 2.0, "alpha": 50.0},
        "mscales": {"rope_type": "longrope", "short_mscale": 1.1, "long_mscale": 1.2, **lists},
        "proportional": {"rope_type": "proportional", "partial_rotary_factor": 0.25},
        "oldyarn": {"type": "yarn", **lists},
    }
    yield from ((name, {"rope_scaling": rope, **BASE}) for name, rope in scalings.items())
    linear = {"rope_scaling": {"rope_type": "linear", "factor": 2.0}, **BASE}
    yield "partial-linear", {**linear, "partial_rotary_factor": 0.5}
    yield "headnull-linear", {**linear, "head_dim": None}
    yield "headnull-llama3", {"rope_scaling": {**LLAMA3, **original}, **BASE, "head_dim": None}
    yield "v5-headnull", {"rope_parameters": {"rope_type": "default", **BASE}, "head_dim": None}
    half = {"partial_rotary_factor": 0.5, **BASE}
    yield "v5-partial-llama3", {"rope_parameters": {**LLAMA3, **original, **half}}
    proportional = {"rope_type": "proportional", "factor": 2.0, **half}
    yield "v5-proportional", {"rope_parameters": proportional}


def run(model_type: str) -> Iterator[Document]:
    """The files of a class, and what its model did with each."""
    from tests.tools import class_probe
    from tests.tools.class_sweep import context_of, default, head_of

    file = default(model_type)
    context = context_of(file)
    kept = {key: value for key, value in file.items() if key not in OWN}
    pairs = head_of(class_probe.answer(file, context, {})) // 2
    for name, keys in settings(max(context // 4, 64), pairs):
        length = 2 * context if "_factor" in json.dumps(keys) or "alpha" in name else context
        document = {**kept, **keys}
        real = class_probe.answer(document, length, {})
        yield {"id": f"{model_type}/{name}", "file": document, "length": length, "real": real}


@cache
def siblings() -> list[Mapping[str, Any]]:
    """What was run."""
    found: list[Mapping[str, Any]] = json.loads(gzip.decompress(SIBLINGS.read_bytes()))
    return found


def main(names: list[str]) -> None:
    found = [one for name in names for one in run(name)]
    SIBLINGS.write_bytes(gzip.compress(json.dumps(found).encode(), 9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
