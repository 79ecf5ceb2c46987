"""Memory does not grow with the context: under 400 MB at 2^24 tokens, under 300 MB at 2^30."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import re, resource, sys
from pathlib import Path
from ropecalc.cli.entry import main
sys.argv = ["ropecalc", *sys.argv[1:]]
try:
    code = main()
except SystemExit as left:
    code = left.code
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = Path("/proc/self/status")  # in Linux, since there the other has the parent's memory, too
if status.exists():
    most = re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]
print(code or 0, most, file=sys.stderr)
"""
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
QUICK = "check --base 1e13 --ctx 4M"
LONG = (
    "min-base --dim 128 --ctx 16M",
    "min-base --dim 128 --ctx 16M --verify",
    "check --base 1e8 --ctx 16M",
    "max-ctx --base 1e8 --limit 16M --soft",
    "curve --base 1e10 --ctx 16M --csv",
    "inspect Llama-3-8B --ctx 16M",
    "compare Llama-3-8B --ctx 16M",
    "staircase --dim 128 --ctx 16M --plot",
)
LONGEST = (
    "check --base 1e14 --ctx 1G",
    "max-ctx --base 1e14 --limit 1G",
    "curve --base 1e14 --ctx 1G",
    "curve --base 1e14 --ctx 1G --csv",
)


def peak(line: str) -> int:
    """The most memory that a command has held, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *line.split()],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    code, most = done.stderr.split()[-2:]
    assert int(code) in (0, 1)
    assert done.stdout
    return int(most) * UNIT // 10**6


def test_a_check_of_a_long_context_takes_little_memory() -> None:
    assert 10 < peak(QUICK) < 100


@pytest.mark.slow
@pytest.mark.parametrize("line", LONG)
def test_memory_at_16_million_tokens(line: str) -> None:
    assert peak(line) < 400


@pytest.mark.heavy
@pytest.mark.parametrize("line", LONGEST)
def test_memory_at_a_billion_tokens(line: str) -> None:
    assert peak(line) < 300
