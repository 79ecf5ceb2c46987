"""Which cases of a parametrized test the quick suite has.

A case is one value, or a tuple of as many as the test has names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first_quick(count: int, cases: Iterable[Any]) -> list[Any]:
    """The cases for ``parametrize``: the first ``count`` are quick, the others slow."""
    return [case if n < count else _slow(case) for n, case in enumerate(cases)]


def every_quick(step: int, cases: Iterable[Any]) -> list[Any]:
    """The cases for ``parametrize``: every ``step``-th is quick, the others slow."""
    return [_slow(case) if n % step else case for n, case in enumerate(cases)]


def _slow(case: Any) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
