"""What llama.cpp's flags change: each replaces one value of the GGUF, and leaves the others.

Source: ``common/arg.cpp`` and ``src/llama-context.cpp`` at commit 0c1e57098.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.models.raw import ROPE_KEYS
from ropecalc.results import ModelConfig, StackRule
from ropecalc.stacks.start import Start, of_the_text
from ropecalc.stacks.words import length_of, options_of

ARGUMENTS = "common/arg.cpp"
EACH_ALONE = StackRule(
    "each flag (--rope-freq-base, --rope-scaling, --rope-scale, ...) replaces one value alone",
    ARGUMENTS,
)
SCALINGS = {"default": "none", "none": "none", "linear": "linear", "yarn": "yarn"}
NUMBERS = {  # key of a config.json: flag
    "rope_theta": "--rope-freq-base",
    "factor": "--rope-scale",
    "original_max_position_embeddings": "--yarn-orig-ctx",
    "beta_fast": "--yarn-beta-fast",
    "beta_slow": "--yarn-beta-slow",
}
CONTEXT = "max_position_embeddings"


def override(model: ModelConfig, text: str) -> Start:
    """The model as llama-server has it when a command of ``write`` has started it."""
    given = options_of(text)
    changed: dict[str, Any] = {
        key: float(given[flag]) for key, flag in NUMBERS.items() if flag in given
    }
    if "--rope-scaling" in given:
        changed["rope_type"] = given["--rope-scaling"]
    key, _, value = given.get("--override-kv", "").partition("=int:")
    if key.endswith(".context_length"):
        changed[CONTEXT] = int(value)
    return Start(model, length_of(given, "-c"), changed=changed)


def start(model: ModelConfig, keys: Mapping[str, Any], context: int | None) -> Start:
    """The model as llama-server has it with flags that say these keys of a config.json."""
    keys = of_the_text(keys)
    given: dict[str, Any] = next((keys[key] for key in ROPE_KEYS if keys.get(key)), {})
    rope = given.get("full_attention", given)  # the only layers that flags reach
    beside = {key: keys[key] for key in (CONTEXT, "rope_theta") if keys.get(key) is not None}
    known = {key: rope[key] for key in NUMBERS if rope.get(key) is not None}
    method = rope.get("rope_type") or rope.get("type")
    if any(key in keys and keys[key] is None for key in ROPE_KEYS):
        method = method or "none"
    if method is not None and method not in SCALINGS:
        text = f"--rope-scaling has no {method}: it knows none, linear and yarn"
        return Start(model, context, refusal=StackRule(text, ARGUMENTS))
    scaling = {} if method is None else {"rope_type": SCALINGS[method]}
    return Start(model, context, changed={**beside, **known, **scaling}, rules=(EACH_ALONE,))
