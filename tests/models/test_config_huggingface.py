"""Hugging Face config.json: what transformers makes of it, what is refused, and in which words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import scaling
from ropecalc.errors import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.models.huggingface import parse_config
from ropecalc.models.reading import read_config
from ropecalc.results import Rope
from tests.tools.effort import little_work
from tests.tools.laws import laws
from tests.tools.places import DATA

GOLDEN: dict[str, Any] = json.loads((DATA / "configs.json").read_text())
PLAIN: dict[str, Any] = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "max_position_embeddings": 4096,
    "rope_theta": 1e6,
}
ADD = "add it, with the model's base"


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Any:
    def write(content: Any) -> Path:
        path = tmp_path / "config.json"
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def refusal(source: Any, *kinds: type[ConfigError]) -> str:
    """The message of the refusal, after checks of what all of them share."""
    with pytest.raises(ConfigError) as caught:
        read_config(source)
    message = str(caught.value)
    assert type(caught.value) in (kinds or (ConfigError,))
    assert message.isprintable()
    assert "; " in message  # the cure
    assert len(message) < 300 + len(os.fspath(source))
    assert caught.value.__cause__ is None
    return message


@pytest.mark.parametrize("name", GOLDEN)
def test_published_shapes(name: str, write: Any) -> None:
    path = write(GOLDEN[name]["config"])
    config = read_config(path)
    rope = config.rope
    assert config.source == str(path)
    found = [rope.head_dim, rope.rotary_dim, rope.base, config.context, config.model_type]
    assert found == GOLDEN[name]["expected"]
    assert config.document == GOLDEN[name]["config"]


YARN = {"factor": 4.0, "original_max_position_embeddings": 1024}
LISTS = {"short_factor": [1.0] * 64, "long_factor": [2.0] * 64}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.mark.parametrize(
    ("section", "method", "parameters"),
    [
        (
            {"rope_type": "yarn", **YARN, "beta_fast": 16, "truncate": False},
            "yarn",
            {"factor": 4.0, "original_context": 1024, "beta_fast": 16.0, "truncate": False},
        ),
        ({"rope_type": "deepseek_yarn", **YARN}, "yarn", {"factor": 4.0, "original_context": 1024}),
        (
            {"rope_type": "yarn", **YARN, "mscale": 0},
            "yarn",
            {"factor": 4.0, "original_context": 1024},
        ),
        (
            {"rope_type": "llama3", **LLAMA3, "original_max_position_embeddings": 512},
            "llama3",
            {**LLAMA3, "original_context": 512},
        ),
        ({"type": "linear", "factor": 8}, "linear", {"factor": 8.0}),
        ({"type": "dynamic", "factor": 2.0}, "dynamic", {"factor": 2.0, "original_context": 4096}),
        ({"type": "dynamic", "factor": 1, "alpha": 1000.0}, "ntk_aware", {"factor": 1000.0}),
        (
            {"type": "longrope", **LISTS, "original_max_position_embeddings": 1024},
            "longrope",
            {
                "short_factor": (1.0,) * 64,
                "long_factor": (2.0,) * 64,
                "original_context": 1024,
                "factor": 4.0,
            },
        ),
        ({"type": "mrope", "mrope_section": [16, 24, 24]}, "default", {}),
        ({"rope_type": "default", "type": "linear", "factor": 8.0}, "default", {}),
        ({"rope_type": "proportional", "partial_rotary_factor": 0.25}, "proportional", {}),
    ],
)
@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_scaling_is_read(key: str, section: Any, method: str, parameters: Any, write: Any) -> None:
    config = read_config(write(PLAIN | {key: section}))
    assert config.form == f"transformers-{5 if key == 'rope_parameters' else 4}"
    assert len(config.ropes) == 1
    assert (config.rope.rope_type, dict(config.rope.parameters)) == (method, parameters)
    assert scaling.from_rope(config.rope).rope_type == method


def bases(ropes: tuple[Rope, ...]) -> dict[str, float]:
    return {rope.layer_type: rope.base for rope in ropes}


BY_KIND = {
    "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
}
TWO = {"full_attention": 1e6, "sliding_attention": 1e4}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rope_parameters": BY_KIND}, TWO),
        ({"rope_local_base_freq": 1e4, "sliding_window": 512}, TWO),
        ({"local_rope_theta": 1e4}, TWO),
        ({"model_type": "gemma3_text", "rope_theta": None}, TWO),
        ({"text_config": PLAIN | {"rope_parameters": BY_KIND}}, TWO),
        ({"text_config": PLAIN | {"rope_theta": 5e5}}, {"all": 5e5}),
        ({"rope_theta": None, "rope_ratio": 500}, {"all": 5e6}),
        ({"rope_theta": None, "rotary_emb_base": 25000}, {"all": 25e3}),
        # what says it twice: transformers asks the object of the rotation first ...
        ({"rope_parameters": {"rope_theta": 1e4}}, {"all": 1e4}),
        ({"rope_scaling": {"type": "linear", "factor": 2, "rope_theta": 1e4}}, {"all": 1e4}),
        # ... and rope_scaling before rope_parameters
        (
            {"rope_scaling": {"rope_theta": 2e4}, "rope_parameters": {"rope_theta": 3e4}},
            {"all": 2e4},
        ),
    ],
)
def test_bases_of_every_kind_of_layer(change: Any, expected: Any, write: Any) -> None:
    assert bases(read_config(write(PLAIN | change)).ropes) == expected


def test_a_scaling_of_one_kind_of_layer(write: Any) -> None:
    path = write(PLAIN | {"rope_parameters": BY_KIND, "sliding_window": 512})
    full, local = read_config(path).ropes
    assert (full.rope_type, full.factor, local.rope_type) == ("linear", 8.0, "default")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rope_theta": None, "model_type": "llama"}, "rope_theta is absent: 10,000, the default"),
        ({"rope_theta": None, "model_type": "mixtral"}, "rope_theta is absent: 1,000,000"),
        ({"rope_theta": None, "rope_scaling": {"type": "linear", "factor": 2.0}}, "10,000"),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, "max_position_embeddings, 4,096"),
    ],
)
def test_what_a_file_leaves_open_is_said(change: Any, words: str, write: Any) -> None:
    document = {key: value for key, value in (PLAIN | change).items() if value is not None}
    (assumption,) = read_config(write(document)).assumptions
    assert words in assumption
    assert read_config(write(PLAIN)).assumptions == ()


def test_a_base_of_null_stops_transformers(write: Any) -> None:
    model = read_config(write(PLAIN | {"rope_theta": None, "model_type": "llama"}))
    assert model.rope.base == 10_000
    assert model.stops == "rope_theta is null, which llama does not take: TypeError"


@pytest.mark.parametrize(
    ("change", "rotary_dim"),
    [
        ({"model_type": "gpt_neox"}, 32),
        ({"model_type": "phi"}, 64),
        ({"partial_rotary_factor": 0.5, "rotary_dim": 32}, 32),
        ({"rope_parameters": {"rope_theta": 1e6, "partial_rotary_factor": 0.25}}, 32),
        ({"rotary_pct": 0.25}, 32),
        ({"qk_rope_head_dim": 64, "qk_nope_head_dim": 128}, 64),
    ],
)
def test_partial_rotation(change: Any, rotary_dim: int, write: Any) -> None:
    assert read_config(write(PLAIN | change)).rope.rotary_dim == rotary_dim


def test_layers_without_rotation_are_counted(write: Any) -> None:
    turns = {"model_type": "smollm3", "num_hidden_layers": 4, "no_rope_layers": [1, 1, 1, 0]}
    config = read_config(write(PLAIN | turns))
    assert (config.rope.layers, config.unrotated_layers) == (3, 1)


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"alibi": True}, "alibi uses linear biases instead of rotations; pass a model that"),
        ({"rope_scaling": {"rope_type": "twisted"}}, "'twisted', which ropecalc does not know; it"),
        ({"rope_theta": None, "position_embedding_type": "absolute"}, "'absolute', which has no"),
    ],
)
def test_what_has_no_known_rotation(change: Any, end: str, write: Any) -> None:
    assert end in refusal(write(PLAIN | change), UnsupportedError)


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"rope_theta": None}, f"has no rope_theta; {ADD}"),
        ({"text_config": {}}, f"has no text_config.rope_theta; {ADD}"),
        ({"hidden_size": None}, "has neither head_dim nor hidden_size; add one of them"),
        (
            {"num_attention_heads": None},
            "neither head_dim nor num_attention_heads; add one of them",
        ),
        ({"num_attention_heads": 0}, "must be a positive integer, got 0; correct it"),
        ({"num_attention_heads": -32}, "must be a positive integer, got -32; correct it"),
        ({"num_attention_heads": 3}, "by num_attention_heads, 3; correct them, or add head_dim"),
        ({"hidden_size": "4096"}, 'hidden_size must be a positive integer, got "4096"; correct it'),
        ({"hidden_size": True}, "hidden_size must be a positive integer, got true; correct it"),
        ({"hidden_size": 4096.0}, "must be a positive integer, got 4096.0; correct it"),
        ({"hidden_size": [4096]}, "must be a positive integer, got a list; correct it"),
        ({"head_dim": 0}, "head_dim must be a positive integer, got 0; correct it"),
        ({"head_dim": 10**30}, f"head_dim must be a positive integer, got {10**30}; correct it"),
        ({"head_dim": 127}, "at least 2, got 127; correct the file"),
        ({"head_dim": 10**6}, "at most 65536, got 1000000; correct the file"),
        ({"rotary_dim": 256}, "which is 128, got 256; correct the file"),
        ({"rotary_dim": 63}, "at least 2, got 63; correct the file"),
        ({"partial_rotary_factor": 0.001}, "at least 2, got 0; correct the file"),
        ({"partial_rotary_factor": 0}, "than 0 and at most 1, got 0; correct it"),
        ({"partial_rotary_factor": 1.5}, "than 0 and at most 1, got 1.5; correct it"),
        ({"rope_theta": "1e6"}, 'greater than 1, got "1e6"; correct it'),
        ({"rope_theta": True}, "greater than 1, got true; correct it"),
        ({"rope_theta": [1e6]}, "greater than 1, got a list; correct it"),
        ({"rope_theta": {}}, "greater than 1, got an object; correct it"),
        ({"rope_theta": -1e6}, "greater than 1, got -1000000.0; correct it"),
        ({"rope_theta": 1}, "greater than 1, got 1; correct it"),
        ({"rope_theta": 0.0}, "greater than 1, got 0.0; correct it"),
        (
            {"rope_theta": float("nan")},
            "greater than 1, got a number that is not finite; correct it",
        ),
        (
            {"rope_theta": float("inf")},
            "greater than 1, got a number that is not finite; correct it",
        ),
        ({"rope_theta": 10**301}, f"got 1{'0' * 36}...; correct it"),
        ({"rope_theta": "x\n" * 99}, r"x\nx\nx\n...; correct it"),
        ({"max_position_embeddings": 0}, "must be a positive integer, got 0; correct it"),
        ({"max_position_embeddings": "4k"}, 'must be a positive integer, got "4k"; correct it'),
        ({"rope_scaling": "linear"}, 'rope_scaling must be an object, got "linear"; correct it'),
        ({"rope_scaling": False}, "rope_scaling must be an object, got false; correct it"),
        ({"rope_parameters": [1]}, "rope_parameters must be an object, got a list; correct it"),
        ({"rope_scaling": {"rope_type": 5}}, "rope_type must be a string, got 5; correct it"),
        (
            {"rope_scaling": {"type": "linear"}},
            "no rope_scaling.factor; add it, as the method needs it",
        ),
        ({"rope_scaling": {"factor": 8.0}}, "has no rope_type beside it; add the rope_type"),
        ({"rope_scaling": {"type": "linear", "factor": -1}}, "greater than 0, got -1; correct it"),
        ({"rope_scaling": {"type": "linear", "factor": "8"}}, 'than 0, got "8"; correct it'),
        (
            {"rope_scaling": {"type": "llama3", "factor": 8.0}},
            "has no rope_scaling.low_freq_factor; add it, as the method needs it",
        ),
        (
            {"rope_scaling": {"type": "longrope", **LISTS, "long_factor": [1.0, None]}},
            "long_factor[1] must be a number greater than 0, got null; correct it",
        ),
        (
            {"rope_scaling": {"type": "longrope", **LISTS, "short_factor": 1.0}},
            "short_factor must be a list, got 1.0; correct it",
        ),
        (
            {"rope_scaling": {"type": "yarn", **YARN, "original_max_position_embeddings": 0}},
            "original_max_position_embeddings must be a positive integer, got 0; correct it",
        ),
        (
            {"rope_scaling": {"type": "yarn", **YARN, "truncate": 1}},
            "truncate must be true or false, got 1; correct it",
        ),
        ({"layer_types": "full_attention"}, 'must be a list, got "full_attention"; correct it'),
        ({"layer_types": [1]}, "layer_types must be a list of strings; correct it"),
        (
            {"model_type": "smollm3", "num_hidden_layers": 3, "no_rope_layers": [1]},
            "no_rope_layers has 1 entries for 3 layers; correct one of them",
        ),
        ({"text_config": 7}, "text_config must be an object, got 7; correct it"),
    ],
)
def test_keys_that_are_missing_or_wrong(change: Any, end: str, write: Any) -> None:
    path = write(PLAIN | change)
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert message.endswith(end)


KEYS = [
    *("head_dim", "hidden_size", "num_attention_heads", "rotary_dim", "qk_rope_head_dim"),
    *("qk_nope_head_dim", "partial_rotary_factor", "rotary_pct", "rope_theta", "rotary_emb_base"),
    *("rope_scaling", "rope_parameters", "rope_type", "type", "factor", "text_config"),
    *("max_position_embeddings", "model_type", "rope_ratio", "rope_local_base_freq", "alibi"),
    *("original_max_position_embeddings", "short_factor", "long_factor", "short_mscale"),
    *("long_mscale", "low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow", "mscale"),
    *("mscale_all_dim", "attention_factor", "truncate", "alpha", "layer_types", "no_rope_layers"),
    *("no_rope_layer_interval", "num_hidden_layers", "sliding_window", "sliding_window_pattern"),
    *("use_sliding_window", "max_window_layers", "attention_chunk_size", "global_head_dim"),
    *("full_attention", "sliding_attention", "position_embedding_type", "local_attention"),
    *("global_attn_every_n_layers", "local_rope_theta", "seq_length", "mrope_section"),
]
METHODS = "default linear dynamic yarn llama3 longrope su mrope proportional ntk deepseek_yarn"
CLASSES = "qwen3 qwen2 phi phi3 gemma3_text gpt_oss llama4_text smollm3 modernbert olmo3 cohere2"
WORDS = [*METHODS.split(), *CLASSES.split(), "full_attention", "sliding_attention", "LLLG", ""]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(1, 300)
    | st.floats()
    | st.sampled_from([*WORDS, 10**400, 10**18, 0.5, 1, 2, 64, 4096, 1e4, 1e-300, 1e300])
    | st.text(max_size=5)
)
LISTED = st.lists(SCALARS, max_size=4) | st.just([1.0] * 64) | st.just(["full_attention"] * 4)
CONFIGS = st.recursive(
    st.dictionaries(st.sampled_from(KEYS), SCALARS | LISTED, max_size=12),
    lambda inner: st.dictionaries(
        st.sampled_from(KEYS), SCALARS | LISTED | inner | st.lists(inner, max_size=2), max_size=12
    ),
    max_leaves=4,
)
# objects that are nearly right get further into the readers of the methods than any chance does
NEARLY = st.fixed_dictionaries(
    {"rope_type": st.sampled_from(METHODS.split())},
    optional={
        key: SCALARS | LISTED | st.floats(0.1, 1e4)
        for key in (*LLAMA3, *YARN, *LISTS, "beta_fast", "beta_slow", "attention_factor", "mscale")
    },
)
ROPES = NEARLY | st.fixed_dictionaries(
    {}, optional={"full_attention": NEARLY, "sliding_attention": NEARLY | st.none()}
)
CHANGES = CONFIGS | st.builds(
    lambda key, rope, change: change | {key: rope},
    st.sampled_from(["rope_scaling", "rope_parameters"]),
    ROPES,
    st.dictionaries(st.sampled_from(KEYS), SCALARS | LISTED, max_size=2),
)


@pytest.mark.slow
@given(change=CHANGES)
@laws(max_examples=500)
def test_only_the_projects_errors_come_out(
    change: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text(json.dumps(PLAIN | change))
    with little_work():
        try:
            config = read_config(path)
        except ConfigError:
            assert refusal(path, ConfigError, UnsupportedError)
        else:
            for rope in config.ropes:
                evaluate(rope)


def evaluate(rope: Rope) -> None:
    """A rope is in its domain, and so is its spectrum, or one line says what is not."""
    assert rope.head_dim % 2 == rope.rotary_dim % 2 == 0
    assert 2 <= rope.rotary_dim <= rope.head_dim
    assert 1 < rope.base <= 1e300
    message = "fine"
    try:
        spectrum = scaling.from_rope(rope)
    except InvalidValueError as error:
        message = str(error)
    else:
        assert len(spectrum.exact_frequencies) <= rope.rotary_dim // 2
        assert all(0 <= frequency < 1e5 for frequency in spectrum.exact_frequencies)
    assert message.isprintable()
    assert 0 < len(message) < 300


@pytest.mark.parametrize("rope", [{"rope_type": "default"}, {"rope_type": "linear", "factor": 2.0}])
def test_a_composite_has_a_base_of_its_own_for_an_object_without(rope: dict[str, Any]) -> None:
    text = {"rope_parameters": rope, "head_dim": 64, "max_position_embeddings": 64}
    document = {"model_type": "voxtral", "text_config": text}
    assert parse_config(document, "config.json").rope.base == 1e8  # transformers 5.23.0, run
    text["rope_theta"] = 77.0
    assert parse_config(document, "config.json").rope.base == 77.0
