"""Which files are read, in what form, and what is said of those that cannot be."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc.errors import ConfigError, InvalidValueError, RopecalcError, UnsupportedError
from ropecalc.models import jsonfile, reading
from ropecalc.models.reading import read_config
from tests.tools.laws import laws

ADD = "add it, with the model's base"
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


def test_is_a_public_name(write: Any) -> None:
    config = ropecalc.read_config(str(write(PLAIN)))
    assert (config.form, config.rope.head_dim) == ("transformers-4", 128)


TRAILING_COMMA = (  # where Python 3.13 finds the comma, and its elders the brace
    f"at line {'2, column 20' if sys.version_info >= (3, 13) else '3, column 1'}; correct it there"
)
DEEP = '{"a": ' * 100_000


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"", "is empty; pass a model's config.json"),
        ("{}", f"has no rope_theta; {ADD}"),
        ('{\n  "rope_theta": 1e6,\n}', TRAILING_COMMA),
        ('{"rope_theta": 1e6', "is not valid JSON at line 1, column 19; correct it there"),
        ("[]", "holds JSON, but not an object; pass a model's config.json"),
        ("null", "holds JSON, but not an object; pass a model's config.json"),
        ("1e400", "holds JSON, but not an object; pass a model's config.json"),
        ('{"rope_theta": 1e400}', "got a number that is not finite; correct it"),
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
    assert read_config(write(b"\xef\xbb\xbf" + json.dumps(PLAIN).encode())).rope.head_dim == 128


def test_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json").endswith("none.json: no such file; check the path")


def test_empty_path() -> None:
    assert refusal("") == "'': no such file; check the path"


def test_path_with_a_line_break_stays_on_one_line() -> None:
    assert refusal("a\nb.json") == r"'a\nb.json': no such file; check the path"


def test_path_with_a_null_byte() -> None:
    assert refusal("a\0b").startswith(r"'a\x00b': cannot be read (embedded null")


def test_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"{tmp_path}: holds no config.json or params.json; pass the file itself"
    )
    (tmp_path / "params.json").write_text('{"dim": 4096, "n_heads": 32, "rope_theta": 5e5}')
    assert read_config(tmp_path).form == "params"
    (tmp_path / "config.json").write_text(json.dumps(PLAIN))
    assert read_config(tmp_path).source == str(tmp_path / "config.json")


def test_every_form_is_known_by_its_content(write: Any) -> None:
    def form(content: Any) -> str:
        return read_config(write(content)).form

    assert form(PLAIN) == "transformers-4"
    assert form(PLAIN | {"rope_parameters": {"rope_theta": 1e6}}) == "transformers-5"
    assert form({"dim": 4096, "n_heads": 32}) == "params"
    assert form({"dim": 4096, "n_heads": 32, **PLAIN}) == "transformers-4"
    flags = "--hidden-size 4096 --num-attention-heads 32 --position-embedding-type rope"
    assert form(flags) == "megatron"


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    assert refusal(tmp_path).endswith(
        "config.json: is a directory; pass a model's config.json in it"
    )


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
    assert refusal(path).endswith(
        f"larger than {jsonfile.MAX_BYTES // 2**20} MiB; pass a model's config.json"
    )


def test_endless_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 2**10)
    assert "larger than" in refusal("/dev/zero")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(PLAIN).encode())))
    config = read_config("-")
    assert (config.source, config.rope.head_dim, config.rope.base) == ("standard input", 128, 1e6)


def test_standard_input_that_is_no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello"))
    assert refusal("-").startswith("standard input: is not valid JSON")


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-").startswith("standard input: is empty, or was read already; pass")


@given(content=st.binary(max_size=200))
@laws(max_examples=200)
def test_any_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.json"
    path.write_bytes(content)
    assert refusal(path)


def test_the_error_tree() -> None:
    assert issubclass(ConfigError, RopecalcError)
    assert issubclass(UnsupportedError, ConfigError)
    assert not issubclass(ConfigError, InvalidValueError)
