"""What the readers of checkpoints and arguments share: dims that are checked, contexts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.spectrum import check_dims

if TYPE_CHECKING:
    from ropecalc.models.document import Section

# for what is not evaluated in a file: only commands that take --base can do without one
WITHOUT_FILE = "check and curve take a head's --base and --dim without a file"
AGAIN = "convert the model again"
NONE = "pass a model that has rotary embeddings"


def quotient(
    keys: Section,
    size: int | None,
    heads: int | None,
    names: tuple[str, str],
    cure: str = "add it",
) -> int:
    """A head's size: the model's over the number of heads, which are those of the two names.

    Raises ConfigError where one is missing or they do not divide.
    """
    if size is None or heads is None:
        missing = keys.prefix + names[0 if size is None else 1]
        keys.fail(f"has no {missing}, and the head's size is not given", cure)
    if size % heads:
        pair = f"{keys.prefix}{names[0]}, {size}, by {keys.prefix}{names[1]}, {heads}"
        keys.fail(f"cannot divide {pair}", "correct them")
    return size // heads


def checked_dims(name: str, head_dim: int, rotary_dim: int) -> tuple[int, int]:
    """The same, or ConfigError unless both are even and 2 <= rotary_dim <= head_dim."""
    try:
        check_dims(head_dim, rotary_dim)
    except InvalidValueError as error:
        raise ConfigError(f"{name}: {error}; correct the file") from None
    return head_dim, rotary_dim


def unique(sentences: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(sentences))
