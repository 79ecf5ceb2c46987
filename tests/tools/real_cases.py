"""Cases that real stacks ran, against what ropecalc says of them.

    python -m tests.tools.real_cases                        # equal and different, per stack
    python -m tests.tools.real_cases --stack vllm --failures [--match llama/]

``ours`` is the one place that asks ropecalc; ``differences`` compares: frequencies, the factor on
cos and sin, the factor on the softmax, the length, and whether the stack runs at all.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ropecalc.errors import RopecalcError
from ropecalc.results import StackRun
from ropecalc.scaling import from_rope
from ropecalc.spectrum import Spectrum
from tests.tools.real_golden import EVERY_LAYER, FIRST, MORE, Json, load

STACKS = ("vllm", "sglang", "transformers", "llama.cpp")
# Relative: seven digits of float32; the kernel of llama.cpp multiplies its way up to each pair.
TOLERANCE = dict.fromkeys(STACKS, 3e-6) | {"llama.cpp": 2e-5}


@dataclass(frozen=True)
class Layers:
    """The rope of one kind of layer."""

    kind: str
    frequencies: Sequence[float]
    factor: float
    softmax: float


@dataclass(frozen=True)
class Answer:
    """What ropecalc says that a stack makes of a case."""

    error: str | None = None
    unreadable: bool = False
    """Whether ropecalc refuses the file itself, for every stack."""
    length: int | None = None
    beyond: bool = False
    """Whether the length of the case is refused, unless a variable allows it."""
    layers: tuple[Layers, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A case in which ropecalc and a stack differ."""

    id: str
    model_type: str
    kinds: tuple[str, ...]
    """What differs: runs, refuses, unreadable, length, beyond, layers, pairs, frequencies, factor,
    softmax."""
    details: tuple[str, ...]


def ours(stack: str, case: Json) -> Answer:
    """What ropecalc says of a case."""
    from ropecalc.comparison import _Start
    from ropecalc.stacks.unread import parse_leniently

    try:
        model = parse_leniently(case["config"], "config.json")
        start = _Start(model, case.get("ctx"), case.get("override", {}), None, True)
        runs = [start.run(rope, stack) for rope in model.ropes]
    except RopecalcError as error:
        return Answer(error=str(error), unreadable=True)
    refusal = next((run.refusal for run in runs if run.refusal is not None), None)
    if refusal is not None:
        return Answer(error=refusal.text)
    layers = []
    for run in runs:
        assert run.spectrum is not None
        frequencies = _spectrum(stack, case, run).angular_frequencies.tolist()
        factors = run.spectrum.attention_factor, run.spectrum.softmax_factor
        layers.append(Layers(run.layer_type, frequencies, *factors))
    beyond = any("is refused without" in rule.text for run in runs for rule in run.rules)
    return Answer(length=runs[0].usable_length, beyond=beyond, layers=tuple(layers))


def _spectrum(stack: str, case: Json, run: StackRun) -> Spectrum:
    """At the length that the stack was read at: in the first set, where SGLang runs transformers'
    own code, that of a short prompt."""
    assert run.spectrum is not None
    assert run.rope is not None
    theirs = any("the Transformers backend runs it" in rule.text for rule in run.rules)
    if stack == "sglang" and theirs and case["set"] == FIRST.name:
        return from_rope(run.rope, 1)
    return run.spectrum


def differences(stack: str, case: Json, answer: Answer) -> Iterator[tuple[str, str]]:
    """(what differs, how) in one case; nothing where ropecalc says what the stack does."""
    real = case["real"][stack]
    stopped = real.get("error") or real.get("whole")
    if stopped:
        if answer.error is None:
            yield "runs", f"the stack stops: {stopped[:100]}"
        return
    if answer.error is not None:
        yield "unreadable" if answer.unreadable else "refuses", answer.error[:100]
        return
    yield from _lengths(stack, case, answer)
    for rope in real["ropes"]:
        found = [other for other in answer.layers if other.kind in (*rope["layers"], EVERY_LAYER)]
        if rope["layers"] == [EVERY_LAYER]:
            found = list(answer.layers)
        if not found:
            yield "layers", f"{rope['layers']} not in {[other.kind for other in answer.layers]}"
        for other in found:
            yield from _rope(rope, other, TOLERANCE[stack])


def _lengths(stack: str, case: Json, answer: Answer) -> Iterator[tuple[str, str]]:
    """The default length, or whether the one of the case is allowed; transformers has none."""
    real = case["real"][stack]
    if stack == "transformers":
        return
    beyond = "beyond" in real
    if beyond != answer.beyond:
        yield "beyond", f"refused {beyond}, ropecalc {answer.beyond}"
    if ("ctx" not in case or stack == "llama.cpp") and real["length"] != answer.length:
        yield "length", f"{real['length']}, ropecalc {answer.length}"


def _rope(real: Json, found: Layers, tolerance: float) -> Iterator[tuple[str, str]]:
    there, here = list(real["frequencies"]), found.frequencies
    while there and not there[-1]:
        there.pop()  # a pair that is not rotated
    if len(there) != len(here):
        yield "pairs", f"{found.kind}: {len(there)} pairs, ropecalc {len(here)}"
    else:
        for at, (one, other) in enumerate(zip(there, here, strict=True)):
            if not math.isclose(one, other, rel_tol=tolerance):
                yield "frequencies", f"{found.kind}[{at}]: {one:.7g}, ropecalc {other:.7g}"
                break
    for name, value in (("factor", found.factor), ("softmax", found.softmax)):
        if not math.isclose(real[name], value, rel_tol=tolerance):
            yield name, f"{found.kind}: {real[name]:.7g}, ropecalc {value:.7g}"


def failures(stack: str, cases: Sequence[Json]) -> list[Failure]:
    """The cases of a stack that differ."""
    found = []
    for case in cases:
        if not answered(stack, case):
            continue
        parts = list(differences(stack, case, ours(stack, case)))
        if parts:
            kinds = tuple(dict.fromkeys(kind for kind, _ in parts))
            details = tuple(dict.fromkeys(f"{kind}: {how}" for kind, how in parts))
            found.append(Failure(case["id"], case["config"]["model_type"], kinds, details))
    return found


def count(stack: str, cases: Sequence[Json]) -> int:
    """How many cases a stack ran."""
    return sum(answered(stack, case) for case in cases)


def answered(stack: str, case: Json) -> bool:
    """Whether the stack ran a case; what stops for want of a GPU says nothing of the stack."""
    return stack in case["real"] and "_cpu'" not in case["real"][stack].get("error", "")


def _show(found: Sequence[Failure], cases: dict[str, Json], inputs: bool) -> None:
    def group(failure: Failure) -> tuple[str, tuple[str, ...]]:
        return failure.model_type, failure.kinds

    for (model_type, kinds), members in itertools.groupby(sorted(found, key=group), key=group):
        listed = list(members)
        print(f"\n{model_type}: {', '.join(kinds)} ({len(listed)})")
        for failure in listed:
            print(f"  {failure.id}")
            for detail in failure.details:
                print(f"      {detail}")
            if inputs:
                _show_input(cases[failure.id])


def _show_input(case: Json) -> None:
    words = ("rope", "partial", "position", "head_dim", "layer_types", "sliding")
    config = {k: v for k, v in case["config"].items() if any(word in k for word in words)}
    print(f"      config: {_short(config)}")
    for key in ("override", "ctx"):
        if key in case:
            print(f"      {key}: {_short(case[key])}")


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _short(v) for k, v in value.items()}
    if isinstance(value, list) and len(value) > 4:
        return [*value[:2], "..", len(value)]
    return value


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.real_cases")
    parser.add_argument("--stack", choices=STACKS, action="append")
    parser.add_argument("--failures", action="store_true", help="list the cases that differ")
    parser.add_argument("--inputs", action="store_true", help="with their rope keys")
    parser.add_argument("--match", default="*", help="cases whose id has this, or matches it")
    parser.add_argument("--cases", type=Path, action="append", help="instead of both golden files")
    asked = parser.parse_args()
    pattern = asked.match if "*" in asked.match else f"*{asked.match}*"
    every = [case for path in asked.cases or (FIRST, MORE) for case in load(path)]
    cases = [case for case in every if fnmatch.fnmatch(case["id"], pattern)]
    for stack in asked.stack or STACKS:
        found, total = failures(stack, cases), count(stack, cases)
        if not total:
            continue
        share = 100 * (total - len(found)) / total
        print(f"\n{stack}: {total - len(found)} of {total} equal, {share:.1f} %")
        causes = Counter(kind for failure in found for kind in failure.kinds)
        print("  " + ", ".join(f"{kind} {n}" for kind, n in causes.most_common()))
        if asked.failures:
            _show(found, {case["id"]: case for case in cases}, asked.inputs)


if __name__ == "__main__":
    main()
