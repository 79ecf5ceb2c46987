"""What every public function has in common: its own arithmetic, and flags and words checked.

What a caller sets for other code in its thread does not reach ours.

``np.errstate(all="raise")`` makes a harmless underflow in a table of cosines an error, and a
decimal context of three digits would round every exact number here. mpmath's precision is set by
whoever uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence, Set
from decimal import Context, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from inspect import unwrap
from typing import ParamSpec, TypeVar

from ropecalc.errors import InvalidValueError

P = ParamSpec("P")
R = TypeVar("R")

DIGITS = 28  # of Decimal, as Python begins with


def _is_flag(value: object) -> bool:
    """Whether it is Python's True or False, or NumPy's, which need not be imported for it."""
    return type(value).__name__ in ("bool", "bool_")


def _is_word(value: object) -> bool:
    return isinstance(value, str)


def _are_words(value: object) -> bool:
    return (
        isinstance(value, Sequence | Set)
        and not isinstance(value, str)
        and all(isinstance(one, str) for one in value)
    )


# What an annotation takes, and its words in an error; numbers are checked where their domains are.
TAKES: dict[str, tuple[Callable[[object], bool], str]] = {
    "bool": (_is_flag, "True or False"),
    "bool | None": (lambda value: value is None or _is_flag(value), "True, False or None"),
    "str": (_is_word, "a str"),
    "str | None": (lambda value: value is None or _is_word(value), "a str"),
    "Sequence[str] | None": (lambda value: value is None or _are_words(value), "a list of str"),
}


def isolated(function: Callable[P, R]) -> Callable[P, R]:
    """A function that runs with the default states of NumPy and decimal, whatever the caller's.

    A flag or a word of another type is an InvalidValueError that names the parameter.
    """
    code = unwrap(function).__code__  # what a cache wraps has it
    named = code.co_varnames[: code.co_argcount]
    taken = {name: TAKES[kind] for name, kind in function.__annotations__.items() if kind in TAKES}

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        """Check the types of flags and words, then run in the default states."""
        for name, value in (*zip(named, args, strict=False), *kwargs.items()) if taken else ():
            if name in taken and not taken[name][0](value):
                raise InvalidValueError(
                    name, f"{name} must be {taken[name][1]}, got {type(value).__name__}"
                )
        with localcontext(Context(DIGITS, traps=[DivisionByZero, InvalidOperation, Overflow])):
            if "numpy" not in sys.modules:  # then nobody can have set its state
                return function(*args, **kwargs)
            import numpy as np

            with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
                return function(*args, **kwargs)

    return called
