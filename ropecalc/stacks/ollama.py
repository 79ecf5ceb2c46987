"""Ollama: what a Modelfile can say of a context, which is its length alone.

Read: ``api/types.go`` at commit 00a4cb26ca. rope_frequency_base and rope_frequency_scale went with
pull request 3508 of April 2024: "rope parameters should be omitted because the model should set
it".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.llama_cpp.write import file_name
from ropecalc.stacks.words import Written

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "Ollama", "00a4cb26ca"
NONE = (
    "a Modelfile has no parameter for RoPE: put the setting into the model's config.json and "
    "convert it again (convert_hf_to_gguf.py), so that the GGUF has it"
)


def write(goal: Wanted) -> Written:
    """A Modelfile of the length, and of the GGUF as it is."""
    lines = [f"FROM ./{file_name(goal)}", f"PARAMETER num_ctx {goal.context}"]
    return Written("modelfile", "\n".join(lines), [] if goal.as_it_was else [NONE])
