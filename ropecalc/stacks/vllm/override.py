"""What vLLM makes of ``--hf-overrides`` and ``--max-model-len``."""

from __future__ import annotations

from ropecalc.results import ModelConfig
from ropecalc.stacks.overriding import overridden
from ropecalc.stacks.start import Start
from ropecalc.stacks.words import json_of, length_of, options_of


def override(model: ModelConfig, text: str) -> Start:
    """The model as vLLM has it when a command of ``write`` has started it."""
    given = options_of(text)
    keys = json_of(given, "--hf-overrides")
    return overridden(model, keys, "vllm", length_of(given, "--max-model-len"))
