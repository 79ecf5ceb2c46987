"""Every class of transformers, every change to its file: what the real models do.

    python -m tests.tools.class_sweep RAW [MODEL_TYPE ...]      (needs the extra "transformers")

appends one line a class to RAW: the class's small default file, and the answer to each change.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.tools import class_probe
from tests.tools.class_files import BASES, PATTERNS, SWITCHES, Document, files, small

FAMOUS = (
    "llama qwen2 qwen3 qwen3_moe mistral mixtral gemma gemma2 gemma3_text gemma3n_text gemma4_text "
    "phi3 phi phimoe glm glm4 glm4_moe glm_moe_dsa deepseek_v2 deepseek_v3 deepseek_v32 "
    "deepseek_v4 gpt_oss llama4_text qwen3_next qwen3_5_text qwen3_5_moe_text minimax minimax_m2 "
    "granite granitemoehybrid nemotron nemotron_h jamba kimi_linear olmo2 olmo3 cohere cohere2 "
    "exaone4 smollm3 gpt_neox gptj codegen falcon falcon_h1 stablelm ministral3 mistral4 step3p5 "
    "hunyuan_v1_dense hunyuan_v1_moe ernie4_5 ernie4_5_moe seed_oss lfm2 apertus cwm "
    "modernbert modernbert-decoder afmoe bamba zamba2 internlm3 mimo_v2_flash"
).split()
NOT_TEXT = (
    "vision",
    "audio",
    "video",
    "vit",
    "image",
    "sam2",
    "sam3",
    "edgetam",
    "pixtral",
    "dino",
)


def model_types() -> list[str]:
    """The classes whose own file has a language model in it, the well-known ones first."""
    from transformers import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    found = []
    for name in CONFIG_MAPPING:
        if any(word in name for word in NOT_TEXT):
            continue
        try:
            config = CONFIG_MAPPING[name]()
            if class_probe.text_part(config) is not config:
                continue
        except Exception:  # noqa: BLE001 - some have no defaults
            continue
        rope = hasattr(config, "rope_parameters")
        if rope or name in FAMOUS or name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
            found.append(name)
    return [name for name in FAMOUS if name in found] + sorted(set(found) - set(FAMOUS))


def default(model_type: str, *, whole: bool = False) -> Document:
    """The default file of a class, made small unless ``whole``."""
    from transformers import CONFIG_MAPPING

    full = json.loads(json.dumps(CONFIG_MAPPING[model_type]().to_dict(), default=str))
    return (full if whole else small(full)) | {"model_type": model_type}


def context_of(document: Document) -> int:
    """The longest context of a file."""
    keys = ("max_position_embeddings", "n_positions")
    return next((document[key] for key in keys if isinstance(document.get(key), int)), 4096)


def head_of(answer: class_probe.Answer) -> int:
    """The dimensions that the first rotating layers turn; 64 where none is known."""
    groups = answer.get("groups") or [{"rotary_dim": 64}]
    return int(groups[0]["rotary_dim"])


def length_of(name: str, context: int) -> int:
    """The length that a file is asked at: beyond the context where that changes something."""
    return 2 * context if "dynamic" in name or "longrope" in name else context


# what tells nothing of a class that the other files do not: left out of a short sweep
LONG = (
    *("v4 linear", "v4 llama3", "v4 dynamic", "v4 longrope", "v4 type and rope_type"),
    *("v4 type yarn", "v4 no type", "v4 no factor", "v5 silent base", "v5 linear"),
    *("v5 yarn truncate null", "v5 and v4", "v5 and theta", "v5 kinds yarn", "rotary_dim yarn"),
    *("v5 kinds proportional", "v4 partial", "max_position_embeddings absent"),
    *("layer_types rotated", "layer_types full", "head_dim absent yarn"),
)


def could_matter(name: str, words: str) -> bool:
    """Whether the code of a class has a word for the key that a file changes."""
    others = ("rotary_pct", "rope_pct", "rotary_dim", "no_rope_layers", "sliding_window_size")
    keys = (*BASES, *PATTERNS, *SWITCHES, *others)
    changed = [key for key in keys if key != "rope_theta" and key in name.split()]
    return all(key in words for key in changed)


def sweep(model_type: str, *, short: bool = False) -> dict[str, Any]:
    """The answers of one class."""
    full = default(model_type, whole=True)
    document = default(model_type)
    context = context_of(document)
    known: dict[str, class_probe.Answer] = {}
    first = class_probe.answer(document, context, known)
    words = class_probe.words_of(model_type)
    answers = {
        name: class_probe.answer(changed, length_of(name, context), known)
        for name, changed in files(document, context, head_of(first))
        if not (short and name in LONG) and could_matter(name, words)
    }
    return {"class": model_type, "full": full, "file": document, "answers": answers}


def main(raw: Path, names: list[str], *, short: bool) -> None:
    """Sweep the classes that the file does not have yet."""
    done = set()
    if raw.exists():
        done = {json.loads(line)["class"] for line in raw.read_text().splitlines()}
    for name in names or model_types():
        if name in done:
            continue
        began = time.process_time()
        try:
            line = sweep(name, short=short)
        except Exception as error:  # noqa: BLE001 - one class must not stop the others
            line = {"class": name, "error": repr(error)}
        line["seconds"] = round(time.process_time() - began, 1)
        with raw.open("a") as file:
            file.write(json.dumps(line, default=str) + "\n")


if __name__ == "__main__":
    words = [word for word in sys.argv[2:] if word != "--short"]
    main(Path(sys.argv[1]), words, short="--short" in sys.argv)
