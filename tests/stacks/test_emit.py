"""What is written for a stack, read as the stack reads it, gives the setting back."""

from __future__ import annotations

import copy
import json
import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ropecalc
from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.models.classes import is_elsewhere
from ropecalc.models.huggingface import parse_config
from ropecalc.models.lengths import original_of
from ropecalc.models.megatron import parse_arguments
from ropecalc.results import Emission, ModelConfig, Rope, Setting
from ropecalc.scaling import from_rope, mscale
from ropecalc.stacks.registry import STACKS
from ropecalc.stacks.wanted import alike
from ropecalc.stacks.writing import emit
from tests.tools import transformers_rope as oracle
from tests.tools.laws import laws
from tests.tools.places import ROOT

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

Document = dict[str, Any]
RELATIVE = 1e-12  # what a frequency may lose between a float written and the same one read

# the required keys of each type, from transformers 5.23's _validate_*_rope_parameters
REQUIRED = {
    "default": {"rope_type"},
    "linear": {"rope_type", "factor"},
    "dynamic": {"rope_type", "factor"},
    "yarn": {"rope_type", "factor", "original_max_position_embeddings"},
    "longrope": {
        *("rope_type", "factor", "short_factor", "long_factor"),
        "original_max_position_embeddings",
    },
    "llama3": {
        *("rope_type", "rope_theta", "factor", "original_max_position_embeddings"),
        *("low_freq_factor", "high_freq_factor"),
    },
    "proportional": {"rope_type", "rope_theta"},
}


# --- settings to try ----------------------------------------------------------------------------


def config(
    head_dim: int = 128,
    rotary_dim: int | None = None,
    *,
    v5: bool = False,
    nested: bool = False,
    **own: Any,
) -> Document:
    """A plain config.json of either generation, trained for 4,096 tokens at base 10,000."""
    partial = {} if rotary_dim is None else {"partial_rotary_factor": rotary_dim / head_dim}
    base: Document = {"rope_theta": 10000.0, **partial}
    if v5:
        base = {"rope_parameters": {"rope_type": "default", **base}}
    keys: Document = {
        # Llama turns all of a head, whatever its file says
        "model_type": "llama" if rotary_dim in (None, head_dim) else "glm4_moe",
        "hidden_size": head_dim * 8,
        "num_attention_heads": 8,
        "head_dim": head_dim,
        "max_position_embeddings": 4096,
        **base,
        **own,
    }
    return {"model_type": "llava", "text_config": keys} if nested else keys


def setting(rope: Rope, context: int, document: Document | None = None) -> Setting:
    model = None if document is None else parse_config(document, "config.json")
    return Setting(rope, context, 4096, model)


def rope(method: str, *dims: int, base: float = 10000.0, **parameters: Any) -> Rope:
    head, rotary = (*dims, *(128, 128)[len(dims) :])[:2] if dims else (128, 128)
    return Rope("all", method, base, head, rotary, parameters)


DIMS = st.sampled_from([(128, 128), (64, 64), (128, 64), (80, 32)])
BASES = st.one_of(st.integers(1_000, 10**8).map(float), st.floats(1e3, 1e8))
FACTORS = st.one_of(st.integers(2, 64).map(float), st.floats(1.01, 100))
ORIGINALS = st.sampled_from([2048, 4096, 8192, 5000])


@st.composite
def yarns(draw: st.DrawFn) -> dict[str, Any]:
    given: dict[str, Any] = {"factor": draw(FACTORS), "original_context": draw(ORIGINALS)}
    if draw(st.booleans()):
        given |= {"beta_fast": draw(st.floats(16, 64)), "beta_slow": draw(st.floats(0.5, 2))}
    if draw(st.booleans()):
        given["truncate"] = draw(st.booleans())
    kind = draw(st.sampled_from(["plain", "factor", "mscales"]))
    if kind == "factor":
        given["attention_factor"] = draw(st.floats(0.5, 2))
    if kind == "mscales":
        given |= {"mscale": draw(st.floats(0.1, 2)), "mscale_all_dim": draw(st.floats(0.1, 2))}
    return given


@st.composite
def ropes(draw: st.DrawFn) -> Rope:
    head, rotary = draw(DIMS)
    kinds = "default linear ntk_aware ntk_fixed dynamic yarn llama3 longrope divided"
    method = draw(st.sampled_from(kinds.split()))
    given: dict[str, Any] = {}
    if method in ("linear", "ntk_aware", "ntk_fixed", "dynamic", "llama3"):
        given["factor"] = draw(FACTORS)
    if method in ("dynamic", "llama3", "longrope"):
        given["original_context"] = draw(ORIGINALS)
    if method == "llama3":
        low = draw(st.floats(0.5, 2))
        given |= {"low_freq_factor": low, "high_freq_factor": low + draw(st.floats(0.5, 4))}
    if method == "yarn":
        given = draw(yarns())
    lists = st.lists(st.floats(1, 64), min_size=rotary // 2, max_size=rotary // 2)
    if method == "longrope":
        given |= {"short_factor": tuple(draw(lists)), "long_factor": tuple(draw(lists))}
        given |= {"factor": draw(FACTORS)}
    if method == "divided":
        given = {"divisors": tuple(draw(lists))}
    return Rope("all", method, draw(BASES), head, rotary, given)


FORMS = st.fixed_dictionaries({"v5": st.booleans(), "nested": st.booleans()})


def document_for(one: Rope, form: Mapping[str, bool]) -> Document:
    rotary = None if one.rotary_dim == one.head_dim else one.rotary_dim
    return config(one.head_dim, rotary, **form)


# --- stacks as they read ------------------------------------------------------------------------


def merged(document: Mapping[str, Any], change: Mapping[str, Any]) -> Document:
    """The file once its keys are replaced, section by section: by hand, or by ``setattr``."""
    result = copy.deepcopy(dict(document))
    for key, value in change.items():
        result[key] = merged(result[key], value) if key == "text_config" else value
    return result


def arguments(text: str) -> dict[str, str]:
    """The options of a command line with their values, as a shell would pass them."""
    words = shlex.split(text)
    pairs = zip(words, [*words[1:], ""], strict=True)
    return {name: value for name, value in pairs if re.match("--?[a-z]", name)}


def sglang_merged(document: Mapping[str, Any], change: Mapping[str, Any]) -> Document:
    """SGLang 0.5.23 updates the file's own rope object; all else is replaced."""
    result = merged(document, {k: v for k, v in change.items() if not isinstance(v, dict)})
    for key, value in change.items():
        if key == "text_config":
            result[key] = sglang_merged(document[key], value)
        elif isinstance(value, dict):
            old = document.get("rope_parameters") or document.get("rope_scaling") or {}
            result["rope_parameters"] = {**old, **value}
            result.pop("rope_scaling", None)
    return result


def in_sglang(document: Document) -> ModelConfig:
    """attention_factor is not read there, and attn_factor multiplies g(s)."""
    keys = document.get("text_config", document)
    inner = keys["rope_parameters"]
    attn = inner.pop("attn_factor", 1.0)
    inner.pop("extrapolation_factor", None)
    assert "attention_factor" not in inner or inner["rope_type"] != "yarn"
    if inner["rope_type"] == "yarn":
        own, whole, s = inner.get("mscale"), inner.get("mscale_all_dim"), inner["factor"]
        both = own is not None and whole is not None
        by_itself = mscale(s, own) / mscale(s, whole) if both else mscale(s, 1.0)
        inner["attention_factor"] = attn * by_itself
    return parse_config(document, "sglang")


def in_llama_cpp(text: str, model: Rope) -> tuple[np.ndarray, float]:
    """Frequencies and factor of cos and sin by the formulas of llama.cpp's rope_yarn.

    The file is one converted from ``model``, a plain rope. A second writing of the formulas, from
    ggml_rope_yarn_corr_dims and llama-context.cpp: floats where ropecalc has decimals.
    """
    flags = arguments(text)
    d, n = model.rotary_dim, model.rotary_dim // 2
    base = float(flags["--rope-freq-base"])
    kind = flags.get("--rope-scaling", "none")
    scale = 1 / float(flags.get("--rope-scale", "1"))
    plain = base ** (-2 * np.arange(n) / d)
    if kind == "none":
        return plain, 1.0
    if kind == "linear":
        return plain * scale, 1.0
    length = int(flags["--yarn-orig-ctx"])

    def pair(beta: float) -> float:
        return d * math.log(length / (beta * 2 * math.pi)) / (2 * math.log(base))

    low = max(0, math.floor(pair(float(flags.get("--yarn-beta-fast", "32")))))
    high = min(d - 1, math.ceil(pair(float(flags.get("--yarn-beta-slow", "1")))))
    kept = 1 - np.clip((np.arange(n) - low) / max(0.001, high - low), 0, 1)
    return plain * scale * (1 - kept) + plain * kept, 1 - 0.1 * math.log(scale)


def same_spectrum(found: Rope, wanted: Rope, context: int, tolerance: float = RELATIVE) -> None:
    one, other = from_rope(found, context), from_rope(wanted, context)
    np.testing.assert_allclose(one.angular_frequencies, other.angular_frequencies, tolerance)
    assert one.attention_factor == pytest.approx(other.attention_factor, rel=tolerance)
    assert one.softmax_factor == pytest.approx(other.softmax_factor, rel=tolerance)
    assert (found.head_dim, found.rotary_dim) == (wanted.head_dim, wanted.rotary_dim)


# --- round trips --------------------------------------------------------------------------------


@laws(max_examples=40)
@given(ropes(), FORMS, st.sampled_from([8192, 32768, 131072]))
def test_what_is_written_for_transformers_reads_back(
    one: Rope, form: dict[str, bool], context: int
) -> None:
    document = document_for(one, form)
    asked = setting(one, context, document)
    five = emit(asked, "transformers")
    assert five.exact is (asked.shortfall is None)
    change = json.loads(five.text)
    # transformers 5 reads rope_scaling first where a file has both: here it has one
    read = parse_config(merged(document, change), "v5")
    same_spectrum(read.rope, one, context)
    assert read.form == "transformers-5"
    if not form["v5"]:
        four = emit(asked, "transformers4")
        assert four.exact is five.exact
        read = parse_config(merged(document, json.loads(four.text)), "v4")
        same_spectrum(read.rope, one, context)


@laws(max_examples=40)
@given(ropes(), FORMS, st.sampled_from([8192, 131072]))
def test_vllm_replaces_the_object_and_gets_the_setting(
    one: Rope, form: dict[str, bool], context: int
) -> None:
    document = document_for(one, form)
    written = emit(setting(one, context, document), "vllm")
    options = arguments(written.text)
    override = json.loads(options["--hf-overrides"])
    read = parse_config(merged(document, override), "vllm")
    if one.rope_type != "dynamic":
        assert written.exact is (setting(one, context).shortfall is None)
        same_spectrum(read.rope, one, context)
    else:
        assert written.exact is (context <= one.parameters["original_context"])
        plain = from_rope(read.rope, context).angular_frequencies
        np.testing.assert_allclose(plain, from_rope(one, context).angular_frequencies, 1e-9)
    length = int(options["--max-model-len"])
    assert length <= vllm_table(one)
    allowed = vllm_allows(read)
    assert length <= allowed or any("VLLM_ALLOW_LONG_MAX" in note for note in written.notes)


def vllm_allows(read: ModelConfig) -> int:
    """_get_and_verify_max_len of vLLM 0.33."""
    assert read.context is not None
    times = read.rope.rope_type not in ("yarn", "longrope", "llama3")
    return int(read.context * (read.rope.factor or 1.0)) if times else read.context


def vllm_table(one: Rope) -> float:
    """Where YaRN's table of cos and sin ends."""
    given = one.parameters
    ends = one.rope_type == "yarn"
    return given["original_context"] * given["factor"] + 0.5 if ends else math.inf


@laws(max_examples=40)
@given(ropes(), FORMS, st.sampled_from([8192, 131072]))
def test_sglang_merges_the_object_and_gets_the_setting(
    one: Rope, form: dict[str, bool], context: int
) -> None:
    old = {"rope_type": "yarn", "factor": 9.0, "mscale": 0.5, "mscale_all_dim": 0.3}
    old |= {"original_max_position_embeddings": 1024, "attn_factor": 0.8, "beta_fast": 9.0}
    old |= {"rope_theta": 5e4, "truncate": False}
    document = document_for(one, form)
    keys = document.get("text_config", document)
    keys.pop("rope_parameters", None)
    keys["rope_parameters"] = old
    if one.rotary_dim != one.head_dim:
        old["partial_rotary_factor"] = one.rotary_dim / one.head_dim
    written = emit(setting(one, context, document), "sglang")
    if not written.text:  # its code ignores the part of the head that the object says
        assert not written.exact
        return
    override = json.loads(arguments(written.text)["--json-model-override-args"])
    read = in_sglang(sglang_merged(document, override))
    if written.exact:
        same_spectrum(read.rope, one, context)


@laws(max_examples=40)
@given(ropes(), st.sampled_from([8192, 131072]))
def test_llama_cpp_computes_the_setting(one: Rope, context: int) -> None:
    plain = Rope("all", "default", 10000.0, one.head_dim, one.rotary_dim)
    written = emit(setting(one, context), "llama.cpp")
    found, factor = in_llama_cpp(written.text, plain)
    wanted = from_rope(one, context)
    if written.exact:
        np.testing.assert_allclose(found, wanted.angular_frequencies, 1e-9)
        assert factor == pytest.approx(wanted.attention_factor, rel=1e-9)
    else:
        assert not np.allclose(found, wanted.angular_frequencies, 1e-6) or (
            setting(one, context).shortfall is not None
            or one.rope_type == "dynamic"
            or factor != pytest.approx(wanted.attention_factor)
            or one.parameters.get("truncate") is False
            or one.rope_type in ("longrope", "divided", "llama3")
        )


@laws(max_examples=40)
@given(ropes(), st.sampled_from([1024, 4096]))
def test_megatron_reads_its_arguments_back(one: Rope, context: int) -> None:
    asked = setting(one, context)
    written = emit(asked, "megatron-lm")
    if not written.text:
        assert one.rope_type in ("longrope", "divided")
        return
    read = parse_arguments(written.text, "train.sh")
    assert read.context == min(context, asked.reach)
    if written.exact:
        same_spectrum(read.rope, one, context)
    elif asked.shortfall is None:
        nearly_whole = not one.base.is_integer() and abs(one.base - round(one.base)) < 1e-6
        assert not alike(read.rope, one, context) or one.rope_type == "dynamic" or nearly_whole


def test_megatron_latent_attention_reads_back() -> None:
    model = ropecalc.find_model("DeepSeek-V3")
    asked = ropecalc.make_setting(model, model.rope)
    written = emit(asked, "megatron-lm")
    assert written.exact
    same_spectrum(parse_arguments(written.text, "train.sh").rope, model.rope, 163840)


@laws(max_examples=40)
@given(ropes(), FORMS)
def test_axolotl_sets_whole_keys(one: Rope, form: dict[str, bool]) -> None:
    document = document_for(one, form)
    asked = setting(one, 16384, document)
    written = emit(asked, "axolotl")
    read_yaml = yaml(written.text)
    assert read_yaml["sequence_len"] == min(16384, asked.reach)
    assert written.exact is (asked.shortfall is None and not form["nested"])
    if not form["nested"]:
        changed = {**document, **read_yaml["overrides_of_model_config"]}
        same_spectrum(parse_config(changed, "axolotl").rope, one, 16384)


def yaml(text: str) -> Document:
    """A reader of the few forms of YAML 1.1 that are written: a float has to have a point."""
    root: Document = {}
    stack = [(-1, root)]
    for line in text.splitlines():
        indent, (key, _, value) = len(line) - len(line.lstrip()), line.strip().partition(":")
        while stack[-1][0] >= indent:
            stack.pop()
        inner: Document = {}
        word = value.strip()
        assert not re.fullmatch(r"\d+e[+-]?\d+", word), "YAML 1.1 reads this as text"
        is_text = re.fullmatch(r"[a-z_][\w.]*", word) and word not in ("true", "false", "null")
        stack[-1][1][key] = inner if not word else word if is_text else json.loads(word)
        stack.append((indent, inner))
    return root


REAL_FILES = sorted((ROOT / "tests" / "data" / "configs").glob("*.json"))


@pytest.mark.slow
def test_real_files_of_both_generations_read_back() -> None:
    """Each of the real files with one method in turn: exact is what reads back, and no other."""
    tried = 0
    for at, path in enumerate(REAL_FILES):
        try:
            model = ropecalc.read_config(path)
        except ConfigError:
            continue
        start = original_of(model, model.rope)
        if not model.form.startswith("transformers") or start is None:
            continue
        context = 4 * start.context
        kind = ["yarn", "default", "llama3", "linear"][at % 4]
        asked = ropecalc.make_setting(model, model.rope, rope_type=kind, context=context)
        for stack in ("transformers", "transformers4"):
            written = emit(asked, stack)
            if not written.text:  # a class that reads no scaling, or needs keys of its own in it
                alone = is_elsewhere(model.model_type)  # and the file has lost its auto_map
                absent = any("it has no class for" in note for note in written.notes)
                assert alone or absent or model.model_type in ("gptj", "codegen", "ministral3")
                continue
            read = parse_config(merged(model.document, json.loads(written.text)), path.name)
            kinds = {one.layer_type: one for one in read.ropes}
            found = kinds.get(model.rope.layer_type, read.rope)
            elsewhere = any(note.endswith(" layers") for note in written.notes[:1])
            mine = written.exact or elsewhere  # the setting's own kind of layers has it
            assert alike(found, asked.rope, context) is mine, (path.name, kind, stack)
            tried += 1
    assert tried >= 120


# --- every stack --------------------------------------------------------------------------------


@pytest.mark.heavy
@laws(max_examples=25)
@given(ropes(), st.sampled_from([8192, 131072]))
def test_every_stack_says_what_it_cannot(one: Rope, context: int) -> None:
    for stack in STACKS:
        written = emit(setting(one, context), stack)
        assert written.stack == stack
        assert written.version
        assert written.exact or written.notes
        assert written.text or not written.exact
        well_formed(written)


TOO_FEW = {"factor": 4.0, "original_context": 32768}


@pytest.mark.parametrize("stack", STACKS)
def test_a_factor_that_falls_short_is_no_stacks_exact_setting(stack: str) -> None:
    asked = Setting(rope("yarn", base=1e6, **TOO_FEW), 262144, 32768, QWEN3)
    written = emit(asked, stack)
    assert not written.exact
    assert "262144" not in written.text
    assert "131072" in written.text or stack in ("torchtune", "koboldcpp", "exllamav2")
    assert written.notes.count(str(asked.shortfall)) == 1
    enough = replace(asked, rope=rope("yarn", base=1e6, **{**TOO_FEW, "factor": 8.0}))
    assert enough.shortfall is None
    assert "262144" in emit(enough, stack).text or stack in ("torchtune", "koboldcpp", "exllamav2")


def test_the_factor_that_reaches_is_said_as_it_has_to_be_typed() -> None:
    asked = Setting(rope("yarn", factor=4.0, original_context=40960), 1_000_001, 40960)
    said = re.search("factor ([^ ]+) reaches that", asked.shortfall or "")
    assert said is not None
    parts = {"factor": float(said.group(1)), "original_context": 40960}
    assert replace(asked, rope=rope("yarn", **parts)).shortfall is None


def well_formed(written: Emission) -> None:
    if written.kind == "json":
        json.loads(written.text, parse_constant=pytest.fail)
    elif written.kind == "python" and written.text:
        compile(written.text, written.stack, "exec")
    elif written.kind == "yaml":
        yaml(written.text)
    elif written.kind == "modelfile":
        assert all(line.split()[0] in ("FROM", "PARAMETER") for line in written.text.splitlines())
    else:
        assert "\n" not in written.text
        assert shlex.split(written.text) or not written.text


def test_a_stack_that_is_not_known_brings_the_nearest() -> None:
    with pytest.raises(InvalidValueError, match="did you mean vllm"):
        emit(setting(rope("default"), 8192), "vlm")


def test_a_name_with_a_space_stays_one_word() -> None:
    asked = Setting(rope("default"), 8192, 4096, None, "my model's")
    for stack in ("vllm", "sglang", "llama.cpp"):
        words = shlex.split(emit(asked, stack).text)
        assert any(word.startswith("my model's") for word in words)


# --- traps ---------------------------------------------------------------------------------------

QWEN3 = ropecalc.find_model("Qwen3-8B")
YARN4 = ropecalc.make_setting(
    QWEN3, QWEN3.rope, rope_type="yarn", context=131072, original_context=32768
)


def hugging_face_objects(asked: Setting) -> list[Document]:
    """The rope objects that are written for stacks which take transformers' own."""
    texts = [json.loads(emit(asked, "transformers").text)]
    texts.append(json.loads(arguments(emit(asked, "vllm").text)["--hf-overrides"]))
    texts.append(json.loads(arguments(emit(asked, "sglang").text)["--json-model-override-args"]))
    texts.append(yaml(emit(asked, "axolotl").text).get("overrides_of_model_config", {}))
    return [part["rope_parameters"] for part in texts if "rope_parameters" in part]


@pytest.mark.slow
@given(ropes())
@laws(max_examples=25)
def test_t1_t3_objects_are_whole(one: Rope) -> None:
    found = hugging_face_objects(setting(one, 32768))
    assert len(found) == 4
    for part in found:
        assert part["rope_theta"] is not None
        kind = part["rope_type"]
        assert kind == "ntk" or REQUIRED[kind] <= set(part)
        if kind in ("linear", "yarn"):
            assert isinstance(part["factor"], float)  # vLLM takes an integer for a list


def test_t2_no_base_stands_alone() -> None:
    asked = ropecalc.make_setting(QWEN3, QWEN3.rope, base=5e6, context=65536)
    for stack in ("transformers", "vllm", "sglang", "axolotl"):
        text = emit(asked, stack).text
        assert re.search(r"rope_parameters.{1,40}rope_theta.{1,4}5000000\.0", text, re.DOTALL)


def test_t4_a_nested_truncate_is_not_called_exact() -> None:
    types = ["sliding_attention", "full_attention"]
    plain = {"rope_type": "default", "rope_theta": 10000.0}
    document = config(rope_parameters=dict.fromkeys(types, plain), layer_types=types)
    del document["rope_theta"]
    document |= {"model_type": "gemma3_text", "sliding_window": 1024}
    yarn = {"factor": 4.0, "original_context": 4096, "truncate": False}
    asked = Rope("full_attention", "yarn", 1e6, 128, 128, yarn)
    written = emit(setting(asked, 16384, document), "transformers")
    assert not written.exact
    assert "truncate" in written.notes[0]
    inner = json.loads(written.text)["rope_parameters"]
    assert inner["sliding_attention"] == plain
    assert inner["full_attention"]["rope_type"] == "yarn"
    rounded = {**yarn, "truncate": True}
    asked = Rope("full_attention", "yarn", 1e6, 128, 128, rounded)
    assert emit(setting(asked, 16384, document), "transformers").exact


def test_t5_the_setting_goes_in_before_the_model_is_built() -> None:
    notes = emit(YARN4, "transformers").notes
    assert any("before the model is built" in note for note in notes)


def test_t6_longrope_is_never_called_su() -> None:
    phi = ropecalc.find_model("Phi-3-mini-128k")
    for stack in ("transformers", "transformers4", "vllm", "sglang"):
        text = emit(ropecalc.make_setting(phi, phi.rope), stack).text
        assert '"longrope"' in text
        assert '"su"' not in text
    # on Phi-3 even yarn is a name for longrope: it is written as lists
    asked = ropecalc.make_setting(phi, phi.rope, rope_type="yarn", context=131072)
    change = json.loads(emit(asked, "transformers").text)
    assert change["rope_parameters"]["rope_type"] == "longrope"
    read = parse_config(merged(phi.document, change), "phi")
    same_spectrum(read.rope, asked.rope, 131072)


@pytest.mark.parametrize("kind", ["phi3", "phi4_multimodal", "phimoe"])
@pytest.mark.parametrize(
    ("scaling", "context"),
    [
        (rope("linear", factor=4.0), 16384),
        (rope("dynamic", factor=4.0, original_context=4096), 16384),
        (rope("yarn", factor=4.0, original_context=4096), 16384),
        (
            rope(
                "llama3",
                factor=4.0,
                original_context=4096,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
            ),
            16384,
        ),
        (
            rope(
                "longrope",
                factor=4.0,
                original_context=4096,
                short_factor=[1.0] * 64,
                long_factor=[2.0] * 64,
            ),
            16384,
        ),
    ],
    ids=lambda value: getattr(value, "rope_type", ""),
)
def test_a_class_that_refuses_a_scaling_gets_it_as_lists(
    kind: str, scaling: Rope, context: int
) -> None:
    """Phi-3 takes longrope alone; PhiMoE multiplies by its mscales alone, stops without, and never
    takes the second of two lists."""
    document = {**config(), "model_type": kind}
    wanted = setting(scaling, context, document)
    emission = emit(wanted, "transformers")
    short_alone = kind == "phimoe" and scaling.rope_type == "longrope"
    assert emission.exact == (scaling.rope_type != "dynamic" and not short_alone)
    change = json.loads(emission.text)
    inner = change["rope_parameters"]
    assert inner["rope_type"] == "longrope"
    read = parse_config(merged(document, change), "config.json")
    same_spectrum(read.rope, scaling, context)
    factor = from_rope(scaling, context).attention_factor
    if kind == "phimoe":
        assert inner["short_mscale"] == inner["long_mscale"] == pytest.approx(factor, rel=1e-14)
    found = ropecalc.compare(read, context).layers[0].runs
    assert found[0].stack == "transformers"
    assert found[0].refusal is None


@pytest.mark.parametrize("v5", [False, True])
def test_a_class_that_reads_by_kind_of_layer_is_never_given_a_flat_object(v5: bool) -> None:
    """OLMo-3 without scaling has one rope for all layers; a flat object would be passed over."""
    document = {**config(), "model_type": "olmo3", "rope_theta": 5e5}
    if v5:
        document = {**config(v5=True), "model_type": "olmo3"}
    wanted = setting(rope("yarn", base=5e5, factor=4.0, original_context=4096), 16384, document)
    change = json.loads(emit(wanted, "transformers").text)
    assert change["rope_parameters"].keys() == {"full_attention", "sliding_attention"}
    read = parse_config(merged(document, change), "config.json")
    assert read.ropes[0].rope_type == "yarn"


def test_olmo_3_of_transformers_4_has_one_base() -> None:
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096}
    document = {**config(), "model_type": "olmo3", "rope_theta": 5e5, "rope_scaling": scaling}
    document |= {"num_hidden_layers": 4, "sliding_window": 1024, "max_position_embeddings": 16384}
    own = rope("yarn", base=5e5, factor=4.0, original_context=4096)
    same = replace(own, layer_type="full_attention")
    assert emit(setting(same, 16384, document), "transformers4").exact
    other = emit(setting(replace(same, base=1e6), 16384, document), "transformers4")
    assert not other.exact
    assert other.notes[0] == "one base is that of all layers"


def test_phimoe_of_transformers_4_keeps_its_mscales() -> None:
    """Its class of 4.57.6 wants them, and takes more keys than the three of Phi-3."""
    document = {**config(), "model_type": "phimoe"}
    wanted = setting(rope("yarn", factor=4.0, original_context=4096), 16384, document)
    written = json.loads(emit(wanted, "transformers4").text)["rope_scaling"]
    assert written["short_mscale"] == written["long_mscale"] == pytest.approx(1.1386294361119891)
    assert written["original_max_position_embeddings"] == 4096


def test_t7_the_factor_is_the_ratio_of_the_contexts() -> None:
    change = json.loads(emit(YARN4, "transformers").text)
    assert change["max_position_embeddings"] == 131072
    inner = change["rope_parameters"]
    assert change["max_position_embeddings"] / inner["original_max_position_embeddings"] == 4.0
    assert inner["factor"] == 4.0


def test_t8_attention_factor_has_its_right_name() -> None:
    old = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096}
    document = config(rope_scaling={**old, "attn_factor": 0.8782})
    asked = rope("yarn", factor=4.0, original_context=4096, attention_factor=1.0)
    change = json.loads(emit(setting(asked, 16384, document), "transformers").text)
    assert change["rope_parameters"]["attention_factor"] == 1.0
    assert isinstance(change["rope_parameters"]["attention_factor"], float)
    assert "attn_factor" not in change["rope_parameters"]
    override = json.loads(
        arguments(emit(setting(asked, 16384, document), "sglang").text)[
            "--json-model-override-args"
        ]
    )
    inner = override["rope_parameters"]
    assert inner["attn_factor"] == pytest.approx(1 / (1 + 0.1 * math.log(4)), rel=1e-15)


# --- vLLM and SGLang ----------------------------------------------------------------------------


def test_vllm_linear_leaves_the_length_to_be_multiplied() -> None:
    asked = setting(rope("linear", factor=4.0), 16384, config())
    options = arguments(emit(asked, "vllm").text)
    override = json.loads(options["--hf-overrides"])
    assert "max_position_embeddings" not in override
    assert json.dumps(override["rope_parameters"]["factor"]) == "4.0"
    assert int(options["--max-model-len"]) == 4096 * 4


def test_dynamic_is_a_no_op_in_vllm_and_says_so() -> None:
    asked = setting(rope("dynamic", factor=2.0, original_context=4096), 16384, config())
    written = emit(asked, "vllm")
    assert not written.exact
    assert "does nothing in vLLM" in written.notes[0]
    override = json.loads(arguments(written.text)["--hf-overrides"])
    base = 10000.0 * (2 * 16384 / 4096 - 1) ** (128 / 126)
    assert override["rope_parameters"]["rope_theta"] == pytest.approx(base, rel=1e-12)


def test_a_model_with_vision_has_its_keys_in_text_config() -> None:
    asked = setting(rope("default", base=5e6), 16384, config(nested=True))
    override = json.loads(arguments(emit(asked, "vllm").text)["--hf-overrides"])
    assert list(override) == ["text_config"]
    assert override["text_config"]["max_position_embeddings"] == 16384


def test_keys_of_the_model_stay_in_the_object() -> None:
    old = {"type": "mrope", "mrope_section": [16, 24, 24]}
    asked = setting(
        rope("yarn", factor=4.0, original_context=4096), 16384, config(rope_scaling=old)
    )
    for part in hugging_face_objects(asked):
        assert part["mrope_section"] == [16, 24, 24]


# --- llama.cpp ----------------------------------------------------------------------------------

# common/arg.cpp at commit 0c1e57098: all flags about ropes, and the few others that are written
LLAMA_CPP = frozenset(
    "--rope-scaling --rope-scale --rope-freq-scale --rope-freq-base --yarn-orig-ctx "
    "--yarn-ext-factor --yarn-attn-factor --yarn-beta-slow --yarn-beta-fast -c --override-kv "
    "-m".split()
)


@given(ropes())
@laws(max_examples=30)
def test_llama_cpp_has_these_flags(one: Rope) -> None:
    found = arguments(emit(setting(one, 32768, document_for(one, {})), "llama.cpp").text)
    assert set(found) <= LLAMA_CPP
    assert "--yarn-attn-factor" not in found  # which has no effect
    assert found.get("--rope-scaling", "none") in ("none", "linear", "yarn")


def test_llama_cpp_full_lines() -> None:
    line = emit(YARN4, "llama.cpp").text
    assert line == (
        "llama-server -m MODEL.gguf -c 131072 --rope-scaling yarn --rope-scale 4 "
        "--yarn-orig-ctx 32768 --rope-freq-base 1000000"
    )
    asked = ropecalc.make_setting(QWEN3, QWEN3.rope, base=5e6, context=131072)
    assert emit(asked, "llama.cpp").text == (
        "llama-server -m MODEL.gguf -c 131072 --rope-freq-base 5000000 "
        "--override-kv qwen3.context_length=int:131072"
    )


@pytest.mark.parametrize(
    ("own", "factor", "ends"),
    [
        (4.0, 4.0, "--override-kv llama.context_length=int:65536"),
        (4.0, 8.0, "--rope-freq-base 2000000"),
        (None, 4.0, "--rope-freq-base 2000000"),
    ],
)
def test_llama_cpp_lifts_the_cap_itself_only_for_another_factor_than_the_files(
    own: float | None, factor: float, ends: str
) -> None:
    """llama_init_from_model: where rope_freq_scale is not that of the file."""
    scaled = {"rope_type": "yarn", "factor": own, "original_max_position_embeddings": 16384}
    document = config(rope_scaling=scaled if own else None, max_position_embeddings=20480)
    asked = rope("yarn", base=2e6, factor=factor, original_context=16384)
    assert emit(setting(asked, 65536, document), "llama.cpp").text.endswith(ends)


def test_llama_cpp_cuts_the_context_that_it_makes_to_a_whole_number() -> None:
    """16,384 over 1 / 3.5 in float32 is below 57,344: a C compiler says 57,343 too."""
    written = emit(setting(rope("yarn", factor=3.5, original_context=16384), 57344), "llama.cpp")
    assert any("57,343 tokens" in note for note in written.notes)


def test_llama_cpp_architectures_are_real() -> None:
    constants = pytest.importorskip("gguf.constants")
    from ropecalc.stacks.llama_cpp.classes import ARCHITECTURES

    newer = {"cohere2moe", "deepseek32"}  # than gguf 0.19, in commit 0c1e57098
    assert set(ARCHITECTURES.values()) - newer <= set(constants.MODEL_ARCH_NAMES.values())


def test_llama_cpp_cannot_lift_what_the_file_has_baked_in() -> None:
    llama = ropecalc.find_model("Llama-3.1-8B")
    assert emit(ropecalc.make_setting(llama, llama.rope), "llama.cpp").exact
    asked = ropecalc.make_setting(llama, llama.rope, rope_type="default", base=8e6)
    written = emit(asked, "llama.cpp")
    assert not written.exact
    assert "llama3" in written.notes[0]


# --- the trainers -------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", ["megatron-lm", "maxtext"])
@pytest.mark.parametrize(
    ("own", "whole", "words"),
    [
        (26952.339227857872, 26953, "26953 in the place of 26952.339227857872"),
        (26973.05, 26973, "26973 in the place of 26973.05"),  # a window ends at 26973.083
        (43341.3, 43341, "43341 in the place of 43341.3"),  # and one at 43341.366
        (1e4 + 0.5, 10001, "10001 in the place of 10000.5"),  # which breaks it as well
        (3e4, 30000, ""),
    ],
)
def test_a_whole_base_meets_the_bound_where_the_base_does(
    stack: str, own: float, whole: int, words: str
) -> None:
    """At 4,096 tokens; the ends of the windows are in test_windows.py, found by other means."""
    written = emit(Setting(rope("default", base=own), 4096, 2048), stack)
    key = {"megatron-lm": "--rotary-base {} ", "maxtext": "rope_max_timescale: {}\n"}[stack]
    assert key.format(whole) in written.text
    assert written.exact is not bool(words)
    said = "".join(written.notes)
    assert words in said if words else "in the place of" not in said
    assert ropecalc.check(whole, 4096).holds is ropecalc.check(own, 4096).holds


def test_a_base_in_a_window_without_whole_numbers_is_told() -> None:
    """16 dimensions of which 12 turn have a window from 5.3178 to 5.5969 at 41 tokens."""
    own = 5.5
    bases = [ropecalc.check(base, 41, head_dim=16, rotary_dim=12).holds for base in (own, 5, 6)]
    assert bases == [True, False, False]
    written = emit(Setting(rope("default", 16, 12, base=own), 41, 20), "megatron-lm")
    assert "--rotary-base 6 " in written.text
    assert "6 breaks the bound at 41 tokens, unlike 5.5" in written.notes


def test_megatron_llama3_is_that_of_llama_3_1_alone() -> None:
    given = {"factor": 8.0, "original_context": 8192}
    ends = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    assert emit(setting(rope("llama3", **given, **ends), 131072), "megatron-lm").exact
    written = emit(
        setting(rope("llama3", **{**given, "factor": 32.0}, **ends), 131072), "megatron-lm"
    )
    assert written.exact
    assert "6306" in written.notes[0]
    other = emit(
        setting(rope("llama3", **{**given, "original_context": 4096}, **ends), 131072),
        "megatron-lm",
    )
    assert not other.exact


@pytest.mark.parametrize(
    ("factor", "context", "original", "exact"),
    [
        (4.0, 16384, 4096, True),
        (4.0, 16000, 4096, True),
        (3.5, 14336, 4096, False),
        (2.0, 16384, 8192, False),
    ],
)
def test_llama_factory_takes_whole_factors_from_the_files_length(
    factor: float, context: int, original: int, exact: bool
) -> None:
    asked = rope("yarn", factor=factor, original_context=original)
    written = emit(setting(asked, context, config()), "llama-factory")
    assert written.exact is exact
    assert written.text == f"rope_scaling: yarn\ncutoff_len: {context}"


@pytest.mark.parametrize(
    ("method", "factor", "context", "exact"),
    [  # run: rope_type, factor and 8192 as written here
        ("llama3", 32.0, 262144, True),
        ("yarn", 8.0, 65536, True),
        ("yarn", 4.0, 65536, False),
        ("yarn", 2.0, 16384, True),
    ],
)
def test_llama_factory_scales_from_the_original_length_in_the_files_rope_scaling(
    method: str, factor: float, context: int, exact: bool
) -> None:
    """``configure_rope``: original_max_position_embeddings goes before max_position_embeddings."""
    ends = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    own = {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192, **ends}
    document = config(max_position_embeddings=131072, rope_scaling=own)
    asked = rope(method, factor=factor, original_context=8192, **ends if method == "llama3" else {})
    written = emit(setting(asked, context, document), "llama-factory")
    assert written.exact is exact, written.notes
    assert not any("131,072" in note for note in written.notes)


def test_llama_factory_has_the_length_of_a_newer_file_from_the_file_alone() -> None:
    """transformers 4, which it needs, sees no rope_scaling there, and no base."""
    scaled = {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 2048}
    document = config(rope_parameters={"rope_theta": 5e5, **scaled})
    del document["rope_theta"]
    asked = rope("yarn", base=5e5, factor=4.0, original_context=4096)
    written = emit(setting(asked, 16384, document), "llama-factory")
    assert not written.exact
    assert "rope_parameters" in written.notes[0]


def test_llama_factory_has_no_key_for_the_base() -> None:
    written = emit(setting(rope("default", base=5e5), 16384, config()), "llama-factory")
    assert not written.exact
    assert "rope_theta" in written.notes[0]


def test_litgpt_turns_yarn_round() -> None:
    written = emit(YARN4, "litgpt")
    assert not written.exact
    assert "wrong way round" in written.notes[0]
    assert emit(setting(rope("linear", factor=4.0), 16384), "litgpt").exact


@pytest.mark.parametrize(
    ("given", "mscales"),
    [  # build_rope_cache, run: g(4, 1) = 1.138629, g(4, 2.164) = 1.3, and 1 without either
        ({}, {"mscale": 1.0}),
        ({"attention_factor": 1.0}, {}),
        ({"attention_factor": 1.3}, {"mscale": 0.3 / (0.1 * math.log(4))}),
        ({"attention_factor": 0.9}, {"mscale": -0.1 / (0.1 * math.log(4))}),
        ({"mscale": 1.0, "mscale_all_dim": 1.0}, {}),  # no softmax factor outside latent attention
    ],
)
def test_litgpt_has_any_attention_factor_by_one_mscale(
    given: dict[str, float], mscales: dict[str, float]
) -> None:
    asked = rope("yarn", factor=4.0, original_context=4096, **given)
    written = emit(setting(asked, 16384, config()), "litgpt")
    found = yaml(written.text)["rope_adjustments"]
    assert {key: found[key] for key in found if "mscale" in key} == pytest.approx(mscales)
    assert [note for note in written.notes if "attention factor" in note] == []


def test_litgpt_has_the_softmax_of_latent_attention_by_the_other() -> None:
    deepseek = ropecalc.find_model("DeepSeek-V3")
    written = emit(ropecalc.make_setting(deepseek, deepseek.rope), "litgpt")
    found = yaml(written.text)["rope_adjustments"]
    assert (found["mscale"], found["mscale_all_dim"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("model", "method", "given", "lines", "note"),
    [  # types.py, attentions.py and the models' own files at commit e591f30cb
        ("Phi-2", "default", {"base": 5e6}, ["!partial_rotary_factor"], "on whole heads"),
        (
            "Llama-3.1-8B",
            "default",
            {"base": 5e6},
            ["rope_type: llama3.1", "rope_use_scale: false"],
            "",
        ),
        ("Llama-3.1-8B", "yarn", {"factor": 4.0}, [], "begins with llama3.1"),
        ("Llama-3.1-8B", "linear", {"factor": 4.0}, [], "no linear factor"),
        ("Qwen3-8B", "llama3", {"factor": 8.0}, [], "neighbouring dimensions"),
        ("Qwen3-8B", "yarn", {"factor": 4.0}, ["rope_interleave: false", "rope_factor: 4\n"], ""),
        ("Qwen3-8B", "yarn", {"factor": 2.5}, ["rope_factor: 3\n"], "whole factors alone"),
        (
            "Qwen3-Next-80B-A3B",
            "default",
            {"base": 2e7},
            ["partial_rotary_factor: 0.25", "rope_type: default"],
            "",
        ),
        ("Qwen3-Next-80B-A3B", "yarn", {"factor": 4.0}, [], "its yarn on whole heads"),
        ("Qwen3-Next-80B-A3B", "linear", {"factor": 4.0}, [], "no linear factor"),
        ("Qwen3.5-35B-A3B", "default", {"base": 2e7}, ["partial_rotary_factor: 0.25"], ""),
        ("Qwen3.5-35B-A3B", "yarn", {"factor": 4.0}, [], "use_mrope"),
        (
            "DeepSeek-V3",
            "default",
            {"base": 5e6},
            ["max_position_embeddings: 131072", "original_max_position_embeddings: 131072"],
            "",
        ),
        (
            "DeepSeek-V3",
            "yarn",
            {"factor": 32.0, "original_context": 4096},
            ["rope_interleave: true", "mscale: 0.0"],
            "",
        ),
    ],
)
def test_maxtext_has_a_scaling_only_where_the_models_rope_is_of_that_class(
    model: str, method: str, given: dict[str, Any], lines: list[str], note: str
) -> None:
    found = ropecalc.find_model(model)
    asked = ropecalc.make_setting(found, found.rope, rope_type=method, context=131072, **given)
    written = emit(asked, "maxtext")
    assert written.exact is not bool(note), written.notes
    assert note in " ".join(written.notes)
    for line in lines:
        assert (line.lstrip("!") in f"{written.text}\n") is not line.startswith("!")
    assert any("override_model_config" in one for one in written.notes)


def test_maxtext_takes_whole_turns_alone() -> None:
    asked = rope("yarn", factor=4.0, original_context=4096, beta_fast=24.5)
    written = emit(setting(asked, 16384), "maxtext")
    assert not written.exact
    assert yaml(written.text)["beta_fast"] == 24


def test_torchtitan_and_torchtune_name_what_they_have() -> None:
    ends = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_context": 8192}
    llama3 = setting(rope("llama3", base=5e5, factor=8.0, **ends), 131072)
    text = emit(llama3, "torchtitan").text
    assert text.startswith("ComplexRoPE.Config(")  # the other one has no llama scaling
    for part in ('scaling="llama"', "scaling_factor=8.0", "original_max_position_embeddings=8192"):
        assert part in text
    assert yaml(emit(llama3, "torchtune").text)["model"] == {
        "_component_": "torchtune.models.llama3_1.llama3_1",
        "rope_base": 500000,
        "scale_factor": 8,
        "max_seq_len": 131072,
    }
    assert emit(YARN4, "torchtune").text == ""


YARN_128K = {"factor": 4.0, "original_context": 32768}


@pytest.mark.parametrize(
    ("model", "method", "given", "name", "exact"),
    [  # models/*/__init__.py and state_dict_adapter.py of torchtitan 0.3.0
        ("Qwen3-8B", "default", {"base": 5e6}, "CosSinRoPE", True),
        ("Llama-3.1-8B", "default", {"base": 5e6}, "ComplexRoPE", True),
        ("Qwen3.5-35B-A3B", "default", {"base": 2e7}, "MRoPE", True),
        ("Qwen3-8B", "yarn", YARN_128K, "CosSinRoPE", False),
        # run: the size of tensor a (80) must match the size of tensor b (40)
        ("StableLM-2-1.6B", "default", {"base": 5e6}, "CosSinRoPE", False),
    ],
)
def test_torchtitan_has_the_class_of_the_models_family(
    model: str, method: str, given: dict[str, Any], name: str, exact: bool
) -> None:
    found = ropecalc.find_model(model)
    asked = ropecalc.make_setting(found, found.rope, rope_type=method, context=131072, **given)
    written = emit(asked, "torchtitan")
    assert written.text.startswith(f"{name}.Config(\n    dim={found.rope.rotary_dim},\n")
    assert written.exact is exact, written.notes
    assert ("mrope_section=[11, 11, 10]" in written.text) is (name == "MRoPE")


def test_torchtitan_has_yarns_factor_in_the_softmax_of_two_families() -> None:
    """gpt_oss/model.py: 0.1 ln s + 1, squared; deepseek_v3/model.py: 0.1 mscale ln s + 1."""
    oss = ropecalc.find_model("gpt-oss-20b")
    own = emit(ropecalc.make_setting(oss, oss.rope), "torchtitan")
    assert (own.exact, own.notes) == (True, ())
    other = replace(oss.rope, parameters={**oss.rope.parameters, "attention_factor": 1.0})
    assert not emit(Setting(other, 131072, 4096, oss), "torchtitan").exact
    deepseek = ropecalc.find_model("DeepSeek-V3")
    written = emit(ropecalc.make_setting(deepseek, deepseek.rope), "torchtitan")
    assert written.exact
    assert written.text.startswith("ComplexRoPE.Config(\n    dim=64,")
    assert "mscale=1.0" in written.notes[0]


def test_torchtitan_has_llama3_in_the_complex_form_alone() -> None:
    ends = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_context": 8192}
    llama3 = Rope("all", "llama3", 1e6, 128, 128, {"factor": 8.0, **ends})
    written = emit(Setting(llama3, 65536, 32768, QWEN3), "torchtitan")
    assert not written.exact
    assert "CosSinRoPE" in written.notes[0]


@pytest.mark.parametrize(
    ("model", "method", "component", "note"),
    [  # models/*/_component_builders.py of torchtune 0.6.1
        ("Llama-3.1-8B", "default", "llama3.llama3", ""),
        ("Llama-3.2-1B", "default", "llama3_2.llama3_2", ""),  # scale_factor 1
        ("Gemma-2-9B", "default", "gemma2.gemma2", ""),  # with an argument head_dim
        ("Mistral-Nemo-12B", "default", "mistral.mistral", "5120 / 32"),  # and without one
        ("Qwen2.5-7B", "llama3", "llama3_1.llama3_1", "Llama's builders alone"),
        ("Qwen3-8B", "default", None, "no builder for a model of type qwen3"),
    ],
)
def test_torchtune_has_some_families_and_their_heads(
    model: str, method: str, component: str | None, note: str
) -> None:
    found = ropecalc.find_model(model)
    factor = 8.0 if method == "llama3" else None
    asked = ropecalc.make_setting(
        found, found.rope, rope_type=method, context=65536, base=5e6, factor=factor
    )
    written = emit(asked, "torchtune")
    assert written.exact is not bool(note), written.notes
    assert note in " ".join(written.notes)
    if component is None:
        assert written.text == ""
        return
    text = yaml(written.text)["model"]
    assert text["_component_"] == f"torchtune.models.{component}"
    assert text.get("scale_factor") == {"llama3_2.llama3_2": 1, "llama3_1.llama3_1": 8}.get(
        component
    )


def test_maxtext_turns_neighbours_in_llama_4_without_its_scaling() -> None:
    """attentions.py: of rope_type llama3.1 alone are the pairs neighbouring dimensions."""
    for name, lines in (
        ("Llama-4-Maverick", {"rope_type": "llama3.1", "rope_use_scale": False}),
        ("Qwen3-8B", {"rope_type": "default", "rope_linear_scaling_factor": 1.0}),
    ):
        found = ropecalc.find_model(name)
        asked = ropecalc.make_setting(found, found.rope, base=1e6, context=65536)
        written = yaml(emit(asked, "maxtext").text)
        assert {key: written.get(key) for key in lines} == lines


# --- the real transformers ------------------------------------------------------------------------

REAL = {
    "base": (rope("default", base=5e6), 131072),
    "linear": (rope("linear", factor=4.0), 16384),
    "dynamic": (rope("dynamic", factor=2.0, original_context=4096), 16384),
    "ntk": (rope("ntk_aware", factor=4.0), 16384),
    "yarn": (rope("yarn", factor=4.0, original_context=4096), 16384),
    "yarn-own": (
        rope("yarn", factor=4.0, original_context=4096, attention_factor=1.0, truncate=False),
        16384,
    ),
    "llama3": (
        rope(
            "llama3", factor=8.0, original_context=4096, low_freq_factor=1.0, high_freq_factor=4.0
        ),
        32768,
    ),
    "divided": (rope("divided", divisors=tuple(1 + i / 8 for i in range(64))), 16384),
}


@pytest.fixture
def real_transformers() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")


@pytest.mark.slow
@pytest.mark.usefixtures("real_transformers")
def test_transformers_builds_yarn_in_a_class_without_head_dim() -> None:
    document = {
        key: value
        for key, value in config(model_type="mixtral", sliding_window=None).items()
        if key != "head_dim"
    }
    one, context = REAL["yarn"]
    text = emit(setting(one, context, document), "transformers4").text
    changed = merged(document, json.loads(text))
    assert oracle.complaints(changed) == []
    assert oracle.complaints({**changed, "head_dim": None}) != []


@pytest.mark.slow
@pytest.mark.usefixtures("real_transformers")
@pytest.mark.parametrize("v5", [False, True])
@pytest.mark.parametrize("name", REAL)
def test_transformers_takes_it_without_a_word(name: str, v5: bool) -> None:
    one, context = REAL[name]
    document = config(v5=v5)
    text = emit(setting(one, context, document), "transformers" if v5 else "transformers4").text
    changed = merged(document, json.loads(text))
    assert oracle.complaints(changed) == []
    layer = oracle.compute(changed, context).layers["all"]
    wanted = from_rope(one, context)
    np.testing.assert_allclose(layer.inv_freq, wanted.angular_frequencies, 3e-6)
    assert layer.attention_factor == pytest.approx(wanted.attention_factor, rel=1e-12)


# --- the command ----------------------------------------------------------------------------------

LINE = "emit Qwen3-8B --rope-type yarn --original-ctx 32k --ctx 128k"


def test_one_stack_prints_its_text_alone(run_cli: RunCli) -> None:
    done = run_cli(*LINE.split(), "--stack", "vllm", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    words = shlex.split(done.stdout)
    assert words[:3] == ["vllm", "serve", "Qwen/Qwen3-8B"]
    assert done.stdout.count("\n") == 1


def test_several_stacks_have_headings_and_the_text_has_their_notes(run_cli: RunCli) -> None:
    done = run_cli(*LINE.split(), "--stack", "llama.cpp", "--stack", "litgpt", "-q")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first == "# llama.cpp 0c1e57098"
    assert second.startswith("llama-server ")
    assert done.stderr == "", "LitGPT has no exact text: none is printed"
    text = run_cli(*LINE.split(), "--stack", "llama.cpp,litgpt").stdout
    assert "note  LitGPT" in text


def test_stacks_come_in_lists_too_and_each_once(run_batch: RunBatch) -> None:
    lines = [f"{LINE} --stack vllm,SGLang", f"{LINE} --stack vllm --stack sglang --stack VLLM"]
    lines += [f"{LINE} --stack vllm --stack vllm", f"{LINE} --stack vllm"]
    lines = [f"{line} -q" for line in lines]
    listed, repeated, twice, once = run_batch([line.split() for line in lines])
    assert listed.stdout == repeated.stdout
    assert listed.stdout.count("# ") == 2
    assert twice.stdout == once.stdout


@pytest.mark.slow
def test_scalings_are_named_alike_by_help_and_error_and_in_any_case(run_batch: RunBatch) -> None:
    head = "emit --base 1e4 --ctx 32k --original-ctx 8k --json --rope-type"
    names = "default, linear, ntk-aware, ntk-fixed, dynamic, yarn, llama3"
    help_page, page, refused = run_batch(
        [["emit", "-h"], ["explain", "scaling"], [*head.split(), "rope"]]
    )
    assert "see 'explain scaling'" in " ".join(help_page.stdout.split())
    assert all(name in page.stdout.lower() for name in names.split(", "))
    assert names in " ".join(refused.stderr.split())
    lines = [f"{head} {name}".split() for name in f"{names}, YARN, NTK_Aware".split(", ")]
    found = [json.loads(done.stdout)["inputs"]["rope_type"] for done in run_batch(lines)]
    assert found == [*names.replace("-", "_").split(", "), "yarn", "ntk_aware"]


SHORT = LINE.replace("128k", "256k --factor 4")


def test_what_falls_short_is_said_once(run_batch: RunBatch) -> None:
    stacks = f"{SHORT} --stack llama.cpp --stack megatron-lm"
    lines = [f"{stacks} -q", f"{SHORT} -q", f"{SHORT} --json", stacks]
    texts, quiet, as_json, shown = run_batch([line.split() for line in lines])
    assert [done.returncode for done in (texts, quiet, as_json, shown)] == [1, 1, 1, 1]
    assert (texts.stdout, texts.stderr, quiet.stdout, quiet.stderr) == ("", "", "", "")
    said = " ".join(shown.stdout.split())
    assert said.count("YaRN with factor 4 from 32,768 reaches 131,072 tokens, short") == 1
    assert ("-c 131072 " in shown.stdout, "--seq-length 131072 " in shown.stdout) == (True, True)
    assert not any(one["exact"] for one in json.loads(as_json.stdout)["results"])


def test_on_a_terminal_what_falls_short_is_said_once() -> None:
    from ropecalc.render.console import screen
    from ropecalc.render.emit import describe_emissions
    from tests.tools.render_samples import Stream

    on = screen(Stream(terminal=True), {"COLUMNS": "200", "NO_COLOR": "1"})
    asked = Setting(rope("yarn", base=1e6, **TOO_FEW), 262144, 32768, QWEN3)
    emissions = [emit(asked, stack) for stack in STACKS]
    for listed in (False, True):
        text = describe_emissions(asked, emissions, on, listed=listed)
        assert text.count("short of 262,144: factor") == 1
        assert "wrong way round" in text  # a stack's own reason stays
        assert text.count("exactly") == listed  # in the line that counts none


def test_json_has_every_stack(run_cli: RunCli) -> None:
    done = run_cli(*LINE.split(), "--json")
    results = json.loads(done.stdout)["results"]
    assert [one["stack"] for one in results] == list(STACKS)
    assert set(results[0]) == {"stack", "version", "kind", "exact", "verified", "text", "notes"}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("emit", "--base"),
        ("emit --base 1e6", "--ctx"),
        ("emit Qwen3-8B --stack torchtone", "torchtune"),
        ("emit Qwen3-8B --stack vlm", "Invalid value for '--stack': stack 'vlm' is not known"),
        ("emit Qwen3-8B --stack vllm,", "Invalid value for '--stack': stack '' is not known"),
        ("emit Qwen3-8B --rope-type yarn --factor 0.5", "--factor"),
        ("emit Qwen3-8B --rope-type rope", "yarn"),
        ("emit Qwen3-8B --factor 4", "--rope-type"),
        ("emit Qwen3-8B --dry-run", "--in-place"),
    ],
)
def test_bad_use_is_one_line(run_cli: RunCli, line: str, word: str) -> None:
    done = run_cli(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") <= 3  # Typer's own has the usage above it
    assert word in done.stderr


def test_a_new_scaling_starts_where_its_maker_starts_it(
    run_batch: RunBatch, tmp_path: Path
) -> None:
    """Qwen3's file allows 40,960 tokens, and its maker's YaRN 4 starts from 32,768."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**QWEN3.document, "_name_or_path": "a fine-tune"}))
    parts = "--rope-type yarn --ctx 128k --stack vllm --json".split()
    named, same, given, quiet, bound = run_batch(
        [
            ["emit", "Qwen3-8B", *parts],
            ["emit", str(file), *parts],
            ["emit", "Qwen3-8B", *parts, "--original-ctx", "40960"],
            ["emit", "Qwen3-8B", *parts[:-1], "-q"],
            "check --model Qwen3-8B --rope-type yarn --factor 4 --ctx 128k -q".split(),
        ]
    )
    for done in (named, same):
        (found,) = json.loads(done.stdout)["results"]
        assert '"factor": 4.0, "original_max_position_embeddings": 32768' in found["text"]
        assert found["text"].endswith("--max-model-len 131072")
        asked = json.loads(done.stdout)["inputs"]
        assert asked["original_context"] == 32_768
        assert asked["original_context_reason"].startswith("published by its maker")
        assert "https://github.com/QwenLM/Qwen3" in asked["original_context_reason"]
        said = "this setting breaks the bound, first at 66,234 tokens of 131,072; 'ropecalc min-"
        assert done.stderr.startswith(said)
    assert "the file matches Qwen3-8B" in same.stdout
    assert "matches" not in named.stdout
    (found,) = json.loads(given.stdout)["results"]
    assert '"factor": 3.2, "original_max_position_embeddings": 40960' in found["text"]
    assert (quiet.stderr, bound.stderr) == ("", "")
    assert (bound.returncode, bound.stdout) == (1, "")  # first broken at 66,234


def test_where_no_source_says_more_the_configured_context_is_named(run_cli: RunCli) -> None:
    done = run_cli(*"emit OpenLLaMA-7B --rope-type yarn --ctx 8k --stack vllm --json".split())
    (found,) = json.loads(done.stdout)["results"]
    assert '"factor": 4.0, "original_max_position_embeddings": 2048' in found["text"]
    asked = json.loads(done.stdout)["inputs"]
    assert asked["original_context_reason"] == (
        "its configured context: no source says what it was trained on"
    )


@pytest.mark.parametrize(
    ("model", "kind", "example"),
    [
        ("Qwen3-8B", "yarn", "--factor 4, as its maker does, or --ctx 128k"),
        ("SmolLM3-3B", "yarn", "--factor 2, as its maker does, or --ctx 128k"),
        ("Llama-3-8B", "ntk-aware", "--factor 4, or --ctx 128k"),
        ("Gemma-3-27B", "linear", "--factor 4, or --ctx 128k"),
    ],
)
def test_a_new_scaling_says_how_far(run_cli: RunCli, model: str, kind: str, example: str) -> None:
    done = run_cli("emit", model, "--rope-type", kind)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"Error: {kind} needs a factor or a context to reach: give {example}\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("emit Qwen3-8B", "has this setting already: it changes nothing"),
        ("emit Qwen3-8B --ctx 128k", "no scaling and the same base: beyond 32,768 tokens"),
        (
            "emit Qwen3-8B --base 3e7 --ctx 128k",
            "Qwen3-8B: with another base it needs fine-tuning",
        ),
        ("emit Mistral-7B-v0.3 --ctx 64k", "no scaling and the same base: beyond 32,768 tokens"),
        ("emit --base 1e4 --ctx 4k", "breaks the bound, first at 1,707 tokens of 4,096"),
        ("emit Qwen3-8B --rope-type yarn --ctx 64k", "breaks the bound, first at 49,"),
        ("emit Qwen3-8B --rope-type yarn --ctx 64k", "min-factor Qwen3-8B --ctx 65536 --rope-type"),
        ("emit Qwen3-8B --ctx 128k", "'ropecalc min-base Qwen3-8B --ctx 131072' finds a base"),
        ("emit Qwen3-8B --rope-type yarn --factor 8 --ctx 64k", ""),
        ("emit Llama-3.1-8B --base 1e8 --ctx 128k", "llama3 scaling is kept beside the new base"),
        (
            "emit Llama-3.1-8B --base 1e8 --ctx 128k --rope-type default",
            "without its llama3 scaling",
        ),
    ],
)
def test_what_a_setting_does_not_do_is_said_on_stderr(
    run_batch: RunBatch, line: str, words: str
) -> None:
    loud, quiet = run_batch([f"{line} --json".split(), f"{line} -q".split()])
    assert words in loud.stderr
    assert bool(words) == bool(loud.stderr)
    assert quiet.stderr == ""
