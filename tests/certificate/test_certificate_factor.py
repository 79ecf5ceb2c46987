"""Certificates of minimum factors: true ones are proved by both backends, changed ones are not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc import Certificate, CertificateError, InvalidValueError, Rope, VerificationStatus
from ropecalc.certificate.arithmetic import Arithmetic
from ropecalc.certificate.balls import Balls
from ropecalc.certificate.chain import check_stretch
from ropecalc.certificate.format import Claim, Scaling, digest
from ropecalc.certificate.head import Head
from ropecalc.certificate.intervals import Intervals
from ropecalc.certificate.schema import parse
from ropecalc.certificate.spectra import UncertainError, spectra_of
from tests.certificate.test_certificate_steps import assert_is
from tests.tools.effort import little_work
from tests.tools.speeds import first_quick

BACKENDS = ("mpmath", "arb")


def rope(method: str, original: int = 64, dim: int = 32, rotary: int | None = None) -> Rope:
    given = {} if method in ("linear", "ntk_aware") else {"original_context": original}
    return Rope("all", method, 1e4, dim, rotary or dim, given, context=original)


def with_parameters(one: Rope, **more: Any) -> Rope:
    return replace(one, parameters={**one.parameters, **more})


SETTINGS: dict[str, tuple[Rope, int, dict[str, Any]]] = {
    "yarn": (rope("yarn", 256), 1024, {}),
    "yarn, real ends": (with_parameters(rope("yarn", 256), truncate=False), 700, {}),
    "llama3": (rope("llama3", 256), 1024, {}),
    "linear": (rope("linear"), 1024, {}),
    "linear, short": (rope("linear", dim=8), 95, {}),
    "ntk-aware": (rope("ntk_aware"), 600, {}),
    "dynamic": (rope("dynamic", 500), 600, {}),
    "ntk-rcd": (rope("ntk_rcd", 256), 600, {}),
    "mrrope-uni": (rope("mrrope_uni", 256), 600, {}),
    "mrrope-pro": (rope("mrrope_pro", 256), 600, {}),
    "partial": (rope("yarn", 256, dim=40, rotary=32), 2048, {}),
    "ignored": (rope("llama3", 256, dim=40, rotary=32), 600, {"count_unrotated": False}),
    "margin": (rope("linear"), 600, {"margin": 0.02}),
    "weights": (rope("yarn", 64, dim=16), 1000, {"weights": [0.3, 1, 2, 0, 1, 1.7, 1, 3]}),
}


EACH = ("yarn", "llama3", "linear", "ntk-aware", "dynamic", "ntk-rcd", "mrrope-uni", "mrrope-pro")


def certified(name: str) -> Certificate:
    one, context, more = SETTINGS[name]
    return ropecalc.certify_factor(one, context, **more)


@pytest.fixture(scope="module")
def proofs() -> dict[str, Certificate]:
    return {name: certified(name) for name in SETTINGS}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", first_quick(4, SETTINGS))
def test_true_certificates_are_proved(
    name: str, backend: str, proofs: dict[str, Certificate]
) -> None:
    (one, context, more), proof = SETTINGS[name], proofs[name]
    assert parse(proof.to_json()) == proof
    found = ropecalc.verify(proof, backend=backend)
    assert found.proved, found
    assert (found.kind, found.rope_type) == ("minimum-factor", one.rope_type)
    assert found.links == found.links_proved == len(proof.chain)
    assert found.distances == context
    least = ropecalc.min_factor(one, context, window=False, recommended=False, **more)
    assert float(proof.claim.high) == least.minimum_factor
    assert proof.claim.low < proof.claim.high


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", ["yarn", "llama3", "linear"])
def test_longer_contexts_are_proved(method: str, backend: str) -> None:
    given = {"original_context": 1024} if method != "linear" else {}
    one = Rope("all", method, 1e4, 128, 128, given, context=1024)
    proof = ropecalc.certify_factor(one, 2560)
    assert ropecalc.verify(proof, backend=backend).proved


def exact_thetas(claim: Claim, factor: Any) -> list[Any]:
    """The frequencies of a claim at a factor, from the formulas of the methods, by mpmath."""
    scaling, r = claim.scaling, claim.rotary_dim
    assert scaling is not None
    base, s = mpmath.mpf(str(scaling.base)), mpmath.mpf(factor)
    plain = [base ** (-mpmath.mpf(2 * i) / r) for i in range(r // 2)]
    given = {name: mpmath.mpf(str(value + 0)) for name, value in scaling.parameters}
    if scaling.rope_type == "linear":
        return [f / s for f in plain]
    if scaling.rope_type == "ntk_aware":
        return [f * s ** (-mpmath.mpf(2 * i) / (r - 2)) for i, f in enumerate(plain)]
    if scaling.rope_type == "dynamic":
        growth = max(s * claim.context / given["original_context"] - (s - 1), 1)
        return [f * growth ** (-mpmath.mpf(2 * i) / (r - 2)) for i, f in enumerate(plain)]
    if scaling.rope_type == "ntk_rcd":
        return [f * s ** (-i / given["critical_pair"]) for i, f in enumerate(plain)]
    length = given["original_context"]
    if scaling.rope_type == "llama3":
        low, high = given["low_freq_factor"], given["high_freq_factor"]
        shares = [(length * f / (2 * mpmath.pi) - low) / (high - low) for f in plain]
        kept = [min(max(h, 0), 1) for h in shares]
    else:
        ends = [
            r * mpmath.log(length / (2 * mpmath.pi * given[turns])) / (2 * mpmath.log(base))
            for turns in ("beta_fast", "beta_slow")
        ]
        if given.get("truncate", True):
            ends = [mpmath.floor(ends[0]), mpmath.ceil(ends[1])]
        low, high = max(ends[0], 0), min(ends[1], r - 1)
        if scaling.rope_type.startswith("mrrope"):
            n = mpmath.mpf(max(high - low, 1))
            t = [min(max(i - low, 0), n) for i in range(r // 2)]
            uni = scaling.rope_type == "mrrope_uni"
            shares = [k / n if uni else k * (k + 1) / (n * (n + 1)) for k in t]
            return [f * s**-share for f, share in zip(plain, shares, strict=True)]
        high += mpmath.mpf("0.001") if low == high else 0
        kept = [1 - min(max((i - low) / (high - low), 0), 1) for i in range(r // 2)]
    return [f * (k + (1 - k) / s) for f, k in zip(plain, kept, strict=True)]


def factor_at(claim: Claim, x: Any) -> Any:
    """The factor at x: its logarithm, but for dynamic scaling."""
    assert claim.scaling is not None
    if claim.scaling.rope_type != "dynamic":
        return mpmath.exp(x)
    growth = mpmath.mpf(claim.context) / claim.scaling.number("original_context") - 1
    return ((1 + growth) * mpmath.exp(x) - 1) / growth


@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
@pytest.mark.parametrize("name", SETTINGS)
def test_frequencies_are_those_of_the_method(
    name: str, arithmetic: Arithmetic, proofs: dict[str, Certificate]
) -> None:
    claim = proofs[name].claim
    with mpmath.workdps(50), arithmetic.working():
        spectra = spectra_of(claim, arithmetic)
        for x in (0.0, 0.75, 3.5):
            thetas = spectra.thetas(arithmetic.number(x))
            expected = exact_thetas(claim, factor_at(claim, mpmath.mpf(x)))
            for real, exact in zip(thetas, expected, strict=True):
                assert_is(real, exact)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arithmetic", first_quick(1, [Intervals(120), Balls(120)]), ids=lambda a: a.name
)
@pytest.mark.parametrize(
    "name",
    [name for name in SETTINGS if " " not in name and name not in ("partial", "ignored", "margin")],
)
def test_expansions_are_the_derivatives(
    name: str, arithmetic: Arithmetic, proofs: dict[str, Certificate]
) -> None:
    claim, x, distance = proofs[name].claim, 0.75, 61
    weights = [mpmath.mpf(str(w)) for w in claim.weights or [1] * claim.n_pairs]
    with mpmath.workdps(50), arithmetic.working():

        def g(at: Any) -> Any:
            thetas = exact_thetas(claim, factor_at(claim, at))
            turned = (
                w * mpmath.cos(distance * theta) for w, theta in zip(weights, thetas, strict=True)
            )
            return sum(turned)

        head = Head(claim, arithmetic)
        at = head.expand(distance, head.thetas_at(x))
        for k, real in enumerate(at):
            assert_is(real, mpmath.diff(g, mpmath.mpf(x), k), 1e-20)
        bounds = head.bounds(distance, head.thetas_at(x))
        for k, bound in zip((2, 3), bounds, strict=True):
            for later in (0, 0.3, 2):
                derivative = mpmath.diff(g, mpmath.mpf(x) + later, k)
                assert abs(derivative) <= arithmetic.middle(bound) * (1 + 1e-12)


def sealed(proof: Certificate, **changes: Any) -> str:
    """The certificate with changed parts and a digest that fits them."""
    document = json.loads(proof.to_json())
    homes = document, document["claim"], document["evidence"], document["claim"]["parameters"]
    for key, value in changes.items():
        next(part for part in homes if key in part)[key] = value
    document["digest"] = digest(document)
    return json.dumps(document)


def outcome(text: str) -> str:
    try:
        return ropecalc.verify(parse(text)).status.name
    except CertificateError:
        return "refused"


METHODS = ["yarn", "llama3", "linear"]


@pytest.mark.parametrize("name", METHODS)
def test_changing_any_digit_is_refused(name: str, proofs: dict[str, Certificate]) -> None:
    text = proofs[name].to_json()
    assert outcome(sealed(proofs[name])) == "PROVED"
    digits = [match.start() for match in re.finditer("[0-9]", text)]
    for at in digits[::3]:
        changed = text[:at] + str((int(text[at]) + 1 + at % 9) % 10) + text[at + 1 :]
        if changed != text:
            assert outcome(changed) == "refused", text[at - 20 : at + 20]


FALSE: dict[str, dict[str, Any]] = {
    "another base": {"base": "11000"},
    "a base that is no base": {"base": "1"},
    "a longer context": {"context": 4_000},
    "another dimension": {"rotary_dim": 34},
    "an unrotated pair": {"unrotated_pairs": 1},
    "a margin": {"margin": "0.001"},
    "weights": {"weights": ["1"] * 15 + ["1.001"]},
    "a base's kind": {"kind": "minimum-base"},
    "a safe base's kind": {"kind": "safe-base"},
    "no chain": {"chain": []},
}
OF_THE_METHOD: dict[str, dict[str, dict[str, Any]]] = {
    "yarn": {
        "another original context": {"original_context": "128"},
        "a later ramp": {"beta_fast": "16"},
        "an earlier end": {"beta_slow": "2"},
        "real ends": {"truncate": False},
        "no truth value": {"truncate": 1},
        "another method": {"rope_type": "llama3"},
        "no method": {"rope_type": "ntk_fixed"},
        "a number for a decimal": {"original_context": 256},
        "a zero": {"beta_fast": "0"},
    },
    "llama3": {
        "another original context": {"original_context": "250"},
        "another low end": {"low_freq_factor": "1.1"},
        "another high end": {"high_freq_factor": "3.9"},
        "ends exchanged": {"low_freq_factor": "4.5"},
        "another method": {"rope_type": "yarn"},
    },
    "linear": {
        "no stretch": {"stretch": None},
        "a longer stretch": {"stretch": "wider"},
        "an empty stretch": {"stretch": [-1.0, -1.0]},
        "a stretch of text": {"stretch": ["-2.0", "-1.0"]},
        "a stretch of one": {"stretch": [-1.0]},
        "positions of no token": {"stretch": [-30.0, -1.0]},
        "another method": {"rope_type": "ntk_aware"},
    },
    "dynamic": {
        "another original context": {"original_context": "501"},
        "an original context beyond the context": {"original_context": "600"},
        "another method": {"rope_type": "ntk_aware"},
    },
}
ALL_FALSE = [(name, change) for name in METHODS for change in [*FALSE, *OF_THE_METHOD[name]]]


@pytest.mark.parametrize(("name", "change"), ALL_FALSE)
def test_false_claims_fail_though_their_digest_fits(
    name: str, change: str, proofs: dict[str, Certificate]
) -> None:
    proof, changes = proofs[name], {**FALSE, **OF_THE_METHOD[name]}[change]
    if changes.get("stretch") == "wider":
        low, high = proof.stretch or (0.0, 0.0)
        changes = {"stretch": [low - 1e-3, high]}
        assert outcome(sealed(proof, stretch=[low, high + 1e-3])) != "PROVED"
    assert outcome(sealed(proof, **changes)) != "PROVED"


@pytest.mark.parametrize("name", METHODS)
def test_ends_that_were_moved_fail(name: str, proofs: dict[str, Certificate]) -> None:
    claim = proofs[name].claim
    between = str((claim.low * 3 + claim.high) / 4)
    nearly = str((claim.low + claim.high * 999) / 1000)  # beyond where the chain ends
    width = (claim.high - claim.low) * 2
    for changes in (
        {"low": str(claim.high), "high": str(claim.high + width)},
        {"low": str(claim.low - width), "high": str(claim.low)},
        {"low": nearly},
        {"high": between},
        {"low": str(claim.high), "high": str(claim.low)},
    ):
        assert outcome(sealed(proofs[name], **changes)) != "PROVED", changes


@cache
def ends_of(claim: Claim) -> tuple[Any, Any]:
    """a_i and c_i of theta_i = a_i + c_i / s, from the formulas."""
    with mpmath.workdps(30):
        one, two = (np.array(exact_thetas(claim, s), dtype=float) for s in (1, 2))
    return 2 * two - one, 2 * (one - two)


def similarities(proof: Certificate, distance: int, x: Any) -> Any:
    """S(m) at several x by NumPy."""
    kept, moving = ends_of(proof.claim)
    return np.cos(distance * (kept + moving * np.exp(-np.asarray(x))[..., None])).sum(axis=-1)


def is_false(proof: Certificate, chain: list[list[Any]]) -> bool:
    """Whether sampling sees a link that does not hold, or a chain out of order."""
    start, context = 0.0, proof.claim.context
    for end, distance in chain:
        if not start < end or distance >= context:
            return True
        if distance and similarities(proof, distance, np.linspace(start, end, 300)).max() > 1e-9:
            return True
        start = end
    return bool(start < float(proof.claim.low.ln()) - 1e-15)


def changed_chains(proof: Certificate, every: int) -> Iterator[list[list[Any]]]:
    """Digits of every so many links changed; links left out, doubled, exchanged."""
    plain = [list(link) for link in proof.chain]
    for index in range(0, len(plain), every):
        end, distance = plain[index]
        for part, value in enumerate((repr(end), str(distance))):
            for at in [m.start() for m in re.finditer("[0-9]", value)][:6]:
                text = value[:at] + str((int(value[at]) + 3) % 10) + value[at + 1 :]
                link = [float(text), distance] if part == 0 else [end, max(1, int(text))]
                yield [*plain[:index], link, *plain[index + 1 :]]
        yield plain[:index] + plain[index + 1 :]
        yield plain[: index + 1] + plain[index:]
        yield [*plain[:index], *reversed(plain[index : index + 2]), *plain[index + 2 :]]


def refuse_false_chains(proof: Certificate, every: int) -> None:
    refuted = 0
    for chain in changed_chains(proof, every):
        if chain and is_false(proof, chain):
            assert outcome(sealed(proof, chain=chain)) != "PROVED", chain
            refuted += 1
    assert refuted > 10


@pytest.mark.parametrize("name", METHODS)
def test_changed_chains_are_proved_only_where_they_are_still_true(
    name: str, proofs: dict[str, Certificate]
) -> None:
    refuse_false_chains(proofs[name], 1 if name == "linear" else 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_all_changed_chains_are_proved_only_where_they_are_still_true(
    name: str, proofs: dict[str, Certificate]
) -> None:
    refuse_false_chains(proofs[name], 1)


@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
def test_a_stretch_covers_what_it_says_and_no_more(
    arithmetic: Arithmetic, proofs: dict[str, Certificate]
) -> None:
    proof = proofs["linear"]
    assert proof.stretch is not None
    low, high = proof.stretch
    positions = np.exp(-high), np.exp(-low)
    start = -np.log(positions[1] - positions[0])
    end = np.log((proof.claim.context - 1) / positions[0])
    with arithmetic.working():
        head = Head(proof.claim, arithmetic)
        covers = check_stretch(head, proof.claim.context, (low, high), start + 1e-12, end - 1e-12)
        assert not covers.reason
        early = check_stretch(head, proof.claim.context, (low, high), start - 1e-9, end)
        assert "shorter than the step of one token" in early.reason
        late = check_stretch(head, proof.claim.context, (low, high), start + 1e-9, end + 1e-9)
        assert "begins beyond the last distance" in late.reason


@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
def test_a_ramp_that_ends_at_a_pair_to_all_bits_is_uncertain(arithmetic: Arithmetic) -> None:
    """The base at which pair 8 of 32 dimensions makes 32 turns, to 200 digits."""
    with mpmath.workdps(220):
        exact = (mpmath.mpf(4096) / (64 * mpmath.pi)) ** 2
        base = Decimal(mpmath.nstr(exact, 200))
    given = {"original_context": 4096, "beta_fast": 32, "beta_slow": 1}
    numbers = [(name, Decimal(value)) for name, value in given.items()]
    parameters: tuple[tuple[str, Decimal | bool], ...] = (*numbers, ("truncate", True))
    ends = Decimal(2), Decimal("2.0000000000001")
    scaling = Scaling("yarn", base, parameters)
    claim = Claim("minimum-factor", 32, 0, None, Decimal(0), 64, *ends, scaling=scaling)
    with arithmetic.working():
        with pytest.raises(UncertainError, match="120 bits"):
            spectra_of(claim, arithmetic)
        real = replace(scaling, parameters=(*parameters[:3], ("truncate", False)))
        assert len(spectra_of(replace(claim, scaling=real), arithmetic).steps) == 16
    proof = Certificate(claim, ((0.7, 5),), None, "ropecalc 0")
    found = ropecalc.verify(proof, backend=arithmetic.name)
    assert (found.status, found.proved) == (VerificationStatus.UNCERTAIN, False)


@pytest.mark.parametrize("arithmetic", [Intervals(120), Balls(120)], ids=lambda a: a.name)
@pytest.mark.parametrize(
    "changes",
    [
        {"base": "1." + "0" * 80 + "1"},
        {"base": "1." + "0" * 80 + "1", "truncate": False},
        {"truncate": False, "beta_fast": "2", "beta_slow": "2." + "0" * 60 + "1"},
    ],
    ids=str,
)
def test_what_the_bits_cannot_tell_is_uncertain(
    arithmetic: Arithmetic, changes: dict[str, Any], proofs: dict[str, Certificate]
) -> None:
    changed = parse(sealed(proofs["yarn"], **changes))
    with little_work():
        found = ropecalc.verify(changed, backend=arithmetic.name)
    assert found.status is VerificationStatus.UNCERTAIN
    assert "120 bits" in found.reason


@pytest.mark.slow
@pytest.mark.parametrize("backend", first_quick(1, BACKENDS))
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("yarn", {"original_context": "1" + "0" * 300}),
        ("yarn", {"original_context": "0." + "0" * 300 + "1"}),
        ("yarn", {"beta_fast": "1", "beta_slow": "32"}),
        ("yarn", {"beta_fast": "1", "beta_slow": "1"}),
        ("llama3", {"original_context": "1" + "0" * 300}),
        ("llama3", {"high_freq_factor": "1"}),
        ("linear", {"base": "1" + "0" * 300}),
        ("linear", {"base": "1." + "0" * 80 + "1"}),
        ("linear", {"stretch": [-20.9, 699.0]}),
        ("mrrope-pro", {"original_context": "1"}),
        ("mrrope-pro", {"rotary_dim": 256, "base": "1.001"}),
        ("ntk-rcd", {"critical_pair": "1" + "0" * 300}),
    ],
    ids=str,
)
def test_absurd_settings_end_soon_and_prove_nothing(
    name: str, changes: dict[str, Any], backend: str, proofs: dict[str, Certificate]
) -> None:
    changed = parse(sealed(proofs[name], **changes))
    with little_work():
        assert not ropecalc.verify(changed, backend=backend).proved


@pytest.mark.parametrize(
    ("one", "context", "words"),
    [
        (rope("dynamic"), 64, "up to 64 tokens dynamic scaling changes nothing"),
        (rope("ntk_fixed"), 300, "a factor is certified for linear, yarn, llama3, ntk-aware"),
        (rope("default"), 300, "a factor is certified for"),
        (rope("yarn", 64), 4, "a factor of 1 meets the bound"),
        (rope("llama3", 10**6), 1024, "no factor meets the bound"),
        (rope("linear"), 0, "context must be"),
    ],
)
def test_what_has_no_minimum_has_no_certificate(one: Rope, context: int, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        ropecalc.certify_factor(one, context)
