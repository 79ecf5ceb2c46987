"""The shipped staircases: built quickly in C, then proved again here before they are written.

    python -m tests.tools.staircases minimum 128 16777216
    python -m tests.tools.staircases safe 64 4194304 --from-scratch

``staircases.c`` (x86-64 with AVX-512, gcc) does what ``ropecalc staircase --save`` does, many times
as fast; where a table is shipped it goes on from its end. None of its numbers is trusted:

- of minimum bases it gives a chain of links: from here to there, this distance breaks the bound.
  Each is shown again here, by an inequality of its own, and none uses a distance beyond what the
  steps before it answer: so no base below a step answers more.
- the base of every step is worked out by ropecalc, to the last bit, and evaluated in full there.

A walk leaves no chain. With ``--from-scratch`` the whole table is built again, and has to be the
shipped one up to the end of that, which ropecalc's own walk built. Random bases in the room of a
recommended base, or above a safe one, are evaluated in full.
"""

from __future__ import annotations

import argparse
import math
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ropecalc import tables
from ropecalc.base.build import build_staircase
from ropecalc.base.family import Family, family_of
from ropecalc.base.room import ROOM
from ropecalc.base.rounding import violation_at
from ropecalc.base.staircase import Edge, step_of
from ropecalc.base.window import surely_holds_from
from ropecalc.results import Kind, Staircase, Step

SOURCE = Path(__file__).with_suffix(".c")
DATA = Path(tables.__file__).parent / "data"
FLAGS = (
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-ffast-math",
    "-fno-finite-math-only",
)
FIRST_END = 2**10  # of a table that is not there yet, by ropecalc itself
LINK = np.dtype([("x", "<f8"), ("witness", "<u4"), ("zero", "<u4")])
STEP = 2**32 - 1  # in place of a witness: a step is found here
CHUNK = 2**14  # links looked at together
EVERY, TRIED = 8, 5  # of so many steps one, so many random bases
ABOVE = 0.11  # of ln(base): recommended bases end there above the last safe one
UNIT = 2.0**-53
Array = NDArray[np.float64]


class NoProgramError(Exception):
    """The program cannot be made here."""


class Run(NamedTuple):
    """What the program found."""

    edges: list[Edge]
    links: NDArray[np.void]


def extended(kind: Kind, known: Staircase, end: int) -> Staircase:
    """A staircase continued to a greater end, and proved as the module says."""
    family = family_of(known.rotary_dim)
    found = {"minimum": _minimum, "safe": _safe, "recommended": _recommended}[kind](
        family, known, end
    )
    staircase = Staircase(kind, known.rotary_dim, end, tuple(found))
    assert cut(staircase, known.end).steps == known.steps, "not the staircase that was known"
    return staircase


def cut(staircase: Staircase, end: int) -> Staircase:
    """A staircase up to a smaller end."""
    return tables.decode(tables.encode(staircase), "staircase").cut(end)


def _minimum(family: Family, known: Staircase, end: int) -> list[Step]:
    """From the last step but one: how far the last one reaches was not asked."""
    steps = list(known.steps[:-1])
    x, frontier = math.log(steps[-1].base), steps[-1].context + 1
    run = _run("climb", family, end, x, frontier)
    _check_chain(family, run, x, frontier)
    steps += [step_of("minimum", family, edge) for edge in run.edges]
    for step in steps[len(known.steps) - 1 :]:
        assert violation_at(family, step.context, step.base) is None, step
    return steps


def _safe(family: Family, known: Staircase, end: int) -> list[Step]:
    """Down to what is known; the last step that is known may reach farther."""
    run = _run("descend", family, end, surely_holds_from(family, end), known.end)
    new = [step_of("safe", family, edge) for edge in reversed(run.edges)]
    context = run.edges[-1].stop
    for step in new:
        assert violation_at(family, step.context, step.base) is None, step
    for step in new[::EVERY]:
        _try(family, step.context, step.base, step.base * 3)
    old = [step for step in known.steps if step.context < context]
    return [*old, known.at(context)._replace(context=context), *new]


def _recommended(family: Family, known: Staircase, end: int) -> list[Step]:
    steps = list(known.steps[:-1])
    low = math.log(known.steps[-1].base) * (1 - 1e-12)
    run = _run("roomy", family, end, low, surely_holds_from(family, end) + ABOVE, steps[-1].context)
    new = [step_of("recommended", family, edge) for edge in run.edges]
    for step in new:
        for part in (1 - ROOM, 1 + ROOM):
            assert violation_at(family, step.context, step.base * part) is None, step
    for step in new[::EVERY]:
        _try(family, step.context, step.base * (1 - ROOM), step.base * (1 + ROOM))
    return steps + new


def _try(family: Family, context: int, low: float, high: float) -> None:
    """Evaluate some bases between two."""
    chosen = random.Random(context)
    for base in (chosen.uniform(low, high) for _ in range(TRIED)):
        assert violation_at(family, context, base) is None, (context, base)


def _run(what: str, family: Family, end: int, *numbers: float) -> Run:
    """What the C program prints, and its links."""
    with tempfile.TemporaryDirectory() as folder:
        program, links = f"{folder}/staircases", Path(folder, "links")
        links.touch()
        line = ("cc", *FLAGS, "-o", program, SOURCE, "-lm")
        made = subprocess.run(line, check=False, capture_output=True, text=True)
        if made.returncode:  # another compiler, or another processor
            raise NoProgramError(made.stderr)
        words = map(str, (program, what, family.rotary_dim, end, *numbers, links))
        done = subprocess.run(
            [*words], check=True, stdout=subprocess.PIPE, text=True
        )  # tells on stderr
        edges = [_edge(row.split()) for row in done.stdout.splitlines()]
        return Run(edges, np.fromfile(links, dtype=LINK))


def _edge(words: list[str]) -> Edge:
    kind, context, place, *distances = words
    assert kind == "E", words  # W: something that C's double precision cannot settle
    x = float.fromhex(place) if "x" in place else math.log(float(place))
    return Edge(int(context), x, tuple(map(int, distances)))


def _check_chain(family: Family, run: Run, x: float, frontier: int) -> None:
    """That every link breaks the bound from its start to its end, with a distance allowed."""
    is_step = run.links["witness"] == STEP
    steps_before = np.cumsum(is_step) - is_step
    allowed = np.array([frontier, *(edge.context + 1 for edge in run.edges)])[steps_before]
    starts = np.concatenate([[x], run.links["x"][:-1]])
    witnesses = run.links["witness"].astype(np.int64)
    assert np.array_equal(run.links["x"][is_step], [edge.x for edge in run.edges])
    assert np.all(run.links["x"] >= starts)
    moves = ~is_step
    assert np.all((witnesses < allowed)[moves])
    assert np.all(run.links["x"][is_step] == starts[is_step])
    for part in _chunks(np.flatnonzero(moves)):
        held = breaks(family, witnesses[part], starts[part], run.links["x"][part])
        assert held.all(), (witnesses[part][~held], starts[part][~held])


def _chunks(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for at in range(0, indices.size, CHUNK):
        yield indices[at : at + CHUNK]


def breaks(
    family: Family, distances: NDArray[np.int64], starts: Array, ends: Array
) -> NDArray[np.bool_]:
    """Whether each distance surely breaks the bound from its start to its end, in x.

    With g, g' and g'' at the start at the worst end of their errors, |g''| <= B and |g'''| <= T
    beyond it,

        g(t) <= Q(t) = g + g' t + min(g'' + T h / 3, B) t^2 / 2      for 0 <= t <= h,

    a parabola that begins below zero: it stays there if it does at h, and at its top.
    """
    length, k = ends - starts, family.exponents
    phi = distances[:, None] * np.exp(-starts[:, None] * k)  # (n_links, n_pairs)
    sine, cosine = np.sin(phi), np.cos(phi)
    turn, n = k * phi, family.n_pairs
    units = (2 * starts[:, None] * k + 5) * UNIT * phi  # what an angle is off by
    value = cosine.sum(axis=1) + units.sum(axis=1) + (n + 10) * n * UNIT
    slope = (turn * sine).sum(axis=1) + (turn * (units + units / phi)).sum(axis=1)
    slope += (n + 10) * UNIT * turn.sum(axis=1)
    bend = -(k * turn * sine + turn * turn * cosine).sum(axis=1)
    bend += (turn * (turn + k) * (units + 4 * units / phi)).sum(axis=1)
    most = (turn * (turn + k)).sum(axis=1) * (1 + 1e-12)
    bend += (n + 10) * UNIT * most
    third = (k * k * turn + 3 * k * turn * turn + turn**3).sum(axis=1) * (1 + 1e-12)
    lead = np.minimum(bend + third * length / 3, most)
    at_end = value + slope * length + lead * length * length / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(
            (lead < 0) & (slope < -lead * length), value - slope * slope / lead / 2, -1.0
        )
    broken: NDArray[np.bool_] = (value < 0) & (at_end <= 0) & ((slope <= 0) | (top <= 0))
    return broken


def shipped(kind: Kind, rotary_dim: int) -> Staircase | None:
    """The staircase in the package's data."""
    path = DATA / tables.file_name(kind, rotary_dim)
    return tables.read_table(str(path)).staircase() if path.exists() else None


def main() -> None:
    """Build one table, and write it into the package's data."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kind", choices=get_args(Kind))
    parser.add_argument("rotary_dim", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--from-scratch", action="store_true", help="do without the shipped table")
    given = parser.parse_args()
    there = shipped(given.kind, given.rotary_dim)
    known = None if given.from_scratch else there
    if known is None:
        known = build_staircase(given.kind, given.rotary_dim, min(given.end, FIRST_END), jobs=1)
    found = extended(given.kind, known, given.end) if given.end > known.end else known
    if there is not None:
        common = min(there.end, found.end)
        assert cut(found, common).steps == cut(there, common).steps, "not the shipped staircase"
    if there is None or found.end > there.end:
        tables.write_table(str(DATA / tables.file_name(given.kind, given.rotary_dim)), found)
    print(f"{given.kind} {given.rotary_dim}: {len(found.steps)} steps to {found.end:,}")


if __name__ == "__main__":
    main()
