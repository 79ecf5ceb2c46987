"""Configs of published models, in the keys of their own config.json: the real half of the cases.

Only what the rotary embedding depends on is kept. Every model here has its figures from its
published config, or from the table of a stack that trains or serves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Case = tuple[str, Document, int | None]


def model_cases() -> Iterator[Case]:
    """(name, config.json, length or None) of every model, some at several lengths, and of traps."""
    for name, document in MODELS.items():
        yield name, document, None
    for name, length in LENGTHS:
        yield f"{name} at {length}", MODELS[name], length
    for name, document in TRAPS.items():
        yield f"trap: {name}", document, None
    yield from known_cases()


STAND_INS = {  # their own classes lie in their repositories, with these for a model
    "internlm2": "llama",
    "internlm3": "llama",
    "minicpm": "llama",
    "kimi_k2": "deepseek_v3",
}


def known_cases() -> Iterator[Case]:
    """The models of ``ropecalc models`` that scale their base.

    Another class stands in for one that transformers does not have; what such a file says about
    its rotary embedding is in the same keys.
    """
    from ropecalc.models.known import find_model, known_models

    for known in known_models():
        if any(rope.rope_type != "default" for rope in find_model(known.name).ropes):
            document = dict(known.document)
            own = document["model_type"]
            document["model_type"] = STAND_INS.get(own, own)
            yield f"known: {known.name}", document, None


def _dense(model_type: str, hidden: int, heads: int, context: int, **keys: Any) -> Document:
    return {
        "model_type": model_type,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": keys.pop("num_key_value_heads", heads),
        "max_position_embeddings": context,
        **keys,
    }


def _latent(model_type: str, hidden: int, heads: int, context: int, **keys: Any) -> Document:
    """Multi-head latent attention: 128 dimensions without a position and 64 rotated."""
    dims = {"qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "kv_lora_rank": 512}
    return _dense(model_type, hidden, heads, context, **(dims | keys))


def _llama3(factor: float, low: float = 1.0, high: float = 4.0) -> Document:
    return {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": 8192,
    }


def _yarn(factor: float, original: int, key: str = "rope_type", **more: Any) -> Document:
    return {key: "yarn", "factor": factor, "original_max_position_embeddings": original, **more}


def _deepseek_yarn(factor: float, mscale: float, fast: int = 32) -> Document:
    betas = {"beta_fast": fast, "beta_slow": 1}
    return _yarn(factor, 4096, "type", **betas, mscale=mscale, mscale_all_dim=mscale)


def _alternating(layers: int, every: int) -> list[str]:
    return ["sliding_attention" if (i + 1) % every else "full_attention" for i in range(layers)]


def _longrope(short: list[float], long: list[float]) -> Document:
    return {"type": "longrope", "short_factor": short, "long_factor": long}


# fmt: off
PHI_3_5_LONG = [
    1.0800000429153442, 1.1100000143051147, 1.1399999856948853, 1.340000033378601,
    1.5899999141693115, 1.600000023841858, 1.6200000047683716, 2.620000123977661,
    3.2300000190734863, 3.2300000190734863, 4.789999961853027, 7.400000095367432,
    7.700000286102295, 9.09000015258789, 12.199999809265137, 17.670000076293945,
    24.46000099182129, 28.57000160217285, 30.420001983642578, 30.840002059936523,
    32.590003967285156, 32.93000411987305, 42.320003509521484, 44.96000289916992,
    50.340003967285156, 50.45000457763672, 57.55000305175781, 57.93000411987305,
    58.21000289916992, 60.1400032043457, 62.61000442504883, 62.62000274658203,
    62.71000289916992, 63.1400032043457, 63.1400032043457, 63.77000427246094,
    63.93000411987305, 63.96000289916992, 63.970001220703125, 64.02999877929688,
    64.06999969482422, 64.08000183105469, 64.12000274658203, 64.41000366210938,
    64.4800033569336, 64.51000213623047, 64.52999877929688, 64.83999633789062,
]
PHI_3_5_SHORT = [
    1.0, 1.0199999809265137, 1.0299999713897705, 1.0299999713897705, 1.0499999523162842,
    1.0499999523162842, 1.0499999523162842, 1.0499999523162842, 1.0499999523162842,
    1.0699999332427979, 1.0999999046325684, 1.1099998950958252, 1.1599998474121094,
    1.1599998474121094, 1.1699998378753662, 1.2899998426437378, 1.339999794960022,
    1.679999828338623, 1.7899998426437378, 1.8199998140335083, 1.8499997854232788,
    1.8799997568130493, 1.9099997282028198, 1.9399996995925903, 1.9899996519088745,
    *[2.0199997425079346] * 6, *[2.0299997329711914] * 9, 2.0799996852874756,
    2.0899996757507324, 2.189999580383301, 2.2199995517730713, 2.5899994373321533,
    2.729999542236328, 2.749999523162842, 2.8399994373321533,
]
PHI_4_MINI_LONG = [
    1, 1.118320672, 1.250641126, 1.398617824, 1.564103225, 1.74916897, 1.956131817, 2.187582649,
    2.446418898, 2.735880826, 3.059592084, 3.421605075, 3.826451687, 4.279200023, 4.785517845,
    5.351743533, 5.984965424, 6.693110555, 7.485043894, 8.370679318, 9.36110372, 10.4687158,
    11.70738129, 13.09260651, 14.64173252, 16.37415215, 18.31155283, 20.47818807, 22.90118105,
    25.61086418, 28.64115884, 32.03, 32.1, 32.13, 32.23, 32.6, 32.61, 32.64, 32.66, 32.7, 32.71,
    32.93, 32.97, 33.28, 33.49, 33.5, 44.16, 47.77,
]
# fmt: on

MODELS: dict[str, Document] = {
    # llama and its kin: plain, linear, YaRN, llama3
    "llama-2-7b": _dense("llama", 4096, 32, 4096, rope_theta=10000.0, rope_scaling=None),
    "llama-2-7b-32k": _dense(
        "llama", 4096, 32, 32768, rope_theta=10000.0, rope_scaling={"type": "linear", "factor": 8.0}
    ),
    "yarn-llama-2-13b-64k": _dense(
        "llama", 5120, 40, 65536, rope_theta=10000.0, rope_scaling=_yarn(16.0, 4096, "type")
    ),
    "yarn-llama-2-13b-128k": _dense(
        "llama", 5120, 40, 131072, rope_theta=10000.0, rope_scaling=_yarn(32.0, 4096, "type")
    ),
    "yarn-mistral-7b-128k": _dense(
        "mistral", 4096, 32, 32768, rope_theta=10000.0, rope_scaling=_yarn(16.0, 8192, "type")
    ),
    "codellama-34b": _dense("llama", 8192, 64, 16384, rope_theta=1000000.0, rope_scaling=None),
    "llama-3-8b": _dense("llama", 4096, 32, 8192, rope_theta=500000.0, rope_scaling=None),
    "llama-3.1-8b": _dense("llama", 4096, 32, 131072, rope_theta=5e5, rope_scaling=_llama3(8.0)),
    "llama-3.1-405b": _dense(
        "llama", 16384, 128, 131072, rope_theta=500000.0, rope_scaling=_llama3(8.0)
    ),
    "llama-3.2-1b": _dense(
        "llama", 2048, 32, 131072, head_dim=64, rope_theta=500000.0, rope_scaling=_llama3(32.0)
    ),
    "llama-3.2-3b": _dense(
        "llama", 3072, 24, 131072, head_dim=128, rope_theta=500000.0, rope_scaling=_llama3(32.0)
    ),
    "llama-3.1-8b, as transformers 5 saves it": _dense(
        "llama", 4096, 32, 131072, head_dim=128, rope_parameters=_llama3(8.0) | {"rope_theta": 5e5}
    ),
    "llama-4-scout-17b-16e": {
        "model_type": "llama4",
        "text_config": _dense(
            "llama4_text",
            5120,
            40,
            10485760,
            head_dim=128,
            rope_theta=500000.0,
            rope_scaling=_llama3(16.0, 1.0, 1.0),
        ),
    },
    "tinyllama-1.1b": _dense("llama", 2048, 32, 2048, rope_theta=10000.0, rope_scaling=None),
    "deepseek-coder-6.7b": _dense(
        "llama", 4096, 32, 16384, rope_theta=100000, rope_scaling={"type": "linear", "factor": 4.0}
    ),
    "yi-34b-200k": _dense("llama", 7168, 56, 200000, rope_theta=5000000.0, rope_scaling=None),
    "falcon3-10b": _dense("llama", 3072, 12, 32768, head_dim=256, rope_theta=1000042),
    "smollm2-1.7b": _dense("llama", 2048, 32, 8192, rope_theta=130000, rope_scaling=None),
    "internlm2_5-7b-chat-1m, llamafied": _dense(
        "llama",
        4096,
        32,
        262144,
        rope_theta=50000000,
        rope_scaling={"type": "dynamic", "factor": 2.5},
    ),
    "internlm2_5-20b-chat, llamafied": _dense(
        "llama",
        6144,
        48,
        32768,
        rope_theta=50000000,
        rope_scaling={"type": "dynamic", "factor": 2.5},
    ),
    "internlm2_5-7b-chat, llamafied": _dense(
        "llama",
        4096,
        32,
        32768,
        rope_theta=1000000,
        rope_scaling={"type": "dynamic", "factor": 2.0},
    ),
    "cwm": _dense(
        "cwm", 6144, 48, 131072, head_dim=128, rope_theta=1000000.0, rope_scaling=_llama3(16.0)
    ),
    "apertus-8b": _dense(
        "apertus", 4096, 32, 65536, rope_theta=12000000, rope_scaling=_llama3(8.0)
    ),
    # a head that is not hidden / heads
    "mistral-7b-v0.3": _dense("mistral", 4096, 32, 32768, rope_theta=1000000.0),
    "mistral-nemo-12b": _dense("mistral", 5120, 32, 131072, head_dim=128, rope_theta=1000000.0),
    "mistral-small-24b": _dense("mistral", 5120, 32, 32768, head_dim=128, rope_theta=100000000.0),
    "mixtral-8x22b": _dense("mixtral", 6144, 48, 65536, rope_theta=1000000.0),
    "ministral-3-8b": _dense(
        "ministral3",
        4096,
        32,
        262144,
        head_dim=128,
        rope_parameters=_yarn(
            16.0,
            16384,
            beta_fast=32.0,
            beta_slow=1.0,
            mscale=1.0,
            mscale_all_dim=1.0,
            llama_4_scaling_beta=0.1,
            rope_theta=1000000.0,
        ),
    ),
    "ministral-3-14b": _dense(
        "ministral3",
        5120,
        32,
        262144,
        head_dim=128,
        rope_parameters=_yarn(
            16.0,
            16384,
            beta_fast=32.0,
            beta_slow=1.0,
            mscale=1.0,
            mscale_all_dim=1.0,
            llama_4_scaling_beta=0.1,
            rope_theta=1000000000.0,
        ),
    ),
    "qwen2-0.5b": _dense("qwen2", 896, 14, 32768, rope_theta=1000000.0),
    "qwen2.5-72b-instruct, yarn 4": _dense(
        "qwen2", 8192, 64, 32768, rope_theta=1000000.0, rope_scaling=_yarn(4.0, 32768, "type")
    ),
    "qwen3-8b": _dense(
        "qwen3", 4096, 32, 40960, head_dim=128, rope_theta=1000000, rope_scaling=None
    ),
    "qwen3-8b, yarn 4": _dense(
        "qwen3",
        4096,
        32,
        131072,
        head_dim=128,
        rope_theta=1000000,
        rope_scaling=_yarn(4.0, 32768),
    ),
    "qwen3-0.6b": _dense("qwen3", 1024, 16, 40960, head_dim=128, rope_theta=1000000),
    "deepseek-r1-0528-qwen3-8b": _dense(
        "qwen3",
        4096,
        32,
        131072,
        head_dim=128,
        rope_theta=1000000,
        rope_scaling=_yarn(4.0, 32768, attn_factor=0.8782488562869419),
    ),
    "qwen3-next-80b-a3b": _dense(
        "qwen3_next",
        2048,
        16,
        262144,
        head_dim=256,
        partial_rotary_factor=0.25,
        rope_theta=10000000,
        rope_scaling=None,
    ),
    "gpt-oss-20b": _dense(
        "gpt_oss",
        2880,
        64,
        131072,
        head_dim=64,
        rope_theta=150000,
        rope_scaling=_yarn(32.0, 4096, beta_fast=32.0, beta_slow=1.0, truncate=False),
    ),
    # latent attention
    "deepseek-v2-lite": _latent(
        "deepseek_v2",
        2048,
        16,
        163840,
        q_lora_rank=None,
        rope_theta=10000,
        rope_scaling=_deepseek_yarn(40, 0.707),
    ),
    "deepseek-v2": _latent(
        "deepseek_v2",
        5120,
        128,
        163840,
        q_lora_rank=1536,
        rope_theta=10000,
        rope_scaling=_deepseek_yarn(40, 0.707),
    ),
    "deepseek-v3": _latent(
        "deepseek_v3",
        7168,
        128,
        163840,
        q_lora_rank=1536,
        rope_theta=10000,
        rope_scaling=_deepseek_yarn(40, 1.0),
    ),
    "deepseek-v3.2": _latent(
        "deepseek_v32",
        7168,
        128,
        163840,
        q_lora_rank=1536,
        rope_theta=10000,
        rope_scaling=_deepseek_yarn(40, 1.0),
    ),
    "kimi-k2": _latent(
        "deepseek_v3",
        7168,
        64,
        131072,
        q_lora_rank=1536,
        rope_theta=50000.0,
        rope_scaling=_deepseek_yarn(32.0, 1.0, fast=1),
    ),
    "kimi-k2.5": _latent(
        "deepseek_v3",
        7168,
        64,
        262144,
        q_lora_rank=1536,
        rope_theta=50000.0,
        rope_scaling=_deepseek_yarn(64.0, 1.0),
    ),
    "moonlight-16b": _latent(
        "deepseek_v3", 2048, 16, 8192, q_lora_rank=None, rope_theta=50000.0, rope_scaling=None
    ),
    # a rope for each kind of layer
    "gemma-2-9b": _dense("gemma2", 3584, 16, 8192, head_dim=256, rope_theta=10000.0),
    "gemma-3-1b": _dense(
        "gemma3_text",
        1152,
        4,
        32768,
        head_dim=256,
        num_hidden_layers=26,
        rope_theta=1000000,
        rope_local_base_freq=10000,
        rope_scaling=None,
        sliding_window_pattern=6,
    ),
    "gemma-3-27b": {
        "model_type": "gemma3",
        "text_config": _dense(
            "gemma3_text",
            5376,
            32,
            131072,
            head_dim=128,
            num_hidden_layers=62,
            rope_theta=1000000.0,
            rope_local_base_freq=10000.0,
            rope_scaling={"rope_type": "linear", "factor": 8.0},
        ),
    },
    "gemma-4-31b": {
        "model_type": "gemma4",
        "text_config": _dense(
            "gemma4_text",
            5376,
            32,
            131072,
            head_dim=256,
            global_head_dim=512,
            num_hidden_layers=12,
            layer_types=_alternating(12, 6),
            rope_parameters={
                "full_attention": {
                    "rope_type": "proportional",
                    "rope_theta": 1000000.0,
                    "partial_rotary_factor": 0.25,
                },
                "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
            },
        ),
    },
    "olmo-3-7b": _dense(
        "olmo3",
        4096,
        32,
        65536,
        num_hidden_layers=12,
        layer_types=_alternating(12, 4),
        rope_theta=500000,
        rope_scaling=_yarn(
            8.0, 8192, attention_factor=1.2079441541679836, beta_fast=32.0, beta_slow=1.0
        ),
    ),
    "modernbert-base": _dense(
        "modernbert",
        768,
        12,
        8192,
        num_hidden_layers=22,
        global_rope_theta=160000.0,
        local_rope_theta=10000.0,
        global_attn_every_n_layers=3,
    ),
    # longrope
    "phi-3-mini-4k": _dense("phi3", 3072, 32, 4096, rope_theta=10000.0, rope_scaling=None),
    "phi-3.5-mini": _dense(
        "phi3",
        3072,
        32,
        131072,
        original_max_position_embeddings=4096,
        rope_theta=10000.0,
        rope_scaling=_longrope(PHI_3_5_SHORT, PHI_3_5_LONG),
    ),
    "phi-4-mini": _dense(
        "phi3",
        3072,
        24,
        131072,
        original_max_position_embeddings=4096,
        rope_theta=10000.0,
        partial_rotary_factor=0.75,
        rope_scaling=_longrope([1.0] * 48, PHI_4_MINI_LONG),
    ),
    # part of a head
    "phi-2": _dense("phi", 2560, 32, 2048, partial_rotary_factor=0.4, rope_theta=10000.0),
    "gpt-neox-20b": _dense("gpt_neox", 6144, 64, 2048, rotary_emb_base=10000, rotary_pct=0.25),
    "pythia-12b": _dense("gpt_neox", 5120, 40, 2048, rotary_emb_base=10000, rotary_pct=0.25),
    "stablelm-3b-4e1t": _dense(
        "stablelm", 2560, 32, 4096, partial_rotary_factor=0.25, rope_theta=10000
    ),
    "glm-4-9b-0414": _dense(
        "glm4", 4096, 32, 32768, head_dim=128, partial_rotary_factor=0.5, rope_theta=10000.0
    ),
    "glm-4.5-air": _dense(
        "glm4_moe", 4096, 96, 131072, head_dim=128, partial_rotary_factor=0.5, rope_theta=1000000
    ),
    "minitron-4b": _dense(
        "nemotron", 3072, 24, 4096, head_dim=128, partial_rotary_factor=0.5, rope_theta=10000
    ),
    # plain, at bases of their own
    "starcoder2-3b": _dense("starcoder2", 3072, 24, 16384, rope_theta=999999.4420358813),
    "command-r-plus": _dense("cohere", 12288, 96, 8192, rope_theta=75000000.0),
    "granite-3.2-2b": _dense("granite", 2048, 32, 131072, rope_theta=5000000.0),
    "smollm3-3b": _dense("smollm3", 2048, 16, 65536, rope_theta=5000000.0),
}

LENGTHS = [
    ("phi-3.5-mini", 4096),
    ("phi-3.5-mini", 4097),
    ("phi-4-mini", 131072),
    ("internlm2_5-7b-chat, llamafied", 32768),
    ("internlm2_5-7b-chat, llamafied", 131072),
    ("internlm2_5-20b-chat, llamafied", 262144),
]


def _small(model_type: str, **keys: Any) -> Document:
    return _dense(model_type, 256, 4, 8192, **keys)


def _two_kinds(model_type: str, **keys: Any) -> Document:
    return _small(model_type, num_hidden_layers=4, layer_types=_alternating(4, 2), **keys)


TRAPS: dict[str, Document] = {  # configs of no model: what transformers makes of odd ones
    "yarn without an original length": _small(
        "llama", rope_theta=10000.0, rope_scaling={"type": "yarn", "factor": 4.0}
    ),
    "yarn, original length at the top": _small(
        "llama",
        rope_theta=10000.0,
        original_max_position_embeddings=2048,
        rope_scaling={"type": "yarn", "factor": 4.0},
    ),
    "llama3, original length at the top": _small(
        "llama",
        rope_theta=10000.0,
        original_max_position_embeddings=2048,
        rope_scaling={
            "rope_type": "llama3",
            "factor": 4.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
        },
    ),
    "yarn, nulls for defaults": _small(
        "llama",
        rope_theta=10000.0,
        rope_scaling=_yarn(
            4.0, 2048, beta_fast=None, beta_slow=None, attention_factor=None, mscale=None
        ),
    ),
    "yarn, zero betas": _small(
        "llama", rope_theta=10000.0, rope_scaling=_yarn(4.0, 2048, beta_fast=0, beta_slow=0)
    ),
    "yarn, truncate in a nested dict": _two_kinds(
        "olmo3",
        rope_parameters={
            "full_attention": _yarn(4.0, 2048, rope_theta=50000.0, truncate=False),
            "sliding_attention": {"rope_type": "default", "rope_theta": 50000.0},
        },
    ),
    "yarn, nested, without an original length": _two_kinds(
        "olmo3",
        rope_parameters={
            "full_attention": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 50000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 50000.0},
        },
    ),
    "olmo 3, old keys, another base": _two_kinds("olmo3", rope_theta=50000.0, rope_scaling=None),
    "modernbert, scaling in old keys": _small(
        "modernbert",
        num_hidden_layers=4,
        global_rope_theta=160000.0,
        local_rope_theta=10000.0,
        rope_scaling={"type": "linear", "factor": 2.0},
    ),
    "a factor without a type": _small("llama", rope_theta=10000.0, rope_scaling={"factor": 4.0}),
    "base only in rope_scaling": _small(
        "llama", rope_scaling={"rope_type": "linear", "factor": 4.0, "rope_theta": 50000.0}
    ),
    "type and rope_type": _small(
        "llama",
        rope_theta=10000.0,
        rope_scaling={"type": "linear", "rope_type": "linear", "factor": 4.0},
    ),
    "an empty rope_scaling": _small("llama", rope_theta=50000.0, rope_scaling={}),
    "head_dim null": _small("llama", rope_theta=50000.0, head_dim=None),
    "a partial factor that llama does not read": _small(
        "llama", rope_theta=50000.0, partial_rotary_factor=0.5
    ),
    "mrope": _small(
        "qwen2_vl_text",
        rope_theta=1000000.0,
        rope_scaling={"type": "mrope", "mrope_section": [8, 12, 12]},
    ),
    "rotary_dim": _small("minimax_m2", head_dim=64, rotary_dim=32, rope_theta=5000000),
    "no base: llama": _small("llama"),
    "no base: gpt-oss": _small("gpt_oss", head_dim=64, rope_scaling=None),
    "no base: cohere": _small("cohere"),
    "no base: mixtral": _small("mixtral"),
    "no base: gemma 3": _small("gemma3_text", head_dim=64, num_hidden_layers=6),
    "no fraction: gpt-neox": _small("gpt_neox", rotary_emb_base=10000),
    "no fraction: phi": _small("phi", rope_theta=10000.0),
    "no fraction: stablelm": _small("stablelm", rope_theta=10000.0),
    "no fraction: qwen3-next": _small("qwen3_next", head_dim=64, rope_theta=10000000.0),
    "no head_dim: qwen3": _small("qwen3", rope_theta=1000000.0),
    "no head_dim: gemma": _small("gemma", rope_theta=10000.0),
    "phi-3, original length in the dict": _small(
        "phi3",
        rope_theta=10000.0,
        rope_scaling=_longrope([1.0] * 32, [4.0] * 32) | {"original_max_position_embeddings": 2048},
    ),
    "gemma 4, as transformers 5 saves it": _two_kinds(
        "gemma4_text",
        head_dim=64,
        per_layer_config={"1": {"head_dim": 128}, "3": {"head_dim": 128}},
        rope_parameters={
            "full_attention": {
                "rope_type": "proportional",
                "rope_theta": 1000000.0,
                "partial_rotary_factor": 0.25,
            },
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        },
    ),
    "zamba 2": _small("zamba2", attention_head_dim=128, rope_theta=10000.0, use_mem_rope=True),
    "deepseek v4, as transformers 5 saves it": _small(
        "deepseek_v4",
        head_dim=512,
        qk_rope_head_dim=64,
        rope_parameters={
            "main": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.125},
            "compress": {
                "rope_type": "default",
                "rope_theta": 160000.0,
                "partial_rotary_factor": 0.125,
            },
        },
    ),
    "deepseek v4": _small("deepseek_v4", head_dim=512, rope_theta=10000.0),
}
