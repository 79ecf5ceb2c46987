"""params.json of Meta and Mistral: published files, near-misses, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import scaling
from ropecalc.errors import ConfigError, RopecalcError
from ropecalc.models.meta import parse_params

LLAMA2: dict[str, Any] = {  # Llama-2-7b
    "dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-05,
    "vocab_size": -1,
}  # fmt: skip
LLAMA31: dict[str, Any] = {  # Meta-Llama-3.1-8B
    "dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
    "ffn_dim_multiplier": 1.3, "multiple_of": 1024, "norm_eps": 1e-05, "rope_theta": 500000.0,
    "use_scaled_rope": True,
}  # fmt: skip
LLAMA32: dict[str, Any] = {  # Llama-3.2-1B
    "dim": 2048, "n_layers": 16, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
    "ffn_dim_multiplier": 1.5, "multiple_of": 256, "norm_eps": 1e-05, "rope_theta": 500000.0,
    "use_scaled_rope": True,
}  # fmt: skip
SCOUT: dict[str, Any] = {  # Llama-4-Scout-17B-16E, what matters of it
    "dim": 5120, "n_layers": 48, "n_heads": 40, "n_kv_heads": 8, "head_dim": 128,
    "rope_theta": 500000.0, "use_scaled_rope": True, "nope_layer_interval": 4,
    "attention_chunk_size": 8192, "use_qk_norm": True, "moe_args": {"num_experts": 16},
}  # fmt: skip
MISTRAL: dict[str, Any] = {  # Mistral-7B-v0.1
    "dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32,
    "n_kv_heads": 8, "norm_eps": 1e-05, "sliding_window": 4096, "vocab_size": 32000,
}  # fmt: skip
NEMO: dict[str, Any] = {  # Mistral-Nemo: heads of 128, not of 5120 / 32
    "dim": 5120, "n_layers": 40, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32,
    "n_kv_heads": 8, "rope_theta": 1000000.0, "norm_eps": 1e-05, "vocab_size": 131072,
    "max_seq_len": 128000,
}  # fmt: skip
YARN = {"original_max_position_embeddings": 8192, "factor": 16, "alpha": 1, "beta": 32}
LATENT = {"qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "kv_lora_rank": 512}


def read(document: dict[str, Any], **changed: Any) -> Any:
    return parse_params(document | changed, "params.json")


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_params(document, "params.json")
    message = str(caught.value)
    assert message.startswith("params.json: ")
    assert message.isprintable()
    assert "; " in message
    assert len(message) < 300
    assert caught.value.__cause__ is None
    return message


@pytest.mark.parametrize(
    ("document", "base", "head_dim", "context", "layers"),
    [
        (LLAMA2, 1e4, 128, None, 32),
        (LLAMA31, 5e5, 128, None, 32),
        (LLAMA32, 5e5, 64, None, 16),
        (MISTRAL, 1e4, 128, None, 32),
        (NEMO, 1e6, 128, 128000, 40),
    ],
)
def test_published_files(
    document: dict[str, Any], base: float, head_dim: int, context: int | None, layers: int
) -> None:
    config = read(document)
    rope = config.rope
    assert (rope.base, rope.head_dim, rope.rotary_dim) == (base, head_dim, head_dim)
    assert (config.context, rope.layers, len(config.ropes)) == (context, layers, 1)
    assert (config.form, config.source, config.document) == ("params", "params.json", document)


def test_llama_3_1_is_scaled_by_constants_in_the_code() -> None:
    config = read(LLAMA31)
    assert (config.rope.rope_type, config.original_context) == ("llama3", 8192)
    expected = scaling.llama3(500000, 128, factor=8, original_context=8192)
    found = scaling.from_rope(config.rope).angular_frequencies
    assert found.tolist() == expected.angular_frequencies.tolist()
    assert "rope_scaling_factor is absent: 8" in config.assumptions[0]
    for off in ({"use_scaled_rope": False}, {"use_scaled_rope": None}):
        assert read(LLAMA31 | off).rope.rope_type == "default"


def test_a_factor_that_is_given_is_taken() -> None:
    config = read(LLAMA32, rope_scaling_factor=32.0, rope_high_freq_factor=2)
    assert config.rope.parameters["factor"] == 32
    assert config.rope.parameters["high_freq_factor"] == 2
    assert config.assumptions == ()


def test_llama_4_scout() -> None:
    config = read(SCOUT)
    rope = config.rope
    assert (rope.layer_type, rope.window, rope.layers) == ("chunked_attention", 8192, 36)
    assert config.unrotated_layers == 12
    theta = 500000.0 ** (-np.arange(64) / 64)  # high = low = 1: no ramp
    expected = np.where(2 * np.pi / theta > 8192, theta / 16, theta)
    np.testing.assert_allclose(scaling.from_rope(rope).angular_frequencies, expected, rtol=1e-13)


def test_the_base_that_a_file_leaves_out() -> None:
    cases: list[tuple[dict[str, Any], float]] = [
        (LLAMA2, 1e4),
        (MISTRAL, 1e4),
        ({key: MISTRAL[key] for key in MISTRAL if key != "sliding_window"}, 1e6),
    ]
    for document, base in cases:
        config = read(document)
        assert config.rope.base == base
        assert config.assumptions[0].startswith(f"rope_theta is absent: {base:,.0f}, as ")
        assert read(document, rope_theta=3e5).assumptions == ()


def test_mistral_windows() -> None:
    assert read(MISTRAL).rope.window == 4096
    assert read(MISTRAL).rope.reach == 4096
    ropes = read(NEMO, _sliding_window=[None, 32768, 32768, 32768]).ropes
    found = [(rope.layer_type, rope.window, rope.layers) for rope in ropes]
    assert found == [("full_attention", None, 10), ("sliding_attention", 32768, 30)]
    ropes = read(NEMO, sliding_window=[131072, 32768, 32768, 32768]).ropes
    assert [(rope.window, rope.layers) for rope in ropes] == [(131072, 10), (32768, 30)]
    assert read(NEMO, sliding_window=[None]).rope.layer_type == "all"


def test_mistral_yarn() -> None:
    config = read(NEMO, yarn=YARN, max_position_embeddings=131072)
    spectrum = scaling.from_rope(config.rope)
    expected = scaling.yarn(1e6, 128, factor=16, original_context=8192)
    assert spectrum.angular_frequencies.tolist() == expected.angular_frequencies.tolist()
    assert spectrum.attention_factor == pytest.approx(1 + 0.1 * math.log(16))
    assert (config.context, config.original_context) == (131072, 8192)
    plain = read(NEMO, yarn=YARN | {"apply_scale": False}).rope
    assert scaling.from_rope(plain).attention_factor == 1


def test_mistral_latent_attention() -> None:
    config = read(NEMO, **LATENT, yarn=YARN, llama_4_scaling={"beta": 0.1})
    assert (config.rope.head_dim, config.rope.rotary_dim, config.rope.latent) == (192, 64, True)
    softmax = (1 + 0.1 * math.log(16)) ** 2
    assert scaling.from_rope(config.rope).softmax_factor == pytest.approx(softmax)
    assert "llama_4_scaling" in config.assumptions[0]
    unscaled = read(NEMO, **LATENT, yarn=YARN | {"apply_scale": False}).rope
    assert scaling.from_rope(unscaled).softmax_factor == 1


def test_a_file_says_nothing_of_training() -> None:
    assert (read(NEMO).context, read(NEMO).original_context) == (128000, None)
    assert all(read(document).trained_context is None for document in (NEMO, LLAMA2))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dim": "4096"}, "dim"),
        ({"dim": -4096}, "dim"),
        ({"dim": 10**400}, "dim"),
        ({"dim": 4097}, "cannot divide dim"),
        ({"dim": None}, "has no dim"),
        ({"n_heads": None}, "has no n_heads"),
        ({"n_heads": 0}, "n_heads"),
        ({"n_heads": True}, "n_heads"),
        ({"head_dim": 127}, "head_dim"),
        ({"head_dim": 2**40}, "head_dim"),
        ({"rope_theta": "1e6"}, "rope_theta"),
        ({"rope_theta": math.nan}, "rope_theta"),
        ({"rope_theta": math.inf}, "rope_theta"),
        ({"rope_theta": 10**400}, "rope_theta"),
        ({"rope_theta": -1.0}, "rope_theta"),
        ({"rope_theta": 1}, "rope_theta"),
        ({"use_scaled_rope": "yes"}, "use_scaled_rope"),
        ({"use_scaled_rope": True, "rope_scaling_factor": -8}, "rope_scaling_factor"),
        ({"use_scaled_rope": True, "rope_high_freq_factor": []}, "rope_high_freq_factor"),
        ({"n_layers": 1e9}, "n_layers"),
        ({"n_layers": 10**9}, "n_layers"),
        ({"nope_layer_interval": 0}, "nope_layer_interval"),
        ({"max_seq_len": 0}, "max_seq_len"),
        ({"sliding_window": "4096"}, "sliding_window"),
        ({"sliding_window": []}, "sliding_window"),
        ({"sliding_window": [None, -1]}, "sliding_window[1]"),
        ({"sliding_window": [[4096]]}, "sliding_window[0]"),
        ({"sliding_window": [4096] * 100_000}, "sliding_window"),
        ({"yarn": 4}, "yarn"),
        ({"yarn": {}}, "yarn.factor"),
        ({"yarn": {"factor": 4}}, "yarn.original_max_position_embeddings"),
        ({"yarn": YARN | {"factor": math.nan}}, "yarn.factor"),
        ({"yarn": YARN | {"beta": "32"}}, "yarn.beta"),
        ({"yarn": YARN | {"apply_scale": 1}}, "yarn.apply_scale"),
        ({"qk_rope_head_dim": 63, "qk_nope_head_dim": 129}, "rotary_dim"),
        ({"model_type": 3}, "model_type"),
    ],
)
def test_values_outside_their_domain(changed: dict[str, Any], words: str) -> None:
    assert words in refusal(LLAMA2 | changed)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from([*YARN, "apply_scale"]), st.floats() | st.integers()),
)
KEYS = sorted({*LLAMA31, *SCOUT, *MISTRAL, *LATENT, "yarn", "max_seq_len", "rope_scaling_factor"})


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_whatever_the_values_only_our_errors(changed: dict[str, Any]) -> None:
    try:
        for rope in read(LLAMA31, **changed).ropes:
            scaling.from_rope(rope)
    except RopecalcError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()
