"""What a command is to look at: a file, a folder, standard input, a known model, or a hub's."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig

ON_A_HUB = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
FILE_ENDINGS = (".json", ".gguf", ".sh", ".txt", ".args")


def load(target: str, revision: str | None = None) -> ModelConfig:
    """The model that X is in ``ropecalc inspect X``.

    A path that exists and "-" are read; a name of ``ropecalc models`` is looked up; what has the
    form org/name and is neither is asked for on the Hugging Face hub. What looks like a path, and
    is none, is never asked for anywhere.

    Raises ConfigError, and InvalidValueError for a name that is not known.
    """
    import ropecalc
    from ropecalc.models.known import repo_of

    if target == "-" or os.path.lexists(target):
        return ropecalc.read_config(target)
    if revision is None and repo_of(target) is not None:
        return ropecalc.find_model(target)
    if ON_A_HUB.fullmatch(target) and not looks_like_a_path(target):
        from ropecalc.models.hub import fetch_config

        return fetch_config(target, revision)
    if looks_like_a_path(target):
        return ropecalc.read_config(target)  # which says that there is no such file
    return ropecalc.find_model(target)


def looks_like_a_path(target: str) -> bool:
    """Whether a text can only be meant as a path.

    >>> [looks_like_a_path(x) for x in ("a/config.json", "./x", "Qwen/Qwen3-8B", "llama", "")]
    [True, True, False, False, True]
    """
    dotted = target.startswith((".", "/", "~")) or target.endswith("/") or target.count("/") > 1
    return not target or dotted or (os.sep != "/" and os.sep in target) or _has_ending(target)


def _has_ending(target: str) -> bool:
    return target.lower().endswith(FILE_ENDINGS)
