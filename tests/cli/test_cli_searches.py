"""Searches beyond the tables say in a log what they do, and how long that may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from ropecalc.cli.app import main
from ropecalc.cli.searches import how_long
from ropecalc.render import progress as bars
from tests.tools.render_samples import Stream

PROOF = "--certificate no-such-folder/proof.json"
LINES = {
    "min-base --dim 128 --ctx 32M": ("ropecalc.min_base", "bases"),
    "min-base --dim 24 --ctx 2M --safe": ("ropecalc.min_base", "bases"),
    f"min-base --dim 128 --ctx 64M {PROOF}": ("ropecalc.certify", "a proof"),
    "min-factor --base 1e4 --original-ctx 8k --ctx 32M": (
        "ropecalc.min_factor",
        "the smallest factor",
    ),
    f"min-factor --base 1e4 --original-ctx 8k --ctx 32M {PROOF}": (
        "ropecalc.certify_factor",
        "a proof",
    ),
    "check --base 1e4 --dim 128 --ctx 1G --next": ("ropecalc.check", "bases or factors"),
    "check --base 1e4 --dim 128 --ctx 1G --room": ("ropecalc.check", "bases or factors"),
    "staircase --dim 64 --ctx 32M": ("ropecalc.base.build.build_staircase", "minimum bases"),
    "plan --base 1e4 --dim 128 --from 8k --to 32M --method roomy-base": (
        "ropecalc.extension.plan",
        "bases",
    ),
}
Asked = Callable[[str, str], str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    """What a line says on stderr until its search, which seems long, is interrupted."""

    def stderr(line: str, place: str) -> str:
        said = ""

        def search(*_: object, progress: Callable[[int, int], None], **__: Any) -> NoReturn:
            nonlocal said
            progress(1, 1000)
            progress(2, 1000)
            said = capsys.readouterr().err
            raise KeyboardInterrupt

        monkeypatch.setattr(bars, "PATIENCE", 0.0)
        monkeypatch.setattr(place, search)
        monkeypatch.setattr("sys.argv", ["ropecalc", *line.split()])
        assert main() == 130
        assert capsys.readouterr().out == ""
        return said

    return stderr


@pytest.mark.parametrize("line", LINES)
def test_a_long_search_says_so_once(line: str, asked: Asked) -> None:
    place, sought = LINES[line]
    said = asked(line, place)
    assert said.startswith(f"no table answers this: searching for {sought} for ")
    assert "may take " in said
    assert "interrupting is safe" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("min-base --dim 128 --ctx 32M -q", "ropecalc.min_base"),
        ("min-base --dim 128 --ctx 1M --no-table", "ropecalc.min_base"),
        ("check --base 1e4 --dim 128 --ctx 1G", "ropecalc.check"),
        ("plan --base 1e4 --dim 128 --from 8k --to 32M", "ropecalc.extension.plan"),
        ("plan --base 1e4 --dim 128 --from 8k --to 32M --method yarn", "ropecalc.extension.plan"),
    ],
)
def test_what_is_quiet_or_takes_seconds_says_nothing(line: str, place: str, asked: Asked) -> None:
    assert asked(line, place) == ""


def test_answers_of_tables_say_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bars, "PATIENCE", 0.0)
    line = "ropecalc min-base --dim 128 --ctx 4M --safe --recommended --json"
    monkeypatch.setattr("sys.argv", line.split())
    assert main() == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_stands_for_the_line(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "PATIENCE", 0.0)
    told: list[str] = []
    file = Stream(terminal=terminal)
    with bars.progress("searching", file, unseen=lambda: told.append("line")) as report:
        report(1, 2)
        report(2, 2)
    assert (bool(file.text()), told) == (terminal, [] if terminal else ["line"])


def test_a_short_search_says_nothing() -> None:
    told: list[str] = []
    with bars.progress("searching", Stream(), unseen=lambda: told.append("line")) as report:
        report(1, 2)
    assert told == []


@pytest.mark.parametrize(
    ("context", "words"),
    [(2**21, "seconds"), (2**24, "minutes"), (2**27, "minutes to hours"), (2**28, "hours")],
)
def test_how_long(context: int, words: str) -> None:
    assert how_long(context) == words
