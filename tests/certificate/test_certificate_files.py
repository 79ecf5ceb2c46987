"""Certificates that were changed are refused, and so is whatever is no certificate, quickly."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ropecalc
from ropecalc import CertificateError, VerificationStatus
from ropecalc.certificate.files import MAX_BYTES
from ropecalc.certificate.format import digest
from ropecalc.certificate.schema import parse
from tests.certificate.test_certificate import similarities
from tests.tools.effort import little_work

if TYPE_CHECKING:
    from tests.conftest import RunCli

D, L = 32, 300
PROOF = ropecalc.certify(D, L)
TEXT = PROOF.to_json()
LINKS = range(0, len(PROOF.chain), 3)


def resealed(**changes: Any) -> str:
    """The certificate with changed parts and a digest that fits them."""
    document = json.loads(TEXT)
    for key, value in changes.items():
        home = next(
            part for part in (document, document["claim"], document["evidence"]) if key in part
        )
        home[key] = value
    document["digest"] = digest(document)
    return json.dumps(document)


def outcome(text: str) -> str:
    """What verify makes of a text: the name of a status, or "refused"."""
    try:
        return ropecalc.verify(parse(text)).status.name
    except CertificateError:
        return "refused"


def test_resealing_alone_changes_nothing() -> None:
    assert outcome(resealed()) == outcome(TEXT) == "PROVED"


DIGITS = [match.start() for match in re.finditer("[0-9]", TEXT)]


def test_changing_any_digit_anywhere_is_refused() -> None:
    assert len(DIGITS) > 500
    for at in DIGITS:
        changed = TEXT[:at] + str((int(TEXT[at]) + 1 + at % 9) % 10) + TEXT[at + 1 :]
        if changed != TEXT:
            assert outcome(changed) == "refused", TEXT[at - 20 : at + 20]


def test_digits_beyond_a_float64_are_refused() -> None:
    first = repr(PROOF.chain[0][0])
    assert outcome(TEXT.replace(first, first + "0")) == "refused"
    assert outcome(TEXT.replace(first, first + "1")) == "refused"


LOW, HIGH = str(PROOF.claim.low), str(PROOF.claim.high)
BETWEEN = str((PROOF.claim.low * 3 + PROOF.claim.high) / 4)
FALSE_CLAIMS: dict[str, dict[str, Any]] = {
    "low above the minimum": {"low": HIGH, "high": str(PROOF.claim.high + Decimal("1e-12"))},
    "low just above the chain": {"low": BETWEEN},
    "high below the minimum": {"high": BETWEEN},
    "ends exchanged": {"low": HIGH, "high": LOW},
    "an empty interval": {"high": LOW},
    "a wide interval": {"low": str(PROOF.claim.low - Decimal("1e-8"))},
    "low below 1": {"low": "0.5"},
    "a longer context": {"context": 2 * L},
    "a context without the last witness": {"context": PROOF.chain[-1][1]},
    "another dimension": {"rotary_dim": D + 2},
    "a dimension less": {"rotary_dim": D - 2},
    "an odd dimension": {"rotary_dim": D + 1},
    "an unrotated pair": {"unrotated_pairs": 1},
    "a margin": {"margin": "0.001"},
    "a tiny margin": {"margin": "0.0000000001"},
    "weights": {"weights": ["1"] * (D // 2 - 1) + ["1.001"]},
    "the other kind": {"kind": "safe-base"},
    "another version": {"version": 2},
    "another format": {"format": "certificate"},
    "no chain": {"chain": []},
    "the last link alone": {"chain": [list(PROOF.chain[-1])]},
    "no last link": {"chain": [list(link) for link in PROOF.chain[:-2]]},
}


@pytest.mark.parametrize("change", FALSE_CLAIMS)
def test_false_claims_fail_though_their_digest_fits(change: str) -> None:
    assert outcome(resealed(**FALSE_CLAIMS[change])) != "PROVED"


def test_equal_weights_are_the_same_claim() -> None:
    assert outcome(resealed(weights=["1"] * (D // 2))) == "PROVED"
    assert outcome(resealed(weights=["2.5"] * (D // 2))) == "PROVED"  # S and S(0) scale alike


def is_false(chain: list[list[Any]]) -> bool:
    """Whether float64 sampling sees a link that does not hold, or a chain out of order."""
    start = 0.0
    for end, distance in chain:
        if not start < end or distance >= L:
            return True
        if similarities(D, distance, np.linspace(start, end, 500)).max() > 1e-9:
            return True
        start = end
    return bool(start < float(PROOF.claim.low.ln()) - 1e-15)


def changed_chains() -> Iterator[tuple[str, list[list[Any]]]]:
    """Every digit of a sample of links changed; links left out, doubled, exchanged."""
    plain = [list(link) for link in PROOF.chain]
    for index in LINKS:
        end, distance = plain[index]
        for part, value in enumerate((repr(end), str(distance))):
            for at in [m.start() for m in re.finditer("[0-9]", value)]:
                digit = str((int(value[at]) + 3) % 10)
                text = value[:at] + digit + value[at + 1 :]
                link = [end, distance]
                link[part] = float(text) if part == 0 else max(1, int(text))
                yield f"link {index}: {link}", [*plain[:index], link, *plain[index + 1 :]]
        yield f"without link {index}", plain[:index] + plain[index + 1 :]
        yield f"link {index} twice", plain[: index + 1] + plain[index:]
        exchanged = [*plain[:index], *reversed(plain[index : index + 2]), *plain[index + 2 :]]
        yield f"links {index} and {index + 1} exchanged", exchanged


@pytest.mark.slow
def test_changed_chains_are_proved_only_where_they_are_still_true() -> None:
    """A chain that was changed may still be a proof: then the digest alone shows the change."""
    refuted = true = 0
    for name, chain in changed_chains():
        if chain == [list(link) for link in PROOF.chain]:
            continue
        if is_false(chain):
            assert outcome(resealed(chain=chain)) != "PROVED", name
            refuted += 1
        else:
            true += 1
        assert (
            outcome(resealed(chain=chain).replace(digest_of(chain), json.loads(TEXT)["digest"]))
            == "refused"
        ), name
    assert refuted > 50
    assert refuted > true / 2


def digest_of(chain: list[list[Any]]) -> str:
    return str(json.loads(resealed(chain=chain))["digest"])


def test_the_first_link_that_fails_is_named() -> None:
    end, distance = PROOF.chain[5]
    chain = (*PROOF.chain[:5], (end, distance + 40), *PROOF.chain[6:])
    found = ropecalc.verify(replace(PROOF, chain=chain))
    assert found.status is VerificationStatus.LINK_FAILS
    assert (found.failed_link, found.links_proved) == (6, 5)
    assert found.failed_interval == (PROOF.chain[4][0], end)
    assert found.failed_distance == distance + 40
    assert found.reason


def without(*keys: str) -> str:
    document = {key: value for key, value in json.loads(TEXT).items() if key not in keys}
    return json.dumps(document)


HOSTILE: dict[str, str] = {
    "empty": "",
    "cut short": TEXT[: len(TEXT) // 2],
    "cut at its last byte": TEXT[:-3],
    "a list": "[1, 2]",
    "null": "null",
    "a model's config": '{"rope_theta": 10000.0, "head_dim": 128}',
    "keys missing": without("digest"),
    "keys added": TEXT[:-3] + ', "more": 1}',
    "a key twice": TEXT.replace('"version": 1', '"version": 1, "version": 1'),
    "NaN": TEXT.replace(repr(PROOF.chain[0][0]), "NaN"),
    "infinity": TEXT.replace(repr(PROOF.chain[0][0]), "-Infinity"),
    "1e400": TEXT.replace(repr(PROOF.chain[0][0]), "1e400"),
    "a huge integer": TEXT.replace(f'"context": {L}', '"context": 1' + "0" * 4_000),
    "an integer too long": TEXT.replace(f'"context": {L}', '"context": 1' + "0" * 10_000),
    "a huge decimal": resealed(high="9" * 5_000),
    "an exponent": resealed(high="1e300000000"),
    "a huge dimension": resealed(rotary_dim=10**9),
    "a boolean": resealed(unrotated_pairs=True),
    "a float for an integer": resealed(context=300.0),
    "a number for a decimal": resealed(margin=0),
    "a sign": resealed(margin="-0.1"),
    "an object for the chain": resealed(chain={}),
    "links of three": resealed(chain=[[0.5, 2, 1]]),
    "links of text": resealed(chain=[["0.5", 2]]),
    "a safe base of too long a context": resealed(
        kind="safe-base", context=2**21, evidence={"violated": 7}
    ),
    "a safe base with a chain": resealed(kind="safe-base"),
    "links of integers": resealed(chain=[[1, 2]]),
    "nested links": resealed(chain=[[[0.5], 2]]),
    "weights that are none": resealed(weights=["0"] * (D // 2)),
    "too few weights": resealed(weights=["1"]),
    "a program of many lines": resealed(program="ropecalc 1\n\n"),
    "a lone surrogate": resealed(program="\ud800"),
    "deep lists": "[" * 200_000,
    "deep objects": '{"a":' * 200_000,
    "deep evidence": TEXT.replace('"chain": [', '"chain": ' + "[" * 100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_in_one_line(name: str) -> None:
    assert_refused(HOSTILE[name])


@pytest.mark.heavy
def test_a_million_links_too_many_are_refused_in_one_line() -> None:
    assert_refused(resealed(chain=[[0.5, 2]] * 1_000_001))


def assert_refused(text: str) -> None:
    with little_work(), pytest.raises(CertificateError) as caught:
        ropecalc.verify(parse(text, "proof.json"))
    assert str(caught.value).startswith("proof.json: ")
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


ABSURD: dict[str, dict[str, Any]] = {
    "a witness of no use": {"chain": [[20.0, 299]]},
    "an x of no base": {"chain": [[1e308, 2]]},
    "a tiny x": {"chain": [[5e-324, 2], [1e-300, 2], [12.0, 2]]},
    "a negative x": {"chain": [[-1.0, 2]]},
    "the longest context": {"context": 2**30, "chain": [[11.0, 2**30 - 1]]},
    "a large head": {"rotary_dim": 8_192, "chain": [[11.0, 7]]},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ABSURD)
@pytest.mark.parametrize("backend", ["mpmath", "arb"])
def test_absurd_chains_fail_with_little_work(name: str, backend: str) -> None:
    with little_work():
        found = ropecalc.verify(parse(resealed(**ABSURD[name])), backend=backend)
    assert found.status is VerificationStatus.LINK_FAILS


@pytest.mark.slow
def test_a_claim_made_to_fill_the_memory_fails_with_little_work() -> None:
    """Near base 1 a chain of one link is true, and S(2) < 0 is found before any large table."""
    text = resealed(
        rotary_dim=8_192,
        context=2**30,
        low="1.0000000000001",
        high="1.0000000000005",
        chain=[[2e-13, 2]],
    )
    with little_work():
        found = ropecalc.verify(parse(text), backend="arb")
    assert (found.status.name, found.failed_distance) == ("HIGH_END_FAILS", 2)


def test_a_file_of_200_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)
    with pytest.raises(CertificateError, match="larger than 32 MiB"):
        ropecalc.verify(path)


def test_other_things_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for path, words in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.json", "no such file"),
        (tmp_path / "binary.json", "not text in UTF-8"),
        ("a\0b", "cannot be read"),
        ("", "no such file"),
    ):
        with pytest.raises(CertificateError, match=words):
            ropecalc.verify(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file here")
def test_an_endless_file_is_left() -> None:
    with pytest.raises(CertificateError, match=f"larger than {MAX_BYTES // 2**20} MiB"):
        ropecalc.verify("/dev/zero")


def test_writing_keeps_what_was_there_or_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text("before")
    with pytest.raises(CertificateError, match="cannot be written"):
        PROOF.write(tmp_path / "nowhere" / "proof.json")
    with pytest.raises(CertificateError, match="cannot be written"):
        PROOF.write(tmp_path)
    assert path.read_text() == "before"
    PROOF.write(path)
    assert path.read_text() == TEXT
    assert os.listdir(tmp_path) == ["proof.json"]  # noqa: PTH208


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "proof.json"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CertificateError, match="No space left on device"):
        PROOF.write(path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["proof.json"]  # noqa: PTH208


def test_from_the_shell(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    made = run_cli("min-base", "--dim", "32", "--ctx", "300", "-q", "--certificate", str(path))
    assert (made.returncode, made.stderr) == (0, "")
    assert float(made.stdout) == float(PROOF.claim.high)
    done = run_cli("verify", str(path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)["results"][0]
    assert result["proved"] is True
    assert (result["status"], result["context"], result["rotary_dim"]) == ("proved", 300, 32)
    piped = run_cli("verify", "-", "-q", "--backend", "mpmath", stdin=path.read_text())
    assert (piped.returncode, piped.stdout) == (0, "")
    line = ("min-base", "--dim", "32", "--ctx", "80", "-q", "--safe-certificate", str(path))
    assert run_cli(*line).returncode == 0
    assert run_cli("verify", str(path), "-q").returncode == 0


def test_from_the_shell_where_it_fails(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text(resealed(**FALSE_CLAIMS["another dimension"]))
    done = run_cli("verify", str(path), "--csv", "--all-fields")
    assert (done.returncode, done.stderr) == (1, "")
    assert "link_fails" in done.stdout
    assert run_cli("verify", str(path), "-q").returncode == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("verify", "no certificate was named"),
        ("verify no-such-proof.json", "no such file"),
        ("verify README.md", "is not valid JSON"),
        ("verify examples/config.template.json", "must have the keys"),
        ("verify README.md --backend gmp", "Invalid value for '--backend'"),
        ("min-base --dim 32,64 --ctx 64 --certificate p.json", "give one --dim and one --ctx"),
        ("min-base --dim 32 --ctx 64 --certificate no/such/folder", "write it elsewhere"),
        ("min-base --dim 32 --ctx 2 --certificate p.json", "the bound holds from base 1 on"),
    ],
)
def test_bad_input_is_one_line(run_cli: RunCli, line: str, words: str) -> None:
    done = run_cli(*line.split())
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
