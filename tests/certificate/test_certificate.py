"""Certificates: true ones are proved by both backends, and what proves them knows no solver."""

from __future__ import annotations

import ast
import json
import math
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import Certificate, VerificationStatus
from ropecalc.certificate.arithmetic import Arithmetic
from ropecalc.certificate.balls import Balls
from ropecalc.certificate.chain import check_link
from ropecalc.certificate.everywhere import shortfall
from ropecalc.certificate.format import Claim
from ropecalc.certificate.head import Head
from ropecalc.certificate.intervals import Intervals
from ropecalc.certificate.schema import parse
from tests.project.test_house import FILES, imports, room_of
from tests.tools.places import PACKAGE
from tests.tools.speeds import first_quick

if TYPE_CHECKING:
    from tests.conftest import RunCli

BACKENDS = ("mpmath", "arb")
SOLVER = {"base", "similarity", "bound", "exact", "spectrum", "scaling", "fixed", "tables"}
INTEGERS = {"octave.py", "turns.py"}  # NumPy is let in for exact integers, and no other arithmetic
EXACT = {"abs", "array", "concatenate", "divmod", "flatnonzero", "full"}
TYPES = {"float64", "int64", "object_"}
VERIFIER = [f for f in FILES if room_of(f) == "certificate" and f.name != "write.py"]
HEADS: dict[str, dict[str, Any]] = {
    "plain": {"head_dim": 32, "context": 300},
    "partial": {"head_dim": 64, "context": 200, "rotary_dim": 48},
    "ignored": {"head_dim": 64, "context": 200, "rotary_dim": 32, "count_unrotated": False},
    "margin": {"head_dim": 32, "context": 200, "margin": 0.05},
    "weights": {"head_dim": 16, "context": 100, "weights": [0.3, 1, 2, 0, 1, 1.7, 1, 3]},
    "odd": {"head_dim": 10, "context": 37},
    "one pair": {"head_dim": 4, "context": 12},
}


def claim_of(
    rotary_dim: int = 16, *, margin: str = "0", unrotated_pairs: int = 0, context: int = 64
) -> Claim:
    ends = Decimal(100), Decimal(101)
    return Claim("minimum-base", rotary_dim, unrotated_pairs, None, Decimal(margin), context, *ends)


@pytest.fixture(scope="module")
def proof() -> Certificate:
    return ropecalc.certify(32, 300)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("head", HEADS)
def test_true_certificates_are_proved(head: str, backend: str) -> None:
    proof = ropecalc.certify(**HEADS[head])
    found = ropecalc.verify(proof, backend=backend)
    assert found.proved, found
    assert found.status.value == "The claim is proved."
    assert found.links == found.links_proved == len(proof.chain)
    assert found.distances == found.context == HEADS[head]["context"]
    assert found.backend == backend
    assert 0 < found.least_depth < 0.1
    minimum = ropecalc.min_base(
        **HEADS[head], round_digits=None, integer=False, window=False, recommended=False
    )
    assert float(proof.claim.high) == minimum.minimum_base
    assert proof.claim.low < proof.claim.high
    assert proof.claim.high - proof.claim.low <= Decimal("1e-12") * proof.claim.low


def test_the_file_is_the_certificate(proof: Certificate, tmp_path: Any) -> None:
    path = tmp_path / "proof.json"
    proof.write(path)
    text = path.read_text(encoding="ascii")
    assert parse(text) == proof
    assert parse(text).to_json() == text
    assert ropecalc.verify(path).proved
    assert [file.name for file in tmp_path.iterdir()] == ["proof.json"]
    document = json.loads(text)
    assert list(document) == (
        ["format", "version", "program", "kind", "claim", "evidence", "digest"]
    )
    assert len(document["evidence"]["chain"]) == len(proof.chain)


def test_results_are_frozen(proof: Certificate) -> None:
    with pytest.raises(FrozenInstanceError):
        proof.program = "other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        ropecalc.verify(proof).status = VerificationStatus.PROVED  # type: ignore[misc]


def test_progress_ends_at_the_end(proof: Certificate) -> None:
    seen: list[tuple[int, int]] = []
    ropecalc.verify(proof, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("backend", first_quick(1, BACKENDS))
def test_precision_of_the_libraries_is_left_alone(proof: Certificate, backend: str) -> None:
    before = mpmath.iv.prec, mpmath.mp.prec, flint.ctx.prec
    ropecalc.verify(proof, backend=backend)
    assert (mpmath.iv.prec, mpmath.mp.prec, flint.ctx.prec) == before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"head_dim": 32, "context": 2}, "the bound holds from base 1 on"),
        ({"head_dim": 128, "context": 64, "rotary_dim": 64}, "the bound holds from base 1 on"),
        ({"head_dim": 32, "context": 64, "margin": 1.0}, "no base up to 1e300"),
        ({"head_dim": 33, "context": 64}, "head_dim must be an even"),
        ({"head_dim": 32, "context": 0}, "context must be"),
    ],
)
def test_what_has_no_minimum_has_no_certificate(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match=words):
        ropecalc.certify(**settings)


def test_unknown_backends_are_refused(proof: Certificate, monkeypatch: Any) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="backend must be one of"):
        ropecalc.verify(proof, backend="float64")
    monkeypatch.setattr("ropecalc.certificate.backends.find_spec", lambda _: None)
    assert ropecalc.verify(proof).backend == "mpmath"
    with pytest.raises(ropecalc.InvalidValueError, match="pip install"):
        ropecalc.verify(proof, backend="arb")


@pytest.mark.parametrize("file", VERIFIER, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_verifier_shares_no_numerics_with_the_solver(file: Any) -> None:
    source = file.read_text(encoding="utf-8")
    if file.name in INTEGERS:
        assert numpys_names(source) <= EXACT | TYPES
        assert set(strangers(source)) <= {"numpy", "numpy.typing", "numpy.typing.NDArray"}
    else:
        assert strangers(source) == []


def numpys_names(source: str) -> set[str]:
    """What a source takes from NumPy, as np.name."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    return {
        node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "np"
    }


def strangers(source: str) -> list[str]:
    """Imports that reach into the solver, or into NumPy, which the solver is built on."""
    found = []
    for name in imports(source):
        outer, _, rest = name.partition(".")
        if outer == "numpy" or (outer == "ropecalc" and rest.partition(".")[0] in SOLVER):
            found.append(name)
    return found


def test_that_check_can_fail() -> None:
    assert strangers("from ropecalc.base.family import Family") != []
    assert strangers("def f():\n    import numpy") != []
    assert numpys_names("y = np.cos(x) + np.abs(z)") == {"cos", "abs"}
    assert {file.name for file in VERIFIER} > INTEGERS
    assert len(VERIFIER) >= 8


OF_VERIFIER = {
    *("certificate", "errors", "files", "isolated", "late", "likeness", "notebook", "results")
}


@pytest.mark.slow
def test_a_verification_loads_none_of_the_solver(
    proof: Certificate, run_python: RunCli, tmp_path: Any
) -> None:
    """NumPy beside its own modules where the claim is of a safe base, and nothing else."""
    safe = ropecalc.certify(32, 80, kind="safe-base")
    code = (
        "import sys, ropecalc; assert ropecalc.verify(sys.argv[1], backend='mpmath').proved; "
        "print(*(name for name in sys.modules if name.split('.')[0] in ('ropecalc', 'numpy')))"
    )
    for certificate, others in ((proof, set[str]()), (safe, {"numpy"})):
        certificate.write(tmp_path / "proof.json")
        done = run_python("-c", code, str(tmp_path / "proof.json"))
        parts = [name.split(".") for name in done.stdout.split()]
        assert {names[0] for names in parts} == {"ropecalc"} | others, done.stderr
        loaded = {names[1] for names in parts if names[0] == "ropecalc" and len(names) > 1}
        assert loaded == OF_VERIFIER


def reference(x: float, rotary_dim: int, distance: int) -> tuple[Any, Any, Any]:
    """S and its first two derivatives in x = ln(base) by mpmath's numerical differentiation."""
    with mpmath.workdps(60):

        def similarity(at: Any) -> Any:
            return sum(
                mpmath.cos(distance * mpmath.exp(-at * mpmath.mpf(2 * i) / rotary_dim))
                for i in range(rotary_dim // 2)
            )

        return tuple(mpmath.diff(similarity, mpmath.mpf(x), k) for k in range(3))


@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
@pytest.mark.parametrize(("x", "distance"), [(0.0, 2), (3.7, 55), (10.2, 4012)])
def test_expansions_agree_with_numerical_differentiation(
    arithmetic: Arithmetic, x: float, distance: int
) -> None:
    with arithmetic.working():
        head = Head(claim_of(16), arithmetic)
        at = head.expand(distance, head.thetas_at(x))
        for real, expected in zip(at, reference(x, 16, distance), strict=True):
            nearby = arithmetic.number(Fraction(str(mpmath.nstr(expected, 25))))
            size = 1e-18 * max(1.0, abs(float(expected)))
            difference = real - nearby
            assert arithmetic.is_negative(difference - arithmetic.number(size))
            assert arithmetic.is_negative(-difference - arithmetic.number(size))


@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
def test_bounds_hold_from_x_on(arithmetic: Arithmetic) -> None:
    with arithmetic.working():
        head = Head(claim_of(16), arithmetic)
        second, third = map(arithmetic.middle, head.bounds(55, head.thetas_at(2.0)))
        for x in np.linspace(2.0, 4.0, 41).tolist():
            curvature = arithmetic.middle(head.expand(55, head.thetas_at(x)).curvature)
            later = arithmetic.middle(head.expand(55, head.thetas_at(x + 1e-5)).curvature)
            assert abs(curvature) <= second
            assert abs(later - curvature) / 1e-5 <= third * (1 + 1e-6)


numbers = st.fractions(-3, 3, max_denominator=10**9)


@pytest.mark.slow
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), st.integers(-80, -40))
def test_products_are_doubtful_exactly_where_they_may_be_negative(
    pairs: list[tuple[Fraction, Fraction]], exponent: int
) -> None:
    exact, gap = sum((a * b for a, b in pairs), Fraction(0)), Fraction(2) ** exponent
    for arithmetic in (Intervals(120), Balls(120)):
        with arithmetic.working():
            left = arithmetic.matrix([[arithmetic.number(a) for a, _ in pairs]])
            right = arithmetic.matrix([[arithmetic.number(b) for _, b in pairs]])

            def doubted(constant: Fraction, left: Any = left, right: Any = right) -> bool:
                number = arithmetic.number(constant)  # noqa: B023  used at once
                return arithmetic.doubtful(left, right, number) == [(0, 0)]  # noqa: B023

            assert doubted(-exact - gap)
            assert not doubted(-exact + gap)


def similarities(rotary_dim: int, distance: int, x: Any) -> Any:
    exponents = np.arange(rotary_dim // 2) * 2 / rotary_dim
    return np.cos(distance * np.exp(-np.multiply.outer(np.asarray(x), exponents))).sum(axis=-1)


@given(
    rotary_dim=st.sampled_from([4, 8, 16]),
    distance=st.integers(1, 400),
    start=st.floats(0, 8),
    length=st.floats(1e-6, 1),
)
@example(rotary_dim=4, distance=2, start=0.0, length=0.5)
@example(rotary_dim=16, distance=400, start=2.0, length=1.0)
def test_a_link_is_proved_only_where_it_holds(
    rotary_dim: int, distance: int, start: float, length: float
) -> None:
    values = similarities(rotary_dim, distance, np.linspace(start, start + length, 300))
    arithmetic = Balls(120)
    with arithmetic.working():
        head = Head(claim_of(rotary_dim), arithmetic)
        check = check_link(head, distance, start, start + length)
    if values.max() > 1e-9:
        assert check.reason
    step = length / 299  # between samples S changes by its slope, at most m n, times the step
    if values.max() < -distance * rotary_dim * step:
        assert not check.reason


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
def test_a_link_is_proved_up_to_the_zero_and_not_beyond(arithmetic: Arithmetic) -> None:
    with mpmath.workdps(40):
        root = mpmath.findroot(lambda x: reference(x, 128, 4012)[0], 10.2018253)
    below = float(root) - 2e-14
    with arithmetic.working():
        head = Head(claim_of(128), arithmetic)
        assert not check_link(head, 4012, 10.2018, below).reason
        beyond = check_link(head, 4012, 10.2018, float(root) + 2e-14)
        assert "S is not below it" in beyond.reason
        across = check_link(head, 4012, 10.1, below)  # S is above zero further left
        assert across.reason
        assert across.expansions < 100


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
@pytest.mark.parametrize("base", ["300", "1000", "26952.339227857869", "26952.3392278575"])
def test_shortfalls_are_the_first_violations(arithmetic: Arithmetic, base: str) -> None:
    with arithmetic.working():
        claim = claim_of(128, context=4096)
        found = shortfall(claim, Head(claim, arithmetic), Decimal(base), lambda _: None)
    expected = ropecalc.check(
        Decimal(base), 4096, head_dim=128, next_base=False, room=False
    ).first_violation
    assert (None if found is None else found.distance) == expected


def test_shortfalls_in_doubt_are_decided_with_more_bits() -> None:
    """At a margin that is S(m)/S(0) to 60 digits, 60 bits cannot tell and more can."""
    with mpmath.workdps(80):
        curve = [
            sum(mpmath.cos(m * mpmath.mpf(1000) ** (-mpmath.mpf(i) / 8)) for i in range(8))
            for m in range(64)
        ]
        margins = {change: min(curve) / 8 + change * mpmath.mpf("1e-50") for change in (-1, 1)}
    worst = min(range(64), key=curve.__getitem__)
    for change, expected in ((-1, None), (1, worst)):
        claim = claim_of(16, margin=mpmath.nstr(margins[change], 60))
        arithmetic = Intervals(60)
        found = shortfall(claim, Head(claim, arithmetic), Decimal(1000), lambda _: None)
        assert (None if found is None else found.distance) == expected


@pytest.mark.parametrize("backend", first_quick(1, BACKENDS))
def test_a_chain_that_stops_early_proves_nothing(proof: Certificate, backend: str) -> None:
    found = ropecalc.verify(replace(proof, chain=proof.chain[:-2]), backend=backend)
    assert found.status is VerificationStatus.CHAIN_TOO_SHORT
    assert math.isfinite(found.least_depth)


@pytest.mark.slow
@pytest.mark.parametrize(("head_dim", "context"), [(64, 2**12), (128, 2**12)])
def test_certificates_under_mpmath_alone(head_dim: int, context: int) -> None:
    assert ropecalc.verify(ropecalc.certify(head_dim, context), backend="mpmath").proved


@pytest.mark.heavy
def test_the_certificate_for_32k_under_mpmath_alone() -> None:
    assert ropecalc.verify(ropecalc.certify(128, 2**15), backend="mpmath").proved


@pytest.mark.heavy
def test_the_certificate_for_a_million_tokens_with_arb() -> None:
    assert ropecalc.verify(ropecalc.certify(128, 2**20), backend="arb").proved


def safe_proof(context: int, base: str, violated: int, rotary_dim: int = 128) -> Certificate:
    """A claim on the safe base from a number and its distance alone, by 40-digit Newton steps."""
    with mpmath.workdps(40):
        root = mpmath.exp(
            mpmath.findroot(
                lambda x: reference(x, rotary_dim, violated)[0], mpmath.log(mpmath.mpf(base))
            )
        )
        ends = (Decimal(mpmath.nstr(root * (1 + e), 30)) for e in (-1e-14, 1e-14))
    claim = Claim("safe-base", rotary_dim, 0, None, Decimal(0), context, *ends)
    return Certificate(claim, (), violated, "ropecalc 0")


@pytest.mark.slow
@pytest.mark.parametrize("backend", first_quick(1, BACKENDS))
@pytest.mark.parametrize("head", ["plain", "partial", "margin", "odd"])
def test_safe_bases_are_proved(head: str, backend: str) -> None:
    settings = HEADS[head] | {"context": min(80, HEADS[head]["context"])}
    proof = ropecalc.certify(**settings, kind="safe-base")
    assert parse(proof.to_json()) == proof
    found = ropecalc.verify(proof, backend=backend)
    assert found.proved, found
    assert found.kind == "safe-base"
    assert ropecalc.verify(resealed_safe(proof, "low"), backend=backend).status.name == (
        "LOW_END_FAILS"
    )
    assert ropecalc.verify(resealed_safe(proof, "high"), backend=backend).status.name == (
        "BEYOND_FAILS"
    )


# Slow pairs never outweigh all the others here; with the first one at its lowest they do.
FEW_PAIRS: dict[str, dict[str, Any]] = {
    "two pairs": {"head_dim": 4, "context": 5},
    "two pairs at a touch": {"head_dim": 4, "context": 400},
    "two of three pairs": {"head_dim": 6, "context": 23, "rotary_dim": 4, "count_unrotated": False},
    "three pairs": {"head_dim": 6, "context": 1_000},
    "a heavy first": {"head_dim": 6, "context": 300, "weights": (2.0, 1.0, 1.5)},
    "a margin": {"head_dim": 8, "context": 100, "rotary_dim": 6, "margin": 0.1},
}


@pytest.mark.parametrize("backend", first_quick(1, BACKENDS))
@pytest.mark.parametrize("head", first_quick(2, FEW_PAIRS))
def test_safe_bases_of_few_pairs_are_proved_and_no_others(head: str, backend: str) -> None:
    settings = FEW_PAIRS[head]
    proof = ropecalc.certify(**settings, kind="safe-base")
    assert float(proof.claim.high) == ropecalc.min_base(**settings, safe=True).safe_base
    assert ropecalc.verify(proof, backend=backend).proved
    for end, status in (("low", "LOW_END_FAILS"), ("high", "BEYOND_FAILS")):
        found = ropecalc.verify(resealed_safe(proof, end), backend=backend)
        assert found.status.name == status


@pytest.mark.slow
def test_the_safe_base_of_two_pairs_at_100000_tokens_is_proved() -> None:
    """In the last octave 49 distances stay near zero from there on."""
    proof = ropecalc.certify(4, 100_000, kind="safe-base")
    assert not ropecalc.verify(resealed_safe(proof, "high")).proved


def resealed_safe(proof: Certificate, end: str) -> Certificate:
    """The interval moved up past the safe base, or down below it."""
    claim, width = proof.claim, (proof.claim.high - proof.claim.low) * 2
    ends = (claim.high, claim.high + width) if end == "low" else (claim.low - width, claim.low)
    return replace(proof, claim=replace(claim, low=ends[0], high=ends[1]))


@pytest.mark.parametrize(
    "claimed", [{"violated": 54}, {"context": 200}, {"margin": Decimal("1e-9")}]
)
def test_false_safe_bases_fail(claimed: dict[str, Any]) -> None:
    proof = ropecalc.certify(32, 80, kind="safe-base")
    if "violated" in claimed:
        assert proof.violated != claimed["violated"]
        changed = replace(proof, violated=claimed["violated"])
    else:
        changed = replace(proof, claim=replace(proof.claim, **claimed))
    assert not ropecalc.verify(changed, backend="arb").proved


@pytest.mark.slow
def test_the_known_safe_base_of_1024_tokens_is_proved() -> None:
    assert ropecalc.verify(safe_proof(1024, "6018.28", 903), backend="arb").proved


@pytest.mark.slow
def test_a_known_safe_base_is_proved() -> None:
    assert ropecalc.verify(safe_proof(2048, "22764.30", 1946), backend="arb").proved


@pytest.mark.slow
def test_a_safe_base_under_mpmath_alone() -> None:
    assert ropecalc.verify(safe_proof(256, "889.87", 255), backend="mpmath").proved


@pytest.mark.parametrize(
    "backend",
    [pytest.param("arb", marks=pytest.mark.slow), pytest.param("mpmath", marks=pytest.mark.heavy)],
)
def test_the_safe_base_of_32k_is_proved(backend: str) -> None:
    assert ropecalc.verify(ropecalc.certify(128, 2**15, kind="safe-base"), backend=backend).proved
