"""What SGLang makes of ``--json-model-override-args`` and ``--context-length``.

Each key is set on the config once the file is loaded. A rope object is merged into that of the
file, with what the class filled in there; a nested config, such as ``text_config``, is updated key
by key (``utils/hf_transformers/config.py``; ran).
"""

from __future__ import annotations

from ropecalc.stacks.servers import Overriding

COMMAND = Overriding(
    "--json-model-override-args",
    "--context-length",
    "an overriding rope object is merged into the one of the file",
    "python/sglang/srt/utils/hf_transformers/config.py",
)
override, start = COMMAND.override, COMMAND.start
