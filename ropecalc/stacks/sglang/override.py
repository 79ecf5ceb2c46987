"""What SGLang makes of ``--json-model-override-args`` and ``--context-length``.

Each key is set on the config once the file is loaded. A rope object is merged into that of the
file, with what the class filled in there; a nested config, such as ``text_config``, is updated key
by key (``utils/hf_transformers/config.py``; ran).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.models.raw import ROPE_KEYS
from ropecalc.results import ModelConfig, StackRule
from ropecalc.stacks.loaded import reached
from ropecalc.stacks.servers import refuse_as_read
from ropecalc.stacks.start import Start
from ropecalc.stacks.words import json_of, length_of, options_of

APPLIED = "python/sglang/srt/utils/hf_transformers/config.py"


def override(model: ModelConfig, text: str) -> Start:
    """The model as SGLang has it when a command of ``write`` has started it."""
    given = options_of(text)
    keys = json_of(given, "--json-model-override-args")
    return start(model, keys, length_of(given, "--context-length"))


def start(model: ModelConfig, keys: Mapping[str, Any], context: int | None) -> Start:
    """The model as SGLang has it with these overrides."""
    changed, outside = reached(keys, model.document)
    refuse_as_read(model, changed)
    rules = []
    if outside:
        text = "keys beside the text part of the config do not reach it"
        rules.append(StackRule(text, APPLIED, True))
    if any(key in ROPE_KEYS for key in changed):
        text = "an overriding rope object is merged into the one of the file"
        rules.append(StackRule(text, APPLIED, True))
    return Start(model, context, changed=changed, rules=tuple(rules))
