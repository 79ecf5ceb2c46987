"""The number that -q prints from a table is the one that a full evaluation confirms."""

from __future__ import annotations

import pytest

import ropecalc
from ropecalc import quick
from ropecalc.results import Step
from ropecalc.tables import look_up


@pytest.mark.parametrize("dim", [32, 64, 80, 128, 256])
@pytest.mark.parametrize("context", [100, 4096, 40_960])
def test_it_is_what_min_base_finds(dim: int, context: int) -> None:
    found = ropecalc.min_base(
        dim, context, integer=False, window=False, recommended=False, safe=None
    )
    assert quick.shipped_minimum(dim, context) == found.minimum_base
    assert found.source == "table"


@pytest.mark.parametrize("dim", [32, 64, 72, 128, 144, 256])
def test_it_reaches_as_far_as_the_tables(dim: int) -> None:
    end = 2**24 if dim in (64, 128, 256) else 2**20
    assert quick.shipped_minimum(dim, end)
    assert quick.shipped_minimum(dim, end + 1) is None


def test_a_wrong_step_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    step = look_up("minimum", 128, 4096)
    assert step is not None
    for wrong in (step.base * 1.0001, step.base - 1):
        monkeypatch.setattr(
            quick, "look_up", lambda *_, wrong=wrong: Step(step.context, wrong, step.distance)
        )
        assert quick.shipped_minimum(128, 4096) is None
