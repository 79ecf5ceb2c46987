"""Reading Hugging Face config.json files: what comes out, what is refused, and in which words."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ropecalc
from ropecalc.errors import ConfigError, InvalidValueError, RopecalcError, UnsupportedError
from ropecalc.stacks import jsonfile
from ropecalc.stacks.huggingface import read_config

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "data/configs.json").read_text())
PLAIN: dict[str, Any] = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "max_position_embeddings": 4096,
    "rope_theta": 1e6,
}


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
    assert config.source == str(path)
    found = [config.head_dim, config.rotary_dim, config.base, config.context, config.model_type]
    assert found == GOLDEN[name]["expected"]


def test_is_a_public_name(write: Any) -> None:
    assert ropecalc.read_config(str(write(PLAIN))).head_dim == 128


@pytest.mark.parametrize(
    ("method", "section"),
    [
        ("yarn", {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}),
        ("llama3", {"rope_type": "llama3", "factor": 8.0, "rope_theta": 500000.0}),
        ("linear", {"type": "linear", "factor": 8.0}),
        ("dynamic", {"type": "dynamic", "factor": 2.0}),
        ("longrope", {"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]}),
        ("su", {"type": "su", "short_factor": [1.0], "long_factor": [1.0]}),
        ("mrope", {"type": "mrope", "mrope_section": [16, 24, 24]}),
        ("linear", {"rope_type": "default", "type": "linear", "factor": 8.0}),
    ],
)
@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_scaling_is_refused_by_name(key: str, method: str, section: Any, write: Any) -> None:
    path = write(PLAIN | {key: section})
    assert refusal(path, UnsupportedError) == (
        f"{path}: {key} asks for {method} scaling, which ropecalc does not evaluate yet; "
        "pass --base and --dim of the unscaled model"
    )


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"rope_scaling": {"factor": 8.0}}, "rope_scaling asks for scaling by a factor"),
        (
            {
                "rope_parameters": {
                    "full_attention": {"rope_type": "default", "rope_theta": 1e6},
                    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
                }
            },
            "rope_parameters sets each kind of layer apart",
        ),
        ({"rope_local_base_freq": 1e4}, "rope_local_base_freq gives some layers a base of"),
        ({"local_rope_theta": 1e4}, "local_rope_theta gives some layers a base of their own"),
        ({"dual_chunk_attention_config": {"chunk_size": 262144}}, "dual chunk attention"),
        ({"alibi": True}, "alibi asks for linear biases"),
        ({"rope_theta": None, "rope_ratio": 500}, "rope_ratio multiplies a base"),
        (
            {"text_config": PLAIN | {"rope_scaling": {"type": "linear", "factor": 8.0}}},
            "text_config.rope_scaling asks for linear scaling",
        ),
    ],
)
def test_other_settings_beyond_one_base_are_refused(change: Any, fact: str, write: Any) -> None:
    assert fact in refusal(write(PLAIN | change), UnsupportedError)


FLAGS = "pass --base, --dim and --ctx instead of the file"


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({"rope_theta": None}, f"has no rope_theta; {FLAGS}"),
        ({"text_config": {}}, f"has no text_config.rope_theta; {FLAGS}"),
        ({"hidden_size": None}, f"has neither head_dim nor hidden_size; {FLAGS}"),
        ({"num_attention_heads": None}, f"neither head_dim nor num_attention_heads; {FLAGS}"),
        ({"model_type": "qwen3"}, f"has no head_dim; {FLAGS}"),
        ({"model_type": "gpt_neox"}, f"has no partial_rotary_factor; {FLAGS}"),
        ({"model_type": "phi"}, f"has no partial_rotary_factor; {FLAGS}"),
        ({"num_attention_heads": 0}, "must be a positive integer, got 0; correct it"),
        ({"num_attention_heads": -32}, "must be a positive integer, got -32; correct it"),
        ({"num_attention_heads": 3}, "by num_attention_heads, 3; correct them, or add head_dim"),
        ({"hidden_size": "4096"}, 'hidden_size must be a positive integer, got "4096"; correct it'),
        ({"hidden_size": True}, "hidden_size must be a positive integer, got true; correct it"),
        ({"hidden_size": 4096.0}, "must be a positive integer, got 4096.0; correct it"),
        ({"hidden_size": [4096]}, "must be a positive integer, got a list; correct it"),
        ({"head_dim": 0}, "head_dim must be a positive integer, got 0; correct it"),
        ({"head_dim": 10**30}, f"head_dim must be a positive integer, got {10**30}; correct it"),
        ({"head_dim": 127}, f"at least 2, got 127; correct the file, or {FLAGS}"),
        ({"head_dim": 10**6}, f"at most 65536, got 1000000; correct the file, or {FLAGS}"),
        ({"rotary_dim": 256}, f"which is 128, got 256; correct the file, or {FLAGS}"),
        ({"rotary_dim": 63}, f"at least 2, got 63; correct the file, or {FLAGS}"),
        ({"partial_rotary_factor": 0.001}, f"at least 2, got 0; correct the file, or {FLAGS}"),
        ({"partial_rotary_factor": 0}, "than 0 and at most 1, got 0; correct it"),
        ({"partial_rotary_factor": 1.5}, "than 0 and at most 1, got 1.5; correct it"),
        (
            {"partial_rotary_factor": 0.5, "rotary_dim": 32},
            "rotary_dim is 32, but partial_rotary_factor makes it 64; keep the one that is right",
        ),
        (
            {"rope_parameters": {"rope_theta": 1e4}},
            "but rope_parameters.rope_theta is 10000.0; keep the one that is right",
        ),
        ({"rope_theta": "1e6"}, 'than 1 and at most 1e+300, got "1e6"; correct it'),
        ({"rope_theta": True}, "than 1 and at most 1e+300, got true; correct it"),
        ({"rope_theta": [1e6]}, "than 1 and at most 1e+300, got a list; correct it"),
        ({"rope_theta": {}}, "than 1 and at most 1e+300, got an object; correct it"),
        ({"rope_theta": -1e6}, "than 1 and at most 1e+300, got -1000000.0; correct it"),
        ({"rope_theta": 1}, "than 1 and at most 1e+300, got 1; correct it"),
        ({"rope_theta": 0.0}, "than 1 and at most 1e+300, got 0.0; correct it"),
        ({"rope_theta": float("nan")}, "than 1 and at most 1e+300, got NaN; correct it"),
        ({"rope_theta": float("inf")}, "than 1 and at most 1e+300, got Infinity; correct it"),
        ({"rope_theta": 10**301}, f"at most 1e+300, got 1{'0' * 36}...; correct it"),
        ({"rope_theta": "x\n" * 99}, r"x\nx\nx\n...; correct it"),
        ({"max_position_embeddings": 0}, "must be a positive integer, got 0; correct it"),
        ({"max_position_embeddings": "4k"}, 'must be a positive integer, got "4k"; correct it'),
        ({"rope_scaling": "linear"}, 'rope_scaling must be an object, got "linear"; correct it'),
        ({"rope_scaling": False}, "rope_scaling must be an object, got false; correct it"),
        ({"rope_parameters": [1]}, "rope_parameters must be an object, got a list; correct it"),
        ({"rope_scaling": {"rope_type": 5}}, "rope_type must be a string, got 5; correct it"),
        ({"text_config": 7}, "text_config must be an object, got 7; correct it"),
    ],
)
def test_keys_that_are_missing_or_wrong(change: Any, end: str, write: Any) -> None:
    path = write(PLAIN | change)
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert message.endswith(end)


DEEP = '{"a": ' * 100_000


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"", "is not valid JSON at line 1, column 1; correct it there"),
        ("{}", f"has no rope_theta; {FLAGS}"),
        ('{\n  "rope_theta": 1e6,\n}', "at line 3, column 1; correct it there"),
        ('{"rope_theta": 1e6', "is not valid JSON at line 1, column 19; correct it there"),
        ("[]", "holds JSON, but not an object; pass a model's config.json"),
        ("null", "holds JSON, but not an object; pass a model's config.json"),
        ("1e400", "holds JSON, but not an object; pass a model's config.json"),
        ('{"rope_theta": 1e400}', "at most 1e+300, got Infinity; correct it"),
        ('{"rope_theta": ' + "1" * 5000 + "}", "too long to read; pass a model's config.json"),
        (DEEP, "is nested too deeply; pass a model's config.json"),
        (b"\x80\x04\x95model", "is not text in UTF-8; pass a model's config.json"),
        (b"\x00\x01\x02\x03", "is not valid JSON at line 1, column 1; correct it there"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_contents_that_are_no_config(content: Any, end: str, write: Any) -> None:
    assert refusal(write(content)).endswith(end)


def test_byte_order_mark_is_accepted(write: Any) -> None:
    assert read_config(write(b"\xef\xbb\xbf" + json.dumps(PLAIN).encode())).head_dim == 128


def test_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json").endswith("none.json: no such file; check the path")


def test_empty_path() -> None:
    assert refusal("") == "'': no such file; check the path"


def test_path_with_a_line_break_stays_on_one_line() -> None:
    assert refusal("a\nb.json") == r"'a\nb.json': no such file; check the path"


def test_path_with_a_null_byte() -> None:
    assert refusal("a\0b").startswith(r"'a\x00b': cannot be read (embedded null")


def test_directory(tmp_path: Path) -> None:
    end = f"{tmp_path}: is a directory; pass a model's config.json in it"
    assert refusal(tmp_path) == end


def test_part_of_the_path_is_a_file(write: Any) -> None:
    assert "cannot be read (Not a directory)" in refusal(write(PLAIN) / "config.json")


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    assert refusal("config.json").endswith("no permission to read it; check its access rights")


def test_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: reading it would fill the memory
    assert refusal(path).endswith("larger than 64 MiB; pass a model's config.json")


def test_endless_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonfile, "MAX_BYTES", 2**10)
    assert "larger than" in refusal("/dev/zero")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(PLAIN).encode())))
    config = read_config("-")
    assert (config.source, config.head_dim, config.base) == ("standard input", 128, 1e6)


def test_standard_input_that_is_no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello"))
    assert refusal("-").startswith("standard input: is not valid JSON")


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-").startswith("standard input: is not valid JSON")


KEYS = [
    *("head_dim", "hidden_size", "num_attention_heads", "rotary_dim", "qk_rope_head_dim"),
    *("qk_nope_head_dim", "partial_rotary_factor", "rotary_pct", "rope_theta", "rotary_emb_base"),
    *("rope_scaling", "rope_parameters", "rope_type", "type", "factor", "text_config"),
    *("max_position_embeddings", "model_type", "rope_ratio", "rope_local_base_freq", "alibi"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(1, 300)
    | st.floats()
    | st.sampled_from(["default", "yarn", "qwen3", "phi", "", 10**400, 0.5, 2, 64, 1e4])
    | st.text(max_size=5)
)
CONFIGS = st.recursive(
    st.dictionaries(st.sampled_from(KEYS), SCALARS, max_size=12),
    lambda inner: st.dictionaries(
        st.sampled_from(KEYS), SCALARS | inner | st.lists(inner, max_size=2), max_size=12
    ),
    max_leaves=4,
)


@given(change=CONFIGS)
@settings(max_examples=300, deadline=None)
def test_only_the_projects_errors_come_out(
    change: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text(json.dumps(PLAIN | change))
    try:
        config = read_config(path)
    except ConfigError:
        assert refusal(path, ConfigError, UnsupportedError)
    else:
        assert config.head_dim % 2 == config.rotary_dim % 2 == 0
        assert 2 <= config.rotary_dim <= config.head_dim
        assert 1 < config.base <= 1e300


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.json"
    path.write_bytes(content)
    assert refusal(path)


def test_the_error_tree() -> None:
    assert issubclass(ConfigError, RopecalcError)
    assert issubclass(UnsupportedError, ConfigError)
    assert not issubclass(ConfigError, InvalidValueError)
