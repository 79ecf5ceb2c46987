"""Every command explains itself: what it does, its options, examples and exit codes."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc.cli import boundary
from ropecalc.cli.app import COMMANDS

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

EXAMPLE = re.compile(r"^ *\$ (.*)$", re.MULTILINE)
LEFT_OUT = ("config.json", "proof.json", "<", "&&", "1G", "1M")  # needs a file or much time
SHARED = ("--json", "--csv", "--tsv", "--markdown", "-q", "-h")
OWN = {
    "min-base": "--dim --ctx --rotary-dim --partial-rotary-factor --ignore-unrotated --margin "
    "--round --integer --digits --safe --no-table --verify --certificate --safe-certificate",
    "curve": "--base --dim --rotary-dim --ctx --points --every --all --kind --normalise --raw "
    "--width --height --linear",
    "max-ctx": "--base --dim --rotary-dim --margin --limit",
    "check": "--base --config --dim --ctx --rotary-dim --margin",
    "inspect": "--ctx --layer --ignore-unrotated --no-bases",
    "lint": "--strict --ignore --rules",
    "compare": "--ctx --stack --layer --override --ignore-unrotated --plot",
    "models": "SEARCH",
    "emit": "--write --base --dim --rotary-dim --ctx --rope-type --factor --original-context "
    "--layer --in-place --form --dry-run --no-backup --force",
    "plan": "--to --from --base --dim --rotary-dim --partial-rotary-factor --ignore-unrotated "
    "--layer --method --plot --write --in-place --dry-run --force --no-backup",
    "temperature": "--ctx --from --mass",
    "freqs": "--base --dim --ctx",
    "staircase": "--dim --ctx --kind --save --jobs",
    "windows": "--dim --ctx --rotary-dim --partial-rotary-factor --ignore-unrotated --margin "
    "--at-most --min-width",
    "verify": "--backend",
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
        "min-base",
        "curve",
        "max-ctx",
        "check",
        "inspect",
        "lint",
        "compare",
        "models",
        "plan",
        "emit",
        "temperature",
        "freqs",
        "staircase",
        "windows",
        "verify",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_options_examples_and_exit_codes(
    help_of: dict[str, str], name: str
) -> None:
    page = help_of[name]
    for option in (*SHARED, *OWN[name].split()):
        assert re.search(rf"(^|[\s,]){option}\b", page), option
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


def test_examples_run(run_batch: RunBatch) -> None:
    """Each example exits as the help says; those that need a file or a shell are left out."""
    examples = [
        # the README's test runs the long one
        shlex.split(example.replace("--dim 128 --ctx 32768", "--dim 128 --ctx 512"))
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
        assert done.stderr == "" or ("--min-width" in done.args and "not listed" in done.stderr)


def test_no_arguments_show_the_help(run_cli: RunCli) -> None:
    bare, asked = run_cli(), run_cli("--help")
    assert (bare.returncode, asked.returncode) == (2, 0)
    assert bare.stdout == asked.stdout
    assert bare.stderr == ""
    for name in COMMANDS:
        assert f"$ {boundary.PROGRAM} {name} " in asked.stdout


def test_the_version(run_cli: RunCli) -> None:
    done = run_cli("--version")
    assert done.stdout == f"ropecalc {ropecalc.__version__}\n"
    assert done.returncode == 0


def test_every_option_that_a_library_error_can_name_exists(help_of: dict[str, str]) -> None:
    pages = "".join(help_of.values())
    for parameter in (*boundary.OPTIONS, *boundary.OWN_OPTIONS):
        assert f" {boundary.option_of(parameter)} " in pages, parameter
