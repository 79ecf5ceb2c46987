"""The README is true: commands print what it says, the table holds, links lead to files."""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

import ropecalc
from ropecalc.cli.commands import COMMANDS
from tests.tools import transcript
from tests.tools.places import ROOT

TEXT = transcript.README.read_text(encoding="utf-8")
BLOCKS = dict(transcript.fences(TEXT, "console"))
PYTHON = dict(transcript.fences(TEXT, "python"))
LINES = tuple(enumerate(BLOCKS))
SOON = 7  # blocks at the top, in the quick suite
INSTALLS = [line for line in TEXT.splitlines() if line.startswith("python3 -m venv .venv && ")]

needs_terminal = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


@needs_terminal
@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=() if n < SOON else pytest.mark.slow) for n, line in LINES]
)
def test_console_block(line: int, tmp_path: Path) -> None:
    block = transcript.steps(BLOCKS[line])
    printed = "".join(map(str, transcript.run(block, tmp_path)))
    assert steady(printed) == steady(BLOCKS[line]), (
        "tests/tools/regenerate_readme.py writes it anew"
    )


def steady(text: str) -> str:
    """The text without step counts and times: the sweep's path, not its end, depends on the
    processor."""
    text = re.sub(r"\d[\d,]* of \d[\d,]* links", "N links", text)
    text = re.sub(r"\S+ (at the end of a link|seconds)", r"N \1", text)
    return re.sub(r"\d[\d,]* (steps|expansions)", r"N \1", text)


@pytest.mark.parametrize("line", PYTHON)
def test_python_block(line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    example = doctest.DocTestParser().get_doctest(PYTHON[line], {}, "README.md", None, line)
    assert example.examples
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example).failed == 0


PATCHED = {"mistral": 4_900_000.0, "qwen": 4_900_000.0}
LEFT_ALONE = {
    "broken": "is not valid JSON",
    "gemma": "has linear scaling already",
    "glm": "Every base meets the bound",
    "llama": "has llama3 scaling already",
}


@pytest.mark.slow
@needs_terminal
def test_its_loop_patches_what_needs_a_base_and_names_the_others(tmp_path: Path) -> None:
    loop = next(text for _, text in transcript.fences(TEXT, "bash") if text.startswith("for "))
    names = ("Gemma-3-12B", "GLM-4-9B-chat", "Llama-3.1-8B", "Mistral-7B-v0.3", "Qwen3-8B")
    folders = ("gemma", "glm", "llama", "mistral", "qwen")
    texts = [json.dumps(ropecalc.find_model(name).document) for name in names]
    for folder, text in [("broken", "{"), *zip(folders, texts, strict=True)]:
        file = tmp_path / "configs" / folder / "config.json"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{loop}echo to its end"],
        cwd=tmp_path,
        env=transcript.environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    named = [f"by hand: configs/{name}/config.json" for name in LEFT_ALONE]
    assert [line for line in done.stdout.splitlines() if ":" in line] == named
    assert done.stdout.endswith("to its end\n")
    for name, reason in LEFT_ALONE.items():
        assert any(name in line and reason in line for line in done.stderr.splitlines()), name
    kept = {
        path.parent.name: json.loads(path.read_text())
        for path in tmp_path.glob("*/*/*.json")
        if path.parent.name != "broken"
    }
    assert {name: kept[name]["rope_theta"] for name in PATCHED} == PATCHED
    assert [path.parent.name for path in sorted(tmp_path.glob("configs/*/*.bak"))] == [*PATCHED]


def test_every_command_is_shown() -> None:
    for command in COMMANDS:
        assert re.search(rf"\bropecalc {command}\b", TEXT), command


def test_it_is_read_to_its_end() -> None:
    assert len(TEXT.splitlines()) <= 320


def test_the_picture_shows_the_commands_that_its_words_name() -> None:
    words, file = re.findall(r"!\[(.*)\]\((examples/.*\.svg)\)", TEXT)[0]
    drawn = (ROOT / file).read_text(encoding="utf-8").replace("&#160;", " ")
    commands = re.findall(r"ropecalc [\w-]+", words)
    assert commands == re.findall(r">\$ (ropecalc [\w-]+)", drawn)


def test_relative_links_lead_to_files() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    files = [target for target in targets if "://" not in target]
    assert files
    for file in files:
        assert (ROOT / file).exists(), file


def test_two_commands_install_each_in_an_environment_of_its_own() -> None:
    assert len(INSTALLS) == 2
    for line in INSTALLS:
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
    assert INSTALLS[0].endswith(" .venv/bin/ropecalc min-base --dim 128 --ctx 32768")
    assert INSTALLS[1].endswith(" .venv/bin/python -m pytest -q -n auto")


def test_ci_runs_the_installs_as_they_stand() -> None:
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("a source distribution has no .ci")
    assert "grep '^python3 -m venv .venv && ' README.md" in script.read_text(encoding="utf-8")


# | context | minimum base | distance | window ends | safe base | two digits | paper | again |
ROW = re.compile(
    r"^\| ([\d,]+) \| ([\d,.]+) \| ([\d,]+) \| ([\d,.]+) \| ([\d,.]+) "
    r"\| (\S+) \| (\S+)( ✗)? \| (\S+)( ✗)? \|$",
    re.MULTILINE,
)
TABLE = {int(row[0].replace(",", "")): row for row in ROW.findall(TEXT)}


def holds(base: float | Decimal, context: int) -> bool:
    return ropecalc.check(float(base), context, head_dim=128, next_base=False, room=False).holds


def test_table_has_every_context() -> None:
    assert list(TABLE) == [2**k for k in range(10, 21)]


@pytest.mark.parametrize("context", TABLE)
def test_minimum_bases_of_the_table_hold_as_printed_and_not_below(context: int) -> None:
    base = Decimal(TABLE[context][1].replace(",", ""))
    assert len(base.as_tuple().digits) == 12
    assert holds(base, context)
    last_digit = Decimal(1).scaleb(int(base.as_tuple().exponent))
    assert not holds(base - last_digit, context)


@pytest.mark.parametrize("context", TABLE)
def test_marks_of_the_table_say_which_published_values_break_the_bound(context: int) -> None:
    *_, two_digits, paper, paper_mark, again, again_mark = TABLE[context]
    assert holds(float(two_digits), context)
    assert holds(float(paper), context) is (not paper_mark)
    assert holds(float(again), context) is (not again_mark)


def printed(context: int, column: int) -> tuple[Decimal, Decimal]:
    """A number of the table, and one unit of its last digit."""
    number = Decimal(TABLE[context][column].replace(",", ""))
    assert len(number.as_tuple().digits) == 10
    return number, Decimal(1).scaleb(int(number.as_tuple().exponent))


@pytest.mark.parametrize("context", TABLE)
def test_windows_of_the_table_end_where_it_says(context: int) -> None:
    end, unit = printed(context, 3)
    assert holds(end, context)
    assert not holds(end + unit, context)


@pytest.mark.slow
@pytest.mark.parametrize("context", TABLE)
def test_safe_bases_of_the_table_hold_and_those_just_below_do_not(context: int) -> None:
    base, unit = printed(context, 4)
    assert holds(base, context)
    assert not holds(base - unit, context)
    for factor in ("1.001", "1.03", "1.3", "2", "10", "1e6"):
        assert holds(base * Decimal(factor), context)


def check_row(context: int) -> None:
    found = ropecalc.min_base(
        128,
        context,
        round_digits=2,
        integer=False,
        window=False,
        recommended=False,
        digits=12,
        use_table=False,
    )
    _, base, distance, _, _, two_digits, *_ = TABLE[context]
    assert found.minimum_base_digits == Decimal(base.replace(",", ""))
    assert found.critical_distance == int(distance.replace(",", ""))
    assert found.round_base == float(two_digits)


@pytest.mark.slow
@pytest.mark.parametrize("context", [context for context in TABLE if context <= 2**14])
def test_table_agrees_with_the_sweep(context: int) -> None:
    check_row(context)


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(context, marks=pytest.mark.slow if context <= 2**15 else pytest.mark.heavy)
        for context in TABLE
        if context > 2**14
    ],
)
def test_table_agrees_with_the_sweep_at_long_contexts(context: int) -> None:
    check_row(context)
