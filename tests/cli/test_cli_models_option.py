"""--model, --config and --layer, which stand in every command for the head and the base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ropecalc.cli.heads import short_name
from tests.conftest import RunBatch, RunCli

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
    "rope_theta": 10_000.0,
}
GEMMA = {
    "model_type": "gemma3_text",
    "hidden_size": 640,
    "num_attention_heads": 4,
    "head_dim": 256,
    "num_hidden_layers": 6,
    "max_position_embeddings": 4096,
    "rope_theta": 1e6,
    "rope_local_base_freq": 1e4,
    "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    "sliding_window": 512,
}
# Each command, and how the same is asked for without a model; Llama-1 is LLAMA by name.
SAME = {
    "min-base -q": "min-base --dim 128 --ctx 2048 -q",
    "curve --points 5 --ctx 4096 -q": "curve --base 1e4 --points 5 --ctx 4096 -q",
    "max-ctx -q": "max-ctx --base 1e4 -q",
    "check -q": "check --base 1e4 --ctx 2048 -q",
    "freqs -q": "freqs --base 1e4 -q",
    "staircase --ctx 200 -q": "staircase --dim 128 --ctx 200 -q",
    "windows --ctx 200 -q": "windows --dim 128 --ctx 200 -q",
}


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> dict[str, str]:
    written = {}
    for name, document in {"llama": LLAMA, "gemma": GEMMA}.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document))
        written[name] = str(path)
    return written


def test_every_command_takes_a_model(run_batch: RunBatch, files: dict[str, str]) -> None:
    lines = []
    for with_model, without in SAME.items():
        lines.append([*with_model.split(), "--model", "Llama-1-7B"])
        lines.append([*with_model.split(), "--config", files["llama"]])
        lines.append(without.split())
    done = run_batch(lines)
    for at in range(0, len(done), 3):
        by_name, by_file, without_model = done[at : at + 3]
        assert by_name.stdout == by_file.stdout == without_model.stdout
        assert by_name.stdout or by_name.args[0] == "check"
        assert by_name.returncode == by_file.returncode == without_model.returncode


def test_commands_that_take_a_base_or_a_head_are_those(run_batch: RunBatch) -> None:
    from ropecalc.cli.commands import COMMANDS

    helps = run_batch([[name, "-h"] for name in COMMANDS])
    takes_head = {
        name for name, done in zip(COMMANDS, helps, strict=True) if " --dim " in done.stdout
    }
    takes_model = {
        name for name, done in zip(COMMANDS, helps, strict=True) if "[MODEL]" in done.stdout
    }
    assert {line.split()[0] for line in SAME} <= takes_model
    assert takes_head - takes_model == {"weights"}  # it takes a checkpoint


def test_min_base_of_several_models_names_each(run_batch: RunBatch, files: dict[str, str]) -> None:
    line = ["min-base", "Llama-1-7B", files["llama"], "--ctx", "2k"]
    text, rows, one, bare = run_batch(
        [
            line,
            [*line, "--csv"],
            [*line[:2], *line[3:]],
            ["min-base", "--dim", "128", "--ctx", "2k"],
        ]
    )
    assert [row.split()[0] for row in text.stdout.splitlines()[4:8]][-2:] == ["Llama-1-7B", "llama"]
    cells = [row.split(",") for row in rows.stdout.splitlines()]
    assert [row[0] for row in cells] == ["label", "Llama-1-7B", "llama"]
    assert " for Llama-1-7B, 2,048 tokens" in one.stdout.splitlines()[0]
    assert "model" not in bare.stdout


def test_no_safe_base_is_shown_where_every_base_works(run_cli: RunCli) -> None:
    text = run_cli("min-base", "GLM-4-9B-chat", "Qwen3-8B", "--ctx", "4k").stdout
    row = next(line for line in text.splitlines() if line.startswith("  GLM-4-9B-chat"))
    assert row.split()[2:4] == ["any", "base"]
    assert len(row.split()) == 5


DOUBTFUL = {
    "check --base 1e6 --ctx": "--ctx",
    "curve --base 1e6 --ctx": "--ctx",
    "curve --base 1e6 --from": "--from",
    "freqs --base 1e6 --ctx": "--ctx",
    "inspect Qwen3-8B --ctx": "--ctx",
    "compare Qwen3-8B --ctx": "--ctx",
    "max-ctx --base 1e6 --limit": "--limit",
    "max-ctx --base": "--base",
    "min-base --ctx": "--ctx",
    "min-factor Qwen3-8B --ctx": "--ctx",
    "min-factor Qwen3-8B --ctx 1M --original-ctx": "--original-ctx",
    "emit Qwen3-8B --ctx": "--ctx",
    "emit Qwen3-8B --base": "--base",
    "plan Qwen3-8B --to": "--to",
    "plan Qwen3-8B --to 1M --from": "--from",
    "staircase --ctx": "--ctx",
    "temperature --ctx": "--ctx",
    "temperature --ctx 1M --original-ctx": "--original-ctx",
    "windows --ctx": "--ctx",
    "windows --ctx 256 --at-most": "--at-most",
    "criteria --base 1e6 --ctx": "--ctx",
    "criteria --base 1e6 --ctx 8k --from": "--from",
    "evidence Qwen3-8B --ctx": "--ctx",
}


def test_a_number_that_may_be_a_list_is_refused_with_both_readings(run_batch: RunBatch) -> None:
    numbers = ("128,256", "64,128", "131,072,262,144")
    lines = [[*line.split(), number] for line in DOUBTFUL for number in numbers]
    for done, option in zip(
        run_batch(lines), [o for o in DOUBTFUL.values() for _ in numbers], strict=True
    ):
        assert (done.returncode, done.stdout) == (2, ""), done.args
        assert f"'{option}': {done.args[-1]} may be one number or 2: write " in done.stderr
        assert done.args[-1].replace(",", "") in done.stderr


def test_a_layer_is_chosen_by_its_type(run_batch: RunBatch, files: dict[str, str]) -> None:
    asked = ["check", "--config", files["gemma"], "--json"]
    first, sliding, unknown = run_batch(
        [asked, [*asked, "--layer", "sliding_attention"], [*asked, "--layer", "sliding"]]
    )
    full = json.loads(first.stdout)["results"][0]
    local = json.loads(sliding.stdout)["results"][0]
    assert [full[key] for key in ("base", "rope_type", "context")] == [1e6, "linear", 4096]
    assert [local[key] for key in ("base", "rope_type", "context")] == [1e4, "default", 512]
    assert unknown.returncode == 2
    assert unknown.stdout == ""
    assert "'--layer'" in unknown.stderr
    assert "it has full_attention, sliding_attention" in unknown.stderr


def test_scaling_is_left_out_of_a_search_and_said(run_cli: RunCli, files: dict[str, str]) -> None:
    done = run_cli("min-base", "--config", files["gemma"], "-q")
    plain = run_cli("min-base", "--dim", "256", "--ctx", "4096", "-q")
    assert done.stdout == plain.stdout
    assert plain.stderr == ""
    assert done.stderr == ""
    told = run_cli("min-base", "--config", files["gemma"], "--get", "minimum_base").stderr
    assert "with its linear scaling removed" in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check --base 1e6 --ctx 1k --layer full_attention", ("--layer", "MODEL")),
        ("check Lama-2-7B", ("did you mean Llama-2-7B", "ropecalc models")),
        ("min-base 64k", ("'64k'", "a context is given by --ctx 64k, a base by --base 64k")),
        ("max-ctx none.json", ("none.json", "check the path")),
        ("check", ("MODEL or --base is missing",)),
        ("windows Llama-1-7B Llama-2-7B", ("answers for one head, and 2 are given",)),
        ("plan Llama-1-7B --base 1e5,1e6 --to 4k", ("answers for one head, and 2 are given",)),
        ("emit Llama-1-7B --base 1e5 --base 1e6", ("--base is given more than once",)),
        ("staircase --model Pythia-1B", ("rotates 64 of 256", "as a whole")),
    ],
)
def test_what_does_not_go_together(line: str, words: tuple[str, ...], run_batch: RunBatch) -> None:
    done = run_batch([line.split()])[0]
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in words), done.stderr


def test_several_models_in_one_table(run_batch: RunBatch, files: dict[str, str]) -> None:
    line = ["max-ctx", "--model", "Llama-3.1-8B", "--config", files["llama"], "--json"]
    found: list[dict[str, Any]] = json.loads(run_batch([line])[0].stdout)["results"]
    assert [one["label"] for one in found] == ["Llama-3.1-8B", "llama"]
    assert [one["rope_type"] for one in found] == ["llama3", "default"]
    assert found[1]["max_context"] == 1707


def test_a_folder_is_a_row_a_file_and_one_that_breaks_is_exit_1(
    run_batch: RunBatch, tmp_path: Path
) -> None:
    for name, base in (("a", 1e6), ("b", 1e4)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({**LLAMA, "rope_theta": base}))
    folder = str(tmp_path)
    both, good, quiet = run_batch(
        [
            ["check", folder, "--ctx", "4k", "--csv"],
            ["check", folder, "--ctx", "1k", "-q"],
            ["check", folder, "--ctx", "4k", "-q"],
        ]
    )
    assert [line.split(",")[0] for line in both.stdout.splitlines()[1:]] == ["a", "b"]
    assert [done.returncode for done in (both, good, quiet)] == [1, 0, 1]
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "config.json").write_text("{")
    (spoiled,) = run_batch([["check", folder, "--ctx", "1k", "--get", "holds"]])
    assert (spoiled.returncode, spoiled.stdout) == (2, "true\ntrue\n")
    assert spoiled.stderr.startswith("Error: ")


def test_a_base_in_the_place_of_a_models_own_keeps_the_rest(run_batch: RunBatch) -> None:
    lines = ["check Llama-3.1-8B --base 5e6 --json", "curve Llama-3.1-8B --base 1e5,1e6 --json"]
    checked, drawn = (json.loads(done.stdout) for done in run_batch([x.split() for x in lines]))
    (found,) = checked["results"]
    assert (found["base"], found["rope_type"], found["context"]) == (5e6, "llama3", 131_072)
    assert [one["base"] for one in drawn["results"]] == [1e5, 1e6]
    assert checked["inputs"]["models"][0]["source"] == "Llama-3.1-8B"


def test_no_distance_beyond_a_window_occurs_whatever_the_context(run_batch: RunBatch) -> None:
    model = "gpt-oss-20b --layer sliding_attention"
    lines = [
        f"check {model} -q",
        f"check {model} --ctx 128k --get context",
        f"max-ctx {model} --get limit",
        f"plan {model} --from 4k --to 128k --get original.violations --json",
        f"min-base {model} --ctx 128k --get context",
    ]
    yes, context, limit, planned, least = run_batch([line.split() for line in lines])
    assert yes.returncode == 0
    assert context.stdout == limit.stdout == least.stdout == "128\n"
    assert planned.returncode == 0


def test_standard_input_is_a_config(run_cli: RunCli) -> None:
    done = run_cli("max-ctx", "--config", "-", "-q", stdin=json.dumps(LLAMA))
    assert done.stdout == "1707\n"


def test_what_a_file_leaves_open_is_said(run_cli: RunCli) -> None:
    document = {key: value for key, value in LLAMA.items() if key != "rope_theta"}
    done = run_cli("max-ctx", "--config", "-", "--get", "max_context", stdin=json.dumps(document))
    assert done.stdout == "1707\n"
    assert "rope_theta is absent: 10,000, the default of llama" in done.stderr


def test_names_are_completed(run_cli: RunCli) -> None:
    env = {
        "_ROPECALC_COMPLETE": "complete_bash",
        "COMP_WORDS": "ropecalc check --model gpt-o",
        "COMP_CWORD": "3",
    }
    assert "gpt-oss-20b" in run_cli(env=env).stdout.split()


def test_short_names() -> None:
    assert short_name("standard input") == "standard input"
    assert short_name("config.json") == "config.json"
    assert short_name("/models/Qwen3-8B/config.json") == "Qwen3-8B"
    assert short_name("Qwen/Qwen3-8B") == "Qwen3-8B"
    assert short_name(".json") == ".json"


def test_the_first_line_says_that_a_scaling_is_removed(run_cli: RunCli) -> None:
    done = run_cli("min-base", "Llama-3.1-8B", "--ctx", "4k")
    first = " ".join(done.stdout.partition("\n\n")[0].split())
    assert "for Llama-3.1-8B, scaling removed, 4,096 tokens" in first
    assert "'ropecalc plan Llama-3.1-8B --to TOKENS' can keep the scaling" in done.stderr


def test_a_guessed_model_is_named_even_under_q(run_cli: RunCli) -> None:
    said = run_cli("min-base", "Llama-3.2-1B-Chat", "--ctx", "4k", "-q").stderr
    assert said.startswith(
        "Llama-3.2-1B: no source has 'Llama-3.2-1B-Chat': these are the numbers of Llama-3.2-1B, "
    )
    assert run_cli("min-base", "Qwen3-8B-Base", "--ctx", "4k", "-q").stderr == ""


def test_a_value_that_there_is_not_is_explained(run_cli: RunCli) -> None:
    done = run_cli("min-base", "GLM-4-9B-chat", "--ctx", "4k", "--get", "recommended_base")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("GLM-4-9B-chat, 4,096 tokens: Every base meets the bound.\n")
