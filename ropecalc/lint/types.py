"""Rules about the types and shapes of values."""

from __future__ import annotations

from collections.abc import Iterator

from ropecalc.lint.rule import Said
from ropecalc.lint.subject import Subject
from ropecalc.lint.words import number
from ropecalc.stacks.classes_vllm import BY_TRANSFORMERS

# Measured on transformers 5.23: classes whose head_dim is declared an integer ...
STRICT_HEAD_DIM = frozenset(
    "cohere2_moe cwm gemma gemma2 gemma3_text gemma3n_text gemma4_text glm4 gpt_oss helium "
    "llama4_text longcat_flash mimo_v2_flash minimax_m2 ministral3 qwen3 qwen3_5_moe_text "
    "qwen3_5_text qwen3_next qwen3_vl_text solar_open step3p5 vaultgemma".split()
)
# ... and some that keep the null, which dynamic, yarn and longrope then multiply.
KEEPS_NULL = frozenset(
    "apertus cohere cohere2 dots1 ernie4_5_moe exaone4 falcon_h1 flex_olmo glm glm4_moe gpt_neox "
    "granite granitemoe hunyuan_v1_dense jetmoe lfm2 minimax ministral mixtral phi3".split()
)
MULTIPLIED = ("dynamic", "yarn", "longrope")


def integer_factor(subject: Subject) -> Iterator[Said]:
    """A factor of linear scaling that is no float in JSON, where vLLM's own code reads it."""
    if subject.model.model_type in BY_TRANSFORMERS:
        return
    for item in subject.of("linear"):
        factor = item.values.get("factor")
        if type(factor) is int:
            yield Said(
                f"{item.path}.factor is the integer {factor}: vLLM takes a float or a list, and "
                "stops with a TypeError",
                f"Write {factor}.0.",
                item.layer_type,
            )


def integer_attention_factor(subject: Subject) -> Iterator[Said]:
    """An attention factor of YaRN that is no float in JSON."""
    for item in subject.of("yarn"):
        value = item.values.get("attention_factor")
        if type(value) is int:
            yield Said(
                f"{item.path}.attention_factor is the integer {value}: it is used, and warned of "
                "as if it were not",
                f"Write {value}.0.",
                item.layer_type,
            )


def list_length(subject: Subject) -> Iterator[Said]:
    """A list of longrope that has not one value a rotated pair."""
    for item in subject.of("longrope"):
        pairs = item.rope.rotary_dim // 2
        for key in ("short_factor", "long_factor"):
            length = len(item.values.get(key) or ())
            if length != pairs:
                yield Said(
                    f"{item.path}.{key} has {number(length)} values for {number(pairs)} rotated "
                    "pairs: the product of frequencies fails",
                    f"Write one value a pair, {number(pairs)}, or mend partial_rotary_factor.",
                    item.layer_type,
                )


def null_head_dim(subject: Subject) -> Iterator[Said]:
    """A head_dim that is there and null."""
    if "head_dim" not in subject.text or subject.has("head_dim"):
        return
    kind = subject.model.model_type
    scaled = next(subject.of(*MULTIPLIED), None)
    if kind in STRICT_HEAD_DIM:
        reason = f"{kind} declares an integer and refuses it"
    elif kind in KEEPS_NULL and scaled is not None:
        reason = f"{scaled.method} scaling multiplies it, and stops with a TypeError"
    else:
        return
    head_dim = subject.model.rope.head_dim
    yield Said(f"{subject.prefix}head_dim is null: {reason}", f"Write {head_dim}, or leave it out.")
