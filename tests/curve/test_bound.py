"""The bound: first violations, counts, verdicts that need multiple precision."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc import InvalidValueError, Status, UndecidedError
from ropecalc.bound import _verdicts, scan
from ropecalc.exact import excess, meets_bound
from ropecalc.scaling import default, explicit
from tests.tools.laws import laws
from tests.tools.oracle import excess_ball


@pytest.mark.slow
@laws(max_examples=30)
@given(
    base=st.floats(1.01, 1e8),
    half=st.integers(1, 24),
    unrotated=st.integers(0, 3),
    margin=st.floats(0, 0.5),
    context=st.integers(1, 400),
)
def test_check_agrees_with_arb(
    base: float, half: int, unrotated: int, margin: float, context: int
) -> None:
    found = ropecalc.check(
        base,
        context,
        head_dim=2 * (half + unrotated),
        rotary_dim=2 * half,
        margin=margin,
        next_base=False,
    )
    balls = [
        excess_ball(base, 2 * half, m, unrotated=unrotated, margin=margin) for m in range(context)
    ]
    broken = [m for m, ball in enumerate(balls) if ball < 0]
    assert all(ball > 0 for m, ball in enumerate(balls) if m not in broken and m > 0)
    assert found.violations == len(broken)
    assert found.first_violation == (broken[0] if broken else None)
    assert found.holds == (not broken)
    lowest = min(range(context), key=lambda m: float(balls[m].mid()))
    total = half + unrotated
    assert found.worst_similarity == pytest.approx(
        float(balls[lowest].mid()) + margin * total, abs=1e-11
    )
    assert found.slack == pytest.approx(float(balls[lowest].mid()) / total, abs=1e-11)


@pytest.mark.parametrize(
    ("base", "first"), [(1e4, 1707), (100, 59), (500, 171), (1e6, 27_115), (5e6, 82_999)]
)
def test_first_violations(base: float, first: int) -> None:
    found = ropecalc.max_context(base, limit=10**6)
    assert found.max_context == first
    assert excess_ball(base, 128, first) < 0
    assert found.similarity is not None
    assert found.similarity < 0
    assert ropecalc.check(base, first).holds
    assert not ropecalc.check(base, first + 1, next_base=False, room=False).holds


def test_max_context_says_when_there_is_none_below_the_limit() -> None:
    found = ropecalc.max_context(1e6, limit=27_115)
    assert (found.max_context, found.status) == (None, Status.BEYOND_LIMIT)
    assert ropecalc.max_context(1e6, limit=27_116).max_context == 27_115


def test_signs_in_doubt_are_decided_by_multiple_precision() -> None:
    # Twenty digits of a root of S(1009): double precision sees zero, the exact sign is known.
    below = default(Decimal("4293.4375692625784161384514"))
    above = default(Decimal("4293.4375692625784161384515"))
    roots = [scan(spectrum, 0, 1024) for spectrum in (below, above)]
    assert [found.in_doubt for found in roots] == [1, 1]
    assert [found.first_violation for found in roots] == [1009, None]


def test_margin_moves_the_threshold() -> None:
    spectrum = default(1e6, 64)
    values = ropecalc.similarity_at(spectrum, np.arange(5000))
    for margin in (0.0, 0.05, 0.2, 1.0):
        found = scan(spectrum, 0, 5000, margin=margin)
        assert found.violations == (values < margin * 32).sum()


def test_a_full_margin_is_met_at_distance_zero_only() -> None:
    assert ropecalc.check(1e6, 1, margin=1.0).holds
    assert ropecalc.check(1e6, 2, margin=1.0, next_base=False, room=False).first_violation == 1


def test_a_sign_that_all_digits_leave_open_is_undecided_not_guessed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def nothing_known(*given: Any) -> tuple[Decimal, Decimal]:
        asked.append(given[-1])
        return Decimal(0), Decimal(1)

    monkeypatch.setattr("ropecalc.exact.sign", lambda *_: None)
    monkeypatch.setattr("ropecalc.exact.excess", nothing_known)
    with pytest.raises(UndecidedError, match="unknown at 5,120 digits"):
        meets_bound(default(1e4, 4), 1)
    assert asked == [40 * 2**k for k in range(8)]
    assert asked[-1] == 5_120


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0])
def test_a_head_that_stands_still_meets_every_margin(margin: float) -> None:
    still = [explicit([0.0, 0.0]), explicit([1.0, 0.0], weights=[0.0, 1.0])]
    for spectrum in still:
        assert ropecalc.check(spectrum, 10, margin=margin).violations == 0
    moving = explicit([1e-9, 0.0])
    assert ropecalc.check(moving, 10, margin=1.0).first_violation == 1


def test_excess_agrees_with_arb_to_many_digits() -> None:
    value, error = excess(default(1e6), 27_115, Decimal(0), 60)
    ball = excess_ball(1e6, 128, 27_115, bits=400)
    assert error < 1e-57
    with flint.ctx.workprec(400):
        assert abs(flint.arb(str(value)) - ball) < 1e-57


def test_the_next_base_is_the_smallest_above_that_meets_the_bound() -> None:
    found = ropecalc.check(6.4e5, 32_768, next_base=True)
    assert found.next_base is not None
    assert ropecalc.check(found.next_base, 32_768).holds
    just_below = float(np.nextafter(found.next_base, 0))
    assert not ropecalc.check(just_below, 32_768, next_base=False, room=False).holds
    # ... and nothing on a fine grid in between does
    for base in np.linspace(6.4e5, just_below, 100):
        assert ropecalc.max_context(base, limit=32_768).max_context is not None


def test_the_next_base_is_found_from_the_very_end_of_a_window() -> None:
    end = ropecalc.min_base(128, 4096, round_digits=None, integer=False).window_end
    assert end is not None
    assert ropecalc.check(end, 4096).holds
    found = ropecalc.check(float(np.nextafter(end, np.inf)), 4096, next_base=True)
    assert not found.holds
    assert found.next_base is not None
    assert found.next_base > end * (1 + 1e-9)
    assert ropecalc.check(found.next_base, 4096).holds


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: ropecalc.check(1e6, 0), "context"),
        (lambda: ropecalc.check(1e6, 2**34 + 1), "context"),
        (lambda: ropecalc.check(1e6, 100, margin=-0.1), "margin"),
        (lambda: ropecalc.check(1e6, 100, margin=float("nan")), "margin"),
        (lambda: ropecalc.max_context(1e6, limit=0), "limit"),
        (lambda: ropecalc.max_context(1e6, limit=2**35), "limit"),
    ],
)
def test_values_outside_the_domain_are_refused(call, parameter: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidValueError) as caught:
        call()
    assert caught.value.parameter == parameter


def test_progress_of_a_check_reaches_its_context() -> None:
    calls: list[tuple[int, int]] = []
    ropecalc.check(1e9, 10**6, progress=lambda *args: calls.append(args))
    assert calls[-1] == (10**6, 10**6)


def test_a_scan_counts_from_its_start_and_over_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    still, calls = explicit([0.0]), []
    monkeypatch.setattr("ropecalc.exact.meets_bound", lambda *_: True)
    found = scan(still, 10, 40_010, margin=1.0, progress=lambda *args: calls.append(args))
    assert (found.in_doubt, found.violations, found.first_violation) == (40_000, 0, None)
    assert (found.worst_distance, found.worst_similarity) == (10, 1), "the first of equals"
    assert calls == [(2**14, 40_000), (40_000, 40_000)]
    assert scan(default(1e4), 0, 10**4, first_only=True).violations == 1


def test_an_interrupted_scan_says_what_it_has_seen() -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        scan(default(1e4), 0, 10**6, progress=stop)
    first = scan(default(1e4), 0, 10**4, first_only=True).first_violation
    assert f"{first:,}" in str(caught.value)


def test_a_scan_that_is_interrupted_at_once_has_nothing_to_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ropecalc.bound._verdicts", stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        scan(default(2), 0, 10**6)
    assert str(caught.value) == ""


def test_verdicts_in_doubt_are_asked_for_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def odd(_: object, distance: int, margin: Decimal) -> bool:
        assert margin == 1
        asked.append(distance)
        return distance % 2 == 1

    monkeypatch.setattr("ropecalc.exact.meets_bound", odd)
    values = np.array([10, 9, 11, 9.5, 10.25, 8])  # in doubt from 9.5 on, clear above 10.5
    found = _verdicts(explicit([0.0]), 100, values, 10.0, 0.5, Decimal(1))
    assert (found[0].tolist(), found[1]) == ([100, 101, 104, 105], 3)
    assert asked == [100, 103, 104]


@pytest.mark.parametrize("name", ["margin", "min_window"])
@pytest.mark.parametrize("value", [Decimal("NaN"), np.array([0.1, 0.2]), 10**400, "0.1", math.nan])
def test_a_margin_or_width_that_is_no_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"must be from \S+ to 1, got"):
        ropecalc.check(1e4, 64, **{name: value})
