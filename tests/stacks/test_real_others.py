"""What ExLlamaV2 and V3, LMDeploy and transformers 4 made of configs, against what is said of them.

Run on a CPU with their own code (``tests.tools.real``): ExLlamaV2 0.3.2, ExLlamaV3 1.6.5, LMDeploy
0.18.0 with transformers 5.20.0, transformers 4.57.6.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from ropecalc.errors import RopecalcError
from ropecalc.results import StackRun
from ropecalc.stacks.registry import Stack
from ropecalc.stacks.running import run, started
from ropecalc.stacks.unread import parse_leniently
from tests.tools.places import DATA
from tests.tools.real_golden import Json, load

CASES = load(DATA / "stacks-real-others.json.gz")
TOLERANCE = 2e-5  # relative: LMDeploy's frequencies are read from float32 angles
OF_VERSION_4 = "the base or the part of a class of version 4 that the file leaves out is another"
# Cases that differ, and why.
DECISIONS = {
    "exllamav3": {"gemma3_text/headnull-yarn": "the head_dim of this class without one, 256"},
    "transformers4": {
        **dict.fromkeys(
            ("persimmon/notheta", "persimmon/v5-yarn", "falcon_h1/v5-yarn"), OF_VERSION_4
        ),
        "deepseek_v3/partial-yarn": "no model runs with a part of the part that turns",
        "llama/notype": "a rope_scaling without a type, refused: nothing writes one",
        "cohere2/yarn-type": "type alone, refused in a few classes: both names are written",
        "olmo3/yarn-type": "type alone, refused in a few classes: both names are written",
        "deepseek_v3/longrope-toplong": "longrope without a factor, refused: one is written",
        "gemma3_text/llama3-noorig": "llama3 without a length, refused: one is written",
    },
}


def ours(stack: str, case: Json) -> list[StackRun] | None:
    """What is said of each kind of layer; None for a file that is refused."""
    try:
        model = parse_leniently(case["config"], "config.json")
        context = 1 if stack == "lmdeploy" else case.get("ctx")  # which was read at a short prompt
        start = started(Stack(stack), model, case.get("override") or {}, context)
        runs = [run(Stack(stack), start, rope) for rope in model.ropes]
    except RopecalcError:
        return None
    return None if any(one.refusal for one in runs) else runs


def same(real: Json, found: StackRun) -> bool:
    assert found.spectrum is not None
    theirs = [value for value in real["frequencies"] if value]
    mine = [value for value in found.spectrum.angular_frequencies.tolist() if value]
    pairs = [*zip(theirs, mine, strict=False), (real["factor"], found.spectrum.attention_factor)]
    alike = all(math.isclose(one, other, rel_tol=TOLERANCE) for one, other in pairs)
    return len(theirs) == len(mine) and alike


def differing(stack: str) -> Iterator[str]:
    for case in CASES:
        real = case["real"].get(stack)
        if real is None or case["config"]["model_type"] in SIZES_APART:
            continue
        found = ours(stack, case)
        if "error" in real or found is None:
            if ("error" in real) != (found is None):
                yield case["id"]
        elif not all(any(same(rope, one) for one in found) for rope in real["ropes"]) or not all(
            any(same(rope, one) for rope in real["ropes"]) for one in found
        ):
            yield case["id"]


SIZES_APART = ("starcoder2", "phimoe")  # whose shrunk files lack a key that is not about the rope


@pytest.mark.slow
@pytest.mark.parametrize("stack", ["exllamav2", "exllamav3", "lmdeploy", "transformers4"])
def test_what_is_said_is_what_the_code_did(stack: str) -> None:
    assert sum(stack in case["real"] for case in CASES) >= 50
    assert set(differing(stack)) == set(DECISIONS.get(stack, {}))


def test_a_difference_is_found() -> None:
    case = next(case for case in CASES if "ropes" in case["real"].get("transformers4", {}))
    (rope, *_), found = case["real"]["transformers4"]["ropes"], ours("transformers4", case)
    assert found
    off = {**rope, "frequencies": [1.001 * value for value in rope["frequencies"]]}
    assert any(same(rope, one) for one in found)
    assert not any(same(off, one) or same({**rope, "factor": 1.01}, one) for one in found)
