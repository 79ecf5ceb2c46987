"""On a terminal: tables instead of rows, and a word on stderr about what was understood."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

import pytest

pty = pytest.importorskip("pty", reason="no terminals to make here")


def on_a_terminal(*args: str, stdout: bool = True) -> tuple[str, str]:
    """What ``ropecalc`` writes to stdout (a terminal or a pipe) and to stderr, a terminal."""
    streams = [pty.openpty() if stdout else os.pipe(), pty.openpty()]
    with subprocess.Popen(
        [sys.executable, "-m", "ropecalc", *args],
        stdin=subprocess.DEVNULL,
        stdout=streams[0][1],
        stderr=streams[1][1],
    ) as process:
        for _, theirs in streams:
            os.close(theirs)
        out, err = (_read_all(ours) for ours, _ in streams)
    assert process.returncode == 0
    return out, err


def _read_all(descriptor: int) -> str:
    chunks = []
    with suppress(OSError):  # a terminal whose other end was closed
        while chunk := os.read(descriptor, 65536):
            chunks.append(chunk)
    os.close(descriptor)
    return b"".join(chunks).decode().replace("\r\n", "\n")


def test_a_pipe_gets_the_text_of_a_terminal() -> None:
    table, _ = on_a_terminal("max-ctx", "--base", "1e4")
    rows, _ = on_a_terminal("max-ctx", "--base", "1e4", stdout=False)
    assert "1,707" in table
    assert "\t" not in table
    assert rows == table


@pytest.mark.slow
def test_a_suffix_is_spelled_out_on_stderr_alone() -> None:
    out, err = on_a_terminal("max-ctx", "--base", "1e6", "--limit", "4k", "--get", "limit")
    assert out == "4096\n"
    assert err.count("4k = 4,096 tokens") == 1
    _, silent = on_a_terminal("max-ctx", "--base", "1e4", "--limit", "4k", "-q")
    assert silent == ""


@pytest.mark.slow
def test_points_that_are_asked_for_are_rows_on_a_terminal_too() -> None:
    plot, _ = on_a_terminal("curve", "--base", "1e4")
    points, _ = on_a_terminal("curve", "--base", "1e4", "--points", "5")
    assert "1,707" in plot
    assert points.startswith("distance\tlast_distance\tleast_normalised_similarity\t")


@pytest.mark.slow
def test_the_terminal_has_every_command() -> None:
    for line in ("min-base --dim 128 --ctx 512", "check --base 1e6 --ctx 512", "freqs --base 1e4"):
        out, err = on_a_terminal(*line.split())
        assert out.strip()
        assert err == ""
