"""Recommended bases: the first of two digits with 1 % of room on both sides."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from flint import arb, ctx

import ropecalc
from ropecalc.base.build import build_staircase
from ropecalc.base.family import family_of
from ropecalc.base.recommended import recommended_base
from ropecalc.base.room import roomy_context, two_digit_bases, wide_base
from ropecalc.errors import TableWarning
from ropecalc.results import Staircase, Step
from ropecalc.tables import decode, file_name, shipped, shipped_bytes
from tests.conftest import RunBatch

SHIPPED = (32, 48, 64, 72, 80, 96, 112, 120, 128, 160, 192, 256)
DIM, END = 32, 100


@pytest.fixture(scope="module", name="stairs")
def _stairs() -> Staircase:
    return build_staircase("recommended", DIM, END, jobs=1)


def lowest(dim: int, distance: int, low: arb, high: arb) -> arb:
    """S(m) over all bases from low to high: a ball that contains every value."""
    x = low.log().union(high.log())
    return sum((arb.cos(distance * (-x * (2 * i) / dim).exp()) for i in range(dim // 2)), arb(0))


def proved(dim: int, context: int, low: arb, high: arb, depth: int = 0) -> bool:
    """Whether S(m) > 0 at all distances below a context and all bases, by halving."""
    if all(lowest(dim, m, low, high) > 0 for m in range(1, context)):
        return True
    middle = (low + high) / 2
    return depth < 9 and all(
        proved(dim, context, *part, depth + 1) for part in ((low, middle), (middle, high))
    )


@pytest.mark.parametrize("index", [4, 12, 20])
def test_arb_proves_the_room_of_a_step_and_what_breaks_it(stairs: Staircase, index: int) -> None:
    ctx.prec = 80
    step = stairs.steps[index]
    base = arb(str(step.base))
    room = base * arb("0.99"), base * arb("1.01")
    assert proved(DIM, step.context, *room)
    ends = [room[0] + (room[1] - room[0]) * k / 2000 for k in range(2001)]
    assert any(lowest(DIM, step.distance, at, at) < 0 for at in ends)


def test_every_step_is_the_first_base_with_room(stairs: Staircase) -> None:
    family = family_of(DIM)
    for context in (1, 2, 3, 17, 60, 97, 99, 100):
        assert stairs.at(context).base == wide_base(family, context, 1.0)
    assert [step.base for step in stairs.steps] == sorted({step.base for step in stairs.steps})
    assert stairs.steps[-1] == Step(END, 460.0, 0)


def test_two_digit_bases_are_all_there_are() -> None:
    found = list(two_digit_bases(0.0, math.log(1e4)))
    digits = [Decimal(n) * Decimal(10) ** (k - 1) for k in range(4) for n in range(10, 100)]
    assert found == [float(one) for one in digits[1:]]


def test_a_base_carries_no_more_than_its_worst_neighbour() -> None:
    family = family_of(DIM)
    found = roomy_context(family, 200, 1_800.0)
    nearby = [1_800 * (0.99 + 0.001 * k) for k in range(21)]
    firsts = [ropecalc.max_context(base, head_dim=DIM, limit=200).max_context for base in nearby]
    assert found == min(first for first in firsts if first is not None) == 166
    assert roomy_context(family, 200, 1_800.0, least=found) == found


@pytest.mark.slow
@pytest.mark.parametrize("dim", SHIPPED)
def test_a_shipped_table_agrees_with_the_search(dim: int) -> None:
    table = shipped("recommended", dim)
    assert table is not None
    assert table.end >= 131_072
    family = family_of(dim)
    for context in (300, 1000):
        least = ropecalc.min_base(dim, context, window=False, recommended=False).minimum_base
        assert least is not None
        assert table.at(context).base == wide_base(family, context, least)


@pytest.mark.slow
@pytest.mark.parametrize("dim", [64, 128])
def test_shipped_tables_agree_with_the_search_further_on(dim: int) -> None:
    for context in (4096, 16_384):
        found = ropecalc.min_base(dim, context, window=False)
        assert found.minimum_base is not None
        assert found.recommended_base == wide_base(family_of(dim), context, found.minimum_base)


def test_the_digest_of_every_shipped_table_is_right() -> None:
    for dim in SHIPPED:
        name = file_name("recommended", dim)
        data = shipped_bytes(name)
        assert data is not None
        table = decode(data, name)
        assert list(table.bases) == sorted(set(table.bases))
        assert list(table.contexts) == sorted(set(table.contexts))
        assert all(float(f"{base:.1e}") == base for base in table.bases)


def test_a_table_that_is_wrong_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(kind: str, rotary_dim: int, context: int) -> Step:
        del kind, rotary_dim
        return Step(context, 4500.0, 0)  # it meets the bound, and its room does not

    monkeypatch.setattr("ropecalc.base.lookup.look_up", wrong)
    family = family_of(128)
    assert ropecalc.check(4320.0, 1024).holds
    with pytest.warns(TableWarning, match="recommended bases is wrong"):
        assert recommended_base(family, 1024, 4293.44) == 6100.0


def test_above_a_base_it_is_the_next_with_room() -> None:
    family = family_of(128)
    assert recommended_base(family, 1024, 4300.0) == 6100.0
    assert recommended_base(family, 1024, 7000.5) == wide_base(family, 1024, 7000.5) == 7100.0


def test_it_is_none_where_the_bound_asks_nothing_and_the_rotated_part_is_read_alone() -> None:
    found = ropecalc.min_base(128, 8192, rotary_dim=64)
    assert (found.recommended_base, found.minimum_base) == (None, 1.0)
    alone = ropecalc.min_base(64, 8192)
    assert found.rotated_part_base == alone.recommended_base == 730_000.0
    assert found.rotated_part_round_base == alone.round_base == 390_000.0
    assert ropecalc.min_base(128, 1).recommended_base is None


def test_min_base_check_and_plan_name_the_same_base(run_batch: RunBatch) -> None:
    lines = [
        "min-base --dim 128 --ctx 16k --get recommended_base",
        "check --base 1e4 --ctx 16k --get recommended_base",
        "plan --base 1e4 --from 4k --to 16k -q",
        "staircase --dim 128 --ctx 16k --kind recommended --get bases --json",
    ]
    first, checked, planned, stairs = run_batch([line.split() for line in lines])
    assert first.stdout == checked.stdout == planned.stdout == "500000\n"
    assert "500000.0]" in stairs.stdout
