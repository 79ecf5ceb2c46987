"""Ways to a longer context: published numbers, phases by brute force, checks, and the advice."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc.base.room import ROOM, wide_base
from ropecalc.extension import METHODS
from ropecalc.extension.advice import advise
from ropecalc.extension.criteria import contrast, unseen_phases
from ropecalc.render.plan import describe_plan
from ropecalc.results import ModelConfig, Rope
from ropecalc.scaling import default, from_rope, linear, yarn
from tests.tools.places import ROOT
from tests.tools.render_samples import Stream

if TYPE_CHECKING:
    from pathlib import Path

    from ropecalc.results import Candidate, Plan
    from ropecalc.spectrum import Spectrum
    from tests.conftest import RunBatch, RunCli


@pytest.fixture(scope="module")
def qwen() -> Plan:
    """Qwen3-8B from the 32,768 tokens of its model card to 131,072."""
    return ropecalc.plan_model(ropecalc.find_model("Qwen3-8B"), 131_072, trained_context=32_768)


@pytest.fixture(scope="module")
def llama() -> Plan:
    """Llama-3-8B from 8,192 to 65,536 tokens."""
    return ropecalc.plan_model(ropecalc.find_model("Llama-3-8B"), 65_536)


def of(plan: Plan, method: str) -> Candidate:
    found = plan.candidate(method)
    assert found is not None
    return found


# --- published numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "trained", "context", "published"),
    [
        (1e6, 32_768, 131_072, 9_370_821),  # Liu et al., and Gradient AI's formula
        (5e5, 8_192, 16_384, 1776948.1),  # KoboldCpp, as it prints them
        (1e4, 4_096, 16_384, 71738),
        (1e4, 4_096, 12_288, 47661),
        (1e4, 4_096, 8_192, 26784),
    ],
)
def test_critical_base_is_the_published_one(
    base: float, trained: int, context: int, published: float
) -> None:
    found = ropecalc.critical_base(base, trained, context)
    digits = 1 if isinstance(published, float) else 0
    assert abs(found - published) <= (1 if digits == 0 else 0.1)


@pytest.mark.parametrize(
    ("head_dim", "base", "trained", "published"),
    [(128, 1e4, 4_096, 92), (128, 5e5, 8_192, 70), (128, 1e6, 32_768, 80), (96, 1e4, 2_048, 62)],
)
def test_critical_dimension_is_the_published_one(
    head_dim: int, base: float, trained: int, published: int
) -> None:
    assert ropecalc.critical_dimension(base, head_dim, trained) == published


@given(
    base=st.floats(1e2, 1e7),
    head_dim=st.sampled_from([16, 64, 128]),
    trained=st.integers(16, 100_000),
)
def test_critical_dimension_counts_the_pairs_that_finish_a_turn(
    base: float, head_dim: int, trained: int
) -> None:
    turns = trained * default(base, head_dim).angular_frequencies / math.tau
    if np.abs(turns - 1).min() > 1e-9:
        assert ropecalc.critical_dimension(base, head_dim, trained) == 2 * (turns > 1).sum()


# --- phases and neighbours ----------------------------------------------------------------------


def brute_phases(
    trained: Spectrum, length: int, longer: Spectrum, context: int
) -> tuple[int, float]:
    """Every angle of every token: how far round the circle each pair goes, before and after."""
    pairs, most = 0, 0.0
    for before, after in zip(trained.angular_frequencies, longer.angular_frequencies, strict=True):
        angles = [m * before for m in range(length)]
        reached = max(min(m * after, math.tau) for m in range(context))
        new = reached - max(angles)
        if max(angles) < math.tau and new > before * (1 + 1e-9):
            pairs, most = pairs + 1, max(most, new / math.tau)
    return pairs, most


@pytest.mark.parametrize(
    ("base", "length", "context"), [(1e3, 60, 200), (50.0, 40, 41), (1e4, 30, 999)]
)
def test_unseen_phases_are_those_of_brute_force(base: float, length: int, context: int) -> None:
    s = context / length
    trained = default(base, 32)
    for longer in (
        trained,
        default(base * 3, 32),
        linear(base, 32, factor=s),
        yarn(base, 32, factor=s, original_context=length),
    ):
        pairs, turns = unseen_phases(trained, length, longer, context)
        expected = brute_phases(trained, length, longer, context)
        assert pairs == expected[0]
        assert turns == pytest.approx(expected[1], abs=1e-12)


def test_at_the_critical_base_no_pair_meets_a_new_phase() -> None:
    base = ropecalc.critical_base(1e4, 4_096, 16_384)
    trained = default(1e4, 128)
    assert unseen_phases(trained, 4_096, default(base, 128), 16_384) == (0, 0.0)
    assert unseen_phases(trained, 4_096, default(base * 0.8, 128), 16_384)[0] > 0


def test_contrast_is_by_its_definition_and_interpolation_blurs() -> None:
    before, after = default(1e4, 64), linear(1e4, 64, factor=8)

    def drop(spectrum: Spectrum, m: int) -> float:
        return 1 - float(np.cos(m * spectrum.angular_frequencies).mean())

    for m in (1, 16):
        assert contrast(after, before, m) == pytest.approx(drop(after, m) / drop(before, m))
    assert contrast(before, before, 1) == 1
    assert contrast(after, before, 1) < 0.02


# --- a plan -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_candidate_is_what_check_and_the_curve_say(qwen: Plan) -> None:
    assert tuple(one.method for one in qwen.candidates) == METHODS
    for one in (qwen.original, *qwen.candidates):
        spectrum = from_rope(one.rope, 131_072, label=one.method)
        assert one.spectrum == spectrum
        assert one.check == ropecalc.check(spectrum, 131_072, next_base=False, room=False)
        last = float(ropecalc.similarity_at(spectrum, 131_071)) / 64
        assert one.similarity_at_target == pytest.approx(last)


def test_the_settings_are_those_of_their_formulas(qwen: Plan) -> None:
    assert of(qwen, "liu").rope.base == ropecalc.critical_base(1e6, 32_768, 131_072)
    assert of(qwen, "ntk-aware").rope.base == pytest.approx(1e6 * 4 ** (128 / 126))
    least = ropecalc.min_base(128, 131_072, window=False, recommended=False, integer=False)
    assert of(qwen, "minimum-base").rope.base == least.minimum_base
    assert of(qwen, "round-base").rope.base == least.round_base == 8.8e6
    assert of(qwen, "safe-base").rope.base == least.safe_base
    for method in ("yarn", "llama3", "linear", "dynamic"):
        assert of(qwen, method).rope.factor == 4
        assert of(qwen, method).rope.base == 1e6
    assert of(qwen, "yarn").spectrum.attention_factor == pytest.approx(0.1 * math.log(4) + 1)
    grown = 1e6 * (4 * 4 - 3) ** (128 / 126)
    thetas = default(grown, 128).angular_frequencies
    assert of(qwen, "dynamic").spectrum.angular_frequencies == pytest.approx(thetas)


def test_the_round_base_is_never_below_the_models_own() -> None:
    found = ropecalc.plan(
        1e6, 128, trained_context=16_384, context=32_768, methods=["minimum-base", "round-base"]
    )
    least, rounded = found.candidates
    assert least.rope.base < 1e6 < rounded.rope.base == 1.5e6
    assert rounded.check.holds


def test_the_wide_base_has_room_where_the_round_base_has_not(qwen: Plan) -> None:
    wide, near = of(qwen, "roomy-base").rope.base, of(qwen, "round-base").rope.base
    rng = np.random.default_rng(5)

    def all_hold(base: float) -> bool:
        shares = rng.uniform(1 - ROOM, 1 + ROOM, 12)
        return all(
            ropecalc.check(base * k, 131_072, next_base=False, room=False).holds for k in shares
        )

    assert wide == 2.3e7
    assert all_hold(wide)
    assert not all_hold(near)


def test_the_wide_base_is_the_first_whose_window_is_wide_enough() -> None:
    from ropecalc.base.family import family_of

    least = ropecalc.min_base(32, 300, window=False, recommended=False).minimum_base
    assert least is not None
    found = wide_base(family_of(32, None, None, True, 0.0), 300, least)
    windows = ropecalc.windows(32, 300).windows
    two_digits = (m * 10.0**k for k in range(12) for m in range(10, 100))
    first = next(
        base
        for base in two_digits
        if any(w.start <= base * 0.99 and (w.end is None or w.end >= base * 1.01) for w in windows)
    )
    assert found == first


def test_methods_can_be_picked_and_the_advice_is_among_them() -> None:
    found = ropecalc.plan(1e4, 64, trained_context=512, context=2_048, methods=["linear", "yarn"])
    assert [one.method for one in found.candidates] == ["yarn", "linear"]
    assert found.with_training == found.without_training == "yarn"


def test_a_head_that_is_half_rotated_is_advised_by_phases() -> None:
    found = ropecalc.plan(1e4, 64, rotary_dim=32, trained_context=512, context=2_048)
    assert {one.method for one in found.candidates} == {*METHODS} - {
        "minimum-base",
        "round-base",
        "roomy-base",
        "safe-base",
    }
    assert (found.with_training, of(found, "liu").unseen_pairs) == ("liu", 0)
    (note,) = found.notes
    assert note == (
        "Every base meets the bound with this head: no minimum-base, round-base, roomy-base or "
        "safe-base."
    )
    left_out = ropecalc.plan(
        1e4, 64, rotary_dim=32, trained_context=512, context=2_048, count_unrotated=False
    )
    assert left_out.with_training == "roomy-base"


WEIGHTS = (1.0, 0.5, 2.0, 0.0, 0.25, 1.5, 1.0, 3.0)


@pytest.fixture(scope="module")
def weighted() -> Plan:
    """A head of 8 pairs that do not count alike, from 64 to 200 tokens."""
    return ropecalc.plan(1e3, 16, weights=WEIGHTS, trained_context=64, context=200)


def test_with_weights_every_candidate_is_the_weighted_head_in_plain_numpy(weighted: Plan) -> None:
    assert {one.method for one in weighted.candidates} == {*METHODS} - {"safe-base"}
    for one in (weighted.original, *weighted.candidates):
        bare = from_rope(one.rope, 200, label=one.method)
        spectrum = replace(bare, weights=WEIGHTS)
        assert one.spectrum == spectrum
        assert one.check == ropecalc.check(spectrum, 200, next_base=False, room=False)
        sums = np.cos(np.outer(range(200), bare.angular_frequencies)) @ WEIGHTS
        assert one.check.holds == (sums.min() >= -1e-9), one.method
        assert one.check.worst_similarity == pytest.approx(sums.min(), abs=1e-9)
        assert one.similarity_at_target == pytest.approx(sums[-1] / sum(WEIGHTS))
        before = np.cos(np.outer((1, 16), 1e3 ** (-np.arange(8) / 8))) @ WEIGHTS
        kept = (sum(WEIGHTS) - sums[[1, 16]]) / (sum(WEIGHTS) - before)
        assert (one.blur_1, one.blur_16) == pytest.approx(tuple(kept))


def test_the_bases_of_a_weighted_head_are_those_that_its_own_bound_asks_for(weighted: Plan) -> None:
    least = ropecalc.min_base(
        16, 200, weights=WEIGHTS, window=False, recommended=False, integer=False
    )
    assert of(weighted, "minimum-base").rope.base == least.minimum_base
    assert least.minimum_base != ropecalc.min_base(16, 200).minimum_base
    found = ropecalc.windows(16, 200, weights=WEIGHTS).windows
    base = of(weighted, "roomy-base").rope.base
    assert any(w.start <= base * 0.99 and (w.end is None or w.end >= base * 1.01) for w in found)
    (note,) = weighted.notes
    assert note == (
        "safe-base: no table has it for this head and context; "
        "ropecalc min-base --dim 16 --weights FILE --ctx 200 --safe computes it."
    )


def test_a_models_plan_takes_weights() -> None:
    model = ropecalc.find_model("Qwen3-8B")
    weights = tuple(1 + i % 3 for i in range(64))
    (one,) = ropecalc.plan_model(
        model, 4_096, trained_context=1_024, weights=weights, methods=["yarn"]
    ).candidates
    sums = np.cos(np.outer(range(4_096), one.spectrum.angular_frequencies)) @ weights
    assert one.check.worst_similarity == pytest.approx(sums.min(), abs=1e-9)
    assert one.check.worst_distance == sums.argmin()


@pytest.mark.parametrize(("weight", "asks"), [(1.0, False), (2.0, True)])
def test_weights_decide_whether_unrotated_pairs_outweigh_the_rotated(
    weight: float, asks: bool
) -> None:
    found = ropecalc.plan(
        1e3, 32, rotary_dim=16, weights=[weight] * 8, trained_context=64, context=200
    )
    assert (found.candidate("roomy-base") is not None) == asks
    assert ("Every base meets the bound" in found.notes[0]) != asks
    assert (found.with_training == "liu") != asks
    assert ("unrotated pairs outweigh the rotated" in found.with_training_reason) != asks


def test_a_weighted_plan_says_so_on_a_screen(weighted: Plan) -> None:
    text = " ".join(on_screen(weighted, 120).split())
    assert "head_dim 16, weighted pairs" in text
    assert "ropecalc emit" not in text  # no stack weighs pairs


def test_what_cannot_be_had_is_left_out_with_its_reason() -> None:
    found = ropecalc.plan(1e4, 2, trained_context=64, context=128, methods=["ntk-aware", "yarn"])
    assert [one.method for one in found.candidates] == ["yarn"]
    assert found.notes[0].startswith("ntk-aware cannot be had here: rotary_dim must be")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"context": 4_096}, "context must be longer than the original 4,096 tokens, got 4,096"),
        ({"trained_context": 6}, "trained_context must be an integer of at least 7"),
        ({"methods": ["ntk"]}, "method must be one of minimum-base, .* got 'ntk'"),
        ({"base": 1.0}, "base must be greater than 1"),
        ({"weights": [1.0] * 8}, "weights must have one value a rotated pair, 32, got 8"),
        ({"weights": [0.0] * 32}, "weights must not all be zero"),
    ],
)
def test_bad_values_are_named(wrong: dict[str, object], message: str) -> None:
    right: dict[str, object] = {"base": 1e4, "head_dim": 64, "trained_context": 4_096}
    with pytest.raises(ropecalc.InvalidValueError, match=message):
        ropecalc.plan(**{**right, "context": 8_192, **wrong})  # type: ignore[arg-type]


# --- models with scaling ------------------------------------------------------------------------


def test_a_model_whose_own_scaling_reaches_the_target_keeps_it() -> None:
    found = ropecalc.plan_model(
        ropecalc.find_model("Llama-3.1-8B"), 131_072, methods=["yarn", "llama3"]
    )
    assert found.original.rope.rope_type == "llama3"
    assert found.original.check.first_violation == 85_133
    assert found.with_training == found.without_training == "original"
    assert found.notes[0].startswith("The model has llama3 scaling of its own")
    assert of(found, "llama3").rope.parameters == found.original.rope.parameters


def test_beyond_its_own_scaling_a_model_goes_on_in_its_own_way() -> None:
    known = ropecalc.find_model("gpt-oss-20b")
    found = ropecalc.plan_model(known, 262_144, methods=["yarn"])
    own = of(found, "yarn").rope
    assert own.parameters == {**known.rope.parameters, "factor": 64.0}
    assert own.parameters["truncate"] is False
    assert found.without_training == found.with_training == "yarn"
    assert "sliding_attention (which look back 128 tokens) are left as they are" in found.notes[1]


def test_phases_are_those_of_the_scaled_frequencies_where_training_went_on_with_them() -> None:
    known = ropecalc.find_model("Llama-3.1-8B")
    before = ropecalc.plan_model(known, 262_144, methods=["llama3"])
    further = ropecalc.plan_model(known, 262_144, trained_context=131_072, methods=["llama3"])
    assert before.original.rope == further.original.rope
    spectrum = from_rope(known.rope, 131_072)
    for one in (further.original, *further.candidates):
        expected = unseen_phases(spectrum, 131_072, one.spectrum, 262_144)
        assert (one.unseen_pairs, one.unseen_turns) == expected
    assert of(further, "llama3").rope.parameters == of(before, "llama3").rope.parameters


def test_a_model_without_a_trained_context_or_with_other_frequencies_is_refused() -> None:
    rope = Rope("all", "default", 1e4, 64, 64)
    model = ModelConfig("x", "transformers-5", None, (rope,), None)
    with pytest.raises(ropecalc.InvalidValueError, match="the original context is not in x"):
        ropecalc.plan_model(model, 8_192)
    other = replace(model, ropes=(replace(rope, rope_type="proportional"),))
    with pytest.raises(ropecalc.UnsupportedError, match="no plan for proportional"):
        ropecalc.plan_model(other, 8_192, trained_context=4_096)


# --- the advice ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_advice_says_its_own_numbers(qwen: Plan, llama: Plan) -> None:
    assert qwen.with_training == llama.with_training == "roomy-base"
    assert qwen.without_training == llama.without_training == "yarn"
    assert "Base 23,000,000 is the first of two digits" in qwen.with_training_reason
    broken = of(qwen, "yarn").check
    assert f"first at {broken.first_violation:,} tokens" in qwen.without_training_reason
    assert "maker publishes factor 4 from 32,768 tokens" in qwen.without_training_reason
    unknown = replace(qwen, model=None)
    assert "by Qwen2.5 and Qwen3" in advise(unknown).without_training_reason
    assert "8 is beyond it: test" in llama.without_training_reason
    assert f"{of(llama, 'roomy-base').unseen_pairs} of 64 pairs" in llama.with_training_reason


@pytest.mark.parametrize(("trained", "context"), [(10_000, 20_000), (8_192, 50_000)])
def test_a_base_that_is_said_to_meet_the_bound_meets_it_as_it_is_written(
    trained: int, context: int
) -> None:
    """Four digits of these minimum bases, rounded up, lie beyond their windows."""
    found = ropecalc.plan(
        5e5, 128, trained_context=trained, context=context, methods=["minimum-base"]
    )
    sentence = found.with_training_reason
    said = re.match("minimum-base, base ([0-9,.]+): the bound holds", sentence, re.IGNORECASE)
    assert said is not None, sentence
    written = float(said[1].replace(",", ""))
    thetas = written ** (-np.arange(64) / 64)
    assert np.cos(np.arange(context)[:, None] * thetas).sum(axis=1).min() > 0
    exact = of(found, "minimum-base").rope.base
    assert exact <= written < exact * (1 + 1e-9)


def test_four_digits_are_enough_where_they_meet_the_bound_too() -> None:
    found = ropecalc.plan(1e6, 128, trained_context=32_768, context=131_072, methods=["liu"])
    assert of(found, "liu").rope.base == pytest.approx(9_370_821.04, abs=0.01)
    assert found.with_training_reason.startswith("liu, base 9,371,000: the bound holds")
    assert ropecalc.check(9_371_000, 131_072, head_dim=128).holds


@pytest.mark.slow
def test_a_base_that_is_not_all_of_the_advice_is_no_answer(run_batch: RunBatch) -> None:
    lines = ["plan gpt-oss-20b --to 200k -q", "plan Qwen3-8B --from 32k --to 128k --method yarn -q"]
    for done in run_batch([line.split() for line in lines]):
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_base_that_is_enough_is_kept() -> None:
    found = ropecalc.plan(1e6, 128, trained_context=8_192, context=16_384, methods=["round-base"])
    assert found.original.check.holds
    assert found.with_training == "original"


def test_beyond_eight_times_training_is_advised() -> None:
    found = ropecalc.plan(1e4, 64, trained_context=512, context=8_192, methods=["yarn"])
    assert "train if you can" in found.without_training_reason


# --- the command --------------------------------------------------------------------------------


def test_the_command_and_its_exit_codes(run_batch: RunBatch) -> None:
    head = "plan --base 1e6 --from 32k --to 128k"
    lines = [
        f"{head} --method roomy-base -q",
        f"{head} --method yarn --csv",
        f"{head} -q",
        f"{head} --json --method liu",
    ]
    wide, yarn_only, advised, as_json = run_batch([line.split() for line in lines])
    assert (wide.stdout, wide.returncode) == ("23000000\n", 0)
    assert (yarn_only.returncode, len(yarn_only.stdout.splitlines())) == (1, 3)
    assert (advised.stdout, advised.returncode) == ("23000000\n", 0)
    (record,) = json.loads(as_json.stdout)["results"]
    assert record["critical_base"] == record["candidates"][0]["base"]
    assert record["candidates"][0]["unseen_pairs"] == 0
    assert {done.stderr for done in (wide, yarn_only, advised, as_json)} == {""}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--base 1e6 --from 8k", "--to is missing"),
        ("--base 1e6 --to 8k", "--from is missing"),
        ("--to 8k", "no model was named"),
        ("Qwen3-8B --to 32k", "Invalid value for '--to': context must be longer"),
        ("Qwen3-8B --to 64k --method ntk", "Invalid value for '--method'"),
    ],
)
def test_bad_usage_names_the_option(run_batch: RunBatch, line: str, message: str) -> None:
    (done,) = run_batch([["plan", *line.split()]])
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_it_ends_with_the_command_that_writes_each_recommendation(run_cli: RunCli) -> None:
    done = run_cli(*"plan Qwen3-8B --to 128k".split())
    text = re.sub(r" \\\n +", " ", done.stdout)
    lines = re.findall(r"^  ropecalc (emit .*)$", text, re.MULTILINE)
    assert [line.split()[2] for line in lines] == ["--rope-type", "--base"]
    yarn, raised = (json.loads(run_cli(*line.split(), "--json").stdout) for line in lines)
    assert (raised["inputs"]["base"], raised["inputs"]["rope_type"]) == (23e6, "default")
    assert yarn["inputs"]["parameters"]["factor"] == 4
    assert yarn["inputs"]["context"] == raised["inputs"]["context"] == 131_072


@pytest.mark.slow
def test_the_recommendations_come_first_their_commands_last_and_the_reasons_are_an_option(
    run_cli: RunCli,
) -> None:
    line = "plan Qwen3-8B --to 128k".split()
    short, whole = run_cli(*line).stdout, run_cli(*line, "--all").stdout
    first, last = (
        " ".join("\n".join(part).split())
        for part in (short.splitlines()[:8], short.splitlines()[-6:])
    )
    assert "use yarn with factor 4, because its maker publishes it" in first
    assert "try factor 6.5, which meets it" in first
    assert "with fine-tuning use base 23,000,000 (roomy-base)" in first
    for word in ("--base 23000000", "--rope-type yarn --factor 4"):
        assert word in last
    for word in ("Contrast at 16: the same", "https://github.com/QwenLM", "Liu's critical dim"):
        assert (word in short, word in whole) == (False, True), word


def test_methods_are_named_in_any_case_and_in_lists(run_batch: RunBatch) -> None:
    head = "plan --base 1e6 --from 32k --to 128k --csv --method"
    lines = [f"{head} yarn,liu", f"{head} YaRN --method Liu --method yarn"]
    lists, cases = run_batch([line.split() for line in lines])
    assert lists.stdout == cases.stdout
    assert [line.split(",")[0] for line in lists.stdout.splitlines()[1:]] == [
        *("original", "liu", "yarn")
    ]
    found = ropecalc.plan(1e4, 64, trained_context=512, context=2_048, methods=["NTK_Aware"])
    assert [one.method for one in found.candidates] == ["ntk-aware"]


def test_a_context_that_only_the_file_says_is_doubted(run_batch: RunBatch, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    document = ropecalc.find_model("Qwen3-8B").document
    file.write_text(json.dumps({**document, "max_position_embeddings": 163_840}))
    again, told = run_batch([["plan", str(file), "--to", "160k", *more] for more in ([], FROM)])
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == (
        "Error: Invalid value for '--to': context must be longer than the original 163,840 "
        "tokens, got 163,840; that is what the file says: give --from, such as --from 8k, if it "
        "was trained on fewer\n"
    )
    assert told.stderr.endswith("original 163,840 tokens, got 163,840\n")


FROM = ["--from", "160k"]


# --- on a terminal ------------------------------------------------------------------------------


def small() -> Plan:
    return ropecalc.plan(1e4, 64, trained_context=512, context=2_048)


def on_screen(plan: Plan, width: int, encoding: str = "utf-8", *, everything: bool = False) -> str:
    from ropecalc.render.console import screen

    on = screen(Stream(encoding, terminal=True), {"COLUMNS": str(width), "NO_COLOR": "1"})
    return describe_plan(plan, on, everything=everything)


GOLDEN = ROOT / "tests" / "golden"


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_on_a_terminal(width: int) -> None:
    golden = (GOLDEN / f"plan-{width}.txt").read_text(encoding="utf-8")
    assert on_screen(small(), width, everything=width == 120) + "\n" == golden


def test_the_first_sentence_is_the_setting_to_use_with_its_reason(qwen: Plan) -> None:
    text = on_screen(qwen, 80)
    first = " ".join(text.partition("\n\n")[0].split())
    assert first == (
        "Qwen3-8B from 32,768 to 131,072 tokens (a factor of 4): use yarn with factor 4, because "
        "its maker publishes it"
    )
    beside = " ".join(text.split("\n\n")[1].split())
    assert "66,234 tokens; if retrieval fails there, try factor 6.5, which meets it" in beside
    assert "with fine-tuning use base 23,000,000 (roomy-base), because it meets the" in beside


def test_a_plan_of_a_scaled_model_names_the_base_that_min_base_recommends() -> None:
    given = {"factor": 4.0, "original_context": 512, "low_freq_factor": 1, "high_freq_factor": 4}
    rope = Rope("all", "llama3", 1e4, 64, 64, given, context=2_048)
    model = ModelConfig("scaled", "transformers-4", None, (rope,), 2_048)
    text = " ".join(on_screen(ropecalc.plan_model(model, 4_096), 200).split())
    assert "use llama3 with factor 8, because the model's weights know llama3 scaling" in text
    assert "its own factor 4 is for 2,048 tokens, and 8 is in proportion" in text
    base = ropecalc.min_base(64, 4_096).recommended_base
    assert f"--base {base:.0f} --rope-type default --ctx 4096" in text
    assert f"scaling removed use base {base:,.0f} if you fine-tune" in text


def test_a_way_that_breaks_the_bound_is_set_beside_one_that_meets_it() -> None:
    met: dict[str, Any] = {"trained_context": 512, "methods": ["yarn", "dynamic"]}
    plan = ropecalc.plan(4e3, 64, context=2_048, **met)
    yarn, dynamic = plan.candidate("yarn"), plan.candidate("dynamic")
    assert yarn is not None
    assert dynamic is not None
    assert (yarn.check.holds, dynamic.check.holds, dynamic.unseen_pairs) == (False, True, 0)
    text = " ".join(on_screen(plan, 120).split())
    assert "unseen in training, and it keeps the neighbour contrast" in text
    costs = f"neighbour contrast {dynamic.blur_1:.3f}, yarn {yarn.blur_1:.3f}"
    assert f"instead dynamic with factor 4 meets the bound; {costs}" in text
    broken = on_screen(ropecalc.plan(1e3, 64, context=1_024, **met), 120)
    assert "instead" not in broken


@pytest.mark.parametrize(
    ("width", "hidden"), [(60, {"Neighbour contrast", "No training"}), (140, set())]
)
def test_the_legend_explains_the_columns_that_are_shown(width: int, hidden: set[str]) -> None:
    text = " ".join(on_screen(small(), width).split())
    legends = {"Unseen angles", "Neighbour contrast", "No training"}
    assert {name for name in legends if f"{name}: " not in text} == hidden


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_plan_names_the_columns_that_it_leaves_out(width: int) -> None:
    text = " ".join(on_screen(small(), width).split())
    assert "Shown in a wider terminal, by --csv and by --json: " in text
    assert "1% violate up to, S/S(0) at target" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_plan_fits_and_keeps_to_its_encoding(width: int, qwen: Plan) -> None:
    text = on_screen(qwen, width, "ascii")
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= width
    assert "roomy-base" in text
    assert "23,000,000" in text


def test_a_plan_says_which_scaling_it_replaces_and_how_to_look_for_a_factor(
    run_cli: RunCli,
) -> None:
    line = ["Phi-3-mini-128k", "--to", "132k", "--method", "yarn", "--width", "120"]
    text = " ".join(run_cli("plan", *line).stdout.split())
    assert "replaces the model's own longrope scaling" in text
    assert "'ropecalc min-factor Phi-3-mini-128k --ctx 135168 --rope-type yarn' looks for" in text
