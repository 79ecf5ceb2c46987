"""What classes of transformers 4 do otherwise than those of version 5: data, of 4.57.6, read.

Keyed by ``model_type``, as ``ropecalc.models.classes``.
"""

# Classes of version 5 that version 4 has not.
AFTER_4 = frozenset(
    "afmoe axk1 axk2 bailing_hybrid beam cohere2_moe cwm deepseek_v32 deepseek_v4 "
    "emu3_text_model eurobert exaone_moe gemma4 gemma4_text gemma4_unified_text glm4_moe_lite "
    "glm_moe_dsa granite_swa granitemoe_swa hunyuan_vl_text hy_v3 hy_v4 hyperclovax internlm3 "
    "iquestcoder jais2 kimi_linear laguna lfm2_moe lfm3 mellum mimo_v2_flash minicpm3 "
    "minimax_m2 minimax_m3_vl_text ministral3 mistral4 mistral_large4_text nanochat nemotron_h "
    "nomic_bert olmo_hybrid qwen3_5_moe_text qwen3_5_text qwen4_exp_text solar_open step3p5 "
    "t5gemma2_text youtu zaya".split()
)
# Their configs take linear and dynamic alone, in a rope_scaling of two fields, type and factor.
TWO_FIELDS = frozenset("chameleon fuyu hunyuan_v1_dense hunyuan_v1_moe olmo olmo2".split())
# The only fields of a rope_scaling, and none of them may be absent.
FIELDS = {
    **{key: {"type", "factor"} for key in TWO_FIELDS},
    "phi3": {"type", "short_factor", "long_factor"},
}
UNSCALED = frozenset("dbrx nemotron recurrent_gemma".split())
