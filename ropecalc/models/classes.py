"""What a model's class says where its config.json is silent: the defaults of transformers 5.23.0.

Keyed by ``model_type``. A class that is not listed has no rotary embedding that is known here.
Classes whose code lives in the model's own repository stand at the end of their lists.
"""

from __future__ import annotations

PLAIN_BASE = 10_000.0

# Classes whose base is 10,000 where the file has none.
_PLAIN = (
    "afmoe arcee aria_text bamba chameleon codegen cohere2 cohere2_moe deepseek_v2 deepseek_v3 "
    "deepseek_v32 deepseek_v4 dia_decoder diffllama doge dots1 exaone4 exaone_moe falcon "
    "falcon_h1 fuyu gemma gemma2 glm glm4 glm4_moe glm4_moe_lite glm_moe_dsa gpt_neox gptj "
    "granite granitemoe granitemoehybrid granitemoeshared hunyuan_v1_dense hunyuan_v1_moe "
    "internlm3 jamba jetmoe llama minicpm3 ministral mistral mistral4 nemotron olmo olmo2 olmoe "
    "persimmon phi phi3 qwen2 qwen2_moe qwen3 qwen3_5_moe_text qwen3_5_text qwen3_moe "
    "qwen3_next recurrent_gemma seed_oss stablelm starcoder2 vaultgemma youtu zamba2 "
    "aquila baichuan chatglm deepseek internlm internlm2 kimi_k2 minicpm mixformer-sequential "
    "phi-msft qwen stablelm_epoch RefinedWeb RefinedWebModel"
).split()
_OTHERS = {
    "helium": 1e5,
    "gpt_oss": 1.5e5,
    "bitnet": 5e5,
    "cohere": 5e5,
    "csm": 5e5,
    "ernie4_5": 5e5,
    "ernie4_5_moe": 5e5,
    "flex_olmo": 5e5,
    "llama4_text": 5e5,
    "mllama_text_model": 5e5,
    "olmo3": 5e5,
    "qwen3_vl_text": 5e5,
    "qwen3_vl_moe_text": 5e5,
    "cwm": 1e6,
    "emu3_text_model": 1e6,
    "lfm2": 1e6,
    "lfm2_moe": 1e6,
    "minimax": 1e6,
    "ministral3": 1e6,
    "mixtral": 1e6,
    "phimoe": 1e6,
    "qwen2_vl": 1e6,
    "qwen2_vl_text": 1e6,
    "qwen2_5_vl_text": 1e6,
    "qwen3_omni_moe_text": 1e6,
    "solar_open": 1e6,
    "smollm3": 2e6,
    "minimax_m2": 5e6,
    "longcat_flash": 1e7,
    "apertus": 1.2e7,
}
BASE = dict.fromkeys(_PLAIN, PLAIN_BASE) | _OTHERS

# The whole rope object that a class has where the file has none.
ROPE = {
    "gpt_oss": {
        "rope_type": "yarn",
        "factor": 32.0,
        "original_max_position_embeddings": 4096,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "truncate": False,
    },
    "cwm": {
        "rope_type": "llama3",
        "factor": 16.0,
        "original_max_position_embeddings": 8192,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
    },
    "apertus": {
        "rope_type": "llama3",
        "factor": 8.0,
        "original_max_position_embeddings": 8192,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
    },
    "ministral3": {
        "rope_type": "yarn",
        "factor": 16.0,
        "original_max_position_embeddings": 16384,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
    },
    "mistral4": {
        "rope_type": "yarn",
        "factor": 128.0,
        "original_max_position_embeddings": 8192,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
    },
}
COMPRESS_BASE = 1.6e5  # of DeepSeek-V4's compressed attention
# A default that wins over what a rope object says.
ORIGINAL_CONTEXT = {"phi3": 4096}

# (full_attention, sliding_attention). These read rope_parameters by kind of layer alone: a flat
# object is passed over, and rope_scaling is merged into {"rope_type": "default"}, so that a type
# under that name alone scales nothing (convert_rope_params_to_dict of each)
BASES_BY_LAYER = (
    dict.fromkeys(["gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "t5gemma2_text"], (1e6, 1e4))
    | dict.fromkeys(["modernbert", "modernbert-decoder"], (1.6e5, 1e4))
    | {"olmo3": (5e5, 5e5)}
)
# of these even the type is checked, so that a flat object is refused
FLAT_REFUSED = frozenset(["modernbert", "modernbert-decoder"])
# no key of the older form is for the sliding layers, which keep the base of their class
FIXED_LOCAL_BASE = frozenset(["olmo3"])

ROTARY = BASE.keys() | BASES_BY_LAYER.keys()

PARTIAL_ROTARY_FACTOR = dict.fromkeys(
    "bamba glm glm4 glm4_moe glm4v_moe_text nemotron persimmon phi recurrent_gemma chatglm".split(),
    0.5,
) | dict.fromkeys(
    "gpt_neox qwen3_5_moe_text qwen3_5_text qwen3_next stablelm stablelm_epoch".split(), 0.25
)
PARTIAL_ROTARY_FACTOR["deepseek_v4"] = 0.125
ROTARY_DIM = {"gptj": 64, "codegen": 64}

HEAD_DIM = (
    dict.fromkeys(
        "cohere2_moe cwm ernie4_5 glm glm4 helium hy_v3 internlm3 jetmoe llama4_text minimax_m2 "
        "ministral3 mistral4 qwen3 qwen3_vl_text seed_oss solar_open".split(),
        128,
    )
    | dict.fromkeys(
        "gemma gemma2 gemma3_text gemma3n_text gemma4_text qwen3_5_moe_text qwen3_5_text "
        "qwen3_next vaultgemma".split(),
        256,
    )
    | {"gpt_oss": 64, "deepseek_v4": 512}
)

# What a head_dim that is null does, measured on 5.23. These classes declare an integer, and refuse
# it as the file is loaded:
STRICT_HEAD_DIM = frozenset(
    "cohere2_moe cwm deepseek_v32 deepseek_v4 dia_decoder gemma gemma2 gemma3_text gemma3n_text "
    "gemma4_text glm4 glm_moe_dsa gpt_oss helium llama4_text longcat_flash mimo_v2_flash "
    "minimax_m2 ministral3 qwen3 qwen3_5_moe_text qwen3_5_text qwen3_next qwen3_vl_text "
    "solar_open step3p5 t5gemma2_text vaultgemma".split()
)
# these keep the null, which the methods below multiply:
KEEPS_NULL_HEAD_DIM = frozenset(
    "afmoe apertus bamba bitnet chameleon cohere cohere2 deepseek_v3 doge dots1 emu3_text_model "
    "ernie4_5_moe exaone4 exaone_moe falcon_h1 flex_olmo glm glm4_moe glm4_moe_lite gpt_neox "
    "granite granitemoe granitemoehybrid granitemoeshared hunyuan_v1_dense hunyuan_v1_moe "
    "hunyuan_vl_text jetmoe lfm2 lfm2_moe minimax ministral mistral4 mixtral mllama_text_model "
    "modernbert modernbert-decoder olmo olmo2 olmo3 olmoe persimmon phi phi3 qwen2 qwen2_5_vl_text "
    "qwen2_moe qwen2_vl_text qwen3_moe qwen3_omni_moe_text smollm3 stablelm starcoder2".split()
)
# these have a null where the file has no head_dim either:
NULL_HEAD_DIM = frozenset(
    "hunyuan_v1_dense hunyuan_v1_moe hunyuan_vl_text minimax ministral mixtral".split()
)
MULTIPLY_HEAD_DIM = ("dynamic", "yarn", "longrope")

# sliding_window is for every layer
ALWAYS_SLIDING = frozenset("mistral mixtral ministral phi3 phimoe starcoder2".split())
# every nth layer sees the whole context, the others a window
SLIDING_PATTERN = {
    "gemma2": 2,
    "gpt_oss": 2,
    "cohere2": 4,
    "cohere2_moe": 4,
    "cwm": 4,
    "exaone4": 4,
    "exaone_moe": 4,
    "olmo3": 4,
    "gemma3_text": 6,
    "gemma3": 6,
    "gemma4_text": 6,
    "modernbert": 3,
    "modernbert-decoder": 3,
}
# layers that see the whole context have no rotation
UNROTATED_FULL = frozenset("cohere2 cohere2_moe exaone4 exaone_moe llama4_text".split())
# every nth layer has no rotation
UNROTATED_EVERY = {"llama4_text": 4, "smollm3": 4}
# rope_scaling is for the layers that see the whole context alone
SCALED_FULL_ONLY = frozenset("olmo3 gemma3 gemma3_text gemma3n gemma3n_text t5gemma2_text".split())
# Phi-3 and its like: no scaling but longrope, which has two more names there
# (configuration_phi3.py, convert_rope_params_to_dict and validate_rope)
LONGROPE_ALONE = frozenset(["phi3", "phi4_multimodal"])
LONGROPE_BY_OTHER_NAMES = dict.fromkeys(LONGROPE_ALONE, ("su", "yarn"))
# any scaling needs short_mscale and long_mscale, which the forward pass multiplies cos and sin by
# (configuration_phimoe.py, validate_rope; PhimoeRotaryEmbedding)
MSCALES_NEEDED = frozenset(["phimoe"])
MSCALES = ("short_mscale", "long_mscale")
# the last layer sees the whole context, whatever the pattern says
FULL_LAST = frozenset(["gemma4_text"])
# the first layer of a pattern sees the whole context, rather than its last
FULL_FIRST = frozenset(["cwm", "modernbert", "modernbert-decoder"])
