"""Any model file: which form it has, and what it says."""

from __future__ import annotations

import contextlib
import io
import os
import stat

from ropecalc.errors import ConfigError
from ropecalc.files import printable, read_bytes
from ropecalc.isolated import isolated
from ropecalc.models.jsonfile import MAX_BYTES, WANTED, parse_object
from ropecalc.results import ModelConfig

IN_A_FOLDER = ("config.json", "params.json")
GGUF_MAGIC = b"GGUF"
MAX_CONTAINER = 64 * 2**20  # of a GGUF file that comes by standard input


@isolated
def read_config(source: str | os.PathLike[str]) -> ModelConfig:
    """What a model file says about its rotary embeddings.

    ================  ===========================================================
    config.json       of Hugging Face transformers 4 or 5, and what shares its keys
    params.json       of Meta's and Mistral's own checkpoints
    GGUF              the metadata, as llama.cpp reads it; the file may be cut short
    Megatron-LM       arguments, in a shell script or a file
    ================  ===========================================================

    Parameters
    ----------
    source : path of the file or of the folder that has it, or ``"-"`` for standard input

    Raises
    ------
    ConfigError
        The file cannot be read, or a key is missing or has a value outside its domain.
    UnsupportedError
        The file has no rotation, or a scaling that is not known.

    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "config.json"
    >>> keys = '"hidden_size": 4096, "num_attention_heads": 32, "max_position_embeddings": 32768'
    >>> _ = file.write_text('{"rope_theta": 1e6, ' + keys + '}')
    >>> read_config(file).rope.base
    1000000.0
    >>> _ = file.write_text('{' + keys + '}')
    >>> read_config(file)
    Traceback (most recent call last):
    ropecalc.errors.ConfigError: ...config.json: has no rope_theta; add it, ...
    """
    path = _in_folder(os.fspath(source))
    if _starts_with(path, GGUF_MAGIC):
        from ropecalc.models.gguf import read_gguf
        from ropecalc.models.matching import recognised

        return recognised(read_gguf(path))
    limit = MAX_CONTAINER if path == "-" else MAX_BYTES
    return parse_bytes(*read_bytes(path, limit, ConfigError, WANTED))


def parse_bytes(name: str, data: bytes) -> ModelConfig:
    """What the content of a file of text says; ``name`` is what to call it in messages.

    Raises as ``read_config`` does.
    """
    from ropecalc.models.matching import recognised

    return recognised(_parsed(name, data))


def _parsed(name: str, data: bytes) -> ModelConfig:
    if data.startswith(GGUF_MAGIC):
        from ropecalc.models.gguf import from_container
        from ropecalc.models.gguf_file import parse_container

        return from_container(parse_container(io.BytesIO(data), name))
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES // 2**20} MiB; pass {WANTED}")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{" and b"--" in data:
        from ropecalc.models.megatron import parse_arguments

        return parse_arguments(_text(name, data), name)
    document = parse_object(name, data)
    if "dim" in document and "n_heads" in document and "hidden_size" not in document:
        from ropecalc.models.meta import parse_params

        return parse_params(document, name)
    from ropecalc.models.huggingface import parse_config

    return parse_config(document, name)


def _in_folder(path: str) -> str:
    """The config in a folder, or the path itself."""
    with contextlib.suppress(OSError, ValueError):
        if os.path.isdir(path):  # noqa: PTH112  Path("") would be the current folder
            for name in IN_A_FOLDER:
                inside = os.path.join(path, name)  # noqa: PTH118
                if os.path.lexists(inside):
                    return inside
            wanted = " or ".join(IN_A_FOLDER)
            raise ConfigError(f"{printable(path)}: holds no {wanted}; pass the file itself")
    return path


def _starts_with(path: str, magic: bytes) -> bool:
    """Whether a file begins so; what cannot be read does not, and nothing is taken from a pipe."""
    with contextlib.suppress(OSError, ValueError):
        if path != "-" and stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            with open(path, "rb") as file:  # noqa: PTH123
                return file.read(len(magic)) == magic
    return False


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: is not text in UTF-8; pass {WANTED}") from None
