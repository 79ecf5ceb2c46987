"""What vLLM 0.33.0 makes of a model by its class: ``vllm/model_executor/models``.

Keyed by ``model_type``, as ``ropecalc.stacks.classes``.
"""

from __future__ import annotations

MODELS = "vllm/model_executor/models"

# gpt_oss.py builds YaRN from these keys alone and looks each up, whatever the rope_type is:
# KeyError for one that is absent. truncate may be absent.
YARN_ALONE = frozenset(["gpt_oss"])
YARN_KEYS = ("factor", "original_max_position_embeddings", "beta_fast", "beta_slow")
YARN_DROPPED = ("attention_factor", "mscale", "mscale_all_dim")
