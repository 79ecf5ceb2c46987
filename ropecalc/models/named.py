"""A model as Python's callers name it: what was read, or a name or a path."""

from __future__ import annotations

import os

from ropecalc.errors import InvalidValueError
from ropecalc.results import ModelConfig


def as_model(model: ModelConfig | str | os.PathLike[str]) -> ModelConfig:
    """The model itself; what a path that exists holds; or a known model by its name.

    Raises InvalidValueError for a name that is not known or for anything else, and ConfigError for
    a file that cannot be read.

    >>> as_model("Qwen3-8B").context
    40960
    >>> as_model(8)
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: model must be a ModelConfig, a known model's name or a \
path, got int
    """
    if isinstance(model, ModelConfig):
        return model
    if not isinstance(model, str | os.PathLike):
        raise InvalidValueError(
            "model",
            f"model must be a ModelConfig, a known model's name or a path, "
            f"got {type(model).__name__}",
        )
    from ropecalc.models.known import find_model
    from ropecalc.models.reading import read_config

    path = os.fspath(model)
    known = isinstance(model, str) and not os.path.lexists(path)
    return find_model(path) if known else read_config(path)


def called(target: str | os.PathLike[str]) -> str:
    """What a stack's own command is to call a model: a repository, or a folder.

    >>> called("qwen3 8b"), called("org/own"), called("-")
    ('Qwen/Qwen3-8B', 'org/own', 'MODEL')
    """
    from ropecalc.models.known import repo_of

    text = os.fspath(target)
    if text == "-":
        return "MODEL"
    if os.path.lexists(text):
        folder, name = os.path.split(text)
        is_file = name.endswith((".json", ".sh", ".txt", ".args"))
        return (folder or ".") if is_file else text
    return repo_of(text) or text
