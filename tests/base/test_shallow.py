"""Heads of few pairs, and bounds that are met by a hair: where single precision sees nothing."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import pytest

import ropecalc
from ropecalc import (
    Certificate,
    CertificateError,
    InvalidValueError,
    SafeStatus,
    WindowStatus,
)
from ropecalc.base.family import family_of
from ropecalc.certificate.format import Claim
from ropecalc.certificate.schema import parse

# (head_dim, context, the rest): walks that looked at all distances, and never got on
BLURRED: dict[str, tuple[int, int, dict[str, Any]]] = {
    "two pairs": (4, 16_384, {}),
    "two weighted pairs": (4, 2**14, {"weights": [1, 1.000001]}),
    "a margin of nearly 1": (8, 100, {"weights": [0, 1, 1, 1], "margin": 0.99999}),
    "the same, longer": (8, 1000, {"weights": [0, 1, 1, 1], "margin": 0.9999939233841408}),
    "unrotated pairs": (8, 4096, {"rotary_dim": 4, "margin": 0.49999999}),
}


def lowest(base: float, head_dim: int, context: int, **more: Any) -> float:
    """The lowest S(m) - margin S(0) below a context, with 40 digits near where it is small."""
    rotary_dim, margin = more.get("rotary_dim", head_dim), more.get("margin", 0.0)
    weights = more.get("weights") or [1.0] * (rotary_dim // 2)
    u = (head_dim - rotary_dim) // 2
    with mpmath.workdps(40):
        thetas = [
            mpmath.mpf(base) ** (-mpmath.mpf(2 * i) / rotary_dim) for i in range(len(weights))
        ]
        at_zero = u + sum(map(mpmath.mpf, weights))

        def g(m: int) -> Any:
            turned = (w * mpmath.cos(m * t) for w, t in zip(weights, thetas, strict=True))
            return u + sum(turned) - mpmath.mpf(margin) * at_zero

        return float(min(map(g, range(1, context))))


@pytest.mark.slow
@pytest.mark.parametrize("name", BLURRED)
def test_all_windows_are_found_and_their_ends_are_ends(name: str) -> None:
    head_dim, context, more = BLURRED[name]
    found = ropecalc.windows(head_dim, context, **more).windows
    assert found[-1].end is None
    if context <= 1000:
        for window in found:
            assert lowest(window.start, head_dim, context, **more) >= 0
            assert lowest(window.start * (1 - 1e-9), head_dim, context, **more) < 0
    least = ropecalc.min_base(head_dim, context, **more, min_window=0.01)
    assert least.minimum_base == found[0].start
    wide = next(w for w in found if w.end is None or w.end >= w.start * 1.01)
    assert least.wide_start == wide.start
    assert (least.wide_status is WindowStatus.ENDLESS) == (wide.end is None)


@pytest.mark.parametrize("base", [1e21, 1e200])
def test_there_is_room_around_a_base_far_above_the_last_zero(base: float) -> None:
    found = ropecalc.check(base, 2**17, head_dim=4)
    assert (found.room_below, found.room_above, found.room_limit) == (0.01, 0.01, 0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head_dim", "context", "margin", "weights"),
    [
        (128, 1024, 0.9, None),
        (64, 256, 0.75, None),
        (8, 4, 0.5, None),
        (4, 3, 0.2919, None),
        (12, 50, 0.999999, [0, 0, 0, 6.3e14, 0, 0]),
    ],
)
def test_a_certificate_of_a_shallow_zero_is_narrow_and_proved(
    head_dim: int, context: int, margin: float, weights: list[float] | None
) -> None:
    proof = ropecalc.certify(head_dim, context, margin=margin, weights=weights)
    assert (proof.claim.high - proof.claim.low) / proof.claim.high < Decimal("1e-12")
    least = ropecalc.min_base(
        head_dim, context, margin=margin, weights=weights, window=False, recommended=False
    )
    assert float(proof.claim.high) == least.minimum_base
    for backend in ("arb", "mpmath") if context < 100 else ("arb",):
        assert ropecalc.verify(parse(proof.to_json()), backend=backend).proved


CANCELLING: list[tuple[int, int, dict[str, Any]]] = [
    (
        10,
        49,
        {
            "rotary_dim": 8,
            "weights": [1.1384251161262975e-15] * 4,
            "margin": 0.9999999999999953,
        },
    ),
    (
        12,
        55,
        {
            "rotary_dim": 10,
            "weights": [2.7763536288489774e-15] * 5,
            "margin": 0.9999999999999858,
        },
    ),
    (8, 40, {"rotary_dim": 6, "weights": [1e-9] * 3, "margin": 1 - 2.9e-9}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("head_dim", "context", "more"), CANCELLING)
def test_unrotated_pairs_and_a_margin_that_nearly_cancel(
    head_dim: int, context: int, more: dict[str, Any]
) -> None:
    found = ropecalc.min_base(head_dim, context, **more)
    assert found.minimum_base is not None
    assert lowest(found.minimum_base, head_dim, context, **more) >= 0
    for part in range(1, 60):  # no smaller base of these meets the bound
        smaller = math.exp(math.log(found.minimum_base) * part / 60)
        assert lowest(smaller, head_dim, context, **more) < 0
    assert ropecalc.verify(ropecalc.certify(head_dim, context, **more)).proved


@pytest.mark.parametrize("margin", [0.0, 0.3, 1 - 2.0**-53])
@pytest.mark.parametrize("scale", [1.0, 1e-15, 1e30])
def test_what_is_added_to_the_cosines_is_rounded_once(margin: float, scale: float) -> None:
    weights = [0.1 * scale, 0.2 * scale, 0.3 * scale]
    family = family_of(64, 6, weights, margin=margin)
    exact = 29 - Fraction(margin) * (29 + sum(map(Fraction, weights)))
    assert family.constant == float(exact)


WINDOW_AT_1: dict[str, Any] = {"rotary_dim": 4, "weights": [0, 1.004]}


def test_a_window_that_begins_at_base_1_is_no_trap() -> None:
    assert ropecalc.windows(6, 5, **WINDOW_AT_1).windows[0].start == 1.0
    found = ropecalc.min_base_in_dtype(6, 5, **WINDOW_AT_1)
    assert found.base == math.nextafter(1.0, 2.0)
    for digits in (16, 17):
        least = ropecalc.min_base(6, 5, **WINDOW_AT_1, round_digits=digits).round_base
        assert least is not None
        assert 1 < least < 1 + 1e-14
    with pytest.raises(InvalidValueError, match="the bound holds from base 1 on"):
        ropecalc.certify(6, 5, **WINDOW_AT_1)


@pytest.mark.slow
def test_what_cannot_be_shown_is_not_denied() -> None:
    walked = ropecalc.min_base(4, 16_384, safe=True)  # up to 1e300, step by step
    assert (walked.safe_status, walked.safe_base) == (SafeStatus.COMPUTED, walked.minimum_base)
    proof = ropecalc.certify(4, 5, kind="safe-base")
    assert ropecalc.verify(proof, backend="mpmath").proved
    built = ropecalc.build_staircase("minimum", 4, 10, jobs=1)
    assert built.at(10).base == ropecalc.min_base(4, 10).minimum_base
    with pytest.raises(InvalidValueError, match="could be shown to be safe"):
        ropecalc.build_staircase("minimum", 4, 2**22 + 1, jobs=1)


def test_a_certificate_made_by_hand_is_read_as_strictly_as_a_file() -> None:
    claim = Claim("minimum-base", 4, 0, None, Decimal(2), 1, Decimal(1), Decimal(5))
    false = Certificate(claim, ((3.0, 1),), None, "ropecalc 0.1.0")
    with pytest.raises(CertificateError, match="margin"):
        ropecalc.verify(false)
    empty = Certificate(ropecalc.certify(16, 40).claim, (), None, "ropecalc 0.1.0")
    with pytest.raises(CertificateError, match="chain"):
        ropecalc.verify(empty)
    wide = Claim("minimum-base", 4, 0, None, Decimal(0), 4, Decimal(2), Decimal(393))
    with pytest.raises(CertificateError, match="further apart"):
        ropecalc.verify(Certificate(wide, ((3.0, 1),), None, "ropecalc 0.1.0"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("recipe", ["transformers", "llama.cpp", "naive"])
def test_a_base_beyond_single_precision_is_no_warning(dtype: Any, recipe: Any) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    assert ropecalc.check_in_dtype(1e300, 100, dtype=dtype, recipe=recipe).holds
