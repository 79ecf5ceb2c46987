"""The shipped JSON Schemas: what every command prints fits them, and little else does."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from ropecalc.cli.commands import COMMANDS
from tests.tools import regenerate_schemas

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

Schema = dict[str, Any]
SCHEMAS: dict[str, Schema] = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted(regenerate_schemas.FOLDER.glob("*.json"))
}
CALLS = """
min-base --dim 16,64 --ctx 128,1k
min-base --dim 128 --ctx 512 --digits 20 --round 3 --integer
min-base --dim 16 --ctx 1
min-base --dim 16,64 --ctx 1 --ctx 256 --dtype float32
min-base --dim 48 --rotary-dim 16 --ctx 64
min-base --dim 16 --rotary-dim 8 --ctx 64
min-base --dim 16 --ctx 64 --margin 0.9 --no-table
min-base --dim 8 --ctx 64 --weights WEIGHTS --min-window 1e-3
min-factor --base 1e4 --dim 64 --original-ctx 512 --rope-type yarn --ctx 256,2k
min-factor --base 1e4 --dim 16 --original-ctx 64 --ctx 512 --digits 5
min-factor --base 1e4 --original-ctx 4k --ctx 128k
curve --base 1e4 --ctx 2k --points 20
curve --base 1e4 --ctx 2k --points 5 --dtype float32
curve --base 1e4,1e6 --ctx 64 --points 5 --upper-bound --raw
curve --model Llama-3-8B --model Llama-3.1-8B --ctx 256 --points 5
max-ctx --base 1e4,2.5
max-ctx --base 1e6 --limit 100
max-ctx --base 1e4 --limit 8k --soft
max-ctx --model gpt-oss-20b --model Qwen3-8B --limit 4k
check --base 1e4 --ctx 2k
check --base 1e6 --dim 64 --rotary-dim 16 --ctx 2k
check --model Llama-3.1-8B --ctx 4k --margin 0.1
check --base 1e4 --ctx 2k --dtype float16 --recipe naive
check --base 1e4 --ctx 64 --dim 8 --weights WEIGHTS --min-window 1e-3
inspect Llama-3.1-8B --ctx 8k
inspect Qwen3-8B --ctx 1k --dtype float16 --recipe llama.cpp
inspect gemma-3-27b --no-bases
inspect gpt-oss-20b --no-bases
inspect STILL --no-bases
inspect BARE
lint Llama-3.1-8B gpt-oss-20b --ignore base-below-bound
lint --rules
compare gpt-oss-20b --ctx 8k
compare Qwen3-8B --ctx 1k --stack vllm --override {"rope_theta":5e5}
compare REFUSED
models gemma-3
models nothing-is-called-so
emit Qwen3-8B
emit --base 1e6 --dim 64 --rope-type yarn --factor 4 --original-ctx 4k --ctx 16k
emit --in-place PATCHED --rope-type yarn --factor 4 --dry-run
plan --base 1e4 --dim 16 --from 64 --to 256
plan Llama-3-8B --to 16k
plan --base 1e4 --dim 16 --rotary-dim 4 --from 64 --to 256 --method yarn
temperature --ctx 128k --from 8k
temperature --ctx 2
criteria --base 1e6 --ctx 32k --from 8k
criteria GLM-4-9B-chat
evidence
evidence Qwen3-8B --ctx 64k
evidence --base 1e12 --dim 64 --rotary-dim 16
freqs --base 1e4 --dim 64
freqs --base 1e6 --dim 128 --rotary-dim 32 --ctx 2k
freqs --model Llama-3.1-8B --ctx 8k
freqs --config STILL
staircase --dim 16 --ctx 64 --jobs 1
staircase --dim 16 --ctx 32 --kind safe --jobs 1
windows --dim 16 --ctx 200
windows --dim 16 --ctx 200 --min-window 0.1 --at-most 1e4
windows --dim 16 --rotary-dim 8 --ctx 64
windows --dim 16 --ctx 4 --at-most 1.5
weights CHECKPOINT --layer 0 --dim 8
weights CHECKPOINT --layer 0 --dim 8 --head 1 --of keys --layout interleaved
verify PROOF
verify BROKEN
explain safe-base
explain
""".split("\n")[1:-1]
HEAD = {"hidden_size": 512, "num_attention_heads": 8, "max_position_embeddings": 2048}
LLAMA = {"model_type": "llama", "rope_theta": 1e4, **HEAD}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, run_batch: RunBatch) -> dict[str, str]:
    """Files that the calls name: configs, and a certificate that holds or does not."""
    folder = tmp_path_factory.mktemp("schemas")
    slow = {"rope_type": "linear", "factor": 1e200}
    configs = {
        "STILL": {**LLAMA, "rope_theta": 1e300, "rope_scaling": slow},  # theta_i below any float64
        "BARE": {  # of no known class, which would have a length of its own
            **{k: v for k, v in LLAMA.items() if k != "max_position_embeddings"},
            "model_type": "of-nobody",
        },
        "PATCHED": LLAMA,
        "REFUSED": {**LLAMA, "rope_scaling": {"rope_type": "ntk", "factor": 2.0}},
    }
    named = {name: folder / f"{name}.json" for name in (*configs, "PROOF", "BROKEN")}
    for name, config in configs.items():
        named[name].write_text(json.dumps(config), encoding="utf-8")
    named |= {"WEIGHTS": folder / "w.json", "CHECKPOINT": folder / "model.safetensors"}
    named["WEIGHTS"].write_text("[1, 0.5, 2, 1]", encoding="utf-8")
    save_checkpoint(named["CHECKPOINT"])
    line = f"min-base --dim 16 --ctx 64 -q --certificate {named['PROOF']}"
    assert run_batch([line.split()])[0].returncode == 0
    proof = json.loads(named["PROOF"].read_text(encoding="utf-8"))
    named["BROKEN"].write_text(json.dumps(shortened(proof)), encoding="utf-8")
    return {name: str(path) for name, path in named.items()}


def save_checkpoint(path: Path) -> None:
    """Two query heads and a key head of 8 dimensions."""
    from safetensors.numpy import save_file

    rows = {"q_proj": 16, "k_proj": 8}
    save_file({f"layers.0.self_attn.{k}.weight": np.ones((n, 4)) for k, n in rows.items()}, path)


def shortened(proof: Schema) -> Schema:
    """A certificate without the first half of its chain."""
    return {
        k: v[len(v) // 2 :] if isinstance(v, list) and len(v) > 4 else v for k, v in proof.items()
    }


@pytest.fixture(scope="module")
def answers(run_batch: RunBatch, files: dict[str, str]) -> list[tuple[str, Schema]]:
    """Every call with what it prints."""
    lines = [[*(files.get(word, word) for word in call.split()), "--json"] for call in CALLS]
    found = []
    for call, done in zip(CALLS, run_batch(lines), strict=True):
        assert done.returncode in (0, 1), (call, done.stderr)
        found.append((call, json.loads(done.stdout)))
    return found


def validator(command: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[command])


def objects(schema: Any) -> Iterator[Schema]:
    """Every object with keys of its own in a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


def properties() -> list[tuple[str, str, Schema]]:
    """(command, key, schema) of every key."""
    return [
        (command, key, described)
        for command, schema in SCHEMAS.items()
        for one in objects(schema)
        for key, described in one["properties"].items()
    ]


def test_every_command_that_prints_json_has_a_schema() -> None:
    assert set(SCHEMAS) == set(COMMANDS)
    assert {call.split()[0] for call in CALLS} == set(COMMANDS)


def test_the_files_are_those_of_the_result_types() -> None:
    shipped = {
        file.name: file.read_text(encoding="utf-8")
        for file in regenerate_schemas.FOLDER.glob("*.json")
    }
    assert shipped == regenerate_schemas.texts(), (
        "tests/tools/regenerate_schemas.py writes them anew"
    )


@pytest.mark.parametrize("command", SCHEMAS)
def test_the_schemas_are_schemas(command: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[command])


@pytest.mark.slow
def test_real_answers_fit(answers: list[tuple[str, Schema]]) -> None:
    for call, answer in answers:
        wrong = [
            f"{call}: {error.json_path}: {error.message[:200]}"
            for error in validator(answer["command"]).iter_errors(answer)
        ]
        assert wrong == []


@pytest.mark.slow
def test_keys_come_in_the_order_of_the_schema(answers: list[tuple[str, Schema]]) -> None:
    for call, answer in answers:
        orders = [list(one["properties"]) for one in objects(SCHEMAS[answer["command"]])]
        for record in (answer["inputs"], *answer["results"]):
            assert list(record) in orders, call


@pytest.mark.slow
def test_the_calls_reach_what_is_null_and_what_is_empty(
    answers: list[tuple[str, Schema]],
) -> None:
    """So that the fit above says something: nulls where the schemas allow them, and no results."""
    met = {key for _, answer in answers for key, value in walk(answer) if value is None}
    allowed = {
        key
        for _, key, schema in properties()
        if "null" in json.dumps([schema.get("type", ""), schema.get("anyOf", "")])
    }
    assert not met - allowed - {"factor", "original_context", "wavelengths", "critical_distances"}
    wanted = {"first_violation", "base", "minimum_base", "window_end", "turns", "wavelengths"}
    wanted |= {"longest_wavelength", "holds", "context", "group", "scale", "safe_base", "model"}
    assert wanted <= met
    assert any(not answer["results"] for _, answer in answers)
    assert any(len(answer["results"]) > 3 for _, answer in answers)


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in an answer under its key; the items of a list are under the list's."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from walk(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, key)
    else:
        yield key, value


@pytest.mark.slow
def test_changed_answers_do_not_fit(answers: list[tuple[str, Schema]]) -> None:
    """A wrong type, an unknown key and a missing key, at every key of every record."""
    seen = set()
    for _, answer in answers:
        check = validator(answer["command"])
        for place in ("inputs", "results"):
            if not answer[place] or (answer["command"], place) in seen:
                continue
            seen.add((answer["command"], place))
            for changed in mutants(answer, place):
                assert not check.is_valid(changed)
    assert len(seen) >= 2 * len(SCHEMAS)


def mutants(answer: Schema, place: str) -> Iterator[Schema]:
    """The answer with one thing wrong in its inputs or in its last result."""

    def copied() -> tuple[Schema, Schema]:
        other = copy.deepcopy({**answer, "results": answer["results"][-1:]})
        return other, other["inputs"] if place == "inputs" else other["results"][0]

    for key in copied()[1]:
        whole, record = copied()
        record[key] = {"no": {"such": ["thing"]}}
        if key not in ("parameters", "override"):  # these hold what the method or the user names
            yield whole
        whole, record = copied()
        del record[key]
        yield whole
    whole, record = copied()
    record["no_such_key"] = None
    yield whole


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"version": 1}, {"command": "chek"}, {"more": 1}])
def test_the_frame_is_held_too(answers: list[tuple[str, Schema]], change: Schema) -> None:
    for _, answer in answers:
        assert not validator(answer["command"]).is_valid({**answer, **change})


def test_every_object_is_closed_and_has_all_its_keys() -> None:
    for schema in SCHEMAS.values():
        for one in objects(schema):
            assert one["additionalProperties"] is False
            assert one["required"] == list(one["properties"])


def test_every_key_is_described_in_one_line_and_has_a_type() -> None:
    for command, key, schema in properties():
        assert {"type", "$ref", "anyOf", "const"} & set(schema), (command, key)
        assert schema["description"].strip(), (command, key)
        assert re.fullmatch(r"[ -~]{5,200}", schema["description"]), (command, key)
        assert schema["description"].endswith((".", '"', ")")) or "[" in schema["description"]


def test_lengths_and_frequencies_have_a_unit() -> None:
    length = re.compile(
        r"(^|_)(contexts?|critical_distances?|distance|violation|wavelengths?|length)$|^window$"
    )
    assert {key for _, key, _ in properties() if length.search(key)} > {"context", "wavelengths"}
    for command, key, schema in properties():
        if length.search(key):
            assert schema.get("x-unit") == "tokens", (command, key)
        if key == "angular_frequencies":
            assert schema["x-unit"] == "rad/token", command


def test_the_vocabulary_is_there() -> None:
    words = "head_dim rotary_dim context base minimum_base critical_distance safe_base "
    words += "first_violation violations worst_distance angular_frequencies attention_factor"
    assert set(words.split()) <= {key for _, key, _ in properties()}


def test_a_unit_belongs_to_a_word() -> None:
    """The same word has the same unit in all commands, but for a count that shares its name."""
    units: dict[str, set[str | None]] = {}
    for _, key, schema in properties():
        units.setdefault(key, set()).add(schema.get("x-unit"))
    assert {key for key, found in units.items() if len(found) > 1} == {"distances", "end"}


def test_the_command_prints_the_files(run_cli: RunCli) -> None:
    done = run_cli("explain", "schema", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == SCHEMAS["check"]
    assert run_cli("explain", "schema", "check", "--json").stdout == done.stdout


def test_the_command_refuses_what_it_cannot_do(run_batch: RunBatch) -> None:
    unknown, rows = run_batch(
        [["explain", "schema", "../models"], ["explain", "schema", "check", "--csv"]]
    )
    assert (unknown.returncode, rows.returncode) == (2, 2)
    assert "no command is called '../models'" in unknown.stderr
    assert "leave the other form out" in rows.stderr


def test_the_check_of_the_files_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regenerate_schemas, "FOLDER", tmp_path)
    (tmp_path / "check.json").write_text("{}", encoding="utf-8")
    with pytest.raises(AssertionError, match="writes them anew"):
        test_the_files_are_those_of_the_result_types()
