"""What is wrong with a certificate is said where it is; and all that a verification counts."""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import mpmath
import pytest

import ropecalc
from ropecalc import CertificateError, InvalidValueError
from ropecalc.certificate import schema, write
from ropecalc.certificate.chain import check_link
from ropecalc.certificate.format import Claim, digest
from ropecalc.certificate.head import Head
from ropecalc.certificate.intervals import Intervals
from ropecalc.certificate.schema import parse

CLAIM = {
    "rotary_dim": 4,
    "unrotated_pairs": 0,
    "weights": None,
    "margin": "0",
    "context": 8,
    "low": "448.9118477679",
    "high": "448.9118477683",
}
CHAIN: dict[str, Any] = {"chain": [[6.1, 3], [6.106, 3]]}
VIOLATED = {"kind": "safe-base", "evidence": {"violated": 3}}


def sealed(**changes: Any) -> str:
    """A certificate with changed parts, and a digest that fits them."""
    document: dict[str, Any] = {
        "format": "ropecalc-certificate",
        "version": 1,
        "program": "ropecalc 0.1.0",
        "kind": "minimum-base",
        "claim": CLAIM | {key: value for key, value in changes.items() if key in CLAIM},
        "evidence": CHAIN,
    }
    document |= {key: value for key, value in changes.items() if key in document}
    return json.dumps(document | {"digest": digest(document)})


END = "; pass a file that ropecalc wrote"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"format": "certificate"}, "is not a ropecalc certificate"),
    ({"version": 0}, "is of version 0, and only 1 is known here"),
    ({"version": 10**6}, "is of version 1000000, and only 1 is known here"),
    ({"version": -1}, "version must be an integer from 0 to 1000000"),
    ({"version": 10**6 + 1}, "version must be an integer from 0 to 1000000"),
    ({"kind": "base"}, "kind must be one of minimum-base, safe-base, minimum-factor"),
    ({"program": "other 1"}, "program must be a name and a version"),
    ({"rotary_dim": 0}, "rotary_dim must be an integer from 2 to 65536"),
    ({"rotary_dim": 65_538}, "rotary_dim must be an integer from 2 to 65536"),
    ({"rotary_dim": 3}, "rotary_dim must be even"),
    (VIOLATED | {"rotary_dim": 1_026}, "rotary_dim must be an integer from 2 to 1024"),
    ({"unrotated_pairs": -1}, "unrotated_pairs must be an integer from 0 to 65536"),
    ({"unrotated_pairs": 65_537}, "unrotated_pairs must be an integer from 0 to 65536"),
    ({"margin": "1.5"}, "margin must be from 0 to 1"),
    ({"margin": "1e-1"}, 'margin must be a decimal in quotes, such as "1.5"'),
    ({"margin": 0.5}, 'margin must be a decimal in quotes, such as "1.5"'),
    ({"context": 0}, "context must be an integer from 1 to 1073741824"),
    ({"context": 2**30 + 1}, "context must be an integer from 1 to 1073741824"),
    (VIOLATED | {"context": 2**20 + 1}, "context must be an integer from 1 to 1048576"),
    ({"low": "0.5"}, f"low must be from 1 to {Decimal(10) ** 300}"),
    ({"high": "1" + "0" * 300 + ".1"}, f"high must be from 1 to {Decimal(10) ** 300}"),
    ({"low": CLAIM["high"]}, "low must be less than high"),
    ({"low": "1", "high": "1.0000000000011"}, "low and high lie further apart than 1E-12 of low"),
    ({"weights": ["1"]}, "weights must be null or 2 decimals"),
    ({"weights": ["0", "0"]}, "weights must not all be 0"),
    ({"weights": ["1", "-1"]}, 'a weight must be a decimal in quotes, such as "1.5"'),
    ({"evidence": []}, "evidence must be a JSON object"),
    ({"evidence": {}}, "evidence must have the keys chain and no others"),
    ({"evidence": {"chain": []}}, "chain must be a list of 1 to 1,000,000 links"),
    ({"evidence": {"chain": [[1, 3]]}}, "link 1 must be a float64 and a distance"),
    (
        {"evidence": {"chain": [[1.0, 3], [2.0, 8]]}},
        "the distance of link 2 must be an integer from 1 to 7",
    ),
    ({"evidence": {"chain": [[1.0, 0]]}}, "the distance of link 1 must be an integer from 1 to 7"),
    (VIOLATED | {"evidence": []}, "evidence must be a JSON object"),
    (VIOLATED | {"evidence": {"violated": 0}}, "violated must be an integer from 1 to 7"),
    (VIOLATED | {"evidence": {"violated": 8}}, "violated must be an integer from 1 to 7"),
    (VIOLATED | {"evidence": CHAIN}, "evidence must have the keys violated and no others"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=[words[:50] for _, words in REFUSED])
def test_what_is_refused_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(CertificateError) as caught:
        parse(sealed(**changes), "p.json")
    assert str(caught.value) == f"p.json: {words}{END}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        VIOLATED,
        {"rotary_dim": 2},
        {"rotary_dim": 65_536},
        VIOLATED | {"rotary_dim": 1_024, "context": 2**20},
        VIOLATED | {"evidence": {"violated": 1}},
        VIOLATED | {"evidence": {"violated": 7}},
        {"evidence": {"chain": [[1.0, 1], [2.0, 7]]}},
        {"unrotated_pairs": 65_536},
        {"context": 2**30},
        {"margin": "1"},
        {"weights": ["0.25", "0"]},
        {"low": "1", "high": "1.000000000001"},
        {"low": str(10**300 - 1), "high": str(10**300)},
        {"margin": "0." + "0" * 1_097 + "1"},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_what_lies_at_the_end_of_a_range_is_read(changes: dict[str, Any]) -> None:
    certificate = parse(sealed(**changes))
    assert parse(certificate.to_json()) == certificate
    weights = changes.get("weights")
    assert certificate.claim.weights == (weights and tuple(map(Decimal, weights)))


@pytest.mark.parametrize(
    "text", ["01", "1.50", "1.", ".5", " 1", "1e0", "+1", "0x1", "0." + "0" * 1_098 + "1", ""]
)
def test_a_decimal_has_one_spelling(text: str) -> None:
    with pytest.raises(CertificateError, match="margin must be a decimal in quotes"):
        parse(sealed(margin=text))


@pytest.mark.parametrize(
    ("spelling", "words"),
    [
        ("NaN", "holds NaN, which is no number"),
        ("-Infinity", "holds -Infinity, which is no number"),
        ("6.10", "holds 6.10, which is no float64 spelt as Python does"),
        ("1e400", "holds 1e400, which is no float64 spelt as Python does"),
        ("6." + "1" * 38, f"holds 6.{'1' * 38}, which is no float64 spelt as Python does"),
        ("6." + "1" * 39, f"holds 6.{'1' * 35}..., which is no float64 spelt as Python does"),
    ],
)
def test_a_float_has_one_spelling(spelling: str, words: str) -> None:
    with pytest.raises(CertificateError) as caught:
        parse(sealed().replace("6.1,", f"{spelling},"), "p.json")
    assert str(caught.value) == f"p.json: {words}{END}"


def test_as_many_links_are_read_as_the_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MAX_LINKS", 2)
    assert len(parse(sealed()).chain) == 2
    with pytest.raises(CertificateError, match="a list of 1 to 2 links"):
        parse(sealed(evidence={"chain": [[1.0, 3], [2.0, 3], [3.0, 3]]}))


def test_a_text_without_a_name_is_the_certificate() -> None:
    for text, words in (
        ("{", "is not valid JSON at line 1, "),
        ('{"kind": 1, "kind": 1}', "has a key"),
    ):
        with pytest.raises(CertificateError) as caught:
            parse(text)
        assert str(caught.value).startswith(f"the certificate: {words}")


def test_a_chain_of_no_number_is_not_written() -> None:
    certificate = parse(sealed())
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(certificate, chain=((math.nan, 3),)).to_json()


def test_why_a_file_cannot_be_written(tmp_path: Path) -> None:
    certificate = parse(sealed())
    path = tmp_path / "nowhere" / "proof.json"
    for place, reason in (
        (str(path), "No such file or directory"),
        ("a\0b", "embedded null (byte|character in path)"),
    ):
        with pytest.raises(CertificateError) as caught:
            certificate.write(place)
        shown = re.escape(place if place.isprintable() else repr(place))
        words = rf"{shown}: cannot be written \((stat: )?{reason}\); write it elsewhere"
        assert re.fullmatch(words, str(caught.value))


@pytest.mark.parametrize(
    ("settings", "parameter", "words"),
    [
        ({"context": 1}, "context", "the bound holds from base 1 on, so there is nothing"),
        ({"context": 2}, "context", "the bound holds from base 1 on, so there is nothing"),
        ({"context": 2, "kind": "safe-base"}, "context", "the bound holds from base 1 on"),
        ({"margin": 1.0}, "context", "no base up to 1e300 meets the bound"),
        ({"margin": 1.0, "kind": "safe-base"}, "context", "no base up to 1e300 could be shown"),
        ({"context": 0}, "context", "from 1 to 1,073,741,824 tokens, got 0"),
        ({"context": 2**30 + 1}, "context", "from 1 to 1,073,741,824 tokens"),
        ({"head_dim": 1_026, "kind": "safe-base"}, "context", "rotary_dim 1,024, got 64 and 1026"),
        ({"context": 2**20 + 1, "kind": "safe-base"}, "context", "up to 1,048,576 tokens"),
        ({"kind": "base"}, "kind", "kind must be minimum-base or safe-base, got 'base'"),
    ],
    ids=str,
)
def test_what_cannot_be_certified_is_named(
    settings: dict[str, Any], parameter: str, words: str
) -> None:
    with pytest.raises(InvalidValueError, match=words) as caught:
        ropecalc.certify(**{"head_dim": 32, "context": 64} | settings)
    assert caught.value.parameter == parameter


def test_an_unknown_backend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = parse(sealed())
    with pytest.raises(InvalidValueError) as caught:
        ropecalc.verify(certificate, backend="float64")
    assert caught.value.parameter == "backend"
    monkeypatch.setattr("ropecalc.certificate.backends.find_spec", lambda _: None)
    with pytest.raises(InvalidValueError) as caught:
        ropecalc.verify(certificate, backend="arb")
    assert caught.value.parameter == "backend"


def test_safe_bases_are_certified_up_to_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ropecalc.certify(1_024, 3, kind="safe-base").claim.rotary_dim == 1_024
    monkeypatch.setattr(write, "MAX_SAFE_CONTEXT", 20)
    assert ropecalc.certify(8, 20, kind="safe-base").claim.context == 20
    with pytest.raises(InvalidValueError, match="got 21 and 8"):
        ropecalc.certify(8, 21, kind="safe-base")


def test_minimum_bases_below_2_are_certified() -> None:
    proof = ropecalc.certify(16, 3)
    assert 1 < proof.claim.low < proof.claim.high < 2
    assert ropecalc.verify(proof).proved


@pytest.mark.parametrize("kind", ["minimum-base", "safe-base"])
def test_certifying_tells_how_far_it_is(kind: str) -> None:
    seen: list[tuple[float, float]] = []
    weights = [1.0, 1.0, 1.0, 1.5]  # no table is shipped for them
    ropecalc.certify(8, 50, weights=weights, kind=kind, progress=lambda *done: seen.append(done))
    assert seen
    assert all(0 <= done <= total for done, total in seen)


@pytest.mark.parametrize("kind", ["minimum-base", "safe-base"])
def test_verifying_tells_how_far_it_is(kind: str) -> None:
    proof = ropecalc.certify(16, 100, kind=kind)
    seen: list[tuple[float, float]] = []
    ropecalc.verify(proof, progress=lambda *done: seen.append(done))
    links = 1_000 * len(proof.chain)
    steps = [(1_000 * n, links + 100) for n in range(1, len(proof.chain) + 1)]
    assert seen[: len(steps)] == steps
    assert seen[len(steps) :] == sorted(seen[len(steps) :])
    assert seen[-1] == (links + 100, links + 100)
    assert all(done == total or done % 8 == 0 for done, total in seen)
    assert len(seen) > len(steps)


def similarity(claim: Claim, base: Decimal, distance: int) -> float:
    """S(m) in the digits of mpmath, for weights of 1."""
    with mpmath.workdps(40):
        b, r = mpmath.mpf(str(base)), claim.rotary_dim
        angles = [distance * b ** (-mpmath.mpf(2 * i) / r) for i in range(r // 2)]
        return float(mpmath.fsum(map(mpmath.cos, angles)))


def test_a_proved_safe_base_tells_all_that_was_shown() -> None:
    proof = ropecalc.certify(16, 50, kind="safe-base")
    before = time.perf_counter()
    found = ropecalc.verify(proof)
    assert 0 <= found.seconds <= time.perf_counter() - before
    assert (found.kind, found.context, found.distances) == ("safe-base", 50, 50)
    assert (found.links, found.links_proved, found.evaluations) == (0, 0, 0)
    assert proof.violated is not None
    depth = -similarity(proof.claim, proof.claim.low, proof.violated)
    assert depth > 0
    assert math.isclose(found.least_depth, depth, rel_tol=1e-6)


def test_a_proved_minimum_base_tells_all_that_was_shown() -> None:
    proof = ropecalc.certify(16, 50)
    before = time.perf_counter()
    found = ropecalc.verify(proof, backend="mpmath")
    assert 0 <= found.seconds <= time.perf_counter() - before
    assert (found.kind, found.context, found.distances) == ("minimum-base", 50, 50)
    assert found.links == found.links_proved == len(proof.chain)
    assert (found.weighted, found.program) == (False, proof.program)
    head, starts = Head(proof.claim, Intervals(120)), [0.0, *(end for end, _ in proof.chain)]
    checks = [
        check_link(head, distance, start, end).expansions
        for start, (end, distance) in zip(starts, proof.chain, strict=False)
    ]
    assert found.evaluations == sum(checks)
    assert len(checks) < found.evaluations
    weighted = ropecalc.verify(ropecalc.certify(8, 20, weights=[1, 1, 1, 1.5]))
    assert (weighted.weighted, weighted.proved) == (True, True)
    depths = [
        -similarity(proof.claim, Decimal(end).exp(), distance) for end, distance in proof.chain
    ]
    assert math.isclose(found.least_depth, min(depths), rel_tol=1e-6)
