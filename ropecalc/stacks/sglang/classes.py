"""How the code of each class of models calls get_rope in SGLang: data, of the room's ``VERSION``.

Keyed by ``model_type``, as ``ropecalc.models.classes``. A class that is not listed calls it as
Qwen 2 does.
"""

from __future__ import annotations

from dataclasses import dataclass

MODELS = "python/sglang/srt/models"
REGISTRY = f"{MODELS}/registry.py _normalize_archs"


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a class: one file in ``MODELS``."""

    file: str = "qwen2"
    scaled: bool = True
    """Whether it passes a scaling on."""
    whole: bool = False
    """Whether it passes int(rope_theta)."""
    partial: str = ""
    """Where it looks for the part of the head that is rotated: "config", "object" (then config), or
    nowhere."""
    beside: bool = False
    """Whether original_max_position_embeddings beside the object goes before that within."""
    neox: bool = True
    """Whether pairs are the halves of the head; longrope knows no others."""
    latent: bool = False
    """Whether any scaling becomes deepseek_yarn."""
    base: float | None = None
    """The base that it always has, unless rope_theta beside the object is overridden: what
    getattr(config, "rope_theta", base) finds once transformers has moved it into the object."""
    own: bool = False
    """Whether a config of SGLang's own replaces transformers' class: it keeps rope_scaling and
    rope_theta as the file has them."""
    always: bool = False
    """Whether even a default object becomes deepseek_yarn."""
    default: float | None = None
    """The base of a config of SGLang's own, where the file has none."""
    by_kind: bool = False
    """Whether it looks for an object a kind of layer."""
    early: bool = False
    """Whether a config of SGLang's own stops at methods with lengths in rope_parameters."""
    ran: bool = False
    """Whether it was run with configs of many kinds; else its source was read."""


LLAMA = Code("llama", partial="config", beside=True, ran=True)
CODE = {
    "llama": LLAMA,
    "mistral": LLAMA,
    "phi3": LLAMA,
    "internlm3": LLAMA,
    "ministral3": Code("ministral3", partial="config", beside=True),
    "apertus": Code("apertus", partial="config", beside=True, ran=True),
    "arcee": Code("arcee", partial="config", beside=True),
    "granite": Code("granite", beside=True, ran=True),
    "exaone": Code("exaone", partial="config", beside=True),
    "exaone4": Code("exaone4", beside=True, base=1e6, ran=True),
    "exaone_moe": Code("exaone_moe", beside=True, base=1e6),
    "ernie4_5_moe": Code("ernie4", partial="config", neox=False, ran=True),
    "solar": Code("solar", beside=True),
    "hunyuan_v1_dense": Code("hunyuan", beside=True),
    "hunyuan_v1_moe": Code("hunyuan", beside=True),
    "cohere": Code("commandr", neox=False, ran=True),
    "cohere2": Code("commandr", neox=False, ran=True),
    "cohere2_moe": Code("cohere2_moe", neox=False),
    "glm4": Code("glm4", partial="object", neox=False, ran=True),
    "glm4_moe": Code("glm4_moe", partial="object", ran=True),
    "falcon_h1": Code("falcon_h1", partial="config", default=1e5, ran=True),
    "qwen3_next": Code("qwen3_next", partial="config", base=1e4, own=True, early=True, ran=True),
    "qwen3_5_text": Code("qwen3_5", partial="config"),
    "qwen3_5_moe_text": Code("qwen3_5", partial="config"),
    "minimax_m2": Code("minimax_m2", partial="dims"),
    "gemma3_text": Code("gemma3_causal", by_kind=True, ran=True),
    "gemma3n_text": Code("gemma3n_causal", by_kind=True),
    "gemma4_text": Code("gemma4_causal", partial="object", by_kind=True, ran=True),
    "deepseek_v2": Code("deepseek_v2", neox=False, latent=True, ran=True),
    "deepseek_v3": Code("deepseek_v2", neox=False, latent=True, ran=True),
    "deepseek_v32": Code("deepseek_v2", neox=False, latent=True),
    "glm4_moe_lite": Code("glm4_moe_lite", neox=False, latent=True, always=True, ran=True),
    "glm_moe_dsa": Code("deepseek_v2", neox=False, latent=True),
    "kimi_k2": Code("deepseek_v2", neox=False, latent=True, ran=True),
    "kimi_k25": Code("deepseek_v2", neox=False, latent=True),
    "longcat_flash": Code("longcat_flash", neox=False, latent=True),
    "mistral4": Code("deepseek_v2", neox=False, latent=True),
    "baichuan": Code("baichuan", scaled=False),
    "chatglm": Code("chatglm", scaled=False, partial="config"),
    "gemma": Code("gemma", scaled=False),
    "gemma2": Code("gemma2", scaled=False, ran=True),
    "gptj": Code("gpt_j", scaled=False, partial="dims", base=1e4),
    "granitemoe": Code("granitemoe", scaled=False, whole=True),
    "granitemoeshared": Code("granitemoe", scaled=False, whole=True),
    "llama4_text": Code("llama4", whole=True),
    "mixtral": Code("mixtral", scaled=False, whole=True, ran=True),
    "olmo": Code("olmo", scaled=False),
    "persimmon": Code("persimmon", scaled=False, partial="config"),
    "phi": Code("phi", scaled=False, partial="config", ran=True),
    "phimoe": Code("phimoe", whole=True, ran=True),
    "stablelm": Code("stablelm", scaled=False, partial="config", ran=True),
    "starcoder2": Code("starcoder2", scaled=False, whole=True, ran=True),
}
QWEN = Code(ran=True)

# No file is there for the class, and transformers' own is fit for it: the Transformers backend
# runs it, its rotary embedding with it.
BY_TRANSFORMERS = frozenset(
    "bitnet cwm diffllama doge dots1 ernie4_5 flex_olmo gpt_neox helium jetmoe minimax "
    "ministral modernbert-decoder nemotron recurrent_gemma seed_oss smollm3 solar_open vaultgemma "
    "youtu".split()
)
# Neither has code of the class, or transformers' has a tensor parallel plan that is refused (glm).
NO_CODE = frozenset(
    "aquila bamba chameleon codegen falcon glm internlm jamba minimax_m1 minimax_text_01 "
    "mixformer-sequential phi-msft "
    "RefinedWeb RefinedWebModel stablelm_epoch zamba2".split()
)
# Their code looks up keys of config.rope_parameters, which a null is not; others do without.
NULL_STOPS = frozenset(
    "arcee cohere cohere2 deepseek_v2 deepseek_v3 falcon_h1 gemma gemma2 gemma3_text granite "
    "granitemoe mixtral olmo olmoe persimmon phi phimoe stablelm starcoder2 "
    # read, not run
    "afmoe apertus deepseek_v32 gemma4_text glm_moe_dsa gpt_oss granitemoeshared kimi_k2 kimi_k25 "
    "lfm2 lfm2_moe llama4_text longcat_flash ministral3 mistral4".split()
)
# Whose window is one token less than sliding_window.
WINDOW_NEEDED = frozenset(["gemma2", "gemma3_text", "olmo3"])
NULL_BASES = {"qwen3": 1e6}  # of others 10,000, where a null has taken the object's place
# Their heads are hidden_size over num_attention_heads, whatever head_dim says.
QUOTIENT = frozenset(
    "cohere cohere2 granitemoe mixtral olmo olmo2 olmo3 olmoe phi qwen2_moe stablelm "
    "starcoder2".split()
)
# Their code has transformers' functions for the ropes of full attention, in place of get_rope.
OWN_FUNCTIONS = frozenset(["gemma3_text"])
UNSCALED = frozenset(kind for kind, code in CODE.items() if not code.scaled)
WHOLE_BASE = frozenset(kind for kind, code in CODE.items() if code.whole)

# configs/olmo3.py replaces transformers' class and has one flat rope, from rope_scaling and
# rope_theta (10,000 unless given). What is in rope_parameters is gone once the file is loaded; the
# check of some methods looks for the lengths before that, and stops with an AttributeError (run
# with transformers 5.19 and 5.23). models/olmo2.py scales full attention alone, by one base.
FLAT = frozenset(["olmo3"])
FLAT_BASE = 10_000.0
FLAT_CONFIG = "python/sglang/srt/configs/olmo3.py"
FLAT_STOPS = ("yarn", "llama3", "longrope")


def code_of(model_type: str) -> Code:
    """The code of a class."""
    return CODE.get(model_type, QWEN)
