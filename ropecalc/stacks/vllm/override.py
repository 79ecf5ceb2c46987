"""What vLLM makes of ``--hf-overrides`` and ``--max-model-len``.

Each key is set on the config once the file is loaded, and replaces what is there: a rope object
the whole one of the file, its base and what the class filled in with it. Any other key is set
before the class fills its objects in once more. Only a nested config, such as ``text_config``, is
gone into (``config/model.py`` ``_apply_dict_overrides``; ran).
"""

from __future__ import annotations

from ropecalc.stacks.servers import Overriding

COMMAND = Overriding(
    "--hf-overrides",
    "--max-model-len",
    "an overriding rope object replaces the file's as a whole, its base as well",
    "vllm/config/model.py _apply_dict_overrides",
)
override, start = COMMAND.override, COMMAND.start
