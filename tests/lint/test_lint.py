"""Findings: every rule has a config that triggers it, and one close by that does not.

What transformers does with the triggering configs was measured on 5.23.0 (log messages,
exceptions, frequencies), or read in the code of the stack and version that ``where`` names.
"""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ropecalc
from ropecalc import Finding, Severity
from ropecalc.lint import findings
from ropecalc.lint.keys import ALL_KEYS, OTHERS
from ropecalc.lint.table import FUNCTIONS, RULES
from ropecalc.lint.words import number
from ropecalc.models.huggingface import parse_config
from ropecalc.results import ModelConfig, Rope
from tests.tools.laws import laws
from tests.tools.speeds import first_quick

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

Document = dict[str, Any]
LONG = {"max_position_embeddings": 131_072}
HEAD: Document = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "max_position_embeddings": 16_384,
    "rope_theta": 500_000.0,
}
ORIGINAL: Document = {"original_max_position_embeddings": 4096}
YARN: Document = {"rope_type": "yarn", "factor": 4.0, **ORIGINAL}
LINEAR: Document = {"rope_type": "linear", "factor": 4.0}
DYNAMIC: Document = {"rope_type": "dynamic", "factor": 4.0}
LLAMA3: Document = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
LISTS = {"short_factor": [1.0] * 64, "long_factor": [2.0] * 64}
LONGROPE: Document = {"rope_type": "longrope", "factor": 4.0, **ORIGINAL, **LISTS}
LAYERS = {"model_type": "olmo3", "num_hidden_layers": 4, "sliding_window": 1024}


def scaled(rope: Document, without: str = "", **keys: Any) -> Document:
    """A v4 file with a rope_scaling, and without some of its keys."""
    kept = {key: value for key, value in rope.items() if key not in without.split()}
    return {**HEAD, "rope_scaling": {**kept, **keys}}


def modern(rope: Document, **keys: Any) -> Document:
    """A v5 file with base and scaling in rope_parameters, and the base outside too."""
    return {**HEAD, "rope_parameters": {"rope_theta": 500_000.0, **rope, **keys}}


def outside(document: Document, **keys: Any) -> Document:
    return {**document, **keys}


def bare(document: Document) -> Document:
    """A file without a base outside of its rope objects."""
    return {key: value for key, value in document.items() if key != "rope_theta"}


def by_layer(**full: Any) -> Document:
    """A v5 file with a rope object a kind of layer."""
    inner = {"rope_theta": 500_000.0, **YARN, **full}
    sliding = {"rope_type": "default", "rope_theta": 500_000.0}
    nested = {"full_attention": inner, "sliding_attention": sliding}
    return {**HEAD, **LAYERS, "rope_parameters": nested}


def proportional(**keys: Any) -> Document:
    rope = {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1e6}
    return {**HEAD, "rope_parameters": {**rope, **keys}, "rope_theta": 1e6}


PHI3 = {**HEAD, **ORIGINAL, "model_type": "phi3"}
SHORT_LIST: Document = {"long_factor": [2.0] * 48}
CASES: dict[str, tuple[Document, Document]] = {  # code -> (triggers it, does not)
    "outside-domain": (scaled(YARN, factor=0.5), scaled(YARN)),
    "list-length": (scaled(LONGROPE, **SHORT_LIST), scaled(LONGROPE)),
    "su-name": (
        outside(PHI3, rope_scaling={"type": "su", **LISTS}),
        outside(PHI3, rope_scaling={"type": "su", **LISTS, **ORIGINAL}),
    ),
    "type-overlooked": (
        outside(scaled(LINEAR, "rope_type", type="linear"), model_type="gemma3_text"),
        outside(scaled(LINEAR), model_type="gemma3_text"),
    ),
    "head-dim-null": (
        outside(scaled(YARN), model_type="mixtral", head_dim=None),
        outside(scaled(LINEAR), model_type="mixtral", head_dim=None),
    ),
    "refused-by-class": (
        outside(scaled(LINEAR), model_type="phi3"),
        outside(scaled(LONGROPE), model_type="phi3"),
    ),
    "class-stops": (
        outside(scaled(YARN), model_type="llama", partial_rotary_factor=0.5),
        outside(scaled(YARN), model_type="llama"),
    ),
    "key-not-read": (
        outside(HEAD, model_type="llama", partial_rotary_factor=0.5),
        outside(HEAD, model_type="phi", partial_rotary_factor=0.5),
    ),
    "integer-factor": (scaled(LINEAR, factor=4), scaled(LINEAR)),
    "nested-not-read": (
        outside(by_layer(), model_type="llama"),
        outside(by_layer(), model_type="olmo3"),
    ),
    "flat-not-read": (
        outside(modern(LINEAR), model_type="olmo3"),
        outside(scaled(LINEAR), model_type="olmo3"),
    ),
    "both-objects": (
        outside(scaled(LINEAR), rope_parameters={**LINEAR, "factor": 8.0}),
        outside(scaled(LINEAR), rope_parameters={**LINEAR, "rope_theta": 500_000.0}),
    ),
    "base-twice": (modern(YARN, rope_theta=1e6), modern(YARN)),
    "two-types": (scaled(LINEAR, type="dynamic"), scaled(LINEAR, type="linear")),
    "original-length-twice": (
        outside(scaled(YARN), original_max_position_embeddings=8192),
        outside(scaled(YARN), original_max_position_embeddings=4096),
    ),
    "missing-factor": (scaled(YARN, "factor"), scaled(YARN)),
    "attn-factor": (scaled(YARN, attn_factor=0.8782), scaled(YARN, attention_factor=1.0)),
    "one-mscale": (scaled(YARN, mscale=0.707), scaled(YARN, mscale=0.707, mscale_all_dim=0.707)),
    "nested-truncate": (by_layer(truncate=False), by_layer(truncate=True)),
    "longrope-attention": (scaled(LONGROPE, factor=8.0), scaled(LONGROPE)),
    "yarn-too-small": (scaled(YARN, factor=3.0), scaled(YARN)),
    "dynamic-original-length": (
        scaled(DYNAMIC, **ORIGINAL),
        scaled(DYNAMIC, original_max_position_embeddings=16_384),
    ),
    "proportional-factor": (proportional(factor=8.0), proportional(factor=1.0)),
    "missing-theta": (
        bare(outside(HEAD, rope_parameters={**YARN})),
        bare(modern(YARN)),
    ),
    "new-form-only": (bare(modern(YARN)), outside(modern({"rope_type": "default"}))),
    "missing-original-length": (
        scaled(YARN, "original_max_position_embeddings"),
        outside(scaled(YARN, "original_max_position_embeddings"), **ORIGINAL),
    ),
    "misspelt-key": (
        outside(HEAD, max_position_embedding=4096),
        outside(HEAD, max_source_positions=4096),
    ),
    "unknown-key": (scaled(YARN, beta_fats=16), scaled(YARN, finetuned=True)),
    "key-of-another-method": (scaled(LINEAR, beta_fast=32), scaled(YARN, beta_fast=32)),
    "yarn-for-longrope": (
        outside(PHI3, rope_scaling={"type": "yarn", **LISTS}),
        outside(PHI3, rope_scaling={"type": "longrope", **LISTS}),
    ),
    "yarn-ratio": (scaled(YARN, factor=8.0), scaled(YARN)),
    "context-not-raised": (
        outside(scaled(YARN), max_position_embeddings=4096),
        outside(scaled(YARN, factor=1.0), max_position_embeddings=4096),
    ),
    "linear-twice": (scaled(LINEAR), outside(scaled(LINEAR), model_type="gemma3_text")),
    "factor-below-one": (scaled(LINEAR, factor=0.5), scaled(LINEAR, factor=1.0)),
    "beta-order": (
        scaled(YARN, beta_fast=1, beta_slow=32),
        scaled(YARN, beta_fast=1, beta_slow=1),
    ),
    "beta-zero": (scaled(YARN, beta_fast=0), scaled(YARN, beta_fast=16.0)),
    "llama3-length": (scaled(LLAMA3, original_max_position_embeddings=16_384), scaled(LLAMA3)),
    "llama3-reversed": (scaled(LLAMA3, low_freq_factor=5.0), scaled(LLAMA3)),
    "attention-factor": (
        scaled(YARN, attention_factor=1.0),
        scaled(YARN, attention_factor=1.1386294361119891),
    ),
    "dynamic-apart": (scaled(DYNAMIC), scaled(DYNAMIC, factor=1.0)),
    "dual-chunk": (
        outside(HEAD, dual_chunk_attention_config={"chunk_size": 262_144}),
        outside(HEAD, dual_chunk_attention_config=None),
    ),
    "rounded-ramp": (scaled(YARN, truncate=False), scaled(YARN, truncate=True)),
    "class-changed": (
        outside(HEAD, model_type="minimax_m2", rotary_dim=64),
        outside(HEAD, model_type="minimax_m2"),
    ),
    "implied-theta": (bare(HEAD), outside(HEAD, rope_theta=10_000.0)),
    "legacy-type": (scaled(LINEAR, "rope_type", type="linear"), scaled(LINEAR, type="linear")),
    "integer-attention-factor": (
        scaled(YARN, attention_factor=1),
        scaled(YARN, attention_factor=1.0),
    ),
    "longrope-factor": (scaled(LONGROPE, "factor"), scaled(LONGROPE)),
    "longrope-switch": (scaled(LONGROPE), scaled(LONGROPE, long_factor=[1.0] * 64)),
    "llama3-step": (scaled(LLAMA3, high_freq_factor=1.0), scaled(LLAMA3)),
    "megatron-llama3": (scaled(LLAMA3, original_max_position_embeddings=4096), scaled(LLAMA3)),
    "megatron-factor": (scaled(LLAMA3, factor=32.0), scaled(LLAMA3)),
    "megatron-base": (outside(HEAD, rope_theta=999_999.44), outside(HEAD, rope_theta=1e6)),
    "litgpt-ramp": (scaled(YARN), scaled(YARN, factor=1.0)),
    "window-beyond-context": (
        outside(HEAD, model_type="mistral", sliding_window=32_768),
        outside(HEAD, model_type="mistral", sliding_window=4096),
    ),
    "base-below-bound": (
        # Llama 2 breaks the bound first at 1,707
        outside(HEAD, rope_theta=10_000.0, max_position_embeddings=1708),
        outside(HEAD, rope_theta=10_000.0, max_position_embeddings=1707),
    ),
}


def found(document: Document) -> list[Finding]:
    return list(findings(parse_config(document, "config.json")))


def codes(document: Document) -> set[str]:
    return {finding.code for finding in found(document)}


def the(code: str, document: Document) -> Finding:
    return next(finding for finding in found(document) if finding.code == code)


# --- every rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CASES)
def test_a_rule_finds_what_it_is_for_and_not_what_is_close_by(code: str) -> None:
    bad, good = CASES[code]
    assert code in codes(bad)
    assert code not in codes(good)


def test_every_rule_has_its_cases() -> None:
    assert {rule.code for rule in RULES} == {*CASES, "gguf-unread", "text-number"}
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_every_function_that_looks_is_that_of_a_rule() -> None:
    looks = {
        name
        for name, value in FUNCTIONS.items()
        if getattr(value, "__annotations__", {}).get("return") == "Iterator[Said]"
    }
    assert looks == {rule.code.replace("-", "_") for rule in RULES}


def test_metadata_that_llama_cpp_does_not_read() -> None:
    rope = Rope("all", "yarn", 1e6, 128, 128, {"factor": 4.0, "original_context": 32_768}, 131_072)

    def gguf(architecture: str, key: str) -> set[str]:
        document = {f"{architecture}.rope.scaling.{key}": 1.0}
        model = ModelConfig(
            "x.gguf", "gguf", architecture, (rope,), 131_072, 32_768, document=document
        )
        return {finding.code for finding in findings(model)}

    assert "gguf-unread" in gguf("qwen3", "yarn_attn_factor")
    assert "gguf-unread" not in gguf("qwen3", "yarn_beta_fast")
    assert "gguf-unread" not in gguf("grok", "yarn_attn_factor")


@pytest.mark.parametrize("code", CASES)
def test_a_finding_is_a_sentence_a_cure_and_a_place(code: str) -> None:
    finding = the(code, CASES[code][0])
    assert finding.message.endswith(".")
    assert finding.cure.endswith((".", "?"))
    assert finding.where
    assert "\n" not in finding.message + finding.cure + finding.where
    assert (finding.message + finding.cure + finding.where).isascii()


def test_the_worst_come_first() -> None:
    severities = [f.severity for f in found(scaled(LINEAR, "rope_type", type="linear", factor=4))]
    assert severities == sorted(severities, key=list(Severity).index)
    assert severities[0] is Severity.ERROR
    assert severities[-1] is Severity.NOTE


def test_a_head_dim_that_is_null_by_its_class() -> None:
    assert "head-dim-null" in codes(outside(scaled(YARN), model_type="mixtral"))
    assert "head-dim-null" not in codes(outside(scaled(LINEAR), model_type="mixtral"))
    assert "head-dim-null" not in codes(outside(scaled(YARN), model_type="mixtral", head_dim=128))
    assert "head-dim-null" not in codes(outside(scaled(YARN), model_type="mistral"))


def test_type_alone_within_a_kind_of_layer_is_read() -> None:
    inner = {"type": "linear", "factor": 4.0, "rope_theta": 1e6}
    nested = {"full_attention": inner, "sliding_attention": {"rope_type": "default"}}
    document = outside(HEAD, **LAYERS, rope_parameters=nested)
    assert "type-overlooked" not in codes(document)
    assert "legacy-type" in codes(document)
    assert "legacy-type" not in codes(CASES["type-overlooked"][0])


def test_a_flat_object_is_refused_by_modernbert() -> None:
    said = the("flat-not-read", outside(modern(LINEAR), model_type="modernbert"))
    assert "refuses it" in said.message


@pytest.mark.parametrize("rope", [LINEAR, YARN, LLAMA3, LONGROPE])
def test_phimoe_needs_its_mscales_with_any_scaling(rope: Document) -> None:
    bad = outside(scaled(rope), model_type="phimoe")
    assert "short_mscale and no long_mscale" in the("refused-by-class", bad).message
    one = outside(scaled(rope, short_mscale=1.1), model_type="phimoe")
    assert "no long_mscale" in the("refused-by-class", one).message
    good = outside(scaled(rope, short_mscale=1.1, long_mscale=1.2), model_type="phimoe")
    assert "refused-by-class" not in codes(good)


@pytest.mark.parametrize("kind", ["phi3", "phi4_multimodal"])
def test_su_is_renamed_too_late_in_phi_3_and_its_like(kind: str) -> None:
    rope = {"type": "su", **LISTS}
    assert "su-name" in codes(outside(PHI3, model_type=kind, rope_scaling=rope))
    within = outside(PHI3, model_type=kind, rope_scaling={**rope, **ORIGINAL})
    assert "su-name" not in codes(within)


# --- clean files ----------------------------------------------------------------------------------

QWEN3 = {**HEAD, "model_type": "qwen3", "head_dim": 128, "rope_theta": 1_000_000}
CLEAN = {
    "Llama 2": {**HEAD, "rope_theta": 10_000.0, "max_position_embeddings": 4096},
    "Llama 3.1": {**scaled(LLAMA3), **LONG},
    "Qwen3": {**QWEN3, "max_position_embeddings": 40_960, "rope_scaling": None},
    "Qwen3 with YaRN": {
        **QWEN3,
        **LONG,
        "rope_scaling": {**YARN, "original_max_position_embeddings": 32_768},
    },
}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_files_have_notes_at_most(name: str) -> None:
    assert {f.severity for f in found(CLEAN[name])} <= {Severity.NOTE}
    assert codes(CLEAN[name]) <= {"base-below-bound", "litgpt-ramp"}


def test_known_models_have_no_error_but_where_stacks_do_compute_otherwise() -> None:
    """The published files of widely used models are right."""
    for name in ("Llama-2-7B", "Llama-3.1-8B", "Qwen3-8B", "DeepSeek-V3", "Mistral-7B-v0.3"):
        severities = {f.severity for f in findings(ropecalc.find_model(name))}
        assert severities <= {Severity.NOTE}, name


# --- the numbers in sentences ---------------------------------------------------------------------


def test_qwen3_as_its_card_extends_it() -> None:
    """max_position_embeddings 40,960, of which 32,768 are trained."""
    document = {
        **QWEN3,
        "max_position_embeddings": 40_960,
        "rope_scaling": {**YARN, "original_max_position_embeddings": 32_768},
    }
    finding = the("yarn-ratio", document)
    assert "40,960 over original_max_position_embeddings 32,768 is 1.25" in finding.message
    assert finding.cure == "Set max_position_embeddings to 131,072."


def test_attn_factor_as_deepseek_r1_0528_qwen3_has_it() -> None:
    finding = the("attn-factor", scaled(YARN, attn_factor=0.8782488562869419))
    assert "multiplies its 1.138629 by it" in finding.message
    assert finding.cure == "Write attention_factor 1.0 if that is meant."


def test_a_missing_factor_is_the_ratio_that_transformers_would_take_of_a_null() -> None:
    absent, null = (
        the("missing-factor", scaled(YARN, "factor", **k)) for k in ({}, {"factor": None})
    )
    assert "has no factor: transformers, vLLM and SGLang stop with a KeyError" in absent.message
    assert "max_position_embeddings over original_max_position_embeddings, 4," in null.message
    assert "vLLM and SGLang stop with a TypeError" in null.message
    assert absent.cure == null.cure
    assert absent.cure.startswith("Add factor 4.0, ")
    unknown = the("missing-factor", scaled(YARN, "factor original_max_position_embeddings"))
    assert unknown.cure == "Add factor, the extended length over the trained one."


@pytest.mark.parametrize("rope", [LINEAR, DYNAMIC, LLAMA3], ids=lambda rope: rope["rope_type"])
def test_without_its_factor_another_method_is_not_read(rope: Document) -> None:
    """As in transformers, which stops with a KeyError."""
    with pytest.raises(ropecalc.ConfigError, match=r"has no rope_scaling\.factor"):
        parse_config(scaled(rope, "factor"), "config.json")


def test_a_misspelt_key_is_told_the_right_one() -> None:
    assert the("unknown-key", scaled(YARN, beta_fats=16)).cure == "Write beta_fast."
    assert the("misspelt-key", outside(HEAD, rope_thetas=1e6)).cure == "Write rope_theta."


def test_dynamic_in_sglang_has_the_base_of_its_full_length() -> None:
    """b (s^2 - s + 1)^(d/(d-2))."""
    base = 500_000 * 13 ** (128 / 126)
    assert f"{base:,.0f}" in the("dynamic-apart", scaled(DYNAMIC)).message


def test_longrope_attention_factors_of_both_stacks() -> None:
    """sqrt(1 + ln s / ln L), with s 8 from the file and 4 from the lengths."""
    message = the("longrope-attention", scaled(LONGROPE, factor=8.0)).message
    assert number(1.25**0.5) in message  # ln 8 / ln 4096 = 1/4
    assert number((1 + 1 / 6) ** 0.5) in message


def test_the_first_violation_and_the_command_that_goes_on() -> None:
    finding = the("base-below-bound", CASES["base-below-bound"][0])
    assert "distance 1,707, within the context of 1,708 tokens" in finding.message
    assert "ropecalc min-base --dim 128 --ctx 1708" in finding.cure


def test_text_config_is_looked_into() -> None:
    inner = scaled(LINEAR, factor=4)
    finding = the("integer-factor", {"model_type": "llava", "text_config": inner})
    assert finding.message.startswith("text_config.rope_scaling.factor is the integer 4")


def test_a_finding_names_its_kind_of_layer() -> None:
    assert the("nested-truncate", by_layer(truncate=False)).layer_type == "full_attention"
    assert the("integer-factor", scaled(LINEAR, factor=4)).layer_type is None


def test_a_window_is_named_where_it_is_what_limits_the_distances() -> None:
    document = outside(HEAD, model_type="mistral", rope_theta=10_000.0, sliding_window=4096)
    assert "within the window of 4,096 tokens" in the("base-below-bound", document).message


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1,
    4,
    0.5,
    1e300,
    1e-300,
    10**30,
    "x",
    "yarn",
    "default",
    [],
    [1.0],
    {},
]
KEYS_OF_FILES = [
    *("head_dim", "rope_theta", "max_position_embeddings", "sliding_window", "layer_types"),
    *("rope_parameters", "rope_scaling", "qk_rope_head_dim", "dual_chunk_attention_config"),
]


@pytest.mark.slow
@given(
    st.sampled_from([document for pair in CASES.values() for document in pair]),
    st.dictionaries(st.sampled_from(KEYS_OF_FILES), st.sampled_from(ODD), max_size=2),
    st.dictionaries(st.sampled_from(sorted(ALL_KEYS | OTHERS)), st.sampled_from(ODD), max_size=3),
)
@example(scaled(DYNAMIC), {"qk_rope_head_dim": 2}, {})
@example(scaled({**YARN, "factor": 0.5}), {}, {"original_max_position_embeddings": {}})
@example(scaled({**YARN, "factor": 1.0}), {}, {"extrapolation_factor": 1e300})
@example(scaled({**YARN, "factor": 0.5}), {}, {"extrapolation_factor": 4})
@laws(max_examples=150)
def test_what_can_be_read_can_be_looked_at(
    document: Document, outer: Document, inner: Document
) -> None:
    for key in ("rope_scaling", "rope_parameters"):
        if key in document:
            document = {**document, key: {**document[key], **inner}}
    try:
        model = parse_config({**document, **outer}, "config.json")
    except ropecalc.RopecalcError:
        return
    for finding in findings(model):
        assert len(finding.message) < 900


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Names of files: with an error, with a warning, clean, broken; and of a folder."""
    documents = {
        "error": scaled(LINEAR, factor=4),
        "warning": scaled(LINEAR),
        "clean": outside(HEAD, max_position_embeddings=4096),
    }
    for name, document in documents.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(document))
    (tmp_path / "broken.json").write_text("{")
    paths = {name: str(tmp_path / name / "config.json") for name in documents}
    return {**paths, "broken": str(tmp_path / "broken.json"), "folder": str(tmp_path / "error")}


def test_exit_codes(run_batch: RunBatch, files: dict[str, str]) -> None:
    lines = {
        ("clean",): 0,
        ("warning",): 0,
        ("warning", "--strict"): 1,
        ("clean", "--strict"): 0,
        ("error",): 1,
        ("folder",): 1,
        ("clean", "error"): 1,
        ("broken", "error"): 2,
        ("error", "--ignore", "integer-factor"): 0,
        ("error", "--ignore", "integer-factor", "--strict"): 1,
        ("error", "--ignore", "integer-facto"): 2,
        ("Llama-3.1-8B",): 0,
        (): 2,
        ("--rules",): 0,
    }
    batch = [["lint", *(files.get(word, word) for word in line)] for line in lines]
    assert [done.returncode for done in run_batch(batch)] == list(lines.values())


def test_a_file_that_cannot_be_read_does_not_hide_the_others(
    run_cli: RunCli, files: dict[str, str]
) -> None:
    done = run_cli("lint", files["broken"], files["error"], files["clean"], "--get", "source,code")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert files["broken"] in done.stderr
    assert done.stderr.count("\n") == 1
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [files["error"], "integer-factor"] in lines
    assert {name for name, _ in lines} == {files["error"]}


def test_json_has_the_findings_of_every_file(run_cli: RunCli, files: dict[str, str]) -> None:
    done = run_cli("lint", files["error"], files["clean"], "--json")
    first, second = json.loads(done.stdout)["results"]
    assert (first["source"], first["errors"], second["errors"]) == (files["error"], 1, 0)
    assert first["finding_codes"] == [f["code"] for f in first["findings"]]
    assert first["findings"][0]["severity"] == "error"
    assert second["findings"] == []


def test_csv_has_a_row_a_finding(run_cli: RunCli, files: dict[str, str]) -> None:
    rows = list(csv.DictReader(StringIO(run_cli("lint", files["error"], "--csv").stdout)))
    assert rows[0]["code"] == "integer-factor"
    assert rows[0]["cure"] == "Write 4.0."


def test_rows_have_their_header_where_nothing_is_found(
    run_batch: RunBatch, files: dict[str, str]
) -> None:
    forms = ("--csv", "--tsv", "--markdown", "-q", "--json")
    lines = [["lint", files["clean"]], *(["lint", files["clean"], form] for form in forms)]
    text, as_csv, tsv, markdown, bare, as_json = (done.stdout for done in run_batch(lines))
    some = run_batch([["lint", files["error"], "--csv"], ["lint", files["broken"], "--csv"]])
    assert as_csv == some[0].stdout.splitlines(keepends=True)[0]
    assert "nothing found" in " ".join(text.split())  # the path may be long
    assert tsv == as_csv.replace(",", "\t")
    assert markdown.splitlines()[0] == f"| {as_csv.rstrip().replace(',', ' | ')} |"
    assert markdown.count("\n") == 2
    assert bare == ""
    assert json.loads(as_json)["results"][0]["findings"] == []
    assert some[1].stdout == ""


def test_rules_are_listed(run_batch: RunBatch) -> None:
    bare, as_json = run_batch([["lint", "--rules", "--get", "code"], ["lint", "--rules", "--json"]])
    assert bare.stdout.splitlines() == [rule.code for rule in RULES]
    assert [rule["code"] for rule in json.loads(as_json.stdout)["results"]] == [
        rule.code for rule in RULES
    ]


def test_a_misspelt_code_to_ignore_is_told_the_right_one(run_cli: RunCli) -> None:
    done = run_cli("lint", "Llama-3.1-8B", "--ignore", "megatron-facto")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--ignore" in done.stderr
    assert "did you mean megatron-factor?" in done.stderr


@pytest.mark.parametrize(
    ("width", "encoding"),
    first_quick(1, [(60, "utf-8"), (80, "ascii"), (120, "utf-8"), (120, "ascii")]),
)
def test_words_fit_the_screen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int, encoding: str
) -> None:
    from ropecalc.render.lint import show_lint, show_rules

    monkeypatch.setenv("COLUMNS", str(width))
    path = tmp_path / "out"
    models = [parse_config(document, name) for name, (document, _) in CASES.items()]
    clean = parse_config(outside(HEAD, max_position_embeddings=4096), "clean.json")
    with path.open("w", encoding=encoding) as file:
        show_lint([(model, findings(model)) for model in (*models, clean)], file)
        show_rules(RULES, file)
    text = path.read_text(encoding=encoding)
    assert max(map(len, text.splitlines())) <= width
    assert "clean.json: nothing found" in text
    assert all(rule.code in text for rule in RULES)


def test_a_folder_of_models_is_looked_at_file_by_file(run_batch: RunBatch, tmp_path: Path) -> None:
    """All config.json below it; else its .json files; one that has a config.json is one model."""
    config = {"head_dim": 128, "rope_theta": 1e4, "max_position_embeddings": 4096}
    text = json.dumps(config | {"model_type": "llama", "num_attention_heads": 32})
    nested, flat = tmp_path / "nested", tmp_path / "flat"
    for path in (nested / "a" / "config.json", nested / "b" / "c" / "config.json"):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (nested / "a" / "tokenizer.json").write_text("{}")
    flat.mkdir()
    for name in ("one.json", "two.json"):
        (flat / name).write_text(text)
    lines = [["lint", f"{path}/", "--get", "source,code"] for path in (nested, flat, nested / "a")]
    found = [
        {line.split("\t")[0] for line in done.stdout.splitlines()} for done in run_batch(lines)
    ]
    assert found[0] == {str(nested / "a" / "config.json"), str(nested / "b/c/config.json")}
    assert found[1] == {str(flat / "one.json"), str(flat / "two.json")}
    assert len(found[2]) == 1
    missing = run_batch([["lint", f"{tmp_path}/none/"]])[0]
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "no such file" in missing.stderr


# --- which rules count, and as what ---------------------------------------------------------------


def test_rules_are_selected_ignored_and_raised(run_batch: RunBatch, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({"head_dim": 128, "rope_theta": 1e4, "max_position_embeddings": 4096})
    )
    lines = [
        [str(path), "-q"],
        [str(path), "--error", "base-below-bound", "-q"],
        [str(path), "--error", "base-below-bound", "--ignore", "base-below-bound", "-q"],
        [str(path), "--select", "base-below-bound,linear-twice", "--get", "code,severity"],
        [str(path), "--select", "linear-twice", "--get", "code"],
        [str(path), "--error", "base-below-bound", "--json"],
        [str(path), "--error", "base-below-bond"],
    ]
    plain, raised, ignored, selected, none, as_json, wrong = run_batch(
        [["lint", *line] for line in lines]
    )
    assert [one.returncode for one in (plain, raised, ignored)] == [0, 1, 0]
    assert selected.stdout == "base-below-bound\tnote\n"
    assert none.stdout == ""
    assert json.loads(as_json.stdout)["inputs"]["error"] == ["base-below-bound"]
    assert json.loads(as_json.stdout)["results"][0]["errors"] == 1
    assert wrong.returncode == 2
    assert "did you mean base-below-bound?" in wrong.stderr


def test_a_text_where_a_number_belongs_is_a_finding(run_batch: RunBatch, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    scaling = {"rope_type": "linear", "factor": "4.0"}
    config = {"head_dim": 128, "rope_theta": "1e6", "max_position_embeddings": 4096}
    path.write_text(json.dumps({**config, "rope_scaling": scaling}))
    found, checked = run_batch(
        [["lint", str(path), "--select", "text-number", "--json"], ["check", str(path), "-q"]]
    )
    (result,) = json.loads(found.stdout)["results"]
    assert found.returncode == 1
    said = [(one["code"], one["message"]) for one in result["findings"]]
    assert said == [
        ("text-number", 'rope_theta is the text "1e6", where a number belongs.'),
        ("text-number", 'rope_scaling.factor is the text "4.0", where a number belongs.'),
    ]
    assert checked.returncode == 2  # other commands guess nothing
    path.write_text(json.dumps({**config, "rope_theta": "a million"}))
    (refused,) = run_batch([["lint", str(path)]])
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: ")


def test_a_scaling_that_breaks_the_bound_is_told_where_its_factor_is(
    run_cli: RunCli, tmp_path: Path
) -> None:
    config = outside(scaled({**YARN, "factor": 1.5}), max_position_embeddings=131_072)
    path = tmp_path / "a config.json"
    path.write_text(json.dumps(config))
    cure = f"ropecalc min-factor '{path}' --ctx 131072"
    assert cure in run_cli("lint", str(path), "--get", "cure").stdout
    done = run_cli("lint", "-", "--get", "cure", stdin=json.dumps(config))
    assert "ropecalc min-factor - --ctx 131072" in done.stdout
    found = run_cli("min-factor", str(path), "-q").stdout
    assert found == run_cli("min-factor", str(path), "--ctx", "128k", "-q").stdout
    assert float(found) > 1.5


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"model_type": "minimax_m2", "rotary_dim": 64},
            "before 5.18.0 reads this file otherwise: rotated dimensions 128, 64 now (5.17.0, run)",
        ),
        (
            {"model_type": "bamba", "num_hidden_layers": 4, "attn_layer_indices": [1, 3]},
            "before 5.15.0 reads this file otherwise: rotated dimensions 128, 64 now (5.14.0, run)",
        ),
        (
            {"model_type": "gemma2", "rope_parameters": {"full_attention": {"rope_theta": 5e5}}},
            "before 5.17.0 reads this file otherwise: it does not stop (5.16.0, run)",
        ),
        ({"model_type": "minimax_m2", "rotary_dim": 128}, None),
        ({"model_type": "gemma2"}, None),
        ({"model_type": "qwen3"}, None),
    ],
)
def test_a_class_that_changed_says_since_when(keys: Document, words: str | None) -> None:
    told = [one.message for one in found({**HEAD, **keys}) if one.code == "class-changed"]
    assert told == ([] if words is None else [f"transformers {words}."])


def test_an_attention_factor_that_no_stack_runs_is_no_finding() -> None:
    document = scaled({**YARN, "attention_factor": 1.0}, factor=None)
    assert "attention-factor" not in codes(document)
