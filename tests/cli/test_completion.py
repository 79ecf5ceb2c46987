"""Completion in the real shells: the generated script, sourced, and what Tab then offers.

A shell that is not installed is skipped; .ci/run installs them where it may.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from ropecalc.cli.commands import Commands
from ropecalc.explanations import TOPICS
from tests.tools import transcript

SECONDS = 300
CASES = {  # a line -> words that Tab must offer for its last one
    "ropecalc ": Commands.NAMES,
    "ropecalc min": ("min-base", "min-factor"),
    "ropecalc min-b": ("min-base",),
    "ropecalc min-base --ma": ("--margin", "--markdown"),
    "ropecalc check --model Qwen3-8": ("Qwen3-8B",),
    "ropecalc inspect gpt-oss-2": ("gpt-oss-20b",),
    "ropecalc emit Qwen3-8B --stack vl": ("vllm",),
    "ropecalc check --rope-type ya": ("yarn",),
    "ropecalc explain ": TOPICS,
    "ropecalc explain safe": ("safe-base",),
}


def installed(shell: str) -> str:
    path = shutil.which(shell)
    if path is None or os.name != "posix":
        pytest.skip(f"{shell} is not installed")
    return path


def prepared(shell: str, folder: Path) -> tuple[Path, dict[str, str]]:
    """The script that --show-completion prints, in a file, and an environment to source it in."""
    variables = transcript.environment(folder)
    script = subprocess.run(
        ["ropecalc"],
        env={**variables, "_ROPECALC_COMPLETE": f"source_{shell}"},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=True,
    ).stdout
    path = folder / f"completion.{shell}"
    path.write_text(script, encoding="utf-8")
    return path, variables


def asked(command: list[str], variables: dict[str, str]) -> list[str]:
    done = subprocess.run(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash(tmp_path: Path) -> None:
    shell = installed("bash")
    script, variables = prepared("bash", tmp_path)
    for line, wanted in CASES.items():
        words = line.split(" ")
        code = (
            f"source {script}; complete -p ropecalc >/dev/null || exit 9; "
            f"COMP_WORDS=({' '.join(words[:-1])} {words[-1] or chr(39) * 2}); "
            f"COMP_CWORD={len(words) - 1}; _ropecalc_completion ropecalc; "
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        offered = asked([shell, "--norc", "--noprofile", "-c", code], variables)
        assert set(wanted) <= set(offered), (line, offered)
        assert all(word.startswith(words[-1]) for word in offered)


@pytest.mark.slow
def test_fish(tmp_path: Path) -> None:
    shell = installed("fish")
    script, variables = prepared("fish", tmp_path)
    for line, wanted in CASES.items():
        code = f"source {script}; complete -C '{line}'"
        offered = asked([shell, "--no-config", "-c", code], variables)
        assert set(wanted) <= {one.split("\t")[0] for one in offered}, (line, offered)


@pytest.mark.slow
def test_zsh(tmp_path: Path) -> None:
    """Tab is pressed, and the line that it makes is printed instead of run."""
    shell = installed("zsh")
    script, variables = prepared("zsh", tmp_path)
    single = {line: wanted[0] for line, wanted in CASES.items() if len(wanted) == 1}
    set_up = f"autoload -Uz compinit; compinit -u -D; PS1=; unsetopt beep; source {script}\n"
    keys = "".join(f"{line}\t\x01print -r -- LINE \n" for line in single)
    printed = in_zsh([shell, "-f", "-i"], variables, [set_up, *keys.splitlines(keepends=True)])
    for line, word in single.items():
        assert f"LINE {line.rpartition(' ')[0]} {word}" in printed, printed


def in_zsh(command: list[str], variables: dict[str, str], lines: list[str]) -> list[str]:
    """The lines that begin with LINE that an interactive shell prints for some keys."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, env=variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            seen = ""
            for number, line in enumerate(lines):
                os.write(ours, line.encode())
                seen += until(ours, seen, number)
        finally:
            process.kill()
            os.close(ours)
    return [line.strip() for line in seen.replace("\r", "\n").split("\n") if "LINE " in line]


def until(terminal: int, seen: str, count: int) -> str:
    """What a terminal shows until ``count`` answers are there."""
    end, more = monotonic() + SECONDS, ""
    while (seen + more).count("\nLINE ") < count and monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            more += os.read(terminal, 65_536).decode(errors="replace").replace("\r", "")
    return more
