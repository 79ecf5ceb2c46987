"""No call works long for a part of its answer that nobody asked for.

Every command, over long contexts and unusual heads: at most ``TIMES`` the processor time that
evaluating all distances of its longest context takes, and ``BESIDE`` seconds for all the rest. What
takes longer is named by an option, and is in ``ASKED``.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc import scaling
from ropecalc.base.factor import min_factor, recommended_factor
from ropecalc.base.family import family_of
from ropecalc.base.rounding import surely_breaks, violation_at
from ropecalc.base.sweep import Sweep
from ropecalc.base.window import Walk
from ropecalc.bound import scan
from ropecalc.cli.commands import COMMANDS
from ropecalc.extension.methods import METHODS
from ropecalc.results import Rope

if TYPE_CHECKING:
    from tests.conftest import RunCli

TIMES, BESIDE = 10, 1.0  # evaluations; seconds
M1, M4, K128 = 2**20, 2**22, 2**17
LINES = {  # a call, and the longest context it looks at
    "check --base 1e7 --ctx 1M": M1,
    "check --base 5e8 --ctx 4M": M4,
    "check --base 1e9 --ctx 1M": M1,
    "check --base 1e7 --dim 100 --ctx 4M": M4,
    "check --base 1e6 --dim 128 --rotary-dim 96 --ctx 1M": M1,
    "check --base 1e6 --dim 128 --rotary-dim 60 --ctx 1M": M1,
    "check --base 1e6 --ctx 1M --margin 0.05": M1,
    "check --base 5e7 --dim 512 --ctx 128k": K128,
    "check --base 1e8 --dim 1024 --ctx 128k": K128,
    "check --base 1e6 --rope-type yarn --factor 8 --original-ctx 32k --ctx 1M": M1,
    "check --base 1e6 --rope-type linear --factor 4 --original-ctx 32k --ctx 128k": K128,
    "check --base 1e6 --rope-type dynamic --factor 8 --original-ctx 32k --ctx 1M": M1,
    "min-base --dim 128 --ctx 1M": M1,
    "min-base --dim 128 --ctx 2M": 2 * M1,
    "min-base --dim 128 --ctx 16M": 16 * M1,
    "min-base --dim 72 --ctx 1M": M1,
    "min-base --dim 128 --rotary-dim 62 --ctx 1M": M1,
    "max-ctx --base 1e12 --dim 100 --limit 4M": M4,
    "max-ctx --base 1e12 --dim 100 --limit 4M --soft": M4,
    "curve --base 1e7 --dim 100 --ctx 4M": M4,
    "curve --base 1e7 --dim 100 --ctx 4M --points 50": M4,
    "freqs --base 1e7 --dim 128 --ctx 4M": M4,
    "inspect Llama-4-Scout": 10 * M1,
    "inspect Qwen3-8B --ctx 1M": M1,
    "lint Llama-4-Scout": 10 * M1,
    "compare Llama-4-Scout": 10 * M1,
    "plan Llama-3-8B --to 1M": M1,
    "plan --base 1e6 --dim 100 --from 32k --to 1M": M1,
    "plan --base 1e6 --dim 72 --from 32k --to 1M": M1,
    "plan --base 1e6 --dim 128 --rotary-dim 96 --from 32k --to 1M": M1,
    "plan --base 1e9 --dim 128 --from 32k --to 1M": M1,
    "plan Qwen3-8B --to 4M": M4,
    "emit Llama-3-8B --base 5e7 --ctx 1M": M1,
    "emit --base 1234567.8 --dim 100 --ctx 1M --stack llama.cpp": M1,
    "temperature --from 4k --ctx 4M": M4,
    "criteria --base 5e6 --dim 128 --ctx 4M": M4,
    "evidence Llama-3.1-8B": M1,
    "models": 1,
    "explain bound": 1,
    "staircase --dim 128 --ctx 1M": M1,
}
ASKED = {  # what a search is for
    "min-factor": "the smallest factor, by a sweep",
    "windows": "all windows",
    "verify": "a proof",
    "weights": "all of a checkpoint's projections",
}


def test_every_command_is_walked() -> None:
    assert {line.split()[0] for line in LINES} | {*ASKED} == {*COMMANDS} | {"explain"}


@cache
def evaluation(context: int) -> float:
    """Processor seconds of every similarity of a head of 64 pairs."""
    began = time.process_time()
    scan(scaling.default(1e15, 128), 0, context)
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_no_call_works_long_unasked(line: str, run_cli: RunCli) -> None:
    scan(scaling.default(1e15, 128), 0, 64)  # NumPy is loaded
    most = TIMES * evaluation(LINES[line]) + BESIDE
    began = time.process_time()
    done = run_cli(*line.split())
    worked = time.process_time() - began
    assert done.returncode in (0, 1), done.stderr
    assert worked <= most, f"{worked:.2f} s of processor time, at most {most:.2f}"


@pytest.mark.parametrize(
    "line",
    [
        "check --base 1e7 --dim 72 --ctx 256k",
        "check --base 1e5 --rope-type yarn --factor 8 --original-ctx 4k --ctx 256k",
        "inspect Qwen3-8B --ctx 256k",
        "emit --base 1234567.8 --dim 100 --ctx 64k --stack llama.cpp",
    ],
)
def test_nothing_is_searched_for_unasked(
    line: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def searches(*_: object) -> None:
        raise AssertionError("nobody asked for a search")

    monkeypatch.setattr(Sweep, "run", searches)
    monkeypatch.setattr(Walk, "step", searches)
    done = run_cli(*line.split())
    assert done.returncode in (0, 1), done.stderr


# --- what is named is searched for --------------------------------------------------------------


def test_check_says_that_next_searches_and_next_does(run_cli: RunCli) -> None:
    line = "check --base 5000 --dim 34 --ctx 300"
    unasked, asked = run_cli(*line.split()), run_cli(*line.split(), "--next")
    assert "nearest base above   --next searches for it" in unasked.stdout
    assert "next base with room" in asked.stdout
    assert "--next" not in asked.stdout
    found = ropecalc.check(5000, 300, head_dim=34, next_base=True)
    assert not found.unsearched
    assert found.next_base is not None
    assert found.recommended_base is not None
    assert violation_at(family_of(34), 300, found.next_base) is None
    bare = run_cli(*line.split(), "--get", "next_base")
    assert float(bare.stdout) == found.next_base


def test_a_table_answers_at_once_and_only_for_what_lies_above() -> None:
    """The minimum base is 231,643.6, the recommended one 500,000, the safe one over 1,300,000."""
    least = ropecalc.min_base(128, 16_384, recommended=False).minimum_base
    expected = {1e4: (least, 5e5, False), 3e5: (None, 5e5, False), 5.4e5: (None, None, True)}
    for base, known in expected.items():
        found = ropecalc.check(base, 16_384)
        assert not found.holds
        assert (found.next_base, found.recommended_base, found.unsearched) == known


def test_a_recommended_base_that_no_table_has_is_searched_for_by_name(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ropecalc.base import minimum

    monkeypatch.setattr(minimum, "QUICK_SEARCH", 1_000)
    monkeypatch.setattr(minimum, "reaches", lambda *_: False)
    found = ropecalc.min_base(128, 1024)
    assert (found.unsearched, found.recommended_base, found.source) == (True, None, "table")
    named = ropecalc.min_base(128, 1024, recommended=True)
    assert (named.unsearched, named.recommended_base) == (False, 6100.0)
    assert "--recommended searches for it" in run_cli(*"min-base --dim 128 --ctx 1k".split()).stdout
    part = ropecalc.min_base(128, 1024, rotary_dim=64)
    assert (part.unsearched, part.rotated_part_base) == (True, None)
    swept = ropecalc.min_base(128, 1024, use_table=False)
    assert (swept.unsearched, swept.recommended_base) == (False, 6100.0)


def test_a_plan_leaves_out_what_no_table_has_until_it_is_named() -> None:
    found = ropecalc.plan(1e4, 128, rotary_dim=120, trained_context=4_096, context=40_000)
    left_out = {"minimum-base", "round-base", "roomy-base", "safe-base"}
    assert {one.method for one in found.candidates} == {*METHODS} - left_out
    assert any("--method minimum-base --method round-base" in note for note in found.notes)


# --- quicker ways to the same answer --------------------------------------------------------------


def test_what_surely_breaks_the_bound_does() -> None:
    family, context = family_of(32), 3_000
    bases = [1e3 * 1.07**k for k in range(150)]
    told = [surely_breaks(family, context, base) for base in bases]
    broken = [violation_at(family, context, base) is not None for base in bases]
    assert told == broken  # none of them lies at the end of a window
    assert set(told) == {True, False}


@pytest.mark.parametrize(
    "rope",
    [
        Rope("all", "yarn", 1e4, 64, 64, {"original_context": 1024}),
        Rope("all", "linear", 1e4, 64, 64, {}),
        Rope(
            "all",
            "llama3",
            1e4,
            64,
            64,
            {"original_context": 1024, "low_freq_factor": 1.0, "high_freq_factor": 4.0},
        ),
    ],
    ids=lambda rope: rope.rope_type,
)
def test_a_recommended_factor_needs_no_exact_minimum(rope: Rope) -> None:
    for context in (512, 4_096):
        exact = min_factor(rope, context, window=False)
        assert recommended_factor(rope, context) == exact.recommended_factor
