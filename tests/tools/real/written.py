"""What ``emit`` writes for trainers, for classes of models times settings: the input of their runs.

python -m tests.tools.real.written DIR      # runs all and writes tests/data/trainers-real.json.gz
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ropecalc import make_setting
from ropecalc.errors import RopecalcError
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Setting
from ropecalc.stacks.writing import emit
from tests.tools.real.cases import classes
from tests.tools.real_golden import FIRST, Json, save

WRITTEN = FIRST.with_name("trainers-real.json.gz")
# The names of the trainers in ropecalc and of the modules that run them.
TRAINERS = {
    "litgpt": "litgpt",
    "torchtune": "torchtune",
    "torchtitan": "torchtitan",
    "megatron-lm": "megatron_lm",
    "axolotl": "axolotl",
    "llama-factory": "llama_factory",
}
CLASSES = """
    llama qwen2 qwen3 qwen3_moe mistral mixtral gemma2 gemma3_text glm4 glm4_moe olmo2 phi3 stablelm
    starcoder2 granite cohere deepseek_v3 gpt_neox
""".split()
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
            for trainer in TRAINERS:
                case = {"id": f"{name}/{key}", "stack": trainer, "config": config}
                found = emitted(case)
                if found is not None and found[1].text:
                    yield {**case, "text": found[1].text, "exact": found[1].exact}


def emitted(case: Json) -> tuple[Setting, Any] | None:
    """The setting of a case, and what is written for it; None where there is no such setting."""
    model = parse_config(case["config"], "config.json")
    try:
        setting = make_setting(model, model.rope, **SETTINGS[case["id"].split("/")[1]])
        return setting, emit(setting, case["stack"])
    except RopecalcError:
        return None


def load_written() -> list[Json]:
    """The golden values: each text and what the trainer made of it."""
    with gzip.open(WRITTEN, "rt", encoding="utf-8") as file:
        found: list[Json] = json.load(file)
    return found


def main(folder: Path) -> None:
    from tests.tools.real.__main__ import run

    cases = list(written())
    for trainer, module in TRAINERS.items():
        own = [case for case in cases if case["stack"] == trainer]
        asked = [{"config": case["config"], "argv": [case["text"]]} for case in own]
        for case, real in zip(own, run(module, folder, asked), strict=True):
            ropes = [r for r in real.pop("layers", {}).values() if "freqs" in r]
            real["ropes"] = [{"freqs": rope["freqs"], "factor": rope["mag"][1]} for rope in ropes]
            case["real"] = real
    save(cases, WRITTEN)
    print(len(cases), "texts;", sum("error" in case["real"] for case in cases), "errors")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
