"""Small config.json files of every class of transformers, each with one thing changed.

The first file of a class is its default as ``save_pretrained`` writes it, made small: the geometry
of a head is kept, all else shrinks. The others are that file with a rope object of another kind,
or one key away, null, or at another value. A value that is tried differs from every default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = dict[str, Any]
Edit = Callable[[Document], Document | None]

SMALL: dict[str, Any] = {
    "vocab_size": 64,
    "vocab_size_per_layer_input": 64,
    "audio_vocab_size": 64,
    "intermediate_size": 64,
    "intermediate_size_mlp": 64,
    "ffn_hidden_size": 64,
    "ffn_dim": 64,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 32,
    "shared_intermediate_size": 32,
    "expert_ffn_hidden_size": 32,
    "share_expert_dim": 32,
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "moe_num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_topk": 2,
    "moe_k": 2,
    "num_experts_per_token": 2,
    "num_expert_group": 1,
    "zero_expert_num": 2,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "num_dense_layers": 1,
    "kv_lora_rank": 32,
    "q_lora_rank": 32,
    "o_lora_rank": 32,
    "o_groups": 2,
    "index_topk": 4,
    "index_n_heads": 2,
    "indexer_n_heads": 2,
    "indexer_kv_heads": 1,
    "indexer_budget": 8,
    "indexer_compress_ratio": 2,
    "num_kv_heads": 2,
    "hidden_size_per_layer_input": 8,
    "altup_num_inputs": 2,
    "num_kv_shared_layers": 0,
    "laurel_rank": 8,
    "mamba_n_heads": 4,
    "mamba_d_state": 8,
    "mamba_d_head": 128,
    "mamba_headdim": 32,
    "mamba_num_heads": 4,
    "mamba_head_dim": 64,
    "mamba_d_ssm": 64,
    "ssm_state_size": 8,
    "lru_width": 128,
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "n_inner": None,
    "num_query_groups": 2,
    "codec_config": None,
    "reference_compile": False,
}
LAST_OF_4 = ["sliding_attention"] * 3 + ["full_attention"]
PART_OF_64: Document = {  # their sections are for half of a head
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5,
    }
}
# what a class cannot be built without, or has no attention without
OF_CLASS: dict[str, Document] = {
    "falcon_h1": {"mamba_d_ssm": 512, "mamba_d_head": 128, "mamba_n_groups": 1},
    "deepseek_v2": {"num_experts_per_tok": 2, "n_routed_experts": 4, "topk_method": "greedy"},
    "nemotron": {"num_key_value_heads": 2},
    "nemotron_h": {"n_groups": 1, "mamba_n_groups": 1},
    "glm4_moe": {"hidden_size": 256},
    "glm4v_moe_text": {"hidden_size": 256},
    "granitemoehybrid": {
        "position_embedding_type": "rope",
        "layer_types": ["linear_attention", "full_attention"] * 2,
        "num_hidden_layers": 4,
    },
    "codegen": {"n_head": 4, "n_embd": 1024},
    "bamba": {"num_hidden_layers": 4, "attn_layer_indices": [1, 3]},
    "step3p5": {
        "sliding_window": 512,
        "num_hidden_layers": 4,
        "layer_types": ["full_attention", "sliding_attention"] * 2,
    },
    "t5gemma2_text": {"dropout_rate": 0.0},
    "t5gemma2_decoder": {"dropout_rate": 0.0},
    "chameleon": {
        "vocabulary_map": {"<image>": 3},
        "vq_config": {
            "embed_dim": 8,
            "num_embeddings": 8,
            "latent_channels": 8,
            "resolution": 8,
            "base_channels": 32,
            "channel_multiplier": [1],
            "num_res_blocks": 1,
        },
    },
    "cohere_compass_text": {
        "layer_types": ["full_attention", "sliding_attention"] * 2,
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 10000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        },
    },
    "csm": {
        "text_vocab_size": 64,
        "num_codebooks": 2,
        "depth_decoder_config": {
            "num_codebooks": 2,
            "vocab_size": 64,
            "backbone_hidden_size": 128,
            "hidden_size": 128,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 64,
        },
    },
    "dbrx": {
        "attn_config": {"kv_n_heads": 1, "rope_theta": 500000.0, "clip_qkv": 8},
        "ffn_config": {"ffn_hidden_size": 64},
    },
    "deepseek_ocr2_text": {
        "mlp_layer_types": ["dense", "sparse"] * 2,
        "num_experts_per_tok": 2,
        "n_group": 1,
        "topk_group": 1,
    },
    "diffusion_gemma_text": {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 32},
    "dory": {  # saved with each mlp as a layer of its own
        "num_hidden_layers": 8,
        "n_input_layers": 2,
        "n_recurrent_layers": 4,
        "n_output_layers": 2,
        "layer_types": ["sliding_attention", "mlp"] * 3 + ["full_attention", "mlp"],
    },
    "dots1": {
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "n_shared_experts": 1,
        "layer_types": ["full_attention", "sliding_attention"] * 2,
    },
    "ernie4_5_vl_moe_text": {"moe_intermediate_size": [32, 32]},
    "esm": {
        "position_embedding_type": "rotary",
        "vocab_size": 33,
        "mask_token_id": 1,
        "pad_token_id": 1,
    },
    "evolla": {
        "protein_encoder_config": {
            "vocab_size": 32,
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "mask_token_id": 1,
        },
        "aligner_num_add_layers": 1,
        "resampler_depth": 1,
    },
    "glm4v_text": PART_OF_64,
    "glm_image_text": PART_OF_64,
    "granite_swa": {"layer_rope_theta": None},
    "granitemoe_swa": {"layer_rope_theta": None},
    "muse_glimmer_text": {"layer_rope_theta": None, "layer_types": LAST_OF_4},
    "muse_spark_text": {"layer_rope_theta": None, "layer_types": LAST_OF_4},
    "helium": {"hidden_size": 256},
    "hunyuan_vl_text": {
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "xdrope_section": [16, 16, 16, 16],
        }
    },
    "laguna": {"layer_types": ["full_attention", "sliding_attention"] * 2},
    "mellum": {"layer_types": ["full_attention", "sliding_attention"] * 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2, "num_hidden_layers": 4},
    "qwen3_omni_moe_talker_text": {"shared_expert_intermediate_size": 32},
    "qwen3_omni_moe_text": {"hidden_size": 256},
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 256,
        "indexer_budget": 8,
        "indexer_compress_ratio": 2,
    },
    "zaya": {"num_experts_per_tok": 1},
    "zamba2": {
        "use_mem_rope": True,
        "hidden_size": 128,
        "attention_hidden_size": 256,
        "attention_head_dim": 128,
        "kv_channels": 64,
        "intermediate_size": 512,
        "layers_block_type": ["linear_attention", "hybrid"] * 2,
        "num_hidden_layers": 4,
        "hybrid_layer_ids": [1, 3],
    },
}
TOKENS = re.compile(r"(token_id|token_index)$")
LAYERED = re.compile(
    r"layer_types|pattern|interval|every|no_rope|block_type|window_layers|idxs|indices|layer_ids"
    r"|layer_offset|layer_period|use_sliding"
)
ROPE_KEYS = ("rope_parameters", "rope_scaling", "rope_theta")
LISTS = ("eos_token_id",)


def small(full: Mapping[str, Any]) -> Document:
    """The file of a class with all its sizes small and its heads as they are."""
    document: Document = json.loads(json.dumps(full, default=str))
    for key in (*META, *[key for key in document if key.startswith("_")]):
        document.pop(key, None)
    for key, value in document.items():
        if TOKENS.search(key):
            document[key] = [1] if isinstance(value, list) else 1 if value is not None else None
    document |= {key: value for key, value in SMALL.items() if document.get(key) is not None}
    if "reference_compile" in document:  # ModernBERT: a compiler for three tokens
        document["reference_compile"] = False
    _layers(document, full)
    _heads(document, full)
    return document | OF_CLASS.get(str(full.get("model_type")), {})


META = ("transformers_version", "architectures", "dtype", "torch_dtype", "id2label", "label2id")
COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")


def _layers(document: Document, full: Mapping[str, Any]) -> None:
    """Few layers, yet one of each kind; lists of one entry a layer keep their beginning."""
    key = next((key for key in COUNTS if isinstance(full.get(key), int)), None)
    if key is None:
        return
    old = full[key]
    few = min(old, 4 if any(LAYERED.search(name) for name in full) else 2)
    types = full.get("layer_types") or full.get("layers_block_type")
    if isinstance(types, list):
        few = max([few, *(types.index(kind) + 1 for kind in set(types))])
    document[key] = few
    for name, value in document.items():
        if isinstance(value, list) and len(value) == old > few:
            document[name] = value[:few]
    if isinstance(document.get("per_layer_config"), dict):
        kept = {at: v for at, v in document["per_layer_config"].items() if int(at) < few}
        document["per_layer_config"] = kept


HEADS = ("num_attention_heads", "n_head", "n_heads")
HIDDEN = ("hidden_size", "n_embd", "d_model")


def _heads(document: Document, full: Mapping[str, Any]) -> None:
    """Two heads of the old size."""
    heads = next((key for key in HEADS if isinstance(full.get(key), int)), None)
    hidden = next((key for key in HIDDEN if isinstance(full.get(key), int)), None)
    if heads is None or hidden is None:
        return
    groups = full.get("num_key_value_heads")
    document[heads] = 2
    head = full.get("head_dim") or full[hidden] // full[heads]
    document[hidden] = 128 if full.get("head_dim") else 2 * head
    if "head_dim" in full and full["head_dim"] is None:  # the null is tried apart
        document["head_dim"] = head
    if isinstance(groups, int):
        document["num_key_value_heads"] = 2 if groups == full[heads] else 1
    if "embedding_size" in document:
        document["embedding_size"] = document[hidden]


# ---- the files of a class -------------------------------------------------------------------


def files(document: Document, context: int, head: int) -> Iterator[tuple[str, Document]]:
    """(name, file) of every change to a class's small default; what changes nothing is left out.

    ``context`` is what the class has for one, ``head`` the dimensions that it rotates.
    """
    yield "saved", document
    seen = {_text(document)}
    for name, edit in edits(document, context, head):
        changed = edit(json.loads(json.dumps(document)))
        if changed is not None and _text(changed) not in seen:
            seen.add(_text(changed))
            yield name, changed


def _text(document: Document) -> str:
    return json.dumps(document, sort_keys=True)


def edits(document: Document, context: int, head: int) -> Iterator[tuple[str, Edit]]:
    """(name, change) of every change, whether or not it changes this file."""
    original = max(1, context // 4)
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": original}
    llama3 = {**yarn, "rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    lists = {"short_factor": _ramp(head // 2, 1.0), "long_factor": _ramp(head // 2, 8.0)}
    longrope = {**yarn, "rope_type": "longrope", **lists}
    theta = {"rope_theta": 54321.0}
    linear = {"rope_type": "linear", "factor": 4.0}
    dynamic = {"rope_type": "dynamic", "factor": 4.0}
    yield "silent", _with()
    yield "v4 theta", _with(rope_theta=12345.0)
    yield "bases", _with(**BASES)
    for key, value in BASES.items():
        yield f"v4 {key}", _with(**{key: value})
    yield "v4 linear", _with(rope_theta=12345.0, rope_scaling={"type": "linear", "factor": 4.0})
    yield "v4 yarn", _with(rope_theta=12345.0, rope_scaling=yarn)
    yield "v4 yarn silent base", _with(rope_scaling=yarn)
    yield "v4 null", _with(rope_theta=12345.0, rope_scaling=None)
    yield "v4 theta null", _with(rope_theta=None)
    yield "v4 llama3", _with(rope_theta=12345.0, rope_scaling=llama3)
    yield "v4 dynamic", _with(rope_theta=12345.0, rope_scaling=dynamic)
    yield "v4 longrope", _with(rope_theta=12345.0, rope_scaling=longrope)
    yield (
        "v4 type and rope_type",
        _with(rope_theta=12345.0, rope_scaling={**yarn, "type": "linear"}),
    )
    yield "v4 type yarn", _with(rope_theta=12345.0, rope_scaling=_typed(yarn))
    yield "v4 no type", _with(rope_theta=12345.0, rope_scaling={"factor": 4.0})
    yield "v4 no factor", _with(rope_theta=12345.0, rope_scaling=_without(yarn, "factor"))
    yield "v4 no original", _with(rope_theta=12345.0, rope_scaling=_without(yarn, ORIGINAL))
    yield (
        "v4 original outside",
        _with(rope_theta=12345.0, rope_scaling={**yarn, ORIGINAL: original}, **{ORIGINAL: 1000}),
    )
    yield (
        "v4 mrope",
        _with(rope_theta=12345.0, rope_scaling={"type": "mrope", "mrope_section": MROPE}),
    )
    yield "v4 partial", _with(rope_theta=12345.0, partial_rotary_factor=0.5)
    yield "v4 partial 0.25", _with(rope_theta=12345.0, partial_rotary_factor=0.25)
    yield "v4 partial yarn", _with(rope_theta=12345.0, partial_rotary_factor=0.5, rope_scaling=yarn)
    yield "rotary_pct", _with(rope_theta=12345.0, rotary_pct=0.5)
    yield "rope_pct", _with(rope_theta=12345.0, rope_pct=0.5)
    yield "rotary_dim", _with(rope_theta=12345.0, rotary_dim=16)
    yield "rotary_dim yarn", _with(rope_theta=12345.0, rotary_dim=16, rope_scaling=yarn)
    yield "v5 plain", _with(rope_parameters={"rope_type": "default", **theta})
    yield "v5 silent base", _with(rope_parameters={"rope_type": "default"})
    yield "v5 linear", _with(rope_parameters={**linear, **theta})
    yield "v5 yarn", _with(rope_parameters={**yarn, **theta})
    yield "v5 yarn truncate null", _with(rope_parameters={**yarn, **theta, "truncate": None})
    yield (
        "v5 proportional",
        _with(
            rope_parameters={"rope_type": "proportional", **theta, "partial_rotary_factor": 0.25}
        ),
    )
    yield "v5 partial", _with(rope_parameters={**PLAIN, **theta, "partial_rotary_factor": 0.5})
    yield (
        "v5 partial 0.25",
        _with(rope_parameters={**PLAIN, **theta, "partial_rotary_factor": 0.25}),
    )
    yield "v5 partial yarn", _with(rope_parameters={**yarn, **theta, "partial_rotary_factor": 0.5})
    yield (
        "v5 and v4",
        _with(rope_parameters={**PLAIN, **theta}, rope_scaling={**yarn, "rope_theta": 11.0}),
    )
    yield "v5 and theta", _with(rope_parameters={**PLAIN, **theta}, rope_theta=12345.0)
    yield from _kinds(document, yarn)
    yield from _keys(document, yarn)


PLAIN = {"rope_type": "default"}
ORIGINAL = "original_max_position_embeddings"
MROPE = [16, 24, 24]
BASES = {
    "rope_theta": 11_111.0,
    "rotary_emb_base": 22_222.0,
    "global_rope_theta": 33_333.0,
    "rope_local_base_freq": 44_444.0,
    "local_rope_theta": 55_555.0,
    "swa_rope_theta": 66_666.0,
    "compress_rope_theta": 77_777.0,
}


def _kinds(document: Document, yarn: Document) -> Iterator[tuple[str, Edit]]:
    """Rope objects by kind of layer, under the names that the class has for its kinds."""
    first, second = _labels(document)
    one = {**PLAIN, "rope_theta": 54_321.0}
    two = {**PLAIN, "rope_theta": 4_321.0}
    yield "v5 kinds", _with(rope_parameters={first: one, second: two})
    yield (
        "v5 kinds yarn",
        _with(rope_parameters={first: {**yarn, "rope_theta": 54_321.0}, second: two}),
    )
    yield "v5 kinds silent base", _with(rope_parameters={first: PLAIN, second: PLAIN})
    yield (
        "v5 kinds theta outside",
        _with(rope_parameters={first: PLAIN, second: PLAIN}, rope_theta=12_345.0),
    )
    yield (
        "v5 kinds partial",
        _with(rope_parameters={first: {**one, "partial_rotary_factor": 0.5}, second: two}),
    )
    yield (
        "v5 kinds proportional",
        _with(
            rope_parameters={
                first: {**one, "rope_type": "proportional", "partial_rotary_factor": 0.25},
                second: two,
            }
        ),
    )
    yield "v5 full alone", _with(rope_parameters={first: one})
    yield "v5 sliding alone", _with(rope_parameters={second: two})
    yield "v5 sliding null", _with(rope_parameters={first: one, second: None})


def _labels(document: Document) -> tuple[str, str]:
    """What the rope objects of a class are kept under."""
    saved = document.get("rope_parameters") or {}
    named = [key for key, value in saved.items() if isinstance(value, dict | None)]
    named.sort(key=lambda key: key not in ("full_attention", "compress"))
    return (named[0], named[1]) if len(named) > 1 else ("full_attention", "sliding_attention")


def _keys(document: Document, yarn: Document) -> Iterator[tuple[str, Edit]]:
    """One key away, null, or at another value, the rest as the class saves it."""
    for key in GEOMETRY:
        if key in document or key == "head_dim":
            value = document.get(key)
            yield f"{key} absent", _edited(key)
            yield f"{key} null", _edited(key, None)
            other = value // 2 if isinstance(value, int) and value > 8 else 32
            yield f"{key} other", _edited(key, other)
    for key in ("head_dim", "kv_channels"):
        if key in document or key == "head_dim":
            yield f"{key} null yarn", _edited(key, None, rope_theta=12345.0, rope_scaling=yarn)
            yield f"{key} absent yarn", _edited(key, rope_theta=12345.0, rope_scaling=yarn)
    yield from _sizes(document)
    yield from _windows(document)
    for key, values in SWITCHES.items():
        for value in values if key in document or key == "position_embedding_type" else ():
            yield f"{key} {json.dumps(value)}", _edited(key, value)
        if key in document:
            yield f"{key} absent", _edited(key)


def _sizes(document: Document) -> Iterator[tuple[str, Edit]]:
    """Contexts that are absent, and sizes that are null."""
    contexts = ("max_position_embeddings", "n_positions")
    sizes = ("hidden_size", "num_attention_heads", "num_hidden_layers", "num_key_value_heads")
    for key in (*contexts, *sizes):
        if key in document:
            yield f"{key} null", _edited(key, None)
        if key in document and key in contexts:
            yield f"{key} absent", _edited(key)


GEOMETRY = (
    *("head_dim", "global_head_dim", "kv_channels", "attention_head_dim"),
    *("qk_rope_head_dim", "qk_nope_head_dim", "rotary_dim", "partial_rotary_factor"),
    *("swa_head_dim", "rotary_pct", "attention_hidden_size"),
)
SWITCHES: dict[str, tuple[Any, ...]] = {
    "position_embedding_type": ("rope", "nope", "rotary", "absolute", None),
    "use_mem_rope": (True, False),
    "mla_use_nope": (True, False),
    "use_nope": (True, False),
    "alibi": (True, False),
    "use_alibi": (True, False),
    "rotary": (True, False),
    "rope": (True, False),
}
PATTERNS: dict[str, tuple[Any, ...]] = {
    "sliding_window_pattern": (3, 2, None),
    "_sliding_window_pattern": (3,),
    "global_attn_every_n_layers": (3, None),
    "full_attention_interval": (3, None),
    "layer_group_size": (3, None),
    "prefix_dense_sliding_window_pattern": (3,),
    "no_rope_layer_interval": (3, None),
    "attn_layer_period": (3,),
    "attn_layer_offset": (2,),
    "attn_layer_indices": ([1, 3], None),
    "full_attn_idxs": ([1, 3], None),
    "max_window_layers": (2, None),
    "use_sliding_window": (True, False, None),
    "local_attention": (64, None),
    "attention_chunk_size": (64, None),
    "interleaved_attention": (True, False),
    "global_attention_every": (3,),
    "swa_layers": ([0, 2],),
    "rope_scaling_layers": ([0, 2],),
    "layer_rope_theta": (None, [20_000.0, 500.0, 500.0, 0.0]),
    "nope_layer_interval": (3, None),
    "hybrid_layer_pattern": (None,),
    "hybrid_override_pattern": ("M-*M-M*M",),
    "layers_block_type": (None,),
    "attn_config": (None,),
    "block_types": (["recurrent", "attention"],),
    "attention_window_size": (64, None),
    "num_kv_shared_layers": (2,),
}


def _windows(document: Document) -> Iterator[tuple[str, Edit]]:
    """Kinds of layers and windows, with the list of kinds and without."""
    count = next((document[key] for key in COUNTS if isinstance(document.get(key), int)), 0)
    if "layer_types" in document and isinstance(document["layer_types"], list):
        types = document["layer_types"]
        yield "layer_types absent", _edited("layer_types")
        yield "layer_types reversed", _edited("layer_types", types[::-1])
        yield "layer_types rotated", _edited("layer_types", [*types[1:], types[0]])
        if set(types) <= {"full_attention", "sliding_attention", "chunked_attention"}:
            mixed = ["full_attention", "sliding_attention"] * count
            yield "layer_types mixed", _edited("layer_types", mixed[:count])
            full = ["full_attention"] * count
            yield "layer_types full", _edited("layer_types", full)
            yield "full without window", _edited("layer_types", full, sliding_window=None)
            yield "layer_types sliding", _edited("layer_types", ["sliding_attention"] * count)
        yield "layers 13", _longer(count)
    yield "sliding_window absent", _edited("sliding_window")
    yield "sliding_window null", _edited("sliding_window", None)
    yield "sliding_window 77", _edited("sliding_window", 77)
    yield "sliding_window_size 77", _edited("sliding_window_size", 77)
    if "layer_types" in document:
        yield "sliding_window 77 no types", _edited("layer_types", sliding_window=77)
    turns = [1, 0] * count
    yield "no_rope_layers list", _edited("no_rope_layers", turns[:count])
    yield "no_rope_layers absent", _edited("no_rope_layers")
    for key, values in PATTERNS.items():
        if key not in document and key not in EVERYWHERE:
            continue
        for value in values:
            changes = {key: value}
            if key == "use_sliding_window":
                changes |= {"sliding_window": 77, "max_window_layers": 2}
            yield f"{key} {json.dumps(value)}", _edited("layer_types", None, drop=True, **changes)


EVERYWHERE = ("sliding_window_pattern",)


def _longer(count: int) -> Edit:
    """Thirteen layers, whose kinds the class makes."""

    def edit(own: Document) -> Document | None:
        for key, value in list(own.items()):
            if isinstance(value, list) and len(value) == count and key not in LISTS:
                del own[key]
        for key in COUNTS:
            if key in own:
                own[key] = 13
        own.pop("per_layer_config", None)
        return own

    return edit


def _ramp(count: int, last: float) -> list[float]:
    return [round(1.0 + (last - 1.0) * at / max(1, count - 1) + 0.01, 3) for at in range(count)]


def _without(rope: Document, key: str) -> Document:
    return {name: value for name, value in rope.items() if name != key}


def _typed(rope: Document) -> Document:
    return {"type": rope["rope_type"], **_without(rope, "rope_type")}


def _with(**keys: Any) -> Edit:
    """The file with these keys in the place of all that it says of its rope."""

    def edit(document: Document) -> Document:
        for key in (*ROPE_KEYS, *BASES):
            document.pop(key, None)
        changed: Document = document | json.loads(json.dumps(keys))
        return changed

    return edit


ABSENT = object()


def _edited(key: str, value: Any = ABSENT, *, drop: bool = False, **keys: Any) -> Edit:
    """The file with one key away or at a value, and others beside it."""

    def edit(document: Document) -> Document:
        if "rope_theta" in keys:
            for name in ROPE_KEYS:
                document.pop(name, None)
        if value is ABSENT or drop:
            document.pop(key, None)
        else:
            document[key] = value
        changed: Document = document | json.loads(json.dumps(keys))
        return changed

    return edit
