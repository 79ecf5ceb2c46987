"""Configs to run: model classes with real heads and little else, times ways to scale and override.

The classes are those of the first cases and ``MORE``; an id is CLASS/VARIANT, as it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.tools.real_golden import FIRST, load

Json = dict[str, Any]
ROPE_KEYS = ("rope_theta", "rotary_emb_base", "rope_scaling", "rope_parameters")
LONG, ORIGINAL = 131_072, 32_768
YARN = {"rope_type": "yarn", "factor": 4.0}
YARN_L = {**YARN, "original_max_position_embeddings": ORIGINAL}
LINEAR = {"rope_type": "linear", "factor": 4.0}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def tiny(model_type: str, architecture: str, theta: float = 1e6, **keys: Any) -> Json:
    """A config.json with heads of 128 and layers of 256, unless said otherwise."""
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "hidden_size": 256,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "num_hidden_layers": 2,
        "intermediate_size": 64,
        "vocab_size": 128,
        "max_position_embeddings": 32_768,
        "rope_theta": theta,
        "head_dim": 128,
        "torch_dtype": "float32",
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
        **keys,
    }


EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LOCAL = {"num_local_experts": 4, "num_experts_per_tok": 2}
SLIDING: Json = {
    "num_hidden_layers": 4,
    "sliding_window": 4096,
    "layer_types": [*["sliding_attention"] * 3, "full_attention"],
}
SQUARED = {"num_key_value_heads": 2, "hidden_act": "relu2"}
ROUTED = {"num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 32}
LATENT = {
    "head_dim": 64,
    "num_key_value_heads": 2,
    "q_lora_rank": 32,
    "kv_lora_rank": 32,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
}
# Classes beside those of the first cases, without a scaling.
MORE = [
    tiny("qwen3", "Qwen3ForCausalLM"),
    tiny("qwen2_moe", "Qwen2MoeForCausalLM", shared_expert_intermediate_size=32, **EXPERTS),
    tiny("gemma", "GemmaForCausalLM", 1e4, max_position_embeddings=8192, head_dim=256),
    tiny("glm", "GlmForCausalLM", 1e4, partial_rotary_factor=0.5, attention_bias=True),
    tiny("olmo", "OlmoForCausalLM", 1e4, max_position_embeddings=4096),
    tiny("olmo3", "Olmo3ForCausalLM", 5e5, max_position_embeddings=8192, **SLIDING),
    tiny("olmoe", "OlmoeForCausalLM", 1e4, max_position_embeddings=4096, **EXPERTS),
    tiny("arcee", "ArceeForCausalLM", 1e4, hidden_act="relu2"),
    tiny("granitemoe", "GraniteMoeForCausalLM", attention_multiplier=0.0078125, **LOCAL),
    tiny("dots1", "Dots1ForCausalLM", n_routed_experts=4, first_k_dense_replace=2, **ROUTED),
    tiny("ernie4_5_moe", "Ernie4_5_MoeForCausalLM", 5e5, moe_num_experts=4, moe_k=2, **EXPERTS),
    tiny("persimmon", "PersimmonForCausalLM", 25e3, partial_rotary_factor=0.5, **SQUARED),
]
GPT_OSS: Json = {
    **SLIDING,
    **LOCAL,
    "head_dim": 64,
    "sliding_window": 128,
    "num_attention_heads": 4,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "max_position_embeddings": LONG,
}
# Classes as their models were published, with the scaling of those.
PUBLISHED = [
    (
        tiny("gpt_oss", "GptOssForCausalLM", 15e4, **GPT_OSS),
        {**YARN, "factor": 32.0, "original_max_position_embeddings": 4096}
        | {"beta_fast": 32.0, "beta_slow": 1.0, "truncate": False},
    ),
    (
        tiny("olmo3", "Olmo3ForCausalLM", 5e5, max_position_embeddings=65_536, **SLIDING),
        {**YARN, "factor": 8.0, "original_max_position_embeddings": 8192}
        | {"attention_factor": 1.2079441541679836, "beta_fast": 32.0, "beta_slow": 1.0},
    ),
    (
        tiny("hunyuan_v1_dense", "HunYuanDenseV1ForCausalLM", 1e4, use_qk_norm=True),
        {"type": "dynamic", "alpha": 1000.0, "factor": 1.0, "beta_fast": 32, "beta_slow": 1}
        | {"mscale": 1.0, "mscale_all_dim": 1.0},
    ),
    (
        tiny("deepseek_v3", "DeepseekV3ForCausalLM", 1e4, **LATENT, n_group=1, topk_group=1)
        | {"n_routed_experts": 4, "first_k_dense_replace": 2, "max_position_embeddings": 163_840}
        | {**ROUTED, "moe_layer_freq": 1, "topk_method": "noaux_tc", "norm_topk_prob": True},
        {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096}
        | {"beta_fast": 32, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 1.0},
    ),
]


@dataclass(frozen=True)
class Class:
    """A model class: its config without a rope, the key and value of its base, its pairs."""

    name: str
    keys: Json
    base: Json

    @property
    def theta(self) -> Json:
        """The base as a rope object has it; of some none is known but the class's own."""
        return {key: value for key, value in self.base.items() if key == "rope_theta"}

    @property
    def pairs(self) -> int:
        """How many pairs a head rotates."""
        keys = self.keys
        size = keys.get("head_dim") or keys["hidden_size"] // keys["num_attention_heads"]
        size = keys.get("qk_rope_head_dim") or size
        partial = keys.get("partial_rotary_factor", keys.get("rotary_pct", 1.0))
        return int(size * partial) // 2

    def config(self, rope: Json | None = None, **keys: Any) -> Json:
        """As transformers 4 writes it: the base at the top, the scaling in ``rope_scaling``."""
        scaling = {} if rope is None else {"rope_scaling": dict(rope)}
        return {**self.keys, **self.base, **scaling, **keys}

    def nested(self, rope: Json, **keys: Any) -> Json:
        """As transformers 5 writes it: all in ``rope_parameters``."""
        other = {key: value for key, value in self.base.items() if key != "rope_theta"}
        return {**self.keys, **other, "rope_parameters": {**rope, **self.theta}, **keys}

    def longrope(self, **keys: Any) -> Json:
        """Factors as those of Phi-3: they grow with the pair."""
        factors = {
            "short_factor": [round(1 + 0.01 * at, 4) for at in range(self.pairs)],
            "long_factor": [round(1 + 0.5 * at, 4) for at in range(self.pairs)],
        }
        return {"rope_type": "longrope", **factors, **keys}


def classes() -> Iterator[Class]:
    """The classes of the first cases, one each, and ``MORE``."""
    known: dict[str, Class] = {}
    for case in load(FIRST):
        of = class_of(case["config"])
        plain = "rope_scaling" not in case["config"] and of.keys.get("head_dim", 1) is not None
        if plain and "rope_parameters" not in case["config"]:
            if of.name not in known or not known[of.name].base:
                known[of.name] = of
        elif of.name in known and not known[of.name].base:
            known[of.name] = replace(known[of.name], base=of.base)
    yield from known.values()
    yield from map(class_of, MORE)


def class_of(config: Json) -> Class:
    """The class of a config.json."""
    keys = {key: value for key, value in config.items() if key not in ROPE_KEYS}
    base: Json = {key: config[key] for key in ("rope_theta", "rotary_emb_base") if key in config}
    return Class(config["model_type"], keys, base)


def _override(rope: Json, **keys: Any) -> Callable[[Class], Json]:
    return lambda of: {
        "config": of.config(),
        "override": {**keys, "rope_parameters": {**rope, "rope_theta": 5e6}},
    }


def _scaled(rope: Json, length: int = LONG, **keys: Any) -> Callable[[Class], Json]:
    return lambda of: {"config": of.config(rope, max_position_embeddings=length, **keys)}


def _beside(keys: Json) -> Callable[[Class], Json]:
    """Keys that are no rope object set on a file with YaRN."""
    return lambda of: {
        "config": of.config(YARN_L, max_position_embeddings=LONG),
        "override": keys,
    }


def _partial(of: Class, **keys: Any) -> Json:
    kept = {key: value for key, value in of.keys.items() if key != "partial_rotary_factor"}
    return Class(of.name, kept, of.base).nested(YARN_L | {"partial_rotary_factor": 0.5}, **keys)


RAISED = {"max_position_embeddings": LONG}
BETAS = {"beta_fast": 16.0, "beta_slow": 2.0}
MSCALES = {"mscale": 0.707, "mscale_all_dim": 1.0}
TWICE = {"mscale": 1.0, "mscale_all_dim": 1.0}
THETA = {"rope_theta": 5e6}
VARIANTS: dict[str, Callable[[Class], Json]] = {
    "plain": lambda of: {"config": of.config()},
    "plain-v5": lambda of: {"config": of.nested({"rope_type": "default"})},
    "notheta": lambda of: {"config": of.keys},
    "theta-frac": lambda of: {"config": {**of.keys, "rope_theta": 123456.75}},
    "headnull": lambda of: {"config": of.config(head_dim=None)},
    "headnull-yarn": lambda of: {"config": of.config(YARN_L, head_dim=None, **RAISED)},
    "ctx-beyond": lambda of: {"config": of.config(), "ctx": 262_144},
    "ctx-below": lambda of: {"config": of.config(), "ctx": 1024},
    "linear": lambda of: {"config": of.config(LINEAR)},
    "linear-int": lambda of: {"config": of.config({**LINEAR, "factor": 4})},
    "linear-type": lambda of: {"config": of.config({"type": "linear", "factor": 2.0})},
    "dynamic": lambda of: {"config": of.config({"rope_type": "dynamic", "factor": 2.0})},
    "yarn": _scaled(YARN_L),
    "yarn-noorig": _scaled(YARN),
    "yarn-origtop": _scaled(YARN, original_max_position_embeddings=ORIGINAL),
    "yarn-type": _scaled(
        {"type": "yarn", "factor": 4.0} | {k: YARN_L[k] for k in list(YARN_L)[2:]}
    ),
    "yarn-att15": _scaled({**YARN_L, "attention_factor": 1.5}),
    "yarn-attn_factor": _scaled({**YARN_L, "attn_factor": 1.5}),
    "yarn-mscale707": _scaled({**YARN_L, **MSCALES}),
    "yarn-mscale11": _scaled({**YARN_L, **TWICE}),
    "yarn-beta": _scaled({**YARN_L, **BETAS}),
    "yarn-truncate": _scaled({**YARN_L, "truncate": False}),
    "yarn-notraised": _scaled(YARN_L, ORIGINAL),
    "llama3": _scaled(LLAMA3),
    "longrope-in": lambda of: {
        "config": of.config(of.longrope(original_max_position_embeddings=4096), **RAISED)
    },
    "longrope-top": lambda of: {
        "config": of.config(of.longrope(), original_max_position_embeddings=4096, **RAISED)
    },
    "partial-yarn": _scaled(YARN_L, partial_rotary_factor=0.5),
    "v5-partial-yarn": lambda of: {"config": _partial(of, **RAISED)},
    "v5-yarn": lambda of: {"config": of.nested(YARN_L, **RAISED)},
    "v5-linear": lambda of: {"config": of.nested(LINEAR)},
    "v5-llama3": lambda of: {"config": of.nested(LLAMA3, **RAISED)},
    "v5-yarn-truncate": lambda of: {"config": of.nested({**YARN_L, "truncate": False}, **RAISED)},
    "ov-full": _override(YARN_L, **RAISED),
    "ov-longer": _override(YARN_L),
    "ov-linint": _override({**LINEAR, "factor": 4}),
    "ov-linear": _override(LINEAR),
    "ov-default": _override({"rope_type": "default"}),
    "ov-llama3": _override(LLAMA3, **RAISED),
    "ov-betas": _override({**YARN_L, **BETAS}, **RAISED),
    "ov-mscale": _override({**YARN_L, **TWICE}, **RAISED),
    "ov-att": _override({**YARN_L, "attention_factor": 1.0}, **RAISED),
    "ov-truncate": _override({**YARN_L, "truncate": False}, **RAISED),
    "ov-yarnorig": _override(YARN, **RAISED),
    "ov-type": _override({"type": "yarn"} | {k: YARN_L[k] for k in list(YARN_L)[1:]}),
    "ov-notheta": lambda of: {"config": of.config(), "override": {"rope_parameters": YARN_L}},
    "ov-scaling": lambda of: {"config": of.config(), "override": {"rope_scaling": YARN_L}},
    "ov-scalingtheta": lambda of: {
        "config": of.config(),
        "override": {"rope_scaling": {**YARN_L, "rope_theta": 5e6}},
    },
    "ov-theta": lambda of: {"config": of.config(), "override": {"rope_theta": 7e6}},
    "ov-paramtheta": lambda of: {
        "config": of.config(),
        "override": {"rope_parameters": {"rope_theta": 7e6}},
    },
    "ov-maxpos": lambda of: {"config": of.config(), "override": RAISED},
    "ov-full-ctx": lambda of: {**_override(YARN_L, **RAISED)(of), "ctx": LONG},
    "ov-null": _beside({"rope_parameters": None}),
    "ov-nulltheta": _beside({"rope_scaling": None, "rope_theta": 4e6}),
    "ov-original": _beside({"original_max_position_embeddings": 4096}),
    "ov-part": _beside({"partial_rotary_factor": 0.25}),
    "ov-thetabeside": lambda of: {
        "config": of.config(),
        "override": {"rope_theta": 4e6, "rope_parameters": YARN_L},
    },
    "ov-partbeside": lambda of: {
        "config": of.config(),
        "override": {"partial_rotary_factor": 0.25, "rope_parameters": {**YARN_L, **THETA}},
    },
}


def cases() -> Iterator[Json]:
    """All classes times all variants, and the published ones, except the first cases."""
    known = {case["id"] for case in load(FIRST)}
    for of in classes():
        for name, variant in VARIANTS.items():
            if f"{of.name}/{name}" not in known:
                yield {"id": f"{of.name}/{name}", **variant(of)}
    for config, rope in PUBLISHED:
        name = f"{config['model_type']}_published"
        of = class_of(config)
        scaled = Class(of.name, {**of.keys, "rope_scaling": rope}, of.base)
        yield {"id": f"{name}/plain-v5", "config": of.nested(rope)}
        for key, change in VARIANTS.items():
            if key.startswith(("ov-", "ctx-")) or key in {"plain", "notheta"}:
                yield {"id": f"{name}/{key}", **change(scaled)}
