"""What is known beside a file: sources, files that match a known model, where a scaling starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ropecalc import read_config
from ropecalc.errors import InvalidValueError, UnsupportedError
from ropecalc.models.known import find_model, known_models, unrotated_models
from ropecalc.models.lengths import matches, original_of
from ropecalc.models.setting import make_setting
from tests.tools.places import DATA

if TYPE_CHECKING:
    from tests.conftest import RunBatch

QWEN3: dict[str, Any] = json.loads((DATA / "configs" / "Qwen--Qwen3-8B--copy.json").read_text())
YARN4 = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}


def read(folder: Path, document: dict[str, Any], **changed: Any) -> Any:
    path = folder / "config.json"
    path.write_text(json.dumps({**document, **changed}))
    return read_config(path)


@pytest.mark.parametrize("kind", ["trained", "recipe"])
def test_no_fact_without_its_source(kind: str) -> None:
    facts = {one.name: getattr(one, kind) for one in known_models() if getattr(one, kind)}
    assert len(facts) > 20
    for name, fact in facts.items():
        assert "arXiv " in fact.source or "https://" in fact.source, name
        assert fact.source.isprintable(), name


def test_a_recipe_reaches_beyond_what_it_starts_from() -> None:
    for one in known_models():
        if one.recipe is not None:
            assert one.recipe.factor > 1, one.name
            assert one.recipe.context == one.recipe.factor * one.recipe.original_context, one.name


@pytest.mark.parametrize(
    ("name", "context", "trained", "factor", "original"),
    [
        ("Qwen3-8B", 40960, 32768, 4, 32768),
        ("Qwen2.5-7B-Instruct", 32768, 32768, 4, 32768),
        ("QwQ-32B", 131072, None, 4, 32768),
        ("Qwen3.5-27B", 262144, None, 4, 262144),
        ("Llama-3.1-8B", 131072, 131072, None, None),
        ("Llama-3-8B", 8192, 8192, None, None),
        ("DeepSeek-V3", 163840, 131072, None, None),
        ("Gemma-3-27B", 131072, 32768, None, None),
        ("Gemma-3-1B", 32768, 32768, None, None),
        ("gpt-oss-20b", 131072, None, None, None),
    ],
)
def test_facts_as_their_sources_have_them(
    name: str, context: int, trained: int | None, factor: float | None, original: int | None
) -> None:
    model = find_model(name)
    assert model.known is not None
    facts = model.known.trained, model.known.recipe
    assert model.context == context
    assert model.trained_context == trained
    assert (None if facts[0] is None else facts[0].context) == trained
    assert (None if facts[1] is None else facts[1].factor) == factor
    assert (None if facts[1] is None else facts[1].original_context) == original


def test_published_keys_that_a_name_alone_must_have() -> None:
    scout = find_model("Llama-4-Scout-17B-16E-Instruct")
    assert scout.context == 10_485_760
    assert scout.document["text_config"]["attention_chunk_size"] == 8192
    for name in ("Qwen3.5-27B", "Qwen3.5-35B-A3B", "Qwen3-VL-8B"):
        parameters = json.dumps(find_model(name).document)
        assert "mrope_section" in parameters, name
        assert "mrope_interleaved" in parameters, name


def test_layers_that_no_source_counts_are_not_counted() -> None:
    assert find_model("CodeLlama-70B-Instruct").rope.layers is None
    assert find_model("Qwen3-8B").rope.layers == 36


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Qwen2.5-7B-Instruct", "Qwen2.5-7B-Instruct"),
        ("qwen2.5-7b", "Qwen2.5-7B"),
        ("Qwen/Qwen3-8B-GGUF", "Qwen3-8B"),
        ("Qwen3-8B-Instruct-GGUF", "Qwen3-8B"),
        ("QWEN3_8B fp8", "Qwen3-8B"),
        ("glm-4.7", "GLM-4.7"),
        ("zai-org/GLM-4.5", "GLM-4.5"),
        ("gemma-3-27b-it-qat-q4_0-gguf", None),
        ("Llama-3.1-8B-Instruct-AWQ-INT4", "Llama-3.1-8B"),
        ("MiniMax-M1-80k", "MiniMax-M1"),
    ],
)
def test_half_known_names(name: str, found: str | None) -> None:
    if found is None:
        with pytest.raises(InvalidValueError, match="did you mean Gemma-3-27B"):
            find_model(name)
        return
    assert find_model(name).source == found


def test_models_that_rotate_nothing_are_known_by_name(run_batch: RunBatch) -> None:
    unrotated = unrotated_models("")
    assert {"Granite-4.0-H-Small", "Nemotron-3-Nano-30B-A3B", "Kimi-Linear-48B-A3B"} <= {*unrotated}
    assert not {one.name for one in known_models()} & {*unrotated}
    for name in unrotated:
        with pytest.raises(UnsupportedError, match="no layer rotates its queries and keys"):
            find_model(name)
    inspected, half_known, listed = run_batch(
        [["inspect", "granite-4.0-h-small"], ["inspect", "granite-4"], ["models", "kimi linear"]]
    )
    assert (inspected.returncode, inspected.stderr) == (0, "")
    assert "RoPE sets no limit to its context" in inspected.stdout.replace("\n", " ")
    assert "did you mean Granite-4.0-H-350M or " in half_known.stderr
    assert listed.returncode == 1
    assert listed.stderr.startswith("Kimi-Linear-48B-A3B: no layer rotates")
    assert "did you mean" not in listed.stderr


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"_name_or_path": "someone/tuned", "vocab_size": 1000, "torch_dtype": "float16"}, True),
        ({"rope_scaling": YARN4, "max_position_embeddings": 131072}, True),
        ({"rope_scaling": YARN4}, True),
        ({"max_position_embeddings": 32768}, True),
        ({"max_position_embeddings": 8192}, False),
        ({"rope_theta": 5000000}, False),
        ({"num_hidden_layers": 40}, False),
        ({"num_attention_heads": 40}, False),
        ({"head_dim": 64}, False),
        ({"hidden_size": 2048}, False),
        ({"model_type": "llama"}, False),
    ],
)
def test_a_file_with_a_known_model_s_numbers(
    tmp_path: Path, changed: dict[str, Any], fits: bool
) -> None:
    model = read(tmp_path, QWEN3, **changed)
    names = ("Qwen3-8B", "Qwen3-8B-Base", "Qwen3-8B and Qwen3-8B-Base")
    assert (matches(model) in names) is fits
    assert model.trained_context == (32768 if fits else None)
    assert (model.known is not None) is fits


def test_a_file_as_published_is_its_own_model_before_a_relative(tmp_path: Path) -> None:
    """Llama 3.1 has the numbers of Llama 3, but for its scaling and its context."""
    for name, trained in (("Llama-3-8B", 8192), ("Llama-3.1-8B", 131072)):
        document = {**find_model(name).document}
        model = read(tmp_path, document)
        assert (matches(model), model.trained_context) == (name, trained)


def test_models_that_differ_agree_or_say_nothing(tmp_path: Path) -> None:
    """Qwen2.5-7B and its Coder have the same numbers; another has none that anything is known of.

    What one model is known to be trained on is not said of a file that could be another's.
    """
    path = DATA / "configs" / "Qwen--Qwen2.5-7B-Instruct--copy.json"
    model = read(tmp_path, json.loads(path.read_text()))
    assert "Qwen2.5-7B-Instruct" in matches(model)
    assert " and " in matches(model)
    start = original_of(model, model.rope)
    assert start is not None
    assert start.context == 32768


@pytest.mark.parametrize(
    ("changed", "original", "words"),
    [
        ({}, 32768, "published by its maker (the file matches Qwen3-8B) for yarn 4: https://"),
        (
            {"rope_scaling": {**YARN4, "original_max_position_embeddings": 20000}},
            20000,
            "that of its own yarn scaling",
        ),
        ({"rope_theta": 5e6}, 40960, "its configured context: no source says what it was"),
    ],
)
def test_where_a_scaling_starts(
    tmp_path: Path, changed: dict[str, Any], original: int, words: str
) -> None:
    model = read(tmp_path, QWEN3, **changed)
    start = original_of(model, model.rope)
    assert start is not None
    assert start.context == original
    assert start.reason.startswith(words)
    setting = make_setting(model, model.rope, rope_type="yarn", context=131072)
    assert setting.rope.factor == 131072 / original
    assert setting.original_context == original
    assert setting.start == start


def test_what_was_trained_on_comes_before_what_is_configured() -> None:
    model = find_model("Llama-3-8B")
    start = original_of(model, model.rope)
    assert start is not None
    assert start.sourced
    assert start.reason.startswith("what it was trained on: https://github.com/meta-llama/llama3")


def test_a_given_original_context_stands(tmp_path: Path) -> None:
    model = read(tmp_path, QWEN3)
    setting = make_setting(
        model, model.rope, rope_type="yarn", context=131072, original_context=40960
    )
    assert (setting.rope.factor, setting.original_context, setting.start) == (3.2, 40960, None)


@pytest.mark.parametrize(
    ("name", "example"), [("Qwen3-8B", "--factor 4, as its maker does"), ("Yi-34B", "--factor 4,")]
)
def test_a_new_scaling_without_its_reach_is_refused(name: str, example: str) -> None:
    model = find_model(name)
    with pytest.raises(InvalidValueError, match="yarn needs a factor or a context") as caught:
        make_setting(model, model.rope, rope_type="yarn")
    assert example in str(caught.value)
    assert "--ctx 128k" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert make_setting(model, model.rope, rope_type="default").rope.rope_type == "default"


@pytest.mark.parametrize(
    ("name", "full", "sliding"),
    [("MiMo-V2.5", 9, 39), ("MiniMax-M1", 10, 0), ("MiniMax-Text-01", 10, 0)],
)
def test_layers_that_a_file_lists_by_number(name: str, full: int, sliding: int) -> None:
    """hybrid_layer_pattern has 1 for a window, attn_type_list 0 for no softmax attention."""
    counts = [rope.layers for rope in find_model(name).ropes]
    assert counts == [full, sliding][: len(counts)]
