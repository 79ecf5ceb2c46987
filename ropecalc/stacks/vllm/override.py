"""What vLLM makes of ``--hf-overrides`` and ``--max-model-len``.

Each key is set on the config once the file is loaded, and replaces what is there: a rope object
the whole one of the file, its base and what the class filled in with it. Only a nested config, such
as ``text_config``, is gone into (``config/model.py`` ``_apply_dict_overrides``; ran).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.results import ModelConfig
from ropecalc.stacks.servers import started
from ropecalc.stacks.start import Start
from ropecalc.stacks.words import json_of, length_of, options_of

APPLIED = "vllm/config/model.py _apply_dict_overrides"
MERGED = "an overriding rope object replaces the file's as a whole, its base as well"


def override(model: ModelConfig, text: str) -> Start:
    """The model as vLLM has it when a command of ``write`` has started it."""
    given = options_of(text)
    keys = json_of(given, "--hf-overrides")
    return start(model, keys, length_of(given, "--max-model-len"))


def start(model: ModelConfig, keys: Mapping[str, Any], context: int | None) -> Start:
    """The model as vLLM has it with these overrides."""
    return started(model, keys, context, APPLIED, MERGED)
