"""What a stack cannot say of a setting, and that it is told, stack by stack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

import ropecalc
from ropecalc.results import Rope
from ropecalc.stacks.writing import emit
from tests.stacks.test_emit import config, rope, setting

LLAMA3 = {
    "factor": 8.0,
    "original_context": 8192,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
}
YARN: dict[str, Any] = {"factor": 4.0, "original_context": 4096}
LISTS: dict[str, Any] = {**YARN, "short_factor": [1.0] * 64, "long_factor": [2.0] * 64}


def latent(**parameters: Any) -> Rope:
    """YaRN on the rotated part of a head of multi-head latent attention."""
    return replace(rope("yarn", 192, 64, **YARN, **parameters), latent=True)


class Case(NamedTuple):
    stack: str
    rope: Rope
    context: int
    lines: tuple[str, ...] = ()  # of the text
    notes: tuple[str, ...] = ()  # beginnings, of those that say why it is not exact


CASES = [
    Case(
        "megatron-bridge",
        rope("llama3", **LLAMA3),
        65536,
        ("provider.rope_scaling = True", "provider.rope_scaling_factor = 8.0"),
    ),
    Case(
        "megatron-bridge",
        rope("llama3", **{**LLAMA3, "original_context": 4096}),
        32768,
        notes=("a provider always has llama3's original length 8,192",),
    ),
    Case(
        "megatron-bridge",
        rope("yarn", 128, 64, **YARN),
        16384,
        ("provider.rotary_percent = 0.5", "provider.yarn_rotary_scaling_factor = 4.0"),
        ("Megatron's YaRN rotates all of a head",),
    ),
    Case(
        "megatron-bridge",
        rope("dynamic", **YARN),
        16384,
        ("provider.rope_scaling = False",),
        ("Megatron-Bridge has no dynamic scaling: here is the plain base nearest to it",),
    ),
    Case(
        "megatron-bridge",
        rope("longrope", **LISTS),
        16384,
        notes=("Megatron-Bridge has no field for longrope scaling",),
    ),
    Case(
        "megatron-bridge",
        latent(mscale=1.0, mscale_all_dim=1.0),
        16384,
        ("provider.rotary_scaling_factor = 4.0", "provider.mscale_all_dim = 1.0"),
    ),
    Case(
        "megatron-bridge",
        latent(truncate=False),
        16384,
        notes=("with multi-head latent attention a provider has neither truncate",),
    ),
    Case(
        "megatron-lm",
        latent(beta_fast=16.0, truncate=False),
        16384,
        ("--rotary-scaling-factor 4.0",),
        ("beta_fast is 16 here", "Megatron-LM rounds the ends of YaRN's ramp"),
    ),
    Case(
        "megatron-lm",
        latent(attention_factor=1.3, mscale_all_dim=1.0),
        16384,
        notes=("Megatron-LM has the attention factor and the softmax's scale from the same two",),
    ),
    Case(
        "megatron-lm",
        replace(rope("linear", 192, 64, factor=4.0), latent=True),
        16384,
        ("--rotary-seq-len-interpolation-factor 4",),
        ("Megatron-LM does not read this factor with multi-head latent attention",),
    ),
    Case(
        "megatron-lm",
        rope("linear", factor=2.5),
        10240,
        notes=("Megatron-LM takes whole factors alone",),
    ),
    Case(
        "megatron-lm",
        replace(rope("llama3", 192, 64, **LLAMA3), latent=True),
        65536,
        notes=("Megatron-LM does not read llama3 with multi-head latent attention",),
    ),
    Case(
        "maxtext",
        rope("llama3", **LLAMA3),
        65536,
        ("rope_type: llama3.1", "rope_use_scale: true"),
    ),
    Case(
        "maxtext",
        rope("llama3", **{**LLAMA3, "factor": 4.0}),
        32768,
        notes=("MaxText has llama3.1's own numbers",),
    ),
    Case(
        "maxtext",
        rope("yarn", 128, 64, base=500000.5, **YARN, attention_factor=1.3),
        16384,
        ("rope_max_timescale: 500001",),
        (
            "MaxText's configs have whole bases",
            "MaxText has YaRN's attention factor as 1 or",
            "MaxText has this model's rope on whole heads",
        ),
    ),
    Case("maxtext", latent(mscale=0.7, mscale_all_dim=0.7), 16384, ("mscale: 0.7",)),
    Case("maxtext", rope("linear", factor=4.0), 16384, ("rope_linear_scaling_factor: 4.0",)),
    Case("maxtext", rope("longrope", **LISTS), 16384, notes=("MaxText has no longrope scaling",)),
    Case(
        "maxtext",
        rope("dynamic", **YARN),
        16384,
        ("rope_type: default",),
        ("MaxText has no dynamic scaling: here is the plain base nearest to it",),
    ),
    Case(
        "llama-factory",
        rope("llama3", **{**LLAMA3, "low_freq_factor": 2.0}),
        65536,
        ("rope_scaling: llama3",),
        (
            "LLaMA-Factory rounds the factor up to a whole 16",
            "LLaMA-Factory takes the model's 4,096 tokens for the original length",
            "LLaMA-Factory always has llama3's frequency factors",
        ),
    ),
    Case(
        "llama-factory",
        rope("yarn", **YARN, beta_fast=16.0),
        16384,
        ("rope_scaling: yarn",),
        ("LLaMA-Factory always has YaRN's defaults",),
    ),
    Case(
        "llama-factory",
        rope("dynamic", **YARN),
        16384,
        notes=("LLaMA-Factory raises max_position_embeddings",),
    ),
    Case(
        "llama-factory",
        rope("yarn", **YARN),
        2048,
        notes=("LLaMA-Factory scales only to a cutoff_len above",),
    ),
    Case(
        "vllm",
        latent(attention_factor=1.3),
        16384,
        notes=("vLLM ignores attention_factor of YaRN with multi-head latent attention",),
    ),
    Case(
        "vllm",
        latent(mscale=1.0),
        16384,
        notes=("of mscale and mscale_all_dim one is missing",),
    ),
    Case(
        "vllm",
        rope("proportional", 128, 128, factor=2.0),
        16384,
        notes=("vLLM ignores the factor of a proportional rope",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.stack}-{c.rope.rope_type}-{c.context}")
def test_what_it_cannot_say_is_told(case: Case) -> None:
    document = None if case.rope.latent else config(case.rope.head_dim, case.rope.rotary_dim)
    written = emit(setting(case.rope, case.context, document), case.stack)
    assert written.exact is not bool(case.notes), written
    for line in case.lines:
        assert line in written.text
    for beginning in case.notes:
        assert any(note.startswith(beginning) for note in written.notes), written.notes


@pytest.mark.parametrize(
    ("stack", "note"),
    [
        ("megatron-bridge", "a provider has one rope for all layers"),
        ("megatron-lm", "Megatron-LM has one rope for all layers"),
        ("maxtext", "this model's windowed layers have another rope"),
    ],
)
def test_a_model_with_two_ropes_is_more_than_they_have(stack: str, note: str) -> None:
    model = ropecalc.find_model("Gemma-3-27B")
    written = emit(ropecalc.make_setting(model, model.ropes[-1]), stack)
    assert not written.exact
    assert any(one.startswith(note) for one in written.notes), written.notes
