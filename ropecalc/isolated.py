"""Arithmetic of our own: what a caller sets for other code in its thread does not reach ours.

``np.errstate(all="raise")`` makes a harmless underflow in a table of cosines an error, and a
decimal context of three digits would round every exact number here. mpmath's precision is set by
whoever uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Context, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

DIGITS = 28  # of Decimal, as Python begins with


def isolated(function: Callable[P, R]) -> Callable[P, R]:
    """A function that runs with the default states of NumPy and decimal, whatever the caller's."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(Context(DIGITS, traps=[DivisionByZero, InvalidOperation, Overflow])):
            if "numpy" not in sys.modules:  # then nobody can have set its state
                return function(*args, **kwargs)
            import numpy as np

            with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
                return function(*args, **kwargs)

    return called
