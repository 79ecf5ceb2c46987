"""The progress bar: silent unless a person waits."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ropecalc.render import progress as module
from ropecalc.render.progress import progress
from tests.tools.render_samples import Stream


def work(file: Stream) -> str:
    with progress("sweeping", file) as report:
        for done in range(5):
            report(done, 5)
    return file.text()


def interrupted(file: Stream) -> None:
    with progress("sweeping", file) as report:
        report(1, 2)
        raise KeyboardInterrupt


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    monkeypatch.setattr(module, "REDRAW", 0.0)


def test_short_work_shows_nothing() -> None:
    assert work(Stream(terminal=True)) == ""


@pytest.mark.usefixtures("impatient")
def test_long_work_shows_a_bar_and_wipes_it() -> None:
    text = work(Stream(terminal=True))
    assert "sweeping" in text
    assert "80%" in text
    assert text.endswith("\x1b[2K")


@pytest.mark.usefixtures("impatient")
def test_nothing_is_drawn_where_no_terminal_is() -> None:
    assert work(Stream()) == ""


@pytest.mark.usefixtures("impatient")
def test_nothing_is_drawn_where_lines_cannot_be_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert work(Stream(terminal=True)) == ""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_bar_keeps_to_the_encoding(encoding: str) -> None:
    assert "sweeping" in work(Stream(encoding, terminal=True))


@pytest.mark.usefixtures("impatient")
def test_no_color_leaves_no_colour_in_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in work(Stream(terminal=True))


@pytest.mark.usefixtures("impatient")
def test_a_description_in_brackets_is_shown_as_it_is() -> None:
    file = Stream(terminal=True)
    with progress("[bold]d[/x] :smile:", file) as report:
        report(1, 2)
    assert "[bold]d[/x] :smile:" in file.text()


@pytest.mark.usefixtures("impatient")
def test_the_bar_is_wiped_when_the_work_fails() -> None:
    file = Stream(terminal=True)
    with pytest.raises(KeyboardInterrupt):
        interrupted(file)
    assert file.text().endswith("\x1b[2K")


def test_a_missing_stderr_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with progress("sweeping") as report:
        report(1, 2)


def test_silent_progress_does_not_import_rich() -> None:
    code = (
        "import sys\n"
        "from ropecalc.render.progress import progress\n"
        "with progress('x') as report: report(1, 2)\n"
        "sys.exit('rich' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")
