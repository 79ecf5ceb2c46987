"""What SGLang makes of ``--json-model-override-args`` and ``--context-length``.

Each key is set on the config once the file is loaded. A rope object is merged into that of the
file, with what the class filled in there; a nested config, such as ``text_config``, is updated key
by key (``utils/hf_transformers/config.py``; ran).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.results import ModelConfig
from ropecalc.stacks.servers import started
from ropecalc.stacks.start import Start
from ropecalc.stacks.words import json_of, length_of, options_of

APPLIED = "python/sglang/srt/utils/hf_transformers/config.py"
MERGED = "an overriding rope object is merged into the one of the file"


def override(model: ModelConfig, text: str) -> Start:
    """The model as SGLang has it when a command of ``write`` has started it."""
    given = options_of(text)
    keys = json_of(given, "--json-model-override-args")
    return start(model, keys, length_of(given, "--context-length"))


def start(model: ModelConfig, keys: Mapping[str, Any], context: int | None) -> Start:
    """The model as SGLang has it with these overrides."""
    return started(model, keys, context, APPLIED, MERGED)
