"""A verification for people: what was proved, or where the proof fails and what that means."""

from __future__ import annotations

import re

import pytest

import ropecalc
from ropecalc import Verification
from ropecalc.certificate.schema import parse
from ropecalc.render.proof import show_verification
from tests.certificate.test_certificate_files import PROOF, resealed
from tests.tools.render_samples import Stream


def shown(result: Verification, encoding: str = "utf-8") -> str:
    """Without what depends on the machine: the library of the arithmetic, and the time it took."""
    stream = Stream(encoding=encoding)
    show_verification(result, stream)
    return re.sub(r"(?m)^  checked with .*\n", "", stream.text())


def verified(**changes: object) -> Verification:
    return ropecalc.verify(parse(resealed(**changes)), backend="mpmath")


def test_a_link_that_fails() -> None:
    chain = [list(link) for link in PROOF.chain]
    chain[5][1] += 40
    text = shown(verified(chain=chain))
    start, end = PROOF.chain[4][0], PROOF.chain[5][0]
    links = len(chain)
    assert text.startswith(
        f"✗ Not proved: the minimum base for 300 tokens, rotary_dim 32; link 6 of {links} fails\n"
    )
    assert f"  chain         5 of {links} links proved, each an interval of " in text
    words = " ".join(text.split())
    assert f"fails on x = ln(base) from {start!r} to {end!r}, bases " in words
    assert f"at distance {chain[5][1]} tokens because at x = " in words
    assert "(the bound is S(m) ≥ 0)" in words
    assert words.endswith("The claim may be true all the same: it is not proved here.")
    assert "high end" not in text


def test_a_high_end_that_fails_beside_a_margin() -> None:
    text = shown(verified(margin="0.001"), "ascii")
    assert text.startswith(
        "no: Not proved: the minimum base for 300 tokens, rotary_dim 32, margin 0.001\n"
    )
    words = " ".join(text.split())
    assert "bound S(m) >= 0.001 * S(0) at every distance m < 300" in words
    assert "because at the high end S(" in words
    assert "fails on" not in words


@pytest.mark.parametrize("kind", ["minimum-base", "safe-base"])
@pytest.mark.parametrize(
    ("head_dim", "weights", "named"),
    [
        (16, None, "rotary_dim 16"),
        (20, None, "rotary_dim 16, 2 unrotated pairs counted"),
        (16, [1, 2, 1, 1, 1, 1, 1, 1], "rotary_dim 16, weighted pairs"),
    ],
)
def test_what_is_proved(kind: str, head_dim: int, weights: list[float] | None, named: str) -> None:
    made = ropecalc.certify(head_dim, 64, rotary_dim=16, weights=weights, kind=kind)
    text = shown(ropecalc.verify(made))
    assert text.startswith(f"✓ Proved: the {kind.replace('-', ' ')} for 64 tokens, {named}\n")
    words = " ".join(text.split())
    safe = kind == "safe-base"
    assert f"high end {'it and every larger base meet' if safe else 'it meets'} the bound" in words
    assert (" links proved, each an interval of " in words) is not safe
    assert words.endswith(
        "Every base from the high end on meets the bound, and one at the low end does not."
        if safe
        else "the high end keeps S(m) ≥ 0 at every distance m < 64."
    )
