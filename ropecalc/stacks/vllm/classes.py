"""What vLLM 0.33.0 makes of a model by its class: ``vllm/model_executor/models``.

Keyed by ``model_type``, as ``ropecalc.models.classes``.
"""

from __future__ import annotations

MODELS = "vllm/model_executor/models"

REGISTRY = f"{MODELS}/registry.py _TRANSFORMERS_SUPPORTED_MODELS"

# The registry has its Transformers backend for them, which runs transformers' own code of the
# class, its rotary embedding with it.
BY_TRANSFORMERS = frozenset(
    "arcee cwm emu3_text_model flex_olmo glm gpt_neox hunyuan_v1_dense hunyuan_v1_moe "
    "hunyuan_vl_text jais2 mellum nanbeige olmo olmo2 olmo3 phi seed_oss smollm3 starcoder2 "
    "vaultgemma".split()
)
# gpt_oss.py builds YaRN from these keys alone and looks each up, whatever the rope_type is:
# KeyError for one that is absent. truncate may be absent.
YARN_ALONE = frozenset(["gpt_oss"])
YARN_KEYS = ("factor", "original_max_position_embeddings", "beta_fast", "beta_slow")
YARN_DROPPED = ("attention_factor", "mscale", "mscale_all_dim")

# transformers_utils/config.py patch_legacy_rope_type: (type, rope_type) that may differ. Any other
# two are a ValueError.
RENAMED = (("su", "longrope"), ("mrope", "default"))
