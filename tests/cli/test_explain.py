"""``ropecalc explain``: a page a topic, at any width."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ropecalc
from ropecalc.errors import InvalidValueError
from ropecalc.explanations import OTHER_NAMES, TOPICS, explanation, explanations

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

FOLDER = Path(ropecalc.__file__).parent / "data" / "explain"
COMMAND = re.compile(r"^ {4}(ropecalc (?:.*\\\n)*.*)$", re.MULTILINE)


def test_every_file_is_a_topic_and_every_topic_a_file() -> None:
    assert sorted(TOPICS) == sorted(path.stem for path in FOLDER.iterdir())
    assert set(OTHER_NAMES.values()) <= set(TOPICS)
    assert not set(OTHER_NAMES) & set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_short_and_plain(topic: str) -> None:
    what = explanation(topic)
    assert what.title[0].isupper()
    assert 40 < len(what.text.split()) < 260
    assert not re.search(r"[*_]{2}|\]\(|^#", what.text, re.MULTILINE)
    assert set(what.text) - {"θ", "≥", "≈"} <= {chr(code) for code in range(128)}


def test_other_words_for_a_topic_and_typos() -> None:
    for words in ("Safe Base", "safe_base", "SAFE-BASE"):
        assert explanation(words).topic == "safe-base"
    assert explanation("min-base").topic == "minimum-base"
    with pytest.raises(InvalidValueError, match="did you mean windows"):
        explanation("widnows")
    with pytest.raises(InvalidValueError, match="'ropecalc explain' lists them"):
        explanation("xyzzy")


@pytest.mark.slow
def test_the_examples_run(run_batch: RunBatch) -> None:
    lines = [
        line.replace("\\\n", " ").split()[1:]
        for one in explanations()
        for line in COMMAND.findall(one.text)
    ]
    runnable = [
        line
        for line in lines
        if not {"config.json", "proof.json", "weights.json", "configs/"} & {*line}
    ]
    assert len(runnable) >= 9
    for done in run_batch(runnable):
        assert (done.returncode in (0, 1), done.stdout != "") == (True, True), done


@pytest.mark.slow
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_it_wraps_to_the_screen(run_cli: RunCli, width: int) -> None:
    done = run_cli("explain", "bound", env={"COLUMNS": str(width)})
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
    assert width / 2 < max(map(len, lines)) <= width
    assert "\x1b" not in done.stdout
    assert "S(m) = cos(m θ_0)" in done.stdout


def test_ascii(run_cli: RunCli) -> None:
    done = run_cli("explain", "bound", env={"PYTHONIOENCODING": "ascii"})
    assert "S(m) >= 0" in done.stdout
    assert "m theta_0" in done.stdout
    assert done.stdout.isascii()
    assert "\\u" not in done.stdout


def test_commands_complete_after_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    from ropecalc.cli.names import complete_topic

    for line, found in {"explain schema mi": ["min-base", "min-factor"], "explain win": []}.items():
        monkeypatch.setenv("COMP_WORDS", f"ropecalc {line}")
        assert complete_topic(line.split()[-1]) == (found or ["windows"])


def test_forms(run_cli: RunCli) -> None:
    one = json.loads(run_cli("explain", "yarn", "--json").stdout)
    assert one["inputs"] == {"topic": "yarn"}
    assert one["results"][0]["title"] == "YaRN"
    assert run_cli("explain", "-q").stdout.split() == list(TOPICS)
    assert run_cli("explain", "yarn", "-q").stdout == f"{explanation('yarn').text}\n"
    rows = run_cli("explain", "--csv").stdout.splitlines()
    assert rows[0] == "topic,title,text"
    assert len(run_cli("explain").stdout.splitlines()) > len(TOPICS)
    wrong = run_cli("explain", "bond")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean bound?" in wrong.stderr
