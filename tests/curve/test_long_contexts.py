"""Distances to 2^34: exact there as well, in constant memory, and of use when interrupted."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from ropecalc import scaling
from ropecalc.bound import scan
from ropecalc.errors import InvalidValueError
from ropecalc.similarity import (
    MAX_POSITIONS,
    checked_context,
    error_bound,
    similarity_at,
    similarity_blocks,
)
from tests.conftest import RunBatch, heeds_interrupts
from tests.tools import transcript
from tests.tools.oracle import similarity_50


@pytest.mark.parametrize("base", [1e4, 6.4e5, 1e12])
def test_blocks_agree_with_50_digits_up_to_2_to_the_34(base: float) -> None:
    spectrum = scaling.default(base, 128)
    rng = random.Random(f"{base}")
    starts = [MAX_POSITIONS - 2**14, *(rng.randrange(2**30, MAX_POSITIONS - 2**14) for _ in "123")]
    for start in starts:
        for at, values in similarity_blocks(spectrum, start, start + 2**14):
            for k in (0, rng.randrange(values.size), values.size - 1):
                exact = similarity_50(base, 128, at + k)
                assert abs(float(values[k] - exact)) < error_bound(spectrum) < 1e-11


def test_single_positions_agree_with_50_digits_up_to_2_to_the_34() -> None:
    spectrum = scaling.default(1e7, 64)
    for m in (2**33 + 1, MAX_POSITIONS - 1, MAX_POSITIONS):
        exact = similarity_50(1e7, 64, m)
        assert abs(float(similarity_at(spectrum, m) - exact)) < error_bound(spectrum)


def test_a_scan_far_out_counts_what_single_positions_say() -> None:
    spectrum = scaling.default(1e6, 128)
    start, stop = MAX_POSITIONS - 3000, MAX_POSITIONS
    found = scan(spectrum, start, stop)
    values = similarity_at(spectrum, np.arange(start, stop))
    assert found.violations == int((values < 0).sum()) > 0
    assert found.first_violation == start + int(np.flatnonzero(values < 0)[0])


def test_the_range_ends_at_2_to_the_34() -> None:
    assert checked_context(2**34) == 2**34
    with pytest.raises(InvalidValueError, match="17,179,869,184"):
        checked_context(2**34 + 1)


def test_beyond_the_range_is_refused(run_batch: RunBatch) -> None:
    lines = [
        "check --base 1e6 --ctx 17G",
        "max-ctx --base 1e6 --limit 17G",
        "curve --base 1e6 --ctx 17G",
    ]
    for done in run_batch([line.split() for line in lines]):
        assert done.returncode == 2
        assert done.stdout == ""
        assert "17,179,869,184" in done.stderr
        assert len(done.stderr.splitlines()) == 1


SAFE = "1e200"  # holds as far as one can wait


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "known"),
    [
        (f"max-ctx --base {SAFE} --limit 16G", r"no violation below (\d{1,3}(,\d{3})+) tokens"),
        (f"check --base {SAFE} --ctx 16G", r"no violation below (\d{1,3}(,\d{3})+) tokens"),
        (
            "check --base 1e4 --ctx 16G",
            r"first violation at 1,707 tokens, [\d,]+ below [\d,]+ tokens",
        ),
    ],
)
def test_an_interrupt_leaves_with_what_is_known(command: str, known: str) -> None:
    """On a terminal, so that the bar says when it is at work, however long the start takes."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "ropecalc", *command.split()],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "TERM": "xterm"},
        preexec_fn=heeds_interrupts,  # noqa: PLW1509  there are no threads here
    ) as child:
        os.close(theirs)
        try:
            shown = b""
            for piece in transcript.received(ours):
                if b"%" not in shown and b"%" in piece:
                    child.send_signal(signal.SIGINT)
                shown += piece
            out, _ = child.communicate(timeout=transcript.SECONDS)
        finally:
            child.kill()
            os.close(ours)
    told = transcript.ESCAPE.sub("", shown.decode()).splitlines()[-1]
    assert child.returncode == 130
    assert out == b""
    assert re.fullmatch(f"Interrupted: {known}", told), shown


@pytest.mark.slow
def test_memory_does_not_grow_with_the_range() -> None:
    code = (
        "import resource, ropecalc\n"
        "ropecalc.max_context(1e200, limit=2**20)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "ropecalc.max_context(1e200, limit=2**26)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 16 * 2**20
