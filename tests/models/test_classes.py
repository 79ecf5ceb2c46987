"""Every class of transformers: what its real model did, replayed without it.

``tests/data/class-sweep.json.gz`` holds the answers of ``tests.tools.class_sweep`` (transformers
5.23.0, run), ``class-cases.json.gz`` 288 files of another measurement of the same version, and
``class-releases.json.gz`` those of earlier releases, of classes that were changed since.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ropecalc.errors import ConfigError, NoRotationError
from ropecalc.models.classes import class_row, composite, version
from ropecalc.models.huggingface import parse_config
from tests.tools.class_files import files
from tests.tools.class_replay import decision, difference, said, unpacked
from tests.tools.class_sweep import context_of, length_of
from tests.tools.places import DATA
from tests.tools.speeds import every_quick, first_quick
from tests.tools.transformers_classes import TABLE

SWEEP: dict[str, Any] = json.loads(gzip.decompress((DATA / "class-sweep.json.gz").read_bytes()))
RELEASES: dict[str, Any] = json.loads(
    gzip.decompress((DATA / "class-releases.json.gz").read_bytes())
)
CASES: list[dict[str, Any]] = json.loads(
    gzip.decompress((DATA / "class-cases.json.gz").read_bytes())
)


def replayed(name: str) -> Iterator[tuple[str, dict[str, Any], int, dict[str, Any]]]:
    """(change, file, length, answer) of every file of a class."""
    own = SWEEP["classes"][name]
    context = context_of(own["file"])
    for change, document in files(own["file"], context, own["head"]):
        answer = own["answers"].get(change)
        if answer is not None:
            yield change, document, length_of(change, context), unpacked(answer)


def apart(name: str, every: int = 1) -> dict[str, str]:
    """{change: difference} of a class, from every n-th of its files, without decisions."""
    found = {}
    first = sum(map(ord, name)) % every
    for change, document, length, real in list(replayed(name))[first::every]:
        text = difference(said(document, length), real)
        if text and decision(name, change, text) is None:
            found[change] = text
    return found


@pytest.mark.parametrize("name", first_quick(60, SWEEP["classes"]))
def test_every_class_is_read_as_its_model_runs(name: str) -> None:
    assert apart(name, every=10) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEP["classes"])
def test_every_file_of_every_class_is_read_as_its_model_runs(name: str) -> None:
    assert apart(name) == {}


@pytest.mark.slow
def test_decisions_are_few() -> None:
    total = 0
    decided = []
    for name in SWEEP["classes"]:
        for change, document, length, real in replayed(name):
            total += 1
            found = difference(said(document, length), real)
            decided += [decision(name, change, found)] if found else []
    assert len(decided) * 200 < total


@pytest.mark.parametrize("case", every_quick(4, CASES), ids=lambda case: case["id"])
def test_a_file_is_read_as_its_model_runs(case: dict[str, Any]) -> None:
    row = class_row(case["class"]) or class_row(composite(case["class"]).get("class"))
    if row is None or not row.run:
        pytest.skip("its class was loaded, not run")
    found = difference(said(case["doc"], case["length"]), case["oracle"])
    assert not found or decision(case["class"], case["family"], found) is not None, found


CHANGED = [(name, release) for name, changes in RELEASES.items() for release in changes]


def earlier(name: str, release: str) -> dict[str, str]:
    """{change: difference} of a class before a release, from the files that were asked there."""
    own, found = SWEEP["classes"][name], {}
    answers = RELEASES[name][release]["answers"]
    context = context_of(own["file"])
    for change, document in files(own["file"], context, own["head"]):
        if change in answers:
            real = unpacked(answers[change])
            text = difference(said(document, length_of(change, context), release), real)
            if text and decision(name, change, text) is None:
                found[change] = text
    return found


@pytest.mark.parametrize(("name", "release"), first_quick(12, CHANGED))
def test_a_class_is_read_as_it_was_before_a_release(name: str, release: str) -> None:
    assert earlier(name, release) == {}


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024}
LLAMA = {"model_type": "llama", "head_dim": 64, "max_position_embeddings": 4096}
GLM = {**LLAMA, "model_type": "glm4"}
BEAM = {**LLAMA, "model_type": "beam", "layer_types": ["sliding_attention", "full_attention"]}
STOPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # transformers 5.23.0, run
    "rope_type is null": (LLAMA, {"rope_parameters": {"rope_type": None}}),
    "rope_theta of a rope object is null": (LLAMA, {"rope_parameters": {"rope_theta": None}}),
    "original_max_position_embeddings of a rope object is null": (
        LLAMA,
        {"rope_scaling": {**YARN, "original_max_position_embeddings": None}},
    ),
    "partial_rotary_factor of a rope object is null": (
        GLM,
        {"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": None}},
    ),
    "factor of a rope object is null": (
        LLAMA,
        {"rope_parameters": {"rope_type": "proportional", "factor": None}},
    ),
    "sliding_window is 0, and some layers have a window": (BEAM, {"sliding_window": 0}),
    "sliding_window is 64.0, and qwen3 declares an integer": (
        LLAMA,
        {"model_type": "qwen3", "sliding_window": 64.0},
    ),
    "head_dim is 64.0, and minicpm3 declares an integer": (
        LLAMA,
        {"model_type": "minicpm3", "head_dim": 64.0},
    ),
}


@pytest.mark.parametrize("reason", STOPS)
def test_a_null_or_a_type_that_stops_the_model_is_named(reason: str) -> None:
    document, keys = STOPS[reason]
    assert reason in str(parse_config({**document, **keys}, "config.json").stops)


def test_a_null_by_label_is_no_crash() -> None:
    rope = {"rope_theta": 1e4, "partial_rotary_factor": None}
    document = {"model_type": "deepseek_v4", "rope_parameters": {"main": rope, "compress": rope}}
    assert parse_config(document, "config.json").ropes[0].rotary_dim == 64


def test_an_original_context_may_be_a_float() -> None:
    rope = {**YARN, "original_max_position_embeddings": 1024.0}
    model = parse_config({**LLAMA, "rope_theta": 1e4, "rope_scaling": rope}, "config.json")
    assert model.rope.parameters["original_context"] == 1024
    with pytest.raises(ConfigError, match="must be a positive integer"):
        parse_config(
            {**LLAMA, "rope_scaling": {**rope, "original_max_position_embeddings": 1024.5}}, "x"
        )


def test_a_part_of_0_turns_nothing_where_its_class_reads_it() -> None:
    rope = {"rope_theta": 1e4, "rope_type": "default"}
    unread = parse_config({**LLAMA, "rope_parameters": rope, "partial_rotary_factor": 0}, "x")
    assert unread.rope.rotary_dim == 64
    with pytest.raises(NoRotationError, match="partial_rotary_factor is 0"):
        parse_config({**GLM, "rope_parameters": {**rope, "partial_rotary_factor": 0}}, "x")


def test_classes_that_changed_are_known() -> None:
    """A few that people ask about, with the release that changed them."""
    known = {name: [*row.before] for name in SWEEP["classes"] if (row := class_row(name))}
    assert {name for name, releases in known.items() if releases} <= RELEASES.keys()
    assert "5.15.0" in known["bamba"]
    assert "5.4.0" in known["gpt_oss"]
    assert "5.5.0" in known["gpt_neox"]
    assert known["llama"] == []


def test_the_table_and_the_answers_are_of_one_version() -> None:
    assert SWEEP["transformers"] == version()


def test_a_class_without_a_row_says_so() -> None:
    document = {
        "model_type": "no_such_class",
        "hidden_size": 512,
        "num_attention_heads": 4,
        "rope_theta": 1e4,
        "max_position_embeddings": 2048,
    }
    model = parse_config(document, "config.json")
    assert class_row("no_such_class") is None
    assert "no_such_class is no class of transformers" in model.assumptions[0]


LIVE = ("llama", "jetmoe", "longcat_flash", "granite_swa")


def remade(name: str) -> dict[str, Any]:
    """The row of a class, from its model as it runs here."""
    from tests.tools.class_sweep import sweep
    from tests.tools.transformers_classes import Class, row_of

    row: dict[str, Any] = json.loads(json.dumps(row_of(Class(json.loads(json.dumps(sweep(name)))))))
    return row


def shipped(name: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))["classes"][name]
    return {key: value for key, value in row.items() if key not in ("since", "before")}


@pytest.mark.slow
@pytest.mark.parametrize("name", LIVE)
def test_rows_are_made_again(name: str) -> None:
    transformers = pytest.importorskip("transformers")
    if transformers.__version__ != version():
        pytest.skip(f"the table is of {version()}")
    assert remade(name) == shipped(name)


@pytest.mark.heavy
@pytest.mark.parametrize("name", SWEEP["classes"])
def test_every_row_is_made_again(name: str) -> None:
    transformers = pytest.importorskip("transformers")
    row = class_row(name)
    if row is None or transformers.__version__ != (row.since or version()):
        pytest.skip("its row is of another release")
    assert remade(name) == shipped(name)
