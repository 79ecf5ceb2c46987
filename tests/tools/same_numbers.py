"""The numbers that ropecalc gives here, as lines that runs elsewhere can be compared with.

    python same_numbers.py > HERE                     # the standard library and ropecalc, no more
    python same_numbers.py --compare HERE THERE ...   # fails unless they say the same

A line is a kind, a name and a value. There are two kinds:

exact   What is proved, counted, or rounded in a fixed order: bases, distances, verdicts, the
        arithmetic of a stack step by step. It must be the same to the last bit everywhere.
sum     S(m) and what is read off it, as the ends of a proof's links and the room around a base
        are. A product of matrices makes it, in the order of additions that the BLAS takes for its
        threads, and cosines differ between versions of numpy by a unit in the last place; so it
        may differ by ``TOLERANCE`` of the larger of itself and 1, which is what one pair adds. The
        distances of the links are exact.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ropecalc
from ropecalc import Spectrum, scaling

TOLERANCE = 1e-12
SUMS = frozenset(
    "similarity similarity_at_target worst_similarity slack values minimum maximum "
    "error_bound largest_difference blur_1 blur_16 chain least_depth room_below room_above".split()
)
SKIPPED = frozenset("seconds progress refine".split())  # a time, and functions
LENGTHS: dict[str, Any] = {"factor": 8, "original_context": 4096}
WEIGHTS = [1 + pair % 3 / 2 for pair in range(16)]
Line = tuple[str, str, str]
Numbers = dict[tuple[str, str], str]


def answers() -> Iterator[tuple[str, Any]]:
    """Every question with its name, and what ropecalc answers."""
    yield from bases()
    yield from curves()
    yield from spectra()
    yield from proofs()
    yield from plans()
    yield from precisions()


def bases() -> Iterator[tuple[str, Any]]:
    for dim, context in [(32, 300), (64, 4096), (80, 1000), (128, 32_768), (256, 2**17)]:
        yield f"table {dim} {context}", ropecalc.min_base(dim, context)
    for dim, context in [(24, 257), (32, 300), (64, 512), (128, 1024)]:
        swept = ropecalc.min_base(dim, context, use_table=False, digits=30)
        yield f"sweep {dim} {context}", swept
    yield "safe", ropecalc.min_base(16, 40, safe=True)
    yield "wide", ropecalc.min_base(128, 2048, min_window=1e-3)
    yield "partial", ropecalc.min_base(128, 512, rotary_dim=64, margin=0.5)
    yield "weighted", ropecalc.min_base(32, 200, weights=WEIGHTS)
    yield "windows", ropecalc.windows(32, 400)
    yield "staircase", ropecalc.build_staircase("minimum", 32, 48, jobs=1)
    yield "safe staircase", ropecalc.build_staircase("safe", 16, 24, jobs=1)
    yield "estimate", ropecalc.refined_estimate(32_768, 128)
    yield "continuum", ropecalc.continuum_estimate(32_768)


def curves() -> Iterator[tuple[str, Any]]:
    distances = [0, 1, 2, 999, 4096, 27_115, 2**20, 2**33]
    for base, context in [(1e4, 4096), (5e5, 16_384), (59_300_000, 65_536)]:
        yield f"check {base:.0f}", ropecalc.check(base, context, room=True)
        yield f"reach {base:.0f}", ropecalc.max_context(base, limit=2**17)
        yield f"curve {base:.0f}", ropecalc.curve(base, distances)
    edges = [0, 1, 100, 4096, 27_115, 27_116, 50_000]
    yield "envelope", ropecalc.envelope(1e6, edges)
    yield "upper bound", ropecalc.envelope(1e6, edges, kind="upper-bound")
    weighted = ropecalc.check(1e4, 8192, head_dim=32, weights=WEIGHTS, margin=0.25)
    yield "weighted check", weighted
    yield "turns", ropecalc.frequencies(1e4, head_dim=32, context=4096)


def spectra() -> Iterator[tuple[str, Any]]:
    """Each scaling method, and where its curve first breaks the bound."""
    half = [1 + pair / 8 for pair in range(64)]
    made = {
        "default": scaling.default(1e4, 128, rotary_dim=96),
        "linear": scaling.linear(1e4, factor=8),
        "ntk_aware": scaling.ntk_aware(1e4, factor=8),
        "ntk_fixed": scaling.ntk_fixed(1e4, factor=8),
        "ntk_mixed": scaling.ntk_mixed(1e4, factor=8),
        "dynamic": scaling.dynamic(1e4, length=20_000, **LENGTHS),
        "ntk_by_parts": scaling.ntk_by_parts(1e4, **LENGTHS),
        "yarn_paper": scaling.yarn_paper(1e4, **LENGTHS),
        "yarn": scaling.yarn(1e4, **LENGTHS),
        "llama3": scaling.llama3(5e5, **LENGTHS),
        "longrope": scaling.longrope(
            1e4, short_factor=[1.0] * 64, long_factor=half, length=20_000, **LENGTHS
        ),
        "divided": scaling.divided(1e4, divisors=half),
        "proportional": scaling.proportional(1e6, 256),
        "rope_ratio": scaling.rope_ratio(50),
        "explicit": scaling.explicit([1, 0.25, 1e-3]),
    }
    for name, spectrum in made.items():
        yield name, spectrum
        yield f"{name} check", ropecalc.check(spectrum, 32_768, next_base=False)


def proofs() -> Iterator[tuple[str, Any]]:
    for kind, dim, context in [("minimum-base", 64, 128), ("safe-base", 16, 24)]:
        proof = ropecalc.certify(dim, context, kind=kind)
        yield f"{kind} certificate", proof
        yield f"{kind} verified", ropecalc.verify(proof, backend="mpmath")


def plans() -> Iterator[tuple[str, Any]]:
    yield "plan", ropecalc.plan(1e4, 64, trained_context=512, context=2048)
    yield "temperature", ropecalc.temperature(131_072, trained_context=8192)
    yield "critical base", ropecalc.critical_base(1e4, 4096, 32_768)
    for name in ("Llama-3.1-8B", "gpt-oss-20b"):
        yield f"inspect {name}", ropecalc.inspect(ropecalc.find_model(name), 16_384)


def precisions() -> Iterator[tuple[str, Any]]:
    """In a stack's arithmetic; bfloat16 where its extra is installed."""
    yield "float32 base", ropecalc.min_base_in_dtype(32, 300)
    extra = ("bfloat16",) if find_spec("ml_dtypes") else ()
    for dtype in ("float32", "float16", *extra):
        found = ropecalc.check_in_dtype(5e5, 8192, dtype=dtype)
        yield f"{dtype} check", found
        scores = ropecalc.curve_in_dtype(5e5, range(0, 8192, 517), 8192, dtype=dtype)
        yield f"{dtype} curve", scores


def told(name: str, value: Any, kind: str = "exact") -> Iterator[Line]:
    """The lines of a value, whatever it is made of."""
    if isinstance(value, Spectrum):
        value = (value.angular_frequencies, value.attention_factor, value.softmax_factor)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in SKIPPED:
                part = "sum" if field.name in SUMS else kind
                yield from told(f"{name}.{field.name}", getattr(value, field.name), part)
    elif isinstance(value, tuple | list):
        for place, item in enumerate(value):
            yield from told(f"{name}[{place}]", item, kind)
    elif isinstance(value, Mapping):
        yield from told(name, sorted(value.items()), kind)
    else:
        yield kind if isinstance(value, float) else "exact", name, text_of(value)


def text_of(value: Any) -> str:
    """A float to its last bit; of anything else what Python shows."""
    return value.hex() if isinstance(value, float) else repr(value)


def numbers(path: str) -> Numbers:
    """The lines of a file that a run wrote."""
    lines = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()]
    found = {(kind, name): value for kind, name, value in lines}
    if len(found) != len(lines) or not found:
        raise SystemExit(f"{path}: no numbers, or a name twice")
    return found


def distance(one: str, other: str) -> float:
    """How far apart two sums are, relative to the larger of them and 1."""
    a, b = float.fromhex(one), float.fromhex(other)
    return abs(a - b) / max(1.0, abs(a), abs(b)) if a != b else 0.0


def compared(paths: list[str]) -> str:
    """One line of praise; or the end, with the first value that differs."""
    if len(paths) < 2:
        raise SystemExit("nothing to compare with")
    first, *others = map(numbers, paths)
    farthest = 0.0
    for path, other in zip(paths[1:], others, strict=True):
        if odd := first.keys() ^ other.keys():
            raise SystemExit(f"{path}: {min(odd)[1]} is in one run alone")
        for (kind, name), value in first.items():
            apart = distance(value, other[kind, name]) if kind == "sum" else 0.0
            if not apart <= TOLERANCE or (kind == "exact" and value != other[kind, name]):
                raise SystemExit(f"{path}: {name} is {other[kind, name]}, and {value} elsewhere")
            farthest = max(farthest, apart)
    sums = sum(kind == "sum" for kind, _ in first)
    return (
        f"same numbers: {len(paths)} runs, {len(first)} values, {len(first) - sums} of them exact, "
        f"{sums} sums within {farthest:.1e}"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compare"]:
        print(compared(sys.argv[2:]))
    else:
        for name, value in answers():
            for line in told(name, value):
                print(*line, sep="\t")
