"""Bad input: one line on stderr that names the option and the cure, exit 2, nothing on stdout."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tools.places import ROOT

if TYPE_CHECKING:
    from tests.conftest import Done, RunBatch, RunCli

CONFIG = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "rope_theta": 1e6,
    "max_position_embeddings": 32768,
}
MIN_BASE = "min-base --dim 128 --ctx 4096"
CHECK = "check --base 1e6 --ctx 4096"
TEMPLATE = ROOT / "examples" / "config.template.json"

# command line: (the option that is named, a word of the cure)
CASES = {
    "emit Qwen3-8B --rope-type yaarn --ctx 8k": ("--rope-type", "did you mean yarn?"),
    "min-base --ctx 4k --dtype bflaot16": ("--dtype", "did you mean bfloat16?"),
    "staircase --dim 128 --ctx 8k --kind saef": ("--kind", "did you mean safe?"),
    "min-base --dmi 128": ("--dmi", "Did you mean --dim or --digits?"),
    "plan Qwen3-8B --to 64k --method roomybase": ("--method", "did you mean roomy-base?"),
    # head
    "min-base --dim 127 --ctx 4096": ("--dim", "even"),
    "min-base --dim 0 --ctx 4096": ("--dim", "at least 1"),
    "min-base --dim -2 --ctx 4096": ("--dim", "at least 1"),
    "min-base --dim 12.5 --ctx 4096": ("--dim", "integer"),
    "min-base --dim 64,x --ctx 4096": ("--dim", "such as 128"),
    "min-base --dim 1000000 --ctx 4096": ("--dim", "at most"),
    f"{MIN_BASE} --rotary-dim 256": ("--rotary-dim", "at most head_dim"),
    f"{MIN_BASE} --rotary-dim 63": ("--rotary-dim", "even"),
    f"{MIN_BASE} --rotary-dim 0": ("--rotary-dim", "at least 1"),
    f"{MIN_BASE} --partial-rotary-factor 0.01": ("--partial-rotary-factor", "even"),
    f"{MIN_BASE} --partial-rotary-factor 1.5": ("--partial-rotary-factor", "from 0 to 1"),
    f"{MIN_BASE} --partial-rotary-factor 0.5 --rotary-dim 64": (
        "--rotary-dim and --partial-rotary-factor",
        "give one",
    ),
    "max-ctx --base 1e6 --dim 127": ("--dim", "even"),
    "freqs --base 1e6 --dim 127": ("--dim", "even"),
    "curve --base 1e6 --dim 127": ("--dim", "even"),
    # base
    "check --base -5 --ctx 4096": ("--base", "greater than 1"),
    "check --base 0 --ctx 4096": ("--base", "greater than 1"),
    "check --base 1 --ctx 4096": ("--base", "greater than 1"),
    "check --base 0.5 --ctx 4096": ("--base", "greater than 1"),
    "check --base nan --ctx 4096": ("--base", "such as 1e6"),
    "check --base inf --ctx 4096": ("--base", "such as 1e6"),
    "check --base 1e400 --ctx 4096": ("--base", "at most 1e300"),
    "check --base 5x --ctx 4096": ("--base", "such as 1e6"),
    "curve --base 1e6,,2e6": ("--base", "such as 1e6"),
    "max-ctx --base nan": ("--base", "such as 1e6"),
    "freqs --base 1": ("--base", "greater than 1"),
    # two models where one is examined
    "windows Qwen3-8B Llama-3-8B": ("answers for one head", "2 are given"),
    "staircase --dim 64,128 --ctx 40": ("answers for one head", "2 are given"),
    # one file for two proofs, and no file at all
    "min-base --dim 64 --ctx 64 --certificate no/../c --safe-certificate c": (
        "--certificate and --safe-certificate",
        "give each its own",
    ),
    "min-base --dim 64 --ctx 64 --certificate -": ("-", "write it elsewhere"),
    "staircase --dim 64 --ctx 64 --save -": ("'-'", "choose another place"),
    # one standard input for two
    "check --config - --weights -": ("standard input: is empty, or was read already", "pass a"),
    # context
    "check --base 1e6 --ctx 1e30": ("--ctx", "that a model may have, such as 32768"),
    "min-base --ctx 2e9": ("--ctx", "from 1 to 1,073,741,824 tokens"),
    "check --base 1e6 --ctx 4k --rope-type yarn --factor inf": ("--factor", "from 1 to 1e18"),
    "min-base --dim 128 --ctx 0": ("--ctx", "from 1"),
    "min-base --dim 128 --ctx -4": ("--ctx", "from 1"),
    "min-base --dim 128 --ctx 32kk": ("--ctx", "such as 32768"),
    "min-base --dim 128 --ctx 2G": ("--ctx", "1,073,741,824"),
    "min-base --dim 128 --ctx 1e400": ("--ctx", "such as 32768"),
    "check --base 1e6 --ctx 17G": ("--ctx", "17,179,869,184"),
    "check --base 1e6 --ctx 4k,8k": ("--ctx", "such as 32768"),
    "curve --base 1e6 --ctx 17G": ("--ctx", "17,179,869,184"),
    "freqs --base 1e6 --ctx 17G": ("--ctx", "17,179,869,184"),
    "max-ctx --base 1e6 --limit 17G": ("--limit", "17,179,869,184"),
    "max-ctx --base 1e6 --limit 32kk": ("--limit", "such as 32768"),
    # the rest of the options
    f"{MIN_BASE} --margin 2": ("--margin", "from 0 to 1"),
    f"{MIN_BASE} --margin nan": ("--margin", "from 0 to 1"),
    f"{MIN_BASE} --round 0": ("--round", "at least 1"),
    f"{MIN_BASE} --digits few": ("--digits", "such as 30"),
    f"{MIN_BASE} --round 2 --integer -q": ("--round and --integer", "give one"),
    "curve --base 1e6 --kind cosine": ("--kind", "-h"),
    "curve --base 1e6 --points 0": ("--points", "at least 1"),
    "curve --base 1e6 --points 1000000000000": ("--points", "--all"),
    "curve --base 1e6 --points 9 --all": ("--points and --all", "give one"),
    f"{CHECK} --json --csv": ("--json and --csv", "give one"),
    f"{CHECK} --json -q": ("--json and -q", "give one"),
    # what is missing, and what does not exist
    "min-base --dim 128": ("--ctx", "such as --ctx 32k"),
    "check --ctx 4096": ("--base", "such as MODEL or --base 1e6"),
    "check --base 1e6": ("--ctx", "such as --ctx 32k"),
    "freqs --dim 128": ("--base", "such as MODEL or --base 1e6"),
    "curve": ("--base", "such as MODEL or --base 1e6"),
    "max-ctx --dim 128": ("--base", "such as MODEL or --base 1e6"),
    f"{CHECK} --bass 1e6": ("--bass", "-h"),
    f"{CHECK} more": ("more", "ropecalc models"),
    "check --base": ("--base", "Run 'ropecalc check -h'"),
    "chekc --base 1e6": ("chekc", "-h"),
    "--bass": ("--bass", "-h"),
}

# what a config file holds: a word of what is wrong with it
CONFIGS: dict[str, tuple[bytes, str]] = {
    "broken JSON": (b'{"rope_theta": ', "JSON"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff", "text"),
    "a list": (b"[1, 2]", "object"),
    "empty": (b"", "is empty"),
    "no keys": (b"{}", "rope_theta"),
    "no base": (json.dumps({**CONFIG, "rope_theta": None}).encode(), "rope_theta"),
    "no context": (json.dumps({**CONFIG, "max_position_embeddings": None}).encode(), "--ctx"),
    "a base of the wrong type": (
        json.dumps({**CONFIG, "rope_theta": "1e6"}).encode(),
        "rope_theta",
    ),
    "a head of the wrong type": (json.dumps({**CONFIG, "head_dim": [128]}).encode(), "head_dim"),
    "an odd head": (json.dumps({**CONFIG, "head_dim": 127}).encode(), "even"),
    "a base of 1": (json.dumps({**CONFIG, "rope_theta": 1}).encode(), "rope_theta"),
    "a context beyond the limit": (
        json.dumps({**CONFIG, "max_position_embeddings": 2**35}).encode(),
        "17,179,869,184",
    ),
    "a scaling that nobody knows": (
        json.dumps({**CONFIG, "rope_scaling": {"type": "spiral", "factor": 4.0}}).encode(),
        "spiral",
    ),
}


AS_A_PROCESS = (  # those that a person types first
    "min-base --dim 127 --ctx 4096",
    "check --base nan --ctx 4096",
    "min-base --dim 128 --ctx 32kk",
    "check --base 1e6 --ctx 17G",
    f"{CHECK} --json --csv",
    "chekc --base 1e6",
)


def assert_one_line(done: Done, *says: str) -> None:
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    for word in says:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert "fault of ropecalc" not in done.stderr


@pytest.fixture(scope="module")
def refused(run_batch: RunBatch) -> dict[str, Done]:
    lines = [line.split() for line in CASES]
    return dict(zip(CASES, run_batch(lines), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("line", CASES)
def test_bad_options(refused: dict[str, Done], line: str) -> None:
    assert_one_line(refused[line], *CASES[line])


@pytest.mark.parametrize("line", AS_A_PROCESS)
def test_bad_options_from_the_shell(run_cli: RunCli, line: str) -> None:
    assert_one_line(run_cli(*line.split()), *CASES[line])


@pytest.fixture(scope="module")
def refused_configs(
    run_batch: RunBatch, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Done]:
    files = []
    for content, _ in CONFIGS.values():
        files.append(tmp_path_factory.mktemp("model") / "config.json")
        files[-1].write_bytes(content)
    lines = [["check", "--config", str(file)] for file in files]
    return dict(zip(CONFIGS, run_batch(lines), strict=True))


@pytest.mark.parametrize("kind", CONFIGS)
def test_bad_configs(refused_configs: dict[str, Done], kind: str) -> None:
    assert_one_line(refused_configs[kind], CONFIGS[kind][1])


def test_configs_that_are_no_files(run_cli: RunCli, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.json")
    assert_one_line(run_cli("check", missing), missing, "check the path")
    assert_one_line(run_cli("check", str(tmp_path)), "holds no config.json")


def test_options_replace_parts_of_a_model(run_batch: RunBatch, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    options = {
        "--base": "1e6",
        "--dim": "128",
        "--rotary-dim": "64",
        "--partial-rotary-factor": "0.5",
    }
    lines = [["check", str(config), *given, "--json"] for given in options.items()]
    keys = ["base", "head_dim", "rotary_dim", "rotary_dim"]
    values = [1e6, 128, 64, 64]
    for key, value, done in zip(keys, values, run_batch(lines), strict=True):
        (found,) = json.loads(done.stdout)["results"]
        assert found[key] == value


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("check --base 1e6 --ctx 4k --ctx 8k", "--ctx"),
        ("check Qwen3-8B --factor 2 --rope-type yarn --factor=4", "--factor"),
        ("windows --dim 16 --ctx 100 --margin 0.1 --margin 0", "--margin"),
        ("curve --base 1e6 -o a.svg --output b.svg", "-o"),
        ("plan Qwen3-8B --to 64k --to 128k", "--to"),
    ],
)
def test_an_option_for_one_value_is_given_once(run_cli: RunCli, line: str, option: str) -> None:
    done = run_cli(*line.split())
    assert_one_line(done, f"'{option}", "more than once")


def test_debug_shows_the_traceback(run_cli: RunCli) -> None:
    done = run_cli("check", "--base", "0.5", "--ctx", "1", env={"ROPECALC_DEBUG": "1"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback (most recent call last)" in done.stderr


def test_a_fault_of_the_program_is_one_line_too(run_python: RunCli) -> None:
    code = (
        "import sys, ropecalc\n"
        "from ropecalc.cli.app import main\n"
        "def broken(*args, **settings): raise ZeroDivisionError('division\\nby zero')\n"
        "ropecalc.max_context = broken\n"
        "sys.argv = ['ropecalc', 'max-ctx', '--base', '1e6']\n"
        "sys.exit(main())\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: unexpected ZeroDivisionError: division by zero")
    assert done.stderr.count("\n") == 1
    assert "ROPECALC_DEBUG=1" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line_too(run_python: RunCli) -> None:
    code = (
        "import subprocess, sys\n"
        "with open('/dev/full', 'w') as full:\n"
        "    line = [sys.executable, '-m', 'ropecalc', 'freqs', '--base', '1e6']\n"
        "    sys.exit(subprocess.run(line, stdout=full).returncode)\n"
    )
    assert_one_line(run_python("-c", code), "cannot be written", "elsewhere")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252:strict"])
def test_names_that_a_stream_cannot_carry_are_escaped(
    run_cli: RunCli, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "模型.json"
    path.write_bytes((ROOT / "tests/data/configs/Qwen--Qwen3-8B--copy.json").read_bytes())
    for line in ("lint", "plan --to 128k --json --method yarn", "emit --stack vllm"):
        done = run_cli(*line.split(), str(path), env={"PYTHONIOENCODING": encoding})
        assert done.returncode in (0, 1), done.stderr
        assert "fault of ropecalc" not in done.stderr
        assert "\\u6a21\\u578b.json" in done.stdout or line.startswith("emit")


def test_nothing_from_a_file_reaches_the_terminal_as_a_control_character(
    run_cli: RunCli, tmp_path: Path
) -> None:
    path = tmp_path / "config.json"
    keys = {"model_type": "\x1b[31m\r\n", "rope_theta": 1e4, "head_dim": 64}
    path.write_text(json.dumps({**keys, "max_position_embeddings": 64}), encoding="utf-8")
    done = run_cli("inspect", str(path), "--json")
    assert done.returncode == 0
    assert "\\x1b[31m\\r\\n is no class of transformers" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("check --base 1e6 --ctx 8k,1M", "--ctx"),
        ("plan --base 1e6 --from 8k,4k --to 32k", "--from"),
        ("max-ctx --base 1e6 --limit 8k,1M", "--limit"),
        ("windows --dim 16 --ctx 64 --at-most 1e3,1e4", "--at-most"),
    ],
)
def test_a_list_where_one_value_is_taken_says_so(run_cli: RunCli, line: str, option: str) -> None:
    done = run_cli(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert option in done.stderr
    assert "one value is taken here, got " in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "min-base --dim 64 --ctx 64 --certificate --safe",
        "emit config.json --in-place --rope-type yarn",
        "check --base --ctx 4k",
        "curve --base 1e4 --ctx 64 -o -q",
    ],
)
def test_the_name_of_an_option_is_no_value(run_cli: RunCli, line: str) -> None:
    done = run_cli(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"'(-o' / )?'?--\S+': its value is missing: -\S+ is an option", done.stderr)


def test_a_number_too_long_says_how_long_it_may_be(run_cli: RunCli, tmp_path: Path) -> None:
    assert "from 1 to 1e18" in run_cli("min-base", "--dim", "9" * 20, "--ctx", "64").stderr
    path = tmp_path / "proof.json"
    path.write_text('{"version": ' + "1" * 5000 + "}", encoding="utf-8")
    done = run_cli("verify", str(path))
    assert done.returncode == 2
    assert "an integer of 5,000 digits; pass a file that ropecalc wrote" in done.stderr
