"""What real stacks made of some 2,650 configs, against what ropecalc says of them.

The golden values were run on a CPU with the code of transformers 5.23.0, vLLM 0.33.0 (with
transformers 5.20.0), SGLang 0.5.23 (with transformers 5.19.0) and llama.cpp 0c1e57098;
``python -m tests.tools.real_cases --stack vllm --failures`` lists what differs.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.real.cases import cases
from tests.tools.real_cases import STACKS, Answer, Failure, count, differences, failures, ours
from tests.tools.real_golden import FIRST, MORE, Json, load

SETS = {"first": load(FIRST), "more": load(MORE)}
# How many have to be equal; to be raised as more are, never lowered.
FLOOR = {
    "first": {"vllm": 875, "sglang": 865, "transformers": 875, "llama.cpp": 376},
    "more": {"vllm": 1776, "sglang": 1776, "transformers": 1776},
}
QUICK = {("first", "vllm"), ("first", "llama.cpp")}
EACH = [
    pytest.param(name, stack, marks=() if (name, stack) in QUICK else pytest.mark.slow)
    for name, floor in FLOOR.items()
    for stack in floor
]
# The only cases that may differ once all others are equal, and why: by id.
DECISIONS: dict[str, dict[str, str]] = {
    **{stack: {} for stack in STACKS},
    "transformers": {
        **dict.fromkeys(
            (f"deepseek_v2_lite/{case}" for case in ("plain", "plain-v5", "ov-theta")),
            "the record's error is of what ran it: it took the one complex tensor of this class's "
            "rotary module for cos and sin. Run anew, by tests.tools.real, they are equal",
        ),
        "phimoe/plain": "the record is of a buffer that the forward of this class passes over: "
        "its queries turn by short_factor at any length (ran by tests.tools.class_probe)",
    },
    "sglang": {
        **dict.fromkeys(
            ("glm4_moe_lite/headnull", "glm4_moe_lite/headnull-yarn"),
            "head_dim is another name of qk_rope_head_dim in this class: its code makes a rope "
            "of hidden_size over heads, for a part of a head that has no size",
        ),
        **dict.fromkeys(
            ("gemma3_text/partial-yarn", "gemma3_text/ov-part"),
            "the whole model stops at a rope of a part of its heads, as in transformers, which a "
            "record of its rotary module alone does not see",
        ),
        "phimoe/plain": "run under the architecture of transformers' class, PhimoeForCausalLM, "
        "which SGLang has no code of; published files have PhiMoEForCausalLM, which it has",
        "gemma3_text/ov-linear": "the two kinds of layers have each other's values in this record",
        "deepseek_v3/unknown": "a rope_type that no stack has a name for is refused as input",
        "gemma3_text/longrope-badlen": "a list of the wrong length is refused as input; the code "
        "reads the other list alone",
    },
}


@pytest.mark.parametrize(("name", "stack"), EACH)
def test_ropecalc_says_what_the_real_stack_does(name: str, stack: str) -> None:
    total = count(stack, SETS[name])
    found = [one for one in failures(stack, SETS[name]) if one.id not in DECISIONS[stack]]
    print(f"{stack}: {total - len(found)} of {total} equal")
    assert total - len(found) >= FLOOR[name][stack], _told(found)


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
def test_each_decision_names_a_case_that_differs(stack: str) -> None:
    differing = {failure.id for each in SETS.values() for failure in failures(stack, each)}
    assert set(DECISIONS[stack]) <= differing
    assert all(DECISIONS[stack].values())


def test_the_cases_that_are_run_are_those_of_the_golden_values() -> None:
    run = {case["id"]: case for case in cases()}
    assert {case["id"] for case in SETS["more"]} == run.keys()
    for case in SETS["more"]:
        assert {key: value for key, value in case.items() if key not in ("real", "set")} == run[
            case["id"]
        ]


def _told(found: list[Failure]) -> str:
    return "\n".join(f"{failure.id}: {'; '.join(failure.details)}" for failure in found)


# --- the comparison itself can fail ---------------------------------------------------------------


def _case(name: str) -> Json:
    return next(case for case in SETS["first"] if case["id"] == name)


def _kinds(stack: str, case: Json, answer: Answer) -> set[str]:
    return {kind for kind, _ in differences(stack, case, answer)}


def test_every_difference_is_found() -> None:
    case = _case("llama/plain-v5")
    answer = ours("vllm", case)
    assert not _kinds("vllm", case, answer)
    layer = answer.layers[0]
    off = [*layer.frequencies[:-1], layer.frequencies[-1] * (1 + 1e-5)]
    assert answer.length is not None
    for changed, kind in [
        (replace(answer, length=answer.length + 1), "length"),
        (replace(answer, beyond=True), "beyond"),
        (Answer(error="refused"), "refuses"),
        (Answer(error="bad input", unreadable=True), "unreadable"),
        (replace(answer, layers=()), "layers"),
        (replace(answer, layers=(replace(layer, frequencies=off),)), "frequencies"),
        (replace(answer, layers=(replace(layer, frequencies=off[1:]),)), "pairs"),
        (replace(answer, layers=(replace(layer, factor=1.001),)), "factor"),
        (replace(answer, layers=(replace(layer, softmax=1.001),)), "softmax"),
    ]:
        assert _kinds("vllm", case, changed) == {kind}


def test_a_refusal_of_the_stack_has_to_be_one() -> None:
    case = _case("qwen2/linear-int")
    assert _kinds("vllm", case, ours("vllm", _case("qwen2/linear"))) == {"runs"}
    assert not _kinds("vllm", case, Answer(error="refused"))
