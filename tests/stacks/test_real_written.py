"""What ``emit`` writes, as the real code of the stacks ran it.

``python -m tests.tools.real.written DIR`` runs the texts of today; a text that is another by now is
not checked until it was run again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from ropecalc.errors import UnsupportedError
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Emission, Setting, StackRun
from ropecalc.scaling import from_rope
from ropecalc.spectrum import Spectrum
from ropecalc.stacks.registry import Stack
from ropecalc.stacks.running import run
from tests.tools.real.written import emitted, load_written
from tests.tools.real_golden import Json

CASES = load_written()
STACKS = tuple(dict.fromkeys(case["stack"] for case in CASES))
TOLERANCE = 3e-6  # relative: stacks compute in float32


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
def test_an_exact_text_is_what_the_stack_computes(stack: str) -> None:
    """Of the texts that are as they were when they were run, which are nearly all."""
    own = [(case, emitted(case)) for case in CASES if case["stack"] == stack]
    same = [(case, now) for case, now in own if now and now[1].text == case["text"]]
    assert own
    assert len(same) >= 0.9 * len(own), "run tests.tools.real.written again"
    assert not {case["id"]: how for case, now in same for how in _wrong(case, now)}


@pytest.mark.parametrize("stack", [name for name in STACKS if Stack(name).runs])
def test_every_text_does_what_is_said_of_it(stack: str) -> None:
    """Exact or not: the real code computes what reading the text back and running it says."""
    said = [_said(case) for case in CASES if case["stack"] == stack]
    known = [one for one in said if one is not None]
    assert len(known) >= 0.8 * len(said)
    assert all(known)


def _said(case: Json) -> bool | None:
    """Whether every kind of layer has one of the ropes that the code made; None for not known."""
    stack, model = Stack(case["stack"]), parse_config(case["config"], "config.json")
    try:
        start = stack.required("override")(model, case["text"])
        runs = [run(stack, start, rope) for rope in start.model.ropes]
    except UnsupportedError:
        return None
    if "error" in case["real"]:
        return any(one.refusal or one.short for one in runs)
    return all(any(_has(rope, one, case["ctx"]) for rope in case["real"]["ropes"]) for one in runs)


def _has(rope: Json, found: StackRun, context: int) -> bool:
    if found.rope is None or found.spectrum is None:
        return False
    spectra = [found.spectrum]
    if found.rope.rope_type == "dynamic":  # by the prompt at hand
        spectra = [from_rope(found.rope, length) for length in (1, context)]
    return any(_same(rope, spectrum) for spectrum in spectra)


def _wrong(case: Json, now: tuple[Setting, Emission]) -> Iterator[str]:
    """How the stack computes something else than a text that is called exact promises."""
    setting, emission = now
    if not emission.exact:
        return
    real = case["real"]
    if "error" in real:
        yield real["error"]
        return
    assert setting.model is not None
    others = [r for r in setting.model.ropes if r.layer_type != setting.rope.layer_type]
    target = from_rope(setting.rope, setting.context)
    kept = [target, *(from_rope(rope, setting.context) for rope in others)]
    targets = [target]
    if setting.rope.rope_type == "dynamic":  # by the prompt at hand
        targets.append(from_rope(setting.rope, 1))
        kept.append(targets[-1])
    if not any(_same(rope, one) for rope in real["ropes"] for one in targets):
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
    now = emitted(case)
    assert now is not None
    assert not list(_wrong(case, now))
    rope = case["real"]["ropes"][0]
    for changed in ({"factor": 1.001}, {"frequencies": rope["frequencies"][1:]}):
        assert list(_wrong({**case, "real": {"ropes": [{**rope, **changed}]}}, now))
    assert list(_wrong({**case, "real": {"error": "KeyError: 'factor'"}}, now))
