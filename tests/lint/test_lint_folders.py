"""``ropecalc lint FOLDER``: every model below it, each once, and nothing that could hang."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from ropecalc.cli.folders import models_in
from tests.conftest import heeds_interrupts
from tests.lint.test_lint import HEAD, LINEAR, scaled
from tests.tools.render_samples import Stream

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

CLEAN = json.dumps({**HEAD, "max_position_embeddings": 4096})
LONG = {**HEAD, "max_position_embeddings": 2**20, "rope_theta": 1e200}  # some 0.1 s each
BAD = json.dumps(scaled(LINEAR, factor=4))


def write(path: Path, text: str = CLEAN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def quiet(done: int, total: int) -> None:
    """No progress."""


PASSED_OVER = ", as the folder has a config.json, params.json or GGUF file: name all that count"


def found(*targets: Path | str) -> tuple[list[str], list[str]]:
    """The models that targets name, and the lines about folders."""
    told: list[str] = []
    return models_in(map(str, targets), quiet, told.append, told.append), told


def names(*paths: Path) -> list[str]:
    return list(map(str, paths))


# --- what is found --------------------------------------------------------------------------------


def test_a_config_of_its_own_does_not_hide_what_is_below(run_cli: RunCli, tmp_path: Path) -> None:
    """A repository with a model at its root has more of them."""
    write(tmp_path / "config.json")
    bad = write(tmp_path / "sub" / "config.json", BAD)
    done = run_cli("lint", str(tmp_path), "--ignore", "base-below-bound", "--get", "source,code")
    assert done.returncode == 1
    assert f"{bad}\tinteger-factor" in done.stdout.splitlines()


def test_a_folder_comes_before_those_below_it_and_they_by_name(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / name)
        for name in ("config.json", "params.json", "a.gguf", "B/config.json", "a/z/config.json")
    ]
    for name in ("a/tokenizer.json", "a/config.json.bak", "model.GGUF", ".gguf"):
        write(tmp_path / name)
    own, below = paths[:3], paths[3:]
    assert found(tmp_path) == (names(*sorted(own), *below), [])


def test_other_json_files_count_where_there_is_no_model_at_all(tmp_path: Path) -> None:
    flat = [write(tmp_path / name) for name in ("a.json", "b.json")]
    write(tmp_path / "sub" / "c.json")
    assert found(tmp_path) == (names(*flat), [])
    deep = write(tmp_path / "sub" / "config.json")
    told = f"{tmp_path / 'a.json'}, {tmp_path / 'b.json'} are not read{PASSED_OVER}"
    assert found(tmp_path) == (names(deep), [told])


def test_other_commands_take_the_config_of_the_folder(run_batch: RunBatch, tmp_path: Path) -> None:
    write(tmp_path / "config.json")
    write(tmp_path / "sub" / "config.json", "{")
    whole, first = run_batch([["inspect", str(tmp_path), "-q"], ["compare", str(tmp_path), "-q"]])
    assert (first.returncode, first.stderr) == (0, "")
    assert whole.returncode == 2  # all below it, and one cannot be read
    assert whole.stderr.startswith("Error: ")


def test_a_folder_without_models_is_told(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bad = write(tmp_path / "config.json", BAD)
    done = run_cli("lint", str(tmp_path / "empty"), str(bad), "--get", "source")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "holds no config.json, params.json or GGUF file" in done.stderr
    assert str(bad) in done.stdout


def test_no_name_is_no_folder(run_cli: RunCli) -> None:
    done = run_cli("lint", "")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: '': no such file; check the path\n"


def test_a_file_that_is_named_again_is_looked_at_once(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a" / "config.json")
    Path("link").symlink_to("a")
    assert found("a", "a/", "./a", "a/config.json", "a/../a/config.json", "link") == (
        ["a/config.json"],
        [],
    )
    line = ["lint", "Llama-3.1-8B", "-", "Llama-3.1-8B", "-", "--json"]
    results = json.loads(run_cli(*line, stdin=CLEAN).stdout)["results"]
    assert [result["source"] for result in results] == ["Llama-3.1-8B", "standard input"]


def test_a_file_called_as_standard_input_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "-")
    assert found("-", "./-", "-")[0] == ["-", "./-"]


# --- what is no regular file, and what cannot be seen ---------------------------------------------


def test_pipes_and_sockets_are_passed_over(tmp_path: Path) -> None:
    clean = write(tmp_path / "config.json")
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "config.json")
    (tmp_path / "b" / "config.json").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as end:
        folder = os.open(tmp_path, os.O_RDONLY)
        try:  # the name of a socket is short
            end.bind(f"/proc/self/fd/{folder}/params.json")
        except OSError:
            pytest.skip("no sockets to make here")
        finally:
            os.close(folder)
    assert found(tmp_path) == (names(clean), [])
    assert found(tmp_path / "a")[0] == []
    assert found(tmp_path / "a" / "config.json")[0] == names(tmp_path / "a" / "config.json")


def test_a_pipe_in_a_folder_does_not_hang(run_cli: RunCli, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    done = run_cli("lint", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_links_to_files_are_files_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    blob = write(tmp_path / "blobs" / "0123")
    snapshot = tmp_path / "snapshots" / "config.json"
    snapshot.parent.mkdir()
    snapshot.symlink_to(blob)
    (tmp_path / "circle").symlink_to(tmp_path)
    assert found(tmp_path) == (names(snapshot), [])
    assert found(tmp_path / "circle")[0] == names(tmp_path / "circle" / "snapshots" / "config.json")


def test_a_link_that_leads_nowhere_is_not_passed_over(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "config.json").symlink_to("nowhere")
    done = run_cli("lint", str(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path / 'config.json'}: no such file" in done.stderr


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders with a model each; one of them lets nobody see it."""
    for name in ("closed", "open"):
        write(tmp_path / name / "config.json")
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        if str(path).endswith("gone"):
            raise FileNotFoundError(2, "No such file or directory")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    return tmp_path


def test_a_closed_folder_is_told_and_the_others_are_looked_into(closed: Path) -> None:
    line = f"{closed / 'closed'}: no permission to look into it; check its access rights"
    assert found(closed) == (names(closed / "open" / "config.json"), [line])
    assert found(closed / "closed") == ([], [line])


def test_a_folder_that_vanishes_is_told(closed: Path) -> None:
    (closed / "gone").mkdir()
    _, told = found(closed / "gone", closed / "open")
    assert len(told) == 1
    assert "cannot be looked into (No such file or directory)" in told[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may see everything")
def test_a_closed_folder_makes_the_exit_code_2(run_cli: RunCli, tmp_path: Path) -> None:
    bad = write(tmp_path / "config.json", BAD)
    (tmp_path / "closed").mkdir(0)
    done = run_cli("lint", str(tmp_path), "-q")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert str(bad) in done.stdout


@pytest.mark.slow
def test_a_thousand_folders_one_in_the_other(run_cli: RunCli, tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("n", dir_fd=here)
        inner = os.open("n", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    file = os.open("config.json", os.O_CREAT | os.O_WRONLY, dir_fd=here)
    os.write(file, BAD.encode())
    os.close(file)
    os.close(here)
    done = run_cli("lint", str(tmp_path), "-q")
    assert (done.returncode, done.stderr) == (1, "")
    subprocess.run(["rm", "-rf", str(tmp_path / "n")], check=True)  # pytest's own is recursive


# --- people who wait ------------------------------------------------------------------------------


def test_progress_is_of_the_folders_that_are_known(tmp_path: Path) -> None:
    for name in ("a/b", "c"):
        write(tmp_path / name / "config.json")
    reports: list[tuple[int, int]] = []
    models_in([str(tmp_path)], lambda *report: reports.append(report), print, print)
    assert reports == [(1, 3), (2, 4), (3, 4), (4, 4)]


def test_a_terminal_shows_how_far_it_is_and_lines_come_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ropecalc.cli.lint import command
    from ropecalc.cli.output import Output
    from ropecalc.render import progress as module

    monkeypatch.setattr(module, "PATIENCE", 0.0)
    monkeypatch.setattr(module, "REDRAW", 0.0)
    write(tmp_path / "a" / "config.json", "{")
    write(tmp_path / "b" / "config.json")
    stream = Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(typer.Exit):
        command(models=[str(tmp_path)], out=Output(quiet=True))
    shown, _, line = stream.text().rpartition("\x1b[2K")
    assert "looking for models" in shown
    assert "2 files" in shown
    assert "Error" not in shown
    assert line.startswith("Error:")


def interrupted(code: str, *lines: str) -> str:
    """A program that runs ``ropecalc lint`` on folders after some lines of Python."""
    head = "import os, sys, ropecalc.lint\nfrom ropecalc.cli.app import main\n"
    return "\n".join(
        [head + code, f"sys.argv = ['ropecalc', 'lint', *{lines!r}]", "sys.exit(main())"]
    )


def test_an_interrupt_says_how_many_files_were_looked_at(
    run_python: RunCli, tmp_path: Path
) -> None:
    """Not what the scan of a bound says, which is about some file or other."""
    for name in "abc":
        write(tmp_path / name / "config.json", "{" if name == "a" else CLEAN)
    code = (
        "def stop(model): raise KeyboardInterrupt('no violation below 0 tokens')\n"
        "ropecalc.lint.findings = stop"
    )
    done = run_python("-c", interrupted(code, str(tmp_path)))
    assert (done.returncode, done.stdout) == (130, "")
    *problems, last = done.stderr.splitlines()
    assert last == "Interrupted: 1 of 3 files were read"
    assert len(problems) == 1


def test_an_interrupt_on_the_way_says_how_many_were_found(
    run_python: RunCli, tmp_path: Path
) -> None:
    for name in "abc":
        write(tmp_path / name / "config.json")
    code = (
        "scandir = os.scandir\n"
        "def stop(path):\n"
        "    if path.endswith('c'): raise KeyboardInterrupt\n"
        "    return scandir(path)\n"
        "os.scandir = stop"
    )
    done = run_python("-c", interrupted(code, str(tmp_path)))
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Interrupted: 0 of the 2 files found so far were read\n"


@pytest.mark.slow
def test_an_interrupt_from_the_keyboard(tmp_path: Path) -> None:
    for number in range(1_000):  # more than a fast machine looks at in the time given
        write(tmp_path / f"{number:04}" / "config.json", json.dumps(LONG))
    child = subprocess.Popen(
        [sys.executable, "-m", "ropecalc", "lint", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_interrupts,  # noqa: PLW1509  there are no threads here
    )
    try:
        time.sleep(2)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert (child.returncode, out) == (130, "")
    assert re.fullmatch(r"Interrupted: \d+ of 1,000 files were read\n", err), err


@pytest.mark.parametrize("form", ["", "--json", "--csv", "--markdown", "-q"])
def test_files_none_of_which_can_be_read_have_no_answer(
    run_cli: RunCli, tmp_path: Path, form: str
) -> None:
    write(tmp_path / "config.json", "{")
    done = run_cli("lint", str(tmp_path), *form.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not valid JSON" in done.stderr


def test_another_model_beside_a_config_is_named(run_cli: RunCli, tmp_path: Path) -> None:
    """Configs of one's own in one folder, one of which has the name that hides the others."""
    write(tmp_path / "config.json")
    other = write(tmp_path / "long.json")
    for name, text in (("generation_config.json", "{}"), ("tokenizer.json", '{"model": {}}')):
        write(tmp_path / name, text)
    assert found(tmp_path) == (
        [str(tmp_path / "config.json")],
        [f"{other} is not read{PASSED_OVER}"],
    )
    assert found(tmp_path / "config.json", other, tmp_path)[1] == []
    done = run_cli("check", str(tmp_path), "--ctx", "2k")
    assert f"{other} is not read" in done.stderr
    assert run_cli("check", str(tmp_path), "--ctx", "2k", "-q").stderr == ""
