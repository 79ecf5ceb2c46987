"""Classes that read rope_parameters by kind of layer, as transformers 5.23 says when asked."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest

from ropecalc.models.huggingface import parse_config
from ropecalc.scaling import from_rope

BY_LAYER: dict[str, Any] = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_hidden_layers": 12,
    "sliding_window": 1024,
    "max_position_embeddings": 16_384,
}


def by_kind(model_type: str, **keys: Any) -> dict[str, tuple[str, float]]:
    """The method and base of both kinds of layer of a class that tells them apart."""
    document = {**BY_LAYER, "model_type": model_type, **keys}
    ropes = parse_config(document, "config.json").ropes
    return {rope.layer_type: (rope.rope_type, rope.base) for rope in ropes}


@pytest.mark.parametrize(
    ("model_type", "full", "sliding"),
    [
        ("gemma3_text", 12345.0, 1e4),
        ("gemma3n_text", 12345.0, 1e4),
        ("t5gemma2_text", 12345.0, 1e4),
        ("olmo3", 12345.0, 5e5),
    ],
)
def test_an_older_base_and_scaling_are_for_full_attention_alone(
    model_type: str, full: float, sliding: float
) -> None:
    linear = {"rope_type": "linear", "factor": 4.0}
    plain = {"full_attention": ("default", full), "sliding_attention": ("default", sliding)}
    scaled = {**plain, "full_attention": ("linear", full)}
    assert by_kind(model_type, rope_theta=full) == plain
    assert by_kind(model_type, rope_theta=full, rope_scaling=linear) == scaled
    within = {**linear, "rope_theta": full}
    assert by_kind(model_type, rope_scaling=within) == scaled


def test_no_older_key_is_for_the_sliding_layers_of_olmo_3() -> None:
    found = by_kind("olmo3", rope_theta=12345.0, rope_local_base_freq=555.0)
    assert found["sliding_attention"] == ("default", 5e5)
    nested = {"full_attention": {"rope_type": "linear", "factor": 4.0}, "sliding_attention": {}}
    assert by_kind("olmo3", rope_theta=12345.0, rope_parameters=nested) == {
        "full_attention": ("linear", 12345.0),
        "sliding_attention": ("default", 5e5),
    }


@pytest.mark.parametrize("model_type", ["gemma3_text", "olmo3", "modernbert"])
def test_type_alone_is_overlooked_where_the_class_has_a_rope_type_by_kind(model_type: str) -> None:
    alone = by_kind(model_type, rope_scaling={"type": "linear", "factor": 4.0, "rope_theta": 777.0})
    assert alone["full_attention"] == ("default", 777.0)
    kinds = {
        "full_attention": {"type": "linear", "factor": 4.0, "rope_theta": 777.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 99.0},
    }
    within = by_kind(model_type, rope_parameters=kinds)
    assert within["full_attention"] == ("linear", 777.0)


@pytest.mark.parametrize(("model_type", "bases"), [("gemma3_text", (1e6, 1e4)), ("olmo3", (5e5,))])
def test_flat_rope_parameters_are_passed_over_where_the_class_reads_by_kind(
    model_type: str, bases: tuple[float, ...]
) -> None:
    flat = {"rope_type": "linear", "factor": 4.0, "rope_theta": 777.0}
    document = {**BY_LAYER, "model_type": model_type}
    config = parse_config({**document, "rope_parameters": flat}, "config.json")
    assert {rope.rope_type for rope in config.ropes} == {"default"}
    assert tuple(dict.fromkeys(rope.base for rope in config.ropes)) == bases
    assert "passes over" in config.assumptions[0]
    outside = parse_config({**document, "rope_parameters": flat, "rope_theta": 12345.0}, "x")
    assert outside.ropes[0].base == 12345.0


def test_proportional_rotation_of_latent_attention_runs_over_what_turns() -> None:
    """64 of 192 dimensions turn, a quarter of them: b^(-2i/64), not b^(-2i/192)."""
    document = {
        "model_type": "deepseek_v3",
        "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64,
        "max_position_embeddings": 4096,
        "rope_parameters": {
            "rope_type": "proportional",
            "rope_theta": 5e4,
            "partial_rotary_factor": 0.25,
        },
    }
    rope = parse_config(document, "config.json").rope
    assert (rope.head_dim, rope.rotary_dim, rope.base) == (192, 16, 5e4)
    with mpmath.workdps(30):
        wanted = [mpmath.mpf(50_000) ** (-mpmath.mpf(2 * at) / 64) for at in range(8)]
    found = from_rope(rope).exact_frequencies
    assert [float(theta) for theta in found if theta] == pytest.approx(
        [float(theta) for theta in wanted], rel=4e-16
    )


def test_two_windows_alternate_in_neomme() -> None:
    """By its class, or layer by layer in the file; each has the rope of its kind."""
    document = {"model_type": "neomme", "num_hidden_layers": 7}
    ropes = parse_config(document, "config.json").ropes
    assert [(rope.layer_type, rope.window, rope.layers) for rope in ropes] == [
        ("full_attention", None, 2),
        ("sliding_attention", 257, 3),
        ("sliding_attention of 1,025", 1025, 2),
    ]
    assert {rope.base for rope in ropes[1:]} == {1e4}
    own = {"0": {"sliding_window": 99}, "1": {"sliding_window": None}}
    stops = parse_config({**document, "per_layer_config": own}, "config.json").stops
    assert stops is not None
    assert "null for it in per_layer_config" in stops


@pytest.mark.parametrize(
    ("document", "layers", "window"),
    [
        ({"model_type": "bailing_hybrid", "num_hidden_layers": 24, "layer_group_size": 4}, 6, None),
        (
            {"model_type": "mimo_v2_flash", "sliding_window": 128, "sliding_window_size": 128},
            9,
            129,
        ),
        ({"model_type": "mimo_v2_flash", "sliding_window_size": None}, 9, 129),
    ],
)
def test_other_names_of_a_pattern_and_a_window(
    document: dict[str, Any], layers: int, window: int | None
) -> None:
    """layer_group_size counts attentions; sliding_window_size leaves the token itself out."""
    model = parse_config(document, "config.json")
    assert model.ropes[0].layers == layers
    assert model.ropes[-1].window == window


GEMMA4 = {
    "model_type": "gemma4_text",
    "head_dim": 256,
    "num_hidden_layers": 3,
    "layer_types": ["full_attention", "sliding_attention", "full_attention"],
}


@pytest.mark.parametrize(
    ("own", "stops"),
    [  # transformers 5.23.0, run
        ({"0": {"head_dim": 512}, "2": {"head_dim": 512}}, ""),
        ({"00": {"head_dim": 512}, "1": {"head_dim": 256}, "02": {"head_dim": 512}}, ""),
        ({"0": {"head_dim": 512}}, "differs within the layers of full_attention"),
        ({"0": {"num_key_value_heads": 2}}, "differs within the layers of full_attention"),
        ({"1": {"sliding_window": 32}}, "sliding_window differs"),
        ({"1": {"head_dim": None}}, "head_dim is null"),
        ({"3": {"head_dim": 512}}, "no number of a layer"),
    ],
)
def test_layers_of_one_kind_with_configurations_of_their_own(
    own: dict[str, Any], stops: str
) -> None:
    keys = {"per_layer_config": own, "sliding_window": 64, "num_key_value_heads": 1}
    model = parse_config({**GEMMA4, **keys}, "config.json")
    assert stops in (model.stops or "")
    assert bool(stops) == bool(model.stops)
    if not stops:
        assert [(one.layer_type, one.head_dim, one.layers) for one in model.ropes] == [
            ("full_attention", 512, 2),
            ("sliding_attention", 256, 1),
        ]


def test_the_last_layer_of_gemma_4_sees_all_whatever_its_file_says() -> None:
    document = {**GEMMA4, "layer_types": ["sliding_attention"] * 3}
    found = parse_config(document, "config.json").ropes
    assert [(one.layer_type, one.layers) for one in found] == [
        ("full_attention", 1),
        ("sliding_attention", 2),
    ]
