"""What an answer of the library says of its question, and that the question reaches it whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import ropecalc
from ropecalc import InvalidValueError, Status, checking
from ropecalc.base.room import Room
from ropecalc.bound import checked_margin, scan
from ropecalc.checking import _looks
from ropecalc.scaling import default, linear
from ropecalc.similarity import MAX_POSITIONS, checked_context, error_bound

HEAD: dict[str, Any] = {"head_dim": 8, "rotary_dim": 4}  # theta = 1 and 0.01 for a base of 10,000
M = np.arange(400)
WEIGHTS = [2.0, 0.5]
WEIGHTED = 2 * np.cos(M) + 0.5 * np.cos(M / 100)
ASKED: dict[str, Any] = {**HEAD, "weights": WEIGHTS, "count_unrotated": False, "margin": 0.9}
BROKEN = np.flatnonzero(WEIGHTED < 2.25)  # nine tenths of 2.5


class Calls(list[tuple[int, int]]):
    def __call__(self, done: int, total: int) -> None:
        self.append((done, total))


@pytest.mark.parametrize(
    "call",
    [
        lambda: ropecalc.curve(1e4, [1], **HEAD),
        lambda: ropecalc.envelope(1e4, [0, 1], **HEAD),
        lambda: ropecalc.frequencies(1e4, **HEAD),
    ],
    ids=["curve", "envelope", "frequencies"],
)
def test_dims_beside_a_base_are_those_of_the_spectrum(call: Callable[[], Any]) -> None:
    assert call().spectrum == default(1e4, 8, rotary_dim=4)


def test_a_check_says_what_was_asked_and_what_was_found() -> None:
    calls = Calls()
    found = ropecalc.check(1e4, 400, **ASKED, next_base=False, min_window=0.1, progress=calls)
    assert (found.head_dim, found.rotary_dim, found.count_unrotated) == (8, 4, False)
    assert (found.base, found.context, found.margin, found.min_window) == (1e4, 400, 0.9, 0.1)
    assert (found.rope_type, found.weighted, found.label) == ("default", True, "")
    assert (found.status, found.holds) == (Status.BROKEN, False)
    assert (found.first_violation, found.violations) == (BROKEN[0], BROKEN.size)
    assert found.worst_distance == WEIGHTED.argmin()
    assert found.worst_similarity == pytest.approx(WEIGHTED.min(), abs=1e-12)
    assert found.slack == pytest.approx((WEIGHTED.min() - 2.25) / 2.5, abs=1e-12)
    assert found.error_bound == error_bound(default(1e4, 4, weights=WEIGHTS))
    assert (found.next_base, found.room_below, found.room_above, found.room_limit) == (None,) * 4
    assert calls == [(400, 400)]


def test_a_longest_context_says_what_was_asked_and_what_was_found() -> None:
    calls = Calls()
    found = ropecalc.max_context(1e4, **ASKED, limit=10**6, progress=calls)
    assert (found.head_dim, found.rotary_dim, found.count_unrotated) == (8, 4, False)
    assert (found.base, found.margin, found.limit) == (1e4, 0.9, 10**6)
    assert (found.rope_type, found.weighted, found.label) == ("default", True, "")
    assert (found.status, found.max_context) == (Status.VIOLATED, BROKEN[0])
    assert found.similarity == pytest.approx(WEIGHTED[BROKEN[0]], abs=1e-12)
    assert not calls, "nothing is examined beyond the first violation"


def test_unrotated_pairs_count_unless_told_not_to() -> None:
    calls = Calls()
    found = ropecalc.max_context(1e4, **HEAD, limit=30_000, progress=calls)
    assert (found.count_unrotated, found.status) == (True, Status.FREE)
    assert (found.first_violation, found.similarity, found.weighted) == (None, None, False)
    assert calls[-1] == (30_000, 30_000)
    assert ropecalc.check(1e4, 30_000, **HEAD, room=False).holds


def test_the_bound_of_a_scaled_spectrum_names_the_method_and_the_base() -> None:
    spectrum = linear(1e4, 4, factor=2, label="half")  # S(m) = cos(m / 2) + cos(m / 200)
    first = int(np.flatnonzero(np.cos(M / 2) + np.cos(M / 200) < 0)[0])
    longest = ropecalc.max_context(spectrum)
    checked = ropecalc.check(spectrum, first + 1)
    for found in (longest, checked):
        assert (found.rope_type, found.base, found.label) == ("linear", 1e4, "half")
        assert found.first_violation == first
    assert (checked.next_base, checked.room_limit) == (None, None)


def test_contexts_limits_and_margins_go_to_their_ends() -> None:
    assert ropecalc.max_context(1e4, limit=1).status is Status.BEYOND_LIMIT
    assert ropecalc.max_context(2, head_dim=2, limit=MAX_POSITIONS).max_context == 2
    assert checked_context(MAX_POSITIONS) == MAX_POSITIONS
    assert ropecalc.frequencies(1e4, context=1).turns is not None
    for margin in (0.0, 1.0):
        checked_margin(margin)
    for margin in (-5e-324, float(np.nextafter(1, 2))):
        with pytest.raises(InvalidValueError, match="margin must be from 0 to 1"):
            checked_margin(margin)


def test_room_is_looked_for_where_that_is_quick_or_asked_for() -> None:
    plain, wide = default(1e4, 512), default(1e4, 514)
    assert _looks(None, plain, 2**17)
    assert not _looks(None, plain, 2**17 + 1)
    assert not _looks(None, wide, 2**17)
    assert _looks(True, wide, 2**20)
    assert not _looks(False, plain, 1)
    assert not _looks(True, linear(1e4, factor=2), 1), "its base is no base of the bound"


def test_a_check_looks_for_room_where_it_holds_and_for_a_base_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[object, ...]] = []

    def next_bases(_: object, *of: object) -> tuple[float, float, None]:
        asked.append(of)
        return 7.0, 9.0, None

    monkeypatch.setattr(checking, "_room", lambda *_: Room(below=0.25, above=0.5))
    monkeypatch.setattr(checking, "_next_bases", next_bases)
    check = partial(ropecalc.check, 1e4, head_dim=2)  # S(m) = cos(m), below 0 at 2
    for context, room, found in ((1, None, True), (2, True, True), (2, False, False)):
        held = check(context, room=room)
        rooms = (held.room_below, held.room_above, held.room_limit)
        assert rooms == ((0.25, 0.5, 0.01) if found else (None,) * 3)
        assert held.next_base is None
    broken = check(3, margin=0.125, min_window=0.1)
    assert (broken.next_base, broken.recommended_base) == (7.0, 9.0)
    assert (broken.room_below, broken.room_limit) == (None, None)
    assert check(3, next_base=False).next_base is None
    assert asked == [(3, 0.125, 0.1, None)]
    unasked = check(3, margin=0.125)
    assert (unasked.next_base, unasked.unsearched) == (None, True), "in no table"
    assert check(3, margin=0.125, next_base=True).next_base == 7.0
    assert not broken.unsearched
    assert not check(2).unsearched


def test_a_scan_that_is_interrupted_says_what_it_knows() -> None:
    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    m = np.arange(2**14)  # the first block
    broken = np.flatnonzero(np.cos(m) + np.cos(m / 100) < 0)
    told = f"^first violation at {broken[0]} tokens, {broken.size:,} below 16,384 tokens$"
    with pytest.raises(KeyboardInterrupt, match=told):
        scan(default(1e4, 4), 0, 10**6, progress=interrupt)
    with pytest.raises(KeyboardInterrupt, match=r"^no violation below 16,484 tokens, from 100 on$"):
        scan(default(1e4, **HEAD), 100, 10**6, progress=interrupt)
