"""Every command in many environments: no traceback, no cut table, valid JSON, the same answer.

Two environments that set everything at once are slow; each variable by itself is heavy.
"""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from functools import cache
from io import StringIO
from typing import Any

import pytest

from ropecalc.cli.commands import COMMANDS
from tests.conftest import HANGS
from tests.tools.stage import Done, Run, played

pytest.importorskip("pty", reason="no terminals to make here")

LINES = {  # of every command a quick one, and its exit code
    "min-base": ("min-base --dim 32,64 --ctx 64,1k", 0),
    "min-factor": ("min-factor --base 1e4 --dim 64 --original-ctx 512 --ctx 2k,4k", 0),
    "curve": ("curve --base 1e4 --ctx 2k", 0),
    "max-ctx": ("max-ctx --base 1e4,2e4", 0),
    "check": ("check --base 1e4 --ctx 2k", 1),
    "inspect": ("inspect Qwen2.5-72B-Instruct-YaRN --ctx 8k", 0),
    "lint": ("lint yarn.json llama.json --strict", 1),
    "compare": ("compare gpt-oss-20b --ctx 8k", 1),
    "models": ("models gemma-3", 0),
    "plan": ("plan --base 1e4 --dim 16 --from 64 --to 256", 0),
    "emit": ("emit Qwen3-8B --rope-type yarn --factor 8 --ctx 64k", 0),
    "temperature": ("temperature --ctx 128k --from 8k", 0),
    "freqs": ("freqs --base 1e4 --dim 16 --ctx 2k", 0),
    "staircase": ("staircase --dim 16 --ctx 32 --jobs 1", 0),
    "windows": ("windows --dim 16 --ctx 64", 0),
    "verify": ("verify proof.json", 0),
    "weights": ("weights model --layer 0", 0),
    "criteria": ("criteria --base 5e5 --dim 64 --ctx 8k", 0),
    "evidence": ("evidence --base 5e5 --dim 64 --ctx 8k", 0),
    "explain": ("explain bound", 0),
}
NO_ROWS = ("explain",)  # answer with a text in a pipe, too
TOGETHER = {
    "plain Windows": {
        "NO_COLOR": "1",
        "COLUMNS": "40",
        "PYTHONIOENCODING": "cp1252",
        "FORCE_COLOR": "1",
    },
    "dumb C": {"TERM": "dumb", "LC_ALL": "C", "FORCE_COLOR": "0", "LINES": "10"},
}
APART = {
    f"{name}={value}": {name: value}
    for name, value in [
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("TERM", ""),
        ("LC_ALL", "C"),
        ("PYTHONIOENCODING", "cp1252"),
        ("PYTHONIOENCODING", "ascii"),
        ("FORCE_COLOR", "0"),
        ("FORCE_COLOR", "1"),
        ("COLUMNS", "40"),
        ("COLUMNS", "1"),
        ("COLUMNS", "wide"),
    ]
}
ENVIRONMENTS = [
    pytest.param(TOGETHER["dumb C"], id="dumb C", marks=pytest.mark.slow),
    *(
        pytest.param(environ, id=name, marks=pytest.mark.heavy)
        for name, environ in {**TOGETHER, **APART}.items()
        if name != "dumb C"
    ),
]
FORMS = (("file", "--tsv"), ("file", "--json"), ("terminal", ""))
Answers = dict[str, Done]


@cache
def answers(*environ: tuple[str, str]) -> dict[tuple[str, str], Answers]:
    """What every command says in an environment: as rows, as JSON, and on a terminal."""
    runs = [
        Run(f"{line} {'' if form == '--tsv' and name in NO_ROWS else form}".rstrip(), to, width=40)
        for to, form in FORMS
        for name, (line, _) in LINES.items()
    ]
    done = iter(played(runs, **dict(environ)))
    return {form: {name: next(done) for name in LINES} for form in FORMS}


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text), delimiter="\t", strict=True))


def document(text: str) -> Any:
    """JSON without the constants that JSON lacks, and without what varies."""

    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    found = json.loads(text, parse_constant=no_constant)
    for result in found.get("results", []):
        result.pop("seconds", None)
    return found


def test_every_command_is_tried() -> None:
    assert set(LINES) == set(COMMANDS)


@pytest.mark.parametrize("environ", ENVIRONMENTS)
def test_every_command_says_the_same_everywhere(environ: dict[str, str]) -> None:
    plain, found = answers(), answers(*environ.items())
    for name, (_, code) in LINES.items():
        for form in FORMS:
            assert found[form][name].code == code, (name, form)
        same_rows(name, found["file", "--tsv"][name], plain["file", "--tsv"][name])
        same_json(name, found["file", "--json"][name], plain["file", "--json"][name])
        nothing_cut(name, found["terminal", ""][name].out, environ)


def same_rows(name: str, done: Done, plain: Done) -> None:
    assert (done.err, plain.err) == ("", ""), name
    if name in NO_ROWS:
        return
    assert "\x1b" not in done.out, name
    rows, expected = rows_of(done.out), rows_of(plain.out)
    for row in [*rows, *expected]:
        row.pop("seconds", None)
        assert None not in row, name
        assert None not in row.values(), name
    assert rows == expected, name
    assert rows, name


def same_json(name: str, done: Done, plain: Done) -> None:
    assert done.err == "", name
    assert document(done.out) == document(plain.out), name


def nothing_cut(name: str, text: str, environ: dict[str, str]) -> None:
    """On a terminal of 40 columns, the least that is promised."""
    assert "Traceback" not in text, name
    lines = text.splitlines()
    assert not any(line.endswith(("…", "...")) for line in lines), name
    colourless = {("NO_COLOR", "1"), ("TERM", "dumb"), ("FORCE_COLOR", "0")}
    if colourless & environ.items():
        assert "\x1b" not in text, name
        assert name in NO_ROWS or max(map(len, lines)) <= 40, name


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="no SIGPIPE here")
def test_a_pipe_that_nobody_reads_ends_a_command_quietly() -> None:
    done = played([Run(line, "closed") for line, _ in LINES.values()])
    for name, end in zip(LINES, done, strict=True):
        assert (end.code, end.err) == (-signal.SIGPIPE, ""), name


def test_a_shell_sees_141_behind_head() -> None:
    line = f"{sys.executable} -m ropecalc curve --base 1e4 --ctx 256k --all | head -1"
    done = subprocess.run(
        ["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        encoding="utf-8",
        timeout=HANGS,
        check=False,
    )
    assert (done.stdout.splitlines()[1], done.stderr) == ("141", "")
    assert done.stdout.startswith("distance\t")
