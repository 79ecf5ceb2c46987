"""How the code of each class of models calls get_rope in vLLM: data, of the room's ``VERSION``.

Keyed by ``model_type``, as ``ropecalc.models.classes``. A class that is not listed calls it as
Llama does.
"""

from __future__ import annotations

from dataclasses import dataclass

MODELS = "vllm/model_executor/models"
REGISTRY = f"{MODELS}/registry.py _TRANSFORMERS_SUPPORTED_MODELS"
PLAIN_BASE = 10_000.0  # get_rope's, of an object without a base


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a class: one file in ``MODELS``."""

    file: str = "llama"
    neox: bool = True
    """Whether pairs are the halves of the head; longrope knows no others."""
    base: float | None = PLAIN_BASE
    """The base of an object without one; None: KeyError."""
    partial: float | None = None
    """The part of the head of an object that does not say it; None: all of it."""
    by_kind: bool = False
    """Whether it looks for an object a kind of layer."""
    latent: bool = False
    """Whether any scaling becomes deepseek_yarn."""
    dims: bool = False
    """Whether it takes rotary_dim from the config, where the object has no part of the head."""
    dims_first: bool = False
    """Whether it does so though the object has one."""
    head: bool = False
    """Whether a head_dim of null is not replaced by hidden_size over heads."""
    sections: int = 4
    """What multiplies the original length in a YaRN with mrope_section."""
    served: bool = False
    """Whether its positions are those of --max-model-len, and max_trained_positions is beside the
    object."""
    ran: bool = False
    """Whether it was run with configs of many kinds; else its source was read."""


CODE = {
    "apertus": Code("apertus", ran=True),
    "cohere": Code("commandr", neox=False, head=True, ran=True),
    "cohere2": Code("commandr", neox=False, head=True, ran=True),
    "cohere2_moe": Code("cohere2_moe", neox=False),
    "deepseek_v2": Code("deepseek_v2", neox=False, latent=True, ran=True),
    "deepseek_v3": Code("deepseek_v2", neox=False, latent=True, ran=True),
    "deepseek_v32": Code("deepseek_v2", neox=False, latent=True),
    "ernie4_5": Code("ernie45", ran=True),
    "ernie4_5_moe": Code("ernie45_moe", neox=False, base=5e5),
    "exaone4": Code("exaone4", base=1e6, ran=True),
    "exaone_moe": Code("exaone_moe", base=1e6),
    "falcon_h1": Code("falcon_h1", base=1e11, dims=True, dims_first=True, ran=True),
    "gemma3_text": Code("gemma3", by_kind=True, ran=True),
    "gemma3n_text": Code("gemma3n", by_kind=True),
    "gemma4_text": Code("gemma4", by_kind=True, ran=True),
    "glm4": Code("glm4", neox=False, partial=0.5, ran=True),
    "glm4_moe": Code("glm4_moe", partial=0.5, ran=True),
    "glm4_moe_lite": Code("glm4_moe_lite", neox=False, latent=True, head=True, ran=True),
    "glm_moe_dsa": Code("deepseek_v2", neox=False, latent=True),
    "gpt_oss": Code("gpt_oss", base=None),
    "gptj": Code("gpt_j", neox=False, dims=True, dims_first=True),
    "granite": Code("granite", base=None, ran=True),
    "granitemoe": Code("granitemoe", base=None),
    "kimi_k2": Code("deepseek_v2", neox=False, latent=True, ran=True),
    "kimi_k25": Code("deepseek_v2", neox=False, latent=True),
    "longcat_flash": Code("deepseek_v2", neox=False, latent=True),
    "minicpm3": Code("minicpm3", ran=True),
    "minimax_m2": Code("minimax_m2", dims=True),
    "mistral4": Code("deepseek_v2", neox=False, latent=True),
    "modernbert": Code("modernbert", by_kind=True),
    "nomic_bert": Code("bert_with_rope", served=True),
    "qwen2": Code("qwen2", base=1e6, ran=True),
    "qwen2_vl": Code("qwen2", base=1e6),  # a file without a text part
    "qwen2_5_vl": Code("qwen2", base=1e6),
    "qwen2_vl_text": Code("qwen2", base=1e6),
    "qwen2_5_vl_text": Code("qwen2", base=1e6),
    "qwen3": Code("qwen3", base=1e6, ran=True),
    "qwen3_vl_text": Code("qwen3", base=1e6, sections=1),
    "qwen3_vl_moe_text": Code("qwen3_moe", sections=1),
    "qwen3_5_text": Code("qwen3_next", sections=1),
    "qwen3_5_moe_text": Code("qwen3_next", sections=1),
}
LLAMA = Code(ran=True)

# The registry has its Transformers backend for them, which runs transformers' own code of the
# class, its rotary embedding with it.
BY_TRANSFORMERS = frozenset(
    "arcee cwm emu3_text_model flex_olmo glm gpt_bigcode gpt_neox hunyuan_v1_dense hunyuan_v1_moe "
    "hunyuan_vl_text jais2 mellum nanbeige olmo olmo2 olmo3 phi seed_oss smollm3 starcoder2 "
    "vaultgemma "
    # not in the registry, and fit to replace it by the flags of transformers' class
    "bamba bitnet diffllama doge dots1 helium jetmoe minimax ministral modernbert-decoder "
    "persimmon recurrent_gemma solar_open youtu".split()
)
# Neither has code of the class: the architecture is not in the registry, or is no more.
NO_CODE = frozenset(
    "aquila baichuan chameleon codegen internlm mixformer-sequential phi-msft qwen RefinedWeb "
    "RefinedWebModel stablelm_epoch".split()
)
# Whose heads are hidden_size over num_attention_heads, whatever head_dim is.
QUOTIENT = frozenset(["granitemoe", "olmoe", "qwen2", "qwen2_moe", "stablelm"])
WINDOW_NEEDED = frozenset(["cohere2"])  # which computes with sliding_window
# Of these transformers' code looks up partial_rotary_factor and does not do without: KeyError.
PARTIAL_NEEDED = frozenset(["phi", "persimmon"])

# gpt_oss.py builds YaRN from these keys alone and looks each up, whatever the rope_type is:
# KeyError for one that is absent. truncate may be absent.
YARN_ALONE = frozenset(["gpt_oss"])
YARN_KEYS = ("factor", "original_max_position_embeddings", "beta_fast", "beta_slow")
YARN_DROPPED = ("attention_factor", "mscale", "mscale_all_dim")

# transformers_utils/config.py patch_legacy_rope_type: (type, rope_type) that may differ. Any other
# two are a ValueError.
RENAMED = (("su", "longrope"), ("mrope", "default"))


def code_of(model_type: str) -> Code:
    """The code of a class."""
    return CODE.get(model_type, LLAMA)
