"""Laws of what is written: it reads back as it was, and a proof that was bent proves nothing."""

from __future__ import annotations

import csv
import io
import json
import math
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import Certificate, CertificateError, InvalidValueError
from ropecalc.certificate.format import digest
from ropecalc.certificate.schema import parse
from ropecalc.inspection import inspect
from ropecalc.models.huggingface import parse_config
from ropecalc.quantities import format_base, parse_base, parse_fraction, parse_positive_int
from ropecalc.render import records
from ropecalc.render.machine import write_json, write_rows
from ropecalc.weights import read_weights
from tests.tools.laws import Head, heads, laws

FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text('ab,"\né ', max_size=6)
RECORDS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, a=FINITE, b=st.none() | FINITE, c=WORDS
)


@laws(max_examples=60)
@given(st.lists(RECORDS, min_size=1, max_size=4), st.lists(FINITE, max_size=5))
def test_json_has_every_bit_of_every_number(records: list[dict[str, Any]], more: list[Any]) -> None:
    file = io.StringIO()
    write_json(file, "check", {"margin": more}, ({**one, "d": iter([more])} for one in records))
    read = json.loads(file.getvalue())
    assert read["inputs"]["margin"] == more
    assert read["results"] == [{**one, "d": more} for one in records]


@laws(max_examples=60)
@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_rows_have_every_bit_of_every_number(records: list[dict[str, Any]]) -> None:
    for form, separator in {"csv": ",", "tsv": "\t"}.items():
        file = io.StringIO(newline="")
        write_rows(file, records, form)
        text = io.StringIO(file.getvalue(), newline="")
        quotes: Any = {"quoting": csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE}
        read = list(csv.DictReader(text, delimiter=separator, **quotes))
        assert [float(row["a"]) for row in read] == [one["a"] for one in records]
        assert [float(row["b"]) if row["b"] else None for row in read] == [
            one["b"] for one in records
        ]
        if separator == ",":
            assert [row["c"] for row in read] == [one["c"] for one in records]


@pytest.mark.slow
@laws(max_examples=15)
@given(heads(), st.integers(2, 60))
def test_answers_read_back_as_the_bases_that_they_name(head: Head, context: int) -> None:
    found = ropecalc.min_base(context=context, use_table=False, **head.asked)
    assume(found.minimum_base is not None)
    record = records.record(found)
    read = json.loads(json.dumps(record))
    for name in ("minimum_base", "round_base", "integer_base", "critical_distance"):
        assert read[name] == getattr(found, name)
    base = max(found.minimum_base or 0.0, math.nextafter(1.0, 2.0))
    again = parse_base(format_base(base))
    checked = records.record(ropecalc.check(again, context, **head.asked))
    assert checked["holds"] is True
    assert json.loads(json.dumps(checked))["base"] == base


@laws(max_examples=60)
@given(st.floats(0, 1), st.integers(1, 10**13))
def test_fractions_and_whole_numbers_survive_their_texts(share: float, whole: int) -> None:
    assert parse_fraction(repr(share), "margin") == share
    assert parse_positive_int(f"{whole:_}", "head_dim") == parse_positive_int(str(whole), "x")
    assert parse_positive_int(str(whole), "x") == whole


@laws(max_examples=25)
@given(st.lists(st.floats(0, 1e30), min_size=1, max_size=9))
def test_weights_survive_every_kind_of_file(weights: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w"
        for text in (
            json.dumps(weights),
            ",".join(map(repr, weights)),
            "\n".join(map(repr, weights)),
        ):
            path.write_text(text, encoding="utf-8")
            assert read_weights(path) == tuple(weights)
        with path.open("wb") as file:
            np.save(file, np.array(weights))
        assert read_weights(path) == tuple(weights)


# --- certificates --------------------------------------------------------------------------------


def proof_of(head: Head, context: int, kind: str = "minimum-base") -> Certificate:
    """A proof; examples that have nothing to prove are left out."""
    try:
        return ropecalc.certify(context=context, kind=kind, **head.asked)
    except InvalidValueError:
        assume(False)
        raise


def proves(document: dict[str, Any]) -> bool:
    """Whether a document, with a digest that fits it, is a proof."""
    sealed = {**document, "digest": digest(document)}
    try:
        return ropecalc.verify(parse(json.dumps(sealed))).proved
    except CertificateError:
        return False


@pytest.mark.slow
@laws(max_examples=15)
@given(heads(), st.integers(3, 90), st.sampled_from(["minimum-base", "safe-base"]))
def test_a_proof_of_any_head_reads_back_and_proves(head: Head, context: int, kind: str) -> None:
    proof = proof_of(head, context, kind)
    assert parse(proof.to_json()) == proof
    assert ropecalc.verify(proof).proved
    found = ropecalc.min_base(context=context, safe=True, use_table=False, **head.asked)
    base = found.minimum_base if kind == "minimum-base" else found.safe_base
    assert base is not None
    assert proof.claim.low < Decimal(base) <= proof.claim.high


@pytest.mark.slow
@laws(max_examples=12)
@given(heads(), st.integers(3, 90), st.data())
def test_a_proof_that_was_bent_in_one_place_proves_nothing(
    head: Head, context: int, data: st.DataObject
) -> None:
    document = json.loads(proof_of(head, context).to_json())
    claim, chain = document["claim"], document["evidence"]["chain"]
    assert proves(document)
    high = claim["high"]
    above = [{"low": high, "high": str(Decimal(high) * (1 + Decimal("1e-13")))}]
    below = [{"high": str((Decimal(claim["low"]) * 3 + Decimal(high)) / 4)}]
    witness = chain[-1][1]
    false = [*above, {"context": witness}, {"rotary_dim": claim["rotary_dim"] + 2}]
    false += (
        [{"low": claim["low"], **below[0]}] if is_below(head, below[0]["high"], witness) else []
    )
    for change in false:
        assert not proves({**document, "claim": {**claim, **change}}), change
    cut = data.draw(st.integers(0, len(chain) - 1))
    assert not proves({**document, "evidence": {"chain": chain[:-1]}})
    other = [*chain[:cut], [chain[cut][0], context], *chain[cut + 1 :]]
    assert not proves({**document, "evidence": {"chain": other}})
    swapped = [*chain[:cut], *reversed(chain[cut : cut + 2]), *chain[cut + 2 :]]
    assert swapped == chain or not proves({**document, "evidence": {"chain": swapped}})


def is_below(head: Head, base: str, distance: int) -> bool:
    """Whether a distance surely breaks the bound at a base."""
    ball = head.surely(base, distance)  # type: ignore[arg-type]
    return bool(ball < 0)


@laws(max_examples=10)
@given(heads(), st.integers(3, 60))
def test_a_proof_for_a_longer_context_wants_a_base_that_meets_it(head: Head, context: int) -> None:
    """The chain proves as much for more tokens; it is left whether ``high`` meets the bound."""
    document = json.loads(proof_of(head, context).to_json())
    for longer in (context + 1, 3 * context):
        claim = {**document["claim"], "context": longer}
        holds = head.holds(float(claim["high"]), longer)
        assert proves({**document, "claim": claim}) == holds


# --- files of models -----------------------------------------------------------------------------

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "head_dim": 64,
    "hidden_size": 512,
    "num_attention_heads": 8,
    "max_position_embeddings": 4096,
    "rope_theta": 1e4,
    "rope_scaling": {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 1024,
        "beta_fast": 16.0,
    },
}


@laws(max_examples=10)
@given(st.permutations(list(CONFIG)), st.permutations(list(CONFIG["rope_scaling"])))
def test_the_order_of_keys_in_a_file_does_not_show(outer: list[str], inner: list[str]) -> None:
    document = {key: CONFIG[key] for key in outer}
    document["rope_scaling"] = {key: CONFIG["rope_scaling"][key] for key in inner}
    model, usual = (parse_config(one, "config.json") for one in (document, CONFIG))
    assert model == usual
    found, expected = (inspect(one, bases=False) for one in (model, usual))
    assert replace(found) == expected
    assert found.findings == expected.findings
