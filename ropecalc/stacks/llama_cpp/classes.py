"""Which keys and tensors llama.cpp's converter writes, by class of model.

Ran at commit 0c1e57098 with transformers 4.57.6, which it pins: every class below was converted
with and without each scaling. A class that is in no list has the keys of ``TextModel``.
"""

from __future__ import annotations

# transformers' model_type -> general.architecture
ARCHITECTURES = {
    **{
        same: same
        for same in "afmoe apertus arcee baichuan bitnet chameleon chatglm cohere2 deepseek dots1 "
        "ernie4_5 exaone4 falcon gemma gemma2 gemma3 gemma3n glm4 granite granitemoe internlm2 "
        "jamba lfm2 llama minicpm minicpm3 nemotron olmo olmo2 olmoe phi3 qwen qwen2 qwen3 "
        "seed_oss smollm3 stablelm starcoder2".split()
    },
    **dict.fromkeys("mistral mixtral internlm3".split(), "llama"),
    **dict.fromkeys("deepseek_v2 deepseek_v3 glm4_moe_lite kimi_k2 youtu".split(), "deepseek2"),
    **dict.fromkeys("granitemoehybrid granitemoeshared".split(), "granitemoe"),
    **dict.fromkeys("qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text".split(), "qwen2vl"),
    **dict.fromkeys("qwen3_vl_moe_text qwen3_omni_moe_text".split(), "qwen3vlmoe"),
    **dict.fromkeys("glm4_moe solar_open".split(), "glm4moe"),
    "bamba": "granitehybrid",
    "cohere": "command-r",
    "cohere2_moe": "cohere2moe",
    "deepseek_v32": "deepseek32",
    "ernie4_5_moe": "ernie4_5-moe",
    "exaone_moe": "exaone-moe",
    "falcon_h1": "falcon-h1",
    "gemma3_text": "gemma3",
    "gemma3n_text": "gemma3n",
    "gemma4_text": "gemma4",
    "glm": "chatglm",
    "glm_moe_dsa": "glm-dsa",
    "gpt_neox": "gptneox",
    "gpt_oss": "gpt-oss",
    "hunyuan_v1_dense": "hunyuan-dense",
    "hunyuan_v1_moe": "hunyuan-moe",
    "lfm2_moe": "lfm2moe",
    "llama4_text": "llama4",
    "minimax_m2": "minimax-m2",
    "ministral3": "mistral3",
    "mistral4": "mistral4",
    "olmo3": "olmo2",
    "phi": "phi2",
    "phimoe": "phimoe",
    "qwen2_moe": "qwen2moe",
    "qwen3_5_moe_text": "qwen35moe",
    "qwen3_5_text": "qwen35",
    "qwen3_moe": "qwen3moe",
    "qwen3_next": "qwen3next",
    "qwen3_vl_text": "qwen3vl",
}
# No converter has a class of this name.
REFUSED = frozenset(
    "aquila aria_text codegen cwm diffllama doge flex_olmo fuyu gptj helium internlm jetmoe "
    "longcat_flash minimax ministral modernbert-decoder persimmon recurrent_gemma vaultgemma "
    "zamba2".split()
)
# Converters that write no key of a scaling; of these, some write the base.
UNSCALED = frozenset(
    "chatglm falcon falcon_h1 gemma gemma2 glm gpt_neox jamba minicpm3 phi phi3 phimoe "
    "stablelm".split()
)
BASE_ALONE = frozenset("chatglm falcon_h1 glm phi3 phimoe".split())
BY_RATIO = frozenset(["chatglm", "glm"])  # base: 10,000 times rope_ratio, whatever rope_theta is
BY_SEQ_LENGTH = BY_RATIO  # context_length: seq_length, else, for whatever reason, hidden_size
CONTEXTS = {"falcon": 2048}  # whatever the file says
# rope.scaling.type is written last, over that of the file.
FORCED = {
    **dict.fromkeys("cohere cohere2 cohere2_moe deepseek exaone_moe".split(), "none"),
    "bitnet": "linear",
}
UNIT_FACTOR = frozenset(["bitnet"])
LINEAR_BY_ANY_FACTOR = frozenset(["nemotron"])

# generate_extra_tensors: rope_freqs.weight for llama3, of Llama's converter and those made from it
LLAMA3 = frozenset(
    "apertus arcee deci exaone exaone4 exaone_moe llama llama4_text ministral3 mistral mixtral "
    "smollm3 step3p5".split()
)
# the same, but the architecture has no such tensor: ValueError
LLAMA3_REFUSED = frozenset(
    "afmoe bamba granite granitemoe granitemoehybrid granitemoeshared".split()
)
# rope_factors_long.weight and rope_factors_short.weight
LISTS = frozenset("minicpm minicpm3 phi3 phimoe".split())
LISTS_WITH_FACTOR = frozenset(["phi3", "phimoe"])  # and their attention factor

# partial_rotary_factor counts; other classes rotate whole heads, whatever it is.
PARTIAL = frozenset(
    "chatglm exaone glm glm4 glm4_moe glm_moe_dsa minimax_m2 nemotron phi phi3 phimoe "
    "qwen3_5_moe_text qwen3_5_text qwen3_next solar_open stablelm step3p5 gemma4_text".split()
)
ROTARY_PCT = frozenset(["gpt_neox"])  # that key alone, by default a quarter
# Classes of transformers 4 that take ``type``, where there is one, for the rope_type.
TYPE_WINS = frozenset(
    "apertus arcee deepseek_v2 deepseek_v3 ernie4_5 ernie4_5_moe glm4_moe gpt_oss llama olmoe "
    "qwen2 qwen2_5_vl qwen2_5_vl_text qwen2_moe qwen2_vl qwen2_vl_text qwen3 qwen3_moe seed_oss "
    "smollm3 starcoder2".split()
)
# The base of a file without one, by the class of transformers 4; llama.cpp has 10,000 by itself.
BASES = {
    **dict.fromkeys("bitnet ernie4_5 ernie4_5_moe llama4_text".split(), 5e5),
    **dict.fromkeys("gemma3 gemma3_text gemma3n gemma3n_text lfm2 mixtral".split(), 1e6),
    **dict.fromkeys("qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text".split(), 1e6),
    **dict.fromkeys(["qwen3_vl_moe_text", "qwen3_vl_text"], 5e6),
    "apertus": 1.2e7,
    "gpt_oss": 1.5e5,
    "smollm3": 2e6,
}
LOCAL_BASES = dict.fromkeys("gemma3 gemma3_text gemma3n gemma3n_text".split(), 1e4)
# head_dim is written as it is: a null is no integer
KEY_LENGTH = frozenset("gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text".split())
