"""What SGLang makes of ``--json-model-override-args`` and ``--context-length``."""

from __future__ import annotations

from ropecalc.results import ModelConfig
from ropecalc.stacks.overriding import overridden
from ropecalc.stacks.start import Start
from ropecalc.stacks.words import json_of, length_of, options_of


def override(model: ModelConfig, text: str) -> Start:
    """The model as SGLang has it when a command of ``write`` has started it."""
    given = options_of(text)
    keys = json_of(given, "--json-model-override-args")
    return overridden(model, keys, "sglang", length_of(given, "--context-length"))
