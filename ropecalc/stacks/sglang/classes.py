"""What SGLang 0.5.23 makes of a model by its class: one file a class, ``python/sglang/srt/models``.

Keyed by ``model_type``, as ``ropecalc.models.classes``.
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

# configs/olmo3.py stands in for transformers' class and has one flat rope, from rope_scaling and
# rope_theta (10,000 unless given). What is in rope_parameters is gone once the file is loaded; the
# check of some methods looks for the lengths before that, and stops with an AttributeError (run
# with transformers 5.19 and 5.23). models/olmo2.py scales full attention alone, by one base.
FLAT = frozenset(["olmo3"])
FLAT_BASE = 10_000.0
FLAT_CONFIG = "python/sglang/srt/configs/olmo3.py"
FLAT_STOPS = ("yarn", "llama3", "longrope")
