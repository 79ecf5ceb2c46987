"""What llama.cpp's own converter makes of small configs: golden values for ``convert``.

    PYTHONPATH=. python -m tests.tools.llama_cpp_converter LLAMA_CPP tests/data/llama-cpp-kv.json.gz

LLAMA_CPP is a checkout of its repository (the sdist of llama-cpp-python 0.3.36 vendors commit
0c1e57098); torch and the transformers that it pins have to be importable. Each case is a class of
models with one rope object, and what came of it: the keys and tensors, or the type of the error.
"""

from __future__ import annotations

import gzip
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SHAPE: Json = {
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 6,
    "max_position_embeddings": 32768,
    "sliding_window": 512,
}
# What converters request beside the rope; no rotary embedding depends on it.
BESIDE: Json = json.loads(
    """{"intermediate_size": 512, "vocab_size": 1000, "rms_norm_eps": 1e-6, "layer_norm_eps": 1e-5,
    "moe_intermediate_size": 64, "num_experts": 8, "num_local_experts": 8, "n_routed_experts": 8,
    "num_experts_per_tok": 2, "q_lora_rank": 32, "kv_lora_rank": 32, "v_head_dim": 128,
    "first_k_dense_replace": 1, "n_shared_experts": 1, "routed_scaling_factor": 1.0,
    "logit_scale": 1.0, "padded_vocab_size": 1000, "num_layers": 6, "scale_emb": 1.0,
    "scale_depth": 1.0, "dim_model_base": 256, "activation_function": "silu",
    "embedding_multiplier": 1.0, "attention_multiplier": 1.0, "residual_multiplier": 1.0,
    "logits_scaling": 1.0, "index_n_heads": 2, "index_head_dim": 64, "index_topk": 64,
    "num_nextn_predict_layers": 0}"""
)
LATENT = {"qk_rope_head_dim": 64, "qk_nope_head_dim": 128}
OWN: dict[str, Json] = {
    **dict.fromkeys("deepseek_v2 deepseek_v3 deepseek_v32 kimi_k2".split(), LATENT),
    "glm": {"head_dim": 64},
    "internlm3": {"head_dim": 64},
    "cohere2": {"rotary_pct": 1.0},
    "gpt_neox": {"rotary_pct": 0.25},
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8192}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3 |= {"rope_type": "llama3", "original_max_position_embeddings": 8192}  # type: ignore[dict-item]
BASE = {"rope_theta": 500_000.0}
BY_TYPE = {key: value for key, value in YARN.items() if key != "rope_type"}
ROPES: dict[str, Json] = {
    "plain": BASE,
    "no base": {},
    "yarn": {**BASE, "rope_scaling": YARN},
    "yarn by type": {**BASE, "rope_scaling": {**BY_TYPE, "type": "yarn"}},
    "yarn of version 5": {"rope_parameters": {**YARN, **BASE}},
    "yarn without a length": {**BASE, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
    "yarn with a length beside": {
        **BASE,
        "original_max_position_embeddings": 8192,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0},
    },
    "yarn with turns": {**BASE, "rope_scaling": {**YARN, "beta_fast": 16.0, "beta_slow": 2}},
    "yarn with mscales": {**BASE, "rope_scaling": {**YARN, "mscale": 0.7, "mscale_all_dim": 0.7}},
    "two types": {**BASE, "rope_scaling": {**YARN, "type": "linear"}},
    "two objects": {
        **BASE,
        "rope_scaling": {"rope_type": "linear", "factor": 2.0},
        "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1234567.0},
    },
    "linear": {**BASE, "rope_scaling": {"rope_type": "linear", "factor": 4}},
    "dynamic": {**BASE, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}},
    "llama3": {**BASE, "rope_scaling": LLAMA3},
    "longrope": {
        **BASE,
        "original_max_position_embeddings": 4096,
        "rope_scaling": {
            "type": "longrope",
            "short_factor": [1.0] * 32,
            "long_factor": [2.0] * 32,
        },
    },
    "partial": {**BASE, "partial_rotary_factor": 0.5},
    "partial of version 5": {
        "rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5, **BASE}
    },
}
CLASSES = {  # model_type -> the architecture by which the converter knows it
    "afmoe": "AfmoeForCausalLM",
    "apertus": "ApertusForCausalLM",
    "arcee": "ArceeForCausalLM",
    "bitnet": "BitNetForCausalLM",
    "chatglm": "ChatGLMModel",
    "cohere": "CohereForCausalLM",
    "cohere2": "Cohere2ForCausalLM",
    "deepseek": "DeepseekForCausalLM",
    "deepseek_v2": "DeepseekV2ForCausalLM",
    "deepseek_v3": "DeepseekV3ForCausalLM",
    "deepseek_v32": "DeepseekV32ForCausalLM",
    "dots1": "Dots1ForCausalLM",
    "ernie4_5": "Ernie4_5ForCausalLM",
    "exaone4": "Exaone4ForCausalLM",
    "falcon": "FalconForCausalLM",
    "gemma": "GemmaForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM",
    "glm": "GlmForCausalLM",
    "glm4": "Glm4ForCausalLM",
    "glm4_moe": "Glm4MoeForCausalLM",
    "gpt_neox": "GPTNeoXForCausalLM",
    "gpt_oss": "GptOssForCausalLM",
    "granite": "GraniteForCausalLM",
    "granitemoe": "GraniteMoeForCausalLM",
    "internlm2": "InternLM2ForCausalLM",
    "internlm3": "InternLM3ForCausalLM",
    "kimi_k2": "DeepseekV3ForCausalLM",
    "lfm2": "Lfm2ForCausalLM",
    "llama": "LlamaForCausalLM",
    "llama4_text": "Llama4ForCausalLM",
    "minicpm": "MiniCPMForCausalLM",
    "mistral": "MistralForCausalLM",
    "mixtral": "MixtralForCausalLM",
    "nemotron": "NemotronForCausalLM",
    "olmo": "OlmoForCausalLM",
    "olmo2": "Olmo2ForCausalLM",
    "olmo3": "Olmo3ForCausalLM",
    "olmoe": "OlmoeForCausalLM",
    "persimmon": "PersimmonForCausalLM",
    "phi": "PhiForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen2_moe": "Qwen2MoeForCausalLM",
    "qwen2_5_vl_text": "Qwen2_5_VLForConditionalGeneration",
    "qwen3": "Qwen3ForCausalLM",
    "qwen3_moe": "Qwen3MoeForCausalLM",
    "qwen3_vl_text": "Qwen3VLForConditionalGeneration",
    "seed_oss": "SeedOssForCausalLM",
    "smollm3": "SmolLM3ForCausalLM",
    "stablelm": "StableLmForCausalLM",
    "starcoder2": "Starcoder2ForCausalLM",
}
KEPT = ("rope.", "context_length", "attention.key_length_mla")


def config(model_type: str, rope: Json) -> Json:
    """The keys of a case that count."""
    named = {"model_type": model_type, "architectures": [CLASSES[model_type]]}
    return {**named, **SHAPE, **OWN.get(model_type, {}), **rope}


def converted(document: Json) -> Json:
    """What the converter writes of a config, or the type of its error."""
    import gguf
    from conversion import base  # type: ignore[import-not-found]

    model = base.ModelBase
    model.index_tensors = lambda _, remote_hf_model_id=None: {}  # noqa: ARG005
    model.get_model_part_names = staticmethod(lambda *_, **__: [])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "config.json").write_text(json.dumps({**BESIDE, **document}))
        try:
            name = base.get_model_architecture(model.load_hparams(path, False), base.ModelType.TEXT)
            found = model.from_model_architecture(name)(
                path, gguf.LlamaFileType.MOSTLY_F16, path / "out.gguf", eager=True
            )
            tensors = {key: value.tolist() for key, value in found.generate_extra_tensors()}
            found.set_gguf_parameters()
        except Exception as error:  # noqa: BLE001 - an error is a result
            return {"error": type(error).__name__}
    architecture = gguf.MODEL_ARCH_NAMES[found.model_arch]
    written = {k: v.value for part in found.gguf_writer.kv_data for k, v in part.items()}
    keys = {k.removeprefix(f"{architecture}."): v for k, v in written.items()}
    kept = {key: value for key, value in keys.items() if key.startswith(KEPT)}
    ropes = {key: value for key, value in tensors.items() if key.startswith("rope_f")}
    return {"architecture": architecture, "keys": kept, "tensors": ropes}


def main() -> None:
    """Convert all cases and write them."""
    source, target = sys.argv[1:]
    sys.path[:0] = [source, f"{source}/gguf-py"]
    logging.disable(logging.CRITICAL)
    from conversion import load_all_models

    load_all_models()
    cases = []
    for model_type in CLASSES:
        for name, rope in ROPES.items():
            document = config(model_type, rope)
            cases.append({"id": f"{model_type}, {name}", "config": document, **converted(document)})
    with gzip.GzipFile(target, "wb", mtime=0) as file:
        file.write(json.dumps({"llama.cpp": "0c1e57098", "cases": cases}).encode())


if __name__ == "__main__":
    main()
