"""What ``emit`` writes for trainers, for classes of models times settings: the input of their runs.

python -m tests.tools.real.written DIR      # runs all and writes tests/data/trainers-real.json.gz
"""

from __future__ import annotations

import gzip
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ropecalc import make_setting
from ropecalc.errors import RopecalcError
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Emission, Setting
from ropecalc.stacks.writing import emit
from tests.tools.real.cases import classes
from tests.tools.real_golden import FIRST, Json, save

WRITTEN = FIRST.with_name("written-real.json.gz")
# The stacks whose texts are run, and the modules that run them.
MODULES = {
    "vllm": "vllm",
    "sglang": "sglang",
    "transformers": "transformers",
    "transformers4": "transformers4",
    "litgpt": "litgpt",
    "torchtune": "torchtune",
    "torchtitan": "torchtitan",
    "megatron-lm": "megatron_lm",
    "axolotl": "axolotl",
    "llama-factory": "llama_factory",
    "mlx": "mlx",
    "exllamav2": "exllamav2",
    "exllamav3": "exllamav3",
    "lmdeploy": "lmdeploy",
}
# Stacks that a class is not run in: they have no latent attention (ExLlamaV2 loads a Llama), or
# their module here does not read it, nor LMDeploy's two ropes of Gemma 3.
UNREAD = {
    "deepseek_v3": tuple(
        "litgpt torchtune torchtitan megatron-lm llama-factory exllamav2 exllamav3 lmdeploy".split()
    ),
    "gemma3_text": ("lmdeploy",),
}
COMMANDS = ("vllm", "sglang", "lmdeploy")
OVERRIDING = ("--hf-overrides", "--json-model-override-args")
LENGTHS = ("--max-model-len", "--context-length", "--session-len")
CLASSES = "llama qwen3 qwen3_moe mistral gemma2 gemma3_text glm4 phi3 deepseek_v3".split()
SETTINGS: dict[str, dict[str, Any]] = {
    "base": {"base": 5e6, "context": 65_536},
    "linear": {"rope_type": "linear", "factor": 4.0},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_context": 32_768},
    "yarn-own": {"rope_type": "yarn", "factor": 2.0},
    "llama3": {"rope_type": "llama3", "factor": 8.0, "original_context": 8192},
    "dynamic": {"rope_type": "dynamic", "factor": 2.0},
    "ntk": {"rope_type": "ntk_fixed", "factor": 4.0},
}


def written() -> Iterator[Json]:
    """Each text, with the config that it is for and whether it is called exact."""
    known = {of.name: of for of in classes()}
    for name in CLASSES:
        config = known[name].config()
        for key in SETTINGS:
            for stack in (stack for stack in MODULES if stack not in UNREAD.get(name, ())):
                case = {"id": f"{name}/{key}", "stack": stack, "config": config}
                found = emitted(case)
                if found is not None and found[1].text:
                    setting, emission = found
                    told = {"text": emission.text, "exact": emission.exact}
                    yield {**case, "ctx": setting.context, **told}


def emitted(case: Json) -> tuple[Setting, Emission] | None:
    """The setting of a case, and what is written for it; None where there is no such setting."""
    model = parse_config(case["config"], "config.json")
    try:
        setting = make_setting(model, model.rope, **SETTINGS[case["id"].split("/")[1]])
        return setting, emit(setting, case["stack"])
    except RopecalcError:
        return None


def input_of(case: Json) -> Json:
    """The text as the module of its stack takes it."""
    config, text = case["config"], case["text"]
    if text.startswith("{"):  # keys of config.json
        return {"config": {**config, **json.loads(text)}, "ctx": case["ctx"]}
    if case["stack"] not in COMMANDS:
        return {"config": config, "argv": [text]}
    words = shlex.split(text)
    found = dict(pairwise(words))
    override = next((found[word] for word in found if word in OVERRIDING), None)
    length = next((found[word] for word in found if word in LENGTHS), None)
    given = {"override": None if override is None else json.loads(override)}
    return {"config": config, **given, "ctx": None if length is None else int(length)}


def load_written() -> list[Json]:
    """The golden values: each text and what the stack made of it."""
    with gzip.open(WRITTEN, "rt", encoding="utf-8") as file:
        found: list[Json] = json.load(file)
    return found


def main(folder: Path, stacks: Sequence[str]) -> None:
    from tests.tools.real.__main__ import run

    kept = [case for case in load_written() if case["stack"] not in stacks] if stacks else []
    cases = [case for case in written() if case["stack"] in (stacks or MODULES)]
    for stack in dict.fromkeys(case["stack"] for case in cases):
        own = [case for case in cases if case["stack"] == stack]
        asked = [input_of(case) for case in own]
        for case, real in zip(own, run(MODULES[stack], folder, asked), strict=True):
            case["real"] = _compact(real)
        save(kept + [case for case in cases if "real" in case], WRITTEN)
        print(stack, len(own), "texts,", sum("error" in case["real"] for case in own), "errors")


def _compact(real: Json) -> Json:
    if "error" in real or "beyond" in real:
        return {"error": real.get("error", real.get("beyond"))}
    ropes: list[Json] = []
    for layer in (inner.get("long", inner) for inner in real["layers"].values()):
        if "freqs" in layer:
            rope = {"frequencies": layer["freqs"], "factor": layer["mag"][1]}
            ropes += [] if rope in ropes else [rope]
    return {"ropes": ropes}


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2:])
