"""Which cases of a parametrized test the quick suite has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def first_quick(count: int, cases: Iterable[Any]) -> list[Any]:
    """The cases for ``parametrize``: the first ``count`` are quick, the others slow.

    A case is one value, or a tuple of as many as the test has names.
    """
    return [
        case
        if n < count
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for n, case in enumerate(cases)
    ]
