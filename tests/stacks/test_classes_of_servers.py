"""What vLLM and SGLang do by the class of a model: ``compare``, ``emit`` and ``lint``.

What is expected is read in the code of vLLM 0.33.0 and SGLang 0.5.23, or was run with the
transformers that they load a file by.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc.lint import findings
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Emission, StackRun
from ropecalc.stacks.running import as_run
from ropecalc.stacks.writing import emit
from tests.tools import scaling_oracle

Document = dict[str, Any]
YARN: Document = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 4096,
}
DYNAMIC: Document = {"rope_type": "dynamic", "factor": 4.0}


def config(model_type: str, rope: Mapping[str, Any] | None = None, **keys: Any) -> Document:
    """A config.json of a class with d = 128, b = 1e6 and M = 16,384 unless said otherwise."""
    document = {
        "model_type": model_type,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "head_dim": 128,
        "num_hidden_layers": 8,
        "max_position_embeddings": 16_384,
        "rope_theta": 1e6,
        **keys,
    }
    return document if rope is None else {**document, "rope_scaling": dict(rope)}


def run(document: Document, stack: str, context: int | None = None, layer: int = 0) -> StackRun:
    """What one stack makes of one kind of layer."""
    model = parse_config(document, "config.json")
    return as_run(model, model.ropes[layer], stack, context)


def rules(found: StackRun) -> str:
    texts = [rule.text for rule in found.rules]
    return "; ".join(texts if found.refusal is None else [found.refusal.text, *texts])


def frequencies(found: StackRun) -> Any:
    assert found.spectrum is not None, found.refusal
    return found.spectrum.angular_frequencies


def plain(base: float, rotary_dim: int) -> list[float]:
    """theta_i = base^(-2i/rotary_dim), each the nearest float64."""
    with mpmath.workdps(50):
        return [float(theta) for theta in scaling_oracle.plain(mpmath.mpf(base), rotary_dim)]


def written(document: Document, stack: str, **asked: Any) -> Emission:
    model = parse_config(document, "config.json")
    return emit(ropecalc.make_setting(model, model.rope, **asked), stack)


def overrides(text: str) -> Document:
    """The JSON object in a command."""
    words = shlex.split(text)
    found: Document = json.loads(words[words.index(next(w for w in words if w[0] == "{"))])
    return found


# --- SGLang: classes whose code passes no scaling, or a whole base -------------------------------


@pytest.mark.parametrize(
    "model_type",
    ["mixtral", "gemma", "gemma2", "starcoder2", "phi", "stablelm", "olmo", "granitemoe"],
)
def test_code_of_sglang_that_passes_no_scaling_has_a_plain_rope(model_type: str) -> None:
    document = config(model_type, YARN, partial_rotary_factor=1.0)
    found = run(document, "sglang")
    assert frequencies(found).tolist() == plain(1e6, 128)
    assert found.spectrum is not None
    assert found.spectrum.attention_factor == 1
    assert f"its code for {model_type} passes no scaling on" in rules(found)
    emitted = written({**document, "rope_scaling": None}, "sglang", rope_type="yarn", factor=4)
    assert not emitted.exact
    assert not emitted.text
    assert emitted.notes == (
        f"SGLang's code for {model_type} passes no scaling on: its rope is plain",
    )


@pytest.mark.parametrize("model_type", ["llama", "qwen2", "olmo2", "granite"])
def test_code_of_sglang_that_passes_scaling_on_scales(model_type: str) -> None:
    found = run(config(model_type, YARN), "sglang")
    assert found.rope is not None
    assert found.rope.rope_type == "yarn"


def test_a_plain_base_is_exact_where_sglang_passes_no_scaling() -> None:
    emitted = written(config("mixtral"), "sglang", base=5e6, context=65_536)
    assert emitted.exact
    assert overrides(emitted.text)["rope_parameters"]["rope_theta"] == 5e6


def test_dynamic_scaling_is_a_plain_base_there_too() -> None:
    emitted = written(config("mixtral"), "sglang", rope_type="dynamic", factor=4)
    assert not emitted.exact
    assert overrides(emitted.text)["rope_parameters"]["rope_type"] == "default"


def test_a_null_factor_stops_sglang_only_where_it_is_read() -> None:
    null = {**YARN, "factor": None}
    assert run(config("llama", null), "sglang").refusal is not None
    assert run(config("mixtral", null), "sglang").refusal is None
    del null["factor"]  # which transformers refuses as it loads the file
    assert run(config("mixtral", null), "sglang").refusal is not None


@pytest.mark.parametrize(
    "model_type", ["mixtral", "starcoder2", "granitemoe", "phimoe", "llama4_text"]
)
def test_code_of_sglang_that_takes_a_whole_base_has_no_other(model_type: str) -> None:
    document = config(model_type, rope_theta=999_999.4420358813, num_local_experts=4)
    found = run(document, "sglang")
    assert frequencies(found).tolist() == plain(999_999, 128)
    assert "takes the whole part of the base, 999,999" in rules(found)
    assert not run(config(model_type), "sglang").rules
    emitted = written(document, "sglang", base=2_000_000.5, context=16_384)
    assert not emitted.exact
    assert overrides(emitted.text)["rope_parameters"]["rope_theta"] == 2_000_001
    assert written(document, "sglang", base=2e6, context=16_384).exact


# --- vLLM: gpt-oss, whose code builds YaRN from keys that may not be absent ----------------------

# gpt_oss.py looks these up in rope_parameters, and passes on none but them and truncate
NEEDED = {"rope_theta", "factor", "original_max_position_embeddings", "beta_fast", "beta_slow"}
GPT_OSS: Document = {
    **config("gpt_oss", head_dim=64, rope_theta=150_000.0, max_position_embeddings=131_072),
    "rope_scaling": {
        **YARN,
        "factor": 32.0,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "truncate": False,
    },
}


@pytest.mark.parametrize(
    "asked",
    [
        {"rope_type": "yarn", "factor": 64.0, "original_context": 4096},
        {"rope_type": "default", "base": 1e6, "context": 131_072},
        {"rope_type": "default", "base": 1e6, "context": 65_536},
        {"rope_type": "default", "base": 1e7, "context": 262_144},
        {},
    ],
)
def test_gpt_oss_in_vllm_is_written_as_yarn_with_all_its_keys(asked: Document) -> None:
    emitted = written(GPT_OSS, "vllm", **asked)
    assert emitted.exact
    keys = overrides(emitted.text)
    rope = keys["rope_parameters"]
    assert rope.keys() >= NEEDED
    assert rope["rope_type"] == "yarn"
    # int(original * factor) positions have a cos and a sin, max_position_embeddings are served
    length = int(shlex.split(emitted.text)[-1])
    assert length <= rope["factor"] * rope["original_max_position_embeddings"]
    assert length <= keys["max_position_embeddings"]
    if asked.get("rope_type") == "default":
        assert rope["factor"] == 1
        assert any("by a factor of 1 the base is plain" in note for note in emitted.notes)


@pytest.mark.parametrize("rope_type", ["linear", "llama3", "ntk_fixed"])
def test_gpt_oss_in_vllm_has_no_other_scaling(rope_type: str) -> None:
    emitted = written(GPT_OSS, "vllm", rope_type=rope_type, factor=4.0)
    assert not emitted.exact
    assert not emitted.text
    assert emitted.notes == (
        f"vLLM's code for gpt_oss is that of YaRN: it has no {rope_type} scaling",
    )


def test_gpt_oss_in_vllm_has_no_attention_factor_of_its_own() -> None:
    document = {**GPT_OSS, "rope_scaling": {**GPT_OSS["rope_scaling"], "attention_factor": 1.25}}
    emitted = written(document, "vllm")
    assert not emitted.exact
    assert "always has YaRN's own attention factor" in emitted.notes[0]
    found = run(document, "vllm")
    assert found.spectrum is not None
    assert math.isclose(found.spectrum.attention_factor, 1 + 0.1 * math.log(32))
    assert "does not pass attention_factor on" in rules(found)


@pytest.mark.parametrize(
    ("rope", "reason"),
    [
        ({"rope_type": "default"}, "needs factor: KeyError"),
        (
            {"rope_type": "linear", "factor": 2.0},
            "needs original_max_position_embeddings: KeyError",
        ),
        (YARN, "needs beta_fast: KeyError"),
        ({**YARN, "beta_fast": 32.0}, "needs beta_slow: KeyError"),
        ({**YARN, "beta_fast": None, "beta_slow": 1.0}, "needs beta_fast: TypeError"),
    ],
)
def test_gpt_oss_in_vllm_stops_at_a_key_that_is_absent(rope: Document, reason: str) -> None:
    found = run({**GPT_OSS, "rope_scaling": rope}, "vllm")
    assert found.refusal is not None
    assert found.refusal.text == f"its code for gpt_oss is that of YaRN and {reason}"
    assert run({**GPT_OSS, "rope_scaling": rope}, "transformers").refusal is None


def test_gpt_oss_in_vllm_is_yarn_whatever_its_type() -> None:
    rope = {**GPT_OSS["rope_scaling"], "rope_type": "linear"}
    found = run({**GPT_OSS, "rope_scaling": rope}, "vllm")
    assert np.array_equal(frequencies(found), frequencies(run(GPT_OSS, "vllm")))
    assert "is that of YaRN, whatever the type" in rules(found)


def test_gpt_oss_without_a_rope_object_has_that_of_its_class() -> None:
    bare = {key: value for key, value in GPT_OSS.items() if key != "rope_scaling"}
    assert np.array_equal(frequencies(run(bare, "vllm")), frequencies(run(GPT_OSS, "vllm")))


# --- SGLang: lengths and bases by kind of layer --------------------------------------------------


def test_sglang_multiplies_no_length_of_a_rope_by_kind_of_layer() -> None:
    """Gemma 3: loaded, the object has one key a kind of layer and no factor (run)."""
    linear = {"rope_type": "linear", "factor": 8.0}
    gemma = config("gemma3_text", linear, sliding_window=1024, sliding_window_pattern=6)
    for layer in (0, 1):
        found = run(gemma, "sglang", layer=layer)
        assert found.usable_length == 16_384
        assert not found.rules
    assert run(config("llama", linear), "sglang").usable_length == 8 * 16_384


# --- classes that run by a Transformers backend --------------------------------------------------


@pytest.mark.parametrize(
    ("stack", "model_type"),
    [
        *(("vllm", kind) for kind in ("olmo2", "gpt_neox", "starcoder2", "seed_oss", "smollm3")),
        *(("sglang", kind) for kind in ("gpt_neox", "nemotron", "seed_oss", "smollm3")),
    ],
)
@pytest.mark.parametrize("context", [None, 65_536])
def test_a_class_by_the_backend_scales_as_transformers_does(
    stack: str, model_type: str, context: int | None
) -> None:
    rope = {"rope_type": "dynamic", "factor": 4}
    document = config(model_type, rope, partial_rotary_factor=1.0, rotary_pct=1.0)
    found = run(document, stack, context)
    # without a length the server's own counts, as its longest prompt has it
    theirs = run(document, "transformers", context or found.usable_length)
    assert np.array_equal(frequencies(found), frequencies(theirs))
    assert "the Transformers backend runs it" in rules(found)
    assert found.usable_length == 65_536  # the length is the stack's own: M times the factor
    assert theirs.usable_length == 16_384


def test_an_integer_factor_stops_vllm_only_in_its_own_code() -> None:
    linear = {"type": "linear", "factor": 4}
    for model_type in ("starcoder2", "olmo2", "phi"):
        document = config(model_type, linear, partial_rotary_factor=1.0)
        found = run(document, "vllm")
        assert found.refusal is None
        assert np.array_equal(frequencies(found), frequencies(run(document, "transformers")))
    assert run(config("llama", linear), "vllm").refusal is not None


def test_the_table_of_yarn_ends_only_in_code_of_vllms_own() -> None:
    short = {**YARN, "factor": 2.0}
    assert "its table of cos and sin ends at 8,192" in rules(run(config("llama", short), "vllm"))
    assert "the table" not in rules(run(config("olmo2", short), "vllm"))


def test_a_nested_truncate_is_passed_over_by_the_backend_as_by_transformers() -> None:
    """``_compute_yarn_parameters`` looks beside the kinds of layers; vLLM's own code within."""
    plain = {"rope_type": "default", "rope_theta": 5e5}
    yarn = {**YARN, "rope_theta": 5e5, "truncate": False}
    nested = {"full_attention": yarn, "sliding_attention": plain}
    keys: Document = {"sliding_window": 1024, "rope_parameters": nested}
    olmo, gemma = config("olmo3", **keys), config("gemma3_text", **keys, sliding_window_pattern=6)
    theirs = frequencies(run(olmo, "transformers"))
    assert np.array_equal(frequencies(run(olmo, "vllm")), theirs)
    assert not np.array_equal(frequencies(run(gemma, "vllm")), theirs)


def test_a_plain_rope_by_the_backend_has_nothing_to_say() -> None:
    assert not run(config("olmo2"), "vllm").rules
    assert not run(config("smollm3"), "sglang").rules


def codes(document: Document) -> dict[str, str]:
    found = findings(parse_config(document, "config.json"))
    return {finding.code: finding.message for finding in found}


def test_lint_finds_what_stops_a_servers_own_code_there_alone() -> None:
    """SGLang has code of its own for OLMo 2, and passes no scaling on in that of StarCoder 2."""
    linear, short = {"rope_type": "linear", "factor": 4}, {**YARN, "factor": 2.0}
    for model_type, own, stop in (
        ("llama", True, "vLLM and SGLang take"),
        ("starcoder2", False, ""),
        ("olmo2", False, ": SGLang takes"),
    ):
        found = codes(config(model_type, linear))
        assert ("integer-factor" in found) is bool(stop)
        assert stop in found.get("integer-factor", "")
        message = codes(config(model_type, short))["yarn-too-small"]
        assert ("vLLM's table of cos and sin ends there" in message) is own


@pytest.mark.parametrize(
    ("model_type", "following", "vllm", "sglang"),
    [
        ("llama", "transformers", "vLLM does not scale; ", "SGLang always has the base of"),
        ("olmo2", "transformers and vLLM", "", "SGLang always has the base of"),
        ("mixtral", "transformers", "vLLM does not scale; ", "SGLang does not scale; "),
        ("seed_oss", "transformers, vLLM and SGLang", "", ""),
    ],
)
def test_lint_says_who_follows_the_length(
    model_type: str, following: str, vllm: str, sglang: str
) -> None:
    message = codes(config(model_type, DYNAMIC))["dynamic-apart"]
    assert f"in {following}: {vllm}{sglang}" in message
    assert message.endswith("llama.cpp does not know it.")


@pytest.mark.parametrize(("stack", "model_type"), [("vllm", "olmo2"), ("sglang", "seed_oss")])
def test_a_setting_for_the_backend_is_in_the_words_of_transformers(
    stack: str, model_type: str
) -> None:
    """attention_factor is read, "ntk" is not known, and what is merged in has no effect."""
    own = {**YARN, "attention_factor": 1.25}
    rope = overrides(written(config(model_type, own), stack).text)["rope_parameters"]
    assert rope["attention_factor"] == 1.25
    assert "attn_factor" not in rope
    emitted = written(config(model_type, own), stack, rope_type="yarn", factor=8.0)
    assert overrides(emitted.text)["rope_parameters"].get("attention_factor") is None
    if stack == "sglang":
        assert "attention_factor" in overrides(emitted.text)["rope_parameters"]
    ntk = written(config(model_type), stack, rope_type="ntk_fixed", factor=4)
    assert ntk.exact
    assert overrides(ntk.text)["rope_parameters"]["rope_type"] == "longrope"
    dynamic = written(config(model_type), stack, rope_type="dynamic", factor=4)
    assert not dynamic.exact
    assert "the longest prompt at hand" in dynamic.notes[0]


def test_a_nested_truncate_is_no_more_exact_in_the_backend_than_in_transformers() -> None:
    plain = {"rope_type": "default", "rope_theta": 5e5}
    nested = {"full_attention": {**YARN, **plain, "rope_type": "yarn"}, "sliding_attention": plain}
    model = parse_config(config("olmo3", sliding_window=1024, rope_parameters=nested), "c.json")
    rope = replace(model.rope, parameters={**model.rope.parameters, "truncate": False})
    emitted = emit(ropecalc.make_setting(model, rope), "vllm")
    assert not emitted.exact
    assert "transformers 5 reads truncate beside the kinds of layers" in emitted.notes[0]


# --- SGLang: OLMo 3, whose config there is flat --------------------------------------------------

# configs/olmo3.py, run with transformers 5.19 and 5.23: what is in rope_parameters is gone
OLMO3 = config("olmo3", rope_theta=5e5, sliding_window=1024)
PLAIN: Document = {"rope_type": "default", "rope_theta": 5e5}
NESTED: Document = {"full_attention": {**YARN, "rope_theta": 5e5}, "sliding_attention": PLAIN}


def without(document: Document, *keys: str) -> Document:
    return {key: value for key, value in document.items() if key not in keys}


@pytest.mark.parametrize(
    ("document", "base", "scaled"),
    [
        ({**OLMO3, "rope_scaling": YARN}, 5e5, True),
        ({**OLMO3, "rope_scaling": {**YARN, "rope_theta": 3e6}}, 3e6, True),
        ({**OLMO3, "rope_theta": 1e7, "rope_scaling": YARN}, 1e7, True),
        ({**without(OLMO3, "rope_theta"), "rope_scaling": YARN}, 1e4, True),
        (without(OLMO3, "rope_theta"), 1e4, False),
        ({**OLMO3, "rope_parameters": NESTED}, 5e5, False),
        ({**without(OLMO3, "rope_theta"), "rope_parameters": NESTED}, 1e4, False),
        ({**OLMO3, "rope_theta": 7e5, "rope_parameters": {**PLAIN, "rope_theta": 5e6}}, 7e5, False),
    ],
)
def test_olmo_3_in_sglang_has_one_base_and_no_nested_object(
    document: Document, base: float, scaled: bool
) -> None:
    model = parse_config(document, "config.json")
    found = [as_run(model, rope, "sglang") for rope in model.ropes]
    assert [one.rope.base for one in found if one.rope] == [base] * len(model.ropes)
    full = found[0].rope
    assert full is not None
    assert (full.rope_type == "yarn") is scaled
    assert frequencies(found[-1]).tolist() == plain(base, 128)
    lost = "rope_parameters" in document
    assert ("has no rope_parameters: nothing is scaled" in rules(found[0])) is lost


def test_olmo_3_in_sglang_has_the_length_of_its_file() -> None:
    linear = {"rope_type": "linear", "factor": 8.0}
    assert run({**OLMO3, "rope_scaling": linear}, "sglang").usable_length == 8 * 16_384
    nested = {"full_attention": {**linear, "rope_theta": 5e5}, "sliding_attention": PLAIN}
    assert run({**OLMO3, "rope_parameters": nested}, "sglang").usable_length == 16_384


def test_olmo_3_in_sglang_stops_at_a_flat_object_of_the_newer_form() -> None:
    document = {**OLMO3, "rope_parameters": {**YARN, "rope_theta": 5e5}}
    found = run(document, "sglang")
    assert found.refusal is not None
    assert "AttributeError" in found.refusal.text


def test_olmo_3_without_a_factor_is_unscaled_in_sglang() -> None:
    found = run({**OLMO3, "rope_scaling": without(YARN, "factor")}, "sglang")
    assert found.refusal is None
    assert found.rope is not None
    assert found.rope.factor == 1


def test_an_override_of_olmo_3_in_sglang_is_merged_into_the_flat_object() -> None:
    model = parse_config({**OLMO3, "rope_scaling": YARN}, "config.json")
    change = {"rope_parameters": {"factor": 8.0, "rope_theta": 5e6}}
    result = ropecalc.compare(model, 1024, ["sglang"], override=change)
    ropes = [layer.runs[0].rope for layer in result.layers]
    assert [(one.base, one.rope_type) for one in ropes if one] == [(5e6, "yarn"), (5e6, "default")]
    result = ropecalc.compare(model, 1024, ["sglang"], override={"rope_theta": 2e6})
    assert [layer.runs[0].rope.base for layer in result.layers if layer.runs[0].rope] == [2e6, 2e6]


def test_olmo_3_is_written_flat_for_sglang() -> None:
    document = {**OLMO3, "rope_scaling": {**YARN, "attention_factor": 1.3}}
    emitted = written(document, "sglang", rope_type="yarn", factor=8.0)
    assert emitted.exact
    rope = overrides(emitted.text)["rope_parameters"]
    assert rope["rope_type"] == "yarn"
    assert (rope["rope_theta"], rope["factor"]) == (5e5, 8)
    assert not any("layers is written" in note for note in emitted.notes)


def test_olmo_3_in_sglang_has_no_two_bases() -> None:
    model = parse_config({**OLMO3, "rope_parameters": NESTED}, "config.json")
    emitted = emit(ropecalc.make_setting(model, model.rope, base=5e6, context=16_384), "sglang")
    assert not emitted.exact
    assert emitted.notes[0] == (
        "SGLang's code for olmo3 has one base for all layers: 5,000,000 instead of 500,000 in the "
        "others"
    )
    assert overrides(emitted.text)["rope_parameters"]["rope_theta"] == 5e6
    sliding = emit(ropecalc.make_setting(model, model.ropes[1], base=5e6, context=1024), "sglang")
    assert not sliding.exact
    assert not sliding.text


# --- nulls, zeros, two types, lengths ------------------------------------------------------------

# both formulas, yarn_find_correction_dim, divide by the number and take its logarithm
ENDS = [
    ({"beta_fast": None}, "a beta_fast of null is refused: TypeError"),
    ({"beta_slow": 0}, "a beta_slow of 0 is refused: ZeroDivisionError"),
]


@pytest.mark.parametrize(("ends", "reason"), ENDS)
def test_a_null_or_zero_end_of_the_ramp_stops_their_own_code(ends: Document, reason: str) -> None:
    for stack in ("vllm", "sglang"):
        found = run(config("llama", {**YARN, **ends}), stack)
        assert found.refusal is not None
        assert found.refusal.text == f"YaRN with {reason}"
        assert run(config("smollm3", {**YARN, **ends}), stack).refusal is None
    assert run(config("mixtral", {**YARN, **ends}), "sglang").refusal is None
    assert run(config("llama", {**YARN, **ends}), "transformers").refusal is None


def test_lint_says_whom_such_an_end_stops() -> None:
    zero, null = {**YARN, "beta_fast": 0}, {**YARN, "beta_slow": None}
    assert codes(config("llama", zero))["beta-zero"] == (
        "rope_scaling.beta_fast is 0, which is taken for the default, 32, in transformers, and "
        "vLLM and SGLang stop with a ZeroDivisionError."
    )
    message = codes(config("mixtral", null))["beta-zero"]
    assert message.endswith(
        "null, which is taken for the default, 1, in transformers, and vLLM stops with a TypeError."
    )
    assert codes(config("smollm3", zero))["beta-zero"].endswith("in transformers.")
    assert "beta-zero" not in codes(config("smollm3", null))
    assert "beta-zero" not in codes(config("llama", YARN))


def test_a_null_truncate_within_a_kind_of_layers_is_false() -> None:
    """In vLLM and SGLang it is looked up and tested as it is."""
    found = []
    for value in (None, False):
        nested = {"full_attention": {**YARN, **PLAIN, "rope_type": "yarn", "truncate": value}}
        nested["sliding_attention"] = PLAIN
        document = config("gemma3_text", sliding_window=1024, rope_parameters=nested)
        found.append([frequencies(run(document, stack)) for stack in ("vllm", "sglang")])
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("model_type", "rope", "refused"),
    [
        ("qwen2", {**YARN, "type": "linear"}, True),
        ("olmo2", {**YARN, "type": "linear"}, True),
        ("qwen2", {**YARN, "type": "yarn"}, False),
        ("qwen2", {**YARN, "type": None}, True),
        ("qwen2", {"rope_type": "default", "type": "mrope", "mrope_section": [16, 24, 24]}, False),
        ("gemma3_text", {"type": "linear", "factor": 8.0}, True),
        ("olmo3", {**without(YARN, "rope_type"), "type": "yarn"}, True),
        ("qwen2", {**without(YARN, "rope_type"), "type": "yarn"}, False),
    ],
)
def test_two_types_that_differ_stop_vllm(model_type: str, rope: Document, refused: bool) -> None:
    """patch_legacy_rope_type, run on what transformers 5.23 makes of such files."""
    found = run(config(model_type, rope), "vllm")
    assert (found.refusal is not None and "ValueError" in found.refusal.text) is refused
    assert (found.refusal is None) is not refused


def test_lint_says_that_two_types_stop_vllm() -> None:
    message = codes(config("qwen2", {**YARN, "type": "linear"}))["two-types"]
    assert message.endswith(
        "classes of transformers 4 take type, and vLLM stops with a ValueError."
    )
    renamed = {"rope_type": "default", "type": "mrope"}
    assert codes(config("qwen2", renamed))["two-types"].endswith("take type.")


@pytest.mark.parametrize(
    ("keys", "length"),
    [
        ({"model_max_length": 65_536}, 65_536),
        ({"model_max_length": 65_536, "seq_length": 1024}, 65_536),
        ({"max_seq_length": 8192}, 8192),
        ({"seq_len": 4096, "max_target_positions": 2048}, 2048),
        ({"rope_parameters": {"rope_type": "default", "factor": 4.0}}, 65_536),
        ({"rope_parameters": {"rope_type": "default", "factor": None}}, 16_384),
    ],
)
def test_the_length_of_a_model_in_vllm(keys: Document, length: int) -> None:
    """derive_max_model_len_and_key and _get_and_verify_max_len, for any class."""
    assert run(config("llama", **keys), "vllm").usable_length == length


# --- SGLang: longrope and proportional rotation --------------------------------------------------


def test_longrope_for_sglang_has_its_attention_factor_in_the_two_keys_that_are_read() -> None:
    """rope_variant.py has it from M over L, unless short_mscale and long_mscale are given."""
    lists = {"short_factor": [1.0] * 64, "long_factor": [2.0] * 64}
    own = {**YARN, "rope_type": "longrope", **lists, "attention_factor": 1.25}
    emitted = written(config("llama", own), "sglang")
    assert emitted.exact
    rope = overrides(emitted.text)["rope_parameters"]
    assert (rope["short_mscale"], rope["long_mscale"]) == (1.25, 1.25)
    batch = "one prompt above 4,096 tokens gives all of its batch long_factor in SGLang"
    assert emitted.notes[0] == batch
    assert (
        batch
        not in written(config("llama", {**own, **dict.fromkeys(lists, [2.0] * 64)}), "sglang").notes
    )


def test_a_proportional_factor_is_left_out_by_sglang() -> None:
    """factory.py builds Gemma4RotaryEmbedding without it."""
    rope = {"rope_type": "proportional", "factor": 8.0, "partial_rotary_factor": 0.25}
    found = run(config("llama", rope), "sglang")
    assert frequencies(found).tolist() == plain(1e6, 128)  # llama.py looks beside the object
    assert "proportional leaves the factor out" in rules(found)
    emitted = written(config("llama", rope), "sglang")
    assert not emitted.exact
    assert emitted.notes[0] == "SGLang ignores the factor of a proportional rope"


def test_lint_does_not_send_an_attention_factor_of_gpt_oss_to_vllm() -> None:
    document = {**GPT_OSS, "rope_scaling": {**GPT_OSS["rope_scaling"], "attention_factor": 1.25}}
    message = codes(document)["attention-factor"]
    assert "but vLLM, SGLang and llama.cpp compute theirs" in message
