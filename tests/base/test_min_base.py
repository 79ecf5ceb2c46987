"""The minimum base: published and exact values, and Arb as an independent oracle."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import InvalidValueError, Status, WindowStatus
from ropecalc.base.window import WindowEnd
from tests.tools.laws import laws
from tests.tools.oracle import excess_ball

# (context, minimum base, critical distance) for 128 rotated dimensions: found by two exact
# methods, a branch and bound over all bases and this sweep, and rooted at 40 digits.
EXACT = [
    (2**10, "4293.437569262578", 1009),
    (2**11, "11587.24430311107", 1788),
    (2**12, "26952.33922785787", 4012),
    (2**13, "83763.84101543443", 8172),
    (2**14, "231643.6468069075", 15643),
    (2**15, "629978.262855044", 30704),
    (2**16, "2090179.674054197", 60076),
    (2**17, "4869104.37052878", 124837),
    (2**18, "23662397.0369661", 227688),
    (2**19, "58496173.8021623", 479857),
    (2**20, "65374955.1440810", 935093),
]


def assert_exact(context: int, base: str, critical: int) -> None:
    found = swept(128, context)
    assert found.minimum_base == pytest.approx(float(base), rel=1e-12)
    assert found.critical_distance == critical
    assert found.status is Status.FOUND


@pytest.mark.parametrize(
    ("context", "base", "critical"),
    [*EXACT[:4], *(pytest.param(*row, marks=pytest.mark.slow) for row in EXACT[4:5])],
)
def test_exact_values(context: int, base: str, critical: int) -> None:
    assert_exact(context, base, critical)


@pytest.mark.slow
@pytest.mark.parametrize(("context", "base", "critical"), EXACT[5:8])
def test_exact_values_of_longer_contexts(context: int, base: str, critical: int) -> None:
    assert_exact(context, base, critical)


def swept(head_dim: int, context: int) -> ropecalc.MinimumBase:
    """The minimum base by the sweep, and nothing else."""
    return ropecalc.min_base(
        head_dim,
        context,
        round_digits=None,
        integer=False,
        window=False,
        recommended=False,
        use_table=False,
    )


@st.composite
def heads(draw: st.DrawFn) -> dict[str, Any]:
    half = draw(st.integers(1, 40))
    unrotated = draw(st.integers(0, half))
    weights = draw(
        st.none() | st.lists(st.floats(0, 4, width=16), min_size=half, max_size=half).filter(any)
    )
    return {
        "head_dim": 2 * (half + unrotated),
        "rotary_dim": 2 * half,
        "weights": weights,
        "margin": draw(st.just(0.0) | st.floats(0, 0.3)),
    }


def ball_of(base: Any, distance: int, head: dict[str, Any]) -> Any:
    return excess_ball(
        base,
        head["rotary_dim"],
        distance,
        weights=head["weights"],
        unrotated=(head["head_dim"] - head["rotary_dim"]) // 2,
        margin=head["margin"],
    )


@pytest.mark.slow
@laws(max_examples=10)
@given(head=heads(), context=st.integers(1, 300), data=st.data())
@example(
    head={"head_dim": 2, "rotary_dim": 2, "weights": None, "margin": 0.0}, context=3, data=None
)
@example(
    head={"head_dim": 4, "rotary_dim": 4, "weights": None, "margin": 0.0}, context=3, data=None
)
@example(
    head={"head_dim": 4, "rotary_dim": 2, "weights": None, "margin": 0.0}, context=600, data=None
)
def test_arb_confirms_the_minimum(head: dict[str, Any], context: int, data: Any) -> None:
    found = ropecalc.min_base(
        context=context,
        round_digits=None,
        integer=False,
        window=False,
        recommended=False,
        use_table=False,
        **head,
    )
    if found.status is Status.NO_BASE:
        # Even where all pairs but the first stand still, some distance breaks the bound, or the
        # base that would do is beyond the range.
        assert any(ball_of(1e300, m, head) < 0 for m in range(1, context))
        return
    assert found.minimum_base is not None
    if found.enclosure is None:
        assert found.minimum_base == 1
        for base in np.geomspace(1 + 1e-9, 1e9, 12).tolist():
            assert found.status is not Status.EVERY_BASE or not any(
                ball_of(base, m, head) < 0 for m in range(1, context)
            )
        return
    low, high = found.enclosure
    assert high == found.minimum_base == np.nextafter(low, np.inf)
    assert found.critical_distance is not None
    assert ball_of(low, found.critical_distance, head) < 0
    assert all(ball_of(high, m, head) > 0 for m in range(1, context))
    logs = np.linspace(0, math.log(low), 40)
    if data is not None:
        logs = np.append(logs, data.draw(st.lists(st.floats(0, math.log(low)), max_size=20)))
    for x in logs:
        base = min(low, math.exp(x))
        assert any(ball_of(base, m, head) < 0 for m in lowest_first(base, context, head))


def lowest_first(base: float, context: int, head: dict[str, Any]) -> list[int]:
    """Distances by their similarity as floats have it: where one is negative, Arb sees it soon."""
    pairs = head["rotary_dim"] // 2
    angles = np.outer(np.arange(1, context), base ** (-np.arange(pairs) / pairs))
    weights = np.ones(pairs) if head["weights"] is None else np.array(head["weights"])
    return [1 + int(place) for place in np.argsort(np.cos(angles) @ weights)]


@pytest.mark.slow
@laws(max_examples=15)
@given(half=st.integers(2, 64), context=st.integers(3, 3000), longer=st.integers(1, 500))
def test_the_minimum_does_not_fall_as_the_context_grows(
    half: int, context: int, longer: int
) -> None:
    first, second = (swept(2 * half, length) for length in (context, context + longer))
    assert second.minimum_base is not None
    assert first.minimum_base is not None
    assert first.minimum_base <= second.minimum_base


@pytest.mark.parametrize("head_dim", [32, 64, 128, 256])
def test_the_first_window_is_a_window(head_dim: int) -> None:
    found = ropecalc.min_base(head_dim, 3000)
    assert found.window_status is WindowStatus.ENDS
    assert found.window_end is not None
    assert found.minimum_base is not None
    for base in np.linspace(found.minimum_base, found.window_end, 50):
        assert ropecalc.check(base, 3000, head_dim=head_dim, next_base=False, room=False).holds
    after = float(np.nextafter(found.window_end, np.inf))
    assert not ropecalc.check(after, 3000, head_dim=head_dim, next_base=False, room=False).holds


def test_an_endless_window_is_said_to_be_endless() -> None:
    found = ropecalc.min_base(128, 3)
    assert (found.window_status, found.window_end) == (WindowStatus.ENDLESS, None)
    assert found.minimum_base is not None
    for base in np.geomspace(found.minimum_base, 1e300, 100):
        assert ropecalc.check(base, 3, next_base=False, room=False).holds


def test_a_window_too_wide_to_follow_is_given_as_far_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ropecalc.base.window.MAX_STEPS", 2)
    found = ropecalc.min_base(128, 2048, rotary_dim=66, round_digits=None, integer=False)
    assert found.window_status is WindowStatus.AT_LEAST
    assert found.window_end is not None
    assert found.minimum_base is not None
    for base in np.geomspace(found.minimum_base, found.window_end, 100):
        assert ropecalc.check(base, 2048, rotary_dim=66, next_base=False, room=False).holds


def test_the_last_base_of_a_walk_that_was_given_up_is_a_hair_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "ropecalc.base.solve.window_end", lambda *_: WindowEnd(50.0, None, endless=False)
    )
    end = ropecalc.min_base(128, 2048, round_digits=None, integer=False).window_end
    assert end is not None
    assert math.exp(50) * (1 - 1e-13) < end < math.exp(50)


@pytest.mark.slow
@pytest.mark.parametrize("digits", [1, 2, 3, 5])
@pytest.mark.parametrize("context", [1024, 4096, 6000])
def test_the_round_base_is_the_first_of_its_digits(digits: int, context: int) -> None:
    found = ropecalc.min_base(128, context, round_digits=digits)
    assert found.round_base is not None
    assert found.minimum_base is not None
    assert float(f"{found.round_base:.{digits - 1}e}") == found.round_base
    assert ropecalc.check(found.round_base, context).holds
    step = 10.0 ** (math.floor(math.log10(found.minimum_base)) - digits + 1)
    candidate = math.ceil(found.minimum_base / step) * step
    while candidate < found.round_base * (1 - 1e-12):
        rounded = float(f"{candidate:.{digits - 1}e}")
        assert not ropecalc.check(rounded, context, next_base=False, room=False).holds
        candidate += step


@pytest.mark.parametrize(("context", "expected"), [(4096, 29_000), (131_072, 8.8e6)])
def test_first_two_digit_bases(context: int, expected: float) -> None:
    assert (
        ropecalc.min_base(128, context, integer=False, window=False, recommended=False).round_base
        == expected
    )


@pytest.mark.parametrize("context", [3, 50, 1024, 8192])
def test_the_integer_base_is_the_first_integer(context: int) -> None:
    found = ropecalc.min_base(128, context)
    assert found.integer_base is not None
    assert found.minimum_base is not None
    assert ropecalc.check(found.integer_base, context).holds
    for base in range(max(2, math.ceil(found.minimum_base)), found.integer_base):
        assert not ropecalc.check(base, context, next_base=False, room=False).holds


@pytest.mark.parametrize("tries", [1, 3])
def test_jumping_to_the_next_window_misses_no_candidate(
    tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = ropecalc.min_base(128, 4096, round_digits=4).round_base
    monkeypatch.setattr("ropecalc.base.rounding.TRIES", tries)
    assert ropecalc.min_base(128, 4096, round_digits=4).round_base == one_by_one
    assert ropecalc.min_base(128, 4096, round_digits=2).round_base == 29_000


def test_round_and_integer_bases_meet_a_weighted_bound_with_a_margin() -> None:
    head: dict[str, Any] = {"weights": [1.0] * 8 + [0.25] * 8, "margin": 0.05}
    found = ropecalc.min_base(32, 256, **head)
    assert found.round_digits == 2
    for base in (found.minimum_base, found.round_base, found.integer_base):
        assert base is not None
        assert ropecalc.check(base, 256, head_dim=32, **head).holds
    assert found.minimum_base is not None
    below = np.nextafter(found.minimum_base, 0.0)
    checked = ropecalc.check(float(below), 256, head_dim=32, next_base=True, **head)
    assert not checked.holds
    assert checked.next_base == found.minimum_base
    assert found.round_base is not None
    roomy = ropecalc.check(found.round_base, 256, head_dim=32, **head)
    assert roomy.room_above is not None


def test_only_what_is_asked_for_is_given() -> None:
    found = swept(128, 1024)
    assert (found.round_digits, found.round_base, found.integer_base) == (None, None, None)
    assert (found.source, found.window_status) == ("sweep", WindowStatus.NOT_SOUGHT)
    assert found.safe_base is found.safe_distance is None
    assert ropecalc.min_base(128, 1024, window=False, recommended=False).source == "table"


def test_a_width_is_looked_at_where_there_is_no_base_too() -> None:
    with pytest.raises(InvalidValueError, match="min_window"):
        ropecalc.min_base(2, 3, min_window=-1.0)


def test_round_and_integer_bases_of_a_wide_window_lie_in_one() -> None:
    found = ropecalc.min_base(16, 200, min_window=0.1)
    assert found.minimum_base == pytest.approx(8295.898135033283, rel=1e-12)
    assert found.wide_start == pytest.approx(11952.885815951648, rel=1e-12)
    assert (found.round_base, found.integer_base) == (12_000.0, 11_953)


@pytest.mark.slow
@pytest.mark.parametrize("digits", [1, 17, 18, 30, 1000])
def test_a_sweep_gives_so_many_digits(digits: int) -> None:
    found = ropecalc.min_base(4, 4, digits=digits, use_table=False)
    assert found.minimum_base_digits is not None
    assert len(found.minimum_base_digits.as_tuple().digits) == digits


@pytest.mark.parametrize("digits", [1, 6, 12, 17, 18, 40])
def test_digits_are_rounded_up_and_meet_the_bound(digits: int) -> None:
    found = ropecalc.min_base(128, 2048, digits=digits).minimum_base_digits
    assert found is not None
    exact = Decimal("11587.2443031110607")
    assert found >= exact
    assert float(found) <= 11587.2443 * (1 + 10 ** -(digits - 1.0)) + 1
    assert ropecalc.check(found if digits > 17 else float(found), 2048).holds


def test_forty_digits_are_forty_digits() -> None:
    found = ropecalc.min_base(128, 2048, digits=40).minimum_base_digits
    more = ropecalc.min_base(128, 2048, digits=60).minimum_base_digits
    assert found is not None
    assert more is not None
    assert len(found.as_tuple().digits) == 40
    assert Decimal(0) <= found - more < Decimal("1e-35")
    below = more - Decimal("1e-50")
    assert excess_ball(str(below), 128, 1788, bits=400) < 0
    assert excess_ball(str(more), 128, 1788, bits=400) > 0


def test_half_rotation_meets_the_bound_at_every_base() -> None:
    found = ropecalc.min_base(128, 4096, rotary_dim=64)
    assert (found.status, found.minimum_base) == (Status.EVERY_BASE, 1.0)
    assert (found.round_base, found.integer_base) == (None, None)
    ignoring = ropecalc.min_base(128, 4096, rotary_dim=64, count_unrotated=False)
    assert ignoring.minimum_base == ropecalc.min_base(64, 4096).minimum_base


def test_base_one_may_meet_the_bound_where_a_larger_one_does_not() -> None:
    # S = 1 + 1.0096 cos(m theta): positive at theta = 1 to m = 21, negative where 16 theta = 5 pi.
    head: dict[str, Any] = {"rotary_dim": 4, "weights": [0.0, 1.0096]}
    found = ropecalc.min_base(6, 22, **head)
    assert (found.status, found.minimum_base) == (Status.FOUND, 1.0)
    assert found.window_status is WindowStatus.ENDS
    assert found.window_end is not None
    assert 1 < found.window_end < (16 / (5 * math.pi)) ** 2
    assert ropecalc.check(found.window_end, 22, head_dim=6, **head).holds
    after = float(np.nextafter(found.window_end, np.inf))
    assert not ropecalc.check(after, 22, head_dim=6, next_base=False, **head).holds


def test_one_pair_cannot_meet_the_bound_beyond_two_tokens() -> None:
    assert ropecalc.min_base(2, 2).status is Status.EVERY_BASE
    found = ropecalc.min_base(2, 3)
    assert (found.status, found.minimum_base, found.round_base) == (Status.NO_BASE, None, None)


def test_a_full_margin_is_met_by_no_base() -> None:
    assert ropecalc.min_base(128, 10, margin=1.0).status is Status.NO_BASE


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"head_dim": 127}, "head_dim"),
        ({"context": 0}, "context"),
        ({"context": 2**30 + 1}, "context"),
        ({"rotary_dim": 256}, "rotary_dim"),
        ({"margin": 2.0}, "margin"),
        ({"round_digits": 0}, "round_digits"),
        ({"round_digits": 18}, "round_digits"),
        ({"digits": 0}, "digits"),
        ({"digits": 1001}, "digits"),
        ({"weights": [1.0]}, "weights"),
    ],
)
def test_values_outside_the_domain_are_refused(arguments: dict[str, Any], parameter: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        ropecalc.min_base(**{"head_dim": 128, "context": 64, **arguments})
    assert caught.value.parameter == parameter


def test_progress_rises_to_the_context() -> None:
    calls: list[tuple[int, int]] = []
    found = {"use_table": False, "recommended": False}
    ropecalc.min_base(64, 1024, **found, progress=lambda *args: calls.append(args))  # type: ignore[arg-type]
    assert calls
    assert calls == sorted(calls)
    assert all(0 < done <= total == 1024 for done, total in calls)


def test_progress_of_a_wide_window_goes_on() -> None:
    def told(width: float | None) -> int:
        calls: list[tuple[int, int]] = []
        ropecalc.min_base(32, 300, min_window=width, progress=lambda *args: calls.append(args))
        return len(calls)

    assert told(0.05) > told(None)
