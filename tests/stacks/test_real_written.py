"""What is written for trainers and other servers, as their real code ran it.

``python -m tests.tools.real.written DIR`` runs the texts of today; a text that is another by now is
not checked until it was run again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from ropecalc.results import Setting
from ropecalc.scaling import from_rope
from tests.tools.real.written import MODULES, emitted, load_written
from tests.tools.real_golden import Json

CASES = load_written()
TOLERANCE = 3e-6  # relative: stacks compute in float32
# Texts that are called exact and are not, as run: what is to be mended, and why it is not yet.
WRONG: dict[str, frozenset[str]] = {}


@pytest.mark.parametrize("stack", MODULES)
def test_an_exact_text_is_what_the_stack_computes(stack: str) -> None:
    wrong = {case["id"]: how for case in CASES if case["stack"] == stack for how in _wrong(case)}
    assert set(wrong) == WRONG.get(stack, frozenset()), wrong


@pytest.mark.parametrize("stack", MODULES)
def test_nearly_all_texts_are_those_that_were_run(stack: str) -> None:
    own = [case for case in CASES if case["stack"] == stack]
    same = [case for case in own if (found := emitted(case)) and found[1].text == case["text"]]
    assert own
    assert len(same) >= 0.9 * len(own), "run tests.tools.real.written again"


def _wrong(case: Json) -> Iterator[str]:
    """How the stack computes something else than a text that is called exact promises."""
    found = emitted(case)
    if found is None or not found[1].exact or found[1].text != case["text"]:
        return
    real = case["real"]
    if "error" in real:
        yield real["error"]
    elif not any(_same(rope, found[0]) for rope in real["ropes"]):
        first = real["ropes"][0]
        yield f"{first['frequencies'][-1]:.7g} and a factor of {first['factor']:.7g}"


def _same(rope: Json, setting: Setting) -> bool:
    wanted = from_rope(setting.rope, setting.context)
    theirs = [*wanted.angular_frequencies.tolist(), wanted.attention_factor]
    values = [*rope["frequencies"], rope["factor"]]
    return len(values) == len(theirs) and all(
        math.isclose(one, other, rel_tol=TOLERANCE)
        for one, other in zip(values, theirs, strict=True)
    )


def test_the_comparison_can_fail() -> None:
    case = next(c for c in CASES if c["stack"] == "litgpt" and c["exact"])
    assert not list(_wrong(case))
    rope = case["real"]["ropes"][0]
    for changed in ({"factor": 1.001}, {"frequencies": rope["frequencies"][1:]}):
        assert list(_wrong({**case, "real": {"ropes": [{**rope, **changed}]}}))
    assert list(_wrong({**case, "real": {"error": "KeyError: 'factor'"}}))
