"""Outcomes in short: the shipped lines are what the table gives, and the counts what lines give."""

from __future__ import annotations

import re

import pytest

import ropecalc
from ropecalc import scaling
from ropecalc.outcomes import Outcome, about, outlook
from ropecalc.results import Status
from tests.conftest import RunCli
from tests.tools.places import PACKAGE
from tests.tools.regenerate_outcomes import text

LINES = [
    line.split("\t") for line in (PACKAGE / "data" / "outcomes.tsv").read_text().splitlines()[1:]
]


def test_the_shipped_lines_are_what_the_published_settings_give() -> None:
    assert (PACKAGE / "data" / "outcomes.tsv").read_text(encoding="utf-8") == text()


def test_a_first_violation_has_the_range_of_those_within_a_factor_of_two() -> None:
    found = outlook(18_438, 65_536)
    assert found is not None
    some = [one for one in LINES if 9_219 <= int(one[1]) <= 36_876]
    lost = [int(one[2]) for one in some if one[3] == "lost"]
    assert (found.settings, found.families) == (len(some), len({one[0] for one in some}))
    assert (found.low, found.high, found.open) == (min(lost), max(lost), False)
    there = [int(one[2]) >= 65_536 for one in some if int(one[4]) >= 65_536]
    assert (found.kept, found.kept_of) == (there.count(True), len(there))


def test_without_a_violation_those_that_meet_the_bound_there_are_counted() -> None:
    found = outlook(None, 32_768)
    assert found is not None
    some = [one for one in LINES if int(one[1]) >= 32_768]
    there = [int(one[2]) >= 32_768 for one in some if int(one[4]) >= 32_768]
    assert (found.low, found.high, found.open) == (None, None, False)
    assert (found.settings, found.kept, found.kept_of) == (
        *(len(some), there.count(True), len(there)),
    )


@pytest.mark.parametrize("context", [64, 4096, 131_073, 2**20])
def test_nothing_is_counted_where_nothing_was_measured(context: int) -> None:
    assert outlook(None, context) is None
    found = outlook(18_438, context)
    assert found is not None
    assert (found.kept, found.kept_of) == (None, None)


def test_a_first_violation_unlike_all_others_has_no_outlook() -> None:
    assert outlook(59, 64) is None
    assert outlook(1_707, 4096) is None


def test_an_outcome_that_was_not_measured_is_not_counted() -> None:
    some = [
        Outcome("a", 100, 9_000, True, 131_072),
        Outcome("b", 100, 65_536, False, 65_536),
        Outcome("b", 100, 9_000, True, 65_536),
    ]
    assert [one.kept_at(8_192) for one in some] == [True, True, True]
    assert [one.kept_at(65_536) for one in some] == [False, True, False]
    assert [one.kept_at(131_072) for one in some] == [False, None, None]
    found = about(some, 131_072)
    assert (found.low, found.high, found.open) == (9_000, 65_536, True)
    assert (found.kept, found.kept_of) == (0, 1)


def test_a_check_has_an_outlook_where_it_is_like_the_settings() -> None:
    assert ropecalc.check(5e5, 65_536, next_base=False).outlook == outlook(18_438, 65_536)
    assert ropecalc.check(1e8, 65_536).outlook == outlook(None, 65_536)
    assert ropecalc.check(5e5, 65_536, margin=0.01, next_base=False).outlook is None
    weights = [1.0] * 63 + [2.0]
    assert ropecalc.check(5e5, 65_536, weights=weights, next_base=False).outlook is None


def test_where_every_base_meets_the_bound_there_is_none() -> None:
    found = ropecalc.check(5e6, 131_072, rotary_dim=64)
    assert (found.status, found.outlook) == (Status.FREE, None)


def test_a_head_that_is_partly_rotated_is_compared_by_its_rotated_part() -> None:
    found = ropecalc.check(1e4, 32_768, rotary_dim=96, next_base=False)
    alone = scaling.default(1e4, 96)
    part = ropecalc.check(alone, 32_768, next_base=False)
    assert found.rotated_part is not None
    assert found.rotated_part.first_violation == part.first_violation
    assert found.outlook == part.outlook


def test_a_layer_with_a_window_has_none() -> None:
    layers = {one.rope.window: one.check for one in ropecalc.inspect("gemma-3-27b").layers}
    assert {window for window, check in layers.items() if check and check.outlook} == {None}


@pytest.mark.slow
def test_the_commands_say_it_in_a_line(run_cli: RunCli) -> None:
    for line in (
        "check --base 5e5 --ctx 64k",
        "inspect Llama-3-8B --ctx 64k",
        "plan Qwen3-8B --to 128k",
    ):
        words = " ".join(run_cli(*line.split()).stdout.split())
        assert words.count("RULER score") == 1, line
        assert "(ropecalc evidence)" in words
        assert not re.search(r"\bguarante|\bwill (work|hold|keep)\b", words)
    assert "RULER" not in run_cli("check", "GLM-4-9B-chat", "--ctx", "64k").stdout
