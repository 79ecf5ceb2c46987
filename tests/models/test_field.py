"""What people asked in public, with the small file that shows it and the right answer.

``tests/data/field.json`` has the files; each thread is named beside its test. Frequencies are
those that transformers 5.23 and vLLM 0.33 computed from the files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ropecalc import NoRotationError, find_model, make_setting, scaling
from ropecalc.lint import findings
from ropecalc.models.huggingface import parse_config
from ropecalc.models.matching import recognised
from tests.tools.places import DATA

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from tests.conftest import RunBatch

FIELD: dict[str, dict[str, Any]] = json.loads((DATA / "field.json").read_text(encoding="utf-8"))
GONE = object()
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}


def file(name: str, **changed: Any) -> dict[str, Any]:
    document = {**FIELD[name], **changed}
    return {key: value for key, value in document.items() if value is not GONE}


def read(name: str, **changed: Any) -> ModelConfig:
    return recognised(parse_config(file(name, **changed), name))


def codes(model: ModelConfig) -> set[str]:
    return {finding.code for finding in findings(model)}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        # vllm#30406, vllm#30413: Nemotron 3; larql#373, transformers#42872, mobius#440: Granite 4
        ("nemotron3-nano", {}),
        ("nemotron3-nano", {"rope_theta": GONE}),
        ("nemotron3-nano", {"rope_scaling": YARN}),
        ("nemotron3-nano", {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}),
        ("granite4-nope", {}),
        ("granite4-nope", {"position_embedding_type": GONE}),
        ("granite4-nope", {"rope_scaling": YARN}),
        ("granite4-nope", {"rope_theta": 5_000_000}),
        ("jamba-mini", {}),
        ("jamba-mini", {"rope_theta": 1e6}),
        ("jamba-mini", {"rope_scaling": YARN}),
    ],
)
def test_models_that_do_not_rotate(name: str, changed: dict[str, Any]) -> None:
    with pytest.raises(NoRotationError, match="RoPE sets no limit to its context"):
        read(name, **changed)


def test_granite_with_rope_does() -> None:
    model = read("granite4-nope", position_embedding_type="rope")
    assert (model.rope.base, model.rope.layers) == (10_000, 4)


def test_commands_on_models_that_do_not_rotate(run_batch: RunBatch, tmp_path: Any) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(file("nemotron3-nano")))
    inspected, checked, planned, quiet, emitted = run_batch(
        [
            ["inspect", str(path)],
            ["check", str(path), "--ctx", "512k"],
            ["plan", str(path), "--to", "512k"],
            ["plan", str(path), "--to", "512k", "-q"],
            ["emit", str(path), "--rope-type", "yarn", "--factor", "4", "--stack", "vllm"],
        ]
    )
    assert [one.returncode for one in (inspected, checked, planned, quiet)] == [0, 0, 0, 1]
    assert "does not rotate" in " ".join(inspected.stdout.split())
    assert "holds for every context" in checked.stdout
    assert "Keep the base and raise" in planned.stdout
    assert quiet.stdout == ""
    assert (emitted.returncode, emitted.stdout) == (2, "")
    assert "no layer of nemotron_h rotates" in emitted.stderr


@pytest.mark.parametrize(
    ("changed", "window", "counts"),
    [
        ({}, 4096, (24, 8)),  # ollama#8465, sglang#4570
        ({"sliding_window": 1024}, 1024, (24, 8)),
        ({"sliding_window": GONE}, 4096, (24, 8)),
        ({"num_hidden_layers": 40}, 4096, (30, 10)),
    ],
)
def test_command_r7b_rotates_within_its_windows_alone(
    changed: dict[str, Any], window: int, counts: tuple[int, int]
) -> None:
    model = read("command-r7b", **changed)
    assert [rope.window for rope in model.ropes] == [window]
    assert (model.rope.layers, model.unrotated_layers) == counts


@pytest.mark.parametrize(
    ("context", "factor"),
    [
        (131_072, 4.0),  # exllamav3#29, mlx-engine#180, vllm-ascend#760, ms-swift#4893, ROLL#276
        (65_536, 2.0),  # Trinity-RFT#389
        (98_304, 3.0),
    ],
)
@pytest.mark.parametrize("name", ["Qwen3-8B", "Qwen3-14B", "Qwen2.5-7B-Instruct"])
def test_qwen_starts_from_what_it_was_trained_on(name: str, context: int, factor: float) -> None:
    model = find_model(name)
    setting = make_setting(model, model.rope, rope_type="yarn", context=context)
    assert (setting.rope.factor, setting.rope.original_context) == (factor, 32_768)


@pytest.mark.parametrize("factor", [2.0, 3.0, 4.0])
def test_yarn_without_an_original_context(factor: float) -> None:
    # ms-swift#5146: transformers takes 40,960, and Qwen3 was trained on 32,768
    model = read("swift-yarn3-no-orig", rope_scaling={"type": "yarn", "factor": factor})
    assert model.original_context == 40_960
    assert model.trained_context == 32_768
    assert "missing-original-length" in codes(model)


@pytest.mark.parametrize("factor", [8.0, 16.0, 25.0])
def test_linear_scaling_counts_from_the_trained_length(factor: float) -> None:
    # LongLoRA#181, LongLoRA#81
    model = read("linear-longlora", rope_scaling={"type": "linear", "factor": factor})
    assert (model.trained_context, model.rope.factor, model.rope.base) == (4096, factor, 10_000)


def test_step_35_has_lists_a_layer() -> None:
    # transformers#46562
    model = read("step35-flash")
    full, sliding = model.ropes
    slow = [float(scaling.from_rope(rope).angular_frequencies[-1]) for rope in (full, sliding)]
    assert slow == pytest.approx([1.61936e-07, 1.15478e-04], rel=1e-5)
    assert (full.rope_type, full.factor, full.base) == ("llama3", 2, 5e6)
    assert (full.rotary_dim, sliding.rotary_dim) == (64, 128)
    assert (full.original_context, sliding.window) == (131_072, 512)
    assert "misspelt-key" not in codes(model)


@pytest.mark.parametrize("key", ["rope_theta", "partial_rotary_factors"])
def test_step_35_with_too_few_of_them(key: str) -> None:
    with pytest.raises(Exception, match=f"{key} has 3 entries"):
        read("step35-flash", **{key: FIELD["step35-flash"][key][:3]})


@pytest.mark.parametrize(
    ("changed", "stops"),
    [
        ({}, True),  # a sibling of onnxruntime-genai#2189
        ({"head_dim": 128}, False),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, True),
        ({"rope_scaling": None}, True),
    ],
)
def test_hunyuan_moe_multiplies_a_head_that_is_null(changed: dict[str, Any], stops: bool) -> None:
    model = read("hunyuan-a13b", **changed)
    assert (model.stops is not None) == stops
    assert ("class-stops" in codes(model) or "null-head-dim" in codes(model)) == stops


@pytest.mark.parametrize(
    ("changed", "stops"),
    [
        ({}, True),  # vllm-metal#676
        ({"sliding_window_pattern": 4}, False),
        ({"layer_types": (["sliding_attention"] * 3 + ["full_attention"]) * 16}, False),
    ],
)
def test_exaone_with_a_pattern_of_letters(changed: dict[str, Any], stops: bool) -> None:
    model = read("exaone40-LLLG", **changed)
    assert (model.stops is not None) == stops
    assert (model.rope.layers, model.rope.window, model.unrotated_layers) == (48, 4096, 16)


@pytest.mark.parametrize("name", ["qwen25vl-mrope", "qwen25vl-yarn4"])
def test_flat_files_of_qwen_25_vl(name: str) -> None:
    # AdaReTaKe#3, and the model's own recipe
    model = read(name)
    assert (model.rope.base, model.rope.rotary_dim) == (1e6, 128)
    assert model.rope.factor == (4.0 if "yarn" in name else None)


def test_scout_by_name() -> None:
    # vllm#16104, ik_llama.cpp#314
    model = find_model("Llama-4-Scout")
    assert model.context == 10_485_760
    assert {rope.window for rope in model.ropes} == {8192}


def test_nomic_reads_its_own_base() -> None:
    # vllm#41236, vllm#41277, vllm#40130
    assert read("nomic-v15").rope.base == 1000
