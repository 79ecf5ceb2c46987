"""Every command explains itself: what it does, its options, examples and exit codes."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc.cli import boundary
from ropecalc.cli.commands import COMMANDS
from ropecalc.cli.overview import THINGS

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

EXAMPLE = re.compile(r"^ *\$ (.*)$", re.MULTILINE)
# what needs a file or much time
LEFT_OUT = (
    *("config.json", "configs/", "model/", "model.safetensors", "proof.json", "evidence.svg"),
    *("|", "<", "&&", "1G", "1M"),
)
SHARED = tuple("--json --csv --tsv --markdown --get --all-fields --width -q -h".split())
OWN = {
    "min-base": "--dim --ctx --rotary-dim --partial-rotary-factor --ignore-unrotated --margin "
    "--weights --min-window --round --integer --digits --safe --no-table --verify --certificate "
    "--safe-certificate --dtype --recipe --all",
    "min-factor": "--ctx --rope-type --base --dim --rotary-dim --original-ctx --layer "
    "--ignore-unrotated --margin --weights --digits",
    "curve": "--base --dim --rotary-dim --ctx --points --every --all --upper-bound --normalise "
    "--raw --width --height --linear --dtype --recipe",
    "max-ctx": "--base --dim --rotary-dim --margin --limit",
    "check": "MODEL --base --dim --ctx --rotary-dim --margin --rope-type --factor "
    "--original-ctx --dtype --recipe",
    "inspect": "--ctx --layer --ignore-unrotated --no-bases --dtype --recipe",
    "lint": "--strict --select --ignore --error --rules",
    "compare": "--ctx --stack --layer --override --ignore-unrotated --weights --plot --width "
    "--height -o",
    "models": "SEARCH",
    "emit": "--stack --base --dim --rotary-dim --ctx --rope-type --factor --original-ctx "
    "--layer --in-place --form --dry-run --no-backup --force",
    "plan": "--to --from --base --dim --rotary-dim --partial-rotary-factor --ignore-unrotated "
    "--weights --layer --method --plot --height --all",
    "temperature": "--ctx --original-ctx --mass",
    "freqs": "--base --dim --ctx --plot --width --height -o",
    "staircase": "--dim --ctx --kind --save --jobs --dask --plot --width --height -o",
    "windows": "--dim --ctx --rotary-dim --partial-rotary-factor --ignore-unrotated --margin "
    "--at-most --min-window",
    "weights": "CHECKPOINT --layer-number --head --dim --rotary-dim --layout --of --output",
    "verify": "--backend",
    "criteria": "MODEL --base --dim --rotary-dim --rope-type --layer --ctx --from --layers",
    "evidence": "MODEL --base --dim --rotary-dim --rope-type --factor --original-ctx --layer --ctx "
    "--weights --plot --height -o",
    "explain": "TOPIC",
}


@pytest.fixture(scope="module")
def help_of(run_batch: RunBatch) -> dict[str, str]:
    """The help page of each command, by -h."""
    pages = {}
    for name, done in zip(COMMANDS, run_batch([[name, "-h"] for name in COMMANDS]), strict=True):
        assert (done.returncode, done.stderr) == (0, "")
        pages[name] = done.stdout
    return pages


def test_the_commands_are_there() -> None:
    assert list(COMMANDS) == [
        *("min-base", "check", "max-ctx", "windows", "staircase", "curve", "freqs"),
        *("inspect", "lint", "compare", "models", "weights"),
        *("plan", "emit", "min-factor", "temperature"),
        *("verify", "evidence", "criteria", "explain"),
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_options_examples_and_exit_codes(
    help_of: dict[str, str], name: str
) -> None:
    page = help_of[name]
    for option in (*SHARED, *OWN[name].split()):
        assert re.search(rf"(^|[\s,]){option}\b", page), option
    assert page.index("Examples:") < page.index("Options:") < page.index("Exit codes:")
    shown = EXAMPLE.findall(page)
    assert len(shown) >= 3
    assert all(f"ropecalc {name} " in example for example in shown)
    assert re.search(r"^ *0 +\S.*\n(.*\n)* *2 +bad usage.*\n *130 +interrupted", page, re.MULTILINE)
    assert re.search(r"^ *1 +computed|^ *1 +no", page, re.MULTILINE) or name not in {
        "min-base",
        "windows",
        "check",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_no_square_brackets_but_those_of_the_usage_line(
    help_of: dict[str, str], name: str
) -> None:
    body = help_of[name].split("\n", 1)[1]
    assert "[" not in body
    assert "]" not in body


@pytest.mark.slow
def test_examples_run(run_batch: RunBatch) -> None:
    """Each example exits as the help says; those that need a file or a shell are left out."""
    examples = [
        # the README's test runs the long ones
        shlex.split(re.sub("(?<=--ctx )(32768|1024|2048|4096|8k)", "512", example))
        for module in COMMANDS.values()
        for example in EXAMPLE.findall(module.EPILOG)
    ]
    lines = [
        words[1:] for words in examples if words[0] == "ropecalc" and not {*LEFT_OUT} & {*words}
    ]
    assert len(lines) >= 12
    for done in run_batch(lines):
        assert done.returncode in (0, 1), done
        assert done.stdout
        told = done.stderr.replace("\n", " ")
        hidden = "--min-window" in done.args and "not listed" in told
        caveats = done.args[0] == "emit"  # what its setting does not do
        assert told == "" or hidden or caveats or ": original context " in told


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_a_page_fits_a_screen(run_batch: RunBatch, help_of: dict[str, str], name: str) -> None:
    lines = (help_of[name] if name else run_batch([["-h"]])[0].stdout).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= (52 if name else 54)
    if name:
        assert lines[-1].split() == ["130", "interrupted"]
        assert next(line for line in lines if line.startswith("  -h, --help")), (
            "last of the options"
        )


def test_the_page_on_scaling_has_every_rope_type() -> None:
    from ropecalc.explanations import explanation
    from ropecalc.models.setting import ROPE_TYPES

    names = ", ".join(ROPE_TYPES).replace("_", "-")
    assert f"`--rope-type` takes: {names}." in explanation("scaling").text


def test_no_arguments_show_what_people_do(run_batch: RunBatch, run_cli: RunCli) -> None:
    bare, root = run_cli(), run_batch([["-h"]])[0]
    assert (bare.returncode, root.returncode) == (2, 0)
    assert bare.stderr == ""
    shown = [line for line in bare.stdout.splitlines() if line.startswith("  ropecalc ")]
    assert len(shown) == 6
    assert max(map(len, bare.stdout.splitlines())) <= 80
    assert "'ropecalc -h' lists all commands" in bare.stdout
    for _, example in THINGS:
        assert f"  {example}  " in bare.stdout
        assert f"$ {example}\n" in root.stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\S.*$", root.stdout, re.MULTILINE)


def test_the_six_things_run(run_batch: RunBatch) -> None:
    lines = [shlex.split(example)[1:] for _, example in THINGS]
    for done in run_batch([line for line in lines if "configs/" not in line]):
        assert done.returncode in (0, 1), done
        assert done.stdout


GUESSES = {
    "minbase --dim 128 --ctx 4k -q": "min-base --dim 128 --ctx 4k -q",
    "min_base --head-dim 128 --context 4k -q": "min-base --dim 128 --ctx 4k -q",
    "max-context --theta 1e4 -q": "max-ctx --base 1e4 -q",
    "check --rope-theta=1e4 --head_dim=128 --max-model-len 4k": "check --base 1e4 --ctx 4k",
    "help": "-h",
    "help check": "check -h",
}


def test_what_people_guess_is_taken_for_what_it_means(run_batch: RunBatch) -> None:
    lines = [line.split() for pair in GUESSES.items() for line in pair]
    done = run_batch(lines)
    for guess, real in zip(done[::2], done[1::2], strict=True):
        assert guess.stdout == real.stdout != ""
        assert guess.returncode == real.returncode


def test_a_wrong_line_gets_one_that_works(run_batch: RunBatch) -> None:
    for done in run_batch([["min-base", "--dmi", "128"], ["check", "--bsae", "1e6"]]):
        assert done.returncode == 2
        example = re.search(r" An example: ropecalc (.*?)\. Run 'ropecalc \S+ -h'", done.stderr)
        assert example
        assert example[1] in (
            "min-base --dim 128 --ctx 32768",
            "check --base 1e6 --dim 128 --ctx 32768",
        )


def test_the_version(run_cli: RunCli) -> None:
    done = run_cli("--version")
    assert done.stdout == f"ropecalc {ropecalc.__version__}\n"
    assert done.returncode == 0


def test_every_option_that_a_library_error_can_name_exists(help_of: dict[str, str]) -> None:
    pages = "".join(help_of.values())
    for parameter in (*boundary.OPTIONS, *boundary.OWN_OPTIONS):
        assert f" {boundary.option_of(parameter)} " in pages, parameter
