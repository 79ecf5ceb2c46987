"""Attention temperature: closed forms at fifty digits, softmax itself, and the models' own code."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc.attention import mass_of
from ropecalc.render.console import screen
from ropecalc.render.temperature import describe_temperature
from tests.tools.render_samples import Stream

if TYPE_CHECKING:
    from ropecalc.results import Temperature
    from tests.conftest import RunBatch


def factors(found: Temperature) -> dict[str, float | None]:
    return {one.name: one.value for one in found.factors}


@given(n=st.integers(2, 2**30), trained=st.integers(2, 2**30), p=st.floats(1e-6, 1 - 1e-9))
def test_gaps_and_scale_are_the_closed_forms(n: int, trained: int, p: float) -> None:
    found = ropecalc.temperature(n, trained_context=trained, attention_mass=p)
    with mpmath.workdps(50):
        odds = mpmath.mpf(p) / (1 - mpmath.mpf(p))
        gap, before = mpmath.log(odds * (n - 1)), mpmath.log(odds * (trained - 1))
        assert abs(found.logit_gap - gap) < 1e-13 * max(1, abs(mpmath.log(odds)), math.log(n))
        assert found.unscaled_mass == pytest.approx(
            float(mpmath.exp(before) / (mpmath.exp(before) + n - 1)), rel=1e-9
        )
    if before > 1e-3:
        assert found.scale == pytest.approx(float(gap / before), rel=1e-9, abs=1e-9)
    elif before < -1e-9:
        assert found.scale is None


def test_softmax_itself_agrees() -> None:
    found = ropecalc.temperature(5_000, trained_context=300, attention_mass=0.7)
    assert found.scale is not None
    assert found.trained_logit_gap is not None
    for gap in (found.logit_gap, found.scale * found.trained_logit_gap):
        logits = np.zeros(5_000)
        logits[17] = gap
        assert np.exp(logits)[17] / np.exp(logits).sum() == pytest.approx(0.7)
    logits = np.random.default_rng(3).normal(size=5_000)
    above = np.log(np.exp(logits).sum()) - logits.max()
    assert 0 <= above <= found.spread == math.log(5_000)


def test_masses_are_those_of_the_scaled_gap() -> None:
    found = ropecalc.temperature(131_072, trained_context=8_192)
    assert found.trained_logit_gap is not None
    for one in found.factors:
        assert one.value is not None
        assert one.mass == mass_of(one.value * found.trained_logit_gap, 131_072)
    assert mass_of(2_000.0, 4) == 1
    assert mass_of(-2_000.0, 4) == 0


@pytest.mark.parametrize("n", [2, 512, 8_191, 8_192, 16_384, 16_385, 131_072, 10**6])
def test_factors_are_those_of_their_sources(n: int) -> None:
    found = factors(ropecalc.temperature(n, trained_context=4_096))
    position = n - 1
    assert found["log-n"] == pytest.approx(math.log(n, 512))
    # Qwen-7B: [math.log(i, seq_length) if i > seq_length else 1 for i in range(1, 32768)]
    assert found["log-n beyond L"] == pytest.approx(math.log(n, 4_096) if n > 4_096 else 1)
    s = max(n / 4_096, 1.0)
    assert found["YaRN"] == pytest.approx(ropecalc.scaling.yarn_attention_factor(s) ** 2)
    # transformers: torch.log1p(torch.floor((positions.float() + 1.0) / floor_scale)) * scale + 1.0
    floored = np.floor((np.float32(position) + 1.0) / 8_192)
    assert found["Llama 4"] == pytest.approx(np.log1p(floored) * 0.1 + 1.0)
    # transformers: 1 + beta * torch.log(1 + torch.floor(positions_ids / max_position_embeddings))
    assert found["Ministral 3"] == pytest.approx(1 + 0.1 * np.log(1 + np.floor(position / 4_096)))


def test_constants_are_those_of_transformers() -> None:
    transformers = pytest.importorskip("transformers", minversion="5.0")
    llama = transformers.Llama4TextConfig()
    assert (llama.floor_scale, llama.attn_scale) == (8_192, 0.1)
    ministral = transformers.Ministral3Config().rope_parameters
    assert ministral["llama_4_scaling_beta"] == 0.1
    assert ministral["original_max_position_embeddings"] == 16_384


def test_without_a_trained_context_there_is_no_scale() -> None:
    found = ropecalc.temperature(131_072)
    assert (found.scale, found.trained_logit_gap, found.unscaled_mass) == (None, None, None)
    assert factors(found)["YaRN"] is None
    assert factors(found)["Ministral 3"] == pytest.approx(1 + 0.1 * math.log(8))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"context": 1}, "context must be an integer from 2"),
        ({"context": 2.5}, "context must be an integer from 2"),
        ({"trained_context": 2**31}, "trained_context must be an integer"),
        ({"attention_mass": 1.0}, "attention_mass must be greater than 0 and less than 1, got 1"),
    ],
)
def test_bad_values_are_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match=message):
        ropecalc.temperature(**{"context": 4_096, **wrong})  # type: ignore[arg-type]


def test_the_command(run_batch: RunBatch) -> None:
    head = "temperature --ctx 128k"
    lines = [
        f"{head} -q",
        f"{head} --from 8k -q",
        f"{head} --json",
        f"{head} --mass 1",
        "temperature",
    ]
    gap, scale, as_json, mass, bare = run_batch([line.split() for line in lines])
    found = ropecalc.temperature(131_072, trained_context=8_192)
    assert (float(gap.stdout), float(scale.stdout)) == (found.logit_gap, found.scale)
    (record,) = json.loads(as_json.stdout)["results"]
    assert record["logit_gap"] == found.logit_gap
    assert [one["factor"] for one in record["factors"]] == list(
        factors(ropecalc.temperature(131_072)).values()
    )
    assert "Invalid value for '--mass'" in mass.stderr
    assert "--ctx is missing" in bare.stderr
    assert [done.returncode for done in (gap, scale, as_json, mass, bare)] == [0, 0, 0, 2, 2]


def test_what_has_no_scale_or_goes_backwards_is_told(run_batch: RunBatch) -> None:
    head = "temperature --ctx 128k --from"
    lines = [f"{head} 256k", f"{head} 128k -q", f"{head} 8k --mass 1e-9 -q", "temperature -h"]
    backwards, same, none, page = run_batch([line.split() for line in lines])
    assert (backwards.returncode, backwards.stdout) == (2, "")
    assert (
        "Invalid value for '--original-ctx': it must be at most --ctx, 131,072 tokens, got 262,144;"
        in (backwards.stderr)
    )
    assert (same.stdout, same.stderr) == ("1\n", "")
    assert (none.returncode, none.stdout, none.stderr) == (1, "", "")
    assert "model" not in page.stdout.split("Options:")[1]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("trained", [None, 8_192])
def test_on_a_terminal(width: int, trained: int | None) -> None:
    on = screen(Stream("ascii", terminal=True), {"COLUMNS": str(width), "NO_COLOR": "1"})
    text = describe_temperature(ropecalc.temperature(131_072, trained_context=trained), on)
    assert text.isascii()
    lines = [line for line in text.splitlines() if "ropecalc temperature" not in line]
    assert max(map(len, lines)) <= width
    assert "13.9807" in text
    assert ("1.247386" in text) is (trained is not None)


@pytest.mark.parametrize(("context", "trained"), [(4, 2), (4096, 2048), (8192, 4096), (9000, "8k")])
def test_the_line_to_try_names_a_shorter_context(
    run_batch: RunBatch, context: int, trained: object
) -> None:
    stream = Stream()
    stream.write(describe_temperature(ropecalc.temperature(context), screen(stream, {})))
    line = f"temperature --ctx {context} --from {trained}"
    assert f"  ropecalc {line}" in stream.text().splitlines()
    (done,) = run_batch([line.split()])
    assert (done.returncode, done.stderr) == (0, "")


def test_of_two_tokens_there_is_no_shorter_context() -> None:
    stream = Stream()
    stream.write(describe_temperature(ropecalc.temperature(2), screen(stream, {})))
    assert "--from" not in stream.text().splitlines()[-1]
