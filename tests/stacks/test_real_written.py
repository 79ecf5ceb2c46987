"""What ``emit`` writes, as the real code of the stacks ran it.

``python -m tests.tools.real.written DIR`` runs the texts of today; a text that is another by now is
not checked until it was run again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from ropecalc.scaling import from_rope
from ropecalc.spectrum import Spectrum
from tests.tools.real.written import emitted, load_written
from tests.tools.real_golden import Json

CASES = load_written()
STACKS = tuple(dict.fromkeys(case["stack"] for case in CASES))
TOLERANCE = 3e-6  # relative: stacks compute in float32


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
def test_an_exact_text_is_what_the_stack_computes(stack: str) -> None:
    wrong = {case["id"]: how for case in CASES if case["stack"] == stack for how in _wrong(case)}
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
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
        return
    setting = found[0]
    assert setting.model is not None
    others = [r for r in setting.model.ropes if r.layer_type != setting.rope.layer_type]
    target = from_rope(setting.rope, setting.context)
    kept = [target, *(from_rope(rope, setting.context) for rope in others)]
    if not any(_same(rope, target) for rope in real["ropes"]):
        yield f"no layer has it: {[rope['frequencies'][-1] for rope in real['ropes']]}"
    # SGLang's Gemma 3 builds a rope per layer beside the two that it uses
    elif case["stack"] != "sglang" and not all(
        any(_same(rope, spectrum) for spectrum in kept) for rope in real["ropes"]
    ):
        yield "another kind of layer has neither it nor its own"


def _same(rope: Json, wanted: Spectrum) -> bool:
    theirs = [*wanted.angular_frequencies.tolist(), wanted.attention_factor]
    values = [*rope["frequencies"], rope["factor"]]
    return len(values) == len(theirs) and all(
        math.isclose(one, other, rel_tol=TOLERANCE)
        for one, other in zip(values, theirs, strict=True)
    )


def test_the_comparison_can_fail() -> None:
    case = next(c for c in CASES if c["stack"] == "vllm" and c["exact"])
    assert not list(_wrong(case))
    rope = case["real"]["ropes"][0]
    for changed in ({"factor": 1.001}, {"frequencies": rope["frequencies"][1:]}):
        assert list(_wrong({**case, "real": {"ropes": [{**rope, **changed}]}}))
    assert list(_wrong({**case, "real": {"error": "KeyError: 'factor'"}}))
