"""What transformers computes of settings that other stacks have words for, and it has not."""

from __future__ import annotations

from typing import Any

import pytest

from ropecalc.models.huggingface import parse_config
from ropecalc.results import StackRun
from ropecalc.stacks.running import as_run

LISTS = {"short_factor": [1.0] * 64, "long_factor": [2.0] * 64}
LATENT = {"qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "num_attention_heads": 32}


def ran(rope: dict[str, Any], model_type: str = "llama", **keys: Any) -> StackRun:
    document = {
        "model_type": model_type,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "max_position_embeddings": 131_072,
        "rope_theta": 1e4,
        "rope_scaling": rope,
        **keys,
    }
    model = parse_config(document, "config.json")
    return as_run(model, model.rope, "transformers")


@pytest.mark.parametrize("kind", ["deepseek_yarn", "ntk", "su"])
@pytest.mark.parametrize("key", ["type", "rope_type"])
def test_types_of_other_stacks_are_refused(kind: str, key: str) -> None:
    found = ran({key: kind, "factor": 4.0, "original_max_position_embeddings": 4096, **LISTS})
    assert found.refusal is not None
    assert f"does not know the rope_type {kind}" in found.refusal.text


def test_alpha_is_read_for_hunyuan_alone() -> None:
    rope = {"rope_type": "dynamic", "factor": 1.0, "alpha": 1000.0}
    llama, hunyuan = ran(rope), ran(rope, "hunyuan_v1_dense", head_dim=128)
    assert llama.rope is not None
    assert hunyuan.rope is not None
    assert (llama.rope.rope_type, hunyuan.rope.rope_type) == ("dynamic", "ntk_aware")


@pytest.mark.parametrize(("model_type", "factor"), [("llama", 1.19023807), ("phimoe", 1.2)])
def test_mscales_of_longrope_are_read_for_phimoe_alone(model_type: str, factor: float) -> None:
    """sqrt(1 + ln 32 / ln 4096) in any other class."""
    own = {"short_mscale": 1.1, "long_mscale": 1.2, "original_max_position_embeddings": 4096}
    found = ran({"rope_type": "longrope", **LISTS, **own}, model_type)
    assert found.spectrum is not None
    assert found.spectrum.attention_factor == pytest.approx(factor, rel=1e-8)


@pytest.mark.parametrize("factor", [None, 4.0])
def test_proportional_rotation_within_latent_attention(factor: float | None) -> None:
    """b^(-2i/64) of the 64 dimensions that turn, in a quarter of them."""
    rope = {"rope_type": "proportional", "partial_rotary_factor": 0.25}
    if factor:
        rope["factor"] = factor
    found = ran(rope, "deepseek_v3", **LATENT).spectrum
    assert found is not None
    wanted = [1e4 ** (-2 * i / 64) / (factor or 1.0) for i in range(8)]
    assert found.angular_frequencies.tolist() == pytest.approx(wanted, rel=1e-12)


def test_lists_under_the_first_name_of_phi_3_need_no_factor() -> None:
    found = ran({"type": "yarn", **LISTS}, "phi3", original_max_position_embeddings=4096)
    assert found.refusal is None
    assert found.rope is not None
    assert found.rope.rope_type == "longrope"


@pytest.mark.parametrize(
    ("auto", "stops"), [({}, True), ({"auto_map": {"AutoConfig": "c"}}, False)]
)
def test_a_class_of_its_own_repository_needs_its_auto_map(
    auto: dict[str, Any], stops: bool
) -> None:
    found = ran({}, "kimi_k2", **LATENT, **auto)
    assert (found.refusal is not None) == stops


def test_a_head_dim_of_null_with_latent_attention() -> None:
    """The rotary module then turns hidden_size over heads, 128, and the model 64: RuntimeError."""
    assert ran({}, "deepseek_v3", **LATENT, head_dim=None).refusal is not None
    fits = {**LATENT, "hidden_size": 2048}
    assert ran({}, "deepseek_v3", **fits, head_dim=None).refusal is None


def test_phimoe_never_takes_its_long_list() -> None:
    """PhimoeRotaryEmbedding.forward needs the frequencies without a length."""
    own = {"short_mscale": 1.1, "long_mscale": 1.2, "original_max_position_embeddings": 4096}
    found = ran({"rope_type": "longrope", **LISTS, **own}, "phimoe").spectrum
    assert found is not None
    assert found.angular_frequencies[0] == 1.0
