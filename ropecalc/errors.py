"""The errors that ropecalc raises, one tree:

    RopecalcError
    ├── InvalidValueError    a number or a word outside its domain (also a ValueError)
    ├── ConfigError          a model file that cannot be read, or that lacks what is needed
    │   └── UnsupportedError   it was understood, and needs what ropecalc does not do yet
    │       └── NoRotationError  none of the model's layers rotates
    ├── CertificateError     a file that is no certificate, or one that cannot be read or written
    ├── TableError           a staircase file that is damaged, or one that cannot be read or written
    └── UndecidedError       no precision that was tried could tell a sign

Every message is one line and ends with the cure:

>>> import ropecalc
>>> try:
...     ropecalc.min_base(head_dim=127, context=4096)
... except ropecalc.RopecalcError as error:
...     print(error)
head_dim must be an even integer of at least 2, got 127
"""


class RopecalcError(Exception):
    """Base of every error that ropecalc raises on purpose."""


class InvalidValueError(RopecalcError, ValueError):
    """A value outside its domain; ``parameter`` is the name of the argument it came in."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter

    def __reduce__(self) -> tuple[type[RopecalcError], tuple[str, str]]:
        """What it takes to make it again: errors of workers travel."""
        return type(self), (self.parameter, str(self))


class ConfigError(RopecalcError):
    """A model file that cannot be read, or that lacks a key that is needed."""


class UnsupportedError(ConfigError):
    """A model file that was understood and needs something that ropecalc does not do yet."""


class NoRotationError(UnsupportedError):
    """A model none of whose layers rotates: RoPE sets no limit to its context."""

    def __init__(self, source: str, fact: str) -> None:
        super().__init__(
            f"{source}: {fact}: RoPE sets no limit to its context; pass a model that has rotary "
            "embeddings"
        )
        self.source = source
        self.fact = fact


class CertificateError(RopecalcError):
    """A file that is no certificate, or one that cannot be read or written."""


class TableError(RopecalcError):
    """A staircase file that is damaged, or one that cannot be read or written."""


class UndecidedError(RopecalcError):
    """The sign of a similarity stayed unknown at the highest precision that was tried."""


class TableWarning(UserWarning):
    """A shipped table that could not be used; the answer was computed without it."""


def check_type(parameter: str, value: object, wanted: type, cure: str) -> None:
    """Raise InvalidValueError unless a value has a type; ``cure`` says how to make one.

    >>> check_type("rope", "Qwen3-8B", dict, "dict() makes one")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: rope must be a dict, got str: dict() makes one
    """
    if not isinstance(value, wanted):
        raise InvalidValueError(
            parameter,
            f"{parameter} must be a {wanted.__name__}, got {type(value).__name__}: {cure}",
        )
