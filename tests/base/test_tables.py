"""Staircase files: what is written is read, and what is damaged or foreign is refused."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import RopecalcError, TableError, known_models, tables
from ropecalc.models.huggingface import parse_config
from ropecalc.results import Kind, ModelConfig, Staircase, Step
from tests.tools.oracle import excess_ball, similarity_50

SMALL = Staircase("safe", 8, 100, (Step(2, 1.0, 0), Step(50, 3.25, 2), Step(100, 1e9, 49)))
DATA = Path(tables.__file__).parent / "data"
SHIPPED = sorted(DATA.glob(f"*{tables.SUFFIX}"))
# Of 0.1.0's first tables: name, end, SHA-256 of the header without it and of the arrays.
UNCHANGED = Path(__file__).parents[1] / "data" / "staircases-to-their-first-end.txt"
DIMENSIONS = (16, 20, *range(24, 257, 8), 100, 512)
TO_16_MILLION = (64, 128, 256)


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
    one, some, last = struct.unpack("<3Q", struct.pack("<3d", 1.0, 3.25, 1e9))
    columns = (("I", 2, 48, 50), ("Q", one, some - one, last - some), ("I", 0, 2, 47))
    planes = b""
    for code, *gaps in columns:
        values = [struct.pack(f"<{code}", gap) for gap in gaps]
        planes += b"".join(map(bytes, zip(*values, strict=True)))
    assert zlib.decompress(packed) == planes


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
    assert steps[-1].context == table.end == 2 ** (24 if table.rotary_dim in TO_16_MILLION else 20)
    assert all(a.context < b.context and a.base < b.base for a, b in pairwise(steps))
    least = 1.0 if table.kind != "recommended" else math.inf
    assert all(0 < step.distance < step.context for step in steps if step.base > least)
    assert tables.encode(table.staircase()).split(b"\n")[0] == path.read_bytes().split(b"\n")[0]


def test_what_is_shipped() -> None:
    """Every kind for every multiple of 8 from 16 to 256, and for every dimension in use."""
    names = {tables.file_name(kind, dim) for kind in get_args(Kind) for dim in DIMENSIONS}
    assert {path.name for path in SHIPPED} == names
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 4_000_000


@pytest.mark.parametrize(
    ("rotary_dim", "steps"), {32: 25_052, 64: 1_128, 128: 602, 256: 675}.items()
)
def test_steps_to_a_million_are_those_of_a_first_count(rotary_dim: int, steps: int) -> None:
    table = tables.read_table(str(DATA / f"minimum-{rotary_dim}.staircase"))
    assert len(table.cut(2**20).steps) == steps


@pytest.mark.slow
def test_every_rotary_dimension_of_known_models_and_classes_has_a_table() -> None:
    classes = json.loads((DATA / "classes.json").read_text())["classes"]
    turned: set[int] = set()
    for model in known_models():
        turned |= _dimensions(model.config)
    for name in classes:
        turned |= _dimensions(partial(parse_config, {"model_type": name}, name))
    assert {16, 20, 24, 64, 100, 128, 144} < turned
    assert turned <= {*DIMENSIONS}


def _dimensions(config: Callable[[], ModelConfig]) -> set[int]:
    try:
        return {rope.rotary_dim for rope in config().ropes}
    except RopecalcError:  # nothing turns, or its default is no whole model
        return set()


@pytest.mark.parametrize("row", UNCHANGED.read_text().splitlines())
def test_tables_are_what_they_were_below_their_first_end(row: str) -> None:
    """As whole files, byte for byte, but for how zlib packs them."""
    stem, end, digest = row.split()
    table = tables.read_table(str(DATA / f"{stem}{tables.SUFFIX}"))
    header = json.loads(tables.encode(table.cut(int(end))).split(b"\n")[0])
    assert header["sha256"] == digest


ENDS: list[tuple[Kind, int, str, int]] = [
    ("minimum", 64, "733995287660.936", 15099233),
    ("minimum", 128, "19628559571.8270", 14311428),
    ("minimum", 256, "2253937560.99264", 14987612),
    ("safe", 64, "143157576108547.3", 15919766),
    ("safe", 128, "3473351985425.117", 16652662),
]


@pytest.mark.parametrize(("kind", "rotary_dim", "base", "distance"), ENDS)
def test_bases_at_16_million_tokens(kind: Kind, rotary_dim: int, base: str, distance: int) -> None:
    """Arb sees the critical distance break the bound just below, and keep it at the float64."""
    step = tables.look_up(kind, rotary_dim, 2**24)
    assert step is not None
    assert f"{step.base:.15g}".startswith(base[:12])
    assert step.distance == distance
    below = math.nextafter(step.base, 0)
    assert (
        excess_ball(below, rotary_dim, distance) < 0 < excess_ball(step.base, rotary_dim, distance)
    )
    assert (
        similarity_50(below, rotary_dim, distance)
        < 0
        < similarity_50(step.base, rotary_dim, distance)
    )


ROOTS = [path for path in SHIPPED if not path.stem.startswith("recommended")]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=pytest.mark.slow if path.stem == "safe-256" else pytest.mark.heavy,
        )
        for path in ROOTS
    ],
)
def test_every_step_is_a_zero_of_its_critical_distance(path: Path) -> None:
    """Arb sees each distance break the bound just below the base, and keep it at the float64."""
    table = tables.read_table(str(path))
    for step in table.staircase().steps:
        if step.base > 1:
            below = math.nextafter(step.base, 0)
            assert excess_ball(below, table.rotary_dim, step.distance) < 0, step
            assert excess_ball(step.base, table.rotary_dim, step.distance) > 0, step


@pytest.mark.heavy
def test_the_minimum_base_at_16_million_tokens_in_plain_numpy() -> None:
    """Every distance keeps the bound there, and 50 digits agree where double precision is close."""
    base = 19628559571.827072
    theta = base ** (-np.arange(64) / 64)
    for start in range(0, 2**24, 2**16):
        distances = np.arange(start, start + 2**16)
        values = np.cos(np.outer(distances, theta)).sum(axis=1)
        assert values.min() > -1e-5
        for distance in distances[values < 1e-5].tolist():
            assert similarity_50(base, 128, distance) > 0
