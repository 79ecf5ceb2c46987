"""Every text that is called exact, read back and run: it is the setting, in every kind of layer.

All known models, every method, every stack whose code is modelled. What is expected is worked out
here anew from the setting and the file; a text that is not exact has to say why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import ropecalc
from ropecalc.models.setting import FACTORLESS, ROPE_TYPES
from ropecalc.results import Emission, ModelConfig, Rope, Setting, StackRun
from ropecalc.scaling import from_rope, ntk_aware_base
from ropecalc.stacks.registry import COMPARED, STACKS, Stack
from ropecalc.stacks.running import run
from ropecalc.stacks.writing import emit
from tests.tools.speeds import first_quick

RUN = tuple(name for name in STACKS if Stack(name).runs)
MODELS = [known.name for known in ropecalc.known_models()]
SAMPLE = MODELS[::64]
TIMES = 4  # how far each setting reaches, times the length that the model has without a scaling
TELLS_KINDS_APART = ("gemma3", "gemma4", "olmo3", "t5gemma2", "modernbert")


def settings_of(model: ModelConfig) -> Iterator[Setting]:
    """A setting of each method for a model."""
    own = model.rope.original_context or model.context or 4096
    for method in ROPE_TYPES:
        parts: dict[str, object] = {"factor": float(TIMES), "original_context": own}
        if method in FACTORLESS:
            parts = {"base": 5e6}
        yield ropecalc.make_setting(
            model,
            model.rope,
            context=TIMES * own,
            rope_type=method,
            **parts,  # type: ignore[arg-type]
        )


def expected(setting: Setting, kind: str) -> Rope:
    """The rope that a kind of layer should have: the setting's, or the file's own."""
    model = setting.model
    assert model is not None
    file = {rope.layer_type: rope for rope in model.ropes}
    own, first = file.get(kind, model.rope), model.rope
    apart = str(model.model_type).startswith(TELLS_KINDS_APART)
    alike = (own.rope_type, own.base, own.parameters) == (
        first.rope_type,
        first.base,
        first.parameters,
    )
    if kind != first.layer_type and (apart or not alike):
        return own
    rope = setting.rope
    if rope.rope_type != "ntk_aware":
        return rope
    base = ntk_aware_base(rope.base, rope.rotary_dim, TIMES)
    return Rope(rope.layer_type, "default", base, rope.head_dim, rope.rotary_dim)


def runs_of(setting: Setting, emission: Emission) -> Iterator[tuple[str, StackRun]]:
    """(kind of layer, what the stack makes of the text there)."""
    stack = Stack(emission.stack)
    override = stack.part("override")
    assert override is not None
    start = override(setting.model, emission.text)
    for rope in start.model.ropes:
        yield rope.layer_type, run(stack, start, rope)


def check(setting: Setting, stack: str) -> bool:
    """Whether it is exact; fails where it says so and is not, or says nothing."""
    emission = emit(setting, stack)
    if not emission.exact:
        assert emission.notes, (setting, stack)
        return False
    assert emission.text
    if not emission.verified:
        return False
    for kind, found in runs_of(setting, emission):
        assert found.refusal is None
        assert found.short is None
        assert found.spectrum is not None
        assert found.rope is not None
        wanted = from_rope(expected(setting, kind), setting.context)
        spectrum = found.spectrum
        if found.rope.rope_type == "dynamic":  # which follows the prompt
            spectrum = from_rope(found.rope, setting.context)
        theirs, ours = spectrum.angular_frequencies, wanted.angular_frequencies
        np.testing.assert_allclose(
            theirs, ours, rtol=1e-9, atol=1e-30, err_msg=f"{emission.text} {kind}"
        )
        assert found.spectrum.attention_factor == pytest.approx(wanted.attention_factor, rel=1e-9)
        assert found.spectrum.softmax_factor == pytest.approx(wanted.softmax_factor, rel=1e-9)
        assert found.usable_length is not None
    return True


@pytest.mark.parametrize("stack", first_quick(2, RUN))
def test_an_exact_text_is_the_setting_when_it_is_run(stack: str) -> None:
    """A few of the known models."""
    assert any(list(_checked(SAMPLE, stack)))


@pytest.mark.slow
@pytest.mark.parametrize("stack", COMPARED)
def test_an_exact_text_of_one_known_model_in_twelve_is_the_setting(stack: str) -> None:
    """Other models than in the quick suite."""
    assert sum(_checked(MODELS[2::12], stack)) > 30


@pytest.mark.heavy
@pytest.mark.parametrize("stack", RUN)
def test_every_exact_text_of_every_known_model_is_the_setting(stack: str) -> None:
    """All of them; the counts of exact ones never fall."""
    found = list(_checked(MODELS, stack))
    print(f"{stack}: {sum(found)} of {len(found)} exact")
    assert sum(found) >= EXACT[stack]


EXACT = {
    "transformers": 3199,
    "transformers4": 2706,
    "vllm": 3088,
    "sglang": 2784,
    "llama.cpp": 1522,
    "mlx": 1518,
    "koboldcpp": 930,
    "exllamav2": 487,
    "exllamav3": 1440,
    "lmdeploy": 1178,
    "tensorrt-llm": 1668,
    "axolotl": 2781,
    "llama-factory": 710,
    "torchtune": 308,
    "litgpt": 1305,
    "ms-swift": 2612,
    "verl": 3199,
    "unsloth": 2230,
}


def _checked(names: list[str], stack: str) -> Iterator[bool]:
    for name in names:
        model = ropecalc.find_model(name)
        if model.form.startswith("transformers"):
            yield from (check(setting, stack) for setting in settings_of(model))


# --- the check itself can fail ----------------------------------------------------------------


def test_a_text_with_another_number_is_found() -> None:
    model = ropecalc.find_model("Llama-3-8B")
    setting = ropecalc.make_setting(model, model.rope, base=5e6, context=32_768)
    emission = emit(setting, "vllm")
    assert emission.exact
    text = emission.text.replace("5000000.0", "4000000.0")
    found = [run for _, run in runs_of(setting, replace(emission, text=text))]
    wanted = from_rope(expected(setting, "all"), setting.context)
    for one in found:
        assert one.spectrum is not None
        assert not np.allclose(one.spectrum.angular_frequencies, wanted.angular_frequencies)


def test_a_kind_of_layer_that_keeps_its_rope_is_looked_at() -> None:
    """OLMo 3's sliding layers stay plain under a YaRN of the others."""
    model = ropecalc.find_model("OLMo-3-7B-pretrained")
    kinds = [rope.layer_type for rope in model.ropes]
    parts = {"rope_type": "yarn", "factor": 8.0, "original_context": 8192}
    setting = ropecalc.make_setting(model, model.rope, **parts)  # type: ignore[arg-type]
    assert [expected(setting, kind).rope_type for kind in kinds] == ["yarn", "default"]
    emission = emit(setting, "vllm")
    methods = [run.rope.rope_type for _, run in runs_of(setting, emission) if run.rope]
    assert methods == ["yarn", "default"]
    assert emission.exact
