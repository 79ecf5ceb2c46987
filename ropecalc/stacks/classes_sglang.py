"""What SGLang 0.5.23 makes of a model by its class: one file a class, ``python/sglang/srt/models``.

Keyed by ``model_type``, as ``ropecalc.stacks.classes``.
"""

from __future__ import annotations

MODELS = "python/sglang/srt/models"

# The file of a class passes no scaling to get_rope: baichuan.py, chatglm.py, gemma.py, gemma2.py,
# gpt_j.py, granitemoe.py, mixtral.py, olmo.py, persimmon.py, phi.py, stablelm.py, starcoder2.py.
UNSCALED = frozenset(
    "baichuan chatglm gemma gemma2 gptj granitemoe granitemoeshared mixtral olmo persimmon phi "
    "stablelm starcoder2".split()
)
# The file of a class passes int(rope_theta): granitemoe.py, llama4.py, mixtral.py, phimoe.py,
# starcoder2.py.
WHOLE_BASE = frozenset("granitemoe granitemoeshared llama4_text mixtral phimoe starcoder2".split())

REGISTRY = f"{MODELS}/registry.py _normalize_archs"

# No file is there for the class, and transformers' own is fit to stand in: the Transformers backend
# runs it, its rotary embedding with it.
BY_TRANSFORMERS = frozenset(
    "cwm flex_olmo glm gpt_neox nemotron seed_oss smollm3 vaultgemma".split()
)
