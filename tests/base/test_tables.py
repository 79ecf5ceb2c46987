"""Staircase files: what is written is read, and what is damaged or foreign is refused."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import TableError, tables
from ropecalc.results import Kind, Staircase, Step

SMALL = Staircase("safe", 8, 100, (Step(2, 1.0, 0), Step(50, 3.25, 2), Step(100, 1e9, 49)))
DATA = Path(tables.__file__).parent / "data"
SHIPPED = sorted(DATA.glob(f"*{tables.SUFFIX}"))


@st.composite
def staircases(draw: st.DrawFn) -> Staircase:
    contexts = sorted(draw(st.sets(st.integers(1, 2**30), min_size=1, max_size=40)))
    bases = draw(
        st.lists(st.floats(1, 1e300), min_size=len(contexts), max_size=len(contexts)).map(sorted)
    )
    steps = [Step(c, b, draw(st.integers(0, c - 1))) for c, b in zip(contexts, bases, strict=True)]
    kind: Kind = draw(st.sampled_from(["minimum", "safe"]))
    return Staircase(kind, 2 * draw(st.integers(1, 500)), contexts[-1], tuple(steps))


@given(staircases())
def test_what_is_written_is_read(staircase: Staircase) -> None:
    data = tables.encode(staircase)
    table = tables.decode(data, "x")
    assert table.staircase() == staircase
    assert tables.encode(table.staircase()) == data


@pytest.mark.slow
@given(staircases(), st.data())
def test_a_look_up_finds_the_first_step_that_reaches(
    staircase: Staircase, data: st.DataObject
) -> None:
    context = data.draw(st.integers(1, staircase.end))
    expected = next(step for step in staircase.steps if step.context >= context)
    assert tables.decode(tables.encode(staircase), "x").at(context) == expected
    assert staircase.at(context) == expected


def test_the_format_is_as_its_documentation_says() -> None:
    line, _, packed = tables.encode(SMALL).partition(b"\n")
    header = json.loads(line)
    assert header.pop("sha256")
    assert header.pop("program")
    assert header == {
        "format": "ropecalc staircase",
        "version": 1,
        "kind": "safe",
        "rotary_dim": 8,
        "end": 100,
        "steps": 3,
    }
    columns = struct.pack("<3I3d3I", 2, 50, 100, 1.0, 3.25, 1e9, 0, 2, 49)
    assert zlib.decompress(packed) == columns


def test_any_truncation_is_refused() -> None:
    data = tables.encode(SMALL)
    for size in range(len(data)):
        with pytest.raises(TableError):
            tables.decode(data[:size], "x")


def test_no_flipped_bit_changes_what_is_read() -> None:
    data = tables.encode(SMALL)
    refused = 0
    for at in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[at // 8] ^= 1 << at % 8
        try:
            assert tables.decode(bytes(damaged), "x").staircase() == SMALL
        except TableError:
            refused += 1
    assert refused > 7.9 * len(data)


@pytest.mark.parametrize("in_full", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 3000,
        b"[" * 5000,
        b"{}\n",
        b'{"format": "something else"}\nxyz',
        tables.encode(SMALL) + b"more",
        tables.encode(SMALL).replace(b'"steps": 3', b'"steps": 4294967295'),
        tables.encode(SMALL).replace(b'"steps": 3', b'"steps": 3.0'),
        tables.encode(SMALL).replace(b'"steps": 3', b'"steps": NaN'),
        tables.encode(SMALL).replace(b'"steps": 3', b'"steps": -3'),
        tables.encode(SMALL).replace(b'"rotary_dim": 8', b'"rotary_dim": null'),
        tables.encode(SMALL).replace(b'"version": 1', b'"version": 2'),
    ],
    ids=range(12),
)
def test_what_is_foreign_or_impossible_is_refused_in_one_line(
    content: bytes, in_full: bool
) -> None:
    with pytest.raises(TableError, match=r"^'a file'[^\n]*: [^\n]+$"):
        tables.decode(content, "a file", in_full=in_full)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"before")
    tables.write_table(str(path), SMALL)
    assert tables.read_table(str(path)).staircase() == SMALL
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TableError, match=r"cannot be written .No space left on device."):
        tables.write_table(str(path), SMALL)
    assert path.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("name", ["missing/s", "", "a\0b"])
def test_impossible_paths_are_table_errors(tmp_path: Path, name: str) -> None:
    path = f"{tmp_path}/{name}"
    with pytest.raises(TableError, match="cannot be written"):
        tables.write_table(path, SMALL)
    with pytest.raises(TableError, match="cannot be read"):
        tables.read_table(path)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_are_whole_and_ascend(path: Path) -> None:
    table = tables.read_table(str(path))
    assert path.name == tables.file_name(table.kind, table.rotary_dim)
    steps = table.staircase().steps
    assert steps[-1].context == table.end >= 2**17
    assert all(a.context < b.context and a.base < b.base for a, b in pairwise(steps))
    least = 1.0 if table.kind != "recommended" else math.inf
    assert all(0 < step.distance < step.context for step in steps if step.base > least)
    assert tables.encode(table.staircase()).split(b"\n")[0] == path.read_bytes().split(b"\n")[0]


def test_what_is_shipped() -> None:
    """Twelve rotary dimensions, and the number of steps that a first count gave."""
    names = {path.name for path in SHIPPED}
    for rotary_dim in (32, 48, 64, 72, 80, 96, 112, 120, 128, 160, 192, 256):
        for kind in ("minimum", "safe", "recommended"):
            assert f"{kind}-{rotary_dim}.staircase" in names
    counts = {r: len(tables.read_table(str(DATA / f"minimum-{r}.staircase")).bases) for r in COUNTS}
    assert counts == COUNTS


COUNTS = {32: 25_052, 64: 1_128, 128: 602, 256: 675}
