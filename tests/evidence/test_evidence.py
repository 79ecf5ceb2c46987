"""Evidence: the statistics from the raw scores by other code, the sources, and honest words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ropecalc import evidence, scaling
from ropecalc.evidence.published import published_of, rows, setting_of
from ropecalc.evidence.samples import sample, samples
from ropecalc.evidence.statistics import fisher, interval, spearman
from ropecalc.explanations import explanation
from ropecalc.models.known import find_model, repo_of
from ropecalc.results import Score
from tests.tools.places import PACKAGE, ROOT

if TYPE_CHECKING:
    from ropecalc.results import Evidence, PublishedSetting, Sample
    from tests.conftest import RunCli

LINES = (PACKAGE / "data" / "evidence.tsv").read_text("utf-8").splitlines()
NAMES = LINES[0].split("\t")
RAW = [dict(zip(NAMES, line.split("\t"), strict=True)) for line in LINES[1:]]
TOKENS = [4096, 8192, 16384, 32768, 65536, 131072]


@pytest.fixture(scope="module")
def found() -> Evidence:
    return evidence.summary()


# --- the raw scores, by code of their own --------------------------------------------------------


def scores_of(row: dict[str, str]) -> list[float | None]:
    texts = [row[f"score_{n // 1024}k"] for n in TOKENS]
    return [float(text) if text else None for text in texts]


def lost_at(row: dict[str, str], part: float) -> float | None:
    """The straight line over log2 of the tokens, walked in thousandths of an octave and refined."""
    scores = [(math.log2(n), s) for n, s in zip(TOKENS, scores_of(row), strict=True)]
    known = [(x, s) for x, s in scores if s is not None]
    least = part * known[0][1]
    for (x0, s0), (x1, s1) in pairwise(known):
        if s1 < least:
            low, high = x0, x1
            for _ in range(60):
                x = (low + high) / 2
                above = s0 + (s1 - s0) * (x - x0) / (x1 - x0) >= least
                low, high = (x, high) if above else (low, x)
            return math.exp2(high)
    return None


def headline_rows() -> list[dict[str, str]]:
    """Read in a source; of a table that goes to 128k; measured to there or lost before."""
    begun = [row for row in RAW if row["score_4k"] and "DCA+YaRN" not in row["model"]]
    long = {row["table"] for row in begun if row["score_128k"]}
    return [
        row
        for row in begun
        if row["table"] in long
        and (row["score_128k"] or lost_at(row, 0.85) is not None)
        and row["setting_status"] == row["score_status"] == "read"
    ]


def by_name(settings: Sequence[PublishedSetting]) -> dict[str, PublishedSetting]:
    return {one.model: one for one in settings}


def cut(value: float | None) -> float:
    return min(131072.0, math.inf if value is None else value)


def test_the_headline_is_what_the_raw_scores_give(found: Evidence) -> None:
    mine, known, first = headline_rows(), by_name(found.settings), found.samples[0]
    assert (first.settings, first.families) == (len(mine), len({row["family"] for row in mine}))
    lengths = [cut(lost_at(row, 0.85)) for row in mine]
    assert first.lost == sum(length < 131072 for length in lengths)
    guesses = {
        "first violation": [cut(known[row["model"]].first_violation) for row in mine],
        "trained context": [cut(float(row["trained_context"])) for row in mine],
        "claimed context": [cut(float(row["claimed_context"])) for row in mine],
    }
    for one in first.predictors:
        if one.name in guesses:
            off = np.log2(lengths) - np.log2(guesses[one.name])
            # lengths of settings are rounded to a token
            assert one.rms_octaves == pytest.approx(np.sqrt(np.mean(off**2)), abs=1e-4)
            assert one.within_factor_2 == np.mean(np.abs(off) <= 1)
    assert {one.name for one in first.predictors} > set(guesses)


def test_quartiles_and_sizes_are_what_the_raw_scores_give(found: Evidence) -> None:
    known = by_name(found.settings)
    groups: dict[str, list[float]] = {"all": [], "small": [], "large": []}
    for row in headline_rows():
        length, violation = lost_at(row, 0.85), known[row["model"]].first_violation
        if length is not None and violation is not None:
            ratio = length / violation
            groups["all"].append(ratio)
            groups["small" if float(row["parameters"]) < 15 else "large"].append(ratio)
    for one, (name, ratios) in zip(found.samples[0].ratios, groups.items(), strict=True):
        assert one.settings == len(ratios), name
        wanted = np.quantile(ratios, [0.25, 0.5, 0.75])
        assert (one.lower_quartile, one.median, one.upper_quartile) == pytest.approx(
            wanted, rel=1e-4
        )


def test_two_by_two_counts_are_what_the_raw_scores_give(found: Evidence) -> None:
    known = by_name(found.settings)
    for table in found.samples[0].tables:
        at = TOKENS.index(table.context)
        cells = dict.fromkeys([(True, True), (True, False), (False, True), (False, False)], 0)
        for row in headline_rows():
            scores = scores_of(row)
            if (here := scores[at]) is not None and (start := scores[0]) is not None:
                violation = known[row["model"]].first_violation
                holds = violation is None or violation >= table.context
                cells[holds, here / start >= 0.85] += 1
        assert (
            *(table.holds_kept, table.holds_lost, table.breaks_kept, table.breaks_lost),
        ) == tuple(cells.values())


def test_ranks_are_what_pairs_of_settings_give(found: Evidence) -> None:
    """Spearman's rho from mean ranks, each counted over all pairs."""
    known, mine = by_name(found.settings), headline_rows()

    def ranks(values: Sequence[float]) -> list[Fraction]:
        return [
            sum((Fraction(v < w) + Fraction(v == w, 2) for v in values), Fraction(0))
            for w in values
        ]

    x = ranks([known[row["model"]].first_violation or 2**21 for row in mine])
    y = ranks([cut(known[row["model"]].length_at_85) for row in mine])
    mean = Fraction(len(mine), 2)
    top = sum(((a - mean) * (b - mean) for a, b in zip(x, y, strict=True)), Fraction(0))
    squares = (sum(((a - mean) ** 2 for a in side), Fraction(0)) for side in (x, y))
    wanted = float(top) / math.prod(math.sqrt(one) for one in squares)
    first = found.samples[0].ranks[0]
    assert first.name == "first violation"
    assert first.correlation == pytest.approx(wanted, abs=1e-12)
    assert first.low < first.correlation < first.high


def test_the_bootstrap_draws_whole_families_from_a_fixed_seed() -> None:
    families = {"a": [1.0, 1.0, 1.0], "b": [5.0]}
    seen: set[tuple[float, ...]] = set()

    def measure(values: Sequence[float]) -> float:
        seen.add(tuple(sorted(values)))
        return sum(values) / len(values)

    assert interval(families, measure) == interval(families, measure) == (1.0, 5.0)
    assert seen == {(1.0,) * 6, (1.0, 1.0, 1.0, 5.0), (5.0, 5.0)}


@pytest.mark.parametrize("table", [(3, 1, 1, 3), (5, 0, 1, 4), (2, 2, 2, 2), (4, 0, 0, 0)])
def test_fisher_counts_the_ways_to_deal_a_table(table: tuple[int, int, int, int]) -> None:
    a, b, c, d = table
    total = a + b + c + d
    dealt = [sum(one < a + b for one in some) for some in combinations(range(total), a + c)]
    likely = {x: dealt.count(x) for x in set(dealt)}
    wanted = Fraction(sum(n for n in likely.values() if n <= likely[a]), len(dealt))
    assert fisher(a, b, c, d) == pytest.approx(float(wanted), rel=1e-12)


def test_a_rank_correlation_without_any_order_is_none() -> None:
    assert spearman([1.0, 1.0], [1.0, 2.0]) == 0
    assert spearman([3.0, 1.0, 2.0], [30.0, 10.0, 20.0]) == pytest.approx(1)


@pytest.mark.slow
def test_changing_one_score_changes_the_statistics(found: Evidence) -> None:
    known = list(found.settings)
    at = next(k for k, one in enumerate(known) if one.model == "Mistral-7B-v0.2-Instruct")
    row = next(row for row in rows() if row["model"] == known[at].model)
    known[at] = setting_of({**row, "score_16k": "50.0"})
    assert known[at].length_at_85 != found.settings[at].length_at_85
    changed, before = samples(known)[0], found.samples[0]
    assert changed.predictors[0].rms_octaves != before.predictors[0].rms_octaves
    assert changed.ratios[0] != before.ratios[0]
    assert changed.tables[0] != before.tables[0]


def test_changing_one_score_changes_the_length(found: Evidence) -> None:
    row = next(row for row in rows() if row["model"] == "Mistral-7B-v0.2-Instruct")
    before = by_name(found.settings)[row["model"]]
    changed = setting_of({**row, "score_16k": "50.0"})
    assert changed.length_at_85 != before.length_at_85
    assert changed.ratio != before.ratio
    assert changed.first_violation == before.first_violation


def test_a_setting_without_a_loss_is_cut_at_the_limit(found: Evidence) -> None:
    one = by_name(found.settings)["Qwen3-14B"]
    assert (one.length_at_85, one.ratio) == (None, None)
    some = [one, replace(one, length_at_85=40_000), replace(one, length_at_85=131_071)]
    lost: Sample = sample("x", [*some, *some], 131_072)
    assert (lost.settings, lost.lost) == (6, 4)


# --- the table -----------------------------------------------------------------------------------


def test_every_row_has_a_source_or_is_marked() -> None:
    # an address, a paper, or a file of a program whose version is named
    openable = re.compile(r"https://\S+|arXiv \d{4}\.\d{5}|\S+\.(py|yml)|NeMo 2 \w+")
    for row in RAW:
        assert row["setting_status"] in ("read", "recalled", "assumed"), row["model"]
        assert row["score_status"] in ("read", "notes"), row["model"]
        assert re.search(r"https://\S+|arXiv \d{4}\.\d{5}", row["score_source"]), row["model"]
        if row["setting_status"] == "read":
            assert openable.search(row["setting_source"]), row["setting_source"]
            assert "memory" not in row["setting_source"]
        else:
            assert re.search("memory|assumed", row["setting_source"]), row["model"]
    assert len({row["model"] for row in RAW}) == len(RAW)


def test_no_marked_row_is_in_the_headline(found: Evidence) -> None:
    marked = [one.model for one in found.settings if not one.sourced]
    assert {"LongChat-7B-v1.5-32k", "ChatGLM3-6B-128k", "FILM-7B"} <= set(marked)
    assert not set(marked) & {row["model"] for row in headline_rows()}
    first, second = found.samples[:2]
    assert second.settings - first.settings == 6


def known_rows() -> Iterator[dict[str, str]]:
    yield from (row for row in RAW if row["known"] and row["rope_type"] != "longrope")


@pytest.mark.slow
@pytest.mark.parametrize("row", list(known_rows()), ids=lambda row: row["model"])
def test_a_row_of_a_known_model_has_its_numbers(row: dict[str, str]) -> None:
    rope = find_model(row["known"]).rope
    assert (float(row["base"]), int(row["rotary_dim"]), int(row["head_dim"])) == (
        *(rope.base, rope.rotary_dim, rope.head_dim),
    )
    if rope.rope_type in ("llama3", "linear"):
        assert (row["rope_type"], float(row["factor"])) == (rope.rope_type, rope.factor)


@pytest.mark.parametrize("name", ["Mistral-Nemo-Instruct", "ChatGLM3-6B-128k", "DBRX-Instruct"])
def test_first_violations_are_those_of_a_plain_sum(name: str, found: Evidence) -> None:
    one = by_name(found.settings)[name]
    m = np.arange(one.first_violation + 1, dtype=np.float64)[:, None]  # type: ignore[operator]
    theta = one.base ** (-2 * np.arange(one.rotary_dim // 2) / one.rotary_dim)
    total = np.cos(m * theta).sum(axis=1)
    assert total[-1] < 0
    assert total[:-1].min() > -1e-9


# --- of one's own setting ------------------------------------------------------------------------


def test_around_counts_settings_within_a_factor_of_two(found: Evidence) -> None:
    seen = evidence.around(scaling.default(1e6), context=65_536)
    assert seen.first_violation == 27_115
    some = [
        one
        for one in found.settings
        if one.comparable
        and one.sourced
        and one.first_violation is not None
        and 27_115 / 2 <= one.first_violation <= 27_115 * 2
    ]
    lost = [one.length_at_85 for one in some if one.length_at_85 is not None]
    assert (seen.settings, seen.lost) == (len(some), len(lost))
    assert (seen.low, seen.high, seen.open) == (min(lost), max(lost), False)
    assert seen.kept == sum(length >= 65_536 for length in lost)
    assert seen.kept_of == len(some)
    families = [one.family for one in seen.nearest]
    assert len(set(families)) == len(families) == 5


def test_around_far_from_every_setting_takes_the_nearest_five() -> None:
    seen = evidence.around(scaling.default(100.0))
    assert seen.first_violation == 59
    assert (seen.settings, seen.least_violation) == (5, 5_732)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("Qwen3-8B", ["Qwen3-8B"]),
        ("qwen/qwen3 8b-GGUF", ["Qwen3-8B"]),
        ("Llama-3.1-8B", ["Llama-3.1-8B-Instruct", "Llama-3.1-8B (base)"]),
        ("Llama-3.1-8B-it", ["Llama-3.1-8B-Instruct", "Llama-3.1-8B (base)"]),
        ("Mixtral-8x7B", ["Mixtral-8x7B-Instruct"]),
        ("OLMo-3-7B", ["Olmo-3-7B (base)"]),
        ("Command-R+", ["Command-R-plus"]),
        ("GLM-4-9B-chat", []),
        ("Qwen3-0.6B", []),
        ("-", []),
        ("", []),
    ],
)
def test_a_models_own_rows_are_those_of_its_name_or_of_its_tunings(
    name: str, rows: list[str]
) -> None:
    assert [one.model for one in published_of([name])] == rows


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("Qwen3-8B", "Qwen3-8B 1,000,000, yarn 4 66,234 67,947"),
        ("Qwen3-8B --rope-type yarn --factor 4", "Qwen3-8B this setting 66,234 67,947"),
        ("Llama-3.1-8B", "Llama-3.1-8B-Instruct this setting 85,133 90,010"),
        ("Llama-3.1-8B --base 1e6", "Llama-3.1-8B-Instruct 500,000, llama3 8 85,133 90,010"),
        ("Apertus-8B", "Apertus-8B (base) this setting"),
    ],
)
def test_a_models_own_rows_come_first_with_what_they_were_measured_with(
    line: str, row: str, run_cli: RunCli
) -> None:
    text = " ".join(run_cli("evidence", *line.split(), "--width", "120").stdout.split())
    assert "its own, base or tuned" in text
    assert row in text.partition("nearest, one a family")[0]


def test_a_setting_with_more_than_its_numbers_is_not_this_setting(run_cli: RunCli) -> None:
    line = "evidence Qwen2.5-72B-Instruct --rope-type yarn --factor 4 --width 120"
    text = " ".join(run_cli(*line.split()).stdout.split())
    assert "Qwen2.5-72B-Instruct (DCA+YaRN) 1,000,000, yarn 4 66,234" in text


NAMELESS = [
    pytest.param(row["model"], marks=() if k < 2 else pytest.mark.slow)
    for k, row in enumerate(
        row for row in RAW if repo_of(row["model"]) is None and not row["known"]
    )
]


@pytest.mark.parametrize("name", NAMELESS)
def test_the_command_in_the_error_answers_for_the_setting_of_the_row(
    name: str, found: Evidence, run_cli: RunCli
) -> None:
    done = run_cli("evidence", name.lower())
    assert (done.returncode, done.stdout) == (2, "")
    command = done.stderr.rpartition("ropecalc evidence ")[2]
    done = run_cli("evidence", *command.split(), "--json")
    (seen,) = json.loads(done.stdout)["results"]
    assert seen["own"] == []
    assert seen["first_violation"] == by_name(found.settings)[name].first_violation


@pytest.mark.parametrize(("base", "outside"), [("2", True), ("5e5", False), ("1e12", True)])
def test_a_base_outside_the_data_says_so(base: str, outside: bool, run_cli: RunCli) -> None:
    assert ("outside the data" in run_cli("evidence", "--base", base).stdout) == outside


def test_where_the_bound_asks_nothing_the_rotated_part_is_compared(run_cli: RunCli) -> None:
    done = run_cli("evidence", "GLM-4-9B-chat", "--width", "200")
    assert done.returncode == 0
    assert "every base meets it" in done.stdout
    assert "of the rotated part alone, 31,099 tokens" in done.stdout


def test_a_layer_with_a_window_says_that_no_greater_distance_occurs(run_cli: RunCli) -> None:
    done = run_cli("evidence", "gemma-3-27b", "--layer", "sliding_attention", "--width", "200")
    assert done.returncode == 0
    assert "1,024 tokens: no greater distance occurs in this layer" in done.stdout


@pytest.mark.parametrize("line", ["", "Qwen3-8B", "--base 5e5 --ctx 64k", "GLM-4-9B-chat"])
def test_nothing_calls_the_range_a_promise(line: str, run_cli: RunCli) -> None:
    text = run_cli("evidence", *line.split()).stdout
    assert not re.search(r"\bguarante|\bwill (work|hold|keep)|\bsafe\b", text)
    assert "no promise" in " ".join(text.split()) or not line


def test_quiet_prints_the_share_or_the_least_length(run_cli: RunCli, found: Evidence) -> None:
    share = found.samples[0].predictors[0].within_factor_2
    assert float(run_cli("evidence", "-q").stdout) == share
    assert (
        run_cli("evidence", "Qwen3-8B", "-q").stdout
        == f"{evidence.around(scaling.default(1e6)).low}\n"
    )


# --- the words -----------------------------------------------------------------------------------


def test_pages_say_what_the_table_says(found: Evidence) -> None:
    """The numbers of the page and of the README, from the statistics."""
    first, second, third = found.samples
    own = {one.name: one for one in first.predictors}
    page = explanation("evidence").text
    readme = (ROOT / "README.md").read_text("utf-8")

    def percent(part: float) -> str:
        return f"{100 * part:.0f}%"

    off = second.predictors[0].rms_octaves

    head, trained, claimed = (
        own[f"{name}"] for name in ("first violation", "trained context", "claimed context")
    )
    for text in (
        f"for {percent(head.within_factor_2)} of the {first.settings} settings",
        f"off by {head.rms_octaves:.2f} octaves",
        f"The trained context: {percent(trained.within_factor_2)} and {trained.rms_octaves:.2f}.",
        f"The claimed context: {percent(claimed.within_factor_2)} and {claimed.rms_octaves:.2f}.",
        f"lose 15% at {first.ratios[1].median:.2f} times",
        f"larger ones at {first.ratios[2].median:.2f} times",
        f"{percent(second.predictors[0].within_factor_2)} of {second.settings}, rms {off:.2f}",
    ):
        assert text in page
    for text in (
        f"Of {first.settings} published settings, {percent(head.within_factor_2)} lose 15%",
        f"{percent(trained.within_factor_2)} of the {first.settings} lose it within a factor of 2",
    ):
        assert text in readme
    there = {one.name: one for one in third.predictors}
    shares = [one.within_factor_2 for one in third.predictors]
    assert (
        f"the {third.settings} settings of all tables, it is off by "
        f"{there['first violation'].rms_octaves:.2f} octaves, the trained context by "
        f"{there['trained context'].rms_octaves:.2f} and one length for all by "
        f"{there['one length for all'].rms_octaves:.2f}; but each is within a factor of 2 for "
        f"{100 * min(shares):.0f} to {percent(max(shares))}"
    ) in page
    ratios = {one.model: one.ratio or 0 for one in found.settings}
    assert f"to {ratios['Qwen2.5-72B-Instruct (plain)']:.1f} times its first violation" in page
    assert f"Mistral-Large-2411 to {ratios['Mistral-Large-2411']:.1f} times" in page
    named = ("LWM-Text-Chat-1M", "Gradient-Llama-3-8B-1048k", "Apertus-8B (base)")
    assert {*named, "InternLM2.5-7B-chat-1M"} <= set(found.held_and_lost)
    assert {"Qwen2.5-72B-Instruct (plain)", "Mistral-Large-2411"} <= set(found.broke_and_kept)


def test_scores_are_in_the_order_of_their_contexts(found: Evidence) -> None:
    for one in found.settings:
        contexts = [score.context for score in one.scores]
        assert contexts == sorted(set(contexts))
        assert all(isinstance(score, Score) and 0 <= score.score <= 100 for score in one.scores)
